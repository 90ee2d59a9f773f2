"""Runs the command line: `tokenheat`, or `python -m mkdocs_tokenheat`."""

from __future__ import annotations

import sys

from mkdocs_tokenheat.progress import tell

__all__ = ["main"]


def main() -> int:
    """Run one command and return its exit status."""
    try:
        # Importing takes a while, during which the user may press Ctrl-C.
        from mkdocs_tokenheat.hosts import cli

        return cli.main()
    except KeyboardInterrupt:
        tell("tokenheat: stopped")
        return 130


if __name__ == "__main__":
    sys.exit(main())
