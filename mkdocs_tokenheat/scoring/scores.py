"""A text's scores, and the columns that they are kept in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate, compress
from operator import lt, sub
from typing import Any, TypeVar

from mkdocs_tokenheat.scoring.entry import Read, short

__all__ = ["Cell", "Note", "Scores", "Span", "read_notes", "scores_of"]

T = TypeVar("T")
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
        starts: Where each unit starts, in code points of the text.
        ends: Where it ends, excluded; an empty one shows nothing.
        ids: Each unit's token id; a list of ids for words; None without a tokenizer.
        scores: Each unit's number with six significant digits; None where there is none.
        joined: Units that are coloured as one, or on more than what they show: first unit, number
            of units, start and end. Each other unit that shows something is a cell of its own.
        unknown: The units that the tokenizer has no token for.
        notes: What the caption has to say of how the numbers came to be.
        aside: The units that are marked and left out of the scale: a model's first position.
        expected: For each unit what the model expected there, as texts with probabilities.
    """

    starts: Sequence[int]
    ends: Sequence[int]
    ids: Sequence[int] | Sequence[Sequence[int]] | None
    scores: Sequence[float | None]
    joined: Sequence[Cell] = ()
    unknown: Sequence[int] = ()
    notes: Sequence[Note] = ()
    aside: Sequence[int] = ()
    expected: Sequence[Sequence[tuple[str, float]]] = ()

    @property
    def spans(self) -> list[Span]:
        """Start and end of each unit."""
        return list(zip(self.starts, self.ends, strict=True))

    @property
    def cells(self) -> list[Cell]:
        """What is coloured as one: first unit, number of units, start and end."""
        units = [(i, 1, start, end) for i, (start, end) in enumerate(self.spans)]
        return self.by_cell(units, self.joined)

    def by_cell(self, units: Iterable[T], joined: Sequence[T]) -> list[T]:
        """From what there is of each unit, and of each joined cell, to what there is of each cell."""
        found = self._spliced(units, joined)
        return list(compress(found, self._are_shown)) if self._are_shown else found

    @cached_property
    def cell_starts(self) -> list[int]:
        """Where each cell starts."""
        return self.by_cell(self.starts, [cell[2] for cell in self.joined])

    @cached_property
    def cell_ends(self) -> list[int]:
        """Where each cell ends."""
        return self.by_cell(self.ends, [cell[3] for cell in self.joined])

    @cached_property
    def _are_shown(self) -> list[bool]:
        """Whether each cell shows something; nothing where all of them do."""
        starts = self._spliced(self.starts, [cell[2] for cell in self.joined])
        ends = self._spliced(self.ends, [cell[3] for cell in self.joined])
        shown = list(map(lt, starts, ends))
        return [] if all(shown) else shown

    def _spliced(self, units: Iterable[T], joined: Sequence[T]) -> list[T]:
        found = [*units]
        for (first, size, _, _), one in zip(reversed(self.joined), reversed(joined), strict=True):
            found[first : first + size] = [one]
        return found

    @property
    def on_scale(self) -> Sequence[float | None]:
        """Each unit's number as far as it has a colour."""
        off = {*self.unknown, *self.aside}
        if not off:
            return self.scores
        return [None if i in off else score for i, score in enumerate(self.scores)]

    def columns(self) -> Mapping[str, object]:
        """What is stored: spans as gaps and lengths, and only cells that are not one unit's span."""
        gaps = list(map(sub, self.starts, (0, *self.ends)))
        lengths = list(map(sub, self.ends, self.starts))
        columns: dict[str, object] = {
            "gaps": gaps,
            "lengths": lengths,
            "ids": self.ids,
            "scores": [short(score) for score in self.scores],
            "cells": self.joined,
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


# A loop in Python for each check would take most of the time that an entry takes to read: each
# column is looked through in a few calls.
def _checked(entry: Mapping[str, Any], length: int) -> Scores:
    gaps, lengths, ids = _whole(entry["gaps"]), _whole(entry["lengths"]), entry["ids"]
    numbers, expected = _numbers(entry["scores"]), entry.get("expected", ())
    unknown, aside = _whole(entry["unknown"]), _whole(entry["aside"]) if "aside" in entry else ()
    size = len(gaps)
    columns = (lengths, numbers, gaps if ids is None else ids, expected or gaps)
    if any(len(column) != size for column in columns):
        raise ValueError("its columns differ in length")
    if not all(0 <= i < size for i in (*unknown, *aside)):
        raise ValueError("a unit is not there")
    if ids is not None:
        is_words = bool(ids) and isinstance(ids[0], list)
        ids = [_whole(each) for each in ids] if is_words else _whole(ids)
    edges = [*gaps, *lengths]
    edges[::2], edges[1::2] = gaps, lengths
    edges = list(accumulate(edges))
    starts, ends = edges[::2], edges[1::2]
    if size and not (min(starts) >= 0 <= min(lengths) and max(ends) <= length):
        raise ValueError("a span lies outside the text")
    if sum(lengths) > _OVERLAP * (length + size):
        raise ValueError("its spans show the text too often")
    scores = Scores(
        starts,
        ends,
        ids,
        numbers,
        joined=_joined(entry["cells"], size),
        unknown=unknown,
        notes=read_notes(entry["notes"]),
        aside=aside,
        expected=tuple([(_text(text), _share(share)) for text, share in each] for each in expected),
    )
    if scores.joined or min(gaps, default=0) < 0:
        _check_order(scores, length)
    return scores


def _whole(column: object) -> list[int]:
    """The column, if all of it is whole numbers: a sum tells soonest."""
    if not isinstance(column, list) or type(sum(column)) is not int:
        raise TypeError("a column is no list of whole numbers")
    return column


def _numbers(column: list[Any]) -> list[float | None]:
    known = column
    try:
        total = sum(known)
    except TypeError:
        known = [number for number in column if number is not None]
        total = sum(known)
    # The sum of the largest floats is none.
    if not math.isfinite(total) and not all(map(math.isfinite, known)):
        raise ValueError("a score is no number")
    numbers = map(float, known)
    if known is column:
        return [*numbers]
    return [None if number is None else next(numbers) for number in column]


def read_notes(stored: Sequence[Sequence[str | int]]) -> list[Note]:
    """The notes of an entry.

    Raises:
        ValueError: What is no note.
    """
    notes = [tuple(note) for note in stored]
    if not all(note and all(type(part) in (str, int) for part in note) for note in notes):
        raise ValueError("a note cannot be read")
    return notes


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _share(value: object) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:  # type: ignore[operator]
        raise ValueError("a probability is none")
    return float(value)  # type: ignore[arg-type]


def _joined(cells: Sequence[object], size: int) -> list[Cell]:
    joined: list[Cell] = []
    free = 0
    for first, units, start, end in map(_whole, cells):
        if not free <= first < first + units <= size or not start < end:
            raise ValueError("a cell's units are not there")
        joined.append((first, units, start, end))
        free = first + units
    return joined


def _check_order(scores: Scores, length: int) -> None:
    """Hold cells to what they are: parts of the text, one after the other."""
    edges = [0, *scores.cell_starts, *scores.cell_ends, length]
    edges[1:-1:2], edges[2:-1:2] = scores.cell_starts, scores.cell_ends
    if edges != sorted(edges):
        raise ValueError("a cell lies outside the text")
