"""Models of the Hugging Face hub: found in its local cache, or fetched into it."""

from __future__ import annotations

import logging
import math
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from mkdocs_tokenheat.errors import AbsentModelError, TokenheatError

__all__ = ["HubModel", "folder", "is_commit", "known_commit", "parse"]

_LINE = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?$", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")
_SHARD = re.compile(r"-of-(\d{1,5})\.safetensors\Z", re.ASCII)
_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer*.json",
    "*.safetensors",
    "*.safetensors.index.json",
)
_PATIENCE = 300.0
"""Seconds before the hub is asked again for what it did not provide: its client alone takes half a
minute to give up, and each block of a build would ask again."""
_refused: dict[tuple[Path, str], tuple[float, str]] = {}


@dataclass(frozen=True)
class HubModel:
    """A repository and the revision that a site's line asks for.

    Attributes:
        revision: A commit, tag or branch; `main` where the line names none.
    """

    repo: str
    revision: str

    @property
    def pinned_commit(self) -> str | None:
        """The commit that the line itself names, if it names one."""
        return self.revision if _COMMIT.match(self.revision) else None


def parse(rest: str) -> HubModel:
    """The model that `OWNER/NAME@REVISION` means.

    Raises:
        TokenheatError: Anything else.
    """
    found = _LINE.match(rest)
    if found is None or ".." in rest:
        raise TokenheatError(
            f"cannot read 'hub:{rest}': write hub:OWNER/NAME@REVISION, "
            "with a commit as the revision if possible"
        )
    return HubModel(found["repo"], found["revision"] or "main")


def is_commit(text: object) -> bool:
    """Whether it is the full name of a commit, and so neither a path nor a branch."""
    return isinstance(text, str) and _COMMIT.match(text) is not None


def known_commit(model: HubModel) -> str | None:
    """The commit of the revision, if it names one or is whole on this machine: nobody is asked."""
    if model.pinned_commit:
        return model.pinned_commit
    try:
        commit = (_repository(model) / "refs" / model.revision).read_text("ascii").strip()
    except (OSError, ValueError):
        return None
    is_here = _COMMIT.match(commit) and _is_whole(_snapshot(model, commit))
    return commit if is_here else None


def folder(model: HubModel, commit: str | None) -> Path:
    """The model's folder, fetched if it is not here.

    Parameters:
        commit: The commit that is meant, if it is known.

    Raises:
        AbsentModelError: It is not here and cannot be fetched.
    """
    commit = commit or known_commit(model)
    if commit is not None and _is_whole(snapshot := _snapshot(model, commit)):
        return snapshot
    return _downloaded(model, commit or model.revision)


def _is_whole(snapshot: Path) -> bool:
    """Whether the download is complete: each weight file's name says how many there are."""
    weights = [path.name for path in snapshot.glob("*.safetensors") if path.exists()]
    counts = [int(found[1]) for name in weights if (found := _SHARD.search(name))]
    others = ["tokenizer.json", *(["model.safetensors.index.json"] if counts else [])]
    return len(weights) >= max(counts, default=1) and all((snapshot / o).exists() for o in others)


def _downloaded(model: HubModel, revision: str) -> Path:
    asked = _repository(model), revision
    when, reason = _refused.get(asked, (-math.inf, ""))
    if time.monotonic() - when < _PATIENCE:
        raise _absent(model, revision, reason)
    from huggingface_hub import snapshot_download

    # It logs every attempt.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        return Path(snapshot_download(model.repo, revision=revision, allow_patterns=list(_FILES)))
    except Exception as error:  # noqa: BLE001 (the hub's client raises whatever its transport met)
        reason = re.split(r"\n|\. ", str(error).strip())[0][:200] or type(error).__name__
    _refused[asked] = time.monotonic(), reason
    raise _absent(model, revision, reason)


def _absent(model: HubModel, revision: str, reason: str) -> AbsentModelError:
    return AbsentModelError(
        f"'{model.repo}' is not on this machine and cannot be fetched ({reason}): "
        f"run 'hf download {model.repo} --revision {revision}' where there is a network"
    )


def _repository(model: HubModel) -> Path:
    return _root() / f"models--{model.repo.replace('/', '--')}"


def _snapshot(model: HubModel, commit: str) -> Path:
    return _repository(model) / "snapshots" / commit


def _root() -> Path:
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if named:
        return _expanded(named)
    caches = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    home = os.environ.get("HF_HOME") or f"{caches}/huggingface"
    return _expanded(home) / "hub"


def _expanded(named: str) -> Path:
    # As huggingface_hub itself does.
    return Path(os.path.expandvars(os.path.expanduser(named)))  # noqa: PTH111
