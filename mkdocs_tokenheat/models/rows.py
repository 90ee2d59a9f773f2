"""A model by its rows: tokenizer and embedding table, without running the model."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from mkdocs_tokenheat.block.text import LONGEST
from mkdocs_tokenheat.block.words import Span
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.foreign import foreign
from mkdocs_tokenheat.models.source import Files
from mkdocs_tokenheat.models.tensors import Rows, Table, open_output_table, open_table
from mkdocs_tokenheat.models.tokenizer import read_tokenizer
from mkdocs_tokenheat.models.vocabulary import Shift, fit_shift, ordinary

__all__ = ["BEFORE", "RowModel", "Tokens", "load"]

_SPACE = "\u2581"
"""What SentencePiece writes for a space."""

BEFORE = "x "
"""What a word is encoded behind, to get the form it has in the middle of a sentence."""

_CHUNK = 1 << 20
"""Numbers that are read at once of a table that is gone through as a whole: a processor's cache."""

_PRINTED = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
_OTHERS = (byte for byte in range(0x100) if byte not in _PRINTED)
_BYTES = {chr(byte): byte for byte in _PRINTED} | {
    chr(0x100 + i): byte for i, byte in enumerate(_OTHERS)
}
"""The byte that each character of a byte-level vocabulary stands for."""


@dataclass(frozen=True)
class Tokens:
    """A text's tokens.

    Attributes:
        ids: Each token's row in the vocabulary.
        spans: Each token's visible part of the text; empty where it shows none.
        unknown: Whether the tokenizer had no token for the text there.
    """

    ids: list[int]
    spans: list[Span]
    unknown: list[bool]


