"""Zensical: the site behind a page, what its page cache compares, and scoring all pages."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import click
import yaml
from mkdocs.utils.meta import get_data
from pathspec import GitIgnoreSpec
from pymdownx.superfences import fence_code_format  # type: ignore[import-untyped]
from zensical.config import parse_config
from zensical.markdown.render import render

from mkdocs_tokenheat.block.fences import NAME
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import NoHeatError, TokenheatError
from mkdocs_tokenheat.files import shown
from mkdocs_tokenheat.foreign import foreign
from mkdocs_tokenheat.hosts.markdown import TokenheatExtension, blocks_of
from mkdocs_tokenheat.hosts.page import Hosting
from mkdocs_tokenheat.hosts.settings import read_settings, site_settings
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.site import Site

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # Installed with Zensical.

__all__ = ["build_into_nowhere", "fence", "settings_of", "site_of"]

_COMPARED = ("models", "cache_dir")

serving = False
"""Whether Zensical is serving, as far as is known: errors are then shown in pages."""

_sharing = Lock()
_shared: tuple[object, Site] | None = None

_CONFIGS = ("zensical.toml", "mkdocs.yml", "mkdocs.yaml")


def site_of(config: Mapping[str, Any], given: Mapping[str, object]) -> Site:
    """The site behind a page that Zensical renders.

    Zensical makes one Markdown object per page, and each loads its extensions again: the pages of
    one build, which all have the same config, share one site here, with its cache and its models.
    A server keeps a config until it changes, while models may appear or change: there, each page
    identifies them again.

    Raises:
        TokenheatError: An unknown or invalid setting.
    """
    global _shared  # noqa: PLW0603 (several Markdown objects can share it only here)
    if serving:
        try:
            return Site(_settings(config, given))
        except TokenheatError as error:
            return _Misconfigured(error)
    with _sharing:
        if _shared is None or _shared[0] is not config:
            _shared = config, Site(_settings(config, given))
        return _shared[1]


class _Misconfigured(Site):
    """Answers every block with the error in the settings, which must not stop a server."""

    def __init__(self, error: TokenheatError) -> None:
        super().__init__(Settings(on_error="show"))
        self._error = error

    def figures(self, blocks: Sequence[Block]) -> list[str | TokenheatError]:
        """The error, for each block."""
        return [self._error] * len(blocks)


def _settings(
    config: Mapping[str, Any], given: Mapping[str, object], path: Path | None = None
) -> Settings:
    """The settings of a site of Zensical's.

    Parameters:
        config: The site's config, as Zensical has read it.
        given: The extension's settings in it.
        path: Its path; Zensical itself does not provide it.

    Raises:
        TokenheatError: An unknown or invalid setting.
    """
    base = Path(config["root_dir"])
    path = base / path.name if path else _config(base)
    if serving:
        given = {**given, "on_error": "show"}
    return site_settings(given, path, base / config["docs_dir"], config["theme"].get("language"))


def _config(folder: Path) -> Path:
    """The config that Zensical finds in a folder; it does not say which one it has read."""
    found = (folder / name for name in _CONFIGS if (folder / name).is_file())
    return next(found, folder / _CONFIGS[0])


def fence() -> partial[str]:
    """The formatter for blocks in `pymdownx.superfences`, which they never reach.

    Zensical renders a page again if the page or the config has changed, and a custom fence's
    arguments are part of the config: here, the versions of this package and of the models.
    Zensical calls this when it reads its config, in the command's own thread; the command cannot
    be determined later. A page served with an error in it differs from the page of a build.
    """
    global serving  # noqa: PLW0603 (pages are rendered in other threads)
    command = click.get_current_context(silent=True)
    serving = command is not None and command.info_name == "serve"
    named = command.params.get("config_file") if command else None
    path = Path(named) if named else _config(Path.cwd())
    return partial(fence_code_format, tokenheat=_compared(path), serving=serving)


def _compared(path: Path) -> str:
    try:
        given = {name: value for name, value in _said(path).items() if name in _COMPARED}
        settings = read_settings(given, path.parent)
    except TokenheatError:
        settings = Settings()  # The error is reported when a page is rendered.
    return Site(settings).fingerprint()


def _said(path: Path) -> Mapping[str, Any]:
    """The extension's settings in a config that Zensical is reading; tags are not resolved."""
    try:
        if path.suffix == ".toml":
            config = tomllib.loads(path.read_text("utf-8"))
            extensions = config.get("project", config).get("markdown_extensions", {})
        else:
            config = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506
            extensions = config.get("markdown_extensions", ())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError):
        return {}
    each = [extensions] if isinstance(extensions, dict) else extensions
    given = next((one[NAME] for one in each if isinstance(one, dict) and NAME in one), None)
    own = given if isinstance(given, dict) else {}
    if not isinstance(parent := config.get("INHERIT"), str):
        return own
    # Zensical merges mappings, and joins lists.
    under = _said(path.parent / parent)
    models = [each["models"] for each in (under, own) if isinstance(each.get("models"), dict)]
    return {
        **under,
        **own,
        "models": {name: line for each in models for name, line in each.items()},
    }


