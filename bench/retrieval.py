"""What retrieval costs: building an index, adding to it, and answering both kinds of a step together.

    OPENBLAS_NUM_THREADS=1 python bench/retrieval.py [--examples 100000] [--alone] [--out FILE.json]

Sessions of 10 steps and windows of 1 to 5; words as frequent as in a language (Zipf); half of the questions
are asked in a state that examples have met. Vectors of 384 numbers are sums of random vectors of the words,
so they share what texts share; encoding is not in any figure. `search` is the answer to both kinds together:
states, BM25 over observations, BM25 and vectors by the query. `step` is all that a step costs but the model's
query: with the fusion, and ten demonstrations written.
bm25s and SQLite FTS5 get the same texts and questions. Times are medians; on a busy machine those of the
processor (cpu) and the ratios say more than those of the clock.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import numpy as np
from result import report

from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.retrieval import index as indexing
from learn_by_interact.retrieval.build import build
from learn_by_interact.retrieval.encoders import encoder
from learn_by_interact.retrieval.index import Index, kept, words
from learn_by_interact.retrieval.retrieve import ExampleRetriever, Retrieval
from learn_by_interact.types import Action, Example, Observation, Step, Task, Trajectory, Usage, digest

STEPS, EACH, DEPTH, WIDTH = 10, 10, 80, 384
"""Steps of a session, its examples, hits that a search gives, numbers of a vector."""
VOCABULARY = [f"w{number}" for number in range(20_000)]
ENCODER = "retrieval:Words"
SETTINGS = Retrieval(query="instruction", encoder=ENCODER, by="instruction+actions", characters=10_000)


class Words:
    """Sums of random vectors of the words, the rare ones heavier. What was encoded before costs nothing."""

    name = "words"

    def __init__(self) -> None:
        self._vectors = np.random.RandomState(1).standard_normal((len(VOCABULARY) + 1, WIDTH))
        self._vectors = (self._vectors * np.sqrt(np.arange(1, len(VOCABULARY) + 2))[:, None]).astype("f4")
        self._known: dict[str, Any] = {}
        self.seconds = self.cpu = 0.0

    def encode(self, texts: Sequence[str]) -> tuple[Any, Usage]:
        begin, used = time.perf_counter(), time.process_time()
        if len(texts) > 1 or texts[0] not in self._known:
            made = np.zeros((len(texts), WIDTH), np.float32)
            for row, text in enumerate(texts):
                known = [int(word[1:]) for word in text.split() if word[1:].isdigit()]
                made[row] = self._vectors[known or [-1]].sum(0)
            made /= np.linalg.norm(made, axis=1, keepdims=True)
            if len(texts) == 1:
                self._known[texts[0]] = made
        else:
            made = self._known[texts[0]]
        self.seconds += time.perf_counter() - begin
        self.cpu += time.process_time() - used
        return made, Usage()


class Question(NamedTuple):
    """A moment of an episode."""

    task: Task
    seen: Observation


class Sessions:
    """Makes sessions, their examples and questions; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._weights = np.cumsum(1 / np.arange(1, len(VOCABULARY) + 1)).tolist()
        self._seen = [self._text(20, 60) for _ in range(500)]

    def _text(self, least: int, most: int) -> str:
        count = self._random.randint(least, most)
        return " ".join(self._random.choices(VOCABULARY, cum_weights=self._weights, k=count))

    def _observe(self) -> Observation:
        text = self._random.choice(self._seen) if self._random.random() < 0.3 else self._text(20, 60)
        return Observation(text=text, key=digest(text))

    def session(self, number: int) -> tuple[Task, Trajectory, list[Example]]:
        task = Task(environment="bench", instruction=self._text(8, 20), parent=str(number))
        steps = tuple(
            Step(
                thought="",
                action=Action(tool="bash", arguments={"command": self._text(3, 8)}),
                observation=self._observe(),
            )
            for _ in range(STEPS)
        )
        trajectory = Trajectory(task=task.id, start=self._observe(), steps=steps, stop="done")
        examples = []
        for _ in range(EACH):
            begin = self._random.randrange(STEPS)
            end = min(STEPS, begin + self._random.randint(1, 5))
            examples.append(
                Example(
                    instruction=self._text(8, 20),
                    trajectory=trajectory.id,
                    begin=begin,
                    end=end,
                    kind="abstraction",
                )
            )
        return task, trajectory, examples

    def questions(self, count: int) -> list[Question]:
        return [
            Question(
                Task(environment="bench", instruction=self._text(8, 20)),
                Observation(text=text, key=digest(text)),
            )
            for number in range(count)
            for text in [self._random.choice(self._seen) if number % 2 else self._text(20, 60)]
        ]


