"""pymdown-extensions: those that courses use, on together, in any order of the config."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import markdown
import pytest

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts.markdown import TokenheatExtension
from mkdocs_tokenheat.hosts.page import Hosting
from tests.pages import content, having, parse, texts

EXTENSIONS = (
    "pymdownx.superfences",
    "pymdownx.tabbed",
    "pymdownx.details",
    "pymdownx.snippets",
    "admonition",
    "tokenheat",
)
BLOCKS = ("admonition", "caption", "definition", "details", "html", "tab")
CONFIGS = {"pymdownx.tabbed": {"alternate_style": True}}

SOURCE = """
/// tab | A tab

~~~~tokenheat
in a tab block
~~~~

/// note | A note

- item

    ```tokenheat
    in a list in a note
      in a tab block
    ```

///
///

/// tab | Another
```python
code
```
///

/// details | Details
    type: warning
```tokenheat
in details
```
///

/// html | div
```tokenheat
in html
```
///

/// figure-caption
    prepend: true
A caption
///

!!! note "Old style"

    ??? tip "Details"

        === "Tab"

            ```tokenheat
            in four

              containers
            ```

        === "Code"

            ````markdown
            ```tokenheat
            shown
            ```
            ````

> --8<-- "part.md"

--8<-- "part.md"

/// html | pre
```tokenheat
literal
```
///
"""

TEXTS = [
    "in a tab block",
    "in a list in a note\n  in a tab block",
    "in details",
    "in html",
    "in four\n\n  containers",
    "from a snippet",
]


def convert(folder: Path, extensions: list[str]) -> str:
    (folder / "part.md").write_text("```tokenheat\nfrom a snippet\n```\n", "utf-8")
    heat = TokenheatExtension(cache_dir=str(folder / "cache"), metric="length", unit="word")
    return markdown.markdown(
        SOURCE,
        extensions=[heat if name == "tokenheat" else name for name in extensions],
        extension_configs={**CONFIGS, "pymdownx.snippets": {"base_path": [str(folder)]}},
    )


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> str:
    blocks = [f"pymdownx.blocks.{name}" for name in BLOCKS]
    return convert(tmp_path_factory.mktemp("pymdown"), [*EXTENSIONS, *blocks])


def test_every_block_is_found_in_its_container(expected: str) -> None:
    assert texts(expected) == TEXTS
    root = parse(expected)
    (note,) = (each for each in having(root, "admonition") if "A note" in content(each))
    assert [content(each) for each in having(note, "tokenheat-text")] == [TEXTS[1]]
    assert not list(having(root, "tokenheat-error"))
    shown = [content(code) for code in root.iter("code")]
    assert "```tokenheat\nshown\n```\n" in shown


@pytest.mark.parametrize("first", EXTENSIONS)
def test_the_order_of_the_config_does_not_matter(tmp_path: Path, expected: str, first: str) -> None:
    blocks = [f"pymdownx.blocks.{name}" for name in BLOCKS]
    others = [name for name in EXTENSIONS if name != first]
    for at, order in enumerate(permutations(others)):
        if at % 7:
            continue
        turned = blocks[at % 6 :] + blocks[: at % 6]
        for extensions in ([first, *order, *turned], [*turned, first, *order]):
            assert convert(tmp_path, extensions) == expected, extensions


def test_what_another_extension_has_replaced_is_no_text(tmp_path: Path) -> None:
    heat = TokenheatExtension(
        Hosting(page="a.md"), cache_dir=str(tmp_path), metric="length", unit="word"
    )
    with pytest.raises(
        TokenheatError,
        match=r"a\.md:3: tokenheat: another Markdown extension has",
    ):
        markdown.markdown(
            "{++x++}\n\n```tokenheat\nThe {++old++} town\n```",
            extensions=["pymdownx.critic", heat],
        )


def test_fences_that_superfences_takes_away_are_an_error(tmp_path: Path) -> None:
    told: list[TokenheatError] = []

    def converted(source: str, on_error: str = "raise") -> None:
        heat = TokenheatExtension(
            Hosting(page="a.md", collected=told), on_error=on_error, cache_dir=str(tmp_path)
        )
        markdown.markdown(
            source,
            extensions=[heat, "pymdownx.superfences"],
            extension_configs={"pymdownx.superfences": {"preserve_tabs": True}},
        )

    with pytest.raises(
        TokenheatError, match=r"a\.md:3: tokenheat: .*'preserve_tabs': set it to false"
    ):
        converted("# Heat\n\n```tokenheat\nhi\n```")
    converted("```tokenheat\nhi\n```\n\n```tokenheat\nho\n```", "show")
    assert [error.place for error in told] == ["a.md:1", "a.md:5"]
    converted("<!--\n```tokenheat\nhi\n```\n-->")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('--8<-- "text.txt"', "ab\n\ncd"),
        ("--8<--\ntext.txt\n--8<--", "ab\n\ncd"),
        ('--8<-- "text.txt"\n', "ab\n\ncd\n"),
        ('ef\n--8<-- "text.txt"', "ef\nab\n\ncd"),
        ('--8<-- "text.txt"\nef', "ab\n\ncd\n\nef"),
        ("ef\n", "ef\n"),
    ],
)
@pytest.mark.parametrize("indent", ["", "    "])
def test_a_snippets_last_newline_is_no_token(
    tmp_path: Path, body: str, text: str, indent: str
) -> None:
    (tmp_path / "text.txt").write_text("ab\n\ncd\n", "utf-8")
    block = f"```tokenheat\n{body}\n```\n"
    source = f"{'- a' if indent else 'a'}\n\n" + "".join(
        f"{indent}{line}" if line.strip() else line for line in block.splitlines(keepends=True)
    )
    heat = TokenheatExtension(cache_dir=str(tmp_path / "cache"), metric="length", unit="word")
    configs = {"pymdownx.snippets": {"base_path": [str(tmp_path)]}}
    html = markdown.markdown(
        source, extensions=["pymdownx.snippets", heat], extension_configs=configs
    )
    assert texts(html) == [text]


def test_a_block_keeps_its_own_last_line_beside_one_that_ends_in_a_snippet(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("ab\n", "utf-8")
    source = '```tokenheat\n--8<-- "text.txt"\n```\n\n```tokenheat\nmine\n\n```\n'
    heat = TokenheatExtension(cache_dir=str(tmp_path / "cache"), metric="length", unit="word")
    configs = {"pymdownx.snippets": {"base_path": [str(tmp_path)]}}
    html = markdown.markdown(
        source, extensions=["pymdownx.snippets", heat], extension_configs=configs
    )
    assert texts(html) == ["ab", "mine\n"]
