"""What Python-Markdown runs for the extension: fences become placeholders, those become figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from textwrap import dedent
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import ETX, HTML_PLACEHOLDER_RE, STX, AtomicString, Processor, code_escape

from mkdocs_tokenheat.block.fences import NAME, Fence, find_fences, find_unclosed
from mkdocs_tokenheat.block.text import normalize
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts.page import Page, Stashed

if TYPE_CHECKING:
    from markdown import Markdown

    from mkdocs_tokenheat.block.parse import Block

__all__ = ["Apart", "Fences", "Figures", "Places", "Source"]

_LITERAL_TAGS = ("pre", "script", "style", "textarea")
_LITERAL = re.compile(
    rf"<!--.*?(?:-->|\Z)|<({'|'.join(_LITERAL_TAGS)})\b.*?(?:</\1\s*>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
"""Raw HTML in which a fence is no block but what stands there."""

_ITEM = re.compile(r" *(?:[*+-]|\d+\.) ")
_TAB = 4
"""What Python-Markdown takes for the indent of a list item's content."""

_RULE = re.compile(r"(?:-+|=+) *")
"""What makes the line before it a heading."""

# A block-level element; no author can write its first character.
_PLACE = f"<figure>{STX}{NAME}:{{}}{ETX}</figure>"
_PLACES = re.compile(_PLACE.format(r"(\d+)"))


class _OfPage(Processor):
    """A processor that knows the page that is being converted."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(md)
        self._page = page


class Source(_OfPage, Preprocessor):
    """Keeps the page as it came, to find lines in."""

    def run(self, lines: list[str]) -> list[str]:
        """Note the lines; they stay as they are."""
        self._page.reset()
        if any(NAME in line for line in lines):
            self._page.source = [*lines]
            self._check_fences_are_left(lines)
        return lines

    def _check_fences_are_left(self, lines: Sequence[str]) -> None:
        if "fenced_raw_block" not in self.md.preprocessors:
            return
        fences = find_fences(normalize("\n".join(lines)))
        self._page.lost = [fence for fence in fences if not fence.commented]
        for fence in self._page.lost:
            error = TokenheatError(
                "pymdownx.superfences takes this fence away with its setting 'preserve_tabs': "
                "set it to false"
            )
            self._page.refuse(error.at(self._page.place(fence, 0)))


class Fences(_OfPage, Preprocessor):
    """Puts a placeholder in the place of each fence.

    At the margin it gets a blank line on either side. Further in, a blank line could end the list
    item that the fence belongs to, or make it code: there, `Apart` finds it in its paragraph.
    """

    def run(self, lines: list[str]) -> list[str]:
        """The lines with placeholders in the places of fences."""
        if not any(NAME in line for line in lines):
            return lines
        fences = list(find_fences(lines))
        out: list[str] = []
        done = 0
        for fence in fences:
            out += lines[done : fence.start]
            done = fence.end
            before = behind = False
            following = lines[done] if done < len(lines) else ""
            if not fence.commented:  # A comment must stay in one piece.
                before = bool(out and out[-1].strip("> ")) and (
                    fence.is_at_margin or _is_item_beside(out[-1], fence.prefix)
                )
                behind = bool(following.strip("> ")) and (
                    fence.is_at_margin or bool(_RULE.fullmatch(following, len(fence.prefix)))
                )
            original = lines[fence.start : fence.end]
            placeholder = self.md.htmlStash.store(code_escape("\n".join(original)).lstrip())
            stashed = Stashed(fence, original, before, behind)
            self._page.stashed[self.md.htmlStash.html_counter - 1] = stashed
            blank = fence.prefix.rstrip()
            out += [blank] * before + [fence.prefix + placeholder]
            out += [blank if following.startswith(blank) else ""] * behind
        out += lines[done:]
        if sum(NAME in line for line in lines) > len(fences):
            self._page.lost = list(find_unclosed(lines))
            for fence in self._page.lost:
                if not fence.may_be_code:
                    _warn_of_unclosed(self._page, fence)
        return out


def _warn_of_unclosed(page: Page, fence: Fence) -> None:
    error = TokenheatError(
        "this block is never closed, so nothing is drawn: end it with a line "
        f"'{fence.marks}', indented like its first one"
    )
    page.warn(error.at(page.place(fence, 0)))


def _is_item_beside(line: str, prefix: str) -> bool:
    """Whether the line is an item of a list that a fence with this prefix stands beside."""
    return (
        len(prefix) % _TAB == 0 and line.startswith(prefix) and bool(_ITEM.match(line, len(prefix)))
    )


def _check_own_words(fence: Fence) -> None:
    """Refuse a text that is not what its author wrote for one.

    Raises:
        TokenheatError: Another extension's placeholder stands in it, where there was none in the
            page, or another block.
    """
    if any(STX in line for line in (fence.info, *fence.body)):
        raise TokenheatError(
            "another Markdown extension has taken a part of this block for its own syntax "
            "(pymdownx.critic does so with {++…++}): write it otherwise, or switch that one off",
            line=0,
        )
    if (line := fence.swallowed) is not None:
        raise TokenheatError(
            f"another block begins here inside one: close that one with a line '{fence.marks}', "
            "or open it with more of these marks if this is its text",
            line=line,
        )


class Apart(_OfPage, Treeprocessor):
    """Gives each placeholder a paragraph of its own, and turns those in literal text back.

    In indented code and in literal elements there is no block.
    """

    def run(self, root: Element) -> None:
        """Change the tree in its place."""
        unclosed = [fence for fence in self._page.lost if fence.may_be_code]
        if unclosed:
            self._tell(unclosed, root)
        if not self._page.stashed:
            return
        for element in root.iter():
            if element.tag in _LITERAL_TAGS:
                self._restore(element, str)
                code = element.find("code")
                if code is not None:
                    self._restore(code, code_escape)
        self._part(root)

    def _tell(self, unclosed: Sequence[Fence], root: Element) -> None:
        """Warn of the fences that nothing closes and whose first lines are no code."""
        others = (element for element in root.iter() if element.tag not in (*_LITERAL_TAGS, "code"))
        seen = {line.strip() for each in others for line in (each.text or "").split("\n")}
        openings = {line for line in seen if NAME in line}
        for fence in unclosed:
            rests = (line.removeprefix(fence.marks) for line in openings)
            if any(rest.strip() == fence.info for rest in rests):
                _warn_of_unclosed(self._page, fence)

    def _part(self, parent: Element) -> None:
        """Cut the paragraphs in an element, and the element's own text, at placeholders."""
        if parent.tag in _LITERAL_TAGS:
            return
        for place, child in reversed(list(enumerate(parent))):
            if child.tag == "p" and len(child) == 0:
                parent[place + 1 : place + 1] = self._cut_off(child)
            else:
                self._part(child)
        parent[:0] = self._cut_off(parent)

    def _cut_off(self, element: Element) -> list[Element]:
        """What stands behind the first lines of an element's text, which it keeps."""
        lines = (element.text or "").split("\n")
        places = [i for i, line in enumerate(lines) if self._is_placeholder(line)]
        if not places or len(lines) == 1:
            return []
        parts: list[Element] = []
        for place, end in zip(places, [*places[1:], len(lines)], strict=True):
            own = Element("p")
            own.text = lines[place].strip()
            behind = Element("div")
            self.md.parser.parseChunk(behind, dedent("\n".join(lines[place + 1 : end])))
            parts += [own, *behind]
        if places[0] == 0 and element.tag == "p":
            element.text = parts.pop(0).text
        else:
            element.text = "\n".join(lines[: places[0]])
        return parts

    def _is_placeholder(self, line: str) -> bool:
        found = HTML_PLACEHOLDER_RE.fullmatch(line.strip())
        stashed = self._page.stashed.get(int(found[1])) if found else None
        return stashed is not None and not stashed.fence.commented

    def _restore(self, element: Element, escape: Callable[[str], str]) -> None:
        if element.text and HTML_PLACEHOLDER_RE.search(element.text):
            element.text = AtomicString(self._page.restored(element.text, escape))


