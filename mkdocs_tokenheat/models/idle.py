"""Imports numpy so that its threads sleep while they have nothing to do."""

from __future__ import annotations

import os
from importlib import import_module

__all__ = ["import_numpy"]

_TIMEOUT = "OPENBLAS_THREAD_TIMEOUT"
"""How long OpenBLAS's threads look for work before they sleep: 2 to this power, in cycles."""


def import_numpy() -> None:
    """Import numpy.

    Its OpenBLAS starts a thread per processor. By default these wait for their first work in a busy
    loop, which slows down whatever else is being imported, hashed or read. Their number does not
    change, and neither do the results. A user's own setting is left alone.

    Raises:
        ImportError: It is missing or broken.
    """
    is_ours = _TIMEOUT not in os.environ
    os.environ.setdefault(_TIMEOUT, "4")  # the least
    try:
        import_module("numpy")
    finally:
        if is_ours:
            del os.environ[_TIMEOUT]
