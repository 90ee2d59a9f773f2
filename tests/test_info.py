"""How options are written, what they take, and what an author who gets one wrong is told."""

from __future__ import annotations

import dataclasses

import pytest

from mkdocs_tokenheat.block.info import Raw, read_front_matter, read_info, split_front_matter
from mkdocs_tokenheat.block.options import NAMES, Options, read_options, written
from mkdocs_tokenheat.block.parse import Block, make_block, read_block
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts.settings import DEFAULTS


def block(info: str = "", *lines: str, text: str = "hi") -> Block:
    """The block of an info string and the lines of its front matter."""
    body = ["---", *lines, "---", text] if lines else [text]
    return read_block(f"tokenheat {info}", body, Options())


def refused(info: str = "", *lines: str, text: str = "hi") -> tuple[int | None, str]:
    """The line, counted from the fence, and the message of a block that must be refused."""
    with pytest.raises(TokenheatError) as caught:
        block(info, *lines, text=text)
    assert "\n" not in caught.value.message
    return caught.value.line_in({}), caught.value.message


@pytest.mark.parametrize(
    ("info", "options"),
    [
        ("tokenheat", {}),
        (".tokenheat", {}),
        ("{.tokenheat}", {}),
        ("{ .tokenheat }", {}),
        ("{tokenheat}", {}),
        ("tokenheat {}", {}),
        ("tokenheat a=b", {"a": "b"}),
        ("tokenheat   a=b    c=d", {"a": "b", "c": "d"}),
        ('tokenheat a="b c" d=e', {"a": "b c", "d": "e"}),
        ('tokenheat a=\'b "c"\' d="it\'s"', {"a": 'b "c"', "d": "it's"}),
        ('tokenheat a="x=y"', {"a": "x=y"}),
        ('tokenheat a="{}" b=}{', {"a": "{}", "b": "}{"}),
        ("{.tokenheat a=b}", {"a": "b"}),
        ('{ .tokenheat a="b } c" }', {"a": "b } c"}),
        ("tokenheat { a=b }", {"a": "b"}),
        ('tokenheat a=""', {"a": ""}),
        ("tokenheat a=[1,2]", {"a": "[1,2]"}),
        ("tokenheat a=[1, 2] b=[x, y=z] c=d", {"a": "[1, 2]", "b": "[x, y=z]", "c": "d"}),
        ("tokenheat a=[\"b c\", 'd'] b=[", {"a": "[\"b c\", 'd']", "b": "["}),
        ("tokenheat a=-1.5e3", {"a": "-1.5e3"}),
        ("tokenheat a-b_c=d", {"a-b_c": "d"}),
        ("tokenheat a=tím", {"a": "tím"}),
        ("tokenheat a=<b>&amp;", {"a": "<b>&amp;"}),
    ],
)
def test_info_string_is_read(info: str, options: dict[str, str]) -> None:
    assert read_info(info) == options


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ("metric", "cannot read 'metric' in the info string"),
        ("metric norm", "cannot read 'metric norm'"),
        ("metric=", "cannot read 'metric='"),
        ("metric = norm", "cannot read 'metric = norm'"),
        ("=norm", "cannot read '=norm'"),
        ("caption=two words", "cannot read 'words'"),
        ('caption="never closed', "cannot read 'caption=\"never closed'"),
        ("caption=\"a\"lang='b'", "cannot read 'caption="),
        ("caption=a'b", "cannot read 'caption=a'b'"),
        ("values=[1, 2", "cannot read '2'"),
        ("values=[1, [2]]", "cannot read '[2]]'"),
        ("lang=vi lang=en", "option 'lang' is given twice"),
        ("lang=vi lang=vi", "option 'lang' is given twice"),
        ("{lang=vi", "'{' is not closed"),
        ("#id", "cannot read '#id'"),
        (".class", "cannot read '.class'"),
        ("hl_lines=1 2", "cannot read '2'"),
        ("x" * 1000, "cannot read '" + "x" * 39 + "…'"),
    ],
)
def test_info_string_that_cannot_be_read(info: str, said: str) -> None:
    line, message = refused(info)
    assert line == 0
    assert said in message


@pytest.mark.parametrize(
    ("body", "front_matter", "text"),
    [
        (["---", "a: b", "---", "c"], ["a: b"], ["c"]),
        (["---", "---", "---", "c"], [], ["---", "c"]),
        (["---", "c"], [], ["---", "c"]),
        (["", "---", "a: b", "---"], [], ["", "---", "a: b", "---"]),
        (["--- ", "a: b", "---  ", "c"], ["a: b"], ["c"]),
        (["---", " ---", "---"], [" ---"], []),
        (["----", "---"], [], ["----", "---"]),
        ([], [], []),
    ],
)
def test_front_matter_stands_between_two_marks(
    body: list[str], front_matter: list[str], text: list[str]
) -> None:
    assert [list(part) for part in split_front_matter(body)] == [front_matter, text]


