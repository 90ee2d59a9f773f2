"""The views, by name: a new one is a file here and a line in the registry."""

from __future__ import annotations

from collections.abc import Mapping

from mkdocs_tokenheat.views.compare import COMPARE
from mkdocs_tokenheat.views.distribution import DISTRIBUTION_VIEW
from mkdocs_tokenheat.views.matrix import MATRIX_VIEW
from mkdocs_tokenheat.views.neighbours import NEIGHBOURS_VIEW
from mkdocs_tokenheat.views.text import TEXT
from mkdocs_tokenheat.views.view import View

__all__ = ["VIEWS"]

_VIEWS = (TEXT, MATRIX_VIEW, NEIGHBOURS_VIEW, DISTRIBUTION_VIEW, COMPARE)
VIEWS: Mapping[str, View] = {view.name: view for view in _VIEWS}
