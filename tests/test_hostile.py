"""What strangers write: pages, files that pages name, cache entries, and models that lie."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_tokenheat.block.fences import find_fences
from mkdocs_tokenheat.block.info import read_front_matter, read_info
from mkdocs_tokenheat.block.text import normalize
from mkdocs_tokenheat.block.words import graphemes
from mkdocs_tokenheat.errors import AbsentModelError, TokenheatError
from mkdocs_tokenheat.hosts.markdown import TokenheatExtension
from mkdocs_tokenheat.hosts.page import Hosting
from mkdocs_tokenheat.models import hub
from mkdocs_tokenheat.models.identity import identify
from mkdocs_tokenheat.models.source import Files, locate
from mkdocs_tokenheat.models.tokenizer import TextTokenizer
from mkdocs_tokenheat.scoring.entry import decode
from mkdocs_tokenheat.scoring.scores import Scores, scores_of
from mkdocs_tokenheat.views.colormaps import colormap
from mkdocs_tokenheat.views.coloured import pieces_of, shown_text, units_of
from mkdocs_tokenheat.views.labels import expected, labels_of, note, said
from mkdocs_tokenheat.views.scale import fit
from tests import strategies
from tests.browser import chromium, served
from tests.checkpoints import DIMENSIONS, byte_fallback_bpe, pack, save, table, unigram, wordpiece
from tests.conftest import Author, Project, block, examples
from tests.forged import signed
from tests.pages import assert_harmless, content, convert, having, parse, texts
from tests.test_fences import steps

RUNS = "window.ran = true"
PAYLOADS = (
    f"<script>{RUNS}</script>",
    f"</script><script>{RUNS}</script>",
    f'"><img src=x onerror="{RUNS}">',
    f"' onmouseover='{RUNS}' style='position:fixed;inset:0' x='",
    f"</pre></figure><svg onload={RUNS}>",
    f"--><script>{RUNS}</script>",
    f"]]><script>{RUNS}</script>",
    f"javascript:{RUNS}",
    "</style><style>*{background:url(//evil.example/x)}",
    "url(//evil.example/x);--a:",
    "\x02wzxhzdk:0\x03",
    "<figure>\x02tokenheat:0\x03</figure>",
    "&#2;wzxhzdk:0&#3;",
    f"&lt;script&gt;{RUNS}&lt;/script&gt;",
    f"[x](javascript:{RUNS})",
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def quoted(text: str) -> str:
    """A YAML scalar that means the text."""
    return json.dumps(text)


# What a page becomes


def hostile_page(payload: str) -> str:
    """A page that says the payload wherever an author can say anything."""
    fields = {"caption": payload, "share": payload, "lang": payload, "target": payload}
    own = {"caption": payload, "tokens": [payload], "values": [1]}
    blocks = [
        {"metric": "length", "unit": "word", "caption": payload, "share": payload},
        {"metric": "length", "unit": "word", "lang": payload},
        {"metric": "cosine-target", "target": payload[:90]},
        {"metric": "values", **own},
        *({"metric": "norm", name: payload} for name in ("model", "colormap", "view", "scale")),
        *({"metric": payload}, {payload: payload}, {"metric": "values", "values": payload}),
        {"metric": "norm", **fields},
    ]
    pages = [
        f"~~~~tokenheat\n---\n{json.dumps(options)}\n---\n{payload}\n~~~~" for options in blocks
    ]
    # In braces or in quotes, a list, a container, and what is no front matter at all.
    info = payload.replace('"', "").replace("\n", "")
    pages += [f'~~~~tokenheat caption="{info}"\n{payload}\n~~~~', f"~~~~tokenheat {info}\na\n~~~~"]
    pages += [
        f"> ~~~~tokenheat\n> {payload}\n> ~~~~",
        f"~~~~tokenheat\n---\n{payload}\n---\na\n~~~~",
    ]
    return "\n\n".join(pages)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_nothing_of_a_page_gets_out_of_its_figure(cache: Path, payload: str) -> None:
    html = convert(hostile_page(payload), cache, legend=True, table=True, on_error="show")
    assert_harmless(html.replace("<blockquote>", "<div>").replace("</blockquote>", "</div>"))
    root = parse(html)
    shown = payload.replace("\x02", "").replace("\x03", "")
    assert texts(html)[0] == shown
    assert html.count("<figure") + html.count('class="tokenheat-error"') == 16
    for element in root.iter():
        style = element.get("style") or ""
        assert "evil" not in style
        assert "position" not in style
    assert sum(shown in content(box) for box in having(root, "tokenheat-error")) >= 4


def test_no_page_makes_a_browser_do_anything(tmp_path: Path) -> None:
    extensions = ["admonition", "attr_list", "extra", "toc", "pymdownx.superfences"]
    source = "\n\n".join(map(hostile_page, PAYLOADS))
    html = convert(
        source, tmp_path / "cache", *extensions, legend=True, table=True, on_error="show"
    )
    (tmp_path / "index.html").write_text(f"<!doctype html><body>{html}", encoding="utf-8")
    outside: list[str] = []
    with served(tmp_path) as address, chromium() as browser:
        page = browser.new_page()
        page.on("request", lambda r: None if r.url == f"{address}/" else outside.append(r.url))
        page.on("dialog", lambda dialog: outside.append(dialog.message))
        page.goto(address, wait_until="networkidle")
        boxes = page.query_selector_all(".tokenheat, .tokenheat-error")
        assert len(boxes) == 16 * len(PAYLOADS)
        for box in boxes:
            box.dispatch_event("mouseover")
        bad = "e => [...e.attributes].some(a => /^on|^src$|^href$|^xlink/.test(a.name))"
        assert page.evaluate(f"[...document.querySelectorAll('body *')].filter({bad}).length") == 0
        assert page.evaluate("window.ran === undefined")
    assert [each for each in outside if not each.endswith("favicon.ico")] == []


# Cache entries that an attacker has written, with a right checksum


TEXT = "the cat sat"
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.sampled_from([*strategies.MARKUP, *PAYLOADS, "norm", "{0}", "{0.__class__}", "%s"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


def packed(edges: list[int]) -> str:
    return "".join(chr(ord("0") + edge) for edge in edges)


@st.composite
def forged_entries(draw: st.DrawFn) -> bytes:
    """Entries whose checksum is right, most of them nearly of the right shape."""
    count = draw(st.integers(0, 4))

    def column(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        right = st.lists(items, min_size=count, max_size=count)
        return st.one_of(right, right, right, right, ANY)

    moves = st.tuples(st.integers(-1, 2), st.integers(0, 3))
    spans = st.lists(moves, min_size=count, max_size=count).map(lambda found: [*chain(*found)])
    said = st.sampled_from([*PAYLOADS, "first", "unknown", "tied", "layer", "windows"]) | ANY
    columns = {
        "spans": st.one_of(spans, spans.map(packed), spans, ANY),
        "ids": st.none() | st.just("7,8;" * count) | ANY,
        "scores": column(st.none() | st.floats(-9, 9) | st.floats()),
        "cells": st.just([]) | st.lists(st.lists(st.integers(-1, 5), max_size=5)) | ANY,
        "unknown": st.lists(st.integers(0, 3), max_size=2) | ANY,
        "notes": st.lists(st.lists(said, min_size=1, max_size=4), max_size=3) | ANY,
        "aside": st.just([]) | st.lists(st.integers(0, 3), max_size=2) | ANY,
        "expected": st.just([])
        | column(st.lists(st.tuples(said, st.floats(0, 1)).map(list), max_size=2)),
    }
    return signed({name: draw(each) for name, each in columns.items()})


WORDS = st.one_of(
    st.sampled_from([*strategies.MARKUP, *PAYLOADS]),
    st.sampled_from(strategies.LETTERS),
    st.sampled_from(("cat", "dog", '"two words"', '"', "a:b")),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
DRAWN = (
    "matrix",
    "matrix order=cluster numbers=true",
    "neighbours k=3 numbers=true fold=false",
    "distribution",
)


@given(words=st.lists(WORDS, min_size=1, max_size=6), view=st.sampled_from(DRAWN))
@examples(40)
def test_words_do_no_harm_in_grids_and_drawings(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], view: str
) -> None:
    cache = tmp_path_factory.getbasetemp() / "drawn"
    lines = " ".join(words) if view != "distribution" else "\n".join(f"{w} cat" for w in words)
    source = strategies.fenced(lines, f"tokenheat view={view}")
    more = {"metric": "norm", "unit": "token", "on_error": "show"}
    assert_harmless(convert(source, cache, legend=True, table=True, **more))


@given(raw=forged_entries())
@examples(120)
def test_a_forged_entry_is_refused_or_does_no_harm(raw: bytes) -> None:
    try:
        scores = decode(raw, "k" * 64, scores_of(len(TEXT)))
    except TokenheatError:
        raise
    except ValueError:
        return
    drawn = block(TEXT, caption="A caption")
    scale = fit(scores.coloured, drawn.options)
    labels = labels_of("en")
    numbers = said(scores, labels)
    pieces = pieces_of(TEXT, scores)
    html = shown_text(drawn, scores, pieces, numbers, scale, colormap("Reds"))
    html += f"<p>{' '.join(note(labels, each) for each in scores.notes)}</p>"
    cells = [*units_of(pieces, labels), *numbers, *expected(scores)]
    html += "".join(f"<i>{cell}</i>" for cell in cells)
    assert_harmless(html)
    assert texts(html) == [TEXT]


def test_a_forged_entry_cannot_make_a_page_grow_out_of_its_size() -> None:
    plain: dict[str, object] = {"ids": None, "unknown": [], "notes": []}
    count = 500
    again = {"spans": [0, 2000] + [-2000, 2000] * (count - 1)}
    with pytest.raises(ValueError, match="overlap too much"):
        decode(
            signed({**again, "scores": [1] * count, "cells": [], **plain}),
            "k" * 64,
            scores_of(2000),
        )
    cells = [[0, count, i, i + 1] for i in range(count)]
    ones = {"spans": "01" * count, "scores": [1] * count}
    with pytest.raises(ValueError, match="a cell's units do not exist"):
        decode(signed({**ones, "cells": cells, **plain}), "k" * 64, scores_of(2000))


@given(content=ANY)
@examples(150)
def test_whatever_stands_in_the_notes_of_models_does_no_harm(
    tmp_path_factory: pytest.TempPathFactory, content: object
) -> None:
    folder = tmp_path_factory.mktemp("models")
    save(folder / "toy", {"wte.weight": table(120)}, wordpiece())
    author = Author(folder, models={"toy": "path:toy"})
    name = hashlib.sha256(b"path:toy").hexdigest() + ".json"
    for place in ("models", "local"):
        (author.cache / place).mkdir(parents=True)
        for wrapped in (content, {"identity": content, "files": content}):
            (author.cache / place / name).write_text(json.dumps(wrapped), encoding="utf-8")
    assert author.numbers("the cat", model="toy")


def test_the_caches_folders_lead_nowhere_else(author: Author) -> None:
    save(author.folder / "toy", {"wte.weight": table(120)}, wordpiece())
    author.settings = {"models": {"toy": "path:toy"}}
    outside = author.folder / "outside"
    outside.mkdir()
    (outside / ".gitignore").write_text("mine\n", encoding="utf-8")
    author.cache.mkdir(parents=True)
    for name in ("models", "local"):
        (author.cache / name).symlink_to(outside, target_is_directory=True)
    assert author.numbers("the cat", model="toy")
    assert {p.name: p.read_text("utf-8") for p in outside.iterdir()} == {".gitignore": "mine\n"}


def test_a_forged_commit_leads_to_no_folder(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Otherwise the hub's cache would be asked for snapshots/../../../evil.
    monkeypatch.setenv("HF_HUB_CACHE", str(author.folder / "hub"))
    save(author.folder / "evil", {"wte.weight": table(120)}, wordpiece())
    (author.folder / "hub" / "models--a--b" / "snapshots").mkdir(parents=True)
    asked: list[tuple[object, ...]] = []

    def download(*given: object) -> Path:
        asked.append(given)
        raise TokenheatError("there is no network")

    monkeypatch.setattr(hub, "_downloaded", download)
    for commit in ("../../../evil", "refs/pr/1", "0" * 40 + "\n", "main", 5, None):
        note = author.cache / "models" / (hashlib.sha256(b"hub:a/b").hexdigest() + ".json")
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps({"identity": {"commit": commit}}), encoding="utf-8")
        with pytest.raises(TokenheatError, match="no network"):
            identify("hub:a/b", author.folder, author.cache)
    assert {revision for _, revision in asked} == {"main"}


# What a page may name


@pytest.mark.parametrize(
    "line",
    ["hub:a/b", "hub:a/b@main", "path:toy", "path:/etc", "package:json", "../toy", "toy/", "TOY"],
)
def test_a_page_can_name_no_model_that_the_site_does_not(
    author: Author, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    def fetched(*_: object) -> Path:
        raise AssertionError("a page must not start a download")

    monkeypatch.setattr(hub, "_downloaded", fetched)
    save(author.folder / "toy", {"wte.weight": table(120)}, wordpiece())
    author.settings = {"models": {"toy": "path:toy"}, "on_error": "show"}
    assert f"unknown model '{line}'" in author.error("the cat", model=line)
    for fence in (
        f"```tokenheat model={line}\na\n```",
        f"```tokenheat\n---\nmodel: {line}\n---\na\n```",
    ):
        html = convert(
            fence, author.cache, metric="norm", on_error="show", models={"toy": "path:toy"}
        )
        assert "unknown model" in content(parse(html))


@pytest.mark.parametrize("kind", ["a pipe", "a link to a pipe", "a device", "a socket"])
def test_only_files_are_read(author: Author, kind: str) -> None:
    import socket

    path = author.folder / "v.json"
    if kind == "a device":
        path.symlink_to("/dev/zero")
    elif kind == "a socket":
        with socket.socket(socket.AF_UNIX) as server:
            os.chdir(author.folder)
            server.bind("v.json")
    else:
        os.mkfifo(author.folder / "pipe.json")
        path.symlink_to("pipe.json")
        path = author.folder / "pipe.json" if kind == "a pipe" else path
    said = author.error("a", metric="values", unit="word", values=path.name)
    assert "is not there" in said or "lies outside base_path" in said


@pytest.mark.parametrize("name", ["a.gguf", "w.safetensors"])
def test_a_models_files_are_files(author: Author, name: str) -> None:
    folder = author.folder / "toy"
    folder.mkdir()
    (folder / "tokenizer.json").write_text("{}", encoding="utf-8")
    os.mkfifo(folder / name)
    author.settings = {"models": {"toy": "path:toy"}}
    assert "has neither a safetensors file nor exactly one GGUF file" in author.error(
        "a", model="toy"
    )


def test_a_forged_identity_is_no_burden(tmp_path: Path) -> None:
    line = "path:gone"
    file = tmp_path / "models" / f"{hashlib.sha256(line.encode()).hexdigest()}.json"
    file.parent.mkdir()
    stored = {"identity": {"tokenizer": "a", "weights": "b"}}
    file.write_text(json.dumps(stored | {"x": "y" * 5_000_000}), encoding="utf-8")
    with pytest.raises(AbsentModelError):
        identify(line, tmp_path, tmp_path)
    file.write_text(json.dumps(stored), encoding="utf-8")
    assert identify(line, tmp_path, tmp_path) == stored["identity"]


def test_a_link_put_in_a_files_place_at_the_last_moment_is_not_followed(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    (author.folder / "docs").mkdir()
    (author.folder / "secret.json").write_text("[42]", encoding="utf-8")
    path = author.folder / "docs" / "v.json"
    path.write_text("[1]", encoding="utf-8")
    author.settings = {"base_path": "docs"}
    is_file = Path.is_file

    def swapped(each: Path) -> bool:
        found = is_file(each)
        if each == path:
            path.unlink()
            path.symlink_to(author.folder / "secret.json")
        return found

    monkeypatch.setattr(Path, "is_file", swapped)
    said = author.error("a", metric="values", unit="word", values="v.json")
    assert "cannot read the values file 'v.json'" in said


# What is reported about it


@pytest.mark.parametrize(
    "source",
    [
        f"```tokenheat {'x' * 1_000_000}=1\na\n```",
        f"```tokenheat metric={'x' * 1_000_000}\na\n```",
        f"```tokenheat metric=norm model={'x' * 1_000_000}\na\n```",
        f"```tokenheat colormap={'x' * 1_000_000}\na\n```",
        f"```tokenheat metric=cosine-target target={'x' * 1_000_000}\na\n```",
        f"```tokenheat layer={'9' * 5000}\na\n```",
        "```tokenheat topk=101 metric=rank\na\n```",
        f"```tokenheat metric=values values={'x' * 1_000_000}.json\na\n```",
        f"```tokenheat a{'b' * 1_000_000}=1 a{'b' * 1_000_000}=2\na\n```",
        f"```tokenheat\n---\n{'x' * 1_000_000}: 1\n---\na\n```",
        f"```tokenheat\n---\nvmin: {'9' * 5000}\n---\na\n```",
        f"```tokenheat\n---\nmetric: values\nvalues: [{'9' * 5000}]\n---\na\n```",
        f"```tokenheat\n---\nvalues: {'[' * 1000}{']' * 1000}\n---\na\n```",
        f"```tokenheat\n---\n{'a: ' * 1000}\n---\na\n```",
        "```tokenheat\n---\na: &a [x]\nb: *a\n---\na\n```",
        "```tokenheat\n---\nvalues: !!python/object/apply:os.system [id]\n---\na\n```",
        "```tokenheat\n---\n" + "caption: x\n" * 50_000 + "---\na\n```",
        "```tokenheat x\x1b]0;title\x07=1\na\n```",
        '```tokenheat\n---\ncolormap: "\\e[31m\\u202E\\x9b\\u2028x"\n---\na\n```',
    ],
    ids=range(19),
)
def test_whatever_is_wrong_is_said_in_one_short_line(cache: Path, source: str) -> None:
    with pytest.raises(TokenheatError) as caught:
        convert(source, cache)
    said = str(caught.value)
    assert len(said) < 1000
    assert re.fullmatch(r"[^\x00-\x1f\x7f-\x9f\u2028\u202a-\u202e]+", said)
    assert said.startswith("<markdown>:")


def test_a_pages_name_is_text(cache: Path) -> None:
    extension = TokenheatExtension(Hosting(page=PAYLOADS[2]), cache_dir=str(cache), on_error="show")
    html = markdown.markdown("```tokenheat a=1\na\n```", extensions=[extension])
    assert_harmless(html)
    assert PAYLOADS[2] in content(parse(html))


def test_a_files_name_is_no_command_to_a_terminal(author: Author) -> None:
    error = TokenheatError("a\x1b[2Jb\ud800").at("docs/\x1b]0;x\x07\n::error::.md:1")
    assert str(error) == "docs/\ufffd]0;x\ufffd ::error::.md:1: tokenheat: a\ufffd[2Jb\ufffd"


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("", "a \udfff b"),
        ('caption="\ud800"', "a b"),
        ("target=\ud800 metric=cosine-target", "a b"),
    ],
    ids=["text", "caption", "target"],
)
def test_half_a_surrogate_pair_can_be_written(cache: Path, option: str, text: str) -> None:
    html = convert(f"```tokenheat {option}\n{text}\n```", cache)
    html.encode()
    assert texts(html) == [text.replace("\udfff", "\ufffd")]


# How long it may take

IN_ITEM = "    ```tokenheat metric=length table=false\n    a b\n    ```\n"
PAGES: dict[str, Callable[[int], str]] = {
    "one long word": lambda n: f"```tokenheat\n{'a' * n}\n```",
    "punctuation": lambda n: f"```tokenheat\n{'.' * n}\n```",
    "many words": lambda n: f"```tokenheat\n{'a ' * n}\n```",
    "letters cut in two": lambda n: f"```tokenheat unit=token metric=norm\n{'ỗ' * n}\n```",
    "marks on one letter": lambda n: f"```tokenheat\na{chr(0x301) * n}\n```",
    "blocks in an item": lambda n: "- a\n" + IN_ITEM * n,
    "blocks and words in an item": lambda n: "- a\n" + f"{IN_ITEM}    a\n" * n,
    "blocks that share": lambda n: "```tokenheat share=a\na b\n```\n\n" * (n // 10),
    "broken blocks": lambda n: "```tokenheat metrik=1\na\n```\n\n" * (n // 10),
    "options": lambda n: "```tokenheat " + " ".join(f"o{i}=1" for i in range(n)) + "\na\n```",
    "own tokens": lambda n: f"```tokenheat\n---\ntokens: {['a'] * n}\n---\n{'a' * n}\n```",
    "values": lambda n: f"```tokenheat metric=values values='{list(range(n))}'\n{'a ' * n}\n```",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_rendered_in_linear_time(tmp_path: Path, name: str) -> None:
    def page(count: int) -> None:
        convert(PAGES[name](count), tmp_path, legend=True, table=True, on_error="show")

    page(300)
    for count in (300, 600):  # What is scored only once is not counted.
        page(count)
    once, twice = (steps(lambda n=n: page(n)) for n in (300, 600))  # type: ignore[misc]
    assert twice <= 2.3 * once


@pytest.mark.parametrize(
    ("read", "unit"),
    [
        (lambda text: read_info(f"tokenheat {text}"), "a=1 b{i}='x' "),
        (lambda text: read_front_matter(text.split("\n")), "k{i}: [1, 2, 3]\n"),
        (lambda text: list(find_fences(normalize(text))), "> ~~~~tokenheat a={i}\n> x\n\n"),
    ],
    ids=["info", "front matter", "fences"],
)
def test_options_are_read_in_linear_time(read: Callable[[str], object], unit: str) -> None:
    def run(count: int) -> None:
        try:
            read("".join(unit.replace("a=1 ", "").format(i=i) for i in range(count)))
        except TokenheatError as error:
            raise AssertionError from error

    once, twice = (steps(lambda n=n: run(n)) for n in (200, 400))  # type: ignore[misc]
    assert twice <= 2.2 * once


FLAG, FAMILY = "\U0001f1fb", "\U0001f469\u200d"


@pytest.mark.parametrize("unit", [FLAG, FAMILY, "\u0301", "\u0600", "क्", "\U0001f469\u0301"])
def test_no_run_of_characters_is_looked_through_again_and_again(unit: str) -> None:
    # 200,000 flags took minutes where each counted those before it.
    spans = graphemes("a" + unit * 100_000)
    assert spans[-1][1] == len(unit) * 100_000 + 1


@given(
    st.lists(st.sampled_from([FLAG, "\U0001f1f3", "a", "\u0301", "\u200d", "\u0600", "क", "\r"]))
)
@examples(200)
def test_flags_are_cut_as_unicode_cuts_them(pieces: list[str]) -> None:
    import regex

    text = "".join(pieces) + "é"
    assert [text[a:b] for a, b in graphemes(text)] == regex.findall(r"\X", text)


def test_the_ids_of_a_words_tokens_are_asked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `tokenizers` makes a list of all of them each time.
    asked: list[str] = []

    class Noted(SimpleNamespace):
        def __getattribute__(self, name: str) -> Any:
            asked.append(name)
            return super().__getattribute__(name)

    save(tmp_path, {"wte.weight": table(120)}, byte_fallback_bpe())
    tokenizer = TextTokenizer(locate(f"path:{tmp_path}", tmp_path, None))
    of_text = tokenizer.encode

    def encode(texts: list[str]) -> list[Noted]:
        return [Noted(ids=each.ids, offsets=each.offsets) for each in of_text(texts)]

    monkeypatch.setattr(tokenizer, "encode", encode)
    word = "日" * 100
    ids, _ = tokenizer.words([word])[word]
    assert len(ids) >= len(word)
    assert asked.count("ids") == 1


def test_a_text_far_too_long_is_not_even_cut(author: Author) -> None:
    author.settings = {"max_tokens": 10}
    assert "has 641 characters, more than max_tokens (10)" in author.error("a" * 641)
    assert "tokens, more than max_tokens (10)" in author.error("a b " * 20)


def test_search_reads_a_page_once(project: Project) -> None:
    from mkdocs_tokenheat.hosts.mkdocs import TokenheatPlugin

    plugin = TokenheatPlugin()

    class Page:
        file = SimpleNamespace(src_uri="page.md")
        content = '<figure class="tokenheat">' * 20_000 + '<div data-tokenheat="0"><p>' * 20_000

    page: Any = Page()
    before = page.content
    # A pattern that searches the whole page for each figure's end would never finish.
    plugin.on_page_content(before, page=page, config=None, files=None)  # type: ignore[arg-type]
    plugin._for_search({}, page=page, config=None, nav=None)  # type: ignore[arg-type, typeddict-item]
    plugin._for_readers({}, page=page, config=None, nav=None)  # type: ignore[arg-type, typeddict-item]
    assert page.content == before


# Models that lie


def changed(path: tuple[str | int, ...], value: object, tokenizer: str) -> bytes:
    """A tokenizer's JSON with something else in one place."""
    content = json.loads(tokenizer)
    place = content
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return json.dumps(content).encode()


