"""The command line: its arguments, and the command that each one runs."""

from __future__ import annotations

import argparse
import logging
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from mkdocs_tokenheat import __version__
from mkdocs_tokenheat.block.options import Options
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts import commands
from mkdocs_tokenheat.hosts.registry import CONFIGS
from mkdocs_tokenheat.progress import tell
from mkdocs_tokenheat.scoring.metrics import METRICS
from mkdocs_tokenheat.scoring.shard import WHOLE, Shard, read_shard

__all__ = ["main", "parser"]

_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?(B|KB|MB|GB)?", re.IGNORECASE)
_SCHEDULER = re.compile(r"(?:tcp|tls)://(?:[^\s/:@\[\]]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})")
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0, or 1 if the user's input is at fault (wrong usage exits with 2).
    """
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    if arguments is None:  # A cancelled job ends as with Ctrl-C, and leaves nothing behind.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    given = parser().parse_args(arguments)
    try:
        status: int = given.run(given)
    except TokenheatError as error:
        return commands.failed(error)
    except RecursionError:
        return commands.failed(TokenheatError("the input is nested too deeply"))
    except KeyboardInterrupt:
        tell("tokenheat: stopped; what has been scored so far is kept")
        return 130
    except BrokenPipeError:
        # The reader has closed the pipe; nothing more can be written to it.
        if sys.stderr is not None:
            sys.stderr.close()
        return 1
    return status


def parser() -> argparse.ArgumentParser:
    """The parser; each command's `run` is the function that executes it."""
    parser = argparse.ArgumentParser(
        prog="tokenheat",
        description="Static token heatmaps, scored by real language models.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_score(parsers)
    render = _command(
        parsers,
        "render",
        commands.render,
        "turn a Markdown file into an HTML fragment, with the extensions that most sites use",
    )
    render.add_argument("file", metavar="FILE", help="the Markdown file, or - for standard input")
    _add_warm(parsers)
    check = "list the site's blocks that are not in the cache or have errors, without any model"
    _command(parsers, "check", commands.check, check)
    cache = parsers.add_parser("cache", help="manage the cache of a site")
    actions = cache.add_subparsers(title="actions", required=True, metavar="ACTION")
    _command(actions, "stats", commands.stats, "count the entries and their size")
    verify = _command(
        actions, "verify", commands.verify, "read every entry and list the damaged ones"
    )
    verify.add_argument(
        "--repair", action="store_true", help="remove damaged entries and leftovers of builds"
    )
    _add_prune(actions)
    return parser


def _command(
    parsers: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    parser = parsers.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(run=run)
    parser.add_argument(
        "-f",
        "--config-file",
        metavar="CONFIG",
        type=Path,
        help="the site's config (default: the first found here of " + ", ".join(CONFIGS) + ")",
    )
    return parser


def _add_warm(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = (
        "score everything the site's cache lacks, by running the site's own build and discarding "
        "its output"
    )
    warm = _command(parsers, "warm", commands.warm, text)
    warm.add_argument(
        "--scheduler",
        type=_scheduler,
        metavar="tcp://HOST:PORT",
        help="score on the workers of a Dask cluster; it trusts whoever can reach its scheduler",
    )
    warm.add_argument(
        "--shard",
        type=_shard,
        default=WHOLE,
        metavar="3/8",
        help="score only the third of eight parts; copied together, all parts' caches make the "
        "whole",
    )


def _scheduler(text: str) -> str:
    found = _SCHEDULER.fullmatch(text)
    if found is None or not 0 < int(found[1]) < 1 << 16:
        raise argparse.ArgumentTypeError(f"'{text}' is not an address such as tcp://10.0.0.1:8786")
    return text


def _shard(text: str) -> Shard:
    try:
        return read_shard(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _add_prune(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    text = "remove the entries that no page of the site uses"
    prune = _command(actions, "prune", commands.prune, text)
    prune.add_argument(
        "--max-size",
        type=_size,
        metavar="SIZE",
        help="then remove the least recently used ones until the rest is at most this size, such "
        "as 10MB",
    )
    prune.add_argument("--dry-run", action="store_true", help="only list what would be removed")
    prune.add_argument(
        "--other-versions",
        action="store_true",
        help="also remove the entries in another version's format",
    )


def _size(text: str) -> int:
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"'{text}' is not a size such as 500KB or 10MB")
    return int(float(found[1]) * _UNITS[(found[2] or "").upper()])


def _add_score(parsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _command(
        parsers, "score", commands.score, "print each token or word of a text with its number"
    )
    parser.add_argument(
        "file", metavar="FILE", nargs="?", default="-", help="the text (default: standard input)"
    )
    fields = Options.__dataclass_fields__
    for name in commands.SCORING:
        text = fields[name].metadata["meaning"].replace("%", "%%")
        if name == "metric":
            text += f" ({', '.join(METRICS)})"
        if name == "model":
            text += (
                ", or a line such as package:NAME/sub/path, path:FOLDER or hub:OWNER/NAME@REVISION"
            )
        default = fields[name].default
        shown = f" (default: {default})" if default is not None else ""
        parser.add_argument(f"--{name}", metavar=name.upper(), help=text + shown)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
