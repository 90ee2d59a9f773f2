"""MkDocs: whole sites, built as their owners build them."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import html5lib
import pytest

from tests.conftest import Project

THEMES = ["mkdocs", "material"]

ENGLISH = "Purple is a  colour\n\n  similar to 'violet' & <blue>;\nneoclassical &amp; so on."
VIETNAMESE = "Tôi nghiêng đầu ngắm hoàng hôn, rồi khuỷu tay chống xuống bàn."

PAGE = f"""---
title: Heat
---

# Heat

Some words before.

```tokenheat metric=norm caption="Cỡ chữ nghiên cứu"
{ENGLISH}
```

- In a list:

    ```tokenheat
    ---
    metric: cosine-previous
    lang: vi
    ---
    {VIETNAMESE}
    ```

!!! note

    ~~~tokenheat metric=length unit=word
    {VIETNAMESE}
    ~~~
"""


def texts(page: str) -> list[str]:
    """The text of each heatmap of a page, as an HTML parser reads it."""
    root = html5lib.parse(page, namespaceHTMLElements=False)
    found = (e for e in root.iter("pre") if e.get("class") == "tokenheat-text")
    return ["".join(each.itertext()) for each in found]


# A site as it should be


@pytest.mark.parametrize("theme", THEMES)
def test_every_block_of_a_page_becomes_a_heatmap(project: Project, theme: str) -> None:
    project.configure(theme)
    project.page(PAGE)
    page = project.built()
    assert texts(page) == [ENGLISH, VIETNAMESE, VIETNAMESE]
    metrics = re.findall(r'<figure class="?tokenheat"? data-metric="([\w-]+)"', page)
    assert metrics == ["norm", "cosine-previous", "length"]
    assert "Cỡ chữ nghiên cứu" in page
    assert 'data-model="wordllama"' in page
    assert "<script" not in "".join(re.findall("<figure.*?</figure>", page, re.DOTALL))


@pytest.mark.parametrize("theme", THEMES)
def test_a_minifier_leaves_the_text_alone(project: Project, theme: str) -> None:
    plugins = "[search, tokenheat, {minify: {minify_html: true}}]"
    project.configure(theme, plugins)
    project.page(PAGE)
    page = project.built()
    assert "<html lang=en" in page, "nothing was minified"
    assert texts(page) == [ENGLISH, VIETNAMESE, VIETNAMESE]


def test_two_builds_are_the_same_and_the_second_scores_nothing(project: Project) -> None:
    project.configure("material")
    project.page(PAGE)
    project.page(PAGE.replace("Purple", "Blue"), "sub/second.md")
    first = site_files(project, project.build())
    stamps = {path: path.stat().st_mtime_ns for path in project.cache.rglob("*")}
    assert len(project.entries()) == 4
    # A frozen build could not score anything even if it tried.
    second = site_files(project, project.build(TOKENHEAT_FROZEN="1"))
    assert first == second
    assert {path: path.stat().st_mtime_ns for path in project.cache.rglob("*")} == stamps


def site_files(project: Project, done: Any) -> dict[Path, bytes]:
    assert done.returncode == 0, done.stderr
    folder = project.folder / "site"
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in files}


def test_a_site_elsewhere_with_the_same_cache_has_the_same_pages(
    project: Project, tmp_path: Path
) -> None:
    project.page(PAGE)
    page = project.built()
    other = Project(tmp_path / "other")
    other.page(PAGE)
    shutil.copytree(project.cache, other.cache)
    assert other.built(TOKENHEAT_FROZEN="1") == page


@pytest.mark.parametrize("theme", THEMES)
def test_the_sites_own_styles_come_after_ours(project: Project, theme: str) -> None:
    project.configure(theme, extra="extra_css: [own.css]\n")
    (project.folder / "docs" / "own.css").write_text("figure {}", encoding="utf-8")
    project.page("```tokenheat\na cat\n```\n")
    page = project.built()
    assert 0 < page.index("assets/stylesheets/tokenheat.css") < page.index("own.css")
    assert ".tokenheat" in project.output("assets/stylesheets/tokenheat.css")


def test_the_labels_speak_the_themes_language(project: Project) -> None:
    project.configure("material", language="vi")
    project.page("```tokenheat\nmột\n```\n\n```tokenheat lang=en\none\n```\n")
    page = project.built()
    labels = re.findall(r'tokenheat-label">(.*?)</span>', page)
    assert len(labels) == 2
    assert all("Độ lớn" in label for label in labels)
    assert re.findall(r'<pre class="tokenheat-text" dir="auto"( lang="\w+")?', page) == [
        "",
        ' lang="en"',
    ]


def test_settings_are_defaults_for_every_block(project: Project) -> None:
    project.configure(plugins="[{tokenheat: {metric: length, unit: word, table: false}}]")
    project.page("```tokenheat\na cat\n```\n\n```tokenheat metric=norm table=yes\na cat\n```\n")
    page = project.built()
    assert re.findall(r'data-metric="([\w-]+)"', page) == ["length", "norm"]
    assert page.count("<details") == 1


def test_the_order_of_the_plugins_does_not_matter(project: Project) -> None:
    pages = []
    for plugins in ("[search, tokenheat]", "[tokenheat, search]"):
        project.configure(plugins=plugins)
        project.page(PAGE)
        pages.append((project.built(), search_index(project)))
    assert pages[0] == pages[1]


# Search


def search_index(project: Project) -> list[str]:
    """The text of each entry of the site's search index, without its tags."""
    index = json.loads(project.output("search/search_index.json"))
    found = [re.sub("<[^>]*>", "", each["text"]) for each in index["docs"]]
    assert any(found)
    return found


