"""A model that is run: hidden states and predictions, through transformers and torch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.models.rows import RowModel
from mkdocs_tokenheat.models.source import Files
from mkdocs_tokenheat.models.windows import windows

__all__ = ["Context", "Predictions", "Transformer"]

Array = NDArray[np.float64]
Item = TypeVar("Item")

_BATCH = 1024
"""Tokens of a batch, padding included: on CPU cores more was not faster, and takes memory."""

_ROWS = 128
"""Rows of logits that are reduced at once."""


@dataclass(frozen=True)
class Context:
    """A text as the model gets it.

    Attributes:
        ids: The token ids, with the special tokens that the tokenizer's template puts around them.
        shown: The positions of the text's own tokens.
    """

    ids: list[int]
    shown: range


@dataclass
class Predictions:
    """What the model expected at each of a text's n tokens; NaN where nothing comes before.

    Attributes:
        numbers: By metric, arrays of shape (n,).
        expected: For each token the likeliest tokens there, as text and probability.
    """

    numbers: dict[str, Array]
    expected: list[list[tuple[str, float]]] = field(default_factory=list)


class Transformer(RowModel):
    """A model with its weights in memory.

    Parameters:
        files: Where it lies.
        predicts: Whether the language-modelling head is needed.
        device: `auto`, `cpu`, `cuda` or `mps`.
        dtype: `float32`, `float16` or `bfloat16`.

    Raises:
        TokenheatError: A model that cannot be loaded, or has no head where one is needed.
    """

    def __init__(self, files: Files, *, predicts: bool, device: str, dtype: str) -> None:
        super().__init__(files)
        self._device = _device(device)
        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        place = {"pretrained_model_name_or_path": str(files.tokenizer.parent)}
        if files.is_gguf:
            place["gguf_file"] = files.tokenizer.name
        config = _tried(files, lambda: transformers.AutoConfig.from_pretrained(**place))
        self.is_masked = _is_masked(config)
        self._config = config
        kind: Any = transformers.AutoModel
        if predicts and self.is_masked:
            kind = transformers.AutoModelForMaskedLM
        elif predicts:
            kind = transformers.AutoModelForCausalLM
        model, info = _tried(
            files,
            lambda: kind.from_pretrained(
                **place,
                dtype=getattr(torch, dtype),
                use_safetensors=None if files.is_gguf else True,
                trust_remote_code=False,
                local_files_only=True,
                output_loading_info=True,
            ),
        )
        if predicts and info["missing_keys"]:
            missing = min(info["missing_keys"])
            raise TokenheatError(
                f"the checkpoint '{files.tokenizer.parent}' has no language-modelling head "
                f"('{missing}' is missing): it has vectors and no probabilities"
            )
        self._model = _tried(files, lambda: model.to(self._device).eval())

    def rows(self, ids: Sequence[int], embedding: str = "input") -> Array:
        """The embedding of each token id, of shape (len(ids), dimensions)."""
        if not self._files.is_gguf:
            return super().rows(ids, embedding)
        if embedding == "input":
            weight = self._model.get_input_embeddings().weight
        else:
            weight = self._model.get_output_embeddings().weight
        rows: Array = weight[list(ids)].detach().double().cpu().numpy()
        return rows

    @property
    def is_tied(self) -> bool:
        """Whether the output embeddings are the input embeddings."""
        if not self._files.is_gguf:
            return super().is_tied
        return bool(self._config.get_text_config().tie_word_embeddings)

    @property
    def layers(self) -> int:
        """The number of the last hidden state; 0 is the embeddings."""
        return int(self._config.get_text_config().num_hidden_layers)

    @cached_property
    def _window(self) -> int:
        config = self._config.get_text_config()
        size = getattr(config, "max_position_embeddings", None) or getattr(
            config, "n_positions", None
        )
        if not isinstance(size, int) or size < 1:
            return 1 << 30
        # RoBERTa counts positions from behind its padding token.
        learned = getattr(
            getattr(self._model.base_model, "embeddings", None), "position_embeddings", None
        )
        padding = getattr(learned, "padding_idx", None)
        return size - (padding + 1 if padding is not None else 0)

    def contexts(self, texts: Sequence[str], bos: bool | None) -> list[Context]:
        """Each text with its special tokens: the template's own, or with or without a BOS.

        Raises:
            TokenheatError: A BOS is asked for and the model has none.
        """
        contexts = []
        for encoding in self._tokenizer.encode_batch(list(texts), add_special_tokens=True):
            own = [i for i, special in enumerate(encoding.special_tokens_mask) if not special]
            first, end = (own[0], own[-1] + 1) if own else (0, 0)
            ids = list(encoding.ids)
            if bos is False:
                ids, first, end = ids[first:], 0, end - first
            elif bos and first == 0:
                token = self._config.get_text_config().bos_token_id
                if not isinstance(token, int):
                    raise TokenheatError("the model has no BOS token", option="bos")
                ids, first, end = [token, *ids], 1, end + 1
            contexts.append(Context(ids, range(first, end)))
        return contexts

    def hidden(
        self, contexts: Sequence[Context], layers: Collection[int], stride: int | None
    ) -> Iterator[tuple[int, dict[int, Array]]]:
        """For each context its number and, by layer, its tokens' hidden states.

        A layer's array has the shape (tokens, dimensions). The last layer is the one after the
        model's final norm. Contexts come as they are done, the shortest first.
        """
        whole: dict[int, dict[int, Array]] = {}
        for item, outputs in self._run(contexts, stride, both_sides=self.is_masked, hidden=True):
            context = contexts[item.context]
            arrays = whole.setdefault(item.context, {})
            for layer in layers:
                state = outputs.hidden_states[layer] if layer < self.layers else _last(outputs)
                states = state[item.row, list(item.local)].double().cpu().numpy()
                array = arrays.setdefault(layer, np.empty((len(context.shown), states.shape[1])))
                array[list(item.scored)] = states
            if item.last:
                yield item.context, whole.pop(item.context)

    def predictions(
        self, contexts: Sequence[Context], wanted: Collection[str], topk: int, stride: int | None
    ) -> Iterator[tuple[int, Predictions]]:
        """For each context its number and what a causal model expected at its tokens.

        Contexts come as they are done, the shortest first.
        """
        heads: list[torch.Tensor] = []
        head = self._model.get_output_embeddings()
        hook = head.register_forward_pre_hook(lambda _, inputs: heads.append(inputs[0]))
        whole: dict[int, Predictions] = {}
        try:
            for item, outputs in self._run(contexts, stride, both_sides=False):
                hidden = heads[-1]
                del heads[:-1]
                count = len(contexts[item.context].shown)
                result = whole.setdefault(
                    item.context,
                    Predictions(
                        {name: np.full(count, np.nan) for name in wanted},
                        [[] for _ in range(count)] if topk else [],
                    ),
                )
                # The first position of all is predicted from nothing.
                pairs = [(at, n) for at, n in zip(item.local, item.scored, strict=True) if at > 0]
                for start in range(0, len(pairs), _ROWS):
                    rows = pairs[start : start + _ROWS]
                    before = [at - 1 for at, _ in rows]
                    tokens = torch.tensor([item.ids[at] for at, _ in rows], device=self._device)
                    logits = outputs.logits[item.row, before].float()
                    places = [n for _, n in rows]
                    numbers = _reduced(logits, tokens, wanted)
                    if "cosine-prediction" in wanted:
                        states = hidden[item.row, before].double()
                        numbers["cosine-prediction"] = torch.nn.functional.cosine_similarity(
                            states, head.weight[tokens].double(), dim=-1
                        )
                    for name, values in numbers.items():
                        result.numbers[name][places] = values.double().cpu().numpy()
                    if topk:
                        self._expected(result, logits, places, topk)
                if item.last:
                    yield item.context, whole.pop(item.context)
        finally:
            hook.remove()

    def masked(
        self,
        context: Context,
        together: Sequence[Sequence[int]],
        wanted: Collection[str],
        topk: int,
    ) -> Predictions:
        """What a masked model expects at each token when it does not see it.

        Parameters:
            together: For each of the context's own tokens, those that are masked with it: itself
                and the tokens to its right in the same word (Kauf and Ivanova, "A Better Way to Do
                Masked Language Model Scoring", 2023).

        Raises:
            TokenheatError: The tokenizer has no mask token.
        """
        mask = self._mask_id
        count, first = len(context.shown), context.shown.start
        prefix, suffix = context.ids[:first], context.ids[context.shown.stop :]
        own = context.ids[first : context.shown.stop]
        room = self._window - len(prefix) - len(suffix)
        result = Predictions(
            {name: np.full(count, np.nan) for name in wanted},
            [[] for _ in range(count)] if topk else [],
        )
        for start, end, scored in windows(count, room, room // 2, both_sides=True):
            width = len(prefix) + end - start + len(suffix)
            per_batch = max(1, _BATCH // width)
            for chunk in _chunks(list(scored), per_batch):
                rows = []
                for token in chunk:
                    hidden = set(together[token])
                    seen = [mask if i in hidden else own[i] for i in range(start, end)]
                    rows.append([*prefix, *seen, *suffix])
                with torch.inference_mode():
                    ids = torch.tensor(rows, device=self._device)
                    logits = self._model(input_ids=ids).logits
                at = [len(prefix) + token - start for token in chunk]
                picked = logits[range(len(chunk)), at].float()
                tokens = torch.tensor([own[token] for token in chunk], device=self._device)
                for name, values in _reduced(picked, tokens, wanted).items():
                    result.numbers[name][chunk] = values.double().cpu().numpy()
                if topk:
                    self._expected(result, picked, chunk, topk)
        return result

    @cached_property
    def _mask_id(self) -> int:
        for token in ("[MASK]", "<mask>"):
            found = self._tokenizer.token_to_id(token)
            if found is not None:
                return found
        raise TokenheatError("the model's tokenizer has no mask token")

    def _expected(
        self, result: Predictions, logits: torch.Tensor, places: Sequence[int], topk: int
    ) -> None:
        best = torch.softmax(logits, dim=-1).topk(min(topk, logits.shape[-1]), dim=-1)
        rows = zip(places, best.indices.tolist(), best.values.tolist(), strict=True)
        for place, tokens, shares in rows:
            texts = [self._tokenizer.decode([token], skip_special_tokens=False) for token in tokens]
            result.expected[place] = list(zip(texts, shares, strict=True))

    def _run(
        self,
        contexts: Sequence[Context],
        stride: int | None,
        *,
        both_sides: bool,
        hidden: bool = False,
    ) -> Iterator[tuple[_Item, Any]]:
        items = [
            item
            for number, context in enumerate(contexts)
            for item in self._items(number, context, stride, both_sides=both_sides)
        ]
        order = sorted(items, key=lambda item: (len(contexts[item.context].ids), item.context))
        for batch in _batched(order):
            width = max(len(item.ids) for item in batch)
            ids = torch.zeros((len(batch), width), dtype=torch.long)
            mask = torch.zeros((len(batch), width), dtype=torch.long)
            for row, item in enumerate(batch):
                item.row = row
                ids[row, : len(item.ids)] = torch.tensor(item.ids)
                mask[row, : len(item.ids)] = 1
            with torch.inference_mode():
                try:
                    outputs = (
                        self._model(
                            input_ids=ids.to(self._device),
                            attention_mask=mask.to(self._device),
                            output_hidden_states=hidden,
                            use_cache=False,
                        )
                        if not self.is_masked
                        else self._model(
                            input_ids=ids.to(self._device),
                            attention_mask=mask.to(self._device),
                            output_hidden_states=hidden,
                        )
                    )
                except torch.OutOfMemoryError:
                    raise TokenheatError(
                        f"the device '{self._device}' has no room for this model and text: "
                        "set 'device: cpu', or 'dtype: bfloat16'"
                    ) from None
                for item in batch:
                    yield item, outputs

    def _items(
        self, number: int, context: Context, stride: int | None, *, both_sides: bool
    ) -> Iterator[_Item]:
        first, stop = context.shown.start, context.shown.stop
        prefix, own, suffix = context.ids[:first], context.ids[first:stop], context.ids[stop:]
        room = self._window - len(prefix) - len(suffix)
        step = min(stride or max(1, room // 2), room)
        cuts = windows(len(own), room, step, both_sides=both_sides)
        for start, end, scored in cuts:
            local = range(first + scored.start - start, first + scored.stop - start)
            ids = [*prefix, *own[start:end], *suffix]
            yield _Item(number, ids, local, scored, last=scored.stop == len(own))

    def is_long(self, context: Context) -> bool:
        """Whether the text is longer than the model's window."""
        return len(context.ids) > self._window


@dataclass
class _Item:
    """One window of a context: its ids, which of them are scored, and which tokens those are."""

    context: int
    ids: list[int]
    local: range
    scored: range
    last: bool
    row: int = 0


def _last(outputs: Any) -> torch.Tensor:
    state: torch.Tensor | None = getattr(outputs, "last_hidden_state", None)
    return state if state is not None else outputs.hidden_states[-1]


def _reduced(
    logits: torch.Tensor, tokens: torch.Tensor, wanted: Collection[str]
) -> dict[str, torch.Tensor]:
    """From logits of shape (rows, vocabulary) to one number a row, for each metric."""
    own = logits.gather(1, tokens[:, None])[:, 0]
    numbers = {}
    if "logit" in wanted:
        numbers["logit"] = own
    if "rank" in wanted:
        numbers["rank"] = (logits > own[:, None]).sum(dim=1)
    if not {"probability", "surprisal", "entropy"}.isdisjoint(wanted):
        logs = torch.log_softmax(logits, dim=-1)
        log = logs.gather(1, tokens[:, None])[:, 0]
        if "probability" in wanted:
            numbers["probability"] = log.double().exp()
        if "surprisal" in wanted:
            numbers["surprisal"] = -log.double() / np.log(2)
        if "entropy" in wanted:
            numbers["entropy"] = -(logs.exp() * logs).nan_to_num(nan=0.0).sum(dim=1) / np.log(2)
    return numbers


def _batched(items: Sequence[_Item]) -> Iterator[list[_Item]]:
    """Items of about one length together, so that little is padding."""
    batch: list[_Item] = []
    for item in items:
        width = max(len(item.ids), *(len(other.ids) for other in batch), 0)
        if batch and width * (len(batch) + 1) > _BATCH:
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch


def _chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _device(name: str) -> str:
    if name != "auto":
        return name
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _is_masked(config: Any) -> bool:
    if getattr(config, "is_encoder_decoder", False):
        raise TokenheatError("a model with an encoder and a decoder gives its embeddings alone")
    names = list(getattr(config, "architectures", None) or ())
    if any(name.endswith(("ForCausalLM", "LMHeadModel")) for name in names):
        return False
    if any(name.endswith("ForMaskedLM") for name in names):
        return True
    known = transformers.models.auto.modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    return config.model_type in known and not getattr(config, "is_decoder", False)


def _tried(files: Files, load: Callable[[], Item]) -> Item:
    try:
        return load()
    except TokenheatError:
        raise
    except torch.OutOfMemoryError:
        raise TokenheatError("the device has no room for this model: set 'device: cpu'") from None
    except Exception as error:  # noqa: BLE001 (transformers raises whatever it met)
        where = files.tokenizer if files.is_gguf else files.tokenizer.parent
        raise TokenheatError(f"cannot load the model '{where}': {error}") from None