def fill(store: Store, sessions: Sessions, begin: int, end: int) -> list[Example]:
    """Write sessions into the store -> their examples."""
    found: list[Example] = []
    for at in range(begin, end, 500):
        made = [sessions.session(number) for number in range(at, min(at + 500, end))]
        store.add([record for task, trajectory, _ in made for record in (task, trajectory)])
        found += [example for _, _, examples in made for example in examples]
    return found


def built(store: Store, examples: Sequence[Example], name: str) -> tuple[Path, dict[str, float]]:
    """Bring the index up to date -> its folder, and the seconds without those of encoding."""
    words: Any = encoder(ENCODER)
    words.seconds = words.cpu = 0.0
    begin, used = time.perf_counter(), time.process_time()
    folder, _ = build(store, examples, ShellActions(), ENCODER, SETTINGS.by)
    spent, cpu = time.perf_counter() - begin - words.seconds, time.process_time() - used - words.cpu
    return folder, {f"{name}_s": spent, f"{name}_cpu_s": cpu}


def answer(folder: Path, questions: Sequence[Question]) -> dict[str, float]:
    """Medians and 95th percentiles of whole steps, and medians of their parts, in milliseconds."""
    together: list[float] = []
    index, parts = Index(folder), {"bm25": list[float](), "dense": list[float](), "states": list[float]()}
    vectors, steps, used = index.vectors(f"words, {SETTINGS.by}"), list[float](), list[float]()
    encode = encoder(ENCODER).encode
    for task, seen in questions:
        encode([task.instruction])
        before = time.thread_time()
        steps.append(timed(lambda find, task, seen: find(task, seen, []), retriever(folder), task, seen))
        used.append(1000 * (time.thread_time() - before))
        (query,), _ = encode([task.instruction])
        both = (index, task, seen)
        parts["bm25"].append(timed(bm25, *both))
        parts["dense"].append(timed(lambda *all: index.near(*all), vectors, query, DEPTH))
        parts["states"].append(timed(lambda i, t, s: i.met(s.key, t.instruction, TEXT, DEPTH), *both))
        together.append(sum(values[-1] for values in parts.values()))
    figures = {"step_median_ms": statistics.median(steps), "step_cpu_median_ms": statistics.median(used)}
    figures["search_median_ms"] = statistics.median(together)
    figures["step_p95_ms"] = statistics.quantiles(steps, n=20)[-1]
    return figures | {f"{name}_median_ms": statistics.median(values) for name, values in parts.items()}


TEXT = {"instruction": 1.0, "actions": 1.0}


def bm25(index: Index, task: Task, seen: Observation) -> None:
    index.search(task.instruction, TEXT, DEPTH)
    index.search(seen.text, {"observations": 1.0, "start": 1.0}, DEPTH)


def retriever(folder: Path) -> ExampleRetriever:
    return ExampleRetriever(str(folder), SETTINGS)


def timed(call: Any, *arguments: Any) -> float:
    """Milliseconds of a call."""
    begin = time.perf_counter()
    call(*arguments)
    return 1000 * (time.perf_counter() - begin)


def recall(folder: Path, questions: Sequence[Question]) -> float:
    """Share of the 10 nearest vectors of a whole comparison that the search finds."""
    index = Index(folder)
    vectors = index.vectors(f"words, {SETTINGS.by}")
    raw = np.fromfile(next(folder.glob("vectors-*/vectors")), np.float16).reshape(-1, WIDTH)
    numbers = np.fromfile(next(folder.glob("vectors-*/numbers")), np.int64)
    queries = np.vstack([encoder(ENCODER).encode([one.task.instruction])[0] for one in questions])
    best = np.zeros((len(questions), 0), np.float32)
    names = np.zeros((len(questions), 0), np.int64)
    for at in range(0, len(raw), 50_000):
        best = np.hstack([best, queries @ raw[at : at + 50_000].astype(np.float32).T])
        names = np.hstack([names, np.tile(numbers[at : at + 50_000], (len(questions), 1))])
        order = np.argsort(-best, axis=1)[:, :10]
        best, names = np.take_along_axis(best, order, 1), np.take_along_axis(names, order, 1)
    found = [{one for one, _ in vectors.search(query, 10)} for query in queries]
    return sum(len(one & set(row.tolist())) for one, row in zip(found, names, strict=True)) / names.size


def agreement(folder: Path, questions: Sequence[Question]) -> float:
    """Share of the 10 best of BM25 over all words of a question that the search finds."""
    found, large = [], indexing.LARGE
    for indexing.LARGE in (large, 10**12):
        made = Index(folder)
        hits = (made.search(one.seen.text, {"observations": 1.0, "start": 1.0}, 10) for one in questions)
        found.append([{hit.number for hit in some} for some in hits])
    indexing.LARGE = large
    pairs = list(zip(*found, strict=True))
    return sum(len(some & whole) for some, whole in pairs) / max(1, sum(len(whole) for _, whole in pairs))


