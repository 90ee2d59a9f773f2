"""A language model's numbers for a text, against plain loops over the same models."""

from __future__ import annotations

import json
import logging
import math
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from mkdocs_tokenheat.errors import NotScoredError, TokenheatError
from mkdocs_tokenheat.models import transformer
from mkdocs_tokenheat.models.reduce import reduced
from mkdocs_tokenheat.models.rows import RowModel
from mkdocs_tokenheat.models.source import locate
from mkdocs_tokenheat.models.transformer import Transformer
from mkdocs_tokenheat.models.windows import windows
from mkdocs_tokenheat.scoring import forward
from mkdocs_tokenheat.scoring.cut import tokens_of
from mkdocs_tokenheat.scoring.entry import Entry
from tests.checkpoints import with_special_token, wordpiece
from tests.conftest import Author, block
from tests.language_models import (
    CAUSAL,
    WINDOW,
    bert,
    big_bird,
    causal_loop,
    close,
    gpt2,
    literal,
    llama,
    mamba,
    masked_loop,
    reformer,
)

TEXT = "the cat sat, viets a cat"
LONG = "the cat is similar to a violet cat. " * 5


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    gpt2(folder / "gpt2")
    llama(folder / "llama")
    bert(folder / "bert")
    bert(folder / "bare", head=False)
    return folder


@pytest.fixture
def owner(tmp_path: Path, models: Path) -> Author:
    """A site that lists the tiny models."""
    lines = {name: f"path:{models / name}" for name in ("gpt2", "llama", "bert", "bare")}
    return Author(tmp_path, models=lines, device="cpu")


def loaded(folder: Path, kind: Any) -> Any:
    return kind.from_pretrained(folder).eval()


def overflowing(model: Path, folder: Path) -> None:
    """A copy of the model in which a violet's embedding is too large for float16."""
    shutil.copytree(model, folder)
    weights = load_file(folder / "model.safetensors")
    name = next(name for name in weights if re.search("embed_tokens|word_embeddings", name))
    weights[name][literal(folder).encode("a violet").ids[-1]] *= 1e6
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


