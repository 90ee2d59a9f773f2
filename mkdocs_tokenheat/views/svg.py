"""Drawings: the few shapes of an inline SVG, in its own units, which scale with the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mkdocs_tokenheat.views.markup import escape

__all__ = ["SIZE", "box", "drawing", "line", "path", "writing"]

SIZE = 15
"""The font size: on a narrow page, text shrinks with the drawing."""

_LEAST, _MOST = 0.675, 1.1
_STYLE = (
    "display:block;box-sizing:border-box;width:100%;min-width:{least}px;max-width:{most}px;"
    "height:auto;margin:0;direction:ltr;"
    # WeasyPrint does not know `font`.
    f"font-family:sans-serif;font-size:{SIZE}px;font-style:normal;font-weight:400;background:#fff"
)


# Texts begin on lines of their own: some search engines would read them as one word.


def drawing(width: float, height: float, name: str, shapes: Iterable[str]) -> str:
    """The SVG, as wide as the page within the limits of legibility.

    Parameters:
        name: Its name for screen readers.
    """
    style = _STYLE.format(least=round(_LEAST * width), most=round(_MOST * width))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_at(width)} {_at(height)}" '
        f'role="img" aria-label="{escape(name)}" style="{style}">{"".join(shapes)}</svg>'
    )


def box(x: float, y: float, width: float, height: float, style: str, title: str = "") -> str:
    """A rectangle; the title is its tooltip."""
    inside = f"\n<title>{escape(title)}</title>" if title else ""
    return (
        f'<rect x="{_at(x)}" y="{_at(y)}" width="{_at(width)}" height="{_at(height)}" '
        f'style="{style}">{inside}</rect>'
    )


def line(x: float, y: float, to_x: float, to_y: float, style: str) -> str:
    """A straight line."""
    return path([(x, y), (to_x, to_y)], style)


def path(points: Sequence[tuple[float, float]], style: str) -> str:
    """A line through points, or the area it encloses if the style fills it."""
    through = "L".join(f"{_at(x)} {_at(y)}" for x, y in points)
    return f'<path d="M{through}" style="{style}"></path>'


def writing(x: float, y: float, text: str, style: str = "fill:#000") -> str:
    """A text centred at x, with its baseline at y."""
    return (
        f'\n<text x="{_at(x)}" y="{_at(y)}" text-anchor="middle" style="{style}">{escape(text)}'
        "</text>"
    )


def _at(number: float) -> str:
    short = f"{number:.1f}".removesuffix(".0")
    return "0" if short == "-0" else short
