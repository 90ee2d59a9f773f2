"""What the tests of the hosts have in common: a folder, real commands, and the figures they write."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

_BIN = Path(sys.executable).parent
_FIGURE = re.compile(r'<figure class="tokenheat".*?</figure>', re.DOTALL)

TEXT = "Một câu tiếng Việt nghiêng nghiêng.\n\n  Và “một” câu nữa: 日本語 <b> &amp; naïve.\n"
"""A text with words that the default model cuts, and with everything that must be escaped."""

WORD = "nghiêng"
"""A word in it that is several tokens."""


class Folder:
    """A site's folder, in which commands are run as its owner would run them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, content: str) -> Path:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8", newline="\n")
        return path

    def read(self, name: str) -> str:
        return (self.path / name).read_text(encoding="utf-8")

    def run(self, command: str, *more: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command that is installed beside this Python."""
        name, *arguments = (*command.split(), *more)
        found = _BIN / name
        return subprocess.run(
            [str(found) if found.exists() else name, *arguments],
            cwd=self.path,
            env={
                **os.environ,
                "PATH": f"{_BIN}{os.pathsep}{os.environ.get('PATH', '')}",
                "PYTHONIOENCODING": "utf-8",
                "NO_MKDOCS_2_WARNING": "1",
                "DISABLE_MKDOCS_2_WARNING": "true",
                **environment,
            },
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=180,
            check=False,
        )

    def done(self, command: str, *more: str, **environment: str) -> str:
        """Run a command that must succeed; returns what it said."""
        ended = self.run(command, *more, **environment)
        said = ended.stdout + ended.stderr
        assert ended.returncode == 0, said
        assert "Traceback" not in said
        return said

    def failed(self, command: str, *more: str, **environment: str) -> str:
        """Run a command that must fail; returns what it said."""
        ended = self.run(command, *more, **environment)
        said = ended.stdout + ended.stderr
        assert ended.returncode == 1, said
        return said

    def figures(self, name: str) -> list[str]:
        """The figures of a page, byte for byte."""
        return _FIGURE.findall(self.read(name))

    def entries(self) -> list[str]:
        """The names of the cache's entries."""
        return sorted(path.name for path in (self.path / ".cache/tokenheat").glob("*.json"))


def fenced(text: str = TEXT, options: str = "") -> str:
    """A Markdown block."""
    return f"~~~~tokenheat {options}".rstrip() + f"\n{text}~~~~\n"


def directive(text: str = TEXT, *options: str) -> str:
    """A block in reStructuredText."""
    lines = [*(f":{option}" for option in options), "", *text.splitlines()]
    return ".. tokenheat::\n" + "".join(f"   {line}".rstrip() + "\n" for line in lines)