@pytest.mark.parametrize("theme", THEMES)
def test_search_finds_words_that_the_tokenizer_cuts(project: Project, theme: str) -> None:
    project.configure(theme)
    project.page(
        f'# Heat\n\n```tokenheat caption="Chú thích"\n{VIETNAMESE}\n```\n\n'
        "```tokenheat metric=length unit=word\nkhuỷu tay\n```\n\n"
        '```tokenheat metric=norm\nA <b> & "c"\n```\n'
    )
    page = project.built()
    assert texts(page) == [VIETNAMESE, "khuỷu tay", 'A <b> & "c"']
    (nghieng,) = re.findall(r"<pre.*?</pre>", page, re.DOTALL)[:1]
    assert "nghiêng" not in nghieng
    entries = search_index(project)
    # MkDocs' own theme has the page's whole text in two entries: the page's and its heading's.
    assert any("nghiêng" in entry for entry in entries)
    for entry in filter(None, entries):
        assert len(re.findall(r"\bnghiêng\b", entry)) == 1
        assert len(re.findall(r"\bkhuỷu\b", entry)) == 2
        assert entry.count("Chú thích") == 1
        assert re.search(r"\d", entry) is None
        for said in ("L2 norm", "All numbers", "Token", "wordllama"):
            assert said not in entry


def test_search_finds_the_words_of_a_matrix_and_not_its_numbers(project: Project) -> None:
    project.page('```tokenheat view=matrix caption="Words"\nviolet "old town" <b>x\n```\n')
    page = project.built()
    assert 'class="tokenheat-matrix"' in page
    for entry in filter(None, search_index(project)):
        assert "violet old town x" in entry
        assert "Words" in entry
        assert re.search(r"\d", entry) is None


HOOKS = {
    "content": "def on_page_content(html, **_):\n    return html.replace('cat', 'dog')\n",
    "last content": "from mkdocs.plugins import event_priority\n"
    "@event_priority(-200)\n"
    "def on_page_content(html, **_):\n    return html.replace('cat', 'dog')\n",
    "context": "from mkdocs.plugins import event_priority\n"
    "@event_priority(200)\n"
    "def on_page_context(context, page, **_):\n"
    "    page.content = page.content.replace('cat', 'dog')\n",
}


@pytest.mark.parametrize("hook", HOOKS)
def test_search_finds_what_others_have_made_of_a_figure(project: Project, hook: str) -> None:
    (project.folder / "hook.py").write_text(HOOKS[hook], encoding="utf-8")
    project.configure(extra="hooks: [hook.py]\n")
    blocks = ("the cat", "a bird", "a & cat", "the cat")
    fences = (f"```tokenheat metric=length unit=word caption=One\n{text}\n```\n" for text in blocks)
    project.page("\n".join(fences))
    page = project.built()
    assert texts(page) == ["the dog", "a bird", "a & dog", "the dog"]
    for entry in filter(None, search_index(project)):
        said = re.findall(r"the dog|a bird|a &(?:amp;)? dog|cat|One", entry)
        said = [each.replace("amp;", "") for each in said]
        assert said == ["the dog", "One", "a bird", "One", "a & dog", "One", "the dog", "One"]


def test_what_changes_the_words_for_search_alone_loses_no_figure(project: Project) -> None:
    hook = (
        "from mkdocs.plugins import event_priority\n"
        "@event_priority(50)\n"
        "def on_page_context(context, page, **_):\n"
        "    page.content = page.content.replace('cat', '<b>dog</b>')\n"
    )
    (project.folder / "hook.py").write_text(hook, encoding="utf-8")
    project.configure(extra="hooks: [hook.py]\n")
    project.page("a cat\n\n```tokenheat\nthe cat\n```\n\n```tokenheat\na bird\n```\n")
    page = project.built()
    assert texts(page) == ["the cat", "a bird"]
    assert "a <b>dog</b>" in page
    assert "data-tokenheat" not in page


# Errors


