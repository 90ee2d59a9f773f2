"""From blocks to figures, for one build of a site."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial

from mkdocs_tokenheat import __version__
from mkdocs_tokenheat.block.options import NAMES, Options
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import NotScoredError, TokenheatError
from mkdocs_tokenheat.models.identity import Identities
from mkdocs_tokenheat.models.source import DEFAULT_LINE
from mkdocs_tokenheat.scoring.entry import FORMAT, Entry
from mkdocs_tokenheat.scoring.request import Models, Wanted
from mkdocs_tokenheat.scoring.shard import WHOLE, Shard
from mkdocs_tokenheat.scoring.supply import Found, Score, Supply
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.views.figure import draw
from mkdocs_tokenheat.views.fitting import check_fitting
from mkdocs_tokenheat.views.labels import labels_of
from mkdocs_tokenheat.views.registry import view_of
from mkdocs_tokenheat.views.share import SharedScales
from mkdocs_tokenheat.views.view import Answer, Asked

__all__ = ["Site"]

Question = tuple[Block, Asked | TokenheatError]
"""A block with what it needs, or the reason why that is unavailable."""


class Site:
    """A site's settings, its numbers and the models it has met.

    Parameters:
        score: What scores the cache's misses; by default, this machine's models.
        shard: The part of the misses to score.

    Attributes:
        supply: The numbers.
        models: The models that pages can name.
        drawn: The figures of whole pages, kept for a host that rebuilds repeatedly.
    """

    def __init__(
        self, settings: Settings, score: Score | None = None, shard: Shard = WHOLE
    ) -> None:
        self.settings = settings
        self.supply = Supply(settings, score, shard)
        self.drawn: dict[object, list[str]] | None = None
        self._drawn_before: Mapping[object, list[str]] = {}
        self._identities = Identities(settings.base, settings.cache_dir)
        self.models = Models(settings, partial(self._identities.of, frozen=settings.frozen))
        self._labels = cache(partial(labels_of, own=settings.labels))

    def follow(self, earlier: Site | None) -> None:
        """Keep the drawn figures, and reuse those that an earlier build has drawn."""
        self.drawn = {}
        if earlier is not None and earlier.settings == self.settings:
            self._drawn_before = earlier.drawn or {}

    def go_on(self, earlier: Site) -> None:
        """Continue from another part of the same build, with its cache and its counts."""
        if earlier.supply.cache.folder == self.supply.cache.folder:
            self.supply = earlier.supply

    def figures(self, blocks: Sequence[Block]) -> list[str | TokenheatError]:
        """The figure of each block of one page, or the error that prevents it."""
        questions = [self._question(block) for block in blocks]
        if self.drawn is None:
            return self._figures(questions)
        page = _page(questions)
        known = self.drawn.get(page) or self._drawn_before.get(page)
        if known is not None:
            self.drawn[page] = known
            return [*known]
        figures = self._figures(questions)
        whole = [figure for figure in figures if isinstance(figure, str)]
        if len(whole) == len(figures):
            self.drawn[page] = whole
        return figures

    def _figures(self, questions: Sequence[Question]) -> list[str | TokenheatError]:
        figures: dict[int, str | TokenheatError] = {}
        sharing: dict[int, Answer] = {}
        alone = SharedScales(())
        # A figure is drawn while its data are still in the processor's cache.
        for i, answer in self._answers(questions):
            if isinstance(answer, TokenheatError):
                figures[i] = answer
            elif answer.block.options.share is None:
                figures[i] = self._figure_or_error(answer, alone)
            else:
                sharing[i] = answer
        shared = SharedScales(sharing[i] for i in sorted(sharing))
        for i, answer in sharing.items():
            figures[i] = self._figure_or_error(answer, shared)
        return [figures[i] for i in range(len(questions))]

    def _figure_or_error(self, answer: Answer, shared: SharedScales) -> str | TokenheatError:
        # The site's language is that of its pages; a block's `lang` is only its text's.
        page_lang, text_lang = self.settings.options.lang, answer.block.options.lang
        labels = self._labels(page_lang or text_lang, text=text_lang)
        try:
            return draw(answer, shared, labels, page_lang or "en")
        except TokenheatError as error:
            return _of_site(error, answer.block)

    def score(self, blocks: Sequence[Block]) -> list[Answer | TokenheatError]:
        """What each block needs, from the cache or, failing that, from the models."""
        answers = dict(self._answers([self._question(block) for block in blocks]))
        return [answers[i] for i in range(len(blocks))]

    def _answers(
        self, questions: Sequence[Question]
    ) -> Iterator[tuple[int, Answer | TokenheatError]]:
        """Each block's answer with its index: those in the cache first, then the others."""
        waiting: dict[int, tuple[Block, Asked]] = {}
        for i, (block, asked) in enumerate(questions):
            if isinstance(asked, TokenheatError):
                yield i, asked
            elif (found := self.supply.at_hand(asked.values())) is None:
                waiting[i] = block, asked
            else:
                yield i, _answer(block, asked, found)
        if not waiting:
            return
        results = self.supply.get(r for _, asked in waiting.values() for r in asked.values())
        for i, (block, asked) in waiting.items():
            yield i, _answer(block, asked, results)

    def warm(self, blocks: Iterable[Block]) -> None:
        """Score, all at once, what the cache lacks for these blocks; keep nothing in memory.

        Errors are left for the pages: a block may yet turn out to be indented code.
        """
        each = (asked for _, asked in map(self._question, blocks))
        known = (asked for asked in each if not isinstance(asked, TokenheatError))
        self.supply.warm(request for asked in known for request in asked.values())

    def fingerprint(self) -> str:
        """What the figures of unchanged pages depend on, for hosts that cache pages themselves.

        The versions of this package and of its cache, the settings, and the models' identities.
        """
        lines = sorted({DEFAULT_LINE, *self.settings.models.values()})
        return repr(
            (__version__, FORMAT, self.settings, [(line, self._told(line)) for line in lines])
        )

    def _told(self, line: str) -> str:
        """A model's identity, as far as it is known without fetching what no block may need."""
        try:
            return repr(sorted(self._identities.of(line, frozen=True).items()))
        except TokenheatError as error:
            return error.message

    def _question(self, block: Block) -> Question:
        try:
            view = view_of(block.options.view)
            check_fitting(block)
            return block, view.ask(block, self.models)
        except TokenheatError as error:
            return block, _of_site(error, block)


