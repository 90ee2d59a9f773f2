"""From saving a page to seeing it under `mkdocs serve`, beside the same site with plain fences."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from benchmarks.report import (
    Cell,
    Report,
    Run,
    Table,
    Target,
    environment,
    finish,
    interleaved,
    median,
)
from benchmarks.sites import PACKAGES, Pages, page_names, write_pages, write_site

HEAT, PLAIN = "heatmaps", "plain fences"
PATIENCE = 120.0
_EPOCH = re.compile(rb"livereload\((\d+), \d+\)")
_BUILT = re.compile(r"Documentation built in ([\d.]+) seconds")


def run(size: Pages | None = None, rounds: int = 5) -> Report:
    """Edit one block, again and again, in both sites in turn."""
    size = size or Pages()
    total = size.pages * size.blocks
    report = Report("serve", f"Serve: one edited block of {total:,}", PACKAGES)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        sites = {
            way: stack.enter_context(_served(folder, source, plugins, size))
            for way, source, plugins in (
                (HEAT, "tokenheat", "tokenheat: {cache_dir: cache}"),
                (PLAIN, "plain", ""),
            )
        }
        edits = {way: partial(site.edit) for way, site in sites.items()}
        runs = interleaved(report, "edits", edits, rounds)
    rows: list[list[Cell]] = [
        [way, median(each, "seconds"), median(each, "build"), median(each, "scored")]
        for way, each in runs.items()
    ]
    columns = ("site", "save to page, seconds", "of it MkDocs' build", "blocks scored")
    report.tables.append(Table(f"{size.named()}, Material with search", columns, rows))
    ratio = median(runs[HEAT], "seconds") / median(runs[PLAIN], "seconds")
    report.targets.append(Target("time from save to page over that of plain fences", ratio, 1.3))
    scored = max(each["scored"] for each in runs[HEAT])
    report.targets.append(Target("blocks scored after one was edited", scored, 1))
    report.notes.append(
        "Both have MkDocs' wait for further changes in them, about 0.35 seconds on average: it "
        "looks for changes twice a second and waits a tenth of a second for more."
    )
    return report


class _Site:
    """A site being served, and its author."""

    def __init__(self, place: Path, page: Path, url: str, log: Path) -> None:
        self._place = place
        self._page = page
        self._url = url
        self._log = log
        self._edits = 0

    def edit(self) -> Run:
        """Add a word to a block, and wait for the page that has it."""
        html = self._get(page_url(self._page))
        epoch = _EPOCH.search(html)
        assert epoch is not None
        before = self._entries()
        self._edits += 1
        word = f"edited{self._edits}"
        source = self._page.read_text("utf-8")
        opening, _, rest = source.rpartition("\n```\n")
        assert opening
        start = time.perf_counter()
        self._page.write_text(f"{opening} {word}\n```\n{rest}", "utf-8")
        # As the script in each page does: the answer comes when the site is built.
        self._get(f"livereload/{epoch[1].decode()}/1")
        html = self._get(page_url(self._page))
        seconds = time.perf_counter() - start
        assert word.encode() in re.sub(rb"<[^>]*>", b"", html)
        built = _BUILT.findall(self._log.read_text("utf-8"))
        return {
            "seconds": seconds,
            "build": float(built[-1]),
            "scored": len(self._entries() - before),
        }

    def wait(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until the first build is served."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            assert process.poll() is None, self._log.read_text("utf-8")
            try:
                self._get("")
            except OSError:
                time.sleep(0.2)
            else:
                return
        raise TimeoutError(self._log.read_text("utf-8"))

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self._url}/{path}", timeout=PATIENCE) as answer:
            content: bytes = answer.read()
            return content

    def _entries(self) -> set[tuple[str, int]]:
        # A block that is scored again is rewritten, under the same name.
        return {(path.name, path.stat().st_ino) for path in self._place.glob("cache/*.json")}


def page_url(page: Path) -> str:
    """Where MkDocs puts it."""
    return "" if page.stem == "index" else f"{page.stem}/"


@contextmanager
def _served(folder: Path, source: str, plugins: str, size: Pages) -> Iterator[_Site]:
    write_pages(folder, source, "en", size)
    place = write_site(folder, source, source, "en", plugins)
    page = folder / f"docs-{source}" / page_names(size)[size.pages // 2]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    log = place / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", address],
            cwd=place,
            env=environment(),
            stdout=output,
            stderr=output,
        )
        try:
            site = _Site(place, page, f"http://{address}", log)
            site.wait(process)
            yield site
        finally:
            process.terminate()
            process.wait(timeout=10)


if __name__ == "__main__":
    finish(run())
