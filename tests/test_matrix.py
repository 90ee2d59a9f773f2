"""The matrix of a list of words: cosines, eigenvalues, orders, and what is refused."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring.geometry.matrix import Matrix
from mkdocs_tokenheat.scoring.vectors import normalized as ours
from mkdocs_tokenheat.views.colormaps import colormap
from tests.conftest import Author, block, examples
from tests.forged import forge
from tests.pages import content, having, parse
from tests.vocabularies import MINILM, Array, made, minilm, normalized

WORDS = ["cat", "dog", "banana", "king", "queen", "apple", "sky", "blue"]


@pytest.fixture
def author(tmp_path: Path) -> Author:
    return Author(tmp_path, models={"toy": "path:toy", "minilm": MINILM})


def found(author: Author, text: str, **options: object) -> Matrix:
    (answer,) = author.site().score([block(text, view="matrix", **options)])
    assert not isinstance(answer, TokenheatError), answer
    matrix = answer.found["matrix"]
    assert isinstance(matrix, Matrix)
    return matrix


def square(matrix: Matrix) -> Array:
    """In the order of the list; NaN where there is no number."""
    size = len(matrix.order)
    whole = np.full((size, size), np.nan)
    for row, i in enumerate(matrix.order):
        for column, j in enumerate(matrix.order):
            value = matrix.at(row, column)
            whole[i, j] = np.nan if value is None else value
    return whole


def figure(author: Author, text: str, **options: object) -> str:
    return author.figure(text, view="matrix", **options)


def refused(author: Author, text: str, **options: object) -> str:
    (result,) = author.site().figures([block(text, view="matrix", **options)])
    assert isinstance(result, TokenheatError), "nothing is refused"
    return str(result)


def caption(html: str) -> str:
    (below,) = parse(html).iter("figcaption")
    return " ".join(content(below).split())


# Numbers


def test_cosines_and_eigenvalues_are_numpys(author: Author) -> None:
    vectors = normalized(minilm().vectors(WORDS))
    expected = vectors @ vectors.T
    matrix = found(author, " ".join(WORDS), model="minilm")
    assert square(matrix) == pytest.approx(expected, abs=1e-5)
    eigenvalues = np.linalg.eigvals(expected).real
    assert matrix.eigenvalues == pytest.approx(sorted(eigenvalues, reverse=True)[:3], abs=1e-5)
    assert matrix.trace == len(WORDS)
    assert np.diagonal(square(matrix)).tolist() == [1.0] * len(WORDS)


def test_a_word_of_several_tokens_is_their_mean(author: Author) -> None:
    words = ["neoclassical", "unbelievably", "cat"]
    assert any(len(minilm().ids(word)) > 1 for word in words)
    vectors = normalized(minilm().vectors(words))
    matrix = found(author, "\n".join(words), model="minilm")
    assert square(matrix) == pytest.approx(vectors @ vectors.T, abs=1e-5)
    assert ("words-pooled",) in matrix.notes


def test_cat_is_nearer_to_dog_than_to_banana(author: Author) -> None:
    whole = square(found(author, "cat dog banana", model="minilm"))
    assert whole[0, 1] == pytest.approx(0.424, abs=5e-4)
    assert whole[0, 2] == pytest.approx(0.107, abs=5e-4)


def test_the_caption_names_eigenvalues_and_their_share_of_the_trace(author: Author) -> None:
    made(author.folder / "toy", ["a", "b", "c"], rows=np.array([[1.0, 0], [1, 0], [0, 1]]))
    said = caption(figure(author, "a b c", model="toy"))
    assert (
        "Largest eigenvalues, with their share of the trace (3): 2 (66.7 %), 1 (33.3 %), 0 (0 %)."
        in said
    )


def test_unknown_words_are_hatched_and_left_out(author: Author) -> None:
    model = made(author.folder / "toy", WORDS)
    words = ["cat", "zebra", "dog", "banana"]
    matrix = found(author, " ".join(words), model="toy")
    whole = square(matrix)
    assert np.isnan(whole[1]).all()
    assert np.isnan(whole[:, 1]).all()
    vectors = normalized(model.vectors(["cat", "dog", "banana"]))
    expected = np.linalg.eigvalsh(vectors @ vectors.T)[::-1]
    assert matrix.eigenvalues == pytest.approx(expected, abs=1e-5)
    assert matrix.trace == 3
    html = figure(author, " ".join(words), model="toy")
    assert html.count('title="zebra · cat: no number"') == 1
    hatched = [cell for cell in parse(html).iter("td") if "repeating" in (cell.get("style") or "")]
    assert len(hatched) == 7
    assert "hatched: not on the scale" in caption(html)
    assert "hatched" not in caption(figure(author, "cat dog", model="toy"))


def test_without_any_known_word_there_is_a_grid_without_colours(author: Author) -> None:
    made(author.folder / "toy", WORDS)
    html = figure(author, "zebra yak", model="toy", order="cluster")
    assert "no numbers" in caption(html)
    assert "eigenvalues" not in caption(html)


@given(
    arrays.arrays(np.float64, (2, 7), elements=st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-3))
)
@examples(100)
def test_the_squared_distance_of_unit_vectors_is_twice_one_minus_the_cosine(pair: Array) -> None:
    x, y = ours(pair)
    cosine = pair[0] @ pair[1] / np.sqrt((pair[0] @ pair[0]) * (pair[1] @ pair[1]))
    assert ((x - y) ** 2).sum() == pytest.approx(2 - 2 * cosine, abs=1e-12)


def test_so_it_is_for_the_words_of_a_model(author: Author) -> None:
    whole = square(found(author, " ".join(WORDS), model="minilm"))
    unit = normalized(minilm().vectors(WORDS))
    distances = ((unit[:, None] - unit[None]) ** 2).sum(axis=2)
    assert distances == pytest.approx(2 - 2 * whole, abs=1e-5)


# Words


def test_phrases_stand_in_quotes(author: Author) -> None:
    matrix = found(author, '"New York"  cat\n "hot   dog"', model="minilm")
    assert len(matrix.order) == 3
    rows = minilm().rows
    tokens = [minilm().ids(each) for each in ("new york", "cat", "hot dog")]
    vectors = normalized(np.array([rows[ids].mean(axis=0) for ids in tokens]))
    assert square(matrix) == pytest.approx(vectors @ vectors.T, abs=1e-5)
    html = figure(author, '"New York"  cat\n "hot   dog"', model="minilm")
    phrases = ["New York", "cat", "hot dog"]
    heads = [content(head) for head in next(having(parse(html), "tokenheat-matrix")).iter("th")]
    assert heads == [*phrases, *phrases]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cat", "needs at least 2 words"),
        ('"two words"', "needs at least 2 words"),
        (" ".join(["cat"] * 61), "takes at most 60 words, but the block has 61"),
        ('cat "hot dog', "put a phrase between two double quotes"),
        ('cat ""', "put a phrase between two double quotes"),
        ("cat, dog", "'cat,' would be a word with a comma: separate words by white space"),
        ("cat,\ndog,\nbanana", "would be a word with a comma"),
        ("mèo、 chó", "would be a word with a comma"),
        ('cat "a"b', "put a phrase between two double quotes"),
        ("cat " + 101 * "x", "longer than 100 characters"),
    ],
)
def test_other_lists_are_refused(author: Author, text: str, message: str) -> None:
    said = refused(author, text, model="minilm")
    assert message in said
    assert "\n" not in said


def test_sixty_words_and_twice_the_same_are_fine(author: Author) -> None:
    matrix = found(author, " ".join(["cat", "dog"] * 30), model="minilm")
    assert matrix.trace == 60
    assert matrix.eigenvalues[2] == 0


@pytest.mark.parametrize(
    "options",
    [{"metric": "norm"}, {"unit": "word"}, {"layer": "2"}, {"target": "cat"}, {"k": "3"},
     {"encode": "colour+underline"}, {"baseline": "shuffle"}],
)  # fmt: skip
def test_options_of_other_views_are_refused(author: Author, options: dict[str, object]) -> None:
    (name,) = options
    assert f"option '{name}' requires view: " in refused(author, "cat dog", **options)


def test_of_what_a_model_is_compared_a_matrix_has_one(author: Author) -> None:
    assert "requires view: compare" in refused(author, "a b", model=["minilm", "wordllama"])


# Order


def test_clusters_are_scipys(author: Author) -> None:
    unit = normalized(minilm().vectors(WORDS))
    distances = squareform(1 - unit @ unit.T, checks=False)
    expected = leaves_list(linkage(distances, "average", optimal_ordering=True)).tolist()
    matrix = found(author, " ".join(WORDS), model="minilm", order="cluster")
    assert list(matrix.order) == expected
    assert square(matrix) == pytest.approx(unit @ unit.T, abs=1e-5)
    given_order = found(author, " ".join(WORDS), model="minilm")
    assert list(given_order.order) == list(range(len(WORDS)))
    html = figure(author, " ".join(WORDS), model="minilm", order="cluster")
    grid = next(having(parse(html), "tokenheat-matrix"))
    assert [content(head) for head in grid.iter("th")][: len(WORDS)] == [WORDS[i] for i in expected]


def test_unknown_words_come_last_in_a_clustered_matrix(author: Author) -> None:
    made(author.folder / "toy", WORDS)
    matrix = found(author, "zebra cat dog yak banana", model="toy", order="cluster")
    assert list(matrix.order)[-2:] == [0, 3]
    assert matrix.trace == 3


def test_scipy_is_asked_for_where_it_is_missing(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] == "scipy":
            monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "scipy", None)
    said = refused(author, "cat dog banana", model="minilm", order="cluster")
    assert "the module 'scipy', which is not installed" in said
    assert 'pip install "mkdocs-tokenheat[analysis]"' in said
    assert "\n" not in said
    assert figure(author, "cat dog banana", model="minilm")


# The figure


def test_numbers_stand_in_the_cells_where_they_are_asked_for(author: Author) -> None:
    for numbers in (True, False):
        html = figure(author, "cat dog", model="minilm", numbers=numbers, table=False)
        shown = [content(cell) for cell in parse(html).iter("td")]
        assert shown == ["", *(["1", "0.4239", "0.4239", "1"] if numbers else [""] * 4)]
        assert 'title="cat · dog: 0.4239"' in html


def test_every_number_stands_in_the_table(author: Author) -> None:
    html = figure(author, "cat dog", model="minilm")
    (table,) = having(parse(html), "tokenheat-table")
    assert [[content(cell) for cell in row] for row in table.iter("tr")] == [
        ["Word", "cat", "dog"],
        ["cat", "1", "0.4239"],
        ["dog", "0.4239", "1"],
    ]


def test_colours_go_from_the_smallest_to_the_largest_cosine(author: Author) -> None:
    html = figure(author, "cat dog banana", model="minilm", colormap="viridis")
    found = re.findall(r"background:(#\w{6})[^>]*title=\"([^:]*): ([\d.-]+)\"", html)
    by_number = {float(value): colour for colour, _, value in found}
    colours = colormap("viridis").colours
    assert by_number[min(by_number)] == colours[0]
    assert by_number[1.0] == colours[-1]


def test_two_matrices_share_a_scale(author: Author) -> None:
    options = {"view": "matrix", "model": "minilm", "share": "s"}
    one, two = author.site().figures([block("cat dog", **options), block("sky banana", **options)])
    ends = [re.search(r"nowrap\">([\d.-]+) <", str(each)) for each in (one, two)]
    assert ends[0] is not None
    assert ends[1] is not None
    assert (
        ends[0][1]
        == ends[1][1]
        == caption(figure(author, "sky banana", model="minilm")).split("). ")[1].split()[0]
    )


def test_a_matrix_shares_no_scale_with_a_text_of_norms(author: Author) -> None:
    results = author.site().figures(
        [
            block("cat dog", metric="norm", model="minilm", share="s"),
            block("cat dog", view="matrix", model="minilm", share="s"),
        ]
    )
    assert isinstance(results[1], TokenheatError)
    assert "must have the same metric" in str(results[1])


@pytest.mark.parametrize(
    "columns",
    [
        {"rows": [[1.0], [1.5, 1.0]]},
        {"rows": [[-7.0], [0.5, 1.0]]},
        {"eigenvalues": [1e308]},
        {"eigenvalues": [9.0]},
    ],
)
def test_numbers_that_no_cosines_have_are_not_drawn(
    author: Author, columns: dict[str, object]
) -> None:
    shown = figure(author, "cat dog")
    (entry,) = author.entries()
    forge(entry, **columns)
    assert figure(author, "cat dog") == shown
