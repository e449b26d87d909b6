"""What the sandbox costs: the time of an exec in it over that of a plain fork.

    python bench/sandbox.py [--execs 200] [--out FILE.json]

Both are timed in one run, one after the other, so that a busy machine slows them alike.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import time
from pathlib import Path

from learn_by_interact.environments.folder import Limits
from learn_by_interact.environments.sandbox import HOME, Tools, open_sandbox

TARGET_MS = 30.0


def measure(execs: int) -> dict[str, float]:
    """Medians in milliseconds over `execs` runs of `true` each way."""
    plain, boxed = [], []
    with open_sandbox("bubblewrap", None, Tools()) as sandbox:
        for _ in range(execs):
            begin = time.perf_counter()
            subprocess.run(["bash", "-c", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=True)
            middle = time.perf_counter()
            sandbox.run("true", HOME, Limits())
            end = time.perf_counter()
            plain.append(1000 * (middle - begin))
            boxed.append(1000 * (end - middle))
    return {
        "execs": execs,
        "plain_ms": round(statistics.median(plain), 2),
        "sandbox_ms": round(statistics.median(boxed), 2),
        "over_plain_ms": round(statistics.median(boxed) - statistics.median(plain), 2),
        "over_plain_p95_ms": round(
            sorted(b - p for b, p in zip(boxed, plain, strict=True))[int(execs * 0.95)], 2
        ),
        "target_ms": TARGET_MS,
    }


def main() -> None:
    """Print the figures, and write them to a file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--execs", type=int, default=200)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    text = json.dumps(measure(options.execs), indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
