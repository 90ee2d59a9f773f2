"""The other end of `report.fresh`: one function of one benchmark, in a process of its own."""

from __future__ import annotations

import json
import resource
import sys
from importlib import import_module
from pathlib import Path


def peak() -> float:
    """The process's largest memory so far, in megabytes.

    On Linux, the kernel's count for this program: `ru_maxrss` includes the process that started it.
    """
    try:
        status = Path("/proc/self/status").read_text("utf-8")
    except OSError:
        # macOS counts bytes.
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Call the function with its arguments, and print what it returns and its peak memory."""
    module, function, arguments = sys.argv[1:]
    run = getattr(import_module(f"benchmarks.{module}"), function)(**json.loads(arguments))
    print(json.dumps({"megabytes": peak(), **run}))


if __name__ == "__main__":
    main()
