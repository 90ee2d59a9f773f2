"""Writes mkdocs_tokenheat/views/colormaps.txt from the cmap package: one line per map."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cmap

COLORBREWER_SEQUENTIAL = [
    "Blues",
    "BuGn",
    "BuPu",
    "GnBu",
    "Greens",
    "Greys",
    "OrRd",
    "Oranges",
    "PuBu",
    "PuBuGn",
    "PuRd",
    "Purples",
    "RdPu",
    "Reds",
    "YlGn",
    "YlGnBu",
    "YlOrBr",
    "YlOrRd",
]
COLORBREWER_DIVERGING = [
    "BrBG",
    "PRGn",
    "PiYG",
    "PuOr",
    "RdBu",
    "RdGy",
    "RdYlBu",
    "RdYlGn",
    "Spectral",
]
PERCEPTUAL = ["bids:viridis", "bids:plasma", "bids:inferno", "bids:magma", "cividis:cividis"]
CRAMERI = sorted(name for name in cmap.Catalog() if name.startswith("crameri:"))
NAMES = [
    *(f"colorbrewer:{name}" for name in COLORBREWER_SEQUENTIAL + COLORBREWER_DIVERGING),
    *PERCEPTUAL,
    *CRAMERI,
]
SIZE = 256
TARGET = Path(__file__).parents[1] / "mkdocs_tokenheat" / "views" / "colormaps.txt"


def lines() -> Iterator[str]:
    """Each map's name, category, and 256 colours from its low end to its high one."""
    for name in NAMES:
        colormap = cmap.Colormap(name)
        colours = (_six(colormap(i / (SIZE - 1)).hex[1:7].lower()) for i in range(SIZE))
        yield f"{name.partition(':')[2]} {colormap.category} {''.join(colours)}"


def _six(colour: str) -> str:
    return "".join(2 * digit for digit in colour) if len(colour) == 3 else colour


if __name__ == "__main__":
    TARGET.write_text("\n".join(lines()) + "\n", encoding="ascii")
