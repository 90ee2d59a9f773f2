"""What several tests share: a site in a temporary folder, and its author."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from mkdocs_tokenheat.block.options import Options, written
from mkdocs_tokenheat.block.parse import Block, make_block
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts.settings import read_settings
from mkdocs_tokenheat.scoring.scores import Scores
from mkdocs_tokenheat.site import Site
from mkdocs_tokenheat.views.labels import LABELS

FUZZ = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
"""Whether there is time for a long search for unforeseen failures: `make fuzz`."""

_EXAMPLES = 60
_TIMES = 40 if FUZZ else 1

settings.register_profile(
    "tests",
    deadline=None,
    derandomize=True,
    max_examples=_EXAMPLES,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.register_profile(
    "fuzz",
    parent=settings.get_profile("tests"),
    derandomize=False,
    print_blob=True,
    max_examples=_EXAMPLES * _TIMES,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("fuzz" if FUZZ else "tests")


def examples(count: int) -> settings:
    """This many examples, and more in `make fuzz`."""
    return settings(max_examples=count * _TIMES)


@pytest.fixture(autouse=True)
def _no_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKENHEAT_FROZEN", raising=False)


def block(text: str, **options: object) -> Block:
    """A block with options as an author would have written them."""
    return make_block({name: written(value) for name, value in options.items()}, text, Options())


class Author:
    """Has a site, and asks it for one block at a time, each time in a new build.

    Attributes:
        folder: Where the site's config would lie; files that blocks name lie there too.
        settings: The site's settings, as written in its config.
    """

    def __init__(self, folder: Path, **settings: object) -> None:
        self.folder = folder
        self.settings = settings

    @property
    def cache(self) -> Path:
        return self.folder / ".cache" / "tokenheat"

    def entries(self) -> list[Path]:
        """The cache's entries, in the order of their names."""
        return sorted(self.cache.glob("*.json"))

    def block(self, text: str, **options: object) -> Block:
        """A block over the site's own defaults."""
        given = {name: written(value) for name, value in options.items()}
        return make_block(given, text, self.site().settings.options)

    def site(self, **settings: object) -> Site:
        return Site(read_settings({**self.settings, **settings}, self.folder))

    def score(self, text: str, **options: object) -> Scores:
        """The scores of a block; its error is raised."""
        (result,) = self.site().score([block(text, **options)])
        if isinstance(result, TokenheatError):
            raise result
        assert {note[0] for note in result.scores.notes} <= LABELS["en"].keys()
        return result.scores

    def numbers(self, text: str, **options: object) -> list[float | None]:
        return list(self.score(text, **options).scores)

    def shown(self, text: str, **options: object) -> list[str]:
        """What each token or word shows of the text."""
        return [text[start:end] for start, end in self.score(text, **options).spans]

    def figure(self, text: str, **options: object) -> str:
        """The figure of a block; its error is raised."""
        (result,) = self.site().figures([block(text, **options)])
        if isinstance(result, TokenheatError):
            raise result
        return result

    def error(self, text: str, **options: object) -> str:
        """The message of a block that must be refused without leaving an entry behind."""
        before = self.entries()
        with pytest.raises(TokenheatError) as caught:
            self.score(text, **options)
        assert self.entries() == before, "a failure was cached"
        message = str(caught.value)
        assert "\n" not in message
        return message


@pytest.fixture
def author(tmp_path: Path) -> Author:
    return Author(tmp_path)


class Project:
    """An MkDocs site in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "docs").mkdir(parents=True)
        self.configure()

    @property
    def cache(self) -> Path:
        return self.folder / ".cache" / "tokenheat"

    def entries(self) -> list[Path]:
        return sorted(self.cache.glob("*.json"))

    def configure(
        self,
        theme: str = "mkdocs",
        plugins: str = "[search, tokenheat]",
        extra: str = "",
        language: str = "en",
    ) -> None:
        name = "language" if theme == "material" else "locale"
        config = (
            f"site_name: Heat\ntheme:\n  name: {theme}\n  {name}: {language}\n"
            f"plugins: {plugins}\nmarkdown_extensions: [admonition]\n{extra}"
        )
        (self.folder / "mkdocs.yml").write_text(config, encoding="utf-8")

    def page(self, source: str, name: str = "index.md") -> None:
        path = self.folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")

    def copied(self, folder: Path) -> Project:
        """The same site in another folder, without its cache."""
        twin = Project(folder)
        without = shutil.ignore_patterns(".cache")
        shutil.copytree(self.folder, folder, dirs_exist_ok=True, ignore=without)
        return twin

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(environment),
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        # Themes write the date of the build into their pages.
        quiet = {"NO_MKDOCS_2_WARNING": "1", "PYTHONIOENCODING": "utf-8", "SOURCE_DATE_EPOCH": "0"}
        return {**os.environ, **quiet, **more}

    def build(self, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A build, however it ends; a strict one, unless there are other flags."""
        command = [sys.executable, "-m", "mkdocs", "build", *(flags or ["--strict"])]
        return self.run(*command, **environment)

    def built(self, name: str = "index.html", **environment: str) -> str:
        """A page of a strict build that must succeed."""
        done = self.build(**environment)
        assert done.returncode == 0, done.stderr
        return self.output(name)

    def output(self, name: str = "index.html") -> str:
        return (self.folder / "site" / name).read_text(encoding="utf-8")

    def error(self, **environment: str) -> str:
        """The one line that a build must fail with: no other line is ours, nor a traceback."""
        done = self.build(**environment)
        said = done.stdout + done.stderr
        assert done.returncode == 1, said
        assert "Traceback" not in said
        lines = ours(said)
        assert len(lines) == 1, said
        return lines[0].removeprefix("ERROR   -  ")


def ours(said: str) -> list[str]:
    """The lines that are ours, without progress reports, which only slow machines print."""
    lines = [line for line in said.splitlines() if "tokenheat:" in line]
    return [line for line in lines if not is_progress(line)]


def is_progress(line: str) -> bool:
    return re.match(r"tokenheat: \d+ of \d+ entries done", line) is not None


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")
