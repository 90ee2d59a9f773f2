"""`mkdocs serve`: a mistake is shown until it is fixed, and only what has changed is drawn."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mkdocs_tokenheat import site as site_module
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.views.figure import draw
from mkdocs_tokenheat.views.view import Answer
from tests.conftest import Author, Project, block

PATIENCE = 30.0
"""Seconds after which a page that does not come counts as lost."""

WRONG = "# Heat\n\n```tokenheat metrik=norm\na purple cat\n```\n"
RIGHT = WRONG.replace("metrik", "metric")


@pytest.fixture
def strict() -> bool:
    return False


@pytest.fixture
def served(project: Project, strict: bool) -> Iterator[Callable[[str], str]]:
    """Waits for the site's page to say something, and gives the page."""
    project.configure(extra=f"strict: {str(strict).lower()}\n")
    project.page(WRONG)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = project.folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", f"127.0.0.1:{port}"],
            cwd=project.folder,
            env=project.environment({}),
            stdout=output,
            stderr=output,
        )
        try:
            yield lambda words: page_with(f"http://127.0.0.1:{port}/", words, process, log)
        finally:
            process.terminate()
            process.wait(timeout=10)


def page_with(url: str, words: str, process: subprocess.Popen[bytes], log: Path) -> str:
    deadline = time.monotonic() + PATIENCE
    page = ""
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                page = answer.read().decode()
        except OSError:  # The server is not up yet.
            page = ""
        if words in page:
            return page
        time.sleep(0.05)
    raise AssertionError(f"no {words!r} in:\n{page}\n{log.read_text(encoding='utf-8')}")


@pytest.mark.parametrize("strict", [False, True])
def test_an_error_is_shown_until_it_is_mended(
    project: Project, served: Callable[[str], str], strict: bool
) -> None:
    page = served("tokenheat-error")
    assert "docs/index.md:3: tokenheat: unknown option" in page
    assert "<figure" not in page
    project.page(RIGHT)
    page = served("<figure")
    assert "tokenheat-error" not in page
    assert 'data-metric="norm"' in page
    assert len(project.entries()) == 1
    project.page(WRONG.replace("purple", "violet"))
    assert "violet" in served("tokenheat-error")
    log = (project.folder / "log").read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert "docs/index.md:3: tokenheat: unknown option 'metrik'" in log


# What a rebuild draws


def test_a_page_that_stays_as_it_is_is_drawn_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def counted(answer: Answer, *rest: Any) -> str:
        drawn.append(answer.block.text)
        return draw(answer, *rest)

    monkeypatch.setattr(site_module, "draw", counted)
    author = Author(tmp_path)
    pages = [[block("a cat"), block("a dog", share="x")], [block("a bird")]]
    first = author.site()
    first.follow(None)
    figures = [first.figures(page) for page in pages]
    assert drawn == ["a cat", "a dog", "a bird"]

    second = author.site()
    second.follow(first)
    assert [second.figures(page) for page in pages] == figures
    assert second.figures([block("a cat"), block("a fish", share="x")]) != figures[0]
    assert drawn[3:] == ["a cat", "a fish"]

    third = author.site(colormap="Blues")
    third.follow(second)
    assert third.figures([block("a bird")]) == figures[1]
    assert drawn[5:] == ["a bird"]


def test_a_page_with_an_error_is_tried_again(tmp_path: Path) -> None:
    author = Author(tmp_path)
    page = [block("a cat"), block("a b", metric="values", unit="word", values="own.json")]
    first = author.site()
    first.follow(None)
    _, missing = first.figures(page)
    assert isinstance(missing, TokenheatError)
    (tmp_path / "own.json").write_text("[1, 2]")
    second = author.site()
    second.follow(first)
    assert all(isinstance(figure, str) for figure in second.figures(page))
