"""The whole way from blocks to figures, for one build of a site."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Lock

from mkdocs_tokenheat import __version__
from mkdocs_tokenheat.block.options import NAMES, Options
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import NotScoredError, TokenheatError
from mkdocs_tokenheat.models.identity import Identity, identify
from mkdocs_tokenheat.models.idle import import_numpy
from mkdocs_tokenheat.models.source import DEFAULT_LINE
from mkdocs_tokenheat.progress import Progress
from mkdocs_tokenheat.scoring.cache import Cache
from mkdocs_tokenheat.scoring.entry import FORMAT, Entry
from mkdocs_tokenheat.scoring.fitting import check_fitting
from mkdocs_tokenheat.scoring.request import Models, Wanted
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.scoring.shard import WHOLE, Shard
from mkdocs_tokenheat.scoring.statistic import Statistic
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.views.colormaps import colormap
from mkdocs_tokenheat.views.figure import figure
from mkdocs_tokenheat.views.labels import Labels, labels_of
from mkdocs_tokenheat.views.registry import view_of
from mkdocs_tokenheat.views.scale import fit
from mkdocs_tokenheat.views.share import SharedScales
from mkdocs_tokenheat.views.view import Answer, Asked

__all__ = ["Site"]

Score = Callable[[Sequence[Wanted], Settings], Iterator[tuple[Wanted, Entry | TokenheatError]]]
"""Gives each request what it asks for, or why it has none, as soon as it is there."""

_scoring, _identifying = Lock(), Lock()
"""Hosts may render pages in several threads: models, and who they are, are for one at a time."""


class Site:
    """A site's settings, its cache and the models it has met.

    Parameters:
        score: What scores the cache's misses; the models of this machine, unless it is given.
        shard: The part of the misses that is scored at all.

    Attributes:
        scored: How many entries have been scored.
        left: The keys of the misses that are in other parts.
        drawn: The figures of whole pages, where a host that builds again and again wants them kept.
    """

    def __init__(
        self, settings: Settings, score: Score | None = None, shard: Shard = WHOLE
    ) -> None:
        self.settings = settings
        self.cache = Cache(settings.cache_dir)
        self.scored = 0
        self.left: set[str] = set()
        self.drawn: dict[object, list[str]] | None = None
        self._drawn_before: Mapping[object, list[str]] = {}
        self._score = score
        self._shard = shard
        self._identities: dict[str, Identity | TokenheatError] = {}
        self._labels: dict[tuple[str | None, str | None], Labels] = {}

    def follow(self, earlier: Site | None) -> None:
        """Keep the figures that are drawn, and draw none again that an earlier build has drawn."""
        self.drawn = {}
        if earlier is not None and earlier.settings == self.settings:
            self._drawn_before = earlier.drawn or {}

    def go_on(self, earlier: Site) -> None:
        """Go on where another part of the same build has ended: with its cache and its counts."""
        if earlier.cache.folder == self.cache.folder:
            self.cache, self.scored, self.left = earlier.cache, earlier.scored, earlier.left

    def figures(self, blocks: Sequence[Block]) -> list[str | TokenheatError]:
        """The figure of each block of one page, or why it has none."""
        asked = [self._ask(block) for block in blocks]
        if self.drawn is None:
            return self._figures(blocks, asked)
        page = _page(blocks, asked)
        known = self.drawn.get(page) or self._drawn_before.get(page)
        if known is not None:
            self.drawn[page] = known
            return [*known]
        figures = self._figures(blocks, asked)
        whole = [figure for figure in figures if isinstance(figure, str)]
        if len(whole) == len(figures):
            self.drawn[page] = whole
        return figures

    def _figures(
        self, blocks: Sequence[Block], asked: Sequence[Asked | TokenheatError]
    ) -> list[str | TokenheatError]:
        figures: dict[int, str | TokenheatError] = {}
        sharing: dict[int, Answer] = {}
        alone = SharedScales(())
        # A figure is drawn while what was read for it is still in the processor's cache.
        for i, answer in self._answers(blocks, asked):
            if isinstance(answer, TokenheatError):
                figures[i] = answer
            elif answer.block.options.share is None:
                figures[i] = self._figure_or_error(answer, alone)
            else:
                sharing[i] = answer
        shared = SharedScales(sharing[i] for i in sorted(sharing))
        for i, answer in sharing.items():
            figures[i] = self._figure_or_error(answer, shared)
        return [figures[i] for i in range(len(blocks))]

    def _figure_or_error(self, answer: Answer, shared: SharedScales) -> str | TokenheatError:
        try:
            return self._figure(answer, shared)
        except TokenheatError as error:
            return _of_site(error, answer.block)

    def _figure(self, answer: Answer, shared: SharedScales) -> str:
        block = answer.block
        options, view = block.options, view_of(block.options.view)
        groups = view.groups(answer)
        if options.share is None or any(group.quantiles for group in groups):
            scales = [fit(group.numbers, options, group.quantiles) for group in groups]
        else:
            scales = [shared.of(block)] * len(groups)
        colours = colormap(options.colormap)
        # The site's language is that of its pages, a block's `lang` only its text's.
        page_lang = self.settings.options.lang
        labels = self._labels_of(page_lang or options.lang, options.lang)
        lang = "" if _is_in(labels["lang"], page_lang or "en") else labels["lang"]
        picture = view.draw(answer, scales, colours, labels)
        return figure(block, picture, groups, scales, colours, labels, lang)

    def _labels_of(self, lang: str | None, text: str | None) -> Labels:
        if (lang, text) not in self._labels:
            self._labels[lang, text] = labels_of(lang, self.settings.labels, text)
        return self._labels[lang, text]

    def score(self, blocks: Sequence[Block]) -> list[Answer | TokenheatError]:
        """What each block needs, from the cache or, where it lacks it, from the models."""
        answers = dict(self._answers(blocks, [self._ask(block) for block in blocks]))
        return [answers[i] for i in range(len(blocks))]

    def _answers(
        self, blocks: Sequence[Block], asked: Sequence[Asked | TokenheatError]
    ) -> Iterator[tuple[int, Answer | TokenheatError]]:
        """Each block's answer by its place: at once where the cache has it, then all the others."""
        waiting: dict[int, Asked] = {}
        for i, (block, each) in enumerate(zip(blocks, asked, strict=True)):
            if isinstance(each, TokenheatError):
                yield i, each
            elif (found := self._at_hand(each)) is None:
                waiting[i] = each
            else:
                yield i, _answer(block, each, found)
        if not waiting:
            return
        with _scoring:  # Another thread may have scored them by now.
            results = self._found(waiting.values())
        for i, each in waiting.items():
            yield i, _answer(blocks[i], each, results)

    def _at_hand(self, asked: Asked) -> dict[str, Entry] | None:
        """What a block needs, if the cache has all of it."""
        found: dict[str, Entry] = {}
        for request in asked.values():
            entry = self.cache.get(request.key, request.read, quietly=True)
            if entry is None:
                return None
            found[request.key] = entry
        return found

    def _found(self, asked: Iterable[Asked]) -> dict[str, Entry | TokenheatError]:
        found: dict[str, Entry | TokenheatError] = {}
        misses: dict[str, Wanted] = {}
        for request in (request for each in asked for request in each.values()):
            if request.key in found or request.key in misses:
                continue
            entry = self.cache.get(request.key, request.read)
            if entry is None:
                misses[request.key] = request
            else:
                found[request.key] = entry
        found.update(self._score_missing(list(misses.values())))
        return found

    def warm(self, blocks: Iterable[Block]) -> None:
        """Score what the cache lacks of these blocks, all at once, and keep nothing in memory.

        Errors are left for the pages: a block may yet turn out to be no block, in indented code.
        Broken entries are left for them, too.
        """
        misses: dict[str, Wanted] = {}
        with _scoring:
            for asked in map(self._ask, blocks):
                if isinstance(asked, TokenheatError):
                    continue
                for request in asked.values():
                    if request.key not in misses and not self.cache.has(request.key):
                        misses[request.key] = request
            for _ in self._scored(list(misses.values())):
                pass

    def fingerprint(self) -> str:
        """What the figures of unchanged pages depend on, for hosts that keep pages themselves.

        The versions of this package and of its cache, the settings, and who the models are.
        """
        lines = sorted({DEFAULT_LINE, *self.settings.models.values()})
        identities = [(line, self._identity(line)) for line in lines]
        return repr((__version__, FORMAT, self.settings, identities))

    def _identity(self, line: str) -> str:
        """Who a model is, as far as it can be told without fetching what no block may need."""
        with _identifying:
            known = self._identities.get(line) or self._identified(line, frozen=True)
            if isinstance(known, TokenheatError):
                return known.message
            self._identities[line] = known
        return repr(sorted(known.items()))

    def _ask(self, block: Block) -> Asked | TokenheatError:
        try:
            view = view_of(block.options.view)
            check_fitting(block)
            return view.ask(block, Models(self.settings, self._identify))
        except TokenheatError as error:
            return _of_site(error, block)

    def _identify(self, line: str) -> Identity:
        with _identifying:
            known = self._identities.get(line)
            known = known or self._identified(line, frozen=self.settings.frozen)
            self._identities[line] = known
        if isinstance(known, TokenheatError):
            raise known
        return known

    def _identified(self, line: str, *, frozen: bool) -> Identity | TokenheatError:
        try:
            return identify(line, self.settings.base, self.settings.cache_dir, frozen=frozen)
        except TokenheatError as error:
            return error

    def _score_missing(self, misses: Sequence[Wanted]) -> dict[str, Entry | TokenheatError]:
        if misses and self.settings.frozen and self.cache.folder:
            return {request.key: self._not_scored(request) for request in misses}
        return {request.key: result for request, result in self._scored(misses)}

    def _not_scored(self, request: Wanted) -> TokenheatError:
        what = "numbers" if isinstance(request, Statistic) else "scores"
        kind = (
            f"kind '{request.kind.name}'"
            if isinstance(request, Statistic)
            else f"metric '{request.metric.name}'"
        )
        return NotScoredError(
            f"the {what} of this block ({kind}) are not in the cache "
            f"'{self.settings.cache_dir}' and the build is frozen: run '{self.settings.command}' "
            "where the model is, and commit or restore the cache",
            line=0,
        )

    def _scored(self, misses: Sequence[Wanted]) -> Iterable[tuple[Wanted, Entry | TokenheatError]]:
        mine = [request for request in misses if self._shard.holds(request.key)]
        for request in misses:
            if not self._shard.holds(request.key):
                self.left.add(request.key)
                yield request, NotScoredError(f"it is not in the part {self._shard}", line=0)
        if not mine:
            return
        with Progress(len(mine)) as progress:
            for request, result in (self._score or _score_here)(mine, self.settings):
                if not isinstance(result, TokenheatError):
                    self.cache.put(request.key, result)
                    self.scored += 1
                progress.advance(len(result.scores) if isinstance(result, Scores) else 0)
                yield request, result


