"""A part of a cache's misses, on which machines agree without communicating."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["WHOLE", "Shard", "read_shard"]

_WRITTEN = re.compile(r"([1-9]\d{0,5})/([1-9]\d{0,5})", re.ASCII)


@dataclass(frozen=True)
class Shard:
    """One of several parts.

    Attributes:
        number: Which part, counted from 1.
        count: How many parts there are.
    """

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def holds(self, key: str) -> bool:
        """Whether the entry of that name belongs to this part, and so to no other."""
        return int(key, 16) % self.count == self.number - 1


WHOLE = Shard(1, 1)


def read_shard(text: str) -> Shard:
    """The part that is written as `3/8`.

    Raises:
        ValueError: There is no such part.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise ValueError(f"'{text}' is not a part such as 3/8, the third of eight")
    return Shard(int(found[1]), int(found[2]))
