"""What surrounds a page that Python-Markdown converts: its file, and the site that it belongs to."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts.settings import read_settings
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.site import Site

if TYPE_CHECKING:
    from markdown import Markdown

    from mkdocs_tokenheat.block.parse import Block

__all__ = [
    "page_file",
    "shown",
    "site_of",
    "site_settings",
    "zensical_config",
    "zensical_settings",
]

serving = False
"""Whether Zensical serves, as far as it is known: errors are shown then."""

_sharing = Lock()
_shared: tuple[object, Site] | None = None

_ZENSICAL = ("zensical.toml", "mkdocs.yml", "mkdocs.yaml")


def site_of(md: Markdown, given: Mapping[str, object]) -> Site:
    """The site behind a Markdown object that no host has prepared one for.

    Zensical makes a Markdown object a page, and each reads its extensions anew: the pages of one
    build, which all hold the same config, share one site here, with its cache and its models.
    A server holds a config until that changes, and models come and change meanwhile: there, each
    page finds out anew who they are.

    Raises:
        TokenheatError: A setting that is not known or cannot be used.
    """
    global _shared  # noqa: PLW0603 (what several Markdown objects share can lie nowhere else)
    config = _zensical(md, "config")
    if config is None:
        return Site(read_settings(given, Path.cwd()))
    if serving:
        try:
            return Site(zensical_settings(config, given))
        except TokenheatError as error:
            return _Misconfigured(error)
    with _sharing:
        if _shared is None or _shared[0] is not config:
            _shared = config, Site(zensical_settings(config, given))
        return _shared[1]


class _Misconfigured(Site):
    """Answers every block with what is wrong with the settings: a server must not end over it."""

    def __init__(self, error: TokenheatError) -> None:
        super().__init__(Settings(on_error="show"))
        self._error = error

    def figures(self, blocks: Sequence[Block]) -> list[str | TokenheatError]:
        """The error, for each block."""
        return [self._error] * len(blocks)


def zensical_settings(
    config: Mapping[str, Any], given: Mapping[str, object], path: Path | None = None
) -> Settings:
    """The settings of a site of Zensical's.

    Parameters:
        config: The site's config, as Zensical has read it.
        given: What it says of the extension.
        path: Where it is; Zensical itself does not tell.

    Raises:
        TokenheatError: A setting that is not known or cannot be used.
    """
    base = Path(config["root_dir"])
    path = base / path.name if path else zensical_config(base)
    if serving:
        given = {**given, "on_error": "show"}
    return site_settings(given, path, base / config["docs_dir"], config["theme"].get("language"))


def site_settings(
    given: Mapping[str, object], config: Path, pages: Path, language: str | None = None
) -> Settings:
    """The settings of a site, from what its config says of tokenheat.

    Parameters:
        config: The config's own file.
        pages: The folder of the site's pages.
        language: The site's language, where its host knows it.

    Raises:
        TokenheatError: A setting that is not known or cannot be used, said of the config.
    """
    command = f"tokenheat warm -f {shlex.quote(shown(config))}"
    try:
        return read_settings(given, config.parent, pages, command, language)
    except TokenheatError as error:
        raise error.at(config.name) from None


def zensical_config(folder: Path) -> Path:
    """The config that Zensical finds in a folder; it does not tell which one it has read."""
    found = (folder / name for name in _ZENSICAL if (folder / name).is_file())
    return next(found, folder / _ZENSICAL[0])


def page_file(md: Markdown) -> tuple[str, Path | None] | None:
    """The name of the page that is being converted, and its file; None where no host tells."""
    if "relpath" in md.treeprocessors:  # MkDocs, ProperDocs
        file = getattr(md.treeprocessors["relpath"], "file", None)
        if file is not None:
            path = Path(file.abs_src_path) if file.abs_src_path else None
            # What a plugin has made lies in no folder that an author knows.
            if path is None or getattr(file, "generated_by", None) is not None:
                return str(file.src_uri), path
            return shown(path), path
    page, config = _zensical(md, "page"), _zensical(md, "config")
    if page is not None and config is not None:
        path = Path(config["root_dir"], config["docs_dir"], page.path)
        return shown(path), path
    return None


def _zensical(md: Markdown, what: str) -> Any:
    """What Zensical tells an extension of the page; None where it is not the host."""
    if "rendering_context" not in md.preprocessors:
        return None
    return getattr(md.preprocessors["rendering_context"], what, None)


def shown(path: Path) -> str:
    """The path as a message names it: from the current folder, where it lies in it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
