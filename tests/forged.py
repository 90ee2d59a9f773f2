"""Cache entries as an attacker would write them: whatever they say, their checksum is right."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mkdocs_tokenheat.scoring.entry import encode

__all__ = ["forge", "signed"]


@dataclass(frozen=True)
class _Forged:
    stored: Mapping[str, object]

    def columns(self) -> Mapping[str, object]:
        return self.stored


def signed(columns: Mapping[str, object], key: str = "k" * 64) -> bytes:
    """The file of an entry of that name."""
    return encode(_Forged(columns), key).encode()


def forge(path: Path, **columns: object) -> None:
    """Replace columns of an entry."""
    stored = json.loads(path.read_bytes())
    del stored["format"], stored["checksum"]
    path.write_bytes(signed({**stored, **columns}, path.stem))
