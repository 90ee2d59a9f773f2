"""Scores from a Dask cluster on this machine: real schedulers and workers, stopped and killed."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from mkdocs_tokenheat import __version__
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts.settings import read_settings
from mkdocs_tokenheat.scoring import cluster
from mkdocs_tokenheat.scoring.cluster import Cluster
from mkdocs_tokenheat.scoring.metrics import METRICS
from mkdocs_tokenheat.scoring.request import Request, make_request
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.scoring.worker import score_batch
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.site import Site
from tests import checkpoints
from tests.browser import served
from tests.conftest import Project, block, is_progress
from tests.test_cache_life import tokenheat
from tests.test_shards import content, make_site

WARM = (sys.executable, "-m", "mkdocs_tokenheat", "warm")
DASK = (sys.executable, "-m", "distributed.cli.dask_scheduler")
WORKER = (sys.executable, "-m", "distributed.cli.dask_worker")

POISON = """
import os
from mkdocs_tokenheat.scoring import engine
engine.real = getattr(engine, "real", engine.score)
def score(requests, settings):
    if any("poison" in request.text for request in requests):
        os._exit(1)
    yield from engine.real(requests, settings)
engine.score = score
"""


SLOW = """
import time
from mkdocs_tokenheat.scoring import engine
engine.real = getattr(engine, "real", engine.score)
def score(requests, settings):
    if any("slow" in request.text for request in requests):
        time.sleep(60)
    yield from engine.real(requests, settings)
engine.score = score
"""


UNFIT = """
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring import engine
def score(requests, settings):
    return ((request, TokenheatError("not here", option="model")) for request in requests)
engine.score = score
"""


class Dask:
    """A scheduler and its workers, each a process without a nanny: what is killed stays down."""

    def __init__(self, folder: Path, workers: int, *options: str, **environment: str) -> None:
        folder.mkdir()
        self._folder = folder
        self._environment = {**os.environ, **environment}
        self._file = folder / "scheduler.json"
        listen = ("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0")
        self.processes = [self._start(*DASK, *listen, "--scheduler-file", str(self._file))]
        self.scheduler = self.processes[0]
        wait_until(lambda: self._file.is_file() and self._file.stat().st_size > 0)
        self.address: str = json.loads(self._file.read_text("utf-8"))["address"]
        self.workers = [self.add_worker(*options) for _ in range(workers)]
        for number in range(workers):
            log = folder / f"{number + 1}.log"
            wait_until(lambda log=log: "Registered to" in log.read_text("utf-8"))  # type: ignore[misc]

    def add_worker(self, *options: str) -> subprocess.Popen[bytes]:
        given = ("--scheduler-file", str(self._file), "--local-directory", str(self._folder))
        where = ("--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard")
        worker = self._start(*WORKER, *given, *where, *options)
        self.processes.append(worker)
        return worker

    def _start(self, *command: str) -> subprocess.Popen[bytes]:
        number = len(list(self._folder.glob("*.log")))
        with (self._folder / f"{number}.log").open("wb") as log:
            return subprocess.Popen(
                command, env=self._environment, stdout=log, stderr=log, cwd=self._folder
            )

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def wait_until(is_so: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it has taken too long"
        time.sleep(0.05)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Dask]]:
    started: list[Dask] = []

    def begin(workers: int, *options: str, **environment: str) -> Dask:
        started.append(Dask(tmp_path / f"dask{len(started)}", workers, *options, **environment))
        return started[-1]

    yield begin
    for each in started:
        each.end()


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    """Two workers that several tests use, and that none of them hurts."""
    both = Dask(tmp_path_factory.mktemp("cluster") / "dask", 2)
    yield both
    both.end()


def warm(site: Project, address: str) -> subprocess.CompletedProcess[str]:
    done = site.run(*WARM, "--scheduler", address)
    assert "Traceback" not in done.stderr
    return done


def heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def begun(site: Project, address: str, **environment: str) -> subprocess.Popen[str]:
    # What a shell starts in the background ignores Ctrl+C, and so do its children.
    return subprocess.Popen(
        (*WARM, "--scheduler", address),
        preexec_fn=heed_interrupts,  # noqa: PLW1509 (no threads here)
        cwd=site.folder,
        env=site.environment(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def alone(site: Project, folder: Path) -> dict[str, bytes]:
    """The cache that a warm on this machine alone makes of the same site."""
    twin = site.copied(folder / "alone")
    done = tokenheat(twin, "warm")
    assert done.returncode == 0, done.stderr
    return content(twin.cache)


def many_batches(site: Project) -> int:
    """A site of ten batches, as it has ten models; returns how many entries it needs."""
    names = [f"toy{number}" for number in range(10)]
    listed = ", ".join(f"{name}: 'path:{name}'" for name in names)
    site.configure(plugins=f"[tokenheat: {{models: {{{listed}}}}}]")
    for number, name in enumerate(names):
        table = (number + 1) * checkpoints.table(120)
        checkpoints.save(site.folder / name, {"wte.weight": table}, checkpoints.wordpiece())
        blocks = (
            f"```tokenheat model={name} metric={metric}\nthe cat sat\n```\n"
            for metric in ("norm", "cosine-previous")
        )
        site.page("\n".join(blocks), f"{name}.md")
    site.page("# Home\n")
    return 2 * len(names)


def settle(site: Project) -> int:
    """Wait until no entry has come for a while; returns how many there are."""
    wait_until(lambda: bool(site.entries()))
    last, since = 0, time.monotonic()
    while time.monotonic() - since < 1.0:
        time.sleep(0.05)
        now = len(site.entries())
        if now != last:
            last, since = now, time.monotonic()
    return last


def lines(said: str) -> list[str]:
    """A warm's output without its first line, which names the cluster, and its progress."""
    return [line for line in said.splitlines()[1:] if not is_progress(line)]


