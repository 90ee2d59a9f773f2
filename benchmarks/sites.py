"""The site that several benchmarks build: the same texts as heatmaps, as code, or left out."""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.report import Run, fresh
from benchmarks.texts import texts

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig

    from benchmarks.floor import Floor

__all__ = [
    "PACKAGES",
    "Pages",
    "build",
    "built",
    "figures_built",
    "page_names",
    "prepare",
    "searched",
    "write_pages",
    "write_site",
]

PACKAGES = ("mkdocs", "mkdocs-material", "markdown", "pymdown-extensions", "pygments")
HEAVY = ("torch", "transformers", "tokenizers", "numpy", "safetensors")

_CONFIG = """\
site_name: Benchmark
docs_dir: ../docs-{source}
theme:
  name: material
  language: {language}
  font: false
plugins: {plugins}
markdown_extensions: [pymdownx.highlight, pymdownx.superfences]
"""


@dataclass(frozen=True)
class Pages:
    """How large a site is."""

    pages: int = 100
    blocks: int = 10
    words: int = 140

    def named(self) -> str:
        """The size in words."""
        return f"{self.pages} pages of {self.blocks} blocks of {self.words} words"


def write_site(folder: Path, way: str, source: str, language: str, plugins: str = "") -> Path:
    """The config of one way to build pages from `docs-SOURCE`; returns its folder."""
    place = folder / way
    place.mkdir()
    listed = f"[search{', ' if plugins else ''}{plugins}]"
    config = _CONFIG.format(source=source, language=language, plugins=listed)
    (place / "mkdocs.yml").write_text(config, "utf-8")
    return place


def write_pages(folder: Path, source: str, language: str, size: Pages) -> None:
    """The pages with the texts in fences of this kind.

    In `plain` ones they have no language, in `prose` there are no fences, in `none` no texts.
    """
    blocks = texts(language, size.pages * size.blocks, size.words)
    for name in page_names(size):
        parts = [f"# {name}"]
        for number in range(1, size.blocks + 1):
            parts += [f"Text {number} of {size.blocks}.", _block(source, next(blocks))]
        _write(folder / f"docs-{source}" / name, "\n\n".join(filter(None, parts)) + "\n")


def _block(source: str, text: str) -> str:
    if source in ("none", "prose"):
        return text if source == "prose" else ""
    return f"```{'' if source == 'plain' else source}\n{text}\n```"


def page_names(size: Pages) -> list[str]:
    """The pages' files."""
    return ["index.md", *(f"page-{number:03}.md" for number in range(1, size.pages))]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")


def prepare(folder: str, way: str, without_table: str) -> Run:
    """Score this site's blocks, and keep the finished figures of its pages.

    They are written where the floor finds them, and into pages that have them as raw HTML.

    Parameters:
        folder: Where both sites are.
        way: The folder of the site with heatmaps.
        without_table: The same with `table: false`.
    """
    count = 0
    for each in (way, without_table):
        config = Path(folder, each, "mkdocs.yml")
        for name, source, figures in _figures(config):
            count += len(figures)
            kept = [[figure, text] for figure, text in figures]
            _write(Path(folder, f"figures-{each}", f"{name}.json"), json.dumps(kept))
            if each == way:
                parts = source.split("```tokenheat\n")
                raw = [parts[0]]
                for part, (figure, _) in zip(parts[1:], figures, strict=True):
                    raw += [figure, part.partition("\n```")[2]]
                _write(Path(folder, "docs-raw", name), "".join(raw))
    return {"figures": count}


def _figures(config: Path) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Each page's name, source, and figures with their texts."""
    from mkdocs_tokenheat.errors import TokenheatError
    from mkdocs_tokenheat.hosts.markdown import blocks_of
    from mkdocs_tokenheat.hosts.mkdocs import settings_of
    from mkdocs_tokenheat.site import Site

    settings = settings_of(config)
    site = Site(settings)
    found = []
    for path in sorted(settings.base_path.glob("*.md")):
        source = path.read_text("utf-8")
        blocks = list(blocks_of(source, settings.options))
        figures = []
        for block, figure in zip(blocks, site.figures(blocks), strict=True):
            assert not isinstance(figure, TokenheatError), figure
            figures.append((figure, block.text))
        found.append((path.name, source, figures))
    return found


def build(folder: str, figures: str = "", lean: bool = False) -> Run:
    """Build the site of this folder as `mkdocs build` does; seconds include reading the config.

    Parameters:
        figures: Where the floor finds its figures; if given, the floor is built.
        lean: Whether the floor reads a page's figures when it needs them.
    """
    from mkdocs.commands.build import build as mkdocs_build

    floor = _floor(Path(figures), lean=lean) if figures else None
    start, cpu = time.perf_counter(), time.process_time()
    config = _loaded(folder)
    if floor is not None:
        config.plugins["floor"] = floor
    config.plugins.on_startup(command="build", dirty=False)
    mkdocs_build(config)
    config.plugins.on_shutdown()
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {
        "seconds": seconds,
        "cpu": cpu,
        "heavy": [name for name in HEAVY if name in sys.modules],
    }


def _floor(figures: Path, *, lean: bool) -> Floor:
    from benchmarks.floor import Floor

    return Floor(figures, lean=lean)


def _loaded(folder: str) -> MkDocsConfig:
    from mkdocs.config import load_config

    return load_config(str(Path(folder, "mkdocs.yml")))


def built(place: Path, **how: object) -> Run:
    """A build into an empty folder, in its own process."""
    shutil.rmtree(place / "site", ignore_errors=True)
    return fresh("sites", "build", folder=str(place), **how)


def figures_built(place: Path) -> str:
    """All figures of a built site's first page, for a comparison of two ways."""
    page = (place / "site" / "index.html").read_text("utf-8")
    return page[page.index("<figure") : page.rindex("</figure>")]


def searched(place: Path) -> str:
    """A built site's search index."""
    return (place / "site" / "search" / "search_index.json").read_text("utf-8")
