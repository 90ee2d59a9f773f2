"""What an entry's numbers rest on, and the name that it makes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from mkdocs_tokenheat.models.identity import Identity
from mkdocs_tokenheat.scoring.entry import FORMAT

__all__ = ["Source", "Way", "make_key"]


@dataclass(frozen=True)
class Way:
    """Which vectors or predictions of a model are meant; the defaults where that does not matter.

    Attributes:
        layer: `input` for the embedding table, a layer's number, or `last`.
        embedding: `input` or `output`, with layer `input`.
        transform: What is done to the vectors of the table before anything else, if anything.
        pool: How a word's hidden states become one: `mean` or `last`.
        bos: Whether a BOS token comes first; None as the tokenizer's template has it.
        topk: How many expected tokens are listed.
        stride: How far windows over a long text lie apart.
        dtype: The numbers that the model computes in.
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
        """What is not as it is by default."""
        return {name: value for name, value in vars(self).items() if value != getattr(Way, name)}


@dataclass(frozen=True)
class Source:
    """A model that numbers rest on.

    Attributes:
        name: As the page names it.
        line: The site's line for it.
        identity: Who it is.
    """

    name: str
    line: str
    identity: Identity


def make_key(**parts: object) -> str:
    """The name of an entry: the SHA-256 of everything that it depends on."""
    canonical = _CANONICAL.encode({"format": FORMAT, **parts})
    return hashlib.sha256(canonical.encode()).hexdigest()


_CANONICAL = json.JSONEncoder(ensure_ascii=True, sort_keys=True)
