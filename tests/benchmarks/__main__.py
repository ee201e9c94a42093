"""Run the benchmarks, print one table, write bench.json. `python -m tests.benchmarks up apply` runs only those."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.measurement import Measurement

_HEAD = ("what", "median", "p95", "min-max", "n", "budget")


def main() -> None:
    os.environ["MESHTUTOR_HOME"] = tempfile.mkdtemp(prefix="meshtutor-bench-")
    os.environ["MESHTUTOR_LAB"] = "bench"
    wanted = sys.argv[1:]
    found: list[Measurement] = []
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        if not wanted or path.stem.removeprefix("bench_") in wanted:
            print(f"· {path.stem.removeprefix('bench_')} ...", file=sys.stderr, flush=True)
            found += importlib.import_module(f"tests.benchmarks.{path.stem}").measure()
    rows = [_HEAD, *(one.row for one in found)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    machine = {"cores": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    Path("bench.json").write_text(
        json.dumps({"machine": machine, "measured": [one.to_dict() for one in found]}, indent=1)
    )
    print(
        f"\n{machine['cores']} cores, {machine['machine']}, Python {machine['python']}; written to bench.json"
    )


if __name__ == "__main__":
    main()
