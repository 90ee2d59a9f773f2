"""Length: how many characters a reader sees."""

from __future__ import annotations

from mkdocs_tokenheat.scoring.metrics.metric import Metric, Units

__all__ = ["LENGTH"]


def _length(units: Units) -> list[float | None]:
    """The number of grapheme clusters that are not white space."""
    from mkdocs_tokenheat.block.words import count_graphemes

    return [count_graphemes(text) for text in units.texts]


LENGTH = Metric(
    "length",
    {"en": "Number of characters in each {unit}", "vi": "Số ký tự của mỗi {unit}"},
    _length,
)
