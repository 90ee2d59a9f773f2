"""The neighbours: for each word of a list, the nearest tokens of the vocabulary."""

from __future__ import annotations

from collections.abc import Sequence

from mkdocs_tokenheat.block.lists import read_words
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.scoring.geometry.neighbours import KIND, Given, Near, Neighbours
from mkdocs_tokenheat.scoring.request import Models, sources, static_way
from mkdocs_tokenheat.scoring.statistic import make_statistic
from mkdocs_tokenheat.views.colormaps import Colormap
from mkdocs_tokenheat.views.grid import cell, frame, header
from mkdocs_tokenheat.views.labels import Labels, entry_notes, say
from mkdocs_tokenheat.views.markup import escape, named, number
from mkdocs_tokenheat.views.paint import HATCHED_SWATCH, Paint
from mkdocs_tokenheat.views.scale import Scale
from mkdocs_tokenheat.views.view import Answer, Asked, Column, Group, Picture, View

__all__ = ["VIEW"]

_MOST = 60


def _words(block: Block) -> tuple[str, ...]:
    return read_words(block, fewest=1, most=_MOST)


def _ask(block: Block, models: Models) -> Asked:
    options = block.options
    given = Given(words=_words(block), k=options.k, fold=options.fold)
    return {"neighbours": make_statistic(KIND, sources(block, models), static_way(options), given)}


def _groups(answer: Answer) -> Sequence[Group]:
    found: Neighbours = answer.found["neighbours"]
    return [Group([cosine for near in found.words for _, cosine in near or ()])]


def _draw(
    answer: Answer, scales: Sequence[Scale | None], colours: Colormap, labels: Labels
) -> Picture:
    options = answer.block.options
    found: Neighbours = answer.found["neighbours"]
    words = list(zip(_words(answer.block), found.words, strict=True))
    paint = Paint(scales[0], colours)
    columns = max((len(near or ()) for near in found.words), default=0)
    head = "".join(header(str(place + 1), "col") for place in range(columns))
    rows = [
        header(word, "row") + _cells(word, near, paint, labels, numbers=options.numbers)
        for word, near in words
    ]
    legend = [f"{HATCHED_SWATCH} {say(labels, 'unknown')}"]
    what = labels["view-neighbours"].format(vector=labels[f"vector-{options.embedding}"])
    return Picture(
        body=frame("tokenheat-neighbours", what, answer.block, head, rows),
        what=what,
        models=options.models,
        legend=legend if None in found.words else (),
        notes=entry_notes(labels, found.notes),
        table=lambda: _table(words, labels),
    )


def _cells(word: str, near: Near | None, paint: Paint, labels: Labels, *, numbers: bool) -> str:
    if near is None:
        return cell(None, word, paint, labels, numbers=numbers)
    return "".join(
        cell(
            cosine,
            f"{word} · {_shown(text, labels)}",
            paint,
            labels,
            numbers=numbers,
            shown=_shown(text, labels),
        )
        for text, cosine in near
    )


def _shown(text: str, labels: Labels) -> str:
    return named(text) or labels["nothing-shown"]


def _table(words: Sequence[tuple[str, Near | None]], labels: Labels) -> list[Column]:
    rows = [[say(labels, name) for name in ("column-entry", "column-neighbour", "column-cosine")]]
    for word, near in words:
        if near is None:
            rows.append([escape(word), say(labels, "unknown"), say(labels, "none")])
        rows += [
            [escape(word), escape(_shown(text, labels)), number(cosine)]
            for text, cosine in near or ()
        ]
    columns = zip(*rows, strict=True)
    return [Column(name, cells, is_text=i == 1) for i, (name, *cells) in enumerate(columns)]


VIEW = View(lambda block: "cosine", _ask, _groups, _draw)
