"""The distribution: a histogram of random pairs' cosines, with pairs of words marked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mkdocs_tokenheat.block.lists import read_pairs
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.scoring.geometry.distribution import KIND, Distribution, Given
from mkdocs_tokenheat.scoring.request import Models, sources, static_way
from mkdocs_tokenheat.scoring.statistic import make_statistic
from mkdocs_tokenheat.views.colormaps import Colormap
from mkdocs_tokenheat.views.labels import Labels, entry_notes, say
from mkdocs_tokenheat.views.markup import escape, isolated, number
from mkdocs_tokenheat.views.paint import KEPT, Paint
from mkdocs_tokenheat.views.scale import Scale
from mkdocs_tokenheat.views.svg import SIZE, box, drawing, line, path, writing
from mkdocs_tokenheat.views.view import Answer, Asked, Column, Group, Picture, View, lang_of

__all__ = ["BARS", "CURVE", "VIEW"]

_MOST = 40

BARS, CURVE = "#949494", "#00429d"
"""The bars are visible on white, and the curve on both."""

_FRAME = (
    "overflow-x:auto;margin:0;padding:.5em .8em;background:#fff;color:#000;overflow-wrap:anywhere;"
    + KEPT
)
_LIST = "list-style:none;margin:.5em 0 0;padding:0;font-size:.9em;line-height:1.8"
_ITEM = "display:inline-block;margin:0;margin-inline-end:1.5em;padding:0"
_CHIP = (
    "display:inline-block;box-sizing:border-box;min-width:1.8em;padding:0 .3em;line-height:1.4;"
    "border:1px solid #000;text-align:center;"
)
_WIDTH, _SIDE, _TALL = 400.0, 20.0, 150.0
_CHIP_WIDTH, _CHIP_HEIGHT, _GAP = 22.0, 18.0, 2.0
_TICKS = 6
_THIN = "\u202f"
_POINTS = 80
_SIGMAS = 4.0


@dataclass(frozen=True)
class _Mark:
    """A pair of words.

    Attributes:
        number: Its label in the drawing.
        found: Its cosine, and the share of random pairs below it.
    """

    number: int
    words: tuple[str, str]
    found: tuple[float, float] | None

    @property
    def name(self) -> str:
        return " · ".join(self.words)


def _ask(block: Block, models: Models) -> Asked:
    given = Given(pairs=read_pairs(block, _MOST))
    way = static_way(block.options)
    return {"distribution": make_statistic(KIND, sources(block, models), way, given)}


def _groups(answer: Answer) -> Sequence[Group]:
    found: Distribution = answer.found["distribution"]
    return [Group([pair[0] for pair in found.pairs if pair is not None])]


def _draw(
    answer: Answer, scales: Sequence[Scale | None], colours: Colormap, labels: Labels
) -> Picture:
    options = answer.block.options
    found: Distribution = answer.found["distribution"]
    pairs = zip(read_pairs(answer.block, _MOST), found.pairs, strict=True)
    marks = [_Mark(i, words, each) for i, (words, each) in enumerate(pairs, 1)]
    what = labels["view-distribution"].format(vector=labels[f"vector-{options.embedding}"])
    paint = Paint(scales[0], colours)
    body = drawing(*_drawn(found, marks, paint, what)) + _listed(marks, paint, answer.block, labels)
    return Picture(
        body=f'<div class="tokenheat-plot" role="group" tabindex="0" aria-label="{escape(what)}" '
        f'style="{_FRAME}">{body}</div>',
        what=what,
        models=options.models,
        legend=(),
        notes=[_summary(found, labels), *entry_notes(labels, found.notes)],
        table=lambda: _table(marks, found, labels),
    )


def _summary(found: Distribution, labels: Labels) -> str:
    return say(
        labels,
        "random-pairs",
        count=f"{found.total:,}".replace(",", _THIN),
        mean=number(found.mean),
        deviation=number(found.deviation),
        dimensions=str(found.dimensions),
        expected=number(1 / math.sqrt(found.dimensions)),
    )


def _drawn(
    found: Distribution, marks: Sequence[_Mark], paint: Paint, what: str
) -> tuple[float, float, str, list[str]]:
    """The drawing's width and height, its name and its shapes.

    The heights are densities: those of the bars, and of N(0, 1/d) with
    p(x) = √(d / 2π) · exp(-d x² / 2).
    """
    sigma = 1 / math.sqrt(found.dimensions)
    shown = [(mark.found[0], mark) for mark in marks if mark.found is not None]
    values = [x for x, _ in shown] + [found.edge(0), found.edge(len(found.counts))]
    low = max(-1.0, min(*values, -_SIGMAS * sigma))
    high = min(1.0, max(*values, _SIGMAS * sigma))

    def across(x: float) -> float:
        inside = min(max(x, low), high)
        return _SIDE + (_WIDTH - 2 * _SIDE) * (inside - low) / (high - low)

    levels = _stacked([across(x) for x, _ in shown])
    top = (_CHIP_HEIGHT + _GAP) * (max(levels, default=0) + 1) + _GAP
    floor = top + _TALL
    densities = [count / (found.total * found.step) for count in found.counts]
    peak = math.sqrt(found.dimensions / (2 * math.pi))
    unit = _TALL / max(*densities, peak)

    chips = [
        (across(cosine), top - (level + 1) * (_CHIP_HEIGHT + _GAP), mark, cosine)
        for (cosine, mark), level in zip(shown, levels, strict=True)
    ]
    shapes = [line(x, y + _CHIP_HEIGHT, x, floor, "stroke:#000") for x, y, *_ in chips]
    steps = [(across(found.edge(0)), floor)]
    for place, density in enumerate(densities):
        height = floor - unit * density
        steps += [(across(found.edge(place)), height), (across(found.edge(place + 1)), height)]
    shapes.append(path([*steps, (steps[-1][0], floor)], f"fill:{BARS}"))
    xs = [sigma * _SIGMAS * (2 * i / _POINTS - 1) for i in range(_POINTS + 1)]
    shapes.append(
        path(
            [
                (across(x), floor - unit * peak * math.exp(-found.dimensions * x * x / 2))
                for x in xs
                if low <= x <= high
            ],
            f"fill:none;stroke:{CURVE};stroke-width:2;stroke-dasharray:6 3",
        )
    )
    shapes += _axis(floor, [(x, across(x)) for x in _ticks(low, high)])
    for chip in chips:
        shapes += _chip(*chip, paint)
    return _WIDTH, floor + SIZE + 12, what, shapes


def _stacked(places: Sequence[float]) -> list[int]:
    """For each mark, the lowest level at which it covers none of the marks left of it."""
    levels = [0] * len(places)
    ends: list[float] = []
    for i in sorted(range(len(places)), key=lambda i: places[i]):
        start = places[i] - _CHIP_WIDTH / 2
        level = next((at for at, end in enumerate(ends) if end <= start), len(ends))
        ends[level:] = [start + _CHIP_WIDTH + _GAP, *ends[level + 1 :]]
        levels[i] = level
    return levels


def _chip(x: float, y: float, mark: _Mark, cosine: float, paint: Paint) -> list[str]:
    look = paint.of(cosine)
    ink = "#fff" if look.style.endswith("color:#fff") else "#000"
    style, title = f"fill:{look.colour};stroke:#000", f"{mark.name}: {number(cosine)}"
    return [
        box(x - _CHIP_WIDTH / 2, y, _CHIP_WIDTH, _CHIP_HEIGHT, style, title),
        writing(x, y + 14, str(mark.number), f"fill:{ink};pointer-events:none"),
    ]


def _axis(floor: float, ticks: Sequence[tuple[float, float]]) -> list[str]:
    shapes = [line(0, floor, _WIDTH, floor, "stroke:#000")]
    for x, place in ticks:
        shapes.append(line(place, floor, place, floor + 5, "stroke:#000"))
        shapes.append(writing(place, floor + SIZE + 5, number(x)))
    return shapes


def _ticks(low: float, high: float) -> list[float]:
    """Evenly spaced round numbers, as many as there is room for."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def _listed(marks: Sequence[_Mark], paint: Paint, block: Block, labels: Labels) -> str:
    lang = lang_of(block)
    items = []
    for mark in marks:
        style = paint.of(mark.found[0] if mark.found else None).style
        chip = f'<span style="{_CHIP}{style}">{mark.number}</span>'
        name = f'<span dir="auto"{lang}>{escape(mark.name)}</span>'
        items.append(f'<li style="{_ITEM}">{chip} {name} {_said(mark, labels)}</li>')
    return f'<ol style="{_LIST}">{"".join(items)}</ol>'


def _said(mark: _Mark, labels: Labels) -> str:
    if mark.found is None:
        return f"({say(labels, 'unknown')})"
    return isolated(number(mark.found[0]))


def _table(marks: Sequence[_Mark], found: Distribution, labels: Labels) -> list[Column]:
    rows = [[say(labels, name) for name in ("column-pair", "column-cosine", "column-random")]]
    for mark in marks:
        name = escape(mark.name)
        if mark.found is None:
            rows.append([name, say(labels, "unknown"), say(labels, "none")])
        else:
            cosine, share = mark.found
            below = say(labels, "below", share=number(100 * share))
            rows.append([name, number(cosine), below])
    random = say(labels, "random")
    under, over = found.outside
    last = len(found.counts)
    if under:
        rows.append([random, f"&lt; {number(found.edge(0))}", str(under)])
    rows += [
        [random, f"{number(found.edge(i))} … {number(found.edge(i + 1))}", str(count)]
        for i, count in enumerate(found.counts)
    ]
    if over:
        rows.append([random, f"≥ {number(found.edge(last))}", str(over)])
    return [Column(name, cells) for name, *cells in zip(*rows, strict=True)]


VIEW = View(lambda block: "cosine", _ask, _groups, _draw)