def _score_here(
    misses: Sequence[Wanted], settings: Settings
) -> Iterator[tuple[Wanted, Entry | TokenheatError]]:
    # Only here are numpy, the tokenizers and the models needed.
    try:
        import_numpy()
        from mkdocs_tokenheat.scoring.engine import score
    except ImportError as error:
        problem = TokenheatError(
            f"what scores blocks is not installed ({error}): pip install mkdocs-tokenheat", line=0
        )
        return ((request, problem) for request in misses)
    return score(misses, settings)


def _page(blocks: Sequence[Block], asked: Sequence[Asked | TokenheatError]) -> object:
    """All that the figures of a page's blocks are made of."""
    return tuple(
        (
            block.text,
            block.options,
            tuple(block.lines),
            None if isinstance(each, TokenheatError) else tuple(r.key for r in each.values()),
        )
        for block, each in zip(blocks, asked, strict=True)
    )


def _answer(
    block: Block, asked: Asked, found: Mapping[str, Entry | TokenheatError]
) -> Answer | TokenheatError:
    mine: dict[str, Entry] = {}
    errors: list[TokenheatError] = []
    for name, request in asked.items():
        result = found[request.key]
        if isinstance(result, TokenheatError):
            errors.append(_naming(result, request) if len(block.options.models) > 1 else result)
        else:
            mine[name] = result
    # What cannot be scored at all is worth more to know than what is not scored yet.
    errors.sort(key=lambda error: isinstance(error, NotScoredError))
    return errors[0] if errors else Answer(block, asked, mine)


def _is_in(language: str, tag: str) -> bool:
    """Whether the tag, such as `pt-BR`, is of that language."""
    return language.partition("-")[0] == tag.replace("_", "-").lower().partition("-")[0]


def _of_site(error: TokenheatError, block: Block) -> TokenheatError:
    """The error, said of the site's settings where an option that is wrong stands there."""
    name = error.option
    if name not in NAMES or name in block.lines or error.line is not None:
        return error
    if getattr(block.options, name) == Options.__dataclass_fields__[name].default:
        return error
    return error.but(f"{error.message} ('{name}' is set for the whole site)")


def _naming(error: TokenheatError, request: Wanted) -> TokenheatError:
    """The error, said of its model, where a block has several."""
    names = [f"'{source.name}'" for source in request.sources]
    kind = "model" if len(names) == 1 else "models"
    return error.but(f"{kind} {' and '.join(names)}: {error.message}")
