"""A model by its rows: tokenizer and embedding table, without running the model."""

from __future__ import annotations

import json
import threading
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from mkdocs_tokenheat.block.words import Span, visible
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.models.source import Files
from mkdocs_tokenheat.models.tensors import Table, open_table

__all__ = ["RowModel", "Tokens", "load"]

_SPACE = "\u2581"
"""What SentencePiece writes for a space."""

_BEFORE = "x "
"""What a word is encoded behind, to get the form it has in the middle of a sentence."""


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
        self._tokenizer = _tokenizer(files)
        self._unknown = _unknown_id(self._tokenizer, files)
        self._word_forms: dict[str, tuple[list[int], bool]] = {}

    @cached_property
    def _table(self) -> Table:
        return open_table(self._files, self._tokenizer.get_vocab_size(with_added_tokens=False))

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, without special ones."""
        return [
            Tokens(
                encoding.ids,
                [
                    _shown(text, *each)
                    for each in zip(encoding.tokens, encoding.offsets, strict=True)
                ],
                [token == self._unknown for token in encoding.ids],
            )
            for text, encoding in zip(texts, self._encode(texts), strict=True)
        ]

    def words(self, words: Iterable[str]) -> dict[str, tuple[list[int], bool]]:
        """For each word its token ids in the middle of a sentence, and whether all are known."""
        wanted = list(dict.fromkeys(words))
        missing = [word for word in wanted if word not in self._word_forms]
        for word, encoding in zip(
            missing, self._encode([_BEFORE + w for w in missing]), strict=True
        ):
            start, end = len(_BEFORE), len(_BEFORE + word)
            ids = [
                token
                for token, (a, b) in zip(encoding.ids, encoding.offsets, strict=True)
                if a < end and b > start
            ]
            self._word_forms[word] = ids, self._unknown not in ids
        return {word: self._word_forms[word] for word in wanted}

    def rows(self, ids: Sequence[int]) -> NDArray[np.float64]:
        """The embedding of each token id, of shape (len(ids), dimensions).

        Raises:
            TokenheatError: A token that has no row.
        """
        if ids and max(ids) >= self._table.shape[0]:
            raise TokenheatError(f"the model has no embedding for its token {max(ids)}")
        return self._table.rows(ids)

    def drops_accents(self, text: str) -> bool:
        """Whether the tokenizer takes accents away from this text before it looks tokens up."""
        normalizer = self._tokenizer.normalizer
        if normalizer is None or text.isascii():
            return False
        return _accents(normalizer.normalize_str(text)) < _accents(text)

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        if not texts:
            return []
        return self._tokenizer.encode_batch(list(texts), add_special_tokens=False)


def _shown(text: str, token: str, offsets: Span) -> Span:
    start, end = offsets
    piece = text[start:end]
    if token and not token.strip(_SPACE) and _SPACE not in piece and not piece.isspace():
        return start, start
    return visible(text, (start, end))


def _accents(text: str) -> int:
    return sum(unicodedata.combining(char) > 0 for char in unicodedata.normalize("NFD", text))


def _tokenizer(files: Files) -> Tokenizer:
    try:
        tokenizer = Tokenizer.from_file(str(files.tokenizer))
    except Exception as error:  # noqa: BLE001 (tokenizers raises no narrower class)
        raise TokenheatError(f"cannot read '{files.tokenizer}': {error}") from None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer


def _unknown_id(tokenizer: Tokenizer, files: Files) -> int | None:
    token = getattr(tokenizer.model, "unk_token", None)
    if token:
        return tokenizer.token_to_id(token)
    if type(tokenizer.model).__name__ == "Unigram":
        # The Python class does not tell.
        unknown: int | None = json.loads(files.tokenizer.read_bytes())["model"].get("unk_id")
        return unknown
    return None


_loaded: dict[Files, tuple[object, RowModel]] = {}
_lock = threading.Lock()


def load(files: Files, identity: object) -> RowModel:
    """The model, loaded once a process and again only when its files have changed.

    Raises:
        TokenheatError: Files that cannot be read.
    """
    with _lock:
        known = _loaded.get(files)
        if known is None or known[0] != identity:
            known = _loaded[files] = identity, RowModel(files)
        return known[1]
