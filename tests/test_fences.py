"""Where a fence is a block, and where it is not."""

from __future__ import annotations

import re
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from textwrap import indent
from types import FrameType
from xml.etree.ElementTree import Element

import markdown
import pytest

from mkdocs_tokenheat.block.fences import Fence, find_fences
from mkdocs_tokenheat.block.options import Options
from mkdocs_tokenheat.block.text import normalize
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts.markdown import blocks_of
from tests.pages import content, convert, having, parse, texts

BLOCK = "```tokenheat\nhi there\n```"
BAD = "```tokenheat metrik=a\nhi\n```"

CONTAINERS = {
    "list": ("- item\n\n", "    "),
    "numbered": ("1. item\n\n", "    "),
    "quote": ("", "> "),
    "admonition": ('!!! note "Title"\n\n', "    "),
    "details": ('??? note "Title"\n\n', "    "),
    "tab": ('=== "Tab"\n\n', "    "),
}
CONTAINER_EXTENSIONS = ("admonition", "pymdownx.details", "pymdownx.tabbed")


def inside(source: str, *containers: str) -> str:
    """The source in these containers, the last one innermost."""
    for name in reversed(containers):
        opening, prefix = CONTAINERS[name]
        lines = [prefix + line if line or ">" in prefix else line for line in source.split("\n")]
        source = opening + "\n".join(lines)
    return source


def fences(source: str) -> list[Fence]:
    return [f for f in find_fences(normalize(source)) if f.closed]


@pytest.fixture
def page(tmp_path: Path) -> Callable[..., str]:
    """From Markdown to HTML, with a cache of its own."""
    return lambda source, *extensions, **settings: convert(
        source, tmp_path, *extensions, **settings
    )


@pytest.mark.parametrize(
    "source",
    [
        "```tokenheat\nhi there\n```",
        "``` tokenheat\nhi there\n```",
        "```   tokenheat  \nhi there\n```  ",
        "~~~tokenheat\nhi there\n~~~",
        "`````tokenheat\nhi there\n`````",
        "~~~~~~ tokenheat\nhi there\n~~~~~~",
        "```{.tokenheat}\nhi there\n```",
        "``` { .tokenheat }\nhi there\n```",
        '```{.tokenheat lang=en caption="two words"}\nhi there\n```',
        "```.tokenheat\nhi there\n```",
        "```{tokenheat}\nhi there\n```",
        "```tokenheat {lang=en}\nhi there\n```",
        "```tokenheat lang=en\nhi there\n```",
        '```tokenheat caption="with `code` in it"\nhi there\n```',
        "```tokenheat caption='with `code` in it'\nhi there\n```",
        "~~~tokenheat caption=`code`\nhi there\n~~~",
        "```tokenheat\n---\nlang: en\n---\nhi there\n```",
        "```tokenheat\n---\n---\nhi there\n```",
        "```tokenheat\r\nhi there\r\n```\r\n",
        "```tokenheat\nhi\x02 \x03there\n```",
        " ```tokenheat\n hi there\n ```",
        "\n\n\n```tokenheat\nhi there\n```\n\n\n",
    ],
)
def test_is_a_block(page: Callable[..., str], source: str) -> None:
    assert texts(page(source)) == ["hi there"]


@pytest.mark.parametrize(
    "source",
    [
        "    ```tokenheat\nhi there\n```",
        "```tokenheated\nhi there\n```",
        "```tokenheat-x\nhi there\n```",
        "```tokenheat.x\nhi there\n```",
        "```Tokenheat\nhi there\n```",
        "```python tokenheat\nhi there\n```",
        "```{.python .tokenheat}\nhi there\n```",
        "``tokenheat\nhi there\n``",
        "```tokenheat hi there```",
        "```tokenheat `x`\nhi there\n```",
        "x ```tokenheat\nhi there\n```",
    ],
)
def test_is_no_block(page: Callable[..., str], source: str) -> None:
    html = page(source)
    assert texts(html) == []
    assert html == markdown.markdown(source)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("---\nhi", "---\nhi"),
        ("---\n---\n---\nhi", "---\nhi"),
        ("---\n---\n---\nhi\n---", "---\nhi\n---"),
        ("---\n\n---\nhi", "hi"),
        ("---\n# a comment\n---\nhi", "hi"),
        ("---   \nlang: en\n---   \nhi", "hi"),
        ("\n---\nlang: en\n---\nhi", "\n---\nlang: en\n---\nhi"),
        ("----\nlang: en\n---\nhi", "----\nlang: en\n---\nhi"),
        ("hi\n---\nlang: en\n---", "hi\n---\nlang: en\n---"),
        ("---\nlang: en\n---\n\nhi", "\nhi"),
    ],
    ids=range(10),
)
def test_front_matter_is_no_text_and_text_no_front_matter(
    page: Callable[..., str], body: str, text: str
) -> None:
    assert texts(page(f"```tokenheat\n{body}\n```")) == [text]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("a\n\n\nb", "a\n\n\nb"),
        ("\n\na", "\n\na"),
        ("a\n\n", "a\n\n"),
        ("a\n   \nb", "a\n\nb"),
        ("\ta\tb", "    a   b"),
        ("  a  ", "  a  "),
        ("a\u00a0\nb", "a\u00a0\nb"),
        ("a\x00\x0b\x1f\x7fb", "a\ufffd\ufffd\ufffd\x7fb"),
        ("a\rb", "a\nb"),
        ("```", "```"),
        ("`````", "`````"),
        ("~~~tokenheat\na\n~~~", "~~~tokenheat\na\n~~~"),
        ("# a\n- b\n> c\n<d>\n&amp;", "# a\n- b\n> c\n<d>\n&amp;"),
    ],
    ids=range(13),
)
def test_text_is_literal(page: Callable[..., str], body: str, text: str) -> None:
    assert texts(page(f"````tokenheat\n{body}\n````")) == [text]


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("outer", ["", *CONTAINERS])
def test_block_inside_containers(page: Callable[..., str], outer: str, name: str) -> None:
    body = "```tokenheat\n---\nlang: en\n---\n\nhi\n\n    there\n```"
    source = inside(body, *filter(None, [outer, name]))
    assert texts(page(source, *CONTAINER_EXTENSIONS)) == ["\nhi\n\n    there"]


