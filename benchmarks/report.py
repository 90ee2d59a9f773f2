"""What the benchmarks share: fresh processes side by side, medians, tables, targets, JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = [
    "Cell",
    "Report",
    "Run",
    "Table",
    "Target",
    "environment",
    "finish",
    "fresh",
    "interleaved",
    "machine",
    "median",
    "shown",
]

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"

Run = dict[str, Any]
"""What one run of one way measured, by name."""

Cell = str | float | None


@dataclass(frozen=True)
class Table:
    """Numbers side by side, the first column naming the way."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Target:
    """A measured number and what it must not exceed or, with `at_least`, fall below."""

    what: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def holds(self) -> bool:
        """Whether the number is where it should be."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass
class Report:
    """What a benchmark found.

    Attributes:
        name: The module's name, and that of the JSON file.
        packages: The packages whose versions matter.
        notes: What a reader of the numbers has to know.
        runs: Every single run's numbers, by what was measured and by way.
    """

    name: str
    title: str
    packages: Sequence[str] = ()
    tables: list[Table] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    runs: dict[str, dict[str, list[Run]]] = field(default_factory=dict)

    def keep(self, what: str, runs: Mapping[str, Sequence[Run]]) -> None:
        """Keep the numbers of single runs, by way."""
        self.runs[what] = {
            way: [
                {name: value for name, value in run.items() if isinstance(value, (int, float))}
                for run in each
            ]
            for way, each in runs.items()
        }


def fresh(module: str, function: str, **arguments: object) -> Run:
    """What `benchmarks.MODULE.FUNCTION` returns in a process of its own.

    Added are `process`, the seconds from its start to its end, and `megabytes`, its peak memory.
    """
    command = [sys.executable, "-m", "benchmarks.child", module, function, json.dumps(arguments)]
    start = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment(), cwd=ROOT
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{module}.{function} has failed:\n{done.stderr}")
    run: Run = json.loads(done.stdout.splitlines()[-1])
    return {**run, "process": seconds}


def environment() -> dict[str, str]:
    """The same for every run: this copy of the package, compiled once, one way of hashing."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    fixed = {"PYTHONPATH": path, "PYTHONHASHSEED": "0", "NO_MKDOCS_2_WARNING": "1"}
    return {**os.environ, **fixed, "PYTHONDONTWRITEBYTECODE": ""}


def interleaved(
    report: Report,
    what: str,
    ways: Mapping[str, Callable[[], Run]],
    rounds: int,
    few: Mapping[str, int] | None = None,
) -> dict[str, list[Run]]:
    """Every way's runs, round by round, forwards and backwards in turn.

    A slow spell of the machine then slows all of them.

    Parameters:
        what: The name that their numbers get in the report.
        few: The number of rounds of ways that take too long for all rounds.
    """
    runs: dict[str, list[Run]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in list(ways)[:: -1 if number % 2 else 1]:
            if number < (few or {}).get(way, rounds):
                runs[way].append(ways[way]())
                print(f"  {number + 1}/{rounds} {way}", file=sys.stderr, flush=True)
    report.keep(what, runs)
    return runs


def median(runs: Sequence[Run], what: str) -> float:
    """The median of a number over runs."""
    return float(statistics.median(run[what] for run in runs))


def ratio(runs: Sequence[Run], others: Sequence[Run], what: str = "seconds") -> float:
    """The median of the ratio of one number to another, round by round.

    The runs of a round lie close together: a slow spell of the machine slows both.
    """
    pairs = zip(runs, others, strict=False)  # Some ways have fewer rounds.
    return float(statistics.median(one[what] / other[what] for one, other in pairs))


def machine(packages: Sequence[str]) -> dict[str, str]:
    """What the numbers were measured on."""
    return {
        "processor": f"{_processor()}, {_cores()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        "system": platform.system(),
        "Python": platform.python_version(),
        **{package: version(package) for package in packages},
        "measured": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
    }


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def finish(report: Report, folder: Path = RESULTS) -> None:
    """Print the report, and write it as JSON."""
    for line in _lines(report):
        print(line)
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        **asdict(report),
        "machine": machine(report.packages),
        "targets": [{**asdict(target), "holds": target.holds} for target in report.targets],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    (folder / f"{report.name}.json").write_text(text, "utf-8")


def _lines(report: Report) -> Iterator[str]:
    yield f"\n== {report.title}"
    for table in report.tables:
        yield f"\n{table.title}"
        rows = [list(table.columns), *([shown(cell) for cell in row] for row in table.rows)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            first, *others = (
                f"{cell:{'<' if i == 0 else '>'}{width}}"
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            yield "  ".join([first, *others]).rstrip()
    yield ""
    yield from report.notes
    for target in report.targets:
        sign = "at least" if target.at_least else "at most"
        held = "holds" if target.holds else "DOES NOT HOLD"
        yield f"{held}: {target.what}: {shown(target.value)} (target: {sign} {target.limit:g})"


def shown(cell: Cell) -> str:
    """A table's cell: numbers with three significant digits."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if abs(cell) >= 1000 or cell == int(cell):
        return f"{cell:,.0f}"
    return f"{cell:.3g}"
