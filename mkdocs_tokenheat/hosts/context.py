"""The context of a page that Python-Markdown converts: its file and its site."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.files import shown
from mkdocs_tokenheat.hosts.settings import read_settings
from mkdocs_tokenheat.site import Site

if TYPE_CHECKING:
    from markdown import Markdown

__all__ = ["ending", "page_file", "site_of"]


def site_of(md: Markdown, given: Mapping[str, object]) -> Site:
    """The site for a Markdown object, if no host has prepared one.

    Raises:
        TokenheatError: An unknown or invalid setting.
    """
    config = _zensical(md, "config")
    if config is None:
        return Site(read_settings(given, Path.cwd()))
    from mkdocs_tokenheat.hosts import zensical

    return zensical.site_of(config, given)


def ending(md: Markdown, error: TokenheatError) -> Exception:
    """The exception that ends a build with this error, if no host has set one."""
    if _mkdocs_file(md) is None:
        return error
    from mkdocs.exceptions import PluginError

    return PluginError(str(error))


def page_file(md: Markdown) -> tuple[str, Path | None] | None:
    """The name and file of the page being converted; None if no host provides them."""
    file = _mkdocs_file(md)
    if file is not None:
        path = Path(file.abs_src_path) if file.abs_src_path else None
        # A file that a plugin has generated is in no folder that an author knows.
        if path is None or getattr(file, "generated_by", None) is not None:
            return str(file.src_uri), path
        return shown(path), path
    page, config = _zensical(md, "page"), _zensical(md, "config")
    if page is not None and config is not None:
        path = Path(config["root_dir"], config["docs_dir"], page.path)
        return shown(path), path
    return None


def _mkdocs_file(md: Markdown) -> Any:
    """The page's file from MkDocs or ProperDocs; None if neither is the host."""
    if "relpath" not in md.treeprocessors:
        return None
    return getattr(md.treeprocessors["relpath"], "file", None)


def _zensical(md: Markdown, what: str) -> Any:
    """What Zensical tells extensions about the page; None if it is not the host."""
    if "rendering_context" not in md.preprocessors:
        return None
    return getattr(md.preprocessors["rendering_context"], what, None)