@pytest.mark.parametrize("fence", ["```tokenheat\nhi\n```", "~~~~ { .tokenheat }\nhi\n~~~~"])
def test_block_at_depth(page: Callable[..., str], fence: str) -> None:
    depth = ["tab", "list", "admonition", "details", "quote", "tab", "list", "quote"]
    source = inside(fence, *depth)
    assert texts(page(source, *CONTAINER_EXTENSIONS)) == ["hi"]


def test_block_in_other_places(page: Callable[..., str]) -> None:
    block = "    ```tokenheat\n    hi\n    ```\n"
    assert texts(page(f"Term\n\n:   is\n\n{block}", "def_list")) == ["hi"]
    assert texts(page(f"a[^1]\n\n[^1]:\n    b\n\n{block}\n    c", "footnotes")) == ["hi"]
    assert texts(page(f"<div markdown>\n\n{BLOCK}\n\n</div>", "md_in_html")) == ["hi there"]
    assert texts(page(f"# A\n{BLOCK}\n# B\n[TOC]", "toc")) == ["hi there"]


def test_figure_is_no_paragraphs_part(page: Callable[..., str]) -> None:
    html = page(f"before\n{BLOCK}\nbehind")
    assert [child.tag for child in parse(html)] == ["p", "figure", "p"]


@pytest.mark.parametrize("name", ["", "list", "quote", "admonition"])
def test_fence_swallows_no_item(page: Callable[..., str], name: str) -> None:
    source = inside(f"{BLOCK}\n- one\n- two\n{BLOCK}\n1. three", *filter(None, [name]))
    html = page(source, *CONTAINER_EXTENSIONS)
    assert texts(html) == ["hi there", "hi there"]
    items = [content(each).strip() for each in parse(html).iter("li")]
    assert items[-3:] == ["one", "two", "three"]


@pytest.mark.parametrize(
    "source",
    [
        "    > ```tokenheat\n    > The <b> cat\n    >\n    > sat\n    > \n    > ```",
        "> \n>     > ```tokenheat\n>     > a\n>     >\n>     > b\n>     > ```",
        "- a\n\n        > ```tokenheat\n        >\n        > b\n        > ```",
        "    - ```tokenheat\n      a\n\n      b\n      ```",
        "<pre>\n> ```tokenheat\n>\n> b\n> ```\n</pre>",
        "        ```tokenheat\n        a\n        ```\n    > q",
        "<Script>\n```tokenheat\na\n```\n</Script>",
    ],
    ids=["quote", "quote in a quote", "quote in a list", "list", "raw", "before a quote", "script"],
)
def test_a_block_in_a_container_that_is_code_stays_as_written(
    page: Callable[..., str], source: str
) -> None:
    assert page(source) == markdown.markdown(source)


@pytest.mark.parametrize(
    ("beside", "shown"),
    [
        (f"[Example]:\n{BLOCK}", "<p>[Example]:</p>[]"),
        (f"*[HTML]:\n{BLOCK}", "<p>*[HTML]:</p>[]"),
        (f"> q\n{BLOCK}", "<blockquote><p>q</p></blockquote>[]"),
        (f"{BLOCK}\nt\n:   d", "[]<dl><dt>t</dt><dd>d</dd></dl>"),
        (f"{BLOCK}\nh\n---", "[]<h2>h</h2>"),
        (f"h\n---\n{BLOCK}", "<h2>h</h2>[]"),
        (
            f"| a |\n|---|\n| b |\n{BLOCK}\nx",
            "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table>[]<p>x</p>",
        ),
    ],
    ids=["reference", "abbreviation", "quote", "definition", "heading below", "heading", "table"],
)  # fmt: skip
@pytest.mark.parametrize("container", ["", "list", "quote", "admonition", "tab"])
def test_what_stands_close_to_a_block_is_no_part_of_it(
    page: Callable[..., str], container: str, beside: str, shown: str
) -> None:
    source = inside(beside, *filter(None, [container]))
    html = page(source, *CONTAINER_EXTENSIONS, "abbr", "def_list", "tables")
    drawn = re.sub("<figure.*?</figure>", "[]", html, flags=re.DOTALL).replace("\n", "")
    assert shown in drawn
    assert drawn == shown or container


def test_tight_items_around_a_block(page: Callable[..., str]) -> None:
    html = page("- one\n    ```tokenheat\n    hi\n    ```\n- two")
    assert texts(html) == ["hi"]
    assert len(list(parse(html).iter("li"))) == 2


