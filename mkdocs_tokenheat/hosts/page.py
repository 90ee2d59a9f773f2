"""State of the page that Python-Markdown converts: its fences, and their places."""

from __future__ import annotations

import logging
import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING

from markdown.util import HTML_PLACEHOLDER_RE, STX

from mkdocs_tokenheat.block.fences import Fence, find_fences
from mkdocs_tokenheat.block.text import normalize
from mkdocs_tokenheat.errors import TokenheatError, excerpt

if TYPE_CHECKING:
    from pathlib import Path

    from markdown import Markdown

    from mkdocs_tokenheat.block.parse import Block
    from mkdocs_tokenheat.site import Site

__all__ = ["Hosting", "Page", "Stashed"]

_log = logging.getLogger("mkdocs_tokenheat")

_MARKER = re.compile(r"(&gt;)|[^> ]")
"""A character of a list marker, a space in later lines; or an escaped quote mark, which stays."""
_SNIPPET = re.compile(r" *-+8<-")
"""The start of a line that pymdown-extensions' snippets replace with a file."""


@dataclass(frozen=True)
class Stashed:
    """A fence that a placeholder stands for, and the blank lines inserted around it.

    Attributes:
        before: Whether one was inserted before it.
        behind: Which of the lines after it were inserted, counted from 1.
    """

    fence: Fence
    lines: Sequence[str]
    before: bool
    behind: Set[int]


@dataclass(frozen=True)
class Hosting:
    """What a host does for its pages.

    Attributes:
        site: The site that it has prepared; by default, one made from the extension's settings.
        fail: Makes the exception that ends a build, if the host has its own.
        page: The name of the page for errors, if the host does not say it while rendering.
        collected: Receives the errors that are shown in a page; without it, they are logged.
        drawn: Receives each block that has a figure, with the figure.
    """

    site: Site | None = None
    fail: Callable[[TokenheatError], Exception] | None = None
    page: str = "<markdown>"
    collected: list[TokenheatError] | None = None
    drawn: list[tuple[Block, str]] | None = None


