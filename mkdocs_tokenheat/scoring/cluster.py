"""Sends requests to the workers of a Dask cluster, and collects their results."""

from __future__ import annotations

import asyncio
import logging
import socket
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from mkdocs_tokenheat import __version__
from mkdocs_tokenheat.errors import TokenheatError, missing
from mkdocs_tokenheat.progress import tell
from mkdocs_tokenheat.scoring.request import Request, Wanted, batched, by_model
from mkdocs_tokenheat.scoring.worker import Result, score_batch
from mkdocs_tokenheat.settings import Settings

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["Cluster"]

_BATCH = 20_000
"""Characters per batch: enough to be worth sending, and little to redo if a worker dies."""

_CONNECT = 10.0
_PATIENCE = 60.0
"""Seconds to wait for the scheduler, and for a worker if there is none."""

T = TypeVar("T")


class Cluster:
    """The workers behind a Dask scheduler.

    Parameters:
        address: The scheduler's, such as `tcp://10.0.0.1:8786`.
        patience: How many seconds to wait while there is no worker.

    Raises:
        TokenheatError: Dask is not installed, the scheduler cannot be reached, or it has no worker.
    """

    def __init__(self, address: str, patience: float = _PATIENCE) -> None:
        self.address = address
        self._patience = patience
        self._client = _connected(address)
        dashboard = f", dashboard {self.dashboard}" if self.dashboard else ""
        tell(f"tokenheat: scheduler {address}, workers: {self.workers}{dashboard}")
        try:
            self._await_worker()
        except TokenheatError:
            self._client.close()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    @property
    def workers(self) -> int:
        """How many workers there are now."""
        return len(self._client.nthreads())

    @property
    def dashboard(self) -> str | None:
        """The address of the scheduler's dashboard, if it has one."""
        try:
            return self._client.dashboard_link or None
        except KeyError:
            return None

    def score(
        self, requests: Sequence[Wanted], settings: Settings
    ) -> Iterator[tuple[Wanted, Result]]:
        """Each request's result, or why it has none, as soon as a worker has sent it.

        If a worker dies, another one redoes its batch. If it refuses a request, for lack of the
        model or of a library to run it, one that has not refused that model yet takes over.

        Raises:
            TokenheatError: The cluster itself fails, or runs another version.
        """
        done: SimpleQueue[Future[Any]] = SimpleQueue()
        waiting: dict[object, Sequence[Wanted]] = {}
        refusers: dict[object, set[str]] = defaultdict(set)
        given = str(settings.base.absolute()), settings.max_tokens, settings.device

        def send(batch: Sequence[Wanted], workers: Sequence[str] = ()) -> None:
            # Dask would wait for ever for workers that have died meanwhile.
            where = {"workers": workers, "allow_other_workers": True} if workers else {}
            future = self._client.submit(
                score_batch, __version__, batch, *given, pure=False, **where
            )
            waiting[future.key] = batch
            future.add_done_callback(done.put)

        for batch in _batches(requests):
            send(batch)
        while waiting:
            future = self._patiently(lambda seconds: done.get(timeout=seconds))
            batch = waiting.pop(future.key)
            address, results = self._results(future, batch)
            others: list[str] = []
            if refused := [r for r, found in zip(batch, results, strict=True) if _refuses(found)]:
                known = refusers[tuple(source.line for source in batch[0].sources)]
                known.add(address)
                with self._scheduler_gone():
                    others = [each for each in self._client.nthreads() if each not in known]
                if others:
                    send(refused, others)
            for request, result in zip(batch, results, strict=True):
                if not isinstance(result, TokenheatError) or not _refuses(result):
                    yield request, result
                elif not others:
                    yield request, result.but(f"on the worker {address}: {result.message}")

    @contextmanager
    def _scheduler_gone(self) -> Iterator[None]:
        from distributed import CancelledError

        try:
            yield
        except (CancelledError, OSError):
            raise TokenheatError(
                f"the scheduler {self.address} is gone; what has been scored so far is kept"
            ) from None

    def _results(
        self, future: Future[Any], batch: Sequence[Wanted]
    ) -> tuple[str, Sequence[Result]]:
        """The worker's address, and the result of each request in a batch."""
        from distributed import KilledWorker

        with self._scheduler_gone():
            error = self._patiently(lambda seconds: future.exception(timeout=seconds))
            if error is None:
                found: tuple[str, Sequence[Result]]
                found = self._patiently(lambda seconds: future.result(timeout=seconds))
                return found
        if isinstance(error, TokenheatError):
            raise error
        if _is_of_import(error):
            raise TokenheatError(
                f"the cluster cannot read the requests: install mkdocs-tokenheat {__version__} "
                f"on the scheduler {self.address} and on all of its workers"
            )
        if isinstance(error, KilledWorker):
            problem = (
                f"{error.allowed_failures + 1} workers died scoring the batch with this block: "
                "their logs may say why; the likeliest cause is too little memory"
            )
        else:
            problem = f"a worker failed: {type(error).__name__}: {error}"
        return "", [TokenheatError(problem)] * len(batch)

    def _patiently(self, wait: Callable[[float], T]) -> T:
        """Wait for a result, however long it takes, as long as there are workers."""
        while True:
            try:
                return wait(self._patience)
            except (Empty, asyncio.TimeoutError):
                self._await_worker()

    def _await_worker(self) -> None:
        """Wait for a worker if there is none: one that has died may soon be back.

        Raises:
            TokenheatError: None came.
        """
        try:
            self._client.wait_for_workers(1, timeout=self._patience)
        except (OSError, asyncio.TimeoutError):
            raise TokenheatError(
                f"the scheduler {self.address} has had no worker for {self._patience:.0f} seconds: "
                f"start some with 'dask worker {self.address} --nthreads 1' "
                "where mkdocs-tokenheat is installed"
            ) from None


