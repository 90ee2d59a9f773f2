"""Reads what precedes a block's text: the info string and the YAML front matter."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mkdocs_tokenheat.errors import TokenheatError, excerpt

__all__ = ["Raw", "read_front_matter", "read_info", "read_list", "split_front_matter"]

Raw = str | list[str | None] | None
"""An option's value as it was written: a scalar, a list of scalars, or a YAML null."""

_NAME = re.compile(r"(?:\.?[\w.+-][\w#.+-]*)?")
_OPTION = re.compile(
    r"""\s*(?P<key>[A-Za-z_][\w-]*)="""
    r"""(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>\[[^][]*\]|[^\s"'=]+))(?=\s|$)"""
)
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_CURLY = re.compile("[\u2018\u2019\u201c\u201d\u00ab\u00bb]")


def read_info(info: str) -> dict[str, Raw]:
    """The options of an info string such as `tokenheat metric=norm caption="two words"`.

    Raises:
        TokenheatError: It cannot be read, or a key is given twice.
    """
    rest = info.strip()
    if rest.startswith("{"):
        rest = _without_braces(rest)
    rest = rest[_NAME.match(rest).end() :].strip()  # type: ignore[union-attr]
    if rest.startswith("{"):
        rest = _without_braces(rest)
    options: dict[str, Raw] = {}
    at = 0
    while at < len(rest):
        found = _OPTION.match(rest, at)
        if found is None:
            straight = " with straight quotes" if _CURLY.search(rest) else ""
            raise TokenheatError(
                f"cannot read '{excerpt(rest[at:])}' in the info string: "
                f'options are written key=value or key="two words"{straight}'
            )
        if found["key"] in options:
            raise TokenheatError(f"option '{found['key']}' is given twice")
        options[found["key"]] = next(
            value for value in found.group("double", "single", "bare") if value is not None
        )
        at = found.end()
    return options


def _without_braces(text: str) -> str:
    inside, brace, behind = text[1:].rpartition("}")
    if not brace:
        raise TokenheatError("the info string's '{' is not closed by a '}'")
    if behind.strip() or "}" in _QUOTED.sub("", inside):
        raise TokenheatError("put all options inside the braces: {.tokenheat key=value}")
    return inside.strip()


def split_front_matter(body: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The lines of the front matter (without the delimiters) and those of the text."""
    if body and body[0].rstrip() == "---":
        for number, line in enumerate(body[1:], 1):
            if line.rstrip() == "---":
                return body[1:number], body[number + 1 :]
    return (), body


def read_front_matter(lines: Sequence[str]) -> dict[str, tuple[Raw, int]]:
    """The front matter's options, each with its line counted from the block's fence.

    Raises:
        TokenheatError: YAML that cannot be read, with its line.
    """
    if not lines:  # Most blocks have none, and creating a YAML reader takes time.
        return {}
    from mkdocs_tokenheat.block.flat import read_flat

    options: dict[str, tuple[Raw, int]] = {}
    pairs = read_flat(
        "\n".join(["", "", *lines]),  # It comes after the fence and its own first delimiter.
        "the front matter is not YAML",
        "the front matter (the lines between '---') takes 'key: value' and lists of plain values",
    )
    for key, value, line in pairs:
        if key in options:
            raise TokenheatError(f"option '{key}' is given twice", line=line)
        options[key] = (value, line)
    return options


def read_list(text: str) -> list[str | None]:
    """The scalars of a YAML flow list such as `[1, 2.5, null]`.

    Raises:
        TokenheatError: Anything else.
    """
    from mkdocs_tokenheat.block.flat import read_flat

    unread = "cannot be read as a list"
    found = read_flat(f"list: {text}", unread, "takes a list of plain values")
    if len(found) != 1 or not isinstance(found[0][1], list):
        raise TokenheatError(f"{unread}: '{excerpt(text)}'")
    return found[0][1]
