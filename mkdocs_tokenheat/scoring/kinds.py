"""The kinds of entries, by the name that they bear: a new one is a file of that name and a line here."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from mkdocs_tokenheat.scoring.entry import Entry
from mkdocs_tokenheat.scoring.scores import scores_of
from mkdocs_tokenheat.scoring.statistic import Finding, Kind

__all__ = ["KINDS", "read_any"]

KINDS = (
    "baseline",
    "distribution",
    "matrix",
    "neighbours",
    "quantiles",
    "similarity",
)
"""Those that are no text's scores."""


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
    known: Kind[Any, Finding] = import_module(f"mkdocs_tokenheat.scoring.geometry.{kind}").KIND
    return known.read(columns)
