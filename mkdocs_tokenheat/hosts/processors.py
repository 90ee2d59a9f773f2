"""The processors for Python-Markdown: fences become placeholders, then figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import ETX, HTML_PLACEHOLDER_RE, STX, AtomicString, Processor, code_escape

from mkdocs_tokenheat.block.fences import NAME, Fence, find_fences
from mkdocs_tokenheat.block.text import normalize
from mkdocs_tokenheat.errors import TokenheatError, counted
from mkdocs_tokenheat.hosts.page import Page, Stashed

if TYPE_CHECKING:
    from markdown import Markdown

    from mkdocs_tokenheat.block.parse import Block

__all__ = ["TAB", "CodeBlocks", "Fences", "Figures", "Places", "Source"]

_LITERAL_TAGS = ("pre", "script", "style", "textarea")
_LITERAL = re.compile(
    rf"<!--.*?(?:-->|\Z)|<({'|'.join(_LITERAL_TAGS)})\b.*?(?:</\1\s*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
"""Raw HTML in which a fence is literal text, not a block."""

_PREFIX = re.compile(r"[> ]*")
_ITEM = re.compile(r"[> ]*(?:(?:[*+-]|\d+\.|:) |\[\^)")
"""An item of a list, a definition or a footnote."""

TAB = 4
"""Python-Markdown's indent of a list item's content."""

_RULE = re.compile(r"(?:-+|=+) *")
"""A line that turns the line before it into a heading."""

# A block-level element; no author can write its first character.
_PLACE = f"<figure>{STX}{NAME}:{{}}{ETX}</figure>"
_PLACES = re.compile(_PLACE.format(r"(\d+)"))


class _OfPage(Processor):
    """A processor that knows the page being converted."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(md)
        self._page = page


class Source(_OfPage, Preprocessor):
    """Keeps the original page, for looking up lines."""

    def run(self, lines: list[str]) -> list[str]:
        """Note the lines and return them unchanged."""
        self._page.reset()
        if any(NAME in line for line in lines):
            self._page.source = [*lines]
            self._check_fences_are_left(lines)
        return lines

    def _check_fences_are_left(self, lines: Sequence[str]) -> None:
        if "fenced_raw_block" not in self.md.preprocessors:
            return
        fences = find_fences(normalize("\n".join(lines)))
        self._page.lost = [fence for fence in fences if fence.is_block]
        for fence in self._page.lost:
            error = TokenheatError(
                "pymdownx.superfences removes this fence because of its setting 'preserve_tabs': "
                "set it to false"
            )
            self._page.refuse(error.at(self._page.place(fence, 0)))


class Fences(_OfPage, Preprocessor):
    """Replaces each fence with a placeholder.

    At the margin it gets a blank line on either side. Further in, a blank line could end the
    fence's list item or turn it into code: there, `Parts` finds it in its paragraph.
    """

    def run(self, lines: list[str]) -> list[str]:
        """The lines with placeholders instead of fences."""
        if not any(NAME in line for line in lines):
            return lines
        fences = list(find_fences(lines))
        starts = [fence.start for fence in fences] + [len(lines)]
        out = lines[: starts[0]]
        is_tight = _ends_tight(out, tight=False)
        last: Fence | None = None
        for fence, end in zip(fences, starts[1:], strict=True):
            if fence.is_text:
                self._page.unclosed.append((fence, lines[fence.start]))
                out += lines[fence.start : end]
                is_tight = _ends_tight(lines[fence.start : end], tight=is_tight)
                continue
            before, (behind, blanks) = False, (lines[fence.end : end], frozenset[int]())
            if not (fence.commented or fence.beside):  # A comment must stay in one piece.
                before = bool(out and out[-1].strip("> ")) and (
                    fence.is_at_margin
                    or _is_item_beside(out[-1], fence.prefix)
                    or (_is_right_below(fence, last) and not is_tight)
                )
                is_tight = is_tight and not before
                behind, blanks = _kept_apart(fence, behind, is_tight)
            original = lines[fence.start : fence.end]
            placeholder = self.md.htmlStash.store(code_escape("\n".join(original)).lstrip())
            stashed = Stashed(fence, original, before, blanks)
            self._page.stashed[self.md.htmlStash.html_counter - 1] = stashed
            out += [fence.prefix.rstrip()] * before + [fence.prefix + placeholder] + behind
            is_tight = _ends_tight(behind, tight=is_tight)
            last = fence
        return out


def _is_item_beside(line: str, prefix: str) -> bool:
    """Whether the line is an item of a list next to a fence with this prefix."""
    return (
        len(prefix) % TAB == 0 and line.startswith(prefix) and bool(_ITEM.match(line, len(prefix)))
    )


def _is_right_below(fence: Fence, last: Fence | None) -> bool:
    """Whether the fence is further out than the last one, with no line between."""
    return last is not None and last.end == fence.start and len(fence.prefix) < len(last.prefix)


def _check(fence: Fence) -> None:
    """Refuse a fence that is not one, or not intact, for a reason its author may not see.

    Raises:
        TokenheatError: It is where no fence can be, or contains another block or another
            extension's placeholder.
    """
    if fence.below:
        raise TokenheatError(
            f"the fence that begins {counted(fence.below, 'line')} above this block is never closed: "
            "close it first"
        )
    if fence.beside:
        raise TokenheatError(
            "a block must begin on a line of its own: put it below the list item's text, and "
            "indent all of it by four spaces"
        )
    if any(STX in line for line in (fence.info, *fence.body)):
        raise TokenheatError(
            "another Markdown extension has taken part of this block for its own syntax "
            "(pymdownx.critic does so with {++…++}): write it differently, or turn that extension "
            "off"
        )
    if (line := fence.swallowed) is not None:
        raise TokenheatError(
            "another block begins here inside one: close the outer one with a line "
            f"'{fence.marks}', or, if this is its text, open it with more of these marks",
            line=line,
        )


