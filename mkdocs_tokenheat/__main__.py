"""Runs the command line: `tokenheat`, or `python -m mkdocs_tokenheat`."""

from __future__ import annotations

import sys

from mkdocs_tokenheat.progress import tell

__all__ = ["main"]


def main() -> int:
    """Run one command; the exit status."""
    try:
        # It takes a while, in which somebody may have thought better of it.
        from mkdocs_tokenheat.hosts import cli

        return cli.main()
    except KeyboardInterrupt:
        tell("tokenheat: stopped")
        return 130


if __name__ == "__main__":
    sys.exit(main())
