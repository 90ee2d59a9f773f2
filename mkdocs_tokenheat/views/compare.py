"""The comparison: one text under several models, word by word, and how far the models agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.scoring.geometry.similarity import (
    KIND,
    LEAST,
    PERMUTATIONS,
    Given,
    Similarity,
)
from mkdocs_tokenheat.scoring.request import Models, Wanted, sources, static_way
from mkdocs_tokenheat.scoring.scores import Note, Scores
from mkdocs_tokenheat.scoring.statistic import make_statistic
from mkdocs_tokenheat.views.colormaps import Colormap
from mkdocs_tokenheat.views.coloured import pieces_of, shown_text, units_of
from mkdocs_tokenheat.views.labels import Labels, note, said, say
from mkdocs_tokenheat.views.markup import escape, line, number
from mkdocs_tokenheat.views.scale import Scale
from mkdocs_tokenheat.views.text import asked_of, group_of, hatched, what_of
from mkdocs_tokenheat.views.view import Answer, Asked, Column, Group, Picture, View

__all__ = ["VIEW"]

_NAME = "margin:.6em 0 .2em;font-weight:bold;overflow-wrap:anywhere"


def _ask(block: Block, models: Models) -> Asked:
    asked: dict[str, Wanted] = {}
    for i, name in enumerate(block.options.models):
        asked.update(asked_of(block, models, name, "word", str(i)))
    way = static_way(block.options)
    for (i, first), (j, second) in combinations(enumerate(sources(block, models)), 2):
        pair = make_statistic(KIND, [first, second], way, Given(text=block.text))
        asked[_of_pair(i, j)] = pair
    return asked


def _of_pair(first: int, second: int) -> str:
    return f"similarity{first}-{second}"


def _groups(answer: Answer) -> Sequence[Group]:
    names = answer.block.options.models
    return [replace(group_of(answer, str(i)), name=name) for i, name in enumerate(names)]


def _draw(
    answer: Answer, scales: Sequence[Scale | None], colours: Colormap, labels: Labels
) -> Picture:
    block, names = answer.block, answer.block.options.models
    found: list[Scores] = [answer.found[f"scores{i}"] for i in range(len(names))]
    pieces = [pieces_of(block.text, scores) for scores in found]
    shown = (
        f'<div class="tokenheat-name" style="{_NAME}">{escape(name)}</div>'
        f"{shown_text(block, scores, mine, said(scores, labels, scale), scale, colours)}"
        for name, scores, mine, scale in zip(names, found, pieces, scales, strict=True)
    )
    marks = (hatched(scores, labels) for scores, scale in zip(found, scales, strict=True) if scale)
    return Picture(
        body="".join(shown),
        what=what_of(answer, labels, "word"),
        models=names,
        legend=next(filter(None, marks), []),
        notes=list(map(line, [*_notes(answer, labels), *_similarities(answer, labels)])),
        table=lambda: _table(pieces[0], names, found, scales, labels),
    )


def _notes(answer: Answer, labels: Labels) -> Iterator[str]:
    """The notes on how the numbers were made, with models' names unless they apply to all."""
    names = answer.block.options.models
    whose: dict[Note, set[int]] = {}
    for i in range(len(names)):
        for each in answer.found[f"scores{i}"].notes:
            whose.setdefault(each, set()).add(i)
    for i, j, similarity in _pairs(answer):
        for at, notes in zip((i, j), similarity.notes, strict=True):
            for each in notes:
                whose.setdefault(each, set()).add(at)
    texts: dict[tuple[str, ...], list[str]] = {names: []}
    for each, which in whose.items():
        texts.setdefault(tuple(names[i] for i in sorted(which)), []).append(note(labels, each))
    for mine, those in texts.items():
        text = " ".join(filter(None, those))
        if text:
            yield text if mine == names else f"{escape(', '.join(mine))}: {text}"


def _pairs(answer: Answer) -> Iterator[tuple[int, int, Similarity]]:
    for i, j in combinations(range(len(answer.block.options.models)), 2):
        yield i, j, answer.found[_of_pair(i, j)]


def _similarities(answer: Answer, labels: Labels) -> Iterator[str]:
    """The representational similarity of each pair of models."""
    options = answer.block.options
    pairs = list(_pairs(answer))
    if any(similarity.spearman for *_, similarity in pairs):
        vector = labels[f"vector-{options.embedding}"]
        yield say(labels, "similarity", vector=vector, permutations=str(PERMUTATIONS))
    for i, j, similarity in pairs:
        yield _similarity(options.models[i], options.models[j], similarity, labels)
    cut = {similarity.words for *_, similarity in pairs if similarity.is_cut}
    yield from (say(labels, "similarity-cut", words=str(words)) for words in sorted(cut))


def _similarity(first: str, second: str, similarity: Similarity, labels: Labels) -> str:
    parts = {"first": first, "second": second}
    spearman, pearson = similarity.spearman, similarity.pearson
    if similarity.words < LEAST:
        few = {"words": str(similarity.words), "least": str(LEAST)}
        return say(labels, "similarity-few", **parts, **few)
    if spearman is None or pearson is None:
        return say(labels, "similarity-constant", **parts)
    return say(
        labels,
        "similarity-of",
        **parts,
        words=str(similarity.words),
        spearman=number(spearman.coefficient),
        p_spearman=number(spearman.p),
        pearson=number(pearson.coefficient),
        p_pearson=number(pearson.p),
    )


def _table(
    pieces: Sequence[str],
    names: Sequence[str],
    found: Sequence[Scores],
    scales: Sequence[Scale | None],
    labels: Labels,
) -> list[Column]:
    """Every word, and its number in each model."""
    columns = (
        Column(escape(name), _numbers(scores, found[0], scale, labels))
        for name, scores, scale in zip(names, found, scales, strict=True)
    )
    return [Column(say(labels, "column-word"), units_of(pieces, labels)), *columns]


def _numbers(scores: Scores, first: Scores, scale: Scale | None, labels: Labels) -> list[str]:
    """For each word of the first model, its number in this one."""
    own = dict(zip(scores.spans, said(scores, labels, scale), strict=True))
    return [own.get(span, "") for span in first.spans]


VIEW = View(lambda block: block.options.metric, _ask, _groups, _draw)
