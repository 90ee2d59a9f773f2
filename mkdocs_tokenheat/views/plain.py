"""A figure read back: as XHTML, and as plain parts for hosts without HTML.

Every view produces one figure, and its content is read from there, so that no view has to know
about LaTeX, manual pages or books.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder, tostring

from mkdocs_tokenheat.views.markup import SPACE

__all__ = ["Piece", "Plain", "Shown", "plain", "xhtml"]

_VOID = frozenset(("area", "br", "col", "hr", "img", "input", "wbr"))
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A hatched cell has none.
_BACKGROUND = re.compile(r"background(?:-color)?:#([0-9a-f]{6})(?:;|$)")
# HTML ignores capitals in names, XML does not.
_NAMES = {"viewbox": "viewBox"}
_WHITE = re.compile(r"(?:^|;)color:#fff(?:;|$)")


@dataclass(frozen=True)
class Piece:
    """A part of the text: a cell, or the text between cells.

    Attributes:
        text: What it shows.
        background: Its colour as `rrggbb`; None for none.
        is_light: Whether its letters are white.
    """

    text: str
    background: str | None = None
    is_light: bool = False


@dataclass(frozen=True)
class Shown:
    """A text in colours.

    Attributes:
        name: The name above it; empty if it is the figure's only text.
        pieces: Its parts, in order.
    """

    name: str
    pieces: Sequence[Piece]


@dataclass(frozen=True)
class Plain:
    """The content of a figure.

    Attributes:
        shown: The block's text, once for each of its models; empty if the figure shows no text.
        words: What a grid or a drawing shows instead, without its numbers.
        caption: The author's caption; empty if there is none.
        legend: Label, legend and notes, as one line.
        table: The rows of the table of numbers, the head first; empty if it is left out.
    """

    shown: Sequence[Shown]
    words: str
    caption: str
    legend: str
    table: Sequence[Sequence[str]]

    @property
    def text(self) -> str:
        """The block's text."""
        return "".join(piece.text for each in self.shown[:1] for piece in each.pieces)


def plain(figure: str) -> Plain:
    """The parts of a figure."""
    root = _parsed(figure)
    for bar in _having(root, "span", "tokenheat-bar"):
        bar.text = "…"
    caption = _first(root, "span", "tokenheat-caption")
    said = "" if caption is None else "".join(caption.itertext())
    below = "".join(text for each in root.iter("figcaption") for text in each.itertext())
    table = _first(root, "table", "tokenheat-table")
    rows = [] if table is None else [_row(row) for row in table.iter("tr")]
    legend = " ".join(below.removeprefix(said).split())
    return Plain(list(_shown(root)), _words(root), said, legend, rows)


def xhtml(html: str) -> str:
    """A figure, or an error's box, as XML: for books.

    Booksellers enforce the rules strictly: in a figure, nothing may follow its caption.
    """
    root = _parsed(html)
    caption, table = root.find("figcaption"), root.find("details")
    if caption is not None and table is not None:
        root.remove(table)
        caption.append(table)
    return tostring(root, encoding="unicode", short_empty_elements=False)


def _words(root: Element) -> str:
    found: list[str] = []
    for grid in _having(root, "div", "tokenheat-grid"):
        cells = (each for each in grid.iter() if each.tag == "td" or each.get("scope") == "row")
        found += [cell.text or "" for cell in cells]  # The number is in a separate element.
    for pairs in root.iter("ol"):
        found += ["".join(each.itertext()) for each in pairs.iter("span") if each.get("dir")]
    return " ".join(" ".join(found).replace(SPACE, " ").split())


def _row(row: Element) -> list[str]:
    return ["".join(cell.itertext()) for cell in row]


def _shown(root: Element) -> Iterator[Shown]:
    names = ["".join(name.itertext()) for name in _having(root, "div", "tokenheat-name")]
    for i, view in enumerate(_having(root, "pre", "tokenheat-text")):
        yield Shown(names[i] if i < len(names) else "", list(_pieces(view)))


def _pieces(view: Element) -> Iterator[Piece]:
    if view.text:
        yield Piece(view.text)
    for each in view:
        style = each.get("style", "")
        colour = _BACKGROUND.search(style)
        text = "".join(each.itertext())
        yield Piece(text, colour[1] if colour else None, bool(_WHITE.search(style)))
        if each.tail:
            yield Piece(each.tail)


def _having(root: Element, tag: str, name: str) -> Iterator[Element]:
    return (each for each in root.iter(tag) if name in each.get("class", "").split())


def _first(root: Element, tag: str, name: str) -> Element | None:
    return next(_having(root, tag, name), None)


def _parsed(html: str) -> Element:
    reader = _Reader()
    reader.feed(_NOT_XML.sub("\ufffd", html))
    reader.close()
    return reader.tree.close()


class _Reader(HTMLParser):
    """Reads a figure's well-formed HTML into a tree."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tree = TreeBuilder()
        self._in_pre = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tree.start(tag, {_NAMES.get(name, name): value or "" for name, value in attrs})
        self._in_pre = tag == "pre"
        if tag in _VOID:
            self.tree.end(tag)

    def handle_endtag(self, tag: str) -> None:
        self._in_pre = False
        self.tree.end(tag)

    def handle_data(self, data: str) -> None:
        # HTML ignores a newline that directly follows the tag, XML does not.
        self.tree.data(data.removeprefix("\n") if self._in_pre else data)
        self._in_pre = False
