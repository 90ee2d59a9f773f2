"""The fence finder against superfences: the same documents, the same fences, the same text.

Each document is written twice: once with our language, and once with another, which superfences
hands to a function that records what it gets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import markdown
import pytest

from mkdocs_tokenheat.block.fences import find_fences
from mkdocs_tokenheat.block.text import normalize

HEADERS = (
    "LANG",
    " LANG",
    "   LANG   ",
    'LANG title="A title"',
    'LANG linenums="1"',
    'LANG linenums="2 3 1"',
    'LANG hl_lines="1 3-5"',
    'LANG hl_lines="1 3" linenums="5" title="All at once"',
    "LANG title='single quotes'",
    'LANG title="with `ticks` in it"',
    "{.LANG}",
    "{ .LANG }",
    "{.LANG .more #name}",
    '{.LANG title="A title"}',
    "{.LANG linenums=1}",
    "{.LANG data-key=value}",
    " {  .LANG   .a   data-b='c d'  }",
    '{.LANG hl_lines="1 2" linenums="1 1 2"}',
    "other",
    "other title='LANG'",
    "{.other .LANG}",
    "LANGUAGE",
    "LANG-like",
    "xLANG",
    "",
)
"""What may follow the marks: language, options, and attribute lists with classes and an id."""

BODIES = (
    "one",
    "one\n\ntwo",
    "\n\none\n\n",
    "  one\n    two\n\tthree",
    "``\n~~",
    "MARKS x",
    "x MARKS",
    " MARKSM",
    "- one\n- two",
    "> one",
    "# one\n===",
    "<div>\n<!-- two -->\n</div>",
    "[one]: two\n*[HTML]: three\n$x$ {{ y }}",
    "    one",
    "one  \ntwo\\\n",
)

MARKS = ("```", "~~~", "````", "~~~~~~")

CONTAINERS = {
    "top": ("", ""),
    "list": ("- item\n\n", "    "),
    "list, close": ("- item\n", "    "),
    "ordered": ("1. item\n\n", "    "),
    "list in list": ("- item\n\n    - inner\n\n", "        "),
    "quote": ("", "> "),
    "quote, no space": ("", ">"),
    "quote in quote": ("> a\n>\n", "> > "),
    "quote in list": ("- item\n\n", "    > "),
    "list in quote": ("> - item\n>\n", ">     "),
    "admonition": ("!!! note\n\n", "    "),
    "details": ('??? note "Title"\n\n', "    "),
    "tab": ('=== "Tab"\n\n', "    "),
    "tab in admonition": ('!!! note\n\n    === "Tab"\n\n', "        "),
    "definition": ("Term\n\n:   Definition\n\n", "    "),
    "footnote": ("text[^1]\n\n[^1]:\n", "    "),
    "indented by two": ("", "  "),
    "indented by three": ("text\n\n", "   "),
    "tab character": ("- item\n\n", "\t"),
}

EXTENSIONS = (
    "pymdownx.superfences",
    "pymdownx.tabbed",
    "pymdownx.details",
    "admonition",
    "footnotes",
    "def_list",
)


def recorded(document: str) -> list[str]:
    """The text of each fence that superfences finds."""
    found: list[str] = []

    def note(source: str, *rest: object, **more: object) -> str:
        found.append(source)
        return "noted"

    fence = {"name": "noted", "class": "noted", "format": note, "validator": lambda *a, **k: True}
    markdown.markdown(
        document.replace("LANG", "noted"),
        extensions=[*EXTENSIONS],
        extension_configs={"pymdownx.superfences": {"custom_fences": [fence]}},
    )
    return [text.replace("noted", "LANG") for text in found]


def ours(document: str) -> list[str]:
    lines = normalize(document.replace("LANG", "tokenheat"))
    return [
        "\n".join(fence.body).replace("tokenheat", "LANG")
        for fence in find_fences(lines)
        if fence.closed
    ]


def same(document: str) -> int:
    """Both find the same; returns how much."""
    found = ours(document)
    # Lines of white space are empty in a block's text.
    noted = [re.sub("(?m)^ +$", "", text) for text in recorded(document)]
    assert found == noted, document
    return len(found)


def fence(header: str, body: str, marks: str) -> str:
    body = body.replace("MARKS", marks).replace("M", marks[0])
    return f"{marks}{header}\n{body}\n{marks}"


def inside(container: str, text: str) -> str:
    opening, prefix = CONTAINERS[container]
    lines = [prefix + line if line or ">" in prefix else line for line in text.split("\n")]
    return opening + "\n".join(lines)


@pytest.mark.parametrize("container", CONTAINERS)
def test_headers_and_bodies(container: str) -> None:
    found = 0
    for marks in MARKS:
        for header in HEADERS:
            found += same(inside(container, fence(header, "one\n\n  two", marks)) + "\n\nend\n")
        for body in BODIES:
            found += same(inside(container, fence("LANG", body, marks)) + "\n\nend\n")
    # Of the headers, 18 name the language; every body counts, but one that ends the fence early.
    assert found >= len(MARKS) * (15 + len(BODIES) - 3)


LONGER = "````LANG\n```LANG\ninner\n```\n````"

DOCUMENTS = {
    "two in a row": "```LANG\na\n```\n```LANG\nb\n```",
    "after a paragraph": "text\n```LANG\na\n```\nmore",
    "fence in a longer one": LONGER,
    "fence in another language's": "````markdown\n```LANG\ninner\n```\n````\n\n```LANG\na\n```",
    "tildes around backticks": "~~~LANG\n```\na\n```\n~~~",
    "closed by other marks": "```LANG\na\n~~~\n\n```LANG\nb\n```",
    "closed by more marks": "```LANG\na\n````\nb\n```",
    "closed by fewer marks": "````LANG\na\n```\nb\n````",
    "never closed": "```LANG\na\n\nb",
    "never closed, then one": "````LANG\na\n\n```LANG\nb\n```",
    "closing mark with a word": "```LANG\na\n``` b\n```",
    "closing mark with spaces": "```LANG\na\n```   \nb",
    "inline code": "text ```LANG a``` text\n\n```LANG b```",
    "two marks only": "``LANG\na\n``",
    "indented code": "text\n\n    text\n\n    a",
    "less indent inside a list": "- item\n\n    ```LANG\n  a\n    ```",
    "more indent inside a list": "- item\n\n    ```LANG\n        a\n    ```",
    "closing with less indent": "- item\n\n    ```LANG\n    a\n```",
    "closing with more indent": "- item\n\n    ```LANG\n    a\n      ```",
    "blank line inside a list": "- item\n\n    ```LANG\n    a\n\n    b\n    ```",
    "a quote's blank line": "> ```LANG\n> a\n>\n> b\n> ```",
    "a quote that goes on lazily": "> ```LANG\n> a\nb\n> ```",
    "a quote that ends": "> ```LANG\n> a\n\n> b\n> ```",
    "a deeper quote inside": "> ```LANG\n> > a\n> ```",
    "a quote mark inside no quote": "```LANG\n> a\n```",
    "html": "<div>\n\n```LANG\na\n```\n\n</div>",
    "windows' line ends": "```LANG\r\na\r\n\r\nb\r\n```\r\n",
    "tabs": "```LANG\na\tb\n\tc\n```",
    "tab before the closing mark": "- item\n\n\t```LANG\n\ta\n\t```",
    "wide letters": "```LANG\n日本語 nghiêng 👩‍👩‍👧\n```",
    "nothing": "```LANG\n```",
    "header with a stray mark": "```LANG `a`\nb\n```",
    "tildes with a backtick in the header": '~~~LANG title="`a`"\nb\n~~~',
    "between headings": "# A\n```LANG\na\n```\n## B\n```LANG\nb\n```",
    "after a list item without indent": "- item\n```LANG\na\n```\n- item",
    "tabs in admonitions in lists": '- item\n\n    !!! note\n\n        === "A"\n\n'
    "            ```LANG\n            a\n            ```\n\n"
    '        === "B"\n\n            ```LANG\n            b\n            ```',
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(name: str) -> None:
    same(DOCUMENTS[name])


def pairs() -> Iterator[tuple[str, str]]:
    names = list(DOCUMENTS)
    for step in (1, 5, 11):
        yield from zip(names, names[step:] + names[:step], strict=True)


def test_documents_one_after_the_other() -> None:
    assert sum(same(f"{DOCUMENTS[a]}\n\n{DOCUMENTS[b]}\n") for a, b in pairs()) > 100


@pytest.mark.parametrize("container", CONTAINERS)
def test_documents_inside_containers(container: str) -> None:
    assert sum(same(inside(container, document)) for document in DOCUMENTS.values()) > 20
