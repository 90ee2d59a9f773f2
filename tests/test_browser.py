"""The built example site as Chromium shows it, in light and dark."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from mkdocs_tokenheat.block.options import Options
from mkdocs_tokenheat.hosts.markdown import blocks_of
from tests.browser import chromium, served
from tests.conftest import Project
from tests.pages import times_shown

EXAMPLE = Path(__file__).parents[1] / "example_site"
PAGES = sorted(
    path.relative_to(EXAMPLE / "docs").with_suffix("").as_posix()
    for path in (EXAMPLE / "docs").rglob("*.md")
)

# For each cell its text colour and every colour that lies behind its letters.
CELLS = """
() => [...document.querySelectorAll('.tokenheat-text > span')].map(cell => {
  const style = getComputedStyle(cell);
  const plain = style.backgroundColor;
  const striped = style.backgroundImage.startsWith('repeating-');
  const behind = striped ? style.backgroundImage.match(/rgba?\\([^)]*\\)/g) : [plain];
  return {text: cell.textContent, ink: style.color, behind};
})
"""


# What axe cannot decide: for each element its text colour and every colour behind its letters.
LEFT_OPEN = """
selectors => selectors.map(selector => {
  const element = document.querySelector(selector);
  let ground = element;
  const clear = each => getComputedStyle(each).backgroundColor === 'rgba(0, 0, 0, 0)';
  while (ground.parentElement && clear(ground)) ground = ground.parentElement;
  const image = getComputedStyle(element).backgroundImage;
  const behind = image.startsWith('repeating-')
    ? image.match(/rgba?\\([^)]*\\)/g) : [getComputedStyle(ground).backgroundColor];
  return {text: element.textContent, ink: getComputedStyle(element).color, behind};
})
"""

Scheme = Literal["light", "dark"]

PALETTES: dict[Scheme, str] = {"light": "default", "dark": "slate"}
"""What Material calls each of them."""

# Material's search is a dialog without a name, in a template of Material's.
NOT_OURS = {"exclude": [[".md-search"]]}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("browser")
    shutil.copytree(EXAMPLE, folder / "site", ignore=shutil.ignore_patterns("site", "local"))
    config, out = folder / "site" / "mkdocs.yml", folder / "out"
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-f", str(config), "-d", str(out)]
    subprocess.run(command, check=True, env={**os.environ, "TOKENHEAT_FROZEN": "1"})
    with served(out) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class Window:
    """A browser window that records what its page requests and what errors it reports."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        # Material keeps the palette that a reader has seen first.
        page.add_init_script("localStorage.clear()")

    def show(self, url: str, scheme: Scheme) -> None:
        self.asked.clear()
        self.complaints.clear()
        self.page.emulate_media(color_scheme=scheme)
        self.page.goto(url, wait_until="networkidle")
        assert self.page.evaluate("document.body.dataset.mdColorScheme") == PALETTES[scheme]


# A window of 1280 pixels at 200 % is one of 640 whose pixels are twice as large.
@pytest.fixture(scope="module", params=[(320, 1), (640, 2)], ids=["narrow", "zoomed"])
def window(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Window]:
    width, zoom = request.param
    page = browser.new_page(viewport={"width": width, "height": 800}, device_scale_factor=zoom)
    yield Window(page)
    page.close()


