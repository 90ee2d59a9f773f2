"""How numbers become colours, and colours a figure."""

from __future__ import annotations

import gzip
import itertools
import math
import re
import runpy
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mkdocs_tokenheat.block.options import Options
from mkdocs_tokenheat.block.parse import read_block
from mkdocs_tokenheat.block.text import CONTROLS, clean, has_any
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring.metrics import METRICS
from mkdocs_tokenheat.views import svg
from mkdocs_tokenheat.views.colormaps import colormap, contrast, luminance, names
from mkdocs_tokenheat.views.labels import LABELS, labels_of, note, say
from mkdocs_tokenheat.views.markup import escape, escape_each, isolated, number
from mkdocs_tokenheat.views.paint import HATCHED
from mkdocs_tokenheat.views.scale import fit
from tests.conftest import Author, block
from tests.pages import Shown, cells, content, convert, having, parse

ROOT = Path(__file__).parents[1]
LOW, HIGH = "#fff5f0", "#67000d"  # of Reds


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def values(cache: Path, numbers: Sequence[float | None], **options: object) -> str:
    """The page of a block with these numbers, for the words a, b, c, …"""
    text = " ".join(itertools.islice(itertools.cycle(string.ascii_letters), len(numbers)))
    written = ", ".join("null" if n is None else str(n) for n in numbers)
    info = " ".join(f'{name}="{value}"' for name, value in options.items())
    source = f"~~~tokenheat metric=values {info}\n---\nvalues: [{written}]\n---\n{text}\n~~~"
    return convert(source, cache, legend=True, table=True)


def colours_in(style: str) -> list[str]:
    """The colours of a style, each with six digits."""
    found = re.findall(r"#([0-9a-f]{6}|[0-9a-f]{3})\b", style)
    return [
        f"#{each if len(each) == 6 else ''.join(2 * digit for digit in each)}" for each in found
    ]


def backgrounds(html: str) -> list[str]:
    return [cell.background for cell in cells(html)]


def legend(html: str) -> str:
    return " ".join(content(each) for each in having(parse(html), "tokenheat-legend"))


# Scales.


def test_the_smallest_is_pale_and_the_largest_dark(cache: Path) -> None:
    html = values(cache, [3, 1, 2])
    assert backgrounds(html) == [HIGH, LOW, colormap("Reds").colours[128]]
    assert legend(html).split() == ["1", "3."]


def test_a_text_of_one_token_takes_the_low_end(cache: Path) -> None:
    assert backgrounds(values(cache, [7])) == [LOW]
    assert legend(values(cache, [7])).split() == ["7", "7."]


@pytest.mark.parametrize("constant", [0, -3.5, 1e300, 5e-324])
@pytest.mark.parametrize("scale", ["minmax", "quantile"])
def test_a_constant_score_takes_the_low_end(cache: Path, constant: float, scale: str) -> None:
    assert backgrounds(values(cache, [constant] * 7, scale=scale)) == [LOW] * 7


@pytest.mark.parametrize("scale", ["minmax", "quantile", "fixed"])
def test_without_any_number_all_is_hatched(cache: Path, scale: str) -> None:
    more = {"vmin": 0, "vmax": 1} if scale == "fixed" else {}
    html = values(cache, [None, None], scale=scale, **more)
    assert [cell.style for cell in cells(html)] == [HATCHED, HATCHED]
    assert [cell.title for cell in cells(html)] == ["no number", "no number"]
    assert legend(html) == "no numbers."


def test_a_missing_number_leaves_the_scale_alone(cache: Path) -> None:
    html = values(cache, [1, None, 3])
    assert backgrounds(html)[::2] == [LOW, HIGH]
    assert cells(html)[1].style == HATCHED


def test_center_gets_the_middle_and_both_sides_the_same_reach(cache: Path) -> None:
    html = values(cache, [-1, 0, 4, 2], center=0, colormap="RdBu_r")
    found = [colormap("RdBu_r").colours.index(colour) for colour in backgrounds(html)]
    assert found == [round(255 * at) for at in (0.375, 0.5, 1, 0.75)]


