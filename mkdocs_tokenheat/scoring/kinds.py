"""The kinds of entries, by name: to add one, add a file of that name and a line here."""

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
"""Those other than a text's scores."""


def read_any(columns: Mapping[str, Any]) -> Entry:
    """The content of an entry, whatever asked for it.

    Raises:
        ValueError: The entry's kind is unknown, or its columns do not fit its kind.
    """
    kind = columns.get("kind")
    if kind is None:
        return scores_of(sys.maxsize)(columns)
    if kind not in KINDS:
        raise ValueError("its kind is unknown")
    known: Kind[Any, Finding] = import_module(f"mkdocs_tokenheat.scoring.geometry.{kind}").KIND
    return known.read(columns)
