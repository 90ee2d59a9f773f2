"""Builds that are killed, caches that are damaged, disks that are full: the picture stays right."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mkdocs_tokenheat import files
from tests.conftest import FUZZ, Project, ours

KILLS = 50 if FUZZ else 5
BUILDS = 8 if FUZZ else 4
BUILD = (sys.executable, "-m", "mkdocs", "build", "--strict")

TEXTS = [f"Purple is a colour, and number {i} is none of tím hay đỏ." for i in range(12)]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A built site of a few pages, with blocks that share their scores and blocks that do not."""
    site = Project(tmp_path_factory.mktemp("faults") / "project")
    for number in range(3):
        blocks = [
            f"```tokenheat metric={metric} unit={unit}\n{text}\n```\n"
            for text in TEXTS[4 * number : 4 * number + 4]
            for metric in ("norm", "cosine-previous")
            for unit in ("token", "word")
        ]
        site.page("\n".join(blocks), f"page{number}.md")
    site.page("# Home\n")
    built(site)
    return site


@pytest.fixture
def site(reference: Project, project: Project) -> Project:
    """The same site, with its cache, in a folder of its own."""
    shutil.copytree(reference.folder, project.folder, dirs_exist_ok=True)
    return project


@pytest.fixture
def right(reference: Project) -> dict[str, bytes]:
    """What its pages must be."""
    return pages(reference)


def pages(site: Project) -> dict[str, bytes]:
    folder = site.folder / "site"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.html")}


def tokenheat(site: Project, *words: str) -> subprocess.CompletedProcess[str]:
    return site.run(sys.executable, "-m", "mkdocs_tokenheat", *words)


def built(site: Project) -> tuple[dict[str, bytes], list[str]]:
    """The pages of a strict build that must succeed, and what it says of the cache."""
    done = site.build()
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return pages(site), ours(done.stderr)


def repaired(site: Project) -> None:
    """Repairing leaves whole entries and nothing else."""
    assert tokenheat(site, "cache", "verify", "--repair").returncode == 0
    done = tokenheat(site, "cache", "verify")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    for path in site.cache.rglob("*"):
        assert path.is_dir() or path.name == ".gitignore" or path.suffix == ".json", path
        assert not path.is_symlink()
    assert all(path.is_file() for path in site.entries())


# Builds that are killed


