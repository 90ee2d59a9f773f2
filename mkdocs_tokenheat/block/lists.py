"""A block's text as a list: of words, or of pairs of words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import TokenheatError, excerpt

__all__ = ["read_pairs", "read_words"]

_ITEM = re.compile(r'"(?P<phrase>[^"]*)"(?=\s|$)|(?P<word>[^\s"]\S*)')
_LONGEST = 100
_COMMAS = (",", ";", "，", "；", "、")  # noqa: RUF001


def read_words(block: Block, fewest: int, most: int) -> tuple[str, ...]:
    """The words of a block, which stand apart by white space; a phrase stands in double quotes.

    Raises:
        TokenheatError: Too few or too many, a quote that is not closed, or commas between them.
    """
    words = _without_commas([item for line in block.text.split("\n") for item in _items(line)])
    view = block.options.view
    if len(words) < fewest:
        raise TokenheatError(f"view: {view} needs {fewest} words at least", line=0)
    if len(words) > most:
        raise TokenheatError(
            f"view: {view} takes {most} words at most, and the block has {len(words)}", line=0
        )
    return tuple(words)


def read_pairs(block: Block, most: int) -> tuple[tuple[str, str], ...]:
    """The pairs of a block, one a line.

    Raises:
        TokenheatError: A line of more or fewer than two words, commas, or too many lines.
    """
    pairs: list[tuple[str, str]] = []
    for line in filter(str.strip, block.text.split("\n")):
        words = _without_commas(_items(line))
        if len(words) != 2:
            raise TokenheatError(
                f"'{excerpt(line)}' is not a pair: write two words a line, "
                'a phrase in double quotes: "two words"',
                line=0,
            )
        pairs.append((words[0], words[1]))
    if len(pairs) > most:
        raise TokenheatError(
            f"view: {block.options.view} takes {most} pairs at most, and the block has "
            f"{len(pairs)}",
            line=0,
        )
    return tuple(pairs)


def _without_commas(items: Sequence[tuple[str, bool]]) -> list[str]:
    """The words, none of which may have got a comma that was meant to stand between them."""
    if len(items) > 1 and all(not quoted and word.endswith(_COMMAS) for word, quoted in items[:-1]):
        raise TokenheatError(
            f"'{excerpt(items[0][0])}' would be a word with a comma: words stand apart by white "
            "space alone (in double quotes a word may have one)",
            line=0,
        )
    return [word for word, _ in items]


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
                f"cannot read '{excerpt(line[at:])}': a phrase stands between two double quotes",
                line=0,
            )
        if len(word) > _LONGEST:
            raise TokenheatError(f"'{excerpt(word)}' is longer than {_LONGEST} characters", line=0)
        items.append((word, found["word"] is None))
        at = found.end()
    return items