@pytest.mark.parametrize(("numbers", "at"), [([5, 6], [0.9, 1]), ([-6, -5], [0, 0.1]), ([0, 0], [0.5, 0.5])])  # fmt: skip
def test_center_may_lie_outside_the_numbers(numbers: list[float], at: list[float]) -> None:
    center = 1 if numbers[0] > 0 else -1 if numbers[0] < 0 else 0
    scale = fit(numbers, Options(center=center))
    assert scale is not None
    assert [scale.position(n) for n in numbers] == pytest.approx(at)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_quantile_is_numpys(numbers: list[float]) -> None:
    scale = fit(numbers, Options(scale="quantile"))
    assert scale is not None
    expected = np.quantile(numbers, [0.02, 0.98])
    assert [scale.low, scale.high] == pytest.approx(list(expected), rel=1e-12, abs=1e-9)
    assert [scale.smallest, scale.largest] == [min(numbers), max(numbers)]


def test_quantile_holds_outliers_off(cache: Path) -> None:
    html = values(cache, [*range(1, 51), 1000], scale="quantile")
    assert backgrounds(html)[0] == LOW
    assert backgrounds(html)[-1] == HIGH
    assert backgrounds(html)[49] == HIGH
    assert backgrounds(html)[48] != HIGH
    assert legend(html).split()[:4] == ["≤", "2", "≥", "50;"]
    assert "numbers from 1 to 1000" in legend(html)


def test_a_screen_reader_hears_from_what_to_what(cache: Path) -> None:
    def name(html: str) -> str | None:
        return next(parse(html).iter("figure")).get("aria-label")

    given = "Given value of each word"
    assert name(values(cache, [1.23456, -2])) == f"{given}, coloured from -2 to 1.235"
    assert name(values(cache, [None, None])) == f"{given}: no numbers"
    clipped = values(cache, [-5, 15], scale="fixed", vmin=0, vmax=10)
    assert name(clipped) == f"{given}, coloured from ≤ 0 to ≥ 10"
    hostile = convert("```tokenheat lang='\">' metric=length\na\n```", cache)
    assert name(hostile) == "Number of characters in each word, coloured from 1 to 1"
    vietnamese = convert("```tokenheat\na bc\n```", cache, lang="vi")
    assert name(vietnamese) == "Số ký tự của mỗi tiếng, tô màu từ 1 đến 2"


def test_hatching_is_explained_where_there_is_some(cache: Path) -> None:
    assert "hatched: not on the scale" in legend(values(cache, [1, None, 3]))
    assert "hatched" not in legend(values(cache, [1, 2, 3]))


def test_fixed_clamps_and_says_so(cache: Path) -> None:
    html = values(cache, [-5, 0, 5, 10, 15], scale="fixed", vmin=0, vmax=10)
    assert backgrounds(html)[:2] == [LOW, LOW]
    assert backgrounds(html)[3:] == [HIGH, HIGH]
    assert legend(html).split()[:4] == ["≤", "0", "≥", "10;"]
    assert "numbers outside the scale have the colour of its end" in legend(html)
    inside = legend(values(cache, [2, 8], scale="fixed", vmin=0, vmax=10))
    assert "≤" not in inside
    assert "outside" not in inside
    assert "numbers from 2 to 8" in inside


@pytest.mark.parametrize(
    ("options", "line"),
    [({"vmin": 0}, 1), ({"vmax": 1}, 1), ({}, 1), ({"vmin": 1, "vmax": 1}, 1), ({"vmin": 2, "vmax": 1}, 1), ({"vmin": 0, "vmax": 1, "center": 2}, 1), ({"vmin": 0, "vmax": 1, "center": -1}, 1)],
)  # fmt: skip
def test_fixed_needs_two_ends_in_order(cache: Path, options: dict[str, int], line: int) -> None:
    with pytest.raises(TokenheatError, match=rf"^<markdown>:{line}: tokenheat: '.*vm(in|ax)'"):
        values(cache, [1, 2], scale="fixed", **options)


