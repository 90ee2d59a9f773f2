"""Imports numpy so that its threads sleep while they have nothing to do."""

from __future__ import annotations

import os
from importlib import import_module

__all__ = ["import_numpy"]

_TIMEOUT = "OPENBLAS_THREAD_TIMEOUT"
"""For how long OpenBLAS's threads look for work before they sleep: 2 to this power of cycles."""


def import_numpy() -> None:
    """Import numpy.

    Its OpenBLAS starts a thread for each processor. By default they wait for their first work in a
    loop, and take a processor for a while from whatever else is being imported, hashed or read.
    They are as many as before, and so compute the same. A user's own choice is left alone.

    Raises:
        ImportError: It is not there, or broken.
    """
    is_ours = _TIMEOUT not in os.environ
    os.environ.setdefault(_TIMEOUT, "4")  # the least
    try:
        import_module("numpy")
    finally:
        if is_ours:
            del os.environ[_TIMEOUT]
