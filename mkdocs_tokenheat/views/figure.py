"""The figure around every view: caption, legend and the table of all numbers."""

from __future__ import annotations

from mkdocs_tokenheat.block.parse import Block
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring.metrics import Metric
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.views.colormaps import Colormap, colormap
from mkdocs_tokenheat.views.labels import LABELS, expected, language, note, said, say
from mkdocs_tokenheat.views.markup import escape, number
from mkdocs_tokenheat.views.scale import Scale
from mkdocs_tokenheat.views.text import text_view

__all__ = ["error_figure", "figure"]

_BAR = (
    "display:inline-block;vertical-align:middle;width:8em;height:.8em;border:1px solid #767676;"
    "print-color-adjust:exact;background:linear-gradient(90deg,{stops})"
)
_ERROR = (
    "margin:1em 0;padding:.6em .8em;background:#fff;color:#000;border:2px solid #b00020;"
    "white-space:pre-wrap;overflow-wrap:break-word"
)


def figure(
    block: Block, scores: Scores, scale: Scale | None, metric: Metric, model: str | None, unit: str
) -> str:
    """A block's figure.

    Parameters:
        scale: What the numbers are coloured by; None where there are none.
        model: The name of the model that the numbers rest on, if they rest on one.
        unit: `token` or `word`.

    Raises:
        TokenheatError: A colour map that is not known.
    """
    options = block.options
    colours = colormap(options.colormap)
    lang = language(options.lang)
    text_lang = options.lang if "lang" in block.lines else None
    attribute = f' data-model="{escape(model)}"' if model else ""
    caption = _caption(block, scores, scale, metric, model, unit, colours, lang)
    table = _table(block.text, scores, unit, lang) if options.table else ""
    return (
        f'<figure class="tokenheat" data-metric="{metric.name}"{attribute}>'
        f"{text_view(block.text, scores, scale, colours, lang, text_lang)}"
        f"<figcaption>{caption}</figcaption>{table}</figure>"
    )


def _caption(
    block: Block,
    scores: Scores,
    scale: Scale | None,
    metric: Metric,
    model: str | None,
    unit: str,
    colours: Colormap,
    lang: str,
) -> str:
    options = block.options
    label = metric.labels.get(lang, metric.labels["en"])
    parts = {"unit": LABELS[lang][unit], "target": options.target or ""}
    what = escape(label.format(**parts))
    if model:
        what += f" ({say(lang, 'model', name=model)})"
    sentences = [f'<span class="tokenheat-label">{what}.</span>']
    if options.caption:
        sentences.insert(0, f'<span class="tokenheat-caption">{escape(options.caption)}</span>')
    if options.legend:
        sentences.append(_legend(scale, colours, options.share, lang))
    sentences += [sentence for each in scores.notes if (sentence := note(lang, each))]
    return " ".join(sentences)


def _legend(scale: Scale | None, colours: Colormap, share: str | None, lang: str) -> str:
    if scale is None:
        return f'<span class="tokenheat-legend">{say(lang, "no-numbers")}.</span>'
    stops = colours.gradient(scale.position(scale.low), scale.position(scale.high))
    bar = f'<span class="tokenheat-bar" style="{_BAR.format(stops=stops)}"></span>'
    low = ("≤ " if scale.smallest < scale.low else "") + number(scale.low)
    high = ("≥ " if scale.largest > scale.high else "") + number(scale.high)
    parts = [f'<span style="white-space:nowrap">{low} {bar} {high}</span>']
    if (scale.smallest, scale.largest) != (scale.low, scale.high):
        ends = {"smallest": number(scale.smallest), "largest": number(scale.largest)}
        parts.append(say(lang, "range", **ends))
    if share:
        parts.append(say(lang, "shared", name=share))
    return f'<span class="tokenheat-legend">{"; ".join(parts)}.</span>'


def _table(text: str, scores: Scores, unit: str, lang: str) -> str:
    empty = f"<i>{say(lang, 'nothing-shown')}</i>"
    shown = [_visible(text[start:end]) or empty for start, end in scores.spans]
    columns, names = [shown, said(scores, lang)], [f"column-{unit}", "column-score"]
    if scores.expected:
        columns.append(expected(scores))
        names.append("column-expected")
    head = "".join(f'<th scope="col">{say(lang, name)}</th>' for name in names)
    rows = (
        f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
        for row in zip(*columns, strict=True)
    )
    return (
        '<details class="tokenheat-data" data-search-exclude>'
        f"<summary>{say(lang, 'table')}</summary>"
        f'<table class="tokenheat-table"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></details>"
    )


def _visible(text: str) -> str:
    return escape(text.replace("\n", "⏎").replace(" ", "␣"))


def error_figure(error: TokenheatError, source: str, lang: str | None) -> str:
    """What stands in the page instead of a block that has an error."""
    return (
        f'<div class="tokenheat-error" role="alert" style="{_ERROR}">'
        f"<strong>{say(language(lang), 'error')}</strong>\n{escape(str(error))}\n\n"
        f"<code>{escape(source)}</code></div>"
    )
