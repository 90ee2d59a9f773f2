"""How one token's number compares with those of the whole vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring.entry import rounded
from mkdocs_tokenheat.scoring.geometry.columns import read_number
from mkdocs_tokenheat.scoring.key import Way
from mkdocs_tokenheat.scoring.metrics import metric_of
from mkdocs_tokenheat.scoring.metrics.metric import Units
from mkdocs_tokenheat.scoring.statistic import Finding, Kind

if TYPE_CHECKING:
    from mkdocs_tokenheat.models.rows import RowModel

__all__ = ["KIND", "Given", "Quantiles"]

_STEPS = 1000


class Given(TypedDict):
    """A metric of single tokens, and its target if it has one."""

    metric: str
    target: str | None


@dataclass(frozen=True)
class Quantiles(Finding):
    """The quantiles of a metric over all tokens of a vocabulary.

    Attributes:
        numbers: 1,001 of them, at 0, 0.001, … 1, linear between neighbours.
    """

    kind = "quantiles"
    numbers: Sequence[float]


def _read(columns: Mapping[str, Any]) -> Quantiles:
    numbers = list(map(read_number, columns["numbers"]))
    if len(numbers) != _STEPS + 1 or numbers != sorted(numbers):
        raise ValueError("its quantiles are too few or too many, or out of order")
    return Quantiles(numbers)


def _compute(given: Given, models: Sequence[RowModel], way: Way, _max_tokens: int) -> Quantiles:
    """The quantiles of the metric, such as ‖v‖, over all ordinary tokens."""
    import numpy as np

    from mkdocs_tokenheat.scoring.vectors import word_vectors

    (model,) = models
    metric = metric_of(given["metric"])
    target = None
    if given["target"] is not None:
        ((target,), _) = word_vectors([given["target"]], model, way)
    found = []
    for _, rows in model.ordinary_rows(way.embedding, way.transform):
        norms = np.sqrt((rows * rows).sum(axis=1))
        found += [np.asarray(metric.compute(Units((), rows, norms, target)), np.float64)]
    numbers = np.concatenate(found)
    numbers = numbers[~np.isnan(numbers)]
    if not len(numbers):
        raise TokenheatError("no token of the model's vocabulary has a number for this metric")
    quantiles = np.quantile(numbers, np.linspace(0, 1, _STEPS + 1))
    return Quantiles(list(map(rounded, quantiles.tolist())))


KIND = Kind(Quantiles, _read, _compute)
