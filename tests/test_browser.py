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


# What axe leaves open: for each element its text colour and every colour behind its letters.
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


@pytest.fixture(params=["light", "dark"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    page = browser.new_page(color_scheme=request.param, viewport={"width": 1280, "height": 900})
    yield page
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


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_readable_whole_and_self_contained(
    page: Page, address: str, name: str
) -> None:
    outside: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda r: None if r.url.startswith(address) else outside.append(r.url))
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(url(address, name), wait_until="networkidle")

    cells = page.evaluate(CELLS)
    for cell in cells:
        assert not any(colour.startswith("rgba(0, 0, 0, 0") for colour in cell["behind"]), cell
        assert min(contrast(cell["ink"], colour) for colour in cell["behind"]) >= 4.5, cell
    shown = page.evaluate(
        "() => [...document.querySelectorAll('.tokenheat-text')].map(pre => pre.textContent)"
    )
    source = (EXAMPLE / "docs" / f"{name}.md").read_text("utf-8")
    blocks = blocks_of(source, Options())
    assert shown == [block.text for block in blocks for _ in range(times_shown(block))]
    assert bool(cells) == bool(shown)
    assert outside == []
    assert complaints == []


def test_the_course_has_heatmaps(page: Page, address: str) -> None:
    page.goto(address)
    assert (
        sum(
            len(list(blocks_of((EXAMPLE / "docs" / f"{name}.md").read_text("utf-8"), Options())))
            for name in PAGES
        )
        >= 10
    )


def test_the_scheme_changes_the_page_and_not_the_figure(browser: Browser, address: str) -> None:
    name = next(
        name
        for name in PAGES
        if "```tokenheat" in (EXAMPLE / "docs" / f"{name}.md").read_text("utf-8")
    )
    seen = {}
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        page = browser.new_page(color_scheme=scheme)
        page.goto(url(address, name), wait_until="networkidle")
        body = "() => getComputedStyle(document.body).backgroundColor"
        seen[scheme] = page.evaluate(body), page.evaluate(CELLS)
        page.close()
    assert luminance(seen["light"][0]) > luminance(seen["dark"][0])
    assert seen["light"][1] == seen["dark"][1]


# Nothing but colours changes with the scheme.
RULES: dict[Any, dict[str, list[str]]] = {
    "light": {},
    "dark": {"runOnly": ["color-contrast", "link-in-text-block"]},
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("scheme", RULES)
@pytest.mark.parametrize(("width", "zoom"), [(320, 1), (640, 2)])
def test_axe_finds_nothing(
    browser: Browser, address: str, name: str, scheme: Any, width: int, zoom: int
) -> None:
    # A window of 1280 pixels at 200 % is one of 640 whose pixels are twice as large.
    page = browser.new_page(
        color_scheme=scheme, viewport={"width": width, "height": 800}, device_scale_factor=zoom
    )
    page.goto(url(address, name), wait_until="networkidle")
    # What is folded away is there for readers, too.
    page.add_style_tag(content=".tabbed-block { display: block !important }")
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert_accessible(page, RULES[scheme])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls"
    page.close()


def assert_accessible(page: Page, options: dict[str, list[str]]) -> None:
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
