"""MkDocs' other plugins, each in one real build: the heatmap arrives whole."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.hosts import TEXT, Folder, fenced
from tests.pages import content, having, parse, texts

SHOWN = TEXT.removesuffix("\n")


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A site that is built without another plugin."""
    folder = Folder(tmp_path_factory.mktemp("plugins") / "site")
    folder.write("docs/index.md", f"# Heat\n\n{fenced()}")
    configure(folder, "tokenheat")
    folder.done("mkdocs build -q --strict")
    return folder


@pytest.fixture
def site(alone: Folder, tmp_path: Path) -> Folder:
    """The same pages and their cache; nothing is built yet."""
    shutil.copytree(alone.path, tmp_path / "site", ignore=shutil.ignore_patterns("site"))
    return Folder(tmp_path / "site")


def configure(folder: Folder, *plugins: str, extra: str = "") -> None:
    listed = "".join(f"  - {plugin}\n" for plugin in ("search", *plugins))
    folder.write(
        "mkdocs.yml",
        "site_name: Heat\nsite_url: https://example.org/\ntheme: {name: material, font: false}\n"
        f"plugins:\n{listed}{extra}",
    )


@pytest.fixture
def expected(alone: Folder) -> str:
    """The figure of a build without the plugin."""
    (figure,) = alone.figures("site/index.html")
    return figure


ORDERS = [("{}", "tokenheat"), ("tokenheat", "{}")]


def caption(figure: str) -> str:
    """What stands below a figure."""
    return content(next(parse(figure).iter("figcaption")))


def ordered(order: tuple[str, str], plugin: str) -> list[str]:
    return [name.format(plugin) for name in order]


@pytest.mark.parametrize("order", ORDERS)
def test_macros(site: Folder, expected: str, order: tuple[str, str]) -> None:
    configure(site, *ordered(order, "macros"), extra="extra:\n  word: nghiêng\n")
    source = fenced().replace("nghiêng", "{{ word }}")
    site.write("docs/index.md", "# Heat\n\n{% set x = 1 %}\n" + source)
    site.done("mkdocs build -q --strict")
    assert site.figures("site/index.html") == [expected]
    # Macros have run when the block is found, in what `tokenheat warm` does too.
    site.done("tokenheat check")
    # The text before macros have run is never scored.
    assert len(site.entries()) == 1
    assert ", 0 entries newly scored" in site.done("tokenheat warm")


@pytest.mark.parametrize("order", ORDERS)
def test_gen_files(site: Folder, expected: str, order: tuple[str, str]) -> None:
    configure(site, *ordered(order, "gen-files: {scripts: [gen.py]}"))
    site.write(
        "gen.py",
        "import mkdocs_gen_files\n"
        "with mkdocs_gen_files.open('made.md', 'w') as page:\n"
        f"    page.write({'# Made' + chr(10) * 2 + fenced()!r})\n",
    )
    site.done("mkdocs build -q --strict")
    assert site.figures("site/made/index.html") == [expected]
    site.write("gen.py", site.read("gen.py").replace("tokenheat", "tokenheat metrik=norm"))
    said = site.failed("mkdocs build -q")
    assert "made.md:3: tokenheat: unknown option 'metrik'" in said
    assert "/made.md" not in said


