"""One input, every HTML host, the same figures byte for byte; and search in each finds words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import markdown
import pytest
from markdown_it import MarkdownIt

from mkdocs_tokenheat.hosts.markdown import TokenheatExtension
from tests.hosts import TEXT, WORD, Folder, directive, fenced
from tests.pages import content, parse, texts

BLOCKS: tuple[tuple[str, ...], ...] = (
    ("caption: Tô màu “từng” <tiếng> & hơn",),
    ("unit: word", "colormap: RdBu_r", "center: 8", "lang: vi"),
    ("metric: cosine-target", "target: Việt", "unit: word", "scale: quantile", "share: s"),
    ("metric: cosine-target", "target: câu", "unit: word", "scale: quantile", "share: s"),
    ("metric: length", "unit: word", "table: false", "legend: false"),
)
NEWLINE = "\n\n  starts with a newline\n"


def front_matter(options: tuple[str, ...]) -> str:
    return "~~~~tokenheat\n---\n" + "".join(f"{o}\n" for o in options) + f"---\n{TEXT}~~~~\n"


PAGE = "# Heat\n\n" + "\n".join(front_matter(options) for options in BLOCKS)
RST = "Heat\n====\n\n" + "\n".join(directive(TEXT, *options) for options in BLOCKS)
MYST = "# Heat\n\n" + "\n".join(
    "~~~{tokenheat}\n" + "".join(f":{o}\n" for o in options) + f"\n{TEXT}~~~\n"
    for options in BLOCKS
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """One site with a config for each host, and one cache for all."""
    folder = Folder(tmp_path_factory.mktemp("same"))
    folder.write("docs/index.md", PAGE)
    for name in ("mkdocs", "material"):
        theme = "{name: material, font: false}" if name == "material" else "{name: mkdocs}"
        folder.write(
            f"{name}.yml",
            f"site_name: Heat\ntheme: {theme}\nplugins: [search, tokenheat]\nsite_dir: _{name}\n",
        )
    folder.write("properdocs.yml", folder.read("mkdocs.yml").replace("_mkdocs", "_properdocs"))
    folder.write(
        "zensical.toml",
        '[project]\nsite_name = "Heat"\nsite_dir = "_zensical"\n'
        "[project.markdown_extensions.tokenheat]\n",
    )
    folder.write("conf.py", 'extensions = ["mkdocs_tokenheat.sphinx", "myst_parser"]\n')
    folder.write("index.rst", RST + "\n.. toctree::\n\n   myst\n")
    folder.write("myst.md", MYST)
    folder.done("tokenheat warm -f mkdocs.yml")
    return folder


@pytest.fixture(scope="module")
def plain(site: Folder) -> list[str]:
    """The figures of Python-Markdown by itself."""
    html = markdown.markdown(
        PAGE,
        extensions=["tokenheat"],
        extension_configs={
            "tokenheat": {"cache_dir": str(site.path / ".cache/tokenheat"), "frozen": True}
        },
    )
    site.write("_plain/index.html", html)
    figures = site.figures("_plain/index.html")
    assert len(figures) == len(BLOCKS)
    assert texts(html) == [TEXT.removesuffix("\n")] * len(BLOCKS)
    return figures


@pytest.fixture(scope="module")
def build(site: Folder) -> Callable[[str], None]:
    """Runs a host's command on the site, once for all tests of its output."""
    site.write("conf.py", site.read("conf.py") + 'exclude_patterns = ["docs", "_*"]\n')

    @cache
    def run(command: str) -> None:
        site.done(command, TOKENHEAT_FROZEN="1")

    return run


MKDOCS = "mkdocs build -q --strict -f mkdocs.yml"
MATERIAL = "mkdocs build -q --strict -f material.yml"
PROPERDOCS = "properdocs build -q --strict"
ZENSICAL = "zensical build --strict"


@pytest.mark.parametrize(
    ("command", "pages"),
    [
        (MKDOCS, ["_mkdocs/index.html"]),
        (MATERIAL, ["_material/index.html"]),
        (PROPERDOCS, ["_properdocs/index.html"]),
        (ZENSICAL, ["_zensical/index.html"]),
        ("sphinx-build -q -W -E -b html . _html", ["_html/index.html", "_html/myst.html"]),
        ("sphinx-build -q -W -E -b dirhtml . _dirhtml", ["_dirhtml/index.html"]),
        ("sphinx-build -q -W -E -b singlehtml . _single", ["_single/index.html"]),
    ],
    ids=["MkDocs", "Material", "ProperDocs", "Zensical", "html", "dirhtml", "singlehtml"],
)
def test_every_host_writes_the_same_figures(
    site: Folder, build: Callable[[str], None], plain: list[str], command: str, pages: list[str]
) -> None:
    build(command)
    for page in pages:
        figures = site.figures(page)
        if page.startswith("_zensical"):
            assert not any("data-search-exclude" in figure for figure in figures)
            plain = [figure.replace(" data-search-exclude", "") for figure in plain]
        if page.startswith("_single"):
            plain = plain * 2
        assert figures == plain


def test_the_command_line_writes_them_too(site: Folder, plain: list[str]) -> None:
    assert all(figure in site.done("tokenheat render docs/index.md") for figure in plain)


def test_a_newline_at_the_start_is_kept(tmp_path: Path) -> None:
    html = markdown.markdown(
        fenced(NEWLINE), extensions=[TokenheatExtension(cache_dir=str(tmp_path), unit="word")]
    )
    assert texts(html) == [NEWLINE.removesuffix("\n")]


@pytest.mark.parametrize(
    ("command", "out"),
    [(MKDOCS, "_mkdocs"), (MATERIAL, "_material"), (PROPERDOCS, "_properdocs")],
    ids=["MkDocs", "Material", "ProperDocs"],
)
def test_search_finds_a_word_once_a_block_and_no_number(
    site: Folder, build: Callable[[str], None], command: str, out: str
) -> None:
    build(command)
    pages = json.loads(site.read(f"{out}/search/search_index.json"))["docs"]
    found = [page for page in pages if WORD in page["text"]]
    # MkDocs lists a page whole, and each of its sections again.
    section = max(found, key=lambda page: len(page["location"]))["text"]
    plain = content(parse(section))
    assert plain.count(WORD) == TEXT.count(WORD) * len(BLOCKS)
    assert not re.search(r"\d", plain)


def test_zensicals_search_has_every_word_whole(site: Folder, build: Callable[[str], None]) -> None:
    build(ZENSICAL)
    (index,) = (site.path / "_zensical").glob("search*.json")
    found = index.read_text("utf-8")
    assert WORD in re.sub(r"<[^>]*>", "", found)


def test_previews_show_a_readable_code_block() -> None:
    html = MarkdownIt("commonmark").render(front_matter(BLOCKS[0]) + "\n" + fenced(TEXT, "lang=vi"))
    first, second = parse(html).iter("code")
    assert first.get("class") == second.get("class") == "language-tokenheat"
    assert content(first) == f"---\n{BLOCKS[0][0]}\n---\n{TEXT}"
    assert content(second) == TEXT
