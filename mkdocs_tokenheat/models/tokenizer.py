"""Reads a model's tokenizer, from `tokenizer.json` or GGUF, and has it cut texts as they are."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import BPE, Unigram

from mkdocs_tokenheat.files import signature
from mkdocs_tokenheat.foreign import foreign
from mkdocs_tokenheat.models.source import Files

__all__ = ["prepare", "read_tokenizer"]


def prepare(files: Files) -> None:
    """Read the tokenizer ahead, for the next model that is made of these very files.

    Raises:
        TokenheatError: One that cannot be read.
    """
    # What reads a GGUF file takes seconds to import, and is kept quiet where it is used.
    if not files.is_gguf:
        read_tokenizer(files)


def read_tokenizer(files: Files) -> tuple[Tokenizer, int | None]:
    """The tokenizer, which takes special strings literally, and the id of its unknown token.

    Raises:
        TokenheatError: One that cannot be read.
    """
    with foreign(f"cannot read '{files.tokenizer}'"):
        return _read_tokenizer(files, signature(files.tokenizer))


@lru_cache(maxsize=1)
def _read_tokenizer(files: Files, _stamp: object) -> tuple[Tokenizer, int | None]:
    tokenizer = _gguf(files) if files.is_gguf else Tokenizer.from_file(str(files.tokenizer))
    if isinstance(tokenizer.model, Unigram):
        unknown = _make_literal(tokenizer, json.loads(files.tokenizer.read_bytes()))
    else:
        token = tokenizer.model.unk_token
        unknown = tokenizer.token_to_id(token) if token else None
    if isinstance(tokenizer.model, BPE):
        tokenizer.model.dropout = None  # It cuts by chance, for training.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer, unknown


def _gguf(files: Files) -> Tokenizer:
    from transformers import AutoTokenizer

    folder, name = str(files.tokenizer.parent), files.tokenizer.name
    found = AutoTokenizer.from_pretrained(
        folder, gguf_file=name, trust_remote_code=False, local_files_only=True
    )
    tokenizer: Tokenizer = found.backend_tokenizer
    return tokenizer


def _make_literal(tokenizer: Tokenizer, content: dict[str, Any]) -> int | None:
    """Keep a Unigram model from finding its special tokens in a text, and tell its unknown one.

    They are pieces like any other to it, often the likeliest ones.
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
