"""How far two models agree on which of a text's words are alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from mkdocs_tokenheat.scoring.entry import rounded
from mkdocs_tokenheat.scoring.geometry.columns import read_number
from mkdocs_tokenheat.scoring.key import Way
from mkdocs_tokenheat.scoring.scores import Note, read_notes
from mkdocs_tokenheat.scoring.statistic import Finding, Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mkdocs_tokenheat.models.rows import RowModel

    Array = NDArray[np.float64]

__all__ = ["KIND", "LEAST", "PERMUTATIONS", "Correlation", "Given", "Similarity"]

LEAST = 5
"""How many different words a comparison needs."""
PERMUTATIONS = 9999
_MOST = 300
_DECIMALS = 12
"""Cosines that agree to this many decimals are equal: further digits depend on the machine."""
_ROUNDING = 1e-12


class Given(TypedDict):
    """A text."""

    text: str


class Correlation(NamedTuple):
    """A coefficient between -1 and 1, and how often chance alone gives one as large."""

    coefficient: float
    p: float


@dataclass(frozen=True)
class Similarity(Finding):
    """The representational similarity of two models.

    Attributes:
        words: How many different words are compared.
        is_cut: Whether the text has more of them.
        spearman: None where there are too few words, or one model's cosines are all the same.
        pearson: None where `spearman` is.
        notes: For each model, the notes on its vectors.
    """

    kind = "similarity"
    words: int
    is_cut: bool
    spearman: Correlation | None
    pearson: Correlation | None
    notes: Sequence[Sequence[Note]] = ((), ())


def _read(columns: Mapping[str, Any]) -> Similarity:
    words, is_cut = columns["words"], columns["is_cut"]
    if type(words) is not int or type(is_cut) is not bool or not 0 <= words <= _MOST:
        raise ValueError("its number of words cannot be read")
    spearman, pearson = _correlation(columns["spearman"]), _correlation(columns["pearson"])
    if (spearman is None) != (pearson is None):
        raise ValueError("it lacks a coefficient")
    first, second = columns["notes"]
    return Similarity(words, is_cut, spearman, pearson, [read_notes(first), read_notes(second)])


def _correlation(stored: Sequence[object] | None) -> Correlation | None:
    if stored is None:
        return None
    coefficient, p = map(read_number, stored)
    if not (-1 <= coefficient <= 1 and 0 < p <= 1):
        raise ValueError("a coefficient is out of range")
    return Correlation(coefficient, p)


def _compute(given: Given, models: Sequence[RowModel], way: Way, max_tokens: int) -> Similarity:
    """Spearman's and Pearson's correlation of the models' cosines of all pairs of words.

    Kriegeskorte, Mur and Bandettini (2008), "Representational similarity analysis".
    """
    import numpy as np

    from mkdocs_tokenheat.block.words import words
    from mkdocs_tokenheat.scoring.cut import too_long
    from mkdocs_tokenheat.scoring.vectors import normalized, table_notes, word_vectors

    text: str = given["text"]
    units = [] if too_long(text, max_tokens) else words(text)
    problem = too_long(text, max_tokens, len(units), "word")
    if problem is not None:
        raise problem
    distinct = list(dict.fromkeys(text[start:end] for start, end, is_word in units if is_word))
    found = [normalized(word_vectors(distinct, model, way)[0]) for model in models]
    known = np.flatnonzero(~np.isnan(np.hstack(found)).any(axis=1))
    first, second = (vectors[known[:_MOST]] for vectors in found)
    spearman, pearson = correlated(cosines(first), cosines(second))
    return Similarity(
        len(first),
        len(known) > _MOST,
        spearman,
        pearson,
        [table_notes(model, way, text) for model in models],
    )


def cosines(vectors: Array) -> Array:
    """The upper triangle, without the diagonal, of the cosines of n vectors of length 1."""
    import numpy as np

    pairs: Array = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    return np.round(pairs, _DECIMALS)


def ranks(numbers: Array) -> Array:
    """The rank of each number, from 1; equal ones share the mean of their ranks."""
    import numpy as np

    _, at, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: Array = (last - (counts - 1) / 2)[at.reshape(-1)]
    return shared


def correlated(first: Array, second: Array) -> tuple[Correlation | None, Correlation | None]:
    """Spearman's and Pearson's correlation of two upper triangles, each with a Mantel test.

    Mantel (1967), "The detection of disease clustering and a generalized regression approach":
    pairs that share a word are not independent, so the words are permuted: rows and columns of a
    matrix together. p = (b + 1) / (m + 1), where b of m = 9,999 seeded permutations have a
    coefficient at least as large.

    Parameters:
        first: Of shape (n(n-1)/2,), for n words.
        second: Of the same shape.

    Returns:
        None where n < 5, or where the numbers of one triangle are all the same.
    """
    import numpy as np

    count = (1 + int(np.sqrt(1 + 8 * len(first)))) // 2
    if count < LEAST or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None, None
    ours = np.stack([_square(ranks(first), count), _square(first, count)])
    theirs = np.stack([_square(ranks(second), count), _square(second, count)])
    observed = np.einsum("kij,kij->k", ours, theirs)
    as_large = np.zeros(2, dtype=int)
    # RandomState's stream is frozen: the same numbers with every version of NumPy.
    chance = np.random.RandomState(0)
    for _ in range(PERMUTATIONS):
        order = chance.permutation(count)
        # Rows are quick to move, columns are not; the matrices are symmetric.
        moved = np.ascontiguousarray(theirs.take(order, axis=1).transpose(0, 2, 1))
        found = np.einsum("kij,kij->k", ours, moved.take(order, axis=1))
        # An order that changes nothing must count, whatever the last digits are.
        as_large += found >= observed - _ROUNDING
    p = (as_large + 1) / (PERMUTATIONS + 1)
    spearman, pearson = (
        Correlation(rounded(coefficient), rounded(each))
        for coefficient, each in zip(np.clip(observed, -1, 1).tolist(), p.tolist(), strict=True)
    )
    return spearman, pearson


def _square(triangle: Array, count: int) -> Array:
    """The symmetric matrix of an upper triangle with the mean 0; its product with itself is 1."""
    import numpy as np

    centred = triangle - triangle.mean()
    square = np.zeros((count, count))
    rows, columns = np.triu_indices(count, 1)
    square[rows, columns] = square[columns, rows] = centred / np.sqrt(2 * (centred @ centred))
    return square


KIND = Kind(Similarity, _read, _compute)
