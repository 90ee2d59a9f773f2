"""What hypothesis builds pages and texts from."""

from __future__ import annotations

import re

from hypothesis import strategies as st

MARKUP = (
    "<script>alert(1)</script>",
    "</pre>",
    "</span></pre></figure><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' style='x",
    "&amp;",
    "&#60;b&#62;",
    "&lt;b&gt;",
    "<!--",
    "-->",
    "]]>",
    "--></details>",
    "\\*",
    "**a** _b_ `c` [d](e)",
)
"""Strings that would show if anything were not escaped, or were escaped twice."""

PLACEHOLDERS = (
    "\x02wzxhzdk:0\x03",
    "\x02klzzwxh:0\x03",
    "\x02amp\x03",
    "wzxhzdk:0",
    "\x0242\x03",
    "<figure>\x02tokenheat:0\x03</figure>",
)
"""The placeholders of Python-Markdown, and ours."""

LETTERS = (
    "naïve",
    "nai\u0308ve",
    "tiếng Việt",
    "tie\u0302\u0301ng Vie\u0323\u0302t",
    "e\u0301",
    "\u0301",
    "日本語",
    "שָׁלוֹם",
    "مرحبا",
    "हिन्दी",
    "👋🏽",
    "🇻🇳",
    "🇻🇳🇫🇷🇩",
    "👩\u200d👩\u200d👧\u200d👦",
    "☝🏿️",
    "\u00a0",
    "\u3000",
    "\u200b",
    "\u2028",
    "\x85",
    "\ufeff",
    "\ufffe",
    "▁",
    "don't",
    "well-known",
    "GPT-2",
    "(a)",
    "…",
)

WHITE_SPACE = (" ", "  ", "\t", "\n", "\n\n", "\n   \n", "\r\n", "\r", "    a", "\n---\n", "---\n")

CONTROL = tuple(map(chr, (*range(9), 11, 12, *range(14, 32), 127)))


def texts() -> st.SearchStrategy[str]:
    """Texts that an author could put into a block, with everything that has broken pages before."""
    pieces = st.one_of(
        st.sampled_from(MARKUP),
        st.sampled_from(PLACEHOLDERS),
        st.sampled_from(LETTERS),
        st.sampled_from(WHITE_SPACE),
        st.sampled_from(CONTROL),
        st.sampled_from(("a", "the", "cat", "Zürich", "x", ".", ",", "1.5")),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    )
    return st.lists(pieces, min_size=1, max_size=12).map("".join)


def as_block_text(written: str) -> str:
    """The block's text, by design, for what an author has written."""
    text = f"{written}\n".replace("\x02", "").replace("\x03", "")
    text = text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4).removesuffix("\n")
    lines = ["" if not line.strip(" ") else line for line in text.split("\n")]
    return re.sub(r"[\x00-\x09\x0b-\x1f]", "\ufffd", "\n".join(lines))


def fenced(text: str, info: str = "tokenheat") -> str:
    """A fence around the text that nothing in the text can close."""
    longest = max((len(run) for run in re.findall("~+", text)), default=0)
    marks = "~" * max(3, longest + 1)
    front_matter = "---\n---\n" if re.match(r"[\x02\x03]*-", text) else ""
    return f"{marks}{info}\n{front_matter}{text}\n{marks}"


_PREFIXES = ("", "", "    ", "> ", ">", "  ", "> > ", "        ", ">     ", "   ")
_LINES = (
    "```",
    "````",
    "~~~",
    "~~~~",
    "``` ",
    "`````",
    "```tokenheat",
    "~~~~ tokenheat",
    "```{.tokenheat}",
    "~~~ { .tokenheat }",
    "```python",
    "````python",
    "```tokenheat-x",
    "```foo```",
    "a",
    "b c",
    "",
    " ",
    "  d",
    "- x",
)


def fence_pages() -> st.SearchStrategy[str]:
    """Pages that consist of little else than fences, well formed or not, at all depths."""
    lines = st.tuples(st.sampled_from(_PREFIXES), st.sampled_from(_LINES)).map("".join)
    return st.lists(lines, max_size=14).map("\n".join)


_MARKDOWN = (
    "# Heading",
    "A paragraph with `code` and *emphasis*.",
    "",
    "",
    "- item",
    "    - nested",
    "    code",
    "> quote",
    "```python",
    "```",
    "~~~~ {.foo}",
    "~~~~",
    "<div markdown>",
    "</div>",
    "<pre>",
    "</pre>",
    "<!-- comment",
    "-->",
    "&amp; < > \" ' \\",
    "a  ",
    "\tb",
    "[ref]: https://example.org",
    "[^1]: note",
    "!!! note",
    '=== "Tab"',
    "| a | b |",
    "|---|---|",
    "*[HTML]: abbreviation",
    "\x02wzxhzdk:0\x03",
    "\x0c",
)


def markdown_pages() -> st.SearchStrategy[str]:
    """Pages without a block."""
    lines = st.one_of(st.sampled_from(_MARKDOWN), st.text(max_size=20))
    pages = st.lists(lines, max_size=15).map("\n".join)
    return pages.filter(lambda page: "tokenheat" not in page)


_CODE = (
    "",
    "",
    "```tokenheat",
    "```tokenheat metric=norm",
    "```",
    "~~~tokenheat",
    "~~~",
    "x",
    "  y <b> &amp;",
    '"quoted"',
    "> z",
    "- item",
)


def indented_codes() -> st.SearchStrategy[str]:
    """Indented code that shows fences, with blank lines and neighbours."""
    lines = st.lists(st.sampled_from(_CODE), min_size=1, max_size=12)
    indented = lines.map(lambda each: "\n".join("    " + line if line else "" for line in each))
    return indented.map(lambda code: f"before\n\n    first\n{code}\n    last\n\nafter")
