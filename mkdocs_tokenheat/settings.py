"""A site's settings, the same in every host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mkdocs_tokenheat.block.options import Options

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """A site's settings.

    Attributes:
        cache_dir: The folder of the cached scores; None for none.
        base: The folder of the site's config, which relative paths in settings start from.
        base_path: The folder that files named by a page must be in.
        labels: The site's own labels, by language.
        command: The command that scores what a frozen build lacks.
    """

    options: Options = field(default_factory=Options)
    models: Mapping[str, str] = field(default_factory=dict)
    cache_dir: Path | None = None
    frozen: bool = False
    on_error: str = "raise"
    max_tokens: int = 5000
    device: str = "auto"
    base: Path = Path()
    base_path: Path = Path()
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    command: str = "tokenheat warm"
