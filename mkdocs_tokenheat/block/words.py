"""Splits a text into grapheme clusters, into words, and into the cells that a page colours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

__all__ = ["Cell", "Span", "cells", "count_graphemes", "graphemes", "is_simple", "visible", "words"]

Span = tuple[int, int]
"""Start and end in code points of the text, end exclusive."""

Cell = tuple[int, int, int, int]
"""First token, number of tokens, and start and end of a span coloured as one."""

# A flag followed by another is matched at once: \X would count all flags before it.
_CLUSTER = r"[\U0001F1E6-\U0001F1FF]{2}(?=[\U0001F1E6-\U0001F1FF])|\X"
# None of these characters combines with the one before or after it.
_ALONE = r"[\p{Grapheme_Cluster_Break=Other}\n]*"
_RUN = r"\S+"
_MARK = r"[\p{P}\p{S}]"


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    # A large package, which the tokens of an English text do not need.
    import regex

    return regex.compile(pattern)


def graphemes(text: str) -> list[Span]:
    """The extended grapheme clusters of the text (Unicode Standard Annex #29)."""
    if is_simple(text):
        return [(i, i + 1) for i in range(len(text))]
    return [found.span() for found in _compiled(_CLUSTER).finditer(text)]


def is_simple(text: str) -> bool:
    """Whether each character is a cluster: much faster to tell than what the clusters are."""
    return text.isascii() or _compiled(_ALONE).fullmatch(text) is not None


def count_graphemes(text: str) -> int:
    """The number of grapheme clusters that are not white space."""
    return sum(not text[start:end].isspace() for start, end in graphemes(text))


def words(text: str) -> list[tuple[int, int, bool]]:
    """The text's units: start, end, and whether it is a word (or else punctuation or a symbol).

    A word is a maximal run without white space, minus the grapheme clusters at its ends that start
    with a character in Unicode's categories P (punctuation) and S (symbols), each of which is a
    unit of its own. Hyphens and apostrophes inside a word are kept.
    """
    units: list[tuple[int, int, bool]] = []
    for run in _compiled(_RUN).finditer(text):
        clusters = [(a + run.start(), b + run.start()) for a, b in graphemes(run[0])]
        is_mark = [_compiled(_MARK).match(text, start) is not None for start, _ in clusters]
        inner = [i for i, mark in enumerate(is_mark) if not mark]
        if not inner:
            units += [(start, end, False) for start, end in clusters]
            continue
        first, last = inner[0], inner[-1]
        units += [(start, end, False) for start, end in clusters[:first]]
        units.append((clusters[first][0], clusters[last][1], True))
        units += [(start, end, False) for start, end in clusters[last + 1 :]]
    return units


def visible(text: str, span: Span) -> Span:
    """The span without the white space before its first visible character, if it has one."""
    start, end = span
    shown = text[start:end].lstrip()
    return (end - len(shown), end) if shown else span


def cells(text: str, spans: Sequence[Span]) -> list[Cell]:
    """The cells of a page: tokens whose spans share a character or a grapheme cluster.

    A cell extends to the ends of its grapheme clusters, so that a letter stays together with an
    accent that a tokenizer drops. Empty spans have no cell.
    """
    bounds = None if is_simple(text) else _bounds(text)
    found: list[Cell] = []
    at = 0
    for i, (start, end) in enumerate(spans):
        if start == end:
            continue
        first, last = (bounds[start][0], bounds[end - 1][1]) if bounds else (start, end)
        if first >= at or not found:
            found.append((i, 1, first, last))
            at = last
        else:
            token, _, cell_start, cell_end = found[-1]
            at = max(last, cell_end)
            found[-1] = (token, i - token + 1, min(first, cell_start), at)
    return found


def _bounds(text: str) -> list[Span]:
    """For each character the start and the end of its cluster."""
    return [cluster for cluster in graphemes(text) for _ in range(cluster[1] - cluster[0])]
