"""Runs the command line: `python -m mkdocs_tokenheat`."""

from __future__ import annotations

import sys

from mkdocs_tokenheat.hosts.cli import main

sys.exit(main())