FENCE = "```tokenheat\nhi\n```"
NESTED = "<ul>\n<li>\n<p>x</p>\n[]\n</li>\n<li>\n<p>y</p>\n</li>\n</ul>"
INDENTED = "<pre><code>{}\n</code></pre>"


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("look:\n    {4}\nx", "<p>look:</p>\n[]\n<p>x</p>"),
        ("look:\n  {2}\n  - x", "<p>look:</p>\n[]\n<ul>\n<li>x</li>\n</ul>"),
        ("- a\n        {8}\n- b", "<ul>\n<li>a[]\n</li>\n<li>b</li>\n</ul>"),
        ("- a\n  {2}\n  x\n- b", "<ul>\n<li>a[]\n<p>x</p>\n</li>\n<li>b</li>\n</ul>"),
        ("- a\n    {4}\n    {4}\n- b", "<ul>\n<li>a[]\n[]\n</li>\n<li>b</li>\n</ul>"),
        ("- a\n\n    {4}\n    ---\n", "<ul>\n<li>\n<p>a</p>\n[]\n<hr />\n</li>\n</ul>"),
        (
            "- a\n  - b\n    - c\n      {6}",
            "<ul>\n<li>a</li>\n<li>b<ul>\n<li>c[]\n</li>\n</ul>\n</li>\n</ul>",
        ),
        (
            "- a\n\n    - b\n    {4}\n",
            "<ul>\n<li>\n<p>a</p>\n<ul>\n<li>b</li>\n</ul>\n[]\n</li>\n</ul>",
        ),
        ("term\n:   b\n    {4}\n", "<dl>\n<dt>term</dt>\n<dd>b[]\n</dd>\n</dl>"),
        (
            "> - a\n>   {> 2}\n> - b",
            "<blockquote>\n<ul>\n<li>a[]\n</li>\n<li>b</li>\n</ul>\n</blockquote>",
        ),
        (
            "- a\n\n    {4}\n- b",
            "<ul>\n<li>\n<p>a</p>\n[]\n</li>\n<li>\n<p>b</p>\n</li>\n</ul>",
        ),
        (
            "1. a\n\n    {4}\n2. b\n\n    {4}\n3. c",
            "<ol>\n<li>\n<p>a</p>\n[]\n</li>\n<li>\n<p>b</p>\n[]\n</li>\n<li>\n<p>c</p>\n</li>\n</ol>",
        ),
        (
            "- a\n\n    - x\n\n        {8}\n    - y\n- z",
            f"<ul>\n<li>\n<p>a</p>\n{NESTED}\n</li>\n<li>\n<p>z</p>\n</li>\n</ul>",
        ),
        (
            "t\n:   a\n\n    {4}\n:   b",
            "<dl>\n<dt>t</dt>\n<dd>\n<p>a</p>\n[]\n</dd>\n<dd>\n<p>b</p>\n</dd>\n</dl>",
        ),
        ("t\n: a\n  {2}\n  more", "<dl>\n<dt>t</dt>\n<dd>a[]\n<p>more</p>\n</dd>\n</dl>"),
        ("# h\n- a\n  {2}\n- b", "<h1>h</h1>\n<ul>\n<li>a[]\n</li>\n<li>b</li>\n</ul>"),
        ("***\n1. a\n   {3}\n2. b", "<hr />\n<ol>\n<li>a[]\n</li>\n<li>b</li>\n</ol>"),
        ("[x]: /u\n- a\n  {2}\n- b", "<ul>\n<li>a[]\n</li>\n<li>b</li>\n</ul>"),
        ("1. a\n    {4}\n    x\ny", "<ol>\n<li>a[]\n<p>x\ny</p>\n</li>\n</ol>"),
        ("- a\n\n    {4}\nx", "<ul>\n<li>\n<p>a</p>\n[]\n</li>\n</ul>\n<p>x</p>"),
        ("look:\n\n    {4}\n", "<p>look:</p>\n" + INDENTED),
        ("look:\n\n    x\n    {4}\n    y", "<p>look:</p>\n" + INDENTED.format("x\n{}\ny")),
    ],
)
@pytest.mark.parametrize("extensions", [(), ("pymdownx.superfences",)])
def test_a_block_stands_where_another_fence_would(
    page: Callable[..., str], source: str, html: str, extensions: tuple[str, ...]
) -> None:
    def indented(found: re.Match[str]) -> str:
        lead = ("> " if found[1] else "") + " " * int(found[2])
        return FENCE.replace(
            "\n", f"\n{lead}" if not found[1] else f"\n>{' ' * (int(found[2]) + 1)}"
        )

    drawn = page(re.sub(r"\{(> )?(\d)\}", indented, source), "def_list", *extensions)
    assert re.sub("<figure.*?</figure>", "[]", drawn, flags=re.DOTALL) == html.format(FENCE)


def test_a_block_in_a_footnote(page: Callable[..., str]) -> None:
    fence = FENCE.replace("\n", "\n    ")
    html = page(f"x[^1]\n\n[^1]: note\n    {fence}\n    - a\n    - b", "footnotes")
    (note,) = [each for each in parse(html).iter("li") if each.get("id") == "fn:1"]
    assert [child.tag for child in note] == ["p", "figure", "ul", "p"]
    code = FENCE.replace("\n", "\n        ")
    html = page(f"x[^1]\n\n[^1]: note\n\n        {code}\n", "footnotes")
    assert texts(html) == []
    assert f"<code>{FENCE}\n</code>" in html


