"""The cache: what it keeps, what it considers damaged, and what it still serves."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring.cache import Cache
from mkdocs_tokenheat.scoring.cut import joined
from mkdocs_tokenheat.scoring.entry import as_stored, decode, encode, rounded
from mkdocs_tokenheat.scoring.scores import Scores, scores_of
from tests.checkpoints import save, table, wordpiece
from tests.conftest import Author, block

TEXT = "Purple is a colour similar to violet."
KEY = "0" * 64

ENGLISH = (
    "Purple is a colour similar to violet, and people who look at a heatmap of its neighbours "
    "see patterns that are not there. The norm of a vector is the square root of the sum of its "
    "squares; the norms of common words are small, those of rare words large. "
) * 3
VIETNAMESE = (
    "Màu tím là một màu sắc nằm giữa màu đỏ và màu xanh, và những người nhìn vào bản đồ nhiệt "
    "thường thấy các quy luật không hề có ở đó. Độ lớn của một vector là căn bậc hai của tổng "
    "các bình phương; từ thông dụng có độ lớn nhỏ, từ hiếm có độ lớn lớn. "
) * 3


@pytest.fixture
def author(tmp_path: Path) -> Author:
    """An author whose site lists one small model."""
    embeddings(tmp_path, seed=0)
    return Author(tmp_path, models={"toy": "path:toy"})


def embeddings(folder: Path, seed: int) -> None:
    save(folder / "toy", {"wte.weight": table(120, seed=seed)}, wordpiece())


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The warnings since the last call."""
    said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    caplog.clear()
    return said


# What an entry holds


@st.composite
def scored_texts(draw: st.DrawFn) -> tuple[str, Scores]:
    """A text, and scores of units that lie in it in order, side by side or apart."""
    text = draw(st.text(max_size=40))
    points = sorted(draw(st.lists(st.integers(0, len(text)), max_size=24)))
    spans = list(zip(points[::2], points[1::2], strict=False))
    ids = st.lists(st.integers(0, 300_000).map(str), max_size=3).map(",".join)
    numbers = st.none() | st.floats() | st.integers(-(10**12), 10**12).map(float)
    count = len(spans)
    columns = draw(st.lists(ids, min_size=count, max_size=count))
    return text, Scores(
        [start for start, _ in spans],
        [end for _, end in spans],
        draw(st.none() | st.just("".join(f"{each};" for each in columns))),
        [as_stored(n) for n in draw(st.lists(numbers, min_size=count, max_size=count))],
        joined(text, spans),
        sorted(draw(st.sets(st.integers(0, count - 1)))) if count else [],
        draw(
            st.lists(
                st.tuples(st.text(min_size=1, max_size=40), st.integers(-9, 999_999_999)),
                max_size=2,
            )
        ),
    )


@given(scored_texts())
def test_an_entry_gives_back_what_was_put_in(scored: tuple[str, Scores]) -> None:
    text, scores = scored
    raw = encode(scores, KEY).encode()
    assert decode(raw, KEY, scores_of(len(text))) == scores
    assert encode(decode(raw, KEY, scores_of(len(text))), KEY).encode() == raw


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_stored_with_six_significant_digits(number: float) -> None:
    stored = rounded(number)
    assert stored == float(f"{number:.6g}")
    assert rounded(stored) == stored
    assert str(stored) != "-0.0"


def test_tokens_that_share_a_letter_come_back_as_one_cell() -> None:
    spans = [(0, 1), (1, 2), (1, 2), (2, 3)]
    starts, ends = [0, 1, 1, 2], [1, 2, 2, 3]
    scores = Scores(starts, ends, "1;2;3;4;", [1.0, 2.0, 3.0, 4.0], joined("aêb", spans))
    assert list(decode(encode(scores, KEY).encode(), KEY, scores_of(3)).cells) == [
        (0, 1, 0, 1),
        (1, 2, 1, 2),
        (3, 1, 2, 3),
    ]


def test_an_entry_has_a_line_a_column() -> None:
    scores = Scores([0, 2], [1, 3], "5;6,7;", [1.0, None])
    lines = encode(scores, KEY).splitlines()
    assert lines[1:4] == ['"spans":"0111",', '"ids":"5;6,7;",', '"scores":[1,null],']


