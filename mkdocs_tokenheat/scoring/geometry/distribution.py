"""The cosines of random pairs of tokens, and where pairs of words lie among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring.entry import as_stored, rounded
from mkdocs_tokenheat.scoring.geometry.columns import read_cosine, read_number
from mkdocs_tokenheat.scoring.key import Way
from mkdocs_tokenheat.scoring.scores import Note, read_notes
from mkdocs_tokenheat.scoring.statistic import Finding, Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mkdocs_tokenheat.models.rows import RowModel

__all__ = ["KIND", "Distribution", "Given"]

_PAIRS = 100_000
_BLOCK = 1 << 20
"""How many numbers of vectors are read at once."""
_REACH = 5.0
"""How many standard deviations the bins extend to either side; the rest is counted separately."""
_STEPS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
"""How wide a bin may be."""
_MOST_BINS = 200


class Given(TypedDict):
    """Pairs of words."""

    pairs: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Distribution(Finding):
    """How the cosines of random pairs of different tokens are distributed.

    Attributes:
        mean: Their mean.
        deviation: Their standard deviation.
        dimensions: How many dimensions the vectors have.
        step: How wide each bin is.
        first: The number of the first bin: bin i starts at (first + i) · step.
        counts: How many pairs each bin has.
        outside: How many pairs lie below the first bin, and above the last one.
        pairs: For each of the given pairs of words, its cosine and the share of random pairs that
            have a smaller one; None if the model does not know one of the words.
    """

    kind = "distribution"
    mean: float
    deviation: float
    dimensions: int
    step: float
    first: int
    counts: Sequence[int]
    outside: tuple[int, int]
    pairs: Sequence[tuple[float, float] | None]
    notes: Sequence[Note] = ()

    @property
    def total(self) -> int:
        """How many random pairs there are."""
        return sum(self.counts) + sum(self.outside)

    def edge(self, place: int) -> float:
        """Where that bin starts."""
        return (self.first + place) * self.step


def _read(columns: Mapping[str, Any]) -> Distribution:
    below, above = columns["outside"]
    counts = [*columns["counts"], below, above]
    whole = [columns["first"], columns["dimensions"], *counts]
    if not all(type(each) is int for each in whole) or not 3 <= len(counts) <= _MOST_BINS:
        raise ValueError("a count is missing or not a number")
    if min(counts) < 0 or not 0 < sum(counts) <= _PAIRS or not 0 < columns["dimensions"] < 10**9:
        raise ValueError("a count is out of range")
    mean, deviation, step = (read_number(columns[n]) for n in ("mean", "deviation", "step"))
    if (
        step not in _STEPS
        or abs(mean) > 1
        or not 0 <= deviation <= 1
        or abs(columns["first"]) * step > 1 + step
    ):
        raise ValueError("a number is out of range")
    return Distribution(
        mean,
        deviation,
        columns["dimensions"],
        step,
        columns["first"],
        counts[:-2],
        (below, above),
        [None if pair is None else _read_pair(pair) for pair in columns["pairs"]],
        read_notes(columns["notes"]),
    )


def _read_pair(stored: Sequence[object]) -> tuple[float, float]:
    cosine, share = stored
    if not 0 <= (below := read_number(share)) <= 1:
        raise ValueError("a pair cannot be read")
    return read_cosine(cosine), below


def _fits(given: Given, found: Distribution) -> bool:
    return len(found.pairs) == len(given["pairs"])


def _compute(given: Given, models: Sequence[RowModel], way: Way, _max_tokens: int) -> Distribution:
    """The cosines of 100,000 random pairs, and the pairs' own cosines among them."""
    import numpy as np

    from mkdocs_tokenheat.scoring.vectors import normalized, word_vectors

    (model,) = models
    words = [word for pair in given["pairs"] for word in pair]
    vectors, notes = word_vectors(words, model, way)
    random = np.sort(_random_cosines(model, way))
    unit = normalized(vectors)
    pairs: list[tuple[float, float] | None] = []
    for cosine in np.clip((unit[::2] * unit[1::2]).sum(axis=1), -1, 1).tolist():
        share = np.searchsorted(random, cosine) / len(random)
        exact = as_stored(cosine)
        pairs.append(None if exact is None else (exact, rounded(float(share))))
    mean, deviation = float(random.mean()), float(random.std())
    step = max((step for step in _STEPS if step <= deviation / 4), default=_STEPS[0])
    # A cosine of 1 lies in the last bin, not in one of its own.
    bins = np.minimum(np.floor(random / step), np.ceil(1 / step) - 1).astype(np.int64)
    low, high = (int(np.floor((mean + side * _REACH * deviation) / step)) for side in (-1, 1))
    first = min(max(low, int(bins[0])), int(bins[-1]))
    last = max(min(high, int(bins[-1])), first)
    counts = np.bincount(bins[(bins >= first) & (bins <= last)] - first)
    return Distribution(
        rounded(mean),
        rounded(deviation),
        vectors.shape[1],
        step,
        first,
        counts.tolist(),
        (int((bins < first).sum()), int((bins > last).sum())),
        pairs,
        notes,
    )


def _random_cosines(model: RowModel, way: Way) -> NDArray[np.float64]:
    """The cosines of seeded pairs of different ordinary tokens; only their rows are read."""
    import numpy as np

    from mkdocs_tokenheat.scoring.vectors import normalized

    ids = model.vocabulary(way.embedding)
    if len(ids) < 2:
        raise TokenheatError("the model's vocabulary has fewer than two tokens to pair")
    # RandomState's stream is frozen: the same pairs with every version of NumPy.
    chance = np.random.RandomState(0)
    one = chance.randint(0, len(ids), _PAIRS)
    other = (one + chance.randint(1, len(ids), _PAIRS)) % len(ids)
    order = np.argsort(one, kind="stable")  # One side is read from the table's start to its end.
    one, other = ids[one[order]], ids[other[order]]

    def unit(tokens: NDArray[np.int64]) -> NDArray[np.float64]:
        return normalized(model.rows(tokens.tolist(), way.embedding, way.transform))

    cosines = np.empty(_PAIRS)
    step = max(1, _BLOCK // model.shape(way.embedding)[1])
    for start in range(0, _PAIRS, step):
        part = slice(start, start + step)
        cosines[part] = (unit(one[part]) * unit(other[part])).sum(axis=1)
    cosines = np.clip(cosines[~np.isnan(cosines)], -1, 1)
    if not len(cosines):
        raise TokenheatError("no two tokens of the model's vocabulary have a cosine")
    return cosines


KIND = Kind(Distribution, _read, _compute, _fits)
