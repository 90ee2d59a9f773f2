"""Norm: how long each embedding vector is."""

from __future__ import annotations

from mkdocs_tokenheat.scoring.metrics.metric import Metric, Units, Vectors

__all__ = ["NORM"]


def _norm(units: Units) -> Vectors:
    """The L2 norm ‖v‖ = √Σvᵢ² of a token's embedding; for a word, the mean over its tokens.

    The norm of a word's mean vector would shrink with the number of its tokens.
    """
    assert units.norms is not None
    return units.norms


NORM = Metric(
    "norm",
    {
        "en": "L2 norm of each {unit}'s {vector}",
        "vi": "Độ lớn (chuẩn L2) của {vector} ứng với mỗi {unit}",
    },
    _norm,
    needs="vectors",
    norms_alone=True,
    of_vocabulary=True,
)
