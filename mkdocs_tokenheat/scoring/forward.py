"""Scores that need the model to run: predictions and hidden states, many texts at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.models.batches import Context
from mkdocs_tokenheat.models.tokenizer import BEFORE, Tokens, of_word
from mkdocs_tokenheat.models.transformer import Array, Predictions, Transformer
from mkdocs_tokenheat.scoring.cut import Cut, cut_tokens, cut_words, finished, tokens_of
from mkdocs_tokenheat.scoring.entry import rounded
from mkdocs_tokenheat.scoring.metrics import METRICS
from mkdocs_tokenheat.scoring.metrics.metric import Units
from mkdocs_tokenheat.scoring.request import Request, Scored, batched
from mkdocs_tokenheat.scoring.scores import Note
from mkdocs_tokenheat.scoring.vectors import means

__all__ = ["score_forward"]

_POOL: Mapping[str, Callable[[Array], float]] = {"product": np.prod, "sum": np.sum}


_PART = 1_000_000
"""How many characters of text are cut into tokens before any are scored."""


@dataclass(frozen=True)
class _Text:
    """A text to be run through the model, with all the requests for it."""

    tokens: Tokens
    context: Context
    requests: list[Request]


def score_forward(
    requests: Sequence[Request], model: Transformer, max_tokens: int
) -> Iterator[Scored]:
    """The scores of each request, or why it has none, as soon as its text has been run.

    Parameters:
        max_tokens: The largest number of units that a text may have.
    """
    by_way: dict[tuple[str, bool | None, int | None], list[Request]] = defaultdict(list)
    for request in requests:
        by_way[request.metric.needs, request.way.bos, request.way.stride].append(request)
    for (needs, bos, stride), group in by_way.items():
        score_texts = _hidden if needs == "vectors" else _masked if model.is_masked else _causal
        # Texts of one length share batches, and equal ones are run once.
        group.sort(key=lambda request: (len(request.text), request.text))
        for part in batched(group, _PART):
            texts, refused = _texts(part, model, bos, max_tokens)
            yield from refused
            yield from score_texts(texts, model, stride)


def _texts(
    group: Sequence[Request], model: Transformer, bos: bool | None, max_tokens: int
) -> tuple[list[_Text], list[Scored]]:
    by_text: dict[str, list[Request]] = defaultdict(list)
    refused: list[Scored] = []
    for request in group:
        problem = _unfit(request, model)
        if problem is None:
            by_text[request.text].append(request)
        else:
            refused.append((request, problem))
    texts: list[_Text] = []
    for text, mine in by_text.items():
        try:
            tokens = tokens_of(text, model, max_tokens)
            (context,) = model.contexts([text], bos)
        except TokenheatError as error:
            refused += [(request, error) for request in mine]
        else:
            texts.append(_Text(tokens, context, mine))
    return texts, refused


def _unfit(request: Request, model: Transformer) -> TokenheatError | None:
    if request.metric.needs == "predictions":
        if model.is_masked and not request.metric.of_masked:
            has = " and ".join(metric.name for metric in METRICS.values() if metric.of_masked)
            return TokenheatError(
                f"metric '{request.metric.name}' needs a model that reads from left to right: "
                f"this one is masked and has only {has}",
                option="metric",
            )
        return None
    layer = request.way.layer
    if layer.isdecimal() and int(layer) > model.layers:
        return TokenheatError(
            f"the model has no layer {layer}: its layers are 0 to {model.layers}", option="layer"
        )
    return None


def _causal(texts: Sequence[_Text], model: Transformer, stride: int | None) -> Iterator[Scored]:
    wanted = [{request.metric.name for request in text.requests} for text in texts]
    topk = [max(request.way.topk for request in text.requests) for text in texts]
    contexts = [text.context for text in texts]
    for number, predictions in model.predictions(contexts, wanted, topk, stride):
        text = texts[number]
        if isinstance(predictions, TokenheatError):
            yield from ((request, predictions) for request in text.requests)
            continue
        notes: list[Note] = [("causal",)]
        if text.context.shown.start > 0:
            notes.append(("after-bos",))
        yield from _predicted(text, predictions, model, notes)


def _masked(texts: Sequence[_Text], model: Transformer, stride: int | None) -> Iterator[Scored]:
    for text in sorted(texts, key=lambda text: len(text.context.ids)):
        wanted = {request.metric.name for request in text.requests}
        topk = max(request.way.topk for request in text.requests)
        words = cut_words(text.requests[0].text, text.tokens).groups
        together: list[Sequence[int]] = [[i] for i in range(len(text.tokens.ids))]
        for group in words:
            for at, token in enumerate(group):
                together[token] = group[at:]
        try:
            predictions = model.masked(text.context, together, wanted, topk, stride)
        except TokenheatError as error:
            yield from ((request, error) for request in text.requests)
        else:
            yield from _predicted(text, predictions, model, [("masked",)])


def _predicted(
    text: _Text, predictions: Predictions, model: Transformer, notes: list[Note]
) -> Iterator[Scored]:
    for request in text.requests:
        name = request.metric.name
        cut = _cut(request, text)
        numbers = predictions.numbers[name]
        mine = list(notes)
        if request.unit == "word" and request.metric.pooled:
            pool = _POOL[request.metric.pooled]
            numbers = np.array([pool(numbers[group]) if group else np.nan for group in cut.groups])
            mine.append((f"word-{name}",))
        mine += _further_notes(request, text, model)
        expected = [
            [(token, rounded(share)) for token, share in each[: request.way.topk]]
            for each in predictions.expected
        ]
        units = Units([], predictions={name: numbers})
        yield (
            request,
            finished(request, cut, units, mine, expected=expected if request.way.topk else ()),
        )


def _hidden(texts: Sequence[_Text], model: Transformer, stride: int | None) -> Iterator[Scored]:
    layers = [{_layer(request, model) for request in text.requests} for text in texts]
    targets = _targets(texts, model, stride)
    for number, states in model.hidden([text.context for text in texts], layers, stride):
        text = texts[number]
        if isinstance(states, TokenheatError):
            yield from ((request, states) for request in text.requests)
            continue
        for request in text.requests:
            layer = _layer(request, model)
            cut = _cut(request, text)
            is_last = request.way.pool == "last"
            notes: list[Note] = [("layer", layer, model.layers)]
            if text.context.shown.start > 0 and model.is_causal:
                notes.append(("after-bos",))
            if any(len(group) > 1 for group in cut.groups):
                notes.append(("words-last",) if is_last else ("words-pooled",))
            notes += _further_notes(request, text, model)
            target = None
            if request.target is not None:
                found = targets[request.target]
                if isinstance(found, TokenheatError):
                    yield request, found
                    continue
                target = found[layer][-1] if is_last else found[layer].mean(axis=0)
                count = len(found[layer])
                several = "target-last" if is_last else "target-alone"
                notes.append((several, count) if count > 1 else ("target-token",))
            # What each unit's number depends on: the states of its tokens, or of the last one.
            groups = [group[-1:] for group in cut.groups] if is_last else cut.groups
            vectors, norms = (
                means(rows, range(len(rows)), groups, cut.unknown)
                for rows in (states[layer], np.sqrt((states[layer] ** 2).sum(axis=1)))
            )
            units = Units([], vectors, norms, target)
            at_start = text.context.shown.start == 0
            aside = [i for i, group in enumerate(groups) if at_start and 0 in group]
            yield request, finished(request, cut, units, notes, aside=aside)


def _further_notes(request: Request, text: _Text, model: Transformer) -> list[Note]:
    notes: list[Note] = []
    if model.is_long(text.context):
        notes.append(("windows",))
    if model.tokenizer.drops_accents(request.text + (request.target or "")):
        notes.append(("accents-dropped",))
    return notes


def _layer(request: Request, model: Transformer) -> int:
    return model.layers if request.way.layer == "last" else int(request.way.layer)


def _targets(
    texts: Sequence[_Text], model: Transformer, stride: int | None
) -> dict[str, dict[int, Array] | TokenheatError]:
    """Each target's hidden states: those of its tokens, alone in the middle of a sentence."""
    layers: dict[str, set[int]] = defaultdict(set)
    for request in (request for text in texts for request in text.requests):
        if request.target is not None:
            layers[request.target].add(_layer(request, model))
    if not layers:
        return {}
    words = list(layers)
    bos = texts[0].requests[0].way.bos
    behind = [BEFORE + word for word in words]
    contexts = model.contexts(behind, bos)
    encodings = model.tokenizer.encode(behind)
    found: dict[str, dict[int, Array] | TokenheatError] = {}
    for number, states in model.hidden(contexts, list(layers.values()), stride):
        if isinstance(states, TokenheatError):
            found[words[number]] = states
            continue
        own = of_word(encodings[number])
        if not own or any(encodings[number].ids[i] == model.tokenizer.unknown for i in own):
            found[words[number]] = TokenheatError(
                f"the model's tokenizer does not know the target '{words[number]}'", option="target"
            )
        else:
            found[words[number]] = {layer: array[own] for layer, array in states.items()}
    return found


def _cut(request: Request, text: _Text) -> Cut:
    if request.unit == "word":
        return cut_words(request.text, text.tokens)
    return cut_tokens(text.tokens)
