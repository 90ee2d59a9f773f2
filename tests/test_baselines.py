"""Against phantom patterns: percentiles of the vocabulary, transforms, and shuffled texts."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.models.vocabulary import fit_shift
from mkdocs_tokenheat.scoring.geometry.baseline import Baseline, shuffled
from mkdocs_tokenheat.scoring.geometry.quantiles import Quantiles
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.views.colormaps import colormap
from mkdocs_tokenheat.views.scale import fit
from mkdocs_tokenheat.views.view import Answer
from tests.conftest import Author, block, examples
from tests.pages import cells, content, parse
from tests.vocabularies import MINILM, Array, Vocabulary, made, minilm, normalized

GRID = np.linspace(0, 1, 1001)
LETTERS = "abcdefghij"
WORDS = [f"w{LETTERS[i // 10]}{LETTERS[i % 10]}" for i in range(99)]
"""With full stop and comma, 101 ordinary tokens: each is a whole percentile."""


@pytest.fixture
def author(tmp_path: Path) -> Author:
    return Author(tmp_path, models={"toy": "path:toy", "other": "path:other", "minilm": MINILM})


@pytest.fixture
def toy(author: Author) -> Vocabulary:
    """A vocabulary with special and unused tokens, and with padding rows."""
    return made(author.folder / "toy", WORDS, padding=7)


def answer(author: Author, text: str, **options: object) -> Answer:
    (found,) = author.site().score([block(text, **options)])
    assert not isinstance(found, TokenheatError), found
    return found


def refused(author: Author, text: str, **options: object) -> str:
    (result,) = author.site().figures([block(text, **options)])
    assert isinstance(result, TokenheatError), "nothing is refused"
    assert "\n" not in str(result)
    return str(result)


def caption(html: str) -> str:
    (below,) = parse(html).iter("figcaption")
    return " ".join(content(below).split())


# Percentiles of the vocabulary


def quantiles(author: Author, **options: object) -> list[float]:
    found = answer(author, "waa", model="toy", scale="vocabulary", **options).found["quantiles"]
    assert isinstance(found, Quantiles)
    return list(found.numbers)


def test_quantiles_of_norms_are_numpys(author: Author, toy: Vocabulary) -> None:
    norms = np.linalg.norm(toy.rows[toy.ordinary], axis=1)
    assert len(norms) == 101
    assert max(norms) < 10 < np.linalg.norm(toy.rows, axis=1).max()
    expected = np.quantile(norms, GRID)
    assert quantiles(author, metric="norm") == pytest.approx(expected, rel=5.01e-6)


def test_quantiles_of_cosines_with_a_target_are_numpys(author: Author, toy: Vocabulary) -> None:
    cosines = normalized(toy.rows[toy.ordinary]) @ normalized(toy.vectors(["wbc"]))[0]
    expected = np.quantile(cosines, GRID)
    found = quantiles(author, metric="cosine-target", target="wbc")
    assert found == pytest.approx(expected, rel=5.01e-6, abs=1e-12)
    assert found[-1] == 1


def test_minilms_special_and_unused_tokens_are_left_out(author: Author) -> None:
    model = minilm()
    assert len(model.ordinary) < len(model.rows) - 900
    norms = np.linalg.norm(model.rows[model.ordinary], axis=1)
    found = answer(author, "cat", model="minilm", metric="norm", scale="vocabulary")
    assert found.found["quantiles"].numbers == pytest.approx(np.quantile(norms, GRID), rel=1e-5)


def test_each_number_stands_with_its_percentile(author: Author, toy: Vocabulary) -> None:
    norms = np.linalg.norm(toy.rows[toy.ordinary], axis=1)
    (norm,) = np.linalg.norm(toy.vectors(["wji"]), axis=1)
    share = ((norms < norm).sum() + 0.5) / len(norms)
    figure = author.figure("wji wab", model="toy", metric="norm", scale="vocabulary")
    (title, _) = (cell.title for cell in cells(figure))
    number, percent = re.fullmatch(r"([\d.]+) \(([\d.]+)\xa0%\)", title).groups()  # type: ignore[union-attr]
    assert float(number) == pytest.approx(norm, rel=1e-3)
    assert float(percent) == pytest.approx(100 * share, abs=1.0)
    assert f"<bdi>{title}</bdi>" in figure


@pytest.mark.parametrize("metric", ["norm", "cosine-target"])
def test_the_colour_is_the_tokens_percentile(author: Author, toy: Vocabulary, metric: str) -> None:
    options = {"target": "wbc"} if metric == "cosine-target" else {}
    vectors = toy.rows[toy.ordinary]
    numbers = np.linalg.norm(vectors, axis=1)
    if metric == "cosine-target":
        numbers = normalized(vectors) @ normalized(toy.vectors(["wbc"]))[0]
    rank = dict(zip(toy.ordinary, np.argsort(np.argsort(numbers)).tolist(), strict=True))
    text = " ".join(WORDS)
    html = author.figure(text, model="toy", metric=metric, scale="vocabulary", **options)
    shown = cells(html)
    assert len(shown) == len(WORDS)
    reds = colormap("Reds")
    for cell in shown:
        (token,) = toy.ids(cell.text)
        expected = reds.looks.index(reds.look(rank[token] / 100))
        # A number has six digits, so one near a colour's end may get the neighbouring colour.
        assert abs(reds.colours.index(cell.background) - expected) <= 1
    ordered = sorted(shown, key=lambda cell: rank[toy.ids(cell.text)[0]])
    places = [reds.colours.index(cell.background) for cell in ordered]
    assert places == sorted(places)
    assert "the colour is the percentile among all tokens" in caption(html)


def test_one_token_has_one_colour_in_every_block_and_page(author: Author, toy: Vocabulary) -> None:
    one, two = author.site().figures(
        [
            block(text, model="toy", metric="norm", scale="vocabulary")
            for text in ("waa wab", "waa wcc wdd .")
        ]
    )
    three = author.figure("wzz waa", model="toy", metric="norm", scale="vocabulary")
    assert toy.ids("waa")
    colours = {
        cell.background
        for html in (one, two, three)
        for cell in cells(str(html))
        if cell.text == "waa"
    }
    assert len(colours) == 1
    # Three texts, and one vocabulary.
    assert len(author.entries()) == 4


def test_another_metric_or_target_has_quantiles_of_its_own(author: Author, toy: Vocabulary) -> None:
    assert quantiles(author, metric="norm") == quantiles(author, metric="norm")
    quantiles(author, metric="cosine-target", target="waa")
    quantiles(author, metric="cosine-target", target="wab")
    assert toy.ids("waa")
    assert len(author.entries()) == 6


def test_a_word_is_ranked_among_tokens(author: Author, toy: Vocabulary) -> None:
    html = author.figure("waa, wab.", model="toy", metric="norm", unit="word", scale="vocabulary")
    assert toy.ids("waa")
    assert len(cells(html)) == 4
    assert "(0 %)" in caption(html)
    assert "(100 %)" in caption(html)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "length"}, "or compare, the metric norm or cosine-target"),
        ({"metric": "cosine-previous"}, "or compare, the metric norm or cosine"),
        ({"metric": "norm", "layer": "2"}, "and layer: input"),
        ({"metric": "norm", "share": "s"}, "option 'share' requires a scale other than vocabulary"),
        (
            {"metric": "norm", "center": "1"},
            "option 'center' requires a scale other than vocabulary",
        ),
        ({"metric": "norm", "view": "matrix"}, "option 'metric' requires view"),
    ],
)
def test_what_a_vocabulary_has_no_percentile_of(
    author: Author, options: dict[str, object], message: str
) -> None:
    assert message in refused(author, "a cat", model="minilm", scale="vocabulary", **options)


def test_a_matrix_has_no_percentiles(author: Author) -> None:
    assert "scale: vocabulary requires view: text or compare" in refused(
        author, "a cat", model="minilm", scale="vocabulary", view="matrix"
    )


# Transforms


def transformed(vectors: Array, vocabulary: Array, directions: int) -> Array:
    """Without the mean and the first right singular vectors of the whole centred vocabulary."""
    mean: Array = vocabulary.mean(axis=0)
    _, _, right = np.linalg.svd(vocabulary - mean, full_matrices=False)
    centred: Array = vectors - mean
    for direction in right[:directions]:
        centred = centred - np.outer(centred @ direction, direction)
    return centred


TRANSFORMS = {"center": 0, "all-but-the-top": 3, "all-but-the-top:5": 5, "all-but-the-top:1": 1}
TEXT = "waa wbc wcd wji wab waa"


@pytest.fixture
def expected(toy: Vocabulary, transform: str) -> Array:
    """The transformed vectors of the text's words and, last, of the target."""
    vectors = toy.vectors([*TEXT.split(), "wbb"])
    return transformed(vectors, toy.rows[toy.ordinary], TRANSFORMS[transform])


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_norms_and_cosines_are_of_transformed_vectors(
    author: Author, expected: Array, transform: str
) -> None:
    options = {"model": "toy", "transform": transform}
    for unit in ("token", "word"):
        norms = author.numbers(TEXT, metric="norm", unit=unit, **options)
        assert norms == pytest.approx(np.linalg.norm(expected[:-1], axis=1), rel=1e-5)
        cosines = author.numbers(TEXT, metric="cosine-target", target="wbb", unit=unit, **options)
        unit_length = normalized(expected)
        assert cosines == pytest.approx(unit_length[:-1] @ unit_length[-1], abs=1e-5)
        neighbours = author.numbers(TEXT, metric="cosine-previous", unit=unit, **options)
        assert neighbours[1:] == pytest.approx(
            (unit_length[:-2] * unit_length[1:-1]).sum(axis=1), abs=1e-5
        )


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_matrix_is_of_transformed_vectors(
    author: Author, expected: Array, transform: str
) -> None:
    found = answer(author, TEXT, view="matrix", model="toy", transform=transform).found["matrix"]
    unit = normalized(expected[:-1])
    cosines = [value for row in found.rows for value in row]
    assert cosines == pytest.approx((unit @ unit.T)[np.tril_indices(len(unit))], abs=1e-5)


