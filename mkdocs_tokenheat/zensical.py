"""For `zensical.toml`: `format = { object = "mkdocs_tokenheat.zensical.fence" }`."""

from __future__ import annotations

from mkdocs_tokenheat.hosts.zensical import fence

__all__ = ["fence"]
