"""The MkDocs plugin: scores all pages' blocks before the first page renders, and adds the CSS."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from mkdocs import plugins
from mkdocs.config import Config, load_config
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority
from mkdocs.structure.files import File

import mkdocs_tokenheat
from mkdocs_tokenheat.block.fences import NAME
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import NoHeatError, TokenheatError
from mkdocs_tokenheat.foreign import foreign
from mkdocs_tokenheat.hosts.markdown import TokenheatExtension, blocks_of
from mkdocs_tokenheat.hosts.page import Hosting
from mkdocs_tokenheat.hosts.search import Figure, find_figures, with_figures, without_figures
from mkdocs_tokenheat.hosts.settings import site_settings
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.site import Site

if TYPE_CHECKING:
    from mkdocs.config.base import ConfigErrors, ConfigWarnings
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page
    from mkdocs.utils.templates import TemplateContext

__all__ = ["TokenheatConfig", "TokenheatPlugin", "build_into_nowhere", "settings_of"]

_STYLESHEET = "assets/stylesheets/tokenheat.css"


class TokenheatConfig(Config):
    """The plugin's settings in `mkdocs.yml`: names and values are checked as in every host."""


class TokenheatPlugin(BasePlugin[TokenheatConfig]):
    """Adds the Markdown extension, with one cache and one set of models for all pages."""

    site: Site
    collected: list[TokenheatError] | None = None
    """Where the command line collects errors instead of failing the build."""
    frozen: bool | None = None
    """The command line's override of the site's setting."""
    make_site: Callable[[Settings], Site] = Site
    _serving = False
    _hidden: tuple[str, str, Sequence[Figure]]
    """While search indexes a page: its content, the version for search, and its figures."""
    _failure: PluginError | None = None
    """Why the build must end."""
    _extension: TokenheatExtension | None = None

    def __init__(self) -> None:
        super().__init__()
        # The sites that the same command has built before, by language.
        self._earlier: dict[str | None, Site] = {}
        # The figures of the page being converted.
        self._drawn: list[tuple[Block, str]] = []
        # For each page, its content and the figures in it.
        self._found: dict[str, tuple[str, list[Figure]]] = {}

    def load_config(
        self, options: dict[str, Any], config_file_path: str | None = None
    ) -> tuple[ConfigErrors, ConfigWarnings]:
        """Take the settings unchecked: MkDocs would warn about names, and it knows none."""
        errors, _ = super().load_config(options, config_file_path)
        return errors, []

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        """Note the command; having this method keeps the plugin alive between rebuilds."""
        self._serving = command == "serve"
        self._earlier = {}

    # After plugins that set the language of the theme.
    @event_priority(-200)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Read the settings, and add the extension and the stylesheet."""
        if not self._serving:
            # Warnings count in strict builds; `serve` shows errors in the page instead.
            # ProperDocs' logger has another name.
            logging.getLogger("mkdocs_tokenheat").parent = plugins.log
        place = Path(config.config_file_path).name
        if config.mdx_configs.get(NAME):
            raise PluginError(
                f"{place}: tokenheat: with the plugin, settings belong under 'plugins', "
                "not under 'markdown_extensions'"
            )
        others = [e for e in config.markdown_extensions if e not in (NAME, self._extension)]
        if any(isinstance(each, TokenheatExtension) for each in others):
            raise PluginError(f"{place}: tokenheat: the plugin is listed under 'plugins' twice")
        self._drawn.clear()
        self._found.clear()
        self._failure = None
        self.site = self._new_site(config)
        extension = TokenheatExtension(
            Hosting(self.site, self._failed, collected=self.collected, drawn=self._drawn)
        )
        config.markdown_extensions[:] = [*others, extension]  # type: ignore[list-item]
        self._extension = extension
        if _STYLESHEET not in config.extra_css:
            # First, so that the site's own rules come later and take precedence.
            config.extra_css.insert(0, _STYLESHEET)
        return config

    def _new_site(self, config: MkDocsConfig) -> Site:
        try:
            settings = self.settings(config)
        except TokenheatError as error:
            raise PluginError(str(error)) from None
        if self._serving or self.collected is not None:
            settings = dataclasses.replace(settings, on_error="show")
        if self.frozen is not None:
            settings = dataclasses.replace(settings, frozen=self.frozen)
        site = self.make_site(settings)
        # A site in several languages is built once for each.
        lang = settings.options.lang
        if self._serving:
            site.follow(self._earlier.get(lang))
        elif self._earlier:
            site.go_on(next(iter(self._earlier.values())))
        self._earlier[lang] = site
        return site

    def _failed(self, error: TokenheatError) -> PluginError:
        self._failure = PluginError(str(error))
        return self._failure

    def settings(self, config: MkDocsConfig) -> Settings:
        """The site's settings.

        Raises:
            TokenheatError: An invalid setting, with the config's name.
        """
        given = {name: value for name, value in self.config.items() if value is not None}
        path, pages = Path(config.config_file_path), Path(config.docs_dir)
        return site_settings(given, path, pages, _language(config))

    # After plugins that ask to be last: some of them accept no generated file.
    @event_priority(-200)
    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Score in one batch what the cache lacks, once other plugins have made their pages."""
        package = Path(mkdocs_tokenheat.__file__).parent
        css = f"{package.name}/tokenheat.css"
        # A file on disk: some plugins accept no other.
        files.append(File(css, str(package.parent), config.site_dir, False, dest_uri=_STYLESHEET))
        if not self.site.settings.frozen or self.collected is not None:
            self.site.warm(self._blocks(files))
        return files

    def _blocks(self, files: Files) -> Iterator[Block]:
        for file in files.documentation_pages():
            try:
                source = file.content_string
            except (OSError, ValueError):
                continue  # MkDocs itself reports what is wrong with the page.
            yield from blocks_of(source, self.site.settings.options)

    # After plugins that may change what a figure shows.
    @event_priority(-100)
    def on_page_content(self, html: str, *, page: Page, config: MkDocsConfig, files: Files) -> None:
        """Note what search should see, while it is known without parsing the figures."""
        if self._failure is not None:  # Whatever ran the extension has swallowed it.
            raise self._failure
        self._found[page.file.src_uri] = html, list(find_figures(html, self._drawn))
        self._drawn.clear()

    @event_priority(100)
    def _for_search(
        self, context: TemplateContext, *, page: Page, config: MkDocsConfig, nav: Navigation
    ) -> TemplateContext:
        """Replace the figures with their plain text while search indexes the page.

        Search would index every cell as a separate word, and every number of the table, too.
        """
        content = page.content or ""
        noted, found = self._found.pop(page.file.src_uri, ("", []))
        figures = found if content is noted else list(find_figures(content))
        indexed = page.content = without_figures(content, figures)
        self._hidden = content, indexed, figures
        return context

    @event_priority(-100)
    def _for_readers(
        self, context: TemplateContext, *, page: Page, config: MkDocsConfig, nav: Navigation
    ) -> TemplateContext:
        """Put the figures back."""
        content, indexed, figures = self._hidden
        if page.content == indexed:
            page.content = content
        else:  # Another plugin has changed it in the meantime.
            page.content = with_figures(page.content or "", content, figures)
        return context

    on_page_context = CombinedEvent(_for_search, _for_readers)


