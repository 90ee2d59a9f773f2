"""Many threads and processes at once: every figure is the one that a single thread makes."""

from __future__ import annotations

import json
import logging
import multiprocessing
import random
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.models import rows
from mkdocs_tokenheat.models.source import Files
from mkdocs_tokenheat.scoring.engine import score
from mkdocs_tokenheat.scoring.entry import Entry
from mkdocs_tokenheat.scoring.request import Wanted
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.site import Site
from tests import checkpoints
from tests.conftest import FUZZ, Author, block
from tests.pages import convert

THREADS, PROCESSES = 16, 4
ROUNDS = 20 if FUZZ else 2
MODELS = {"toy": "path:toy"}

TEXTS = [f"the cat sat {i} times, tím và đỏ" for i in range(6)]


def blocks() -> list[Block]:
    variants: list[dict[str, object]] = [
        {"metric": "norm", "model": "toy"},
        {"metric": "norm"},
        {"metric": "cosine-previous", "unit": "word"},
        {"metric": "cosine-target", "target": "cat", "model": "toy", "unit": "word"},
        {"metric": "length", "unit": "word"},
    ]
    return [block(text, **variant) for text in TEXTS for variant in variants]


@pytest.fixture
def author(tmp_path: Path) -> Author:
    folder = tmp_path / "toy"
    checkpoints.save(folder, {"wte.weight": checkpoints.table(120)}, checkpoints.wordpiece())
    return Author(tmp_path, models=MODELS)


