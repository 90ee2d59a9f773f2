"""The metrics, by name: to add one, add a file here and a line to the registry."""

from __future__ import annotations

from mkdocs_tokenheat.errors import TokenheatError, unknown
from mkdocs_tokenheat.scoring.metrics.cosine import PREVIOUS, TARGET
from mkdocs_tokenheat.scoring.metrics.length import LENGTH
from mkdocs_tokenheat.scoring.metrics.metric import Metric
from mkdocs_tokenheat.scoring.metrics.norm import NORM
from mkdocs_tokenheat.scoring.metrics.prediction import (
    COSINE,
    ENTROPY,
    LOGIT,
    PROBABILITY,
    RANK,
    SURPRISAL,
)
from mkdocs_tokenheat.scoring.metrics.values import VALUES

__all__ = ["METRICS", "Metric", "metric_of"]

METRICS = {
    metric.name: metric
    for metric in (
        *(NORM, PREVIOUS, TARGET, LENGTH, VALUES),
        *(LOGIT, PROBABILITY, SURPRISAL, RANK, ENTROPY, COSINE),
    )
}


def metric_of(name: str) -> Metric:
    """The metric of that name.

    Raises:
        TokenheatError: A name that is not known.
    """
    if name not in METRICS:
        raise TokenheatError(unknown("metric", name, METRICS), option="metric")
    return METRICS[name]
