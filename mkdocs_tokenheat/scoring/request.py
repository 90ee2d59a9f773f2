"""From a block to the request for its scores, and the key that names them in the cache."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mkdocs_tokenheat.block.options import Numbers, Options
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import AbsentModelError, TokenheatError, excerpt, is_like, unknown
from mkdocs_tokenheat.models.identity import Identity
from mkdocs_tokenheat.models.source import DEFAULT, DEFAULT_LINE
from mkdocs_tokenheat.scoring.entry import Read
from mkdocs_tokenheat.scoring.key import Source, Way, make_key
from mkdocs_tokenheat.scoring.metrics import Metric, metric_of
from mkdocs_tokenheat.scoring.scores import Scores, scores_of
from mkdocs_tokenheat.scoring.statistic import Finding, Statistic
from mkdocs_tokenheat.scoring.values import ValuesFile, open_values
from mkdocs_tokenheat.settings import Settings

__all__ = [
    "OF_TABLES",
    "Models",
    "Request",
    "Scored",
    "Wanted",
    "batched",
    "by_model",
    "make_request",
    "sources",
    "static_way",
    "ways",
]

OF_TABLES = ("embedding", "transform")
"""The options that select vectors of a model's tables."""

Identify = Callable[[str], Identity]


@dataclass(frozen=True)
class Models:
    """What requests need to know about a site's models.

    Attributes:
        settings: The site's settings, which list them.
        identify: Finds the identity of a model by its line.
    """

    settings: Settings
    identify: Identify

    def source(self, name: str) -> Source:
        """The model that a page names.

        Raises:
            TokenheatError: A name that the site does not list, or a model that cannot be used.
        """
        line = self.line(name)
        try:
            return Source(name, line, self.identify(line))
        except TokenheatError as error:
            if isinstance(error, AbsentModelError) and self.settings.frozen:
                raise error.but(
                    f"the cache does not know the model '{name}', which is not here, and scoring "
                    f"is disabled here: run '{self.settings.command}' where the model is, and "
                    "commit or restore the cache, with its folder 'models'",
                    option="model",
                ) from None
            raise error.but(f"model '{name}': {error.message}", option="model") from None

    def line(self, name: str) -> str:
        """The site's line for a model that a page names.

        Raises:
            TokenheatError: A name that the site does not list.
        """
        lines = {DEFAULT: DEFAULT_LINE, **self.settings.models}
        if name not in lines:
            raise TokenheatError(_unlisted(name, lines), option="model")
        return lines[name]


def _unlisted(name: str, lines: Mapping[str, str]) -> str:
    listed = "a page can name the models listed in the site's setting 'models'"
    if is_like(name, lines):
        return f"{unknown('model', name, lines)} ({listed})"
    return f"unknown model '{excerpt(name)}': {listed} ({', '.join(lines)})"


@dataclass(frozen=True)
class Request:
    """Which numbers a text needs.

    Attributes:
        key: The SHA-256 of everything that the numbers depend on.
        model: The model, or None where no model is needed.
        way: Which of its vectors or predictions are used.
    """

    key: str
    text: str
    metric: Metric
    unit: str
    target: str | None = None
    values: Numbers | ValuesFile | None = None
    tokens: tuple[str, ...] | None = None
    model: Source | None = None
    way: Way = Way()

    @property
    def runs(self) -> bool:
        """Whether the model must be run, rather than only its embeddings read."""
        return self.metric.needs == "predictions" or self.way.layer != "input"

    @property
    def what(self) -> str:
        """What it asks for, in a message."""
        return f"scores of this block (metric '{self.metric.name}')"

    @property
    def read(self) -> Read[Scores]:
        """Reads its entry."""
        return scores_of(len(self.text), self.way.topk)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The models that it depends on."""
        return (self.model,) if self.model else ()


Scored = tuple[Request, Scores | TokenheatError]
"""A request and its result."""

Wanted = Request | Statistic[Finding]
"""Anything that an entry can be requested with."""


def by_model(requests: Iterable[Wanted]) -> list[list[Request]]:
    """The requests for scores, grouped so that one load of a model serves each group."""
    groups: dict[tuple[str | None, bool, str], list[Request]] = defaultdict(list)
    for request in requests:
        if not isinstance(request, Request):
            continue
        line = request.model.line if request.model else None
        groups[line, request.runs, request.way.dtype].append(request)
    return list(groups.values())


def batched(requests: Sequence[Request], characters: int) -> Iterator[list[Request]]:
    """The requests in order, in batches whose texts have at most so many characters."""
    batch: list[Request] = []
    size = 0
    for request in requests:
        if batch and size + len(request.text) > characters:
            yield batch
            batch, size = [], 0
        batch.append(request)
        size += len(request.text)
    if batch:
        yield batch


def make_request(block: Block, models: Models, name: str, unit: str | None = None) -> Request:
    """The request for a block's scores.

    Parameters:
        name: The model to use.
        unit: Overrides the block's own.

    Raises:
        TokenheatError: An unknown name, a model that cannot be used, or a values file
            that cannot be read.
    """
    options = block.options
    metric = metric_of(options.metric)
    if "model" in block.lines:
        models.line(name)
    values = open_values(options.values, models.settings) if "values" in metric.parameters else None
    target = (options.target or "").strip() if "target" in metric.parameters else None
    tokens = options.tokens if metric.needs == "text" else None
    unit = (unit or options.unit) if tokens is None else "token"
    needs_model = tokens is None and (metric.needs != "text" or unit == "token")
    model = models.source(name) if needs_model else None
    way = _way(options, ways(options, metric, unit))
    key = make_key(
        text=block.text,
        metric=metric.name,
        unit=unit,
        target=target,
        values=values.digest if isinstance(values, ValuesFile) else values,
        tokens=tokens,
        model=model.identity if model else None,
        **way.chosen,
    )
    return Request(key, block.text, metric, unit, target, values, tokens, model, way)


def ways(options: Options, metric: Metric, unit: str) -> tuple[str, ...]:
    """The options that select among a model's vectors or predictions, where they matter."""
    if metric.needs == "text":
        return ()
    run = ("bos", "stride", "dtype")
    if metric.needs == "predictions":
        return (*run, "topk") if unit == "token" else run
    if options.layer == "input":
        return OF_TABLES
    return (*run, "layer", "pool") if unit == "word" else (*run, "layer")


def static_way(options: Options) -> Way:
    """Which vectors of a model's tables are used."""
    return _way(options, OF_TABLES)


def _way(options: Options, names: Iterable[str]) -> Way:
    return Way(**{name: getattr(options, name) for name in names})


def sources(block: Block, models: Models) -> list[Source]:
    """The models that a block names.

    Raises:
        TokenheatError: A name that the site does not list, or a model that cannot be used.
    """
    return [models.source(name) for name in block.options.models]
