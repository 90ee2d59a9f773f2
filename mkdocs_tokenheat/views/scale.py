"""From numbers to positions on a colour map, between 0 and 1."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from mkdocs_tokenheat.block.options import Options
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.views.markup import number

__all__ = ["Percentiles", "Scale", "fit"]

_QUANTILES = (0.02, 0.98)
_FAR = 1e307


@dataclass(frozen=True)
class Scale:
    """A linear scale.

    Attributes:
        low: The number that gets the low end of what is shown of the map.
        high: The number that gets the high end.
        smallest: The smallest of the numbers themselves.
        largest: The largest of them.
        center: The number that gets the map's middle; the map then goes as far to either side.
    """

    low: float
    high: float
    smallest: float
    largest: float
    center: float | None = None

    def position(self, value: float) -> float:
        """Where the number lies on the map, between 0 and 1; constant numbers lie at 0."""
        value = min(max(value, self.low), self.high)
        unit, start, reach = self._shape
        if self.center is not None:
            return 0.5 + (value * unit - start) / reach if reach else 0.5
        return (value * unit - start) / reach if reach else 0.0

    @cached_property
    def _shape(self) -> tuple[float, float, float]:
        """What numbers are multiplied by, where they are counted from, and how far they reach."""
        # The difference of the largest floats is none.
        far = max(abs(self.low), abs(self.high), abs(self.center or 0.0)) > _FAR
        unit = 0.125 if far else 1.0
        low, high = self.low * unit, self.high * unit
        if self.center is None:
            return unit, low, high - low
        center = self.center * unit
        return unit, center, 2 * max(high - center, center - low)

    def ends(self) -> tuple[str, str]:
        """Its two ends in words, and where it is clipped."""
        low = ("≤ " if self.smallest < self.low else "") + number(self.low)
        high = ("≥ " if self.largest > self.high else "") + number(self.high)
        return low, high


@dataclass(frozen=True)
class Percentiles(Scale):
    """A scale of ranks: a number lies where it would among many others.

    Attributes:
        quantiles: The others' quantiles at equal steps from 0 to 1.
    """

    quantiles: Sequence[float] = (0.0, 0.0)

    def position(self, value: float) -> float:
        """The share of the others that is smaller; half of those that are equal count."""
        found = self.quantiles
        first, last = bisect_left(found, value), bisect_right(found, value)
        at = (first + last - 1) / 2
        if first == last and 0 < first < len(found):
            at = first - 1 + Scale(found[first - 1], found[first], value, value).position(value)
        return min(max(at / (len(found) - 1), 0.0), 1.0)

    def ends(self) -> tuple[str, str]:
        """Its two ends in words, each on one line."""
        low, high = (end.replace(" ", "\xa0") for end in super().ends())
        return f"{low}\xa0(0\xa0%)", f"{high}\xa0(100\xa0%)"


def fit(
    scores: Iterable[float | None], options: Options, quantiles: Sequence[float] = ()
) -> Scale | None:
    """The scale that a block's options make of its numbers; None where there are none.

    Parameters:
        quantiles: Those of the vocabulary, for `scale: vocabulary`.

    Raises:
        TokenheatError: `scale: fixed` without both of its ends, or with the ends swapped.
    """
    numbers = sorted(score for score in scores if score is not None)
    if options.scale == "fixed":
        low, high = _fixed(options)
    elif not numbers:
        return None
    elif quantiles:
        low, high, ends = quantiles[0], quantiles[-1], (numbers[0], numbers[-1])
        return Percentiles(low, high, *ends, quantiles=tuple(quantiles))
    elif options.scale == "quantile":
        low, high = (_quantile(numbers, q) for q in _QUANTILES)
    else:
        low, high = numbers[0], numbers[-1]
    if not numbers:
        return None
    return Scale(low, high, numbers[0], numbers[-1], options.center)


def _fixed(options: Options) -> tuple[float, float]:
    if options.vmin is None or options.vmax is None:
        raise TokenheatError("'scale: fixed' needs both 'vmin' and 'vmax'", option="scale")
    if options.vmin >= options.vmax:
        raise TokenheatError("'vmin' must be smaller than 'vmax'", option="vmin")
    return options.vmin, options.vmax


def _quantile(ordered: Sequence[float], q: float) -> float:
    """The quantile of ordered numbers, linear between them, as NumPy's default."""
    at = q * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    first, step = ordered[below], ordered[above] - ordered[below]
    if math.isinf(step):
        return first * (1 - (at - below)) + ordered[above] * (at - below)
    return first + step * (at - below)
