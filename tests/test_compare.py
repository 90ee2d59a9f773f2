"""Comparing models: one text under several, word by word, and their representational similarity."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr, rankdata, spearmanr

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring.geometry import similarity as module
from mkdocs_tokenheat.scoring.geometry.similarity import Similarity, correlated, cosines, ranks
from mkdocs_tokenheat.views.colormaps import colormap
from mkdocs_tokenheat.views.labels import labels_of
from mkdocs_tokenheat.views.labels import said as said_of
from mkdocs_tokenheat.views.plain import plain
from tests import language_models as language_model
from tests.conftest import Author, Project, block
from tests.pages import assert_harmless, cells, content, having, parse, texts
from tests.vocabularies import MINILM, Array, Vocabulary, made, minilm, normalized

WORDS = ("cat", "dog", "banana", "mat", "sat", "on", "the", "a", "blue", "sky", "Cat")
TEXT = "the cat sat on the mat, a blue sky. Cat!"
COMPARED = ["the", "cat", "sat", "on", "mat", "a", "blue", "sky", "Cat"]
"""The different words of the text, without punctuation."""


@pytest.fixture
def author(tmp_path: Path) -> Author:
    """An author whose site lists two models of the same words."""
    author = Author(tmp_path, models={"toy": "path:toy", "other": "path:other", "minilm": MINILM})
    made(tmp_path / "toy", WORDS)
    made(tmp_path / "other", WORDS, dimensions=9, seed=1)
    return author


def toys(author: Author) -> tuple[Vocabulary, Vocabulary]:
    return (
        made(author.folder / "toy", WORDS),
        made(author.folder / "other", WORDS, dimensions=9, seed=1),
    )


def compare(author: Author, text: str = TEXT, **options: object) -> str:
    given = {"view": "compare", "model": ["toy", "other"], "metric": "norm", **options}
    return author.figure(text, **given)


def refused(author: Author, text: str = TEXT, **options: object) -> str:
    given = {"view": "compare", "model": ["toy", "other"], "metric": "norm", **options}
    (result,) = author.site().figures([block(text, **given)])
    assert isinstance(result, TokenheatError), "nothing is refused"
    return str(result)


def similarity(author: Author, text: str = TEXT, **options: object) -> Similarity:
    """The similarity of the first two models."""
    given = {"view": "compare", "model": ["toy", "other"], "metric": "norm", **options}
    (answer,) = author.site().score([block(text, **given)])
    assert not isinstance(answer, TokenheatError), answer
    found = answer.found["similarity0-1"]
    assert isinstance(found, Similarity)
    return found


def caption(figure: str) -> str:
    (below,) = parse(figure).iter("figcaption")
    return " ".join(content(below).split())


def rows(figure: str) -> list[list[str]]:
    (table,) = having(parse(figure), "tokenheat-table")
    return [[content(cell) for cell in row] for row in table.iter("tr")]


# The figure


def test_the_text_stands_once_under_each_models_name(author: Author) -> None:
    figure = compare(author)
    assert [content(each) for each in having(parse(figure), "tokenheat-name")] == ["toy", "other"]
    assert texts(figure) == [TEXT, TEXT]
    assert 'data-model="toy, other"' in figure
    assert 'data-view="compare"' in figure
    assert "(models toy, other)" in caption(figure)


def test_the_same_words_are_the_same_cells_though_tokens_differ(author: Author) -> None:
    text = "Neoclassical architects, all-purple bananas …"
    shown = [cell.text for cell in cells(compare(author, text, model=["wordllama", "minilm"]))]
    half = len(shown) // 2
    assert shown[:half] == shown[half:]
    assert shown[:half] == ["Neoclassical", "architects", ",", "all-purple", "bananas", "…"]


def test_each_model_has_a_scale_and_a_bar_of_its_own(author: Author) -> None:
    figure = compare(author)
    darkest = colormap("Reds").colours[-1]
    assert sum(cell.background == darkest for cell in cells(figure)) >= 2
    legend = content(next(having(parse(figure), "tokenheat-legend")))
    assert re.search(r"toy: [\d.]+ +[\d.]+\. other: [\d.]+ +[\d.]+\.", legend)


def test_a_share_gives_all_models_one_scale(author: Author) -> None:
    figure = compare(author, TEXT.rstrip("!"), share="both")
    darkest = colormap("Reds").colours[-1]
    shown = ["the", "cat", "sat", "on", "mat", ",", "a", "blue", "sky", "Cat"]
    norms = [np.linalg.norm(model.vectors(shown), axis=1).max() for model in toys(author)]
    dark = [float(cell.title) for cell in cells(figure) if cell.background == darkest]
    assert set(dark) == {float(f"{max(norms):.4g}")}
    assert len(list(having(parse(figure), "tokenheat-bar"))) == 1
    assert "toy:" not in content(next(having(parse(figure), "tokenheat-legend")))


def test_a_shared_scale_reaches_over_other_blocks(author: Author) -> None:
    both = {"view": "compare", "model": ["toy", "other"], "metric": "norm", "share": "s"}
    figures = author.site().figures(
        [block("cat", metric="norm", model="toy", share="s"), block(TEXT, **both)]
    )
    assert all(isinstance(each, str) for each in figures)
    ends = {re.search(r"nowrap\">([\d.]+) <", str(each))[1] for each in figures}  # type: ignore[index]
    assert len(ends) == 1


def test_the_table_has_a_column_for_each_model(author: Author) -> None:
    head, *body = rows(compare(author))
    assert head == ["Word", "toy", "other"]
    assert [row[0] for row in body][:3] == ["the", "cat", "sat"]
    for row in body:
        if row[0] in WORDS:
            for shown, model in zip(row[1:], toys(author), strict=True):
                norm = np.linalg.norm(model.vectors([row[0]]))
                assert float(shown) == pytest.approx(norm, rel=1e-3)


def test_a_word_that_one_model_does_not_know_is_hatched_there(author: Author) -> None:
    made(author.folder / "other", WORDS[1:], dimensions=9, seed=1)
    figure = compare(author, "the cat sat on a mat")
    hatched = [cell for cell in cells(figure) if "repeating-linear-gradient" in cell.background]
    assert [cell.text for cell in hatched] == ["cat"]
    assert caption(figure).count("hatched: not on the scale") == 1
    assert ["cat", "not in the model's vocabulary"] in [[row[0], row[2]] for row in rows(figure)]
    assert "over 5 words" in caption(figure)


def test_numbers_underlines_table_and_legend_are_as_everywhere(author: Author) -> None:
    figure = compare(author, numbers=True, encode="colour+underline", table=False, legend=False)
    assert "<sup" in figure
    assert "text-decoration:underline" in figure
    assert "<table" not in figure
    assert "tokenheat-bar" not in figure
    assert compare(author, colormap="viridis", caption="<b>").count("&lt;b&gt;") == 1


def test_the_percentiles_of_each_vocabulary(author: Author) -> None:
    figure = compare(author, scale="vocabulary")
    site = author.site()
    site.figures(
        [block(TEXT, view="compare", model=["toy", "other"], metric="norm", scale="vocabulary")]
    )
    assert "The colour is the percentile" in caption(figure)
    longest = [max(model.ids(w)[0] for w in WORDS) for model in toys(author)]
    assert len(longest) == 2
    # Two texts, two vocabularies, and the similarity.
    assert len(author.entries()) == 5


def test_in_vietnamese(author: Author) -> None:
    author.settings["lang"] = "vi"
    said = caption(compare(author))
    assert "(các mô hình toy, other)" in said
    assert "toy và other: Spearman " in said


# What is refused


def test_a_comparison_takes_two_models_to_six(author: Author) -> None:
    assert "two or more models: model: [a, b]" in refused(author, model="toy")
    with pytest.raises(TokenheatError, match="at most 6 models"):
        block("a", view="compare", model=list("abcdefg"))
    with pytest.raises(TokenheatError, match="names a model twice"):
        block("a", view="compare", model=["toy", "toy"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "length"}, "metric 'length' is the same for all models"),
        ({"metric": "rank"}, "metric 'rank' is for tokens"),
        ({"unit": "token"}, "view: compare compares words"),
        ({"model": ["toy", "nobody"]}, "unknown model 'nobody'"),
        ({"metric": "cosine-target"}, "needs the option 'target'"),
        ({"metric": "probability"}, "model 'toy': the model holds only embeddings"),
        ({"metric": "cosine-target", "target": "zebra"}, "model 'toy': the model's tokenizer does not"),
        ({"embedding": "output"}, "model 'toy': the model has no config.json"),
        ({"transform": "all-but-the-top:8"}, "too few dimensions to remove 8"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared(author: Author, options: dict[str, object], message: str) -> None:
    said = refused(author, TEXT, **options)
    assert message in said
    assert "\n" not in said


def test_a_frozen_build_names_the_block(project: Project) -> None:
    project.configure(plugins=f"[{{tokenheat: {{frozen: true, models: {{minilm: '{MINILM}'}}}}}}]")
    project.page("# A\n\n```tokenheat view=compare model=[wordllama,minilm]\nthe cat sat\n```\n")
    said = project.error()
    assert said.startswith(
        "docs/index.md:3: tokenheat: model 'wordllama': the scores of this block"
    )
    assert "scoring is disabled here: run 'tokenheat warm -f mkdocs.yml'" in said


def test_a_warm_build_needs_no_model(author: Author) -> None:
    figure = compare(author)
    for name in ("toy", "other"):
        for path in (author.folder / name).iterdir():
            path.unlink()
        (author.folder / name).rmdir()
    author.settings["frozen"] = True
    assert compare(author) == figure


# Representational similarity


def triangle(model: Vocabulary, words: list[str]) -> Array:
    unit = normalized(model.vectors(words))
    found: Array = (unit @ unit.T)[np.triu_indices(len(words), 1)]
    return found


def mantel(first: Array, second: Array, count: int, times: int, spearman: bool) -> float:
    """The share of joint orders of the words with a correlation as large or larger."""
    x, y = (rankdata(first), rankdata(second)) if spearman else (first, second)
    square = np.zeros((count, count))
    upper = np.triu_indices(count, 1)
    square[upper] = y
    square += square.T
    observed = np.corrcoef(x, y)[0, 1]
    chance = np.random.RandomState(0)
    as_large = 0
    for _ in range(times):
        order = chance.permutation(count)
        moved = square[np.ix_(order, order)][upper]
        as_large += np.corrcoef(x, moved)[0, 1] >= observed - 1e-9
    return float((as_large + 1) / (times + 1))


def test_both_coefficients_are_scipys(author: Author) -> None:
    found = similarity(author)
    first, second = (triangle(model, COMPARED) for model in toys(author))
    assert found.words == len(COMPARED)
    assert found.spearman is not None
    assert found.pearson is not None
    assert found.spearman.coefficient == pytest.approx(spearmanr(first, second).statistic, abs=1e-6)
    assert found.pearson.coefficient == pytest.approx(pearsonr(first, second).statistic, abs=1e-6)


def test_p_is_a_plain_mantel_tests(author: Author) -> None:
    found = similarity(author)
    first, second = (triangle(model, COMPARED) for model in toys(author))
    for is_spearman, each in ((True, found.spearman), (False, found.pearson)):
        assert each is not None
        expected = mantel(first, second, len(COMPARED), 9999, is_spearman)
        assert each.p == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("count", [5, 6, 17, 40])
def test_correlations_of_made_triangles_with_ties(count: int) -> None:
    chance = np.random.default_rng(count)
    size = count * (count - 1) // 2
    first = chance.integers(0, 4, size).astype(float)
    second = first + chance.integers(0, 6, size).astype(float)
    spearman, pearson = correlated(first, second)
    assert spearman is not None
    assert pearson is not None
    assert spearman.coefficient == pytest.approx(spearmanr(first, second).statistic, abs=1e-6)
    assert pearson.coefficient == pytest.approx(pearsonr(first, second).statistic, abs=1e-6)
    if count < 20:
        assert spearman.p == mantel(first, second, count, 9999, spearman=True)
        assert pearson.p == mantel(first, second, count, 9999, spearman=False)


def test_ranks_are_scipys() -> None:
    chance = np.random.default_rng(0)
    for size in (1, 2, 50):
        numbers = chance.integers(0, 9, size).astype(float)
        assert ranks(numbers).tolist() == rankdata(numbers).tolist()


def test_two_names_of_one_model_agree_fully(author: Author) -> None:
    author.settings["models"] = {"toy": "path:toy", "other": "path:./toy"}
    made(author.folder / "toy", WORDS, dimensions=9)
    found = similarity(author)
    assert found.spearman is not None
    assert found.spearman.coefficient == 1
    # Of 9! orders hardly any but the given one is as good.
    assert found.spearman.p <= 0.0002


def test_independent_models_seldom_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERMUTATIONS", 999)
    chance = np.random.default_rng(0)
    found = []
    for _ in range(40):
        one, two = (cosines(normalized(chance.normal(size=(8, 5)))) for _ in range(2))
        spearman, _ = correlated(one, two)
        assert spearman is not None
        found.append(spearman.p)
    assert sum(p <= 0.05 for p in found) <= 6
    assert 0.3 < np.mean(found) < 0.7


def test_opposite_models_get_no_small_p() -> None:
    one = np.random.default_rng(0).normal(size=45)
    spearman, pearson = correlated(one, -one)
    assert spearman is not None
    assert pearson is not None
    assert (spearman.coefficient, spearman.p) == (-1, 1)
    assert (pearson.coefficient, pearson.p) == (-1, 1)


def test_four_words_are_too_few(author: Author) -> None:
    said = caption(compare(author, "the cat, the cat sat on … . 5"))
    assert "toy and other: only 4 different words are known to both, too few" in said
    assert "Spearman" not in said
    assert "over 5 words" in caption(compare(author, "the cat, the cat sat on a"))


def test_equal_cosines_have_no_correlation(author: Author) -> None:
    made(author.folder / "toy", WORDS, rows=np.eye(len(WORDS)))
    said = caption(compare(author))
    assert "all pairs of words have the same cosine" in said
    assert "Spearman" not in said
    assert "nan" not in said


def test_only_words_that_both_know_count(author: Author) -> None:
    made(author.folder / "other", WORDS[2:], dimensions=9, seed=1)
    first, second = toys(author)
    made(author.folder / "other", WORDS[2:], dimensions=9, seed=1)
    other = made(author.folder / "other", WORDS[2:], dimensions=9, seed=1)
    words = [word for word in COMPARED if word not in WORDS[:2]]
    found = similarity(author)
    assert found.words == len(words)
    assert found.pearson is not None
    expected = pearsonr(triangle(first, words), triangle(other, words)).statistic
    assert found.pearson.coefficient == pytest.approx(expected, abs=1e-6)
    assert second.rows.shape == (len(WORDS) + 9, 9)


def test_at_most_300_words_are_compared(author: Author, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PERMUTATIONS", 9)
    words = [
        f"w{'abcdefghij'[i // 100]}{'abcdefghij'[i // 10 % 10]}{'abcdefghij'[i % 10]}"
        for i in range(310)
    ]
    first = made(author.folder / "toy", words)
    second = made(author.folder / "other", words, dimensions=9, seed=1)
    found = similarity(author, " ".join(words))
    assert (found.words, found.is_cut) == (300, True)
    assert found.pearson is not None
    expected = pearsonr(triangle(first, words[:300]), triangle(second, words[:300])).statistic
    assert found.pearson.coefficient == pytest.approx(expected, abs=1e-6)
    said = caption(compare(author, " ".join(words)))
    assert "Only the first 300 different words are compared." in said
    assert not similarity(author, " ".join(words[:300])).is_cut
    assert found.pearson.p >= 0.1


def test_every_pair_of_models_is_reported(author: Author) -> None:
    author.settings["models"] = {**author.settings["models"], "third": "path:third"}  # type: ignore[dict-item]
    made(author.folder / "third", WORDS, dimensions=4, seed=7)
    said = caption(compare(author, model=["toy", "other", "third"]))
    for pair in ("toy and other", "toy and third", "other and third"):
        assert f"{pair}: Spearman" in said
    assert said.count("Mantel") == 1


def test_a_transform_is_the_similaritys_too(author: Author) -> None:
    found = similarity(author, transform="center")
    triangles = []
    for model in toys(author):
        mean = model.rows[model.ordinary].mean(axis=0)
        unit = normalized(model.vectors(COMPARED) - mean)
        triangles.append((unit @ unit.T)[np.triu_indices(len(COMPARED), 1)])
    assert found.pearson is not None
    assert found.pearson.coefficient == pytest.approx(pearsonr(*triangles).statistic, abs=1e-6)
    assert "(center)" in caption(compare(author, transform="center"))
    assert "(center)" not in caption(compare(author))


def test_a_note_names_its_model_where_it_is_not_of_all(author: Author) -> None:
    said = caption(compare(author, "purple má mà", model=["wordllama", "minilm"]))
    assert "minilm: This model's tokenizer drops accents" in said
    assert "wordllama: This model's" not in said
    once = caption(
        compare(
            author,
            "purple",
            model=["wordllama", "minilm"],
            metric="cosine-target",
            target="violet-purple",
        )
    )
    assert once.count("The target is the mean of its") == 2
    assert once.count("wordllama: ") == 2, "the scale, and the notes"


def test_wordllama_and_minilm_agree_more_than_chance_would(author: Author) -> None:
    text = "the cat and the dog ate a banana under the purple sky in winter"
    found = similarity(author, text, model=["wordllama", "minilm"])
    assert found.spearman is not None
    assert found.spearman.coefficient > 0.3
    assert found.spearman.p < 0.01
    assert minilm().rows.shape[1] == 384


# Hosts that make something else of a figure


def test_search_finds_the_text_once(project: Project) -> None:
    project.configure(plugins=f"[search, {{tokenheat: {{models: {{minilm: '{MINILM}'}}}}}}]")
    project.page(
        "```tokenheat view=compare model=[wordllama,minilm] caption=Chú\nunmistakable cats\n```\n"
    )
    html = project.built()
    assert texts(html) == ["unmistakable cats"] * 2
    index = json.loads(project.output("search/search_index.json"))
    said = " ".join(entry["text"] for entry in index["docs"])
    assert said.count("unmistakable cats") == 1
    assert "Chú" in said
    assert not re.search(r"\d", re.sub("<[^>]*>", "", said))


def test_other_readers_get_each_text_under_its_name(author: Author) -> None:
    found = plain(compare(author))
    assert [each.name for each in found.shown] == ["toy", "other"]
    assert ["".join(piece.text for piece in each.pieces) for each in found.shown] == [TEXT] * 2
    assert found.text == TEXT
    assert found.table[0] == ["Word", "toy", "other"]


def test_a_models_name_is_escaped(author: Author) -> None:
    name = "<b>&\"'"
    author.settings["models"] = {"toy": "path:toy", name: "path:other"}
    made(author.folder / "other", WORDS[1:], seed=1)
    for text in (TEXT, "a cat"):
        html = compare(author, text, model=["toy", name])
        assert_harmless(html)
        assert caption(html).count(name) >= 2


# Language models


@pytest.fixture
def language_models(author: Author) -> Author:
    author.settings["models"] = {"gpt2": "path:gpt2", "bert": "path:bert", "llama": "path:llama"}
    language_model.gpt2(author.folder / "gpt2")
    language_model.bert(author.folder / "bert")
    language_model.llama(author.folder / "llama")
    return author


SENTENCE = "the cat, a colour is similar to the violet 日 cat."


@pytest.mark.parametrize("metric", ["probability", "surprisal"])
def test_words_have_each_models_own_predictions(language_models: Author, metric: str) -> None:
    models = ["gpt2", "bert", "llama"]
    figure = compare(language_models, SENTENCE, model=models, metric=metric)
    head, *body = rows(figure)
    assert head == ["Word", *models]
    for i, model in enumerate(models, 1):
        alone = language_models.score(SENTENCE, model=model, metric=metric, unit="word")
        assert [row[i] for row in body] == [unescape(n) for n in said_of(alone, labels_of("en"))]
    said = caption(figure)
    assert "gpt2, llama: Each is predicted only from the text before it." in said
    assert "bert: The model sees the text on both sides" in said
    assert said.count("the probability that the word ends there is not included") == 1
    for pair in ("gpt2 and bert", "gpt2 and llama", "bert and llama"):
        assert f"{pair}: Spearman" in said
    # What one model does not know, the others may.
    hatched = [cell.text for cell in cells(figure) if "repeating" in cell.background]
    assert hatched.count("日") == 1


def test_layers_are_compared_and_the_similarity_is_of_the_table(language_models: Author) -> None:
    options = {"model": ["gpt2", "bert"], "metric": "norm"}
    figure = compare(language_models, SENTENCE, layer="2", **options)
    assert "gpt2, bert" not in caption(figure).split("). ", 1)[1]
    assert "hidden states of layer 2 of 3" in caption(figure)
    static = similarity(language_models, SENTENCE, **options)
    assert similarity(language_models, SENTENCE, layer="2", **options) == static
    last = compare(language_models, SENTENCE, layer="last", pool="last", **options)
    assert "is represented by the last one" in caption(last)


def test_one_model_that_cannot_predict_is_named(language_models: Author) -> None:
    said = refused(language_models, SENTENCE, model=["gpt2", "wordllama"], metric="surprisal")
    assert said.startswith("model 'wordllama': the model holds only embeddings")


def test_search_finds_words_that_are_numbers_once_and_no_cosine(project: Project) -> None:
    project.page(
        "```tokenheat view=matrix numbers=true\ncat 1984 -5\n```\n\n"
        "```tokenheat view=neighbours numbers=true k=2\n2001 dog\n```\n\n"
        "```tokenheat view=distribution\n1977 sofa\n```\n"
    )
    project.built()
    index = json.loads(project.output("search/search_index.json"))
    words = " ".join(entry["text"] for entry in index["docs"]).split()
    for word in ("cat", "1984", "-5", "2001", "dog", "1977", "sofa"):
        assert words.count(word) == 1, word
    assert not [word for word in words if word.startswith("0.")]
