"""From a block's results to its figure: scales, view, caption, legend and table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mkdocs_tokenheat.block.options import Options
from mkdocs_tokenheat.block.text import is_decomposed
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.views.colormaps import Colormap, colormap
from mkdocs_tokenheat.views.labels import Labels, labels_of, language, say
from mkdocs_tokenheat.views.markup import escape, isolated, line, needs_isolation, number
from mkdocs_tokenheat.views.paint import swatch
from mkdocs_tokenheat.views.registry import view_of
from mkdocs_tokenheat.views.scale import Percentiles, Scale, fit
from mkdocs_tokenheat.views.share import SharedScales
from mkdocs_tokenheat.views.view import Answer, Column, Group, Picture, lang_of

__all__ = ["draw", "error_figure"]

_CAPTION = "display:block;font-weight:bold"

_SHORT = 12
"""How long a legend's two numbers together may be to fit beside its bar on a narrow page."""

_SCROLLING = (
    '<div class="tokenheat-scroll" role="group" tabindex="0" style="overflow-x:auto" aria-label="{}">',
    "</div>",
)
_NARROW = 2
"""How many columns of a table fit on a page."""

_ERROR = (
    "margin:1em 0;padding:.6em .8em;background:#fff;color:#000;border:2px solid #b00020;"
    "overflow-wrap:break-word"
)
_WRITTEN = (
    "margin:.6em 0 0;padding:0;border:0;background:#fff;color:#000;"
    "white-space:pre-wrap;overflow-wrap:break-word"
)


def draw(answer: Answer, shared: SharedScales, labels: Labels, page_lang: str) -> str:
    """A block's figure.

    Parameters:
        shared: The scales that blocks of its page share.
        labels: The figure's labels.
        page_lang: The language of the page.

    Raises:
        TokenheatError: Options that do not fit the numbers.
    """
    block = answer.block
    options, view = block.options, view_of(block.options.view)
    groups = view.groups(answer)
    if options.share is None or any(group.quantiles for group in groups):
        scales = [fit(group.numbers, options, group.quantiles) for group in groups]
    else:
        scales = [shared.of(block)] * len(groups)
    colours = colormap(options.colormap)
    picture = view.draw(answer, scales, colours, labels)
    what = picture.what
    attributes = "" if options.view == "text" else f' data-view="{options.view}"'
    attributes += f' data-metric="{view.measure(block)}"'
    if picture.models:
        models, name = ", ".join(picture.models), "model" if len(picture.models) == 1 else "models"
        what += f" ({labels[name].format(name=models)})"
        attributes += f' data-model="{escape(models)}"'
    is_foreign = language(labels["lang"]) != language(page_lang)
    said_in = f' lang="{escape(labels["lang"])}"' if is_foreign else ""
    table = _table(picture.table(), labels, said_in, lang_of(block)) if options.table else ""
    sentences = [f'<span class="tokenheat-label">{escape(what)}.</span>']
    if options.caption:
        own = f' dir="auto" style="{_CAPTION}"'
        caption = f'<span class="tokenheat-caption"{own}>{escape(options.caption)}</span>'
        sentences.insert(0, caption)
    if options.legend:
        sentences.append(_legend(options, picture, groups, scales, colours, labels))
    sentences += filter(None, picture.notes)
    if picture.models and is_decomposed(block.text + (options.target or "")):
        sentences.append(say(labels, "decomposed"))
    caption = " ".join(sentences)
    return (
        f'<figure class="tokenheat"{attributes} aria-label="{_name(what, scales, labels)}">'
        f'{picture.body}<figcaption dir="auto"{said_in}>{caption}</figcaption>{table}</figure>'
    )


def _name(what: str, scales: Sequence[Scale | None], labels: Labels) -> str:
    """What a screen reader calls the figure."""
    ends = {scale.ends() for scale in scales if scale is not None}
    if not ends:
        return f"{escape(what)}: {say(labels, 'no-numbers')}"
    if len(ends) > 1:
        return escape(what)
    ((low, high),) = ends
    return say(labels, "figure", what=what, low=low, high=high)


