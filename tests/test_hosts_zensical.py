"""Zensical: its own command on small sites, its page cache, and our commands on its config."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import numpy as np
import pytest
from markdown import Markdown
from markdown.preprocessors import Preprocessor
from safetensors.numpy import save_file

from mkdocs_tokenheat.errors import TokenheatError
from mkdocs_tokenheat.hosts import cli, zensical
from mkdocs_tokenheat.hosts.markdown import TokenheatExtension
from mkdocs_tokenheat.hosts.zensical import fence, settings_of
from mkdocs_tokenheat.models.source import DEFAULT_LINE, locate
from mkdocs_tokenheat.scoring.entry import Entry
from mkdocs_tokenheat.scoring.request import Wanted
from mkdocs_tokenheat.settings import Settings
from tests.hosts import TEXT, Folder, fenced
from tests.pages import texts

FENCE = """
[[project.markdown_extensions.pymdownx.superfences.custom_fences]]
name = "tokenheat"
class = "tokenheat"
format = { object = "mkdocs_tokenheat.zensical.fence" }
"""


def configure(folder: Folder, settings: str = "", fence: str = FENCE, project: str = "") -> None:
    folder.write(
        "zensical.toml",
        f'[project]\nsite_name = "Heat"\n{project}\n'
        f"[project.markdown_extensions.tokenheat]\n{settings}\n{fence}",
    )


@pytest.fixture
def site(tmp_path: Path) -> Folder:
    folder = Folder(tmp_path / "site")
    configure(folder)
    folder.write("docs/index.md", f"---\ntitle: Heat\n---\n\n# Heat\n\n{fenced()}")
    folder.write("docs/sub/other.md", f"# Other\n\n{fenced(options='unit=word')}")
    return folder


def test_a_site_is_built(site: Folder) -> None:
    site.done("zensical build --strict")
    assert texts(site.read("site/index.html")) == [TEXT.removesuffix("\n")]
    assert len(site.figures("site/sub/other/index.html")) == 1
    assert len(site.entries()) == 2


def test_paths_start_at_the_config_wherever_the_command_runs(site: Folder) -> None:
    site.write("docs/data/own.json", "[1, 2, null]")
    site.write("docs/index.md", fenced("a b c\n", "metric=values unit=word values=data/own.json"))
    elsewhere = Folder(site.path.parent)
    elsewhere.done("zensical build -f site/zensical.toml")
    assert len(site.figures("site/index.html")) == 1
    assert len(site.entries()) == 2
    assert not (elsewhere.path / ".cache").exists()


@pytest.mark.parametrize("strict", ["", "--strict"])
def test_an_error_ends_the_build_with_page_and_line(site: Folder, strict: str) -> None:
    site.write("docs/sub/other.md", f"---\ntitle: x\n---\n\n{fenced(options='metrik=a')}")
    said = site.failed(f"zensical build {strict}")
    assert "docs/sub/other.md:5: tokenheat: unknown option 'metrik', did you mean" in said


def test_an_error_can_be_shown_instead(site: Folder) -> None:
    configure(site, 'on_error = "show"')
    site.write("docs/index.md", fenced(options="metrik=a"))
    site.done("zensical build")
    assert "docs/index.md:1: tokenheat: unknown option" in site.read("site/index.html")


def test_a_wrong_setting_names_the_config(site: Folder) -> None:
    configure(site, 'colourmap = "Blues"')
    said = site.failed("zensical build")
    assert "zensical.toml: tokenheat: unknown setting 'colourmap', did you mean 'colormap'" in said
    assert site.failed("tokenheat check") == (
        "zensical.toml: tokenheat: unknown setting 'colourmap', did you mean 'colormap'?\n"
    )


def test_labels_follow_the_language_of_the_theme(site: Folder) -> None:
    configure(site, project='[project.theme]\nlanguage = "vi"')
    site.done("zensical build")
    assert "Bảng toàn bộ giá trị" in site.read("site/index.html")


def test_an_mkdocs_yml_is_read_too(site: Folder) -> None:
    (site.path / "zensical.toml").unlink()
    site.write(
        "mkdocs.yml",
        "site_name: Heat\nmarkdown_extensions:\n  - tokenheat:\n      unit: word\n"
        "  - pymdownx.superfences:\n      custom_fences:\n"
        "        - name: tokenheat\n          class: tokenheat\n          format:\n"
        "            object: mkdocs_tokenheat.zensical.fence\n",
    )
    assert "all blocks are in the cache, 1 entry newly scored" in site.done("tokenheat warm")
    site.done("zensical build")
    assert len(site.entries()) == 1
    assert len(site.figures("site/index.html")) == 1


def rendered_anew(site: Folder, *command: str) -> bool:
    """Whether a build renders the pages, and does not only write what it has kept of them."""
    for name in site.entries():
        (site.path / ".cache/tokenheat" / name).unlink()
    site.done(*(command or ("zensical build",)))
    return bool(site.entries())


def test_pages_are_kept_until_the_package_changes(site: Folder) -> None:
    site.done("zensical build")
    assert not rendered_anew(site)
    newer = (
        "import sys, mkdocs_tokenheat; mkdocs_tokenheat.__version__ = '999'; "
        "sys.argv = ['zensical', 'build']; from zensical.main import cli; cli()"
    )
    command = (sys.executable, "-c", newer)
    assert rendered_anew(site, *command)
    assert not rendered_anew(site, *command)
    assert rendered_anew(site)


INHERITED = """\
site_name: Heat
markdown_extensions:
  - tokenheat:
      model: own
      models: {own: "path:model"}
  - pymdownx.superfences:
      custom_fences:
        - name: tokenheat
          class: tokenheat
          format:
            object: mkdocs_tokenheat.zensical.fence
