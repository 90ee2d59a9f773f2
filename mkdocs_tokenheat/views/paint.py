"""What a cell looks like: the declarations that its numbers become."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from mkdocs_tokenheat.views.colormaps import Colormap, colormap
from mkdocs_tokenheat.views.scale import Scale

__all__ = ["HATCHED", "KEPT", "Paint", "is_rtl", "swatch"]

# The blocks that Unicode keeps for such scripts, less their digits: each version of Python knows
# other letters of them, and a page must be the same in all.
_RTL = re.compile(
    "[\u0590-\u065f\u066a-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefe"
    "\U00010800-\U00010d2f\U00010d3a-\U00010e5f\U00010e7f-\U00010fff\U0001e800-\U0001efff]"
)

HATCHED = "background:repeating-linear-gradient(45deg,#fff 0 5px,#949494 0 6px)"
"""A cell without a colour: lines that are seen on white, and black letters on either."""

_EDGE = "#777"
_STRIP = ".35em"
_NO_BAND = "#999"
_MUTED, _MUTED_REACH = "Greys", 0.4
_THINNEST, _THICKEST = 0.06, 0.36
_UNDERLINED = "text-decoration:underline;text-decoration-thickness:{:.2g}em;padding-bottom:"


KEPT = (
    "-webkit-print-color-adjust:exact;print-color-adjust:exact;"  # Chrome until 135, and the others
    "forced-color-adjust:none"
)
"""Keeps colours that mean something, on paper and where a reader's system sets its own."""

_BAR = (
    "display:inline-block;vertical-align:middle;width:{width};height:.8em;border:1px solid #767676;"
    + KEPT
)


def swatch(width: str, background: str) -> str:
    """A piece of colour in the legend."""
    return f'<span class="tokenheat-bar" style="{_BAR.format(width=width)};{background}"></span>'


@dataclass(frozen=True)
class Paint:
    """Paints cells.

    Attributes:
        numbers: Each unit's number as far as it has a colour.
        scale: What the numbers are coloured by; None where there are none.
        underlines: Whether a line under the text follows the number, too.
        stands_out: Whether a number does; where it does not, its cell is drawn muted.
    """

    numbers: Sequence[float | None]
    scale: Scale | None
    colours: Colormap
    underlines: bool = False
    stands_out: Callable[[float], bool] | None = None
    _known: dict[float | None, tuple[str, str]] = field(default_factory=dict)

    def one(self, unit: int) -> tuple[str, str]:
        """The style of a unit's cell, and the colour of a line beside it."""
        number = self.numbers[unit]
        # Words come again.
        return self._known.get(number) or self.of(number)

    def of(self, number: float | None) -> tuple[str, str]:
        """The same for a number that is no unit's."""
        style, edge, line = self._filled(number)
        found = (f"{style};{line}.5em" if line else style), edge
        self._known[number] = found
        return found

    def joined(self, units: Sequence[int], shown: str) -> tuple[str, str]:
        """The same for units that share a character.

        They have the colour of their mean, and below a strip with a band for each.
        """
        numbers = [self.numbers[unit] for unit in units]
        known = [number for number in numbers if number is not None]
        style, edge, line = self._filled(sum(known) / len(known) if known else None)
        if not known or len(units) == 1:
            return (f"{style};{line}.5em" if line else style), edge
        bands = self._bands(numbers, edge, "270deg" if is_rtl(shown) else "90deg")
        style = style.replace("background:", f"background:{bands} ", 1)
        return f"{style};{line}.85em" if line else f"{style};padding-bottom:{_STRIP}", edge

    def _filled(self, number: float | None) -> tuple[str, str, str]:
        if number is None or self.scale is None:
            return HATCHED, _EDGE, ""
        position = self.scale.position(number)
        colours, at = self._colour(number, position)
        line = ""
        if self.underlines:
            line = _UNDERLINED.format(_THINNEST + (_THICKEST - _THINNEST) * position)
        return colours.styles[at], colours.edges[at], line

    def _colour(self, number: float, position: float) -> tuple[Colormap, int]:
        if self.stands_out is None or self.stands_out(number):
            return self.colours, self.colours.index(position)
        muted = colormap(_MUTED)
        return muted, muted.index(position * _MUTED_REACH)

    def _bands(self, numbers: Sequence[float | None], edge: str, direction: str) -> str:
        """The strip's layers: a thin line above it, and the bands with a line between two."""
        stops: list[str] = []
        for i, number in enumerate(numbers):
            if i:
                stops.append(f"{edge} 0 calc({_percent(i, len(numbers))} + 1px)")
            stops.append(f"{self._band(number)} 0 {_percent(i + 1, len(numbers))}")
        return (
            f"linear-gradient({edge} 0 0) 0 calc(100% - {_STRIP})/100% 1px no-repeat,"
            f"linear-gradient({direction},{','.join(stops)}) 0 100%/100% {_STRIP} no-repeat"
        )

    def _band(self, number: float | None) -> str:
        if number is None or self.scale is None:
            return _NO_BAND
        colours, at = self._colour(number, self.scale.position(number))
        return colours.colours[at]


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g}%"


def is_rtl(text: str) -> bool:
    """Whether the text runs from right to left."""
    return not text.isascii() and _RTL.search(text) is not None
