"""Cosine similarity: the angle between an embedding and the one before it, or a pinned word's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mkdocs_tokenheat.scoring.metrics.metric import Metric, Units

if TYPE_CHECKING:
    from mkdocs_tokenheat.scoring.metrics.metric import Vectors


def _unit_length(vectors: Vectors) -> Vectors:
    normalized: Vectors = vectors / (vectors * vectors).sum(axis=-1, keepdims=True) ** 0.5
    return normalized


def _previous(units: Units) -> list[float | None]:
    """Cos θ = x·y / (‖x‖‖y‖) of each unit and the one before it; the first has none."""
    assert units.vectors is not None
    normalized = _unit_length(units.vectors)
    cosines: list[float | None] = (normalized[1:] * normalized[:-1]).sum(axis=-1).tolist()
    return [None, *cosines] if len(normalized) else []


def _target(units: Units) -> Vectors:
    """Cos θ = x·y / (‖x‖‖y‖) of each unit and the target."""
    assert units.vectors is not None
    assert units.target is not None
    return _unit_length(units.vectors) @ _unit_length(units.target)


PREVIOUS = Metric(
    "cosine-previous",
    {
        "en": "Cosine similarity of each {unit}'s {vector} with the {unit} before it",
        "vi": "Độ tương đồng cosine của {vector} mỗi {unit} với {unit} liền trước",
    },
    _previous,
    needs="vectors",
)

TARGET = Metric(
    "cosine-target",
    {
        "en": "Cosine similarity of each {unit}'s {vector} with “{target}”",
        "vi": "Độ tương đồng cosine của {vector} mỗi {unit} với “{target}”",
    },
    _target,
    needs="vectors",
    parameters=("target",),
)
