"""The matrix: the cosines of each word of a list with every other, as a grid."""

from __future__ import annotations

from collections.abc import Sequence

from mkdocs_tokenheat.block.lists import read_words
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.scoring.geometry.matrix import KIND, Given, Matrix
from mkdocs_tokenheat.scoring.request import Models, sources, static_way
from mkdocs_tokenheat.scoring.statistic import make_statistic
from mkdocs_tokenheat.views.colormaps import Colormap
from mkdocs_tokenheat.views.grid import cell, frame, header
from mkdocs_tokenheat.views.labels import Labels, entry_notes, say
from mkdocs_tokenheat.views.markup import escape, number
from mkdocs_tokenheat.views.paint import HATCHED_SWATCH, Paint
from mkdocs_tokenheat.views.scale import Scale
from mkdocs_tokenheat.views.view import Answer, Asked, Column, Group, Picture, View

__all__ = ["VIEW"]

_MOST = 60


def _words(block: Block) -> tuple[str, ...]:
    return read_words(block, fewest=2, most=_MOST)


def _ask(block: Block, models: Models) -> Asked:
    words, options = _words(block), block.options
    given = Given(words=words, order=options.order)
    return {"matrix": make_statistic(KIND, sources(block, models), static_way(options), given)}


def _groups(answer: Answer) -> Sequence[Group]:
    matrix: Matrix = answer.found["matrix"]
    return [Group([value for row in matrix.rows for value in row if value is not None])]


def _draw(
    answer: Answer, scales: Sequence[Scale | None], colours: Colormap, labels: Labels
) -> Picture:
    options, matrix = answer.block.options, answer.found["matrix"]
    given = _words(answer.block)
    words = [given[i] for i in matrix.order]
    paint = Paint(scales[0], colours)
    places = range(len(words))
    head = "".join(header(word, "col", upright=len(words) > 6) for word in words)
    rows = [
        header(words[row], "row")
        + "".join(
            cell(
                matrix.at(row, column),
                f"{words[row]} · {words[column]}",
                paint,
                labels,
                numbers=options.numbers,
            )
            for column in places
        )
        for row in places
    ]
    notes = [_eigenvalues(matrix, labels), *entry_notes(labels, matrix.notes)]
    what = labels["view-matrix"].format(vector=labels[f"vector-{options.embedding}"])
    return Picture(
        body=frame("tokenheat-matrix", what, answer.block, head, rows),
        what=what,
        models=options.models,
        legend=_hatched(matrix, scales[0], labels),
        notes=notes,
        table=lambda: _table(words, matrix, labels),
    )


def _hatched(matrix: Matrix, scale: Scale | None, labels: Labels) -> list[str]:
    if scale is None or all(value is not None for row in matrix.rows for value in row):
        return []
    return [f"{HATCHED_SWATCH} {say(labels, 'hatched')}"]


def _eigenvalues(matrix: Matrix, labels: Labels) -> str:
    if not matrix.trace:
        return ""
    listed = ", ".join(
        f"{number(value)} ({100 * value / matrix.trace:.3g} %)" for value in matrix.eigenvalues
    )
    return say(labels, "eigenvalues", values=listed, trace=str(matrix.trace))


def _table(words: Sequence[str], matrix: Matrix, labels: Labels) -> list[Column]:
    none = say(labels, "none")
    columns = [Column(say(labels, "column-entry"), [escape(word) for word in words])]
    for column, word in enumerate(words):
        values = [matrix.at(row, column) for row in range(len(words))]
        columns.append(Column(escape(word), [none if v is None else number(v) for v in values]))
    return columns


VIEW = View(lambda block: "cosine", _ask, _groups, _draw)