def texts(folder: Path) -> tuple[list[str], list[str]]:
    """What BM25 searches, of all examples: by the query, and by the observation."""
    rows = apsw.Connection(str(folder / "index.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    asked, seen = [], []
    for (number,) in rows.execute("SELECT number FROM example ORDER BY number").fetchall():
        item = kept(rows, int(str(number)))
        asked.append(f"{item.instruction}\n{item.actions}")
        seen.append("\n".join([item.start, *(moment.seen for moment in item.moments)]))
    return asked, seen


def bm25s_figures(both: Sequence[list[str]], questions: Sequence[Question]) -> dict[str, float]:
    import bm25s

    begin = time.perf_counter()
    made = []
    for side in both:
        made.append(bm25s.BM25(method="lucene", k1=1.2, b=0.75))
        made[-1].index(bm25s.tokenize(side, stopwords=None, show_progress=False), show_progress=False)
    seconds = time.perf_counter() - begin

    def ask(task: Task, seen: Observation) -> None:
        for index, text in zip(made, (task.instruction, seen.text), strict=True):
            tokens = bm25s.tokenize([text], stopwords=None, show_progress=False)
            index.retrieve(tokens, k=DEPTH, show_progress=False)

    times = [timed(ask, *question) for question in questions]
    return {"bm25s_build_s": seconds, "bm25s_median_ms": statistics.median(times)}


def fts5_figures(both: Sequence[list[str]], questions: Sequence[Question], file: Path) -> dict[str, float]:
    begin = time.perf_counter()
    table = apsw.Connection(str(file))
    with table:
        for name, side in zip(("asked", "seen"), both, strict=True):
            table.execute(f"CREATE VIRTUAL TABLE {name} USING fts5(text, content='')")
            table.executemany(f"INSERT INTO {name} (text) VALUES (?)", ((text,) for text in side))
    seconds = time.perf_counter() - begin

    def ask(task: Task, seen: Observation) -> None:
        for name, text in (("asked", task.instruction), ("seen", seen.text)):
            match = " OR ".join(words(text))
            table.execute(
                f"SELECT rowid FROM {name} WHERE {name} MATCH ? ORDER BY rank LIMIT {DEPTH}", (match,)
            ).fetchall()

    times = [timed(ask, *question) for question in questions]
    table.close()
    return {"fts5_build_s": seconds, "fts5_median_ms": statistics.median(times)}


def memory(folder: Path) -> float:
    """Peak of a process that opens the index and answers 50 steps, in MB."""
    command = [sys.executable, __file__, "--serve", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


def serve(folder: Path) -> None:
    for task, seen in Sessions(0).questions(50):
        retriever(folder)(task, seen, [])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000)


def measure(examples: int, asked: int, name: str, alone: bool = False) -> dict[str, float]:
    figures: dict[str, float] = {"examples": examples}
    sessions = Sessions(0)
    with Store(Path(name) / "run") as store:
        first = fill(store, sessions, 0, examples // EACH)
        folder, spent = built(store, first, "build")
        more = fill(store, sessions, examples // EACH, examples // EACH + 1000 // EACH)
        figures |= spent | built(store, [*first, *more], "add_1000")[1]
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    figures["size_mb"], figures["memory_mb"] = size / 1e6, memory(folder)
    questions = Sessions(0).questions(asked)
    figures |= answer(folder, questions)
    figures["dense_recall_at_10"] = recall(folder, questions)
    figures["bm25_recall_at_10"] = agreement(folder, questions[:50])
    if alone:
        return {key: round(value, 3) for key, value in figures.items()}
    both = texts(folder)
    figures |= bm25s_figures(both, questions)
    figures |= fts5_figures(both, questions[:20], Path(name) / "fts5.sqlite")
    for other in ("bm25s", "fts5"):
        figures[f"{other}_over_bm25"] = figures[f"{other}_median_ms"] / figures["bm25_median_ms"]
    return {key: round(value, 3) for key, value in figures.items()}


def main() -> None:
    """Print the figures, and write them to a file if asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--examples", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--alone", action="store_true", help="without bm25s and FTS5, of which 1M take long")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
        return
    with tempfile.TemporaryDirectory() as name:
        figures = measure(options.examples, options.questions, name, options.alone)
    large = options.examples > 100_000
    small = {"build_s": 30.0, "search_median_ms": 15.0, "size_mb": 500.0, "memory_mb": 500.0}
    report("retrieval", figures, {"search_median_ms": 50.0} if large else small, options.out)


if __name__ == "__main__":
    main()
