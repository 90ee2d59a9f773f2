"""Weight files: whether one is complete, and what a safetensors header says, without numpy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, BinaryIO

from mkdocs_tokenheat.errors import AbsentModelError

__all__ = ["check_whole", "read_header"]

_LONGEST = 100_000_000
"""The longest header that safetensors itself accepts."""


def check_whole(path: Path) -> None:
    """Check a weight file before it is taken for a model.

    Raises:
        AbsentModelError: A Git LFS pointer, a download that was cut short or the like.
    """
    with path.open("rb") as file:
        if path.suffix == ".gguf":
            kind, is_whole = "GGUF", file.read(4) == b"GGUF"
        else:
            kind, is_whole = "safetensors", _ends_with_its_tensors(file)
    if not is_whole:
        raise AbsentModelError(
            f"cannot read '{path}' as {kind}: is it a Git LFS pointer, or was it cut short?"
        )


def _ends_with_its_tensors(file: BinaryIO) -> bool:
    try:
        tensors, start = read_header(file)
        ends = [int(t["data_offsets"][1]) for n, t in tensors.items() if n != "__metadata__"]
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError):
        return False
    return file.seek(0, 2) == start + max(ends, default=0)


def read_header(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """What a safetensors header says about each tensor, and where the tensors start.

    Raises:
        ValueError: It is not a header.
    """
    length = int.from_bytes(file.read(8), "little")
    header = file.read(length) if length <= _LONGEST else b""
    tensors: dict[str, Any] = json.loads(header)
    return tensors, 8 + length
