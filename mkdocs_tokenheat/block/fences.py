"""Finds the tokenheat fences among the lines of a Markdown page, in time linear in its length."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

__all__ = ["NAME", "Fence", "find_fences"]

NAME = "tokenheat"

_OPENING = re.compile(r"(?P<marks>`{3,}(?=[^`]*$)|~{3,}) *(?P<info>.*)$")
_OURS = re.compile(rf"(?:\{{ *)?\.?{NAME}(?![\w#.+-])")
_PREFIX = re.compile(r"[> ]*")


@dataclass(frozen=True)
class Fence:
    """A closed tokenheat fence.

    Attributes:
        start: Index of the opening line.
        end: Index of the line after the closing one.
        prefix: The container's indent and quote marks, which every line of the fence starts with.
        info: The info string, `tokenheat` included.
        body: The lines between, without the prefix.
        commented: Whether it stands in an HTML comment, and so is no block.
    """

    start: int
    end: int
    prefix: str
    info: str
    body: tuple[str, ...]
    commented: bool = False


@dataclass
class _Opened:
    start: int
    prefix: str
    marks: str
    info: str
    body: list[str] = field(default_factory=list)
    blank: bool = False

    def __post_init__(self) -> None:
        self.quotes = self.prefix.count(">")
        self.width = len(self.prefix)

    def takes(self, line: str) -> bool | None:
        """Whether the fence goes on with this line (True), ends (False) or breaks off (None).

        The rules are those of pymdown-extensions' superfences, so that a block stands wherever any
        other fence of the page would: lines keep the opening line's indent, a quote may go on
        lazily until a blank line, and only the very marks that opened a fence close it.
        """
        prefix = _PREFIX.match(line, 0, self.width)[0]  # type: ignore[index]
        content = line[len(prefix) :]
        quotes = prefix.count(">")
        if quotes > self.quotes:
            return None
        if not content or (not self.quotes and not content.strip(" ")):
            self.body.append("")
            self.blank = True
            return True
        if len(prefix) < self.width or (self.blank and quotes < self.quotes):
            return None
        if content.rstrip(" ") == self.marks:
            return False
        self.body.append(content if content.strip(" ") else "")
        self.blank = False
        return True


def find_fences(lines: Sequence[str]) -> Iterator[Fence]:
    """The page's tokenheat fences, at any depth of lists, quotes, admonitions, details and tabs.

    Fences inside longer fences or other languages' fences are passed over, and so are fences that
    nothing closes. Whether a line is indented code only the Markdown parser knows: fences there
    are found, and the host turns them back.

    Parameters:
        lines: As `normalize` gives them.
    """
    opened: _Opened | None = None
    commented = False
    last_comment_end = max((i for i, line in enumerate(lines) if "-->" in line), default=-1)
    for number, line in enumerate(lines):
        if commented and "-->" in line:
            commented, opened = False, None
        elif opened is not None:
            goes_on = opened.takes(line)
            if goes_on is False and _OURS.match(opened.info):
                body = tuple(opened.body)
                yield Fence(opened.start, number + 1, opened.prefix, opened.info, body, commented)
            if not goes_on:
                opened = None
        else:
            prefix = _PREFIX.match(line)[0]  # type: ignore[index]
            opening = _OPENING.match(line, len(prefix))
            if opening:
                opened = _Opened(number, prefix, opening["marks"], opening["info"].rstrip())
            elif not commented and "<!--" in line:
                commented = number < last_comment_end and _opens_comment(line)


def _opens_comment(line: str) -> bool:
    before, _, after = line.rpartition("<!--")
    return "-->" not in after and before.count("`") % 2 == 0
