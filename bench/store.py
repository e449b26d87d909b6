"""What the store costs: 100k examples over 5k trajectories of 30 steps.

    python bench/store.py [--trajectories 5000] [--examples 20] [--out FILE.json]

Observations are made like those of a session: some are seen again and again (the listing of a
folder, the same error), some differ from an earlier one in a line, some are new. Sizes are of all
files of the run folder, after it was closed. Times are medians; the machine may be busy.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from result import report

from learn_by_interact.engine.store import Store
from learn_by_interact.types import (
    Action,
    Attempt,
    Example,
    Kind,
    Observation,
    Step,
    Trajectory,
    Usage,
    digest,
)

STEPS = 30
WORDS = [
    f"{a}{b}"
    for a in ("data", "row", "user", "log", "table", "index", "file", "path", "item", "key")
    for b in ("", "s", "_id", "_name", "_count", ".txt", ".db", ".json", "_at", "-list")
]


class Sessions:
    """Makes trajectories; the same seed makes the same ones."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._seen = [self._new() for _ in range(200)]

    def _line(self) -> str:
        words = self._random.choices(WORDS, k=self._random.randint(4, 14))
        return f"{self._random.randrange(10**5):>6} {' '.join(words)} {self._random.random():.4f}"

    def _new(self) -> str:
        return "\n".join(self._line() for _ in range(self._random.randint(1, 30)))

    def _text(self) -> str:
        kind = self._random.random()
        if kind < 0.6:
            return self._random.choice(self._seen)
        if kind < 0.8:
            lines = self._random.choice(self._seen).split("\n")
            lines[self._random.randrange(len(lines))] = self._line()
            return "\n".join(lines)
        return self._new()

    def _observe(self) -> Observation:
        text = self._text()
        return Observation(text=text, key=digest(text), state=digest(self._random.randrange(1000)))

    def trajectory(self, number: int) -> Trajectory:
        return Trajectory(
            task=digest(number),
            start=self._observe(),
            steps=tuple(
                Step(
                    thought="",
                    action=Action(tool="bash", arguments={"command": self._line()}),
                    observation=self._observe(),
                    usage=Usage(calls=1, prompt=1500, cached=1200, completion=30),
                )
                for _ in range(STEPS)
            ),
            stop="done",
            model="local/model",
        )

    def examples(self, trajectory: Trajectory, count: int) -> list[Example]:
        kinds: tuple[Kind, ...] = ("summary", "abstraction")
        made = []
        for number in range(count):
            begin, end = sorted(self._random.sample(range(STEPS + 1), 2))
            made.append(
                Example(
                    instruction=" ".join(self._random.choices(WORDS, k=25)),
                    trajectory=trajectory.id,
                    begin=begin,
                    end=end,
                    kind=kinds[number % 2],
                )
            )
        return made


def fill(folder: Path, trajectories: int, examples: int) -> dict[str, float]:
    """Commit as the engine does: one attempt a trajectory, one for its examples; rates a second."""
    sessions = Sessions()
    spent, records, commits, texts = 0.0, 0, 0, 0
    with Store(folder) as store:
        for number in range(trajectories):
            trajectory = sessions.trajectory(number)
            windows = sessions.examples(trajectory, examples)
            texts += sum(len(trajectory.observation(at).text) for at in range(STEPS + 1))
            begin = time.perf_counter()
            for stage, outputs in (("explore:0", [trajectory]), ("relabel:0", windows)):
                ids = tuple(record.id for record in outputs)
                store.commit(Attempt(stage=stage, input=digest(number), outputs=ids), outputs)
                records += len(ids)
                commits += 1
            spent += time.perf_counter() - begin
    return {
        "observation_text_mb": round(texts / 1e6, 1),
        "commits_per_s": round(commits / spent),
        "records_per_s": round(records / spent),
    }


def read(folder: Path, samples: int = 2000) -> dict[str, float]:
    """Medians and 95th percentiles in milliseconds of reads in random order."""
    chosen = random.Random(1)
    with Store(folder, readonly=True) as store:
        ids = store.ids(Example)
        spans, gets, lengths = [], [], []
        for identity in chosen.choices(ids, k=samples):
            example = store.get(identity)
            assert isinstance(example, Example)
            spans.append(timed(lambda example=example: lengths.append(len(store.span(example)))))  # type: ignore[misc]
            gets.append(timed(lambda example=example: store.get(example.trajectory)))  # type: ignore[misc]
        figures = {
            "examples": len(ids),
            "span_observations": statistics.mean(lengths),
            "span_median_ms": statistics.median(spans),
            "span_p95_ms": statistics.quantiles(spans, n=20)[-1],
            "trajectory_median_ms": statistics.median(gets),
            "ledger_usage_ms": timed(store.usage),
            "ledger_done_ms": timed(lambda: store.done("relabel:0")),
        }
    return {name: round(value, 3) for name, value in figures.items()}


def timed(call: Callable[[], object]) -> float:
    """Milliseconds of a call."""
    begin = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begin)


def main() -> None:
    """Print the figures, and write them to a file if asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--trajectories", type=int, default=5000)
    parser.add_argument("--examples", type=int, default=20, help="a trajectory")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "run"
        figures: dict[str, float] = {"trajectories": options.trajectories, "steps": STEPS}
        figures |= fill(folder, options.trajectories, options.examples)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        figures["size_mb"] = round(size / 1e6, 1)
        figures |= read(folder)
    targets = {"size_mb": 200.0, "span_median_ms": 1.0}
    report("store", figures, targets, options.out)


if __name__ == "__main__":
    main()
