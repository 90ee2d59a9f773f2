"""From what has been found for a block to its figure."""

from __future__ import annotations

from mkdocs_tokenheat.views.colormaps import colormap
from mkdocs_tokenheat.views.figure import figure
from mkdocs_tokenheat.views.labels import Labels, language
from mkdocs_tokenheat.views.registry import view_of
from mkdocs_tokenheat.views.scale import fit
from mkdocs_tokenheat.views.share import SharedScales
from mkdocs_tokenheat.views.view import Answer

__all__ = ["draw"]


def draw(answer: Answer, shared: SharedScales, labels: Labels, page_lang: str) -> str:
    """A block's figure.

    Parameters:
        shared: The scales of the blocks of its page that share one.
        labels: What the figure says by itself.
        page_lang: The language of the page.

    Raises:
        TokenheatError: Options that do not go with the numbers.
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
    lang = "" if language(labels["lang"]) == language(page_lang) else labels["lang"]
    return figure(block, picture, view.measure(block), groups, scales, colours, labels, lang)
