"""`mkdocs serve`: an author's mistake is shown in the page, and goes away when it is mended."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Project

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
        except OSError:  # Not up yet.
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