@given(st.lists(st.integers(0, 60), max_size=12))
def test_spans_of_any_length_come_back(edges: list[int]) -> None:
    edges = edges[: len(edges) // 2 * 2]
    at = list(accumulate(edges))
    scores = Scores(at[::2], at[1::2], None, [1.0] * (len(at) // 2), [], [], [])
    raw = encode(scores, KEY).encode()
    assert isinstance(json.loads(raw)["spans"], str) == (max(edges, default=0) <= 43)
    assert decode(raw, KEY, scores_of(1000)) == scores


def test_ids_are_read_when_they_are_asked_for() -> None:
    assert Scores([0, 2], [1, 3], "5;6,7;", [1.0, None]).token_ids == [[5], [6, 7]]
    assert Scores([0], [1], ";", [1.0]).token_ids == [[]]
    assert Scores([], [], "", []).token_ids == []
    assert Scores([0], [1], None, [1.0]).token_ids is None


@pytest.mark.parametrize("text", [ENGLISH, VIETNAMESE], ids=["English", "Vietnamese"])
@pytest.mark.parametrize("unit", ["token", "word"])
@pytest.mark.parametrize("metric", ["norm", "cosine-previous", "length"])
def test_a_token_takes_25_bytes_at_most(author: Author, text: str, unit: str, metric: str) -> None:
    text = " ".join(text.split()[:140])
    assert len(text.split()) == 140
    author.score(text, metric=metric, unit=unit)
    (entry,) = author.entries()
    tokens = len(author.score(text, metric="norm").scores)
    assert entry.stat().st_size <= 25 * tokens


# What is damaged is scored again


def damaged(author: Author, raw: bytes) -> Path:
    (entry,) = author.entries()
    entry.write_bytes(raw)
    return entry


def test_no_flipped_bit_gets_through(author: Author) -> None:
    author.score("the cat", model="toy")
    (entry,) = author.entries()
    raw = entry.read_bytes()
    for at in range(8 * len(raw)):
        flipped = bytearray(raw)
        flipped[at // 8] ^= 1 << at % 8
        with pytest.raises(ValueError, match="its checksum does not match"):
            decode(bytes(flipped), entry.stem, scores_of(len("the cat")))


def test_no_truncation_gets_through(author: Author) -> None:
    author.score("the cat", model="toy")
    (entry,) = author.entries()
    raw = entry.read_bytes()
    for size in range(len(raw)):
        with pytest.raises(ValueError, match="its checksum does not match"):
            decode(raw[:size], entry.stem, scores_of(len("the cat")))
    with pytest.raises(ValueError, match="its checksum does not match"):
        decode(raw + b" ", entry.stem, scores_of(len("the cat")))


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw[:-1],
        lambda raw: raw.replace(b"1", b"2"),
        lambda raw: bytes([raw[0] ^ 1]) + raw[1:],
        lambda raw: b"\xff" * 100,
        lambda raw: b"null",
        lambda raw: raw.replace(b"\n", b"\r\n"),
    ],
    ids=["empty", "cut", "digits", "a bit", "bytes", "null", "CRLF"],
)
def test_a_broken_entry_is_warned_of_and_the_picture_is_right_again(
    author: Author, caplog: pytest.LogCaptureFixture, damage: object
) -> None:
    assert callable(damage)
    right = author.figure(TEXT, model="toy")
    (entry,) = author.entries()
    raw = entry.read_bytes()
    damaged(author, damage(raw))
    assert author.figure(TEXT, model="toy") == right
    (said,) = warnings(caplog)
    assert f"ignoring the cache entry {entry.name}" in said
    assert entry.read_bytes() == raw
    assert author.figure(TEXT, model="toy") == right
    assert warnings(caplog) == []


def test_an_entry_under_another_ones_name_is_broken(
    author: Author, caplog: pytest.LogCaptureFixture
) -> None:
    right = [author.figure(text, model="toy") for text in ("the cat", "cat the")]
    first, second = author.entries()
    swapped = first.read_bytes(), second.read_bytes()
    second.write_bytes(swapped[0])
    first.write_bytes(swapped[1])
    assert [author.figure(text, model="toy") for text in ("the cat", "cat the")] == right
    assert len(warnings(caplog)) == 2
    assert (first.read_bytes(), second.read_bytes()) == swapped


def test_a_broken_entry_of_a_frozen_build_is_told_once_and_not_called_missing(
    author: Author, caplog: pytest.LogCaptureFixture
) -> None:
    author.figure(TEXT, model="toy")
    (entry,) = author.entries()
    entry.write_bytes(entry.read_bytes().replace(b"\n", b"\r\n"))
    frozen = author.site(frozen=True)
    said = [frozen.figures([block(TEXT, model="toy")]) for _ in range(3)]
    assert {"damaged or unreadable in the cache" in str(error) for (error,) in said} == {True}
    (warning,) = warnings(caplog)
    assert "'*.json -text' to the cache's .gitattributes" in warning


def test_a_folder_in_an_entrys_place_is_warned_of(
    author: Author, caplog: pytest.LogCaptureFixture
) -> None:
    right = author.figure(TEXT, model="toy")
    (entry,) = author.entries()
    entry.unlink()
    entry.mkdir()
    assert author.figure(TEXT, model="toy") == right
    assert any("ignoring the cache entry" in said for said in warnings(caplog))
    assert list(author.cache.glob(".*")) == []


COLUMNS = {
    "spans": [0, 3, 1, 3],
    "ids": "1;2;",
    "scores": [1.5, None],
    "cells": [],
    "unknown": [],
    "notes": [],
}


def forged(**columns: object) -> bytes:
    """An entry whose checksum is right, though its columns may not be."""
    kept = {**COLUMNS, **columns}
    lines = (f'"{name}":{json.dumps(column)}' for name, column in kept.items() if column != ...)
    body = (",\n".join(lines) + "}\n").encode()
    checksum = hashlib.sha256(KEY.encode() + b"\n" + body).hexdigest()[:32]
    return f'{{"format":1,"checksum":"{checksum}",\n'.encode() + body


def test_an_entry_is_told_by_its_checksum_and_shape_alone() -> None:
    assert list(decode(forged(), KEY, scores_of(7)).scores) == [1.5, None]


@pytest.mark.parametrize(
    "columns",
    [
        {"spans": [0, 3]},
        {"spans": [0, 3, 1]},
        {"spans": [0, 3, 1, 3, 0, 0]},
        {"spans": [0, 3, 2, 3]},
        {"spans": [-1, 3, 1, 3]},
        {"spans": [0, 3.0, 1, 3]},
        {"spans": ["0", 3, 1, 3]},
        {"spans": [0, 1e400, 1, 3]},
        {"spans": [0, 3, 1, 4]},
        {"spans": [0, -1, 1, 3]},
        {"spans": [0, 3, -5, 3]},
        {"spans": {"a": 1, "b": 2}},
        {"spans": "031"},
        {"spans": "0323"},
        {"spans": "/313"},
        {"spans": "031\\"},
        {"spans": "03é3"},
        {"spans": "03\ud8003"},
        {"spans": None},
        {"spans": ...},
        {"ids": "1;"},
        {"ids": "1;2;3;"},
        {"ids": "1;x;"},
        {"ids": "1;-2;"},
        {"ids": "1;\u0662;"},
        {"ids": f"1;{'9' * 5000};"},
        {"ids": [1, 2]},
        {"ids": 12},
        {"ids": ...},
        {"scores": [1.5]},
        {"scores": [1.5, "<script>"]},
        {"scores": [1.5, float("nan")]},
        {"scores": [1.5, float("inf")]},
        {"scores": [1.5, 10**400]},
        {"scores": None},
        {"cells": [[0, 2, 0, 8]]},
        {"cells": [[0, 3, 0, 7]]},
        {"cells": [[0, 0, 0, 7]]},
        {"cells": [[-1, 2, 0, 7]]},
        {"cells": [[0, 2, 3, 3]]},
        {"cells": [[0, 1, 0, 5]]},
        {"cells": [[0, 2]]},
        {"cells": [[0, 2, 0, "x"]]},
        {"cells": [[0, 10**30, 0, 7]]},
        {"cells": [None]},
        {"cells": {"a": 1}},
        {"unknown": [2]},
        {"unknown": [-1]},
        {"unknown": ["0"]},
        {"unknown": None},
        {"notes": [[]]},
        {"notes": [[None]]},
        {"notes": [[["x"]]]},
        {"notes": [["tied", "1"]]},
        {"notes": [[5]]},
        {"notes": [["layer", 3, 10**9]]},
        {"notes": [["layer", 1, 2, 3, 4]]},
        {"notes": [["x" * 41]]},
        {"notes": [["tied"]] * 17},
        {"cells": [[0, 2, 0, 7], [0, 2, 0, 7]]},
        {"cells": [[0, 2, 0, 7], [1, 1, 4, 7]]},
        {"expected": [[["a", 1.5]], []]},
        {"expected": [[["a", 0.5]]]},
        {"expected": [[["x" * 1001, 0.5]], []]},
        {"expected": [[["a", 0.5], ["b", 0.3], ["c", 0.1]], []]},
        {"notes": 5},
        {"notes": ...},
    ],
    ids=lambda value: repr(value)[:40],
)
def test_an_entry_of_another_shape_is_broken(columns: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        decode(forged(**columns), KEY, scores_of(7, topk=2))
    assert not isinstance(caught.value, TokenheatError)


def test_a_note_that_no_label_knows_does_no_harm(author: Author) -> None:
    notes = [["<b>x"], ["model"], ["range", 1], ["target-pooled"], ["<script>"]]
    scores = decode(forged(notes=notes), KEY, scores_of(7))
    author.figure("the cat", model="toy")
    site = author.site()
    (answer,) = site.score([block("the cat", model="toy")])
    assert not isinstance(answer, TokenheatError)
    site.supply.cache.put(answer.request.key, scores)
    page = author.figure("the cat", model="toy")
    assert "<script>" not in page
    assert "<b>" not in page


# Where nothing can be stored


def test_a_file_in_the_folders_place_warns_once_and_the_page_is_right(
    author: Author, caplog: pytest.LogCaptureFixture
) -> None:
    texts = ["the cat", "cat the", "a cat"]
    right = [author.figure(text, model="toy") for text in texts]
    shutil.rmtree(author.cache)
    author.cache.write_text("not a folder", encoding="utf-8")
    site = author.site()
    blocks = [block(text, model="toy") for text in texts]
    warnings(caplog)
    assert site.figures(blocks) == right
    assert site.figures(blocks) == right
    (said,) = warnings(caplog)
    assert "cannot store scores in" in said
    assert author.cache.read_text(encoding="utf-8") == "not a folder"


def test_a_folder_that_cannot_be_written_warns_once_and_the_page_is_right(
    author: Author, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    texts = ["the cat", "cat the"]
    right = [author.figure(text, model="toy") for text in texts]
    shutil.rmtree(author.cache)
    monkeypatch.setattr(Path, "mkdir", refused)
    site = author.site()
    blocks = [block(text, model="toy") for text in texts]
    site.warm(blocks)
    assert site.figures(blocks) == right
    assert site.supply.scored == len(texts), "what cannot be stored is kept in memory"
    (said,) = warnings(caplog)
    assert "Permission denied" in said


def test_a_full_disk_leaves_nothing_behind(
    author: Author, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, target: Path) -> None:
        raise OSError(28, "No space left on device", str(target))

    right = author.figure(TEXT, model="toy")
    shutil.rmtree(author.cache)
    monkeypatch.setattr(Path, "replace", full)
    assert author.figure(TEXT, model="toy") == right
    assert any("No space left on device" in said for said in warnings(caplog))
    assert [path for path in author.cache.rglob("*") if path.is_file()] == []


def test_a_folder_removed_during_a_build_is_made_again(author: Author) -> None:
    site = author.site()
    first = site.figures([block("the cat", model="toy")])
    shutil.rmtree(author.cache)
    assert site.figures([block("cat the", model="toy")]) != first
    assert len(author.entries()) == 1
    assert site.figures([block("the cat", model="toy")]) == first


def test_a_cache_without_a_folder_keeps_scores_for_its_build() -> None:
    cache = Cache(None)
    scores = Scores([0], [1], "1;", [1.0])
    assert cache.get(KEY, scores_of(1)) is None
    cache.put(KEY, scores)
    assert cache.get(KEY, scores_of(1)) == scores


def test_processes_that_write_at_once_leave_whole_entries(author: Author) -> None:
    script = """
import sys
from pathlib import Path
from tests.conftest import Author, block
author = Author(Path(sys.argv[1]), models={"toy": "path:toy"})
for _ in range(5):
    for path in author.entries():
        path.unlink(missing_ok=True)
    author.site().warm(block(f"the cat {'a ' * i}", model="toy") for i in range(20))
"""
    root = Path(__file__).parent.parent
    command = [sys.executable, "-c", script, str(author.folder)]
    processes = [subprocess.Popen(command, cwd=root) for _ in range(2)]
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
    texts = [f"the cat {'a ' * i}" for i in range(20)]
    before = {path: path.read_bytes() for path in author.entries()}
    assert before
    for text in texts:
        author.score(text, model="toy")
    assert {path: path.read_bytes() for path in before} == before
    assert list(author.cache.rglob("*.tmp")) == []


# What an entry's name depends on


def names(author: Author, variants: Sequence[dict[str, object]]) -> set[str]:
    for options in variants:
        author.score(**{"text": "the cat", "model": "toy", **options})  # type: ignore[arg-type]
    return {path.name for path in author.entries()}


def test_how_a_block_looks_is_no_part_of_its_entry(author: Author) -> None:
    variants: list[dict[str, object]] = [
        {},
        {"colormap": "Blues"},
        {"caption": "A caption"},
        {"scale": "quantile"},
        {"scale": "fixed", "vmin": 0, "vmax": 1},
        {"center": 0},
        {"share": "s"},
        {"lang": "vi"},
        {"legend": False},
        {"table": False},
        {"metric": "norm", "unit": "token"},
    ]
    assert len(names(author, variants)) == 1


def test_what_numbers_depend_on_is_part_of_their_entry(author: Author) -> None:
    variants: list[dict[str, object]] = [
        {},
        {"text": "the cat "},
        {"text": "The cat"},
        {"unit": "word"},
        {"metric": "length"},
        {"metric": "length", "unit": "word"},
        {"metric": "length", "tokens": ["the", " cat"]},
        {"metric": "length", "tokens": ["the ", "cat"]},
        {"metric": "cosine-target", "target": "cat"},
        {"metric": "cosine-target", "target": "Cat"},
        {"metric": "values", "unit": "word", "values": [1, 2]},
        {"metric": "values", "unit": "word", "values": [1, 3]},
        {"model": "wordllama"},
    ]
    assert len(names(author, variants)) == len(variants)


def test_a_model_under_two_names_and_in_two_places_is_one(author: Author) -> None:
    author.score(TEXT, model="toy")
    shutil.copytree(author.folder / "toy", author.folder / "elsewhere")
    author.settings = {"models": {"other": "path:elsewhere"}}
    author.score(TEXT, model="other")
    assert len(author.entries()) == 1


def test_what_a_metric_does_not_use_is_no_part_of_its_entry(author: Author) -> None:
    author.score("the cat", metric="length", unit="word", model="toy")
    author.score("the cat", metric="length", unit="word")
    assert len(author.entries()) == 1


# A model's identity


def test_a_cache_serves_where_the_model_is_absent(author: Author) -> None:
    right = author.figure(TEXT, model="toy")
    shutil.rmtree(author.folder / "toy")
    assert author.figure(TEXT, model="toy") == right
    shutil.rmtree(author.cache / "local")
    assert author.figure(TEXT, model="toy") == right
    said = author.error("the cat", model="toy")
    assert "toy' is not there" in said


@pytest.mark.parametrize("lost", ["*", "*.safetensors", "tokenizer.json"])
def test_a_cache_serves_where_a_part_of_the_model_is_absent(author: Author, lost: str) -> None:
    right = author.figure(TEXT, model="toy")
    for path in (author.folder / "toy").glob(lost):
        path.unlink()
    assert author.figure(TEXT, model="toy") == right
    assert "/toy' has n" in author.error("the cat", model="toy")


def test_an_absent_model_without_a_cache_is_an_error(author: Author) -> None:
    shutil.rmtree(author.folder / "toy")
    assert "model 'toy': the model's folder" in author.error(TEXT, model="toy")


def test_two_caches_are_merged_by_copying(author: Author, tmp_path: Path) -> None:
    other = Author(tmp_path / "other", models=author.settings["models"])
    embeddings(other.folder, seed=0)
    right = [author.figure("the cat", model="toy"), other.figure("cat the", model="toy")]
    shutil.rmtree(other.folder / "toy")
    assert "is not there" in other.error("the cat", model="toy")
    shutil.copytree(author.cache, other.cache, dirs_exist_ok=True)
    assert [other.figure(text, model="toy") for text in ("the cat", "cat the")] == right


def test_a_changed_model_is_scored_anew(author: Author) -> None:
    before = author.numbers(TEXT, model="toy")
    embeddings(author.folder, seed=1)
    after = author.numbers(TEXT, model="toy")
    assert before != after
    ids = [token for (token,) in author.score(TEXT, model="toy").token_ids or ()]
    norms = np.linalg.norm(table(120, seed=1)[ids].astype(np.float64), axis=1)
    assert after == pytest.approx(norms.tolist(), rel=5.01e-6)
    shutil.rmtree(author.folder / "toy")
    assert author.numbers(TEXT, model="toy") == after


def test_a_changed_tokenizer_is_scored_anew(author: Author) -> None:
    before = author.shown("similar purple", model="toy")
    tokenizer = wordpiece()
    tokenizer.add_tokens(["purple"])
    save(author.folder / "toy", {"wte.weight": table(120)}, tokenizer)
    after = author.shown("similar purple", model="toy")
    assert before[0] == after[0] == "similar"
    assert after[1:] == ["purple"] != before[1:]


def test_an_unchanged_model_is_not_read_again(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = author.figure(TEXT, model="toy")

    def read(path: Path) -> str:
        raise AssertionError(path)

    monkeypatch.setattr("mkdocs_tokenheat.models.identity._sha256", read)
    assert author.figure(TEXT, model="toy") == right
    monkeypatch.chdir(author.folder.parent)
    assert Author(Path(author.folder.name), **author.settings).figure(TEXT, model="toy") == right


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"identity": 5}', b"\xff", b"[" * 99_999])
@pytest.mark.parametrize("folder", ["models", "local"])
def test_a_broken_identity_is_made_anew(author: Author, folder: str, content: bytes) -> None:
    right = author.figure(TEXT, model="toy")
    (path,) = (author.cache / folder).glob("*.json")
    whole = path.read_bytes()
    path.write_bytes(content)
    assert author.figure(TEXT, model="toy") == right
    assert path.read_bytes() == whole
    assert len(author.entries()) == 1


def test_an_identity_of_another_machines_model_gives_way(author: Author) -> None:
    right = author.figure(TEXT, model="toy")
    (path,) = (author.cache / "models").glob("*.json")
    whole = path.read_text(encoding="utf-8")
    content = json.loads(whole)
    content["identity"]["weights"] = "0" * 64
    path.write_text(json.dumps(content), encoding="utf-8")
    assert author.figure(TEXT, model="toy") == right
    assert path.read_text(encoding="utf-8") == whole


def test_what_belongs_to_one_machine_is_not_committed(author: Author) -> None:
    author.score(TEXT, model="toy")
    ignored = author.cache / "local" / ".gitignore"
    assert ignored.read_text(encoding="utf-8") == "*\n"
    for path in (*author.entries(), *(author.cache / "models").iterdir()):
        assert str(author.folder) not in path.read_text(encoding="utf-8")


# Frozen builds


def frozen(author: Author, text: str) -> str:
    (result,) = author.site(frozen=True).figures([block(text, model="toy")])
    return str(result)


def test_a_frozen_build_needs_no_more_than_the_cache(author: Author) -> None:
    right = author.figure(TEXT, model="toy")
    shutil.rmtree(author.folder / "toy")
    shutil.rmtree(author.cache / "local")
    assert frozen(author, TEXT) == right


def test_a_frozen_build_that_knows_no_model_says_what_to_run(author: Author) -> None:
    shutil.rmtree(author.folder / "toy")
    said = frozen(author, TEXT)
    assert "the cache does not know the model 'toy', which is not here" in said
    assert "run 'tokenheat warm' where the model is" in said


def test_a_broken_identity_is_told_where_it_is_missed(
    author: Author, caplog: pytest.LogCaptureFixture
) -> None:
    author.figure(TEXT, model="toy")
    (path,) = (author.cache / "models").glob("*.json")
    path.write_text("<<<<<<< ours\n", "utf-8")
    shutil.rmtree(author.folder / "toy")
    warnings(caplog)
    author.error(TEXT, model="toy")
    (said,) = warnings(caplog)
    assert said.startswith("tokenheat: ignoring the damaged identity of a model, '")


def test_a_frozen_build_scores_nothing(author: Author, monkeypatch: pytest.MonkeyPatch) -> None:
    author.score(TEXT, model="toy")
    said = frozen(author, "the cat")
    assert "(metric 'norm') are not in the cache" in said
    assert "run 'tokenheat warm' where the model is" in said
    assert len(author.entries()) == 1
    for yes in ("1", "true", "YES", " on "):
        monkeypatch.setenv("TOKENHEAT_FROZEN", yes)
        assert author.error("the cat", model="toy") == said
    monkeypatch.setenv("TOKENHEAT_FROZEN", "perhaps")
    assert author.error("the cat", model="toy").endswith("TOKENHEAT_FROZEN takes true or false")
    monkeypatch.setenv("TOKENHEAT_FROZEN", "False")
    assert len(author.numbers("the cat", model="toy")) == 2


def test_a_broken_entry_is_a_miss_to_a_frozen_build(
    author: Author, caplog: pytest.LogCaptureFixture
) -> None:
    author.score(TEXT, model="toy")
    damaged(author, b"{}")
    assert "are damaged or unreadable in the cache" in frozen(author, TEXT)
    assert any("checksum" in said for said in warnings(caplog))
