"""A text's scores, and the columns they are stored in."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate, compress
from operator import le, lt, sub
from typing import Any, TypeVar

from mkdocs_tokenheat.block.text import LONGEST
from mkdocs_tokenheat.block.words import Cell, Span
from mkdocs_tokenheat.scoring.entry import Read, short

__all__ = ["Note", "Scores", "read_notes", "read_text", "scores_of"]

T = TypeVar("T")
_SMALL = bytes(range(ord("#"), ord("\\")))
_ZERO = ord("0")
_VALUES = bytes((code - _ZERO) % 256 for code in range(256))
_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_OVERLAP = 16
"""How many units may show a character, on average: units that split a character all show it."""
_NOTES, _PARTS, _NAME, _LARGE = 16, 4, 40, 10**9
"""An entry's limits: the number of notes, their parts, the length of their names, their numbers."""

Note = tuple[str | int, ...]
"""A note in the caption: its name in the labels, and the numbers to fill in."""


@dataclass(frozen=True)
class Scores:
    """The numbers of a text's units (tokens or words), and each unit's position in it.

    Attributes:
        starts: Where each unit starts, in code points of the text.
        ends: Where it ends, exclusive; an empty one shows nothing.
        ids: Each unit's token ids as they are stored, `12;7,31;`; None without a tokenizer.
        scores: Each unit's number as it is stored, with six significant digits where a model was
            needed; None where there is none.
        joined: Units that are coloured as one, or over more than they show: first unit, number of
            units, start and end. Every other unit that shows something is a cell of its own.
        unknown: The units that the tokenizer has no token for.
        notes: What the caption says about how the numbers were computed.
        aside: The units that are marked and left out of the scale: a model's first position.
        expected: For each unit, what the model expected there, as texts with probabilities.
    """

    starts: Sequence[int]
    ends: Sequence[int]
    ids: str | None
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
        """The cells, each coloured as one: first unit, number of units, start and end."""
        units = [(i, 1, start, end) for i, (start, end) in enumerate(self.spans)]
        return self.by_cell(units, self.joined)

    def by_cell(self, units: Iterable[T], joined: Sequence[T]) -> list[T]:
        """One item per cell, from one per unit and one per joined cell."""
        return self._shown(self._spliced(units, joined))

    @cached_property
    def cell_starts(self) -> list[int]:
        """Where each cell starts."""
        return self._shown(self._edges[0])

    @cached_property
    def cell_ends(self) -> list[int]:
        """Where each cell ends."""
        return self._shown(self._edges[1])

    @cached_property
    def _edges(self) -> tuple[list[int], list[int]]:
        """Where each cell starts and ends, including those that show nothing."""
        starts = self._spliced(self.starts, [cell[2] for cell in self.joined])
        return starts, self._spliced(self.ends, [cell[3] for cell in self.joined])

    @cached_property
    def _are_shown(self) -> list[bool]:
        """Whether each cell shows something; empty if all of them do."""
        shown = list(map(lt, *self._edges))
        return [] if all(shown) else shown

    def _shown(self, found: list[T]) -> list[T]:
        return list(compress(found, self._are_shown)) if self._are_shown else found

    def _spliced(self, units: Iterable[T], joined: Sequence[T]) -> list[T]:
        found = [*units]
        for (first, size, _, _), one in zip(reversed(self.joined), reversed(joined), strict=True):
            found[first : first + size] = [one]
        return found

    @property
    def token_ids(self) -> list[list[int]] | None:
        """The ids of each unit's tokens; None without a tokenizer."""
        if self.ids is None:
            return None
        units = self.ids.split(";")[:-1]
        return [[int(token) for token in unit.split(",") if token] for unit in units]

    @cached_property
    def coloured(self) -> Sequence[float]:
        """The numbers that have a colour."""
        return [score for score in self.on_scale if score is not None]

    @cached_property
    def on_scale(self) -> Sequence[float | None]:
        """Each unit's number, or None if it has no colour."""
        unseen = [] if all(map(lt, self.starts, self.ends)) else self._unseen
        return _without([*self.aside, *unseen], self.told)

    @property
    def _unseen(self) -> list[int]:
        """The units that show nothing, such as a space that SentencePiece adds."""
        return [i for i, (start, end) in enumerate(self.spans) if start >= end]

    @cached_property
    def told(self) -> Sequence[float | None]:
        """Each unit's number, or None if its token is unknown."""
        return _without(self.unknown, self.scores)

    def columns(self) -> Mapping[str, object]:
        """What is stored: spans as gaps and lengths; only cells that are not one unit's span."""
        edges = [0] * (2 * len(self.starts))
        edges[::2], edges[1::2] = self.starts, self.ends
        written = {score: short(score) for score in {*self.scores}}
        columns: dict[str, object] = {
            "spans": _packed(list(map(sub, edges, (0, *edges)))),
            "ids": self.ids,
            "scores": [written[score] for score in self.scores],
            "cells": self.joined,
            "unknown": self.unknown,
            "notes": self.notes,
        }
        if self.aside:
            columns["aside"] = self.aside
        if self.expected:
            columns["expected"] = self.expected
        return columns


def _without(units: Sequence[int], scores: Sequence[float | None]) -> Sequence[float | None]:
    if not units:
        return scores
    off = {*units}
    return [None if i in off else score for i, score in enumerate(scores)]


