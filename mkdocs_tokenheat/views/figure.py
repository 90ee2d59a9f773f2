"""The figure around every view: caption, legend and the table of all numbers."""

from __future__ import annotations

from collections.abc import Mapping

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring.metrics import Metric
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.views.colormaps import Colormap, colormap
from mkdocs_tokenheat.views.labels import Labels, expected, labels_of, note, said, say
from mkdocs_tokenheat.views.markup import escape, number
from mkdocs_tokenheat.views.paint import HATCHED
from mkdocs_tokenheat.views.scale import Scale
from mkdocs_tokenheat.views.text import KEPT, text_view

__all__ = ["error_figure", "figure"]

_BAR = (
    "display:inline-block;vertical-align:middle;width:{width};height:.8em;border:1px solid #767676;"
    + KEPT
)
_ERROR = (
    "margin:1em 0;padding:.6em .8em;background:#fff;color:#000;border:2px solid #b00020;"
    "white-space:pre-wrap;overflow-wrap:break-word"
)


def figure(
    block: Block,
    scores: Scores,
    scale: Scale | None,
    metric: Metric,
    model: str | None,
    unit: str,
    labels: Labels,
) -> str:
    """A block's figure.

    Parameters:
        scale: What the numbers are coloured by; None where there are none.
        model: The name of the model that the numbers rest on, if they rest on one.
        unit: `token` or `word`.
        labels: What the figure says by itself, in the language of the page.

    Raises:
        TokenheatError: A colour map that is not known.
    """
    options = block.options
    colours = colormap(options.colormap)
    vector = options.embedding if options.layer == "input" else "layer"
    parts = {
        "unit": labels[unit],
        "vector": labels[f"vector-{vector}"],
        "target": options.target or "",
    }
    what = labels[f"metric-{metric.name}"].format(**parts)
    if model:
        what += f" ({labels['model'].format(name=model)})"
    attribute = f' data-model="{escape(model)}"' if model else ""
    table = _table(block.text, scores, unit, labels) if options.table else ""
    return (
        f'<figure class="tokenheat" data-metric="{metric.name}"{attribute} '
        f'aria-label="{_name(what, scale, labels)}">'
        f"{text_view(block, scores, scale, colours, labels)}"
        f"<figcaption>{_caption(block, scores, scale, what, colours, labels)}</figcaption>"
        f"{table}</figure>"
    )


def _name(what: str, scale: Scale | None, labels: Labels) -> str:
    """What a screen reader calls the figure."""
    if scale is None:
        return f"{escape(what)}: {say(labels, 'no-numbers')}"
    low, high = _ends(scale)
    return say(labels, "figure", what=what, low=low, high=high)


def _ends(scale: Scale) -> tuple[str, str]:
    """The scale's two ends, and where it is clipped."""
    low = ("≤ " if scale.smallest < scale.low else "") + number(scale.low)
    high = ("≥ " if scale.largest > scale.high else "") + number(scale.high)
    return low, high


def _caption(
    block: Block,
    scores: Scores,
    scale: Scale | None,
    what: str,
    colours: Colormap,
    labels: Labels,
) -> str:
    options = block.options
    sentences = [f'<span class="tokenheat-label">{escape(what)}.</span>']
    if options.caption:
        sentences.insert(0, f'<span class="tokenheat-caption">{escape(options.caption)}</span>')
    if options.legend:
        sentences.append(_legend(block, scores, scale, colours, labels))
    sentences += [sentence for each in scores.notes if (sentence := note(labels, each))]
    return " ".join(sentences)


def _legend(
    block: Block, scores: Scores, scale: Scale | None, colours: Colormap, labels: Labels
) -> str:
    options = block.options
    parts = [say(labels, "no-numbers")]
    if scale is not None:
        stops = colours.gradient(scale.position(scale.low), scale.position(scale.high))
        bar = _swatch("8em", f"background:linear-gradient(90deg,{stops})")
        low, high = _ends(scale)
        parts = [f'<span style="white-space:nowrap">{low} {bar} {high}</span>']
        if (scale.smallest, scale.largest) != (scale.low, scale.high):
            ends = {"smallest": number(scale.smallest), "largest": number(scale.largest)}
            parts.append(say(labels, "range", **ends))
        if scale.smallest < scale.low or scale.largest > scale.high:
            parts.append(say(labels, "clipped"))
        if options.encode == "colour+underline":
            parts.append(say(labels, "underlined"))
        if options.share:
            parts.append(say(labels, "shared", name=options.share))
        on_scale = zip(scores.on_scale, scores.spans, strict=True)
        if any(score is None for score, (start, end) in on_scale if start < end):
            parts.append(f"{_swatch('1.2em', HATCHED)} {say(labels, 'hatched')}")
    return f'<span class="tokenheat-legend">{"; ".join(parts)}.</span>'


def _swatch(width: str, background: str) -> str:
    return f'<span class="tokenheat-bar" style="{_BAR.format(width=width)};{background}"></span>'


def _table(text: str, scores: Scores, unit: str, labels: Labels) -> str:
    empty = f"<i>{say(labels, 'nothing-shown')}</i>"
    shown = [_visible(text[start:end]) or empty for start, end in scores.spans]
    columns, names = [shown, said(scores, labels)], [f"column-{unit}", "column-score"]
    if scores.expected:
        columns.append(expected(scores))
        names.append("column-expected")
    head = "".join(f'<th scope="col">{say(labels, name)}</th>' for name in names)
    rows = (
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
        for row in zip(*columns, strict=True)
    )
    return (
        '<details class="tokenheat-data" data-search-exclude>'
        f"<summary>{say(labels, 'table')}</summary>"
        f'<table class="tokenheat-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></details>"
    )


def _visible(text: str) -> str:
    return escape(text.replace("\n", "⏎").replace(" ", "␣"))


def error_figure(
    error: TokenheatError, source: str, lang: str | None, own: Mapping[str, Labels] | None = None
) -> str:
    """What stands in the page instead of a block that has an error.

    Parameters:
        lang: The site's language.
        own: The site's own labels.
    """
    return (
        f'<div class="tokenheat-error" role="alert" style="{_ERROR}">'
        f"<strong>{say(labels_of(lang, own or {}), 'error')}</strong>\n{escape(str(error))}\n\n"
        f"<code>{escape(source)}</code></div>"
    )
