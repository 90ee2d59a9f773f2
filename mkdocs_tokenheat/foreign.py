"""Turns whatever another library raises into an error that says what could not be done."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from mkdocs_tokenheat.errors import TokenheatError

__all__ = ["foreign"]

_log = logging.getLogger("mkdocs_tokenheat")


@contextmanager
def foreign(what: str, place: str | None = None) -> Iterator[None]:
    """Say `what` of any error: tokenizers, transformers and hosts' plugins raise what they will.

    A panic of Rust code, which a file that lies can cause, arrives as a `BaseException`. Where it
    was raised is logged for debugging.

    Parameters:
        place: Where that is, such as the name of a config.

    Raises:
        TokenheatError: In the place of any other one.
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
        # What is one word says little without its class, such as a KeyError's key.
        said = said if " " in said else f"{type(error).__name__}: {said}"
        told = TokenheatError(f"{what}: {said}")
        _log.debug("%s", told, exc_info=True)
        raise (told.at(place) if place else told) from None
