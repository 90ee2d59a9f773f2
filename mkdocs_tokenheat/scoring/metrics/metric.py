"""What a metric is, and what it sees of a text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from mkdocs_tokenheat.block.options import Numbers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Metric", "Units", "Vectors"]

Vectors: TypeAlias = "NDArray[np.float64]"


@dataclass(frozen=True)
class Units:
    """A text's n units (tokens or words), as a metric sees them.

    Attributes:
        texts: The part of the text that each unit shows.
        vectors: The mean embedding of each unit's tokens, of shape (n, dimensions); NaN if the unit
            has no token that the model knows. None for metrics that need no vectors.
        norms: The mean of the L2 norms of each unit's tokens, of shape (n,).
        target: The mean embedding of the target's tokens, of shape (dimensions,).
        predictions: By metric, a language model's number for each unit, of shape (n,).
        values: The author's own numbers.
    """

    texts: Sequence[str]
    vectors: Vectors | None = None
    norms: Vectors | None = None
    target: Vectors | None = None
    values: Numbers = ()
    predictions: Mapping[str, Vectors] = field(default_factory=dict)


@dataclass(frozen=True)
class Metric:
    """A number that each unit of a text gets.

    Attributes:
        name: As authors write it.
        labels: Its description in the caption, by language. `{unit}`, `{vector}` and `{target}` are
            filled in.
        compute: From the units to their n numbers; None or NaN where there is none.
        needs: `text` if it only needs how the text is cut, so that the author's own tokens can
            stand in for a tokenizer's, `vectors` for embeddings or hidden states, `predictions` for
            what a language model expects.
        norms_alone: Whether the norms of the vectors are enough.
        parameters: The options that it needs and that its numbers depend on.
        pooled: How a word's prediction is pooled from its tokens'; None if words have none.
        of_masked: Whether a masked language model has it.
        of_vocabulary: Whether a token has it apart from any text, so that it can be ranked among
            all tokens.
        of_order: Whether it depends on the units' order, so that shuffling the text changes it.
    """

    name: str
    labels: Mapping[str, str]
    compute: Callable[[Units], Sequence[float | None] | Vectors]
    needs: Literal["text", "vectors", "predictions"] = "text"
    norms_alone: bool = False
    parameters: tuple[str, ...] = ()
    pooled: Literal["product", "sum"] | None = None
    of_masked: bool = False
    of_vocabulary: bool = False
    of_order: bool = False

    @property
    def of_words(self) -> bool:
        """Whether words have it, too."""
        return self.needs != "predictions" or self.pooled is not None

    def __reduce__(self) -> tuple[Callable[[str], Metric], tuple[str]]:
        """Pickled by name, for other processes."""
        from mkdocs_tokenheat.scoring.metrics import metric_of

        return metric_of, (self.name,)
