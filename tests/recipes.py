"""Reads what a job of continuous integration runs, and what it keeps for the next one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any


@dataclass(frozen=True)
class Step:
    """One step of a job.

    Attributes:
        command: What a shell runs; empty where the step uses somebody's action.
        environment: The variables that it gets.
        cache: The folder that it restores, its key, and the keys to fall back to.
    """

    command: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    cache: tuple[str, str, list[str]] | None = None


def steps_of(config: Mapping[str, Any]) -> list[Step]:
    """The steps of a workflow of GitHub Actions, GitLab CI or Read the Docs, in their order."""
    if "version" in config:
        return list(_read_the_docs(config))
    if "jobs" in config:
        return list(_github(config))
    return list(_gitlab(config))


def _github(config: Mapping[str, Any]) -> Iterator[Step]:
    for job in config["jobs"].values():
        for step in _each(job):
            assert len(step.keys() & {"run", "uses"}) == 1, step
            environment = {**job.get("env", {}), **step.get("env", {})}
            given = step.get("with", {})
            cache = None
            if step.get("uses", "").startswith("actions/cache@"):
                cache = given["path"], given["key"], given["restore-keys"].split()
            yield Step(step.get("run", ""), environment, cache)


def _each(job: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The steps of a job, once for each of its matrix's values."""
    matrix = job.get("strategy", {}).get("matrix", {})
    for values in product(*matrix.values()):
        steps = json.dumps(job["steps"])
        for name, value in zip(matrix, values, strict=True):
            steps = steps.replace(f"${{{{ matrix.{name} }}}}", str(value))
        yield from json.loads(steps)


def _gitlab(config: Mapping[str, Any]) -> Iterator[Step]:
    for job in config.values():
        if not isinstance(job, dict) or "script" not in job:
            continue
        if kept := job.get("cache"):
            (path,) = kept["paths"]
            yield Step(cache=(path, kept["key"], kept["fallback_keys"]))
        for command in [*job.get("before_script", ()), *job["script"]]:
            yield Step(command)


def _read_the_docs(config: Mapping[str, Any]) -> Iterator[Step]:
    jobs = config["build"]["jobs"]
    for command in [*jobs["install"], *jobs["build"]["html"]]:
        yield Step(command)
