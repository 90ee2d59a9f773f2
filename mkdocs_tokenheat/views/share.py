"""Scales that several blocks of a page share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.views.markup import number
from mkdocs_tokenheat.views.registry import view_of
from mkdocs_tokenheat.views.scale import Scale, fit
from mkdocs_tokenheat.views.view import Answer

__all__ = ["SharedScales"]

_SAME = ("scale", "vmin", "vmax", "center")


class SharedScales:
    """The scales that blocks share by name, each fitted to the numbers of all of them.

    Parameters:
        answers: Those of the page's blocks that share a scale, in the page's order.
    """

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._answers: dict[str | None, list[Answer]] = defaultdict(list)
        for answer in answers:
            self._answers[answer.block.options.share].append(answer)
        self._scales: dict[str | None, Scale | None] = {}

    def of(self, block: Block) -> Scale | None:
        """The scale of one of the blocks; None if none of them has a number.

        Raises:
            TokenheatError: The block does not match the first one.
        """
        name = block.options.share
        first, *others = self._answers[name]
        _check_same(first.block, block)
        if name not in self._scales:
            # Refused blocks do not count.
            alike = [each for each in others if _compared(each.block) == _compared(first.block)]
            self._scales[name] = fit(_pooled([first, *alike]), block.options)
        return self._scales[name]


def _pooled(answers: Iterable[Answer]) -> list[float]:
    groups = (group for each in answers for group in view_of(each.block.options.view).groups(each))
    return [number for group in groups for number in group.numbers]


def _check_same(first: Block, block: Block) -> None:
    theirs, mine = _compared(first), _compared(block)
    for name, value in mine.items():
        if value != theirs[name]:
            raise TokenheatError(
                f"blocks that share the scale '{block.options.share}' must have the same {name}: "
                f"here it is {_said(value)}, in the first of them {_said(theirs[name])}",
                option=name if name in block.lines else "share",
            )


def _said(value: object) -> str:
    if value is None:
        return "not set"
    return number(value) if isinstance(value, float) else f"'{value}'"


def _compared(block: Block) -> dict[str, object]:
    options = block.options
    measure = view_of(options.view).measure(block)
    return {"metric": measure, **{name: getattr(options, name) for name in _SAME}}
