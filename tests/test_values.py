"""Own numbers and own tokens: what an author brings, and what is refused of it."""

from __future__ import annotations

import io
import json
import pickle
import random
import struct
from pathlib import Path

import numpy as np
import pytest

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring.values import ValuesFile, read_values
from tests.conftest import Author
from tests.pages import convert

TEXT = "The cat, sat."
NUMBERS = [1.5, -2.0, None, 0.25, 1e-7]
"""One for each word of the text, in which punctuation counts."""


@pytest.fixture
def author(tmp_path: Path) -> Author:
    """An author whose files are in `docs`, beside files that pages must not read."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "secret.json").write_text("[1, 2, 3, 4, 5]", encoding="utf-8")
    return Author(tmp_path, base_path="docs", metric="values", unit="word")


def file(author: Author, name: str, content: str | bytes) -> str:
    path = author.folder / "docs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return name


def npy(array: object, **options: bool) -> bytes:
    raw = io.BytesIO()
    np.save(raw, np.asarray(array), **options)
    return raw.getvalue()


def headed(header: bytes) -> bytes:
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", len(header)) + header


def numbers(author: Author, values: object, text: str = TEXT) -> list[float | None]:
    return author.numbers(text, metric="values", unit="word", values=values)


def error(author: Author, values: object, text: str = TEXT) -> str:
    return author.error(text, metric="values", unit="word", values=values)


# The same numbers from wherever they come


@pytest.mark.parametrize(
    "values",
    [
        NUMBERS,
        "[1.5, -2.0, null, 0.25, 1e-7]",
        "[1.5, -2, ~, .25, 1.0e-7]",
        "[1.5, -2.0, nan, 0.25, 1e-7]",
        "[1.5, '-2', null, '0.25', 1e-7]",
    ],
)
def test_a_list_is_taken_as_it_stands(author: Author, values: object) -> None:
    assert numbers(author, values) == NUMBERS


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("v.json", "[1.5, -2.0, null, 0.25, 1e-7]"),
        ("v.json", "\ufeff[1.5, -2, NaN, 0.25, 1e-7]\n"),
        ("deep/er/v.json", "[1.5, -2.0, null, 0.25, 1e-7]"),
        ("v.csv", "1.5,-2.0,,0.25,1e-7\n"),
        ("v.csv", "1.5\n-2.0\nnan\n0.25\n1e-7\n"),
        ("v.csv", '\ufeffword,value\r\nThe,1.5\r\ncat,-2.0\r\n",",\r\nsat,0.25\r\n.,1e-7\r\n'),
        ("v.csv", "1.5\n-2.0\n\n0.25\n1e-7\n\n\n"),
        ("v.csv", "value\r\n1.5\r\n-2.0\r\n\r\n0.25\r\n1e-7\r\n"),
        ("v.csv", "\n\n1.5\n-2.0\n\n0.25\n1e-7"),
        ("v.csv", "\r\nvalue\r\n1.5\r\n-2.0\r\n\r\n0.25\r\n1e-7\r\n"),
        ("v.csv", "1.5\r\r\n-2.0\r\r\nnan\r\r\n0.25\r\r\n1e-7\r\r\n"),
        ("v.csv", "Score,x\n1.5,a\n-2.0,b\n,c\n0.25,d\n1e-7,e\n"),
        ("v.csv", "Score,x\n\n1.5,a\n-2.0,b\n,c\n\n0.25,d\n1e-7,e\n"),
        ("v.CSV", "1.5,-2.0,,0.25,1e-7"),
        ("v.npy", npy([1.5, -2.0, np.nan, 0.25, 1e-7])),
        ("v.npy", npy(np.array([1.5, -2.0, np.nan, 0.25, 1e-7], ">f8"))),
        ("v.npy", npy(np.array([1.5, -2.0, np.nan, 0.25, 1e-7], "longdouble"))),
    ],
)
def test_a_file_of_each_kind_is_read(author: Author, name: str, content: str | bytes) -> None:
    assert numbers(author, file(author, name, content)) == NUMBERS


@pytest.mark.parametrize("kind", ["int8", "uint64", "float16", "float32"])
def test_numpy_numbers_of_each_kind_are_read(author: Author, kind: str) -> None:
    name = file(author, "v.npy", npy(np.array([1, 2, 3, 4, 5], kind)))
    assert numbers(author, name) == [1, 2, 3, 4, 5]


def test_numbers_are_kept_as_they_are(author: Author) -> None:
    given = [123456789, 0.123456789, -1.0000001e-9, 1.7976931348623157e308, 5e-324]
    assert numbers(author, given) == given


@pytest.mark.parametrize(
    ("given", "ends"),
    [
        ("[20240101, 20240115, 20240131]", ("20240101", "20240131")),
        ("[1000.01, 1000.02, 1000.04]", ("1000.01", "1000.04")),
        ("[0.00001234567, 0.00001234568, 0.00001234569]", ("0.00001234567", "0.00001234569")),
        ("[1000, 1000, 1000]", ("1000", "1000")),
        ("[0.1, 0.2, 0.3]", ("0.1", "0.3")),
        ("[0.262604606, 0.262605051, 0.262605051]", ("0.26260461", "0.26260505")),
    ],
)
def test_a_legends_ends_can_be_told_apart(
    author: Author, given: str, ends: tuple[str, str]
) -> None:
    figure = author.figure("a b c", metric="values", unit="word", values=given)
    assert "coloured from {} to {}".format(*ends) in figure


def test_the_numbers_farthest_apart_can_be_drawn(author: Author) -> None:
    figure = author.figure("a b c", metric="values", unit="word", values="[-1e308, 0, 1e308]")
    assert figure.count('title="0"') == 1
    assert "1e+308" in figure
    for option in ({"scale": "quantile"}, {"center": "0"}):
        author.figure("a b", metric="values", unit="word", values="[-1e308, 1e308]", **option)


def test_the_largest_numbers_can_share_a_letter(author: Author) -> None:
    given = {"metric": "values", "tokens": ["e", "\u0301", " x"], "values": "[1e308, 1.7e308, 0]"}
    figure = author.figure("e\u0301 x", **given)
    assert figure.count('title="1e+308 · 1.7e+308"') == 1


def test_a_text_whose_numbers_are_all_missing_is_drawn_without_a_scale(author: Author) -> None:
    figure = author.figure("a b", metric="values", unit="word", values="[null, nan]")
    assert "no numbers" in figure
    assert figure.count("no number<") == 2


def test_equal_numbers_take_the_low_end(author: Author) -> None:
    figure = author.figure("a b", metric="values", unit="word", values="[3, 3]")
    assert figure.count("background:#fff5f0") == 2


# One number for each


@pytest.mark.parametrize("count", [1, 4, 6])
def test_the_wrong_number_of_values_says_how_many_are_needed(author: Author, count: int) -> None:
    said = error(author, [1] * count)
    assert f"{count} value{'s' * (count > 1)} given for 5 words: " in said
    assert "punctuation counts" in said


def test_values_go_with_the_models_tokens_too(author: Author) -> None:
    options = {"metric": "values", "unit": "token"}
    assert author.numbers("the cat", values=[1, 2], **options) == [1, 2]
    said = author.error("the cat", values=[1, 2, 3], **options)
    assert "3 values given for 2 tokens" in said


def test_a_changed_file_is_read_again(author: Author) -> None:
    file(author, "v.json", "[1, 2, 3, 4, 5]")
    assert numbers(author, "v.json") == [1, 2, 3, 4, 5]
    file(author, "v.json", "[5, 4, 3, 2, 1]")
    assert numbers(author, "v.json") == [5, 4, 3, 2, 1]
    assert len(author.entries()) == 2


@pytest.mark.parametrize(
    ("name", "content"), [("own.csv", "1\n2\n"), ("own.json", "[1,\n2]\n")], ids=["csv", "json"]
)
def test_the_line_ends_of_a_checkout_make_no_other_numbers(
    author: Author, name: str, content: str
) -> None:
    file(author, name, content)
    assert numbers(author, name, "a cat") == [1, 2]
    file(author, name, content.replace("\n", "\r\n").encode())
    author.settings["frozen"] = True
    assert numbers(author, name, "a cat") == [1, 2]


def test_the_same_bytes_as_another_kind_are_other_numbers(author: Author) -> None:
    content = "[1]"
    assert numbers(author, file(author, "v.json", content), "a") == [1]
    assert "is '[1]', which is not a number" in error(author, file(author, "v.csv", content), "a")


# What is not a list of numbers


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("[1, 2, x, 4, 5]", "number 3 is 'x', which is not a number"),
        ("[1, 2, inf, 4, 5]", "number 3 is infinite"),
        ("[1, 2, -.inf, 4, 5]", "number 3 is infinite"),
        ("[1, 2, 1e999, 4, 5]", "number 3 is infinite"),
        ("[1, [2], 3, 4, 5]", "without nesting"),
        ("[1, 2", "cannot be read as a list"),
        ("[]", "takes a list"),
        ("[1, true, 3, 4, 5]", "number 2 is 'true'"),
        (" ", "takes a string"),
    ],
)
def test_a_list_of_something_else_is_refused(author: Author, values: str, said: str) -> None:
    with pytest.raises(TokenheatError) as caught:
        numbers(author, values)
    assert said in str(caught.value)
    assert caught.value.option == "values"
    assert author.entries() == []


OBJECTS = np.array([1, "two", None], dtype=object)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("v.json", "[1, 2, Infinity, 4, 5]", "number 3 of 'v.json' is infinite"),
        ("v.json", "[1, 2, -1e999, 4, 5]", "number 3 of 'v.json' is infinite"),
        ("v.json", f"[1, 2, {'9' * 400}, 4, 5]", "number 3 of 'v.json' is infinite"),
        ("v.json", f"[1, 2, {'9' * 10_000}, 4, 5]", "number 3 of 'v.json' is infinite"),
        ("v.json", '[1, 2, "3", 4, 5]', "not a flat list"),
        ("v.json", "[1, 2, true, 4, 5]", "not a flat list"),
        ("v.json", "[[1, 2, 3, 4, 5]]", "not a flat list"),
        ("v.json", '{"values": [1]}', "not a flat list"),
        ("v.json", "5", "not a flat list"),
        ("v.json", "", "cannot read the values file 'v.json'"),
        ("v.json", "[1, 2", "cannot read the values file"),
        ("v.json", b"\xff\xfe[", "cannot read the values file"),
        ("v.json", "[" * 100_000, "cannot read the values file"),
        ("v.json", '{"a":' * 50_000, "cannot read the values file"),
        ("v.csv", "", "it is empty"),
        ("v.csv", "\n\n", "it is empty"),
        ("v.csv", "a,b\n1,2\n", "several columns"),
        ("v.csv", "1;2;3;4;5", "semicolons: write commas between columns, and decimals with a po"),
        ("v.csv", "token;value\na;0,5\n", "it has semicolons"),
        ("v.csv", "value\n0,5\n0,7\n", "row 2 has more columns than its header: write decimals wi"),
        ("v.csv", "token,value\na,1\nb,0,5\n", "its row 3 has more columns than its header"),
        ("v.csv", "length\n1\n2\n", "number 1 of 'v.csv' is 'length'"),
        ("v.csv", b"\xff\xfe1", "cannot read the values file"),
        ("v.csv", "1\0,2", "v.csv'"),
        ("v.csv", '"' + "1" * 200_000, "cannot read the values file"),
        ("v.npy", npy(OBJECTS, allow_pickle=True), "cannot read the values file"),
        ("v.npy", pickle.dumps([1, 2, 3]), "its header is not one that NumPy writes"),
        ("v.npy", npy([[1, 2, 3, 4, 5]]), "not a one-dimensional array of real numbers"),
        ("v.npy", npy(3.0), "not a one-dimensional array of real numbers"),
        ("v.npy", npy([True, False]), "not a one-dimensional array of real numbers"),
        ("v.npy", npy([1j, 2]), "not a one-dimensional array of real numbers"),
        ("v.npy", npy(["a", "b"]), "not a one-dimensional array of real numbers"),
        (
            "v.npy",
            npy(np.array(["2020-01-01"], "M8[D]")),
            "not a one-dimensional array of real numbers",
        ),
        ("v.npy", npy([1, np.inf]), "number 2 of 'v.npy' is infinite"),
        ("v.npy", b"", "its header is not one that NumPy writes"),
        ("v.npy", b"\x93NUMPY", "its header is not one that NumPy writes"),
        ("v.npy", npy([1, 2, 3])[:-1], "cannot read the values file"),
        (
            "v.npy",
            headed(b"__import__('os').system('x')"),
            "its header is not one that NumPy writes",
        ),
        ("v.npy", headed(b"(" * 60_000), "its header is not one that NumPy writes"),
        ("v.npy", b"PK\x03\x04 no archive", "its header is not one that NumPy writes"),
        ("v.npy", b"PK\x05\x06" + bytes(18), "its header is not one that NumPy writes"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_file_of_something_else_is_refused(
    author: Author, name: str, content: str | bytes, said: str
) -> None:
    author.settings = {**author.settings, "max_tokens": 50_000}
    assert said in error(author, file(author, name, content))


def test_empty_lines_are_counted_where_the_count_does_not_fit(author: Author) -> None:
    said = error(author, file(author, "v.csv", "1\n\n2\n\n3\n\n4\n\n5\n"))
    assert said.startswith("9 values (4 of them empty) given for 5 words")


@pytest.mark.parametrize("content", ["[1, Infinity, 3]", "[1, 2", "[1, {}]", "[1]"])
def test_what_is_wrong_with_a_file_is_said_of_the_option(
    author: Author, content: str, tmp_path: Path
) -> None:
    name = file(author, "v.json", content)
    page = f"```tokenheat metric=values\n---\nlang: vi\nvalues: {name}\n---\na b c\n```"
    with pytest.raises(TokenheatError, match="<markdown>:4: tokenheat: "):
        convert(page, tmp_path / "cache", base_path=str(author.folder / "docs"))


def test_a_pickle_is_never_run(author: Author) -> None:
    touched = author.folder / "touched"

    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return Path.touch, (touched,)

    array = np.array([Bomb()], dtype=object)
    for content in (pickle.dumps(Bomb()), npy(array, allow_pickle=True)):
        error(author, file(author, "v.npy", content))
    assert not touched.exists()


def test_no_damage_to_an_npy_file_gets_through() -> None:
    whole = npy(np.arange(5.0))
    chance = random.Random(0)
    for _ in range(1500):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            given = read_values(ValuesFile("v.npy", bytes(damaged)))
        except TokenheatError:
            continue
        assert all(n is None or isinstance(n, float) for n in given)


def test_a_header_that_promises_too_much_is_refused(author: Author) -> None:
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s,), }"
    for count in (10**12, 10**18, 10**30, -5):
        text = (header % count).ljust(117) + "\n"
        raw = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
        assert "cannot read the values file" in error(author, file(author, "v.npy", raw))


def test_a_file_larger_than_its_numbers_can_be_is_not_read(author: Author) -> None:
    author.settings = {**author.settings, "max_tokens": 10}
    name = file(author, "v.json", "[1, 2, 3, 4, 5]" + " " * 5000)
    assert "too large for the numbers of max_tokens (10)" in error(author, name)


# Which files a page may name


@pytest.mark.parametrize(
    "path",
    [
        "../secret.json",
        "sub/../../secret.json",
        "{folder}/secret.json",
        "../docs-other/secret.json",
        "link.json",
        "folder/secret.json",
        "chain.json",
    ],
)
def test_a_file_outside_base_path_is_never_opened(author: Author, path: str) -> None:
    docs = author.folder / "docs"
    (author.folder / "docs-other").mkdir()
    (author.folder / "docs-other" / "secret.json").write_text("[1]", encoding="utf-8")
    (docs / "link.json").symlink_to(author.folder / "secret.json")
    (docs / "chain.json").symlink_to(docs / "link.json")
    (docs / "folder").symlink_to(author.folder, target_is_directory=True)
    assert "lies outside base_path" in error(author, path.format(folder=author.folder))


def test_links_and_absolute_paths_within_base_path_are_fine(author: Author) -> None:
    docs = author.folder / "docs"
    file(author, "v.json", json.dumps([1, 2, 3, 4, 5]))
    (docs / "same.json").symlink_to(docs / "v.json")
    for path in ("same.json", "./v.json", "sub/../v.json", str(docs / "v.json")):
        assert numbers(author, path) == [1, 2, 3, 4, 5]


def test_the_name_that_the_page_gives_tells_the_kind(author: Author) -> None:
    docs = author.folder / "docs"
    file(author, "object", json.dumps([1, 2, 3, 4, 5]))
    (docs / "v.json").symlink_to(docs / "object")
    (docs / "text").symlink_to(docs / "v.json")
    assert numbers(author, "v.json") == [1, 2, 3, 4, 5]
    assert "is of an unknown kind" in error(author, "text")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("gone.json", "is not there: paths start at base_path"),
        ("folder.json", "is not there"),
        ("v.txt", "is of an unknown kind: use .json, .csv, .npy"),
        ("v", "is of an unknown kind"),
        ("v.pkl", "is of an unknown kind"),
        ("nul\0.json", "v"),
        ("x" * 5000 + ".json", "cannot read the values file"),
        ("loop.json", "values file 'loop.json'"),
    ],
)
def test_a_file_that_cannot_be_had_is_refused(author: Author, path: str, said: str) -> None:
    docs = author.folder / "docs"
    (docs / "folder.json").mkdir()
    (docs / "loop.json").symlink_to(docs / "loop.json")
    for name in ("v.txt", "v", "v.pkl"):
        file(author, name, "[1, 2, 3, 4, 5]")
    assert said in error(author, path)


# Own tokens


def test_own_tokens_get_own_numbers(author: Author) -> None:
    options = {"metric": "values", "tokens": ["neo", "classical", " ", "cat"]}
    scores = author.score("neoclassical cat", values=[1, 2, 3, 4], **options)
    assert list(scores.scores) == [1, 2, 3, 4]
    assert list(scores.spans) == [(0, 3), (3, 12), (12, 13), (13, 16)]
    assert scores.ids is None


def test_white_space_before_a_tokens_first_letter_is_not_coloured(author: Author) -> None:
    scores = author.score("a cat\nsat", metric="length", tokens=["a", " cat", "\nsat"])
    assert list(scores.spans) == [(0, 1), (2, 5), (6, 9)]


def test_an_empty_token_needs_its_number_and_shows_nothing(author: Author) -> None:
    options = {"metric": "values", "tokens": ["a", "", "b"]}
    scores = author.score("ab", values=[1, 2, 3], **options)
    assert list(scores.scores) == [1, 2, 3]
    assert list(scores.cells) == [(0, 1, 0, 1), (2, 1, 1, 2)]
    assert "2 values given for 3 tokens" in author.error("ab", values=[1, 2], **options)


def test_own_tokens_may_cut_inside_a_letter(author: Author) -> None:
    text = "nghie\u0302ng"
    tokens = ["nghie", "\u0302ng"]
    scores = author.score(text, metric="values", tokens=tokens, values=[1, 2])
    assert list(scores.cells) == [(0, 2, 0, 8)]


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (
            ["a", "cat"],
            "from character 2 on they have 'cat' (U+0063) and the text has ' cat' (U+0020)",
        ),
        (["a", " ca"], "from character 5 on they have its end and the text has 't' (U+0074)"),
        (["a", " cats"], "from character 6 on they have 's' (U+0073) and the text has its end"),
        (
            ["A", " cat"],
            "from character 1 on they have 'A cat' (U+0041) and the text has 'a cat' (U+0061)",
        ),
    ],
)
def test_tokens_that_do_not_spell_the_text_are_refused(
    author: Author, tokens: list[str], said: str
) -> None:
    assert said in author.error("a cat", metric="length", tokens=tokens)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"metric": "norm"}, "option 'tokens' requires a metric that needs no model: length or"),
        ({"metric": "length", "unit": "word"}, "'tokens' and 'unit: word' cannot be combined"),
        ({"metric": "length", "values": "[1, 2]"}, "option 'values' requires the metric values"),
        ({"metric": "length", "target": "x"}, "option 'target' requires the metric cosine-target"),
    ],
)
def test_what_does_not_go_with_own_tokens_is_refused(
    author: Author, options: dict[str, object], said: str
) -> None:
    assert said in author.error("a cat", tokens=["a", " cat"], **options)


def test_a_token_that_yaml_reads_as_null_is_refused(author: Author) -> None:
    with pytest.raises(TokenheatError, match="put what YAML reads as null in quotes"):
        author.score("a null", metric="length", tokens="[a, null]")