def test_a_build_may_be_killed_at_any_moment(site: Project, right: dict[str, bytes]) -> None:
    start = time.monotonic()
    built(site)
    whole = time.monotonic() - start
    entries = {path.name: path.read_bytes() for path in site.entries()}
    chance = random.Random(0)
    killed = 0
    for _ in range(KILLS):
        if chance.random() < 0.5:
            shutil.rmtree(site.cache, ignore_errors=True)
        process = subprocess.Popen(
            BUILD,
            cwd=site.folder,
            env=site.environment({}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        # Half of the kills wait for the first entries, so that many fall among the writes.
        if chance.random() < 0.5:
            while process.poll() is None and not any(site.cache.glob("*.json")):
                time.sleep(0.001)
            time.sleep(chance.uniform(0, whole / 10))
        else:
            time.sleep(chance.uniform(0, whole))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        for path in site.entries():
            assert path.read_bytes() == entries[path.name], "a reader could see half an entry"
    assert killed >= KILLS // 2
    again, said = built(site)
    assert again == right
    assert said == []
    repaired(site)
    assert {path.name: path.read_bytes() for path in site.entries()} == entries


# Caches that are damaged


def flip(path: Path, chance: random.Random) -> None:
    raw = bytearray(path.read_bytes())
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    path.write_bytes(raw)


def instead(path: Path, make: Callable[[], object]) -> None:
    path.unlink()
    make()


def other(path: Path) -> Path:
    return next(each for each in sorted(path.parent.glob("*.json")) if each != path)


DAMAGE: dict[str, Callable[[Path, random.Random], object]] = {
    "emptied": lambda path, _: path.write_bytes(b""),
    "truncated": lambda path, chance: os.truncate(path, chance.randrange(path.stat().st_size)),
    "flipped": flip,
    "grown": lambda path, _: path.write_bytes(path.read_bytes() + b"\n"),
    "another block's": lambda path, _: path.write_bytes(other(path).read_bytes()),
    "a folder": lambda path, _: instead(path, path.mkdir),
    "a full folder": lambda path, _: instead(path, lambda: (path / "a").mkdir(parents=True)),
    "a dangling link": lambda path, _: instead(path, lambda: path.symlink_to("nowhere")),
    "a link to itself": lambda path, _: instead(path, lambda: path.symlink_to(path.name)),
    "a link to another": lambda path, _: instead(path, lambda: path.symlink_to(other(path).name)),
    "a link outside": lambda path, _: instead(path, lambda: path.symlink_to("/etc/passwd")),
    "a device": lambda path, _: instead(path, lambda: path.symlink_to("/dev/zero")),
    "a pipe": lambda path, _: instead(path, lambda: os.mkfifo(path)),
}


def test_no_damage_is_shown_and_the_next_build_heals_it(
    site: Project, right: dict[str, bytes]
) -> None:
    entries = {path: path.read_bytes() for path in site.entries()}
    chance = random.Random(1)
    hurt = chance.sample(sorted(entries), len(DAMAGE))
    for path, damage in zip(hurt, DAMAGE.values(), strict=True):
        damage(path, chance)
    again, said = built(site)
    assert again == right
    # A link that leads nowhere is a missing entry like any other.
    warned = {
        found for line in said for found in re.findall(r"ignoring the cache entry (\S+):", line)
    }
    harmless = {p.name for p, name in zip(hurt, DAMAGE, strict=True) if name == "a dangling link"}
    assert warned == {path.name for path in hurt} - harmless
    folders = [path for path in hurt if path.is_dir()]
    for path in set(entries) - set(folders):
        assert path.read_bytes() == entries[path]
        assert not path.is_symlink()
    assert len(folders) == 2, "what a folder holds is not thrown away by a build"
    assert [line for line in said if "cannot store" in line] != []
    repaired(site)
    assert built(site) == (right, [])
    assert {path: path.read_bytes() for path in site.entries()} == entries


def test_repairing_throws_away_what_is_not_whole_and_nothing_else(
    site: Project, right: dict[str, bytes]
) -> None:
    hurt = random.Random(2).sample(site.entries(), len(DAMAGE))
    whole = set(site.entries()) - set(hurt)
    for path, damage in zip(hurt, DAMAGE.values(), strict=True):
        damage(path, random.Random(2))
    (site.cache / ".0123abcd-1-2.tmp").write_text("half", encoding="utf-8")
    (site.cache / "models").mkdir(exist_ok=True)
    (site.cache / "models" / f"{'a' * 64}.json").write_text("{", encoding="utf-8")
    (site.cache / "local").write_text("no folder", encoding="utf-8")
    others = [
        site.cache / name for name in ("README", ".mine.tmp", "models/config.json", "x/.1.tmp")
    ]
    for path in others:
        path.parent.mkdir(exist_ok=True)
        path.write_text("kept", encoding="utf-8")
    done = tokenheat(site, "cache", "verify")
    assert done.returncode == 1
    assert f", {len(DAMAGE) + 3} damaged" in done.stdout
    done = tokenheat(site, "cache", "verify", "--repair")
    assert done.returncode == 0
    assert set(site.entries()) == whole
    assert sorted(p.name for p in site.cache.rglob("*") if p.is_file() and p not in whole) == [
        *(".1.tmp", ".mine.tmp", "README", "config.json")
    ]


def test_verify_follows_no_link_out_of_a_folder(site: Project, right: dict[str, bytes]) -> None:
    whole = site.entries()
    elsewhere = site.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / f"{'a' * 64}.json").write_text("kept", encoding="utf-8")
    for name, target in (("models", "."), ("local", elsewhere)):
        shutil.rmtree(site.cache / name, ignore_errors=True)
        (site.cache / name).symlink_to(target)
    assert ", 2 damaged" in tokenheat(site, "cache", "verify").stdout
    assert tokenheat(site, "cache", "verify", "--repair").returncode == 0
    assert site.entries() == whole
    assert [path.read_text("utf-8") for path in elsewhere.iterdir()] == ["kept"]
    assert not any((site.cache / name).is_symlink() for name in ("models", "local"))
    assert tokenheat(site, "cache", "verify").returncode == 0


# Where nothing can be stored


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[None]:
    """A small file system of its own at the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    options = ("size=64k", *options)
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)], check=True
    )
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def can_mount(folder: Path) -> bool:
    try:
        with mounted(folder):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


FULL = """
import resource, signal, sys
# The first write of a file beyond this size fails, as on a full disk.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
import mkdocs_tokenheat.files as files
write = files._write
def limited(path, text):
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
    try:
        write(path, text)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
files._write = limited
from mkdocs.__main__ import cli
cli(["build", "--strict"])
"""


def cannot_store(site: Project, right: dict[str, bytes], *words: str) -> None:
    """A build shows the right pictures and says once why it keeps none."""
    done = site.run(*(words or BUILD))
    assert done.returncode == 0, done.stderr
    assert pages(site) == right
    said = ours(done.stderr)
    assert len(said) == 1, said
    assert "cannot store scores in" in said[0]


def test_a_full_disk_costs_one_line(site: Project, right: dict[str, bytes], tmp_path: Path) -> None:
    entries = {path.name: path.read_bytes() for path in site.entries()}
    shutil.rmtree(site.cache)
    if can_mount(tmp_path / "probe"):
        with mounted(site.cache):
            (site.cache / "ballast").write_bytes(bytes(48 * 1024))
            cannot_store(site, right)
            kept = site.entries()
            assert 0 < len(kept) < len(entries), "the disk was not full in the middle of the build"
            for path in kept:
                assert path.read_bytes() == entries[path.name]
            assert list(site.cache.rglob("*.tmp")) == []
            (site.cache / "ballast").unlink()
            shutil.rmtree(site.cache, ignore_errors=True)
    cannot_store(site, right, sys.executable, "-c", FULL)
    assert site.entries() == []
    assert list(site.cache.rglob("*.tmp")) == []
    assert built(site) == (right, [])


def test_a_file_that_somebody_has_open_is_replaced_a_little_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = [PermissionError(13, "Access is denied")] * 2
    replace = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    files.write(tmp_path / "entry.json", "whole\n")
    assert [path.read_text("utf-8") for path in tmp_path.iterdir()] == ["whole\n"]
    refusals += [PermissionError(13, "Access is denied")] * 9
    with pytest.raises(PermissionError):
        files.write(tmp_path / "other.json", "whole\n")
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_may_only_be_read_costs_one_line(
    site: Project, right: dict[str, bytes], tmp_path: Path
) -> None:
    kept = {path.name: path.read_bytes() for path in site.entries()[::2]}
    shutil.rmtree(site.cache)
    site.cache.mkdir()
    if os.geteuid() != 0:  # Root may write anywhere.
        fill(site.cache, kept)
        site.cache.chmod(0o555)
        cannot_store(site, right)
        site.cache.chmod(0o755)
    elif can_mount(tmp_path / "probe"):
        with mounted(site.cache, "size=1M"):
            fill(site.cache, kept)
            subprocess.run(["mount", "-o", "remount,ro", str(site.cache)], check=True)
            cannot_store(site, right)
    else:
        refuse = "import os, pathlib\ndef refused(*_, **__): raise PermissionError(13, 'Denied')\n"
        refuse += "import mkdocs_tokenheat.files as files\nfiles._write = refused\n"
        refuse += "from mkdocs.__main__ import cli\ncli(['build', '--strict'])"
        fill(site.cache, kept)
        cannot_store(site, right, sys.executable, "-c", refuse)
    assert built(site) == (right, [])


def fill(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def test_a_folder_may_vanish_during_the_build(site: Project, right: dict[str, bytes]) -> None:
    for _ in range(3 if FUZZ else 1):
        shutil.rmtree(site.cache, ignore_errors=True)
        process = subprocess.Popen(
            BUILD, cwd=site.folder, env=site.environment({}), stderr=subprocess.PIPE, text=True
        )
        removed = 0
        while process.poll() is None:
            if any(site.cache.glob("*.json")):
                shutil.rmtree(site.cache, ignore_errors=True)
                removed += 1
            time.sleep(0.002)
        assert process.stderr is not None
        said = process.stderr.read()
        process.stderr.close()
        assert process.returncode == 0, said
        assert "Traceback" not in said
        assert pages(site) == right
        assert removed > 0
    assert built(site) == (right, [])
    repaired(site)


# Many at once


def test_builds_at_once_and_prunes_beside_them_share_one_cache(
    site: Project, right: dict[str, bytes]
) -> None:
    shutil.rmtree(site.cache)
    outs = [site.folder / f"out{i}" for i in range(BUILDS)]
    builds = [
        subprocess.Popen(
            [*BUILD, "-q", "-d", str(out)],
            cwd=site.folder,
            env=site.environment({}),
            stderr=subprocess.PIPE,
            text=True,
        )
        for out in outs
    ]
    pruned = 0
    while any(build.poll() is None for build in builds):
        # Whatever is least recently used goes, under the feet of the builds.
        done = tokenheat(site, "cache", "prune", "--max-size", "2KB")
        assert done.returncode == 0, done.stderr
        pruned += 1
    for build, out in zip(builds, outs, strict=True):
        _, said = build.communicate()
        assert (build.returncode, ours(said)) == (0, []), said
        assert {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*.html")} == right
    assert pruned > 0
    assert list(site.cache.rglob("*.tmp")) == []
    assert built(site) == (right, [])
    repaired(site)
