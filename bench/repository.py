"""What a command costs in a repository: the time of a step that does nothing over that of a plain fork.

    python bench/repository.py environments/toolz [--steps 50] [--instance NAME] [--out FILE.json]

`--instance`: of a folder of kind swebench, where is acted. A step is an exec in the sandbox and the
fingerprint of the whole tree; both are told, and the time of a reset.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import time
from pathlib import Path

from learn_by_interact.environments.repository.environment import RepositoryEnvironment
from learn_by_interact.registry import benchmark
from learn_by_interact.types import Action, Task


def measure(folder: str, instance: str, steps: int) -> dict[str, float | str]:
    """Medians in milliseconds over `steps` runs of `true` each way."""
    plain, boxed, stepped = [], [], []
    setup = {"instance": instance} if instance else {}
    with benchmark(folder).environment() as environment:
        assert isinstance(environment, RepositoryEnvironment)
        begin = time.perf_counter()
        environment.reset(Task(environment="", instruction="", setup=setup))
        reset = time.perf_counter() - begin
        files = len(environment.files)
        for _ in range(steps):
            begin = time.perf_counter()
            subprocess.run(["bash", "-c", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=True)
            forked = time.perf_counter()
            environment.run_in(environment.sandbox, "true")
            ran = time.perf_counter()
            environment.step(Action(tool="bash", arguments={"command": "true"}))
            done = time.perf_counter()
            plain.append(1000 * (forked - begin))
            boxed.append(1000 * (ran - forked))
            stepped.append(1000 * (done - ran))
    fork = statistics.median(plain)
    return {
        "folder": folder,
        "instance": instance,
        "files": files,
        "reset_s": round(reset, 2),
        "plain_ms": round(fork, 2),
        "exec_over_plain_ms": round(statistics.median(boxed) - fork, 2),
        "step_over_plain_ms": round(statistics.median(stepped) - fork, 2),
    }


def main() -> None:
    """Print the figures, and write them to a file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("folder")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--instance", default="")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    text = json.dumps(measure(options.folder, options.instance, options.steps), indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
