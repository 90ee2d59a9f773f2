"""Scores requests with their models: in batches, each model loaded once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mkdocs_tokenheat.block.words import Span, cells, visible, words
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.models.rows import RowModel, Tokens, load
from mkdocs_tokenheat.models.source import locate
from mkdocs_tokenheat.scoring.metrics.metric import Units
from mkdocs_tokenheat.scoring.request import Request
from mkdocs_tokenheat.scoring.scores import Note, Scores, rounded
from mkdocs_tokenheat.scoring.values import ValuesFile, read_values

__all__ = ["score"]

_BATCH = 100_000
"""Characters of a batch: enough to share the work, little enough to stay small in memory."""

_CHARACTERS_PER_TOKEN = 64
"""No text of natural language has tokens this long on average."""


class _Cut:
    """A text cut into units, before its numbers are known."""

    def __init__(
        self,
        spans: Sequence[Span],
        members: Sequence[Sequence[int]] | None = None,
        unknown: Sequence[bool] = (),
    ) -> None:
        self.spans = spans
        self.members = members
        self.unknown = [i for i, is_unknown in enumerate(unknown) if is_unknown]


def score(
    requests: Sequence[Request], base: Path, max_tokens: int, done: Callable[[], None]
) -> Iterator[tuple[Request, Scores | TokenheatError]]:
    """The scores of each request, or why it has none, batch by batch.

    Parameters:
        base: The folder that the models' relative paths start from.
        max_tokens: The largest number of units that a text may have.
        done: Called after each request.
    """
    by_model: dict[str | None, list[Request]] = defaultdict(list)
    for request in requests:
        by_model[request.model].append(request)
    for line, group in by_model.items():
        try:
            model = load(locate(line, base), group[0].identity) if line is not None else None
        except TokenheatError as error:
            yield from ((request, error.about("model")) for request in group)
            continue
        for batch in _batches(group):
            for request, result in _score_batch(batch, model, max_tokens):
                done()
                yield request, result


def _batches(requests: Sequence[Request]) -> Iterator[list[Request]]:
    batch: list[Request] = []
    size = 0
    for request in requests:
        if batch and size + len(request.text) > _BATCH:
            yield batch
            batch, size = [], 0
        batch.append(request)
        size += len(request.text)
    if batch:
        yield batch


def _score_batch(
    batch: Sequence[Request], model: RowModel | None, max_tokens: int
) -> Iterator[tuple[Request, Scores | TokenheatError]]:
    try:
        found = list(_cut(batch, model, max_tokens))
        cuts = [(request, cut) for request, cut in found if isinstance(cut, _Cut)]
        rows = _Rows(model, cuts) if model else None
    except TokenheatError as error:
        if len(batch) == 1:
            yield batch[0], error.about("model")
        else:  # One text's tokens must not spoil the others.
            for request in batch:
                yield from _score_batch([request], model, max_tokens)
        return
    for request, cut in found:
        if isinstance(cut, TokenheatError):
            yield request, cut
            continue
        try:
            yield request, _scores(request, cut, model, rows)
        except TokenheatError as error:
            yield request, error


def _cut(
    batch: Sequence[Request], model: RowModel | None, max_tokens: int
) -> Iterator[tuple[Request, _Cut | TokenheatError]]:
    longest = max_tokens * _CHARACTERS_PER_TOKEN
    short = [request for request in batch if len(request.text) <= longest]
    tokens: dict[str, Tokens] = {}
    if model is not None:
        texts = list(dict.fromkeys(request.text for request in short))
        tokens = dict(zip(texts, model.tokens(texts), strict=True))
    for request in batch:
        found = tokens.get(request.text)
        if len(request.text) > longest:
            yield request, _too_long(f"{len(request.text)} characters", max_tokens)
        elif found is not None and len(found.ids) > max_tokens:
            yield request, _too_long(f"{len(found.ids)} tokens", max_tokens)
        else:
            cut = _units(request, model, found)
            if len(cut.spans) > max_tokens:
                yield request, _too_long(f"{len(cut.spans)} {request.unit}s", max_tokens)
            else:
                yield request, cut


def _too_long(size: str, max_tokens: int) -> TokenheatError:
    return TokenheatError(
        f"the text has {size}, more than max_tokens ({max_tokens}) allows: "
        "shorten it, or raise max_tokens in the site's settings",
        line=0,
    )


def _units(request: Request, model: RowModel | None, tokens: Tokens | None) -> _Cut:
    text = request.text
    if request.tokens is not None:
        ends = np.cumsum([len(token) for token in request.tokens]).tolist()
        pairs = zip([0, *ends], ends, strict=False)
        return _Cut([visible(text, span) for span in pairs])
    if request.unit == "token":
        assert tokens is not None
        return _Cut(tokens.spans, [[token] for token in tokens.ids], tokens.unknown)
    units = words(text)
    spans = [(start, end) for start, end, _ in units]
    if model is None or tokens is None:
        return _Cut(spans)
    forms = model.words(text[start:end] for start, end, is_word in units if is_word)
    marks = _marks(spans, tokens)
    members, unknown = [], []
    for i, (start, end, is_word) in enumerate(units):
        ids, is_known = forms[text[start:end]] if is_word else marks[i]
        members.append(ids)
        unknown.append(not is_known)
    return _Cut(spans, members, unknown)


def _marks(spans: Sequence[Span], tokens: Tokens) -> list[tuple[list[int], bool]]:
    """For each unit the tokens that the text has there, by their first visible character."""
    unit_at = {at: i for i, (start, end) in enumerate(spans) for at in range(start, end)}
    marks: list[tuple[list[int], bool]] = [([], True) for _ in spans]
    for token, (start, end), unknown in zip(tokens.ids, tokens.spans, tokens.unknown, strict=True):
        unit = unit_at.get(start) if start < end else None
        if unit is not None:
            ids, known = marks[unit]
            marks[unit] = [*ids, token], known and not unknown
    return marks


class _Rows:
    """The embedding rows that a batch needs, each read once."""

    @np.errstate(all="ignore")
    def __init__(self, model: RowModel, cuts: Sequence[tuple[Request, _Cut]]) -> None:
        needed: set[int] = set()
        self.targets: dict[str, tuple[list[int], bool]] = model.words(
            request.target for request, _ in cuts if request.target is not None
        )
        for request, cut in cuts:
            if request.metric.needs_vectors and cut.members is not None:
                needed.update(token for ids in cut.members for token in ids)
        needed.update(token for ids, _ in self.targets.values() for token in ids)
        ids = sorted(needed)
        self._at = {token: i for i, token in enumerate(ids)}
        self._rows = model.rows(ids) if ids else np.zeros((0, 1))
        self._norms = np.sqrt((self._rows * self._rows).sum(axis=1))

    def pooled(self, cut: _Cut) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """For each unit the mean of its tokens' vectors, and the mean of their norms."""
        assert cut.members is not None
        unknown = set(cut.unknown)
        members = [() if i in unknown else ids for i, ids in enumerate(cut.members)]
        counts = np.array([len(ids) for ids in members])
        at = [self._at[token] for ids in members for token in ids]
        vectors = np.full((len(members), self._rows.shape[1]), np.nan)
        norms = np.full(len(members), np.nan)
        has = counts > 0
        if has.any():
            starts = (np.cumsum(counts) - counts)[has]
            vectors[has] = np.add.reduceat(self._rows[at], starts) / counts[has, None]
            norms[has] = np.add.reduceat(self._norms[at], starts) / counts[has]
        return vectors, norms

    def target(self, word: str) -> tuple[NDArray[np.float64], int]:
        """The mean vector of the target's tokens, and how many there are."""
        ids, known = self.targets[word]
        if not ids or not known:
            raise TokenheatError(
                f"the model's tokenizer does not know the target '{word}'", option="target"
            )
        vector: NDArray[np.float64] = self._rows[[self._at[token] for token in ids]].mean(axis=0)
        return vector, len(ids)


