"""A model that is run: hidden states and predictions, through transformers and torch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.models.batches import BATCH, Context, Item, batched, items, padded
from mkdocs_tokenheat.models.loading import (
    is_lack_of_room,
    is_usable,
    load_weights,
    not_finite,
)
from mkdocs_tokenheat.models.reduce import best, reduced
from mkdocs_tokenheat.models.rows import RowModel
from mkdocs_tokenheat.models.source import Files
from mkdocs_tokenheat.models.tensors import Rows

__all__ = ["Array", "Predictions", "Transformer"]

Array = NDArray[np.float64]

_ROWS = 128
"""Rows of logits that are reduced at once."""

_WITH_FLOAT64 = ("cpu", "cuda")
"""The devices that have it: Apple's do not."""

_WINDOWS = ("max_position_embeddings", "n_positions", "max_seq_len", "max_target_positions")
"""What configs call the largest number of tokens."""

_MASKS = ("[MASK]", "<mask>")

_AFTER_LAYERS = ("mamba", "mamba2", "falcon_mamba", "rwkv")
"""The types of models whose hidden states in transformers begin after the first layer."""


@dataclass
class Predictions:
    """What the model expected at each of a text's n tokens; NaN where nothing comes before.

    Attributes:
        numbers: By metric, arrays of shape (n,).
        expected: For each token, the likeliest tokens there, as text and probability.
    """

    numbers: dict[str, Array]
    expected: list[list[tuple[str, float]]] = field(default_factory=list)


class _Weights:
    """An embedding table of shape (rows, dimensions) in the memory of a model."""

    def __init__(self, weight: torch.Tensor) -> None:
        self._weight = weight.detach()
        self.shape: tuple[int, ...] = tuple(weight.shape)

    def rows(self, ids: Sequence[int]) -> Array:
        rows: Array = self._weight[list(ids)].cpu().double().numpy()
        return rows

    def part(self, start: int, end: int) -> NDArray[np.float32]:
        part: NDArray[np.float32] = self._weight[start:end].float().cpu().numpy()
        return part


