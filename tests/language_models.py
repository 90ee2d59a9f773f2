"""Makes tiny language models from a config, and runs models in plain loops to compare with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing

from tests.checkpoints import byte_fallback_bpe, byte_level_bpe, with_special_token, wordpiece

WINDOW = 24

Numbers = dict[str, list[float]]


def gpt2(folder: Path) -> Path:
    """A GPT-2 with tied embeddings, whose tokenizer adds no BOS."""
    tokenizer = with_special_token(byte_level_bpe(), "<|endoftext|>")
    config = transformers.GPT2Config(
        vocab_size=tokenizer.get_vocab_size(),
        n_positions=WINDOW,
        n_embd=16,
        n_layer=3,
        n_head=2,
        initializer_range=0.5,
        bos_token_id=tokenizer.token_to_id("<|endoftext|>"),
        eos_token_id=tokenizer.token_to_id("<|endoftext|>"),
    )
    return _saved(transformers.GPT2LMHeadModel, config, tokenizer, folder)


def llama(folder: Path) -> Path:
    """A Llama with output embeddings of its own, whose tokenizer puts a BOS before each text."""
    tokenizer = with_special_token(byte_fallback_bpe(), "<s>")
    bos = tokenizer.token_to_id("<s>")
    tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", bos)])
    config = transformers.LlamaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=WINDOW,
        initializer_range=0.5,
        tie_word_embeddings=False,
        bos_token_id=bos,
        eos_token_id=bos,
    )
    return _saved(transformers.LlamaForCausalLM, config, tokenizer, folder)


def bert(folder: Path, *, head: bool = True) -> Path:
    """A BERT, with its head for masked words or without."""
    tokenizer = with_special_token(with_special_token(wordpiece(), "[CLS]"), "[MASK]")
    special = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=special)
    config = transformers.BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        max_position_embeddings=WINDOW,
        initializer_range=0.5,
    )
    kind = transformers.BertForMaskedLM if head else transformers.BertModel
    return _saved(kind, config, tokenizer, folder)


def mamba(folder: Path) -> Path:
    """A Mamba, whose hidden states in transformers begin after its first layer."""
    tokenizer = byte_level_bpe()
    config = transformers.MambaConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        state_size=4,
        num_hidden_layers=3,
        initializer_range=0.5,
    )
    return _saved(transformers.MambaForCausalLM, config, tokenizer, folder)


def reformer(folder: Path) -> Path:
    """A Reformer, which normalizes its last hidden state apart from the others."""
    tokenizer = byte_level_bpe()
    config = transformers.ReformerConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        feed_forward_size=32,
        attn_layers=["local", "local"],
        num_attention_heads=2,
        attention_head_size=8,
        local_attn_chunk_length=8,
        axial_pos_embds=False,
        max_position_embeddings=512,
        is_decoder=True,
    )
    return _saved(transformers.ReformerModelWithLMHead, config, tokenizer, folder)


def big_bird(folder: Path) -> Path:
    """A BigBird, whose attention is sparse in long texts."""
    tokenizer = wordpiece()
    config = transformers.BigBirdConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=1024,
        block_size=8,
        num_random_blocks=1,
        initializer_range=0.5,
    )
    return _saved(transformers.BigBirdForMaskedLM, config, tokenizer, folder)


def _saved(kind: Any, config: Any, tokenizer: Tokenizer, folder: Path) -> Path:
    torch.manual_seed(0)
    model = kind(config)
    for weight in model.parameters():
        if weight.dim() == 1:  # After a fresh LayerNorm, all norms would be the same.
            weight.data += 0.5 * torch.randn_like(weight)
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def literal(folder: Path) -> Tokenizer:
    """The folder's tokenizer, which takes special strings in a text literally."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.encode_special_tokens = True
    return tokenizer


def close(found: list[float | None], wanted: list[float]) -> None:
    """The same numbers within float32's precision, and none in the same places."""
    assert [n is None for n in found] == [math.isnan(n) for n in wanted]
    mine = np.array([n for n in found if n is not None])
    theirs = np.array([n for n in wanted if not math.isnan(n)])
    # Where terms of both signs nearly cancel, what is left has their rounding errors.
    cancels = (theirs < 0).any()
    absolute = 1e-6 * np.abs(theirs).max() if cancels else 1e-9
    np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=absolute)


@torch.no_grad()
def causal_loop(model: Any, ids: Sequence[int]) -> Numbers:
    """A causal model's numbers for each token but the first, from one plain forward pass."""
    states: list[torch.Tensor] = []
    head = model.get_output_embeddings()
    hook = head.register_forward_hook(lambda module, inputs, output: states.append(inputs[0]))
    logits = model(torch.tensor([list(ids)])).logits[0].double()
    hook.remove()
    numbers: Numbers = {name: [] for name in CAUSAL}
    for at in range(1, len(ids)):
        before, token = logits[at - 1], ids[at]
        shares = torch.softmax(before, -1)
        share = float(shares[token])
        state, vector = states[0][0, at - 1].double(), head.weight[token].double()
        numbers["logit"].append(float(before[token]))
        numbers["probability"].append(share)
        numbers["surprisal"].append(-math.log2(share))
        numbers["rank"].append(float((before > before[token]).sum()))
        numbers["entropy"].append(float(-(shares * torch.log2(shares)).sum()))
        cosine = state @ vector / (state.norm() * vector.norm())
        numbers["cosine-prediction"].append(float(cosine))
    return numbers


CAUSAL = ("logit", "probability", "surprisal", "rank", "entropy", "cosine-prediction")


def masked_loop(
    model: Any, ids: list[int], mask: int, words: Sequence[Sequence[int]]
) -> list[float]:
    """Each token's probability when it and the rest of its word are masked, one pass each."""
    shares = []
    for word in words:
        for i, at in enumerate(word):
            hidden = [mask if place in word[i:] else token for place, token in enumerate(ids)]
            with torch.no_grad():
                logits = model(torch.tensor([hidden])).logits[0, at]
            shares.append(float(torch.softmax(logits.double(), -1)[ids[at]]))
    return shares
