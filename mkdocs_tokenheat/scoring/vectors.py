"""The vectors of words and tokens from a model's table, and what a caption says about them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mkdocs_tokenheat.models.rows import RowModel
from mkdocs_tokenheat.scoring.key import Way
from mkdocs_tokenheat.scoring.scores import Note

__all__ = ["TokenVectors", "means", "normalized", "table_notes", "word_vectors"]


class TokenVectors:
    """The rows of a model's table for some tokens, each read once.

    Raises:
        TokenheatError: A token that has no row.
    """

    def __init__(self, model: RowModel, way: Way, tokens: Iterable[int]) -> None:
        ids = sorted({*tokens})
        self._at = {token: i for i, token in enumerate(ids)}
        self._rows = model.rows(ids, way.embedding, way.transform)

    @cached_property
    def _norms(self) -> NDArray[np.float64]:
        norms: NDArray[np.float64] = np.sqrt((self._rows * self._rows).sum(axis=1))
        return norms

    def vectors(
        self, units: Sequence[Sequence[int]], unknown: Collection[int] = ()
    ) -> NDArray[np.float64]:
        """The mean of each unit's vectors, of shape (units, dimensions).

        Parameters:
            units: The tokens of each unit; the vector of a unit without any is NaN.
            unknown: The units whose vectors are NaN whatever their tokens.
        """
        return means(self._rows, self._at, units, unknown)

    def norms(
        self, units: Sequence[Sequence[int]], unknown: Collection[int] = ()
    ) -> NDArray[np.float64]:
        """The mean of the norms of each unit's vectors, of shape (units,)."""
        return means(self._norms, self._at, units, unknown)


def means(
    rows: NDArray[np.float64],
    at: Mapping[int, int] | Sequence[int],
    units: Sequence[Sequence[int]],
    unknown: Collection[int],
) -> NDArray[np.float64]:
    """The mean of each unit's rows; NaN if it has none, or is unknown.

    Parameters:
        rows: Vectors, or their norms.
        at: The row of each token.
        units: The tokens of each unit.
    """
    if not unknown and all(len(unit) == 1 for unit in units):
        return rows[[at[token] for (token,) in units]]
    nothing = {*unknown}
    members = [() if i in nothing else unit for i, unit in enumerate(units)]
    counts = np.array([len(unit) for unit in members])
    places = [at[token] for unit in members for token in unit]
    found = np.full((len(members), *rows.shape[1:]), np.nan)
    has = counts > 0
    if has.any():
        starts = (np.cumsum(counts) - counts)[has]
        sums = rows[places] if counts.max() == 1 else np.add.reduceat(rows[places], starts)
        found[has] = (sums.T / counts[has]).T
    return found


def word_vectors(
    words: Sequence[str], model: RowModel, way: Way
) -> tuple[NDArray[np.float64], list[Note]]:
    """The vector of each word, the mean of its tokens' in the middle of a sentence, and notes.

    The vectors have the shape (words, dimensions); those of words that the tokenizer does not
    know are NaN.

    Raises:
        TokenheatError: A token that has no row.
    """
    forms = model.tokenizer.words(words)
    units = [forms[word][0] if forms[word][1] else [] for word in words]
    vectors = TokenVectors(model, way, (token for tokens in units for token in tokens))
    notes: list[Note] = [("words-pooled",)] if any(len(tokens) > 1 for tokens in units) else []
    return vectors.vectors(units), notes + table_notes(model, way, " ".join(words))


def normalized(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each vector scaled to length 1; NaN for one that has no direction."""
    with np.errstate(all="ignore"):
        lengths = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
        unit: NDArray[np.float64] = vectors / np.where(lengths > 0, lengths, np.nan)
    return unit


def table_notes(model: RowModel, way: Way, text: str) -> list[Note]:
    """What a caption says about vectors from a model's table, and what its tokenizer drops."""
    notes: list[Note] = []
    if way.transform == "center":
        notes.append(("centred",))
    elif way.transform is not None:
        notes.append(("all-but-the-top", int(way.transform.rpartition(":")[2])))
    if way.embedding == "output":
        notes.append(("tied",) if model.is_tied else ("untied",))
    if model.tokenizer.drops_accents(text):
        notes.append(("accents-dropped",))
    return notes
