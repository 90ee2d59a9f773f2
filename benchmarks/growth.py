"""How time and memory grow with the number of blocks, and with the length of a block."""

from __future__ import annotations

import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.child import peak
from benchmarks.report import Cell, Report, Run, Table, Target, finish, fresh, interleaved, median
from benchmarks.texts import texts

if TYPE_CHECKING:
    from mkdocs_tokenheat.block.parse import Block
    from mkdocs_tokenheat.site import Site

COUNTS = (10, 100, 1000, 2000, 5000, 10_000)
LENGTHS = (1, 10, 100, 200, 500, 1000, 2000, 5000)
ON_A_PAGE = (10, 100, 1000, 2000, 5000, 10_000)
WORDS = 140
A_PAGE = 10
"""Blocks that are rendered at once."""

EXPONENT = 1.05
FIXED = 10
"""A size counts in the fit if it takes this many times as long as the smallest one."""
DRAWINGS = 3
"""How often each block is drawn: the fastest drawing counts, as noise only adds to it."""
OWN = 2.0
"""How many times its text's size in memory a further block may cost."""

SCORED, DRAWN = "scored", "drawn from the cache"
PAGES = {"heatmaps": True, "plain fences, for comparison": False}


def run(
    counts: Sequence[int] = COUNTS,
    lengths: Sequence[int] = LENGTHS,
    on_a_page: Sequence[int] = ON_A_PAGE,
    rounds: int = 5,
) -> Report:
    """Measure the three kinds of growth."""
    report = Report("growth", "Growth", ("markdown", "numpy", "tokenizers"))
    with tempfile.TemporaryDirectory() as folder:
        _measure_counts(report, Path(folder), counts, rounds)
    with tempfile.TemporaryDirectory() as folder:
        _measure_lengths(report, Path(folder), lengths, rounds)
    _measure_pages(report, on_a_page, rounds)
    report.notes.append(
        "Exponents are least-squares slopes of log(seconds) over log(size), both less those of the "
        "smallest size, so that what does not grow is no part of them, over the sizes that take at "
        f"least {FIXED} times as long as it (or the last three). Each is the median of the rounds' "
        "exponents: a round goes through all sizes, while the machine is about as fast. One block is "
        f"drawn {DRAWINGS} times, and the fastest counts. A text's own memory is what Python takes "
        "for it: two bytes for each character of most texts."
    )
    return report


def _measure_counts(report: Report, folder: Path, counts: Sequence[int], rounds: int) -> None:
    ways: dict[str, Callable[[], Run]] = {}
    for count in counts:
        place = folder / str(count)
        place.mkdir()
        ways[f"{count} {SCORED}"] = partial(_scored_anew, place, count)
        ways[f"{count} {DRAWN}"] = partial(
            fresh, "growth", "drawn", folder=str(place), count=count, words=WORDS
        )
    runs = interleaved(report, "blocks", ways, rounds)
    for what in (SCORED, DRAWN):
        mine = {count: runs[f"{count} {what}"] for count in counts}
        title = f"Blocks of {WORDS} English words, {what}, {A_PAGE} a page"
        _report_times(report, title, f"number of blocks, {what}", "blocks", mine)
        _report_memory(report, what, mine)


def _scored_anew(place: Path, count: int) -> Run:
    for entry in place.glob("cache/*.json"):
        entry.unlink()
    return fresh("growth", "scored", folder=str(place), count=count, words=WORDS)


def _measure_lengths(report: Report, folder: Path, lengths: Sequence[int], rounds: int) -> None:
    fresh("growth", "write_lengths", folder=str(folder), lengths=lengths)
    runs = interleaved(
        report,
        "tokens of a block",
        {
            f"{length} tokens": partial(
                fresh, "growth", "of_length", file=f"{folder}/{length}.json"
            )
            for length in lengths
        },
        rounds,
    )
    for what in (SCORED, DRAWN):
        mine = {
            length: [{**each, "seconds": each[what]} for each in runs[f"{length} tokens"]]
            for length in lengths
        }
        title = f"One block of so many tokens, {what}"
        _report_times(report, title, f"tokens of a block, {what}", "tokens", mine)


def _measure_pages(report: Report, counts: Sequence[int], rounds: int) -> None:
    runs = interleaved(
        report,
        "blocks on one page",
        {
            f"{count} {what}": partial(fresh, "growth", "page", count=count, ours=is_ours)
            for count in counts
            for what, is_ours in PAGES.items()
        },
        rounds,
    )
    for what, is_ours in PAGES.items():
        mine = {count: runs[f"{count} {what}"] for count in counts}
        title = f"One page with so many blocks of 10 words, as {what}, converted by Python-Markdown"
        target = "blocks on one page" if is_ours else ""
        _report_times(report, title, target, "blocks", mine)


def _report_times(
    report: Report, title: str, target: str, unit: str, runs: Mapping[int, Sequence[Run]]
) -> None:
    seconds = {size: median(each, "seconds") for size, each in runs.items()}
    memory = {size: median(each, "megabytes") for size, each in runs.items()}
    rows: list[list[Cell]] = [
        [f"{size:,}", seconds[size], 1e6 * seconds[size] / size, memory[size]] for size in runs
    ]
    times = zip(*([run["seconds"] for run in each] for each in runs.values()), strict=True)
    found = [fitted(dict(zip(runs, each, strict=True))) for each in times]
    exponent = statistics.median(found)
    rows.append(["exponent", round(exponent, 3), f"median of {len(found)} rounds", None])
    columns = (unit, "seconds", f"µs for each of the {unit}", "peak MB")
    report.tables.append(Table(title, columns, rows))
    if target:
        report.targets.append(Target(f"exponent of time: {target}", exponent, EXPONENT))