@given(
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8),
    center=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    kind=st.sampled_from(["minmax", "quantile"]),
)
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_every_number_has_its_place_in_order(
    numbers: list[float], center: float | None, kind: str
) -> None:
    scale = fit(numbers, Options(scale=kind, center=center))
    assert scale is not None
    places = [scale.position(n) for n in sorted(numbers)]
    assert all(0 <= place <= 1 for place in places)
    assert all(a <= b + 1e-12 for a, b in itertools.pairwise(places))


@pytest.mark.parametrize(
    ("numbers", "options", "at"),
    [
        ([-1.7e308, 0, 1.7e308], {}, [0, 0.5, 1]),
        ([-1.7e308, 0, 1.7e308], {"scale": "quantile"}, [0, 0.5, 1]),
        ([0, 1.7e308], {"center": -1.7e308}, [0.75, 1]),
        ([-2, 0, 2], {"scale": "fixed", "vmin": -1.7e308, "vmax": 1.7e308}, [0.5, 0.5, 0.5]),
        ([0, 5e-324], {}, [0, 1]),
    ],
)
def test_the_numbers_farthest_apart_and_closest_together_have_places(
    numbers: list[float], options: dict[str, Any], at: list[float]
) -> None:
    scale = fit(numbers, Options(**options))
    assert scale is not None
    assert [scale.position(n) for n in numbers] == pytest.approx(at)


def test_share_has_one_scale(cache: Path) -> None:
    block = "```tokenheat metric=length unit=word{}\n{}\n```\n\n"
    shared = ' share="a b"'
    blocks = ((shared, "a bb"), (shared, "ccc dddd"), (" share=c", "a bb"), ("", "a bb"))
    html = convert("".join(block.format(*each) for each in blocks), cache, legend=True)
    one, two, three, four, *rest = backgrounds(html)
    assert [one, four] == [LOW, HIGH]
    assert [two, three] == [colormap("Reds").colours[i] for i in (85, 170)]
    assert rest == [LOW, HIGH, LOW, HIGH]
    said = [content(each) for each in having(parse(html), "tokenheat-legend")]
    assert [" ".join(each.split()) for each in said] == [
        "1 4; one scale for the blocks “a b” on this page.",
        "1 4; one scale for the blocks “a b” on this page.",
        "1 2; one scale for the blocks “c” on this page.",
        "1 2.",
    ]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("metric=values values=[1]", "the same metric: here it is 'values', in the first of them 'length'"),
        ("scale=quantile", "the same scale"),
        ("center=1", "the same center"),
        ("scale=fixed vmin=0 vmax=1", "the same scale"),
    ],
)  # fmt: skip
def test_share_of_what_differs_is_an_error(cache: Path, other: str, said: str) -> None:
    source = f"```tokenheat share=a\nx\n```\n\n```tokenheat share=a {other}\nx\n```"
    with pytest.raises(TokenheatError) as caught:
        convert(source, cache)
    assert str(caught.value).startswith("<markdown>:5: tokenheat: blocks that share the scale 'a'")
    assert said in str(caught.value)


def test_none_goes_with_everything(cache: Path) -> None:
    nothing = "vmin=none vmax=none center=none transform=none baseline=none bos=none stride=none"
    source = f"```tokenheat scale=minmax {nothing}\nhi there\n```"
    defaults = {"scale": "fixed", "vmin": 0, "vmax": 9, "center": 4}
    assert backgrounds(convert(source, cache, **defaults)) == [LOW, HIGH]


@pytest.mark.parametrize(
    "options", ["topk=0", "metric=length layer=input", "pool=mean dtype=float32", "center=none"]
)
def test_what_is_off_anyway_may_be_said(cache: Path, options: str) -> None:
    assert "<figure" in convert(f"```tokenheat unit=word {options}\nhi there\n```", cache)


