"""Makes small checkpoints: tokenizers of every kind, and tensors under the names of real families."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import (
    AddedToken,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
)

DIMENSIONS = 8

Array = NDArray[Any]
Tensors = dict[str, Array]

_LETTERS = "abcdefghijklmnopqrstuvwxyz.,-'"
_WORDS = ("a", "cat", "colour", "is", "sat", "similar", "the", "to", "violet", "viet")


def byte_level_bpe() -> Tokenizer:
    """As GPT-2's: every byte is a character of its own, the space before a word belongs to it."""
    merges = [("t", "h"), ("th", "e"), ("Ġ", "c"), ("a", "t"), ("Ġc", "at"), ("c", "at")]
    pieces = ["</s>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE(_numbered([*pieces, *map("".join, merges)]), merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return with_special_token(tokenizer, "</s>")


def wordpiece() -> Tokenizer:
    """As BERT's: lowercased, without accents, `##` before what continues a word."""
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *_LETTERS, *(f"##{c}" for c in _LETTERS)]
    vocabulary = _numbered([*pieces, *_WORDS[1:]])
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    return with_special_token(tokenizer, "[SEP]")


def unigram() -> Tokenizer:
    """As T5's: SentencePiece pieces with `▁` for the space, and a piece for unknown text."""
    pieces = ["<unk>", "</s>", "▁", *_LETTERS, *(f"▁{word}" for word in _WORDS)]
    scored = [(piece, -float(10 - len(piece))) for piece in pieces]
    tokenizer = Tokenizer(models.Unigram(scored, unk_id=0))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return with_special_token(tokenizer, "</s>")