@pytest.mark.parametrize(
    ("lines", "options"),
    [
        (["a: b"], {"a": "b"}),
        (["a: two words", "c: 'd: e'"], {"a": "two words", "c": "d: e"}),
        (["a: 1.50", "b: yes", "c: 0x10", "d: 2026-01-01"], dict(zip("abcd", ("1.50", "yes", "0x10", "2026-01-01"), strict=True))),
        (["a: [1, 2.5, null]"], {"a": ["1", "2.5", None]}),
        (["a:", "- b", "- 'null'", "-"], {"a": ["b", "null", None]}),
        (["a: ~", "b:", "c: null", "d: ''", "e: '~'"], {"a": None, "b": None, "c": None, "d": "", "e": "~"}),
        (["a: |", "  b", "  c"], {"a": "b\nc"}),
        (["a: >-", "  b", "  c"], {"a": "b c"}),
        (["{a: b, c: [d]}"], {"a": "b", "c": ["d"]}),
        (["# only a comment"], {}),
        (["", ""], {}),
        (['a: "\\u00e9\\t\\x02"'], {"a": "é\t\x02"}),
        (["a: !", "b: ! c"], {"a": None, "b": "c"}),
    ],
    ids=range(13),
)  # fmt: skip
def test_front_matter_is_flat_yaml(lines: list[str], options: dict[str, Raw]) -> None:
    assert {name: value for name, (value, _) in read_front_matter(lines).items()} == options


def test_front_matter_knows_each_options_line() -> None:
    lines = ["caption: >", "  long", "", "# comment", "lang: vi", "", "values:", "- 1"]
    found = {name: line for name, (_, line) in read_front_matter(lines).items()}
    # The fence is line 0 and `---` line 1.
    assert found == {"caption": 2, "lang": 6, "values": 8}


FLAT = "takes 'key: value' and lists of plain values, without nesting, aliases or tags"


@pytest.mark.parametrize(
    ("lines", "line", "said"),
    [
        (["lang: vi", "caption: &a x"], 3, FLAT),
        (["lang: vi", "caption: *a"], 3, FLAT),
        (["lang: vi", "<<: *a"], 3, FLAT),
        (["lang: vi", "caption: !!python/object/apply:os.system [x]"], 3, FLAT),
        (["lang: vi", "caption: !!str x"], 3, FLAT),
        (["lang: vi", "values: !!python/tuple [1]"], 3, FLAT),
        (["lang: vi", "values: &a [1]"], 3, FLAT),
        (["lang: vi", "values: [&a 1, *a]"], 3, FLAT),
        (["--- !!python/object:a.B", "lang: vi"], 2, FLAT),
        (["!!map {lang: vi}"], 2, FLAT),
        (["lang: vi", "caption:", "  a: b"], 4, FLAT),
        (["lang: vi", "values: [1, [2]]"], 3, FLAT),
        (["lang: vi", "values: [{a: 1}]"], 3, FLAT),
        (["lang: vi", "? [a]", ": b"], 3, FLAT),
        (["hello"], 2, FLAT),
        (["- a"], 2, FLAT),
        (["lang: vi", "...", "caption: a"], 4, "not YAML"),
        (["lang: vi", "caption: " + "[" * 1000 + "]" * 1000], 3, FLAT),
        (["lang: vi", "caption: " + "{a: " * 1000], 3, FLAT),
        ([" " * depth + "a:" for depth in range(1000)], 3, FLAT),
        (["lang: vi", "caption: a: b"], 3, "in this context (put a value that contains ': '"),
        (["lang: vi", "caption: 'a"], 3, "not YAML"),
        (["lang: vi", "caption: @a"], 3, "not YAML"),
        (["lang: vi", "caption: a\x07b"], 3, "not YAML"),
        (["lang: vi", 'caption: "\\ud800"'], 3, "not YAML"),
        (["lang: vi", "caption: a", "lang: en"], 4, "option 'lang' is given twice"),
        (["lang: vi", "lang:"], 3, "option 'lang' is given twice"),
        (["lang: vi", "captoin: a"], 3, "unknown option 'captoin', did you mean 'caption'?"),
        (["lang: vi", "metric: [a]"], 3, "option 'metric' takes a string"),
        (["lang: vi", "? a", ": b"], 3, "unknown option 'a'"),
    ],
    ids=range(30),
)  # fmt: skip
def test_front_matter_that_is_refused(lines: list[str], line: int, said: str) -> None:
    assert refused("", *lines)[0] == line
    assert said in refused("", *lines)[1]


