"""Which options go together: what an author gives and nothing would read is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mkdocs_tokenheat.block.options import Options
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring.metrics.metric import Metric

__all__ = ["check_fitting"]


def _runs(options: Options, metric: Metric) -> bool:
    return metric.needs == "predictions" or (metric.needs == "vectors" and options.layer != "input")


_GOES_WITH: Mapping[str, tuple[Callable[[Options, Metric], bool], str]] = {
    "target": (lambda o, m: "target" in m.parameters, "the metric cosine-target"),
    "values": (lambda o, m: "values" in m.parameters, "the metric values"),
    "tokens": (
        lambda o, m: m.takes_tokens,
        "the metrics length and values, which need no model",
    ),
    "layer": (lambda o, m: m.needs == "vectors", "norm and the cosines of vectors"),
    "embedding": (
        lambda o, m: m.needs == "vectors" and o.layer == "input",
        "norm and the cosines of vectors, and with layer: input",
    ),
    "pool": (
        lambda o, m: m.needs == "vectors" and o.layer != "input" and o.unit == "word",
        "a layer and unit: word",
    ),
    "topk": (
        lambda o, m: m.needs == "predictions" and o.unit == "token",
        "the metrics of a model's predictions and unit: token",
    ),
    "bos": (_runs, "a metric of a model's predictions, or a layer"),
    "stride": (_runs, "a metric of a model's predictions, or a layer"),
    "dtype": (_runs, "a metric of a model's predictions, or a layer"),
    "vmin": (lambda o, m: o.scale == "fixed", "scale: fixed"),
    "vmax": (lambda o, m: o.scale == "fixed", "scale: fixed"),
}
"""For each option when it means something, and what that is called."""


def check_fitting(block: Block, metric: Metric) -> None:
    """Refuse what does not go together in the block itself; a site's defaults may lie idle.

    Raises:
        TokenheatError: An option that means nothing here, lacks its partner or contradicts it.
    """
    options = block.options
    for name, (means_something, what) in _GOES_WITH.items():
        if name in block.lines and not means_something(options, metric):
            raise TokenheatError(f"option '{name}' goes with {what}", option=name)
    for name in metric.parameters:
        if getattr(options, name) is None:
            raise TokenheatError(
                f"metric '{metric.name}' needs the option '{name}'", option="metric"
            )
    if options.unit == "word" and not metric.of_words:
        raise TokenheatError(
            f"metric '{metric.name}' is of tokens: words have probability and surprisal",
            option="unit" if "unit" in block.lines else "metric",
        )
    if metric.takes_tokens and options.tokens is not None:
        if options.unit == "word" and {"unit", "tokens"} <= block.lines.keys():
            raise TokenheatError(
                "options 'tokens' and 'unit: word' exclude each other", option="unit"
            )
        _check_spelling(options.tokens, block.text)


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
