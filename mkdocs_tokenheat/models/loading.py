"""Loads a model with transformers: only safetensors and GGUF, never a model's own code."""

from __future__ import annotations

import io
import math
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext, redirect_stderr
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import transformers

from mkdocs_tokenheat.errors import TokenheatError, counted
from mkdocs_tokenheat.foreign import foreign
from mkdocs_tokenheat.models.source import Files

__all__ = ["Loaded", "is_lack_of_room", "is_usable", "load_weights", "not_finite"]

Thing = TypeVar("Thing")


_UNFIT = re.compile(
    r"Unrecognized configuration class .*?(\w+)'> for this kind of AutoModel: (\w+)"
)

_NO_ROOM = re.compile("can't allocate memory|not enough memory|out of memory")
"""What allocators say on Linux, Windows and macOS."""

_ALIKE = {"float32": 1e-5, "float16": 1e-3, "bfloat16": 1e-3}
"""How far numbers that should be equal may differ, relative to the largest."""


@dataclass(frozen=True)
class Loaded:
    """A model in memory.

    Attributes:
        model: The module of transformers, in evaluation mode.
        config: Its text model's config.
        is_masked: Whether it sees both sides of a token, and is trained to fill in masked ones.
        is_causal: Whether it sees only what comes before a token.
        device: Where it is.
    """

    model: Any
    config: Any
    is_masked: bool
    is_causal: bool
    device: str


def load_weights(files: Files, *, predicts: bool, device: str, dtype: str) -> Loaded:
    """The model of these files.

    Parameters:
        predicts: Whether the language-modelling head is needed.
        device: `auto`, `cpu`, `cuda` or `mps`.
        dtype: `float32`, `float16` or `bfloat16`.

    Raises:
        TokenheatError: A model that cannot be loaded or run, whose checkpoint lacks weights, or
            that has no head where one is needed; a device that is not there.
    """
    there = _device(device)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    place: dict[str, Any] = {
        "pretrained_model_name_or_path": str(files.tokenizer.parent),
        # Without this, transformers asks whoever sits at the terminal.
        "trust_remote_code": False,
        "local_files_only": True,
    }
    if files.is_gguf:
        place["gguf_file"] = files.tokenizer.name
        # Reading only its config takes as long as loading it.
        kind: Any = transformers.AutoModelForCausalLM if predicts else transformers.AutoModel
    else:
        config = _tried(files, lambda: transformers.AutoConfig.from_pretrained(**place))
        _check_config(files, config)
        reads = (
            transformers.AutoModelForMaskedLM
            if _is_masked(config)
            else transformers.AutoModelForCausalLM
        )
        kind = reads if predicts else transformers.AutoModel
    model, info = _tried(
        files,
        lambda: kind.from_pretrained(
            **place,
            dtype=getattr(torch, dtype),
            use_safetensors=None if files.is_gguf else True,
            ignore_mismatched_sizes=True,  # They are reported below.
            output_loading_info=True,
        ),
    )
    if files.is_gguf:
        _check_config(files, model.config)
    _check_complete(model, info)
    model = _tried(files, lambda: model.to(there).eval().requires_grad_(requires_grad=False))
    is_masked = _is_masked(model.config)
    is_causal = not is_masked and _tried(files, lambda: _is_causal(model, dtype))
    if predicts and not is_masked and not is_causal:
        raise TokenheatError(
            "the model sees what comes after a token, but is not trained to fill in masked ones: "
            "it has vectors but no probabilities"
        )
    return Loaded(model, model.config.get_text_config(), is_masked, is_causal, there)


def _check_config(files: Files, config: Any) -> None:
    """Refuse a model that cannot be run, or that might differ on other machines.

    Raises:
        TokenheatError: An encoder with a decoder, weights other than the checkpoint's, an adapter
            beside them, or kernels from the hub, which are programs.
    """
    if getattr(config, "is_encoder_decoder", False):
        raise TokenheatError("a model with an encoder and a decoder gives only its embeddings")
    if getattr(config, "transformers_weights", None):
        raise TokenheatError("the model's config.json names other weights, which are not opened")
    if (files.tokenizer.parent / "adapter_config.json").exists():
        raise TokenheatError(
            "an adapter beside the model ('adapter_config.json') is never opened: merge "
            "it into the model, or move it elsewhere"
        )
    for each in (config, config.get_text_config()):
        if "/" in str(getattr(each, "_attn_implementation", "")):
            raise TokenheatError(
                "the model's config.json names attention kernels from the hub, which are never run"
            )


