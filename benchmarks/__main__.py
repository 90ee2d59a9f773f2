"""Runs all benchmarks, or those that are named; one that fails does not stop the others."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from benchmarks.report import RESULTS, ROOT, environment

NAMES = (
    "warm_site", "cold_site", "startup", "rendering", "growth", "serve", "language_models",
)  # fmt: skip


def main() -> int:
    """Run them in turn, and print which targets hold; 1 if one could not be run."""
    names = sys.argv[1:] or NAMES
    failed = []
    for name in names:
        start = time.perf_counter()
        print(f"\n{name} …", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"], cwd=ROOT, env=environment(), check=False
        )
        print(f"({name}: {time.perf_counter() - start:.0f} s)", flush=True)
        if done.returncode:
            failed.append(name)
    print("\n== Targets")
    for name in names:
        if name in failed:
            print(f"{name}: could not be run")
            continue
        for target in json.loads((RESULTS / f"{name}.json").read_text("utf-8"))["targets"]:
            held = "holds" if target["holds"] else "DOES NOT HOLD"
            print(f"{name}: {held}: {target['what']}: {target['value']:.3g}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
