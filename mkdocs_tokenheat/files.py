"""Small files: read only if regular, written whole or not at all, and named in messages."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import time
from contextlib import suppress
from pathlib import Path

__all__ = ["TEMPORARY", "read", "read_json", "shown", "signature", "write"]

TEMPORARY = re.compile(r"\.[^/]{1,8}-\d+-[0-9a-f]+\.tmp")
"""The name of a file while it is being written."""

_LIMIT = 1 << 26
_JSON_LIMIT = 1 << 22
"""The limit for configs and identities: parsed, a file takes many times its size in memory."""

_WAITS = (0.01, 0.03, 0.1, 0.3)
"""Seconds between attempts: Windows cannot rename a file over one that is open."""


def read(path: Path | str, limit: int = _LIMIT, *, links: bool = True) -> bytes:
    """The first bytes of a file, which may come from an untrusted contributor.

    Parameters:
        limit: The maximum number of bytes to read.
        links: Whether the file may be a symbolic link.

    Raises:
        OSError: It is missing or not a regular file: a pipe or a device might never end.
    """
    # Python's own file objects make twice as many system calls.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags | (0 if links else getattr(os, "O_NOFOLLOW", 0)))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        found = b""
        while chunk := os.read(
            descriptor, min(limit - len(found), max(status.st_size + 1, 1 << 16))
        ):
            found += chunk
            if len(found) == status.st_size:  # A longer file would have yielded one more byte.
                break
        return found
    finally:
        os.close(descriptor)


def write(path: Path, text: str) -> None:
    """Write the file so that no reader ever sees a partial one.

    Raises:
        OSError: It cannot be stored; nothing is left behind.
    """
    for _ in range(2):
        with suppress(FileNotFoundError):
            return _write(path, text)
        # The folder does not exist yet, or has just been removed.
        path.parent.mkdir(parents=True, exist_ok=True)
    return _write(path, text)


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.stem[:8]}-{os.getpid()}-{os.urandom(4).hex()}.tmp")
    try:
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        _replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _replace(temporary: Path, path: Path) -> None:
    for wait in _WAITS:
        with suppress(PermissionError):
            temporary.replace(path)
            return
        time.sleep(wait)
    temporary.replace(path)


def read_json(path: Path) -> object | None:
    """The content of the JSON file, or None if it is missing or not JSON."""
    try:
        content: object = json.loads(read(path, _JSON_LIMIT))
    except (OSError, ValueError, RecursionError):
        return None
    return content


def signature(path: Path) -> tuple[int, int, int]:
    """What changes whenever a file does: a copy may keep the size and time of what it replaces.

    Raises:
        OSError: It does not exist.
    """
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def shown(path: Path) -> str:
    """The path as shown in messages: relative to the current folder if it lies inside it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
