"""A cache's misses in parts: each entry is in one of them, and all parts together are the whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mkdocs_tokenheat.hosts.settings import read_settings
from mkdocs_tokenheat.scoring.shard import Shard, read_shard
from mkdocs_tokenheat.site import Site
from tests import checkpoints
from tests.conftest import Project, block
from tests.test_cache_life import Done, tokenheat

MODELS = "[tokenheat: {models: {toy: 'path:toy'}}]"

PAGE = "".join(
    f"```tokenheat model={model}\nthe cat sat {i} times\n```\n\n"
    for i in range(6)
    for model in ("wordllama", "toy")
)
FEW = """
```tokenheat scale=vocabulary
the cat
```

```tokenheat view=matrix
cat dog
banana
```
"""


def make_site(project: Project) -> Project:
    snippets = "  - pymdownx.snippets: {base_path: [parts]}\n"
    project.configure(plugins=MODELS)
    config = project.folder / "mkdocs.yml"
    text = config.read_text("utf-8").partition("markdown_extensions")[0]
    config.write_text(f"{text}markdown_extensions:\n{snippets}", "utf-8")
    (project.folder / "parts").mkdir()
    parts = "".join(f"```tokenheat\nonly while a page renders {i}\n```\n\n" for i in range(4))
    (project.folder / "parts" / "part.md").write_text(parts, "utf-8")
    project.page(PAGE + FEW)
    project.page('# More\n\n--8<-- "part.md"\n', "more.md")
    folder = project.folder / "toy"
    checkpoints.save(folder, {"wte.weight": checkpoints.table(120)}, checkpoints.wordpiece())
    return project


@pytest.fixture
def site(project: Project) -> Project:
    return make_site(project)


def content(folder: Path) -> dict[str, bytes]:
    """The cache's files, except for a machine's own notes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    return {name: data for name, data in found.items() if not name.startswith("local/")}


def score(site: Project, shard: str) -> tuple[int, int]:
    """How many entries a part's run has scored, and how many have been missing."""
    done = tokenheat(site, "warm", "--shard", shard)
    assert (done.returncode, done.stderr) == (0, "")
    words = done.stdout.split()
    assert done.stdout == f"shard {shard}: {words[2]} of {words[4]} missing entries scored\n"
    return int(words[2]), int(words[4])


def test_the_parts_copied_together_are_the_whole(site: Project, tmp_path: Path) -> None:
    assert tokenheat(site, "warm").returncode == 0
    whole = content(site.cache)
    entries = {path.name for path in site.entries()}
    shutil.rmtree(site.cache)
    seen: list[str] = []
    merged = tmp_path / "merged"
    for number in (1, 2, 3):
        scored, missing = score(site, f"{number}/3")
        names = [path.name for path in site.entries()]
        assert (scored, missing) == (len(names), len(entries))
        assert 0 < scored < missing
        # A second run of a part scores nothing.
        assert score(site, f"{number}/3") == (0, missing - scored)
        seen += names
        shutil.copytree(site.cache, merged, dirs_exist_ok=True)
        shutil.rmtree(site.cache)
    assert sorted(seen) == sorted(entries), "each entry is in exactly one part"
    assert content(merged) == whole
    shutil.copytree(merged, site.cache)
    assert (
        tokenheat(site, "check").stdout == f"all blocks are in the cache: {len(entries)} entries\n"
    )
    assert score(site, "2/3") == (0, 0)


def test_a_damaged_entry_does_not_come_back_from_another_part(
    site: Project, tmp_path: Path
) -> None:
    assert tokenheat(site, "warm").returncode == 0
    whole = content(site.cache)
    for entry in site.entries()[:4]:
        entry.write_bytes(entry.read_bytes()[:-9])
    parts = [site.copied(tmp_path / str(number)) for number in (1, 2)]
    for number, part in enumerate(parts, 1):
        shutil.copytree(site.cache, part.cache)
        assert tokenheat(part, "warm", "--shard", f"{number}/2").returncode == 0
    for order in (parts, parts[::-1]):
        shutil.rmtree(site.cache)
        for part in order:
            shutil.copytree(part.cache, site.cache, dirs_exist_ok=True)
        assert content(site.cache) == whole


def test_what_cannot_be_scored_is_told_before_what_is_in_another_part(project: Project) -> None:
    site = make_site(project)
    broken = site.folder / "broken"
    shutil.copytree(site.folder / "toy", broken)
    (broken / "tokenizer.json").write_text("{}", "utf-8")
    models = {"toy": "path:toy", "broken": "path:broken"}
    given = {"models": models, "cache_dir": None}
    settings = read_settings(given, site.folder)
    compared = block("the cat", view="compare", model=["toy", "broken"], metric="norm")
    parts = [Site(settings, shard=Shard(number, 40)) for number in range(1, 41)]
    found = [str(part.score([compared])[0]) for part in parts]
    # One part has the broken model's own request, and one that of both models.
    told = [each for each in found if "it is not in part" not in each]
    assert sorted(each.partition(": cannot read")[0] for each in told) == [
        *("model 'broken'", "models 'toy' and 'broken'")
    ]


def test_one_part_of_one_is_the_whole(site: Project) -> None:
    done = tokenheat(site, "warm", "--shard", "1/1")
    assert done.stdout.startswith("all blocks are in the cache")


def test_an_error_of_a_block_is_said_in_the_part_that_meets_it(project: Project) -> None:
    project.configure(plugins="[tokenheat: {max_tokens: 3}]")
    project.page(PAGE.replace("model=toy", "") + "```tokenheat metric=nurm\ncat\n```\n")
    first, second = (tokenheat(project, "warm", "--shard", f"{i}/2") for i in (1, 2))

    def lines(done: Done) -> set[str]:
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        return set(done.stderr.splitlines())

    assert lines(tokenheat(project, "warm")) == lines(first) | lines(second)
    common = lines(first) & lines(second)
    assert [line for line in common if "unknown metric 'nurm'" in line] == list(common) != []


def test_a_failure_is_said_before_what_is_not_scored_yet(site: Project) -> None:
    # The statistic fails and the scores are in the other part, in one of two ways round.
    site.configure(plugins="[tokenheat: {max_tokens: 1}]")
    site.page("```tokenheat scale=vocabulary\nthe cat sat on the mat\n```\n")
    said = [tokenheat(site, "warm", "--shard", f"{i}/2").stderr for i in (1, 2)]
    assert sum("docs/index.md:1: tokenheat: " in each for each in said) == 1


@pytest.mark.parametrize("part", ["9/8", "0/8", "x", "3", "3/0", "-1/8", "1/8/2", " 1/8", "٣/8"])
def test_a_part_that_is_none_is_wrong_usage(site: Project, part: str) -> None:
    done = tokenheat(site, "warm", f"--shard={part}")
    assert done.returncode == 2
    assert f"'{part}' is not a part such as 3/8, the third of eight" in done.stderr
    assert not site.cache.exists()


def test_a_part_is_told_by_the_name_alone() -> None:
    # Machines of different versions split one site: this never changes.
    parts = [read_shard(f"{i}/8") for i in range(1, 9)]
    keys = [f"{i * 2654435761:064x}" for i in range(64)]
    assert [[p.holds(key) for p in parts].index(True) for key in keys] == [
        i * 2654435761 % 8 for i in range(64)
    ]
    assert all(sum(p.holds(key) for p in parts) == 1 for key in keys)
    assert str(read_shard("3/8")) == "3/8"
