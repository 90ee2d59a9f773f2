"""Writes example_site/docs/reference.md from the code's own tables; `--check` only compares."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

from vision import CLOSE, close_for

from mkdocs_tokenheat.block.options import Options
from mkdocs_tokenheat.hosts.cli import parser
from mkdocs_tokenheat.hosts.settings import DEFAULTS, MEANINGS
from mkdocs_tokenheat.scoring.metrics import METRICS
from mkdocs_tokenheat.views.colormaps import colormap, names
from mkdocs_tokenheat.views.labels import labels_of
from mkdocs_tokenheat.views.registry import VIEWS

TARGET = Path(__file__).parents[1] / "example_site" / "docs" / "reference.md"

_TYPES = {
    "str": "a string",
    "float": "a number",
    "str | tuple[str, ...]": "a string, or a list of strings",
    "bool": "`true` or `false`",
    "tuple[str, ...]": "a list of strings",
    "Numbers | str": "a list of numbers, or a file",
}
_SWATCH = (
    '<span style="display:inline-block;width:14em;max-width:100%;height:1em;'
    'border:1px solid #767676;background:linear-gradient(90deg,{stops})"></span>'
)


def reference() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield (
        "This page is written by `scripts/reference.py` from the tables that the program itself "
        "checks a block against. [For authors](guide-authors.md) says how the options are used, "
        "[For site owners](guide-owners.md) the same of the settings."
    )
    yield from _section("Options of a block", ("Option", "Takes", "Default", "Meaning"), _options())
    yield from _section("Views", ("View", "What is drawn", "Its own options"), _views())
    yield (
        "\nOptions that are not named here go with every view, as far as a metric does not rule "
        "them out."
    )
    yield from _section("Settings of a site", ("Setting", "Default", "Meaning"), _settings())
    yield (
        "\nEvery option of a block is a setting too: what a site sets there is the default of "
        "all its blocks."
    )
    yield from _section("Labels", ("Label", "In English", "In Vietnamese"), _labels())
    yield from _command_line()
    yield from _section(
        "Metrics", ("Metric", "What is shown", "How it is computed", "Needs"), _metrics()
    )
    yield "\n## Colour maps"
    yield ""
    yield (
        "The low end is on the left. Each map can be had turned around, with `_r` behind its "
        "name: `RdBu_r`."
    )
    yield ""
    yield (
        "The last column names the kinds of colour blindness to which the map's ends come close, "
        "and with diverging maps those halfway to either end as well: with red and green maps, "
        "low and high then look alike. The number is their distance in CIELAB, as "
        f"[Machado and others (2009)](https://doi.org/10.1109/TVCG.2009.113) simulate it; below "
        f"{CLOSE:g} it is named. (The ends of cyclic maps are meant to be one colour.) Where the "
        "colours must not decide alone, `encode: colour+underline` says the same with a line."
    )
    for category in dict.fromkeys(colormap(name).category for name in names()):
        columns = ("Name", "Colours", "Ends come close with")
        yield from _section(category.capitalize(), columns, _maps(category), level=3)


def _section(
    title: str, columns: Iterable[str], rows: Iterable[Iterable[str]], level: int = 2
) -> Iterator[str]:
    columns = list(columns)
    yield f"\n{'#' * level} {title}\n"
    yield _row(columns)
    yield _row(["---"] * len(columns))
    yield from map(_row, rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _options() -> Iterator[list[str]]:
    for field in dataclasses.fields(Options):
        takes = _takes(field) + ("none" in field.metadata) * " or `none`"
        yield [f"`{field.name}`", takes, _shown(field.default), field.metadata["meaning"]]


def _takes(field: dataclasses.Field[object]) -> str:
    registries = {"view": tuple(VIEWS), "metric": tuple(METRICS)}
    read, kind = field.metadata["read"], str(field.type).removesuffix(" | None")
    choices = registries.get(field.name) or getattr(read, "choices", ())
    if choices:
        return ", ".join(f"`{choice}`" for choice in choices)
    return getattr(read, "takes", None) or _TYPES[kind]


def _views() -> Iterator[list[str]]:
    for name in VIEWS:
        module = import_module(f"mkdocs_tokenheat.views.{name}")
        drawn = (inspect.getdoc(module) or "").partition("\n")[0].partition(": ")[2]
        own = [f"`{option}`" for option in VIEWS[name]]
        yield [f"`{name}`", f"{drawn[0].upper()}{drawn[1:]}", ", ".join(own) or "none"]


def _settings() -> Iterator[list[str]]:
    for name, default in DEFAULTS.items():
        yield [f"`{name}`", _shown(default), MEANINGS[name]]


def _shown(default: object) -> str:
    if default is None or default == {}:
        return "none"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _labels() -> Iterator[list[str]]:
    english, vietnamese = labels_of("en"), labels_of("vi")
    for name, text in english.items():
        if name != "lang":
            yield [f"`{name}`", text, vietnamese[name]]


def _command_line() -> Iterator[str]:
    yield "\n## Command line"
    yield ""
    yield (
        "`tokenheat` exits with 0, with 1 where the input or the site is at fault (one line on "
        "standard error says what), with 2 for wrong usage, and with 130 when it is stopped."
    )
    for name, command in _commands(parser(), "tokenheat"):
        yield f"\n### `{name}`\n"
        yield command.description or ""
        yield ""
        yield _row(["Argument", "Meaning"])
        yield _row(["---"] * 2)
        for action in command._actions:
            if not isinstance(action, argparse._HelpAction):
                yield _row([_written(action), (action.help or "").replace("%%", "%")])
        if name == "tokenheat score":
            yield ""
            yield _JSON


_JSON = (
    "With `--json` it prints one object: `model`, `metric`, `unit`, `min` and `max`, and `tokens`, "
    "each with its `text`, its `start` and `end` (code points of the text, the end excluded), its "
    "`id` (for a word the `ids` of its tokens) and its `score`, `null` where there is none. "
    "`topk` adds `expected`. Two are left out of `min` and `max`, as they are of the colours: a "
    "first position that a layer's scale leaves out, marked `aside`, and a token that shows none "
    "of the text, whose `start` is its `end`."
)


def _commands(
    parser: argparse.ArgumentParser, name: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    further = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not further:
        yield name, parser
    for action in further:
        for word, command in action.choices.items():
            yield from _commands(command, f"{name} {word}")


def _written(action: argparse.Action) -> str:
    names = [f"`{name}`" for name in action.option_strings] or [f"`{action.metavar}`"]
    value = f" `{action.metavar}`" if action.option_strings and action.nargs != 0 else ""
    return ", ".join(names) + value


_NEEDS = {
    "text": ["a model's tokenizer, own `tokens` or `unit: word`"],
    "vectors": ["a model's embeddings or, with `layer`, a language model"],
    "predictions": ["a language model"],
}


def _metrics() -> Iterator[list[str]]:
    for metric in METRICS.values():
        label = metric.labels["en"].format(unit="token", vector="embedding", target="target")
        computed = " ".join((inspect.getdoc(metric.compute) or "Taken as it is.").split())
        needs = [f"`{parameter}`" for parameter in metric.parameters]
        needs += _NEEDS[metric.needs]
        needs += [] if metric.of_words else ["`unit: token`"]
        yield [f"`{metric.name}`", label, computed, ", ".join(needs) or "nothing"]


def _maps(category: str) -> Iterator[list[str]]:
    for name in names():
        colours = colormap(name)
        if colours.category == category:
            close = ", ".join(f"{kind} ({far:.0f})" for kind, far in close_for(colours).items())
            yield [f"`{name}`", _SWATCH.format(stops=colours.gradient(0, 1)), close or "none"]


def main() -> int:
    """Write the page, or with `--check` return 1 where it is not up to date."""
    page = reference()
    if "--check" in sys.argv[1:]:
        if TARGET.is_file() and TARGET.read_text(encoding="utf-8") == page:
            return 0
        print(f"{TARGET.name} is out of date: run {Path(__file__).name}", file=sys.stderr)
        return 1
    TARGET.write_text(page, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