def fence_error(project: Project, source: str, plugins: str = "[search, tokenheat]") -> str:
    project.configure(plugins=plugins)
    project.page(source, "page.md")
    project.page("# Home\n")
    return project.error()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "# A\n\n```tokenheat metrik=norm\na\n```\n",
            "docs/page.md:3: tokenheat: unknown option 'metrik', did you mean 'metric'?",
        ),
        (
            (
                "---\ntitle: A\ndescription: B\n---\n\n# A\n\n```tokenheat\n---\nmetric: norm\n"
                "unit: wrd\n---\na\n```\n"
            ),
            "docs/page.md:11: tokenheat: option 'unit' takes token or word",
        ),
        (
            (
                "title: A\nauthor: B\n\n# A\n\n1. b\n\n    - c\n\n        ```tokenheat\n        ---\n"
                "        metric: nurm\n        ---\n        a\n        ```\n"
            ),
            "docs/page.md:12: tokenheat: unknown metric 'nurm', did you mean 'norm'?",
        ),
        (
            "\ufeff# A\n\n```tokenheat\na\n```\n\n```tokenheat metric=values values=[1,2]\na\n```\n",
            "docs/page.md:7: tokenheat: 2 values given for 1 token:",
        ),
        (
            "# A\r\n\r\n> ```tokenheat colormap=Redz\r\n> a\r\n> ```\r\n",
            "docs/page.md:3: tokenheat: unknown colormap 'Redz', did you mean 'Reds'?",
        ),
        ("```tokenheat\n\n```\n", "docs/page.md:1: tokenheat: the block has no text"),
        (
            "```tokenheat\na\n```\n\n```tokenheat model=../secret\na\n```\n",
            "docs/page.md:5: tokenheat: unknown model '../secret'",
        ),
    ],
    ids=["info", "metadata", "list", "second", "quote", "text", "model"],
)
def test_an_error_is_one_line_with_its_place(project: Project, source: str, said: str) -> None:
    assert fence_error(project, source).startswith(said)


def test_an_error_of_the_extension_without_the_plugin_is_one_line(project: Project) -> None:
    project.configure(plugins="[search]", extra="markdown_extensions: [tokenheat]\n")
    project.page("# A\n\n```tokenheat metrik=norm\na\n```\n")
    assert project.error().startswith("docs/index.md:3: tokenheat: unknown option 'metrik'")


def test_an_error_has_its_line_where_a_snippet_is_a_part_of_the_text(project: Project) -> None:
    (project.folder / "part.txt").write_text("some\nwords\n", encoding="utf-8")
    config = (project.folder / "mkdocs.yml").read_text("utf-8")
    config = config.replace("[admonition]", "[admonition, pymdownx.snippets]")
    (project.folder / "mkdocs.yml").write_text(config, encoding="utf-8")
    project.page(
        '# A\n\n```tokenheat\na\n```\n\n```tokenheat k=1\n--8<-- "part.txt"\n```\n', "page.md"
    )
    assert project.error().startswith("docs/page.md:7: tokenheat: option 'k' requires")


def test_what_a_snippet_will_fill_in_is_not_scored_before(project: Project) -> None:
    (project.folder / "part.txt").write_text("some words\n", encoding="utf-8")
    config = (project.folder / "mkdocs.yml").read_text("utf-8")
    config = config.replace("[admonition]", "[admonition, pymdownx.snippets]")
    (project.folder / "mkdocs.yml").write_text(config, encoding="utf-8")
    project.page('```tokenheat\n--8<-- "part.txt"\n```\n')
    assert texts(project.built()) == ["some words"]
    assert len(project.entries()) == 1


def test_the_plugin_is_named_twice(project: Project) -> None:
    project.configure(plugins="[search, tokenheat, tokenheat]")
    project.page("```tokenheat\na\n```\n")
    done = project.run(sys.executable, "-m", "mkdocs_tokenheat", "check")
    assert done.returncode == 1
    assert "mkdocs.yml: tokenheat: the plugin is listed under 'plugins' twice\n" in done.stderr