class RowModel:
    """A tokenizer and, opened when first asked for, the embedding table behind it."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._tokenizer, self._unknown = read_tokenizer(files)
        self._vocabulary = self._tokenizer.get_vocab_size(with_added_tokens=False)
        self._shifts: dict[tuple[str, str], Shift] = {}
        self._vocabularies: dict[int, NDArray[np.int64]] = {}
        self._word_forms: dict[str, tuple[list[int], bool]] = {}
        self._are_spaces: dict[int, bool] = {}

    @cached_property
    def _table(self) -> Table:
        return open_table(self._files, self._vocabulary)

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, without special ones.

        Raises:
            TokenheatError: A text that the tokenizer cannot cut.
        """
        return [
            self._tokens(text, encoding)
            for text, encoding in zip(texts, self._encode(texts), strict=True)
        ]

    def _tokens(self, text: str, encoding: Encoding) -> Tokens:
        ids = encoding.ids
        for token in {*ids} - self._are_spaces.keys():
            piece = self._tokenizer.id_to_token(token) or ""
            self._are_spaces[token] = bool(piece) and not piece.strip(_SPACE)
        spaces = [i for i, token in enumerate(ids) if self._are_spaces[token]]
        spans = _shown(text, encoding.offsets, spaces)
        return Tokens(ids, spans, [token == self._unknown for token in ids])

    def words(self, words: Iterable[str]) -> dict[str, tuple[list[int], bool]]:
        """For each word its token ids in the middle of a sentence, and whether all are known.

        Raises:
            TokenheatError: A word that the tokenizer cannot cut.
        """
        wanted = list(dict.fromkeys(words))
        missing = [word for word in wanted if word not in self._word_forms]
        for word, encoding in zip(
            missing, self._encode([BEFORE + w for w in missing]), strict=True
        ):
            start, end = len(BEFORE), len(BEFORE + word)
            ids = [
                token
                for token, (a, b) in zip(encoding.ids, encoding.offsets, strict=True)
                if a < end and b > start
            ]
            self._word_forms[word] = ids, self._unknown not in ids
        return {word: self._word_forms[word] for word in wanted}

    def rows(
        self, ids: Sequence[int], embedding: str = "input", transform: str | None = None
    ) -> NDArray[np.float64]:
        """The embedding of each token id, of shape (len(ids), dimensions).

        Parameters:
            embedding: `input`, or `output` for the matrix that hidden states are compared with.
            transform: What is done to it: `center`, or `all-but-the-top:D`.

        Raises:
            TokenheatError: A token that has no row.
        """
        count = self._open(embedding).shape[0]
        if ids and max(ids) >= count:
            raise TokenheatError(f"the model has no embedding for its token {max(ids)}")
        rows = self._open(embedding).rows(ids)
        return self.shift(embedding, transform)(rows) if transform else rows

    def shift(self, embedding: str, transform: str) -> Shift:
        """What the transform takes away from each vector, found from the whole vocabulary."""
        key = embedding, transform
        if key not in self._shifts:
            count = 0 if transform == "center" else int(transform.rpartition(":")[2])
            if count >= self._open(embedding).shape[1]:
                raise TokenheatError(
                    f"the model's vectors have no {count} directions to take away",
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
            self._vocabularies[rows] = ordinary(self._tokenizer, rows, self._unknown)
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
        return open_output_table(self._files, self._table, self._vocabulary)

    def drops_accents(self, text: str) -> bool:
        """Whether the tokenizer takes accents away from this text before it looks tokens up."""
        normalizer = self._tokenizer.normalizer
        if normalizer is None or text.isascii():
            return False
        with foreign("the model's tokenizer cannot read the text"):
            normalized = normalizer.normalize_str(text)
        if text in normalized.replace(_SPACE, " "):  # Sooner told than accents are counted.
            return False
        return _accents(normalized) < _accents(text)

    def written(self, token: int) -> str:
        r"""What the token writes; bytes that are no whole character as `\\xe1`.

        Raises:
            TokenheatError: What the tokenizer raises.
        """
        with foreign("the model's tokenizer cannot tell what a token writes"):
            return self._written(token)[:LONGEST]

    def _written(self, token: int) -> str:
        piece = self._tokenizer.id_to_token(token)
        if not piece:  # A row that pads the table.
            return f"#{token}"
        text = self._tokenizer.decode([token], skip_special_tokens=False)
        if piece.startswith(_SPACE) and not text.startswith(" "):
            return f" {text}"  # A decoder leaves out what would be a text's first space.
        if not text:
            return piece
        if "\ufffd" not in text:
            return text
        if not all(char in _BYTES for char in piece) or piece.startswith("<0x"):
            return piece
        return bytes(_BYTES[char] for char in piece).decode("utf-8", "backslashreplace")

    def _encode(self, texts: Sequence[str], *, add_special_tokens: bool = False) -> list[Encoding]:
        if not texts:
            return []
        with foreign("the model's tokenizer cannot cut the text"):
            return self._tokenizer.encode_batch(list(texts), add_special_tokens=add_special_tokens)


def _shown(text: str, offsets: Sequence[Span], spaces: Sequence[int]) -> list[Span]:
    """What each token shows of the text: its offsets less the white space at their start.

    Parameters:
        spaces: Which tokens are what SentencePiece writes for spaces.
    """
    spans = list(offsets)
    for i, (start, end) in enumerate(offsets):
        if not text[start : start + 1].isspace():
            continue
        if end - start > 1 and not text[start + 1].isspace():  # Nearly all of them.
            spans[i] = (start + 1, end)
        elif shown := text[start:end].lstrip():
            spans[i] = (end - len(shown), end)
    for i in spaces:
        start, end = offsets[i]
        piece = text[start:end]
        if piece.strip() and _SPACE not in piece:
            spans[i] = (start, start)
    return spans


def _accents(text: str) -> int:
    plain = unicodedata.normalize("NFD", text)
    return sum(plain.count(char) for char in {*plain} if unicodedata.combining(char))


Model = TypeVar("Model", bound=RowModel)

_loaded: dict[object, tuple[object, RowModel]] = {}
_lock = threading.Lock()


def load(key: object, identity: object, make: Callable[[], Model]) -> Model:
    """The model, loaded once a process and again only when its files have changed.

    Parameters:
        key: Its files, and what else it is made with.
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
