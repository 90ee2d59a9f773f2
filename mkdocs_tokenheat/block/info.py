"""Reads what stands above a block's text: the info string and the YAML front matter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from mkdocs_tokenheat.errors import TokenheatError, excerpt

if TYPE_CHECKING:
    from yaml.events import Event

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
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


def read_info(info: str) -> dict[str, Raw]:
    """The options of an info string such as `tokenheat metric=norm caption="two words"`.

    Raises:
        TokenheatError: What cannot be read, or a key given twice.
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
                f'options are written key=value or key="two words"{straight}',
                line=0,
            )
        if found["key"] in options:
            raise TokenheatError(f"option '{found['key']}' is given twice", line=0)
        options[found["key"]] = next(
            value for value in found.group("double", "single", "bare") if value is not None
        )
        at = found.end()
    return options


def _without_braces(text: str) -> str:
    inside, brace, behind = text[1:].rpartition("}")
    if not brace:
        raise TokenheatError("the info string's '{' is not closed by a '}'", line=0)
    if behind.strip() or "}" in _QUOTED.sub("", inside):
        raise TokenheatError("all options stand inside the braces: {.tokenheat key=value}", line=0)
    return inside.strip()


def split_front_matter(body: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """The lines of the front matter (without its marks) and those of the text."""
    if body and body[0].rstrip() == "---":
        for number, line in enumerate(body[1:], 1):
            if line.rstrip() == "---":
                return body[1:number], body[number + 1 :]
    return (), body


def read_front_matter(lines: Sequence[str]) -> dict[str, tuple[Raw, int | None]]:
    """The front matter's options, each with its line counted from the block's fence.

    Only `key: value` and lists of scalars are read, event by event: aliases, tags and deeper
    nesting end the reading before anything is built from them.

    Raises:
        TokenheatError: YAML that cannot be read, with its line.
    """
    options: dict[str, tuple[Raw, int | None]] = {}
    # Most blocks have none, and a YAML reader is not made in no time.
    pairs = _mapping("\n".join(lines), first_line=2) if lines else ()
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
    found = _mapping(f"list: {text}", first_line=None)
    if len(found) != 1 or not isinstance(found[0][1], list):
        raise TokenheatError(f"cannot be read as a list: '{excerpt(text)}'")
    return found[0][1]


def _mapping(text: str, first_line: int | None) -> list[tuple[str, Raw, int | None]]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return list(_pairs(yaml.parse(text, Loader=loader), first_line))
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        problem = getattr(error, "problem", None) or str(error)
        if "nesting depth" in problem:  # libyaml looks far ahead, and has a limit of its own.
            raise _not_flat(error.problem_mark, first_line) from None  # type: ignore[union-attr]
        what = "the front matter is not YAML" if first_line else "cannot be read as a list"
        if "mapping values are not" in problem or "cannot start any token" in problem:
            problem += " (a value with ': ' in it, or a sign at its start, goes in quotes)"
        line = _line(getattr(error, "problem_mark", None), first_line)
        if line is not None and isinstance(error, yaml.reader.ReaderError):
            # A character that YAML does not allow, which has no mark.
            line += text.partition(chr(int(error.character)))[0].count("\n")
        raise TokenheatError(f"{what}: {problem}", line=line) from None


def _pairs(
    events: Iterator[Event], first_line: int | None
) -> Iterator[tuple[str, Raw, int | None]]:
    import yaml

    for event in events:
        if isinstance(event, yaml.MappingStartEvent) and not _is_marked(event):
            break
        if isinstance(event, yaml.StreamEndEvent):
            break
        if not isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent)):
            raise _not_flat(event.start_mark, first_line)
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        key = _scalar(event, first_line) or ""
        yield key, _value(events, first_line), _line(event.start_mark, first_line)
    for event in events:
        if not isinstance(event, (yaml.DocumentEndEvent, yaml.StreamEndEvent)):
            raise _not_flat(event.start_mark, first_line)


def _value(events: Iterator[Event], first_line: int | None) -> Raw:
    import yaml

    event = next(events)
    if not isinstance(event, yaml.SequenceStartEvent) or _is_marked(event):
        return _scalar(event, first_line)
    items: list[str | None] = []
    while not isinstance(item := next(events), yaml.SequenceEndEvent):
        items.append(_scalar(item, first_line))
    return items


def _scalar(event: Event, first_line: int | None) -> str | None:
    import yaml

    if not isinstance(event, yaml.ScalarEvent) or _is_marked(event):
        raise _not_flat(event.start_mark, first_line)
    return None if not event.style and event.value in _NULLS else str(event.value)


def _is_marked(event: Any) -> bool:
    return event.anchor is not None or event.tag not in (None, "!")


def _not_flat(mark: Any, first_line: int | None) -> TokenheatError:
    takes = (
        "takes a list of plain values"
        if first_line is None
        else "the front matter (the lines between '---') takes 'key: value' and lists of plain values"
    )
    return TokenheatError(
        f"{takes}, without nesting, aliases or tags", line=_line(mark, first_line)
    )


def _line(mark: Any, first_line: int | None) -> int | None:
    return None if first_line is None else first_line + (mark.line if mark else 0)