def test_the_same_block_twice_is_told_apart(project: Project) -> None:
    block = "```tokenheat share=a\na cat\n```\n\n"
    other = "```tokenheat share=a metric=length\na cat\n```\n"
    said = fence_error(project, block + block + other)
    assert said.startswith("docs/page.md:9: tokenheat: blocks that share the scale 'a'")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("metrik: norm", "mkdocs.yml: tokenheat: unknown setting 'metrik', did you mean 'metric'?"),
        ("5: norm", "mkdocs.yml: tokenheat: unknown setting '5'"),
        ("unit: wrd", "mkdocs.yml: tokenheat: option 'unit' takes token or word"),
        ("on_error: ignore", "mkdocs.yml: tokenheat: setting 'on_error' takes raise or show"),
        ("max_tokens: many", "mkdocs.yml: tokenheat: setting 'max_tokens' takes a whole number"),
        ("max_tokens: true", "mkdocs.yml: tokenheat: setting 'max_tokens' takes a whole number"),
        ("frozen: 1", "mkdocs.yml: tokenheat: setting 'frozen' takes true or false"),
        ("models: [a]", "mkdocs.yml: tokenheat: setting 'models' takes names with lines"),
        ("models: {a: 5}", "mkdocs.yml: tokenheat: setting 'models' takes names with lines"),
        ("cache_dir: ''", "mkdocs.yml: tokenheat: setting 'cache_dir' takes a path"),
    ],
)
def test_an_error_in_the_settings_names_the_config(
    project: Project, settings: str, said: str
) -> None:
    project.configure(plugins=f"[{{tokenheat: {{{settings}}}}}]")
    project.page("# Home\n")
    assert project.error().startswith(said)


def test_a_model_that_is_not_there_is_an_error_of_the_block(project: Project) -> None:
    plugins = "[{tokenheat: {models: {toy: 'path:gone'}}}]"
    said = fence_error(project, "# A\n\n```tokenheat model=toy\na\n```\n", plugins)
    assert said.startswith("docs/page.md:3: tokenheat: model 'toy': the model's folder")


def test_a_frozen_miss_names_the_block_and_the_command(project: Project) -> None:
    project.configure()
    project.page("# A\n\n```tokenheat\na cat\n```\n")
    project.built()
    project.page("# A\n\n```tokenheat\na cat\n```\n\n```tokenheat\na dog\n```\n")
    said = project.error(TOKENHEAT_FROZEN="1")
    assert said.startswith("docs/index.md:7: tokenheat: the scores of this block (metric 'norm')")
    assert "run 'tokenheat warm -f mkdocs.yml'" in said
    assert len(project.entries()) == 1


def test_an_error_can_be_shown_in_the_page(project: Project) -> None:
    project.configure(plugins="[search, {tokenheat: {on_error: show}}]")
    project.page("# A\n\n```tokenheat metrik=norm\n<a> & b\n```\n\n```tokenheat\na cat\n```\n")
    done = project.build("--clean")
    assert done.returncode == 0, done.stderr
    said = "docs/index.md:3: tokenheat: unknown option 'metrik', did you mean 'metric'?"
    assert said in done.stderr
    page = project.output()
    assert texts(page) == ["a cat"]
    root = html5lib.parse(page, namespaceHTMLElements=False)
    (box,) = (e for e in root.iter("div") if e.get("class") == "tokenheat-error")
    shown = "".join(box.itertext())
    assert said in shown
    assert "```tokenheat metrik=norm\n<a> & b\n```" in shown
    assert project.build().returncode == 1, "a strict build counts what was shown"


# Cold and warm


def test_a_broken_entry_costs_a_warning_and_no_page(project: Project) -> None:
    project.page("```tokenheat\na cat\n```\n")
    page = project.built()
    (entry,) = project.entries()
    whole = entry.read_bytes()
    entry.write_bytes(whole[:-9])
    done = project.build()
    assert done.returncode == 0, "a cache that heals itself is nothing that a strict build counts"
    assert done.stderr.count("tokenheat:") == 1
    assert f"ignoring the cache entry {entry.name}" in done.stderr
    assert project.output() == page
    assert entry.read_bytes() == whole


def test_a_cache_that_cannot_be_written_costs_a_warning_and_no_page(project: Project) -> None:
    project.page(PAGE)
    page = project.built()
    shutil.rmtree(project.folder / ".cache")
    (project.folder / ".cache").write_text("in the way", encoding="utf-8")
    done = project.build()
    assert done.returncode == 0
    assert done.stderr.count("tokenheat:") == 1
    assert "cannot store scores in" in done.stderr
    assert project.output() == page


def test_files_of_numbers_lie_under_the_docs_folder(project: Project) -> None:
    (project.folder / "secret.json").write_text("[1, 2]", encoding="utf-8")
    (project.folder / "docs" / "data").mkdir()
    (project.folder / "docs" / "data" / "v.json").write_text("[1, 2]", encoding="utf-8")
    fence = "```tokenheat metric=values unit=word values={}\na cat\n```\n"
    project.page(fence.format("data/v.json"))
    assert 'title="2"' in project.built()
    project.page(fence.format("../secret.json"))
    assert "lies outside base_path" in project.error()


def test_a_text_too_long_fails_the_build_and_is_not_kept(project: Project) -> None:
    project.configure(plugins="[{tokenheat: {max_tokens: 3}}]")
    project.page("# A\n\n```tokenheat\none two three four five\n```\n")
    assert project.error().startswith("docs/index.md:3: tokenheat: the text has")
    assert project.entries() == []
