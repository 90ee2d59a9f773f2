"""Reads the columns that entries have in common, and holds them to their shape."""

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
    (number,) = read_numbers([stored])
    if number is None:
        raise ValueError("a number is missing or not finite")
    return number


def read_numbers(stored: Sequence[object]) -> list[float | None]:
    """Numbers, with None where there is none.

    Raises:
        ValueError: Anything else.
    """
    numbers: list[float | None] = []
    for each in stored:
        if each is None:
            numbers.append(None)
        elif type(each) in (int, float) and math.isfinite(each):  # type: ignore[arg-type]
            numbers.append(float(each))  # type: ignore[arg-type]
        else:
            raise ValueError("a number is missing or not finite")
    return numbers
