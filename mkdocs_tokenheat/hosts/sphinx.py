"""Sphinx: the directive, scored in one batch per build once all pages have been read."""

from __future__ import annotations

import dataclasses
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from docutils.parsers.rst import directives
from sphinx.addnodes import only
from sphinx.application import Sphinx
from sphinx.builders.gettext import I18nTags
from sphinx.environment.collectors import EnvironmentCollector
from sphinx.errors import ConfigError, SphinxError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, docutils_namespace, patch_docutils

import mkdocs_tokenheat
from mkdocs_tokenheat import __version__
from mkdocs_tokenheat.block.fences import NAME
from mkdocs_tokenheat.block.info import Raw
from mkdocs_tokenheat.block.options import NAMES, Options
from mkdocs_tokenheat.block.parse import Block, make_block
from mkdocs_tokenheat.block.text import normalize
from mkdocs_tokenheat.errors import NoHeatError, TokenheatError, one_line
from mkdocs_tokenheat.files import shown
from mkdocs_tokenheat.foreign import foreign
from mkdocs_tokenheat.hosts.doctree import TokenheatNode, show_error, show_figure, visit_html
from mkdocs_tokenheat.hosts.outputs import Output, note_failed, taken_failures
from mkdocs_tokenheat.hosts.settings import DEFAULTS, site_settings
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.site import Site

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.config import Config
    from sphinx.environment import BuildEnvironment
    from sphinx.util.typing import ExtensionMetadata

__all__ = ["TokenheatDirective", "build_into_nowhere", "settings_of", "setup"]

_PREFIX = f"{NAME}_"
# An error need not end the build: with -W it fails it, as every warning does.
_DEFAULTS = {**DEFAULTS, "on_error": "show", **dict.fromkeys(NAMES)}

_FLAGS = [name for name in NAMES if isinstance(getattr(Options, name), bool)]
"""The options that are true or false."""

_MISPLACED = re.compile(rf"\W*{NAME}(?:(?:::|}})[ {{]*| [ {{]*)(?:{'|'.join(NAMES)})=")
"""Options where Markdown fences have them, which would be text here."""

_log = logging.getLogger(__name__)


class SettingsError(ConfigError):
    """An invalid setting, as an exception with which Sphinx ends builds."""

    def __init__(self, said: TokenheatError) -> None:
        super().__init__(str(said))
        self.said = said


_COMMON = {"name": directives.unchanged, "class": directives.class_option}
"""Options that every directive takes."""


class _Spec(dict[str, Callable[[str], object]]):
    """Accepts options of any name, so that unknown ones get the same message in every host."""

    def __missing__(self, name: str) -> Callable[[str], object]:
        return directives.unchanged


class TokenheatDirective(SphinxDirective):
    """Notes a block as it was written; it is read when the whole page is assembled."""

    has_content = True
    option_spec = _Spec({**dict.fromkeys(NAMES, directives.unchanged), **_COMMON})

    def run(self) -> list[nodes.Node]:
        """A node with everything that the block's figure needs."""
        raw = {name: value for name, value in self.options.items() if name not in _COMMON}
        node = TokenheatNode(
            raw=raw,
            lines={name: self._line(name) for name in raw},
            text="\n".join(normalize("\n".join(self.content))),
            written=self.block_text.strip("\n"),
            page=self.env.docname,
            classes=self.options.get("class", []),
            misplaced=_MISPLACED.match(self.block_text) is not None,
        )
        self.set_source_info(node)
        self.add_name(node)
        return [node]

    def _line(self, option: str) -> int:
        """The option's line, counted from the directive's; 0 if it is not found."""
        pattern = re.compile(rf"\s*:?{re.escape(option)}:")
        lines = self.block_text.splitlines()
        return next((i for i, line in enumerate(lines) if pattern.match(line)), 0)


