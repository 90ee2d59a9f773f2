"""Entries other than a text's scores: forged ones, and the command line with all kinds."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.scoring import geometry
from mkdocs_tokenheat.scoring.entry import decode
from mkdocs_tokenheat.scoring.kinds import KINDS, read_any
from mkdocs_tokenheat.scoring.statistic import Statistic
from tests.conftest import Author, Project, block, examples
from tests.forged import signed
from tests.pages import assert_harmless, texts
from tests.test_cache_life import tokenheat
from tests.vocabularies import MINILM, made

WORDS = ("cat", "dog", "banana", "mat", "sat", "on", "the", "blue")
TEXT = "the cat sat on blue dog banana"
BLOCKS: Mapping[str, Mapping[str, object]] = {
    "baseline": {"metric": "cosine-previous", "baseline": "shuffle", "model": "toy"},
    "matrix": {"view": "matrix", "model": "toy", "numbers": True},
    "neighbours": {"view": "neighbours", "model": "toy", "k": 3},
    "quantiles": {"metric": "norm", "scale": "vocabulary", "model": "toy"},
    "similarity": {"view": "compare", "metric": "norm", "model": ["toy", "other"]},
}
"""For each kind a block that needs one of it."""


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory) -> Author:
    folder = tmp_path_factory.mktemp("site")
    made(folder / "toy", WORDS)
    made(folder / "other", WORDS, seed=1, dimensions=9)
    author = Author(folder, models={"toy": "path:toy", "other": "path:other"})
    for options in BLOCKS.values():
        author.figure(TEXT, **options)
    return author


def path_of(author: Author, kind: str) -> Path:
    (answer,) = author.site().score([block(TEXT, **BLOCKS[kind])])
    assert not isinstance(answer, TokenheatError)
    (statistic,) = (
        each
        for each in answer.asked.values()
        if isinstance(each, Statistic) and each.kind.name == kind
    )
    return author.cache / f"{statistic.key}.json"


def columns_of(path: Path) -> dict[str, Any]:
    columns: dict[str, Any] = json.loads(path.read_text("utf-8"))
    del columns["format"], columns["checksum"]
    return columns


def test_every_kind_is_known_by_name(author: Author) -> None:
    # Those of a distribution are for pairs, and are tested with its view.
    assert {*BLOCKS, "distribution"} == {*KINDS}
    folder = Path(geometry.__file__).parent
    assert {path.stem for path in folder.glob("*.py") if "KIND = " in path.read_text()} == {*KINDS}
    for kind in BLOCKS:
        path = path_of(author, kind)
        assert columns_of(path)["kind"] == kind
        entry = decode(path.read_bytes(), path.stem, read_any)
        assert entry.columns().keys() == columns_of(path).keys()


# Forged


HUGE = 10**400
WRONG: Mapping[str, list[dict[str, object]]] = {
    "baseline": [
        {"threshold": "0.5"}, {"threshold": float("nan")}, {"threshold": HUGE}, {"threshold": [1]},
        {"by_chance": None}, {"by_chance": -1}, {"by_chance": True}, {"by_chance": float("inf")},
    ],
    "matrix": [
        {"order": [0, 1]}, {"order": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]}, {"order": [0] * 7},
        {"order": "0123456"}, {"order": [False, True, 2, 3, 4, 5, 6]}, {"order": [*range(60)]},
        {"order": [], "rows": [], "trace": 0}, {"rows": [[1]] * 7}, {"rows": None},
        {"rows": [["1"] * (i + 1) for i in range(7)]}, {"rows": ["1" * (i + 1) for i in range(7)]},
        {"rows": [[float("nan")] * (i + 1) for i in range(7)]},
        {"rows": [[HUGE] * (i + 1) for i in range(7)]}, {"trace": HUGE}, {"trace": -1},
        {"trace": 2.5}, {"trace": True}, {"trace": 8}, {"eigenvalues": [1] * 1000},
        {"eigenvalues": ["1"]}, {"eigenvalues": [None]}, {"eigenvalues": [9.0]}, {"eigenvalues": [float("inf")]}, {"notes": [[]]}, {"notes": [[[]]]},
    ],
    "neighbours": [
        {"words": []}, {"words": [[["a", 0.5]]] * 8}, {"words": [[["a", 0.5]] * 4] * 7}, {"words": 5},
        {"words": [[["a", float("nan")]]] * 7}, {"words": [[["a", HUGE]]] * 7},
        {"words": [[["a", None]]] * 7}, {"words": [[["a", True]]] * 7}, {"words": [[["a", 1.5]]] * 7},
        {"words": [[[5, 0.5]]] * 7}, {"words": [[["a"]]] * 7}, {"words": ["ab"] * 7},
        {"words": [[["x" * 1001, 0.5]]] * 7}, {"notes": [5]}, {"notes": None},
    ],
    "quantiles": [
        {"numbers": []}, {"numbers": [1] * 1000}, {"numbers": [1] * 1002}, {"numbers": "1" * 1001},
        {"numbers": [*range(1001, 0, -1)]}, {"numbers": [*range(1000), None]},
        {"numbers": [*range(1000), HUGE]}, {"numbers": [*range(1000), float("nan")]},
        {"numbers": [*range(1000), "9"]}, {"numbers": None}, {"numbers": [True] * 1001},
    ],
    "similarity": [
        {"words": -1}, {"words": 301}, {"words": 7.0}, {"words": "7"}, {"words": True},
        {"is_cut": 1}, {"is_cut": None}, {"spearman": None}, {"pearson": None}, {"pearson": []},
        {"pearson": [0.5]}, {"pearson": [0.5, 0.1, 0.2]}, {"pearson": [2, 0.1]},
        {"pearson": [0.5, 0]}, {"pearson": [0.5, 2]}, {"pearson": ["<b>", 0.1]},
        {"spearman": [float("nan"), 0.1]}, {"spearman": [HUGE, 0.1]}, {"spearman": "55"},
        {"notes": []}, {"notes": [[], [], []]}, {"notes": [[[]], []]}, {"notes": None},
    ],
}  # fmt: skip
"""Columns, each of which makes an entry invalid."""


@pytest.mark.parametrize(
    ("kind", "columns"), [(kind, each) for kind, all_of_it in WRONG.items() for each in all_of_it]
)
def test_a_wrong_entry_is_made_anew(
    author: Author, caplog: pytest.LogCaptureFixture, kind: str, columns: dict[str, object]
) -> None:
    figure = author.figure(TEXT, **BLOCKS[kind])
    path = path_of(author, kind)
    right = path.read_bytes()
    path.write_bytes(signed({**columns_of(path), **columns}, path.stem))
    assert author.figure(TEXT, **BLOCKS[kind]) == figure
    assert f"ignoring the cache entry {path.name}" in caplog.text
    assert path.read_bytes() == right


@pytest.mark.parametrize("kind", BLOCKS)
def test_an_entry_of_another_kind_or_of_none_is_made_anew(author: Author, kind: str) -> None:
    figure = author.figure(TEXT, **BLOCKS[kind])
    path = path_of(author, kind)
    right = path.read_bytes()
    others = [columns_of(path_of(author, other)) for other in BLOCKS if other != kind]
    others += [{}, {**columns_of(path), "kind": "nothing"}, {**columns_of(path), "kind": [kind]}]
    others.append({name: c for name, c in columns_of(path).items() if name != "kind"})
    for columns in others:
        path.write_bytes(signed(columns, path.stem))
        assert author.figure(TEXT, **BLOCKS[kind]) == figure
        assert path.read_bytes() == right


NUMBERS = st.floats(-1.7e308, 1.7e308) | st.sampled_from([-1.7e308, 1.7e308, 0.0, 5e-324, 1.0])
SAID = st.sampled_from(
    ["<script>", "centred", "layer", "similarity-of", "metric-norm", "{0.x}", ""]
)
NOTES = st.lists(st.lists(SAID | st.integers(-9, 9), min_size=1, max_size=4), max_size=3)
RIGHT: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {
    "baseline": {"threshold": st.none() | NUMBERS, "by_chance": NUMBERS.map(abs)},
    "matrix": {
        "rows": st.tuples(
            *(st.lists(st.none() | NUMBERS, min_size=i, max_size=i) for i in range(1, 8))
        ),
        "order": st.permutations(range(7)),
        "eigenvalues": st.lists(st.none() | NUMBERS, max_size=3),
        "trace": st.integers(0, 7),
        "notes": NOTES,
    },
    "neighbours": {
        "words": st.lists(
            st.none() | st.lists(st.tuples(SAID, st.floats(-1, 1)), max_size=3),
            min_size=7,
            max_size=7,
        ),
        "notes": NOTES,
    },
    "quantiles": {
        "numbers": st.lists(NUMBERS, min_size=1, max_size=9).map(
            lambda few: sorted((few * 1001)[:1001])
        )
    },
    "similarity": {
        "words": st.integers(0, 300),
        "is_cut": st.booleans(),
        "spearman": st.tuples(st.floats(-1, 1), st.floats(1e-9, 1)),
        "pearson": st.tuples(st.floats(-1, 1), st.floats(1e-9, 1)),
        "notes": st.tuples(NOTES, NOTES),
    },
}
"""What can be read, although nothing ever computed it."""


@pytest.mark.parametrize("kind", BLOCKS)
@given(data=st.data())
@examples(60)
def test_a_forged_entry_that_can_be_read_does_no_harm(
    author: Author, kind: str, data: st.DataObject
) -> None:
    path = path_of(author, kind)
    right = path.read_bytes()
    columns = {name: data.draw(each, label=name) for name, each in RIGHT[kind].items()}
    path.write_bytes(signed({**columns_of(path), **columns}, path.stem))
    try:
        for more in ({}, {"scale": "quantile"}) if kind == "matrix" else ({},):
            html = author.figure(TEXT, **{**BLOCKS[kind], **more})
            assert "<script" not in html
            if kind not in ("matrix", "neighbours"):
                assert_harmless(html)
                assert set(texts(html)) == {TEXT}
    finally:
        path.write_bytes(right)


# The command line


PAGE = "".join(
    f"```tokenheat {info}\ncat dog banana sky blue red\n```\n\n"
    for info in (
        "metric=cosine-previous baseline=shuffle",
        "metric=norm scale=vocabulary",
        "metric=cosine-target target=cat scale=vocabulary transform=center",
        "view=matrix",
        "view=matrix order=cluster",
        "view=neighbours",
        "view=compare model=[wordllama,minilm] metric=norm",
    )
)


@pytest.fixture(scope="module")
def warmed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("kinds") / "project")
    project.configure(plugins=f"[search, {{tokenheat: {{models: {{minilm: '{MINILM}'}}}}}}]")
    project.page(PAGE)
    assert tokenheat(project, "warm").returncode == 0
    return project


@pytest.fixture
def site(warmed: Project, project: Project) -> Project:
    """The same site, with its cache, in a folder of its own."""
    shutil.copytree(warmed.folder, project.folder, dirs_exist_ok=True)
    return project


def test_the_command_line_knows_all_kinds_and_keeps_what_is_used(site: Project) -> None:
    entries = site.entries()
    kinds = {json.loads(path.read_text("utf-8")).get("kind") for path in entries}
    assert kinds == {None, *BLOCKS}
    verified = tokenheat(site, "cache", "verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    checked = tokenheat(site, "check")
    assert (checked.returncode, checked.stderr) == (0, "")
    tokenheat(site, "cache", "prune")
    assert site.entries() == entries
    # What no page uses any more is removed.
    site.page(PAGE.replace("cat dog banana", "cat dog sky").replace("target=cat", "target=dog"))
    assert tokenheat(site, "check").returncode == 1
    tokenheat(site, "cache", "prune")
    kept = {json.loads(path.read_text("utf-8")).get("kind") for path in site.entries()}
    assert kept == {"quantiles"}


def test_verify_lists_a_kind_that_nobody_knows(site: Project) -> None:
    (path, *_) = (p for p in site.entries() if '"kind"' in p.read_text("utf-8"))
    path.write_bytes(signed({**columns_of(path), "kind": "<b>"}, path.stem))
    verified = tokenheat(site, "cache", "verify")
    assert verified.returncode == 1
    assert "its kind is unknown" in verified.stdout + verified.stderr


@pytest.mark.parametrize("number", range(7))
def test_a_frozen_build_says_which_block_lacks_what(site: Project, number: int) -> None:
    fences = PAGE.split("\n\n")
    site.page("# Page\n\n" + fences[number].replace("cat dog", "dog cat") + "\n")
    for path in site.entries():
        path.unlink()
    said = site.error(TOKENHEAT_FROZEN="1")
    assert said.startswith("docs/index.md:3: tokenheat: ")
    assert "of this block (" in said
    assert "run 'tokenheat warm -f mkdocs.yml'" in said
