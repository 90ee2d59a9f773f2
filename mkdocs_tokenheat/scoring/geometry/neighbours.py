"""The tokens of a whole vocabulary that lie nearest to each word of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypedDict

from mkdocs_tokenheat.scoring.entry import rounded
from mkdocs_tokenheat.scoring.geometry.columns import read_cosine
from mkdocs_tokenheat.scoring.key import Way
from mkdocs_tokenheat.scoring.scores import Note, read_notes, read_text
from mkdocs_tokenheat.scoring.statistic import Finding, Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mkdocs_tokenheat.models.rows import RowModel

    Floats = NDArray[np.float64]

__all__ = ["KIND", "Given", "Near", "Neighbours"]

Near = Sequence[tuple[str, float]]

_ORDINARY = 1e-12, 1e12
"""Between these norms, no square exceeds float32's range."""
_DECIMALS = 12
"""Cosines that agree to this many decimals are equal: further digits depend on the machine."""
_BLOCK = 1 << 20
"""How many numbers of candidates are recomputed at once."""


class Given(TypedDict):
    """A list of words, and which of their neighbours are wanted."""

    words: Sequence[str]
    k: int
    fold: bool


@dataclass(frozen=True)
class Neighbours(Finding):
    """The nearest tokens of each word.

    Attributes:
        words: For each word, the texts of its nearest tokens and their cosines with it, nearest
            first; None if the model does not know the word.
    """

    kind = "neighbours"
    words: Sequence[Near | None]
    notes: Sequence[Note] = ()


def _read(columns: Mapping[str, Any]) -> Neighbours:
    words = [None if near is None else _read_near(near) for near in columns["words"]]
    return Neighbours(words, read_notes(columns["notes"]))


def _read_near(stored: Sequence[Sequence[object]]) -> Near:
    return [(read_text(text), read_cosine(cosine)) for text, cosine in stored]


def _fits(given: Given, found: Neighbours) -> bool:
    counts = [len(near or ()) for near in found.words]
    return len(counts) == len(given["words"]) and max(counts) <= given["k"]


def _compute(given: Given, models: Sequence[RowModel], way: Way, _max_tokens: int) -> Neighbours:
    """For each word, with the vector q, the k tokens v with the largest cos θ = v̂·q̂.

    All cosines are first computed in float32; those that may be among the largest are recomputed
    in float64, which decides. Tokens with the same cosine are in the order of their ids.
    """
    import numpy as np

    from mkdocs_tokenheat.scoring.vectors import normalized, word_vectors

    (model,) = models
    vectors, notes = word_vectors(given["words"], model, way)
    queries = normalized(vectors)
    known = np.flatnonzero(~np.isnan(queries).any(axis=1))
    ids = model.vocabulary(way.embedding)
    rough = _rough(model, way, queries[known])
    found: list[Near | None] = [None] * len(queries)
    for column, at in enumerate(known.tolist()):

        def exact(tokens: NDArray[np.int64], query: Floats = queries[at]) -> Floats:
            return _exact(model, way, query, tokens)

        nearest = _in_order(rough[ids, column], ids, exact, queries.shape[1], 4 * given["k"])
        others = _others(nearest, model, given["words"][at], fold=given["fold"])
        found[at] = [(text, rounded(cosine)) for text, cosine in islice(others, given["k"])]
    return Neighbours(found, notes)


def _rough(model: RowModel, way: Way, queries: Floats) -> NDArray[np.float32]:
    """The cosine of each row of the table with each query, of shape (rows, queries).

    NaN where a row has no direction.
    """
    import numpy as np

    from mkdocs_tokenheat.scoring.vectors import normalized

    cosines = np.full((model.shape(way.embedding)[0], len(queries)), np.nan, np.float32)
    if way.transform:
        for ids, vectors in model.ordinary_rows(way.embedding, way.transform):
            cosines[ids] = normalized(vectors) @ queries.T
        return cosines
    columns = np.ascontiguousarray(queries.T, np.float32)
    with np.errstate(all="ignore"):
        for start, rows in model.chunks(way.embedding):
            part = cosines[start : start + len(rows)]
            norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))
            np.matmul(rows, columns, out=part)
            part /= norms[:, None]
            low, high = _ORDINARY
            odd = np.flatnonzero(~((norms > low) & (norms < high)))
            part[odd] = normalized(rows[odd].astype(np.float64)) @ queries.T
    return cosines


def _exact(model: RowModel, way: Way, query: Floats, tokens: NDArray[np.int64]) -> Floats:
    """The cosine of each token with the query; equal vectors have equal cosines."""
    import numpy as np

    from mkdocs_tokenheat.scoring.vectors import normalized

    step = max(1, _BLOCK // len(query))
    parts = (tokens[i : i + step].tolist() for i in range(0, len(tokens), step))
    cosines = [
        (normalized(model.rows(part, way.embedding, way.transform)) * query).sum(axis=1)
        for part in parts
    ]
    rounded_off: Floats = np.clip(np.concatenate(cosines), -1, 1).round(_DECIMALS)
    return rounded_off


def _in_order(
    rough: NDArray[np.float32],
    ids: NDArray[np.int64],
    exact: Callable[[NDArray[np.int64]], Floats],
    dimensions: int,
    first: int,
) -> Iterator[tuple[int, float]]:
    """The tokens with their cosines, the nearest first.

    Parameters:
        rough: For each token, its cosine in float32; NaN for none.
        exact: From tokens to their cosines in float64.
        first: How many candidates are examined first.
    """
    import numpy as np

    # A sum of d products, and the square of a norm, have a relative error of d·2⁻²⁴ at most (Higham
    # 2002, "Accuracy and stability of numerical algorithms", 3.1); the rest is for the roundings.
    error = (dimensions + 16) * 2.0**-23
    ids, rough = ids[~np.isnan(rough)], rough[~np.isnan(rough)]
    done, count = 0, first
    while done < len(ids):
        count = min(count, len(ids))
        by_size = np.argpartition(-rough, count - 1)
        rest = rough[by_size[count:]].max(initial=-np.inf) + error
        near = ids[by_size[:count]]
        cosines = exact(near)
        order = np.lexsort((near, -cosines))
        certain = int((cosines > rest).sum())
        for i in order[done:certain].tolist():
            yield int(near[i]), float(cosines[i])
        done, count = max(done, certain), 4 * count


def _others(
    nearest: Iterable[tuple[int, float]], model: RowModel, word: str, *, fold: bool
) -> Iterator[tuple[str, float]]:
    """The texts of the tokens other than the word itself, each with its cosine."""
    own, _ = model.tokenizer.words([word])[word]
    alone = own[0] if len(own) == 1 else None
    seen = {_folded(word)} | (
        {_folded(model.tokenizer.written(alone))} if alone is not None else set()
    )
    for token, cosine in nearest:
        text = model.tokenizer.written(token)
        if token == alone or (fold and _folded(text) in seen):
            continue
        seen.add(_folded(text))
        yield text, cosine


def _folded(text: str) -> str:
    return (text.lstrip(" ") or text).casefold()


KIND = Kind(Neighbours, _read, _compute, _fits)