def byte_fallback_bpe() -> Tokenizer:
    """As Llama's: `▁` for the space, and what has no piece falls back to its UTF-8 bytes."""
    merges = [("▁", "t"), ("h", "e"), ("▁t", "he"), ("▁", "c"), ("▁c", "a"), ("▁ca", "t")]
    pieces = ["<unk>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *_LETTERS]
    vocabulary = _numbered([*pieces, *map("".join, merges)])
    tokenizer = Tokenizer(
        models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    return with_special_token(tokenizer, "</s>")


def _numbered(pieces: Sequence[str]) -> dict[str, int]:
    return {piece: i for i, piece in enumerate(pieces)}


TOKENIZERS: Mapping[str, Callable[[], Tokenizer]] = {
    "byte-level BPE": byte_level_bpe,
    "WordPiece": wordpiece,
    "Unigram": unigram,
    "BPE with byte fallback": byte_fallback_bpe,
}


def with_special_token(tokenizer: Tokenizer, token: str) -> Tokenizer:
    """The tokenizer with a special token: one of its pieces, or a new one after them."""
    tokenizer.add_special_tokens([AddedToken(token, special=True)])
    return tokenizer


def table(rows: int, dimensions: int = DIMENSIONS, seed: int = 0) -> NDArray[np.float32]:
    """Embeddings whose rows all differ."""
    return np.random.default_rng(seed).normal(size=(rows, dimensions)).astype(np.float32)


def bfloat16(array: Array) -> NDArray[np.uint16]:
    """The upper half of each float32, which is what a bfloat16 is."""
    upper: NDArray[np.uint16] = (array.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    return upper


_DTYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "uint16": "BF16", "int8": "I8"}


def pack(tensors: Mapping[str, Array], **header: object) -> bytes:
    """A safetensors file with these tensors and a header that can be made to lie."""
    entries: dict[str, object] = {}
    data = b""
    for name, array in tensors.items():
        raw = array.tobytes()
        entries[name] = {
            "dtype": _DTYPES[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    head = json.dumps({**entries, **header}).encode()
    return len(head).to_bytes(8, "little") + head + data


def save(
    folder: Path,
    tensors: Mapping[str, Array],
    tokenizer: Tokenizer | None = None,
    file: str = "model.safetensors",
) -> Path:
    """A checkpoint in a folder: `tokenizer.json` and one file of weights."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file).write_bytes(pack(tensors))
    (tokenizer or wordpiece()).save(str(folder / "tokenizer.json"))
    return folder


def save_sharded(folder: Path, shards: Mapping[str, Mapping[str, Array]]) -> Path:
    """A checkpoint whose weights lie in several files, with the index that says where each is."""
    folder.mkdir(parents=True, exist_ok=True)
    wordpiece().save(str(folder / "tokenizer.json"))
    for file, tensors in shards.items():
        (folder / file).write_bytes(pack(tensors))
    write_index(folder, {name: file for file, tensors in shards.items() for name in tensors})
    return folder


def write_index(folder: Path, weight_map: object) -> None:
    """The index of a sharded checkpoint."""
    content = {"metadata": {"total_size": 0}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(content), encoding="utf-8")


def families(embeddings: Array) -> dict[str, Tensors]:
    """The tensors of each family's checkpoints, by their real names.

    Whatever else looks like an embedding table is there too, with other contents: the output
    embedding of a model that does not tie it, positions, a decoder's own.
    """
    other, short = embeddings + 1, embeddings[:4] + 2
    norm = embeddings[0]
    bert = {
        "embeddings.LayerNorm.weight": norm,
        "embeddings.position_embeddings.weight": other,
        "embeddings.token_type_embeddings.weight": short,
        "embeddings.word_embeddings.weight": embeddings,
        "encoder.layer.0.attention.self.query.weight": other,
    }
    gpt2 = {
        "h.0.attn.c_attn.weight": other,
        "ln_f.weight": norm,
        "wpe.weight": other,
        "wte.weight": embeddings,
    }
    llama = {
        "model.embed_tokens.weight": embeddings,
        "model.layers.0.self_attn.q_proj.weight": other,
        "model.norm.weight": norm,
    }
    return {
        "GPT-2": gpt2,
        "GPT-2 with its head": _under("transformer", gpt2) | {"lm_head.weight": other},
        "BERT": bert,
        "BERT with its head": _under("bert", bert) | {"cls.predictions.decoder.weight": other},
        "RoBERTa": _under("roberta", bert) | {"lm_head.decoder.weight": other},
        "DistilBERT": _under("distilbert", bert) | {"vocab_projector.weight": other},
        "Llama": llama | {"lm_head.weight": other},
        "Qwen, tied": llama,
        "T5": {
            "decoder.embed_tokens.weight": other,
            "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight": short,
            "encoder.embed_tokens.weight": other,
            "lm_head.weight": other,
            "shared.weight": embeddings,
        },
        "T5's two halves": {
            "decoder.embed_tokens.weight": other,
            "encoder.embed_tokens.weight": embeddings,
        },
        "BART": {
            "model.decoder.embed_tokens.weight": other,
            "model.encoder.embed_positions.weight": other,
            "model.shared.weight": embeddings,
        },
        "GPT-NeoX": {
            "embed_out.weight": other,
            "gpt_neox.embed_in.weight": embeddings,
            "gpt_neox.final_layer_norm.weight": norm,
        },
        "OPT": {
            "lm_head.weight": other,
            "model.decoder.embed_positions.weight": other,
            "model.decoder.embed_tokens.weight": embeddings,
        },
        "BLOOM": {
            "ln_f.weight": norm,
            "word_embeddings.weight": embeddings,
            "word_embeddings_layernorm.weight": norm,
        },
        "BLOOM with its head": {
            "lm_head.weight": other,
            "transformer.word_embeddings.weight": embeddings,
            "transformer.word_embeddings_layernorm.weight": norm,
        },
        "Mamba": {"backbone.embeddings.weight": embeddings, "backbone.norm_f.weight": norm},
        "XLNet": {"transformer.word_embedding.weight": embeddings, "lm_loss.weight": other},
        "GPT": {"tokens_embed.weight": embeddings, "positions_embed.weight": other},
        "CLIP": {
            "text_model.embeddings.position_embedding.weight": other,
            "text_model.embeddings.token_embedding.weight": embeddings,
        },
    }


def _under(prefix: str, tensors: Mapping[str, Array]) -> Tensors:
    return {f"{prefix}.{name}": array for name, array in tensors.items()}
