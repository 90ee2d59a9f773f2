"""Finds the tokenheat fences among the lines of a Markdown page, in time linear in its length."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["NAME", "Fence", "find_fences"]

NAME = "tokenheat"

_OPENING = re.compile(r"(?P<marks>`{3,}|~{3,}) *(?P<info>.*)$")
_OURS = re.compile(rf"(?:\{{ *(?:#[\w-]+ +)?)?\.?{NAME}(?![\w#.+-])")
_QUOTED = re.compile("=\"[^\"]*\"|='[^']*'")
_MARKERS = re.compile(
    r"[> ]*(?:(?:[*+-](?: \[[ xX]\])?|(?:\d{1,9}|[A-Za-z]{1,4})[.)]|:|\[\^[^\]]*\]:) [> ]*)+(?=```|~~~)"
)
"""The markers of list items, definitions or footnotes, with a fence on their line."""
_PREFIX = re.compile(r"[> ]*")
_MARGIN = re.compile(r"(?:> ?)*")


@dataclass(frozen=True)
class Fence:
    """A tokenheat fence.

    Attributes:
        start: Index of the opening line.
        end: Index of the line after the closing one, or after the opening one if none closes it.
        prefix: The container's indent and quote marks, which every line of the fence starts with.
        marks: The backticks or tildes that open and close it.
        info: The info string, `tokenheat` included.
        body: The lines between, without the prefix.
        commented: Whether it is inside an HTML comment, and so not a block.
        closed: Whether a line closes it.
        below: How many lines it starts below another fence that is never closed and swallows its
            first line, so that it is not opened at all; 0 if there is none.
        beside: Whether it begins on the line of a list marker, where Markdown has no fences.
    """

    start: int
    end: int
    prefix: str
    marks: str
    info: str
    body: tuple[str, ...]
    commented: bool = False
    closed: bool = True
    below: int = 0
    beside: bool = False

    @property
    def is_block(self) -> bool:
        """Whether it can be one: closed, in no comment and not on the line of a marker."""
        return self.closed and not (self.commented or self.beside)

    @property
    def is_text(self) -> bool:
        """Whether it is never closed, so that what looks like its first line is text."""
        return not (self.closed or self.below or self.beside)

    @property
    def is_at_margin(self) -> bool:
        """Whether it is in no list, admonition or similar container, but at most in quotes."""
        return _MARGIN.fullmatch(self.prefix) is not None

    @property
    def swallowed(self) -> int | None:
        """The line in it that opens a fence like itself, counted from its own first line."""
        width = len(self.marks)
        openings = (
            i
            for i, line in enumerate(self.body, 1)
            if line.startswith(self.marks) and _OURS.match(line[width:].lstrip(" "))
        )
        return next(openings, None)


@dataclass
class _Opened:
    start: int
    prefix: str
    marks: str
    info: str
    beside: bool = False
    body: list[str] = field(default_factory=list)
    blank: bool = False

    def __post_init__(self) -> None:
        self.quotes = self.prefix.count(">")
        self.width = len(self.prefix)

    @property
    def is_ours(self) -> bool:
        """Whether it is a tokenheat fence, and not one of another language."""
        return _OURS.match(self.info) is not None

    def fence(
        self, end: int, *, commented: bool = False, closed: bool = True, below: int = 0
    ) -> Fence:
        """The fence with the lines read so far."""
        opening, body = (self.prefix, self.marks, self.info), tuple(self.body)
        return Fence(self.start, end, *opening, body, commented, closed, below, self.beside)

    def unclosed(self, below: int = 0) -> Fence:
        """The fence, which is never closed or never opened."""
        while self.body and not self.body[-1]:  # Blank lines at a page's end mean nothing.
            self.body.pop()
        return self.fence(self.start + 1, closed=False, below=below)

    def takes(self, line: str) -> Literal["goes on", "is closed", "breaks off"]:
        """What the fence does with this line.

        The rules are those of pymdown-extensions' superfences, so that a block works wherever any
        other fence would: lines keep the opening line's indent, a quote may continue lazily until
        a blank line, and only exactly the marks that opened a fence close it.
        """
        prefix = _PREFIX.match(line, 0, self.width)[0]  # type: ignore[index]
        content = line[len(prefix) :]
        quotes = prefix.count(">")
        if quotes > self.quotes:
            return "breaks off"
        if not content or (not self.quotes and not content.strip(" ")):
            self.body.append("")
            self.blank = True
            return "goes on"
        if len(prefix) < self.width or (self.blank and quotes < self.quotes):
            return "breaks off"
        if content.rstrip(" ") == self.marks:
            return "is closed"
        self.body.append(content if content.strip(" ") else "")
        self.blank = False
        return "goes on"


@dataclass
class _Comment:
    """An open HTML comment, by Python-Markdown's rules.

    Attributes:
        width: The indent at which it starts; 0 for raw HTML, which only `-->` ends.
        inline: Whether it starts inside a paragraph, and so ends with it.
        blank: Whether a blank line has been seen in it.
    """

    width: int
    inline: bool
    blank: bool = False

    def breaks_off(self, line: str) -> bool:
        """Whether the line lies outside the paragraph, or the container, that it started in."""
        prefix = _PREFIX.match(line)[0]  # type: ignore[index]
        if len(prefix) == len(line):
            self.blank = True
            return self.inline
        return self.blank and len(prefix) < self.width


def find_fences(lines: Sequence[str]) -> Iterator[Fence]:
    """The page's tokenheat fences in order, including those that are not blocks.

    They are found at any depth of lists, quotes, admonitions, details and tabs; fences inside
    longer fences or other languages' fences are skipped. Only the Markdown parser knows whether a
    line is indented code: fences there are found, and the host restores them.

    Parameters:
        lines: As returned by `normalize`.
    """
    opened: _Opened | None = None
    comment: _Comment | None = None
    last_comment_end = max((i for i, line in enumerate(lines) if "-->" in line), default=-1)
    for number, line in enumerate(lines):
        if comment is not None and "-->" in line:
            comment, opened = _opened_comment(line, number < last_comment_end), None
            continue
        state = opened.takes(line) if opened is not None else "breaks off"
        if opened is not None and state == "is closed":
            if opened.is_ours:
                yield opened.fence(number + 1, commented=comment is not None)
            opened = None
        if state != "breaks off":
            continue
        if comment is not None and comment.breaks_off(line):
            comment = None
        # As in superfences, a line that breaks off a fence does not open one.
        if opened is None and (opened := _opened(number, line)):
            continue
        if comment is None:
            yield from _dropped(opened, lines, number + 1)
            comment = _opened_comment(line, number < last_comment_end)
        opened = None
    if comment is None:
        yield from _dropped(opened, lines, len(lines))


def _opened(number: int, line: str) -> _Opened | None:
    """The fence, of any language, that the line would open."""
    prefix = _PREFIX.match(line)[0]  # type: ignore[index]
    opening = _OPENING.match(line, len(prefix))
    if opening is not None and _may_open(*opening.group("marks", "info")):
        return _Opened(number, prefix, opening["marks"], opening["info"].rstrip())
    return _beside(number, line) if NAME in line else None


def _may_open(marks: str, info: str) -> bool:
    """Whether the marks open a fence: after them, such marks occur only in quoted values.

    Other lines are inline code or strikethrough. One of ours is a fence even without a closing
    quote, so that its author gets an error; after tildes it always is.
    """
    mark = marks[0]
    if _OURS.match(info) and (mark == "~" or mark not in info):
        return True
    unquoted = _QUOTED.sub(" ", info)
    return not any(sign in unquoted for sign in (mark, '="', "='"))


def _beside(number: int, line: str) -> _Opened | None:
    """The tokenheat fence that begins on the line of a list marker, where none can be."""
    markers = _MARKERS.match(line)
    opening = _OPENING.match(line, markers.end()) if markers else None
    if markers is None or opening is None or not _OURS.match(opening["info"]):
        return None
    marks, info = opening.group("marks", "info")
    if marks[:3] in info or not _may_open(marks, info):
        return None
    return _Opened(number, markers[0], marks, info.rstrip(), beside=True)


def _dropped(opened: _Opened | None, lines: Sequence[str], end: int) -> Iterator[Fence]:
    """The fences lost because one is never closed: itself, and those that it swallows.

    Parameters:
        opened: The fence, if there is one.
        lines: The page's.
        end: Index of the line after its last one.
    """
    if opened is None:
        return
    if opened.is_ours:
        yield opened.unclosed()
    last = {lines[number].rstrip(): number for number in range(opened.start + 1, end)}
    for number in range(opened.start + 1, end):
        this = _opened(number, lines[number])
        if this is None or not this.is_ours:
            continue
        # An unclosed fence inside one of ours is just part of its text.
        is_inside = opened.is_ours and number <= opened.start + len(opened.body)
        if not is_inside or last.get(this.prefix + this.marks, number) > number:
            yield this.unclosed(below=number - opened.start)


def _opened_comment(line: str, closes: bool) -> _Comment | None:
    before, mark, after = line.rpartition("<!--")
    if not closes or not mark or "-->" in after or before.count("`") % 2:
        return None
    prefix = _PREFIX.match(line)[0]  # type: ignore[index]
    is_raw = len(prefix) <= 3 and ">" not in prefix
    return _Comment(0 if is_raw else len(prefix), bool(before.rpartition("-->")[2].strip("> ")))
