"""The text view: the block's text, each token or word on the colour of its number."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.block.words import Cell
from mkdocs_tokenheat.scoring.entry import Entry
from mkdocs_tokenheat.scoring.request import Models, Request, make_request
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.scoring.statistic import Statistic, make_statistic
from mkdocs_tokenheat.views.colormaps import Colormap, Look
from mkdocs_tokenheat.views.fitting import has_baseline, has_vocabulary
from mkdocs_tokenheat.views.labels import Labels, expected, note, said, say
from mkdocs_tokenheat.views.markup import escape, escape_each, number, visible_each
from mkdocs_tokenheat.views.paint import HATCHED, KEPT, Paint, is_rtl, swatch
from mkdocs_tokenheat.views.scale import Scale
from mkdocs_tokenheat.views.view import Answer, Column, Group, Picture, View, lang_of

if TYPE_CHECKING:
    from mkdocs_tokenheat.scoring.geometry.baseline import Baseline
    from mkdocs_tokenheat.scoring.geometry.quantiles import Quantiles

__all__ = [
    "VIEW",
    "asked_of",
    "group_of",
    "hatched",
    "pieces_of",
    "shown_text",
    "units_of",
    "what_of",
]

_PRE = (
    # In `break-spaces` a space at a line's end keeps its place; who does not know it still wraps.
    "white-space:pre-wrap;white-space:break-spaces;overflow-wrap:break-word;margin:0;"
    "padding:.5em .8em;line-height:1.8;text-align:start;background:#fff;color:#000;" + KEPT
)
_UNDERLINED = ";line-height:2.3;text-underline-offset:.2em;text-decoration-skip-ink:none"

# The marker of a list item is the only text that an inline style can make. It is no part of the
# text content, and cannot be selected.
_NUMBER = (
    '<sup aria-hidden="true" style="display:inline list-item;list-style:inside \'{}\';'
    'font-size:.65em;line-height:0;white-space:nowrap"></sup>'
)
_WHOLE = ";white-space:nowrap"
"""Keeps a token's number beside it: a word that is longer than a line breaks between tokens."""
_WORD = re.compile(r"\S{1,20}")
"""What fits on a line with its numbers."""
_FEW = 3
"""Numbers of one cell that fit on a line."""
_MARK = "\u200e"  # Keeps a minus sign before its number, in a text from right to left.
_UNSEEN = re.compile(
    "[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
)
"""Characters that show nothing by themselves."""
_THIN = "\u202f"  # A space that no line breaks at.


def asked_of(
    block: Block, models: Models, name: str, unit: str | None = None, mark: str = ""
) -> dict[str, Request | Statistic[Entry]]:
    """What a text needs that is coloured by its scores.

    Parameters:
        name: The model's.
        unit: Overrides the block's own.
        mark: What tells it from other texts in the same block.
    """
    request, options = make_request(block, models, name, unit), block.options
    asked: dict[str, Request | Statistic[Entry]] = {f"scores{mark}": request}
    if request.model is not None and has_vocabulary(options, request.metric):
        from mkdocs_tokenheat.scoring.geometry import quantiles

        single = quantiles.Given(metric=request.metric.name, target=request.target)
        asked[f"quantiles{mark}"] = make_statistic(
            quantiles.KIND, [request.model], request.way, single
        )
    compares = options.baseline is not None and options.view == "text"
    if request.model is not None and compares and has_baseline(options, request.metric):
        from mkdocs_tokenheat.scoring.geometry import baseline

        whole = baseline.Given(text=request.text, unit=request.unit)
        asked[f"baseline{mark}"] = make_statistic(
            baseline.KIND, [request.model], request.way, whole
        )
    return asked


def group_of(answer: Answer, mark: str = "") -> Group:
    """The numbers of such a text."""
    quantiles: Quantiles | None = answer.found.get(f"quantiles{mark}")
    scores: Scores = answer.found[f"scores{mark}"]
    return Group(scores.coloured, quantiles.numbers if quantiles else ())


def what_of(answer: Answer, labels: Labels, unit: str) -> str:
    """What such a text shows, in words."""
    options = answer.block.options
    vector = options.embedding if options.layer == "input" else "layer"
    return labels[f"metric-{options.metric}"].format(
        unit=labels[unit], vector=labels[f"vector-{vector}"], target=options.target or ""
    )


def hatched(scores: Scores, labels: Labels) -> list[str]:
    """What the legend says of cells without a colour, if there are any."""
    if len(scores.coloured) == len(scores.scores):
        return []
    units = zip(scores.on_scale, scores.spans, strict=True)
    if any(score is None and start < end for score, (start, end) in units):
        return [f"{swatch('1.2em', HATCHED)} {say(labels, 'hatched')}"]
    return []


def _draw(
    answer: Answer, scales: Sequence[Scale | None], colours: Colormap, labels: Labels
) -> Picture:
    block = answer.block
    request, scores = answer.request, answer.scores
    pieces, numbers = pieces_of(block.text, scores), said(scores, labels)
    baseline: Baseline | None = answer.found.get("baseline")
    notes = [note(labels, each) for each in scores.notes]
    legend = hatched(scores, labels) if scales[0] else []
    if baseline is not None:
        legend.append(_muted(scores, baseline, labels, labels[request.unit]))
    return Picture(
        body=shown_text(block, scores, pieces, numbers, scales[0], colours, baseline),
        what=what_of(answer, labels, request.unit),
        models=(request.model.name,) if request.model else (),
        legend=legend,
        notes=notes,
        table=lambda: _table(scores, pieces, numbers, request.unit, labels),
    )