def _connected(address: str) -> Client:
    try:
        from distributed import Client, Security
        from distributed.versions import VersionMismatchWarning
    except ModuleNotFoundError as error:
        raise TokenheatError(missing(error.name, "dask")) from None
    # Errors are reported in one line, here.
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in ("distributed", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
    if address.startswith("tls:") and not Security().get_connection_args("client")["ssl_context"]:
        raise TokenheatError(
            f"'{address}' needs certificates: name them in Dask's own "
            "settings, under 'distributed.comm.tls'"
        )
    _check_speaks(address)
    try:
        with warnings.catch_warnings():
            # About other packages' versions on the workers, which report what does not fit.
            warnings.simplefilter("ignore", VersionMismatchWarning)
            return Client(address, timeout=_CONNECT, set_as_default=False, name="tokenheat")
    except (OSError, ValueError) as error:
        raise TokenheatError(f"cannot reach the scheduler '{address}': {error}") from None


def _check_speaks(address: str) -> None:
    """Check that the server there speaks Dask's protocol, in which the server speaks first.

    Dask itself would wait for ever for any other kind of server to say something.

    Raises:
        TokenheatError: Nothing listens there, or it sends nothing.
    """
    place = urlsplit(address)
    try:
        connection = socket.create_connection((place.hostname, place.port or 0), _CONNECT)
    except (OSError, UnicodeError) as error:
        raise TokenheatError(f"cannot reach the scheduler '{address}': {error}") from None
    with connection:
        try:
            speaks = place.scheme == "tls" or bool(connection.recv(1))
        except OSError:
            speaks = False
    if not speaks:
        raise TokenheatError(
            f"the server at '{address}' is not a Dask scheduler: is it the dashboard's port?"
        )


def _is_of_import(error: BaseException) -> bool:
    """Whether a scheduler or worker fails for lack of this package."""
    if isinstance(error, ImportError):
        return __name__.startswith(error.name or "?")
    return isinstance(error, RuntimeError) and "deserialization of the task graph" in str(error)


def _refuses(result: Result) -> bool:
    """Whether a worker cannot use a model: other workers may be able to."""
    return isinstance(result, TokenheatError) and result.option == "model"


def _batches(requests: Sequence[Wanted]) -> Iterator[Sequence[Wanted]]:
    """The requests that a worker gets at once: those for one model, or a single statistic."""
    for group in by_model(requests):
        yield from batched(group, _BATCH)
    yield from ([r] for r in requests if not isinstance(r, Request))
