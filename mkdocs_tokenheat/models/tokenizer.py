"""A model's tokenizer, from `tokenizer.json` or GGUF, which takes texts literally."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tokenizers import Encoding, Tokenizer
from tokenizers.models import BPE, Unigram, WordLevel, WordPiece

from mkdocs_tokenheat.block.text import LONGEST
from mkdocs_tokenheat.block.words import Span, visible
from mkdocs_tokenheat.files import signature
from mkdocs_tokenheat.foreign import foreign
from mkdocs_tokenheat.models.source import Files

__all__ = ["BEFORE", "TextTokenizer", "Tokens", "of_word", "prepare"]

_SPACE = "\u2581"
"""What SentencePiece writes for a space."""
_SPACES = f"{_SPACE}\u0120"
"""The same, and what byte-level vocabularies write for one."""

BEFORE = "x "
"""What a word is encoded after, to get the form it has in the middle of a sentence."""

_PRINTED = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
_BYTES = {chr(byte): byte for byte in _PRINTED} | {
    chr(0x100 + i): byte for i, byte in enumerate(sorted({*range(0x100)} - {*_PRINTED}))
}
"""The byte that each character of a byte-level vocabulary stands for."""
_BYTE = re.compile("<0x([0-9A-F]{2})>")
"""A byte in other vocabularies."""


@dataclass(frozen=True)
class Tokens:
    """A text's tokens.

    Attributes:
        ids: Each token's row in the vocabulary.
        spans: Each token's visible part of the text; empty if it shows none.
        unknown: Whether the tokenizer had no token for the text there.
    """

    ids: list[int]
    spans: list[Span]
    unknown: list[bool]


class TextTokenizer:
    """A model's tokenizer, for texts in which nothing is a special token.

    Attributes:
        backend: The tokenizer of `tokenizers`.
        unknown: The id of its token for unknown text, if there is one.
        size: How many tokens it has, without added ones.
    """

    def __init__(self, files: Files) -> None:
        self.backend, self.unknown = _read_tokenizer(files)
        self.size = self.backend.get_vocab_size(with_added_tokens=False)
        self._word_forms: dict[str, tuple[list[int], bool]] = {}
        self._are_spaces: dict[int, bool] = {}

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """The tokens of each text, without special ones.

        Raises:
            TokenheatError: A text that the tokenizer cannot cut.
        """
        return [
            self._tokens(text, encoding)
            for text, encoding in zip(texts, self.encode(texts), strict=True)
        ]

    def _tokens(self, text: str, encoding: Encoding) -> Tokens:
        ids = encoding.ids
        for token in {*ids} - self._are_spaces.keys():
            piece = self.backend.id_to_token(token) or ""
            self._are_spaces[token] = bool(piece) and not piece.strip(_SPACES)
        spaces = [i for i, token in enumerate(ids) if self._are_spaces[token]]
        spans = _shown(text, encoding.offsets, spaces)
        return Tokens(ids, spans, [token == self.unknown for token in ids])

    def words(self, words: Iterable[str]) -> dict[str, tuple[list[int], bool]]:
        """For each word, its token ids in the middle of a sentence, and whether all are known.

        Raises:
            TokenheatError: A word that the tokenizer cannot cut.
        """
        wanted = list(dict.fromkeys(words))
        missing = [word for word in wanted if word not in self._word_forms]
        for word, encoding in zip(missing, self.encode([BEFORE + w for w in missing]), strict=True):
            all_ids = encoding.ids  # Each access makes a new list.
            ids = [all_ids[i] for i in of_word(encoding)]
            self._word_forms[word] = ids, self.unknown not in ids
        return {word: self._word_forms[word] for word in wanted}

    def drops_accents(self, text: str) -> bool:
        """Whether the tokenizer strips accents from this text before it looks tokens up."""
        normalizer = self.backend.normalizer
        if normalizer is None or text.isascii():
            return False
        with foreign("the model's tokenizer cannot read the text"):
            normalized = normalizer.normalize_str(text)
        if text in normalized.replace(_SPACE, " "):  # Faster than counting accents.
            return False
        return _accents(normalized) < _accents(text)

    def written(self, token: int) -> str:
        r"""The token's text; bytes that are not a whole character as `\\xe1`.

        Raises:
            TokenheatError: The tokenizer cannot decode it.
        """
        with foreign("the model's tokenizer cannot decode a token"):
            return self._written(token)[:LONGEST]

    def _written(self, token: int) -> str:
        piece = self.backend.id_to_token(token)
        if not piece:  # A row that pads the table.
            return f"#{token}"
        text = self.backend.decode([token], skip_special_tokens=False)
        if spaces := len(piece) - len(piece.lstrip(_SPACE)):
            # A decoder leaves out what would be a text's first space.
            return " " * spaces + text.lstrip(f" {_SPACE}")
        if not text:
            return piece
        if "\ufffd" not in text:
            return text
        if byte := _BYTE.fullmatch(piece):
            return f"\\x{byte[1].lower()}"
        if not all(char in _BYTES for char in piece):
            return piece
        return bytes(_BYTES[char] for char in piece).decode("utf-8", "backslashreplace")

    def encode(self, texts: Sequence[str], *, add_special_tokens: bool = False) -> list[Encoding]:
        """The encoding of each text.

        Raises:
            TokenheatError: A text that it cannot cut.
        """
        if not texts:
            return []
        with foreign("the model's tokenizer cannot cut the text"):
            return self.backend.encode_batch(list(texts), add_special_tokens=add_special_tokens)


def of_word(encoding: Encoding) -> list[int]:
    """The tokens of a word that is encoded after `BEFORE`: those whose offsets overlap it."""
    return [i for i, (_, end) in enumerate(encoding.offsets) if end > len(BEFORE)]


def _shown(text: str, offsets: Sequence[Span], spaces: Sequence[int]) -> list[Span]:
    """What each token shows of the text: its offsets without the white space at their start.

    Parameters:
        spaces: The tokens of spaces alone, which a tokenizer may have put before a text or a word.
    """
    spans = list(offsets)
    for i, (start, end) in enumerate(offsets):
        if not text[start : start + 1].isspace():
            continue
        if end - start > 1 and not text[start + 1].isspace():  # Nearly all of them.
            spans[i] = (start + 1, end)
        else:
            spans[i] = visible(text, (start, end))
    for i in spaces:
        start, end = offsets[i]
        piece = text[start:end]
        if piece.strip() and not any(sign in piece for sign in _SPACES):
            spans[i] = (start, start)
    return spans


def _accents(text: str) -> int:
    plain = unicodedata.normalize("NFD", text)
    return sum(plain.count(char) for char in {*plain} if unicodedata.combining(char))


def prepare(files: Files) -> None:
    """Read the tokenizer ahead of time, for the next model made of these very files.

    Raises:
        TokenheatError: One that cannot be read.
    """
    # The reader of GGUF files takes seconds to import, and is silenced where it is used.
    if not files.is_gguf:
        _read_tokenizer(files)


def _read_tokenizer(files: Files) -> tuple[Tokenizer, int | None]:
    """The tokenizer, which takes special strings literally, and the id of its unknown token.

    Raises:
        TokenheatError: One that cannot be read.
    """
    with foreign(f"cannot read '{files.tokenizer}'"):
        return _read(files, signature(files.tokenizer))


@lru_cache(maxsize=1)
def _read(files: Files, _stamp: object) -> tuple[Tokenizer, int | None]:
    tokenizer = _gguf(files) if files.is_gguf else Tokenizer.from_file(str(files.tokenizer))
    if isinstance(tokenizer.model, BPE):
        tokenizer.model.dropout = None  # It makes cuts random, for training.
    if (processor := tokenizer.post_processor) is not None:
        # `_shown` trims white space: here, a token of white space alone would lose all of it.
        trims = processor.__getstate__()
        processor.__setstate__(trims.replace(b'"trim_offsets":true', b'"trim_offsets":false'))
        tokenizer.post_processor = processor
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    if isinstance(tokenizer.model, Unigram):
        return tokenizer, _make_literal(tokenizer, json.loads(files.tokenizer.read_bytes()))
    token = tokenizer.model.unk_token
    unknown = tokenizer.token_to_id(token) if token else None
    if isinstance(tokenizer.model, (WordLevel, WordPiece)):
        _hide_special(tokenizer, unknown)
    return tokenizer, unknown


def _gguf(files: Files) -> Tokenizer:
    from transformers import AutoTokenizer

    folder, name = str(files.tokenizer.parent), files.tokenizer.name
    found = AutoTokenizer.from_pretrained(
        folder, gguf_file=name, trust_remote_code=False, local_files_only=True
    )
    tokenizer: Tokenizer = found.backend_tokenizer
    return tokenizer


def _hide_special(tokenizer: Tokenizer, unknown: int | None) -> None:
    """Keep a model that looks whole words up from finding a special token that stands alone."""
    found = {
        token.content
        for i, token in tokenizer.get_added_tokens_decoder().items()
        if token.special
        and i != unknown
        and tokenizer.encode(token.content, add_special_tokens=False).ids == [i]
    }
    if not found:
        return
    vocabulary = tokenizer.get_vocab(with_added_tokens=False)
    hidden = {f"\0{piece}" if piece in found else piece: i for piece, i in vocabulary.items()}
    model = tokenizer.model
    if isinstance(model, WordLevel):
        tokenizer.model = WordLevel(hidden, model.unk_token)
    else:
        tokenizer.model = WordPiece(
            hidden,
            unk_token=model.unk_token,
            max_input_chars_per_word=model.max_input_chars_per_word,
            continuing_subword_prefix=model.continuing_subword_prefix,
        )


def _make_literal(tokenizer: Tokenizer, content: dict[str, Any]) -> int | None:
    """Keep a Unigram model from finding its special tokens in a text, and return its unknown one.

    To the model, they are pieces like any other, often the likeliest ones.
    """
    model = content["model"]
    unknown: int | None = model.get("unk_id")
    special = {token["content"] for token in content.get("added_tokens", ()) if token["special"]}
    pieces = [
        # No text has this character.
        (f"\0{piece}" if piece in special or i == unknown else piece, score)
        for i, (piece, score) in enumerate(model["vocab"])
    ]
    tokenizer.model = Unigram(pieces, unknown, model.get("byte_fallback", False))
    return unknown
