"""A model's whole vocabulary: which tokens are ordinary, and what their vectors have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from mkdocs_tokenheat.errors import TokenheatError

__all__ = ["Shift", "fit_shift", "ordinary"]

# Tokens that are reserved for later use, as the families of models write them.
_UNUSED = re.compile(r"[\[<]\|?(?:unused|reserved|extra_id|pad|dummy)\w*?[_\d]*\|?[\]>]", re.ASCII)
_SUSPECT = ("[", "<", "\0")


def ordinary(tokenizer: Tokenizer, rows: int, unknown: int | None) -> NDArray[np.int64]:
    """The ids of the tokens that texts are made of: neither special nor unused, in order.

    Parameters:
        rows: How many rows the table has.
        unknown: The token for unknown text, if there is one.
    """
    special = {i for i, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    tokens = tokenizer.get_vocab(with_added_tokens=True)
    unused = {
        i
        for token, i in tokens.items()
        if token[:1] in _SUSPECT and (token.startswith("\0") or _UNUSED.fullmatch(token))
    }
    left_out = np.array([*special, *unused, -1 if unknown is None else unknown], dtype=np.int64)
    ids = np.unique(np.fromiter(tokens.values(), np.int64, len(tokens)))
    return ids[(ids < rows) & ~np.isin(ids, left_out)]


@dataclass(frozen=True)
class Shift:
    """Removes what all vectors have in common.

    Attributes:
        mean: The mean of the vocabulary's vectors, of shape (dimensions,).
        directions: Their principal directions, of shape (D, dimensions), each of length 1.
    """

    mean: NDArray[np.float64]
    directions: NDArray[np.float64]

    def __call__(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The rows, of shape (n, dimensions), without it."""
        centred = rows - self.mean
        without: NDArray[np.float64] = centred - (centred @ self.directions.T) @ self.directions
        return without


def fit_shift(parts: Iterable[NDArray[np.float64]], count: int) -> Shift:
    """What these vectors have in common: v' = ṽ - Σᵢ (uᵢ·ṽ) uᵢ, where ṽ = v - μ.

    Mu and Viswanath (2018), "All-but-the-top: simple and effective postprocessing for word
    representations": μ is the vocabulary's mean and u₁ … u_D its principal directions.

    Parameters:
        parts: The vectors of all ordinary tokens, a few at a time.
        count: How many principal directions are removed; 0 for the mean alone.

    Raises:
        TokenheatError: There is no vector of finite numbers.
    """
    seen = 0
    total: NDArray[np.float64] | float = 0.0
    products: NDArray[np.float64] | float = 0.0
    for part in parts:
        rows = part[np.isfinite(part).all(axis=1)]
        seen += len(rows)
        total = total + rows.sum(axis=0)
        products = products + rows.T @ rows if count else products
    if not seen:
        raise TokenheatError("the model has no vectors to transform", option="transform")
    mean = np.asarray(total) / seen
    if not count:
        return Shift(mean, np.empty((0, len(mean))))
    covariance = np.asarray(products) / seen - np.outer(mean, mean)
    _, directions = np.linalg.eigh(covariance)
    return Shift(mean, directions.T[::-1][:count].copy())
