"""A text cut into units, tokens or words, before and after its numbers are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import le

import numpy as np

from mkdocs_tokenheat.block.words import Cell, Span, cells, is_simple, visible, words
from mkdocs_tokenheat.errors import TokenheatError, counted
from mkdocs_tokenheat.models.rows import RowModel
from mkdocs_tokenheat.models.tokenizer import Tokens
from mkdocs_tokenheat.scoring.entry import as_stored
from mkdocs_tokenheat.scoring.metrics.metric import Units
from mkdocs_tokenheat.scoring.request import Request
from mkdocs_tokenheat.scoring.scores import Note, Scores

__all__ = [
    "Cut",
    "cut_own",
    "cut_tokens",
    "cut_words",
    "finished",
    "joined",
    "tokens_of",
    "too_long",
]

_CHARACTERS_PER_TOKEN = 64
"""No natural-language text has tokens this long on average."""


@dataclass(frozen=True)
class Cut:
    """A text's units.

    Attributes:
        spans: The position of each unit in the text.
        is_word: Whether each unit is a word, rather than punctuation or a single token.
        groups: The tokens of each unit, by their index among the text's tokens.
        ids: The token ids that each unit's numbers depend on; None if no tokenizer is used.
        unknown: The units that the tokenizer has no token for.
    """

    spans: Sequence[Span]
    is_word: Sequence[bool] = ()
    groups: Sequence[Sequence[int]] = ()
    ids: Sequence[Sequence[int]] | None = None
    unknown: Sequence[int] = ()


def too_long(
    text: str, max_tokens: int, count: int = 0, unit: str = "token"
) -> TokenheatError | None:
    """The error for a text with too many units, or too many characters to be cut at all."""
    if len(text) > max_tokens * _CHARACTERS_PER_TOKEN:
        count, unit = len(text), "character"
    elif count <= max_tokens:
        return None
    return TokenheatError(
        f"the text has {counted(count, unit)}, more than max_tokens ({max_tokens}) allows: "
        "shorten it, or raise max_tokens in the site's settings",
        line=0,  # Not the model's line: it is the text that is too long.
    )


def tokens_of(text: str, model: RowModel, max_tokens: int) -> Tokens:
    """The text's tokens.

    Raises:
        TokenheatError: A text that is too long, or that the tokenizer cannot cut.
    """
    problem = too_long(text, max_tokens)
    if problem is None:
        (tokens,) = model.tokenizer.tokens([text])
        problem = too_long(text, max_tokens, len(tokens.ids))
    if problem is not None:
        raise problem
    return tokens


def cut_own(text: str, tokens: Sequence[str]) -> Cut:
    """The author's own tokens, which spell the text."""
    ends = np.cumsum([len(token) for token in tokens]).tolist()
    return Cut([visible(text, span) for span in zip([0, *ends], ends, strict=False)])


def cut_tokens(tokens: Tokens) -> Cut:
    """The model's tokens, each a unit."""
    return Cut(
        tokens.spans,
        groups=list(zip(range(len(tokens.ids)))),
        ids=list(zip(tokens.ids)),
        unknown=[i for i, unknown in enumerate(tokens.unknown) if unknown],
    )


def cut_words(text: str, tokens: Tokens | None) -> Cut:
    """Words and punctuation; a token belongs to the unit of its first visible character."""
    units = words(text)
    spans = [(start, end) for start, end, _ in units]
    is_word = [word for _, _, word in units]
    if tokens is None:
        return Cut(spans, is_word)
    unit_at = {at: i for i, (start, end) in enumerate(spans) for at in range(start, end)}
    groups: list[list[int]] = [[] for _ in spans]
    for token, (start, end) in enumerate(tokens.spans):
        unit = unit_at.get(start) if start < end else None
        if unit is not None:
            groups[unit].append(token)
    return Cut(
        spans,
        is_word,
        groups,
        [[tokens.ids[token] for token in group] for group in groups],
        [i for i, group in enumerate(groups) if any(tokens.unknown[token] for token in group)],
    )


@np.errstate(all="ignore")
def finished(
    request: Request,
    cut: Cut,
    units: Units,
    notes: Sequence[Note] = (),
    aside: Sequence[int] = (),
    expected: Sequence[Sequence[tuple[str, float]]] = (),
) -> Scores:
    """The scores of a text whose units have everything the metric needs."""
    numbers = request.metric.compute(units)
    if isinstance(numbers, np.ndarray):
        numbers = numbers.tolist()  # Python's numbers are written faster than NumPy's.
    unknown = cut.unknown if request.metric.needs != "text" else ()
    ids = None
    if cut.ids is not None and request.unit == "token":
        ids = "".join([f"{token};" for (token,) in cut.ids])
    elif cut.ids is not None:
        ids = "".join([f"{','.join(map(str, tokens))};" for tokens in cut.ids])
    if request.metric.needs == "text":  # Counted, or given by the author: they are exact.
        scores = [None if number is None else number + 0.0 for number in numbers]
    else:
        # Words recur, and so do their numbers.
        known = {number: as_stored(number) for number in {*numbers}}
        scores = [known[number] for number in numbers]
    for i in unknown:
        scores[i] = None
    starts, ends = [span[0] for span in cut.spans], [span[1] for span in cut.spans]
    together = joined(request.text, cut.spans)
    return Scores(starts, ends, ids, scores, together, unknown, notes, aside, expected)


def joined(text: str, spans: Sequence[Span]) -> list[Cell]:
    """The cells that differ from what one unit shows."""
    edges = list(chain.from_iterable(spans))
    if is_simple(text) and all(map(le, edges, edges[1:])):
        return []  # No unit reaches into the next one, and each character is a cluster.
    return [c for c in cells(text, spans) if c[1] > 1 or c[2:] != spans[c[0]]]
