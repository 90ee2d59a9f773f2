"""Cuts a text that is longer than a model's window into overlapping windows."""

from __future__ import annotations

__all__ = ["windows"]


def windows(
    length: int, size: int, stride: int, *, both_sides: bool
) -> list[tuple[int, int, range]]:
    """Windows over `length` tokens: start, end, and which tokens are scored in it.

    Each token is scored once, in the window that gives it the most context: the tokens before it,
    or, for models that look to both sides, the smaller of the two.

    Parameters:
        size: How many tokens a window has.
        stride: How far the next window starts after this one; at most `size`.
        both_sides: Whether the model also sees the tokens after.
    """
    if length <= size:
        return [(0, length, range(length))]
    starts = [*range(0, length - size, stride), length - size]
    cuts: list[tuple[int, int, range]] = []
    scored = 0
    for i, start in enumerate(starts):
        end = start + size
        last = i + 1 == len(starts)
        # With both sides, two windows meet in the middle of their overlap.
        upto = (starts[i + 1] + end + 1) // 2 if both_sides and not last else end
        cuts.append((start, end, range(scored, upto)))
        scored = upto
    return cuts