def scores_of(length: int, topk: int = sys.maxsize) -> Read[Scores]:
    """Reads the scores of a text of that length, in code points.

    Parameters:
        topk: How many expected tokens a unit may have.
    """
    return partial(_checked, length=length, topk=topk)


# Loops in Python would take most of the time of reading an entry: each column is checked in a
# few calls.
def _checked(entry: Mapping[str, Any], length: int, topk: int) -> Scores:
    edges, numbers, ids = _unpacked(entry["spans"]), _numbers(entry["scores"]), entry["ids"]
    unknown, aside = _whole(entry["unknown"]), _whole(entry["aside"]) if "aside" in entry else ()
    expected = entry.get("expected", ())
    size = len(numbers)
    if len(edges) != 2 * size or len(expected or numbers) != size:
        raise ValueError("its columns differ in length")
    if any(len(each) > topk for each in expected):
        raise ValueError("it has more expected tokens than requested")
    if not all(0 <= i < size for i in (*unknown, *aside)):
        raise ValueError("it refers to a unit that does not exist")
    if ids is not None:
        _check_ids(ids, size)
    gaps, lengths = edges[::2], edges[1::2]
    edges = list(accumulate(edges))
    starts, ends = edges[::2], edges[1::2]
    if size and not (min(starts) >= 0 <= min(lengths) and max(ends) <= length):
        raise ValueError("a span lies outside the text")
    if sum(lengths) > _OVERLAP * (length + size):
        raise ValueError("its spans overlap too much")
    scores = Scores(
        starts,
        ends,
        ids,
        numbers,
        joined=_joined(entry["cells"], size),
        unknown=unknown,
        notes=read_notes(entry["notes"]),
        aside=aside,
        expected=tuple(
            [(read_text(text), _share(share)) for text, share in each] for each in expected
        ),
    )
    if scores.joined or min(gaps, default=0) < 0:
        _check_order(scores, length)
    return scores


def _packed(column: Sequence[int]) -> str | Sequence[int]:
    """Small numbers as one character each, from `#` for -13 through `0` to `[` for 43.

    This reads many times as fast as a list.
    """
    try:
        packed = bytes(map(_ZERO.__add__, column))
    except ValueError:
        return column
    return column if packed.translate(None, _SMALL) else packed.decode()


def _unpacked(column: object) -> list[int]:
    if not isinstance(column, str):
        return _whole(column)
    packed = column.encode()
    if packed.translate(None, _SMALL):
        raise ValueError("a column holds something other than numbers")
    return array("b", packed.translate(_VALUES)).tolist()


def _check_ids(ids: str, size: int) -> None:
    # With all digits made 0, a few searches tell whether each unit has its ids, none too long.
    shape = ids.encode().translate(_ALIKE)
    if shape.count(b";") != size or shape.translate(None, b"0,;") or b"0000000000" in shape:
        raise ValueError("its ids cannot be read")


def _whole(column: object) -> list[int]:
    """The column, if it holds only whole numbers: a sum tells fastest."""
    if not isinstance(column, list) or type(sum(column)) is not int:
        raise TypeError("a column is not a list of whole numbers")
    return column


def _numbers(column: list[Any]) -> list[float | None]:
    known = column
    try:
        total = sum(known)
    except TypeError:
        known = [number for number in column if number is not None]
        total = sum(known)
    # The sum of very large floats can overflow.
    if not math.isfinite(total) and not all(map(math.isfinite, known)):
        raise ValueError("a score is not a number")
    numbers = map(float, known)
    if known is column:
        return [*numbers]
    return [None if number is None else next(numbers) for number in column]


def read_notes(stored: Sequence[Sequence[str | int]]) -> list[Note]:
    """The notes of an entry.

    Raises:
        ValueError: One of them is not a note.
    """
    notes = [tuple(note) for note in stored]
    if len(notes) > _NOTES or not all(map(_is_note, notes)):
        raise ValueError("a note cannot be read")
    return notes


def _is_note(note: Note) -> bool:
    if not 1 <= len(note) <= _PARTS:
        return False
    name, *numbers = note
    is_name = type(name) is str and len(name) <= _NAME
    return is_name and all(type(n) is int and abs(n) < _LARGE for n in numbers)


def read_text(value: object) -> str:
    """A token's text.

    Raises:
        ValueError: It is not a text, or longer than an entry's may be.
    """
    if not isinstance(value, str) or len(value) > LONGEST:
        raise ValueError("a token's text is missing or too long")
    return value


def _share(value: object) -> float:
    if type(value) not in (int, float) or not 0 <= value <= 1:  # type: ignore[operator]
        raise ValueError("a probability is missing or not finite")
    return float(value)  # type: ignore[arg-type]


def _joined(cells: Sequence[object], size: int) -> list[Cell]:
    joined: list[Cell] = []
    free = 0
    for first, units, start, end in map(_whole, cells):
        if not free <= first < first + units <= size or not start < end:
            raise ValueError("a cell's units do not exist")
        joined.append((first, units, start, end))
        free = first + units
    return joined


def _check_order(scores: Scores, length: int) -> None:
    """Check that the cells are parts of the text, one after the other."""
    starts, ends = [*scores.cell_starts, length], [0, *scores.cell_ends]
    if not all(map(le, ends, starts)):
        raise ValueError("a cell lies outside the text")