def test_percentiles_are_of_the_transformed_vocabulary(author: Author, toy: Vocabulary) -> None:
    vocabulary = toy.rows[toy.ordinary]
    norms = np.linalg.norm(transformed(vocabulary, vocabulary, 3), axis=1)
    found = quantiles(author, metric="norm", transform="all-but-the-top")
    assert found == pytest.approx(np.quantile(norms, GRID), rel=1e-5)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_rows_that_are_not_finite_are_no_part_of_a_transform(
    author: Author, transform: str
) -> None:
    rows = np.random.default_rng(0).normal(size=(len(WORDS), 6))
    rows[WORDS.index("wji"), 2] = np.nan
    toy = made(author.folder / "toy", WORDS, rows=rows)
    finite = [i for i in toy.ordinary if np.isfinite(toy.rows[i]).all()]
    wanted = transformed(toy.vectors(["waa", "wbc"]), toy.rows[finite], TRANSFORMS[transform])
    norms = author.numbers("waa wji wbc", model="toy", metric="norm", transform=transform)
    assert norms[1] is None
    assert [norms[0], norms[2]] == pytest.approx(np.linalg.norm(wanted, axis=1), rel=1e-5)


def test_without_any_vector_there_is_nothing_to_transform() -> None:
    with pytest.raises(TokenheatError, match="no vectors to transform"):
        fit_shift([np.full((2, 3), np.nan)], 1)


