"""Prepares texts for a model: with their special tokens, in windows, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from mkdocs_tokenheat.models.windows import windows

__all__ = ["BATCH", "Context", "Item", "batched", "items", "padded"]

BATCH = 1024
"""Tokens per batch, padding included: on CPUs, more was not faster and takes more memory."""


@dataclass(frozen=True)
class Context:
    """A text as the model sees it.

    Attributes:
        ids: The token ids, with the special tokens that the tokenizer's template puts around them.
        shown: The positions of the text's own tokens.
    """

    ids: list[int]
    shown: range

    @property
    def parts(self) -> tuple[list[int], list[int], list[int]]:
        """The special tokens before, the text's own, and the special ones after."""
        first, stop = self.shown.start, self.shown.stop
        return self.ids[:first], self.ids[first:stop], self.ids[stop:]


@dataclass(frozen=True)
class Item:
    """One window of a context.

    Attributes:
        context: The context's number.
        ids: What the model gets.
        local: The positions in `ids` that are scored.
        scored: Which of the text's own tokens those are.
        last: Whether it is the context's last window.
    """

    context: int
    ids: list[int]
    local: range
    scored: range
    last: bool


def items(
    number: int, context: Context, window: int, stride: int | None, *, both_sides: bool
) -> Iterator[Item]:
    """The windows of a context, each with the special tokens around it."""
    prefix, own, suffix = context.parts
    room = window - len(prefix) - len(suffix)
    # Windows overlap, so that every token but the first has something before it.
    step = max(1, min(stride or window // 2, room - 1))
    for start, end, scored in windows(len(own), room, step, both_sides=both_sides):
        local = range(len(prefix) + scored.start - start, len(prefix) + scored.stop - start)
        ids = [*prefix, *own[start:end], *suffix]
        yield Item(number, ids, local, scored, last=scored.stop == len(own))


def batched(queue: Sequence[Item], *, mixed: bool) -> Iterator[list[Item]]:
    """Batches of items of similar length, for little padding; each context's items stay in order.

    Parameters:
        mixed: Whether lengths may differ. In causal models, padding does not change what comes
            before it; some of the other models look at it.
    """
    whole: dict[int, int] = {}
    for item in queue:
        whole[item.context] = max(whole.get(item.context, 0), item.scored.stop)
    batch: list[Item] = []
    width = 0
    for item in sorted(queue, key=lambda item: (whole[item.context], item.context)):
        is_other = bool(batch) and len(item.ids) != width and not mixed
        width = max(width, len(item.ids))
        if batch and (is_other or width * (len(batch) + 1) > BATCH):
            yield batch
            batch, width = [], len(item.ids)
        batch.append(item)
    if batch:
        yield batch


def padded(batch: Sequence[Item], device: str) -> dict[str, torch.Tensor]:
    """The model's inputs for a batch, padded on the right."""
    width = max(len(item.ids) for item in batch)
    ids = torch.zeros((len(batch), width), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, item in enumerate(batch):
        ids[row, : len(item.ids)] = torch.tensor(item.ids)
        mask[row, : len(item.ids)] = 1
    return {"input_ids": ids.to(device), "attention_mask": mask.to(device)}
