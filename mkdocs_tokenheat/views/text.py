"""The text view: the block's text, each token or word on the colour of its number."""

from __future__ import annotations

from collections.abc import Sequence

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.views.colormaps import Colormap
from mkdocs_tokenheat.views.labels import Labels, expected, said
from mkdocs_tokenheat.views.markup import escape, number
from mkdocs_tokenheat.views.paint import Paint, is_rtl
from mkdocs_tokenheat.views.scale import Scale

__all__ = ["KEPT", "text_view"]

KEPT = (
    "-webkit-print-color-adjust:exact;print-color-adjust:exact;"  # Chrome until 135, and the others
    "forced-color-adjust:none"
)
"""Keeps colours that mean something, on paper and where a reader's system sets its own."""

_PRE = (
    # In `break-spaces` a space at a line's end keeps its place; who does not know it still wraps.
    "white-space:pre-wrap;white-space:break-spaces;overflow-wrap:break-word;margin:0;"
    "padding:.5em .8em;line-height:1.8;text-align:start;background:#fff;color:#000;" + KEPT
)
_UNDERLINED = ";line-height:2.2;text-underline-offset:.2em;text-decoration-skip-ink:none"

# The marker of a list item is the only text that an inline style can make. It is no part of the
# text content, cannot be selected, and lets no line break in before it.
_NUMBER = (
    '<sup aria-hidden="true" style="display:inline list-item;list-style:inside \'{}\';'
    'font-size:.65em;line-height:0"></sup>'
)
_THIN = "\u202f"  # A space that no line breaks at.


def text_view(
    block: Block, scores: Scores, scale: Scale | None, colours: Colormap, labels: Labels
) -> str:
    """The `pre` whose text content is the block's text, character for character."""
    text, options = block.text, block.options
    underlines = options.encode == "colour+underline"
    paint = Paint(scores.on_scale, scale, colours, underlines)
    titles = said(scores, labels)
    if scores.expected:
        titles = [f"{t}; {e}" if e else t for t, e in zip(titles, expected(scores), strict=True)]
    parts: list[str] = []
    at = 0
    for first, count, start, end in scores.cells:
        if start > at:
            parts.append(escape(text[at:start]))
        shown = text[start:end]
        if count == 1:
            units: Sequence[int] = (first,)
            (style, edge), title = paint.one(first), titles[first]
        else:
            spans = scores.spans
            units = [i for i in range(first, first + count) if spans[i][0] < spans[i][1]]
            style, edge = paint.joined(units, shown)
            title = " · ".join(titles[i] for i in units)
        if start == at > 0:
            # A line beside the cell, which moves no letter and breaks no ligature. It comes first:
            # what follows `</span><span` is then always the same, and compresses to almost nothing.
            style = f"box-shadow:{'' if is_rtl(shown) else '-'}1px 0 {edge};{style}"
        if shown[0] == "\n":
            style += ";padding-left:.5em"
        content = escape(shown)
        if options.numbers:
            ends = len(content.rstrip("\n"))
            content = content[:ends] + _printed(scores, units) + content[ends:]
        parts.append(f'<span style="{style}" title="{title}">{content}</span>')
        at = end
    parts.append(escape(text[at:]))
    # An HTML parser drops a newline that directly follows the tag.
    newline = "\n" if text.startswith("\n") else ""
    known = options.lang if "lang" in block.lines else None
    lang = f' lang="{escape(known)}"' if known else ""
    style = _PRE + _UNDERLINED if underlines else _PRE
    return (
        f'<pre class="tokenheat-text" dir="auto"{lang} style="{style}">'
        f"{newline}{''.join(parts)}</pre>"
    )


def _printed(scores: Scores, units: Sequence[int]) -> str:
    """The cell's numbers behind its text, if it has one."""
    off = scores.unknown
    numbers = [None if unit in off else scores.scores[unit] for unit in units]
    if not any(value is not None for value in numbers):
        return ""
    shown = f"{_THIN}·{_THIN}".join("—" if n is None else number(n) for n in numbers)
    return _NUMBER.format(_THIN + shown + _THIN)
