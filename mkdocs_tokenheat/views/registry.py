"""The views, by name: a new one takes a file of that name here and a line in the registry."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from mkdocs_tokenheat.errors import TokenheatError, unknown
from mkdocs_tokenheat.views.view import View

__all__ = ["VIEWS", "view_of"]

_TEXTS = (
    *("metric", "unit", "target", "layer", "pool", "bos"),
    *("stride", "dtype", "encode", "numbers"),
)

VIEWS: Mapping[str, tuple[str, ...]] = {
    "text": (*_TEXTS, "topk", "values", "tokens", "baseline"),
    "matrix": ("order", "numbers"),
    "neighbours": ("k", "fold", "numbers"),
    "distribution": (),
    "compare": _TEXTS,
}
"""Each view's options, besides those common to all views."""


@cache
def view_of(name: str) -> View:
    """The view of that name, loaded when a page first asks for it.

    Raises:
        TokenheatError: The name is unknown.
    """
    if name not in VIEWS:
        raise TokenheatError(unknown("view", name, VIEWS), option="view")
    view: View = import_module(f"mkdocs_tokenheat.views.{name}").VIEW
    return view
