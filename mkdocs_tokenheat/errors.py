"""The errors an author or a site's owner can cause, each one line that says what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["NoHeatError", "NotScoredError", "TokenheatError", "nearest", "unknown"]


class TokenheatError(ValueError):
    """Something that a page, a site's settings or the machine got wrong.

    Parameters:
        message: What is wrong and what to do about it, without the place.
        line: The line it concerns, counted from the block's fence (0).
        option: The option it concerns, from which the line is found where `line` is not given.
    """

    def __init__(self, message: str, *, line: int | None = None, option: str | None = None) -> None:
        super().__init__(message)
        self.message = " ".join(message.split())
        self.line = line
        self.option = option
        self.place: str | None = None

    def about(self, option: str) -> TokenheatError:
        """This error, said of an option where it names none yet."""
        return type(self)(self.message, line=self.line, option=self.option or option)

    def at(self, place: str) -> TokenheatError:
        """This error, said of a place such as `docs/page.md:12` or `mkdocs.yml`."""
        placed = type(self)(self.message, line=self.line, option=self.option)
        placed.place = place
        return placed

    def __str__(self) -> str:
        return f"{self.place}: tokenheat: {self.message}" if self.place else self.message


class NotScoredError(TokenheatError):
    """A block whose scores a frozen build does not find in the cache."""


class NoHeatError(TokenheatError):
    """A site that does not use tokenheat."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like this one."""
    return difflib.get_close_matches(word.casefold(), known, n=1, cutoff=0.0)[0]


def unknown(kind: str, word: str, known: Iterable[str]) -> str:
    """The message for a name that is not one of the known ones."""
    return f"unknown {kind} '{word}', did you mean '{nearest(word, known)}'?"
