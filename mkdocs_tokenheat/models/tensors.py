"""Finds a checkpoint's embedding table and reads just the rows that are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.files import read_json
from mkdocs_tokenheat.models.source import Files, weight_map
from mkdocs_tokenheat.models.weights import read_header

__all__ = ["INPUT_NAMES", "OUTPUT_NAMES", "Rows", "Table", "open_output_table", "open_table"]

INPUT_NAMES = (
    "wte.weight",  # GPT-2, GPT-J, MPT
    "embeddings.word_embeddings.weight",  # BERT, RoBERTa, DistilBERT, ELECTRA, ALBERT
    "shared.weight",  # T5, BART
    "embed_tokens.weight",  # Llama, Mistral, Qwen, Gemma, Phi, OPT
    "embed_in.weight",  # GPT-NeoX, Pythia
    "word_embeddings.weight",  # BLOOM, Falcon
    "tok_embeddings.weight",  # Llama as Meta publishes it
    "embedding.weight",  # wordllama
    "embeddings",  # model2vec
    "embeddings.weight",  # Mamba, RWKV, XLM
    "word_embedding.weight",  # XLNet
    "tokens_embed.weight",  # GPT
    "token_embedding.weight",  # CLIP
)
"""The input embedding's name in the checkpoints of each family, without its prefix."""

OUTPUT_NAMES = (
    "lm_head.weight",  # GPT-2, Llama and most causal models
    "embed_out.weight",  # GPT-NeoX, Pythia
    "cls.predictions.decoder.weight",  # BERT
    "lm_head.decoder.weight",  # RoBERTa
    "output.weight",  # Llama as Meta publishes it
    "vocab_projector.weight",  # DistilBERT
    "predictions.decoder.weight",  # ALBERT
    "generator_lm_head.weight",  # ELECTRA
    "head.weight",  # RWKV
    "decoder.weight",  # ModernBERT
    "pred_layer.proj.weight",  # XLM
    "output_projection.weight",  # BioGPT
)
"""The output embedding's name in the checkpoints of each family."""

_WHOLE = ("output.weight", "head.weight", "decoder.weight")
"""Names that other tensors have after a prefix."""

_DECODERS = ("decoder.embed_tokens.weight",)
"""What the output embeddings are tied to, if an encoder has input embeddings of its own."""

_QUANTIZED = {"mapping", "weights"}
"""The tensors beside a table whose rows are shared by several tokens."""

_WITH_OUTPUT = re.compile(
    r".*(?:LMHeadModel|DoubleHeadsModel|ForCausalLM|ForMaskedLM|ForConditionalGeneration|MTModel"
    r"|BertForPreTraining|(?<!Static)(?<!Encoder)Model)"
)
"""The class names of models with output embeddings, their own or the input embeddings."""

_CHUNK = 1 << 20
"""Numbers that are compared at once."""

_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


class Rows(Protocol):
    """An embedding table, wherever it lies."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and dimensions."""

    def rows(self, ids: Sequence[int]) -> NDArray[np.float64]:
        """The rows of these token ids, of shape (len(ids), dimensions), in float64."""

    def part(self, start: int, end: int) -> NDArray[np.float32]:
        """The rows from `start` to before `end`, in float32."""