class _Host(EnvironmentCollector):
    """One build of a Sphinx site.

    Attributes:
        collected: Receives the errors if the command line wants them.
    """

    site: Site
    collected: list[TokenheatError] | None = None

    def __init__(self, app: Sphinx) -> None:
        self.enable(app)
        app.connect("config-inited", self._on_config)
        app.connect("env-updated", self._on_updated)
        app.connect("doctree-resolved", self._on_resolved)
        app.connect("build-finished", self._on_finished)

    def _on_config(self, app: Sphinx, config: Config) -> None:
        try:
            self.site = Site(_settings(app, config))
        except TokenheatError as error:
            raise SettingsError(error) from None
        # A single file is allowed here; first, so that the site's own rules take precedence.
        config.html_static_path = [
            str(Path(mkdocs_tokenheat.__file__).with_name("tokenheat.css")),
            *config.html_static_path,
        ]

    def process_doc(self, app: Sphinx, doctree: nodes.document) -> None:
        """Note the page's blocks and the files that they name."""
        found = list(doctree.findall(TokenheatNode))
        if found:
            _kept(app.env)[app.env.docname] = [
                (n["raw"], n["text"], n["lines"]) for n in found if not n["misplaced"]
            ]
        for node in found:
            node["only"] = _conditions(node)
            values = node["raw"].get("values")
            if values and not values.lstrip().startswith("["):
                app.env.note_dependency(str(self.site.settings.base_path / values))

    def clear_doc(self, app: Sphinx, env: BuildEnvironment, docname: str) -> None:
        """Forget a page."""
        _kept(env).pop(docname, None)

    def merge_other(
        self, app: Sphinx, env: BuildEnvironment, docnames: Set[str], other: BuildEnvironment
    ) -> None:
        """Merge pages that another process has read."""
        read = _kept(other)
        _kept(env).update({name: read[name] for name in docnames if name in read})

    def get_outdated_docs(
        self,
        app: Sphinx,
        env: BuildEnvironment,
        added: set[str],
        changed: set[str],
        removed: set[str],
    ) -> list[str]:
        """The pages with blocks, if the settings, a model or this package have changed.

        Otherwise those with an error: fixed by now, or to be reported again.
        """
        output = Output.of(app)
        # An interrupted build has left failures, and has not written all pages.
        output = Output(output.by, output.failed | taken_failures(app))
        output.note(app)
        if output.by != self.site.fingerprint():
            return list(_kept(env))
        return sorted(output.failed & env.found_docs)

    def _on_finished(self, app: Sphinx, exception: Exception | None) -> None:
        if exception is None:
            Output(self.site.fingerprint(), taken_failures(app)).note(app)

    def _on_updated(self, app: Sphinx, env: BuildEnvironment) -> None:
        """Score in one batch what the cache lacks for all pages."""
        blocks = self._blocks(env)
        # Blocks that no page shows with this builder may appear with another: they are in use.
        if not self.site.settings.frozen or self.collected is not None:
            self.site.warm(blocks)

    def _blocks(self, env: BuildEnvironment) -> Iterator[Block]:
        for written in _kept(env).values():
            for raw, text, lines in written:
                try:
                    yield make_block(raw, text, self.site.settings.options, lines)
                except TokenheatError:
                    continue  # It is reported when the page is assembled.

    def _on_resolved(self, app: Sphinx, doctree: nodes.document, docname: str) -> None:
        pages: dict[object, list[TokenheatNode]] = defaultdict(list)
        for node in doctree.findall(TokenheatNode):
            # One doctree may hold many pages; blocks share a scale within their own page. For the
            # cache, parts are present that no build has together.
            part = node["only"] if self.collected is not None else ()
            pages[node["page"], part].append(node)
        for found in pages.values():
            self._show(found, app)

    def _show(self, found: list[TokenheatNode], app: Sphinx) -> None:
        blocks: list[tuple[TokenheatNode, Block]] = []
        for node in found:
            try:
                if node["misplaced"]:
                    raise TokenheatError(
                        "put options on lines of their own in Sphinx, such as ':metric: length'"
                    )
                block = make_block(
                    node["raw"], node["text"], self.site.settings.options, node["lines"]
                )
                blocks.append((node, block))
            except TokenheatError as error:
                self._fail(node, error, app)
        results = self.site.figures([block for _, block in blocks])
        for (node, _), result in zip(blocks, results, strict=True):
            if isinstance(result, TokenheatError):
                self._fail(node, result, app)
            else:
                show_figure(node, result, app.builder)

    def _fail(self, node: TokenheatNode, error: TokenheatError, app: Sphinx) -> None:
        line = error.line_in(node["lines"])
        place = f"{shown(Path(node.source or '<unknown>'))}:{(node.line or 1) + line}"
        placed = error.at(place)
        settings = self.site.settings
        note_failed(app, node["page"])
        if self.collected is not None:
            self.collected.append(placed)
        elif settings.on_error == "raise":
            raise SphinxError(str(placed))
        else:
            _log.error("%s: %s", NAME, error.message, location=one_line(place), type=NAME)
        show_error(node, placed, settings, app.builder)