def test_minilms_main_directions(author: Author) -> None:
    model = minilm()
    words = ["cat", "dog", "banana"]
    vocabulary = model.rows[model.ordinary]
    _, directions = np.linalg.eigh(np.cov(vocabulary, rowvar=False))
    centred = model.vectors(words) - vocabulary.mean(axis=0)
    top = directions[:, -3:]
    expected = np.linalg.norm(centred - centred @ top @ top.T, axis=1)
    options = {"model": "minilm", "metric": "norm", "transform": "all-but-the-top"}
    assert author.numbers(" ".join(words), **options) == pytest.approx(expected, rel=1e-5)


def test_the_caption_names_the_transform_and_none_is_on_by_default(
    author: Author, toy: Vocabulary
) -> None:
    assert toy.ids("waa")
    for view in ("text", "matrix"):
        for transform, said in (
            ("center", "vector (center)."),
            ("all-but-the-top", "the first 3 of its principal components are removed"),
            ("all-but-the-top:1", "the first 1 of its principal components are removed"),
        ):
            html = author.figure(TEXT, view=view, model="toy", transform=transform)
            assert said in caption(html)
        plain = caption(author.figure(TEXT, view=view, model="toy"))
        assert "principal components are removed" not in plain
        assert "is subtracted" not in plain


