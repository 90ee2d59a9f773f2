"""What an entry's numbers depend on, and the name made from it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from mkdocs_tokenheat.models.identity import Identity
from mkdocs_tokenheat.scoring.entry import FORMAT

__all__ = ["Source", "Way", "make_key"]


@dataclass(frozen=True)
class Way:
    """Which of a model's vectors or predictions are used; the defaults where that does not matter.

    Attributes:
        layer: `input` for the embedding table, a layer's number, or `last`.
        embedding: `input` or `output`, with layer `input`.
        transform: The transform applied first to the vectors of the table, if any.
        pool: How a word's hidden states are pooled: `mean` or `last`.
        bos: Whether a BOS token comes first; None follows the tokenizer's template.
        topk: How many expected tokens are listed.
        stride: The distance between windows over a long text.
        dtype: The number type that the model computes in.
    """

    layer: str = "input"
    embedding: str = "input"
    transform: str | None = None
    pool: str = "mean"
    bos: bool | None = None
    topk: int = 0
    stride: int | None = None
    dtype: str = "float32"

    @property
    def chosen(self) -> dict[str, object]:
        """The values that differ from the defaults."""
        return {name: value for name, value in vars(self).items() if value != getattr(Way, name)}


@dataclass(frozen=True)
class Source:
    """A model that numbers depend on.

    Attributes:
        name: Its name on pages.
        line: The site's line for it.
        identity: What identifies it.
    """

    name: str
    line: str
    identity: Identity


def make_key(**parts: object) -> str:
    """The name of an entry: the SHA-256 of everything that it depends on."""
    canonical = _CANONICAL.encode({"format": FORMAT, **parts})
    return hashlib.sha256(canonical.encode()).hexdigest()


_CANONICAL = json.JSONEncoder(ensure_ascii=True, sort_keys=True)