def _conditions(node: nodes.Node | None) -> tuple[str, ...]:
    """The conditions of the `only` directives around the node."""
    found: list[str] = []
    while node := node and node.parent:
        if isinstance(node, only):
            found.append(node["expr"])
    return tuple(found)


_Pages = dict[str, list[tuple[dict[str, Raw], str, dict[str, int]]]]
"""The blocks of each page: options, text and the options' lines."""


def _kept(env: BuildEnvironment) -> _Pages:
    # Plain values, which Sphinx pickles with the environment.
    kept: _Pages = env.__dict__.setdefault(NAME, {})
    return kept


_hosts: WeakKeyDictionary[Sphinx, _Host] = WeakKeyDictionary()


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register with Sphinx."""
    for name, default in _DEFAULTS.items():
        app.add_config_value(_PREFIX + name, default, "", frozenset((Any,)))
    app.add_directive(NAME, TokenheatDirective)
    app.add_node(TokenheatNode, html=(visit_html, None))
    app.add_css_file("tokenheat.css", priority=400)
    _hosts[app] = _Host(app)
    return {
        "version": __version__,
        "env_version": 2,  # Of what is kept in the environment: another one is read anew.
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }


def _settings(app: Sphinx, config: Config) -> Settings:
    given = {name: getattr(config, _PREFIX + name) for name in _DEFAULTS}
    given = {name: value for name, value in given.items() if value is not None}
    for name in _FLAGS:  # On Sphinx's command line (-D), flags are 0 and 1.
        if given.get(name) in ("0", "1"):
            given[name] = given[name] == "1"
    if getattr(config, f"{_PREFIX}cache_dir") is None:
        given["cache_dir"] = None
    for name in getattr(config, "_raw_config", {}):
        if name.startswith(_PREFIX) and name.removeprefix(_PREFIX) not in _DEFAULTS:
            given[name.removeprefix(_PREFIX)] = None  # So that it gets the usual message.
    # Sphinx's own path type is partly a string.
    path, pages = Path(app.confdir) / "conf.py", Path(app.srcdir)
    return site_settings(given, path, pages, config.language)


def settings_of(path: Path) -> Settings:
    """The settings of the site with this config.

    Raises:
        TokenheatError: A config that Sphinx cannot read, or that lacks the extension.
    """
    with _started(path) as (_, host):
        return host.site.settings


def build_into_nowhere(
    path: Path, *, frozen: bool, make_site: Callable[[Settings], Site]
) -> tuple[Site, list[TokenheatError]]:
    """Read and assemble the site's pages as Sphinx does, only for the cache.

    Parameters:
        frozen: Whether to refuse scoring.
        make_site: Makes the scoring site from the settings.

    Returns:
        The site, whose cache knows which entries the pages use, and the blocks' errors.

    Raises:
        TokenheatError: Sphinx ends the build for another reason.
    """
    with _started(path) as (app, host):
        errors: list[TokenheatError] = []
        host.collected = errors
        host.site = make_site(dataclasses.replace(host.site.settings, frozen=frozen))
        app.build(force_all=True)
    return host.site, errors


@contextmanager
def _started(path: Path) -> Iterator[tuple[Sphinx, _Host]]:
    if path.name != "conf.py":
        raise TokenheatError(f"Sphinx reads only conf.py as its config, not '{path.name}'")
    # A symbolic link counts as a config of the folder that it is in.
    source = path.absolute().parent
    with (
        foreign("Sphinx cannot build the site", path.name),
        TemporaryDirectory(prefix="tokenheat-", ignore_cleanup_errors=True) as folder,
        patch_docutils(source),
        docutils_namespace(),
    ):
        with foreign("Sphinx cannot read the config", path.name):
            try:
                app = Sphinx(
                    source, source, folder, folder, "dummy", status=None, warning=io.StringIO()
                )
            except SettingsError as error:
                raise error.said.at(path.name) from None
        if app not in _hosts:
            raise NoHeatError(
                "the extension 'mkdocs_tokenheat.sphinx' is not in the config's 'extensions'"
            ).at(path.name)
        # Content that `only` limits to some builders is needed for all of them.
        app.builder.tags = app.tags = I18nTags([*app.tags])
        yield app, _hosts[app]
