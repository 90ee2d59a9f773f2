"""Drawings: the few shapes of an inline SVG, in units of its own that scale with the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mkdocs_tokenheat.views.markup import escape

__all__ = ["SIZE", "box", "drawing", "line", "path", "writing"]

SIZE = 15
"""The letters' size: on a narrow page they shrink with the drawing."""

_LEAST, _MOST = 0.675, 1.1
_STYLE = (
    "display:block;box-sizing:border-box;width:100%;min-width:{least}px;max-width:{most}px;"
    "height:auto;margin:0;direction:ltr;"
    f"font:{SIZE}px/1 sans-serif;background:#fff"
)


# Writing begins on lines of its own: some search engines would make one word of it.


def drawing(width: float, height: float, name: str, shapes: Iterable[str]) -> str:
    """The SVG, as wide as the page, within the limits of what can be read.

    Parameters:
        name: What a screen reader says of it.
    """
    style = _STYLE.format(least=round(_LEAST * width), most=round(_MOST * width))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_at(width)} {_at(height)}" '
        f'role="img" aria-label="{escape(name)}" style="{style}">{"".join(shapes)}</svg>'
    )


def box(x: float, y: float, width: float, height: float, style: str, title: str = "") -> str:
    """A rectangle; the title is what a pointer over it shows."""
    inside = f"\n<title>{escape(title)}</title>" if title else ""
    return (
        f'<rect x="{_at(x)}" y="{_at(y)}" width="{_at(width)}" height="{_at(height)}" '
        f'style="{style}">{inside}</rect>'
    )


def line(x: float, y: float, to_x: float, to_y: float, style: str) -> str:
    """A straight line."""
    return path([(x, y), (to_x, to_y)], style)


def path(points: Sequence[tuple[float, float]], style: str) -> str:
    """A line through points, or with a filling what it surrounds."""
    through = "L".join(f"{_at(x)} {_at(y)}" for x, y in points)
    return f'<path d="M{through}" style="{style}"></path>'


def writing(x: float, y: float, text: str, style: str = "fill:#000") -> str:
    """A text whose middle is at x, on the line y."""
    return (
        f'\n<text x="{_at(x)}" y="{_at(y)}" text-anchor="middle" style="{style}">{escape(text)}'
        "</text>"
    )


def _at(number: float) -> str:
    short = f"{number:.1f}".removesuffix(".0")
    return "0" if short == "-0" else short
