"""A figure as people get it: on paper, in forced colours, without a stylesheet, copied, and printed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from mkdocs_tokenheat.views.colormaps import colormap, contrast, luminance
from tests.browser import chromium, served
from tests.conftest import Project
from tests.pages import cells, content, convert, having, parse

CSS = files("mkdocs_tokenheat").joinpath("tokenheat.css").read_text("utf-8")
REDS = colormap("Reds").colours

TEXT = "Tiếng Việt có sáu thanh điệu, từng bước.\n\n  Neoclassical   gypsy jumped!"
PAGE = f"""
~~~tokenheat metric=norm unit=token lang=vi
{TEXT}
~~~

~~~tokenheat metric=norm unit=token encode=colour+underline
{TEXT}
~~~

~~~tokenheat metric=norm unit=token numbers=true
{TEXT}
~~~

~~~tokenheat
---
metric: values
unit: word
values: [1, 4, null, 2]
numbers: true
encode: colour+underline
---
low high, none
~~~
"""
MEDIA: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "print": {"media": "print"},
    "forced": {"forced_colors": "active", "color_scheme": "dark"},
    "bare": {},
}


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> str:
    return convert(PAGE, tmp_path_factory.mktemp("cache"), legend=True, table=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 500, "height": 700})
    yield page
    page.close()


def show(page: Page, figures: str, *, styled: bool = True) -> None:
    own = "body { color-scheme: light dark; background: Canvas; color: CanvasText }"
    style = f"<style>{CSS}{own}</style>" if styled else ""
    page.set_content(f"<!doctype html><html lang=en><title>x</title>{style}<body>{figures}")


def colours_of(image: Image.Image) -> set[str]:
    pixels = image.convert("RGB").getcolors(1 << 24) or []
    return {"#{:02x}{:02x}{:02x}".format(*colour) for _, colour in pixels}  # type: ignore[misc]


@pytest.mark.parametrize("name", MEDIA)
def test_every_medium_has_the_same_figure(
    page: Page, figures: str, name: str, tmp_path: Path
) -> None:
    page.emulate_media(**MEDIA[name])
    show(page, figures, styled=name != "bare")
    page.screenshot(path=tmp_path / f"{name}.png", full_page=True)

    view = page.locator(".tokenheat-text").last
    picture = Image.open(io.BytesIO(view.screenshot()))

    assert {REDS[0], REDS[255], "#ffffff"} <= colours_of(picture)
    styles = page.evaluate("""
        () => [...document.querySelectorAll('.tokenheat-text')].map(
            view => [view, ...view.querySelectorAll('span')].map(each => {
                const style = getComputedStyle(each);
                return [style.backgroundColor, style.backgroundImage, style.boxShadow, style.color];
            }))
    """)
    page.emulate_media(media="screen", forced_colors="none", color_scheme="light")
    show(page, figures)
    assert styles == page.evaluate("""
        () => [...document.querySelectorAll('.tokenheat-text')].map(
            view => [view, ...view.querySelectorAll('span')].map(each => {
                const style = getComputedStyle(each);
                return [style.backgroundColor, style.backgroundImage, style.boxShadow, style.color];
            }))
    """)


def test_paper_keeps_the_colours_though_backgrounds_are_not_printed(
    page: Page, figures: str, tmp_path: Path
) -> None:
    show(page, figures, styled=False)
    page.pdf(path=tmp_path / "paper.pdf", print_background=False)
    (sheet, *_) = pypdfium2.PdfDocument(tmp_path / "paper.pdf")
    picture = sheet.render(scale=2).to_pil()
    picture.save(tmp_path / "paper.png")
    assert {REDS[0], REDS[255]} <= colours_of(picture)
    # Superscripts, too, are on the paper.
    assert "22.45" in "".join(sheet.get_textpage().get_text_bounded().split())


def test_a_copy_is_the_source_text(browser: Browser, figures: str, tmp_path: Path) -> None:
    # The clipboard needs an address.
    (tmp_path / "index.html").write_text(f"<!doctype html><meta charset=utf-8>{figures}", "utf-8")
    with served(tmp_path) as address:
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        page = context.new_page()
        page.goto(address)
        for number in range(3):
            selected = page.evaluate(
                "i => { const s = getSelection(); s.selectAllChildren("
                "document.querySelectorAll('.tokenheat-text')[i]); return s.toString() }",
                number,
            )
            assert selected == TEXT
            page.keyboard.press("Control+C")
            assert page.evaluate("navigator.clipboard.readText()") == TEXT
        context.close()


LINES = """
view => {
  const at = [], range = document.createRange();
  const walker = document.createTreeWalker(view, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode;
    for (let i = 0; i < text.length; i++) {
      range.setStart(text, i); range.setEnd(text, i + 1);
      const box = range.getBoundingClientRect();
      at.push([text.data[i], box.bottom, box.left, box.right, box.width]);
    }
  }
  const inside = view.getBoundingClientRect();
  return {at, left: inside.left, right: inside.right};
}
"""


# With its numbers the longest word of the text takes more than 300 pixels.
@pytest.mark.parametrize(
    ("number", "width"),
    [*((i, width) for i in (0, 1) for width in (150, 200, 263, 320)), (2, 360), (2, 411), (2, 480)],
)
def test_lines_break_between_words_only(page: Page, figures: str, number: int, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    page.set_content(f"<!doctype html><style>figure {{ margin: 0 }}</style>{figures}")
    found = page.locator(".tokenheat-text").nth(number).evaluate(LINES)
    lines = 1
    for (before, bottom, *_), (char, below, *_) in zip(found["at"], found["at"][1:], strict=False):
        if below > bottom + 8:
            lines += 1
            assert before.isspace(), f"a line breaks between {before!r} and {char!r}"
    assert lines > 3


def test_no_space_is_lost_at_a_lines_end(page: Page, tmp_path: Path) -> None:
    source = '~~~tokenheat metric=length\n---\ntokens: [aaaa, "' + 60 * " " + '", b]\n---\naaaa'
    html = convert(f"{source}{60 * ' '}b\n~~~", tmp_path)
    page.set_viewport_size({"width": 320, "height": 700})
    page.set_content(f"<!doctype html>{html}")
    found = page.locator(".tokenheat-text").evaluate(LINES)
    spaces = [each for each in found["at"] if each[0] == " "]
    assert len(spaces) == 60
    for _, _, left, right, width in spaces:
        assert width > 3
        assert found["left"] <= left < right <= found["right"]


# The second channel.


def underline(style: dict[str, str]) -> float:
    return float(style["text-decoration-thickness"].removesuffix("em"))


def test_an_underline_grows_with_the_number(tmp_path: Path) -> None:
    source = "~~~tokenheat metric=values encode=colour+underline\n---\nunit: word\n"
    html = convert(
        f"{source}values: [3, 1, null, 2, 4]\n---\nc a x b d\n~~~", tmp_path, legend=True
    )
    c, a, x, b, d = (cell.declarations for cell in cells(html))
    assert underline(a) < underline(b) < underline(c) < underline(d)
    assert "text-decoration" not in x
    assert "the thicker the line, the larger the number" in content(parse(html))
    assert "text-decoration" not in convert(
        source.replace("+underline", "") + "---\na\n~~~".replace("---", "values: [1]\n---"),
        tmp_path,
    )


def test_an_underline_has_room_within_its_cell(page: Page, figures: str) -> None:
    page.set_content(f"<!doctype html>{figures}")
    below = page.evaluate("""
        () => [...document.querySelectorAll('span[style*="underline;"]')].map(each => {
            const style = getComputedStyle(each), size = parseFloat(style.fontSize);
            const thick = parseFloat(style.textDecorationThickness);
            const metrics = document.createElement('canvas').getContext('2d');
            metrics.font = `${style.fontSize} ${style.fontFamily}`;
            const descent = metrics.measureText('x').fontBoundingBoxDescent;
            return descent + parseFloat(style.paddingBottom) - .2 * size - thick;
        })
    """)
    assert below
    assert min(below) > 0


def test_a_joined_cell_has_its_strip_and_its_underline(figures: str) -> None:
    view = list(having(parse(figures), "tokenheat-text"))[1]
    joined = [cell for cell in view if " · " in (cell.get("title") or "")]
    assert joined
    for cell in joined:
        style = cell.get("style") or ""
        assert "linear-gradient" in style
        assert "text-decoration-thickness:" in style
        # The strip has its room below the line.
        assert style.endswith("padding-bottom:.95em")


def test_cells_are_legible_where_gradients_are_unknown(figures: str) -> None:
    joined = 0
    for cell in cells(figures):
        kept = {name: value for name, value in cell.declarations.items() if "gradient" not in value}
        colour = kept.get("background-color", kept.get("background"))
        assert colour or "repeating" in cell.background
        if colour:
            joined += "background-color" in kept
            letters = 1.0 if "color" in kept else 0.0  # White, or black.
            assert contrast(luminance(colour), letters) >= 4.5
    assert joined


# Numbers in the text.


def test_numbers_are_seen_and_are_no_text(page: Page, figures: str, tmp_path: Path) -> None:
    assert [content(view) for view in having(parse(figures), "tokenheat-text")][:3] == [TEXT] * 3
    page.set_content(f"<!doctype html>{figures}")
    wide = "view => [...view.querySelectorAll('sup')].map(sup => sup.getBoundingClientRect().width)"
    widths = page.locator(".tokenheat-text").nth(2).evaluate(wide)
    numbered = cells(figures)
    assert widths
    assert min(widths) > 8, "a superscript does not show"
    last = page.locator(".tokenheat-text").nth(3)
    assert [
        bool(cell.query_selector("sup")) for cell in last.locator("> span").element_handles()
    ] == [True, True, False, True]
    assert numbered


def test_a_number_stands_before_the_line_break_of_its_token(tmp_path: Path) -> None:
    source = '~~~tokenheat metric=values numbers=true\n---\ntokens: [a, "\\n\\n", b]\n'
    html = convert(f"{source}values: [1, 2, 3]\n---\na\n\nb\n~~~", tmp_path)
    assert "'\u202f2\u202f'\"" in html
    assert "</sup>\n\n</span>" in html


@pytest.mark.parametrize("width", [120, 180, 255, 263, 300, 390])
def test_a_number_is_never_torn(page: Page, tmp_path: Path, width: int) -> None:
    text = "Nghiêng nghiêng, neoclassical nhường-nhịn; ngắt."
    html = convert(
        f"~~~tokenheat metric=cosine-previous unit=token numbers=true\n{text}\n~~~\n\n"
        "~~~tokenheat metric=values numbers=true values=[-0.5,0.00000811,-2.5e-9]\n"
        "aaaa bbbb cccc\n~~~",
        tmp_path,
    )
    assert content(next(having(parse(html), "tokenheat-text"))) == text
    page.set_viewport_size({"width": width, "height": 700})
    page.set_content(f"<!doctype html><style>figure {{ margin: 0 }}</style>{html}")
    pieces = page.locator("sup").evaluate_all("all => all.map(s => s.getClientRects().length)")
    assert len(pieces) > 18
    assert set(pieces) == {1}
    together = """
        cells => cells.map(cell => {
          const range = document.createRange(), text = cell.firstChild;
          range.setStart(text, text.length - 1); range.setEnd(text, text.length);
          const letter = range.getBoundingClientRect();
          const number = cell.querySelector('sup').getBoundingClientRect();
          return number.top < letter.bottom && number.bottom > letter.top;
        })
    """
    assert all(page.locator("span:has(> sup)").evaluate_all(together))
    if width > 120:
        sizes = "all => all.map(view => [view.scrollWidth, view.clientWidth])"
        for needed, there in page.locator(".tokenheat-text").evaluate_all(sizes):
            assert needed <= there


def test_the_numbers_of_one_cell_may_stand_on_several_lines(page: Page, tmp_path: Path) -> None:
    source = "~~~tokenheat metric=cosine-previous unit=token numbers=true\n👩🏽‍🚀\n~~~"
    html = convert(source, tmp_path)
    (cell,) = cells(html)
    numbers = cell.title.count("·") + 1
    assert numbers > 3
    page.set_viewport_size({"width": 160, "height": 700})
    page.set_content(f"<!doctype html><style>figure {{ margin: 0 }}</style>{html}")
    assert page.locator("sup").count() == numbers
    tops = "all => new Set(all.map(s => Math.round(s.getBoundingClientRect().top))).size"
    assert page.locator("sup").evaluate_all(tops) > 1


# Where a page runs from right to left, and where it is of another language.


@pytest.mark.parametrize(
    "tokens",
    [
        ["x", " של", "ום", " y"],
        ["שלום ", "hel", "lo", " אב"],
        ["שלום", " 1", "2", "3"],
        ["hello", " ש", "ל", "."],
        ["של", "ום", ".", " ו"],
        ["a", "b", " c", "d"],
    ],
    ids=["in English", "in Hebrew", "digits", "at the end", "Hebrew alone", "English alone"],
)
@pytest.mark.parametrize("way", ["ltr", "rtl"])
def test_each_number_stands_beside_its_own_letters(
    page: Page, tmp_path: Path, tokens: list[str], way: str
) -> None:
    options = json.dumps({"tokens": tokens, "values": [1, 2, 3, 4], "metric": "values"})
    source = f"~~~tokenheat numbers=true\n---\n{options}\n---\n{''.join(tokens)}\n~~~"
    html = convert(source, tmp_path)
    page.set_content(f"<!doctype html><html dir={way}>{html}")
    apart = """
        all => all.map(cell => {
          const range = document.createRange(), sup = cell.querySelector('sup');
          range.selectNodeContents(cell.firstChild);
          const text = range.getBoundingClientRect(), number = sup.getBoundingClientRect();
          return Math.min(Math.abs(number.left - text.right), Math.abs(text.left - number.right));
        })
    """
    assert max(page.locator("pre > span").evaluate_all(apart)) < 1
    order = "all => all.map(cell => Math.round(cell.getBoundingClientRect().left))"
    plain = convert(source.replace("numbers=true", ""), tmp_path)
    with_numbers = page.locator("pre > span").evaluate_all(order)
    page.set_content(f"<!doctype html><html dir={way}>{plain}")
    without = page.locator("pre > span").evaluate_all(order)
    assert ranks(with_numbers) == ranks(without), "the cells stand in the order of the letters"


def ranks(numbers: list[int]) -> list[int]:
    return sorted(range(len(numbers)), key=numbers.__getitem__)


def test_numbers_keep_their_sign_before_them(page: Page, tmp_path: Path) -> None:
    source = "~~~tokenheat\n---\nmetric: values\nunit: word\nvalues: [-0.5, 0.25]\nnumbers: true\n"
    html = convert(f"{source}---\nالقط جلس\n~~~", tmp_path, legend=True, table=True)
    page.set_content(f"<!doctype html><html dir=rtl>{html}")
    placed = """
        () => {
          const range = document.createRange(), found = [];
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const text = walker.currentNode, at = text.data.indexOf('-0.5');
            if (at < 0) continue;
            const left = i => {
              range.setStart(text, at + i); range.setEnd(text, at + i + 1);
              return range.getBoundingClientRect().left;
            };
            found.push(left(0) < left(3));
          }
          return found;
        }
    """
    page.locator("summary").click()
    assert page.evaluate(placed) == [True, True], "in the legend and in the table"
    assert "'\u202f\u200e-0.5\u202f'" in html
    ends = page.evaluate("""
        () => {
          const bar = document.querySelector('.tokenheat-bar'), range = document.createRange();
          range.selectNodeContents(bar.previousSibling);
          return range.getBoundingClientRect().left < bar.getBoundingClientRect().left;
        }
    """)
    assert ends, "the smaller number stands at the pale end of the bar"


@pytest.mark.parametrize(
    ("block", "site", "lang"),
    [("vi", None, "vi"), ("vi", "vi", None), (None, "ar", "en"), ("en", "pt-BR", "en"),
     (None, None, None), ("de", "vi-VN", None)],
)  # fmt: skip
def test_a_figures_own_words_tell_their_language_where_it_is_not_the_pages(
    tmp_path: Path, block: str | None, site: str | None, lang: str | None
) -> None:
    given = f" lang={block}" if block else ""
    html = convert(f"~~~tokenheat{given}\na cat\n~~~", tmp_path, table=True, lang=site)
    (figure,) = having(parse(html), "tokenheat")
    for tag in ("figcaption", "details"):
        assert [each.get("lang") for each in figure.iter(tag)] == [lang]


def test_a_caption_leaves_the_rest_alone(tmp_path: Path) -> None:
    html = convert("~~~tokenheat caption='a \u202e b'\na cat\n~~~", tmp_path, legend=True)
    (caption,) = having(parse(html), "tokenheat-caption")
    assert caption.get("dir") == "auto"
    assert "display:block" in (caption.get("style") or "")


def test_what_cannot_be_seen_is_named(tmp_path: Path) -> None:
    tokens = ["\u200b", "a", "\u202e\u2066", "\xa0", "\x7f", "é"]
    source = f"~~~tokenheat metric=length\n---\ntokens: {json.dumps(tokens)}\n---\n"
    html = convert(f"{source}{''.join(tokens)}\n~~~", tmp_path, table=True)
    (table,) = having(parse(html), "tokenheat-table")
    names = ["U+200B", "a", "U+202E U+2066", "U+00A0", "U+007F", "é"]
    assert [content(row[0]) for row in table.iter("tr")][1:] == names


# Themes have their own ideas of tables.


def test_grids_keep_their_colours_in_mkdocs_own_theme(page: Page, project: Project) -> None:
    project.configure(extra="nav: [index.md]\n")
    config = project.folder / "mkdocs.yml"
    text = config.read_text("utf-8")
    config.write_text(
        text.replace("  name: mkdocs\n", "  name: mkdocs\n  color_mode: dark\n"), "utf-8"
    )
    project.page(
        "```tokenheat view=matrix numbers=true\ncat dog sofa couch\n```\n\n"
        "```tokenheat view=neighbours k=3\ncat dog sofa\n```\n"
    )
    project.built()
    with served(project.folder / "site") as address:
        page.goto(address, wait_until="networkidle")
        found = page.evaluate("""
            () => [...document.querySelectorAll('.tokenheat-grid :is(td, th)')].map(cell => {
                const style = getComputedStyle(cell);
                return [style.color, style.boxShadow, style.backgroundColor, cell.style.color];
            })
        """)
    assert len(found) > 30
    for colour, shadow, background, own in found:
        assert colour == {"#fff": "rgb(255, 255, 255)"}.get(own, own)
        assert own
        assert shadow == "none"
        assert background != "rgba(0, 0, 0, 0)"


def test_paper_has_every_column_of_a_grid(page: Page, tmp_path: Path) -> None:
    words = "one two three four five six seven eight nine"
    html = convert(f"~~~tokenheat view=matrix numbers=true\n{words}\n~~~", tmp_path)
    show(page, html)
    cut_off = "e => e.scrollWidth > e.clientWidth && getComputedStyle(e).overflowX !== 'visible'"
    assert page.locator(".tokenheat-grid").evaluate(cut_off)
    page.emulate_media(media="print")
    assert not page.locator(".tokenheat-grid").evaluate(cut_off)


def sheets(page: Page, tmp_path: Path, html: str, filled: int) -> list[str]:
    """The text of each sheet of paper, after this many millimetres of other content."""
    show(page, f'<div style="height:{filled}mm"></div>{html.replace("<details", "<details open")}')
    page.pdf(path=tmp_path / "paper.pdf", format="A4")
    document = pypdfium2.PdfDocument(tmp_path / "paper.pdf")
    return [sheet.get_textpage().get_text_bounded() for sheet in document]


def test_on_paper_a_legend_is_on_the_sheet_of_its_text(page: Page, tmp_path: Path) -> None:
    words = " ".join(["first", *["word"] * 60, "last"])
    source = f"~~~tokenheat metric=length\n{words}\n~~~"
    html = convert(source, tmp_path, legend=True, table=True)
    seen = set()
    for filled in range(200, 280, 5):
        texts = sheets(page, tmp_path, html, filled)
        (own,) = (i for i, text in enumerate(texts) if "word last" in text)
        assert "Number of characters" in texts[own], filled
        seen.add((own, "All numbers" in texts[own]))
    # It does not wait for its table, which goes over sheets.
    assert {(0, True), (1, True)} <= seen


def test_on_paper_a_long_text_begins_where_it_stands(page: Page, tmp_path: Path) -> None:
    words = " ".join(["first", *["word"] * 1500, "last"])
    html = convert(f"~~~tokenheat metric=length\n{words}\n~~~", tmp_path, legend=True)
    first, *_, last = sheets(page, tmp_path, html, 60)
    assert "first word" in first
    assert "last" in last
    assert "Number of characters" in last


def test_a_wide_table_scrolls_by_itself(page: Page, tmp_path: Path) -> None:
    words = " ".join(f"word{i}" for i in range(20))
    html = convert(f"~~~tokenheat view=matrix\n{words}\n~~~", tmp_path, table=True)
    page.set_viewport_size({"width": 320, "height": 700})
    show(page, html)
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    height = page.locator(".tokenheat-table tbody tr").first.bounding_box()
    assert height is not None
    assert height["height"] < 60, "numbers are not broken"
