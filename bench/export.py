"""What an export costs: rows a second and the most memory, in some of the formats.

    python bench/export.py [--rows 1000000] [--format trl] [--out FILE.json]

Sessions of 10 steps with windows of 1 to 5, as in `retrieval.py`; a row is one step with its whole prompt, or
the stop that is added. Each format is written by a process of its own, whose peak is taken when it ends; the
store is read twice, which is in the time.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from result import report
from retrieval import EACH, Sessions, fill

from learn_by_interact.engine.store import Store
from learn_by_interact.registry import benchmark
from learn_by_interact.training.choose import Choice
from learn_by_interact.training.export import export

FORMATS = ("trl", "parquet")
EXAMPLE = 4
"""Rows of an example: three steps, on average, and a stop."""
WORLD = Path(__file__).parent.parent / "environments" / "sqlite-utils"
"""How its actions are written down; it is not entered."""
MEGABYTES = 500.0
"""Target of a format's peak."""


def one(run: Path, name: str, folder: Path) -> dict[str, float]:
    """Export a run in this process -> rows, seconds, bytes written and the peak of memory."""
    begin = time.perf_counter()
    with Store(run, readonly=True) as store:
        done = export(store, benchmark(str(WORLD)).environment(), name, folder, Choice(rule="unanimous"))
    seconds = time.perf_counter() - begin
    return {
        "rows": sum(done.rows.values()),
        "rows_per_s": round(sum(done.rows.values()) / seconds),
        "seconds": round(seconds, 1),
        "written_mb": round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6),
        "peak_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def measure(rows: int, formats: list[str], place: Path) -> dict[str, float]:
    """Fill a run folder and export it in each format."""
    begin = time.perf_counter()
    with Store(place / "run") as store:
        store.add(fill(store, Sessions(0), 0, max(1, rows // (EXAMPLE * EACH))))
    figures: dict[str, float] = {"fill_s": round(time.perf_counter() - begin, 1)}
    for name in formats:
        command = [sys.executable, __file__, "--one", str(place / "run"), name, str(place / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        figures |= {f"{name}_{key}": value for key, value in json.loads(done.stdout).items()}
    return figures


def main() -> None:
    """Print the figures, and write them to a file if asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--format", action="append", help="trl and parquet are the default")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        run, name, folder = options.one
        print(json.dumps(one(Path(run), name, Path(folder))))
        return
    formats = options.format or list(FORMATS)
    with tempfile.TemporaryDirectory() as name:
        figures = measure(options.rows, formats, Path(name))
    report("export", figures, {f"{name}_peak_rss_mb": MEGABYTES for name in formats}, options.out)


if __name__ == "__main__":
    main()
