"""Cuts a text: into grapheme clusters, into words, and into the cells that a page colours."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import regex

__all__ = ["Cell", "Span", "cells", "count_graphemes", "graphemes", "visible", "words"]

Span = tuple[int, int]
"""Start and end in code points of the text, the end excluded."""

Cell = tuple[int, int, int, int]
"""First token, number of tokens, start and end of what is coloured as one."""

# A flag that another one follows is told apart at once: \X would count all flags before it.
_CLUSTER = regex.compile(r"[\U0001F1E6-\U0001F1FF]{2}(?=[\U0001F1E6-\U0001F1FF])|\X")
_RUN = regex.compile(r"\S+")


def graphemes(text: str) -> list[Span]:
    """The extended grapheme clusters of the text (Unicode Standard Annex #29)."""
    if text.isascii():
        return [(i, i + 1) for i in range(len(text))]
    return [found.span() for found in _CLUSTER.finditer(text)]


def count_graphemes(text: str) -> int:
    """The number of grapheme clusters that are not white space."""
    return sum(not text[start:end].isspace() for start, end in graphemes(text))


def words(text: str) -> list[tuple[int, int, bool]]:
    """The text's units: start, end, and whether it is a word (or else punctuation or a symbol).

    A word is a maximal run without white space, less the grapheme clusters at its ends that start
    with a character of Unicode's categories P (punctuation) and S (symbols), each of which is a
    unit of its own. Hyphens and apostrophes inside a word stay.
    """
    units: list[tuple[int, int, bool]] = []
    for run in _RUN.finditer(text):
        clusters = [(a + run.start(), b + run.start()) for a, b in graphemes(run[0])]
        is_mark = [unicodedata.category(text[start])[0] in "PS" for start, _ in clusters]
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
    """What the page colours as one: tokens whose spans share a character or a grapheme cluster.

    A cell reaches to the ends of its grapheme clusters, so that a letter and the accent that a
    tokenizer drops stay together. Empty spans have no cell.
    """
    clusters = graphemes(text)
    cluster_of = [i for i, (start, end) in enumerate(clusters) for _ in range(start, end)]
    found: list[Cell] = []
    last_cluster = -1
    for i, (start, end) in enumerate(spans):
        if start == end:
            continue
        first, last = cluster_of[start], cluster_of[end - 1]
        if found and first <= last_cluster:
            token, _, cell_start, cell_end = found[-1]
            last_cluster = max(last, last_cluster)
            cell_end = max(cell_end, end)
            found[-1] = (token, i - token + 1, min(cell_start, start), cell_end)
        else:
            last_cluster = last
            found.append((i, 1, start, end))
    return [_whole(cell, clusters, cluster_of) for cell in found]


def _whole(cell: Cell, clusters: Sequence[Span], cluster_of: Sequence[int]) -> Cell:
    token, count, start, end = cell
    return token, count, clusters[cluster_of[start]][0], clusters[cluster_of[end - 1]][1]
