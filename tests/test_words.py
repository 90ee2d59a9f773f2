"""Grapheme clusters, words, and what a page colours as one."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_tokenheat.block.words import _CLUSTER, cells, count_graphemes, graphemes, visible, words

FAMILY = "👩\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize(
    ("text", "clusters"),
    [
        ("", []),
        ("ab", ["a", "b"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("tie\u0302\u0301ng", ["t", "i", "e\u0302\u0301", "n", "g"]),
        ("tiếng", ["t", "i", "ế", "n", "g"]),
        ("👋🏽!", ["👋🏽", "!"]),
        ("🇻🇳🇫🇷", ["🇻🇳", "🇫🇷"]),
        ("🇻🇳🇫", ["🇻🇳", "🇫"]),
        (FAMILY + "a", [FAMILY, "a"]),
        ("☝🏿️", ["☝🏿️"]),
        ("हिन्दी", ["हि", "न्दी"]),
        ("각", ["각"]),
        ("שָׁ", ["שָׁ"]),
    ],
    ids=range(13),
)
def test_graphemes(text: str, clusters: list[str]) -> None:
    assert [text[start:end] for start, end in graphemes(text)] == clusters


@given(st.text() | st.text(st.sampled_from("aếe\u0301\n \u200d👩🇻ह\u094d각ᄀ")))
def test_a_short_cut_finds_the_same_clusters(text: str) -> None:
    text = text.replace("\r", "")  # No block's text contains it.
    assert graphemes(text) == [found.span() for found in regex.finditer(_CLUSTER, text)]


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), (" \n\u00a0", 0), ("a b", 2), ("Lorem,", 6), (f"{FAMILY} 🇻🇳", 2), ("tie\u0302\u0301ng", 5)],
)  # fmt: skip
def test_length_counts_graphemes_without_white_space(text: str, count: int) -> None:
    assert count_graphemes(text) == count


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("", []),
        (" \n\t\u00a0\u3000 ", []),
        ("a", ["a"]),
        ("two words", ["two", "words"]),
        ("one,two", ["one,two"]),
        ("Hello, world!", ["Hello", *",", "world", *"!"]),
        ('("quoted")…', [*'("', "quoted", *'")…']),
        ("don't well-known GPT-2", ["don't", "well-known", "GPT-2"]),
        ("-a- 'b' _c_", [*"-a-", *"'b'", *"_c_"]),
        ("...", [*"..."]),
        ("3.5%", ["3.5", "%"]),
        ("$5 +1 a+b C++", ["$", "5", "+", "1", "a+b", "C", "+", "+"]),
        ("a\u00a0b\u3000c\nd", ["a", "b", "c", "d"]),
        ("zero\u200bwidth", ["zero\u200bwidth"]),
        ("học tiếng Việt.", ["học", "tiếng", "Việt", "."]),
        ("ho\u0323c", ["ho\u0323c"]),
        ("日本語。", ["日本語", "。"]),
        ("שלום, עולם!", ["שלום", ",", "עולם", "!"]),
        ("¿qué? «oui»", ["¿", "qué", "?", "«", "oui", "»"]),
        ("👋🏽", ["👋🏽"]),
        ("hi👋🏽!", ["hi", "👋🏽", "!"]),
        (f"{FAMILY}🇻🇳", [FAMILY, "🇻🇳"]),
        ("1️⃣ a", ["1️⃣", "a"]),
        # The accent makes one cluster with the mark before it.
        ("a.\u0301", ["a", ".\u0301"]),
        ("</s> [MASK]", ["<", "/", "s", ">", "[", "MASK", "]"]),
        ("\ufffda\ufffd", ["\ufffd", "a", "\ufffd"]),
        # Younger than some versions of Python.
        ("hi\U0001fae8", ["hi", "\U0001fae8"]),
    ],
    ids=range(27),
)
def test_words(text: str, units: list[str]) -> None:
    assert [text[start:end] for start, end, _ in words(text)] == units


def test_words_and_marks_are_told_apart() -> None:
    assert [is_word for *_, is_word in words("(don't, 5%)")] == [0, 1, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("text", "span", "shown"),
    [
        (" a", (0, 2), (1, 2)),
        ("\n\u00a0 a b", (0, 5), (3, 5)),
        ("a ", (0, 2), (0, 2)),
        ("   ", (0, 3), (0, 3)),
        ("ab", (1, 1), (1, 1)),
        ("x  a", (1, 4), (3, 4)),
    ],
)
def test_white_space_before_a_token_is_not_shown_unless_it_is_all(
    text: str, span: tuple[int, int], shown: tuple[int, int]
) -> None:
    assert visible(text, span) == shown


@pytest.mark.parametrize(
    ("text", "spans", "found"),
    [
        # Each token its own.
        ("ab", [(0, 1), (1, 2)], [(0, 1, 0, 1), (1, 1, 1, 2)]),
        # White space between belongs to no cell.
        ("a b", [(0, 1), (2, 3)], [(0, 1, 0, 1), (1, 1, 2, 3)]),
        # Bytes of one character.
        ("ế", [(0, 1), (0, 1), (0, 1)], [(0, 3, 0, 1)]),
        # A letter and its accent.
        ("e\u0301a", [(0, 1), (1, 2), (2, 3)], [(0, 2, 0, 2), (2, 1, 2, 3)]),
        # An accent that the tokenizer drops stays with its letter.
        ("e\u0301a", [(0, 1), (2, 3)], [(0, 1, 0, 2), (1, 1, 2, 3)]),
        # A chain: the second shares with the first, the third with the second.
        ("e\u0301o\u0301a", [(0, 1), (1, 3), (3, 4), (4, 5)], [(0, 3, 0, 4), (3, 1, 4, 5)]),
        # A token over the whole, and tokens within it.
        ("abc", [(0, 3), (0, 1), (2, 3)], [(0, 3, 0, 3)]),
        # An empty span has no cell, wherever it stands.
        ("日本", [(0, 0), (0, 1), (1, 1), (1, 2)], [(1, 1, 0, 1), (3, 1, 1, 2)]),
        ("🇻🇳", [(0, 1), (1, 1), (1, 2)], [(0, 3, 0, 2)]),
        ("a", [(0, 0)], []),
        ("", [], []),
        # An accent on a space: the space is coloured too.
        ("a \u0301b", [(0, 1), (2, 3), (3, 4)], [(0, 1, 0, 1), (1, 1, 1, 3), (2, 1, 3, 4)]),
        (f"{FAMILY}a", [(i, i + 1) for i in range(8)], [(0, 7, 0, 7), (7, 1, 7, 8)]),
    ],
    ids=range(13),
)
def test_cells(
    text: str, spans: list[tuple[int, int]], found: list[tuple[int, int, int, int]]
) -> None:
    assert cells(text, spans) == found