def luminance(colour: str) -> float:
    channels = [float(part) / 255 for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def url(address: str, name: str) -> str:
    return f"{address}/{name.removesuffix('index')}".rstrip("/") + "/"


def test_the_course_has_heatmaps() -> None:
    sources = [(EXAMPLE / "docs" / f"{name}.md").read_text("utf-8") for name in PAGES]
    assert sum(len(list(blocks_of(source, Options()))) for source in sources) >= 10


def test_the_scheme_changes_the_page_and_not_the_figure(browser: Browser, address: str) -> None:
    name = next(
        name
        for name in PAGES
        if "```tokenheat" in (EXAMPLE / "docs" / f"{name}.md").read_text("utf-8")
    )
    seen = {}
    for scheme in PALETTES:
        page = browser.new_page(color_scheme=scheme)
        page.goto(url(address, name), wait_until="networkidle")
        body = "() => getComputedStyle(document.body).backgroundColor"
        seen[scheme] = page.evaluate(body), page.evaluate(CELLS)
        page.close()
    assert luminance(seen["light"][0]) > luminance(seen["dark"][0])
    assert seen["light"][1] == seen["dark"][1]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_whole_and_readable_for_everyone(
    window: Window, address: str, name: str
) -> None:
    page = window.page
    # Each page is seen in both windows and in both schemes: half of them are dark when narrow.
    zoom = page.evaluate("devicePixelRatio")
    window.show(url(address, name), tuple(PALETTES)[(PAGES.index(name) + zoom) % 2])

    assert_whole(page, (EXAMPLE / "docs" / f"{name}.md").read_text("utf-8"))
    # Readers can unfold what is folded, too.
    page.add_style_tag(content=".tabbed-block { display: block !important }")
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls"
    assert [asked for asked in window.asked if not asked.startswith(address)] == []
    assert window.complaints == []


def assert_whole(page: Page, source: str) -> None:
    """The page has the texts of all its blocks, in cells whose letters are seen."""
    shown = page.evaluate(
        "() => [...document.querySelectorAll('.tokenheat-text')].map(pre => pre.textContent)"
    )
    blocks = blocks_of(source, Options())
    assert shown == [block.text for block in blocks for _ in range(times_shown(block))]
    cells = page.evaluate(CELLS)
    assert bool(cells) == bool(shown)
    for cell in cells:
        assert not any(colour.startswith("rgba(0, 0, 0, 0") for colour in cell["behind"]), cell
        assert min(contrast(cell["ink"], colour) for colour in cell["behind"]) >= 4.5, cell


def assert_accessible(page: Page) -> None:
    # Listing everything that passes would take as long again.
    options: dict[str, Any] = {"resultTypes": ["violations", "incomplete"]}
    found = Axe().run(page, context=NOT_OURS, options=options).response
    assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert {each["id"] for each in found["incomplete"]} <= {"color-contrast"}
    nodes = [node for each in found["incomplete"] for node in each["nodes"]]
    for left in page.evaluate(LEFT_OPEN, [node["target"][0] for node in nodes]):
        assert min(contrast(left["ink"], colour) for colour in left["behind"]) >= 4.5, left


def test_the_keyboard_opens_a_table(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(url(address, "khoa-hoc/do-lon"), wait_until="networkidle")
    page.evaluate("document.querySelector('.tokenheat-data > summary').focus()")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('.tokenheat-data').open")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.tokenheat-data > summary')"):
            break
    else:
        pytest.fail("the next table cannot be reached")
    # Whatever scrolls within a figure would have to be reachable as well: nothing does.
    assert page.evaluate("""
        () => [...document.querySelectorAll('.tokenheat, .tokenheat *')].filter(each =>
            each.scrollWidth > each.clientWidth && /auto|scroll/.test(getComputedStyle(each).overflowX)
        ).length
    """) == 0  # fmt: skip
    page.close()


@pytest.mark.parametrize("theme", ["readthedocs", "mkdocs"])
@pytest.mark.parametrize("width", [320, 1280])
def test_what_scrolls_is_reached_by_keys_in_other_themes(
    browser: Browser, project: Project, theme: str, width: int
) -> None:
    project.configure(theme=theme)
    words = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    views = ("matrix numbers=true", "neighbours k=3", "distribution")
    lines = {"distribution": "cat dog\nfour five"}
    project.page(
        "# A\n\n"
        + "\n\n".join(f"```tokenheat view={view}\n{lines.get(view, words)}\n```" for view in views)
    )
    project.built()
    page = browser.new_page(viewport={"width": width, "height": 800})
    with served(project.folder / "site") as address:
        page.goto(address, wait_until="networkidle")
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        options: dict[str, Any] = {"runOnly": ["scrollable-region-focusable"]}
        found = Axe().run(page, context=".tokenheat", options=options).response["violations"]
        assert [node["html"] for each in found for node in each["nodes"]] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls"
    page.close()
