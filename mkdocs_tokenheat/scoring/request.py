"""From a block to the request for its scores, and the key that names them in the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

from mkdocs_tokenheat.block.options import Numbers
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import TokenheatError, unknown
from mkdocs_tokenheat.models.identity import Identity
from mkdocs_tokenheat.models.source import DEFAULT, DEFAULT_LINE
from mkdocs_tokenheat.scoring.metrics import METRICS, Metric
from mkdocs_tokenheat.scoring.values import ValuesFile, open_values
from mkdocs_tokenheat.settings import Settings

__all__ = ["FORMAT", "Request", "make_request", "model_line"]

FORMAT = 1
"""The version of what an entry means; another version's entries are left alone."""


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
    _check(block, metric)
    values = open_values(options.values, settings) if "values" in metric.parameters else None
    target = (options.target or "").strip() if "target" in metric.parameters else None
    tokens = options.tokens if metric.takes_tokens else None
    unit = options.unit if tokens is None else "token"
    needs_model = tokens is None and (metric.needs != "text" or unit == "token")
    model = model_line(options.model, settings) if needs_model else None
    way = _way(block, metric)
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


_NEEDED = {
    "layer": ("vectors",),
    "embedding": ("vectors",),
    "pool": ("vectors",),
    "topk": ("predictions",),
    "bos": ("vectors", "predictions"),
    "stride": ("vectors", "predictions"),
    "dtype": ("vectors", "predictions"),
}


def _way(block: Block, metric: Metric) -> Way:
    """The options that say which vectors or predictions are meant, as far as they matter."""
    options = block.options
    for name, needs in _NEEDED.items():
        if name in block.lines and metric.needs not in needs:
            raise TokenheatError(
                f"option '{name}' does not go with metric '{metric.name}'", option=name
            )
    if options.unit == "word" and not metric.of_words:
        raise TokenheatError(
            f"metric '{metric.name}' is of tokens: words have probability and surprisal",
            option="unit" if "unit" in block.lines else "metric",
        )
    if metric.needs == "text":
        return Way()
    run = Way(bos=options.bos, stride=options.stride or None, dtype=options.dtype)
    if metric.needs == "predictions":
        if options.topk and options.unit == "word":
            raise TokenheatError(
                "option 'topk' lists tokens: it goes with unit: token", option="topk"
            )
        return replace(run, topk=options.topk)
    if options.layer == "input":
        return Way(embedding=options.embedding)
    if "embedding" in block.lines:
        raise TokenheatError("option 'embedding' goes with 'layer: input'", option="embedding")
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
        raise TokenheatError(f"model '{name}': {error.message}", option="model") from None


def _check(block: Block, metric: Metric) -> None:
    options = block.options
    for name in metric.parameters:
        if getattr(options, name) is None:
            raise TokenheatError(
                f"metric '{metric.name}' needs the option '{name}'", option="metric"
            )
    for name in ("target", "values"):
        if name in block.lines and name not in metric.parameters:
            owner = next(m.name for m in METRICS.values() if name in m.parameters)
            raise TokenheatError(
                f"option '{name}' belongs to metric '{owner}', the metric here is '{metric.name}'",
                option=name,
            )
    if "tokens" not in block.lines:
        return
    if not metric.takes_tokens:
        takers = " and ".join(f"'{m.name}'" for m in METRICS.values() if m.takes_tokens)
        raise TokenheatError(
            f"option 'tokens' goes with the metrics {takers}, which need no model", option="tokens"
        )
    if options.unit == "word" and "unit" in block.lines:
        raise TokenheatError("options 'tokens' and 'unit: word' exclude each other", option="unit")
    _check_spelling(options.tokens or (), block.text)


def _check_spelling(tokens: tuple[str, ...], text: str) -> None:
    spelled = "".join(tokens)
    if spelled == text:
        return
    at = next((i for i, (a, b) in enumerate(zip(spelled, text, strict=False)) if a != b), None)
    if at is None:
        at = min(len(spelled), len(text))
    raise TokenheatError(
        f"the tokens do not spell the text: from character {at + 1} on they have "
        f"'{spelled[at : at + 12]}' and the text '{text[at : at + 12]}'",
        option="tokens",
    )


def _key(**parts: object) -> str:
    canonical = json.dumps(parts, ensure_ascii=True, sort_keys=True, default=_plain)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value))
