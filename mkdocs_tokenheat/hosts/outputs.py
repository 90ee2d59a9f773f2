"""Notes of Sphinx's builds beside the doctrees, for each output folder that is made from them."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs_tokenheat.block.fences import NAME
from mkdocs_tokenheat.files import read_json, write

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["Output", "note_failed", "taken_failures"]


@dataclass(frozen=True)
class Output:
    """What the last whole build has written to an output folder; several may share doctrees.

    Attributes:
        by: The fingerprint of what the figures were made with.
        failed: The pages with an error.
    """

    by: str = ""
    failed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, app: Sphinx) -> Output:
        """What is noted for the folder that is built now."""
        noted: Any = read_json(_beside_doctrees(app, ".json"))
        try:
            return cls(str(noted["by"]), frozenset(map(str, noted["failed"])))
        except (KeyError, TypeError):
            return cls()

    def note(self, app: Sphinx) -> None:
        """Keep it for the next build."""
        content = json.dumps({"by": self.by, "failed": sorted(self.failed)})
        with suppress(OSError):
            write(_beside_doctrees(app, ".json"), content)


def _beside_doctrees(app: Sphinx, suffix: str) -> Path:
    output = hashlib.sha256(f"{app.builder.name} {app.outdir}".encode(errors="surrogateescape"))
    return Path(app.doctreedir, f"{NAME}-{output.hexdigest()[:16]}{suffix}")


def note_failed(app: Sphinx, page: str) -> None:
    """Note a page with an error, whichever process writes it."""
    path = _beside_doctrees(app, ".failed")
    with suppress(OSError), path.open("a", encoding="utf-8") as file:
        file.write(f"{page}\n")


def taken_failures(app: Sphinx) -> frozenset[str]:
    """The pages that were noted since this was last asked."""
    path = _beside_doctrees(app, ".failed")
    try:
        pages = frozenset(path.read_text("utf-8").splitlines())
        path.unlink()
    except (OSError, ValueError):
        return frozenset()
    return pages