def test_what_is_expected_is_of_a_text_alone(cache: Path) -> None:
    source = "```tokenheat view=compare model=[a,b] metric=surprisal topk=3\na\n```"
    with pytest.raises(TokenheatError, match=r"option .topk. requires view: text$"):
        convert(source, cache)


def test_a_block_that_is_refused_leaves_the_shared_scale_alone(cache: Path) -> None:
    first = "```tokenheat share=a metric=length unit=word\nhi there\n```"
    refused = "```tokenheat share=a metric=values unit=word values=[1000,0]\na b\n```"
    html = convert(f"{first}\n\n{refused}", cache, on_error="show")
    assert backgrounds(html) == [LOW, HIGH]


def test_an_option_that_is_wrong_in_the_whole_site_is_said_of_the_site(cache: Path) -> None:
    block = "```tokenheat metric=length unit=word{}\nhi there\n```"
    for own, said in (
        (
            " ",
            "unknown colormap 'greys', did you mean 'Greys'? ('colormap' is set for the whole site)",
        ),
        (" colormap=greys", "unknown colormap 'greys', did you mean 'Greys'?"),
    ):
        with pytest.raises(TokenheatError) as caught:
            convert(block.format(own), cache, colormap="greys")
        assert caught.value.message == said


def test_the_first_to_share_does_not_depend_on_the_cache(author: Author) -> None:
    one = block("hi you", metric="length", unit="word", share="a")
    two = block("the cat", metric="length", unit="word", share="a", center=1)
    author.site().score([two])
    first, second = author.site().figures([one, two])
    assert isinstance(first, str)
    assert isinstance(second, TokenheatError)


def test_a_sites_default_may_lie_idle(tmp_path: Path) -> None:
    author = Author(tmp_path, center=0, unit="word")
    for own in ({"scale": "fixed", "vmin": 1, "vmax": 3}, {"tokens": ["a", " cat"]}):
        (figure,) = author.site().figures([author.block("a cat", metric="length", **own)])
        assert isinstance(figure, str)


@pytest.mark.parametrize(
    ("front", "line"),
    [
        (["transform: all-but-the-top:300", "model: wordllama"], 2),
        (["view: compare", "model: [wordllama, two]", "transform: all-but-the-top:300"], 4),
    ],
)
def test_an_error_of_a_models_has_its_options_line(
    tmp_path: Path, front: list[str], line: int
) -> None:
    author = Author(tmp_path, models={"two": "package:wordllama"})
    site = author.site()
    read = read_block("tokenheat", ["---", *front, "---", "a b c d e f"], site.settings.options)
    (error,) = site.figures([read])
    assert isinstance(error, TokenheatError)
    assert error.line_in(read.lines) == line


def test_a_strip_has_its_room_below_an_underline(author: Author) -> None:
    options = {"metric": "values", "values": [1, 2, 3], "tokens": ["e", "\u0301", "x"]}
    html = author.figure("e\u0301x", **options, encode="colour+underline")
    assert re.findall(r'padding-bottom:([^;"]*)', html) == [".95em", ".6em"]


def test_bands_go_as_their_letters_do(author: Author) -> None:
    tokens = ["e", "\u0301", " ", "א", "\u05b0"]
    values = [1, 2, 0, 1, 2]
    html = author.figure("".join(tokens), metric="values", values=values, tokens=tokens)
    assert re.findall("270deg|90deg", html.partition("</pre>")[0]) == ["90deg", "270deg"]


def test_a_cell_that_ends_a_line_is_seen_and_has_its_number_on_it(author: Author) -> None:
    html = author.figure("a\nb", metric="values", values=[1, 2, 3], tokens=["a", "\n", "b"])
    assert "padding-left" in html
    numbered = {"metric": "values", "values": [1, 3], "tokens": ["a\n", "b"], "numbers": True}
    html = author.figure("a\nb", **numbered)
    assert re.search(r">a<sup[^>]*><span[^>]*></span></sup>\n</span>", html)


def test_titles_in_drawings_are_escaped() -> None:
    assert "<title>&lt;b&gt;</title>" in svg.box(0, 0, 1, 1, "", "<b>")


