"""The commands of the command line: what each does with its arguments."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs_tokenheat.block.parse import make_block
from mkdocs_tokenheat.block.text import normalize
from mkdocs_tokenheat.errors import (
    NoHeatError,
    NotScoredError,
    TokenheatError,
    excerpt,
    is_like,
    one_line,
    unknown,
)
from mkdocs_tokenheat.hosts.registry import CONFIGS, host_of
from mkdocs_tokenheat.hosts.settings import is_frozen_here, read_settings
from mkdocs_tokenheat.models.source import DEFAULT
from mkdocs_tokenheat.progress import tell
from mkdocs_tokenheat.scoring.cache import Cache, Stored
from mkdocs_tokenheat.scoring.request import Request
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.scoring.shard import WHOLE
from mkdocs_tokenheat.settings import Settings
from mkdocs_tokenheat.site import Site
from mkdocs_tokenheat.views.markup import number

if TYPE_CHECKING:
    from mkdocs_tokenheat.scoring.cluster import Cluster

__all__ = ["SCORING", "check", "failed", "prune", "render", "score", "stats", "verify", "warm"]

SCORING = (
    *("metric", "model", "target", "unit", "values", "tokens"),
    *("layer", "embedding", "transform", "pool", "bos", "topk", "stride", "dtype"),
)
"""The options that affect scores, each a flag of `tokenheat score`."""

_PLAIN = ("meta", "extra", "admonition")
_PYMDOWN = ("pymdownx.details", "pymdownx.superfences", "pymdownx.tabbed")
_CONFIGS = {"pymdownx.tabbed": {"alternate_style": True}}
"""The extensions for pages; the latter if pymdown-extensions is installed."""


def failed(*errors: TokenheatError) -> int:
    """Print each error on one line and return the exit code."""
    # A page's error recurs with each excerpt of the page.
    for line in dict.fromkeys(str(e) if e.place else f"tokenheat: {e}" for e in errors):
        tell(line)
    return 1


def score(given: argparse.Namespace) -> int:
    """Print the score of each token or word of one text."""
    named = given.model or DEFAULT
    settings = _of_one_text(_settings(given), named)
    known = {DEFAULT, *settings.models}
    if named not in known:
        is_slip = is_like(named, known) and not {"/", "\\"} & {*named}
        said = unknown("model", named, known) if is_slip else f"unknown model '{excerpt(named)}':"
        raise TokenheatError(
            f"{said} write a folder as path:FOLDER, an installed package as package:NAME/sub/path, "
            f"a hub model as hub:OWNER/NAME@REVISION; known names: {', '.join(sorted(known))}"
        )
    raw = {name: getattr(given, name) for name in SCORING if getattr(given, name) is not None}
    text = "\n".join(normalize(_read(given.file))).removesuffix("\n")
    block = make_block(raw, text, settings.options)
    (answer,) = Site(settings).score([block])
    if isinstance(answer, TokenheatError):
        raise answer
    request, scores = answer.request, answer.scores
    model = request.model.name if request.model else None
    if given.json:
        _print(json.dumps(_as_json(request, scores, model), ensure_ascii=False))
    else:
        for (start, end), score in zip(scores.spans, scores.scores, strict=True):
            shown = "-" if score is None else number(score)
            _print(f"{shown}\t{json.dumps(request.text[start:end], ensure_ascii=False)}")
    return 0


def _of_one_text(settings: Settings, model: str) -> Settings:
    """The site's settings for a text that is on none of its pages.

    Parameters:
        model: The model's name or line: the user is trusted and may give either.
    """
    options = dataclasses.replace(
        settings.options,
        view="text",
        model=settings.options.models[0],
        scale="minmax",
        baseline=None,
    )
    return dataclasses.replace(
        settings,
        options=options,
        models={**settings.models, **({model: model} if ":" in model else {})},
        frozen=is_frozen_here(),
        base_path=Path.cwd(),
        command="tokenheat score",
    )


def _as_json(request: Request, scores: Scores, model: str | None) -> dict[str, object]:
    """What `--json` prints; positions are in code points of the text, end exclusive.

    A position left out of the scale, and so of `min` and `max`, is marked as `aside`. A
    token without text is also left out.
    """
    numbers = scores.coloured
    found = scores.token_ids
    ids: Sequence[object] = [None] * len(scores.spans) if found is None else found
    if found is not None and request.unit == "token":
        ids = [next(iter(tokens), None) for tokens in found]
    id_key = "ids" if request.unit == "word" else "id"
    return {
        "model": model,
        "metric": request.metric.name,
        "unit": request.unit,
        "min": min(numbers, default=None),
        "max": max(numbers, default=None),
        "tokens": [
            {
                "text": request.text[start:end],
                "start": start,
                "end": end,
                id_key: token,
                "score": score,
                **({"expected": scores.expected[i]} if scores.expected else {}),
                **({"aside": True} if i in scores.aside else {}),
            }
            for i, ((start, end), token, score) in enumerate(
                zip(scores.spans, ids, scores.scores, strict=True)
            )
        ],
    }


def render(given: argparse.Namespace) -> int:
    """Print a Markdown file as an HTML fragment."""
    from markdown import Markdown

    from mkdocs_tokenheat.hosts.markdown import TokenheatExtension
    from mkdocs_tokenheat.hosts.page import Hosting

    source = _read(given.file)
    page = "<stdin>" if given.file == "-" else given.file
    settings = dataclasses.replace(_settings(given), on_error="raise")
    extension = TokenheatExtension(Hosting(Site(settings), page=page))
    extensions: list[str | TokenheatExtension] = [*_PLAIN, extension]
    if find_spec("pymdownx"):
        extensions += _PYMDOWN
    _print(Markdown(extensions=extensions, extension_configs=_CONFIGS).convert(source))
    return 0


def warm(given: argparse.Namespace) -> int:
    """Score everything that a site's cache lacks."""
    _site_config(given)  # Before waiting for a cluster.
    with _cluster(given.scheduler) if given.scheduler else nullcontext() as cluster:
        score = cluster.score if cluster is not None else None
        make_site = partial(Site, score=score, shard=given.shard)
        site, errors = _built(given, frozen=False, make_site=make_site)
    # Scores of other shards are missing here, which is not an error.
    errors = [error for error in errors if not isinstance(error, NotScoredError)]
    if errors:
        return failed(*errors)
    supply, cache = site.supply, site.supply.cache
    if cache.unstored:
        raise TokenheatError(f"{_entries(cache.unstored)} cannot be stored in '{cache.folder}'")
    if given.shard == WHOLE:
        _print(f"all blocks are in the cache, {_entries(supply.scored)} newly scored")
    else:
        missing = supply.scored + len(supply.left)
        _print(f"shard {given.shard}: {supply.scored} of {missing} missing entries scored")
    return 0


