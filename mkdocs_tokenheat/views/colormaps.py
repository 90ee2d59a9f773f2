"""Colour maps by name: 256 colours each, and black or white for the text upon them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from mkdocs_tokenheat.errors import TokenheatError, unknown

__all__ = ["Colormap", "colormap", "contrast", "luminance", "names"]

_SIZE = 256

_EDGES = ("#777", "#444", "#fff")
"""The colours of thin lines, for pale cells first."""

_SEEN = 3.0
"""The least contrast of a line with what it lies on (WCAG 2.2, 1.4.11)."""


@dataclass(frozen=True)
class Colormap:
    """A colour map.

    Attributes:
        name: As authors write it.
        category: `sequential`, `diverging`, `cyclic` or `miscellaneous`.
        colours: 256 colours from the low end to the high one, as `#rrggbb`.
        styles: For each colour the declarations of a cell that has it: the background, and the
            text's colour where it is not the block's own black.
        edges: For each colour that of a thin line upon it, which is seen and does not shout.
    """

    name: str
    category: str
    colours: Sequence[str]
    styles: Sequence[str]
    edges: Sequence[str]

    def index(self, position: float) -> int:
        """Where a position between 0 and 1 lies among the colours."""
        return min(_SIZE - 1, max(0, round(position * (_SIZE - 1))))

    def gradient(self, start: float, end: float) -> str:
        """The CSS stops of the map between two positions, for a colour bar."""
        steps = [start + (end - start) * i / 8 for i in range(9)]
        return ",".join(self.colours[self.index(step)] for step in steps)


@lru_cache(maxsize=1)
def _table() -> dict[str, tuple[str, str]]:
    from importlib.resources import files

    text = files("mkdocs_tokenheat.views").joinpath("colormaps.txt").read_text(encoding="ascii")
    rows = (line.split(" ") for line in text.splitlines())
    return {name: (category, colours) for name, category, colours in rows}


def names() -> list[str]:
    """The names of all maps; each can also be had reversed, with `_r` behind its name."""
    return list(_table())


@cache
def colormap(name: str) -> Colormap:
    """The map of that name; `_r` behind a name turns it around.

    Raises:
        TokenheatError: A name that is not known.
    """
    entry = _table().get(name.removesuffix("_r"))
    if entry is None:
        raise TokenheatError(unknown("colormap", name, names()), option="colormap")
    category, digits = entry
    colours = [f"#{digits[i : i + 6]}" for i in range(0, 6 * _SIZE, 6)]
    if name.endswith("_r"):
        colours.reverse()
    lightness = [luminance(colour) for colour in colours]
    styles = [_style(colour, light) for colour, light in zip(colours, lightness, strict=True)]
    edges = [_edge(light) for light in lightness]
    return Colormap(name, category, colours, styles, edges)


def _style(colour: str, lightness: float) -> str:
    is_dark = contrast(1.0, lightness) > contrast(0.0, lightness)
    return f"background:{colour};color:#fff" if is_dark else f"background:{colour}"


def _edge(lightness: float) -> str:
    lines = ((edge, luminance(edge[:1] + 2 * edge[1:])) for edge in _EDGES)
    return next(edge for edge, line in lines if contrast(lightness, line) >= _SEEN)


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
