"""A build whose scores are cached, beside its floor, code fences, and the figures as raw HTML."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
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
from benchmarks.sites import (
    PACKAGES,
    Pages,
    built,
    figures_built,
    searched,
    write_pages,
    write_site,
)
from benchmarks.texts import LANGUAGES

TABLE, NO_TABLE = "this project", "this project, table: false"
FLOOR, FLOOR_NO_TABLE, LEAN = (
    "floor: finished figures from memory",
    "floor, table: false",
    "floor, figures read page by page",
)
PYTHON, TEXT = "`python` fences, Pygments", "`text` fences"
RAW, NONE = "the figures pasted as raw HTML", "the texts left out"


def run(
    size: Pages | None = None,
    rounds: int = 5,
    raw_rounds: int = 2,
    languages: Sequence[str] = tuple(LANGUAGES),
) -> Report:
    """Build in all ways, separately for each language."""
    size = size or Pages()
    report = Report("warm_site", f"Warm build of a site, {size.named()}", PACKAGES)
    for language in languages:
        with tempfile.TemporaryDirectory() as folder:
            ways = prepared(Path(folder), language, size)
            runs = interleaved(report, LANGUAGES[language], ways, rounds, {RAW: raw_rounds})
            assert figures_built(Path(folder, "heat")) == figures_built(Path(folder, "floor"))
            assert searched(Path(folder, "heat")) == searched(Path(folder, "floor"))
        _report(report, LANGUAGES[language], runs)
    report.notes.append(
        "Seconds are those of reading the config and building; a command's also has the start of "
        "Python and MkDocs' imports. Ratios are over this project's own time with the table: each the "
        "median of the rounds' ratios, because the machine is not as fast in all rounds."
    )
    return report


def prepared(folder: Path, language: str, size: Pages) -> Mapping[str, Callable[[], Run]]:
    """The sites, and how each is built."""
    for source in ("tokenheat", "python", "text", "none"):
        write_pages(folder, source, language, size)
    ours = "tokenheat: {{cache_dir: ../cache, table: {}}}"
    heat, bare = (
        write_site(folder, way, "tokenheat", language, ours.format(table))
        for way, table in (("heat", "true"), ("bare", "false"))
    )
    made = fresh("sites", "prepare", folder=str(folder), way="heat", without_table="bare")
    assert made["figures"] == 2 * size.pages * size.blocks
    floor, floor_bare, lean = (
        write_site(folder, way, "tokenheat", language) for way in ("floor", "floor-bare", "lean")
    )
    figures, figures_bare = str(folder / "figures-heat"), str(folder / "figures-bare")
    python, text, raw, none = (
        write_site(folder, way, way, language) for way in ("python", "text", "raw", "none")
    )
    return {
        NONE: partial(built, none),
        FLOOR: partial(built, floor, figures=figures),
        LEAN: partial(built, lean, figures=figures, lean=True),
        TABLE: partial(built, heat),
        FLOOR_NO_TABLE: partial(built, floor_bare, figures=figures_bare),
        NO_TABLE: partial(built, bare),
        TEXT: partial(built, text),
        PYTHON: partial(built, python),
        RAW: partial(built, raw),
    }


def _report(report: Report, language: str, runs: Mapping[str, Sequence[Run]]) -> None:
    def over(way: str, other: str, what: str = "seconds") -> float:
        return ratio(runs[way], runs[other], what)

    columns = ("way", "seconds", "CPU seconds", "whole command", "peak MB", "times this project")
    numbers = ("seconds", "cpu", "process", "megabytes")
    rows: list[list[Cell]] = [
        [way, *(median(each, what) for what in numbers), over(way, TABLE)]
        for way, each in runs.items()
    ]
    report.tables.append(Table(language, columns, rows))
    for what, value, limit in (
        ("time over the floor's", over(TABLE, FLOOR), 1.5),
        ("time over that of `python` fences", over(TABLE, PYTHON), 0.8),
        ("time with `table: false` over that of `python` fences", over(NO_TABLE, PYTHON), 0.6),
        ("time over that of raw HTML", over(TABLE, RAW), 0.2),
        ("peak memory over the floor's, page by page", over(TABLE, LEAN, "megabytes"), 1.3),
    ):
        report.targets.append(Target(f"{language}: {what}", value, limit))


if __name__ == "__main__":
    finish(run())
