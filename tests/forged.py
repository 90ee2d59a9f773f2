"""Entries of a cache as an attacker would write them: whatever they say, their checksum is right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

__all__ = ["signed"]


def signed(columns: Mapping[str, object], key: str = "k" * 64) -> bytes:
    """The file of an entry of that name."""
    lines = (f'"{name}":{json.dumps(column)}' for name, column in columns.items())
    body = (",\n".join(lines) + "}\n").encode()
    checksum = hashlib.sha256(key.encode() + b"\n" + body).hexdigest()[:32]
    return f'{{"checksum":"{checksum}",\n'.encode() + body
