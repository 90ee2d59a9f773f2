"""The documentation's recipes, each copied into an empty folder and run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.hosts import Folder
from tests.pages import texts

PAGE = Path(__file__).parents[1] / "example_site/docs/hosts.md"
FILE = re.compile(
    r'^(?P<marks>`{3,})\w+ title="(?P<name>[^"]+)"\n(?P<content>.*?)^(?P=marks)$',
    re.MULTILINE | re.DOTALL,
)
"""A file's fence, with its name."""

COMMANDS = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)

SECTIONS = {
    found[0]: found[1]
    for found in re.findall(
        r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
}
BUILT = {
    "MkDocs": ["site/index.html"],
    "ProperDocs": ["site/index.html"],
    "Zensical": ["site/index.html"],
    "Sphinx": ["_build/index.html", "_build/page.html"],
    "Python-Markdown": ["index.html"],
}


def test_every_host_has_a_recipe() -> None:
    assert list(SECTIONS) == list(BUILT)


@pytest.mark.parametrize("host", BUILT)
def test_the_recipe_builds_its_site(host: str, tmp_path: Path) -> None:
    site = Folder(tmp_path / "site")
    names = [
        site.write(each["name"], each["content"]).name for each in FILE.finditer(SECTIONS[host])
    ]
    assert names
    (commands,) = COMMANDS.findall(SECTIONS[host])
    # What it installs is there: the tests of the documentation check the names.
    installing, rest = commands.split("\n", 1)
    assert installing.startswith("pip install ")
    site.done("bash", "-euc", rest)
    for page in BUILT[host]:
        (text,) = texts(site.read(page))
        assert text in (site.path / "index.rst" if page == "_build/index.html" else PAGE).read_text(
            "utf-8"
        )
    if host == "Zensical":
        assert (site.path / "site/stylesheets/tokenheat.css").is_file()
        assert "stylesheets/tokenheat.css" in site.read("site/index.html")
        # Neither Zensical nor the file that it makes for git takes the cache away.
        site.done("zensical build --clean", TOKENHEAT_FROZEN="1")
        site.done("git init -q")
        site.done("git add .")
        assert "tokenheat-cache/" in site.done("git ls-files")