def _ends_tight(lines: Sequence[str], *, tight: bool) -> bool:
    """Whether text right after these lines is in a list item, with no blank line between.

    Parameters:
        tight: Whether the lines themselves are.
    """
    for line in lines:
        tight = bool(line.strip("> ")) and (tight or _ITEM.match(line) is not None)
    return tight


def _kept_apart(
    fence: Fence, lines: Sequence[str], tight: bool
) -> tuple[list[str], frozenset[int]]:
    """The lines after a fence, set apart from it, and which of them are new, from 1.

    Python-Markdown would treat another item of the lists around the fence, or any text further
    out, as part of what precedes it, unless that is a tight item's own text.
    """
    out: list[str] = []
    new: set[int] = set()
    width = len(fence.prefix)
    for number, line in enumerate(lines):
        if not line.strip("> "):
            return [*out, *lines[number:]], frozenset(new)
        lead = _PREFIX.match(line)[0]  # type: ignore[index]
        is_outer = len(lead) < width and (number == 0 or _ITEM.match(line) is not None)
        is_close = number == 0 and (
            fence.is_at_margin or _RULE.fullmatch(line, len(fence.prefix)) is not None
        )
        if is_close or (is_outer and not tight):
            out.append((lead if is_outer else fence.prefix).rstrip())
            new.add(len(out))
        width = min(width, len(lead)) if is_outer else width
        out.append(line)
    return out, frozenset(new)


class CodeBlocks(_OfPage, Treeprocessor):
    """Restores the fences in indented code and literal elements, where there are no blocks."""

    def run(self, root: Element) -> None:
        """Change the tree in place."""
        if self._page.unclosed:
            self._page.tell_unclosed(_text(root))
        if not self._page.stashed:
            return
        for element in root.iter():
            if element.tag in _LITERAL_TAGS:
                self._restore(element, str)
                code = element.find("code")
                if code is not None:
                    self._restore(code, code_escape)

    def _restore(self, element: Element, escape: Callable[[str], str]) -> None:
        if element.text and HTML_PLACEHOLDER_RE.search(element.text):
            element.text = AtomicString(self._page.restored(element.text, escape))


def _text(element: Element) -> Iterator[str]:
    """The lines in an element that are not code."""
    if element.tag not in _LITERAL_TAGS:
        yield from (element.text or "").split("\n")
        for child in element:
            yield from _text(child)
            yield from (child.tail or "").split("\n")


class Figures(_OfPage, Postprocessor):
    """Makes figures for the fences whose placeholders are left in the page."""

    def run(self, text: str) -> str:
        """Draw the figures of the text's placeholders; the text itself stays unchanged."""
        page = self._page
        if not page.stashed:
            return text
        from mkdocs_tokenheat.block.parse import read_block

        found = sorted(self._alive(text))
        blocks: dict[int, Block] = {}
        errors: dict[int, TokenheatError] = {}
        for index in found:
            fence = page.stashed[index].fence
            try:
                _check(fence)
                blocks[index] = read_block(fence.info, page.text(fence), page.site.settings.options)
            except TokenheatError as error:
                errors[index] = error
        results = dict(zip(blocks, page.site.figures(list(blocks.values())), strict=True))
        for index in found:
            result = errors[index] if index in errors else results[index]
            if isinstance(result, TokenheatError):
                result = self._failed(result, page.stashed[index], blocks.get(index))
            elif page.host.drawn is not None:
                page.host.drawn.append((blocks[index], result))
            page.figures[index] = result
            self.md.htmlStash.rawHtmlBlocks[index] = _PLACE.format(index)
        return text

    def _alive(self, text: str) -> Iterator[int]:
        """The fences whose placeholders are in the text, or in raw HTML within it."""
        raw = self.md.htmlStash.rawHtmlBlocks
        for found in HTML_PLACEHOLDER_RE.finditer(text):
            index = int(found[1])
            stashed = self._page.stashed.get(index)
            if stashed is not None:
                if not stashed.fence.commented:
                    yield index
            elif index < len(raw) and HTML_PLACEHOLDER_RE.search(html := str(raw[index])):
                html = _LITERAL.sub(lambda found: self._page.restored(found[0], str), html)
                raw[index] = html
                yield from self._alive(html)

    def _failed(self, error: TokenheatError, stashed: Stashed, block: Block | None) -> str:
        line = error.line_in(block.lines if block else {})
        placed = error.at(self._page.place(stashed.fence, line))
        settings = self._page.site.settings
        self._page.refuse(placed)
        width = len(stashed.fence.prefix)
        source = "\n".join(line[width:] for line in stashed.lines)
        from mkdocs_tokenheat.views.figure import error_figure

        return error_figure(placed, source, settings.options.lang, settings.labels)


class Places(_OfPage, Postprocessor):
    """Inserts the figures, at a point where nothing searches them for placeholders."""

    def run(self, text: str) -> str:
        """The text with its figures."""
        if not self._page.figures:
            return text
        parts = _PLACES.split(text)
        parts[1::2] = [self._page.figures[int(index)] for index in parts[1::2]]
        return "".join(parts)
