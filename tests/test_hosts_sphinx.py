"""Sphinx: its own command with every builder, in reStructuredText and MyST."""

from __future__ import annotations

import json
import pickle
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest

from mkdocs_tokenheat.hosts import cli
from mkdocs_tokenheat.hosts.sphinx import TokenheatDirective
from mkdocs_tokenheat.views.colormaps import colormap
from mkdocs_tokenheat.views.plain import plain, xhtml
from tests.checkpoints import save, table
from tests.hosts import TEXT, WORD, Folder, directive
from tests.pages import content, having, parse, texts
from tests.vocabularies import MINILM

CONF = """
project = "Heat"
copyright = "nobody"
version = "1"
extensions = ["mkdocs_tokenheat.sphinx", "myst_parser"]
"""
SHOWN = TEXT.removesuffix("\n")
MYST = f"# MyST\n\n```{{tokenheat}}\n:unit: word\n\n{TEXT}```\n"
INDEX = "Heat\n====\n\n.. toctree::\n\n   myst\n   other\n\n"

BUILDERS = ("dirhtml", "singlehtml", "json")
OTHERS = ("latex", "text", "man", "texinfo", "xml", "pseudoxml", "gettext", "htmlhelp")


def made(path: Path) -> Folder:
    """A site of three pages with a block each."""
    folder = Folder(path)
    folder.write("conf.py", CONF)
    folder.write("index.rst", INDEX + directive(TEXT, "caption: Chú thích"))
    folder.write("myst.md", MYST)
    folder.write("other.rst", "Other\n=====\n\n" + directive(TEXT, "unit: word"))
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Folder:
    return made(tmp_path / "site")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The same site, built by the builder `html`; others write what that one has read."""
    folder = made(tmp_path_factory.mktemp("sphinx") / "site")
    build(folder)
    return folder


def build(site: Folder, builder: str = "html", more: str = "-W") -> str:
    return site.done(f"sphinx-build -b {builder} -d _doctrees {more} . _{builder}")


def test_a_site_is_built(site: Folder) -> None:
    build(site, more="-W -j 1")
    for page in ("index", "myst", "other"):
        assert texts(site.read(f"_html/{page}.html")) == [SHOWN]
    assert "_static/tokenheat.css" in site.read("_html/index.html")
    assert (site.path / "_html/_static/tokenheat.css").is_file()
    assert len(site.entries()) == 2
    assert not (site.path / "_html/_static/__init__.py").exists()


def test_many_pages_are_read_and_written_in_parallel_as_one_after_the_other(site: Folder) -> None:
    names = [f"page{number}" for number in range(12)]
    site.write("index.rst", INDEX + "".join(f"   {name}\n" for name in names))
    for name in names:
        site.write(
            f"{name}.rst", f"{name}\n{'=' * 9}\n\n" + directive(f"On {name}\n", "unit: word")
        )
    build(site, more="-W -j 2")
    parallel = [site.figures(f"_html/{name}.html") for name in names]
    site.done("sphinx-build -q -W -j 1 . _one")
    assert parallel == [site.figures(f"_one/{name}.html") for name in names]
    assert [len(figures) for figures in parallel] == [1] * 12


@pytest.mark.parametrize("builder", BUILDERS)
def test_every_html_builder_writes_the_same_figures(built: Folder, builder: str) -> None:
    build(built, builder)
    page = {
        "dirhtml": "_dirhtml/other/index.html",
        "json": "_json/other.fjson",
        "singlehtml": "_singlehtml/index.html",
    }.get(builder, f"_{builder}/other.html")
    html = built.read(page)
    if builder == "json":
        html = json.loads(html)["body"]
    assert built.figures("_html/other.html")[0] in html


@pytest.mark.parametrize("builder", OTHERS)
def test_other_builders_get_text_and_numbers(built: Folder, builder: str) -> None:
    # No other builder can use what is read for translators.
    build(built, builder, "-W -d _own" if builder == "gettext" else "-W")
    suffix = {"latex": "tex", "text": "txt", "man": "1", "texinfo": "texi"}.get(builder, builder)
    written = "".join(
        path.read_text("utf-8")
        for path in sorted((built.path / f"_{builder}").rglob(f"*.{suffix}"))
    )
    if builder in ("gettext", "htmlhelp"):
        return
    assert WORD in written
    assert "13.42" in written.replace("\\&", "")


def test_latex_gets_colours_and_nothing_unescaped(site: Folder) -> None:
    hostile = "\\input{x} $a_b^c$ #1 % & {y} ~ \\end{document}\n\n  日本語\n"
    site.write("other.rst", "Other\n=====\n\n" + directive(hostile, "unit: word"))
    build(site, "latex")
    (path,) = (site.path / "_latex").glob("*.tex")
    _, *shown = path.read_text("utf-8").split("\\begingroup\\ttfamily")
    assert shown
    for each in shown:
        block = each.partition("\\endgroup")[0]
        assert "\\colorbox[HTML]{" in block
        assert block.count("{") - block.count("\\{") == block.count("}") - block.count("\\}")
        assert not re.search(r"(?<!\\)[$#&_^]|\\input|\\end\{", block)


def test_paper_has_white_letters_on_dark_cells(site: Folder) -> None:
    site.write(
        "other.rst", "Other\n=====\n\n" + directive("a bcd\n", "unit: word", "metric: length")
    )
    build(site, "latex")
    (path,) = (site.path / "_latex").glob("*.tex")
    boxes = re.findall(
        r"colorbox\[HTML\]\{(\w+)\}\{\\strut\\color\[HTML\]\{(\w+)\}(\w+)", path.read_text("utf-8")
    )
    assert ("67000D", "FFFFFF", "bcd") in boxes
    assert ("FFF5F0", "000000", "a") in boxes


def test_paper_shows_a_comparison_under_each_models_name(site: Folder) -> None:
    site.write("conf.py", CONF + f"tokenheat_models = {{'minilm': '{MINILM}'}}\n")
    options = ("view: compare", "model: [wordllama, minilm]", "metric: norm")
    site.write("other.rst", "Other\n=====\n\n" + directive("unmistakable cats\n", *options))
    build(site, "latex")
    (path,) = (site.path / "_latex").glob("*.tex")
    written = path.read_text("utf-8").partition("Other}")[2]
    names = [written.index(f"{{{name}}}") for name in ("wordllama", "minilm")]
    texts = [found.start() for found in re.finditer("unmistakable", written)]
    assert names[0] < texts[0] < names[1] < texts[1]
    build(site, "text")
    assert site.read("_text/other.txt").partition("L2 norm")[0].count("unmistakable") == 1


def test_a_book_is_valid_xhtml_and_shows_the_text(site: Folder) -> None:
    site.write("other.rst", "Other\n=====\n\n" + directive("a\ufffe b\n", "unit: word"))
    build(site, "epub")
    (book,) = (site.path / "_epub").glob("*.epub")
    with ZipFile(book) as pages:
        for name in pages.namelist():
            if name.endswith(".xhtml"):
                ElementTree.fromstring(pages.read(name))
        root = ElementTree.fromstring(pages.read("index.xhtml"))
    assert ["".join(pre.itertext()) for pre in root.iter("{http://www.w3.org/1999/xhtml}pre")] == [
        SHOWN
    ]


def test_in_a_book_nothing_stands_behind_a_figures_caption() -> None:
    before, after = "<figure><pre>a</pre><figcaption>b", "<details>c</details>"
    assert (
        xhtml(f"{before}</figcaption>{after}</figure>") == f"{before}{after}</figcaption></figure>"
    )


def test_xhtml_keeps_a_newline_at_the_start() -> None:
    figure = (
        '<figure><pre class="tokenheat-text">\n\na</pre><details data-x><br></details></figure>'
    )
    assert xhtml(figure) == (
        '<figure><pre class="tokenheat-text">\na</pre>'
        '<details data-x=""><br></br></details></figure>'
    )
    assert plain(figure).text == "\na"


def words(site: Folder) -> dict[str, object]:
    index = site.read("_html/searchindex.js")
    terms: dict[str, object] = json.loads(index.removeprefix("Search.setIndex(").removesuffix(")"))[
        "terms"
    ]
    return terms


def test_search_finds_words_whole_and_no_number(site: Folder) -> None:
    for name in ("index", "other"):
        site.write(
            f"{name}.rst",
            f"{name}\n=====\n\n" + directive(TEXT, "caption: Chú thích", "model: wordllama"),
        )
    build(site, more="")
    found = words(site)
    assert {WORD, "tiếng", "thích"} <= found.keys()
    assert not [word for word in found if re.search(r"\d", word)]
    assert "ngh" not in found


def test_search_finds_the_words_of_grids_and_drawings(site: Folder) -> None:
    grid = directive("banana violet", "view: matrix", "numbers: true", "model: wordllama")
    plot = directive("kitten puppy", "view: distribution", "model: wordllama")
    site.write("other.rst", f"Other\n=====\n\n{grid}\n{plot}")
    build(site, more="")
    found = words(site)
    assert {"banana", "violet", "kitten", "puppi"} <= found.keys()
    assert not [word for word in found if re.search(r"\d", word)]


def test_a_pages_name_is_no_command_to_a_terminal(site: Folder) -> None:
    site.write("a\x1b[31m.rst", "Other\n=====\n\n" + directive(TEXT, "metrik: a"))
    said = site.done("sphinx-build -q . _html")
    assert "\ufffd[31m.rst:5: ERROR: tokenheat: unknown option 'metrik'" in said


def test_an_error_is_reported_where_it_stands_and_shown(site: Folder) -> None:
    site.write("other.rst", "Other\n=====\n\n" + directive(TEXT, "unit: word", "metrik: a"))
    site.write(
        "myst.md", "# M\n\n- a\n\n  ```{tokenheat}\n  ---\n  colormap: Redz\n  ---\n  b\n  ```\n"
    )
    said = site.done("sphinx-build -q . _html")
    assert "other.rst:6: ERROR: tokenheat: unknown option 'metrik', did you mean 'metric'?" in said
    assert "myst.md:7: ERROR: tokenheat: unknown colormap 'Redz', did you mean 'Reds'?" in said
    (box,) = having(parse(site.read("_html/other.html")), "tokenheat-error")
    assert "other.rst:6: tokenheat: unknown option 'metrik'" in content(box)
    assert ":metrik: a" in content(box)
    for builder in ("text", "latex", "man", "xml", "epub"):
        site.done(f"sphinx-build -q -b {builder} -d _html/.doctrees . _{builder}")
    assert "unknown option 'metrik'" in site.read("_text/other.txt").replace("\n", " ")


def test_options_where_markdown_has_them_are_no_text(site: Folder) -> None:
    site.write("other.rst", "Other\n=====\n\n.. tokenheat:: unit=word metric=length\n\n   abc\n")
    fences = "```{tokenheat} metric=length\nabc\n```\n\n```tokenheat metric=length\nabc\n```\n"
    site.write("myst.md", f"# M\n\n{fences}")
    with (site.path / "conf.py").open("a", encoding="utf-8") as conf:
        conf.write('myst_fence_as_directive = ["tokenheat"]\n')
    said = site.done("sphinx-build -q . _html")
    for place in ("other.rst:4", "myst.md:3", "myst.md:7"):
        assert f"{place}: ERROR: tokenheat: put options on lines of their own in Sphinx" in said
    # A text may begin there.
    text = "a tokenheat metric=length"
    site.write("other.rst", f"Other\n=====\n\n.. tokenheat:: {text}\n")
    site.write("myst.md", "# M\n\n```{tokenheat} The metric=length of it.\n```\n")
    build(site)
    assert texts(site.read("_html/other.html")) == [text]
    assert texts(site.read("_html/myst.html")) == ["The metric=length of it."]


def test_w_makes_an_error_a_failure(site: Folder) -> None:
    site.write("other.rst", "Other\n=====\n\n" + directive(TEXT, "metrik: a"))
    said = site.failed("sphinx-build -q -W -j 2 . _html")
    assert "other.rst:5: ERROR: tokenheat: unknown option" in said


def test_on_error_raise_ends_the_build(site: Folder) -> None:
    site.write("other.rst", "Other\n=====\n\n" + directive(TEXT, "metrik: a"))
    ended = site.run("sphinx-build -q -D tokenheat_on_error=raise . _html")
    assert ended.returncode == 2
    assert "other.rst:5: tokenheat: unknown option 'metrik'" in ended.stderr
    assert not (site.path / "_html/other.html").exists()


def test_settings_are_those_of_every_host(site: Folder) -> None:
    site.write(
        "conf.py", CONF + 'language = "vi"\ntokenheat_unit = "word"\ntokenheat_table = False\n'
    )
    site.write("index.rst", INDEX + directive())
    build(site)
    (figure,) = site.figures("_html/index.html")
    assert "mỗi tiếng" in figure
    assert "<table" not in figure


def test_flags_on_the_command_line_are_0_and_1(site: Folder) -> None:
    site.write("index.rst", INDEX + directive())
    site.done("sphinx-build -q -W -D tokenheat_table=0 -D tokenheat_numbers=1 . _html")
    (figure,) = site.figures("_html/index.html")
    assert "<table" not in figure
    assert "<sup" in figure


@pytest.mark.parametrize("first", ["latex", ""])
def test_outputs_that_share_what_is_read_are_each_up_to_date(site: Folder, first: str) -> None:
    build(site)
    before = site.figures("_html/index.html")
    site.write("conf.py", CONF + 'tokenheat_colormap = "Blues"\n')
    if first:
        build(site, first)
    build(site)
    assert site.figures("_html/index.html") != before
    assert "no targets are out of date" in build(site)


def test_an_error_in_one_output_is_told_until_it_is_fixed_there(site: Folder) -> None:
    site.failed("sphinx-build -b html -d _doctrees -W . _html", TOKENHEAT_FROZEN="1")
    site.done("tokenheat warm -f conf.py")
    build(site, "latex")
    build(site)
    assert "tokenheat-error" not in site.read("_html/index.html")


def test_what_an_earlier_version_has_kept_is_read_anew(site: Folder) -> None:
    build(site)
    path = site.path / "_doctrees/environment.pickle"
    kept = pickle.loads(path.read_bytes())
    kept.tokenheat = {"pages": {}, "by": ""}
    kept.version.pop("mkdocs_tokenheat.sphinx")
    path.write_bytes(pickle.dumps(kept))
    assert "0 changed" in build(site)
    assert texts(site.read("_html/index.html")) == [SHOWN]


STOPPED = """
def setup(app):
    def stop(app, doctree, docname):
        if docname == "other":
            raise KeyboardInterrupt
    app.connect("doctree-resolved", stop)
