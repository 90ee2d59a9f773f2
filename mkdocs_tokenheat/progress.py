"""Scoring progress: a bar on a terminal, elsewhere a plain line every few seconds."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from threading import Timer
from types import TracebackType

__all__ = ["Progress", "tell"]

_SECONDS = 5.0


def tell(line: str) -> None:
    """Write a line to standard error; if that is closed, carry on."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


class Progress:
    """Counts the scored entries, on standard error."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._count = self._tokens = 0
        self._told: int | None = None
        self._start = time.monotonic()
        self._said = time.monotonic()
        self._bar = None
        if sys.stderr is not None and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=total, desc="tokenheat", unit="entry", leave=False)
        # A model may take a minute to load, during which nothing is scored.
        self._first = Timer(_SECONDS, self._tell)
        self._first.daemon = True

    def __enter__(self) -> Progress:
        if self._bar is None:
            self._first.start()
        return self

    def advance(self, tokens: int) -> None:
        """Count one more finished entry, of this many tokens or words."""
        self._first.cancel()
        self._count += 1
        self._tokens += tokens
        if self._bar is not None:
            self._bar.set_postfix_str(self._speed(), refresh=False)
            self._bar.update()
        elif time.monotonic() - self._said > _SECONDS:
            self._tell()

    def _tell(self) -> None:
        self._said, self._told = time.monotonic(), self._count
        done = f"{self._count} of {self._total} entries done"
        tell(f"tokenheat: {', '.join(filter(None, (done, self._speed())))}")

    def _speed(self) -> str:
        speed = self._tokens / max(time.monotonic() - self._start, 1e-3)
        # Meaningless while a model is loading.
        return f"{speed:.0f} tokens/s" if speed >= 1 else ""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._first.cancel()
        if self._bar is not None:
            self._bar.close()
        elif self._told is not None and self._told < self._count:
            self._tell()
