"""For Sphinx's `conf.py`: `extensions = ["mkdocs_tokenheat.sphinx"]`."""

from __future__ import annotations

from mkdocs_tokenheat.hosts.sphinx import setup

__all__ = ["setup"]