def test_what_a_killed_worker_had_in_hands_is_scored_elsewhere(
    project: Project, start: Callable[..., Dask], tmp_path: Path
) -> None:
    count = many_batches(project)
    two = start(2)
    # It takes batches and never returns them, so that it is certainly killed in the middle.
    two.workers[0].send_signal(signal.SIGSTOP)
    running = begun(project, two.address)
    before = settle(project)
    assert 0 < before < count
    assert running.poll() is None
    two.workers[0].kill()
    out, said = running.communicate(timeout=60)
    assert (running.returncode, out) == (
        0,
        f"all blocks are in the cache, {count} entries newly scored\n",
    ), said
    shown = said.splitlines()[0].removeprefix(f"tokenheat: scheduler {two.address}, workers: 2, ")
    assert re.fullmatch(r"dashboard http://127\.0\.0\.1:\d+/status", shown)
    assert lines(said) == []
    assert content(project.cache) == alone(project, tmp_path)
    assert list(project.cache.rglob("*.tmp")) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_what_is_scored_is_kept_however_it_ends(
    project: Project, start: Callable[..., Dask], how: signal.Signals
) -> None:
    preload = project.folder / "slow.py"
    preload.write_text(SLOW, "utf-8")
    one = start(1, "--preload", str(preload))
    project.page("```tokenheat metric=length unit=word\nquick\n```\n\n```tokenheat\nslow\n```\n")
    running = begun(project, one.address)
    wait_until(lambda: len(project.entries()) == 1)
    running.send_signal(how)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert lines(said) == ["tokenheat: stopped; what has been scored so far is kept"]
    # The next one goes on, until the scheduler dies.
    project.page("```tokenheat metric=length unit=word\nas quick\n```\n", "more.md")
    running = begun(project, one.address, DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT="2s")
    assert running.stderr
    first = running.stderr.readline()
    time.sleep(1)
    one.scheduler.kill()
    _, said = running.communicate(timeout=60)
    assert running.returncode == 1
    gone = f"tokenheat: the scheduler {one.address} is gone; what has been scored so far is kept"
    assert lines(first + said) == [gone]
    assert project.entries()
    assert list(project.cache.rglob("*.tmp")) == []


