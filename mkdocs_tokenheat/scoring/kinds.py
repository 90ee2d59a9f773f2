"""The kinds of entries, by the name that they bear: a new one is a file of its own and a line here."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from mkdocs_tokenheat.scoring.entry import Entry
from mkdocs_tokenheat.scoring.geometry.baseline import BASELINE
from mkdocs_tokenheat.scoring.geometry.distribution import DISTRIBUTION
from mkdocs_tokenheat.scoring.geometry.matrix import MATRIX
from mkdocs_tokenheat.scoring.geometry.neighbours import NEIGHBOURS
from mkdocs_tokenheat.scoring.geometry.quantiles import QUANTILES
from mkdocs_tokenheat.scoring.geometry.similarity import SIMILARITY
from mkdocs_tokenheat.scoring.scores import scores_of
from mkdocs_tokenheat.scoring.statistic import Kind

__all__ = ["KINDS", "read_any"]

_KINDS: Sequence[Kind[Entry]] = (
    BASELINE,
    DISTRIBUTION,
    MATRIX,
    NEIGHBOURS,
    QUANTILES,
    SIMILARITY,
)
KINDS: Mapping[str, Kind[Entry]] = {kind.name: kind for kind in _KINDS}


def read_any(columns: Mapping[str, Any]) -> Entry:
    """What an entry holds, whatever asked for it.

    Raises:
        ValueError: An entry of a kind that is not known, or not as its kind is.
    """
    kind = columns.get("kind")
    if kind is None:
        return scores_of(sys.maxsize)(columns)
    if kind not in KINDS:
        raise ValueError("its kind is not known")
    return KINDS[kind].read(columns)