"""


def test_what_an_interrupted_build_has_not_written_is_written_next(site: Folder) -> None:
    build(site)
    changed = CONF + 'tokenheat_colormap = "Blues"\n'
    site.write("conf.py", changed + STOPPED)
    assert site.run("sphinx-build -b html -d _doctrees . _html").returncode != 0
    site.write("conf.py", changed)
    build(site)
    blue = colormap("Blues").colours[255]
    for page in ("index", "myst", "other"):
        assert blue in site.read(f"_html/{page}.html")


def test_a_cached_site_is_built_without_its_model(site: Folder) -> None:
    site.write("conf.py", CONF + 'tokenheat_models = {"own": "path:own"}\n')
    site.write("other.rst", "Other\n=====\n\n" + directive(TEXT, "model: own"))
    model = save(site.path / "own", {"wte.weight": table(120)})
    site.done("tokenheat warm -f conf.py")
    shutil.rmtree(model)
    assert site.done("tokenheat check -f conf.py").startswith("all blocks are in the cache")
    site.done("sphinx-build -q -W . _html", TOKENHEAT_FROZEN="1")


def test_a_wrong_setting_names_the_config(site: Folder) -> None:
    site.write("conf.py", CONF + 'tokenheat_colourmap = "Blues"\n')
    said = "conf.py: tokenheat: unknown setting 'colourmap', did you mean 'colormap'?"
    ended = site.run("sphinx-build -q . _html")
    assert ended.returncode == 2
    assert said in ended.stderr
    assert site.failed("tokenheat check -f conf.py") == f"{said}\n"


def test_a_sites_own_words_stand_over_an_error(site: Folder) -> None:
    labels = 'language = "de"\ntokenheat_labels = {"de": {"error": "Diese Karte fehlt"}}\n'
    site.write("conf.py", CONF + labels)
    site.write("other.rst", "Other\n=====\n\n" + directive(TEXT, "metrik: norm"))
    build(site, more="")
    (box,) = having(parse(site.read("_html/other.html")), "tokenheat-error")
    assert content(box).startswith("Diese Karte fehlt")


def test_an_error_is_gone_or_told_again_in_the_next_build(site: Folder) -> None:
    command = "sphinx-build -q -d _doctrees -b html . _html"
    frozen = site.run(command, TOKENHEAT_FROZEN="1")
    again = site.run(command, TOKENHEAT_FROZEN="1")
    assert [run.stderr.count("scoring is disabled here") for run in (frozen, again)] == [3, 3]
    site.done("tokenheat warm -f conf.py")
    assert site.run(command, TOKENHEAT_FROZEN="1").stderr == ""
    assert texts(site.read("_html/index.html")) == [SHOWN]
    verbose = command.replace("-q ", "")
    assert updated(site.done(verbose, TOKENHEAT_FROZEN="1")) == 0


def test_a_site_without_a_cache_has_none_to_look_after(site: Folder) -> None:
    site.write("conf.py", CONF + "tokenheat_cache_dir = None\n")
    for command in ("warm", "check", "cache stats", "cache verify", "cache prune"):
        said = site.failed(f"tokenheat {command} -f conf.py")
        assert said == "conf.py: tokenheat: the site keeps no cache: its 'cache_dir' is none\n"


def test_a_linked_config_is_one_of_its_own_folder(site: Folder) -> None:
    site.write("shared/settings.py", CONF)
    (site.path / "conf.py").unlink()
    (site.path / "conf.py").symlink_to("shared/settings.py")
    site.done("tokenheat warm -f conf.py")
    assert len(site.entries()) == 2
    said = site.failed("tokenheat check -f shared/settings.py")
    assert "Sphinx reads only conf.py" in said


def test_share_is_within_a_document(site: Folder) -> None:
    pair = directive("a bb\n", "metric: length", "unit: word", "share: s")
    longer = directive("cccc dddddddd\n", "metric: length", "unit: word", "share: s")
    site.write("index.rst", INDEX + pair + "\n" + longer)
    site.write("other.rst", "Other\n=====\n\n" + pair)
    build(site, "html")
    build(site, "singlehtml")
    first, _ = site.figures("_html/index.html")
    (alone,) = site.figures("_html/other.html")
    assert "1 <span" in first
    assert "> 8</span>" in first
    assert "> 2</span>" in alone
    together = site.figures("_singlehtml/index.html")
    assert {first, alone} <= set(together)


def test_values_files_lie_in_the_source_folder_and_are_watched(site: Folder) -> None:
    site.write("data/own.json", "[1, 2]")
    site.write(
        "other.rst",
        "Other\n=====\n\n"
        + directive("a b\n", "metric: values", "unit: word", "values: data/own.json"),
    )
    build(site)
    before = site.figures("_html/other.html")
    site.write("data/own.json", "[2, 5]")
    build(site)
    assert site.figures("_html/other.html") != before


def updated(said: str) -> int:
    assert "config changed" not in said
    (found,) = re.findall(r"\d+ added, (\d+) changed", said)
    return int(found)


def test_only_what_has_changed_is_read_again(site: Folder) -> None:
    site.write("index.rst", INDEX)
    assert updated(build(site)) == 0
    assert updated(build(site)) == 0
    site.write("conf.py", CONF + 'tokenheat_colormap = "Blues"\n')
    # The two pages with blocks, and not the one without.
    assert updated(build(site)) == 2
    assert "#08306b" in site.figures("_html/other.html")[0]
    site.write("conf.py", "import mkdocs_tokenheat\nmkdocs_tokenheat.__version__ = '999'\n" + CONF)
    assert updated(build(site)) == 2
    site.write("other.rst", "Other\n=====\n")
    assert updated(build(site)) == 1
    site.write("conf.py", CONF)
    assert updated(build(site)) == 1


def test_our_commands_on_its_config(
    site: Folder, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    site.write(
        "index.rst", INDEX + ".. only:: latex\n\n" + re.sub("(?m)^", "   ", directive("p\n"))
    )
    said = site.failed("tokenheat check -f conf.py")
    assert "other.rst:4: tokenheat: the scores of this block" in said
    assert "tokenheat warm -f conf.py" in said
    assert "2 entries newly scored" in site.done("tokenheat warm -f conf.py")
    assert not (site.path / "_build").exists()
    site.done("tokenheat check -f conf.py")
    site.done("sphinx-build -q -W -b latex . _latex", TOKENHEAT_FROZEN="1")
    assert "0 entries removed, 2 entries, " in site.done("tokenheat cache prune -f conf.py")
    assert "2 entries, 0 damaged" in site.done("tokenheat cache verify -f conf.py")
    assert "2 entries" in site.done("tokenheat cache stats -f conf.py")
    monkeypatch.chdir(site.path)
    site.write("other.rst", "Other\n=====\n\n" + directive(TEXT, "metrik: a"))
    assert cli.main(["check", "-f", "conf.py"]) == 1
    assert capfd.readouterr().err == (
        "other.rst:5: tokenheat: unknown option 'metrik', did you mean 'metric'?\n"
    )


def test_parts_that_no_build_has_together_share_no_scale(site: Folder) -> None:
    def part(name: str, *options: str) -> str:
        inner = directive("some cats\n", "unit: word", "share: a", *options)
        return f".. only:: {name}\n\n" + re.sub("(?m)^", "   ", inner) + "\n"

    both = part("html", "metric: length") + part("latex", "metric: norm")
    site.write("other.rst", f"Other\n=====\n\n{both}")
    site.done("tokenheat warm -f conf.py")
    site.done("tokenheat check -f conf.py")
    site.write("other.rst", "Other\n=====\n\n" + both.replace("latex", "html"))
    said = site.failed("tokenheat check -f conf.py")
    assert "blocks that share the scale 'a' must have the same metric" in said


@pytest.mark.parametrize("part", ["only:: html", "only:: draft and not latex"])
def test_what_some_builds_leave_out_is_checked_too(site: Folder, part: str) -> None:
    def page(*options: str) -> None:
        inner = re.sub("(?m)^", "   ", directive("some cats\n", *options))
        site.write("other.rst", f"Other\n=====\n\n.. {part}\n\n{inner}")

    page()
    assert "other.rst:6: tokenheat: the scores of this block" in site.failed(
        "tokenheat check -f conf.py"
    )
    site.done("tokenheat warm -f conf.py")
    site.done("tokenheat check -f conf.py")
    assert "0 entries removed" in site.done("tokenheat cache prune -f conf.py")
    page("metrik: a")
    for command in ("warm", "check"):
        said = site.failed(f"tokenheat {command} -f conf.py")
        assert "other.rst:7: tokenheat: unknown option 'metrik'" in said


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ("extensions = []", "the extension 'mkdocs_tokenheat.sphinx' is not in"),
        ("extensions = [", "Sphinx cannot read the config"),
        ("extensions = ['no_such_extension']", "Sphinx cannot read the config"),
    ],
)
def test_a_config_that_cannot_be_used(site: Folder, conf: str, said: str) -> None:
    site.write("conf.py", conf)
    assert f"conf.py: tokenheat: {said}" in site.failed("tokenheat warm -f conf.py")


def test_the_white_space_rules_of_restructuredtext(site: Folder) -> None:
    # Its own come first: tabs go to columns of 8, space at lines' ends and blank lines around go.
    site.write(
        "other.rst",
        "Other\n=====\n\n.. tokenheat::\n   :unit: word\n\n\n   a\tb   \n\n     c\n\n\nend\n",
    )
    build(site)
    assert texts(site.read("_html/other.html")) == ["a    b\n\n  c"]


def test_the_directive_has_the_options_of_the_table() -> None:
    from mkdocs_tokenheat.block.options import NAMES

    assert tuple(TokenheatDirective.option_spec) == (*NAMES, "name", "class")


def named(site: Folder, page: str, name: str) -> str:
    """The class of the box around the figure that has this name."""
    (box,) = [e for e in parse(site.read(f"_html/{page}.html")).iter() if e.get("id") == name]
    assert [child.get("class") for child in box] == ["tokenheat"]
    return box.get("class") or ""


def test_a_label_leads_to_the_figure_and_a_class_is_its(site: Folder) -> None:
    site.write(
        "other.rst",
        "Other\n=====\n\n.. _heat:\n\n.. rst-class:: wide\n\n.. tokenheat::\n\n   abc\n",
    )
    site.write("myst.md", "# M\n\n[see](#warm)\n\n(warm)=\n```{tokenheat}\nabc\n```\n")
    build(site)
    assert named(site, "other", "heat") == "wide"
    assert named(site, "myst", "warm") == ""


def test_a_block_has_a_name_and_a_class_as_every_directive(site: Folder) -> None:
    block = directive("abc", "name: heat", "class: wide high", "unit: word")
    site.write("other.rst", f"Other\n=====\n\n{block}\nSee :ref:`there <heat>`.\n")
    site.write("myst.md", "# M\n\n[see](#warm)\n\n```{tokenheat}\n:name: warm\n\nabc\n```\n")
    build(site)
    assert named(site, "other", "heat") == "wide high"
    assert named(site, "myst", "warm") == ""
    assert 'href="#heat"' in site.read("_html/other.html")
    build(site, "text")
    assert "abc" in site.read("_text/other.txt")
    build(site, "latex")
    (latex,) = (path.read_text("utf-8") for path in site.path.glob("_latex/*.tex"))
    for label in ("other:heat", "myst:warm"):
        assert rf"\label{{\detokenize{{{label}}}}}" in latex


@pytest.mark.parametrize("builder", ["text", "man", "latex", "texinfo", "xml"])
def test_a_block_may_stand_in_a_table(site: Folder, builder: str) -> None:
    inner = "".join(
        f"       {line}\n"
        for line in directive("abc defg", "unit: word", "metric: length").splitlines()
    )
    inner = inner.replace("       ", "     - ", 1)
    site.write(
        "index.rst",
        f"Heat\n====\n\n.. toctree::\n\n   myst\n   other\n\n.. list-table::\n\n   * - a\n{inner}",
    )
    site.write("conf.py", CONF + 'man_pages = [("index", "heat", "Heat", "nobody", 1)]\n')
    build(site, builder)
    (path,) = [
        *site.path.glob(f"_{builder}/index.txt"),
        *site.path.glob(f"_{builder}/heat.*[1fx]*"),
        *site.path.glob(f"_{builder}/index.xml"),
    ]
    assert re.search(r"abc · 3\s+defg · 4", path.read_text("utf-8"))
