"""What identifies a model: the SHA-256 of its files, cached for machines that lack them."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import Lock, Thread

from mkdocs_tokenheat.errors import AbsentModelError, TokenheatError
from mkdocs_tokenheat.files import read, read_json, shown, signature, write
from mkdocs_tokenheat.models import hub
from mkdocs_tokenheat.models.idle import import_numpy
from mkdocs_tokenheat.models.source import DEFAULT_LINE, Files, locate
from mkdocs_tokenheat.models.weights import check_whole

__all__ = [
    "DEFAULT_IDENTITY",
    "FOLDERS",
    "Identities",
    "Identity",
    "check",
    "identify",
    "is_identity",
]

_log = logging.getLogger("mkdocs_tokenheat")
_cache_log = logging.getLogger("tokenheat")
"""Its warnings fail no build."""

Identity = Mapping[str, str]

FOLDERS = ("models", "local")
"""The folders of the cache that hold the models' identities."""

DEFAULT_IDENTITY = {
    "tokenizer": "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68",
    "weights": "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5",
}

_PART = 1 << 25
"""Bytes that are hashed at once."""


class Identities:
    """The identities of a site's models, each found once, by one thread at a time.

    Parameters:
        base: The folder that the lines' relative paths start from.
        cache: The folder of the cache, if there is one.
    """

    def __init__(self, base: Path, cache: Path | None) -> None:
        self._base, self._cache = base, cache
        self._found: dict[tuple[str, bool], Identity | TokenheatError] = {}
        self._finding_out = Lock()

    def of(self, line: str, *, frozen: bool) -> Identity:
        """The identity of the model that a site's line means; errors are those of `identify`."""
        # A frozen search leaves no identity in the cache for other machines.
        key = line, frozen
        with self._finding_out:
            if key not in self._found:
                try:
                    self._found[key] = identify(line, self._base, self._cache, frozen=frozen)
                except TokenheatError as error:
                    self._found[key] = error
            found = self._found[key]
        if isinstance(found, TokenheatError):
            raise found.but()
        return found


def identify(line: str, base: Path, cache: Path | None, *, frozen: bool = False) -> Identity:
    """The identity of the model that a site's line means.

    It is computed from the model's files; their sizes and times are noted in the cache's `local`
    folder, so that a build with unchanged files does not read them again. If the model is absent,
    the identity in the cache is used. That of the embedded default is built in.

    Parameters:
        frozen: Whether nothing may be fetched.

    Raises:
        AbsentModelError: The model is absent and the cache does not know it.
        TokenheatError: The model is there but cannot be used.
    """
    if line == DEFAULT_LINE:
        return DEFAULT_IDENTITY
    known = cache and cache / "models" / _name(line)
    if line.startswith("hub:"):
        return _hub_identity(line, base, known, frozen=frozen)
    stored = _stored(known)
    try:
        return _identity_here(line, locate(line, base), stored, cache, frozen=frozen)
    except AbsentModelError:
        if stored is None:
            raise
        return stored


def _identity_here(
    line: str, files: Files, stored: Identity | None, cache: Path | None, *, frozen: bool
) -> Identity:
    stamp = _stamp(files)
    note = cache and cache / "local" / _name(line)
    noted = read_json(note) if note else None
    if isinstance(noted, dict) and noted.get("files") == [list(each) for each in stamp]:
        identity = _checked(noted)
        if identity is not None and identity == stored:
            return identity
    will_score = stored is None and not frozen
    identity = _hashed_beside_imports(files, stamp) if will_score else _hashed_once(files, stamp)
    if cache and note:
        if not frozen:
            _store(cache / "models" / _name(line), {"line": line, "identity": identity})
        _store(cache / "local" / ".gitignore", "*\n")
        _store(note, {"files": stamp, "identity": identity})
    return identity


def _name(line: str) -> str:
    # A file's name may have bytes that are not text.
    return hashlib.sha256(line.encode(errors="surrogatepass")).hexdigest() + ".json"


def _hashed_beside_imports(files: Files, stamp: object) -> Identity:
    # Hashing releases the GIL, so that Python can load what scoring needs.
    loading = Thread(target=_load_what_scores, args=(files,))
    loading.start()
    try:
        return _hashed_once(files, stamp)
    finally:
        loading.join()


def _load_what_scores(files: Files) -> None:
    with suppress(Exception):  # It is reported where it is used.
        import_numpy()
        from mkdocs_tokenheat.models.tokenizer import prepare

        prepare(files)


