"""A block's text as a list: of words, or of pairs of words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import TokenheatError, excerpt

__all__ = ["read_pairs", "read_words"]

_ITEM = re.compile(r'"(?P<phrase>[^"]*)"(?=\s|$)|(?P<word>[^\s"]\S*)')
_LONGEST = 100
_COMMAS = ",;、،؛\uff0c\uff1b"


def read_words(block: Block, fewest: int, most: int) -> tuple[str, ...]:
    """The words of a block, separated by white space; phrases are in double quotes.

    Raises:
        TokenheatError: Too few or too many words, an unclosed quote, or commas between them.
    """
    words = _without_commas([item for line in block.text.split("\n") for item in _items(line)])
    view = block.options.view
    if len(words) < fewest:
        raise TokenheatError(f"view: {view} needs at least {fewest} words")
    if len(words) > most:
        raise TokenheatError(
            f"view: {view} takes at most {most} words, but the block has {len(words)}"
        )
    return tuple(words)


def read_pairs(block: Block, most: int) -> tuple[tuple[str, str], ...]:
    """The pairs of a block, one per line.

    Raises:
        TokenheatError: A line of more or fewer than two words, commas, or too many lines.
    """
    pairs: list[tuple[str, str]] = []
    for line in filter(str.strip, block.text.split("\n")):
        words = _without_commas(_items(line), last=True)
        if len(words) != 2:
            raise TokenheatError(
                f"'{excerpt(line)}' is not a pair: write two words per line, "
                'phrases in double quotes: "two words"'
            )
        pairs.append((words[0], words[1]))
    if len(pairs) > most:
        raise TokenheatError(
            f"view: {block.options.view} takes at most {most} pairs, but the block has {len(pairs)}"
        )
    return tuple(pairs)


def _without_commas(items: Sequence[tuple[str, bool]], *, last: bool = False) -> list[str]:
    """The words, none of which may end with a comma that was meant as a separator.

    Parameters:
        last: Whether a comma at the end of the last word may have been meant as one, too.
    """
    words = [word for word, _ in items]
    if len(items) > 1 and (
        all(map(_has_comma, items[:-1])) or (last and any(map(_has_comma, items)))
    ):
        word = next(word for word, quoted in items if _has_comma((word, quoted)))
        raise TokenheatError(
            f"'{excerpt(word)}' would be a word with a comma: separate words by white "
            "space alone (in double quotes, a word may contain a comma)"
        )
    return words


def _has_comma(item: tuple[str, bool]) -> bool:
    word, quoted = item
    return not quoted and word[-1] in _COMMAS and word.strip(_COMMAS) != ""


def _items(line: str) -> list[tuple[str, bool]]:
    """The words and phrases of a line, and whether each is quoted."""
    items: list[tuple[str, bool]] = []
    at = 0
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        found = _ITEM.match(line, at)
        word = (found["phrase"] if found["word"] is None else found["word"]) if found else ""
        word = " ".join(word.split())
        if found is None or not word:
            raise TokenheatError(
                f"cannot read '{excerpt(line[at:])}': put a phrase between two double quotes"
            )
        if len(word) > _LONGEST:
            raise TokenheatError(f"'{excerpt(word)}' is longer than {_LONGEST} characters")
        items.append((word, found["word"] is None))
        at = found.end()
    return items
