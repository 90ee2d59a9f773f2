"""Reads the columns that entries have in common, and validates them."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["read_cosines", "read_number", "read_numbers"]


def read_cosines(stored: Sequence[object]) -> list[float | None]:
    """Cosines, with None where there is none.

    Raises:
        ValueError: Anything else.
    """
    cosines = read_numbers(stored)
    if any(abs(cosine) > 1 for cosine in cosines if cosine is not None):
        raise ValueError("a cosine is larger than 1")
    return cosines


def read_number(stored: object) -> float:
    """A number.

    Raises:
        ValueError: Anything else.
    """
    if type(stored) in (int, float) and math.isfinite(stored):  # type: ignore[arg-type]
        return float(stored)  # type: ignore[arg-type]
    raise ValueError("a number is missing or not finite")


def read_numbers(stored: Sequence[object]) -> list[float | None]:
    """Numbers, with None where there is none.

    Raises:
        ValueError: Anything else.
    """
    return [None if each is None else read_number(each) for each in stored]
