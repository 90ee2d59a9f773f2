"""A block in a Sphinx doctree: a figure in HTML, text and table elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.texescape import escape

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.views.figure import error_figure
from mkdocs_tokenheat.views.plain import Piece, Plain, plain, xhtml

if TYPE_CHECKING:
    from sphinx.builders import Builder
    from sphinx.writers.html5 import HTML5Translator

__all__ = ["TokenheatNode", "show_error", "show_figure", "visit_html"]


class TokenheatNode(nodes.General, nodes.Element):
    """A block as its author wrote it and, in HTML once scored, its figure.

    In HTML, its children are not shown: they are the words for search.
    """


def visit_html(translator: HTML5Translator, node: TokenheatNode) -> None:
    """Write the figure, in a box if the page gives it a label or a class."""
    figure = f"{node['figure']}\n"
    if node["ids"] or node["classes"]:
        figure = f"{translator.starttag(node, 'div')}{figure}</div>\n"
    translator.body.append(figure)
    raise nodes.SkipNode


def show_figure(node: TokenheatNode, figure: str, builder: Builder) -> None:
    """Put a block's figure into the doctree, in a form that the builder can show."""
    said = plain(figure)
    if builder.format == "html":
        node["figure"] = _for(builder, figure)
        found = (said.text, said.words, said.caption)
        node.extend(nodes.paragraph(words, words) for words in found if words)
    else:
        _replace(node, _plain_nodes(said, builder, in_table=_is_in_table(node)))


def show_error(
    node: TokenheatNode, error: TokenheatError, settings: Settings, builder: Builder
) -> None:
    """Put an error message into the doctree, with the block as it was written."""
    written = node["written"]
    if builder.format == "html":
        figure = error_figure(error, written, settings.options.lang, settings.labels)
        node["figure"] = _for(builder, figure)
    else:
        message = str(error)
        told = nodes.error("", nodes.paragraph(message, message), _literal(written))
        _replace(node, [told])


def _for(builder: Builder, html: str) -> str:
    is_book = getattr(builder, "out_suffix", "") == ".xhtml"
    return xhtml(html) if is_book else html


def _replace(node: TokenheatNode, others: Iterable[nodes.Node]) -> None:
    """Replace the node with others, preceded by its labels."""
    labels = [nodes.target("", "", ids=node["ids"], names=node["names"])] if node["ids"] else []
    node["ids"], node["names"] = [], []
    node.replace_self([*labels, *others])


def _is_in_table(node: nodes.Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, nodes.table):
            return True
    return False


def _plain_nodes(said: Plain, builder: Builder, *, in_table: bool) -> Iterable[nodes.Node]:
    if builder.format == "latex":
        for shown in said.shown:
            if shown.name:
                yield nodes.paragraph("", "", nodes.strong(shown.name, shown.name))
            latex = _latex(shown.pieces, builder.config.latex_engine)
            yield nodes.raw("", latex, format="latex")
    elif said.shown:
        # Without colours, all models' texts are the same.
        yield _literal(said.text)
    if not said.shown and not said.table:
        yield _literal(said.words)
    if said.caption:
        yield nodes.paragraph("", "", nodes.strong(said.caption, said.caption))
    yield nodes.paragraph(said.legend, said.legend)
    if said.table and in_table:  # Few builders support nested tables.
        yield _literal("\n".join(map(" · ".join, said.table)))
    elif said.table:
        yield _table(said.table)


def _literal(text: str) -> nodes.literal_block:
    return nodes.literal_block(text, text, language="none")


_COLUMN = 24
"""The width of every column in characters, for builders that count in characters."""


def _table(rows: Sequence[Sequence[str]]) -> nodes.table:
    columns = len(rows[0])
    head, *body = (_row(row) for row in rows)
    group = nodes.tgroup("", cols=columns)
    group.extend(nodes.colspec(colwidth=_COLUMN) for _ in range(columns))
    group += [nodes.thead("", head), nodes.tbody("", *body)]
    # A long one continues on the next page.
    return nodes.table("", group, classes=["longtable"] if len(rows) > 30 else [])


def _row(cells: Sequence[str]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", nodes.paragraph(cell, cell)) for cell in cells))


_RUN = re.compile(r"^ | (?= )")


def _latex(pieces: Iterable[Piece], engine: str) -> str:
    """The text with each cell in a coloured box; Sphinx's own style loads `xcolor`."""
    shown = "".join(_latex_piece(piece, engine) for piece in pieces)
    return (
        "\n\\begingroup\\ttfamily\\raggedright\\setlength{\\parindent}{0pt}"
        f"\\setlength{{\\fboxsep}}{{1pt}}%\n{shown}\\par\\endgroup\n"
    )


def _latex_piece(piece: Piece, engine: str) -> str:
    lines = [_RUN.sub(r"\\ ", escape(line, engine)) for line in piece.text.split("\n")]
    if piece.background is None:
        return "\\mbox{}\\par\n".join(lines)
    ink = "FFFFFF" if piece.is_light else "000000"
    box = f"\\colorbox[HTML]{{{piece.background.upper()}}}"
    boxes = (f"{box}{{\\strut\\color[HTML]{{{ink}}}{line or '~'}}}" for line in lines)
    # In scripts written without spaces, a line may end between any two characters.
    wide = unicodedata.east_asian_width(piece.text[-1]) in "WF"
    return "\\mbox{}\\par\n".join(boxes) + ("\\hspace{0pt}" if wide else "")
