"""Fills the tables of the page on speed from the benchmarks' results."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks.report import RESULTS, ROOT, shown

TARGET = ROOT / "example_site" / "docs" / "speed.md"
_PART = re.compile(r"(<!-- results: (\w+) -->\n).*?(<!-- end of results -->)", re.DOTALL)


def filled(page: str) -> str:
    """The page with each marked part rewritten, if its benchmark has been run."""
    return _PART.sub(lambda found: f"{found[1]}{_part(found)}{found[3]}", page)


def _part(found: re.Match[str]) -> str:
    path = RESULTS / f"{found[2]}.json"
    if not path.is_file():
        print(f"{found[2]}: no results, its part is left as it is", file=sys.stderr)
        return found[0].removeprefix(found[1]).removesuffix(found[3])
    return "\n".join(_lines(json.loads(path.read_text("utf-8")))) + "\n"


def _lines(result: dict[str, Any]) -> Iterator[str]:
    yield ""
    for table in result["tables"]:
        yield f"**{table['title']}**"
        yield ""
        yield from _table(table["columns"], ([shown(c) for c in row] for row in table["rows"]))
        yield ""
    for note in result["notes"]:
        yield note
        yield ""
    if result["targets"]:
        rows = (
            [
                target["what"],
                shown(target["value"]),
                f"{'at least' if target['at_least'] else 'at most'} {target['limit']:g}",
                "yes" if target["holds"] else "**no**",
            ]
            for target in result["targets"]
        )
        yield from _table(("Target", "Measured", "Wanted", "Holds"), rows)
        yield ""
    machine = ", ".join(_said(name, value) for name, value in result["machine"].items())
    yield f"Machine: {machine}."
    yield ""


def _said(name: str, value: str) -> str:
    own = {"processor": value, "system": value, "memory": value, "measured": f"measured {value}"}
    return own.get(name, f"{name} {value}")


def _table(columns: Iterable[str], rows: Iterable[list[str]]) -> Iterator[str]:
    columns = list(columns)
    yield _row(columns)
    yield _row(["---", *["--:"] * (len(columns) - 1)])
    yield from map(_row, rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def main() -> None:
    """Write the page."""
    page = TARGET.read_text("utf-8")
    TARGET.write_text(filled(page), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
