"""Size and speed of one heatmap, beside other packages that draw text with a value per token."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.others import PAGE, gzipped, milliseconds
from benchmarks.report import ROOT, Cell, Report, Run, Table, Target, finish, fresh

PYTHON = ROOT / ".venv-others" / "bin" / "python"
GUIDES = ("guide-authors.md", "guide-owners.md")
SIZES = (200, 2000)
RAW, GZIPPED = 70, 12


@dataclass(frozen=True)
class Other:
    """A package, or a way of using it.

    Attributes:
        shown: How it shows a token's value; empty if it does not.
        script: What it needs JavaScript for; empty if it does not.
        contained: Whether the page needs no network.
    """

    name: str
    shown: str
    script: str
    contained: bool = True


OTHERS = {
    "captum": Other("Captum", "", ""),
    "circuitsvis": Other("CircuitsVis", "pointing", "everything"),
    "circuitsvis_online": Other("CircuitsVis, script online", "pointing", "everything", False),
    "eli5": Other("eli5", "pointing", ""),
    "shap": Other("SHAP", "click", "values"),
    "textualheatmap": Other("textualheatmap", "", "everything"),
    "treescope": Other("treescope", "pointing", "everything"),
    "treescope_static": Other("treescope, not compressed", "pointing", "everything"),
}
OURS, OURS_TABLE = "this project, table: false", "this project"


def run(sizes: Sequence[int] = SIZES, others: bool = True) -> Report:
    """Render an English text of so many tokens with all packages."""
    report = Report("rendering", "Rendering one heatmap")
    with tempfile.TemporaryDirectory() as folder:
        for size in sizes:
            _measure(report, Path(folder), size, others=others)
    report.notes.append(
        "The text is that of the guides. Every package gets the same tokens and the same numbers of four digits, and what it gives "
        "is put into the same empty page. Targets are those of pages that need no network and show "
        "each token's value; this project's time includes reading its cache."
    )
    return report


def _measure(report: Report, folder: Path, size: int, *, others: bool) -> None:
    found = fresh("rendering", "ours", folder=str(folder), size=size)
    runs: dict[str, Run] = {OURS: found["bare"], OURS_TABLE: found["whole"]}
    rows: list[Sequence[Cell]] = [
        _row(name, runs[name], size, Other(name, shown, ""))
        for name, shown in ((OURS, "pointing"), (OURS_TABLE, "pointing, table"))
    ]
    for way, other in OTHERS.items() if others else ():
        run = _other(way, folder / f"{size}.json")
        if isinstance(run, str):
            rows.append([other.name, None, None, None, None, f"could not be run: {run}", None])
        else:
            runs[way] = run
            rows.append(_row(f"{other.name} ({run['version']})", run, size, other))
    measured = ("package", "bytes a token", "gzipped", "milliseconds")
    columns = (*measured, "shows the value", "needs JavaScript for", "self-contained")
    report.tables.append(Table(f"{size:,} tokens", columns, rows))
    _judge(report, runs, size)


def _row(name: str, run: Run, size: int, other: Other) -> list[Cell]:
    numbers = (run["bytes"] / size, run["gzipped"] / size, run["milliseconds"])
    yes = "yes" if other.contained else "no"
    return [name, *numbers, other.shown or "no", other.script or "nothing", yes]


def _judge(report: Report, runs: dict[str, Run], size: int) -> None:
    mine = runs[OURS]
    showing = {
        way: other
        for way, other in OTHERS.items()
        if way in runs and other.shown and other.contained
    }

    title = f"{size:,} tokens, `table: false`"
    for unit, limit in (("bytes", RAW), ("gzipped", GZIPPED)):
        what = f"{'gzipped ' * (unit == 'gzipped')}bytes a token"
        report.targets.append(Target(f"{title}: {what}", mine[unit] / size, limit))
    static = {way: other for way, other in showing.items() if not other.script}
    for what, unit, others in (
        ("bytes over the smallest other's", "bytes", showing),
        ("bytes over the smallest other's without JavaScript", "bytes", static),
        ("time over the fastest other's without JavaScript", "milliseconds", static),
    ):
        if others:
            least = min(others, key=lambda way: runs[way][unit])
            value = mine[unit] / runs[least][unit]
            report.targets.append(Target(f"{title}: {what} ({others[least].name})", value, 1))
    # Name whatever is smaller.
    for way, other in showing.items():
        smaller = [
            f"{runs[way][what] / mine[what]:.2f} times as many {unit}"
            for what, unit in (("bytes", "bytes"), ("gzipped", "gzipped bytes"))
            if runs[way][what] < mine[what]
        ]
        if smaller:
            script = f" and needs JavaScript for {other.script}" if other.script else ""
            report.notes.append(
                f"{size:,} tokens: {other.name} has {' and '.join(smaller)}{script}."
            )


def _other(way: str, file: Path) -> Run | str:
    """What the other package needs, or why it could not be run."""
    if not PYTHON.exists():
        return "`make bench` installs it"
    done = subprocess.run(
        [str(PYTHON), str(ROOT / "benchmarks" / "others.py"), way, str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return (done.stderr.strip() or "no reason given").splitlines()[-1]
    found: Run = json.loads(done.stdout.splitlines()[-1])
    print(f"  {way}", file=sys.stderr, flush=True)
    return found


def prose() -> str:
    """English that somebody wrote: text drawn from few words compresses too well."""
    pages = (ROOT / "example_site" / "docs" / name for name in GUIDES)
    source = "\n".join(page.read_text("utf-8") for page in pages)
    source = re.sub(r"^```.*?^```$", "", source, flags=re.MULTILINE | re.DOTALL)
    lines = (line.strip().removeprefix("- ") for line in source.splitlines())
    text = " ".join(line for line in lines if line[:1].isalpha())
    return re.sub(r"[`*_]|\]\([^)]*\)|\[|[^ -~]", "", text)


def ours(folder: str, size: int) -> Run:
    """This project's own page, with and without the table, from the cache on disk.

    The text's tokens and values are left in a file for the others.
    """
    from mkdocs_tokenheat.block.options import Options
    from mkdocs_tokenheat.block.parse import make_block
    from mkdocs_tokenheat.errors import TokenheatError
    from mkdocs_tokenheat.hosts.settings import read_settings
    from mkdocs_tokenheat.site import Site

    site = Site(read_settings({"cache_dir": "cache"}, Path(folder)))
    text = prose()[: 20 * size]
    (scored,) = site.score([make_block({}, text, Options())])
    assert not isinstance(scored, TokenheatError)
    spans, scores = scored.scores.spans[:size], scored.scores.scores[:size]
    text = text[: spans[-1][1]]
    starts = [0, *(end for _, end in spans)]
    tokens = [text[start:end] for start, (_, end) in zip(starts, spans, strict=False)]
    values = [float(f"{score or 0:.4g}") for score in scores]
    given = {"tokens": tokens, "values": values}
    Path(folder, f"{size}.json").write_text(json.dumps(given), "utf-8")

    def measured(**options: str) -> Run:
        block = make_block(options, text, Options())

        def render() -> str:
            (html,) = site.figures([block])
            assert isinstance(html, str)
            return html

        html = PAGE.format(render())
        assert html.count(' title="') == size
        took = milliseconds(render)
        return {"bytes": len(html.encode()), "gzipped": gzipped(html), "milliseconds": took}

    return {"bare": measured(table="false"), "whole": measured()}


if __name__ == "__main__":
    finish(run())
