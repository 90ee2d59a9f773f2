"""What a Dask worker does: it scores a batch, and loads each model once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from mkdocs_tokenheat import __version__
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring.entry import Entry
from mkdocs_tokenheat.scoring.request import Wanted
from mkdocs_tokenheat.settings import Settings

__all__ = ["Result", "score_batch"]

Result = Entry | TokenheatError

_one_at_a_time = Lock()
"""Only one thread may use a model, and a worker may have several."""


def score_batch(
    version: str, batch: Sequence[Wanted], base: str, max_tokens: int, device: str
) -> tuple[str, list[Result]]:
    """The worker's address, and the result of each request in a batch.

    Parameters:
        version: That of this package where the requests come from.
        base: The site's setting, like those after it. A string, as a `Path` depends on the system.

    Raises:
        TokenheatError: The version here is another.
    """
    if version != __version__:
        raise TokenheatError(
            f"a worker has mkdocs-tokenheat {__version__}, but the requests come from {version}: "
            "install the same version on both"
        )
    from distributed import get_worker

    from mkdocs_tokenheat.scoring.engine import score

    settings = Settings(base=Path(base), max_tokens=max_tokens, device=device)
    with _one_at_a_time:
        found = {request.key: result for request, result in score(batch, settings)}
    return get_worker().address, [found[request.key] for request in batch]
