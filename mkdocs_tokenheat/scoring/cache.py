"""Scores on disk: one small file an entry, named by what the scores depend on."""

from __future__ import annotations

import logging
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from mkdocs_tokenheat.files import write
from mkdocs_tokenheat.scoring.scores import Scores, decode, encode

__all__ = ["Cache"]

_ENTRY = re.compile(r"[0-9a-f]{64}")

_log = logging.getLogger("mkdocs_tokenheat")


class Cache:
    """The entries of one folder, and which of them have been asked for.

    Whatever is wrong with an entry makes it a miss, and an entry that cannot be stored is kept in
    memory, each with a warning: a cache never stops a build.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.used: set[str] = set()
        self._unstored: dict[str, Scores] = {}

    def path(self, key: str) -> Path | None:
        """The file of an entry."""
        return self.folder / f"{key}.json" if self.folder else None

    def get(self, key: str, length: int) -> Scores | None:
        """The entry's scores, or None where it is missing or not whole.

        Parameters:
            length: The length of the text that it belongs to.
        """
        self.used.add(key)
        path = self.path(key)
        if key in self._unstored or path is None:
            return self._unstored.get(key)
        try:
            return decode(path.read_bytes(), key, length)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            _log.warning("tokenheat: the cache's entry %s is scored anew: %s", path.name, error)
            return None

    def put(self, key: str, scores: Scores) -> None:
        """Store an entry."""
        path = self.path(key)
        try:
            if path is None:
                self._unstored[key] = scores
            else:
                write(path, encode(scores, key))
        except OSError as error:
            if not self._unstored:
                _log.warning(
                    "tokenheat: cannot store scores in '%s' (%s): the next build scores again",
                    self.folder,
                    error.strerror or error,
                )
            self._unstored[key] = scores

    def files(self) -> Iterator[Path]:
        """The entries on disk, whole or not, of this version and others."""
        if self.folder and self.folder.is_dir():
            yield from sorted(
                path for path in self.folder.glob("*.json") if _ENTRY.fullmatch(path.stem)
            )

    def broken(self) -> Iterator[tuple[Path, str]]:
        """What is not as it should be: entries that are not whole, and what killed builds left."""
        for path in self.files():
            try:
                decode(path.read_bytes(), path.stem, sys.maxsize)
            except (OSError, ValueError) as error:
                yield path, str(error)
        if self.folder:
            for path in sorted(self.folder.rglob(".*.tmp")):
                yield path, "left behind by a build that was stopped"

    def remove(self, path: Path) -> None:
        """Remove a file of the cache, or a folder that stands in an entry's place."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
