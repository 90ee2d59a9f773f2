"""How colours look to colour-blind eyes, and which maps' ends are then hard to tell apart.

The simulation follows Machado, Oliveira and Fernandes (2009) for a missing cone type;
distances are those of CIELAB (CIE 1976, white point D65).
"""

from __future__ import annotations

import math

from mkdocs_tokenheat.views.colormaps import Colormap

__all__ = ["CLOSE", "KINDS", "close_for", "distance", "seen"]

Triple = tuple[float, float, float]

CLOSE = 24.0
"""Below this distance, two colours that do not touch are hard to tell apart."""

KINDS: dict[str, tuple[Triple, Triple, Triple]] = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
"""How each changes linear red, green and blue."""

_XYZ: tuple[Triple, Triple, Triple] = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_WHITE: Triple = (0.95047, 1.0, 1.08883)


def seen(colour: str, kind: str | None = None) -> Triple:
    """L*, a* and b* of `#rrggbb`, with normal vision or a kind of colour blindness."""
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    rgb = (red, green, blue)
    if kind is not None:
        red, green, blue = (min(1.0, max(0.0, each)) for each in _product(KINDS[kind], rgb))
        rgb = (red, green, blue)
    x, y, z = (_root(part / white) for part, white in zip(_product(_XYZ, rgb), _WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _root(part: float) -> float:
    return part ** (1 / 3) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116


def _product(matrix: tuple[Triple, Triple, Triple], vector: Triple) -> Triple:
    one, two, three = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return one, two, three


def distance(one: str, other: str, kind: str | None = None) -> float:
    """How far apart two colours look; about 2 can just be told apart side by side."""
    return math.dist(seen(one, kind), seen(other, kind))


def close_for(colours: Colormap) -> dict[str, float]:
    """The kinds of colour blindness for which the map's ends are close, with their distance.

    For a diverging map, the points halfway to either end count, too: most numbers lie there.
    """
    if colours.category == "cyclic":  # Its ends are meant to be one colour.
        return {}
    pairs = [(0.0, 1.0)] + [(0.25, 0.75)] * (colours.category == "diverging")
    found = {}
    for kind in KINDS:
        apart = min(
            distance(colours.look(a).colour, colours.look(b).colour, kind) for a, b in pairs
        )
        if apart < CLOSE:
            found[kind] = apart
    return found