class Transformer(RowModel):
    """A model with its weights in memory.

    Parameters:
        files: Its files.
        predicts: Whether the language-modelling head is needed.
        device: `auto`, `cpu`, `cuda` or `mps`.
        dtype: `float32`, `float16` or `bfloat16`.

    Raises:
        TokenheatError: A model that cannot be loaded, or has no head where one is needed.
    """

    def __init__(self, files: Files, *, predicts: bool, device: str, dtype: str) -> None:
        super().__init__(files)
        loaded = load_weights(files, predicts=predicts, device=device, dtype=dtype)
        self._model, self._config = loaded.model, loaded.config
        self._device, self._dtype = loaded.device, dtype
        self.is_masked, self.is_causal = loaded.is_masked, loaded.is_causal

    def _open(self, embedding: str) -> Rows:
        if not self._files.is_gguf:
            return super()._open(embedding)
        # Only the model in memory has the tables unpacked.
        if embedding == "input":
            return _Weights(self._model.get_input_embeddings().weight)
        return _Weights(self._model.get_output_embeddings().weight)

    @property
    def is_tied(self) -> bool:
        """Whether the output embeddings are the input embeddings."""
        if not self._files.is_gguf:
            return super().is_tied
        return bool(self._config.tie_word_embeddings)

    @property
    def layers(self) -> int:
        """The number of the last hidden state; 0 is the embeddings."""
        return int(self._config.num_hidden_layers)

    @cached_property
    def _window(self) -> int:
        said = (getattr(self._config, name, None) for name in _WINDOWS)
        size = next((size for size in said if isinstance(size, int) and size > 0), None)
        if size is None:
            return 1 << 30
        # RoBERTa counts positions from after its padding token.
        embeddings = getattr(self._model.base_model, "embeddings", None)
        padding = getattr(getattr(embeddings, "position_embeddings", None), "padding_idx", None)
        return size - (padding + 1 if padding is not None else 0)

    def is_long(self, context: Context) -> bool:
        """Whether the text is longer than the model's window."""
        return len(context.ids) > self._window

    def contexts(self, texts: Sequence[str], bos: bool | None) -> list[Context]:
        """Each text with its special tokens: the template's own, or with or without a BOS.

        Raises:
            TokenheatError: A BOS is asked for, but the model has none.
        """
        contexts = []
        rows = self._model.get_input_embeddings().weight.shape[0]
        for encoding in self.tokenizer.encode(texts, add_special_tokens=True):
            own = [i for i, special in enumerate(encoding.special_tokens_mask) if not special]
            first, end = (own[0], own[-1] + 1) if own else (0, 0)
            ids = list(encoding.ids)
            if bos is False:
                ids, first, end = ids[first:], 0, end - first
            elif bos and first == 0:
                token = self._config.bos_token_id
                if not isinstance(token, int) or token < 0:
                    raise TokenheatError(
                        "the model's config.json names no BOS token ('bos_token_id')", option="bos"
                    )
                ids, first, end = [token, *ids], 1, end + 1
            if ids and max(ids) >= rows:
                raise TokenheatError(f"the model has no embedding for its token {max(ids)}")
            contexts.append(Context(ids, range(first, end)))
        return contexts

    def hidden(
        self,
        contexts: Sequence[Context],
        layers: Sequence[Collection[int]],
        stride: int | None,
    ) -> Iterator[tuple[int, dict[int, Array] | TokenheatError]]:
        """For each context, its number and, by layer, its tokens' hidden states.

        A layer's array has the shape (tokens, dimensions). The last layer is the one after the
        model's final norm. Contexts are yielded as they finish, the shortest first; one whose
        hidden states are not finite, or several per token, gets an error instead.

        Parameters:
            layers: The layers that are wanted for each context.

        Raises:
            TokenheatError: A device has too little memory.
        """
        whole: dict[int, dict[int, Array] | TokenheatError] = {}

        def read(item: Item, row: int, outputs: Any) -> None:
            arrays = whole.setdefault(item.context, {})
            if isinstance(arrays, TokenheatError):
                return
            for layer in layers[item.context]:
                state = outputs.hidden_states[layer] if layer < self.layers else _last(outputs)
                if state.dim() != 3:  # Gemma 3n's are streams, of which there are several.
                    whole[item.context] = TokenheatError(
                        "the model has several hidden states per token in its inner layers: "
                        "use 'layer: last'",
                        option="layer",
                    )
                    return
                states = state[row, list(item.local)].cpu().double().numpy()
                if not np.isfinite(states).all():
                    whole[item.context] = not_finite(self._dtype)
                    return
                count = len(contexts[item.context].shown)
                array = arrays.setdefault(layer, np.empty((count, states.shape[1])))
                array[list(item.scored)] = states

        run = self._run(contexts, stride, read, both_sides=not self.is_causal, hidden=True)
        for number in run:
            yield number, whole.pop(number)

    def predictions(
        self,
        contexts: Sequence[Context],
        wanted: Sequence[Collection[str]],
        topk: Sequence[int],
        stride: int | None,
    ) -> Iterator[tuple[int, Predictions | TokenheatError]]:
        """For each context, its number and what a causal model expected at its tokens.

        Contexts are yielded as they finish, the shortest first; one whose logits are not finite
        gets an error instead.

        Parameters:
            wanted: The metrics that are wanted for each context.
            topk: How many of the likeliest tokens are wanted for each.

        Raises:
            TokenheatError: A device has too little memory.
        """
        whole: dict[int, Predictions | TokenheatError] = {}
        head = self._model.get_output_embeddings()
        states: list[torch.Tensor] = []

        def read(item: Item, row: int, outputs: Any) -> None:
            result = whole.get(item.context)
            mine, most = wanted[item.context], topk[item.context]
            if result is None:
                count = len(contexts[item.context].shown)
                result = whole[item.context] = _empty(count, mine, most)
            if isinstance(result, TokenheatError):
                return
            # Nothing predicts the very first position.
            pairs = [(at, n) for at, n in zip(item.local, item.scored, strict=True) if at > 0]
            for start in range(0, len(pairs), _ROWS):
                part = pairs[start : start + _ROWS]
                before = slice(part[0][0] - 1, part[-1][0])
                logits = _exact(outputs.logits[row, before].float())
                tokens = torch.tensor([item.ids[at] for at, _ in part], device=logits.device)
                if not is_usable(logits):
                    whole[item.context] = not_finite(self._dtype)
                    return
                numbers = reduced(logits, tokens, mine)
                if "cosine-prediction" in mine:
                    numbers["cosine-prediction"] = torch.cosine_similarity(
                        _exact(states[-1][row, before]).double(),
                        _exact(head.weight[tokens.to(head.weight.device)]).double(),
                        dim=1,
                    )
                self._note(result, [n for _, n in part], numbers, logits, most)

        hook = head.register_forward_pre_hook(
            lambda _, inputs: states.__setitem__(slice(None), inputs)
        )
        try:
            for number in self._run(contexts, stride, read, both_sides=False):
                yield number, whole.pop(number)
        finally:
            hook.remove()

    def masked(
        self,
        context: Context,
        together: Sequence[Sequence[int]],
        wanted: Collection[str],
        topk: int,
        stride: int | None,
    ) -> Predictions:
        """What a masked model expects at each token when it does not see it.

        Parameters:
            together: For each of the context's own tokens, those that are masked with it: itself
                and the tokens to its right in the same word (Kauf and Ivanova, "A Better Way to Do
                Masked Language Model Scoring", 2023).

        Raises:
            TokenheatError: The tokenizer has no mask token, or the logits are not finite.
        """
        mask = next(
            (id_ for id_ in map(self.tokenizer.backend.token_to_id, _MASKS) if id_ is not None),
            None,
        )
        if mask is None:
            raise TokenheatError("the model's tokenizer has no mask token")
        _, own, suffix = context.parts
        result = _empty(len(own), wanted, topk)
        for item in items(0, context, self._window, stride, both_sides=True):
            shift, end = item.local.start - item.scored.start, len(item.ids) - len(suffix)
            size = max(1, BATCH // len(item.ids))
            for first in range(0, len(item.scored), size):
                places = item.scored[first : first + size]
                ids = torch.tensor([item.ids] * len(places))
                for row, place in enumerate(places):
                    hidden = [each + shift for each in together[place]]
                    ids[row, [at for at in hidden if at < end]] = mask
                at = [place + shift for place in places]
                outputs = self._called(self._model, input_ids=ids.to(self._device))
                logits = _exact(outputs.logits[range(len(at)), at].float())
                if not is_usable(logits):
                    raise not_finite(self._dtype)
                tokens = torch.tensor([own[place] for place in places], device=logits.device)
                self._note(result, places, reduced(logits, tokens, wanted), logits, topk)
        return result

    def _note(
        self,
        result: Predictions,
        places: Sequence[int],
        numbers: dict[str, torch.Tensor],
        logits: torch.Tensor,
        topk: int,
    ) -> None:
        for name, values in numbers.items():
            result.numbers[name][places] = values.cpu().double().numpy()
        if topk:
            for place, likeliest in zip(places, best(logits, topk), strict=True):
                result.expected[place] = [
                    (self.tokenizer.written(token), share) for token, share in likeliest
                ]

    def _run(
        self,
        contexts: Sequence[Context],
        stride: int | None,
        read: Callable[[Item, int, Any], None],
        *,
        both_sides: bool,
        hidden: bool = False,
    ) -> Iterator[int]:
        """Run all contexts through the model; yields the number of each when all of it is read.

        Parameters:
            read: Takes what it needs from an item's row of a batch's outputs, which are gone before
                the next batch.
        """
        queue = [
            item
            for number, context in enumerate(contexts)
            for item in items(number, context, self._window, stride, both_sides=both_sides)
        ]
        for batch in batched(queue, mixed=self.is_causal):
            self._read_batch(batch, read, hidden=hidden)
            yield from (item.context for item in batch if item.last)

    def _read_batch(
        self, batch: Sequence[Item], read: Callable[[Item, int, Any], None], *, hidden: bool
    ) -> None:
        inputs = padded(batch, self._device)
        if hidden:
            outputs = self._called(self._model.base_model, **inputs, output_hidden_states=True)
            if self._config.model_type in _AFTER_LAYERS:
                first = self._model.get_input_embeddings()(inputs["input_ids"])
                outputs.hidden_states = (first, *outputs.hidden_states)
        else:
            outputs = self._called(self._model, **inputs)
        for row, item in enumerate(batch):
            read(item, row, outputs)

    def _called(self, model: Any, **inputs: Any) -> Any:
        """The outputs of the model, or of the part of it below its head."""
        if not self.is_masked:
            inputs["use_cache"] = False
        if hasattr(self._model.base_model, "set_attention_type"):
            # A short text makes BigBird use full attention from then on.
            self._model.base_model.set_attention_type(self._config.attention_type)
        try:
            with torch.inference_mode():
                return model(**inputs)
        except (RuntimeError, MemoryError) as error:
            if not is_lack_of_room(error):
                raise
            raise TokenheatError(
                f"the device '{self._device}' has too little memory for this model and text: "
                "set another 'device', 'dtype: bfloat16', or shorten the text"
            ) from None


def _exact(numbers: torch.Tensor) -> torch.Tensor:
    """The numbers, on a device that can compute with them in float64."""
    return numbers if numbers.device.type in _WITH_FLOAT64 else numbers.cpu()


def _empty(count: int, wanted: Collection[str], topk: int) -> Predictions:
    numbers = {name: np.full(count, np.nan) for name in wanted}
    return Predictions(numbers, [[] for _ in range(count)] if topk else [])


def _last(outputs: Any) -> torch.Tensor:
    state: torch.Tensor | None = getattr(outputs, "last_hidden_state", None)
    return state if state is not None else outputs.hidden_states[-1]