def test_three_main_directions_are_the_default(author: Author, toy: Vocabulary) -> None:
    assert toy.ids("waa")
    for transform in ("all-but-the-top", "all-but-the-top:3"):
        author.figure(TEXT, model="toy", metric="norm", transform=transform)
    assert len(author.entries()) == 1


@pytest.mark.parametrize(
    "written", ["all-but-the-top:0", "all-but-the-top:-1", "all-but-the-top:x", "top", "center:2", "all-but-the-top:1000", "all-but-the-top:000"]
)  # fmt: skip
def test_other_transforms_are_refused(written: str) -> None:
    with pytest.raises(TokenheatError, match="takes center, all-but-the-top, or"):
        block("a", transform=written)


def test_a_transform_fits_the_vectors_and_the_metric(author: Author, toy: Vocabulary) -> None:
    assert toy.rows.shape[1] == 6
    author.figure(TEXT, model="toy", metric="norm", transform="all-but-the-top:5")
    said = refused(author, TEXT, model="toy", metric="norm", transform="all-but-the-top:6")
    assert said == "the model's vectors have too few dimensions to remove 6 directions"
    for options in ({"metric": "norm", "layer": "1"}, {"metric": "length"}):
        said = refused(author, TEXT, model="minilm", transform="center", **options)
        assert "'transform' requires the metric norm, cosine-previous or cosine-target" in said


# Shuffled texts


def baseline(author: Author, text: str, **options: object) -> tuple[Baseline, Scores]:
    given = {"model": "minilm", "metric": "cosine-previous", "baseline": "shuffle", **options}
    found = answer(author, text, **given)
    each = found.found["baseline"]
    assert isinstance(each, Baseline)
    return each, found.scores


def standing(each: Baseline, scores: Scores) -> list[int]:
    return [
        i for i, score in enumerate(scores.scores) if score is not None and each.stands_out(score)
    ]


def pairwise(vectors: Array, kinds: Sequence[object]) -> Array:
    """The cosine of each ordered pair; -2 for a token with itself or with another of its kind."""
    unit = normalized(vectors)
    cosines: Array = unit @ unit.T
    for i, one in enumerate(kinds):
        for j, other in enumerate(kinds):
            if one == other:
                cosines[i, j] = -2
    return cosines


POEM = (
    "the cat sat on the mat and the dog lay by the door while rain fell on the roof of the old "
    "house and a red bird sang in the green tree near the river until the night came down slowly "
    "over fields of corn"
)


def test_the_threshold_is_that_of_a_plain_simulation(author: Author) -> None:
    each, _ = baseline(author, POEM)
    words = POEM.split()
    cosines = pairwise(minilm().vectors(words), words)
    chance = random.Random(1)
    order = list(range(len(words)))
    largest = []
    times = 4000
    for _ in range(times):
        chance.shuffle(order)
        largest.append(max(cosines[a, b] for a, b in itertools.pairwise(order)))
    assert each.threshold is not None
    above = sum(value > each.threshold + 1e-6 for value in largest) / times
    at_least = sum(value > each.threshold - 1e-6 for value in largest) / times
    error = 3 * np.sqrt(0.05 * 0.95 * (1 / times + 1 / 1999))
    assert above - error < 0.05 < at_least + error


def test_the_count_by_chance_is_the_mean_over_ordered_pairs(author: Author) -> None:
    chance = np.random.default_rng(0)
    model = made(author.folder / "toy", WORDS, dimensions=12)
    words = [WORDS[i] for i in chance.integers(0, 99, 200)]
    each, _ = baseline(author, " ".join(words), model="toy")
    cosines = pairwise(model.vectors(words), words)
    assert each.threshold is not None
    above = (cosines > each.threshold + 1e-6).sum()
    assert above > 0
    pairs = len(words) * (len(words) - 1)
    assert each.by_chance == pytest.approx(above / pairs * (len(words) - 1), rel=1e-5)


