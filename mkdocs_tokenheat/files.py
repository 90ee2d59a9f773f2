"""Small files, written whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

__all__ = ["read_json", "write"]


def write(path: Path, text: str) -> None:
    """Write the file so that no reader ever sees half of it.

    Raises:
        OSError: It cannot be stored; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem[:8]}-{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def read_json(path: Path) -> object | None:
    """What the JSON file holds, or None where there is no such file or no JSON in it."""
    try:
        content: object = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return content
