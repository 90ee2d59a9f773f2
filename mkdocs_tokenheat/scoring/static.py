"""Scores that need no model to be run: from how a text is cut, and from rows of embeddings."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from mkdocs_tokenheat.errors import TokenheatError, counted
from mkdocs_tokenheat.models.rows import RowModel
from mkdocs_tokenheat.models.tokenizer import Tokens
from mkdocs_tokenheat.scoring.cut import (
    Cut,
    cut_own,
    cut_tokens,
    cut_words,
    finished,
    tokens_of,
    too_long,
)
from mkdocs_tokenheat.scoring.key import Way
from mkdocs_tokenheat.scoring.metrics.metric import Units
from mkdocs_tokenheat.scoring.request import Request, Scored, batched
from mkdocs_tokenheat.scoring.scores import Note, Scores
from mkdocs_tokenheat.scoring.values import ValuesFile, read_values
from mkdocs_tokenheat.scoring.vectors import TokenVectors, table_notes

__all__ = ["score_static", "unit_vectors"]

_BATCH = 100_000
"""Characters per batch: enough to share the work, and few enough to need little memory."""


def score_static(
    requests: Sequence[Request], model: RowModel | None, max_tokens: int
) -> Iterator[Scored]:
    """The scores of each request, or why it has none, batch by batch.

    Parameters:
        model: The model of all of them, where they need one.
        max_tokens: The largest number of units that a text may have.
    """
    for batch in batched(requests, _BATCH):
        yield from _score_batch(batch, model, max_tokens)


def _score_batch(
    batch: Sequence[Request], model: RowModel | None, max_tokens: int
) -> Iterator[Scored]:
    try:
        found = list(_cut(batch, model, max_tokens))
        cuts = [(request, cut) for request, cut in found if isinstance(cut, Cut)]
        tables = _tables(model, cuts) if model else {}
    except TokenheatError as error:
        if len(batch) == 1:
            yield batch[0], error.about("model")
        else:  # One text's tokens must not make the others fail.
            for request in batch:
                yield from _score_batch([request], model, max_tokens)
        return
    for request, cut in found:
        if isinstance(cut, TokenheatError):
            yield request, cut
            continue
        try:
            yield request, _scores(request, cut, model, tables)
        except TokenheatError as error:
            yield request, error


def _cut(
    batch: Sequence[Request], model: RowModel | None, max_tokens: int
) -> Iterator[tuple[Request, Cut | TokenheatError]]:
    short = [r for r in batch if too_long(r.text, max_tokens) is None]
    tokens: dict[str, Tokens] = {}
    if model is not None:
        texts = list(dict.fromkeys(request.text for request in short))
        tokens = dict(zip(texts, model.tokenizer.tokens(texts), strict=True))
    for request in batch:
        found = tokens.get(request.text)
        problem = too_long(request.text, max_tokens, len(found.ids) if found else 0)
        if problem is None:
            cut = _units(request, model, found)
            problem = too_long(request.text, max_tokens, len(cut.spans), request.unit)
        yield request, problem or cut


def _units(request: Request, model: RowModel | None, tokens: Tokens | None) -> Cut:
    if request.tokens is not None:
        return cut_own(request.text, request.tokens)
    if request.unit == "token":
        assert tokens is not None
        return cut_tokens(tokens)
    if model is None:
        return cut_words(request.text, tokens)
    return _own_words(request.text, model, tokens)


def _own_words(text: str, model: RowModel, tokens: Tokens | None) -> Cut:
    """The text's words, each in the form that it has in the middle of a sentence."""
    cut = cut_words(text, tokens)
    texts = [text[start:end] for start, end in cut.spans]
    forms = model.tokenizer.words(
        text for text, word in zip(texts, cut.is_word, strict=True) if word
    )
    ids = [
        forms[text][0] if word else own
        for text, word, own in zip(texts, cut.is_word, cut.ids or (), strict=True)
    ]
    marks = set(cut.unknown)
    unknown = [
        i
        for i, (text, word) in enumerate(zip(texts, cut.is_word, strict=True))
        if (not forms[text][1] if word else i in marks)
    ]
    return dataclasses.replace(cut, ids=ids, unknown=unknown)


def unit_vectors(
    text: str, unit: str, model: RowModel, way: Way, max_tokens: int
) -> NDArray[np.float64]:
    """The vector of each of a text's units, of shape (units, dimensions); NaN for unknown ones.

    Raises:
        TokenheatError: A text that is too long, or that the tokenizer cannot cut.
    """
    tokens = tokens_of(text, model, max_tokens)
    cut = cut_tokens(tokens) if unit == "token" else _own_words(text, model, tokens)
    units = cut.ids or ()
    return TokenVectors(model, way, chain.from_iterable(units)).vectors(units, cut.unknown)


@np.errstate(all="ignore")
def _tables(model: RowModel, cuts: Sequence[tuple[Request, Cut]]) -> dict[Way, TokenVectors]:
    """The embedding rows that a batch needs, each read once."""
    needed: dict[Way, set[int]] = defaultdict(set)
    for request, cut in cuts:
        if request.metric.needs == "vectors":
            target = _form(request.target, model)[0] if request.target is not None else ()
            needed[request.way].update(target, *(cut.ids or ()))
    return {way: TokenVectors(model, way, ids) for way, ids in needed.items()}


def _form(word: str, model: RowModel) -> tuple[list[int], bool]:
    """The word's tokens in the middle of a sentence, and whether all are known."""
    return model.tokenizer.words([word])[word]


@np.errstate(all="ignore")
def _scores(
    request: Request, cut: Cut, model: RowModel | None, tables: Mapping[Way, TokenVectors]
) -> Scores:
    notes: list[Note] = []
    vectors = norms = target = None
    if request.metric.needs == "vectors":
        assert model is not None
        assert cut.ids is not None
        table = tables[request.way]
        norms = table.norms(cut.ids, cut.unknown)
        vectors = None if request.metric.norms_alone else table.vectors(cut.ids, cut.unknown)
        if request.unit == "word" and any(len(ids) > 1 for ids in cut.ids):
            notes.append(("words-pooled",))
        if request.target is not None:
            ids, known = _form(request.target, model)
            if not ids or not known:
                raise TokenheatError(
                    f"the model's tokenizer does not know the target '{request.target}'",
                    option="target",
                )
            (target,) = table.vectors([ids])
            if len(ids) > 1:
                notes.append(("target-pooled", len(ids)))
    if model is not None:
        notes += table_notes(model, request.way, request.text + (request.target or ""))
    texts: list[str] = []
    if request.metric.needs == "text":
        texts = [request.text[start:end] for start, end in cut.spans]
    units = Units(texts, vectors, norms, target, _values(request, len(cut.spans)))
    return finished(request, cut, units, notes)


def _values(request: Request, count: int) -> tuple[float | None, ...]:
    if request.values is None:
        return ()
    values = request.values
    numbers = read_values(values) if isinstance(values, ValuesFile) else values
    if len(numbers) != count:
        empty = numbers.count(None)
        told = f" ({empty} of them empty)" if empty else ""
        raise TokenheatError(
            f"{counted(len(numbers), 'value')}{told} given for {counted(count, request.unit)}: "
            f"one is needed for each {request.unit}, and punctuation counts",
            option="values",
        )
    return numbers