def test_few_shuffled_texts_have_a_token_that_stands_out(author: Author) -> None:
    """In a permutation test at 5 %, at most about 5 % of texts without any pattern stand out."""
    known = [token for token in minilm().tokenizer.get_vocab() if re.fullmatch("[a-z]{3,}", token)]
    assert len(known) > 15_000
    texts = []
    for seed in range(100):
        chance = random.Random(seed)
        kinds = chance.sample(sorted(known), 80)
        mine = [*kinds, *chance.choices(kinds, k=seed % 40), *(["the"] * 9)]
        chance.shuffle(mine)
        texts.append(" ".join(mine))
    options = {"model": "minilm", "metric": "cosine-previous", "baseline": "shuffle"}
    found = author.site().score([block(text, **options) for text in texts])
    hits = 0
    for each in found:
        assert isinstance(each, Answer)
        hits += bool(standing(each.found["baseline"], each.scores))
    # Binomial: 5 ± 2.2; three standard errors more is one time in a thousand.
    assert 1 <= hits <= 11


def test_made_vectors_stand_out_no_more_often() -> None:
    hits = 0
    chance = np.random.default_rng(3)
    for _ in range(100):
        kinds = chance.normal(size=(30, 4))
        at = chance.integers(0, 30, 50)
        unit = normalized(kinds)[at]
        each = shuffled(unit)
        # A text's numbers have six digits, like the threshold.
        cosines = np.array([float(f"{c:.6g}") for c in (unit[1:] * unit[:-1]).sum(axis=1)])
        repeats = at[1:] == at[:-1]
        hits += any(each.stands_out(float(c)) for c in cosines[~repeats])
        assert not any(each.stands_out(float(c)) for c in cosines[repeats])
    assert hits <= 11


@pytest.mark.parametrize("unit", ["token", "word"])
def test_a_repeat_of_the_same_token_never_stands_out(author: Author, unit: str) -> None:
    each, scores = baseline(author, POEM + " corn corn Corn", unit=unit)
    assert list(scores.scores)[-3:] == [1, 1, 1]
    assert each.threshold is not None
    assert standing(each, scores) == []


def planted(author: Author, at: int = 20) -> str:
    """A text of 60 words, two of which are almost identical and adjacent."""
    rows = np.random.default_rng(5).normal(size=(60, 20))
    rows[at] = rows[at - 1] + 0.05 * rows[0]
    words = WORDS[:60]
    made(author.folder / "toy", words, rows=rows)
    return " ".join(words)


def test_two_almost_equal_vectors_side_by_side_stand_out(author: Author) -> None:
    text = planted(author)
    each, scores = baseline(author, text, model="toy")
    assert standing(each, scores) == [20]
    html = author.figure(
        text, model="toy", metric="cosine-previous", baseline="shuffle", colormap="Reds"
    )
    reds, greys = colormap("Reds").colours, colormap("Greys").colours
    first, *others = cells(html)
    assert "repeating-linear-gradient" in first.background
    assert [cell.text for cell in others if cell.background in reds] == [WORDS[20]]
    muted = [greys.index(cell.background) for cell in others if cell.background not in reds]
    assert len(muted) == 58
    assert max(muted) <= 0.41 * 255
    said = caption(html)
    assert "grey: what a random order of the same tokens also gives, up to" in said
    count = re.search(r"; standing out: 1; expected by chance: (\d+\.\d+)", said)
    assert count is not None
    # One pair of 60 · 59 / 2 is above the threshold, in either order.
    assert float(count[1]) == pytest.approx(2 / (60 * 59) * 59, rel=0.05)


def test_in_a_text_of_few_tokens_nothing_can_stand_out(author: Author) -> None:
    """With fewer than 40 tokens, any two are side by side in more than 5 % of all orders."""
    rows = np.random.default_rng(5).normal(size=(30, 20))
    rows[10] = rows[9] + 0.05 * rows[0]
    made(author.folder / "toy", WORDS[:30], rows=rows)
    each, scores = baseline(author, " ".join(WORDS[:30]), model="toy")
    assert each.threshold == max(score for score in scores.scores if score is not None)
    assert standing(each, scores) == []


def test_a_text_without_two_different_tokens_has_no_baseline(author: Author) -> None:
    for text in ("cat", "cat cat cat cat"):
        each, scores = baseline(author, text)
        assert each == Baseline(None, 0)
        assert standing(each, scores) == []
        html = author.figure(text, model="minilm", metric="cosine-previous", baseline="shuffle")
        assert text == "cat" or "too few numbers for a baseline" in caption(html)
        assert "nan" not in caption(html)


def test_unknown_tokens_take_no_part(author: Author, toy: Vocabulary) -> None:
    assert toy.ids("waa")
    with_gap, scores = baseline(author, "waa wab zebra wac wad wae", model="toy")
    without, _ = baseline(author, "waa wab wac wad wae", model="toy")
    assert with_gap.threshold == without.threshold
    assert standing(with_gap, scores) == []


