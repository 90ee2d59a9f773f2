"""The errors that an author or a site's owner can cause, each one line that says what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = [
    "AbsentModelError",
    "NoHeatError",
    "NotScoredError",
    "TokenheatError",
    "counted",
    "excerpt",
    "is_like",
    "missing",
    "one_line",
    "unknown",
]

_LONGEST = 800

_LIKE = 0.5
"""How similar two words must be for one to be a possible misspelling of the other."""

_UNSEEN = {
    code: "\ufffd"
    for codes in ((0x00, 0x20), (0x7F, 0xA0), (0x202A, 0x202F), (0x2066, 0x206A), (0xD800, 0xE000))
    for code in range(*codes)
}
"""Characters that a terminal would obey, that reverse a line, or that no encoding has."""


class TokenheatError(ValueError):
    """Something that a page, a site's settings or the machine got wrong.

    Parameters:
        message: What is wrong and what to do about it, without the place.
        line: The line it concerns, counted from the block's fence; by default the option's.
        option: The option it concerns; without one, the default line is the fence's.
    """

    def __init__(self, message: str, *, line: int | None = None, option: str | None = None) -> None:
        self.message = one_line(message)
        super().__init__(self.message)
        self.line = line
        self.option = option
        self.place: str | None = None

    def but(
        self, message: str | None = None, *, option: str | None = None, place: str | None = None
    ) -> TokenheatError:
        """This error in other words, or for another option or place."""
        other = type(self)(message or self.message, line=self.line, option=option or self.option)
        other.place = place or self.place
        return other

    def line_in(self, lines: Mapping[str, int]) -> int:
        """The line it concerns, given the options' lines; otherwise the block's first line."""
        return lines.get(self.option or "", 0) if self.line is None else self.line

    def about(self, option: str) -> TokenheatError:
        """This error, for this option unless it already names one."""
        return self.but(option=self.option or option)

    def at(self, place: str) -> TokenheatError:
        """This error at a place such as `docs/page.md:12` or `mkdocs.yml`."""
        return self.but(place=place)

    def __str__(self) -> str:
        return f"{one_line(self.place)}: tokenheat: {self.message}" if self.place else self.message


class AbsentModelError(TokenheatError):
    """A model that the site lists and this machine lacks: its cached scores remain usable."""


class NotScoredError(TokenheatError):
    """A block whose scores a frozen build does not find in the cache."""


class NoHeatError(TokenheatError):
    """A site that does not use tokenheat."""


def one_line(text: str) -> str:
    """The text on one line, without its middle if it is long, and without terminal commands."""
    line = " ".join(text.split()).translate(_UNSEEN)
    if len(line) > _LONGEST:
        line = f"{line[: _LONGEST // 2]} … {line[-_LONGEST // 2 :]}"
    return line


def counted(count: int, noun: str) -> str:
    """A count with its noun: `1 token`, `2 tokens`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def missing(module: str | None, extra: str) -> str:
    """The message for a missing module that an extra of this package installs."""
    return (
        f"this needs the module '{module}', which is not installed: "
        f'pip install "mkdocs-tokenheat[{extra}]"'
    )


def excerpt(text: str) -> str:
    """The start of what an author wrote."""
    text = text.strip()
    return text if len(text) <= 40 else text[:39] + "…"


def is_like(word: str, known: Iterable[str], least: float = _LIKE) -> bool:
    """Whether it may be a misspelling of one of the known words."""
    return bool(_most_like(word, known, least))


def _most_like(word: str, known: Iterable[str], least: float) -> list[str]:
    import difflib

    by_fold = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), by_fold, n=1, cutoff=least)
    return [by_fold[name] for name in found]


def unknown(kind: str, word: str, known: Iterable[str]) -> str:
    """The message for a name that is not one of the known ones."""
    word = excerpt(word)
    return f"unknown {kind} '{word}', did you mean '{_most_like(word, known, 0.0)[0]}'?"
