"""A cache entry as text: its checksum, and one line per column."""

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
"""The version of the entries' format; each entry's name depends on it."""

_FORMAT = re.compile(rb'\{"format":(\d{1,6}),')


class Entry(Protocol):
    """Numbers worth storing: a text's scores, or a statistic that a view needs."""

    def columns(self) -> Mapping[str, object]:
        """What is stored, by column name."""


E = TypeVar("E")
Read = Callable[[Mapping[str, Any]], E]
"""Reads an entry's columns; raises ValueError or similar where they do not fit."""


def rounded(number: float) -> float:
    """The number with six significant digits."""
    return float(f"{number:.6g}") + 0.0


def as_stored(number: float | None) -> float | None:
    """The same; None for anything but a finite number."""
    return rounded(number) if number is not None and math.isfinite(number) else None


def short(score: float | None) -> float | int | None:
    """The number as it is written: whole ones without a decimal point."""
    return int(score) if score is not None and score.is_integer() and abs(score) < 1e9 else score


def encode(entry: Entry, key: str) -> str:
    """The entry's text: one line per column, so that a change reads well in a diff."""
    lines = (
        f'"{name}":{json.dumps(column, separators=(",", ":"))}'
        for name, column in entry.columns().items()
    )
    body = ",\n".join(lines) + "}\n"
    return _head(key, body.encode()) + "\n" + body


def _head(key: str, body: bytes) -> str:
    # The checksum covers the key: an entry under another's name is as bad as a damaged one.
    checksum = hashlib.sha256(key.encode() + b"\n" + body).hexdigest()[:32]
    return f'{{"format":{FORMAT},"checksum":"{checksum}",'


def is_of_other_version(head: bytes) -> bool:
    """Whether an entry that starts like this has another version's format."""
    found = _FORMAT.match(head)
    return found is not None and int(found[1]) != FORMAT


def decode(raw: bytes, key: str, read: Read[E]) -> E:
    """The content of an entry.

    Parameters:
        key: The entry's name, which its checksum covers.
        read: Turns its columns into the result.

    Raises:
        ValueError: The entry is damaged, belongs to another key, or does not fit.
    """
    head, _, body = raw.partition(b"\n")
    if head != _head(key, body).encode():
        if head.endswith(b"\r"):
            raise ValueError(
                "its line endings were changed: to keep git from that, add a line "
                "'*.json -text' to the cache's .gitattributes"
            )
        raise ValueError("its checksum does not match")
    try:
        return read(json.loads(raw))
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"its structure is wrong ({error})") from None
