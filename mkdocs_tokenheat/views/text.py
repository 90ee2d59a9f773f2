"""The text view: the block's text, each token or word on the colour of its number."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from mkdocs_tokenheat.scoring.scores import Cell, Scores
from mkdocs_tokenheat.views.colormaps import Colormap
from mkdocs_tokenheat.views.labels import expected, said
from mkdocs_tokenheat.views.markup import escape
from mkdocs_tokenheat.views.scale import Scale

__all__ = ["HATCHED", "text_view"]

HATCHED = "background:repeating-linear-gradient(45deg,#fff 0 4px,#ddd 4px 6px);color:#444"
"""A cell without a number."""

_PRE = (
    "white-space:pre-wrap;overflow-wrap:break-word;margin:0;padding:.5em .8em;line-height:1.8;"
    "text-align:start;background:#fff;color:#000;print-color-adjust:exact"
)
_STRIP = "0 100%/100% .25em no-repeat"
_NO_BAND = "#999"


def text_view(
    text: str,
    scores: Scores,
    scale: Scale | None,
    colours: Colormap,
    lang: str,
    text_lang: str | None,
) -> str:
    """The `pre` whose text content is the text, character for character.

    Parameters:
        lang: The language of the labels.
        text_lang: The language of the text, if it is known.
    """
    numbers = scores.on_scale
    titles = said(scores, lang)
    if scores.expected:
        titles = [f"{t}; {e}" if e else t for t, e in zip(titles, expected(scores), strict=True)]
    parts: list[str] = []
    at = 0
    for cell in scores.cells:
        first, count, start, end = cell
        if start > at:
            parts.append(escape(text[at:start]))
        shown = text[start:end]
        if count == 1:
            style, title = _background(numbers[first], scale, colours), titles[first]
        else:
            style, title = _joined(cell, scores, numbers, scale, colours, titles, shown)
        if start == at > 0:
            # A line beside the cell, which moves no letter and breaks no ligature. It comes first:
            # what follows `</span><span` is then always the same, and compresses to almost nothing.
            style = f"box-shadow:{'' if _is_rtl(shown) else '-'}1px 0;{style}"
        if shown[0] == "\n":
            style += ";padding-left:.5em"
        parts.append(f'<span style="{style}" title="{title}">{escape(shown)}</span>')
        at = end
    parts.append(escape(text[at:]))
    # An HTML parser drops a newline that directly follows the tag.
    newline = "\n" if text.startswith("\n") else ""
    attribute = f' lang="{escape(text_lang)}"' if text_lang else ""
    return (
        f'<pre class="tokenheat-text" dir="auto"{attribute} style="{_PRE}">'
        f"{newline}{''.join(parts)}</pre>"
    )


def _background(score: float | None, scale: Scale | None, colours: Colormap) -> str:
    if score is None or scale is None:
        return HATCHED
    return colours.styles[colours.index(scale.position(score))]


def _joined(
    cell: Cell,
    scores: Scores,
    on_scale: Sequence[float | None],
    scale: Scale | None,
    colours: Colormap,
    titles: Sequence[str],
    shown: str,
) -> tuple[str, str]:
    """Tokens that share a character: the colour of their mean, and a strip with a band a token."""
    first, count, _, _ = cell
    members = [i for i in range(first, first + count) if scores.spans[i][0] < scores.spans[i][1]]
    numbers = [on_scale[i] for i in members]
    known = [n for n in numbers if n is not None]
    mean = sum(known) / len(known) if known else None
    title = " · ".join(titles[i] for i in members)
    style = _background(mean, scale, colours)
    if scale is None or not known or len(members) == 1:
        return style, title
    bands = []
    for i, value in enumerate(numbers):
        colour = (
            _NO_BAND if value is None else colours.colours[colours.index(scale.position(value))]
        )
        bands.append(f"{colour} {_percent(i, len(numbers))} {_percent(i + 1, len(numbers))}")
    direction = "270deg" if _is_rtl(shown) else "90deg"
    strip = f"linear-gradient({direction},{','.join(bands)}) {_STRIP}"
    return style.replace("background:", f"background:{strip} ", 1) + ";padding-bottom:.25em", title


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g}%"


def _is_rtl(text: str) -> bool:
    if text.isascii():
        return False
    return any(unicodedata.bidirectional(char) in ("R", "AL") for char in text)
