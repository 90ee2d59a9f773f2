"""From a fence, or from what another host provides, to a block: options and a text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mkdocs_tokenheat.block.info import Raw, read_front_matter, read_info, split_front_matter
from mkdocs_tokenheat.block.options import NAMES, Options, read_options
from mkdocs_tokenheat.block.text import clean
from mkdocs_tokenheat.errors import TokenheatError, is_like

__all__ = ["Block", "make_block", "read_block"]


_FIELD = re.compile(r":(?P<name>[\w-]+):(?: |$)")


@dataclass(frozen=True)
class Block:
    """A text and how to draw it.

    Attributes:
        text: The text, character for character as the page will show it.
        options: The block's options on top of the site's defaults.
        lines: The options that the block itself gives, each with its line counted from the fence.
    """

    text: str
    options: Options
    lines: Mapping[str, int] = field(default_factory=dict)


def read_block(info: str, body: Sequence[str], defaults: Options) -> Block:
    """The block of a fence.

    Raises:
        TokenheatError: What the author has to fix, with the line counted from the fence.
    """
    _check_fields(info, body)
    front_matter, text = split_front_matter(body)
    try:
        raw, lines = _above(info, front_matter)
        return make_block(raw, "\n".join(text), defaults, lines)
    except TokenheatError as error:
        if error.line and _may_be_text(front_matter):
            hint = "if the text itself starts with '---', put an empty front matter before it"
            raise error.but(f"{error.message} ({hint})") from None
        raise


def _check_fields(info: str, body: Sequence[str]) -> None:
    if not info.startswith("{tokenheat}"):
        return
    for line, content in enumerate(body, 1):
        found = _FIELD.match(content)
        if found is None:
            return
        if found["name"] in (*NAMES, "name", "class"):
            raise TokenheatError(
                f"':{found['name']}:' is how options are written in Sphinx: here, put them in the "
                "block's first line, such as {.tokenheat metric=norm}, or between two '---' lines",
                line=line,
            )


def _above(info: str, front_matter: Sequence[str]) -> tuple[dict[str, Raw], dict[str, int]]:
    in_info = read_info(info)
    raw = dict(in_info)
    lines = dict.fromkeys(in_info, 0)
    for name, (value, line) in read_front_matter(front_matter).items():
        if name in in_info:
            raise TokenheatError(
                f"option '{name}' is given twice, in the info string and in the front matter",
                line=line,
            )
        raw[name] = value
        lines[name] = line
    return raw, lines


def _may_be_text(front_matter: Sequence[str]) -> bool:
    """Whether none of its first keys resembles an option's name."""
    keys = [
        line.partition(":")[0].strip("'\" ") for line in front_matter if line[:1] not in ("", "#")
    ]
    return not any(is_like(key, NAMES, 0.7) for key in keys[:9])


def make_block(
    raw: Mapping[str, Raw], text: str, defaults: Options, lines: Mapping[str, int] | None = None
) -> Block:
    """A block from options as written and a text whose white space is already normalised.

    Raises:
        TokenheatError: An option that cannot be read, or a text of only white space.
    """
    lines = lines if lines is not None else dict.fromkeys(raw, 0)
    try:
        options = read_options(raw, defaults)
    except TokenheatError as error:
        error.line = error.line_in(lines)
        raise
    text = clean(text)
    if not text.strip():
        raise TokenheatError("the block has no text: write the text to colour in it")
    return Block(text, options, lines)