def settings_of(path: Path) -> Settings:
    """The settings of the site with this config.

    Raises:
        TokenheatError: A config that Zensical cannot read, or that lacks the extension.
    """
    config = _loaded(path)
    return _settings(config, _given(config), path)


def build_into_nowhere(
    path: Path, *, frozen: bool, make_site: Callable[[Settings], Site]
) -> tuple[Site, list[TokenheatError]]:
    """Score the site's pages in one batch, then render them as Zensical does, only for the cache.

    Parameters:
        frozen: Whether to refuse scoring.
        make_site: Makes the scoring site from the settings.

    Returns:
        The site, whose cache knows which entries the pages use, and the blocks' errors.

    Raises:
        TokenheatError: A config that Zensical cannot read, or that lacks the extension.
    """
    config = _loaded(path)
    settings = _settings(config, _given(config), path)
    site = make_site(dataclasses.replace(settings, frozen=frozen, on_error="show"))
    with foreign("Zensical cannot build the site", path.name):
        pages = dict(_pages(config))
    site.warm(_blocks(pages, site))
    errors: list[TokenheatError] = []
    config["markdown_extensions"] = [
        TokenheatExtension(Hosting(site, collected=errors)) if name == NAME else name
        for name in config["markdown_extensions"]
    ]
    with foreign("Zensical cannot build the site", path.name):
        for name, source in pages.items():
            text, _ = get_data(source)
            render(text, name, name.removesuffix(".md") + "/")
    return site, errors


def _blocks(pages: Mapping[str, str], site: Site) -> Iterator[Block]:
    for source in pages.values():
        yield from blocks_of(source, site.settings.options)


def _pages(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The name and the source of each page in the docs folder."""
    folder = Path(config["root_dir"], config["docs_dir"])
    excluded = GitIgnoreSpec.from_lines((config.get("exclude_docs") or "").splitlines())
    for path in sorted(folder.rglob("*.md")):
        name = path.relative_to(folder).as_posix()
        is_hidden = any(part.startswith(".") for part in name.split("/"))
        if is_hidden or excluded.match_file(name):
            continue
        try:
            yield name, path.read_text("utf-8-sig")
        except (OSError, ValueError) as error:
            raise TokenheatError(f"cannot read the page: {error}").at(shown(path)) from None


def _loaded(path: Path) -> dict[str, Any]:
    with foreign("Zensical cannot read the config", path.name):
        config: dict[str, Any] = parse_config(str(path.resolve()))
    if NAME not in config["markdown_extensions"]:
        raise NoHeatError(
            "the extension 'tokenheat' is not in the config's 'markdown_extensions'"
        ).at(path.name)
    return config


def _given(config: Mapping[str, Any]) -> Mapping[str, object]:
    given: Mapping[str, object] = config["mdx_configs"].get(NAME) or {}
    return given
