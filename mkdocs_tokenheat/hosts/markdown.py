"""The Python-Markdown extension, backed by a site.

Modules that only registration or pages with blocks need are imported there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from markdown.extensions import Extension

from mkdocs_tokenheat.block.fences import NAME, find_fences
from mkdocs_tokenheat.block.text import normalize
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts.page import Hosting, Page
from mkdocs_tokenheat.hosts.parts import Parts, PartsBeside
from mkdocs_tokenheat.hosts.processors import CodeBlocks, Fences, Figures, Places, Source

if TYPE_CHECKING:
    from markdown import Markdown

    from mkdocs_tokenheat.block.options import Options
    from mkdocs_tokenheat.block.parse import Block

__all__ = ["TokenheatExtension", "blocks_of", "makeExtension"]

_TEMPLATE = re.compile(r"{[{%#]|-8<-")
"""Syntax replaced by plugins such as macros and extensions such as snippets."""


def blocks_of(source: str, defaults: Options) -> Iterator[Block]:
    """The readable blocks of a page's source, before the page is rendered.

    A text that something else fills in first is left until the page is rendered.
    """
    if NAME not in source:
        return
    from mkdocs_tokenheat.block.parse import read_block

    for fence in find_fences(normalize(source)):
        if not fence.is_block:
            continue
        try:
            block = read_block(fence.info, fence.body, defaults)
        except TokenheatError:
            continue
        if not _TEMPLATE.search(block.text):
            yield block


class TokenheatExtension(Extension):
    """Turns `tokenheat` fences into heatmaps.

    Parameters:
        host: What the host does; positional, so that no site's config can set it.
        settings: The site settings and the options' defaults, by name.
    """

    def __init__(self, host: Hosting | None = None, /, **settings: object) -> None:
        self.config = _described()
        super().__init__()
        self._host = host or Hosting()
        self._site = self._host.site
        self._given = settings

    def setConfig(self, key: str, value: object) -> None:  # noqa: N802 (Python-Markdown's name)
        """Set one setting; it is checked with the others when the extension is used."""
        self._given[key] = value

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (Python-Markdown's name)
        """Register with a Markdown object."""
        if self._site is None:
            from mkdocs_tokenheat.hosts.context import site_of

            self._site = site_of(md, self._given)
        page = Page(md, self._site, self._host)
        md.registerExtension(page)  # type: ignore[arg-type]  # for its reset()
        md.preprocessors.register(Source(md, page), f"{NAME}-source", 1000)
        # After white space is normalised (30) and before other fences (25) and raw HTML (20).
        md.preprocessors.register(Fences(md, page), NAME, 26)
        # Before tables (75), and right before the rest becomes paragraphs (10).
        md.parser.blockprocessors.register(PartsBeside(md, page), f"{NAME}-beside", 76)
        md.parser.blockprocessors.register(Parts(md, page), NAME, 11)
        # After footnotes (50), and before anything reads code blocks (30).
        md.treeprocessors.register(CodeBlocks(md, page), NAME, 49)
        # Right before and after placeholders are replaced (30).
        md.postprocessors.register(Figures(md, page), NAME, 31)
        md.postprocessors.register(Places(md, page), f"{NAME}-places", 29)


def makeExtension(**settings: Any) -> TokenheatExtension:  # noqa: N802 (Python-Markdown's name)
    """The extension, for `extensions=["mkdocs_tokenheat.hosts.markdown"]`."""
    return TokenheatExtension(**settings)


def _described() -> dict[str, list[object]]:
    from mkdocs_tokenheat.block.options import Options
    from mkdocs_tokenheat.hosts.settings import DEFAULTS, MEANINGS

    settings = {name: [default, MEANINGS[name]] for name, default in DEFAULTS.items()}
    return settings | {
        name: [field.default, field.metadata["meaning"]]
        for name, field in Options.__dataclass_fields__.items()
    }
