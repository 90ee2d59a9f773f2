"""Turns Markdown into a page and looks at the page as a browser would: through an HTML parser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import markdown
from markdown.extensions import Extension

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.hosts.markdown import makeExtension

SVG = "{http://www.w3.org/2000/svg}"
SHAPES = [f"{SVG}{name}" for name in ("svg", "path", "rect", "text", "title")]

ELEMENTS = frozenset(
    ("figure", "pre", "span", "figcaption", "details", "summary", "table", "thead", "tbody")
).union(("tr", "th", "td", "i", "sup", "div", "strong", "br", "bdi", "ol", "li", *SHAPES))
"""Every element that a figure, or an error's box, consists of."""

DRAWN = ("viewBox", "d", "x", "y", "width", "height", "text-anchor")

ATTRIBUTES = (
    frozenset(("class", "style", "title", "dir", "lang", "role", "scope"))
    .union(("aria-hidden", "aria-label", "data-metric", "data-model", "data-search-exclude"))
    .union(("data-view", "tabindex", "{http://www.w3.org/2000/xmlns/}xmlns", *DRAWN))
)
"""Every attribute that they have."""


def convert(source: str, cache: Path, *extensions: str | Extension, **settings: object) -> str:
    """The page of some Markdown.

    Unless a test says otherwise, blocks are coloured by the length of their words, which needs no
    model, and have neither legend nor table.
    """
    quick = {"metric": "length", "unit": "word", "legend": False, "table": False}
    extension = makeExtension(cache_dir=str(cache), **(quick | settings))
    return markdown.markdown(source, extensions=[*extensions, extension])


def parse(html: str) -> Element:
    """The page as an HTML5 parser reads it."""
    root: Element = html5lib.parseFragment(html, namespaceHTMLElements=False)
    return root


def content(element: Element) -> str:
    """An element's text content."""
    return "".join(element.itertext())


def having(root: Element, name: str) -> Iterator[Element]:
    """The elements of a class."""
    return (each for each in root.iter() if name in (each.get("class") or "").split())


def texts(html: str) -> list[str]:
    """The text content of each text view."""
    return [content(view) for view in having(parse(html), "tokenheat-text")]


@dataclass(frozen=True)
class Shown:
    """A cell of a text view."""

    text: str
    title: str
    style: str

    @property
    def declarations(self) -> dict[str, str]:
        """Its inline style, by property."""
        pairs = (declaration.partition(":") for declaration in self.style.split(";"))
        return {name: value for name, _, value in pairs}

    @property
    def background(self) -> str:
        return self.declarations["background"]


def cells(html: str) -> list[Shown]:
    """The cells of all text views."""
    views: Sequence[Element] = list(having(parse(html), "tokenheat-text"))
    return [
        Shown(content(cell), cell.get("title") or "", cell.get("style") or "")
        for view in views
        for cell in view
    ]


def assert_harmless(html: str) -> None:
    """Check that there are only the elements and attributes that a figure is made of."""
    for element in parse(html).iter():
        if element.tag == "DOCUMENT_FRAGMENT":
            continue
        assert element.tag in ELEMENTS | {"p"}, html
        assert set(element.attrib) <= ATTRIBUTES, html


def times_shown(block: Block) -> int:
    """How often its figure has the text: once for each model, if the view is of texts."""
    return len(block.options.models) if block.options.view in ("text", "compare") else 0
