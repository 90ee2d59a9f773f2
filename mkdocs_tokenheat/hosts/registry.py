"""Which host a config belongs to, by its file's name and, for YAML, by what it lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from mkdocs_tokenheat.block.fences import NAME
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.site import Site

__all__ = ["CONFIGS", "Host", "host_of"]

CONFIGS = ("mkdocs.yml", "mkdocs.yaml", "properdocs.yml", "properdocs.yaml", "zensical.toml")
"""The names of configs to look for; a program such as `conf.py` must be named explicitly."""

_HOSTS = {
    "properdocs.y*ml": "properdocs",
    "*.y*ml": "mkdocs",
    "*.toml": "zensical",
    "*.py": "sphinx",
}


class Host(Protocol):
    """What the command line needs from a host."""

    def settings_of(self, path: Path) -> Settings:
        """The settings of the site that has this config."""

    def build_into_nowhere(
        self, path: Path, *, frozen: bool, make_site: Callable[[Settings], Site]
    ) -> tuple[Site, list[TokenheatError]]:
        """Build the site only for its cache; returns the site and the blocks' errors."""


def host_of(path: Path) -> Host:
    """The host that a config belongs to.

    Raises:
        TokenheatError: No host has such a config, or the host is not installed.
    """
    name = next((host for pattern, host in _HOSTS.items() if fnmatch(path.name, pattern)), None)
    if name is None:
        raise TokenheatError(
            f"'{path.name}' is not a site's config: use one of {', '.join(CONFIGS)}, conf.py"
        )
    otherwise = ""
    if name == "mkdocs" and _is_zensicals(path):
        name = "zensical"
        otherwise = " (or, in MkDocs, list tokenheat under 'plugins', not as an extension)"
    try:
        return cast(Host, import_module(f"mkdocs_tokenheat.hosts.{name}"))
    except ModuleNotFoundError as error:
        raise TokenheatError(
            f"'{path.name}' needs the module '{error.name}', which is not installed: "
            f"pip install -U {name}{otherwise}"
        ) from None


def _is_zensicals(path: Path) -> bool:
    """Whether an `mkdocs.yml` has only the Markdown extension, as Zensical runs no plugins."""
    config = _read(path)
    plugins, extensions = (_names(config.get(key)) for key in ("plugins", "markdown_extensions"))
    return NAME in extensions and NAME not in plugins


def _read(path: Path) -> dict[str, Any]:
    """The config, merged with the one that it inherits from; tags are not resolved."""
    from mkdocs.exceptions import ConfigurationError
    from mkdocs.utils.yaml import yaml_load
    from yaml import BaseLoader

    try:
        with path.open("rb") as file:
            config = yaml_load(file, BaseLoader)
    except (OSError, ValueError, TypeError, AttributeError, ConfigurationError):
        return {}  # MkDocs reports what is wrong with it.
    return config if isinstance(config, dict) else {}


def _names(entries: Any) -> set[str]:
    """The names in a list of plugins or extensions, with settings or without."""
    each: Iterable[Any] = entries if isinstance(entries, (list, dict)) else ()
    names = (name for entry in each for name in (entry if isinstance(entry, dict) else [entry]))
    return {name for name in names if isinstance(name, str)}