def test_front_matter_may_be_huge() -> None:
    long = "x" * 1_000_000
    assert block("", f"caption: {long}").options.caption == long
    assert refused("", *[f"key{i}: a" for i in range(10_000)])[1].startswith(
        "unknown option 'key0'"
    )


@pytest.mark.parametrize("name", sorted(DEFAULTS.keys() - {"models"}))
def test_a_setting_of_the_site_is_no_option(name: str) -> None:
    line, message = refused("", "lang: vi", f"{name}: a")
    assert line == 3
    assert message == f"'{name}' is a setting of the whole site; a block cannot change it"


def test_a_list_of_models_is_what_model_takes() -> None:
    assert refused("", "models: [a, b]")[1] == "unknown option 'models', did you mean 'model'?"


@pytest.mark.parametrize("quotes", ["“”", "‘’", "«»"])
def test_curly_quotes_are_told_from_straight_ones(quotes: str) -> None:
    _, message = refused(f"caption={quotes[0]}two words{quotes[1]} metric=norm")
    assert message.endswith('key="two words" with straight quotes')
    _, message = refused("caption=two words")
    assert message.endswith('key="two words"')


def test_front_matter_of_many_comments_is_none_the_less_no_text() -> None:
    assert refused("", *["# why"] * 12, "metrik: norm") == (
        14,
        "unknown option 'metrik', did you mean 'metric'?",
    )


@pytest.mark.parametrize("lines", [["title: Lá thư", "date: 1924"], ["Một câu."], ["- a", "- b"]])
def test_front_matter_that_may_be_the_text_is_told_how_to_be_text(lines: list[str]) -> None:
    line, message = refused("", *lines)
    assert line == 2
    assert message.endswith(
        " (if the text itself starts with '---', put an empty front matter before it)"
    )


def test_a_key_in_both_places_is_an_error_even_with_the_same_value() -> None:
    line, message = refused("lang=vi", "caption: a", "lang: vi")
    assert line == 3
    assert message == "option 'lang' is given twice, in the info string and in the front matter"


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("metrik", "metric"),
        ("Metric", "metric"),
        ("colourmap", "colormap"),
        ("cmap", "colormap"),
        ("targets", "target"),
        ("v_min", "vmin"),
        ("centre", "center"),
        ("language", "lang"),
        ("quite-different", "unit"),
    ],
)
def test_unknown_option_names_the_nearest(key: str, nearest: str) -> None:
    message = f"unknown option '{key}', did you mean '{nearest}'?"
    if key == "quite-different":
        assert refused(f"{key}=x")[1].startswith(f"unknown option '{key}', did you mean '")
    else:
        assert refused(f"{key}=x") == (0, message)
        assert refused("", "lang: vi", f"{key}: x") == (3, message)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("legend", "false", False),
        ("legend", "No", False),
        ("table", "on", True),
        ("vmin", "-1.5e-3", -0.0015),
        ("center", "0", 0.0),
        ("values", "[1, 2.5, null]", (1.0, 2.5, None)),
        ("values", "[.nan, .NaN, NaN, ~]", (None, None, None, None)),
        ("values", "data/a.csv", "data/a.csv"),
        ("tokens", "['a ', b]", ("a ", "b")),
        ("tokens", "['null', '']", ("null", "")),
        ("caption", "  a  ", "  a  "),
    ],
)
def test_value_is_read(name: str, value: str, read: object) -> None:
    assert getattr(read_options({name: value}, Options()), name) == read


@pytest.mark.parametrize(
    ("name", "default"),
    [("bos", "true"), ("stride", "5"), ("vmin", "0"), ("vmax", "1"), ("center", "0"), ("transform", "center"), ("baseline", "shuffle")],
)  # fmt: skip
def test_none_takes_a_default_of_the_site_away(name: str, default: str) -> None:
    site = read_options({name: default}, Options())
    assert getattr(site, name) is not None
    assert getattr(read_options({name: "none"}, site), name) is None
    assert getattr(read_options({name: None}, site), name) == getattr(site, name)