def test_mike(site: Folder, expected: str) -> None:
    configure(site, "tokenheat", "mike")
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org")
    for command in (("init", "-q"), ("add", "."), ("commit", "-qm", "site")):
        subprocess.run([*git, *command], cwd=site.path, check=True, capture_output=True)
    who = {
        f"GIT_{role}_{what}": "a@b"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    site.done("mike deploy 1.0 latest", **who)
    shown = subprocess.run(
        ["git", "show", "gh-pages:1.0/index.html"], cwd=site.path, check=True, capture_output=True
    )
    assert expected in shown.stdout.decode()


@pytest.mark.parametrize("order", ORDERS)
def test_static_i18n(site: Folder, expected: str, order: tuple[str, str]) -> None:
    languages = "languages: [{locale: en, name: English, default: true}, {locale: vi, name: Việt}]"
    configure(site, *ordered(order, f"i18n: {{docs_structure: suffix, {languages}}}"))
    site.write("docs/index.vi.md", f"# Nhiệt\n\n{fenced()}")
    site.done("mkdocs build -q")
    assert site.figures("site/index.html") == [expected]
    (translated,) = site.figures("site/vi/index.html")
    assert texts(translated) == [SHOWN]
    # The figures of each language are in that language.
    assert caption(expected).startswith("L2 norm of")
    assert caption(translated).startswith("Độ lớn (chuẩn L2)")
    for page in ("site/index.html", "site/vi/index.html"):
        assert site.read(page).count("tokenheat.css") == 1


@pytest.mark.parametrize("order", ORDERS)
def test_no_entry_of_any_language_is_pruned(site: Folder, order: tuple[str, str]) -> None:
    languages = "languages: [{locale: en, name: English, default: true}, {locale: vi, name: Việt}]"
    configure(site, *ordered(order, f"i18n: {{docs_structure: suffix, {languages}}}"))
    site.write("docs/index.vi.md", f"# Nhiệt\n\n{fenced('Một câu khác.' + chr(10))}")
    assert ", 1 entry newly scored" in site.done("tokenheat warm")
    assert ": 2 entries" in site.done("tokenheat check")
    assert "0 entries removed, 2 entries" in site.done("tokenheat cache prune")


@pytest.mark.parametrize("order", ORDERS)
def test_minify(site: Folder, expected: str, order: tuple[str, str]) -> None:
    configure(site, *ordered(order, "minify: {minify_html: true}"))
    site.done("mkdocs build -q --strict")
    html = site.read("site/index.html")
    assert texts(html) == [SHOWN]
    (figure,) = having(parse(html), "tokenheat")
    assert [(each.tag, each.get("style")) for each in figure.iter()] == [
        (each.tag, each.get("style"))
        for whole in having(parse(expected), "tokenheat")
        for each in whole.iter()
    ]


def test_print_site(site: Folder, expected: str) -> None:
    # It asks to be listed last.
    configure(site, "tokenheat", "print-site")
    site.done("mkdocs build -q --strict")
    assert site.figures("site/index.html") == [expected]
    assert site.figures("site/print_page/index.html") == [expected]


@pytest.mark.parametrize("order", ORDERS)
def test_rss(site: Folder, order: tuple[str, str]) -> None:
    whole = "abstract_chars_count: -1, pretty_print: true"
    feed = f"rss: {{{whole}, use_git: false, date_from_meta: {{as_creation: date}}}}"
    configure(site, *ordered(order, feed))
    text = "Một dòng.\n\n    Một dòng  nữa.\n"
    site.write("docs/index.md", f"---\ndate: 2026-01-01\n---\n# Heat\n\n{fenced(text)}")
    site.done("mkdocs build -q")
    written = ElementTree.fromstring(site.read("site/feed_rss_created.xml"))
    (item,) = written.iter("item")
    assert texts(item.findtext("description") or "") == [text.rstrip("\n")]


HOOK = """
def anew(html):
    # As Beautiful Soup does: attributes in their order, and no more escaped than must be.
    opening = '<figure class="tokenheat" data-metric="norm"'
    html = html.replace(opening, '<figure data-metric="norm" class="tokenheat"')
    return html.replace("&quot;", '"')

def on_page_content(html, **_):
    return anew(html) if {early} else html

def on_page_context(context, *, page, **_):
    if not {early}:
        page.content = anew(page.content)
    return context
"""


@pytest.mark.parametrize("early", [True, False])
def test_a_hook_that_writes_the_page_anew(site: Folder, early: bool) -> None:
    configure(site, "tokenheat", extra="hooks: [hook.py]\n")
    site.write("hook.py", HOOK.format(early=early))
    text = 'Purple is "violet", unbelievably so.\n'
    own = f'<div data-tokenheat="{"9" * 5000}"><p>The author\'s own.</p></div>'
    site.write("docs/index.md", f"# Heat\n\n{fenced(text)}\n{own}\n")
    site.done("mkdocs build -q --strict")
    html = site.read("site/index.html")
    assert texts(html) == [text.removesuffix("\n")]
    assert own in html
    assert html.count("data-tokenheat") == 1
    index = site.read("site/search/search_index.json")
    assert "unbelievably so" in index
    assert "All numbers" not in index


def test_an_error_that_another_extension_swallows(site: Folder) -> None:
    # Superfences takes whatever its formatters raise for a reason to show the source.
    configure(
        site,
        "tokenheat",
        extra="markdown_extensions:\n"
        "  - pymdownx.superfences:\n"
        "      custom_fences:\n"
        "        - name: inner\n"
        "          class: inner\n"
        "          format: !!python/name:inner.shown\n",
    )
    site.write(
        "inner.py",
        "from mkdocs_tokenheat.hosts.markdown import TokenheatExtension\n"
        "def shown(source, language, css_class, options, md, **_):\n"
        "    hosts = [each.host for each in md.registeredExtensions if hasattr(each, 'host')]\n"
        "    ours = list(map(TokenheatExtension, hosts))\n"
        "    return type(md)(extensions=ours).convert(source)\n",
    )
    site.write("docs/index.md", "# Heat\n\n```inner\n~~~tokenheat metrik=norm\nx\n~~~\n```\n")
    said = site.failed("mkdocs build -q", PYTHONPATH=str(site.path))
    assert "unknown option 'metrik'" in said