"""


MAPPED = """\
site_name: Heat
markdown_extensions:
  tokenheat:
    model: own
    models: {own: "path:model"}
  pymdownx.superfences:
    custom_fences:
      - name: tokenheat
        class: tokenheat
        format:
          object: mkdocs_tokenheat.zensical.fence
"""
OVER = "INHERIT: base.yml\nmarkdown_extensions:\n  tokenheat:\n    models: {other: path:x}\n"


@pytest.mark.parametrize(
    ("base", "over"), [("", ""), (INHERITED, "INHERIT: base.yml\n"), (MAPPED, OVER)]
)
def test_pages_are_kept_until_a_model_changes(site: Folder, base: str, over: str) -> None:
    model = site.path / "model"
    model.mkdir()
    shutil.copy(locate(DEFAULT_LINE, site.path).tokenizer, model / "tokenizer.json")
    weights = np.ones((32000, 2), np.float32)
    save_file({"embedding.weight": weights}, model / "model.safetensors")
    if base:
        (site.path / "zensical.toml").unlink()
        site.write("base.yml", base)
        site.write("mkdocs.yml", over)
    else:
        configure(site, 'model = "own"\nmodels = { own = "path:model" }')
    site.done("zensical build")
    before = site.figures("site/index.html")
    assert not rendered_anew(site)
    weights[:16000] = 2
    save_file({"embedding.weight": weights}, model / "model.safetensors")
    assert rendered_anew(site)
    assert site.figures("site/index.html") != before


def test_what_zensical_compares_differs_while_it_serves(
    site: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(site.path)
    seen = {}
    for name in ("build", "serve"):
        with click.Context(click.Command(name), info_name=name):
            seen[name] = fence()
        shown = settings_of(Path("zensical.toml").resolve()).on_error
        # The config is read again, outside any command.
        assert shown == "raise"
        assert seen[name].keywords["serving"] is (name == "serve")
    assert seen["build"].keywords["tokenheat"] == seen["serve"].keywords["tokenheat"]
    monkeypatch.setattr(zensical, "serving", True)
    config = {"root_dir": str(site.path), "docs_dir": "docs", "theme": {}}
    assert zensical._settings(config, {}).on_error == "show"


def test_without_the_extension_a_block_is_code() -> None:
    formatted = fence()(
        "a <b>", "tokenheat", "tokenheat", {}, Markdown(), classes=[], id_value="", attrs={}
    )
    assert formatted.startswith('<pre class="tokenheat"')
    assert "a &lt;b&gt;" in formatted


def test_one_batch_before_the_build_and_no_model_in_it(
    site: Folder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from mkdocs_tokenheat.scoring import engine

    batches: list[int] = []
    score = engine.score

    def count(
        requests: Sequence[Wanted], settings: Settings
    ) -> Iterator[tuple[Wanted, Entry | TokenheatError]]:
        batches.append(len(requests))
        return score(requests, settings)

    monkeypatch.setattr(engine, "score", count)
    monkeypatch.chdir(site.path)
    assert cli.main(["check"]) == 1
    assert "docs/index.md:7: tokenheat: the scores of this block" in capfd.readouterr().err
    assert cli.main(["warm", "-f", "zensical.toml"]) == 0
    assert batches == [2]
    assert cli.main(["check"]) == 0
    assert not (site.path / "site").exists()
    site.done("zensical build", TOKENHEAT_FROZEN="1")
    assert len(site.figures("site/index.html")) == 1


def test_the_cache_is_looked_after(site: Folder) -> None:
    site.done("tokenheat warm -f zensical.toml")
    assert site.done("tokenheat cache stats").startswith("2 entries")
    assert "2 entries, 0 damaged" in site.done("tokenheat cache verify -f zensical.toml")
    site.write("docs/sub/other.md", "# None\n")
    assert "1 entry removed, 1 entry, " in site.done("tokenheat cache prune -f zensical.toml")


def test_pages_that_are_left_out_are_not_read(site: Folder) -> None:
    configure(site, project='exclude_docs = "sub/"')
    for path in ("sub/other.md", ".trash/old.md", ".draft.md"):
        site.write(f"docs/{path}", fenced(options="metrik=a"))
    assert "1 entry newly scored" in site.done("tokenheat warm")
    site.done("zensical build --strict", TOKENHEAT_FROZEN="1")


def test_blocks_from_snippets_are_found(site: Folder) -> None:
    configure(site, fence=FENCE + "\n[project.markdown_extensions.pymdownx.snippets]\n")
    site.write("part.md", fenced("from a snippet\n"))
    site.write("docs/index.md", '# Heat\n\n--8<-- "part.md"\n')
    assert "2 entries newly scored" in site.done("tokenheat warm")
    site.done("zensical build", TOKENHEAT_FROZEN="1")
    assert texts(site.read("site/index.html")) == ["from a snippet"]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("[project", "Zensical cannot read the config"),
        ("[project]\n", "Zensical cannot read the config: Missing required setting: site_name"),
        (
            '[project]\nsite_name = "x"\n',
            "'tokenheat' is not in the config's 'markdown_extensions'",
        ),
    ],
)
def test_a_config_that_cannot_be_used(site: Folder, config: str, said: str) -> None:
    site.write("zensical.toml", config)
    assert f"zensical.toml: tokenheat: {said}" in site.failed("tokenheat warm").replace(
        "the extension ", ""
    )


class _Context(Preprocessor):
    """What Zensical registers with each page's Markdown object."""

    def __init__(self, config: Mapping[str, object], path: str) -> None:
        super().__init__()
        self.config = config
        self.page = SimpleNamespace(path=path)

    def run(self, lines: list[str]) -> list[str]:
        return lines