F4 = "    ```tokenheat\n    hi\n    ```\n"


@pytest.mark.parametrize(
    ("source", "nested"),
    [
        (f"- a\n{F4}    text\n- b", ["a", "b"]),
        (f"- a\n{F4}    - sub\n- b", ["a", ["s"], "b"]),
        (f"1. a\n{F4}    text\n2. b\n3. c", ["a", "b", "c"]),
        (f"- a\n    - b\n{inside(F4, 'list')[8:]}    - c\n- d", ["a", ["b", "c"], "d"]),
        (f"- a\n{F4}    x\n{F4}    y\n- b\n{F4}- c", ["a", "b", "c"]),
    ],
    ids=range(5),
)
@pytest.mark.parametrize("quote", ["", "> "])
def test_items_behind_a_block_stay_items(
    page: Callable[..., str], source: str, nested: list[object], quote: str
) -> None:
    html = page("\n".join(quote + line for line in source.rstrip("\n").split("\n")))
    assert texts(html) == ["hi"] * source.count("hi")
    outermost = next(each for each in parse(html).iter() if each.tag in ("ul", "ol"))
    assert items(outermost) == nested


def items(outermost: Element) -> list[object]:
    """The letters that the items of a list start with, and the lists in them."""
    found: list[object] = []
    for item in outermost:
        found.append("".join(item.itertext()).strip()[0])
        found += [items(each) for each in item if each.tag in ("ul", "ol")]
    return found


def test_two_blocks_that_touch(page: Callable[..., str]) -> None:
    assert texts(page("```tokenheat\na\n```\n~~~tokenheat\nb\n~~~\n```tokenheat\nc\n```")) == [
        "a",
        "b",
        "c",
    ]


@pytest.mark.parametrize("quote", ["", "> "])
@pytest.mark.parametrize("blank", ["", "\n"], ids=["tight", "loose"])
@pytest.mark.parametrize("marker", ["- ", "1. "])
def test_a_block_right_below_one_further_in(
    page: Callable[..., str], marker: str, blank: str, quote: str
) -> None:
    levels = [" " * 4 * depth for depth in range(4)]
    source = "".join(f"{lead}{marker}{n}\n{blank}" for n, lead in enumerate(levels[:3]))
    source += "".join(indent(FENCE, lead) + "\n" for lead in reversed(levels))
    drawn = page("".join(f"{quote}{line}\n" for line in source.splitlines()))
    assert texts(drawn) == ["hi"] * 4
    depths = [found.count("<li>") - found.count("</li>") for found in before_figures(drawn)]
    assert depths == [3, 2, 1, 0]


def before_figures(html: str) -> list[str]:
    """Everything in the page before each figure."""
    return [html[: found.start()] for found in re.finditer("<figure", html)]


@pytest.mark.parametrize(
    "source",
    [
        f"````markdown\n{BLOCK}\n````",
        f"````\n{BLOCK}\n````",
        f"~~~\n{BLOCK}\n~~~",
        f"~~~ python\n{BLOCK}\n~~~",
        f"> ~~~ python\n> {BLOCK.replace(chr(10), chr(10) + '> ')}\n> ~~~",
        "- a\n\n    ````markdown\n    ```tokenheat\n    hi there\n    ```\n    ````",
        '```` python title="`x`"\n```tokenheat\nhi\n```\n````',
    ],
    ids=range(7),
)
def test_fence_inside_another_fence_is_code(page: Callable[..., str], source: str) -> None:
    html = page(source, "pymdownx.superfences")
    assert texts(html) == []
    (code,) = parse(html).iter("code")
    assert content(code).startswith("```tokenheat\nhi")
    assert content(code).endswith("\n```\n")


@pytest.mark.parametrize("superfences", [(), ("pymdownx.superfences",), ("codehilite",)])
@pytest.mark.parametrize(
    "code",
    [
        BLOCK,
        f"x\n{BLOCK}",
        f"{BLOCK}\ny",
        f"x\n\n{BLOCK}\n\ny",
        f"x\n\n\n{BLOCK}\n{BLOCK}\n\n\ny",
        f"x\n  {BLOCK}\n  y",
        '```tokenheat metric="<b>"\na\n\n\n  b <b> &amp; "c"\n\n```',
        f"x\n{BLOCK}\n\n\n{BLOCK}\ny",
        "~~~tokenheat\n---\nlang: en\n---\n```\n~~~",
        f"- x\n    {BLOCK.replace(chr(10), chr(10) + '    ')}\n    y\n- z\n- w",
    ],
    ids=range(10),
)
@pytest.mark.parametrize(
    ("lead", "indent"),
    [("p\n\n", "    "), ("- item\n\n", "        "), ("> q\n>\n", ">     "), ("", "    ")],
    ids=["top", "list", "quote", "start"],
)
def test_indented_code_is_restored(
    page: Callable[..., str], lead: str, indent: str, code: str, superfences: tuple[str, ...]
) -> None:
    lines = [(indent + line if line else indent.rstrip()) for line in code.split("\n")]
    source = f"{lead}{chr(10).join(lines)}\n\nbehind"
    html = page(source, *superfences)
    without = markdown.markdown(source, extensions=[*superfences])
    if lead.startswith("-"):
        # Of several blank lines in an item's code, Python-Markdown keeps one; a fence keeps all.
        assert re.sub("\n\n+", "\n\n", html) == without
    else:
        assert html == without
    assert content(next(parse(html).iter("code"))).count("tokenheat") == code.count("tokenheat")