def _muted(scores: Scores, baseline: Baseline, labels: Labels, unit: str) -> str:
    if baseline.threshold is None:
        return say(labels, "no-baseline")
    count = sum(map(baseline.stands_out, scores.coloured))
    return say(
        labels,
        "muted",
        unit=unit,
        threshold=number(baseline.threshold),
        count=str(count),
        chance=f"{baseline.by_chance:.2g}",
    )


def _table(
    scores: Scores, pieces: Sequence[str], numbers: Sequence[str], unit: str, labels: Labels
) -> list[Column]:
    columns = [
        Column(say(labels, f"column-{unit}"), units_of(pieces, labels)),
        Column(say(labels, "column-score"), numbers),
    ]
    if scores.expected:
        columns.append(Column(say(labels, "column-expected"), expected(scores), is_text=True))
    return columns


def pieces_of(text: str, scores: Scores) -> Sequence[str]:
    """What each unit shows of the text, escaped."""
    return _cut(text, scores.starts, scores.ends)


def units_of(pieces: Sequence[str], labels: Labels) -> Sequence[str]:
    """What the units show, with its white space drawn, and said where nothing is seen."""
    drawn = visible_each(pieces)
    if "" not in drawn and not _UNSEEN.search("".join(drawn)):
        return drawn
    nothing = f"<i>{say(labels, 'nothing-shown')}</i>"
    return [
        f"<i>{' '.join(f'U+{ord(char):04X}' for char in piece)}</i>"
        if piece and not _UNSEEN.sub("", piece)
        else piece or nothing
        for piece in drawn
    ]


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
        numbers: What is said of each unit's number.
    """
    text, joined = block.text, scores.joined
    underlines = block.options.encode == "colour+underline"
    paint = Paint(scale, colours, underlines, baseline.stands_out if baseline else None)
    starts, ends = scores.cell_starts, scores.cell_ends
    # What the cells show, and what lies before each of them and behind the last one.
    wide = _cut(text, [cell[2] for cell in joined], [cell[3] for cell in joined])
    contents = scores.by_cell(pieces, wide)
    gaps = _cut(text, [0, *ends], [*starts, len(text)])
    looks, titles = paint.each(scores.on_scale), _titles(scores, numbers)
    units = [_units(scores, cell) for cell in joined]
    rtl = is_rtl(text)
    looks = scores.by_cell(looks, _joined_looks(text, scores, units, paint, looks, some_rtl=rtl))
    titles = scores.by_cell(titles, [" · ".join([titles[i] for i in each]) for each in units])
    styles = [look.style if gap else look.beside for look, gap in zip(looks, gaps, strict=False)]
    if starts[:1] == [0]:
        styles[0] = looks[0].style
    for i, content in enumerate(contents if rtl else ()):
        if is_rtl(content):
            styles[i] = styles[i].replace("box-shadow:-", "box-shadow:", 1)
    for i, content in enumerate(contents if "\n" in text else ()):
        if content[0] == "\n":
            styles[i] += ";padding-left:.5em"
    if block.options.numbers:
        for i, (cell, content) in enumerate(zip(scores.cells, contents, strict=True)):
            if cell[1] <= _FEW and _WORD.fullmatch(content):
                styles[i] += _WHOLE
        contents = [_numbered(scores, *each) for each in zip(scores.cells, contents, strict=True)]
    parts = ["", '<span style="', "", '" title="', "", '">', "", "</span>"] * len(contents)
    parts[::8], parts[2::8], parts[4::8], parts[6::8] = gaps[:-1], styles, titles, contents
    style = _PRE + _UNDERLINED if underlines else _PRE
    opening = f'<pre class="tokenheat-text" dir="auto"{lang_of(block)} style="{style}">'
    # An HTML parser drops a newline that directly follows the tag.
    newline = "\n" if text.startswith("\n") else ""
    return "".join([opening, newline, *parts, gaps[-1], "</pre>"])


def _titles(scores: Scores, numbers: Sequence[str]) -> Sequence[str]:
    if not scores.expected:
        return numbers
    return [f"{n}; {e}" if e else n for n, e in zip(numbers, expected(scores), strict=True)]


def _cut(text: str, starts: Sequence[int], ends: Sequence[int]) -> Sequence[str]:
    pieces = [text[start:end] for start, end in zip(starts, ends, strict=True)]
    return pieces if escape(text) == text else escape_each(pieces)


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
    known: dict[object, Look] = {}  # Words come again.
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
    # The sum of the largest floats is none.
    return mean if math.isfinite(mean) else sum(number / len(known) for number in known)


def _units(scores: Scores, cell: Cell) -> list[int]:
    """The units of a cell that show something."""
    first, count, _, _ = cell
    return [i for i in range(first, first + count) if scores.starts[i] < scores.ends[i]]


def _numbered(scores: Scores, cell: Cell, content: str) -> str:
    """What a cell shows, and behind it the cell's numbers, if it has any."""
    numbers = [scores.told[unit] for unit in _units(scores, cell)]
    if not any(value is not None for value in numbers):
        return content
    shown = ["—" if n is None else _MARK * (n < 0) + number(n) for n in numbers]
    # Those of a whole emoji may need more than a line.
    between = "<wbr>" if len(shown) > _FEW else ""
    each = between.join(
        _NUMBER.format(f"{_THIN}{one}{_THIN}{dot}")
        for one, dot in zip(shown, [*["·"] * (len(shown) - 1), ""], strict=True)
    )
    end = len(content.rstrip("\n"))
    return content[:end] + each + content[end:]


VIEW = View(
    measure=lambda block: block.options.metric,
    ask=lambda block, models: asked_of(block, models, block.options.models[0]),
    groups=lambda answer: [group_of(answer)],
    draw=_draw,
)
