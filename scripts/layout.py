"""Measures how long Chromium takes to lay out one block of 5,000 tokens, and to scroll over it."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import markdown
from playwright.sync_api import Page

sys.path.insert(0, str(Path(__file__).parents[1]))
from mkdocs_tokenheat.hosts.markdown import makeExtension
from tests.browser import chromium

TOKENS = 5000
ROUNDS = 25
WORDS = ("the ", "embed", "ding ", "of ", "a ", "neo", "class", "ical ", "word", ", ", "tie", "̂́ng ")

# A full layout, including each cell's line and style: the figure was not there before.
LAYOUT = """
html => {
  document.body.innerHTML = '';
  document.body.offsetHeight;
  const holder = document.createElement('div');
  holder.innerHTML = html;
  document.body.append(holder);
  const start = performance.now();
  document.body.offsetHeight;
  return performance.now() - start;
}
"""

# The time between frames while the window scrolls down the page.
SCROLL = """
() => new Promise(done => {
  const frames = [];
  let last;
  const step = now => {
    if (last !== undefined) frames.push(now - last);
    last = now;
    scrollBy(0, 60);
    frames.length < 60 ? requestAnimationFrame(step) : done(frames);
  };
  requestAnimationFrame(step);
})
"""


def figure(folder: str) -> str:
    """A figure of 5,000 tokens with numbers of all sizes, with its legend and table."""
    tokens = [WORDS[i % len(WORDS)] for i in range(TOKENS)]
    quoted = ", ".join(f'"{token}"' for token in tokens)
    values = ", ".join(str(i * i % 997) for i in range(TOKENS))
    block = f"~~~tokenheat metric=values\n---\ntokens: [{quoted}]\nvalues: [{values}]\n---\n"
    extension = makeExtension(cache_dir=folder)
    return markdown.markdown(f"{block}{''.join(tokens)}\n~~~", extensions=[extension])


def measure(page: Page, html: str) -> tuple[float, float, float]:
    """Milliseconds of the layout, least and median, and the 95th percentile of a frame's."""
    layouts = [float(page.evaluate(LAYOUT, html)) for _ in range(ROUNDS)]
    frames: list[float] = page.evaluate(SCROLL)
    return min(layouts), statistics.median(layouts), statistics.quantiles(frames, n=20)[-1]


if __name__ == "__main__":
    with TemporaryDirectory() as folder, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_content("<!doctype html><html lang=en><title>5,000 tokens</title><body>")
        least, median, frame = measure(page, figure(folder))
    # Other load on the machine can only lengthen a layout: the least is the block's own.
    print(f"{TOKENS} tokens are laid out in {least:.0f} ms (median {median:.0f} ms)")
    print(f"while scrolling, 95 % of the frames come within {frame:.0f} ms")
