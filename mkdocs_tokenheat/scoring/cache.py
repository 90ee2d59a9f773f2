"""Scores on disk: one small file per entry, named after what the scores depend on."""

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

# A logger of its own: strict builds should not count warnings about a cache that heals itself.
_log = logging.getLogger("tokenheat")


@dataclass(frozen=True)
class Stored:
    """A file in an entry's place.

    Attributes:
        size: In bytes.
        used: When it was last used, to the day, in seconds since 1970.
        is_other: Whether another version of the package wrote it, in its own format.
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

    A faulty entry counts as a miss, and an entry that cannot be stored is kept in memory, each
    with a warning: a cache never stops a build.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.used: set[str] = set()
        self._damaged: set[str] = set()
        self._told: set[str] = set()
        self._unstored: dict[str, Entry] = {}
        self._start = f"{folder}{os.sep}"

    def _file(self, key: str) -> str | None:
        # Creating a `Path` takes longer than finding the file.
        return f"{self._start}{key}.json" if self.folder else None

    def get(self, key: str, read_entry: Read[E]) -> E | None:
        """The content of the entry, or None if it is missing or damaged.

        Parameters:
            read_entry: Turns its columns into the result.
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
            _log.warning("tokenheat: ignoring the cache entry %s.json: %s", key, problem)

    def is_damaged(self, key: str) -> bool:
        """Whether the entry was found damaged, or could not be read."""
        return key in self._damaged

    def has(self, key: str) -> bool:
        """Whether there is an entry, intact or not: faster than reading it."""
        file = self._file(key)
        found = key in self._unstored or (file is not None and os.path.lexists(file))
        if found:
            self.used.add(key)
        return found

    def drop_damaged(self, key: str) -> None:
        """Remove an entry that was found damaged and is scored elsewhere.

        It could otherwise be copied over the intact one.
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
        """How many entries are kept only in memory."""
        return len(self._unstored)

    def entries(self) -> list[Stored]:
        """All entries on disk, intact or not, of this version and others.

        Raises:
            TokenheatError: The folder exists but cannot be read.
        """
        found: list[Stored] = []
        for path in _named(self.folder, _ENTRY) if self.folder else ():
            with suppress(OSError):  # Removed meanwhile.
                status = path.lstat()
                found.append(Stored(path, status.st_size, status.st_mtime, _is_of_other(path)))
        return found

    def broken(self) -> Iterator[tuple[Path, str]]:
        """What is broken: damaged files, and leftovers of killed builds.

        Entries of another version are left alone.

        Raises:
            TokenheatError: The folder exists but cannot be read.
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
        """Remove a file of the cache, or a folder in an entry's place.

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
    """What is broken besides entries; other files in the folder are not ours."""
    inner = [folder / name for name in FOLDERS]
    for path in inner:
        if path.is_symlink():  # Its target is not part of the cache, or already is.
            yield path, "it is a link"
        elif path.exists() and not path.is_dir():
            yield path, "it is not a folder"
    inner = [path for path in inner if path.is_dir() and not path.is_symlink()]
    for path in (path for each in inner for path in _named(each, _ENTRY)):
        if not is_identity(path):
            yield path, "it does not hold a model's identity"
    for path in (path for each in (folder, *inner) for path in _named(each, TEMPORARY)):
        yield path, "left behind by a build that was stopped"


def _named(folder: Path, name: re.Pattern[str]) -> list[Path]:
    """The files in a folder whose names match, sorted.

    Raises:
        TokenheatError: The folder exists but cannot be read.
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
    """Record use, once a day, so that `prune --max-size` knows which entries are old."""
    with suppress(OSError):
        if time.time() - os.stat(file).st_mtime > _DAY:  # noqa: PTH116
            os.utime(file)


def _is_of_other(path: Path) -> bool:
    try:
        return is_of_other_version(read(path, 64))
    except OSError:
        return False
