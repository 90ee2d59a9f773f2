"""The error for a model that is not on this machine."""

from __future__ import annotations

from mkdocs_tokenheat.errors import TokenheatError

__all__ = ["AbsentModelError"]


class AbsentModelError(TokenheatError):
    """A model that the site lists and this machine lacks: its cached scores still serve."""
