"""A text in colours: the `pre` in which each unit has the colour of its number."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.block.words import Cell
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.views.colormaps import LINE, Colormap, Look
from mkdocs_tokenheat.views.labels import Labels, expected, say
from mkdocs_tokenheat.views.markup import escape_each, hides, number, unseen, visible_each
from mkdocs_tokenheat.views.paint import KEPT, Paint, is_rtl
from mkdocs_tokenheat.views.scale import Scale
from mkdocs_tokenheat.views.view import lang_of

if TYPE_CHECKING:
    from mkdocs_tokenheat.scoring.geometry.baseline import Baseline

__all__ = ["pieces_of", "shown_text", "units_of"]

_PRE = (
    # `break-spaces` keeps a space at a line's end; browsers that lack it still wrap.
    "white-space:pre-wrap;white-space:break-spaces;overflow-wrap:break-word;margin:0;"
    "padding:.5em .8em;line-height:1.8;text-align:start;background:#fff;color:#000;" + KEPT
)
_UNDERLINED = ";line-height:2.3;text-underline-offset:.2em;text-decoration-skip-ink:none"

# A list marker is the only text that an inline style can create. It is not part of the text
# content, and cannot be selected. WebKit knows no `inline list-item`: there, the marker is that of
# a block in an inline one.
_NUMBER = (
    '<sup aria-hidden="true" style="display:inline-block;display:inline list-item;list-style:none;'
    "font-size:.65em;line-height:0;white-space:nowrap;user-select:none{}"
    '"><span style="display:list-item;display:inline list-item;list-style:inside \'{}\'"></span></sup>'
)
# In right-to-left text, browsers draw the cell on the right over a line beside it.
_LINE_AT_RIGHT = "box-shadow:inset -1px 0;"
_LINES = "box-shadow:inset 1px 0,inset -1px 0;"
"""On both sides, for neighbours that run in different directions and may be on either."""
_WHOLE = ";white-space:nowrap"
"""Keeps a token's number beside it: a word longer than a line breaks between tokens."""
_WORD = re.compile(r"\S{1,20}")
"""A word that fits on a line with its numbers."""
_FEW = 3
"""How many numbers of one cell fit on a line."""
_MARK = "\u200e"  # Keeps a minus sign before its number in right-to-left text.
_THIN = "\u202f"  # A space at which no line breaks.


def pieces_of(text: str, scores: Scores) -> Sequence[str]:
    """The part of the text that each unit shows, escaped."""
    return _cut(text, scores.starts, scores.ends)


def units_of(pieces: Sequence[str], labels: Labels) -> Sequence[str]:
    """What the units show, with white space drawn and invisible characters named."""
    drawn = visible_each(pieces)
    if "" not in drawn and not hides("".join(drawn)):
        return drawn
    nothing = f"<i>{say(labels, 'nothing-shown')}</i>"
    return [f"<i>{points}</i>" if (points := unseen(one)) else one or nothing for one in drawn]


def shown_text(
    block: Block,
    scores: Scores,
    pieces: Sequence[str],
    numbers: Sequence[str],
    scale: Scale | None,
    colours: Colormap,
    baseline: Baseline | None = None,
) -> str:
    """The `pre` whose text content is the block's text, character for character.

    Parameters:
        pieces: What each unit shows, escaped.
        numbers: Each unit's number in words.
    """
    text, joined = block.text, scores.joined
    underlines = block.options.encode == "colour+underline"
    paint = Paint(scale, colours, underlines, baseline.stands_out if baseline else None)
    starts, ends = scores.cell_starts, scores.cell_ends
    # What the cells show, and the text before each of them and after the last one.
    wide = _cut(text, [cell[2] for cell in joined], [cell[3] for cell in joined])
    contents = scores.by_cell(pieces, wide)
    gaps = _cut(text, [0, *ends], [*starts, len(text)])
    looks, titles = paint.each(scores.on_scale), _titles(scores, numbers)
    units = [_units(scores, cell) for cell in joined]
    rtl = is_rtl(text)
    looks = scores.by_cell(looks, _joined_looks(text, scores, units, paint, looks, some_rtl=rtl))
    titles = scores.by_cell(titles, [" · ".join([titles[i] for i in each]) for each in units])
    styles = _styles(text, looks, gaps, contents, some_rtl=rtl)
    if block.options.numbers:
        for i, (cell, content) in enumerate(zip(scores.cells, contents, strict=True)):
            if cell[1] <= _FEW and _WORD.fullmatch(content):
                styles[i] += _WHOLE
        own_way = _runs_from_right(text) if rtl else None
        contents = [
            _numbered(scores, *each, _turn(each[1], own_way))
            for each in zip(scores.cells, contents, strict=True)
        ]
    parts = ["", '<span style="', "", '" title="', "", '">', "", "</span>"] * len(contents)
    parts[::8], parts[2::8], parts[4::8], parts[6::8] = gaps[:-1], styles, titles, contents
    style = _PRE + _UNDERLINED if underlines else _PRE
    opening = f'<pre class="tokenheat-text" dir="auto"{lang_of(block)} style="{style}">'
    # An HTML parser drops a newline that directly follows the tag.
    newline = "\n" if text.startswith("\n") else ""
    return "".join([opening, newline, *parts, gaps[-1], "</pre>"])


