"""From a block to the request for its scores, and the key that names them in the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from mkdocs_tokenheat.block.options import Numbers, Options
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import TokenheatError, unknown
from mkdocs_tokenheat.models.identity import Identity
from mkdocs_tokenheat.models.source import DEFAULT, DEFAULT_LINE
from mkdocs_tokenheat.scoring.fitting import check_fitting
from mkdocs_tokenheat.scoring.metrics import METRICS, Metric
from mkdocs_tokenheat.scoring.scores import FORMAT
from mkdocs_tokenheat.scoring.values import ValuesFile, open_values
from mkdocs_tokenheat.settings import Settings

__all__ = ["FORMAT", "Request", "make_request", "model_line"]


@dataclass(frozen=True)
class Way:
    """Which vectors or predictions of a model are meant; the defaults where that does not matter.

    Attributes:
        layer: `input` for the embedding table, a layer's number, or `last`.
        embedding: `input` or `output`, with layer `input`.
        pool: How a word's hidden states become one: `mean` or `last`.
        bos: Whether a BOS token comes first; None as the tokenizer's template has it.
        topk: How many expected tokens are listed.
        stride: How far windows over a long text lie apart.
        dtype: The numbers that the model computes in.
    """

    layer: str = "input"
    embedding: str = "input"
    pool: str = "mean"
    bos: bool | None = None
    topk: int = 0
    stride: int | None = None
    dtype: str = "float32"


@dataclass(frozen=True)
class Request:
    """Which numbers a block needs.

    Attributes:
        key: The SHA-256 of everything that the numbers depend on.
        model: The model's line, or None where no model is needed.
        identity: Who the model is.
        way: Which of its vectors or predictions are meant.
    """

    key: str
    text: str
    metric: Metric
    unit: str
    target: str | None = None
    values: Numbers | ValuesFile | None = None
    tokens: tuple[str, ...] | None = None
    model: str | None = None
    identity: Identity | None = None
    way: Way = Way()

    @property
    def runs(self) -> bool:
        """Whether the model must be run, and not only its embeddings read."""
        return self.metric.needs == "predictions" or self.way.layer != "input"


def make_request(block: Block, settings: Settings, identify: Callable[[str], Identity]) -> Request:
    """The request for a block's scores.

    Parameters:
        identify: From a model's line to its identity.

    Raises:
        TokenheatError: Options that name nothing known or do not go together.
    """
    options = block.options
    metric = METRICS.get(options.metric)
    if metric is None:
        raise TokenheatError(unknown("metric", options.metric, METRICS), option="metric")
    check_fitting(block, metric)
    if "model" in block.lines:
        model_line(options.model, settings)
    values = open_values(options.values, settings) if "values" in metric.parameters else None
    target = (options.target or "").strip() if "target" in metric.parameters else None
    tokens = options.tokens if metric.takes_tokens else None
    unit = options.unit if tokens is None else "token"
    needs_model = tokens is None and (metric.needs != "text" or unit == "token")
    model = model_line(options.model, settings) if needs_model else None
    way = _way(options, metric)
    identity = _identity(options.model, model, identify) if model else None
    key = _key(
        format=FORMAT,
        text=block.text,
        metric=metric.name,
        unit=unit,
        target=target,
        values=values.digest if isinstance(values, ValuesFile) else values,
        tokens=tokens,
        model=identity,
        **{name: value for name, value in asdict(way).items() if value != getattr(Way(), name)},
    )
    return Request(key, block.text, metric, unit, target, values, tokens, model, identity, way)


def _way(options: Options, metric: Metric) -> Way:
    """The options that say which vectors or predictions are meant, as far as they matter."""
    if metric.needs == "text":
        return Way()
    run = Way(bos=options.bos, stride=options.stride, dtype=options.dtype)
    if metric.needs == "predictions":
        return replace(run, topk=options.topk if options.unit == "token" else 0)
    if options.layer == "input":
        return Way(embedding=options.embedding)
    return replace(
        run, layer=options.layer, pool=options.pool if options.unit == "word" else "mean"
    )


def model_line(name: str, settings: Settings) -> str:
    """The site's line for a model that a page names.

    Raises:
        TokenheatError: A name that the site does not list.
    """
    lines = {DEFAULT: DEFAULT_LINE, **settings.models}
    if name not in lines:
        raise TokenheatError(
            f"{unknown('model', name, lines)} "
            "(a page can name the models that the site's setting 'models' lists)",
            option="model",
        )
    return lines[name]


def _identity(name: str, line: str, identify: Callable[[str], Identity]) -> Identity:
    try:
        return identify(line)
    except TokenheatError as error:
        raise type(error)(f"model '{name}': {error.message}", option="model") from None


def _key(**parts: object) -> str:
    canonical = json.dumps(parts, ensure_ascii=True, sort_keys=True, default=_plain)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value))
