"""The whole way from blocks to figures, for one build of a site."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from threading import RLock

from mkdocs_tokenheat import __version__
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import NotScoredError, TokenheatError, unknown
from mkdocs_tokenheat.models.identity import Identity, identify
from mkdocs_tokenheat.models.source import DEFAULT_LINE
from mkdocs_tokenheat.progress import Progress
from mkdocs_tokenheat.scoring.cache import Cache
from mkdocs_tokenheat.scoring.request import FORMAT, Request, make_request
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.views.figure import figure
from mkdocs_tokenheat.views.labels import labels_of
from mkdocs_tokenheat.views.scale import Scale, fit

__all__ = ["Site"]

VIEWS = ("text",)

_scoring = RLock()
"""Hosts may render pages in several threads; models and identities are for one at a time."""


class Site:
    """A site's settings, its cache and the models it has met."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.cache = Cache(settings.cache_dir)
        self.scored = 0
        self._identities: dict[str, Identity | TokenheatError] = {}

    def figures(self, blocks: Sequence[Block]) -> list[str | TokenheatError]:
        """The figure of each block of one page, or why it has none."""
        results = self.score(blocks)
        shared = _shared(blocks, results)
        scales: dict[str, Scale | None] = {}
        figures: list[str | TokenheatError] = []
        for block, result in zip(blocks, results, strict=True):
            if isinstance(result, TokenheatError):
                figures.append(result)
                continue
            request, scores = result
            try:
                name = block.options.share
                if name is None:
                    scale = fit(scores.on_scale, block.options)
                else:
                    _check_same(shared[name][0][0], block)
                    if name not in scales:
                        scales[name] = fit(_pooled(shared[name]), block.options)
                    scale = scales[name]
                model = block.options.model if request.model else None
                # The site's language is that of its pages, a block's `lang` only its text's.
                lang = self.settings.options.lang or block.options.lang
                labels = labels_of(lang, self.settings.labels)
                figures.append(
                    figure(block, scores, scale, request.metric, model, request.unit, labels)
                )
            except TokenheatError as error:
                figures.append(error)
        return figures

    def score(self, blocks: Sequence[Block]) -> list[tuple[Request, Scores] | TokenheatError]:
        """The scores of each block, from the cache or, where it lacks them, from the models."""
        with _scoring:
            return self._results([self._request(block) for block in blocks])

    def _results(
        self, requests: Sequence[Request | TokenheatError]
    ) -> list[tuple[Request, Scores] | TokenheatError]:
        found: dict[str, Scores | TokenheatError] = {}
        misses: dict[str, Request] = {}
        for request in requests:
            if isinstance(request, TokenheatError) or request.key in found:
                continue
            scores = self.cache.get(request.key, len(request.text))
            if scores is None:
                misses[request.key] = request
            else:
                found[request.key] = scores
        found.update(self._score_missing(list(misses.values())))
        results: list[tuple[Request, Scores] | TokenheatError] = []
        for request in requests:
            scored = request if isinstance(request, TokenheatError) else found[request.key]
            if isinstance(scored, TokenheatError) or isinstance(request, TokenheatError):
                results.append(scored)  # type: ignore[arg-type]
            else:
                results.append((request, scored))
        return results

    def warm(self, blocks: Iterable[Block]) -> None:
        """Score what the cache lacks of these blocks, all at once, and keep nothing in memory.

        Errors are left for the pages: a block may yet turn out to be no block, in indented code.
        """
        misses: dict[str, Request] = {}
        with _scoring:
            for block in blocks:
                request = self._request(block)
                if isinstance(request, TokenheatError) or request.key in misses:
                    continue
                if self.cache.get(request.key, len(request.text)) is None:
                    misses[request.key] = request
            for _ in self._scored(list(misses.values())):
                pass

    def fingerprint(self) -> str:
        """What the figures of unchanged pages depend on, for hosts that keep pages themselves.

        The versions of this package and of its cache, the settings, and who the models are.
        """
        lines = sorted({DEFAULT_LINE, *self.settings.models.values()})
        with _scoring:
            identities = [(line, self._identity(line)) for line in lines]
        return repr((__version__, FORMAT, self.settings, identities))

    def _identity(self, line: str) -> list[tuple[str, str]] | str:
        try:
            return sorted(self._identify(line).items())
        except TokenheatError as error:
            return error.message

    def _request(self, block: Block) -> Request | TokenheatError:
        try:
            if block.options.view not in VIEWS:
                raise TokenheatError(unknown("view", block.options.view, VIEWS), option="view")
            return make_request(block, self.settings, self._identify)
        except TokenheatError as error:
            return error

    def _identify(self, line: str) -> Identity:
        if line not in self._identities:
            try:
                self._identities[line] = identify(
                    line, self.settings.base, self.settings.cache_dir, frozen=self.settings.frozen
                )
            except TokenheatError as error:
                self._identities[line] = error
        known = self._identities[line]
        if isinstance(known, TokenheatError):
            raise known
        return known

    def _score_missing(self, misses: Sequence[Request]) -> dict[str, Scores | TokenheatError]:
        if misses and self.settings.frozen and self.cache.folder:
            return {request.key: self._not_scored(request) for request in misses}
        return {request.key: result for request, result in self._scored(misses)}

    def _not_scored(self, request: Request) -> TokenheatError:
        return NotScoredError(
            f"the scores of this block (metric '{request.metric.name}') are not in the cache "
            f"'{self.settings.cache_dir}' and the build is frozen: run '{self.settings.command}' "
            "where the model is, and commit or restore the cache",
            line=0,
        )

    def _scored(
        self, misses: Sequence[Request]
    ) -> Iterable[tuple[Request, Scores | TokenheatError]]:
        if not misses:
            return
        # Only here are numpy, the tokenizers and the models needed.
        from mkdocs_tokenheat.scoring.engine import score

        with Progress(len(misses)) as progress:
            for request, result in score(misses, self.settings):
                if isinstance(result, Scores):
                    self.cache.put(request.key, result)
                    self.scored += 1
                progress.advance(len(result.scores) if isinstance(result, Scores) else 0)
                yield request, result


Shared = list[tuple[Block, Scores]]


def _shared(
    blocks: Sequence[Block], results: Sequence[tuple[Request, Scores] | TokenheatError]
) -> dict[str, Shared]:
    groups: dict[str, Shared] = defaultdict(list)
    for block, result in zip(blocks, results, strict=True):
        if block.options.share is not None and not isinstance(result, TokenheatError):
            groups[block.options.share].append((block, result[1]))
    return groups


_SAME = ("metric", "scale", "vmin", "vmax", "center")


def _pooled(group: Shared) -> list[float | None]:
    return [number for _, scores in group for number in scores.on_scale]


def _check_same(first: Block, block: Block) -> None:
    """Blocks of one scale are coloured by it in one way.

    Raises:
        TokenheatError: This block's options differ from those of the first.
    """
    for name in _SAME:
        mine, theirs = getattr(block.options, name), getattr(first.options, name)
        if mine != theirs:
            raise TokenheatError(
                f"blocks that share the scale '{block.options.share}' must have the same "
                f"{name}: here it is '{mine}', in the first of them '{theirs}'",
                option=name if name in block.lines else "share",
            )
