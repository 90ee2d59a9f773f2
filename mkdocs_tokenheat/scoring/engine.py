"""Scores requests with their models, each model loaded once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.util import find_spec

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.models.identity import check_default
from mkdocs_tokenheat.models.rows import RowModel, load
from mkdocs_tokenheat.models.source import DEFAULT_LINE, Files, locate
from mkdocs_tokenheat.scoring.request import Request
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.scoring.static import score_static
from mkdocs_tokenheat.settings import Settings

__all__ = ["score"]

_MODULES = {
    "torch": ("torch", "transformers"),
    "gguf": ("torch", "transformers", "gguf", "accelerate"),
}
"""What each extra brings."""

Result = tuple[Request, Scores | TokenheatError]


def score(requests: Sequence[Request], settings: Settings) -> Iterator[Result]:
    """The scores of each request, or why it has none, as soon as they are there."""
    by_model: dict[tuple[str | None, bool, str], list[Request]] = defaultdict(list)
    for request in requests:
        by_model[request.model, request.runs, request.way.dtype].append(request)
    for group in by_model.values():
        yield from _group(group, settings)


def _group(group: Sequence[Request], settings: Settings) -> Iterator[Result]:
    done: set[str] = set()
    try:
        for request, result in _scored(group, settings):
            done.add(request.key)
            yield request, result
    except TokenheatError as error:
        rest = [request for request in group if request.key not in done]
        vectors = [request for request in rest if request.metric.needs != "predictions"]
        if len(vectors) == len(rest):
            yield from ((request, error.about("model")) for request in rest)
            return
        # What the model cannot predict must not spoil its vectors.
        for request in rest:
            if request.metric.needs == "predictions":
                yield request, error.about("model")
        if vectors:
            yield from _group(vectors, settings)


def _scored(group: Sequence[Request], settings: Settings) -> Iterator[Result]:
    request = group[0]
    if request.model is None:
        return score_static(group, None, settings.max_tokens)
    identity = request.identity or {}
    files = locate(request.model, settings.base, identity.get("commit"))
    if request.model == DEFAULT_LINE:
        check_default(files)
    if not request.runs and not files.is_gguf:
        return score_static(group, load(files, identity, RowModel), settings.max_tokens)
    if not files.is_gguf and not files.config.is_file():
        raise TokenheatError(
            "the model holds embeddings alone and cannot be run: "
            f"metric '{request.metric.name}' needs a language model here"
        )
    _check_installed(files)
    from mkdocs_tokenheat.models.transformer import Transformer
    from mkdocs_tokenheat.scoring.forward import score_forward

    model = load(
        files,
        identity,
        Transformer,
        # A GGUF file gives its embeddings, too, through the model: one load serves all.
        predicts=files.is_gguf or any(r.metric.needs == "predictions" for r in group),
        device=settings.device,
        dtype=request.way.dtype,
    )
    if request.runs:
        return score_forward(group, model, settings.max_tokens)
    return score_static(group, model, settings.max_tokens)


def _check_installed(files: Files) -> None:
    extra = "gguf" if files.is_gguf else "torch"
    for name in _MODULES[extra]:
        try:
            found = find_spec(name)
        except ValueError:  # Something has put None in the module's place.
            found = None
        if found is None:
            raise TokenheatError(
                f"this needs the module '{name}', which is not installed: "
                f"pip install 'mkdocs-tokenheat[{extra}]'"
            )
