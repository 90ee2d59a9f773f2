"""Static token heatmaps for documentation sites, scored by real language models at build time."""

from __future__ import annotations

from mkdocs_tokenheat.errors import TokenheatError

__all__ = ["TokenheatError", "__version__"]

__version__ = "0.1.0"