def _check_complete(model: Any, info: Mapping[str, Any]) -> None:
    """Refuse a model if transformers has made up some of its weights.

    Raises:
        TokenheatError: The checkpoint lacks weights, or has some of the wrong shape.
    """
    for name, found, wanted in sorted(info["mismatched_keys"]):
        raise TokenheatError(
            f"the checkpoint's '{name}' has the shape {list(found)}, "
            f"but config.json requires {list(wanted)}"
        )
    # A pooler comes after the hidden states, and checkpoints with a head have none.
    missing = sorted(name for name in info["missing_keys"] if "pooler" not in name)
    if not missing:
        return
    body = f"{model.base_model_prefix}."
    if model.base_model is not model and not any(name.startswith(body) for name in missing):
        raise TokenheatError(
            "the model's checkpoint has no language-modelling head "
            f"('{missing[0]}' is missing): it has vectors but no probabilities"
        )
    raise TokenheatError(
        f"the checkpoint lacks {counted(len(missing), 'tensor')} that config.json requires, "
        f"such as '{missing[0]}'"
    )


@torch.inference_mode()
def _is_causal(model: Any, dtype: str) -> bool:
    """Whether the start of a text gets the same numbers whatever comes later.

    This is tried out: what configs and class names say about it is not reliable.
    """
    count = model.get_input_embeddings().weight.shape[0]
    # Short, since a window may be.
    start, ends = [1, 2], ([3, 4, 5, 6], [10, 9, 8, 7])
    found = []
    for end in ends:
        ids = torch.tensor([start + end], device=model.device) % count
        outputs = model(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False)
        numbers = outputs["logits" if "logits" in outputs else "last_hidden_state"]
        found.append(numbers[0, : len(start)].float())
    if not all(is_usable(numbers) for numbers in found):
        raise not_finite(dtype)
    # Where both are minus infinity, their difference is NaN, and counts as none.
    apart = (found[0] - found[1]).nan_to_num(nan=0.0).abs().max()
    return bool(apart <= _ALIKE[dtype] * found[0][found[0].isfinite()].abs().max())


def is_usable(numbers: torch.Tensor) -> bool:
    """Whether a model could compute these; the logit of an impossible token is minus infinity."""
    # NaN counts as the largest, and is not less than anything.
    return bool((numbers.amax(dim=-1) < math.inf).all())


def not_finite(dtype: str) -> TokenheatError:
    """The error for numbers that overflow the type that a model computes in."""
    return TokenheatError(
        f"the model's numbers are not finite in {dtype}"
        + ("" if dtype == "float32" else ": set another 'dtype', such as float32")
    )


def is_lack_of_room(error: Exception) -> bool:
    """Whether a device, or the machine itself, has no memory left."""
    # Torch has an error class of its own only for CUDA's memory.
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and _NO_ROOM.search(str(error)) is not None
    )


def _device(name: str) -> str:
    found = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return next(device for device, is_there in found.items() if is_there)
    if not found[name]:
        raise TokenheatError(f"the setting 'device' is '{name}', but torch finds none here")
    return name


def _is_masked(config: Any) -> bool:
    names = getattr(config, "architectures", None)
    names = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    # XLM's heads of either kind are called WithLMHeadModel.
    if any(re.search("ForCausalLM$|(?<!With)LMHeadModel$", name) for name in names):
        return False
    if any(name.endswith("ForMaskedLM") for name in names):
        return True
    known = transformers.models.auto.modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES
    is_causal = getattr(config, "is_decoder", False) or getattr(config, "causal", False)
    return config.model_type in known and not is_causal


def _tried(files: Files, load: Callable[[], Thing]) -> Thing:
    where = files.tokenizer if files.is_gguf else files.tokenizer.parent
    # The progress bar for GGUF files cannot be switched off, and is only for terminals.
    hides_bar = files.is_gguf and not sys.stderr.isatty()
    quiet = redirect_stderr(io.StringIO()) if hides_bar else nullcontext()
    with foreign(f"cannot load the model '{where}'"), quiet:
        try:
            return load()
        except ValueError as error:
            raise _in_fewer_words(error) from None
        except (RuntimeError, MemoryError) as error:
            if not is_lack_of_room(error):
                raise
            raise TokenheatError(
                "the device has too little memory for this model: "
                "set another 'device', or 'dtype: bfloat16'"
            ) from None


def _in_fewer_words(error: ValueError) -> ValueError:
    said = str(error)
    if "trust_remote_code" in said:
        return TokenheatError("the model brings code of its own ('auto_map'), which is never run")
    if found := _UNFIT.search(said):
        return TokenheatError(f"transformers has no {found[2]} for its {found[1]}")
    return error