def test_the_pages_of_one_build_share_a_site_in_any_thread(site: Folder) -> None:
    config = {"root_dir": str(site.path), "docs_dir": "docs", "theme": {"language": "en"}}
    sites: set[int] = set()

    def page(number: int) -> str:
        md = Markdown()
        md.preprocessors.register(_Context(config, f"{number}.md"), "rendering_context", 0)
        extension = TokenheatExtension(unit="word")
        extension.extendMarkdown(md)
        sites.add(id(extension._site))
        return md.convert(fenced(f"word number {number % 5} of them\n"))

    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(page, range(40)))
    assert len(sites) == 1
    assert pages == [page(number) for number in range(40)]
    assert len(site.entries()) == 5
    for name in site.entries():
        json.loads((site.path / ".cache/tokenheat" / name).read_bytes())
    source = site.write("docs/7.md", fenced(options="metrik=a")).read_text("utf-8")
    md = Markdown()
    md.preprocessors.register(_Context(config, "7.md"), "rendering_context", 0)
    TokenheatExtension().extendMarkdown(md)
    with pytest.raises(TokenheatError, match=r"docs/7\.md:1: tokenheat: unknown option"):
        md.convert(source)


def test_a_server_shows_what_is_wrong_with_the_settings(
    site: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def page(**settings: Any) -> str:
        config = {"root_dir": str(site.path), "docs_dir": "docs", "theme": {"language": "en"}}
        md = Markdown()
        md.preprocessors.register(_Context(config, "index.md"), "rendering_context", 0)
        TokenheatExtension(**settings).extendMarkdown(md)
        return md.convert(fenced())

    with pytest.raises(TokenheatError, match=r"zensical\.toml: .* unknown setting 'modles'"):
        page(modles={})
    monkeypatch.setattr(zensical, "serving", True)
    assert "unknown setting &#39;modles&#39;, did you mean &#39;models&#39;?" in page(modles={})
    assert "<figure" in page(models={})


def test_a_server_sees_a_model_that_comes_and_one_that_changes(
    site: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zensical, "serving", True)
    config = {"root_dir": str(site.path), "docs_dir": "docs", "theme": {"language": "en"}}

    def page(text: str) -> str:
        md = Markdown()
        md.preprocessors.register(_Context(config, "index.md"), "rendering_context", 0)
        TokenheatExtension(model="own", models={"own": "path:model"}).extendMarkdown(md)
        return md.convert(fenced(text))

    assert "is not there" in page("a cat\n")
    model = site.path / "model"
    model.mkdir()
    shutil.copy(locate(DEFAULT_LINE, site.path).tokenizer, model / "tokenizer.json")
    weights = np.ones((32000, 2), np.float32)
    save_file({"embedding.weight": weights}, model / "model.safetensors")
    assert 'title="1.414"' in page("a cat\n")
    save_file({"embedding.weight": 2 * weights}, model / "new")
    (model / "new").replace(model / "model.safetensors")
    assert 'title="2.828"' in page("a cat\n")
    assert 'title="2.828"' in page("a dog\n")


def test_a_page_that_cannot_be_read_is_told_and_nothing_is_pruned(site: Folder) -> None:
    site.done("tokenheat warm -f zensical.toml")
    path = site.write("docs/sub/other.md", "x")
    path.write_bytes(b"\xff")
    for command in ("check", "cache prune"):
        said = site.failed(f"tokenheat {command} -f zensical.toml")
        assert said.startswith("docs/sub/other.md: tokenheat: cannot read the page: ")
    assert len(site.entries()) == 2


def test_a_config_may_inherit_the_extension(site: Folder) -> None:
    (site.path / "zensical.toml").unlink()
    extensions = "site_name: x\nmarkdown_extensions:\n  - tokenheat\n  - pymdownx.superfences\n"
    site.write("base.yml", extensions)
    site.write("mkdocs.yml", "INHERIT: base.yml\n")
    assert site.done("tokenheat warm").startswith("all blocks are in the cache, 2 entries")
    site.write("base.yml", "site_name: x\nmarkdown_extensions:\n  tokenheat: {}\n")
    site.write(
        "mkdocs.yml", "INHERIT: base.yml\nmarkdown_extensions:\n  pymdownx.superfences: {}\n"
    )
    assert site.done("tokenheat check").startswith("all blocks are in the cache: 2 entries")
