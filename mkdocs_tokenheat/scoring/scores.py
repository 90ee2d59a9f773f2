"""A text's scores, and the columns that they are kept in."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from operator import add, sub
from typing import Any

from mkdocs_tokenheat.scoring.entry import Read, short

__all__ = ["Cell", "Note", "Scores", "Span", "read_notes", "scores_of"]

Span = tuple[int, int]
Cell = tuple[int, int, int, int]
_OVERLAP = 16
"""How often, on average, a text's units may show a character: those cut inside one all show it."""

Note = tuple[str | int, ...]
"""Something that the caption says: its name in the labels, and what is filled in."""


@dataclass(frozen=True)
class Scores:
    """The numbers of a text's units (tokens or words), and where each unit stands in it.

    Attributes:
        spans: Start and end of each unit in code points of the text, the end excluded.
        ids: Each unit's token id; a list of ids for words; None without a tokenizer.
        scores: Each unit's number with six significant digits; None where there is none.
        cells: What is coloured as one: first unit, number of units, start and end.
        unknown: The units that the tokenizer has no token for.
        notes: What the caption has to say of how the numbers came to be.
        aside: The units that are marked and left out of the scale: a model's first position.
        expected: For each unit what the model expected there, as texts with probabilities.
    """

    spans: Sequence[Span]
    ids: Sequence[int] | Sequence[Sequence[int]] | None
    scores: Sequence[float | None]
    cells: Sequence[Cell]
    unknown: Sequence[int] = ()
    notes: Sequence[Note] = ()
    aside: Sequence[int] = ()
    expected: Sequence[Sequence[tuple[str, float]]] = ()

    @property
    def on_scale(self) -> Sequence[float | None]:
        """Each unit's number as far as it has a colour."""
        off = {*self.unknown, *self.aside}
        if not off:
            return self.scores
        return [None if i in off else score for i, score in enumerate(self.scores)]

    def columns(self) -> Mapping[str, object]:
        """What is stored: spans as gaps and lengths, and only cells that are not one unit's span."""
        gaps, lengths, at = [], [], 0
        for start, end in self.spans:
            gaps.append(start - at)
            lengths.append(end - start)
            at = end
        plain = set(_plain_cells(self.spans))
        columns: dict[str, object] = {
            "gaps": gaps,
            "lengths": lengths,
            "ids": self.ids,
            "scores": [short(score) for score in self.scores],
            "cells": [cell for cell in self.cells if cell not in plain],
            "unknown": self.unknown,
            "notes": self.notes,
        }
        if self.aside:
            columns["aside"] = self.aside
        if self.expected:
            columns["expected"] = self.expected
        return columns


def scores_of(length: int) -> Read[Scores]:
    """Reads the scores of a text of that length, in code points."""
    return partial(_checked, length=length)


def _plain_cells(spans: Sequence[Span]) -> list[Cell]:
    return [(i, 1, start, end) for i, (start, end) in enumerate(spans) if start < end]


def _checked(entry: Mapping[str, Any], length: int) -> Scores:
    ids, numbers, unknown = entry["ids"], entry["scores"], entry["unknown"]
    spans = _spans(entry["gaps"], entry["lengths"], length)
    count = len(spans)
    if len(numbers) != count or (ids is not None and len(ids) != count):
        raise ValueError("its columns differ in length")
    # What `map` and `set` can look through takes a fraction of the time of a loop.
    if not {*map(type, numbers)} <= {int, float, type(None)}:
        raise ValueError("a score is no number")
    numbers = [None if number is None else float(number) for number in numbers]
    if not all(map(math.isfinite, [number for number in numbers if number is not None])):
        raise ValueError("a score is no number")
    if not {*map(type, ids or ())} <= {int}:
        for token in ids:
            if not {*map(type, token if isinstance(token, list) else (token,))} <= {int}:
                raise ValueError("an id is no number")
    aside, expected = entry.get("aside", ()), entry.get("expected", ())
    if not all(type(i) is int and 0 <= i < count for i in (*unknown, *aside)):
        raise ValueError("a unit is not there")
    if expected and len(expected) != count:
        raise ValueError("its columns differ in length")
    listed = tuple([(_text(text), _share(share)) for text, share in each] for each in expected)
    notes = read_notes(entry["notes"])
    return Scores(
        spans, ids, numbers, _cells(spans, entry["cells"], length), unknown, notes, aside, listed
    )


def read_notes(stored: Sequence[Sequence[str | int]]) -> list[Note]:
    """The notes of an entry.

    Raises:
        ValueError: What is no note.
    """
    notes = [tuple(note) for note in stored]
    if not all(note and all(type(part) in (str, int) for part in note) for note in notes):
        raise ValueError("a note cannot be read")
    return notes


def _spans(gaps: Sequence[int], lengths: Sequence[int], length: int) -> Sequence[Span]:
    if len(gaps) != len(lengths):
        raise ValueError("its columns differ in length")
    if not {*map(type, gaps), *map(type, lengths)} <= {int}:
        raise ValueError("a span is no pair of numbers")
    ends = list(accumulate(map(add, gaps, lengths)))
    starts = list(map(sub, ends, lengths))
    spans = list(zip(starts, ends, strict=True))
    if spans and not (min(starts) >= 0 <= min(lengths) and max(ends) <= length):
        raise ValueError("a span lies outside the text")
    if sum(lengths) > _OVERLAP * (length + len(spans)):
        raise ValueError("its spans show the text too often")
    return spans


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _share(value: object) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:  # type: ignore[operator]
        raise ValueError("a probability is none")
    return float(value)  # type: ignore[arg-type]


def _cells(spans: Sequence[Span], special: Sequence[Sequence[int]], length: int) -> Sequence[Cell]:
    cells = _plain_cells(spans)
    if special:
        joined: set[int] = set()
        free = 0
        for first, count, _, _ in special:
            if not free <= first < first + count <= len(spans):
                raise ValueError("a cell's units are not there")
            free = first + count
            joined.update(range(first, free))
        cells = [cell for cell in cells if cell[0] not in joined]
        cells = sorted([*cells, *((int(a), int(b), int(c), int(d)) for a, b, c, d in special)])
    at = 0
    for _, _, start, end in cells:
        if not at <= start < end <= length:
            raise ValueError("a cell lies outside the text")
        at = end
    return cells
