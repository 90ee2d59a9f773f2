"""Scores requests with their models, each model loaded once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.models.rows import RowModel, load
from mkdocs_tokenheat.models.source import locate
from mkdocs_tokenheat.scoring.request import Request
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.scoring.static import score_static
from mkdocs_tokenheat.settings import Settings

__all__ = ["score"]

Result = tuple[Request, Scores | TokenheatError]


def score(requests: Sequence[Request], settings: Settings) -> Iterator[Result]:
    """The scores of each request, or why it has none, as soon as they are there."""
    by_model: dict[tuple[str | None, bool, str], list[Request]] = defaultdict(list)
    for request in requests:
        by_model[request.model, request.runs, request.way.dtype].append(request)
    for group in by_model.values():
        try:
            yield from _scored(group, settings)
        except TokenheatError as error:
            yield from ((request, error.about("model")) for request in group)


def _scored(group: Sequence[Request], settings: Settings) -> Iterator[Result]:
    request = group[0]
    if request.model is None:
        return score_static(group, None, settings.max_tokens)
    identity = request.identity or {}
    files = locate(request.model, settings.base, identity.get("commit"))
    if not request.runs and not files.is_gguf:
        return score_static(group, load(files, identity, RowModel), settings.max_tokens)
    if not files.is_gguf and not (files.tokenizer.parent / "config.json").is_file():
        raise TokenheatError(
            "the model holds embeddings alone and cannot be run: "
            f"metric '{request.metric.name}' needs a language model here"
        )
    try:
        from mkdocs_tokenheat.models.transformer import Transformer
        from mkdocs_tokenheat.scoring.forward import score_forward
    except ImportError as error:
        raise TokenheatError(
            f"this needs the module '{error.name}', which is not installed: "
            "pip install 'mkdocs-tokenheat[torch]'"
        ) from None
    # A GGUF file gives its embeddings, too, through the model: one load serves all.
    predicts = files.is_gguf or any(r.metric.needs == "predictions" for r in group)
    model = load(
        files,
        identity,
        Transformer,
        predicts=predicts,
        device=settings.device,
        dtype=request.way.dtype,
    )
    if request.runs:
        return score_forward(group, model, settings.max_tokens)
    return score_static(group, model, settings.max_tokens)
