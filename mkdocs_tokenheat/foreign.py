"""Turns anything another library raises into an error that says what could not be done."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from mkdocs_tokenheat.errors import TokenheatError

__all__ = ["foreign"]

_log = logging.getLogger("mkdocs_tokenheat")


@contextmanager
def foreign(what: str, place: str | None = None) -> Iterator[None]:
    """Prefix any error with `what`: tokenizers, transformers and plugins raise all kinds.

    A panic in Rust code, which a malformed file can cause, arrives as a `BaseException`. The
    traceback is logged for debugging.

    Parameters:
        place: Where it happened, such as the name of a config.

    Raises:
        TokenheatError: In place of any other error.
    """
    try:
        yield
    except TokenheatError:
        raise
    except BaseException as error:
        is_own = isinstance(error, (Exception, SystemExit))
        if not is_own and type(error).__name__ != "PanicException":
            raise
        said = str(error)
        # A single word, such as a KeyError's key, says little without its class.
        said = said if " " in said else f"{type(error).__name__}: {said}"
        told = TokenheatError(f"{what}: {said}")
        _log.debug("%s", told, exc_info=True)
        raise (told.at(place) if place else told) from None