# Colour maps.


@pytest.mark.parametrize("name", ["RdBu", "PuOr", "viridis", "batlowK"])
@pytest.mark.parametrize("reverse", ["", "_r"])
def test_a_map_is_suggested_whatever_its_case(name: str, reverse: str) -> None:
    for written in (name.lower() + reverse.upper(), name.upper() + reverse):
        if written != name + reverse:
            with pytest.raises(TokenheatError, match=f"did you mean '{name}{reverse}'"):
                colormap(written)


def test_colour_maps_are_those_of_cmap() -> None:
    shipped = (ROOT / "mkdocs_tokenheat" / "views" / "colormaps.txt").read_text("ascii")
    script = runpy.run_path(str(ROOT / "scripts" / "colormaps.py"))
    assert shipped.splitlines() == list(script["lines"]())


def test_maps_have_the_names_that_authors_know() -> None:
    assert {"Reds", "Blues", "RdBu", "viridis", "magma", "cividis", "batlow"} <= set(names())
    assert len(names()) == len(set(names()))
    assert not any(name.endswith("_r") for name in names())


@pytest.mark.parametrize("name", names())
def test_text_is_legible_on_every_colour(name: str) -> None:
    chosen = colormap(name)
    assert len(chosen.looks) == 256
    for style, beside, edge, colour in chosen.looks:
        assert re.fullmatch("#[0-9a-f]{6}", colour)
        text = 1.0 if style.endswith(";color:#fff") else 0.0
        assert style.startswith(f"background:{colour}")
        assert beside == f"box-shadow:-1px 0;{style}"
        assert contrast(luminance(colour), text) >= 4.5
        assert contrast(luminance(colour), luminance(colours_in(edge)[0])) >= 3
    assert colormap(f"{name}_r").looks == chosen.looks[::-1]


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48), ("#767676", "#ffffff", 4.54)],
)
def test_contrast_is_wcags(first: str, second: str, ratio: float) -> None:
    assert contrast(luminance(first), luminance(second)) == pytest.approx(ratio, abs=0.005)


def test_text_is_legible_on_hatching() -> None:
    assert "color:" not in HATCHED  # The text is the block's own black.
    ground, line = (luminance(each) for each in colours_in(HATCHED)[::2])
    assert min(contrast(ground, 0), contrast(line, 0)) >= 4.5
    assert contrast(ground, line) >= 3, "the hatching is too faint"


def test_reversed_map_in_a_page(cache: Path) -> None:
    assert backgrounds(values(cache, [1, 2], colormap="Reds_r")) == [HIGH, LOW]


@pytest.mark.parametrize(
    ("name", "nearest"), [("reds", "Reds"), ("Red", "Reds"), ("virdis", "viridis"), ("Reds_r_r", "Reds_r")]
)  # fmt: skip
def test_unknown_map_names_the_nearest(cache: Path, name: str, nearest: str) -> None:
    message = f"^<markdown>:1: tokenheat: unknown colormap '{name}', did you mean '{nearest}'"
    with pytest.raises(TokenheatError, match=message):
        values(cache, [1, 2], colormap=name)


# The text view.


def test_cells_that_touch_have_a_boundary_inline(cache: Path) -> None:
    source = "~~~tokenheat metric=values\n---\ntokens: [ab, cd, ' ', ef, ' gh', ij]\n"
    source += "values: [1, 1, 1, 1, 1, 1]\n---\nabcd ef ghij\n~~~"
    found = cells(convert(source, cache))
    assert [cell.text for cell in found] == ["ab", "cd", " ", "ef", "gh", "ij"]
    touching = ["box-shadow" in cell.declarations for cell in found]
    assert touching == [False, True, True, True, False, True]


