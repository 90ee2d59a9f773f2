"""The vectors of words, and what a caption says of vectors that come from a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mkdocs_tokenheat.scoring.scores import Note
from mkdocs_tokenheat.scoring.statistic import Way

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mkdocs_tokenheat.models.rows import RowModel

__all__ = ["normalized", "table_notes", "word_vectors"]


def word_vectors(
    words: Sequence[str], model: RowModel, way: Way
) -> tuple[NDArray[np.float64], list[Note]]:
    """The vector of each word, the mean of its tokens' in the middle of a sentence, and notes.

    The vectors have the shape (words, dimensions); those of words that the tokenizer does not
    know are NaN.

    Raises:
        TokenheatError: A token that has no row.
    """
    import numpy as np

    forms = model.words(words)
    known = {word: ids for word, (ids, all_known) in forms.items() if all_known and ids}
    needed = sorted({token for ids in known.values() for token in ids})
    rows = model.rows(needed, way.embedding, way.transform)
    at = {token: i for i, token in enumerate(needed)}
    vectors = np.full((len(words), rows.shape[1]), np.nan)
    for i, word in enumerate(words):
        if word in known:
            vectors[i] = rows[[at[token] for token in known[word]]].mean(axis=0)
    notes: list[Note] = []
    if any(len(ids) > 1 for ids in known.values()):
        notes.append(("words-pooled",))
    return vectors, notes + table_notes(model, way, " ".join(words))


def normalized(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each vector with the length 1; NaN for one that has no direction."""
    import numpy as np

    with np.errstate(all="ignore"):
        lengths = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
        unit: NDArray[np.float64] = vectors / np.where(lengths > 0, lengths, np.nan)
    return unit


def table_notes(model: RowModel, way: Way, text: str) -> list[Note]:
    """What a caption says of vectors from a model's table, and of what its tokenizer drops."""
    notes: list[Note] = []
    if way.transform == "center":
        notes.append(("centred",))
    elif way.transform is not None:
        notes.append(("all-but-the-top", int(way.transform.rpartition(":")[2])))
    if way.embedding == "output":
        notes.append(("tied",) if model.is_tied else ("untied",))
    if model.drops_accents(text):
        notes.append(("accents-dropped",))
    return notes