COMMENTS = [
    "<!--\n{}\n-->",
    "<!-- {}\n-->",
    "<!--\n\n{}\n\n-->",
    "<!--\n{}\n\n{}\n-->",
    "<!-- a --> <!--\n{}\n-->",
    "<!-- a\n--> <!--\n{}\n-->",
    "<div>\n<!--\n{}\n-->\n</div>",
    "text <!--\n{}\n--> text",
]


@pytest.mark.parametrize("extensions", [(), ("pymdownx.superfences",)])
@pytest.mark.parametrize("comment", COMMENTS)
def test_comment_stays_as_written(
    page: Callable[..., str], comment: str, extensions: tuple[str, ...]
) -> None:
    commented = comment.replace("<!-- {}", "<!--\n{}").replace(
        "{}", "```tokenheat metrik=no\n<b> &amp; \"'\n\n\n  c\n```"
    )
    html = page(f"before\n\n{commented}\n\n{BLOCK}\n\nbehind", *extensions)
    assert texts(html) == ["hi there"]
    # Python-Markdown may move what comes before the last one.
    assert commented[commented.rindex("<!--") :] in html


@pytest.mark.parametrize("extensions", [(), ("pymdownx.superfences",)])
@pytest.mark.parametrize("indent", ["  ", "    ", "        ", "> "])
def test_comment_in_a_container_stays_as_written(
    page: Callable[..., str], indent: str, extensions: tuple[str, ...]
) -> None:
    comment = '<!--\n```tokenheat metrik=no\n<b> &amp; "c"\n```\nx\n-->'
    source = "\n".join(indent + line for line in comment.split("\n"))
    lead = "> q\n>\n" if ">" in indent else "- a\n\n" + ("    - b\n\n" if len(indent) > 4 else "")
    html = page(f"{lead}{source}\n\nbetween\n\n{BLOCK}", *extensions)
    assert texts(html) == ["hi there"]
    found = html[html.index("<!--") : html.index("-->") + 3]
    assert found.replace("\n" + indent, "\n") == comment


def test_comment_that_python_markdown_shows_has_no_block(page: Callable[..., str]) -> None:
    # In a container, a blank line makes the comment's marks visible; its author meant a comment.
    fence = "    ```tokenheat metrik=no\n    <b> &amp;\n    ```"
    html = page(f"- a\n\n    <!--\n\n{fence}\n\n    -->\n\n{BLOCK}")
    assert texts(html) == ["hi there"]
    assert "```tokenheat metrik=no\n    <b> &amp;\n    ```" in content(parse(html))


@pytest.mark.parametrize(
    "source",
    [
        f"`<!--`\n\n{BLOCK}\n\n`-->`",
        f"The mark `<!--` begins\n{BLOCK}\nwhat `-->` ends.",
        f"`` <!-- ``\n\n{BLOCK}\n\n`` --> ``",
        f"text <!-- text\n\n{BLOCK}\n\n-->",
        f"\\<!--\n\n{BLOCK}\n\n-->",
        f"a\n\n    <!-- indented code\n\n{BLOCK}\n\n    -->",
        f"~~~html\n<!--\n~~~\n\n{BLOCK}\n\n-->",
        f"<!-- never closed\n\n{BLOCK}",
        f"<!-- closed -->\n{BLOCK}\n-->",
        f"~~~struck through~~~ and not\n\n{BLOCK}",
        f'~~~python title="a ~ b"\nx\n~~~\n\n{BLOCK}',
        f"<!--\n```tokenheat\n-->\n\n{BLOCK}",
    ],
    ids=range(12),
)
def test_block_behind_what_only_looks_like_a_comment_or_a_fence(
    page: Callable[..., str], source: str
) -> None:
    assert texts(page(source, "pymdownx.superfences")) == ["hi there"]


@pytest.mark.parametrize("element", ["pre", "script", "style", "textarea"])
@pytest.mark.parametrize("outer", ["{}", "<div>\n{}\n</div>", "<div markdown>\n{}\n</div>"])
@pytest.mark.parametrize("extension", [(), ("md_in_html",)])
def test_literal_html_stays_as_written(
    page: Callable[..., str], element: str, outer: str, extension: tuple[str, ...]
) -> None:
    source = outer.format(f"<{element}>\nx\n{BLOCK}\ny\n</{element}>")
    html = page(f"{source}\n\n{BLOCK}", *extension)
    assert texts(html) == ["hi there"]
    assert f"x\n{BLOCK}\ny" in html


def test_a_comment_may_stand_a_little_in() -> None:
    (fence,) = fences(f"   <!-- a\n\nb\n\n{BLOCK}\n\n-->\n")
    assert fence.commented


def test_nothing_closes_a_comment_behind_the_last_mark() -> None:
    (fence,) = fences(f"<!-- a\n--> <!-- b\n\n{BLOCK}\n")
    assert not fence.commented


def test_a_quote_goes_on_lazily_until_a_blank_line() -> None:
    assert len(fences("> ```tokenheat\n> a\n>    \n  b\n> ```\n")) == 1
    assert fences("> ```tokenheat\n> a\n>\n  b\n> ```\n") == []


