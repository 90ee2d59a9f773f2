"""The cosine of every pair of words in a list, and the eigenvalues of the matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from mkdocs_tokenheat.errors import TokenheatError, missing
from mkdocs_tokenheat.scoring.entry import as_stored, rounded
from mkdocs_tokenheat.scoring.geometry.columns import read_cosines, read_number
from mkdocs_tokenheat.scoring.key import Way
from mkdocs_tokenheat.scoring.scores import Note, read_notes
from mkdocs_tokenheat.scoring.statistic import Finding, Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mkdocs_tokenheat.models.rows import RowModel

__all__ = ["KIND", "Given", "Matrix"]

_EIGENVALUES = 3
_DECIMALS = 10
"""Further digits of a number near 0 depend on the machine."""


class Given(TypedDict):
    """A list of words, and the order they are wanted in."""

    words: Sequence[str]
    order: str


@dataclass(frozen=True)
class Matrix(Finding):
    """The cosines S = Ê Êᵀ of n words.

    Attributes:
        order: The words' places in the list, in the order in which they are shown.
        rows: For each word in that order, its cosine with each one up to itself; None if the model
            does not know one of the two.
        eigenvalues: The largest eigenvalues of S over the words that the model knows.
        trace: The sum of all of them, which is the number of those words.
    """

    kind = "matrix"
    order: Sequence[int]
    rows: Sequence[Sequence[float | None]]
    eigenvalues: Sequence[float]
    trace: int
    notes: Sequence[Note] = ()

    def at(self, row: int, column: int) -> float | None:
        """The number in a cell; row and column count in the order in which the words are shown."""
        return self.rows[max(row, column)][min(row, column)]


def _read(columns: Mapping[str, Any]) -> Matrix:
    order, rows, trace = columns["order"], columns["rows"], columns["trace"]
    if [len(row) for row in rows] != list(range(1, len(order) + 1)):
        raise ValueError("its rows do not match its words")
    if not all(type(each) is int for each in [*order, trace]):
        raise ValueError("a count is missing or not a number")
    if sorted(order) != list(range(len(order))) or not 0 <= trace <= len(order):
        raise ValueError("its order names other words")
    eigenvalues = list(map(read_number, columns["eigenvalues"]))
    # None of them is negative, and they add up to the trace.
    if len(eigenvalues) > _EIGENVALUES or any(abs(n) > trace + 1 for n in eigenvalues):
        raise ValueError("its eigenvalues are not those of cosines")
    return Matrix(
        order,
        [read_cosines(row) for row in rows],
        eigenvalues,
        trace,
        read_notes(columns["notes"]),
    )


def _compute(given: Given, models: Sequence[RowModel], way: Way, _max_tokens: int) -> Matrix:
    """S = Ê Êᵀ, where Ê has a word's vector of length 1 in each row."""
    import numpy as np

    from mkdocs_tokenheat.scoring.vectors import normalized, word_vectors

    vectors, notes = word_vectors(given["words"], models[0], way)
    unit = normalized(vectors)
    cosines = np.round(np.clip(unit @ unit.T, -1, 1), _DECIMALS)
    np.fill_diagonal(cosines, np.where(np.isnan(np.diagonal(cosines)), np.nan, 1.0))
    known = np.flatnonzero(~np.isnan(np.diagonal(cosines)))
    inner = cosines[np.ix_(known, known)]
    order = list(range(len(vectors)))
    if given["order"] == "cluster":
        order = [int(known[i]) for i in _clustered(inner)]
        order += [i for i in range(len(vectors)) if i not in set(order)]
    eigenvalues = np.round(np.linalg.eigvalsh(inner)[::-1][:_EIGENVALUES], _DECIMALS)
    return Matrix(
        order,
        [[as_stored(cosines[i, j]) for j in order[: at + 1]] for at, i in enumerate(order)],
        [rounded(value) for value in eigenvalues.tolist()],
        len(known),
        notes,
    )


def _clustered(cosines: NDArray[np.float64]) -> list[int]:
    """The leaf order of average linkage on 1 - cos θ, with similar leaves side by side.

    Bar-Joseph, Gifford and Jaakkola (2001), "Fast optimal leaf ordering for hierarchical
    clustering".
    """
    try:
        from scipy.cluster.hierarchy import leaves_list, linkage
        from scipy.spatial.distance import squareform
    except ModuleNotFoundError:
        raise TokenheatError(missing("scipy", "analysis"), option="order") from None
    if len(cosines) < 3:
        return list(range(len(cosines)))
    distances = squareform(1 - cosines, checks=False)
    found: list[int] = leaves_list(linkage(distances, "average", optimal_ordering=True)).tolist()
    return found


def _fits(given: Given, matrix: Matrix) -> bool:
    return len(matrix.order) == len(given["words"])


KIND = Kind(Matrix, _read, _compute, _fits)
