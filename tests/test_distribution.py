"""Random pairs of tokens: how their cosines are distributed, drawn so that everyone can read it."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Iterator
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

import numpy as np
import pytest
from playwright.sync_api import Browser

from mkdocs_tokenheat.models import rows as rows_module
from mkdocs_tokenheat.models.rows import RowModel
from mkdocs_tokenheat.models.source import locate
from mkdocs_tokenheat.scoring.geometry.distribution import KIND, Distribution
from mkdocs_tokenheat.scoring.key import Way
from mkdocs_tokenheat.views.colormaps import contrast, luminance
from mkdocs_tokenheat.views.distribution import BARS, CURVE
from mkdocs_tokenheat.views.plain import plain, xhtml
from tests.browser import chromium
from tests.checkpoints import Array, byte_level_bpe, save, table
from tests.conftest import Author, Project, block
from tests.forged import forge
from tests.pages import SVG, assert_harmless, content, having, parse

CSS = files("mkdocs_tokenheat").joinpath("tokenheat.css").read_text("utf-8")
PLAIN = Way()
PAIRS = "the cat\nviolet colour\n\nc that\n"


def found(folder: Path, *pairs: tuple[str, str], way: Way = PLAIN) -> Distribution:
    model = RowModel(locate(f"path:{folder}", folder, None))
    return KIND.compute({"pairs": pairs or (("the", "cat"),)}, [model], way, 5000)


def cosines(vectors: Array) -> Array:
    """The cosine of every two of the vectors."""
    unit = vectors.astype(np.float64)
    unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
    one, other = np.triu_indices(len(unit), 1)
    every: Array = (unit @ unit.T)[one, other]
    return every


def made(folder: Path, embeddings: Array) -> Array:
    """A model with these vectors; those of its ordinary tokens."""
    save(folder, {"wte.weight": embeddings}, byte_level_bpe())
    return embeddings[sorted(set(byte_level_bpe().get_vocab().values()) - {0})]


# The numbers


@pytest.mark.parametrize("dimensions", [3, 64, 700])
@pytest.mark.parametrize("shift", [0, 0.5])
def test_the_sample_is_that_of_all_pairs(tmp_path: Path, dimensions: int, shift: float) -> None:
    vectors = made(tmp_path, table(400, dimensions) + np.float32(shift))
    every = cosines(vectors)
    sample = found(tmp_path)
    error = 5 * every.std() / math.sqrt(100_000)
    assert sample.mean == pytest.approx(every.mean(), abs=error)
    assert sample.deviation == pytest.approx(every.std(), abs=error)
    assert sample.dimensions == dimensions
    assert sample.total == 100_000
    for place in range(0, len(sample.counts), 7):
        share = ((every >= sample.edge(place)) & (every < sample.edge(place + 1))).mean()
        assert sample.counts[place] / 100_000 == pytest.approx(share, abs=0.008)


def test_random_directions_are_as_the_curve_says(tmp_path: Path) -> None:
    made(tmp_path, table(400, 500))
    sample = found(tmp_path)
    assert sample.mean == pytest.approx(0, abs=0.002)
    assert sample.deviation == pytest.approx(1 / math.sqrt(500), rel=0.02)


def test_no_token_is_paired_with_itself(tmp_path: Path) -> None:
    embeddings = table(400, 300)
    made(tmp_path, embeddings)
    sample = found(tmp_path)
    assert sample.edge(len(sample.counts)) < 0.9
    assert sample.outside[1] == 0


def test_pairs_lie_among_the_random_ones(tmp_path: Path) -> None:
    embeddings = table(400, 16)
    every = cosines(made(tmp_path, embeddings))
    tokenizer = byte_level_bpe()
    pairs = [("cat", "the"), ("cat", "cat"), ("c", "cat")]
    for (one, other), measured in zip(pairs, found(tmp_path, *pairs).pairs, strict=True):
        ids = [
            [token for token, (_, end) in zip(each.ids, each.offsets, strict=True) if end > 2]
            for each in (tokenizer.encode(f"x {word}") for word in (one, other))
        ]
        first, second = (embeddings[i].astype(np.float64).mean(axis=0) for i in ids)
        cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
        assert measured is not None
        assert measured[0] == pytest.approx(cosine, rel=5.1e-6)
        assert measured[1] == pytest.approx((every < cosine - 1e-12).mean(), abs=0.008)


def test_the_sample_does_not_depend_on_how_the_table_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mkdocs_tokenheat.scoring.geometry import distribution

    made(tmp_path, table(400))
    whole = found(tmp_path)
    monkeypatch.setattr(distribution, "_BLOCK", 30_000)
    monkeypatch.setattr(rows_module, "_CHUNK", 50)
    assert found(tmp_path).columns() == whole.columns()


@pytest.mark.parametrize("transform", ["center", "all-but-the-top:2"])
def test_a_transform_comes_first(tmp_path: Path, transform: str) -> None:
    vectors = made(tmp_path, table(400, 24) + np.float32(1)).astype(np.float64)
    vectors = vectors - vectors.mean(axis=0)
    if transform != "center":
        _, _, directions = np.linalg.svd(vectors, full_matrices=False)
        vectors = vectors - vectors @ directions[:2].T @ directions[:2]
    every = cosines(vectors)
    sample = found(tmp_path, way=Way(transform=transform))
    assert sample.mean == pytest.approx(every.mean(), abs=0.005)
    assert sample.deviation == pytest.approx(every.std(), rel=0.02)


def test_far_outliers_are_counted_apart(tmp_path: Path) -> None:
    chance = np.random.default_rng(0)
    embeddings = (np.ones((400, 64)) + 0.05 * chance.normal(size=(400, 64))).astype(np.float32)
    embeddings[100] *= -1
    made(tmp_path, embeddings)
    sample = found(tmp_path)
    assert sample.total == 100_000
    assert len(sample.counts) <= 110
    assert sample.outside[0] > 200


@pytest.mark.parametrize("rows", ["equal", "opposite", "zero but two"])
def test_vectors_that_are_hardly_different(tmp_path: Path, rows: str) -> None:
    embeddings = np.ones((400, 4), np.float32)
    if rows == "opposite":
        embeddings[::2] *= -1
    if rows == "zero but two":
        embeddings[:] = 0
        embeddings[5:150] = 1
    made(tmp_path, embeddings)
    sample = found(tmp_path)
    assert abs(sample.mean) <= 1
    assert sample.edge(len(sample.counts)) <= 1
    assert "NaN" not in Author(tmp_path, models={"toy": f"path:{tmp_path}"}).figure(
        "c cat", view="distribution", model="toy"
    )


# The figure


@pytest.fixture
def author(tmp_path: Path) -> Author:
    save(tmp_path / "toy", {"wte.weight": table(400, 32)})
    return Author(tmp_path, models={"toy": "path:toy"})


def distribution(author: Author, text: str = PAIRS, **options: object) -> str:
    return author.figure(text, view="distribution", **{"model": "toy", **options})


def caption(figure: str) -> str:
    return content(next(parse(figure).iter("figcaption")))


def rows_of(figure: str) -> list[list[str]]:
    (shown,) = having(parse(figure), "tokenheat-table")
    return [[content(cell) for cell in row] for row in shown.iter("tr")]


def drawn(figure: str) -> Element:
    (svg,) = parse(figure).iter(f"{SVG}svg")
    return svg


def test_the_drawing_is_one_picture_with_a_name(author: Author) -> None:
    figure = distribution(author)
    assert_harmless(figure)
    svg = drawn(figure)
    assert svg.get("role") == "img"
    assert "Distribution" in (svg.get("aria-label") or "")
    assert caption(figure).count("100\u202f000 random pairs of tokens") == 1
    assert f"1/√32 = {1 / math.sqrt(32):.4g}" in caption(figure)


def test_each_pair_has_a_number_in_the_drawing_and_in_the_list(author: Author) -> None:
    figure = distribution(author)
    numbers = [t.text for t in drawn(figure).iter(f"{SVG}text") if "pointer" in t.get("style", "")]
    assert numbers == ["1", "2", "3"]
    listed = [content(item) for item in parse(figure).iter("li")]
    assert [" ".join(item.split()[:4]) for item in listed] == [
        "1 the · cat", "2 violet · colour", "3 c · that",
    ]  # fmt: skip
    titles = [title.text for title in drawn(figure).iter(f"{SVG}title")]
    assert [title and title.rpartition(":")[0] for title in titles] == [
        "the · cat", "violet · colour", "c · that",
    ]  # fmt: skip


def test_the_table_has_pairs_and_bins(author: Author) -> None:
    head, *rows = rows_of(distribution(author))
    assert head == ["Pair", "Cosine", "Random pairs"]
    assert [row[0] for row in rows[:4]] == [
        "the · cat", "violet · colour", "c · that", "random pairs",
    ]  # fmt: skip
    for row in rows[:3]:
        assert re.fullmatch(r"-?[\d.]+", row[1])
        assert re.fullmatch(r"[\d.]+ % below", row[2])
    assert sum(int(row[2]) for row in rows[3:]) == 100_000
    edges = [tuple(map(float, row[1].split(" … "))) for row in rows[3:]]
    assert all(one[1] == other[0] for one, other in pairwise(edges))


def test_words_that_are_not_known_are_listed_and_not_drawn(author: Author) -> None:
    figure = distribution(author, "cat 日本\ncat the")
    numbers = [t.text for t in drawn(figure).iter(f"{SVG}text") if "pointer" in t.get("style", "")]
    assert numbers == ["2"]
    assert content(next(parse(figure).iter("li"))) == (
        "1 cat · 日本 (not in the model's vocabulary)"
    )
    assert rows_of(figure)[1] == ["cat · 日本", "not in the model's vocabulary", "no number"]
    assert "no numbers" in distribution(author, "日 本")


def test_a_phrase_and_the_languages(author: Author) -> None:
    figure = distribution(author, '"the cat" colour', lang="vi", caption="<Cặp>")
    assert content(next(parse(figure).iter("li"))).startswith("1 the cat · colour ")
    for part in ("<Cặp>", "cặp token ngẫu nhiên", "độ lệch chuẩn", "Từ gồm nhiều token"):
        assert part in caption(figure)
    assert rows_of(figure)[0] == ["Cặp từ", "Cosine", "Cặp ngẫu nhiên"]


def test_pairs_are_coloured_by_their_cosines(author: Author) -> None:
    figure = distribution(author)
    found_ = [
        (
            float(content(item).split()[-1]),
            re.search(r"background:(#\w+)", item[0].get("style", "")),
        )
        for item in parse(figure).iter("li")
    ]
    ordered = [colour[1] for _, colour in sorted(found_, key=lambda each: each[0]) if colour]
    assert (ordered[0], ordered[-1]) == ("#fff5f0", "#67000d")
    fills = re.findall(r"fill:(#\w{6});stroke", figure)
    assert set(fills) == set(ordered)


def test_pairs_share_a_scale_with_others(author: Author) -> None:
    blocks = [
        block("cat violet", view="matrix", model="toy", share="s"),
        block("cat violet", view="distribution", model="toy", share="s"),
    ]
    for figure in author.site().figures(blocks):
        assert isinstance(figure, str)
        assert " 1;" in content(next(having(parse(figure), "tokenheat-legend")))


def test_legend_and_table_can_be_left_out(author: Author) -> None:
    figure = distribution(author, legend=False, table=False)
    assert "tokenheat-legend" not in figure
    assert "<details" not in figure


def test_a_frozen_build_needs_no_model(author: Author) -> None:
    figure = distribution(author, colormap="viridis", caption="x")
    shutil.rmtree(author.folder / "toy")
    author.settings = {**author.settings, "frozen": True}
    assert distribution(author, colormap="viridis", caption="x") == figure


def test_a_book_has_the_drawing_too(author: Author) -> None:
    figure = distribution(author)
    root = fromstring(xhtml(figure))
    (svg,) = root.iter(f"{SVG}svg")
    assert svg.get("viewBox") == drawn(figure).get("viewBox")
    assert len(list(svg)) == len(list(drawn(figure)))
    said = plain(figure)
    assert said.shown == []
    assert said.table == rows_of(figure)


# What is seen


def test_every_line_is_seen_on_what_it_lies_on() -> None:
    white, bars, curve = (luminance(colour) for colour in ("#ffffff", BARS, CURVE))
    assert contrast(white, bars) >= 3
    assert contrast(white, curve) >= 3
    assert contrast(bars, curve) >= 3
    assert contrast(bars, 0.0) >= 4.5


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


BOXES = """
() => [...document.querySelectorAll('svg text')].map(text => {
    const box = text.getBoundingClientRect();
    const size = parseFloat(getComputedStyle(text).fontSize);
    const svg = text.closest('svg');
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    return [box.left, box.top, box.right, box.bottom, size * scale];
})
"""


@pytest.mark.parametrize("width", [320, 500, 1000])
def test_no_label_covers_another_at_any_width(author: Author, browser: Browser, width: int) -> None:
    words = ("cat", "the", "violet", "colour", "similar", "viet", "is", "sat", "to")
    pairs = [f"{one} {other}" for i, one in enumerate(words) for other in words[i:]][:40]
    page = browser.new_page(viewport={"width": width, "height": 900})
    figure = distribution(author, "\n".join(pairs))
    page.set_content(f"<!doctype html><style>{CSS}</style>{figure}")
    boxes = page.evaluate(BOXES)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert len(boxes) > 43
    for i, (left, top, right, bottom, size) in enumerate(boxes):
        assert size >= (10 if width < 400 else 14.5)
        assert 0 <= left < right <= width
        for other_left, other_top, other_right, other_bottom, _ in boxes[:i]:
            beside = right <= other_left + 1 or other_right <= left + 1
            above = bottom <= other_top + 3 or other_bottom <= top + 3
            assert beside or above
    page.close()


def test_search_finds_the_words_and_not_the_numbers(project: Project) -> None:
    project.page(
        "```tokenheat view=distribution caption=Far\nviolet herring\n```\n\n"
        "```tokenheat view=neighbours k=2\nbicycle\n```\n\n"
        "```tokenheat view=matrix\nocean lake\n```\n\n```tokenheat\nneoclassical\n```\n"
    )
    page = project.built()
    assert page.count("<svg") == page.count("</svg>") > 0
    assert page.count('<figure class="tokenheat"') == 4
    assert "data-tokenheat=" not in page
    index = project.output("search/search_index.json")
    for word in ("violet", "herring", "Far", "bicycle", "ocean", "lake", "neoclassical"):
        assert word in index
    assert re.search(r"0\.\d", index) is None
    assert "All numbers" not in index


# What is refused


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sample that is quick to draw."""
    monkeypatch.setattr("mkdocs_tokenheat.scoring.geometry.distribution._PAIRS", 2000)


