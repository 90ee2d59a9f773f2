"""Escaping and numbers: the two ways in which anything gets into a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

__all__ = ["escape", "escape_each", "number", "visible"]

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_SPECIAL = re.compile("[\\x00-\\x09\\x0b-\\x1f&<>\"'\\ud800-\\udfff]")

_BETWEEN = "\x7f"
"""No text has it, as a rule, and it is not escaped."""


def escape(text: str) -> str:
    """The text for an element's content or a quoted attribute."""
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], "\ufffd"), text)


def escape_each(texts: Sequence[str]) -> Sequence[str]:
    """The texts, escaped: one look at all of them takes a fraction of a look at each."""
    whole = _BETWEEN.join(texts)
    escaped = escape(whole)
    if escaped == whole:
        return texts
    parts = escaped.split(_BETWEEN)
    return parts if len(parts) == len(texts) else [escape(text) for text in texts]


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