@pytest.mark.parametrize(
    ("tokens", "line"),
    [
        ("של, ום", "inset -1px 0"),  # A line beside the cell would lie below the one at its right.
        ("a, b", "-1px 0"),
        ("a, ש", "inset 1px 0,inset -1px 0"),
        ("ש, a", "inset 1px 0,inset -1px 0"),
    ],
)
def test_boundary_stands_where_the_text_comes_from(cache: Path, tokens: str, line: str) -> None:
    text = tokens.replace(", ", "")
    source = f'~~~tokenheat metric=length tokens="[{tokens}]"\n{text}\n~~~'
    assert cells(convert(source, cache))[1].declarations["box-shadow"] == line


def test_tokens_of_one_letter_are_one_cell_with_a_band_each(cache: Path) -> None:
    source = '~~~tokenheat metric=values\n---\ntokens: [x, e, "\\u0301", "\\u0302"]\n'
    source += "values: [1, 2, 3, null]\n---\nxe\u0301\u0302\n~~~"
    first, letter = cells(convert(source, cache))
    assert letter.text == "e\u0301\u0302"
    assert letter.title == "2 · 3 · no number"
    reds = colormap("Reds").colours
    above, bands = letter.background.split("linear-gradient(")[1:]
    # The line above the strip and between its bands is seen on the mean's colour.
    assert above.startswith("#fff 0 0)")
    assert re.findall(r"([#\w]+) 0 ([^,)]+)", bands) == [
        (reds[128], "33.3%"),
        ("#fff", "calc(33.3% + 1px"),
        (reds[255], "66.7%"),
        ("#fff", "calc(66.7% + 1px"),
        ("#999", "100%"),
    ]
    # The mean of those that there are.
    assert letter.declarations["background-color"] == reds[191]
    assert letter.declarations["color"] == "#fff"
    assert first.background == reds[0]


def test_vietnamese_cut_inside_a_letter(cache: Path) -> None:
    html = convert("~~~tokenheat metric=norm unit=token\ntiếng Việt ngữ ỡ ẵ\n~~~", cache)
    found = cells(html)
    assert "".join(cell.text for cell in found).replace(" ", "") == "tiếngViệtngữỡẵ"
    assert any(" · " in cell.title for cell in found)


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=500, deadline=None, derandomize=True, database=None)
def test_numbers_have_four_significant_digits(value: float) -> None:
    shown = number(value)
    assert math.isclose(float(shown), float(f"{value:.4g}"), rel_tol=1e-12) or "e+308" in shown
    digits = shown.partition("e")[0].lstrip("-").replace(".", "").lstrip("0")
    if "." in shown or "e" in shown:
        assert len(digits) <= 4
    else:
        assert len(digits.rstrip("0")) <= 4
    if 1e-5 <= abs(value) < 1e9:
        assert "e" not in shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"), (1, "1"), (1.23456, "1.235"), (-0.00012345678, "-0.0001235"), (123456, "123500"),
        (99999, "100000"), (1e-5, "0.00001"), (1.5e-7, "1.5e-07"), (123456789012, "1.235e+11"),
        (0.1 + 0.2, "0.3"), (24372, "24370"),
    ],
)  # fmt: skip
def test_numbers_read_well(value: float, shown: str) -> None:
    assert number(value) == shown


def test_titles_and_table_show_the_same_numbers(cache: Path) -> None:
    html = values(cache, [1.23456, -0.000123456, None, 123456])
    shown = ["1.235", "-0.0001235", "no number", "123500"]
    assert [cell.title for cell in cells(html)] == shown
    rows = [[content(cell) for cell in row] for row in parse(html).iter("tr")]
    assert rows == [["Word", "Number"], *map(list, zip("abcd", shown, strict=True))]


def test_table_makes_white_space_visible_and_the_text_does_not(cache: Path) -> None:
    source = "~~~tokenheat metric=length\n---\ntokens: [a, ' ', \"\\n\", ' b c', '']\n---\n"
    html = convert(f"{source}a \n b c\n~~~", cache, table=True)
    words = [content(next(iter(row))) for row in parse(html).iter("tr")]
    assert words[1:] == ["a", "␣", "⏎", "b␣c", "(no text)"]
    assert "".join(cell.text for cell in cells(html)) == "a \nb c"


