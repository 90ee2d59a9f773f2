"""Small files: read only if they are files, written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

__all__ = ["read", "read_json", "write"]

_LIMIT = 1 << 26


def read(path: Path, limit: int = _LIMIT, *, links: bool = True) -> bytes:
    """The first bytes of a file, which a repository's stranger may have put there.

    Parameters:
        limit: How many bytes are read at most.
        links: Whether the file may be a symbolic link.

    Raises:
        OSError: It is not there, or no regular file: a pipe or a device might never end.
    """

    def opened(name: str, flags: int) -> int:
        flags |= getattr(os, "O_NONBLOCK", 0) | (0 if links else getattr(os, "O_NOFOLLOW", 0))
        descriptor = os.open(name, flags)
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is no regular file", name)

    with open(path, "rb", opener=opened) as file:
        return file.read(limit)


def write(path: Path, text: str) -> None:
    """Write the file so that no reader ever sees half of it.

    Raises:
        OSError: It cannot be stored; nothing is left behind.
    """
    try:
        _write(path, text)
    except FileNotFoundError:
        # Somebody has tidied up, or removed the folder, in between.
        _write(path, text)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem[:8]}-{os.getpid()}-{os.urandom(4).hex()}.tmp")
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
        content: object = json.loads(read(path))
    except (OSError, ValueError, RecursionError):
        return None
    return content
