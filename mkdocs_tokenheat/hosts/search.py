"""What a search index gets of a page: the words of its figures in place, without numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from mkdocs_tokenheat.views.markup import escape

if TYPE_CHECKING:
    from mkdocs_tokenheat.block.parse import Block

__all__ = ["Figure", "find_figures", "with_figures", "without_figures"]

_OPENING = re.compile(r'<figure\b[^<>]*\bclass="tokenheat"')
_CLOSING = "</figure>"
_TEXT = '<pre class="tokenheat-text"', "</pre>"
_SHOWN = re.compile(r">([^<]+)")
_PLAIN = re.compile(r'<div data-tokenheat="(\d{1,9})">.*?</div>', re.DOTALL)


class Figure(NamedTuple):
    """The place of a figure in a page's HTML.

    Attributes:
        said: Its words, as HTML: what search sees.
    """

    start: int
    end: int
    said: str


def find_figures(html: str, drawn: Sequence[tuple[Block, str]] = ()) -> Iterator[Figure]:
    """The figures of a page.

    Parameters:
        drawn: Blocks with their figures, which may be among them; text figures need no parsing.
    """
    known, at = [(b, figure) for b, figure in drawn if b.options.view == "text"], 0
    # On pages that are slow to search, a pattern for a whole figure is slow, too.
    while (opening := _OPENING.search(html, at)) is not None:
        start = opening.start()
        here = next(
            (i for i, (_, figure) in enumerate(known) if html.startswith(figure, start)), None
        )
        if here is not None:
            block, figure = known.pop(here)
            at = start + len(figure)
            words, caption = escape(block.text), escape(block.options.caption or "")
        else:
            below = html.find("<figcaption", start)
            at = html.find(_CLOSING, below) + len(_CLOSING)
            if below < 0 or at < below:
                break
            stop = html.find("</figcaption>", below, at)
            caption, _ = _between(html, '<span class="tokenheat-caption"', "</span>", below, stop)
            words = _words(html[html.find(">", start) + 1 : below])
        said = f"<p>{words}</p><p>{caption}</p>" if caption else f"<p>{words}</p>"
        yield Figure(start, at, said)


def _between(html: str, opening: str, closing: str, start: int, stop: int) -> tuple[str, int]:
    """The content of the next element that opens so, and where it ends; -1 if there is none."""
    start = html.find(opening, start, stop)
    if start < 0:
        return "", -1
    start = html.find(">", start) + 1
    end = html.find(closing, start)
    return html[start:end], end


def _words(body: str) -> str:
    """What a view shows: its words, or its text, only once even if several models colour it."""
    texts: dict[str, None] = {}
    text, end = _between(body, *_TEXT, 0, len(body))
    while end >= 0:
        texts["".join(_SHOWN.findall(f">{text}"))] = None
        text, end = _between(body, *_TEXT, end, len(body))
    if texts:
        return "\n".join(texts)
    from mkdocs_tokenheat.views.plain import plain

    return escape(plain(f"<figure>{body}</figure>").words)


def without_figures(content: str, figures: Iterable[Figure]) -> str:
    """The page with each figure replaced by its words."""
    parts, at = [], 0
    for number, (start, end, said) in enumerate(figures):
        parts += [content[at:start], f'<div data-tokenheat="{number}">{said}</div>']
        at = end
    return "".join([*parts, content[at:]])


def with_figures(changed: str, content: str, figures: Sequence[Figure]) -> str:
    """A page without figures that has since been changed, with its figures put back."""

    def figure(found: re.Match[str]) -> str:
        number = int(found[1])
        if number >= len(figures):
            return found[0]
        return content[figures[number].start : figures[number].end]

    return _PLAIN.sub(figure, changed)
