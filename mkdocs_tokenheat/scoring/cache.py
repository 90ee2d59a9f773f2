"""Scores on disk: one small file an entry, named by what the scores depend on."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.files import TEMPORARY, read, write
from mkdocs_tokenheat.models.identity import FOLDERS, is_identity
from mkdocs_tokenheat.scoring.entry import (
    Entry,
    Read,
    decode,
    encode,
    is_of_other_version,
)
from mkdocs_tokenheat.scoring.kinds import read_any

__all__ = ["Cache", "Stored"]

E = TypeVar("E", bound=Entry)

_ENTRY = re.compile(r"[0-9a-f]{64}\.json")
_DAY = 86_400.0

# A name of its own: a cache that heals itself is nothing that a strict build should count.
_log = logging.getLogger("tokenheat")


@dataclass(frozen=True)
class Stored:
    """A file that stands where an entry does.

    Attributes:
        size: In bytes.
        used: When it was last used, to the day, in seconds since 1970.
        is_other: Whether another version of the package wrote it, in a format of its own.
    """

    path: Path
    size: int
    used: float
    is_other: bool

    @property
    def key(self) -> str:
        """Its name."""
        return self.path.stem


class Cache:
    """The entries of one folder, and which of them have been asked for.

    Whatever is wrong with an entry makes it a miss, and an entry that cannot be stored is kept in
    memory, each with a warning: a cache never stops a build.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.used: set[str] = set()
        self._damaged: set[str] = set()
        self._told: set[str] = set()
        self._unstored: dict[str, Entry] = {}
        self._start = f"{folder}{os.sep}"

    def _file(self, key: str) -> str | None:
        # A `Path` takes longer to make than the system takes to find the file.
        return f"{self._start}{key}.json" if self.folder else None

    def get(self, key: str, read_entry: Read[E]) -> E | None:
        """What the entry holds, or None where it is missing or damaged.

        Parameters:
            read_entry: What makes of its columns what is asked for.
        """
        self.used.add(key)
        file = self._file(key)
        if key in self._unstored or file is None:
            return self._unstored.get(key)  # type: ignore[return-value]
        try:
            entry = decode(read(file), key, read_entry)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            self._damaged.add(key)
            self._tell(key, error)
            return None
        _note_use(file)
        return entry

    def _tell(self, key: str, error: Exception) -> None:
        """Warn of an entry once, and of entries that may not be read once for all of them."""
        problem = _problem(error)
        about = problem if isinstance(error, PermissionError) else key
        if about not in self._told:
            self._told.add(about)
            _log.warning("tokenheat: the cache's entry %s.json is not used: %s", key, problem)

    def is_damaged(self, key: str) -> bool:
        """Whether the entry was found damaged, or could not be read."""
        return key in self._damaged

    def has(self, key: str) -> bool:
        """Whether there is an entry, whole or not: sooner told than what it holds."""
        file = self._file(key)
        found = key in self._unstored or (file is not None and os.path.lexists(file))
        if found:
            self.used.add(key)
        return found

    def drop_damaged(self, key: str) -> None:
        """Remove an entry that was found damaged and is scored elsewhere.

        Copied over the whole one, it would come back.
        """
        file = self._file(key)
        if key in self._damaged and file is not None:
            with suppress(TokenheatError):
                self.remove(Path(file))

    def put(self, key: str, entry: Entry) -> None:
        """Store an entry."""
        file = self._file(key)
        try:
            if file is None:
                self._unstored[key] = entry
            else:
                write(Path(file), encode(entry, key))
        except OSError as error:
            if not self._unstored:
                _log.warning(
                    "tokenheat: cannot store scores in '%s' (%s): the next build scores again",
                    self.folder,
                    _problem(error),
                )
            self._unstored[key] = entry

    @property
    def unstored(self) -> int:
        """How many entries are kept in memory alone."""
        return len(self._unstored)

    def entries(self) -> list[Stored]:
        """What stands on disk, whole or not, of this version and others.

        Raises:
            TokenheatError: The folder is there and cannot be read.
        """
        found: list[Stored] = []
        for path in _named(self.folder, _ENTRY) if self.folder else ():
            with suppress(OSError):  # Gone since.
                status = path.lstat()
                found.append(Stored(path, status.st_size, status.st_mtime, _is_of_other(path)))
        return found

    def broken(self) -> Iterator[tuple[Path, str]]:
        """What is not as it should be: damaged files, and what killed builds left.

        Entries of another version are left to it.

        Raises:
            TokenheatError: The folder is there and cannot be read.
        """
        for entry in self.entries():
            try:
                if not entry.is_other:
                    decode(read(entry.path), entry.key, read_any)
            except (OSError, ValueError) as error:
                yield entry.path, _problem(error)
        if self.folder:
            yield from _strays(self.folder)

    def remove(self, path: Path) -> None:
        """Remove a file of the cache, or a folder that stands in an entry's place.

        Raises:
            TokenheatError: It cannot be removed.
        """
        try:
            if path.is_dir() and not path.is_symlink():
                import shutil

                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            return  # Somebody else has removed it.
        except OSError as error:
            raise TokenheatError(f"cannot remove '{path}': {_problem(error)}") from None


def _strays(folder: Path) -> Iterator[tuple[Path, str]]:
    """What is wrong besides entries; whatever else lies in the folder is none of ours."""
    inner = [folder / name for name in FOLDERS]
    for path in inner:
        if path.is_symlink():  # What it leads to is no part of the cache, or is so already.
            yield path, "it is a link"
        elif path.exists() and not path.is_dir():
            yield path, "it is no folder"
    inner = [path for path in inner if path.is_dir() and not path.is_symlink()]
    for path in (path for each in inner for path in _named(each, _ENTRY)):
        if not is_identity(path):
            yield path, "it tells no model's identity"
    for path in (path for each in (folder, *inner) for path in _named(each, TEMPORARY)):
        yield path, "left behind by a build that was stopped"


def _named(folder: Path, name: re.Pattern[str]) -> list[Path]:
    """The files with such names in a folder, sorted.

    Raises:
        TokenheatError: A folder that is there and cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if name.fullmatch(path.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise TokenheatError(f"cannot read the cache '{folder}': {_problem(error)}") from None


def _problem(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _note_use(file: str) -> None:
    """Leave a trace of use, once a day, that tells `prune --max-size` which entries are old."""
    with suppress(OSError):
        if time.time() - os.stat(file).st_mtime > _DAY:  # noqa: PTH116
            os.utime(file)


def _is_of_other(path: Path) -> bool:
    try:
        return is_of_other_version(read(path, 64))
    except OSError:
        return False
