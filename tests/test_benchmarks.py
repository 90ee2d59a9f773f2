"""The benchmarks run, at sizes too small for their numbers to mean anything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import cold_site, growth, page, rendering, report, serve, startup, warm_site
from benchmarks.__main__ import NAMES
from benchmarks.report import Report, Run, Table, Target
from benchmarks.sites import Pages
from benchmarks.texts import LANGUAGES, texts

TINY = Pages(pages=2, blocks=2, words=12)

BENCHMARKS: dict[str, Callable[[], Report]] = {
    "warm_site": lambda: warm_site.run(TINY, rounds=1, raw_rounds=1, languages=["vi"]),
    "cold_site": lambda: cold_site.run(TINY, rounds=1, languages=["en"], others=False),
    "startup": lambda: startup.run(TINY, rounds=1),
    "rendering": lambda: rendering.run([20], others=False),
    "growth": lambda: growth.run([1, 2], [1, 2], [1, 2], rounds=1),
    "serve": lambda: serve.run(TINY, rounds=1),
}


def test_each_benchmark_is_tried_but_the_one_that_takes_a_language_model() -> None:
    assert {*BENCHMARKS, "language_models"} == {*NAMES}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_runs_and_writes_what_the_page_reads(name: str, tmp_path: Path) -> None:
    found = BENCHMARKS[name]()
    report.finish(found, tmp_path)

    result = json.loads((tmp_path / f"{name}.json").read_text("utf-8"))
    assert {"name", "title", "tables", "targets", "notes", "machine", "runs"} <= result.keys()
    assert result["tables"]
    for table in result["tables"]:
        assert {len(row) for row in table["rows"]} == {len(table["columns"])}
    assert {"processor", "Python"} <= result["machine"].keys()
    assert result["targets"]
    for target in result["targets"]:
        assert isinstance(target["value"], float | int)
        assert isinstance(target["holds"], bool)


def test_a_child_says_why_it_failed() -> None:
    with pytest.raises(RuntimeError, match="no-such-folder"):
        report.fresh("sites", "build", folder="no-such-folder")


def test_every_round_runs_every_way_there_and_back() -> None:
    order: list[str] = []

    def way(name: str) -> Callable[[], Run]:
        return lambda: order.append(name) or {"seconds": len(order)}  # type: ignore[func-returns-value]

    found = Report("", "")
    ways = {name: way(name) for name in "abc"}
    runs = report.interleaved(found, "letters", ways, 3, {"b": 1})

    assert "".join(order) == "abccaac"
    assert [run["seconds"] for run in runs["a"]] == [1, 5, 6]
    assert found.runs == {"letters": runs}


def test_a_target_says_which_side_is_good() -> None:
    assert Target("", 1.5, 1.5).holds
    assert not Target("", 1.51, 1.5).holds
    assert Target("", 20, 20, at_least=True).holds
    assert not Target("", 19, 20, at_least=True).holds


def test_what_does_not_grow_is_no_part_of_the_exponent() -> None:
    sizes = (1, 10, 100, 1000, 10_000)
    assert growth.fitted({size: 1 + 0.1 * size for size in sizes}) == pytest.approx(1)
    assert growth.fitted({size: 30 + 0.1 * size for size in sizes}) == pytest.approx(1)
    for exponent in (1.1, 2.0):
        grown = {size: 1 + 0.1 * size**exponent for size in sizes}
        assert growth.fitted(grown) == pytest.approx(exponent, abs=0.05)
    assert growth.fitted(dict.fromkeys(sizes, 1.0)) == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_are_as_long_as_asked_for_and_the_same_each_time(language: str) -> None:
    first, second = texts(language, 2, 140)
    assert len(first.split()) == len(second.split()) == 140
    assert first != second
    assert [first, second] == list(texts(language, 2, 140))


def test_the_page_on_speed_has_the_numbers_that_are_kept() -> None:
    assert sorted(path.stem for path in report.RESULTS.glob("*.json")) == sorted(NAMES)
    source = page.TARGET.read_text("utf-8")
    assert page.filled(source) == source, "write it anew: make speed"
    for name in {*NAMES} - {"rendering"}:
        assert json.loads((report.RESULTS / f"{name}.json").read_text("utf-8"))["runs"]


def test_the_page_on_speed_has_a_place_for_each_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "RESULTS", tmp_path)
    source = page.TARGET.read_text("utf-8")
    assert sorted(re.findall(r"<!-- results: (\w+) -->", source)) == sorted(NAMES)
    assert page.filled(source) == source

    for name in NAMES:
        found = Report(name, name, tables=[Table("Ways", ("way", "seconds"), [["ours|a", 0.5]])])
        found.targets.append(Target(f"target of {name}", 2, 1.5))
        report.finish(found, tmp_path)
    filled = page.filled(source)

    assert filled.count("| ours&#124;a | 0.5 |") == len(NAMES)
    assert f"| target of {NAMES[0]} | 2 | at most 1.5 | **no** |" in filled
    assert page.filled(filled) == filled