@np.errstate(all="ignore")
def _scores(request: Request, cut: _Cut, model: RowModel | None, rows: _Rows | None) -> Scores:
    text, metric = request.text, request.metric
    notes: list[Note] = []
    vectors = norms = target = None
    if metric.needs_vectors:
        assert rows is not None
        assert cut.members is not None
        vectors, norms = rows.pooled(cut)
        if request.unit == "word" and any(len(ids) > 1 for ids in cut.members):
            notes.append(("words-pooled",))
        if request.target is not None:
            target, count = rows.target(request.target)
            if count > 1:
                notes.append(("target-pooled", count))
    if model is not None and model.drops_accents(text):
        notes.append(("accents-dropped",))
    units = Units(
        [text[start:end] for start, end in cut.spans],
        vectors,
        norms,
        target,
        _values(request, len(cut.spans)),
    )
    scores = [rounded(number) for number in metric.compute(units)]
    return Scores(
        cut.spans,
        _ids(request, cut),
        scores,
        cells(text, cut.spans),
        cut.unknown if metric.needs_vectors else (),
        notes,
    )


def _ids(request: Request, cut: _Cut) -> Sequence[int] | Sequence[Sequence[int]] | None:
    if cut.members is None:
        return None
    return cut.members if request.unit == "word" else [ids[0] for ids in cut.members]


def _values(request: Request, count: int) -> tuple[float | None, ...]:
    if request.values is None:
        return ()
    values = request.values
    numbers = read_values(values) if isinstance(values, ValuesFile) else values
    if len(numbers) != count:
        counted = "tokens" if request.unit == "token" else "words"
        raise TokenheatError(
            f"{len(numbers)} values are given for {count} {counted}: "
            f"one is needed for each of the {counted}, and punctuation counts",
            option="values",
        )
    return numbers