def _page(questions: Iterable[Question]) -> object:
    """Everything that the figures of a page's blocks depend on."""
    return tuple(
        (
            block.text,
            block.options,
            tuple(block.lines),
            None if isinstance(asked, TokenheatError) else tuple(r.key for r in asked.values()),
        )
        for block, asked in questions
    )


def _answer(block: Block, asked: Asked, found: Found) -> Answer | TokenheatError:
    mine: dict[str, Entry] = {}
    errors: list[TokenheatError] = []
    for name, request in asked.items():
        result = found[request.key]
        if isinstance(result, TokenheatError):
            errors.append(_naming(result, request) if len(block.options.models) > 1 else result)
        else:
            mine[name] = result
    # What cannot be scored at all matters more than what is not scored yet.
    errors.sort(key=lambda error: isinstance(error, NotScoredError))
    return errors[0] if errors else Answer(block, asked, mine)


def _of_site(error: TokenheatError, block: Block) -> TokenheatError:
    """The error, which also says if the option at fault is set for the whole site."""
    name = error.option
    if name not in NAMES or name in block.lines or error.line is not None:
        return error
    if getattr(block.options, name) == getattr(Options, name):
        return error
    return error.but(f"{error.message} ('{name}' is set for the whole site)")


def _naming(error: TokenheatError, request: Wanted) -> TokenheatError:
    """The error with its model's name, for a block that has several."""
    names = [f"'{source.name}'" for source in request.sources]
    kind = "model" if len(names) == 1 else "models"
    return error.but(f"{kind} {' and '.join(names)}: {error.message}")