def _cluster(address: str) -> Cluster:
    from mkdocs_tokenheat.scoring.cluster import Cluster

    return Cluster(address)


def check(given: argparse.Namespace) -> int:
    """List the blocks of a site that are not in its cache or have errors."""
    site, errors = _built(given, frozen=True)
    if errors:
        # Errors for authors to fix are easily overlooked among blocks that are not scored yet.
        return failed(*sorted(errors, key=lambda error: isinstance(error, NotScoredError)))
    _print(f"all blocks are in the cache: {_entries(len(site.supply.cache.used))}")
    return 0


def stats(given: argparse.Namespace) -> int:
    """Count the entries of a site's cache."""
    cache = _cache(given)
    entries = cache.entries()
    _print(f"{_sum(entries)}, in {cache.folder}")
    if others := [entry for entry in entries if entry.is_other]:
        _print(f"of these, in another version's format: {_sum(others)}")
    return 0


def _sum(entries: Sequence[Stored]) -> str:
    return f"{_entries(len(entries))}, {sum(entry.size for entry in entries)} bytes"


def _entries(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"


def verify(given: argparse.Namespace) -> int:
    """List the damaged entries of a site's cache, or remove them."""
    cache = _cache(given)
    broken = list(cache.broken())
    for path, problem in broken:
        if given.repair:
            cache.remove(path)
        _print(one_line(f"{path}: {problem}"))
    done = ", removed" if given.repair and broken else ""
    _print(f"{_entries(len(cache.entries()))}, {len(broken)} damaged{done}")
    return 1 if broken and not given.repair else 0


def prune(given: argparse.Namespace) -> int:
    """Remove the entries of a site's cache that none of its pages uses."""
    # Before the build, which leaves traces of use, and may not be the only one running.
    entries = _cache(given).entries()
    site, errors = _built(given, frozen=True)
    serious = [error for error in errors if not isinstance(error, NotScoredError)]
    if serious:
        tell("nothing is removed while blocks have errors:")
        return failed(*serious)
    gone: list[Stored] = []
    kept: list[Stored] = []
    for entry in entries:
        unused = given.other_versions if entry.is_other else entry.key not in site.supply.cache.used
        (gone if unused else kept).append(entry)
    if given.max_size is not None:
        kept.sort(key=lambda entry: (entry.used, entry.key), reverse=True)
        size = sum(entry.size for entry in kept)
        while size > given.max_size:
            gone.append(kept.pop())
            size -= gone[-1].size
    for entry in gone:
        if given.dry_run:
            _print(str(entry.path))
        else:
            site.supply.cache.remove(entry.path)
    would_be = "would be " if given.dry_run else ""
    _print(f"{_entries(len(gone))} {would_be}removed, {_sum(kept)} kept")
    return 0


def _built(
    given: argparse.Namespace, *, frozen: bool, make_site: Callable[[Settings], Site] = Site
) -> tuple[Site, list[TokenheatError]]:
    config = _site_config(given)

    def make(settings: Settings) -> Site:
        _cache_of(settings, config)
        return make_site(settings)

    return host_of(config).build_into_nowhere(config, frozen=frozen, make_site=make)


def _cache(given: argparse.Namespace) -> Cache:
    config = _site_config(given)
    return _cache_of(host_of(config).settings_of(config), config)


def _cache_of(settings: Settings, config: Path) -> Cache:
    if settings.cache_dir is None:
        error = TokenheatError("the site keeps no cache: its 'cache_dir' is none")
        raise error.at(config.name)
    return Cache(settings.cache_dir)


def _settings(given: argparse.Namespace) -> Settings:
    """The site's settings or, without a site, the defaults and no cache."""
    config = _config(given)
    if config:
        try:
            return host_of(config).settings_of(config)
        except NoHeatError:
            if given.config_file:
                raise
    return read_settings({"cache_dir": None}, Path.cwd())


def _config(given: argparse.Namespace) -> Path | None:
    if given.config_file is None:
        return next((Path(name) for name in CONFIGS if Path(name).is_file()), None)
    with suppress(OSError, ValueError):
        if given.config_file.is_file():
            return Path(given.config_file)
    raise TokenheatError(f"there is no config '{given.config_file}'")


def _site_config(given: argparse.Namespace) -> Path:
    config = _config(given)
    if config is None:
        raise TokenheatError(
            f"none of {', '.join(CONFIGS)} is here: name the site's config with -f"
        )
    return config


def _read(file: str) -> str:
    try:
        if file != "-":
            data = Path(file).read_bytes()
        else:
            file = "<stdin>"
            data = sys.stdin.buffer.read() if sys.stdin else b""
        return data.decode("utf-8-sig")
    except OSError as error:
        raise TokenheatError(f"cannot read '{file}': {error.strerror}") from None
    except UnicodeDecodeError:
        raise TokenheatError(f"cannot read '{file}': it is not UTF-8") from None


def _print(line: str) -> None:
    if sys.stdout is None:  # Closed from the start.
        return
    try:
        if hasattr(sys.stdout, "buffer"):
            sys.stdout.buffer.write(line.encode("utf-8", "backslashreplace") + b"\n")
        else:  # A Python caller may have replaced it with anything.
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise TokenheatError(f"cannot write the output: {error.strerror}") from None
