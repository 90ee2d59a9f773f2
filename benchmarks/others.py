"""Renders the same tokens and values with another package, as it is meant to be used.

Run by `rendering`, with the Python of an environment that has these packages but not this project.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["PAGE", "gzipped", "milliseconds"]

PAGE = '<!doctype html>\n<meta charset="utf-8">\n<title>Heatmap</title>\n{}\n'
"""The smallest page around a package's output."""

Render = Callable[[], str]


def gzipped(html: str) -> int:
    """Bytes on the wire."""
    return len(gzip.compress(html.encode(), mtime=0))


def milliseconds(render: Render, seconds: float = 2.0) -> float:
    """The median time, after a first run."""
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 3 or (len(times) < 200 and time.perf_counter() < end):
        start = time.perf_counter()
        render()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def captum(tokens: Sequence[str], values: Sequence[float]) -> Render:
    """`visualize_text`, for values between 0 and 1."""
    from captum.attr import visualization

    high = max(values)
    scaled = [value / high for value in values]

    def render() -> str:
        record = visualization.VisualizationDataRecord(
            scaled, 1.0, "norm", "norm", "norm", 1.0, tokens, 0.0
        )
        return str(visualization.visualize_text([record]).data)

    return render


def circuitsvis(tokens: Sequence[str], values: Sequence[float]) -> Render:
    """`colored_tokens`, with its script in the page."""
    from circuitsvis.tokens import colored_tokens

    return lambda: str(colored_tokens(list(tokens), list(values)).local_src)


def circuitsvis_online(tokens: Sequence[str], values: Sequence[float]) -> Render:
    """The same with the script from a network."""
    from circuitsvis.tokens import colored_tokens

    return lambda: str(colored_tokens(list(tokens), list(values)).cdn_src)


def eli5(tokens: Sequence[str], values: Sequence[float]) -> Render:
    """`format_as_html` of a text with weighted spans."""
    from eli5 import base, formatters

    spans = []
    at = 0
    for i, (token, value) in enumerate(zip(tokens, values, strict=True)):
        spans.append((f"token {i}", [(at, at + len(token))], value))
        at += len(token)
    text = "".join(tokens)

    def render() -> str:
        document = base.DocWeightedSpans(document=text, spans=spans, preserve_density=False)
        target = base.TargetExplanation(
            target="norm",
            feature_weights=base.FeatureWeights(pos=[], neg=[]),
            weighted_spans=base.WeightedSpans(docs_weighted_spans=[document]),
        )
        explanation = base.Explanation(estimator="norm", targets=[target])
        return str(formatters.format_as_html(explanation, force_weights=False))

    return render


def shap(tokens: Sequence[str], values: Sequence[float]) -> Render:
    """`plots.text`."""
    import numpy as np
    import shap as package

    explanation = package.Explanation(
        values=np.array(values), base_values=0.0, data=np.array(tokens)
    )
    return lambda: str(package.plots.text(explanation, display=False))


def textualheatmap(tokens: Sequence[str], values: Sequence[float]) -> Render:
    """`TextualHeatmap` that shows one token's view of the others."""
    from textualheatmap import TextualHeatmap

    high = max(values)
    scaled = [round(value / high, 3) for value in values]

    class Shown:
        """Stands for a notebook's output."""

        def __init__(self) -> None:
            self.parts: list[Any] = []

        def __call__(self, thing: Any, display_id: bool = False) -> Any:
            self.parts.append(thing)
            return self

        def update(self, thing: Any) -> None:
            self.parts.append(thing)

    def render() -> str:
        shown = Shown()
        heatmap = TextualHeatmap(interactive=False, display_fn=shown)
        data = [{"token": token, "meta": [], "heat": []} for token in tokens]
        heatmap.set_data([[{**data[0], "heat": scaled}, *data[1:]]])
        heatmap.highlight(0)
        return "".join(str(part.data) for part in shown.parts if "HTML" in type(part).__name__)

    return render


def _treescope(tokens: Sequence[str], values: Sequence[float], *, compressed: bool) -> Render:
    from treescope import figures, lowering

    low, high = min(values), max(values)

    def render() -> str:
        parts = (
            figures.text_on_color(token, value, vmin=low, vmax=high)
            for token, value in zip(tokens, values, strict=True)
        )
        whole = figures.inline(*parts, wrap=True)
        return str(lowering.render_to_html_as_root(whole.treescope_part, compressed=compressed))

    return render


def treescope(tokens: Sequence[str], values: Sequence[float]) -> Render:
    """`text_on_color`, as a notebook gets it: compressed, and unpacked by a script."""
    return _treescope(tokens, values, compressed=True)


def treescope_static(tokens: Sequence[str], values: Sequence[float]) -> Render:
    """The same, not compressed."""
    return _treescope(tokens, values, compressed=False)


WAYS: Mapping[str, tuple[str, Callable[[Sequence[str], Sequence[float]], Render]]] = {
    "captum": ("captum", captum),
    "circuitsvis": ("circuitsvis", circuitsvis),
    "circuitsvis_online": ("circuitsvis", circuitsvis_online),
    "eli5": ("eli5", eli5),
    "shap": ("shap", shap),
    "textualheatmap": ("textualheatmap", textualheatmap),
    "treescope": ("treescope", treescope),
    "treescope_static": ("treescope", treescope_static),
}


def main() -> None:
    """Render the tokens of a JSON file, and print what that took."""
    way, given = sys.argv[1], json.loads(Path(sys.argv[2]).read_text("utf-8"))
    package, prepare = WAYS[way]
    with redirect_stdout(sys.stderr):
        render = prepare(given["tokens"], given["values"])
        html = PAGE.format(render())
        took = milliseconds(render)
    Path(sys.argv[2]).with_name(f"{way}-{len(given['tokens'])}.html").write_text(html, "utf-8")
    found = {
        "version": version(package),
        "bytes": len(html.encode()),
        "gzipped": gzipped(html),
        "milliseconds": took,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
