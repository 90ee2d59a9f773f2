"""YAML of one level: keys with scalars and lists of scalars, read event by event.

Aliases, tags and deeper nesting stop the reader before anything is built from them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import yaml

from mkdocs_tokenheat.errors import TokenheatError

if TYPE_CHECKING:
    from mkdocs_tokenheat.block.info import Raw

__all__ = ["read_flat"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_NESTING = "nesting depth"
"""Part of libyaml's own message, too: it looks far ahead and has a limit of its own."""


def read_flat(text: str, unread: str, takes: str) -> list[tuple[str, Raw, int]]:
    """The keys of a mapping, each with its value and its line, counted from 0.

    Parameters:
        unread: The beginning of the message for invalid YAML.
        takes: The beginning of the message for YAML that is not flat.

    Raises:
        TokenheatError: The text is not such a mapping; with the line.
    """
    try:
        return list(_pairs(yaml.parse(text, Loader=_LOADER)))
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        problem = getattr(error, "problem", None) or str(error)
        mark = getattr(error, "problem_mark", None)
        line = mark.line if mark else 0
        if isinstance(error, yaml.reader.ReaderError):
            # For a character that YAML does not allow, there is no mark.
            line = text.partition(chr(int(error.character)))[0].count("\n")
    if _NESTING in problem:
        raise TokenheatError(f"{takes}, without nesting, aliases or tags", line=line)
    if "mapping values are not" in problem or "cannot start any token" in problem:
        problem += " (put a value that contains ': ' or starts with a special character in quotes)"
    raise TokenheatError(f"{unread}: {problem}", line=line)


def _pairs(events: Iterator[Any]) -> Iterator[tuple[str, Raw, int]]:
    for event in events:
        if isinstance(event, yaml.MappingStartEvent) and not _is_marked(event):
            break
        if isinstance(event, yaml.StreamEndEvent):
            break
        if not isinstance(event, (yaml.StreamStartEvent, yaml.DocumentStartEvent)):
            raise _not_flat(event)
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        key = _scalar(event) or ""
        yield key, _value(events), event.start_mark.line
    for event in events:
        if not isinstance(event, (yaml.DocumentEndEvent, yaml.StreamEndEvent)):
            raise _not_flat(event)


def _value(events: Iterator[Any]) -> Raw:
    event = next(events)
    if not isinstance(event, yaml.SequenceStartEvent) or _is_marked(event):
        return _scalar(event)
    items: list[str | None] = []
    while not isinstance(item := next(events), yaml.SequenceEndEvent):
        items.append(_scalar(item))
    return items


def _scalar(event: Any) -> str | None:
    if not isinstance(event, yaml.ScalarEvent) or _is_marked(event):
        raise _not_flat(event)
    return None if not event.style and event.value in _NULLS else str(event.value)


def _is_marked(event: Any) -> bool:
    return event.anchor is not None or event.tag not in (None, "!")


def _not_flat(event: Any) -> yaml.YAMLError:
    return yaml.MarkedYAMLError(problem=_NESTING, problem_mark=event.start_mark)