def test_what_looks_like_a_fence_in_an_unclosed_text_is_told_once() -> None:
    source = "~~~tokenheat\nhi\n```tokenheat\nx\n```tokenheat"
    (fence,) = find_fences(normalize(source))
    assert (fence.start, fence.closed, fence.below) == (0, False, 0)


def test_comment_inside_a_block_is_text(page: Callable[..., str]) -> None:
    html = page(f"```tokenheat\n<!--\n```\n\n{BLOCK}\n\n-->")
    assert texts(html) == ["<!--", "hi there"]


def test_page_without_a_block_is_untouched(page: Callable[..., str]) -> None:
    source = "# tokenheat\n\n`tokenheat`\n\n    ```tokenheat\n\n```python\ntokenheat\n```\n\n- a\nb"
    assert page(source) == markdown.markdown(source)


@pytest.mark.parametrize(
    ("source", "line", "marks"),
    [
        ("a\n\n```tokenheat\nhi\n", 3, "```"),
        ("```tokenheat\nhi\n~~~\n\n# b\n\n~~~\nc\n~~~\n", 1, "```"),
        ("````{.tokenheat metric=length}\nhi\n```\n", 1, "````"),
        (f"> ~~~tokenheat\n> hi\n\na\n\n{BLOCK}", 1, "~~~"),
        (f"{BLOCK}\n\n- a\n\n  ```tokenheat\n  hi\n\nb", 7, "```"),
        ("- a\n\n    ```tokenheat\n    hi\n   ```\n", 3, "```"),
        ("- a\n    ~~~ tokenheat metric=length\n    hi\n\nb\n", 2, "~~~"),
        ("1. a\n\n    - b\n\n        ```tokenheat\n        hi\n    ```\n", 5, "```"),
    ],
)
@pytest.mark.parametrize("on_error", ["raise", "show"])
def test_what_nothing_closes_is_no_block_and_told(
    page: Callable[..., str],
    caplog: pytest.LogCaptureFixture,
    source: str,
    line: int,
    marks: str,
    on_error: str,
) -> None:
    html = page(source, metric="length", on_error=on_error)
    said = (
        f"<markdown>:{line}: tokenheat: this block is never closed, so it is treated as text: "
        f"end it with a line '{marks}', indented like its first line"
    )
    assert [record.getMessage() for record in caplog.records] == [said]
    blocks = texts(html)
    assert blocks == ["hi there"] * source.count(BLOCK)
    if not blocks:
        assert html == markdown.markdown(source)


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("- ```tokenheat\n  hi\n  ```\n", 1),
        ("1. a\n2.  ~~~tokenheat metrik=x\n", 2),
        ("a\n\n> - > * ```{.tokenheat metric=length}\n", 3),
        ("a\n:   ```tokenheat\n    hi\n    ```\n", 2),
        ("- [ ] ```tokenheat\n", 1),
        ("a) ```tokenheat\n   hi\n   ```\n", 1),
    ],
)
@pytest.mark.parametrize("extensions", [[], ["def_list", "pymdownx.superfences"]])
def test_a_block_beside_a_lists_marker_is_an_error(
    page: Callable[..., str], source: str, line: int, extensions: list[str]
) -> None:
    said = f"<markdown>:{line}: tokenheat: a block must begin on a line of its own: put it below"
    with pytest.raises(TokenheatError) as found:
        page(source, *extensions)
    assert str(found.value).startswith(said)
    (box,) = having(parse(page(source, *extensions, on_error="show")), "tokenheat-error")
    assert said in content(box)


@pytest.mark.parametrize(
    "source",
    [
        "- ```tokenheat``` is code",
        "- `a ```tokenheat b`",
        "    - ```tokenheat\n      code",
        "~~~~\n- ```tokenheat\n~~~~",
        "<!--\n- ```tokenheat\n-->",
        "- ```tokenheats\n- ```python tokenheat",
        "- ~~~tokenheat~~~ is struck through",
        "a\n\n    - ```tokenheat\n      code\n      ```\n\nb",
        "-```tokenheat",
    ],
)
def test_what_only_looks_like_one_beside_a_marker_is_left_alone(
    page: Callable[..., str], source: str
) -> None:
    extensions = ["pymdownx.superfences"]
    assert page(source, *extensions) == markdown.markdown(source, extensions=extensions)


def test_blocks_beside_markers_take_nothing_with_them(page: Callable[..., str]) -> None:
    items = "".join(f"{i}. ```tokenheat\n   hi\n   ```\n" for i in (1, 2))
    html = page(f"{items}\n{BLOCK}\n\nb", on_error="show")
    boxes = [content(box) for box in having(parse(html), "tokenheat-error")]
    assert ["<markdown>:1:" in boxes[0], "<markdown>:4:" in boxes[1], len(boxes)] == [True, True, 2]
    assert texts(html) == ["hi there"]
    assert html.endswith("<p>b</p>")


@pytest.mark.parametrize("item", ["", "- a\n"])
def test_what_is_indented_right_behind_a_block_is_code(page: Callable[..., str], item: str) -> None:
    indent = "    " * bool(item)
    lines = ["```tokenheat", "hi", "```", "    ```tokenheat metrik=1", "    code", "    ```"]
    html = page(item + "".join(f"{indent}{line}\n" for line in lines))
    assert texts(html) == ["hi"]
    assert "<pre><code>```tokenheat metrik=1\ncode\n```\n</code></pre>" in html


