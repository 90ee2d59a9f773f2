"""The floor of a warm build: each figure's HTML is ready and only put into its page.

This is the least that any tool that shows these figures must do: find the fences, give the HTML
to Python-Markdown's stash, and let search see the text in its place.
"""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor
from mkdocs.config import Config
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority

if TYPE_CHECKING:
    from markdown import Markdown
    from mkdocs.config.defaults import MkDocsConfig

__all__ = ["Floor"]

_FENCE = re.compile(r"^```tokenheat\n.*?\n```$", re.MULTILINE | re.DOTALL)

Figures = list[tuple[str, str]]
"""The HTML of each figure of a page, and the text that search sees for it."""


class _NoSettings(Config):
    """It has none."""


class Floor(BasePlugin[_NoSettings]):
    """Puts the figures into the pages, and their texts into the search index.

    Parameters:
        folder: Where the pages' figures are.
        lean: Whether a page's figures are read when it is rendered, rather than kept in memory.
    """

    def __init__(self, folder: Path, *, lean: bool) -> None:
        self._folder = folder
        names = [] if lean else [path.name for path in folder.glob("*.json")]
        self._pages = {name: self._read(name) for name in names}
        self.figures: Figures = []
        self._content = ""

    def _read(self, name: str) -> Figures:
        found = json.loads((self._folder / name).read_text("utf-8"))
        return [(html, f"<div><p>{escape(text)}</p></div>") for html, text in found]

    def _of(self, page: Any) -> Figures:
        name = f"{page.file.src_uri}.json"
        return self._pages[name] if self._pages else self._read(name)

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Add the extension."""
        config.markdown_extensions.append(_Stash(self))  # type: ignore[arg-type]
        return config

    def on_page_markdown(self, markdown: str, *, page: Any, **_: object) -> str:
        """Note the page."""
        self.figures = self._of(page)
        return markdown

    @event_priority(100)
    def _for_search(self, context: Any, *, page: Any, config: Any, nav: Any) -> Any:
        self._content = content = page.content
        for html, plain in self._of(page):
            content = content.replace(html, plain, 1)
        page.content = content
        return context

    @event_priority(-100)
    def _for_readers(self, context: Any, *, page: Any, config: Any, nav: Any) -> Any:
        page.content = self._content
        return context

    on_page_context = CombinedEvent(_for_search, _for_readers)


class _Stash(Extension):
    def __init__(self, floor: Floor) -> None:
        super().__init__()
        self._floor = floor

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (Python-Markdown's name)
        md.preprocessors.register(_Fences(md, self._floor), "floor", 26)


class _Fences(Preprocessor):
    def __init__(self, md: Markdown, floor: Floor) -> None:
        super().__init__(md)
        self._floor = floor

    def run(self, lines: list[str]) -> list[str]:
        figures = iter(self._floor.figures)
        stash = self.md.htmlStash
        return _FENCE.sub(lambda _: f"\n{stash.store(next(figures)[0])}\n", "\n".join(lines)).split(
            "\n"
        )