def settings_of(path: Path) -> Settings:
    """The settings of the site with this config.

    Raises:
        TokenheatError: A config that MkDocs cannot read, or that lacks the plugin.
    """
    config, plugin = _loaded(path)
    return plugin.settings(config)


def build_into_nowhere(
    path: Path, *, frozen: bool, make_site: Callable[[Settings], Site]
) -> tuple[Site, list[TokenheatError]]:
    """Build the site as MkDocs does, only for its cache.

    Parameters:
        frozen: Whether to refuse scoring.
        make_site: Makes the scoring site from the settings.

    Returns:
        The site, whose cache knows which entries the pages use, and the blocks' errors.

    Raises:
        TokenheatError: MkDocs ends the build for another reason.
    """
    from mkdocs.commands.build import build

    said = "MkDocs cannot build the site"
    with (
        foreign(said, path.name),
        TemporaryDirectory(prefix="tokenheat-", ignore_cleanup_errors=True) as folder,
    ):
        # Other warnings matter only for the published build.
        config, plugin = _loaded(path, site_dir=folder, strict=False)
        errors: list[TokenheatError] = []
        plugin.collected = errors
        plugin.frozen = frozen
        plugin.make_site = make_site
        try:
            config.plugins.on_startup(command="build", dirty=False)
            build(config)
        finally:
            config.plugins.on_shutdown()
    return plugin.site, errors


def _loaded(path: Path, **overrides: Any) -> tuple[MkDocsConfig, TokenheatPlugin]:
    with foreign("MkDocs cannot read the config", path.name):
        config = load_config(str(path), **overrides)
    for plugin in config.plugins.values():
        if isinstance(plugin, TokenheatPlugin):
            return config, plugin
    problem = "the plugin 'tokenheat' is not in the config's 'plugins'"
    # Material's plugin loads others only while a site is built.
    if any(name.rpartition("/")[2] == "group" for name in config.plugins):
        problem += " themselves: list it outside of 'group'"
    raise NoHeatError(problem).at(path.name)


def _language(config: MkDocsConfig) -> str | None:
    language = config.theme.get("language") or config.theme.get("locale")
    return str(language) if language else None
