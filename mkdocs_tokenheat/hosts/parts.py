"""Gives each placeholder that is next to other lines its own paragraph."""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

from markdown.blockprocessors import BlockProcessor
from markdown.util import HTML_PLACEHOLDER_RE

from mkdocs_tokenheat.hosts.page import Page
from mkdocs_tokenheat.hosts.processors import TAB

if TYPE_CHECKING:
    from markdown import Markdown

__all__ = ["Parts", "PartsBeside"]

_BELOW = re.compile(r" *(?:(?:[*+-]|(?:\d+|[A-Za-z]{1,4}|#)[.)]|:) |\[\^)")
"""An item of any kind, outside quotes: deeper lines below it may belong to it."""


class _OfPlaceholders(BlockProcessor):
    """A block processor that recognises placeholders."""

    def __init__(self, md: Markdown, page: Page) -> None:
        super().__init__(md.parser)
        self._page = page

    def _is_placeholder(self, line: str) -> bool:
        found = HTML_PLACEHOLDER_RE.fullmatch(line.strip())
        stashed = self._page.stashed.get(int(found[1])) if found else None
        return stashed is not None and not stashed.fence.commented

    def _go_on(self, parent: Element, blocks: list[str], behind: list[str]) -> None:
        """Continue after a placeholder, where a list item's own text has ended."""
        if behind and self.parser.state.isstate("list"):
            self.parser.state.set("detabbed")
            self.parser.parseBlocks(parent, behind)
            self.parser.state.reset()
        else:
            blocks[:0] = behind


class PartsBeside(_OfPlaceholders):
    """Keeps placeholders out of tables, definitions and quotes, which absorb adjacent lines."""

    def test(self, parent: Element, block: str) -> bool:
        """Whether a placeholder is next to other lines, and not in an item among them."""
        return bool(self._page.stashed) and "\n" in block and len(self._cut(block)) > 1

    def run(self, parent: Element, blocks: list[str]) -> None:
        """Take the lines up to and including the first such placeholder."""
        pieces = self._cut(blocks.pop(0))
        if not self._is_placeholder(pieces[0]):
            self.parser.parseBlocks(parent, [pieces.pop(0)])
        SubElement(parent, "p").text = pieces.pop(0).strip()
        self._go_on(parent, blocks, pieces)

    def _cut(self, block: str) -> list[str]:
        """The block's parts: each such placeholder, and the lines between them."""
        pieces: list[str] = []
        between: list[str] = []
        item = TAB  # the indent of the outermost item
        for line in block.split("\n"):
            indent = len(line) - len(line.lstrip(" "))
            if indent < TAB and self._is_placeholder(line) and (item == TAB or indent <= item):
                pieces += [*(["\n".join(between)] if between else []), line]
                between, item = [], TAB
                continue
            if indent < item and _BELOW.match(line):
                item = indent
            between.append(line)
        return [*pieces, "\n".join(between)] if between else pieces


class Parts(_OfPlaceholders):
    """Gives each placeholder in a would-be paragraph its own paragraph."""

    def test(self, parent: Element, block: str) -> bool:
        """Whether a line of the block is a placeholder, next to other lines."""
        stashed = self._page.stashed
        return bool(stashed) and "\n" in block and any(map(self._is_placeholder, block.split("\n")))

    def run(self, parent: Element, blocks: list[str]) -> None:
        """Take the lines through the first placeholders; the rest becomes a block of its own."""
        lines = blocks.pop(0).split("\n")
        place = next(i for i, line in enumerate(lines) if self._is_placeholder(line))
        if place:
            self.parser.parseBlocks(parent, ["\n".join(lines[:place])])
        # Indented text that would be code further out is a paragraph here.
        indent = 0
        first = place
        for line in takewhile(self._is_placeholder, lines[place:]):
            deeper = max(len(line) - len(line.lstrip(" ")) - indent, 0) // TAB * TAB
            if deeper and place > first:  # It is code.
                break
            SubElement(parent, "p").text = line.strip()
            indent += deeper
            place += 1
        behind = "\n".join(lines[place:])
        if indent:
            behind = re.sub(f"^ {{0,{indent}}}", "", behind, flags=re.MULTILINE)
        self._go_on(parent, blocks, [behind] if behind else [])