def charsmap(raw: bytes) -> dict[str, str]:
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(raw).decode()}


SPLIT = {"type": "Split", "pattern": {"Regex": "(("}, "behavior": "Isolated", "invert": False}
LIES = {
    "no charsmap": (("normalizer",), charsmap(b""), unigram),
    "a charsmap of no size": (("normalizer",), charsmap(b"\xff\xff\xff\x7f"), unigram),
    "a charsmap that leads out": (("normalizer",), charsmap(b"\x08\0\0\0" + b"\xff" * 8), unigram),
    "an unknown id": (("model", "unk_id"), 1 << 40, unigram),
    "huge ids": (("model", "vocab"), {"[UNK]": 2**32 - 1, "cat": 2**31}, wordpiece),
    "no vocabulary": (("model", "vocab"), {}, wordpiece),
    "merges of nothing": (("model", "merges"), [["zz", "yy"]], byte_fallback_bpe),
    "a wrong pattern": (("pre_tokenizer",), SPLIT, wordpiece),
    "a text for a number": (("model", "max_input_chars_per_word"), "x", wordpiece),
}


@pytest.mark.parametrize("name", LIES)
def test_a_tokenizer_that_lies_is_an_error_of_its_blocks(author: Author, name: str) -> None:
    path, value, make = LIES[name]
    save(author.folder / "toy", {"wte.weight": table(400)}, make())
    author.settings = {"models": {"toy": "path:toy"}}
    file = author.folder / "toy" / "tokenizer.json"
    file.write_bytes(changed(path, value, make().to_str()))
    good, bad = author.site().score([block("the cat"), block("the cat sat", model="toy")])
    assert not isinstance(good, TokenheatError)
    assert isinstance(bad, TokenheatError)
    assert "\n" not in str(bad)


