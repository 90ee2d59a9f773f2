"""White space and control characters, as hosts normalise them before a block is read."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["CONTROLS", "LONGEST", "clean", "has_any", "is_decomposed", "normalize"]

_BLANK = re.compile(r"^ +$", re.MULTILINE)
_STASH = re.compile(r"[\x02\x03]")

CONTROLS = bytes(code for code in range(0x20) if code != 0x0A)
"""The C0 control characters except LF."""

LONGEST = 1000
"""The maximum length of a token's text: a vocabulary or a cache may hold anything."""

_CONTROL = re.compile(f"[{re.escape(CONTROLS.decode())}\\ud800-\\udfff]")


def normalize(source: str) -> list[str]:
    """The lines of a page as Python-Markdown's preprocessors see them.

    STX and ETX are removed (Python-Markdown reserves them), CRLF and CR become LF, tabs extend to
    the next multiple of 4 columns, and lines of only spaces become empty.
    """
    source = _STASH.sub("", source).replace("\r\n", "\n").replace("\r", "\n").expandtabs(4)
    return _BLANK.sub("", source).split("\n")


def clean(text: str) -> str:
    """The text with C0 control characters except LF, and lone surrogates, as U+FFFD.

    No HTML parser passes those characters on unchanged.
    """
    return _CONTROL.sub("\ufffd", text) if has_any(text, CONTROLS) else text


def is_decomposed(text: str) -> bool:
    """Whether it has letters followed by marks that Unicode can compose (NFC)."""
    if text.isascii() or unicodedata.is_normalized("NFC", text):
        return False
    return len(unicodedata.normalize("NFC", text)) < len(text)


def has_any(text: str, characters: bytes) -> bool:
    """Whether the text has one of these ASCII characters, or a lone surrogate.

    A regular expression takes several times as long to find none.
    """
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        return True
    return len(raw.translate(None, characters)) < len(raw)