@pytest.mark.parametrize(
    "columns",
    [
        {"pairs": []},
        {"pairs": [None] * 4},
        {"pairs": [[2, 0.5], None, None]},
        {"pairs": [[0.5, 1.5], None, None]},
        {"pairs": [[0.5], None, None]},
        {"pairs": [[float("nan"), 0.5], None, None]},
        {"pairs": ["ab", None, None]},
        {"counts": []},
        {"counts": [10**400]},
        {"counts": [-1, 5]},
        {"counts": [1.5]},
        {"counts": [1] * 100_000},
        {"counts": "abc"},
        {"outside": [0]},
        {"outside": [0, 10**9]},
        {"counts": [0], "outside": [0, 0]},
        {"mean": None},
        {"mean": float("inf")},
        {"deviation": -1},
        {"deviation": "0"},
        {"dimensions": 0},
        {"dimensions": 10**400},
        {"step": 0},
        {"step": 1e-300},
        {"first": 10**400},
        {"first": 0.5},
        {"notes": [[[]]]},
    ],
    ids=range(27),
)
@pytest.mark.usefixtures("few")
def test_a_forged_entry_is_scored_anew(
    author: Author, columns: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    figure = distribution(author)
    (entry,) = author.entries()
    forge(entry, **columns)
    assert distribution(author) == figure
    assert "ignoring the cache entry" in caplog.text


@pytest.mark.parametrize(
    "columns",
    [
        {"step": 0.2, "first": -5, "counts": [10] * 190, "outside": [0, 0]},
        {"dimensions": 1},
        {"dimensions": 10**8},
        {"counts": [2000], "outside": [0, 0], "mean": -1, "deviation": 0},
        {"pairs": [[1, 1], [-1, 0], [1, 1]]},
        {"notes": [["<script>"], ["all-but-the-top", "<script>"]]},
    ],
    ids=range(6),
)
@pytest.mark.usefixtures("few")
def test_a_forged_entry_that_could_be_is_drawn(author: Author, columns: dict[str, object]) -> None:
    distribution(author)
    (entry,) = author.entries()
    forge(entry, **columns)
    assert_harmless(distribution(author))


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("cat", {}, "'cat' is not a pair: write two words per line"),
        ("a b c", {}, "'a b c' is not a pair"),
        ("cat, dog", {}, "'cat,' would be a word with a comma"),
        ("a b\ncat dog,", {}, "'dog,' would be a word with a comma"),
        ("a b\n" * 41, {}, "view: distribution takes at most 40 pairs, but the block has 41"),
        ("a b", {"numbers": True}, "option 'numbers' requires view: "),
        ("a b", {"k": 3}, "option 'k' requires view: neighbours"),
        ("a b", {"unit": "word"}, "option 'unit' requires view: text or compare"),
        ("a b", {"model": "[toy, wordllama]"}, "a list of models requires view: compare"),
        ("a b", {"embedding": "output"}, "the model has no config.json"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_one_line(
    author: Author, text: str, options: dict[str, object], message: str
) -> None:
    given = {"view": "distribution", "model": "toy", **options}
    assert message in author.error(text, **given)
