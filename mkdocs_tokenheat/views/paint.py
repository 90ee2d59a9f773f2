"""How cells look: the CSS declarations made from their numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from mkdocs_tokenheat.views.colormaps import Colormap, Look, colormap, look
from mkdocs_tokenheat.views.scale import Scale

__all__ = ["HATCHED", "HATCHED_SWATCH", "KEPT", "Paint", "is_rtl", "swatch"]

# The blocks that Unicode reserves for such scripts, minus their digits: each version of Python
# knows different letters, and a page must be the same in all of them.
_RTL = re.compile(
    "[\u0590-\u065f\u066a-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefe"
    "\U00010800-\U00010d2f\U00010d3a-\U00010e5f\U00010e7f-\U00010fff\U0001e800-\U0001efff]"
)

# Renderers such as WeasyPrint know only stops with one position.
HATCHED = "background:repeating-linear-gradient(45deg,#fff 0,#fff 5px,#949494 0,#949494 6px)"
"""A cell without a colour: lines visible on white, and black letters legible on both."""

_HATCHED = look(HATCHED, edge="#777", colour="#999")
_STRIP = ".35em"
_ROOM, _ROOM_AND_STRIP = ".6em", ".95em"
_MUTED, _MUTED_REACH = "Greys", 0.4
_THINNEST, _THICKEST = 0.06, 0.3
_UNDERLINED = "text-decoration:underline;text-decoration-thickness:{:.2g}em;padding-bottom:"


# Feed readers drop a whole style for one property with a vendor's prefix.
KEPT = "print-color-adjust:exact;forced-color-adjust:none"
"""Keeps meaningful colours in print and where a reader's system sets its own."""

_BAR = (
    "display:inline-block;vertical-align:middle;width:{width};height:.8em;border:1px solid #767676;"
    + KEPT
)


def swatch(width: str, background: str) -> str:
    """A piece of colour in the legend."""
    return f'<span class="tokenheat-bar" style="{_BAR.format(width=width)};{background}"></span>'


HATCHED_SWATCH = swatch("1.2em", HATCHED)
"""How the legend shows a cell without a colour."""


@dataclass(frozen=True)
class Paint:
    """Paints cells.

    Attributes:
        scale: The scale of the numbers; None if there are none.
        underlines: Whether the line under the text also shows the number.
        stands_out: Whether a number stands out; if it does not, its cell is muted.
    """

    scale: Scale | None
    colours: Colormap
    underlines: bool = False
    stands_out: Callable[[float], bool] | None = None

    def each(self, numbers: Sequence[float | None]) -> list[Look]:
        """How cells with these numbers look."""
        known = [number for number in numbers if number is not None]
        looks = self._looks(known)
        if len(known) == len(numbers):
            return looks
        rest = iter(looks)
        return [_HATCHED if number is None else next(rest) for number in numbers]

    def of(self, number: float | None) -> Look:
        """How a cell with this number looks."""
        return _HATCHED if number is None else self._looks((number,))[0]

    def joined(self, mean: Look, looks: Sequence[Look], *, is_rtl: bool) -> Look:
        """How units that share a character look.

        They have the colour of their mean, above a strip with a band for each.

        Parameters:
            mean: How a cell with the mean of their numbers looks.
            looks: Their own looks.
        """
        if mean is _HATCHED or len(looks) == 1:
            return mean
        bands = _bands(looks, mean.edge, "270deg" if is_rtl else "90deg")
        # On its own, the colour remains where the strip is not understood.
        style = mean.style.replace("background:", f"background:{bands};background-color:", 1)
        if self.underlines:
            style = style.removesuffix(_ROOM) + _ROOM_AND_STRIP
        else:
            style += f";padding-bottom:{_STRIP}"
        return look(style, mean.edge, mean.colour)

    def _looks(self, numbers: Sequence[float]) -> list[Look]:
        if self.scale is None:
            return [_HATCHED] * len(numbers)
        positions = self.scale.positions(numbers)
        if self.underlines or self.stands_out is not None:
            return [self._look(n, at) for n, at in zip(numbers, positions, strict=True)]
        looks, last = self.colours.looks, len(self.colours.looks) - 1
        return [looks[round(at * last)] for at in positions]

    def _look(self, number: float, position: float) -> Look:
        if self.stands_out is None or self.stands_out(number):
            plain = self.colours.look(position)
        else:
            plain = colormap(_MUTED).look(position * _MUTED_REACH)
        if not self.underlines:
            return plain
        line = _UNDERLINED.format(_THINNEST + (_THICKEST - _THINNEST) * position)
        return look(f"{plain.style};{line}{_ROOM}", plain.edge, plain.colour)


def _bands(looks: Sequence[Look], edge: str, direction: str) -> str:
    """The strip's layers: a thin line above it, and the bands with lines between them."""
    colours = [look.colour for look in looks]
    between = [part for colour in colours[1:] for part in (edge, colour)]
    return _bands_of(len(looks), direction) % (edge, colours[0], *between)


@cache
def _bands_of(count: int, direction: str) -> str:
    stops: list[str] = []
    for i in range(count):
        if i:
            stops.append(f"%s 0 calc({100 * i / count:.3g}%% + 1px)")
        stops.append(f"%s 0 {100 * (i + 1) / count:.3g}%%")
    return (
        f"linear-gradient(%s 0 0) 0 calc(100%% - {_STRIP})/100%% 1px no-repeat,"
        f"linear-gradient({direction},{','.join(stops)}) 0 100%%/100%% {_STRIP} no-repeat"
    )


def is_rtl(text: str) -> bool:
    """Whether the text runs from right to left."""
    return not text.isascii() and _RTL.search(text) is not None