def test_a_figure_can_be_bare(cache: Path) -> None:
    root = parse(convert("```tokenheat\na\n```", cache, legend=False, table=False))
    assert not list(having(root, "tokenheat-legend"))
    assert not list(having(root, "tokenheat-data"))
    assert [each.tag for each in root.iter("figcaption")] == ["figcaption"]


def test_a_figure_says_metric_model_and_language(cache: Path) -> None:
    (figure,) = parse(
        convert('```tokenheat metric=norm lang=vi caption="Tím"\ntím\n```', cache)
    ).iter("figure")
    assert figure.get("data-metric") == "norm"
    assert figure.get("data-model") == "wordllama"
    (view,) = having(figure, "tokenheat-text")
    assert view.get("lang") == "vi"
    assert view.get("dir") == "auto"
    caption = content(next(figure.iter("figcaption")))
    assert caption.startswith("Tím Độ lớn (chuẩn L2) của vector nhúng ứng với mỗi tiếng")
    (plain,) = parse(convert("```tokenheat\na\n```", cache)).iter("figure")
    assert plain.get("data-model") is None


def test_labels_follow_the_site_and_else_the_text(cache: Path) -> None:
    def label(source: str, **settings: object) -> str:
        return content(next(having(parse(convert(source, cache, **settings)), "tokenheat-label")))

    assert label("```tokenheat lang=en\na\n```", lang="vi").startswith("Số ký tự của mỗi từ")
    assert label("```tokenheat lang=vi\na\n```", lang="en").startswith("Number of characters")
    assert label("```tokenheat lang=vi\na\n```").startswith("Số ký tự của mỗi tiếng")
    assert label("```tokenheat\na\n```").startswith("Number of characters")


def test_a_site_language_is_not_the_texts(cache: Path) -> None:
    (view,) = having(parse(convert("```tokenheat\na\n```", cache, lang="vi")), "tokenheat-text")
    assert view.get("lang") is None


ENGLISH = """
Before lunch the lecturer drew a long arrow on the board. The science of embeddings begins with a
simple question: how can a machine know that two words mean nearly the same thing? Early researchers
counted neighbours. They collected millions of sentences from newspapers and wrote down, for every
word, which others stood close to it. Later, neural networks learned such tables by themselves while
predicting missing words, and people found to their surprise that directions in the resulting space
carried meaning. Today each large language model starts by looking up a vector for every token. Its
length tells how much the model cares about this token, since rare and specific words grow long
while the little ones that hold a sentence together remain short. Colouring a paragraph by these
lengths makes the pattern visible at once, without any table of figures, and invites readers to ask
why some syllables glow and others hardly show. Heatmaps on paper need no script, which printers are glad of.
"""


NEWS = """
The regional council published its overdue report on public transport yesterday, and hardly anybody
was satisfied. Passenger numbers had been overestimated, economists remarked, because people who
work from home two days a week were counted as commuters. The electrification of the northern line
depends on subcontractors who are currently unavailable. Environmental groups welcomed the end of
diesel locomotives but criticised the proposed fares, which would mostly burden apprentices and
pensioners. Councillors postponed the decision until November and commissioned a supplementary
investigation of the timetable. Neighbouring districts, meanwhile, are renegotiating their own
contracts with the operator. Asked whether anybody had recalculated the interest on the loans, a
spokeswoman answered that the calculations were complete and would be published in due course, along
with a summary for residents who have neither the time nor the patience for four hundred pages.
"""


@pytest.mark.parametrize("text", [ENGLISH, NEWS], ids=["lecture", "news"])
def test_a_page_pays_little_for_a_token(cache: Path, text: str) -> None:
    text = " ".join(text.split())
    html = convert(f"```tokenheat metric=norm unit=token\n{text}\n```", cache)
    count = len(cells(html))
    assert count >= 200
    # A text of just 200 tokens, so that what a figure always has weighs as it does there.
    text = text[: len("".join(_texts_until(html, 200)))]
    html = convert(f"```tokenheat metric=norm unit=token\n{text}\n```", cache)
    count = len(cells(html))
    assert 198 <= count <= 202
    assert len(html.encode()) <= 70 * count
    assert len(gzip.compress(html.encode(), 9, mtime=0)) <= 12 * count


