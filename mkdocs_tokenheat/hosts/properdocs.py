"""ProperDocs: it runs MkDocs' plugins, including this one, as its own, and reads the config."""

from __future__ import annotations

# From here on, imports from mkdocs resolve to properdocs.
from properdocs import replacement  # noqa: F401

from mkdocs_tokenheat.hosts.mkdocs import build_into_nowhere, settings_of

__all__ = ["build_into_nowhere", "settings_of"]
