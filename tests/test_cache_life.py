"""How a cache grows old: what is counted, what is pruned, and what is left to others."""

from __future__ import annotations

import io
import os
import shutil
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from mkdocs_tokenheat.hosts.cli import main
from mkdocs_tokenheat.scoring import entry
from mkdocs_tokenheat.scoring.cache import Cache
from mkdocs_tokenheat.scoring.entry import decode, encode, is_of_other_version
from mkdocs_tokenheat.scoring.kinds import read_any
from mkdocs_tokenheat.scoring.scores import scores_of
from tests.conftest import Author, Project
from tests.test_cache import KEY, TEXT

DAY = 86_400
OTHER = "f" * 64


def fence(text: str, metric: str = "norm") -> str:
    return f"```tokenheat metric={metric}\n{text}\n```\n\n"


@pytest.fixture
def site(project: Project) -> Project:
    project.page("".join(fence(f"the cat sat {i} times") for i in range(4)))
    assert tokenheat(project, "warm").returncode == 0
    return project


@dataclass
class Done:
    """How a command ended."""

    returncode: object
    stdout: str
    stderr: str


def tokenheat(site: Project, *words: str) -> Done:
    """A command in the site's folder, within this process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    here = Path.cwd()
    os.chdir(site.folder)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status: object = main(words)
    except SystemExit as error:
        status = error.code
    finally:
        os.chdir(here)
    texts = (each.buffer.getvalue().decode() for each in (out, err))
    return Done(status, *texts)


def said(site: Project, *words: str) -> str:
    done = tokenheat(site, *words)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def aged(path: Path, days: float) -> None:
    os.utime(path, (time.time() - days * DAY,) * 2)


def of_another_version(site: Project) -> Path:
    path = site.cache / f"{OTHER}.json"
    path.write_text('{"format":2,"checksum":"of a way of its own"}\n', encoding="utf-8")
    return path


def test_each_version_knows_the_entries_of_the_others(
    site: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old, *_) = site.entries()
    scored = decode(old.read_bytes(), old.stem, read_any)
    assert not is_of_other_version(old.read_bytes())
    monkeypatch.setattr(entry, "FORMAT", 2)
    new = encode(scored, old.stem).encode()
    assert decode(new, old.stem, read_any).columns() == scored.columns()
    assert is_of_other_version(old.read_bytes())
    assert not is_of_other_version(new)
    monkeypatch.undo()
    assert is_of_other_version(new)


def test_stats_count_entries_and_their_size(site: Project) -> None:
    size = sum(path.stat().st_size for path in site.entries())
    assert said(site, "cache", "stats") == f"4 entries, {size} bytes, in {site.cache}\n"
    other = of_another_version(site).stat().st_size
    lines = said(site, "cache", "stats").splitlines()
    assert lines[0].startswith(f"5 entries, {size + other} bytes")
    assert lines[1] == f"of these, in another version's format: 1 entry, {other} bytes"


def test_stats_count_what_is_damaged_too(site: Project) -> None:
    (site.cache / f"{OTHER}.json").symlink_to("nowhere")
    assert said(site, "cache", "stats").startswith("5 entries, ")
    shutil.rmtree(site.cache)
    assert said(site, "cache", "stats").startswith("0 entries, 0 bytes")


def test_prune_removes_what_no_page_uses(site: Project) -> None:
    before = set(site.entries())
    site.page("".join(fence(f"the cat sat {i} times") for i in range(2)))
    listed = said(site, "cache", "prune", "--dry-run").splitlines()
    assert set(site.entries()) == before
    assert listed[-1].startswith("2 entries would be removed, 2 entries, ")
    assert said(site, "cache", "prune").startswith("2 entries removed, 2 entries, ")
    assert {str(path) for path in before - set(site.entries())} == set(listed[:-1])
    assert said(site, "check") == "all blocks are in the cache: 2 entries\n"


def test_prune_keeps_the_blocks_of_snippets(site: Project) -> None:
    config = site.folder / "mkdocs.yml"
    text = config.read_text("utf-8").partition("markdown_extensions")[0]
    more = "markdown_extensions:\n  - pymdownx.snippets: {base_path: [parts]}\n"
    config.write_text(text + more, encoding="utf-8")
    (site.folder / "parts").mkdir()
    (site.folder / "parts" / "part.md").write_text(fence("in a snippet"), encoding="utf-8")
    site.page('--8<-- "part.md"\n', "other.md")
    assert len(said(site, "warm").split()) > 0
    assert said(site, "cache", "prune").startswith("0 entries removed, 5 entries")


def test_prune_to_a_size_removes_what_was_used_longest_ago(site: Project) -> None:
    entries = site.entries()
    for days, path in enumerate(entries):
        aged(path, days)
    newest = entries[:2]
    size = sum(path.stat().st_size for path in newest)
    assert said(site, "cache", "prune", "--max-size", f"{size}B").startswith("2 entries removed")
    assert site.entries() == newest
    assert said(site, "cache", "prune", "--max-size", "1GB").startswith("0 entries removed")
    assert said(site, "cache", "prune", "--max-size", "0").startswith("2 entries removed")


@pytest.mark.parametrize("size", ["", "-1", "10XB", "ten", "1e9", "9" * 5000])
def test_a_size_that_cannot_be_read_is_wrong_usage(site: Project, size: str) -> None:
    done = tokenheat(site, "cache", "prune", f"--max-size={size}")
    assert done.returncode == 2
    assert "is not a size such as 500KB or 10MB" in done.stderr
    assert len(site.entries()) == 4


def test_prune_removes_nothing_while_blocks_have_errors(site: Project) -> None:
    site.page(fence("the cat") + fence("a", "nurm"))
    done = tokenheat(site, "cache", "prune", "--max-size", "0")
    assert done.returncode == 1
    assert "docs/index.md:5: tokenheat: unknown metric" in done.stderr
    assert len(site.entries()) == 4


def test_another_versions_entries_are_left_to_it(site: Project) -> None:
    other = of_another_version(site)
    raw = other.read_bytes()
    assert said(site, "cache", "verify", "--repair") == "5 entries, 0 damaged\n"
    assert said(site, "cache", "prune").startswith("0 entries removed")
    assert other.read_bytes() == raw
    assert said(site, "cache", "prune", "--other-versions").startswith("1 entry removed")
    assert not other.exists()


@pytest.mark.parametrize(
    ("head", "other"),
    [
        (b'{"format":2,"checksum"', True),
        (b'{"format":1,"checksum"', False),
        (b'{"format":99999999999,', False),
        (b'{"format":"2",', False),
        (b'{"checksum":"00","format":2,', False),
        (b"", False),
    ],
)
def test_a_version_is_told_by_an_entrys_first_line(head: bytes, other: bool) -> None:
    assert is_of_other_version(head) == other


def test_this_versions_entries_do_not_pass_for_anothers(author: Author) -> None:
    scores = author.score(TEXT)
    assert not is_of_other_version(encode(scores, KEY).encode())
    raw = encode(scores, KEY).replace('"format":1', '"format":2', 1).encode()
    with pytest.raises(ValueError, match="its checksum does not match"):
        decode(raw, KEY, scores_of(len(TEXT)))


# Traces of use


def test_a_hit_leaves_a_trace_once_a_day(author: Author) -> None:
    author.score(TEXT)
    (entry,) = author.entries()
    aged(entry, 0.9)
    stamp = entry.stat().st_mtime_ns
    author.score(TEXT)
    assert entry.stat().st_mtime_ns == stamp
    aged(entry, 1.1)
    raw = entry.read_bytes()
    author.score(TEXT)
    assert time.time() - entry.stat().st_mtime < DAY / 2
    assert entry.read_bytes() == raw


def test_where_no_trace_can_be_left_nothing_is_said(
    author: Author, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    right = author.figure(TEXT)
    aged(author.entries()[0], 3)
    monkeypatch.setattr(os, "utime", refused)
    assert author.figure(TEXT) == right
    assert caplog.records == []


def test_what_is_not_whole_is_not_used(author: Author) -> None:
    author.score(TEXT)
    (entry,) = author.entries()
    entry.write_bytes(b"{}")
    aged(entry, 3)
    assert Cache(author.cache).get(entry.stem, scores_of(len(TEXT))) is None
    assert time.time() - entry.stat().st_mtime > 2 * DAY