class Figures(_OfPage, Postprocessor):
    """Makes the figures of those fences whose placeholders are left in the page."""

    def run(self, text: str) -> str:
        """Draw what the text has placeholders for; it stays as it is."""
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
                _check_own_words(fence)
                blocks[index] = read_block(fence.info, fence.body, page.site.settings.options)
            except TokenheatError as error:
                errors[index] = error
        results = dict(zip(blocks, page.site.figures(list(blocks.values())), strict=True))
        for index in found:
            result = errors[index] if index in errors else results[index]
            if isinstance(result, TokenheatError):
                result = self._failed(result, page.stashed[index], blocks.get(index))
            elif page.extension.drawn is not None:
                page.extension.drawn.append((blocks[index], result))
            page.figures[index] = result
            self.md.htmlStash.rawHtmlBlocks[index] = _PLACE.format(index)
        return text

    def _alive(self, text: str) -> Iterator[int]:
        """The fences whose placeholders the text holds, or raw HTML that stands in it."""
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
        line = error.line
        if line is None:
            line = block.lines.get(error.option or "", 0) if block else 0
        placed = error.at(self._page.place(stashed.fence, line))
        settings = self._page.site.settings
        self._page.refuse(placed)
        width = len(stashed.fence.prefix)
        source = "\n".join(line[width:] for line in stashed.lines)
        from mkdocs_tokenheat.views.figure import error_figure

        return error_figure(placed, source, settings.options.lang, settings.labels)


class Places(_OfPage, Postprocessor):
    """Puts the figures into their places, where nobody looks through them for placeholders."""

    def run(self, text: str) -> str:
        """The text with the figures in it."""
        if not self._page.figures:
            return text
        parts = _PLACES.split(text)
        parts[1::2] = [self._page.figures[int(index)] for index in parts[1::2]]
        return "".join(parts)