def test_long_texts_are_sampled(author: Author) -> None:
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(99, 8))
    made(author.folder / "toy", WORDS, rows=rows)
    words = [WORDS[i] for i in chance.integers(0, 99, 1200)]
    each, _ = baseline(author, " ".join(words), model="toy")
    unit = normalized(rows.astype(np.float32).astype(np.float64))
    at = [WORDS.index(word) for word in words]
    cosines = (unit @ unit.T)[np.ix_(at, at)]
    assert each.threshold is not None
    is_one = np.equal.outer(at, at)
    above = ((cosines > each.threshold + 1e-6) & ~is_one).sum() / (1200 * 1199) * 1199
    at_least = ((cosines > each.threshold - 1e-6) & ~is_one).sum() / (1200 * 1199) * 1199
    # A million pairs, with a share of some 10⁻⁴.
    assert 0.7 * above <= each.by_chance <= 1.3 * at_least + 0.05
    assert each == baseline(author, " ".join(words), model="toy")[0]


def test_the_figure_says_what_it_says_in_vietnamese(author: Author) -> None:
    author.settings["lang"] = "vi"
    html = author.figure(planted(author), model="toy", metric="cosine-previous", baseline="shuffle")
    assert "xám: xáo ngẫu nhiên" in caption(html)


@pytest.mark.parametrize(
    "options",
    [{"metric": "norm"}, {"metric": "cosine-target", "target": "a"}, {"metric": "cosine-previous", "layer": "1"}],
)  # fmt: skip
def test_a_baseline_is_of_neighbours_alone(author: Author, options: dict[str, object]) -> None:
    said = refused(author, "a cat", model="minilm", baseline="shuffle", **options)
    assert "option 'baseline' requires the metric cosine-previous" in said
    with pytest.raises(TokenheatError, match="takes shuffle"):
        block("a", baseline="random")


# What a site sets for all its blocks


def test_a_sites_scale_lies_idle_where_there_is_no_vocabulary(
    author: Author, toy: Vocabulary
) -> None:
    author.settings["scale"] = "vocabulary"
    assert toy.ids("waa")
    for options in (
        {"metric": "length"},
        {"metric": "cosine-previous"},
        {"view": "matrix"},
        {"metric": "length", "unit": "word"},
    ):
        given = options if "unit" in options else {**options, "model": "toy"}
        (html,) = author.site().figures([author.block("waa wab, wac", **given)])
        (other,) = author.site().figures([author.block("waa wab, wac", **given, scale="minmax")])
        assert html == other
        assert isinstance(html, str)
    (html,) = author.site().figures([author.block("waa wab", metric="norm", model="toy")])
    assert "percentile" in str(html)


def test_a_sites_baseline_lies_idle_where_there_are_no_neighbours(
    author: Author, toy: Vocabulary
) -> None:
    author.settings["baseline"] = "shuffle"
    assert toy.ids("waa")
    (html,) = author.site().figures([author.block("waa wab waa", metric="norm", model="toy")])
    assert "random order" not in str(html)
    assert len(author.entries()) == 1
    options = {"view": "compare", "model": ["toy", "minilm"], "metric": "cosine-previous"}
    (html,) = author.site().figures([author.block("waa wab waa", **options)])
    assert "random order" not in str(html)


# Places on a scale of percentiles


NUMBERS = st.integers(-3, 3).map(float) | st.floats(-1.7e308, 1.7e308)


@given(st.lists(NUMBERS, min_size=1, max_size=30), st.lists(NUMBERS, min_size=1, max_size=9))
@examples(150)
def test_percentiles_never_fall_and_stay_within_the_map(
    vocabulary: list[float], numbers: list[float]
) -> None:
    ordered = sorted((vocabulary * 1001)[:1001])
    scale = fit(numbers, block("a", metric="norm", scale="vocabulary").options, ordered)
    assert scale is not None
    places = [scale.position(number) for number in sorted([*numbers, *vocabulary])]
    assert places == sorted(places)
    assert 0 <= places[0] <= places[-1] <= 1
    for number in vocabulary:
        below = sum(each < number for each in ordered)
        equal = ordered.count(number)
        assert scale.position(number) == pytest.approx((below + (equal - 1) / 2) / 1000)
