"""White space and control characters: what a host has done to a page before a block is read."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["CONTROLS", "LONGEST", "clean", "has_any", "is_decomposed", "normalize"]

_BLANK = re.compile(r"^ +$", re.MULTILINE)
_STASH = re.compile(r"[\x02\x03]")

CONTROLS = bytes(code for code in range(0x20) if code != 0x0A)
"""The C0 control characters but LF."""

LONGEST = 1000
"""Characters of what a model's token writes, at most: a vocabulary, or a cache, may hold anything."""

_CONTROL = re.compile(f"[{re.escape(CONTROLS.decode())}\\ud800-\\udfff]")


def normalize(source: str) -> list[str]:
    """The lines of a page as Python-Markdown's preprocessors see them.

    STX and ETX are removed (Python-Markdown keeps them for itself), CRLF and CR become LF, tabs go
    to the next multiple of 4 columns, and lines of spaces become empty.
    """
    source = _STASH.sub("", source).replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    return _BLANK.sub("", source).split("\n")


def clean(text: str) -> str:
    """The text with every C0 control character but LF, and half of a surrogate pair, as U+FFFD.

    No HTML parser hands those characters on as they were written.
    """
    return _CONTROL.sub("\ufffd", text) if has_any(text, CONTROLS) else text


def is_decomposed(text: str) -> bool:
    """Whether it has letters with marks behind them that Unicode has as one character (NFC)."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return False
    return len(unicodedata.normalize("NFC", text)) < len(text)


def has_any(text: str, characters: bytes) -> bool:
    """Whether the text has one of these ASCII characters, or half of a surrogate pair.

    A pattern takes several times as long to find that it has none.
    """
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        return True
    return len(raw.translate(None, characters)) < len(raw)
