"""Escaping and numbers: the two ways that anything gets into a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from itertools import count

from mkdocs_tokenheat.block.text import CONTROLS, has_any

__all__ = [
    "SPACE",
    "apart",
    "escape",
    "escape_each",
    "hides",
    "isolated",
    "line",
    "named",
    "needs_isolation",
    "number",
    "numbers",
    "unseen",
    "visible",
    "visible_each",
]

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_SPECIALS = CONTROLS + "".join(_ENTITIES).encode()
_SPECIAL = re.compile(f"[{re.escape(_SPECIALS.decode())}\\ud800-\\udfff]")

_TURNED = re.compile("-[0-9]|&[lg]t;|[][(){}«»\u2039\u203a≤≥⟨⟩\u3008-\u3011\uff08\uff09]")
"""What is displayed differently on a right-to-left page: a minus sign, a bracket."""

_TURNED_ASCII = b"-&[](){}"
"""Every match of `_TURNED` in an ASCII text has one of these."""

SPACE = "␣"

_REMEMBERED = 1 << 14

_BETWEEN = "\x7f"
"""A separator that texts rarely contain and that is not escaped."""


def escape(text: str) -> str:
    """The text for an element's content or a quoted attribute."""
    if not has_any(text, _SPECIALS):
        return text
    return _SPECIAL.sub(lambda found: _ENTITIES.get(found[0], "\ufffd"), text)


def escape_each(texts: Sequence[str]) -> Sequence[str]:
    """The texts, escaped."""
    return _each(escape, texts)


def needs_isolation(shown: str) -> bool:
    """Whether HTML would be displayed differently on a page that runs from right to left."""
    if shown.isascii() and not has_any(shown, _TURNED_ASCII):  # Much faster than a pattern.
        return False
    return _TURNED.search(shown) is not None


def isolated(shown: str) -> str:
    """HTML that keeps its order and its brackets, even on a right-to-left page."""
    return f"<bdi>{shown}</bdi>" if needs_isolation(shown) else shown


def line(html: str) -> str:
    """A part of a caption that has a line of its own."""
    return f'<span style="display:block">{html}</span>'


def visible(text: str) -> str:
    """The text with its white space drawn."""
    return text.replace("\n", "⏎").replace("\t", "⇥").replace(" ", SPACE)


def unseen(text: str) -> str:
    """The code points of a text, its white space drawn, of which nothing is seen; or nothing."""
    if not text or _UNSEEN.sub("", text):
        return ""
    return " ".join(f"U+{ord(char):04X}" for char in text)


def named(text: str) -> str:
    """The text with its white space drawn, or the code points of one that cannot be seen."""
    drawn = visible(text)
    return unseen(drawn) or drawn


def hides(text: str) -> bool:
    """Whether some of its characters cannot be seen by themselves."""
    return not (text.isascii() and text.isprintable()) and _UNSEEN.search(text) is not None


def visible_each(texts: Sequence[str]) -> Sequence[str]:
    """The texts, each with its white space drawn."""
    return _each(visible, texts)


def _each(change: Callable[[str], str], texts: Sequence[str]) -> Sequence[str]:
    """The texts, changed: handling all at once takes a fraction of the time."""
    whole = _BETWEEN.join(texts)
    changed = change(whole)
    if changed == whole:
        return texts
    parts = changed.split(_BETWEEN)
    return parts if len(parts) == len(texts) else [change(text) for text in texts]


_UNSEEN = re.compile(
    "[\0-\x1f\x7f-\xa0\xad\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    "\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
)
"""Characters that are invisible by themselves."""

_DIGITS = 4


def _written(value: float, digits: int) -> str:
    # Equal numbers are written alike: -0 becomes 0.
    short = f"{value + 0.0:.{digits}g}"
    if "e" in short and 1e-5 <= abs(value) < 1e9:
        short = f"{float(short):.{digits + 5}f}".rstrip("0").rstrip(".")
    return short


class _Written(dict[float, str]):
    """Numbers as written, cached: most of them recur."""

    def __missing__(self, value: float) -> str:
        short = _written(value, _DIGITS)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[value] = short
        return short


_WRITTEN = _Written()


def number(value: float) -> str:
    """The number with four significant digits, without an exponent where it reads well."""
    return _WRITTEN[value]


def apart(low: float, high: float) -> tuple[str, str]:
    """Two numbers; if they would read the same, with a digit more than tells them apart."""

    def differ(digits: int) -> bool:
        return _written(low, digits) != _written(high, digits)

    digits = _DIGITS
    if low != high and not differ(digits):
        # With one more digit they may agree again: 0.26260|46 and 0.26260|51.
        digits = next(n for n in count(digits + 2) if differ(n - 1) and differ(n))
    return _written(low, digits), _written(high, digits)


def numbers(values: Iterable[float]) -> list[str]:
    """The numbers, each written as by `number`."""
    return list(map(_WRITTEN.__getitem__, values))
