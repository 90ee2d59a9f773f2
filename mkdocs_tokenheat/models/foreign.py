"""Turns whatever another library raises into an error that says what could not be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mkdocs_tokenheat.errors import TokenheatError

__all__ = ["foreign"]


@contextmanager
def foreign(what: str) -> Iterator[None]:
    """Say `what` of any error; tokenizers and transformers raise no narrower class.

    A panic of Rust code, which a file that lies can cause, arrives as a `BaseException`.
    """
    try:
        yield
    except TokenheatError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise TokenheatError(f"{what}: {error}") from None
