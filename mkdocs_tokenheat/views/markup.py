"""Escaping and numbers: the two ways in which anything gets into a page."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["escape", "number", "visible"]

_ESCAPES = str.maketrans(
    {code: "\ufffd" for code in (*range(0x20), *range(0xD800, 0xE000)) if code != 0x0A}
    | {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
)
_SPECIAL = re.compile("[\\x00-\\x09\\x0b-\\x1f&<>\"'\\ud800-\\udfff]")
"""To look for them takes a fraction of the time of putting each character through the table."""


def escape(text: str) -> str:
    """The text for an element's content or a quoted attribute."""
    return text.translate(_ESCAPES) if _SPECIAL.search(text) else text


def visible(text: str) -> str:
    """The text with its white space drawn, not yet escaped."""
    return text.replace("\n", "⏎").replace("\t", "⇥").replace(" ", "␣")


@lru_cache(maxsize=1 << 14)
def number(value: float) -> str:
    """The number with four significant digits, without an exponent where it reads well."""
    # Equal numbers are written alike: there is no -0.
    short = f"{value + 0.0:.4g}"
    if "e" in short and 1e-5 <= abs(value) < 1e9:
        short = f"{float(short):.9f}".rstrip("0").rstrip(".")
    return short
