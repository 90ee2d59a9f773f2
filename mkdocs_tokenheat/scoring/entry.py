"""An entry of the cache as text: its checksum, and a line a column."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

__all__ = [
    "FORMAT",
    "Entry",
    "Read",
    "as_stored",
    "decode",
    "encode",
    "is_of_other_version",
    "rounded",
    "short",
]

FORMAT = 1
"""The version of what an entry means; it is part of each entry's name."""

_FORMAT = re.compile(rb'\{"format":(\d{1,6}),')


class Entry(Protocol):
    """Numbers that were hard to come by: a text's scores, or what a view needs besides."""

    def columns(self) -> Mapping[str, object]:
        """What is stored of it, by name."""


E = TypeVar("E")
Read = Callable[[Mapping[str, Any]], E]
"""From an entry's columns to what they hold; ValueError and its like where they do not fit."""


def rounded(number: float) -> float:
    """The number with six significant digits."""
    return float(f"{number:.6g}") + 0.0


def as_stored(number: float | None) -> float | None:
    """The number like that; None for what is no finite number."""
    return rounded(number) if number is not None and math.isfinite(number) else None


def short(score: float | None) -> float | int | None:
    """The number as it is written: whole ones without a point."""
    return int(score) if score is not None and score.is_integer() and abs(score) < 1e9 else score


def encode(entry: Entry, key: str) -> str:
    """The entry's text: a line a column, so that a change reads well in a diff."""
    lines = (
        f'"{name}":{json.dumps(column, separators=(",", ":"))}'
        for name, column in entry.columns().items()
    )
    body = ",\n".join(lines) + "}\n"
    return _head(key, body.encode()) + "\n" + body


def _head(key: str, body: bytes) -> str:
    # The key is in the sum: an entry under another's name is as wrong as a broken one.
    checksum = hashlib.sha256(key.encode() + b"\n" + body).hexdigest()[:32]
    return f'{{"format":{FORMAT},"checksum":"{checksum}",'


def is_of_other_version(head: bytes) -> bool:
    """Whether an entry that starts like this is in the format of another version."""
    found = _FORMAT.match(head)
    return found is not None and int(found[1]) != FORMAT


def decode(raw: bytes, key: str, read: Read[E]) -> E:
    """What an entry holds.

    Parameters:
        key: The entry's name, which its checksum covers.
        read: What makes of its columns what is asked for.

    Raises:
        ValueError: An entry that is damaged, belongs to another key, or does not fit.
    """
    head, _, body = raw.partition(b"\n")
    if head != _head(key, body).encode():
        if head.endswith(b"\r"):
            raise ValueError(
                "its line ends were changed: keep git from that with a line '*.json -text' in "
                "the cache's .gitattributes"
            )
        raise ValueError("its checksum does not fit")
    try:
        return read(json.loads(raw))
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"its shape does not fit ({error})") from None