@pytest.mark.parametrize(
    "wanted",
    [{"strategy": {"Fixed": 10**15}}, {"strategy": "BatchLongest"}],
    ids=["fixed", "batch"],
)
def test_a_tokenizer_that_asks_for_endless_padding_gets_none(
    author: Author, wanted: dict[str, object]
) -> None:
    rest = {"direction": "Right", "pad_to_multiple_of": 10**15, "pad_id": 0, "pad_type_id": 0}
    raw = changed(("padding",), {**wanted, **rest, "pad_token": "x"}, wordpiece().to_str())
    save(author.folder / "toy", {"wte.weight": table(120)}, wordpiece())
    (author.folder / "toy" / "tokenizer.json").write_bytes(raw)
    author.settings = {"models": {"toy": "path:toy"}}
    assert len(author.numbers("the cat", model="toy")) == 2


@given(
    shape=st.lists(st.integers(-1, 1 << 62) | st.integers(0, 200), max_size=3),
    offsets=st.lists(st.integers(-1, 1 << 62) | st.integers(0, 4000), max_size=3),
    dtype=st.sampled_from(["F32", "F16", "BF16", "F64", "I8", "F8_E4M3", "X", ""]),
)
@examples(150)
def test_a_weights_header_that_lies_is_an_error(
    tmp_path_factory: pytest.TempPathFactory, shape: list[int], offsets: list[int], dtype: str
) -> None:
    author = Author(tmp_path_factory.mktemp("lies"), models={"toy": "path:toy"})
    save(author.folder / "toy", {"wte.weight": table(120)}, wordpiece())
    entry = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
    raw = pack({"wte.weight": table(120, DIMENSIONS)}, **{"wte.weight": entry})
    (author.folder / "toy" / "model.safetensors").write_bytes(raw)
    (result,) = author.site().score([block("the cat", model="toy")])
    # Only what the file really holds is used.
    honest = Scores if (shape, offsets, dtype) == ([120, 8], [0, 3840], "F32") else TokenheatError
    assert isinstance(result if isinstance(result, TokenheatError) else result.scores, honest)


