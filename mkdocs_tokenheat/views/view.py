"""What a view is: which numbers a block needs for it, and what it makes of them."""

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
"""What a block needs, by a name that its view gives it."""


class Column(NamedTuple):
    """A table's column, of HTML.

    Attributes:
        name: What stands above it.
        cells: What stands in each row.
        is_text: Whether that is words; in all columns but the first it is numbers, as a rule.
    """

    name: str
    cells: Sequence[str]
    is_text: bool = False


@dataclass(frozen=True)
class Answer:
    """What has been found for a block.

    Attributes:
        asked: What it needs.
        found: What that is, by the same names.
    """

    block: Block
    asked: Asked
    found: Mapping[str, Any]

    @property
    def request(self) -> Request:
        """What the text view asks for."""
        request = self.asked["scores"]
        assert isinstance(request, Request)
        return request

    @property
    def scores(self) -> Scores:
        """What it got."""
        scores: Scores = self.found["scores"]
        return scores


@dataclass(frozen=True)
class Group:
    """Numbers that are coloured by one scale.

    Attributes:
        numbers: Those that there are.
        quantiles: For `scale: vocabulary`, those of the whole vocabulary.
        name: What the legend calls it where there are several.
    """

    numbers: Sequence[float]
    quantiles: Sequence[float] = ()
    name: str = ""


@dataclass(frozen=True)
class Picture:
    """What a view makes of a block's numbers; strings but `what` and `models` are HTML already.

    Attributes:
        body: What is seen.
        what: What is coloured, in words.
        models: The names of the models that they rest on.
        legend: What the legend says besides the scale.
        notes: What is said of how the numbers came to be.
        table: The columns of the table of all numbers.
    """

    body: str
    what: str
    models: Sequence[str]
    legend: Sequence[str]
    notes: Sequence[str]
    table: Callable[[], Sequence[Column]]


def lang_of(block: Block) -> str:
    """The attribute that tells the language of a block's text, if the block itself says it."""
    lang = block.options.lang if "lang" in block.lines else None
    return f' lang="{escape(lang)}"' if lang else ""


@dataclass(frozen=True)
class View:
    """A way to draw a block.

    Attributes:
        measure: The kind of a block's numbers: those of one kind may share a scale.
        ask: What a block needs; TokenheatError where it cannot be had.
        groups: The numbers that get colours; all groups have one scale if the block shares it.
        draw: From an answer, and for each group its scale, to the picture.
    """

    measure: Callable[[Block], str]
    ask: Callable[[Block, Models], Asked]
    groups: Callable[[Answer], Sequence[Group]]
    draw: Callable[[Answer, Sequence[Scale | None], Colormap, Labels], Picture]
