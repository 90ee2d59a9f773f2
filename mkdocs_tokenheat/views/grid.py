"""Grids of coloured cells, for matrices and lists of neighbours."""

from __future__ import annotations

from collections.abc import Iterable

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.views.labels import Labels, say
from mkdocs_tokenheat.views.markup import escape, number
from mkdocs_tokenheat.views.paint import KEPT, Paint
from mkdocs_tokenheat.views.view import lang_of

__all__ = ["cell", "frame", "header"]

_NO_BREAK = "\N{NO-BREAK SPACE}"
_FRAME = "overflow-x:auto;margin:0;padding:.5em .8em;background:#fff;color:#000;" + KEPT
_GRID = (
    "display:table;width:auto;margin:0;border-collapse:separate;border-spacing:1px;"
    "font-size:.8em;line-height:1.4;background:#fff;color:#000"
)
# Themes tint the cells of tables.
_OWN = "border:0;box-shadow:none;color:#000;"
_PLAIN = f"padding:.15em .4em;{_OWN}background:#fff;white-space:nowrap;"
_HEADER = _PLAIN + "font-weight:normal;"
_CELL = f"min-width:1.2em;height:1.6em;padding:.15em .4em;{_OWN}text-align:center;"


# Cells begin on lines of their own: some search engines would read a row as one word.


def frame(name: str, what: str, block: Block, head: str, rows: Iterable[str]) -> str:
    """The grid with that class; it scrolls by itself on a page too narrow for it.

    Parameters:
        what: Its name for screen readers.
        head: The headers of the columns; empty for none.
        rows: The cells of each row, its header first.
    """
    first = f'<thead><tr><td style="{_PLAIN}"></td>{head}</tr></thead>' if head else ""
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f'<div class="tokenheat-grid" role="group" tabindex="0" aria-label="{escape(what)}" '
        f'style="{_FRAME}">'
        f'<table class="{name}" dir="auto"{lang_of(block)} style="{_GRID}">{first}'
        f"<tbody>{body}</tbody></table></div>"
    )


def header(text: str, scope: str, *, upright: bool = False) -> str:
    """The header of a row or of a column, upright if there are many."""
    style = _HEADER + ("text-align:end" if scope == "row" else "text-align:center")
    if upright:
        style += ";writing-mode:vertical-rl;vertical-align:bottom"
    return f'\n<th scope="{scope}" style="{style}">{escape(text)}</th>'


def cell(
    value: float | None, name: str, paint: Paint, labels: Labels, *, numbers: bool, shown: str = ""
) -> str:
    """A cell in the colour of its number.

    Parameters:
        name: What the number describes, for its title.
        numbers: Whether it shows the number.
        shown: What else it shows.
    """
    style = paint.of(value).style
    said = say(labels, "none") if value is None else number(value)
    inside = escape(shown)
    if numbers:
        # Code that collects words skips this element.
        inside += f"{_NO_BREAK if inside else ''}<bdi>{said}</bdi>"
    return f'\n<td style="{_CELL}{style}" title="{escape(name)}: {said}">{inside}</td>'