CODE = """
from pathlib import Path
Path({marker!r}).touch()
from transformers import PretrainedConfig, PreTrainedModel
class Config(PretrainedConfig):
    model_type = "evil"
class Model(PreTrainedModel):
    config_class = Config
"""


def test_code_that_comes_with_a_model_is_never_run(tmp_path: Path) -> None:
    marker, folder = tmp_path / "ran", tmp_path / "toy"
    save(folder, {"wte.weight": table(120)}, wordpiece())
    (folder / "evil.py").write_text(CODE.format(marker=str(marker)), encoding="utf-8")
    classes = dict.fromkeys(
        ("AutoModel", "AutoModelForCausalLM", "AutoModelForMaskedLM"), "evil.Model"
    )
    config = {
        "model_type": "evil",
        "architectures": ["Model"],
        "auto_map": {"AutoConfig": "evil.Config", "AutoTokenizer": ["evil.Model", None], **classes},
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    script = (
        "from pathlib import Path; from tests.conftest import Author, block\n"
        f"author = Author(Path({str(tmp_path)!r}), models={{'toy': 'path:toy'}})\n"
        "for options in ({'metric': 'probability'}, {'metric': 'norm', 'layer': 'last'}):\n"
        "    print(author.error('the cat', model='toy', **options))\n"
        "print(author.numbers('the cat', model='toy'))\n"
    )
    # Whoever sits at the terminal is not asked either.
    done = subprocess.run(
        [sys.executable, "-c", script],
        input="y\n" * 20,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=Path(__file__).parents[1],
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("which is never run") == 2
    assert "Do you wish to run" not in done.stdout
    assert not marker.exists()
    assert not list(tmp_path.rglob("*.pyc"))


def test_the_defaults_files_are_held_to_their_hashes_whatever_the_cache_notes(
    author: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = author.folder / "packages" / "wordllama"
    for name in (
        "tokenizers/l2_supercat_tokenizer_config.json",
        "weights/l2_supercat_256.safetensors",
    ):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
    wordpiece().save(str(package / "tokenizers" / "l2_supercat_tokenizer_config.json"))
    raw = pack({"embedding.weight": table(120)})
    (package / "weights" / "l2_supercat_256.safetensors").write_bytes(raw)
    right = author.numbers("the cat")
    files = Files(
        package / "tokenizers" / "l2_supercat_tokenizer_config.json",
        (package / "weights" / "l2_supercat_256.safetensors",),
    )
    monkeypatch.setattr("mkdocs_tokenheat.scoring.engine.locate", lambda *_: files)
    # Existing scores are shown, but nothing new is scored with another model's files.
    assert author.numbers("the cat") == right
    for place in ("models", "local"):
        note = author.cache / place / (hashlib.sha256(b"package:wordllama").hexdigest() + ".json")
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps({"files": [], "identity": {"tokenizer": "0", "weights": "0"}}))
    assert "the files of the package wordllama are not the expected ones" in author.error("the dog")