@pytest.mark.parametrize(
    "source",
    [
        "a\n```tokenheat lang=vi\nhi\n\n# Title\n\n- b",
        "```tokenheat *a* <b>\nhi\n=====\n",
        "> a\n> ~~~tokenheat\n> hi\n\nb",
        "- a\n- b\n\n    ```tokenheat\n    hi\n- c",
        "- a\n    ```tokenheat\n    hi\n- c",
        "a\n\n    ```tokenheat\n    hi\n",
        "<div>\n```tokenheat\nhi\n</div>\n",
        "<div markdown>\n```tokenheat\nhi\n</div>\n",
        "<pre>\n```tokenheat\nhi\n</pre>\n",
        "| a |\n|---|\n```tokenheat\n",
        "- a\n\n    ```tokenheat\n    hi\n```\n\n```python\nx\n```\n",
        "> ~~~tokenheat\n> hi\n\n````md\n```tokenheat\n````\n",
        "<div markdown>\n<div>\n*a* <!-- c --> *b*\n</div>\n</div>\n\n~~~tokenheat\nhi",
        '<div>\n> ```tokenheat caption="a<b"\n</div>\n',
        '[q]:\n~~~tokenheat caption="a b"\n',
    ],
)
@pytest.mark.parametrize("fences", ["fenced_code", "pymdownx.superfences"])
def test_what_nothing_closes_leaves_the_page_as_it_was(
    page: Callable[..., str], source: str, fences: str
) -> None:
    extensions = ["tables", "def_list", "md_in_html", fences]
    assert page(source, *extensions) == markdown.markdown(source, extensions=extensions)


@pytest.mark.parametrize(
    ("opening", "above"),
    [
        ("    ```tokenheat\n\n", 2),
        ("> ~~~tokenheat\n> hi\n\n", 3),
        ("~~~tokenheat\nhi\n~~\n\n", 4),
        ("- a\n\n    ```python\n    x\n\n", 3),
        ("~~~python\nx\n\n", 3),
        ("````markdown\ntext\n```\n\n", 4),
        ("- a\n\n    ~~~python\n    x\n\n", 3),
        ("Title\n~~~~~~~\n\n", 2),
        ("> ```\n> x\n\n", 3),
    ],
)
@pytest.mark.parametrize("extensions", [(), ("pymdownx.superfences",)])
def test_a_block_that_goes_with_an_unclosed_fence_is_an_error(
    page: Callable[..., str], opening: str, above: int, extensions: tuple[str, ...]
) -> None:
    line = opening.count("\n") + 1
    said = f"<markdown>:{line}: tokenheat: the fence that begins {above} lines above this block is"
    with pytest.raises(TokenheatError) as found:
        page(f"{opening}{BLOCK}", *extensions)
    assert str(found.value).startswith(said)
    html = page(f"{opening}{BLOCK}", on_error="show")
    assert len(list(having(parse(html), "tokenheat-error"))) == 1


@pytest.mark.parametrize("opening", ["```tokenheat", "```{.tokenheat}", "``` tokenheat k=1"])
def test_a_block_that_swallows_another_is_an_error(page: Callable[..., str], opening: str) -> None:
    with pytest.raises(TokenheatError, match=r"<markdown>:5: .* another block begins here"):
        page(f"a\n\n```tokenheat\nhi\n{opening}\nhi there\n```")
    html = page(f"a\n\n````tokenheat\nhi\n{opening}\nhi there\n```\n````")
    assert texts(html) == [f"hi\n{opening}\nhi there\n```"]


@pytest.mark.parametrize(
    "source",
    [
        BLOCK,
        "    ```tokenheat\n    hi\n\nx",
        "<!--\n```tokenheat\n-->",
        "````\n```tokenheat\n````",
        "`tokenheat`\n\n# tokenheat\n\n```tokenheating\n",
        "```python\n",
    ],
)
def test_nothing_is_said_of_what_is_no_block(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, source: str
) -> None:
    convert(source, tmp_path, metric="length")
    assert not caplog.records


def test_one_markdown_object_for_several_pages(tmp_path: Path) -> None:
    from mkdocs_tokenheat.hosts.markdown import TokenheatExtension

    extension = TokenheatExtension(cache_dir=str(tmp_path), metric="length", unit="word")
    md = markdown.Markdown(extensions=[extension])
    assert texts(md.convert(f"{BLOCK}\n\n    {BLOCK}")) == ["hi there"]
    assert texts(md.convert("none")) == []
    assert texts(md.convert(f"a\n\n{BLOCK}")) == ["hi there"]
    assert texts(md.reset().convert(f"{BLOCK}\n{BLOCK}")) == ["hi there", "hi there"]


