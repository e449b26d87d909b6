"""Pools: the same records everywhere, and a dead worker costs an attempt, not the run."""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from pathlib import Path

import pytest

import tiny
from engine_stages import Shout, die, filled
from learn_by_interact.config import Recipe
from learn_by_interact.engine.pools import Pool
from learn_by_interact.engine.run import run
from learn_by_interact.engine.stage import Stage
from learn_by_interact.engine.store import Store
from learn_by_interact.evaluation.evaluate import Evaluate
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.pipeline import Pipeline
from learn_by_interact.stages.explore import Explore
from learn_by_interact.stages.judge import Judge
from learn_by_interact.stages.propose import Propose
from learn_by_interact.stages.relabel import Relabel
from learn_by_interact.stages.replay import Replay
from learn_by_interact.types import RECORDS, Page, Reasoning, Record, Task


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    """A Ray cluster of two workers on this machine, shared by the tests of this file."""
    ray = pytest.importorskip("ray")
    pool = Pool("ray", 2)
    pool.open()
    yield
    pool.close()
    assert not ray.is_initialized()


@pytest.fixture(scope="module")
def inline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run of the tiny recipe in one thread; the recipe is beside its run folder."""
    folder = tmp_path_factory.mktemp("inline")
    whole(tiny.make(folder), folder / "run", "inline")
    return folder


def whole(recipe: Path, folder: Path, kind: str) -> None:
    changes = {"run": str(folder), "pool": {"kind": kind, "workers": 2}}
    with Pipeline(Recipe.load(recipe, changes)) as pipeline:
        pipeline.run()


def ids(folder: Path) -> dict[str, list[str]]:
    with Store(folder, readonly=True) as store:
        return {name: store.ids(kind) for name, kind in RECORDS.items()}


def check_pool(inline: Path, tmp_path: Path, kind: str) -> None:
    whole(inline / "tiny.toml", tmp_path / "run", kind)
    assert ids(tmp_path / "run") == ids(inline / "run")


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_a_pool_gives_the_same_records(inline: Path, tmp_path: Path, kind: str) -> None:
    check_pool(inline, tmp_path, kind)


def test_ray_gives_the_same_records(inline: Path, tmp_path: Path, cluster: None) -> None:
    check_pool(inline, tmp_path, "ray")


def test_stages_and_records_pickle(inline: Path) -> None:
    shared = {"model": ModelSettings(name=tiny.MODEL), "environment": str(inline / "world"), "replies": "r"}
    stages: list[Stage] = [
        *(kind.model_validate(shared) for kind in (Propose, Explore, Relabel, Judge, Evaluate)),
        Replay(environment=shared["environment"]),
    ]
    for stage in stages:
        again = pickle.loads(pickle.dumps(stage))
        assert again == stage and again.key == stage.key
    with Store(inline / "run", readonly=True) as store:
        for kind in RECORDS.values():
            # A shell has no pages, and nobody asked for reasoning.
            others: dict[type[Record], Record] = {
                Page: Page(environment="e", title="t", path=("goto /",), elements=(), text=""),
                Reasoning: Reasoning(subject="e", lines=("First this.",)),
            }
            records: list[Record] = [others[kind]] if kind in others else list(store.records(kind))
            assert records
            again = pickle.loads(pickle.dumps(records))
            assert again == records and [one.id for one in again] == [one.id for one in records]


def deaths(store: Store) -> list[str]:
    return [attempt.input for attempt in store.attempts() if attempt.error.startswith("worker: it died")]


def check_death(tmp_path: Path, kind: str, lost: int) -> None:
    """The worker of one input is killed once: `lost` attempts at most, every input is done."""
    with filled(tmp_path / "run") as store:
        pool = Pool(kind, 2)
        stage = Shout(die=("6",), died=str(tmp_path / "died"), seconds=0.02)
        progress = run(stage, store, pool)
        pool.close()
        assert (progress.done, progress.failed) == (20, 0)
        assert store.count(Task) == 20
        assert 1 <= len(deaths(store)) <= lost
        done = Counter(attempt.input for attempt in store.attempts() if not attempt.error)
        assert len(done) == 20 and set(done.values()) == {1}


def test_a_killed_process_costs_an_attempt_not_the_run(tmp_path: Path) -> None:
    check_death(tmp_path, "processes", lost=4)


def stick() -> None:
    """Block in the system where no signal brings the main thread back to Python."""
    import ctypes

    system = ctypes.CDLL(None)
    mutex = ctypes.create_string_buffer(64)  # Longer than a `pthread_mutex_t`; all zero is an unlocked one.
    while True:
        system.pthread_mutex_lock(mutex)


def test_a_pool_closes_although_a_worker_does_not_come_back_to_python() -> None:
    pool = Pool("processes", 2)
    stuck = pool.open().submit(stick)
    while not stuck.running():
        time.sleep(0.01)
    time.sleep(1)
    began = time.monotonic()
    pool.close()
    assert time.monotonic() - began < 10


def test_a_killed_ray_worker_costs_one_attempt_not_the_run(tmp_path: Path, cluster: None) -> None:
    check_death(tmp_path, "ray", lost=1)


def test_an_input_that_kills_every_worker_fails_alone(tmp_path: Path) -> None:
    with filled(tmp_path / "run", 12) as store:
        pool = Pool("processes", 2)
        progress = run(Shout(die=("4",), seconds=0.02), store, pool)
        pool.close()
        assert (progress.done, progress.failed) == (11, 1)
        guilty = next(store.get(one) for one in deaths(store) if deaths(store).count(one) == 3)
        assert getattr(guilty, "title", None) == "4"


def test_one_dead_ray_worker_breaks_one_future(tmp_path: Path, cluster: None) -> None:
    executor = Pool("ray", 2).open()
    broken = executor.submit(die)
    others = [executor.submit(pow, 2, power) for power in range(6)]
    with pytest.raises(BrokenExecutor):
        broken.result(timeout=60)
    assert [other.result(timeout=60) for other in others] == [1, 2, 4, 8, 16, 32]
    with pytest.raises(ZeroDivisionError):
        executor.submit(divmod, 1, 0).result(timeout=60)


def test_worker_processes_end_with_their_driver(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from engine_stages import Shout, die, filled
from learn_by_interact.engine.pools import Pool
from learn_by_interact.engine.run import run
with filled(Path({str(tmp_path / "run")!r})) as store:
    tell = lambda progress: print(progress.done, flush=True)
    run(Shout(seconds=0.3), store, Pool("processes", 2), report=tell)
"""
    driver = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, env=tiny.environ(), start_new_session=True
    )
    assert driver.stdout is not None
    for line in driver.stdout:
        if int(line) == 1:
            break
    workers = in_session(driver.pid) - {driver.pid}
    assert len(workers) >= 2
    driver.kill()
    driver.communicate()
    end = time.monotonic() + 10
    while in_session(driver.pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not in_session(driver.pid)


def in_session(session: int) -> set[int]:
    """Living processes of a session (the sixth field of /proc/PID/stat; the third is the state)."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.add(int(path.parent.name))
    return found
