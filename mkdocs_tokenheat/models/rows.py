"""A model's tokenizer and embedding table, without running the model."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.models.source import Files
from mkdocs_tokenheat.models.tensors import Rows, Table, open_output_table, open_table
from mkdocs_tokenheat.models.tokenizer import TextTokenizer
from mkdocs_tokenheat.models.vocabulary import Shift, fit_shift, ordinary

__all__ = ["RowModel", "load"]

_CHUNK = 1 << 20
"""How many numbers of a whole table are read at once: as many as fit in a processor's cache."""


class RowModel:
    """A tokenizer and its embedding table, which is opened when first needed.

    Attributes:
        tokenizer: Cuts texts into its tokens.

    Raises:
        TokenheatError: A tokenizer or, later, a table that cannot be read.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self.tokenizer = TextTokenizer(files)
        self._shifts: dict[tuple[str, str], Shift] = {}
        self._vocabularies: dict[int, NDArray[np.int64]] = {}

    @cached_property
    def _table(self) -> Table:
        return open_table(self._files, self.tokenizer.size)

    def rows(
        self, ids: Sequence[int], embedding: str = "input", transform: str | None = None
    ) -> NDArray[np.float64]:
        """The embedding of each token id, of shape (len(ids), dimensions).

        Parameters:
            embedding: `input`, or `output` for the matrix that hidden states are compared with.
            transform: The transform applied: `center`, or `all-but-the-top:D`.

        Raises:
            TokenheatError: A token that has no row.
        """
        count = self._open(embedding).shape[0]
        if ids and max(ids) >= count:
            raise TokenheatError(f"the model has no embedding for its token {max(ids)}")
        rows = self._open(embedding).rows(ids)
        return self.shift(embedding, transform)(rows) if transform else rows

    def shift(self, embedding: str, transform: str) -> Shift:
        """What the transform removes from each vector, computed from the whole vocabulary.

        Raises:
            TokenheatError: The vectors have too few directions, or there are none.
        """
        key = embedding, transform
        if key not in self._shifts:
            count = 0 if transform == "center" else int(transform.rpartition(":")[2])
            if count >= self._open(embedding).shape[1]:
                raise TokenheatError(
                    f"the model's vectors have too few dimensions to remove {count} directions",
                    option="transform",
                )
            parts = (rows for _, rows in self.ordinary_rows(embedding))
            self._shifts[key] = fit_shift(parts, count)
        return self._shifts[key]

    def shape(self, embedding: str) -> tuple[int, ...]:
        """How many rows and dimensions the table has."""
        return self._open(embedding).shape

    def vocabulary(self, embedding: str = "input") -> NDArray[np.int64]:
        """The ids of the tokens that are neither special nor unused, in order."""
        rows, _ = self.shape(embedding)
        if rows not in self._vocabularies:
            self._vocabularies[rows] = ordinary(
                self.tokenizer.backend, rows, self.tokenizer.unknown
            )
        return self._vocabularies[rows]

    def chunks(self, embedding: str = "input") -> Iterator[tuple[int, NDArray[np.float32]]]:
        """The whole table, a few rows at a time: the number of the first, and their vectors."""
        table = self._open(embedding)
        rows, dimensions = table.shape
        step = max(1, _CHUNK // dimensions)
        for start in range(0, rows, step):
            yield start, table.part(start, min(rows, start + step))

    def ordinary_rows(
        self, embedding: str = "input", transform: str | None = None
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """The ordinary tokens of the whole vocabulary, a few at a time: ids and vectors."""
        ids = self.vocabulary(embedding)
        for start, part in self.chunks(embedding):
            mine = ids[(ids >= start) & (ids < start + len(part))]
            rows = part[mine - start].astype(np.float64)
            yield mine, self.shift(embedding, transform)(rows) if transform else rows

    def _open(self, embedding: str) -> Rows:
        return self._table if embedding == "input" else self._output[0]

    @property
    def is_tied(self) -> bool:
        """Whether the output embeddings are the input embeddings."""
        return self._output[1]

    @cached_property
    def _output(self) -> tuple[Table, bool]:
        return open_output_table(self._files, self._table, self.tokenizer.size)


Model = TypeVar("Model", bound=RowModel)

_loaded: dict[object, tuple[object, RowModel]] = {}
_lock = threading.Lock()


def load(key: object, identity: object, make: Callable[[], Model]) -> Model:
    """The model, loaded once per process and again only when its files have changed.

    Parameters:
        key: Its files, and whatever else it is made with.
        identity: What the files hold.

    Raises:
        TokenheatError: Files that cannot be read.
    """
    with _lock:
        known = _loaded.get(key)
        if known is None or known[0] != identity:
            known = _loaded[key] = identity, make()
        model: Model = known[1]  # type: ignore[assignment]
        return model