def _styles(
    text: str,
    looks: Sequence[Look],
    gaps: Sequence[str],
    contents: Sequence[str],
    *,
    some_rtl: bool,
) -> list[str]:
    """Each cell's declarations: a line if it touches the one before, room for a line's end."""
    styles = [look.style if gap else look.beside for look, gap in zip(looks, gaps, strict=False)]
    if styles:
        styles[0] = looks[0].style
    if some_rtl:
        turned = list(map(is_rtl, contents))
        for i, (before, here) in enumerate(pairwise(turned), 1):
            if before or here:
                line = _LINE_AT_RIGHT if before and here else _LINES
                styles[i] = styles[i].replace(LINE, line, 1)
    for i, content in enumerate(contents if "\n" in text else ()):
        if content[0] == "\n":
            styles[i] += ";padding-left:.5em"
    return styles


def _titles(scores: Scores, numbers: Sequence[str]) -> Sequence[str]:
    if not scores.expected:
        return numbers
    return [f"{n}; {e}" if e else n for n, e in zip(numbers, expected(scores), strict=True)]


def _cut(text: str, starts: Sequence[int], ends: Sequence[int]) -> Sequence[str]:
    return escape_each([text[start:end] for start, end in zip(starts, ends, strict=True)])


def _joined_looks(
    text: str,
    scores: Scores,
    units: Sequence[Sequence[int]],
    paint: Paint,
    looks: Sequence[Look],
    *,
    some_rtl: bool,
) -> list[Look]:
    numbers = scores.on_scale
    known: dict[object, Look] = {}  # Words recur.
    found: list[Look] = []
    for (_, _, start, end), each in zip(scores.joined, units, strict=True):
        mine = tuple([numbers[i] for i in each])
        rtl = some_rtl and is_rtl(text[start:end])
        if (mine, rtl) not in known:
            mean = paint.of(_mean(mine))
            known[mine, rtl] = paint.joined(mean, [looks[i] for i in each], is_rtl=rtl)
        found.append(known[mine, rtl])
    return found


def _mean(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    if not known:
        return None
    mean = sum(known) / len(known)
    # The sum of the largest floats overflows.
    return mean if math.isfinite(mean) else sum(number / len(known) for number in known)


def _units(scores: Scores, cell: Cell) -> list[int]:
    """The units of a cell that show something."""
    first, count, _, _ = cell
    return [i for i in range(first, first + count) if scores.starts[i] < scores.ends[i]]


def _runs_from_right(text: str) -> bool:
    """Whether a browser lays the text out from right to left, judging by its first letter."""
    ways = map(unicodedata.bidirectional, text)
    return next((way != "L" for way in ways if way in ("L", "R", "AL")), False)


def _turn(content: str, own_way: bool | None) -> str:
    """The style that keeps a cell's numbers beside it, in a text that runs the other way."""
    if own_way is None or is_rtl(content) == own_way:
        return ""
    # Symbols follow the direction of the text around them.
    if not own_way or any(char.isalnum() for char in content):
        return f";direction:{'ltr' if own_way else 'rtl'};unicode-bidi:embed"
    return ""


def _numbered(scores: Scores, cell: Cell, content: str, turn: str) -> str:
    """What a cell shows, followed by the cell's numbers, if it has any.

    Parameters:
        turn: The declarations that make the numbers run in the cell's direction.
    """
    numbers = [scores.told[unit] for unit in _units(scores, cell)]
    if not any(value is not None for value in numbers):
        return content
    shown = ["—" if n is None else _MARK * (n < 0) + number(n) for n in numbers]
    # The numbers of one emoji may need more than a line.
    between = "<wbr>" if len(shown) > _FEW else ""
    each = between.join(
        _NUMBER.format(turn, f"{_THIN}{one}{_THIN}{dot}")
        for one, dot in zip(shown, [*["·"] * (len(shown) - 1), ""], strict=True)
    )
    end = len(content.rstrip("\n"))
    return content[:end] + each + content[end:]
