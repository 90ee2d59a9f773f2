"""From a block to the request for its scores, and the key that names them in the cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
class Request:
    """Which numbers a block needs.

    Attributes:
        key: The SHA-256 of everything that the numbers depend on.
        model: The model's line, or None where no model is needed.
        identity: Who the model is.
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
    needs_model = tokens is None and (metric.needs_vectors or unit == "token")
    model = model_line(options.model, settings) if needs_model else None
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
    )
    return Request(key, block.text, metric, unit, target, values, tokens, model, identity)


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
