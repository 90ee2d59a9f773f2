"""The figures' own words: a site's own ones, in any language."""

from __future__ import annotations

from pathlib import Path

import pytest

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts.settings import read_settings
from mkdocs_tokenheat.views.labels import labels_of
from tests.conftest import Author
from tests.pages import content, having, parse

GERMAN = {
    "word": "Wort",
    "table": "Alle Zahlen <als> Tabelle",
    "figure": "{what}, gefärbt von {low} bis {high}",
    "metric-length": "Zahl der Zeichen je {unit}",
}


def said(html: str, name: str) -> str:
    return content(next(having(parse(html), name)))


def test_a_site_adds_a_language(tmp_path: Path) -> None:
    author = Author(tmp_path, labels={"de": GERMAN}, lang="de-AT")
    page = author.figure("a bcd", metric="length", unit="word", lang="vi")
    assert said(page, "tokenheat-label") == "Zahl der Zeichen je Wort."
    assert "<summary>Alle Zahlen &lt;als&gt; Tabelle</summary>" in page
    assert 'aria-label="Zahl der Zeichen je Wort, gefärbt von 1 bis 3"' in page
    # What it leaves out is English.
    assert '<th scope="col">Number</th>' in page


def test_a_site_changes_a_word_of_a_language_that_is_there(tmp_path: Path) -> None:
    author = Author(tmp_path, labels={"vi": {"word": "từ"}}, lang="vi")
    page = author.figure("a bcd", metric="length", unit="word")
    assert said(page, "tokenheat-label") == "Số ký tự của mỗi từ."
    assert "Bảng toàn bộ giá trị" in page


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (None, ("tiếng", "Tiếng")),
        ("vi", ("tiếng", "Tiếng")),
        ("vi-VN", ("tiếng", "Tiếng")),
        ("en", ("từ", "Từ")),
        ("la", ("từ", "Từ")),
    ],
)
def test_between_spaces_vietnamese_has_syllables_and_others_words(
    tmp_path: Path, lang: str | None, words: tuple[str, str]
) -> None:
    options = {"metric": "length", "unit": "word"} | ({"lang": lang} if lang else {})
    page = Author(tmp_path, lang="vi").figure("a bcd", **options)
    assert said(page, "tokenheat-label") == f"Số ký tự của mỗi {words[0]}."
    assert f'<th scope="col">{words[1]}</th>' in page
    # A site's own word is its own.
    own = Author(tmp_path, lang="vi", labels={"vi": {"word": "tiếng một"}})
    label = said(own.figure("a bcd", **options), "tokenheat-label")
    assert label == "Số ký tự của mỗi tiếng một."


@pytest.mark.parametrize(
    ("lang", "word"),
    [("pt-BR", "palavra BR"), ("pt_br", "palavra BR"), ("pt", "palavra"), ("pt-PT", "palavra"), ("fr", "word")],
)  # fmt: skip
def test_the_nearest_tag_counts(lang: str, word: str) -> None:
    own = {"pt": {"word": "palavra"}, "pt-br": {"word": "palavra BR"}}
    assert labels_of(lang, own)["word"] == word


def test_labels_are_part_of_no_key(tmp_path: Path) -> None:
    Author(tmp_path).figure("a cat", model="wordllama")
    entries = Author(tmp_path).entries()
    Author(tmp_path, labels={"en": {"table": "Numbers"}}).figure("a cat", model="wordllama")
    assert Author(tmp_path).entries() == entries


def test_an_errors_box_speaks_the_sites_language(tmp_path: Path) -> None:
    from tests.pages import convert

    own = {"de": {"error": "Diese Karte geht nicht"}}
    page = convert(
        "```tokenheat metrik=x\na\n```", tmp_path, on_error="show", lang="de", labels=own
    )
    assert "<strong>Diese Karte geht nicht</strong>" in page


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["de"], "takes languages with labels"),
        ({"de": "Tabelle"}, "'de' takes labels"),
        ({False: {"table": "Tabell"}}, "put the language 'False' in quotes"),
        ({"de": {"tabel": "Tabelle"}}, "'de': unknown label 'tabel', did you mean 'table'?"),
        ({"de": {"metric-lenght": "x"}}, "unknown label 'metric-lenght', did you mean 'metric-length'?"),
        ({"de": {"table": 5}}, "label 'table' takes a string"),
        ({"de": {"table": " "}}, "label 'table' takes a string"),
        ({"de": {"table": "{name}"}}, "label 'table' has '{name}', but takes nothing in braces"),
        ({"de": {"model": "{nam}"}}, "label 'model' has '{nam}', but takes {name}"),
        ({"de": {"model": "{name.__class__}"}}, "label 'model' has '{name.__class__}'"),
        ({"de": {"model": "{name!r:>9}"}}, "label 'model' has '{name!r:>9}'"),
        ({"de": {"range": "{smallest} {"}}, "label 'range' has an unmatched brace"),
        ({"de": {"target-pooled": "{1}"}}, "label 'target-pooled' has '{1}', but takes {0}"),
        ({"de": {"metric-norm": "{target} {x}"}}, "has '{x}', but takes {target} and {unit}"),
    ],
)  # fmt: skip
def test_wrong_labels_are_refused(labels: object, message: str) -> None:
    with pytest.raises(TokenheatError) as caught:
        read_settings({"labels": labels}, Path())
    assert message in str(caught.value)
    assert str(caught.value).startswith("setting 'labels'")