def test_a_block_that_kills_workers_is_an_error_of_its_batch_alone(
    project: Project, start: Callable[..., Dask]
) -> None:
    preload = project.folder / "poison.py"
    preload.write_text(POISON, "utf-8")
    two = start(2, "--preload", str(preload), DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0")
    project.page("```tokenheat metric=length unit=word\npoison\n```\n")
    project.page("```tokenheat\nthe cat\n```\n", "other.md")
    done = warm(project, two.address)
    assert done.returncode == 1
    (line,) = lines(done.stderr)
    assert line.startswith("docs/index.md:1: tokenheat: 1 workers died scoring the batch")
    assert len(project.entries()) == 1
    # Where none is left, that is said instead of waiting for ever.
    with Cluster(two.address, patience=1.0) as left:
        wait_until(lambda: left.workers == 1)
        settings = read_settings({"cache_dir": None}, project.folder)
        site = Site(settings, left.score)
        two.workers[0].kill()
        two.workers[1].kill()
        wait_until(lambda: left.workers == 0)
        with pytest.raises(TokenheatError, match="has had no worker for 1 seconds"):
            site.score([block("the cat")])
    with pytest.raises(TokenheatError, match=f"'dask worker {two.address} --nthreads 1'"):
        Cluster(two.address, patience=0.5)


def test_a_cluster_scores_all_that_a_machine_does(
    project: Project, dask: Dask, tmp_path: Path
) -> None:
    # Two models, statistics, and blocks that only appear while a page renders.
    site = make_site(project)
    (site.folder / "docs" / "data.json").write_text("[1, 2]", "utf-8")
    site.page("```tokenheat metric=values unit=word values=data.json\na cat\n```\n", "own.md")
    done = warm(site, dask.address)
    assert done.returncode == 0, done.stderr
    count = len(site.entries())
    assert done.stdout == f"all blocks are in the cache, {count} entries newly scored\n"
    assert content(site.cache) == alone(site, tmp_path)


def test_a_cluster_scores_a_part(project: Project, dask: Dask, tmp_path: Path) -> None:
    site = make_site(project)
    for number in (1, 2):
        done = site.run(*WARM, "--scheduler", dask.address, "--shard", f"{number}/2")
        assert done.stdout.startswith(f"shard {number}/2: "), done.stderr
    assert content(site.cache) == alone(site, tmp_path)


def test_errors_come_back_to_their_lines(project: Project, dask: Dask) -> None:
    project.configure(plugins="[tokenheat: {max_tokens: 3, models: {toy: 'path:toy'}}]")
    folder = project.folder / "toy"
    checkpoints.save(folder, {"wte.weight": checkpoints.table(120)}, checkpoints.wordpiece())
    project.page(
        "```tokenheat unit=word\nthe cat sat on the mat\n```\n\n"
        "```tokenheat\n---\nmetric: values\nunit: word\nvalues: [1]\n---\nthe cat\n```\n\n"
        "```tokenheat model=toy metric=probability\nthe cat\n```\n\n"
        "```tokenheat model=toy\nthe cat\n```\n"
    )
    here, there = project.run(*WARM), warm(project, dask.address)
    assert here.returncode == there.returncode == 1
    theirs, mine = lines(there.stderr), here.stderr.splitlines()
    assert theirs[:2] == mine[:2]
    assert [line.partition(" tokenheat: ")[0] for line in theirs] == [
        f"docs/index.md:{n}:" for n in (1, 9, 14)
    ]
    problem = mine[2].partition(" tokenheat: ")[2]
    assert re.fullmatch(
        rf"docs/index\.md:14: tokenheat: on the worker tcp://[\d.:]+: {re.escape(problem)}",
        theirs[2],
    )
    # A model that is known here but absent there; existing scores stay.
    project.page("```tokenheat model=toy\na dog\n```\n")
    shutil.rmtree(folder)
    done = warm(project, dask.address)
    assert done.returncode == 1
    (line,) = lines(done.stderr)
    assert line.endswith(f": the model's folder '{folder}' is not there")
    assert len(project.entries()) == 1


def test_what_one_worker_cannot_score_is_scored_by_another(
    project: Project, start: Callable[..., Dask]
) -> None:
    count = many_batches(project)
    preload = project.folder / "unfit.py"
    preload.write_text(UNFIT, "utf-8")
    three = start(2, "--preload", str(preload))
    three.add_worker()
    with Cluster(three.address) as cluster_:
        wait_until(lambda: cluster_.workers == 3)
    done = warm(project, three.address)
    assert lines(done.stderr) == []
    assert done.stdout == f"all blocks are in the cache, {count} entries newly scored\n"


def test_a_worker_may_be_away_for_a_while(
    tmp_path: Path, start: Callable[..., Dask], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = start(1)
    with Cluster(one.address, patience=1.0) as few:
        one.workers[0].kill()
        wait_until(lambda: few.workers == 0)
        wait = few._client.wait_for_workers

        def come_back(count: int, timeout: float) -> None:
            one.add_worker()
            wait(count, timeout=60)

        monkeypatch.setattr(few._client, "wait_for_workers", come_back)
        site = Site(read_settings({"cache_dir": None}, tmp_path), few.score)
        (answer,) = site.score([block("the cat")])
    assert not isinstance(answer, TokenheatError)


def test_nothing_that_is_sent_is_of_one_system_alone(dask: Dask, tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text("[1, 2]", "utf-8")
    sent: list[bytes] = []

    def note(function: object, *arguments: object, **named: object) -> None:
        sent.append(pickle.dumps((function, arguments)))
        raise TokenheatError("enough")

    settings = read_settings({"base_path": ".", "cache_dir": "cache"}, tmp_path)
    with Cluster(dask.address) as both, pytest.MonkeyPatch.context() as patch:
        patch.setattr(both._client, "submit", note)
        with pytest.raises(TokenheatError, match="enough"):
            Site(settings, both.score).score(
                [block("the cat", metric="values", unit="word", values="own.json")]
            )
    assert sent
    assert b"pathlib" not in sent[0]


def test_a_worker_of_another_version_is_told(
    dask: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "__version__", "0.0.1")
    settings = read_settings({"cache_dir": None}, tmp_path)
    with Cluster(dask.address) as both:
        site = Site(settings, both.score)
        with pytest.raises(
            TokenheatError,
            match=r"a worker has mkdocs-tokenheat \d.*, but the requests come from 0\.0\.1",
        ):
            site.score([block("the cat")])


# Without a cluster


def requests(folder: Path, settings: Settings) -> list[Request]:
    checkpoints.save(
        folder / "toy", {"wte.weight": checkpoints.table(120)}, checkpoints.wordpiece()
    )
    models = Site(settings).models
    return [
        make_request(block("the cat", model=model), models, model) for model in ("toy", "wordllama")
    ]


def test_a_worker_refuses_another_model_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read_settings({"models": {"toy": "path:toy"}}, tmp_path)
    toy, default = requests(tmp_path, settings)
    given = str(tmp_path), settings.max_tokens, settings.device
    monkeypatch.setattr("distributed.get_worker", lambda: SimpleNamespace(address="tcp://here"))
    address, scored = score_batch(__version__, [toy, default], *given)
    assert address == "tcp://here"
    assert [type(each) for each in scored] == [Scores, Scores]
    checkpoints.save(
        tmp_path / "toy", {"wte.weight": 2 * checkpoints.table(120)}, checkpoints.wordpiece()
    )
    _, (other, same) = score_batch(__version__, [toy, default], *given)
    assert same == scored[1]
    assert isinstance(other, TokenheatError)
    assert other.option == "model"
    assert other.message.startswith("the model in '")
    assert "is not the one that the cached scores come from" in other.message


def test_batches_are_of_one_model_and_bounded(tmp_path: Path) -> None:
    settings = read_settings({"models": {"toy": "path:toy"}}, tmp_path)
    both = requests(tmp_path, settings)
    many = [
        dataclasses.replace(request, key=f"{i:064x}", text="a" * 999)
        for i in range(50)
        for request in both
    ]
    batches = list(cluster._batches(many))
    assert sorted(r.key for batch in batches for r in batch) == sorted(r.key for r in many)
    for batch in batches:
        assert isinstance(batch[0], Request)
        assert len({r.sources[0].line for r in batch}) == 1
        assert len(batch) * 999 <= cluster._BATCH
    assert len(batches) == 6


def test_every_metric_can_be_sent(tmp_path: Path) -> None:
    import pickle

    for metric in METRICS.values():
        assert pickle.loads(pickle.dumps(metric)) is metric
    error = TokenheatError("no", line=3, option="unit").at("docs/index.md:4")
    twin = pickle.loads(pickle.dumps(error))
    assert (str(twin), twin.line, twin.option) == (str(error), 3, "unit")


def test_a_scheduler_that_is_not_there_is_one_line(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_CONNECT", 0.5)
    done = tokenheat(project, "warm", "--scheduler", "tcp://127.0.0.1:1")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("tokenheat: cannot reach the scheduler 'tcp://127.0.0.1:1': ")
    done = tokenheat(project, "warm", "--scheduler", "tls://127.0.0.1:1")
    (line,) = done.stderr.splitlines()
    assert line.startswith("tokenheat: 'tls://127.0.0.1:1' needs certificates")


def test_a_server_that_is_no_scheduler_is_one_line(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cluster, "_CONNECT", 0.5)
    with (
        served(tmp_path) as address,
        pytest.raises(TokenheatError, match="is not a Dask scheduler: is it the dashboard's port"),
    ):
        Cluster(address.replace("http:", "tcp:"))


@pytest.mark.parametrize(
    "address",
    ["", "x", "127.0.0.1", "tcp://a", "tcp://:1", "http://a:1", "tcp://a:0", "tcp://a:99999"],
)
def test_an_address_that_is_none_is_wrong_usage(project: Project, address: str) -> None:
    done = tokenheat(project, "warm", f"--scheduler={address}")
    assert done.returncode == 2
    assert f"'{address}' is not an address such as tcp://10.0.0.1:8786" in done.stderr


def test_without_dask_the_extra_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = tokenheat(project, "warm", "--scheduler", "tcp://127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr == (
        "tokenheat: this needs the module 'distributed', which is not installed: "
        'pip install "mkdocs-tokenheat[dask]"\n'
    )


def test_dask_is_imported_for_a_cluster_alone(project: Project) -> None:
    project.page("```tokenheat\nthe cat\n```\n")
    script = (
        "import sys\nfrom mkdocs_tokenheat.hosts.cli import main\nassert main(['warm']) == 0\n"
        "assert {'dask', 'distributed'} & {*sys.modules} == set()"
    )
    done = project.run(sys.executable, "-c", script)
    assert done.returncode == 0, done.stderr
