"""Reduces logits over a vocabulary to the few numbers that a page shows."""

from __future__ import annotations

import math
from collections.abc import Collection

import torch

__all__ = ["best", "reduced"]

_SHARP = math.log(0.9)


def reduced(
    logits: torch.Tensor, tokens: torch.Tensor, wanted: Collection[str]
) -> dict[str, torch.Tensor]:
    """One number per row, for each wanted metric that depends on logits alone.

    Parameters:
        logits: Of shape (rows, vocabulary).
        tokens: The token of each row, of shape (rows,).
        wanted: Among others `logit`, `probability`, `surprisal` and `entropy` (both in bits) and
            `rank`.
    """
    own = logits.gather(1, tokens[:, None])[:, 0]
    numbers = {}
    if "logit" in wanted:
        numbers["logit"] = own.double()
    if "rank" in wanted:
        numbers["rank"] = (logits > own[:, None]).sum(dim=1)
    if {"probability", "surprisal", "entropy"}.isdisjoint(wanted):
        return numbers
    total = torch.logsumexp(logits, dim=1)
    sharp = _sharp(logits, total)
    fine = torch.log_softmax(logits[sharp].double(), dim=1)
    log = (own - total).double()
    log[sharp] = fine.gather(1, tokens[sharp, None])[:, 0]
    if "probability" in wanted:
        numbers["probability"] = log.exp()
    if "surprisal" in wanted:
        numbers["surprisal"] = -log / math.log(2)
    if "entropy" in wanted:
        entropy = _entropy(logits - total[:, None]).double()
        entropy[sharp] = _entropy(fine)
        numbers["entropy"] = entropy / math.log(2)
    return numbers


def _sharp(logits: torch.Tensor, total: torch.Tensor) -> torch.Tensor:
    """The rows in which one token has nearly all of the probability.

    What remains of it needs more digits.
    """
    return logits.amax(dim=1) - total > _SHARP


def _entropy(logs: torch.Tensor) -> torch.Tensor:
    """Of log-probabilities of shape (rows, vocabulary), in nats; impossible tokens add nothing."""
    return -(logs.exp() * logs).nan_to_num(nan=0.0).sum(dim=1)


def best(logits: torch.Tensor, count: int) -> list[list[tuple[int, float]]]:
    """For each row, the likeliest tokens with their probabilities, the same as from `reduced`."""
    top = logits.topk(min(count, logits.shape[1]), dim=1)
    total = torch.logsumexp(logits, dim=1)
    sharp = _sharp(logits, total)
    logs = (top.values - total[:, None]).double()
    fine = torch.log_softmax(logits[sharp].double(), dim=1)
    logs[sharp] = fine.gather(1, top.indices[sharp])
    return [
        list(zip(tokens, shares, strict=True))
        for tokens, shares in zip(top.indices.tolist(), logs.exp().tolist(), strict=True)
    ]
