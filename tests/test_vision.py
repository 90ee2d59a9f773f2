"""The simulation of colour blindness, and the maps that the reference warns of."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from mkdocs_tokenheat.views.colormaps import colormap, names

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture(scope="module")
def vision() -> dict[str, Any]:
    sys.path.insert(0, str(SCRIPTS))
    try:
        return runpy.run_path(str(SCRIPTS / "vision.py"))
    finally:
        sys.path.remove(str(SCRIPTS))


def test_colours_are_those_of_cielab(vision: dict[str, Any]) -> None:
    assert vision["seen"]("#ffffff") == pytest.approx((100, 0, 0), abs=0.01)
    assert vision["seen"]("#ff0000") == pytest.approx((53.24, 80.09, 67.20), abs=0.02)


def test_greys_look_the_same_to_all(vision: dict[str, Any]) -> None:
    for kind in vision["KINDS"]:
        for grey in ("#000000", "#808080", "#ffffff"):
            assert vision["seen"](grey, kind) == pytest.approx(vision["seen"](grey), abs=0.05)


def test_each_kind_takes_its_own_colours_for_one(vision: dict[str, Any]) -> None:
    distance = vision["distance"]
    red, green = "#a50026", "#006837"
    blue, turquoise = "#0057b7", "#006b75"
    for kind in ("protanopia", "deuteranopia"):
        assert distance(red, green, kind) < distance(red, green) / 4
    assert distance(red, green, "tritanopia") > 80
    assert distance(blue, turquoise, "tritanopia") < distance(blue, turquoise) / 2


def test_maps_whose_ends_come_close_are_named(vision: dict[str, Any]) -> None:
    close = {name: set(vision["close_for"](colormap(name))) for name in names()}
    assert close["RdYlGn"] == {"protanopia", "deuteranopia"}
    assert "protanopia" in close["RdGy"]
    assert close["tofino"] == {"tritanopia"}
    assert not any(close[name] for name in ("Reds", "viridis", "cividis", "RdBu", "PuOr", "vik"))
    page = (SCRIPTS.parent / "example_site/docs/reference.md").read_text("utf-8")
    for name, kinds in close.items():
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        named = row.split("|")[3]
        assert all((kind in named) == (kind in kinds) for kind in vision["KINDS"]), row
