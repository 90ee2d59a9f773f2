"""What neighbours would score in a random order of the same tokens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from mkdocs_tokenheat.scoring.entry import rounded
from mkdocs_tokenheat.scoring.geometry.columns import read_cosine, read_number
from mkdocs_tokenheat.scoring.key import Way
from mkdocs_tokenheat.scoring.statistic import Finding, Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mkdocs_tokenheat.models.rows import RowModel

__all__ = ["KIND", "Baseline", "Given"]

_SHUFFLES = 1999
_SHARE = 0.95
_PAIRS = 1000
"""Up to this many units all pairs are counted; above, a sample of this number squared."""


class Given(TypedDict):
    """A text, and the units of it that are shuffled."""

    text: str
    unit: str


@dataclass(frozen=True)
class Baseline(Finding):
    """A shuffled text's cosines of neighbours; those of a token with itself are left out.

    Attributes:
        threshold: The 95 % quantile of the largest cosine of a whole shuffled text. None where
            there are no two different tokens.
        by_chance: How many of a shuffled text's cosines are larger, on average.
    """

    kind = "baseline"
    threshold: float | None
    by_chance: float

    def stands_out(self, cosine: float) -> bool:
        """Whether a random order of the tokens would rarely have such a cosine anywhere.

        That of a token with itself is 1 in any order, and says nothing.
        """
        return self.threshold is not None and self.threshold < cosine < 1


def _read(columns: Mapping[str, Any]) -> Baseline:
    threshold, by_chance = columns["threshold"], read_number(columns["by_chance"])
    if by_chance < 0:
        raise ValueError("a count is negative")
    return Baseline(None if threshold is None else read_cosine(threshold), by_chance)


def shuffled(vectors: NDArray[np.float64]) -> Baseline:
    """The baseline of units with these vectors of length 1, of shape (n, dimensions).

    A permutation test with the largest value as its statistic, so that 5 % of all texts in a
    random order have a token that stands out, whatever their length (Westfall and Young 1993,
    "Resampling-based multiple testing"): the threshold is the ⌈0.95 (m + 1)⌉-th smallest of the
    largest values of m = 1,999 seeded shuffles.
    """
    import numpy as np

    count = len(vectors)
    # RandomState's stream is frozen: the same numbers with every version of NumPy.
    chance = np.random.RandomState(0)
    kinds, at = np.unique(vectors, axis=0, return_inverse=True)
    at = at.reshape(-1)
    if len(kinds) < 2:
        return Baseline(None, 0.0)
    cosines = kinds @ kinds.T
    np.clip(cosines, -1, 1, out=cosines)
    np.fill_diagonal(cosines, -np.inf)
    largest = np.empty(_SHUFFLES)
    for i in range(_SHUFFLES):
        order = at[chance.permutation(count)]
        largest[i] = cosines[order[1:], order[:-1]].max()
    place = int(np.ceil(_SHARE * (_SHUFFLES + 1))) - 1
    largest.sort()
    threshold = float(largest[place])
    if threshold == -np.inf:
        return Baseline(None, 0.0)
    if count <= _PAIRS:
        pairs = cosines[np.ix_(at, at)][~np.eye(count, dtype=bool)]
    else:
        first = chance.randint(0, count, _PAIRS * _PAIRS)
        second = chance.randint(1, count, _PAIRS * _PAIRS)
        pairs = cosines[at[first], at[(first + second) % count]]
    above = float((pairs > threshold).mean()) * (count - 1)
    return Baseline(rounded(threshold), rounded(above))


def _compute(given: Given, models: Sequence[RowModel], way: Way, max_tokens: int) -> Baseline:
    import numpy as np

    from mkdocs_tokenheat.scoring.static import unit_vectors
    from mkdocs_tokenheat.scoring.vectors import normalized

    (model,) = models
    unit = normalized(unit_vectors(given["text"], given["unit"], model, way, max_tokens))
    return shuffled(unit[~np.isnan(unit).any(axis=1)])


KIND = Kind(Baseline, _read, _compute)