class TestCausalModels:
    @pytest.mark.parametrize("rows", [transformer._ROWS, 3])
    @pytest.mark.parametrize("metric", CAUSAL)
    def test_every_number_is_that_of_a_plain_loop(
        self, owner: Author, models: Path, metric: str, rows: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(transformer, "_ROWS", rows)
        model = loaded(models / "gpt2", transformers.GPT2LMHeadModel)
        ids = literal(models / "gpt2").encode(TEXT).ids
        wanted = [math.nan, *causal_loop(model, ids)[metric]]
        close(owner.numbers(TEXT, model="gpt2", metric=metric), wanted)

    @pytest.mark.parametrize("metric", CAUSAL)
    def test_a_template_with_a_bos_gives_the_first_token_a_number(
        self, owner: Author, models: Path, metric: str
    ) -> None:
        model = loaded(models / "llama", transformers.LlamaForCausalLM)
        ids = literal(models / "llama").encode(TEXT).ids
        wanted = causal_loop(model, ids)[metric]
        found = owner.score(TEXT, model="llama", metric=metric)
        close(list(found.scores), wanted)
        assert ("after-bos",) in found.notes

    def test_a_bos_can_be_asked_for_and_done_without(self, owner: Author, models: Path) -> None:
        model = loaded(models / "gpt2", transformers.GPT2LMHeadModel)
        ids = literal(models / "gpt2").encode(TEXT).ids
        wanted = causal_loop(model, [model.config.bos_token_id, *ids])["probability"]
        close(owner.numbers(TEXT, model="gpt2", metric="probability", bos=True), wanted)
        found = owner.numbers(TEXT, model="llama", metric="probability", bos=False)
        assert found[0] is None
        assert None not in found[1:]
        # One that the template already adds is not added twice.
        given = {"model": "llama", "metric": "probability"}
        assert owner.numbers(TEXT, **given, bos=True) == owner.numbers(TEXT, **given)

    def test_of_two_blocks_with_one_text_each_lists_what_it_asks_for(self, owner: Author) -> None:
        for model in ("gpt2", "bert"):
            blocks = [block(TEXT, model=model, metric="probability", topk=k) for k in (2, 4)]
            for k, answer in zip((2, 4), owner.site().score(blocks), strict=True):
                assert not isinstance(answer, TokenheatError)
                assert {len(each) for each in answer.scores.expected[1:]} == {k}

    def test_a_word_has_the_product_of_its_tokens(self, owner: Author) -> None:
        options = {"model": "llama", "metric": "probability"}
        tokens = owner.score("violet, cat", **options)
        words = owner.score("violet, cat", **options, unit="word")
        shares = [share or 0.0 for share in tokens.scores]
        spans = tokens.spans
        for (start, end), share in zip(words.spans, words.scores, strict=True):
            inside = [n for n, (a, b) in zip(shares, spans, strict=True) if start <= a < b <= end]
            assert share == pytest.approx(math.prod(inside), rel=1e-4)
        surprisals = owner.numbers("violet, cat", **{**options, "metric": "surprisal"}, unit="word")
        close(surprisals, [-math.log2(share or 0.0) for share in words.scores])

    def test_what_the_model_expected_is_listed(self, owner: Author, models: Path) -> None:
        found = owner.score(TEXT, model="gpt2", metric="probability", topk=3)
        assert [len(each) for each in found.expected] == [0] + [3] * (len(found.spans) - 1)
        shares = [share for _, share in found.expected[1]]
        assert shares == sorted(shares, reverse=True)
        figure = owner.figure(TEXT, model="gpt2", metric="probability", topk=3)
        assert '<th scope="col">Expected</th>' in figure

    def test_a_token_has_one_probability_also_where_it_was_expected(self, owner: Author) -> None:
        found = owner.score(LONG, model="gpt2", metric="probability", topk=100)
        ranks = owner.numbers(LONG, model="gpt2", metric="rank")
        both = [
            (each[int(rank)][1], share)
            for rank, share, each in zip(ranks, found.scores, found.expected, strict=True)
            if rank is not None and rank < 100
        ]
        assert len(both) > 5
        assert all(expected == share for expected, share in both)

    def test_an_expected_token_of_bytes_is_told_from_others(self, models: Path) -> None:
        model = RowModel(locate(f"path:{models / 'gpt2'}", Path()))
        size = literal(models / "gpt2").get_vocab_size()
        texts = [model.tokenizer.written(token) for token in range(size)]
        assert {"a", " cat", "\\x80", "\\xe1"} <= set(texts)
        assert "\ufffd" not in "".join(texts)

    def test_a_long_text_is_scored_in_windows_each_token_once(
        self, owner: Author, models: Path
    ) -> None:
        model = loaded(models / "gpt2", transformers.GPT2LMHeadModel)
        ids = literal(models / "gpt2").encode(LONG).ids
        found = owner.score(LONG, model="gpt2", metric="logit", stride=5)
        assert ("windows",) in found.notes
        wanted = [math.nan]
        for at in range(1, len(ids)):
            # The most context a window that starts at a multiple of the stride, or ends the text.
            starts = [*range(0, len(ids) - WINDOW, 5), len(ids) - WINDOW]
            start = min(s for s in starts if s <= at < s + WINDOW)
            wanted.append(causal_loop(model, ids[start : at + 1])["logit"][-1])
        close(list(found.scores), wanted)

    def test_alone_or_among_others_a_block_has_the_same_numbers(self, owner: Author) -> None:
        texts = [" ".join(["the cat is a violet"] * n)[: 3 + 2 * n] for n in range(1, 40)]
        together = owner.site(cache_dir=None).score(
            [block(text, model="llama", metric="probability") for text in texts]
        )
        for text, result in zip(texts, together, strict=True):
            assert not isinstance(result, TokenheatError)
            alone = owner.numbers(text, model="llama", metric="probability")
            close(alone, [math.nan if n is None else n for n in result.scores.scores])

    def test_a_row_that_no_token_has_is_told_by_its_number(
        self, owner: Author, models: Path
    ) -> None:
        folder = owner.folder / "padded"
        model: Any = transformers.GPT2LMHeadModel.from_pretrained(models / "gpt2")
        count = model.config.vocab_size
        model.resize_token_embeddings(count + 2)
        rows = model.get_input_embeddings().weight.data
        rows[count], rows[count + 1] = 4 * rows[5], -4 * rows[5]  # one of them is expected
        model.save_pretrained(folder)
        shutil.copy(models / "gpt2" / "tokenizer.json", folder)
        owner.settings["models"] = {"padded": "path:padded"}
        expected = owner.score(TEXT, model="padded", metric="surprisal", topk=100).expected
        names = {name for each in expected for name, _ in each}
        assert "" not in names
        assert any(re.fullmatch(r"#\d+", name) and int(name[1:]) >= count for name in names)

    def test_a_window_is_known_by_each_of_its_names(self, owner: Author, models: Path) -> None:
        config = transformers.MptConfig(
            d_model=16,
            n_heads=2,
            n_layers=2,
            max_seq_len=WINDOW,
            vocab_size=literal(models / "gpt2").get_vocab_size(),
        )
        folder = owner.folder / "mpt"
        transformers.MptForCausalLM(config).save_pretrained(folder)
        shutil.copy(models / "gpt2" / "tokenizer.json", folder)
        owner.settings["models"] = {"mpt": "path:mpt"}
        assert None not in owner.numbers(LONG, model="mpt", metric="surprisal")[1:]

    def test_a_special_string_in_a_text_is_text(self, owner: Author) -> None:
        shown = owner.shown("a <s> b", model="llama", metric="probability")
        assert "".join(shown) == "a <s> b"
        assert "<s>" not in shown


class TestMaskedModels:
    def test_a_token_is_hidden_with_the_rest_of_its_word(self, owner: Author, models: Path) -> None:
        model = loaded(models / "bert", transformers.BertForMaskedLM)
        tokenizer = literal(models / "bert")
        encoding = tokenizer.encode(TEXT)
        words: list[list[int]] = []
        for at, token in enumerate(encoding.tokens[1:-1], 1):
            if token.startswith("##"):
                words[-1].append(at)
            else:
                words.append([at])
        assert any(len(word) > 1 for word in words)
        mask = tokenizer.token_to_id("[MASK]")
        assert mask is not None
        wanted = masked_loop(model, encoding.ids, mask, words)
        close(owner.numbers(TEXT, model="bert", metric="probability"), wanted)
        bits = [-math.log2(share) for share in wanted]
        close(owner.numbers(TEXT, model="bert", metric="surprisal"), bits)

    def test_long_texts_have_windows_too(self, owner: Author) -> None:
        given = {"model": "bert", "metric": "probability"}
        found = owner.score(LONG, **given)
        assert ("windows",) in found.notes
        assert None not in found.scores
        # Windows lie no farther apart than they reach.
        assert owner.numbers(LONG, **given, stride=500) == owner.numbers(
            LONG, **given, stride=WINDOW - 2
        )
        assert [*found.scores] == owner.numbers(LONG, **given, stride=WINDOW // 2)

    def test_robertas_mask_and_positions_are_its_own(self, owner: Author, models: Path) -> None:
        folder = owner.folder / "roberta"
        tokenizer = with_special_token(wordpiece(), "<mask>")
        config = transformers.RobertaConfig(
            vocab_size=tokenizer.get_vocab_size(),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=WINDOW,
            pad_token_id=1,
        )
        transformers.RobertaForMaskedLM(config).save_pretrained(folder)
        tokenizer.save(str(folder / "tokenizer.json"))
        owner.settings["models"] = {"roberta": "path:roberta"}
        assert None not in owner.numbers(LONG, model="roberta", layer="1")
        assert None not in owner.numbers(LONG, model="roberta", metric="probability")


class TestManyTexts:
    def test_texts_are_cut_as_they_come_to_be_scored(
        self, owner: Author, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events: list[str] = []
        site = owner.site()
        put = site.supply.cache.put

        def cutting(*given: Any) -> Any:
            events.append("cut")
            return tokens_of(*given)

        def putting(*given: Any) -> None:
            events.append("kept")
            put(*given)

        monkeypatch.setattr(forward, "_PART", 30)
        monkeypatch.setattr(forward, "tokens_of", cutting)
        monkeypatch.setattr(site.supply.cache, "put", putting)
        texts = ["cat " * count for count in range(1, 21)]
        site.warm([block(text, model="gpt2", metric="surprisal") for text in texts])
        assert events.count("cut") == events.count("kept") == 20
        assert events.index("kept") < 5

    def test_no_text_pays_for_what_another_one_wants(
        self, owner: Author, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[set[str]] = []

        def reducing(logits: Any, tokens: Any, wanted: Any) -> Any:
            seen.append({*wanted})
            return reduced(logits, tokens, wanted)

        monkeypatch.setattr(transformer, "reduced", reducing)
        blocks = [
            block("a cat sat", model="gpt2", metric="surprisal"),
            block("a dog sat", model="gpt2", metric="entropy", topk=3),
        ]
        first, second = owner.site().score(blocks)
        assert not isinstance(first, TokenheatError)
        assert not isinstance(second, TokenheatError)
        assert sorted(map(sorted, seen)) == [["entropy"], ["surprisal"]]
        assert not any(first.scores.expected)
        assert {len(each) for each in second.scores.expected[1:]} == {3}


class TestLayers:
    @pytest.mark.parametrize(("layer", "number"), [("0", 0), ("2", 2), ("3", 3), ("last", 3)])
    @pytest.mark.parametrize("name", ["gpt2", "llama", "bert", "bare"])
    def test_norms_are_those_of_the_hidden_states(
        self, owner: Author, models: Path, name: str, layer: str, number: int
    ) -> None:
        model = loaded(models / name, transformers.AutoModel)
        encoding = literal(models / name).encode(TEXT)
        with torch.no_grad():
            outputs = model(torch.tensor([encoding.ids]), output_hidden_states=True)
        state = outputs.last_hidden_state if layer == "last" else outputs.hidden_states[number]
        own = [i for i, special in enumerate(encoding.special_tokens_mask) if not special]
        found = owner.score(TEXT, model=name, layer=layer)
        close(list(found.scores), state[0, own].norm(dim=-1).tolist())
        assert list(found.aside) == ([0] if own[0] == 0 else [])

    def test_a_long_texts_windows_meet_in_the_middle(self, owner: Author, models: Path) -> None:
        model = loaded(models / "bare", transformers.AutoModel)
        first, *ids, last = literal(models / "bare").encode(LONG).ids
        wanted: list[float] = []
        for start, end, scored in windows(len(ids), WINDOW - 2, 5, both_sides=True):
            with torch.no_grad():
                given = torch.tensor([[first, *ids[start:end], last]])
                state = model(given, output_hidden_states=True).hidden_states[2][0, 1:-1]
            wanted += state.norm(dim=-1)[scored.start - start : scored.stop - start].tolist()
        close(owner.numbers(LONG, model="bare", layer="2", stride=5), wanted)

    def test_without_a_bos_the_rest_of_the_template_stays(
        self, owner: Author, models: Path
    ) -> None:
        model = loaded(models / "bare", transformers.AutoModel)
        ids = literal(models / "bare").encode(TEXT).ids[1:]
        with torch.no_grad():
            state = model(torch.tensor([ids]), output_hidden_states=True).hidden_states[2][0, :-1]
        found = owner.numbers(TEXT, model="bare", layer="2", bos=False)
        close(found, state.norm(dim=-1).tolist())

    def test_a_target_has_the_texts_bos_and_may_count_with_its_last_token(
        self, owner: Author, models: Path
    ) -> None:
        def states(name: str, ids: list[int]) -> Any:
            model = loaded(models / name, transformers.AutoModel)
            with torch.no_grad():
                found = model(torch.tensor([ids]), output_hidden_states=True).hidden_states[2][0]
            return torch.nn.functional.normalize(found.double(), dim=-1)

        given = {"metric": "cosine-target", "layer": "2"}
        encode = literal(models / "gpt2").encode
        bos = loaded(models / "gpt2", transformers.AutoModel).config.bos_token_id
        target = states("gpt2", [bos, *encode("x cat").ids])[-1]
        text = states("gpt2", [bos, *encode(TEXT).ids])[1:]
        found = owner.numbers(TEXT, model="gpt2", target="cat", bos=True, **given)
        close(found, (text @ target).tolist())
        encode = literal(models / "bare").encode
        target = states("bare", encode("x violets").ids)[-2]
        text = states("bare", encode("a violets").ids)[1:-1]
        found = owner.numbers(
            "a violets", model="bare", target="violets", unit="word", pool="last", **given
        )
        close(found, (text[[0, -1]] @ target).tolist())

    def test_what_the_model_does_not_know_has_no_hidden_state(self, owner: Author) -> None:
        given = {"model": "bare", "layer": "2"}
        said = owner.error("cat sat", **given, metric="cosine-target", target="日")
        assert "does not know the target" in said
        numbers = owner.numbers("cat 日 sat", **given, metric="cosine-previous")
        assert numbers == [None] * 3
        notes = owner.score("a violets", **given, unit="word", pool="last").notes
        assert ("words-last",) in notes

    def test_no_number_depends_on_the_other_texts(self, owner: Author, models: Path) -> None:
        """ConvBERT's convolutions reach into the padding."""
        folder = owner.folder / "convbert"
        config = transformers.ConvBertConfig(
            vocab_size=literal(models / "bert").get_vocab_size(),
            embedding_size=16,
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            initializer_range=0.5,
        )
        transformers.ConvBertForMaskedLM(config).save_pretrained(folder)
        shutil.copy(models / "bert" / "tokenizer.json", folder)
        owner.settings |= {"models": {"convbert": "path:convbert"}, "cache_dir": None}
        blocks = [
            block(text, model="convbert", layer="last", metric="cosine-previous")
            for text in ("the cat", LONG[:60])
        ]
        together, alone = owner.site().score(blocks)[0], owner.site().score(blocks[:1])[0]
        assert not isinstance(together, TokenheatError)
        assert not isinstance(alone, TokenheatError)
        wanted = [math.nan if number is None else number for number in alone.scores.scores]
        close(list(together.scores.scores), wanted)

    def test_the_first_position_is_marked_and_off_the_scale(self, owner: Author) -> None:
        figure = owner.figure(TEXT, model="gpt2", layer="1")
        first = figure[figure.index("<span style=") :].partition("</span>")[0]
        assert "repeating-linear-gradient" in first
        assert "first position" in first
        scores = owner.score(TEXT, model="gpt2", layer="1")
        assert scores.scores[0] is not None
        assert scores.on_scale[0] is None

    def test_cosines_are_those_of_the_hidden_states(self, owner: Author, models: Path) -> None:
        model = loaded(models / "bare", transformers.AutoModel)
        tokenizer = literal(models / "bare")

        def states(text: str) -> Any:
            with torch.no_grad():
                outputs = model(
                    torch.tensor([tokenizer.encode(text).ids]), output_hidden_states=True
                )
            return torch.nn.functional.normalize(outputs.hidden_states[2][0].double(), dim=-1)

        own = states(TEXT)[1:-1]
        previous = [math.nan, *(own[1:] * own[:-1]).sum(-1).tolist()]
        close(owner.numbers(TEXT, model="bare", layer="2", metric="cosine-previous"), previous)
        with torch.no_grad():
            ids = tokenizer.encode("x violet").ids
            outputs = model(torch.tensor([ids]), output_hidden_states=True).hidden_states[2][0]
        target = outputs[2:-1].double().mean(0)
        cosines = (own @ (target / target.norm())).tolist()
        found = owner.numbers(
            TEXT, model="bare", layer="2", metric="cosine-target", target="violet"
        )
        close(found, cosines)

    @pytest.mark.parametrize("pool", ["mean", "last"])
    def test_a_word_is_pooled_from_its_tokens_in_the_text(
        self, owner: Author, models: Path, pool: str
    ) -> None:
        tokens = owner.score(TEXT, model="bare", layer="2")
        words = owner.score(TEXT, model="bare", layer="2", unit="word", pool=pool)
        for (start, end), norm in zip(words.spans, words.scores, strict=True):
            inside = [
                n or 0.0
                for n, (a, b) in zip(tokens.scores, tokens.spans, strict=True)
                if start <= a < b <= end
            ]
            wanted = inside[-1] if pool == "last" else sum(inside) / len(inside)
            assert norm == pytest.approx(wanted, rel=1e-4)

    def test_the_first_word_is_left_out_where_its_number_is_of_the_first_position(
        self, owner: Author
    ) -> None:
        options = {"model": "gpt2", "layer": "2", "unit": "word"}
        assert len(owner.score("violets").spans) > 1
        assert list(owner.score("violets sat", **options).aside) == [0]
        assert list(owner.score("violets sat", **options, pool="last").aside) == []
        assert list(owner.score("a violets", **options, pool="last").aside) == [0]

    def test_layers_of_several_streams_are_refused(
        self, owner: Author, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = Transformer._called

        def several(self: Transformer, model: Any, **inputs: Any) -> Any:
            outputs = whole(self, model, **inputs)
            if outputs.hidden_states is not None:
                last = outputs.hidden_states[-1]
                outputs.hidden_states = (*(s[None] for s in outputs.hidden_states[:-1]), last)
            return outputs

        monkeypatch.setattr(Transformer, "_called", several)
        inner, target, last = owner.site(cache_dir=None).score(
            [
                block("a cat", model="gpt2", layer="1"),
                block("a cat", model="gpt2", layer="1", metric="cosine-target", target="sat"),
                block("a dog", model="gpt2", layer="last", metric="cosine-target", target="violet"),
            ]
        )
        for refused in (inner, target):
            with pytest.raises(
                TokenheatError, match=r"several hidden states per token.* 'layer: last'"
            ):
                raise refused  # type: ignore[misc]
        # What is wrong with one block spoils no other.
        assert not isinstance(last, TokenheatError)

    def test_layers_are_counted_from_the_embeddings_in_every_model(
        self, owner: Author, tmp_path: Path
    ) -> None:
        folder = mamba(tmp_path / "mamba")
        owner.settings = {"models": {"mamba": f"path:{folder}"}}
        model = loaded(folder, transformers.AutoModel)
        states: list[Any] = []
        for layer in model.layers:
            layer.register_forward_pre_hook(lambda _, inputs: states.append(inputs[0]))
        with torch.no_grad():
            last = model(torch.tensor([literal(folder).encode(TEXT).ids])).last_hidden_state
        assert len(states) == 3
        for number, state in enumerate((*states, last)):
            found = owner.numbers(TEXT, model="mamba", layer=str(number))
            close(found, state[0].norm(dim=-1).tolist())

    def test_the_last_layer_does_not_depend_on_what_else_is_scored(
        self, owner: Author, tmp_path: Path
    ) -> None:
        folder = reformer(tmp_path / "reformer")
        owner.settings = {"models": {"reformer": f"path:{folder}"}}
        hidden = block(TEXT, model="reformer", layer="last")
        shares = block(TEXT, model="reformer", metric="probability")
        (alone,) = owner.site(cache_dir=None).score([hidden])
        beside, _ = owner.site(cache_dir=None).score([hidden, shares])
        assert not isinstance(alone, TokenheatError)
        assert not isinstance(beside, TokenheatError)
        close(list(alone.scores.scores), [float(n) for n in beside.scores.scores if n is not None])

    def test_a_long_texts_layers_do_not_depend_on_a_short_texts(
        self, owner: Author, tmp_path: Path
    ) -> None:
        folder = big_bird(tmp_path / "big_bird")
        owner.settings = {"models": {"bird": f"path:{folder}"}}
        text = "the cat sat on a violet mat. " * 30
        hidden = block(text, model="bird", layer="last")
        (alone,) = owner.site(cache_dir=None).score([hidden])
        beside, _ = owner.site(cache_dir=None).score([hidden, block(TEXT, model="bird", layer="1")])
        assert not isinstance(alone, TokenheatError)
        assert not isinstance(beside, TokenheatError)
        assert alone.scores.scores == beside.scores.scores

    def test_the_caption_says_only_what_holds(self, owner: Author) -> None:
        options = {"model": "bare", "layer": "2", "metric": "cosine-target", "unit": "word"}
        found = owner.score("a cat is a cat", **options, target="cat")
        assert found.notes == [("layer", 2, 3), ("target-token",)]
        found = owner.score("similar sat", **options, target="violets")
        assert ("target-alone", 2) in found.notes
        last = owner.score("similar sat", **options, target="violets", pool="last")
        assert ("target-last", 2) in last.notes
        assert last.scores != found.scores
        found = owner.score(TEXT, model="gpt2", layer="2", bos=True)
        assert found.notes == [("layer", 2, 3), ("after-bos",)]
        assert list(found.aside) == []

    def test_a_missing_head_spoils_no_vectors(self, owner: Author) -> None:
        hidden = block(TEXT, model="bare", layer="2")
        shares = block(TEXT, model="bare", metric="probability")
        alone, (refused, found) = (
            owner.score(TEXT, model="bare", layer="2"),
            owner.site(cache_dir=None).score([shares, hidden]),
        )
        assert isinstance(refused, TokenheatError)
        assert not isinstance(found, TokenheatError)
        assert found.scores == alone

    def test_the_output_matrix_is_told_from_the_input_matrix(
        self, owner: Author, models: Path
    ) -> None:
        model = loaded(models / "llama", transformers.LlamaForCausalLM)
        ids = literal(models / "llama").encode(TEXT).ids[1:]
        found = owner.score(TEXT, model="llama", embedding="output")
        close(list(found.scores), model.lm_head.weight[ids].norm(dim=-1).tolist())
        assert ("untied",) in found.notes
        tied = owner.score(TEXT, model="gpt2", embedding="output")
        assert ("tied",) in tied.notes
        assert tied.scores == owner.score(TEXT, model="gpt2").scores


class TestWhatCannotBe:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"model": "bare", "metric": "probability"}, "no language-modelling head"),
            ({"model": "wordllama", "metric": "probability"}, "only embeddings"),
            ({"model": "wordllama", "layer": "2"}, "only embeddings"),
            ({"model": "wordllama", "embedding": "output"}, "not a language model"),
            ({"model": "bert", "metric": "entropy"}, "is masked"),
            ({"model": "bert", "layer": "4"}, "its layers are 0 to 3"),
            ({"model": "bert", "metric": "rank", "unit": "word"}, "is for tokens"),
            (
                {"model": "bert", "metric": "norm", "topk": 3},
                "requires a metric of a model's predictions",
            ),
            ({"model": "bert", "layer": "-1"}, "the number of a layer"),
            ({"model": "bert", "layer": "1", "embedding": "output"}, "and layer: input"),
            ({"model": "bert", "metric": "probability", "bos": "perhaps"}, "true or false"),
            ({"model": "gpt2", "metric": "probability", "stride": 0}, "from 1 to"),
            ({"model": "gpt2", "stride": 5}, "requires"),
            ({"model": "gpt2", "layer": "1", "pool": "last"}, "requires a layer and unit: word"),
            ({"metric": "length", "vmin": 1}, "requires scale: fixed"),
            ({"metric": "length", "unit": "word", "model": "nope"}, "unknown model 'nope'"),
        ],
    )
    def test_the_error_says_why(
        self, owner: Author, options: dict[str, object], message: str
    ) -> None:
        assert message in owner.error(TEXT, **options)

    def test_a_corrupt_file(self, owner: Author, models: Path, tmp_path: Path) -> None:
        broken = tmp_path / "broken"
        shutil.copytree(models / "gpt2", broken)
        weights = broken / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])
        owner.settings["models"] = {"broken": f"path:{broken}"}
        message = owner.error(TEXT, model="broken", metric="probability")
        assert "as safetensors: is it a Git LFS pointer, or was it cut short?" in message

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda w: {f"inner.{n}": t for n, t in w.items()}, "the checkpoint lacks 40 tensors"),
            (
                lambda w: {n: t for n, t in w.items() if n != "transformer.h.1.ln_1.weight"},
                "the checkpoint lacks 1 tensor that config.json requires, such as 'h.1.ln",
            ),
            (
                lambda w: {n: t[:-1] if n.endswith("ln_f.bias") else t for n, t in w.items()},
                "the checkpoint's 'ln_f.bias' has the shape [15], but config.json requires [16]",
            ),
        ],
        ids=["other names", "a layer", "a shape"],
    )
    def test_weights_that_would_be_made_up(
        self,
        owner: Author,
        models: Path,
        change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]],
        message: str,
    ) -> None:
        folder = shutil.copytree(models / "gpt2", owner.folder / "changed")
        weights = change(load_file(folder / "model.safetensors"))
        contiguous = {name: tensor.contiguous() for name, tensor in weights.items()}
        save_file(contiguous, folder / "model.safetensors", metadata={"format": "pt"})
        owner.settings["models"] = {"changed": "path:changed"}
        assert message in owner.error(TEXT, model="changed", layer="1")
        assert "the checkpoint" in owner.error(TEXT, model="changed", metric="probability")

    @pytest.mark.parametrize(
        ("config", "message"),
        [
            ({"model_type": "own", "auto_map": {"AutoConfig": "a.B"}}, "which is never run"),
            ({"transformers_weights": "other.safetensors"}, "names other weights"),
            ({"attn_implementation": "evil/attention"}, "attention kernels from the hub"),
            ({"n_head": 5}, "cannot load the model"),
            ({"is_encoder_decoder": True}, "with an encoder and a decoder"),
        ],
    )
    def test_a_config_that_cannot_be_followed(
        self, owner: Author, models: Path, config: dict[str, object], message: str
    ) -> None:
        folder = shutil.copytree(models / "gpt2", owner.folder / "changed")
        known = json.loads((folder / "config.json").read_text("utf-8"))
        (folder / "config.json").write_text(json.dumps(known | config), "utf-8")
        owner.settings["models"] = {"changed": "path:changed"}
        assert message in owner.error(TEXT, model="changed", layer="1")
        assert message in owner.error(TEXT, model="changed", metric="probability")

    def test_an_adapter_beside_a_model_is_refused(self, owner: Author, models: Path) -> None:
        """Transformers adds one only if peft is installed."""
        folder = shutil.copytree(models / "gpt2", owner.folder / "changed")
        (folder / "adapter_config.json").write_text("{}", "utf-8")
        owner.settings["models"] = {"changed": "path:changed"}
        said = owner.error(TEXT, model="changed", metric="probability")
        assert said.startswith("an adapter beside the model")

    def test_a_config_whose_architectures_are_none(self, owner: Author, models: Path) -> None:
        folder = shutil.copytree(models / "gpt2", owner.folder / "changed")
        known = json.loads((folder / "config.json").read_text("utf-8"))
        (folder / "config.json").write_text(json.dumps(known | {"architectures": 5}), "utf-8")
        owner.settings["models"] = {"gpt2": f"path:{models / 'gpt2'}", "changed": "path:changed"}
        for options in ({"metric": "probability"}, {"embedding": "output"}):
            assert owner.numbers(TEXT, model="changed", **options) == owner.numbers(
                TEXT, model="gpt2", **options
            )

    def test_a_head_that_sees_what_it_should_predict(self, owner: Author, models: Path) -> None:
        """BERT's causal head on a BERT that is not set up as a decoder."""
        folder = owner.folder / "leaks"
        model = transformers.BertLMHeadModel(
            transformers.BertConfig.from_pretrained(models / "bert")
        )
        model.save_pretrained(folder)
        shutil.copy(models / "bert" / "tokenizer.json", folder)
        owner.settings["models"] = {"leaks": "path:leaks"}
        said = owner.error(TEXT, model="leaks", metric="probability")
        assert said.startswith("the model sees what comes after a token")
        notes = owner.score(TEXT, model="leaks", layer="2").notes
        assert ("after-bos",) not in notes

    def test_numbers_that_overflow(self, owner: Author, models: Path) -> None:
        folder = shutil.copytree(models / "llama", owner.folder / "large")
        weights = load_file(folder / "model.safetensors")
        weights["lm_head.weight"] *= 1e6
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        owner.settings["models"] = {"large": "path:large"}
        assert None not in owner.numbers(TEXT, model="large", metric="surprisal")
        said = owner.error("a cat", model="large", metric="surprisal", dtype="float16")
        assert said.startswith("the model's numbers are not finite in float16: set another 'dtype'")

    @pytest.mark.parametrize(
        ("options", "spares_others"),
        [
            ({"model": "llama", "metric": "rank"}, True),
            ({"model": "llama", "metric": "entropy", "topk": 1}, True),
            ({"model": "llama", "metric": "norm", "layer": "1"}, True),
            ({"model": "llama", "metric": "cosine-target", "target": "violet", "layer": "1"}, False),
            # Whose output embeddings are its input embeddings.
            ({"model": "bert", "metric": "probability", "topk": 1}, False),
        ],
        ids=["rank", "entropy", "layer", "target", "masked"],
    )  # fmt: skip
    def test_numbers_that_overflow_in_some_texts(
        self, owner: Author, models: Path, options: dict[str, object], spares_others: bool
    ) -> None:
        overflowing(models / str(options["model"]), owner.folder / "large")
        owner.settings["models"] = {options["model"]: "path:large"}
        bad, good = owner.site().score(
            [block(text, dtype="float16", **options) for text in ("a violet", "the cat")]
        )
        assert "the model's numbers are not finite in float16: set another" in str(bad)
        assert isinstance(good, TokenheatError) != spares_others

    @pytest.mark.parametrize("options", [{"metric": "rank"}, {"layer": "1"}], ids=["rank", "layer"])
    def test_numbers_that_overflow_in_one_window(
        self, owner: Author, models: Path, options: dict[str, object]
    ) -> None:
        overflowing(models / "llama", owner.folder / "large")
        owner.settings["models"] = {"llama": "path:large"}
        text = "a violet " + "the cat " * 40
        said = owner.error(text, model="llama", dtype="float16", **options)
        assert said.startswith("the model's numbers are not finite in float16")

    def test_what_a_model_holds_impossible_is_no_overflow(
        self, owner: Author, models: Path
    ) -> None:
        config = transformers.PhiConfig(
            vocab_size=literal(models / "gpt2").get_vocab_size(),
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
        )
        model = transformers.PhiForCausalLM(config)
        with torch.no_grad():
            model.lm_head.bias[literal(models / "gpt2").encode("violet").ids[-1]] = -math.inf
        folder = owner.folder / "phi"
        model.save_pretrained(folder)
        shutil.copy(models / "gpt2" / "tokenizer.json", folder)
        owner.settings["models"] = {"phi": "path:phi"}
        numbers = owner.numbers("a violet cat", model="phi", metric="probability")
        assert 0.0 in numbers
        assert None not in owner.numbers("a violet cat", model="phi", metric="entropy")[1:]

    @pytest.mark.parametrize("is_causal", [False, True])
    def test_xlms_heads_of_either_kind_have_one_name(
        self, owner: Author, models: Path, is_causal: bool
    ) -> None:
        config = transformers.XLMConfig(
            vocab_size=literal(models / "bert").get_vocab_size(),
            emb_dim=16,
            n_layers=2,
            n_heads=2,
            max_position_embeddings=WINDOW,
            causal=is_causal,
            init_std=0.5,
        )
        folder = owner.folder / "xlm"
        transformers.XLMWithLMHeadModel(config).save_pretrained(folder)
        shutil.copy(models / "bert" / "tokenizer.json", folder)
        owner.settings["models"] = {"xlm": "path:xlm"}
        notes = owner.score(TEXT, model="xlm", metric="probability").notes
        assert (("masked",) in notes, ("causal",) in notes) == (not is_causal, is_causal)

    def test_a_model_that_fails_while_it_runs(
        self, owner: Author, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> None:
            raise IndexError("index 5 is out of range")

        owner.numbers(TEXT, model="gpt2", metric="probability")
        monkeypatch.setattr(transformers.GPT2LMHeadModel, "forward", broken)
        said = owner.error("a cat", model="gpt2", metric="probability")
        assert said == "the model cannot be run: index 5 is out of range"

    def test_a_gguf_file_of_an_unsupported_kind(self, owner: Author, tmp_path: Path) -> None:
        file = tmp_path / "model.gguf"
        file.write_bytes(b"GGUF" + bytes(60))
        owner.settings["models"] = {"odd": f"path:{file}"}
        assert "cannot" in owner.error(TEXT, model="odd", metric="probability")

    def test_a_missing_extra_names_the_command(
        self, owner: Author, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "torch", None)
        message = owner.error(TEXT, model="gpt2", metric="probability")
        assert 'pip install "mkdocs-tokenheat[torch]"' in message
        monkeypatch.undo()
        monkeypatch.setitem(sys.modules, "accelerate", None)
        file = owner.folder / "model.gguf"
        file.write_bytes(b"GGUF")
        owner.settings["models"] = {"gguf": f"path:{file}"}
        message = owner.error(TEXT, model="gguf", metric="probability")
        assert 'pip install "mkdocs-tokenheat[gguf]"' in message

    def test_no_room_on_the_device(self, owner: Author, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object, **__: object) -> None:
            raise torch.OutOfMemoryError("tried to allocate 40 GiB\nand failed")

        owner.numbers(TEXT, model="gpt2", metric="probability")
        monkeypatch.setattr(transformers.GPT2LMHeadModel, "forward", full)
        assert "has too little memory" in owner.error("a cat", model="gpt2", metric="probability")

    @pytest.mark.parametrize("device", ["cuda", "mps"])
    def test_a_device_that_is_not_there(
        self, owner: Author, monkeypatch: pytest.MonkeyPatch, device: str
    ) -> None:
        for found in (torch.cuda, torch.backends.mps):
            monkeypatch.setattr(found, "is_available", lambda: False)
        owner.settings["device"] = device
        said = owner.error("a cat", model="gpt2", metric="probability")
        assert said == f"the setting 'device' is '{device}', but torch finds none here"


class TestOneBlockAndTheOthers:
    def test_what_a_model_cannot_predict_does_not_spoil_its_vectors(self, owner: Author) -> None:
        blocks = [
            block(TEXT, model="bare", metric="probability"),
            block(TEXT, model="bare", layer="2"),
        ]
        predicted, hidden = owner.site().score(blocks)
        assert isinstance(predicted, TokenheatError)
        assert not isinstance(hidden, TokenheatError)

    @pytest.mark.parametrize(
        "said",
        [
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes",
            "DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes",
            "MPS backend out of memory (MPS allocated: 9 GB, max allowed: 9 GB)",
        ],
        ids=["Linux", "Windows", "macOS"],
    )
    def test_what_is_done_before_an_error_stays_done(
        self, owner: Author, monkeypatch: pytest.MonkeyPatch, said: str
    ) -> None:
        monkeypatch.setattr("mkdocs_tokenheat.models.batches.BATCH", 1)
        owner.numbers("a", model="gpt2", metric="rank", dtype="float32")
        forward = transformers.GPT2LMHeadModel.forward
        calls = 0

        def full(self: Any, *args: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == 2:
                raise RuntimeError(said)
            return forward(self, *args, **named)

        monkeypatch.setattr(transformers.GPT2LMHeadModel, "forward", full)
        texts = ("a cat", "the cat sat")
        blocks = [block(text, model="gpt2", metric="rank") for text in texts]
        first, second = owner.site().score(blocks)
        assert not isinstance(first, TokenheatError)
        assert isinstance(second, TokenheatError)
        assert "has too little memory" in str(second)

    @pytest.mark.parametrize(
        "options",
        [
            {"model": "gpt2", "metric": "entropy", "topk": 2},
            {"model": "gpt2", "metric": "cosine-prediction"},
            {"model": "gpt2", "metric": "norm", "layer": "1"},
            {"model": "bert", "metric": "probability"},
        ],
        ids=["entropy", "cosine-prediction", "layer", "masked"],
    )
    def test_a_device_need_not_have_float64(
        self, owner: Author, monkeypatch: pytest.MonkeyPatch, options: dict[str, object]
    ) -> None:
        """Apple's has none: there, what is computed in float64 is moved to the CPU first."""
        numbers = owner.numbers(TEXT, **options)

        class Moved(torch.Tensor):
            """What is on the CPU, and what is computed from it."""

        def cpu(tensor: torch.Tensor) -> torch.Tensor:
            return tensor.as_subclass(Moved)

        double = torch.Tensor.double

        def checked(tensor: torch.Tensor) -> torch.Tensor:
            assert isinstance(tensor, Moved), "Cannot convert a MPS Tensor to float64 dtype"
            return double(tensor)

        monkeypatch.setattr(transformer, "_WITH_FLOAT64", ())
        monkeypatch.setattr(torch.Tensor, "cpu", cpu)
        monkeypatch.setattr(torch.Tensor, "double", checked)
        owner.settings["cache_dir"] = None
        assert owner.numbers(TEXT, **options) == numbers

    def test_a_token_without_an_embedding_is_an_error_of_its_text(
        self, owner: Author, models: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "short"
        shutil.copytree(models / "gpt2", folder)
        tokenizer = literal(folder)
        tokenizer.add_tokens(["violets"])
        tokenizer.save(str(folder / "tokenizer.json"))
        owner.settings["models"] = {"short": f"path:{folder}"}
        assert owner.numbers("a cat", model="short", metric="rank")
        assert "no embedding for its token" in owner.error(
            "a violets", model="short", metric="rank"
        )

    def test_windows_overlap_whatever_the_stride(self, owner: Author) -> None:
        found = owner.numbers(LONG, model="gpt2", metric="rank", stride=500)
        assert found[0] is None
        assert None not in found[1:]

    @pytest.mark.parametrize("bos", [True, False])
    def test_windows_lie_half_a_window_apart(self, owner: Author, bos: bool) -> None:
        given = {"model": "gpt2", "metric": "logit", "bos": bos}
        found = owner.numbers(LONG, **given)
        assert found == owner.numbers(LONG, **given, stride=WINDOW // 2)
        assert found != owner.numbers(LONG, **given, stride=WINDOW // 2 - 1)

    def test_a_config_that_changes_is_another_model(
        self, owner: Author, models: Path, tmp_path: Path
    ) -> None:
        folder = tmp_path / "changing"
        shutil.copytree(models / "gpt2", folder)
        owner.settings["models"] = {"changing": f"path:{folder}"}
        before = owner.numbers(TEXT, model="changing", metric="logit")
        config = json.loads((folder / "config.json").read_text())
        config["layer_norm_epsilon"] = 0.5
        (folder / "config.json").write_text(json.dumps(config))
        assert owner.numbers(TEXT, model="changing", metric="logit") != before


class TestInterruption:
    def test_what_is_scored_is_kept(self, owner: Author) -> None:
        texts = ["a", *(("cat " * n).strip() for n in range(2, 6))]
        blocks = [block(text, model="gpt2", metric="probability", stride=7) for text in texts]
        site = owner.site()
        put, count = site.supply.cache.put, 0

        def interrupted(key: str, entry: Entry) -> None:
            nonlocal count
            if count == 3:
                raise KeyboardInterrupt
            count += 1
            put(key, entry)

        site.supply.cache.put = interrupted  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            site.warm(blocks)
        assert len(owner.entries()) == 3


class TestHub:
    COMMIT = "0123456789abcdef0123456789abcdef01234567"

    @pytest.fixture
    def hub(self, tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """The hub's local cache, with one model in it and no network behind it."""
        home = tmp_path / "hf"
        repository = home / "hub" / "models--tiny--gpt2"
        shutil.copytree(models / "gpt2", repository / "snapshots" / self.COMMIT)
        (repository / "refs").mkdir()
        (repository / "refs" / "main").write_text(self.COMMIT)
        monkeypatch.setenv("HF_HOME", str(home))
        monkeypatch.delenv("HF_HUB_CACHE", raising=False)
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        return repository

    def numbers(self, owner: Author, line: str) -> list[float | None]:
        owner.settings["models"] = {"hub": line}
        return owner.numbers(TEXT, model="hub", metric="probability")

    def test_a_pinned_model_is_found_and_its_commit_is_its_identity(
        self, owner: Author, models: Path, hub: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        wanted = owner.numbers(TEXT, model="gpt2", metric="probability")
        assert self.numbers(owner, f"hub:tiny/gpt2@{self.COMMIT}") == wanted
        identities = [json.loads(p.read_text()) for p in (owner.cache / "models").glob("*.json")]
        assert {"hub": "tiny/gpt2", "commit": self.COMMIT} in [i["identity"] for i in identities]
        assert not caplog.records

    def test_an_unpinned_model_is_warned_of_once_with_the_pin(
        self, owner: Author, hub: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        owner.settings["models"] = {"hub": "hub:tiny/gpt2"}
        blocks = [block(text, model="hub", metric="rank") for text in ("a", "cat", "the")]
        with caplog.at_level(logging.WARNING):
            owner.site().score(blocks)
        (record,) = caplog.records
        assert f"hub:tiny/gpt2@{self.COMMIT}" in record.getMessage()

    @pytest.mark.parametrize("pin", ["", f"@{COMMIT}"])
    def test_without_the_model_the_cache_serves(self, owner: Author, hub: Path, pin: str) -> None:
        line = f"hub:tiny/gpt2{pin}"
        wanted = self.numbers(owner, line)
        shutil.rmtree(hub)
        assert self.numbers(owner, line) == wanted

    def test_without_a_network_the_line_names_the_command(self, owner: Author, hub: Path) -> None:
        other = "f" * 40
        owner.settings["models"] = {"hub": f"hub:tiny/other@{other}"}
        message = owner.error(TEXT, model="hub", metric="probability")
        assert f"hf download tiny/other --revision {other}" in message

    def test_who_is_not_known_is_no_reason_to_prune(
        self, owner: Author, hub: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`prune` keeps everything while blocks have errors other than missing scores."""
        self.numbers(owner, "hub:tiny/gpt2")
        shutil.rmtree(owner.cache / "models")
        monkeypatch.setenv("HF_HOME", "nowhere")
        owner.settings["frozen"] = True
        (answer,) = owner.site().score([block(TEXT, model="hub", metric="probability")])
        assert isinstance(answer, TokenheatError)
        assert not isinstance(answer, NotScoredError)

    @pytest.mark.parametrize(
        "there",
        [
            (),
            ("model-00001-of-00002.safetensors",),
            ("model-00001-of-00002.safetensors", "model.safetensors.index.json"),
            ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"),
        ],
    )
    def test_a_download_that_was_interrupted_is_taken_up_again(
        self,
        owner: Author,
        models: Path,
        hub: Path,
        monkeypatch: pytest.MonkeyPatch,
        there: tuple[str, ...],
    ) -> None:
        wanted = owner.numbers(TEXT, model="gpt2", metric="norm")
        snapshot = hub / "snapshots" / self.COMMIT
        (snapshot / "model.safetensors").unlink()
        for name in there:
            (snapshot / name).write_bytes(b"")

        def resumed(repo: str, *, revision: str, allow_patterns: list[str]) -> str:
            assert (repo, revision) == ("tiny/gpt2", self.COMMIT)
            shutil.copy(models / "gpt2" / "model.safetensors", snapshot)
            return str(snapshot)

        monkeypatch.setattr("huggingface_hub.snapshot_download", resumed)
        owner.settings["models"] = {"hub": f"hub:tiny/gpt2@{self.COMMIT}"}
        assert owner.numbers(TEXT, model="hub", metric="norm") == wanted

    @pytest.fixture
    def asked(self, hub: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """What an unreachable hub is asked for."""
        asked: list[str] = []

        def fetch(repo: str, **_: object) -> str:
            asked.append(repo)
            raise OSError("there is no network")

        monkeypatch.setattr("huggingface_hub.snapshot_download", fetch)
        return asked

    def test_the_hubs_folder_may_be_named_by_a_variable(
        self, owner: Author, hub: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        owner.settings["models"] = {"hub": f"hub:tiny/gpt2@{self.COMMIT}"}
        monkeypatch.setenv("PLACE", str(hub.parents[1]))
        monkeypatch.setenv("HF_HOME", "$PLACE")
        assert owner.numbers(TEXT, model="hub", metric="norm")

    def test_nothing_is_fetched_to_tell_which_models_a_site_has(
        self, owner: Author, asked: list[str]
    ) -> None:
        owner.settings["models"] = {"hub": "hub:tiny/other"}
        site = owner.site()
        assert site.fingerprint() == owner.site().fingerprint()
        assert asked == []
        # A block that names the model still asks for it.
        (result,) = site.figures([block(TEXT, model="hub", metric="norm")])
        assert "hf download tiny/other" in str(result)
        assert asked == ["tiny/other"]

    def test_a_hub_out_of_reach_is_asked_once_in_a_build(
        self, owner: Author, asked: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        owner.settings["models"] = {"hub": f"hub:tiny/other@{'f' * 40}"}
        site = owner.site()
        blocks = [block(TEXT, model="hub", metric=metric) for metric in ("norm", "rank")]
        site.warm(blocks)
        assert all("there is no network" in str(each) for each in site.figures(blocks))
        assert asked == ["tiny/other"]
        # A server's next build finds that out again; later, there may be a network.
        owner.site().figures(blocks)
        assert asked == ["tiny/other"]
        monkeypatch.setattr("mkdocs_tokenheat.models.hub._PATIENCE", 0.0)
        owner.site().figures(blocks[:1])
        assert asked == ["tiny/other"] * 2

    def test_a_frozen_build_asks_nobody(
        self, owner: Author, hub: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def asked(*_: object, **__: object) -> None:
            raise AssertionError("the hub was asked")

        monkeypatch.setattr("huggingface_hub.snapshot_download", asked)
        owner.settings.update(models={"hub": "hub:tiny/other"}, frozen=True)
        said = owner.error(TEXT, model="hub", metric="probability")
        assert "the cache does not know the model 'hub', which is not here" in said

    @pytest.mark.parametrize("line", ["hub:gpt2", "hub:a/b@../c", "hub:a/b/c", "hub:../x/y"])
    def test_a_line_that_cannot_be_read(self, owner: Author, line: str) -> None:
        owner.settings["models"] = {"hub": line}
        assert "cannot read" in owner.error(TEXT, model="hub", metric="probability")


class TestWindows:
    @pytest.mark.parametrize("both_sides", [False, True])
    @pytest.mark.parametrize("length", [1, 9, 10, 11, 23, 40])
    @pytest.mark.parametrize("stride", [1, 4, 10])
    def test_each_token_is_scored_once_where_it_has_the_most_context(
        self, length: int, stride: int, both_sides: bool
    ) -> None:
        cuts = windows(length, 10, stride, both_sides=both_sides)
        assert [token for _, _, scored in cuts for token in scored] == list(range(length))

        def context(token: int, start: int, end: int) -> int:
            return min(token - start, end - 1 - token) if both_sides else token - start

        for start, end, scored in cuts:
            assert 0 <= start < end <= length
            assert end - start <= 10
            for token in scored:
                others = [context(token, s, e) for s, e, _ in cuts if s <= token < e]
                at_the_ends = both_sides and (token < cuts[0][1] or token >= cuts[-1][0])
                assert at_the_ends or context(token, start, end) >= max(others) - 1
