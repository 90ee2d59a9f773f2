"""How a number of one token compares with those of the whole vocabulary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring.entry import rounded
from mkdocs_tokenheat.scoring.geometry.columns import read_numbers
from mkdocs_tokenheat.scoring.key import Way
from mkdocs_tokenheat.scoring.statistic import Kind

if TYPE_CHECKING:
    from mkdocs_tokenheat.models.rows import RowModel

__all__ = ["KIND", "Given", "Quantiles"]

_STEPS = 1000


class Given(TypedDict):
    """A metric of single tokens, and its target if it has one."""

    metric: str
    target: str | None


@dataclass(frozen=True)
class Quantiles:
    """The quantiles of a metric over all tokens of a vocabulary.

    Attributes:
        numbers: 1,001 of them, at 0, 0.001, … 1, linear between neighbours.
    """

    numbers: Sequence[float]

    def columns(self) -> Mapping[str, object]:
        """What is stored."""
        return {"kind": KIND.name, "numbers": self.numbers}


def _read(columns: Mapping[str, Any]) -> Quantiles:
    numbers = [number for number in read_numbers(columns["numbers"]) if number is not None]
    if len(numbers) != _STEPS + 1 or numbers != sorted(numbers):
        raise ValueError("a quantile is missing or not finite")
    return Quantiles(numbers)


def _compute(given: Given, models: Sequence[RowModel], way: Way, _max_tokens: int) -> Quantiles:
    """The quantiles of ‖v‖, or of cos θ with the target, over all ordinary tokens."""
    import numpy as np

    from mkdocs_tokenheat.scoring.vectors import normalized, word_vectors

    (model,) = models
    target = None
    if given["target"] is not None:
        vectors, _ = word_vectors([given["target"]], model, way)
        target = normalized(vectors)[0]
    found = []
    for _, rows in model.ordinary_rows(way.embedding, way.transform):
        if target is None:
            found.append(np.sqrt((rows * rows).sum(axis=1)))
        else:
            found.append(normalized(rows) @ target)
    numbers = np.concatenate(found)
    numbers = numbers[~np.isnan(numbers)]
    if not len(numbers):
        raise TokenheatError("no token of the model's vocabulary has such a number")
    quantiles = np.quantile(numbers, np.linspace(0, 1, _STEPS + 1))
    return Quantiles([rounded(number) or 0.0 for number in quantiles.tolist()])


KIND = Kind("quantiles", _read, _compute)
