"""Statistics that a view or a scale needs, such as a vocabulary's quantiles: one entry each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from mkdocs_tokenheat.scoring.entry import Read
from mkdocs_tokenheat.scoring.key import Source, Way, make_key

if TYPE_CHECKING:
    from mkdocs_tokenheat.models.rows import RowModel

__all__ = ["Finding", "Kind", "Statistic", "make_statistic"]

G_contra = TypeVar("G_contra", bound=Mapping[str, object], contravariant=True)
E_co = TypeVar("E_co", bound="Finding", covariant=True)


@dataclass(frozen=True)
class Finding:
    """A statistic's result; its fields are the columns of its entry, next to its kind's name."""

    kind: ClassVar[str]

    def columns(self) -> Mapping[str, object]:
        """What is stored."""
        return {"kind": self.kind, **vars(self)}


@dataclass(frozen=True)
class Kind(Generic[G_contra, E_co]):
    """A kind of statistic: from given plain values, which the key covers, to a finding.

    Attributes:
        finding: The class of its findings.
        read: Turns an entry's columns into a finding.
        compute: Computes a finding with the models; the number is the largest number of units that
            a text may have.
        fits: Whether a finding can be that of the given values.
    """

    finding: type[E_co]
    read: Read[E_co]
    compute: Callable[[G_contra, Sequence[RowModel], Way, int], E_co]
    fits: Callable[[G_contra, Any], bool] = lambda _given, _entry: True

    @property
    def name(self) -> str:
        """The name that its entries carry."""
        return self.finding.kind


@dataclass(frozen=True)
class Statistic(Generic[E_co]):
    """A request for an entry other than a text's scores.

    Attributes:
        key: The SHA-256 of everything that it depends on.
        given: The values it is computed from.
        sources: The models that it depends on, in order.
        way: Which of their vectors are used.
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
        """The content of its entry.

        Raises:
            ValueError: Columns that do not fit its kind, or belong to something else.
        """
        if columns["kind"] != self.kind.name:
            raise ValueError("it is of another kind")
        entry = self.kind.read(columns)
        if not self.kind.fits(self.given, entry):
            raise ValueError("it belongs to something else")
        return entry


def make_statistic(
    kind: Kind[G_contra, E_co], models: Sequence[Source], way: Way, given: G_contra
) -> Statistic[E_co]:
    """The request for a statistic."""
    identities = [model.identity for model in models]
    key = make_key(kind=kind.name, given=given, models=identities, **way.chosen)
    return Statistic(key, kind, given, tuple(models), way)