class Table:
    """A table of shape (rows, dimensions), mapped from its file and not read into memory."""

    def __init__(self, path: Path, name: str, vocabulary: int) -> None:
        dtype, self.shape, offset = _entry(path, name)
        if len(self.shape) != 2 or self.shape[0] < vocabulary or 0 in self.shape:
            raise TokenheatError(
                f"'{name}' has the shape {list(self.shape)}, "
                f"but needs a row for each of the tokenizer's {vocabulary} tokens"
            )
        if dtype not in _DTYPES:
            raise TokenheatError(
                f"'{path.name}' stores '{name}' as {dtype}: use float32, float16 or bfloat16"
            )
        self._is_bfloat16 = dtype == "BF16"
        self._data: NDArray[Any] = np.memmap(
            path, dtype=_DTYPES[dtype], mode="r", offset=offset, shape=self.shape
        )

    def rows(self, ids: Sequence[int]) -> NDArray[np.float64]:
        """The rows of these token ids, of shape (len(ids), dimensions), in float64."""
        return self._numbers(self._data[np.asarray(ids, dtype=np.int64)]).astype(np.float64)

    def part(self, start: int, end: int) -> NDArray[np.float32]:
        """The rows from `start` to before `end`, in float32."""
        return self._numbers(self._data[start:end]).astype(np.float32)

    def equals(self, other: Table) -> bool:
        """Whether both hold the same numbers, row by row."""
        if self.shape != other.shape:
            return False
        step = max(1, _CHUNK // self.shape[1])
        return all(
            np.array_equal(self.part(start, start + step), other.part(start, start + step))
            for start in range(0, self.shape[0], step)
        )

    def _numbers(self, rows: NDArray[Any]) -> NDArray[Any]:
        if self._is_bfloat16:
            return (rows.astype(np.uint32) << 16).view(np.float32)
        return rows


def open_table(files: Files, vocabulary: int) -> Table:
    """The table of the model's input embeddings.

    Parameters:
        vocabulary: How many tokens the tokenizer has; the table has at least a row for each.

    Raises:
        TokenheatError: No tensor has a known name (the message lists those that might be meant),
            the table is too short, or a file is not a safetensors file.
    """
    where = {name: path for path in files.weights for name in _names(path)}
    name = _find(where)
    if name is None:
        tables = [n for n in where if _looks_like_table(where[n], n, vocabulary)]
        listed = ", ".join(sorted(tables)[:8]) or "none has two dimensions and a row per token"
        raise TokenheatError(
            f"no tensor of '{files.weights[0].parent}' has a known name for input "
            f"embeddings; candidates: {listed}. Save the right one as 'embed_tokens.weight'"
        )
    if _QUANTIZED & where.keys():
        raise TokenheatError(
            f"'{where[name]}' has a vocabulary quantized by model2vec, which is not supported: "
            "distil the model without 'vocabulary_quantization'"
        )
    return Table(where[name], name, vocabulary)


def open_output_table(files: Files, table: Table, vocabulary: int) -> tuple[Table, bool]:
    """The table of the model's output embeddings, and whether it is the input table.

    Parameters:
        table: The table of the input embeddings.
        vocabulary: How many tokens the tokenizer has.

    Raises:
        TokenheatError: A model that has none, or one that is too short.
    """
    config = read_json(files.config)
    if not isinstance(config, dict):
        raise TokenheatError(
            "the model has no config.json, so it is not a language model with output embeddings",
            option="embedding",
        )
    where = {name: path for path in files.weights for name in _names(path)}
    name = _find(where, OUTPUT_NAMES)
    is_tied = config.get("tie_word_embeddings", True) is not False and _has_output(config)
    if name is None and is_tied:
        name = _find(where, _DECODERS)
    if name is not None:
        # Configs say what a model was trained with, and some say nothing: the numbers decide.
        output = Table(where[name], name, vocabulary)
        return output, output.equals(table)
    if is_tied:
        return table, True
    raise TokenheatError(
        "no tensor of the checkpoint has a known name for output embeddings", option="embedding"
    )


def _has_output(config: Mapping[str, Any]) -> bool:
    names = config.get("architectures")
    names = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return not names or any(map(_WITH_OUTPUT.fullmatch, names))


def _find(names: Iterable[str], known_names: Sequence[str] = INPUT_NAMES) -> str | None:
    for known in known_names:
        fitting = [
            name
            for name in names
            if name == known or (known not in _WHOLE and name.endswith("." + known))
        ]
        if fitting:
            # A decoder's table stands beside an encoder's, and an inner model's under a prefix.
            return min(fitting, key=lambda name: ("decoder" in name, len(name), name))
    return None


def _names(path: Path) -> list[str]:
    index = path.parent / "model.safetensors.index.json"
    if index.is_file() and path.name != "model.safetensors":
        return [name for name, shard in weight_map(index).items() if shard == path.name]
    with _opened(path) as file:
        return list(file.keys())


def _opened(path: Path) -> Any:
    try:
        return safe_open(path, framework="numpy")
    except (OSError, SafetensorError) as error:
        raise TokenheatError(f"cannot read '{path}' as safetensors: {error}") from None


def _looks_like_table(path: Path, name: str, vocabulary: int) -> bool:
    with _opened(path) as file:
        shape = file.get_slice(name).get_shape()
    return len(shape) == 2 and shape[0] >= vocabulary


def _entry(path: Path, name: str) -> tuple[str, tuple[int, ...], int]:
    """Data type, shape and offset of a tensor, from a header that safetensors has validated."""
    with _opened(path) as opened:
        if name not in opened.keys():  # noqa: SIM118 (no mapping)
            raise TokenheatError(
                f"'{path}' does not hold '{name}', although its index says it does"
            )
    with path.open("rb") as file:
        tensors, start = read_header(file)
    entry = tensors[name]
    return str(entry["dtype"]), tuple(entry["shape"]), start + int(entry["data_offsets"][0])