def _report_memory(report: Report, what: str, runs: Mapping[int, Sequence[Run]]) -> None:
    # Below that, a batch is not full yet.
    sizes = [size for size in runs if size >= 1000] or list(runs)
    first, last = sizes[0], sizes[-1]
    memory = {size: median(runs[size], "megabytes") for size in (first, last)}
    each = (memory[last] - memory[first]) * 2**20 / max(last - first, 1)
    text = median(runs[last], "text")
    title = f"Memory, {what}, from {first:,} to {last:,} blocks"
    rows: list[list[Cell]] = [["peak memory", each], ["the text itself", text]]
    report.tables.append(Table(title, ("what", "bytes for each further block"), rows))
    target = f"memory of a further block over that of its text in Python, {what}"
    report.targets.append(Target(target, each / text, OWN))


def fitted(seconds: Mapping[int, float]) -> float:
    """The exponent of growth of the time beyond that of the smallest size."""
    smallest = min(seconds)
    least = seconds[smallest]
    large = {size: time for size, time in seconds.items() if time >= FIXED * least}
    if len(large) < 3:
        large = dict(sorted(seconds.items())[-3:])
    large = {size - smallest: time - least for size, time in large.items() if time > least}
    if len(large) < 2:  # Nothing grows.
        return 0.0
    xs, ys = [math.log(size) for size in large], [math.log(time) for time in large.values()]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    return slope / sum((a - x) ** 2 for a in xs)


def _blocks(count: int, words: int) -> Iterator[Block]:
    from mkdocs_tokenheat.block.options import Options
    from mkdocs_tokenheat.block.parse import make_block

    defaults = Options()
    return (make_block({}, text, defaults) for text in texts("en", count, words))


def _site(folder: str) -> Site:
    from mkdocs_tokenheat.hosts.settings import read_settings
    from mkdocs_tokenheat.site import Site

    # Texts are longer before they are cut to 5,000 tokens.
    return Site(read_settings({"cache_dir": "cache", "max_tokens": 20_000}, Path(folder)))


def scored(folder: str, count: int, words: int) -> Run:
    """Score this many blocks, which only the site keeps."""
    start = time.perf_counter()
    size = sum(sys.getsizeof(block.text) for block in _blocks(count, words))
    making = time.perf_counter() - start
    start = time.perf_counter()
    site = _site(folder)
    site.warm(_blocks(count, words))
    seconds = time.perf_counter() - start - making
    assert site.supply.scored == count
    return {"seconds": seconds, "text": size / count}


def drawn(folder: str, count: int, words: int) -> Run:
    """Draw this many blocks with cached scores, page by page."""
    site = _site(folder)
    blocks = _blocks(count, words)
    seconds, size = 0.0, 0
    while page := [block for _, block in zip(range(A_PAGE), blocks, strict=False)]:
        size += sum(sys.getsizeof(block.text) for block in page)
        seconds += _draw(site, page)
    assert site.supply.scored == 0
    return {"seconds": seconds, "text": size / count}


def _draw(site: Site, page: Sequence[Block]) -> float:
    start = time.perf_counter()
    figures = site.figures(page)
    seconds = time.perf_counter() - start
    assert all(isinstance(figure, str) for figure in figures)
    return seconds


def write_lengths(folder: str, lengths: Sequence[int]) -> Run:
    """Write texts of exactly these numbers of tokens, one file per length."""
    from mkdocs_tokenheat.errors import TokenheatError

    site = _site(folder)
    for length in lengths:
        kept = []
        for block in list(_blocks(_repeats(length), length)):
            (result,) = site.score([block])
            assert not isinstance(result, TokenheatError)
            kept.append(block.text[: result.scores.spans[length - 1][1]])
        # Some have the same first token.
        kept = list(dict.fromkeys(kept))
        Path(folder, f"{length}.json").write_text(json.dumps(kept), "utf-8")
    return {}


def _repeats(length: int) -> int:
    return max(20, min(200, 10_000 // length))


def of_length(file: str) -> Run:
    """Seconds to score and to draw a text of this length, with the model loaded."""
    from mkdocs_tokenheat.block.options import Options
    from mkdocs_tokenheat.block.parse import make_block

    blocks = [make_block({}, text, Options()) for text in json.loads(Path(file).read_text("utf-8"))]
    with tempfile.TemporaryDirectory() as folder:
        site = _site(folder)
        site.figures([make_block({}, "A first text.", Options())])
        start = time.perf_counter()
        site.warm(blocks)
        seconds = time.perf_counter() - start
        assert site.supply.scored == len(blocks) + 1
        drawing = sum(min(_draw(site, [block]) for _ in range(DRAWINGS)) for block in blocks)
        times = {SCORED: seconds, DRAWN: drawing}
    return {name: seconds / len(blocks) for name, seconds in times.items()}


def page(count: int, ours: bool) -> Run:
    """Seconds to convert a page with this many short blocks for the second time."""
    import markdown

    mark, extension = ("```tokenheat", "tokenheat") if ours else ("```", "fenced_code")
    source = "\n".join(f"{mark}\n{text}\n```\n" for text in texts("en", count, 10))
    with tempfile.TemporaryDirectory() as folder:
        settings = {"tokenheat": {"cache_dir": f"{folder}/cache"}} if ours else {}
        for _ in range(2):  # The first round scores, and imports what is needed.
            start = time.perf_counter()
            html = markdown.markdown(source, extensions=[extension], extension_configs=settings)
            seconds = time.perf_counter() - start
            assert html.count("</pre>") == count
    return {"seconds": seconds, "megabytes": peak()}


if __name__ == "__main__":
    finish(run())
