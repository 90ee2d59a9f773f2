"""Cosine similarity: the angle between an embedding and the one before it, or a pinned word's."""

from __future__ import annotations

from mkdocs_tokenheat.scoring.metrics.metric import Metric, Units, Vectors

__all__ = ["PREVIOUS", "TARGET"]


def _previous(units: Units) -> list[float | None]:
    """Cos θ = x·y / (‖x‖‖y‖) of each unit and the one before it; the first has none."""
    assert units.vectors is not None
    from mkdocs_tokenheat.scoring.vectors import normalized

    unit = normalized(units.vectors)
    cosines: list[float | None] = (unit[1:] * unit[:-1]).sum(axis=-1).tolist()
    return [None, *cosines] if len(unit) else []


def _target(units: Units) -> Vectors:
    """Cos θ = x·y / (‖x‖‖y‖) of each unit and the target."""
    assert units.vectors is not None
    assert units.target is not None
    from mkdocs_tokenheat.scoring.vectors import normalized

    cosines: Vectors = normalized(units.vectors) @ normalized(units.target)
    return cosines


PREVIOUS = Metric(
    "cosine-previous",
    {
        "en": "Cosine similarity of each {unit}'s {vector} with the previous {unit}'s",
        "vi": "Độ tương đồng cosine giữa {vector} của mỗi {unit} và của {unit} liền trước",
    },
    _previous,
    needs="vectors",
    of_order=True,
)

TARGET = Metric(
    "cosine-target",
    {
        "en": "Cosine similarity of each {unit}'s {vector} with “{target}”",
        "vi": "Độ tương đồng cosine giữa {vector} của mỗi {unit} và của “{target}”",
    },
    _target,
    needs="vectors",
    parameters=("target",),
    of_vocabulary=True,
)