@pytest.fixture(autouse=True)
def _often() -> Iterator[None]:
    """Threads take turns so often that they meet in the middle of everything."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


def drawn(site: Site, seed: int) -> dict[int, str]:
    """The figures of all blocks, one at a time, in an order of their own."""
    order = list(enumerate(blocks()))
    random.Random(seed).shuffle(order)
    figures = {}
    for number, each in order:
        (figure,) = site.figures([each])
        assert isinstance(figure, str), figure
        figures[number] = figure
    return figures


@pytest.mark.parametrize("shared", [True, False], ids=["one site", "a site each"])
def test_threads_draw_what_one_thread_draws(
    author: Author, shared: bool, caplog: pytest.LogCaptureFixture
) -> None:
    alone = Author(author.folder, models=MODELS, cache_dir="alone")
    right = drawn(alone.site(), 0)
    for turn in range(ROUNDS):
        rows._loaded.clear()
        one = author.site(cache_dir=f"shared{turn}")
        barrier = threading.Barrier(THREADS)

        def work(
            seed: int, one: Site = one, barrier: threading.Barrier = barrier
        ) -> dict[int, str]:
            site = one if shared else Site(one.settings)
            barrier.wait()
            return drawn(site, seed)

        with ThreadPoolExecutor(THREADS) as pool:
            for figures in pool.map(work, range(THREADS)):
                assert figures == right
        if shared:
            assert one.supply.scored == len(blocks()), "a block was scored more than once"
        folder = author.folder / f"shared{turn}"
        assert {p.name: p.read_bytes() for p in folder.glob("*.json")} == {
            p.name: p.read_bytes() for p in (author.folder / "alone").glob("*.json")
        }
        assert list(folder.rglob("*.tmp")) == []
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING] == []


def test_a_page_that_the_cache_has_is_drawn_while_another_is_scored(author: Author) -> None:
    (warm, cold) = blocks()[:2]
    author.site().figures([warm])
    scoring, drawn = threading.Event(), threading.Event()

    def slow(
        misses: Sequence[Wanted], settings: Settings
    ) -> Iterator[tuple[Wanted, Entry | TokenheatError]]:
        scoring.set()
        assert drawn.wait(60), "the other page was kept waiting"
        return score(misses, settings)

    site = Site(author.site().settings, slow)
    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(site.figures, [cold])
        assert scoring.wait(60)
        with ThreadPoolExecutor(1) as other:
            figures = other.submit(site.figures, [warm]).result(60)
        drawn.set()
        assert [type(figure) for figure in (*figures, *later.result())] == [str, str]


def test_what_has_failed_is_not_tried_again_in_the_same_build(author: Author) -> None:
    tried: list[str] = []

    def refuse(
        requests: Sequence[Wanted], settings: Settings
    ) -> Iterator[tuple[Wanted, Entry | TokenheatError]]:
        tried.extend(request.key for request in requests)
        yield from ((request, TokenheatError("no")) for request in requests)

    site = Site(author.site().settings, refuse)
    every = blocks()
    site.warm(every)
    site.warm(every)
    figures = site.figures(every)
    assert [str(each) for each in figures] == ["no"] * len(every)
    assert len(tried) == len(set(tried)) == len(every)
    # Outside a build, as in a program that converts a page now and then, it is tried again.
    site = Site(author.site().settings, refuse)
    site.figures(every)
    site.figures(every)
    assert len(tried) == 3 * len(every)


def test_a_model_is_loaded_once_however_many_threads_ask(author: Author) -> None:
    made: list[int] = []

    class Slow(rows.RowModel):
        def __init__(self, files: Files) -> None:
            made.append(threading.get_ident())
            super().__init__(files)

    toy = author.folder / "toy"
    files = Files(toy / "tokenizer.json", (toy / "model.safetensors",))
    with ThreadPoolExecutor(THREADS) as pool:
        asked = range(4 * THREADS)
        found = list(pool.map(lambda _: rows.load(files, "known", lambda: Slow(files)), asked))
    assert len(made) == 1
    assert len(set(map(id, found))) == 1


def test_pages_are_converted_in_many_threads(tmp_path: Path) -> None:
    # As Zensical does: a Markdown object a page, all with the same settings.
    source = "\n\n".join(f"- a\n\n    ```tokenheat share=s\n    {t}\n    ```" for t in TEXTS)
    options = {"metric": "norm", "unit": "token", "legend": True, "table": True}
    right = convert(source, tmp_path / "alone", **options)
    for turn in range(ROUNDS):
        with ThreadPoolExecutor(THREADS) as pool:
            jobs = [
                pool.submit(convert, source, tmp_path / f"shared{turn}", **options)
                for _ in range(THREADS)
            ]
            assert {job.result() for job in jobs} == {right}


WORKER = """
import json, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tests.conftest import Author
from tests.test_concurrency import MODELS, THREADS, drawn
site = Author(Path(sys.argv[1]), models=MODELS).site()
with ThreadPoolExecutor(THREADS) as pool:
    found = list(pool.map(lambda seed: drawn(site, seed), range(THREADS)))
assert all(each == found[0] for each in found)
print(json.dumps(sorted(found[0].items())))
"""


def test_processes_of_many_threads_share_one_cache(author: Author) -> None:
    alone = Author(author.folder, models=MODELS, cache_dir="alone")
    right = drawn(alone.site(), 0)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(author.folder)],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in processes:
        out, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
        assert "ignoring the cache" not in said
        assert "cannot store" not in said
        assert dict(json.loads(out)) == right
    assert list(author.cache.rglob("*.tmp")) == []


def forked(folder: Path, seed: int, answers: multiprocessing.Queue[dict[int, str]]) -> None:
    answers.put(drawn(Author(folder, models=MODELS).site(), seed))


@pytest.mark.skipif(sys.platform != "linux", reason="Sphinx forks where the system can")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_forks_of_a_process_that_has_scored_score_too(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As Sphinx does with -j, once its first process has warmed the cache.
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    right = drawn(Author(author.folder, models=MODELS, cache_dir="alone").site(), 0)
    context = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[dict[int, str]] = context.Queue()
    children = [
        context.Process(target=forked, args=(author.folder, seed, answers))
        for seed in range(PROCESSES)
    ]
    for child in children:
        child.start()
    assert [answers.get(timeout=60) for _ in children] == [right] * PROCESSES
    for child in children:
        child.join(timeout=60)
        assert child.exitcode == 0