def _texts_until(html: str, count: int) -> list[str]:
    (view,) = having(parse(html), "tokenheat-text")
    parts = [view.text or ""]
    for cell in itertools.islice(view, count):
        parts += [content(cell), cell.tail or ""]
    return parts


# Markup and labels.


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<b a=\"c\" d='e'>&amp;", "&lt;b a=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;"),
        ("\x00\t\r\x1f", "�" * 4),
        ("\n\x7f\u2028", "\n\x7f\u2028"),
        ("\x02wzxhzdk:0\x03", "�wzxhzdk:0�"),
    ],
)
def test_escape(text: str, escaped: str) -> None:
    assert escape(text) == escaped


def test_every_label_is_there_in_every_language() -> None:
    english = LABELS["en"]
    fields = {key: re.findall(r"\{\w*\}", label) for key, label in english.items()}
    for lang, labels in LABELS.items():
        assert list(labels) == list(english), lang
        assert all(labels.values()), lang
        assert {key: re.findall(r"\{\w*\}", label) for key, label in labels.items()} == fields, lang
    for metric in METRICS.values():
        assert set(metric.labels) == set(LABELS), metric.name
        parts = {tuple(sorted(re.findall(r"\{\w*\}", each))) for each in metric.labels.values()}
        assert len(parts - {()}) <= 1, metric.name


@pytest.mark.parametrize(
    ("lang", "labels"),
    [("vi", "vi"), ("vi-VN", "vi"), ("vi_VN", "vi"), ("VI", "vi"), ("en-GB", "en"), ("de", "en"), (None, "en"), ("", "en")],
)  # fmt: skip
def test_labels_are_in_the_sites_language_or_english(lang: str | None, labels: str) -> None:
    assert labels_of(lang)["table"] == LABELS[labels]["table"]


def test_labels_are_escaped() -> None:
    assert say(LABELS["en"], "model", name="<b>{0}") == "model &lt;b&gt;{0}"
    assert note(LABELS["en"], ("target-pooled", 3)) == "The target is the mean of its 3 tokens."


def test_a_note_of_a_newer_version_says_nothing() -> None:
    assert note(LABELS["en"], ("not-yet-known", 1, 2)) == ""
    assert note(LABELS["en"], ("target-pooled",)) == "The target is the mean of its  tokens."


def test_shown_cells_are_read_as_a_browser_reads_them() -> None:
    html = '<pre class="tokenheat-text"><span style="background:#fff;color:#000" title="1">a</span></pre>'
    assert cells(html) == [Shown("a", "1", "background:#fff;color:#000")]


@given(st.lists(st.text(st.sampled_from("a&<\"'\n\x7f\x00ệ"), max_size=6), max_size=6))
def test_texts_are_escaped_at_once_as_one_by_one(texts: list[str]) -> None:
    assert [*escape_each(texts)] == [escape(text) for text in texts]


@given(st.text(st.characters(exclude_categories=())))
def test_controls_and_broken_pairs_are_seen(text: str) -> None:
    broken = [c for c in text if (c < " " and c != "\n") or "\ud800" <= c <= "\udfff"]
    assert has_any(text, CONTROLS) == bool(broken)
    assert clean(text) == "".join("\ufffd" if c in broken else c for c in text)


@pytest.mark.parametrize("around", ["", "a", "ệ"])
def test_signs_that_turn_on_a_right_to_left_page_are_isolated(around: str) -> None:
    for sign in ("-1", "&lt;", "&gt;", *"[](){}«»‹›≤≥⟨⟩「」（）"):
        shown = f"{around}{sign}{around}"
        assert isolated(shown) == f"<bdi>{shown}</bdi>"
    for plain in ("", "1.5", "a-b", "&amp;", "&#39;", "50 %"):
        shown = f"{around}{plain}{around}"
        assert isolated(shown) == shown
