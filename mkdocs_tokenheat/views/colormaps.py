"""Colour maps by name: 256 colours each, and black or white for the text on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from mkdocs_tokenheat.errors import TokenheatError, unknown

__all__ = ["LINE", "Colormap", "Look", "colormap", "contrast", "look", "luminance", "names"]

LINE = "box-shadow:-1px 0;"
"""The line between a cell and the one before it."""

_SIZE = 256

_EDGES = ("#777", "#444", "#fff")
"""The colours of thin lines, for pale cells first."""

_SEEN = 3.0
"""The minimum contrast of a line with its background (WCAG 2.2, 1.4.11)."""


class Look(NamedTuple):
    """How a cell looks.

    Attributes:
        style: Its declarations: the background, and the text's colour if it is not the block's
            own black.
        beside: The same if it touches the cell before it: with a line between the two in the
            text's colour, which is visible on every cell and need not be declared.
        edge: The colour of lines in a cell, visible but not obtrusive.
        colour: Its colour, as `#rrggbb`.
    """

    style: str
    beside: str
    edge: str
    colour: str


def look(style: str, edge: str, colour: str) -> Look:
    """A look, also for use beside another cell."""
    # A line beside the cell, which moves no letter and breaks no ligature. It comes first, so that
    # the text after `</span><span` is always the same and compresses to almost nothing.
    return Look(style, LINE + style, edge, colour)


@dataclass(frozen=True)
class Colormap:
    """A colour map.

    Attributes:
        name: As authors write it.
        category: `sequential`, `diverging`, `cyclic` or `miscellaneous`.
        looks: How cells look in each of its 256 colours, from the low end to the high end.
    """

    name: str
    category: str
    looks: Sequence[Look]

    @property
    def colours(self) -> list[str]:
        """The colours alone."""
        return [look.colour for look in self.looks]

    def look(self, position: float) -> Look:
        """The look at a position between 0 and 1."""
        return self.looks[round(position * (_SIZE - 1))]

    def gradient(self, start: float, end: float) -> str:
        """The CSS stops of the map between two positions, for a colour bar."""
        steps = [start + (end - start) * i / 8 for i in range(9)]
        return ",".join(self.look(step).colour for step in steps)


@cache
def _table() -> dict[str, tuple[str, str]]:
    text = Path(__file__).with_name("colormaps.txt").read_text("ascii")
    rows = (line.split(" ") for line in text.splitlines())
    return {name: (category, colours) for name, category, colours in rows}


def names() -> list[str]:
    """The names of all maps; each is also available reversed, with `_r` after its name."""
    return list(_table())


@cache
def colormap(name: str) -> Colormap:
    """The map of that name; `_r` after a name reverses it.

    Raises:
        TokenheatError: The name is unknown.
    """
    entry = _table().get(name.removesuffix("_r"))
    if entry is None:
        known = [*names(), *(f"{each}_r" for each in names())]
        raise TokenheatError(unknown("colormap", name, known), option="colormap")
    category, digits = entry
    colours = [f"#{digits[i : i + 6]}" for i in range(0, 6 * _SIZE, 6)]
    if name.endswith("_r"):
        colours.reverse()
    return Colormap(name, category, [_filled(colour) for colour in colours])


def _filled(colour: str) -> Look:
    light = luminance(colour)
    is_dark = contrast(1.0, light) > contrast(0.0, light)
    style = f"background:{colour};color:#fff" if is_dark else f"background:{colour}"
    lines = ((edge, luminance(edge[:1] + 2 * edge[1:])) for edge in _EDGES)
    edge = next(edge for edge, line in lines if contrast(light, line) >= _SEEN)
    return look(style, edge, colour)


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb` (WCAG 2.2), from 0 for black to 1 for white."""
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: float, second: float) -> float:
    """The contrast ratio of two relative luminances (WCAG 2.2), from 1 to 21."""
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)