class Page:
    """What the processors know about the page being converted."""

    def __init__(self, md: Markdown, site: Site, host: Hosting) -> None:
        self.md = md
        self.site = site
        self.host = host
        self.reset()

    def reset(self) -> None:
        """Forget the previous page."""
        self.source: Sequence[str] = ()
        self.stashed: dict[int, Stashed] = {}
        self.lost: Sequence[Fence] = ()  # those that do not become blocks
        self.unclosed: list[tuple[Fence, str]] = []  # with their lines, which stay as they are
        self.figures: dict[int, str] = {}
        self._starts: dict[int, int] | None = None
        self._end_in_snippets: Set[int] | None = None

    def restored(self, text: str, escape: Callable[[str], str]) -> str:
        """Code or raw HTML, with its fences restored as they were written."""
        lines: list[str] = []
        blanks: Set[int] = frozenset()
        behind = 0
        for line in text.split("\n"):
            behind += 1
            if behind in blanks and not line.replace("&gt;", ">").strip("> "):
                continue
            found = HTML_PLACEHOLDER_RE.search(line)
            stashed = self.stashed.get(int(found[1])) if found else None
            if found is None or stashed is None:
                lines.append(line)
                continue
            if stashed.before and lines and not lines[-1].strip("> "):
                lines.pop()
            lead = line[: found.start()]
            width = len(stashed.fence.prefix)
            for original in stashed.lines:
                content = escape(original[width:])
                blank = original[len(original.rstrip()) :]
                lines.append(lead + content if content else lead.rstrip() + blank)
                lead = _MARKER.sub(lambda found: found[1] or " ", lead)
            blanks, behind = stashed.behind, 0
        return "\n".join(lines)

    def tell_unclosed(self, text: Iterable[str]) -> None:
        """Warn about each fence that is never closed.

        Parameters:
            text: The lines of the page that are not code.
        """
        known = {line.strip() for line in text}
        for fence, line in self.unclosed:
            if line[len(fence.prefix) :].strip() in known:
                error = TokenheatError(
                    "this block is never closed, so it is treated as text: end it with a line "
                    f"'{fence.marks}', indented like its first line"
                )
                self.warn(error.at(self.place(fence, 0)))

    def text(self, fence: Fence) -> Sequence[str]:
        """The block's lines, minus the one left by the final newline of a snippet's file."""
        if not fence.body or fence.body[-1]:
            return fence.body
        if self._end_in_snippets is None:
            self._end_in_snippets = {*self._found_to_end_in_snippets()}
        return fence.body[:-1] if fence.start in self._end_in_snippets else fence.body

    def _found_to_end_in_snippets(self) -> Iterator[int]:
        """The starts of the blocks that end with a snippet in the page's own source."""
        written: dict[str, list[bool]] = defaultdict(list)
        for fence in find_fences(normalize("\n".join(self.source))):
            last = next((line for line in reversed(fence.body) if line.strip()), "")
            written[fence.info].append(_SNIPPET.match(last) is not None)
        here: dict[str, list[int]] = defaultdict(list)
        for stashed in self.stashed.values():
            here[stashed.fence.info].append(stashed.fence.start)
        for info, starts in here.items():
            ends = written[info]
            if len(ends) != len(starts):  # Snippets may add blocks, too.
                ends = [any(ends)] * len(starts)
            yield from compress(starts, ends)

    def place(self, fence: Fence, line: int) -> str:
        """The page's name and the line in the page's own file, for an error.

        Metadata, snippets and macros may have moved the fence, so it is looked up in the file. If
        it is not there, its first words serve as the place.
        """
        from mkdocs_tokenheat.hosts.context import page_file

        name, path = page_file(self.md) or (self.host.page, None)
        if self._starts is None:
            self._starts = self._found_again(path)
        start = self._starts.get(fence.start)
        if start is not None:
            return f"{name}:{start + line + 1}"
        words, _, _ = " ".join((fence.info, *fence.body)).partition(STX)
        return f"{name}, block '{excerpt(words)}'"

    def refuse(self, error: TokenheatError) -> None:
        """End the build with an error or report it, depending on the site's `on_error`."""
        if self.site.settings.on_error == "raise":
            from mkdocs_tokenheat.hosts.context import ending

            fail = self.host.fail
            raise (fail(error) if fail else ending(self.md, error)) from None
        self.warn(error)

    def warn(self, error: TokenheatError) -> None:
        """Report an error without ending the build."""
        if self.host.collected is None:
            _log.warning("%s", error)
        else:
            self.host.collected.append(error)

    def _found_again(self, path: Path | None) -> dict[int, int]:
        """For each fence's line in the converted text, its line in the file."""
        try:
            text = path.read_text("utf-8-sig") if path else "\n".join(self.source)
        except (OSError, ValueError):
            text = ""
        lines = normalize(text)
        there = list(find_fences(lines))
        stashed = (each.fence for each in self.stashed.values())
        unclosed = (fence for fence, _ in self.unclosed)
        here = sorted((*stashed, *unclosed, *self.lost), key=lambda fence: fence.start)
        starts = _paired(here, there, lambda fence: (fence.info, fence.body))
        # A block's text may contain snippets and macros, too.
        known = {*starts.values()}
        here = [fence for fence in here if fence.start not in starts]
        there = [fence for fence in there if fence.start not in known]
        count = Counter(fence.info for fence in there)
        count.subtract(fence.info for fence in here)
        sure = [fence for fence in here if count[fence.info] == 0]
        return starts | _paired(sure, there, lambda fence: fence.info)


def _paired(
    here: Iterable[Fence], there: Iterable[Fence], key: Callable[[Fence], Hashable]
) -> dict[int, int]:
    """The lines of fences, mapped to those of matching fences elsewhere, in order."""
    same: dict[Hashable, deque[int]] = defaultdict(deque)
    for fence in there:
        same[key(fence)].append(fence.start)
    return {fence.start: same[key(fence)].popleft() for fence in here if same[key(fence)]}
