"""Pairs of files: Markdown in, HTML out. After a look, `python -m tests.test_pairs --update`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from tests.pages import convert
from tests.vocabularies import MINILM

PAIRS = Path(__file__).parent / "pairs"
EXTENSIONS = ("admonition", "pymdownx.details", "pymdownx.tabbed", "pymdownx.superfences")
SETTINGS = {
    "metric": "norm",
    "unit": "token",
    "legend": True,
    "table": True,
    "on_error": "show",
    "models": {"minilm": MINILM},
}


def rendered(source: Path, cache: Path) -> str:
    """The page of a file, with the settings of a site that sets nothing but `on_error: show` and a model."""
    text = source.read_text(encoding="utf-8")
    return convert(text, cache, *EXTENSIONS, **SETTINGS) + "\n"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize("source", sorted(PAIRS.glob("*.md")), ids=lambda path: path.stem)
def test_pair(cache: Path, source: Path) -> None:
    expected = source.with_suffix(".html").read_text(encoding="utf-8")
    assert rendered(source, cache) == expected
    # From the cache, too.
    assert rendered(source, cache) == expected


def test_every_page_has_its_source() -> None:
    assert {path.stem for path in PAIRS.glob("*.html")} == {
        path.stem for path in PAIRS.glob("*.md")
    }


def update() -> None:
    """Write each page anew."""
    with tempfile.TemporaryDirectory() as cache:
        for source in PAIRS.glob("*.md"):
            html = rendered(source, Path(cache))
            source.with_suffix(".html").write_text(html, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if sys.argv[1:] != ["--update"]:
        sys.exit("usage: python -m tests.test_pairs --update")
    update()
