"""Numbers that are no text's: what a view or a scale needs besides scores, an entry each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from mkdocs_tokenheat.models.identity import Identity
from mkdocs_tokenheat.scoring.entry import FORMAT, Entry, Read

if TYPE_CHECKING:
    from mkdocs_tokenheat.models.rows import RowModel

__all__ = ["Kind", "Source", "Statistic", "Way", "make_key", "make_statistic"]

G_contra = TypeVar("G_contra", bound=Mapping[str, object], contravariant=True)
E_co = TypeVar("E_co", bound=Entry, covariant=True)


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
        return {name: value for name, value in vars(self).items() if value != _PLAIN[name]}


_PLAIN = vars(Way())


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


@dataclass(frozen=True)
class Kind(Generic[G_contra, E_co]):
    """A kind of statistic: from what is given, plain values that a key covers, to an entry.

    Attributes:
        name: Which its entries bear.
        read: From an entry's columns to what they hold.
        compute: What the models make of what is given; the number is the largest that a text may
            have of units.
        fits: Whether an entry can be of what is given.
    """

    name: str
    read: Read[E_co]
    compute: Callable[[G_contra, Sequence[RowModel], Way, int], E_co]
    fits: Callable[[G_contra, Any], bool] = lambda _given, _entry: True


@dataclass(frozen=True)
class Statistic(Generic[E_co]):
    """A request for an entry that is no text's scores.

    Attributes:
        key: The SHA-256 of everything that it depends on.
        given: What it is of.
        sources: The models that it rests on, in their order.
        way: Which of their vectors are meant.
    """

    key: str
    kind: Kind[Any, E_co]
    given: Mapping[str, object]
    sources: tuple[Source, ...]
    way: Way = Way()

    @property
    def what(self) -> str:
        """What it asks for, in a message."""
        return f"numbers of this block (kind '{self.kind.name}')"

    def read(self, columns: Mapping[str, Any]) -> E_co:
        """What its entry holds.

        Raises:
            ValueError: Columns that are not as its kind is, or of something else.
        """
        if columns["kind"] != self.kind.name:
            raise ValueError("it is of another kind")
        entry = self.kind.read(columns)
        if not self.kind.fits(self.given, entry):
            raise ValueError("it is of something else")
        return entry


def make_statistic(
    kind: Kind[G_contra, E_co], models: Sequence[Source], way: Way, given: G_contra
) -> Statistic[E_co]:
    """The request for a statistic."""
    identities = [model.identity for model in models]
    key = make_key(kind=kind.name, given=given, models=identities, **way.chosen)
    return Statistic(key, kind, given, tuple(models), way)


def make_key(**parts: object) -> str:
    """The name of an entry: the SHA-256 of everything that it depends on."""
    canonical = _CANONICAL.encode({"format": FORMAT, **parts})
    return hashlib.sha256(canonical.encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value))


_CANONICAL = json.JSONEncoder(ensure_ascii=True, sort_keys=True, default=_plain)
