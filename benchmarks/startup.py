"""What the extension and the plugin cost where there is no block: imports and function calls."""

from __future__ import annotations

import cProfile
import pstats
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.report import Cell, Report, Run, Table, Target, finish, fresh, interleaved, median
from benchmarks.sites import PACKAGES, Pages, write_pages, write_site

WITH, WITHOUT = "with the plugin", "without"


def run(size: Pages | None = None, rounds: int = 21) -> Report:
    """Measure imports, and count the calls of a site without blocks."""
    size = size or Pages()
    report = Report("startup", "Start-up", PACKAGES)
    ways = {"import": partial(fresh, "startup", "imports")}
    runs = interleaved(report, "imports", ways, rounds)["import"]
    rows: list[list[Cell]] = [
        ["import markdown", median(runs, "markdown")],
        ["import mkdocs_tokenheat.hosts.markdown after it", median(runs, "extension")],
        ["the first Markdown object after that, with `tables`", median(runs, "object")],
        ["the first one with this extension after that", median(runs, "ours")],
    ]
    report.tables.append(Table("Imports in a fresh process", ("what", "milliseconds"), rows))
    added = median(runs, "extension")
    report.targets.append(Target("milliseconds that the import adds", added, 30))
    for source, what in (("prose", "the texts as prose"), ("none", "the texts left out")):
        counts = _counted(source, size)
        more = counts[WITH] / counts[WITHOUT] - 1
        title = f"Function calls of a build without heatmaps, {size.pages} pages, {what}"
        rows = [[WITHOUT, counts[WITHOUT], None], [WITH, counts[WITH], f"{more:+.2%}"]]
        report.tables.append(Table(title, ("site", "calls", "more"), rows))
        target = f"more function calls with the plugin, in per cent ({what})"
        report.targets.append(Target(target, 100 * more, 2))
    report.notes.append(
        "Calls are those of reading the config and building, the plugin's own import included."
    )
    return report


def _counted(source: str, size: Pages) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pages(folder, source, "en", size)
        counts = {}
        for way, plugins in ((WITHOUT, ""), (WITH, "tokenheat")):
            place = write_site(folder, plugins or "without", source, "en", plugins)
            counts[way] = fresh("startup", "calls", folder=str(place))["calls"]
    return counts


def imports() -> Run:
    """Milliseconds of each import."""
    start = time.perf_counter()
    import markdown

    second = time.perf_counter()
    import mkdocs_tokenheat.hosts.markdown  # noqa: F401

    third = time.perf_counter()
    markdown.Markdown(extensions=["tables"])  # Finding one by name takes long the first time.
    fourth = time.perf_counter()
    markdown.Markdown(extensions=["tokenheat"])
    times = {"markdown": second - start, "extension": third - second, "object": fourth - third}
    times["ours"] = time.perf_counter() - fourth
    return {name: 1000 * seconds for name, seconds in times.items()}


def calls(folder: str) -> Run:
    """The number of function calls of a build."""
    import mkdocs.commands.build
    import mkdocs.config  # noqa: F401

    from benchmarks.sites import build

    with cProfile.Profile() as profile:
        build(folder)
    return {"calls": pstats.Stats(profile).total_calls}  # type: ignore[attr-defined]


if __name__ == "__main__":
    finish(run())
