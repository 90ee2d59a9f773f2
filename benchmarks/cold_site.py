"""A build that must first compute all scores, and the cost of 100 tokens in a fresh process."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.report import (
    Cell,
    Report,
    Run,
    Table,
    Target,
    finish,
    fresh,
    interleaved,
    median,
    ratio,
)
from benchmarks.sites import PACKAGES, Pages, built, write_pages, write_site
from benchmarks.texts import LANGUAGES, texts

WORDS = 77
"""The number of English words that are 100 of MiniLM's tokens."""

EMPTY, FULL = "empty cache", "full cache"
OURS, KNOWN = "this project, first run", "this project, a later run with a new text"
THEIRS = "transformers' AutoTokenizer and AutoModel"


def run(
    size: Pages | None = None,
    rounds: int = 7,
    languages: Sequence[str] = tuple(LANGUAGES),
    others: bool = True,
) -> Report:
    """Build with an empty and a full cache, then measure one short text in fresh processes."""
    size = size or Pages()
    packages = (*PACKAGES, "numpy", "tokenizers", "safetensors", "torch", "transformers")
    report = Report("cold_site", f"Cold build of a site, {size.named()}", packages)
    for language in languages:
        with tempfile.TemporaryDirectory() as folder:
            _measure_site(report, Path(folder), language, size, rounds)
    if others:
        _measure_text(report, rounds)
    return report


def _measure_site(report: Report, folder: Path, language: str, size: Pages, rounds: int) -> None:
    name = LANGUAGES[language]
    write_pages(folder, "tokenheat", language, size)
    place = write_site(folder, "heat", "tokenheat", language, "tokenheat: {cache_dir: cache}")

    def cold() -> Run:
        shutil.rmtree(place / "cache", ignore_errors=True)
        return built(place)

    runs = {EMPTY: [cold()], FULL: [built(place)]}
    for _ in range(rounds - 1):
        runs[EMPTY].append(cold())
        runs[FULL].append(built(place))
    report.keep(name, runs)
    assert all("torch" not in each["heavy"] for each in runs[EMPTY])
    assert all(each["heavy"] == [] for each in runs[FULL])
    rows: list[list[Cell]] = [
        [way, *(median(each, what) for what in ("seconds", "cpu", "megabytes")),
         ratio(each, runs[FULL]), ", ".join(each[0]["heavy"]) or "none"]
        for way, each in runs.items()
    ]  # fmt: skip
    columns = ("way", "seconds", "CPU seconds", "peak MB", "times full", "heavy modules imported")
    report.tables.append(Table(name, columns, rows))
    longer = ratio(runs[EMPTY], runs[FULL])
    report.targets.append(Target(f"{name}: time with an empty cache over a full one", longer, 2))


def _measure_text(report: Report, rounds: int) -> None:
    text = next(texts("en", 1, WORDS))
    with tempfile.TemporaryDirectory() as folder:
        ways = {
            THEIRS: partial(fresh, "norms", "theirs", text=text),
            OURS: partial(_from_nothing, text, folder),
            KNOWN: partial(_known, text, folder),
        }
        runs = interleaved(report, "one text", ways, rounds)
    _check_same(runs[OURS][0]["norms"], runs[THEIRS][0]["norms"])
    count = len(runs[OURS][0]["norms"])
    rows: list[list[Cell]] = [
        [
            way,
            median(each, "process"),
            median(each, "megabytes"),
            ratio(runs[THEIRS], each, "process"),
        ]
        for way, each in runs.items()
    ]
    title = f"Norms of {count} tokens in a fresh process, MiniLM"
    columns = ("way", "seconds", "peak MB", "times as fast")
    report.tables.append(Table(title, columns, rows))
    faster = ratio(runs[THEIRS], runs[OURS], "process")
    what = f"{count} tokens: transformers' time over this project's"
    report.targets.append(Target(what, faster, 20, at_least=True))


def _from_nothing(text: str, folder: str) -> Run:
    shutil.rmtree(folder, ignore_errors=True)
    return fresh("norms", "ours", text=text, folder=folder)


def _known(text: str, folder: str) -> Run:
    if not Path(folder, "cache").exists():
        _from_nothing(text, folder)
    for entry in Path(folder, "cache").glob("*.json"):
        entry.unlink()
    return fresh("norms", "ours", text=text, folder=folder)


def _check_same(ours: list[float], theirs: list[float]) -> None:
    same = zip(ours, theirs, strict=True)
    assert all(abs(a - b) <= 1e-5 * abs(b) for a, b in same), json.dumps([ours, theirs])


if __name__ == "__main__":
    finish(run())
