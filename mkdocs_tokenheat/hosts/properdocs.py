"""ProperDocs: it runs MkDocs' plugins as its own, so this one too, and reads the config."""

from __future__ import annotations

# From here on, what is imported from mkdocs comes from properdocs.
from properdocs import replacement  # noqa: F401

from mkdocs_tokenheat.hosts.mkdocs import build_into_nowhere, settings_of

__all__ = ["build_into_nowhere", "settings_of"]
