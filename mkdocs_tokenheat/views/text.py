"""The text view: the block's text, each token or word in the colour of its number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.scoring.request import Models, Wanted, make_request
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.scoring.statistic import make_statistic
from mkdocs_tokenheat.views.colormaps import Colormap
from mkdocs_tokenheat.views.coloured import pieces_of, shown_text, units_of
from mkdocs_tokenheat.views.fitting import has_baseline, has_vocabulary
from mkdocs_tokenheat.views.labels import Labels, expected, note, said, say
from mkdocs_tokenheat.views.markup import number
from mkdocs_tokenheat.views.paint import HATCHED_SWATCH
from mkdocs_tokenheat.views.scale import Scale
from mkdocs_tokenheat.views.view import Answer, Column, Group, Picture, View

if TYPE_CHECKING:
    from mkdocs_tokenheat.scoring.geometry.baseline import Baseline
    from mkdocs_tokenheat.scoring.geometry.quantiles import Quantiles

__all__ = ["VIEW", "asked_of", "group_of", "hatched", "what_of"]


def asked_of(
    block: Block, models: Models, name: str, unit: str | None = None, mark: str = ""
) -> dict[str, Wanted]:
    """What a text coloured by its scores needs.

    Parameters:
        name: The model's name.
        unit: Overrides the block's own.
        mark: Distinguishes it from other texts in the same block.
    """
    request, options = make_request(block, models, name, unit), block.options
    asked: dict[str, Wanted] = {f"scores{mark}": request}
    if request.model is not None and has_vocabulary(options, request.metric):
        from mkdocs_tokenheat.scoring.geometry import quantiles

        single = quantiles.Given(metric=request.metric.name, target=request.target)
        asked[f"quantiles{mark}"] = make_statistic(
            quantiles.KIND, [request.model], request.way, single
        )
    if request.model is not None and has_baseline(options, request.metric):
        from mkdocs_tokenheat.scoring.geometry import baseline

        whole = baseline.Given(text=request.text, unit=request.unit)
        asked[f"baseline{mark}"] = make_statistic(
            baseline.KIND, [request.model], request.way, whole
        )
    return asked


def group_of(answer: Answer, mark: str = "") -> Group:
    """The numbers of such a text."""
    quantiles: Quantiles | None = answer.found.get(f"quantiles{mark}")
    scores: Scores = answer.found[f"scores{mark}"]
    return Group(scores.coloured, quantiles.numbers if quantiles else ())


def what_of(answer: Answer, labels: Labels, unit: str) -> str:
    """What such a text shows, in words."""
    options = answer.block.options
    vector = options.embedding if options.layer == "input" else "layer"
    return labels[f"metric-{options.metric}"].format(
        unit=labels[unit], vector=labels[f"vector-{vector}"], target=options.target or ""
    )


def hatched(scores: Scores, labels: Labels) -> list[str]:
    """The legend's entry for cells without a colour, if there are any."""
    if len(scores.coloured) == len(scores.scores):
        return []
    units = zip(scores.on_scale, scores.spans, strict=True)
    if any(score is None and start < end for score, (start, end) in units):
        return [f"{HATCHED_SWATCH} {say(labels, 'hatched')}"]
    return []


def _draw(
    answer: Answer, scales: Sequence[Scale | None], colours: Colormap, labels: Labels
) -> Picture:
    block = answer.block
    request, scores = answer.request, answer.scores
    pieces, numbers = pieces_of(block.text, scores), said(scores, labels, scales[0])
    baseline: Baseline | None = answer.found.get("baseline")
    legend = hatched(scores, labels) if scales[0] else []
    if baseline is not None:
        legend.append(_muted(scores, baseline, labels, labels[request.unit]))
    return Picture(
        body=shown_text(block, scores, pieces, numbers, scales[0], colours, baseline),
        what=what_of(answer, labels, request.unit),
        models=(request.model.name,) if request.model else (),
        legend=legend,
        notes=[note(labels, each) for each in scores.notes],
        table=lambda: _table(scores, pieces, numbers, request.unit, labels),
    )


def _muted(scores: Scores, baseline: Baseline, labels: Labels, unit: str) -> str:
    if baseline.threshold is None:
        return say(labels, "no-baseline")
    count = sum(map(baseline.stands_out, scores.coloured))
    return say(
        labels,
        "muted",
        unit=unit,
        threshold=number(baseline.threshold),
        count=str(count),
        chance=f"{baseline.by_chance:.2g}",
    )


def _table(
    scores: Scores, pieces: Sequence[str], numbers: Sequence[str], unit: str, labels: Labels
) -> list[Column]:
    columns = [
        Column(say(labels, f"column-{unit}"), units_of(pieces, labels)),
        Column(say(labels, "column-score"), numbers),
    ]
    if scores.expected:
        columns.append(Column(say(labels, "column-expected"), expected(scores), is_text=True))
    return columns


VIEW = View(
    measure=lambda block: block.options.metric,
    ask=lambda block, models: asked_of(block, models, block.options.models[0]),
    groups=lambda answer: [group_of(answer)],
    draw=_draw,
)
