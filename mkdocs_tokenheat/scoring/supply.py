"""Gets what requests ask for: from the cache, or by scoring it and then caching it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Lock

from mkdocs_tokenheat.errors import NotScoredError, TokenheatError
from mkdocs_tokenheat.files import shown
from mkdocs_tokenheat.models.idle import import_numpy
from mkdocs_tokenheat.progress import Progress
from mkdocs_tokenheat.scoring.cache import Cache
from mkdocs_tokenheat.scoring.entry import Entry
from mkdocs_tokenheat.scoring.request import Wanted
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.scoring.shard import WHOLE, Shard
from mkdocs_tokenheat.settings import Settings

__all__ = ["Found", "Score", "Supply"]

Score = Callable[[Sequence[Wanted], Settings], Iterator[tuple[Wanted, Entry | TokenheatError]]]
"""Yields each request with its result, or why it has none, as soon as it is available."""

Found = dict[str, Entry | TokenheatError]
"""Each request's result by its key, or why it has none."""

_scoring = Lock()
"""Hosts may render pages in several threads, but only one at a time may use the models."""


class Supply:
    """A site's numbers. What failed when the site was warmed is not retried: that takes long.

    Parameters:
        score: Scores the cache's misses; by default, with the models of this machine.
        shard: The part of the misses that is to be scored.

    Attributes:
        scored: How many entries have been scored.
        left: The keys of the misses that are in other parts.
    """

    def __init__(
        self, settings: Settings, score: Score | None = None, shard: Shard = WHOLE
    ) -> None:
        self.cache = Cache(settings.cache_dir)
        self.scored = 0
        self.left: set[str] = set()
        self._settings = settings
        self._score = score or _score_here
        self._failed: dict[str, TokenheatError] = {}
        self._shard = shard

    def at_hand(self, requests: Iterable[Wanted]) -> Found | None:
        """What the requests ask for, if the cache has all of it."""
        found: Found = {}
        for request in requests:
            entry = self.cache.get(request.key, request.read)
            if entry is None:
                return None
            found[request.key] = entry
        return found

    def get(self, requests: Iterable[Wanted]) -> Found:
        """What the requests ask for, scored if the cache lacks it and the build is not frozen."""
        found: Found = {}
        misses: dict[str, Wanted] = {}
        with _scoring:  # Another thread may have scored them by now.
            for request in requests:
                if request.key in found or request.key in misses:
                    continue
                known = self._failed.get(request.key) or self.cache.get(request.key, request.read)
                if known is None:
                    misses[request.key] = request
                else:
                    found[request.key] = known
            if self._settings.frozen:
                found.update({key: self._not_scored(miss) for key, miss in misses.items()})
            else:
                results = self._scored(list(misses.values()))
                found.update({request.key: result for request, result in results})
        return found

    def warm(self, requests: Iterable[Wanted]) -> None:
        """Score, all at once, the requests that the cache lacks, and keep nothing in memory.

        Damaged entries are left to whoever reads them. A frozen build only records the use.
        """
        misses: dict[str, Wanted] = {}
        with _scoring:
            for request in requests:
                is_known = request.key in misses or request.key in self._failed
                if not is_known and not self.cache.has(request.key):
                    misses[request.key] = request
            results = self._scored([] if self._settings.frozen else list(misses.values()))
            for request, result in results:
                if isinstance(result, TokenheatError):
                    self._failed[request.key] = result

    def _not_scored(self, request: Wanted) -> TokenheatError:
        folder = self._settings.cache_dir
        if folder is None:
            state = "not kept, as the site has no cache ('cache_dir')"
        elif self.cache.is_damaged(request.key):
            state = f"damaged or unreadable in the cache '{shown(folder)}'"
        else:
            state = f"not in the cache '{shown(folder)}'"
        return NotScoredError(
            f"the {request.what} are {state}, and scoring is disabled here: "
            f"run '{self._settings.command}' where the model is, and commit or restore the cache"
        )

    def _scored(self, misses: Sequence[Wanted]) -> Iterator[tuple[Wanted, Entry | TokenheatError]]:
        mine = [request for request in misses if self._shard.holds(request.key)]
        for request in misses:
            if not self._shard.holds(request.key):
                self.left.add(request.key)
                self.cache.drop_damaged(request.key)
                yield request, NotScoredError(f"it is not in part {self._shard}")
        if not mine:
            return
        with Progress(len(mine)) as progress:
            for request, result in self._score(mine, self._settings):
                if not isinstance(result, TokenheatError):
                    self.cache.put(request.key, result)
                    self.scored += 1
                progress.advance(len(result.scores) if isinstance(result, Scores) else 0)
                yield request, result


def _score_here(
    misses: Sequence[Wanted], settings: Settings
) -> Iterator[tuple[Wanted, Entry | TokenheatError]]:
    # Only this needs numpy, the tokenizers and the models.
    try:
        import_numpy()
        from mkdocs_tokenheat.scoring.engine import score
    except ImportError as error:
        problem = TokenheatError(
            f"a library needed for scoring is not installed ({error}): pip install mkdocs-tokenheat"
        )
        return ((request, problem) for request in misses)
    return score(misses, settings)