def test_warming_sees_the_blocks_that_the_page_has() -> None:
    source = f"{BLOCK}\n\n<!--\n{BLOCK}\n-->\n\n````\n{BLOCK}\n````\n\n```tokenheat x=y\na\n```\n"
    source += "\n> ```tokenheat\n> quoted\n> ```"
    assert [block.text for block in blocks_of(source, Options())] == ["hi there", "quoted"]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (BAD, 1),
        (f"a\n\nb\n{BAD}", 4),
        ("```tokenheat\n---\nlang: en\nmetrik: a\n---\nhi\n```", 4),
        ("a\n\n> ```tokenheat\n> ---\n> lang: en\n> # b\n>\n> metrik: a\n> ---\n> hi\n> ```", 8),
        (
            f"{BLOCK}\n\n{BLOCK}\n- a\n\n    ```tokenheat\n    ---\n    metrik: a\n    ---\n    ```",
            12,
        ),
        (f"<!--\n{BLOCK}\n-->\n\n> {BLOCK.replace(chr(10), chr(10) + '> ')}\n\n{BAD}", 11),
        (f"<!--\n{BAD}\n-->\n{BAD}", 6),
        (f"---\ntitle: a\n---\n\n{BAD}", 5),
        ("```tokenheat\n\n```", 1),
        (f'```tokenheat caption="How long\nhi\n```\n\n{BLOCK}', 1),
        ("``` {.tokenheat values='[1]}\nhi\n```", 1),
        ("a\r\n\r\n```tokenheat metrik=a\r\nhi\r\n```", 3),
    ],
    ids=range(12),
)
def test_error_names_the_line(page: Callable[..., str], source: str, line: int) -> None:
    with pytest.raises(TokenheatError) as caught:
        page(source, "meta")
    assert str(caught.value).startswith(f"<markdown>:{line}: tokenheat: ")


def test_errors_of_equal_blocks_name_each_ones_line(page: Callable[..., str]) -> None:
    html = page(f"{BAD}\n\n{BAD}\n\n> {BAD.replace(chr(10), chr(10) + '> ')}", on_error="show")
    boxes = [content(box) for box in having(parse(html), "tokenheat-error")]
    assert [box.partition("<markdown>:")[2].partition(":")[0] for box in boxes] == ["1", "5", "9"]
    assert all(box.endswith(BAD) for box in boxes)


def steps(function: Callable[[], object]) -> int:
    """How many functions are called, C's included, while this one runs."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


LONG = {
    "blocks": "```tokenheat\nhi\n```\n\n",
    "unclosed": "```tokenheat\n",
    "unclosed of growing depth": "> ```tokenheat\n\n",
    "comments": "<!--\n```tokenheat\nhi\n```\n-->\n\n",
    "open comments": "a <!--\n\n```tokenheat\nhi\n```\n",
    "indented": "    ```tokenheat\n    hi\n    ```\n\na\n\n",
    "literal": "<pre>\n```tokenheat\nhi\n```\n</pre>\n\n",
    "long text": None,
}


@pytest.mark.parametrize("name", LONG)
def test_fences_are_found_in_linear_time(name: str) -> None:
    unit = LONG[name]

    def source(count: int) -> list[str]:
        if unit is None:
            return ["```tokenheat", *["word"] * count, "```"]
        return normalize(unit * count)

    once, twice = (steps(lambda n=n: list(find_fences(source(n)))) for n in (200, 400))  # type: ignore[misc]
    assert once > 200
    assert twice <= 2.2 * once


@pytest.mark.parametrize("name", ["indented", "literal", "comments", "errors"])
def test_pages_are_converted_in_linear_time(page: Callable[..., str], name: str) -> None:
    unit = LONG.get(name) or f"{BAD}\n\n"
    page(unit, on_error="show")
    once, twice = (
        steps(lambda n=n: page(unit * n, on_error="show"))  # type: ignore[misc]
        for n in (40, 80)
    )
    assert twice <= 2.2 * once


@pytest.mark.parametrize("between", ["text\n", "# h\n", "| a | b |\n|---|---|\n| c | d |\n"])
@pytest.mark.parametrize("container", ["!!! note\n", "- item\n"], ids=["admonition", "item"])
def test_a_container_is_converted_in_linear_time(
    page: Callable[..., str], container: str, between: str
) -> None:
    unit = re.sub("(?m)^", "    ", f"{between}{BLOCK}")

    def converted(count: int) -> str:
        return page(container + f"{unit}\n" * count, "admonition", "tables")

    assert converted(2).count("<figure") == 2
    once, twice = (steps(lambda n=n: converted(n)) for n in (40, 80))  # type: ignore[misc]
    assert twice <= 2.2 * once


@pytest.mark.parametrize(
    "line",
    [
        "`" * 40_000,
        "```" + '="' * 20_000 + "`",
        "```" + "='`'" * 10_000 + "`",
        "~" * 40_000,
        "~~~" + '="' * 20_000 + "~",
        "> " * 20_000,
    ],
)
def test_long_lines_are_read_at_once(line: str) -> None:
    # A pattern that backtracks would never finish.
    assert fences(f"{line}\nhi\n{line}") == []


@pytest.mark.parametrize("unit", ["a ", "a=1 ", 'a="1" '])
def test_a_long_first_line_takes_little_memory(unit: str) -> None:
    line = "```python " + unit * 100_000
    tracemalloc.start()
    try:
        assert list(find_fences([line, "x", "```", "tokenheat"])) == []
        assert tracemalloc.get_traced_memory()[1] < 20 * len(line)
    finally:
        tracemalloc.stop()


def test_a_line_like_a_snippets_is_read_at_once(page: Callable[..., str]) -> None:
    line = "-8<" + "-" * 400_000
    with pytest.raises(TokenheatError, match="more than max_tokens"):
        page(f"```tokenheat\n{line}\na\n\n```")


@pytest.mark.parametrize("name", ["site", "host", "fail", "page", "collected", "drawn", "self"])
def test_what_a_host_brings_along_is_no_setting(name: str) -> None:
    with pytest.raises(TokenheatError, match=f"unknown setting '{name}'"):
        markdown.markdown("", extensions=["tokenheat"], extension_configs={"tokenheat": {name: 1}})
