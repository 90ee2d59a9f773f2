"""From numbers to positions on a colour map, between 0 and 1."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from mkdocs_tokenheat.block.options import Options
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.views.markup import apart, numbers

__all__ = ["Percentiles", "Scale", "fit", "fixed_ends"]

_QUANTILES = (0.02, 0.98)
_FAR = 1e307


@dataclass(frozen=True)
class Scale:
    """A linear scale.

    Attributes:
        low: The number at the low end of the part of the map that is shown.
        high: The number at its high end.
        smallest: The smallest of the numbers themselves.
        largest: The largest of them.
        center: The number at the map's middle; the map then reaches equally far on both sides.
    """

    low: float
    high: float
    smallest: float
    largest: float
    center: float | None = None

    @property
    def clips(self) -> bool:
        """Whether any of the numbers lie beyond its ends."""
        return self.smallest < self.low or self.largest > self.high

    def positions(self, values: Sequence[float]) -> list[float]:
        """The positions of numbers on the map, between 0 and 1; constant ones are at 0."""
        low, high, unit, base = self.low, self.high, 1.0, 0.0
        # The difference of the largest floats overflows.
        if max(abs(low), abs(high), abs(self.center or 0.0)) > _FAR:
            unit = 0.125
        start, reach = low * unit, high * unit - low * unit
        if self.center is not None:
            base, start = 0.5, self.center * unit
            reach = 2 * max(high * unit - start, start - low * unit)
        if not reach:
            return [base] * len(values)
        if self.clips:
            values = [min(max(value, low), high) for value in values]
        return [base + (value * unit - start) / reach for value in values]

    def position(self, value: float) -> float:
        """The position of one number."""
        return self.positions((value,))[0]

    def said(self, values: Sequence[float]) -> list[str]:
        """Numbers in words, each with anything else that its colour shows."""
        return numbers(values)

    def ends(self) -> tuple[str, str]:
        """Its two ends in words, marked where it clips."""
        low, high = apart(self.low, self.high)
        return (
            f"≤ {low}" if self.smallest < self.low else low,
            f"≥ {high}" if self.largest > self.high else high,
        )


@dataclass(frozen=True)
class Percentiles(Scale):
    """A scale of ranks: a number's position is its rank among many others.

    Attributes:
        quantiles: The others' quantiles at equal steps from 0 to 1.
    """

    quantiles: Sequence[float] = (0.0, 0.0)

    def positions(self, values: Sequence[float]) -> list[float]:
        """The share of the others that is smaller; equal ones count half."""
        return [self._share(value) for value in values]

    def _share(self, value: float) -> float:
        found = self.quantiles
        first, last = bisect_left(found, value), bisect_right(found, value)
        at = (first + last - 1) / 2
        if first == last and 0 < first < len(found):
            at = first - 1 + Scale(found[first - 1], found[first], value, value).position(value)
        return min(max(at / (len(found) - 1), 0.0), 1.0)

    def said(self, values: Sequence[float]) -> list[str]:
        """Numbers in words, each with its percentile."""
        shares = zip(numbers(values), self.positions(values), strict=True)
        return [f"{number} ({round(100 * share, 1):g}\xa0%)" for number, share in shares]

    def ends(self) -> tuple[str, str]:
        """Its two ends in words, each on one line."""
        low, high = (end.replace(" ", "\xa0") for end in super().ends())
        return f"{low}\xa0(0\xa0%)", f"{high}\xa0(100\xa0%)"


def fit(values: Sequence[float], options: Options, quantiles: Sequence[float] = ()) -> Scale | None:
    """The scale for a block's options and numbers; None if there are no numbers.

    Parameters:
        quantiles: The vocabulary's quantiles, for `scale: vocabulary`.

    Raises:
        TokenheatError: `scale: fixed` without two ends.
    """
    fixed = fixed_ends(options) if options.scale == "fixed" else None
    if not values:
        return None
    low, high = smallest, largest = min(values), max(values)
    if fixed is not None:
        low, high = fixed
    elif quantiles:
        ends = quantiles[0], quantiles[-1], smallest, largest
        return Percentiles(*ends, quantiles=tuple(quantiles))
    elif options.scale == "quantile":
        ordered = sorted(values)
        low, high = (_quantile(ordered, q) for q in _QUANTILES)
    return Scale(low, high, smallest, largest, options.center)


def fixed_ends(options: Options) -> tuple[float, float]:
    """The ends of `scale: fixed`.

    Raises:
        TokenheatError: One is missing, or they are swapped.
    """
    if options.vmin is None or options.vmax is None:
        raise TokenheatError("'scale: fixed' needs both 'vmin' and 'vmax'", option="scale")
    if options.vmin >= options.vmax:
        raise TokenheatError("'vmin' must be smaller than 'vmax'", option="vmin")
    return options.vmin, options.vmax


def _quantile(ordered: Sequence[float], q: float) -> float:
    """The quantile of sorted numbers with linear interpolation, as by NumPy's default."""
    at = q * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    first, step = ordered[below], ordered[above] - ordered[below]
    if math.isinf(step):
        return first * (1 - (at - below)) + ordered[above] * (at - below)
    return first + step * (at - below)
