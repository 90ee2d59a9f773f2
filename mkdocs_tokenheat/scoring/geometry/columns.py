"""Reads the columns that entries have in common, and validates them."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["read_cosine", "read_cosines", "read_number"]


def read_cosines(stored: Sequence[object]) -> list[float | None]:
    """Cosines, with None where there is none.

    Raises:
        ValueError: Anything else.
    """
    return [None if each is None else read_cosine(each) for each in stored]


def read_cosine(stored: object) -> float:
    """A cosine.

    Raises:
        ValueError: Anything else.
    """
    cosine = read_number(stored)
    if abs(cosine) > 1:
        raise ValueError("a cosine is larger than 1")
    return cosine


def read_number(stored: object) -> float:
    """A number.

    Raises:
        ValueError: Anything else.
    """
    if type(stored) in (int, float) and math.isfinite(stored):  # type: ignore[arg-type]
        return float(stored)  # type: ignore[arg-type]
    raise ValueError("a number is missing or not finite")