def check(line: str, files: Files, identity: Identity) -> None:
    """Check that the files of the model that a site's line means match its identity.

    This comes before they are opened: they may have been replaced meanwhile, and may differ on
    another machine.

    Raises:
        AbsentModelError: What is there is not a model.
        TokenheatError: It is another model.
    """
    if line.startswith("hub:") or _hashed_once(files, _stamp(files)) == identity:
        return
    if line == DEFAULT_LINE:
        raise TokenheatError(
            "the files of the package wordllama are not the expected ones: "
            "pip install --force-reinstall --no-deps wordllama==0.4.0.post1"
        )
    raise TokenheatError(
        f"the model in '{files.tokenizer.parent}' is not the one that the cached scores come "
        "from: its files must be the same on all machines, and throughout a build"
    )


def _hub_identity(line: str, base: Path, known: Path | None, *, frozen: bool) -> Identity:
    """A commit identifies a hub model: nothing is read, and a pinned one need not be here."""
    model = hub.parse(line.removeprefix("hub:"))
    commit = hub.known_commit(model)
    if commit is None:
        stored = _stored(known)
        commit = stored.get("commit") if stored else None
        commit = commit if hub.is_commit(commit) else None
    if commit is None and frozen:
        raise AbsentModelError(
            f"'{model.repo}' is neither here nor in the cache, and the build is frozen"
        )
    if commit is None:
        commit = locate(line, base).tokenizer.parent.name
    if model.pinned_commit is None and not frozen:
        _log.warning("tokenheat: '%s' may change: pin it as hub:%s@%s", line, model.repo, commit)
    identity = {"hub": model.repo, "commit": commit}
    if known and not frozen:
        _store(known, {"line": line, "identity": identity})
    return identity


def is_identity(path: Path) -> bool:
    """Whether the file holds a model's identity."""
    return _checked(read_json(path)) is not None


def _stored(path: Path | None) -> Identity | None:
    """The identity in the cache, if there is an intact one."""
    identity = _checked(read_json(path)) if path else None
    if path and identity is None and path.exists():
        _cache_log.warning("tokenheat: ignoring the damaged identity of a model, '%s'", shown(path))
    return identity


def _checked(stored: object) -> Identity | None:
    identity = stored.get("identity") if isinstance(stored, dict) else None
    if not isinstance(identity, dict) or not identity:
        return None
    if not all(isinstance(item, str) for pair in identity.items() for item in pair):
        return None
    return identity


def _stamp(files: Files) -> tuple[tuple[str | int, ...], ...]:
    try:
        return tuple((str(path), *signature(path)) for path in files.all)
    except OSError as error:
        raise AbsentModelError(f"cannot read the model: {error}") from None


@cache
def _hashed_once(files: Files, _stamp: object) -> Identity:
    # Once per process, and again if the files have changed: notes on disk are not trusted.
    try:
        for path in files.weights:
            check_whole(path)
        weights = [_sha256(path) for path in files.weights]
        whole = (
            weights[0]
            if len(weights) == 1
            else hashlib.sha256("".join(weights).encode()).hexdigest()
        )
        identity = {"tokenizer": whole if files.is_gguf else _sha256(files.tokenizer)}
        identity["weights"] = whole
        if files.config in files.all:
            identity["config"] = _sha256(files.config)
        return identity
    except AbsentModelError:
        raise
    except (OSError, ValueError) as error:  # ValueError: the file has just become shorter
        raise TokenheatError(f"cannot read the model: {error}") from None


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        # Mapped in large parts, it is hashed without holding the GIL, while Python imports.
        for start in range(0, size, _PART):
            length = min(_PART, size - start)
            with mmap(file.fileno(), length, access=ACCESS_READ, offset=start) as part:
                digest.update(part)
    return digest.hexdigest()


def _store(path: Path, content: object) -> None:
    text = content if isinstance(content, str) else json.dumps(content, indent=1) + "\n"
    try:
        # A link that came with a repository could lead anywhere.
        if not path.parent.is_symlink() and not _holds(path, text):
            write(path, text)
    except OSError:
        # The cache itself warns once where it cannot store; an identity can be computed again.
        return


def _holds(path: Path, text: str) -> bool:
    try:
        return read(path) == text.encode()
    except FileNotFoundError:
        return False