def test_none_is_a_text_where_an_option_takes_one() -> None:
    assert read_options({"target": "none"}, Options()).target == "none"


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("legend", "maybe", "takes true or false"),
        ("legend", "1", "takes true or false"),
        ("legend", ["true"], "takes true or false"),
        ("vmin", "low", "takes a number"),
        ("vmin", "", "takes a number"),
        ("vmin", ["1"], "takes a number"),
        ("vmax", "inf", "takes a finite number"),
        ("center", "nan", "takes a finite number"),
        ("vmax", "9" * 5000, "takes a finite number"),
        ("unit", "words", "takes token or word, unknown value 'words', did you mean 'word'?"),
        ("scale", "minimax", "unknown value 'minimax', did you mean 'minmax'?"),
        ("caption", "", "takes a string"),
        ("caption", " \n ", "takes a string"),
        ("caption", ["a"], "takes a string"),
        ("target", "", "takes a string"),
        ("tokens", "a", "takes a list such as [a, b]"),
        ("tokens", "[]", "takes a list such as [a, b]"),
        ("tokens", "[a, null]", "takes a list of strings: put what YAML reads as null in quotes"),
        ("tokens", "[a, [b]]", "takes a list of plain values"),
        ("tokens", "[a", "option 'tokens' cannot be read as a list: "),
        ("tokens", "[a] b", "option 'tokens' cannot be read as a list: "),
        ("tokens", "[a]\nb: c", "option 'tokens' cannot be read as a list: '[a] b: c'"),
        ("tokens", "[" * 1000 + "]" * 1000, "takes a list of plain values"),
        ("values", "[a]", "option 'values' takes numbers: number 1 is 'a', which is not a number"),
        ("values", "[1, .inf]", "number 2 is infinite: write null where there is no number"),
        ("values", "[1, 1e999]", "number 2 is infinite"),
        ("values", "[true]", "number 1 is 'true', which is not a number"),
        ("values", "[1, [2]]", "takes a list of plain values"),
        ("values", [], "takes a list such as [a, b]"),
    ],
    ids=range(29),
)
def test_value_that_is_refused(name: str, value: Raw, said: str) -> None:
    with pytest.raises(TokenheatError) as caught:
        read_options({name: value}, Options())
    assert caught.value.option == name
    assert caught.value.message.startswith(f"option '{name}' ")
    assert said in caught.value.message


def test_error_of_a_list_in_front_matter_has_the_options_line() -> None:
    assert refused("", "lang: vi", "values: '[1, [2]]'")[0] == 3
    assert refused("", "lang: vi", "values: |", "  [1]", "  b: 2")[0] == 3
    assert refused("values='[1, [2]]'", "lang: vi")[0] == 0


def test_a_null_keeps_the_sites_default() -> None:
    defaults = Options(colormap="Blues", lang="vi")
    read = read_block("tokenheat", ["---", "colormap:", "lang: ~", "---", "hi"], defaults)
    assert read.options == defaults


def test_a_sites_default_can_be_written_in_every_type() -> None:
    given = {"legend": False, "vmin": 1, "vmax": 2.5, "tokens": ["a", 1], "caption": None}
    read = read_options({name: written(value) for name, value in given.items()}, Options())
    assert (read.legend, read.vmin, read.vmax) == (False, 1.0, 2.5)
    assert (read.tokens, read.caption) == (("a", "1"), None)


def test_every_option_says_what_it_means() -> None:
    assert [field.name for field in dataclasses.fields(Options)] == list(NAMES)
    for field in dataclasses.fields(Options):
        assert field.metadata["meaning"]
        default = written(field.default)
        if default is not None:
            assert read_options({field.name: default}, Options()) == Options()


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\u00a0\u3000\n"])
def test_block_without_text(text: str) -> None:
    assert refused("lang=vi", text=text) == (
        0,
        "the block has no text: write the text to colour in it",
    )


def test_control_characters_are_shown_as_unknown() -> None:
    control = "".join(chr(code) for code in range(0x20) if code != 0x0A)
    assert make_block({}, f"a{control}\n\x7fb", Options()).text == f"a{'�' * 31}\n\x7fb"


def test_options_as_sphinx_has_them_are_no_text() -> None:
    body = [":metric: length", "", "A text."]
    with pytest.raises(
        TokenheatError, match="':metric:' is how options are written in Sphinx"
    ) as caught:
        read_block("{tokenheat}", body, Options())
    assert caught.value.line == 1
    assert read_block("{tokenheat metric=length}", body[2:], Options()).options.metric == "length"
    for field, at in ((":name: a", 1), (":class: a", 1), (":metrik: a\n:metric: norm", 2)):
        with pytest.raises(TokenheatError, match="how options are written in Sphinx") as caught:
            read_block("{tokenheat}", [*field.split("\n"), "A text."], Options())
        assert caught.value.line == at
    for info, text in (
        *(("tokenheat", body[0]), ("{.tokenheat}", ":k: is a key")),
        *(("{tokenheat}", ":smile: a"), ("{tokenheat}", ":o"), ("{tokenheat}", "a\n:k: is a key")),
    ):
        assert read_block(info, text.split("\n"), Options()).text == text
