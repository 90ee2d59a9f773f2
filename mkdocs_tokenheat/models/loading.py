"""Loads a model's weights with transformers: safetensors and GGUF alone, never anyone's code."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import nullcontext, redirect_stderr
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import transformers

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.foreign import foreign
from mkdocs_tokenheat.models.source import Files

__all__ = ["Loaded", "is_lack_of_room", "load_weights"]

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Loaded:
    """A model in memory.

    Attributes:
        model: The module of transformers, in evaluation mode.
        config: Its text model's config.
        is_masked: Whether it sees both sides of a token, and is trained to fill in masked ones.
        device: Where it is.
    """

    model: Any
    config: Any
    is_masked: bool
    device: str


def load_weights(files: Files, *, predicts: bool, device: str, dtype: str) -> Loaded:
    """The model of these files.

    Parameters:
        predicts: Whether the language-modelling head is needed.
        device: `auto`, `cpu`, `cuda` or `mps`.
        dtype: `float32`, `float16` or `bfloat16`.

    Raises:
        TokenheatError: A model that cannot be loaded, or has no head where one is needed.
    """
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    place: dict[str, Any] = {
        "pretrained_model_name_or_path": str(files.tokenizer.parent),
        # Where this is not said, transformers asks whoever sits at the terminal.
        "trust_remote_code": False,
        "local_files_only": True,
    }
    if files.is_gguf:
        place["gguf_file"] = files.tokenizer.name
    kind: Any = transformers.AutoModel
    if predicts and files.is_gguf:  # To read its config alone takes as long as to load it.
        kind = transformers.AutoModelForCausalLM
    elif predicts:
        config = _tried(files, lambda: transformers.AutoConfig.from_pretrained(**place))
        is_masked = _is_masked(config)
        kind = transformers.AutoModelForMaskedLM if is_masked else transformers.AutoModelForCausalLM
    model, info = _tried(
        files,
        lambda: kind.from_pretrained(
            **place,
            dtype=getattr(torch, dtype),
            use_safetensors=None if files.is_gguf else True,
            output_loading_info=True,
        ),
    )
    if predicts and info["missing_keys"]:
        raise TokenheatError(
            "the model's checkpoint has no language-modelling head "
            f"('{min(info['missing_keys'])}' is missing): it has vectors and no probabilities"
        )
    place_name = _device(device)
    model = _tried(files, lambda: model.to(place_name).eval().requires_grad_(requires_grad=False))
    return Loaded(model, model.config.get_text_config(), _is_masked(model.config), place_name)


def is_lack_of_room(error: Exception) -> bool:
    """Whether a device, or the machine itself, has no memory left."""
    # On the CPU, torch has no class of its own for it.
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
    )


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


def _tried(files: Files, load: Callable[[], Thing]) -> Thing:
    where = files.tokenizer if files.is_gguf else files.tokenizer.parent
    # The bar that GGUF files are read with cannot be switched off, and is for terminals alone.
    hides_bar = files.is_gguf and not sys.stderr.isatty()
    quiet = redirect_stderr(io.StringIO()) if hides_bar else nullcontext()
    with foreign(f"cannot load the model '{where}'"), quiet:
        try:
            return load()
        except (RuntimeError, MemoryError) as error:
            if not is_lack_of_room(error):
                raise
            raise TokenheatError(
                "the device has no room for this model: set another 'device', or 'dtype: bfloat16'"
            ) from None
