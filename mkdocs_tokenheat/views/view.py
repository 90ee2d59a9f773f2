"""The interface of a view: which numbers a block needs, and how they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.scoring.request import Models, Request, Wanted
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.views.colormaps import Colormap
from mkdocs_tokenheat.views.labels import Labels
from mkdocs_tokenheat.views.markup import escape
from mkdocs_tokenheat.views.scale import Scale

__all__ = ["Answer", "Asked", "Column", "Group", "Picture", "View", "lang_of"]

Asked = Mapping[str, Wanted]
"""What a block needs, by names that its view chooses."""


class Column(NamedTuple):
    """A table's column, as HTML.

    Attributes:
        name: Its header.
        cells: Its cell in each row.
        is_text: Whether the cells are words; in all columns but the first, most are numbers.
    """

    name: str
    cells: Sequence[str]
    is_text: bool = False


@dataclass(frozen=True)
class Answer:
    """The results for a block.

    Attributes:
        asked: What it needs.
        found: The results, by the same names.
    """

    block: Block
    asked: Asked
    found: Mapping[str, Any]

    @property
    def request(self) -> Request:
        """The request of the text view."""
        request = self.asked["scores"]
        assert isinstance(request, Request)
        return request

    @property
    def scores(self) -> Scores:
        """Its scores."""
        scores: Scores = self.found["scores"]
        return scores


@dataclass(frozen=True)
class Group:
    """Numbers coloured by one scale.

    Attributes:
        numbers: The numbers that exist.
        quantiles: For `scale: vocabulary`, the quantiles of the whole vocabulary.
        name: Its name in the legend if there are several.
    """

    numbers: Sequence[float]
    quantiles: Sequence[float] = ()
    name: str = ""


@dataclass(frozen=True)
class Picture:
    """A view's drawing of a block's numbers; all strings but `what` and `models` are HTML.

    Attributes:
        body: The drawing itself.
        what: What is coloured, in words.
        models: The names of the models that the numbers come from.
        legend: What the legend says besides the scale.
        notes: Notes on how the numbers were computed.
        table: The columns of the table of all numbers.
    """

    body: str
    what: str
    models: Sequence[str]
    legend: Sequence[str]
    notes: Sequence[str]
    table: Callable[[], Sequence[Column]]


def lang_of(block: Block) -> str:
    """The attribute for the language of a block's text, if the block itself sets it."""
    lang = block.options.lang if "lang" in block.lines else None
    return f' lang="{escape(lang)}"' if lang else ""


@dataclass(frozen=True)
class View:
    """A way to draw a block.

    Attributes:
        measure: The kind of a block's numbers; numbers of one kind may share a scale.
        ask: What a block needs; raises TokenheatError if that is unavailable.
        groups: The numbers that get colours; all groups have one scale if the block shares it.
        draw: The picture for an answer, given a scale for each group.
    """

    measure: Callable[[Block], str]
    ask: Callable[[Block, Models], Asked]
    groups: Callable[[Answer], Sequence[Group]]
    draw: Callable[[Answer, Sequence[Scale | None], Colormap, Labels], Picture]