def _legend(
    options: Options,
    picture: Picture,
    groups: Sequence[Group],
    scales: Sequence[Scale | None],
    colours: Colormap,
    labels: Labels,
) -> str:
    by_scale: dict[Scale | None, list[str]] = {}
    for group, scale in zip(groups, scales, strict=True):
        by_scale.setdefault(scale, []).append(group.name)
    parts: list[str] = []
    lines: list[str] = []
    for scale, names in by_scale.items():
        if len(by_scale) == 1:
            parts += _of_scale(scale, colours, labels)
        else:
            said = "; ".join(_of_scale(scale, colours, labels))
            lines.append(line(f"{escape(', '.join(names))}: {said}."))
    known = [scale for scale in by_scale if scale is not None]
    if any(isinstance(scale, Percentiles) for scale in known):
        parts.append(say(labels, "vocabulary"))
    if any(scale.clips for scale in known):
        parts.append(say(labels, "clipped"))
    if known and options.encode == "colour+underline":
        parts.append(say(labels, "underlined"))
    if options.share and any(not isinstance(scale, Percentiles) for scale in known):
        parts.append(say(labels, "shared", name=options.share))
    parts += picture.legend
    if parts:
        said = "; ".join(parts)
        lines.append(f"{said[:1].upper() if lines else said[:1]}{said[1:]}.")
    return f'<span class="tokenheat-legend">{" ".join(lines)}</span>'


def _of_scale(scale: Scale | None, colours: Colormap, labels: Labels) -> list[str]:
    if scale is None:
        return [say(labels, "no-numbers")]
    stops = colours.gradient(scale.position(scale.low), scale.position(scale.high))
    bar = swatch("8em", f"background:linear-gradient(90deg,{stops})")
    low, high = scale.ends()
    # Long ends may wrap above and below the bar.
    style = ' style="white-space:nowrap"' if len(low + high) <= _SHORT else ""
    # A gradient does not reverse by itself on a page that runs from right to left.
    parts = [f'<span dir="ltr"{style}>{low} {bar} {high}</span>']
    if (scale.smallest, scale.largest) != (scale.low, scale.high):
        ends = {"smallest": number(scale.smallest), "largest": number(scale.largest)}
        parts.append(say(labels, "range", **ends))
    return parts


def _table(columns: Sequence[Column], labels: Labels, lang: str, text_lang: str) -> str:
    head = "".join(f'\n<th scope="col">{column.name}</th>' for column in columns)
    # Assembled column by column: joining each row would take twice as long.
    is_wide = len(columns) > _NARROW
    others = ["</td>\n<td>", ""] * (len(columns) - 2)
    row = ["\n<tr><th>", "", "</th>\n<td>", "", *others, "</td></tr>"]
    parts = row * len(columns[0].cells)
    for i, column in enumerate(columns):
        cells = column.cells
        if needs_isolation("".join(cells)):
            cells = list(map(isolated, cells))
        parts[2 * i + 1 :: len(row)] = cells
    texts = [f" tokenheat-text-{i}" for i, column in enumerate(columns, 1) if column.is_text]
    opening, closing = _SCROLLING if is_wide else ("", "")
    name = say(labels, "table")
    start = (
        f'<details class="tokenheat-data"{lang} data-search-exclude>'
        f"<summary>{name}</summary>{opening.format(name)}"
        f'<table class="tokenheat-table{"".join(texts)}"><thead><tr>{head}</tr></thead>'
        f"<tbody{text_lang}>"
    )
    return "".join([start, *parts, f"</tbody></table>{closing}</details>"])


def error_figure(
    error: TokenheatError, source: str, lang: str | None, own: Mapping[str, Labels]
) -> str:
    """What the page shows instead of a block that has an error.

    Parameters:
        lang: The site's language.
        own: The site's own labels.
    """
    return (
        f'<div class="tokenheat-error" role="alert" style="{_ERROR}">'
        f"<strong>{say(labels_of(lang, own), 'error')}</strong><br>{escape(str(error))}"
        f'<pre style="{_WRITTEN}">{escape(source)}</pre></div>'
    )
