"""The views, by name: a new one is a file of that name here and a line in the registry."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from mkdocs_tokenheat.errors import TokenheatError, unknown
from mkdocs_tokenheat.views.view import View

__all__ = ["VIEWS", "view_of"]

VIEWS = (
    "text",
    "matrix",
    "neighbours",
    "distribution",
    "compare",
)


@cache
def view_of(name: str) -> View:
    """The view of that name, which is loaded when a page first asks for it.

    Raises:
        TokenheatError: A name that is not known.
    """
    if name not in VIEWS:
        raise TokenheatError(unknown("view", name, VIEWS), option="view")
    view: View = import_module(f"mkdocs_tokenheat.views.{name}").VIEW
    return view
