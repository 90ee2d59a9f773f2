"""Values: the author's own numbers."""

from __future__ import annotations

from mkdocs_tokenheat.block.options import Numbers
from mkdocs_tokenheat.scoring.metrics.metric import Metric, Units

__all__ = ["VALUES"]


def _values(units: Units) -> Numbers:
    return units.values


VALUES = Metric(
    "values",
    {"en": "Given value of each {unit}", "vi": "Giá trị cho trước của mỗi {unit}"},
    _values,
    parameters=("values",),
)
