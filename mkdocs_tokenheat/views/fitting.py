"""Which options work together: one that an author gives and nothing reads is an error."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mkdocs_tokenheat.block.options import Options
from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring.metrics import METRICS, Metric, metric_of
from mkdocs_tokenheat.scoring.request import OF_TABLES, ways
from mkdocs_tokenheat.views.colormaps import colormap
from mkdocs_tokenheat.views.registry import VIEWS
from mkdocs_tokenheat.views.scale import fixed_ends

__all__ = ["check_fitting", "has_baseline", "has_vocabulary"]


_TEXTS = ("text", "compare")
"""The views that show a text's metric."""


def has_vocabulary(options: Options, metric: Metric) -> bool:
    """Whether numbers are ranked among those of a whole vocabulary."""
    fits = metric.of_vocabulary and options.layer == "input"
    return options.scale == "vocabulary" and options.view in _TEXTS and fits


def has_baseline(options: Options, metric: Metric) -> bool:
    """Whether a text's numbers are compared with those of the shuffled text."""
    fits = metric.of_order and options.layer == "input"
    return options.baseline is not None and options.view == "text" and fits


def _of_way(name: str) -> Callable[[Options, Metric], bool]:
    def matters(options: Options, metric: Metric) -> bool:
        if name in OF_TABLES and options.view != "text":
            return True
        unit = "word" if options.view == "compare" else options.unit
        return name in ways(options, metric, unit)

    return matters


_VECTORS = "the metric norm, cosine-previous or cosine-target"
_TABLE = f"{_VECTORS}, and layer: input"
_RUN = "a metric of a model's predictions, or a layer"

_GOES_WITH: Mapping[str, tuple[Callable[[Options, Metric], bool], str]] = {
    "target": (lambda o, m: "target" in m.parameters, "the metric cosine-target"),
    "values": (lambda o, m: "values" in m.parameters, "the metric values"),
    "tokens": (
        lambda o, m: m.needs == "text",
        "a metric that needs no model: length or values",
    ),
    "layer": (lambda o, m: m.needs == "vectors", _VECTORS),
    "embedding": (_of_way("embedding"), _TABLE),
    "transform": (_of_way("transform"), _TABLE),
    "pool": (_of_way("pool"), "a layer and unit: word"),
    "topk": (_of_way("topk"), "a metric of a model's predictions and unit: token"),
    "bos": (_of_way("bos"), _RUN),
    "stride": (_of_way("stride"), _RUN),
    "dtype": (_of_way("dtype"), _RUN),
    "baseline": (
        has_baseline,
        "the metric cosine-previous and layer: input",
    ),
    "vmin": (lambda o, m: o.scale == "fixed", "scale: fixed"),
    "vmax": (lambda o, m: o.scale == "fixed", "scale: fixed"),
    "center": (lambda o, m: o.scale != "vocabulary", "a scale other than vocabulary"),
    "share": (
        lambda o, m: o.scale != "vocabulary",
        "a scale other than vocabulary, which makes all blocks of a model comparable",
    ),
}
"""For each option, when it has an effect, and what to call that condition."""


def check_fitting(block: Block) -> None:
    """Refuse options of the block itself that do not fit; a site's defaults may be unused.

    Raises:
        TokenheatError: An option that has no effect, lacks its partner or contradicts it.
    """
    options = block.options
    for name in block.lines:
        views = [view for view, its_own in VIEWS.items() if name in its_own]
        if views and options.view not in views:
            raise TokenheatError(
                f"option '{name}' requires view: {' or '.join(views)}", option=name
            )
    metric = metric_of(options.metric)
    for name, (means_something, what) in _GOES_WITH.items():
        # Stating a default is allowed.
        is_asked = name in block.lines and getattr(options, name) != getattr(Options, name)
        if is_asked and not means_something(options, metric):
            raise TokenheatError(f"option '{name}' requires {what}", option=name)
    _check_models(block)
    ranks = options.scale == "vocabulary" and "scale" in block.lines
    if ranks and not has_vocabulary(options, metric):
        raise TokenheatError(
            f"scale: vocabulary requires view: {' or '.join(_TEXTS)}, "
            f"the metric {' or '.join(_RANKED)} and layer: input",
            option="scale",
        )
    if options.view in _TEXTS:
        _check_metric(block, metric)
    colormap(options.colormap)
    if options.scale == "fixed":
        _check_ends(block)


def _check_ends(block: Block) -> None:
    low, high = fixed_ends(block.options)
    center = block.options.center
    if "center" in block.lines and center is not None and not low <= center <= high:
        raise TokenheatError("'center' must lie between 'vmin' and 'vmax'", option="center")


def _check_models(block: Block) -> None:
    count = len(block.options.models)
    if block.options.view == "compare" and count < 2:
        raise TokenheatError(
            "view: compare takes two or more models: model: [a, b]",
            option="model" if "model" in block.lines else "view",
        )
    if block.options.view != "compare" and not isinstance(block.options.model, str):
        raise TokenheatError("a list of models requires view: compare", option="model")


_RANKED = [metric.name for metric in METRICS.values() if metric.of_vocabulary]
_POOLED = [metric.name for metric in METRICS.values() if metric.pooled]


def _check_metric(block: Block, metric: Metric) -> None:
    options = block.options
    for name in metric.parameters:
        if getattr(options, name) is None:
            raise TokenheatError(
                f"metric '{metric.name}' needs the option '{name}'", option="metric"
            )
    if options.view == "compare":
        if options.unit == "token" and "unit" in block.lines:
            raise TokenheatError(
                "view: compare compares words: each model has its own tokens", option="unit"
            )
        if metric.needs == "text":
            raise TokenheatError(
                f"metric '{metric.name}' is the same for all models", option="metric"
            )
    if (options.unit == "word" or options.view == "compare") and not metric.of_words:
        raise TokenheatError(
            f"metric '{metric.name}' is for tokens: words have {' and '.join(_POOLED)}",
            option="unit" if "unit" in block.lines else "metric",
        )
    if metric.needs == "text" and options.tokens is not None:
        if options.unit == "word" and {"unit", "tokens"} <= block.lines.keys():
            raise TokenheatError(
                "options 'tokens' and 'unit: word' cannot be combined", option="unit"
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
        f"{_from(spelled, at)} and the text has {_from(text, at)}",
        option="tokens",
    )


def _from(text: str, at: int) -> str:
    """The text there, with a code point: characters may look alike or be invisible."""
    return f"'{text[at : at + 12]}' (U+{ord(text[at]):04X})" if at < len(text) else "its end"
