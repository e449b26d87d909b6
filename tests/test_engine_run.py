"""The engine: what is done is skipped, what fails is recorded, what is finished is kept."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

import tiny
from engine_stages import USAGE, Shout, documents, filled
from learn_by_interact.engine.pools import Pool
from learn_by_interact.engine.run import Budget, Progress, run
from learn_by_interact.engine.store import Store
from learn_by_interact.errors import BudgetSpent, ConfigError, ModelRefused
from learn_by_interact.types import Attempt, Document, Task, Usage


def succeeded(store: Store) -> Counter[str]:
    return Counter(attempt.input for attempt in store.attempts() if not attempt.error)


def test_each_input_is_run_once_and_what_is_done_is_skipped(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    with filled(tmp_path / "run") as store:
        first = run(Shout(ran=str(ran)), store, Pool("threads", 3))
        store.add(documents(25))
        second = run(Shout(ran=str(ran)), store, Pool("threads", 3))
        assert (first.total, first.skipped, first.done, first.failed) == (20, 0, 20, 0)
        assert (second.total, second.skipped, second.done) == (25, 20, 5)
        assert sorted(ran.read_text().split(), key=int) == [str(number) for number in range(25)]
        assert {task.instruction for task in store.records(Task)} == {f"TEXT {n}" for n in range(25)}
        assert first.usage == sum([USAGE] * 20, Usage())


def test_a_failure_is_a_ledger_line_and_is_tried_again(tmp_path: Path) -> None:
    with filled(tmp_path / "run") as store:
        first = run(Shout(fail=("3", "7")), store, Pool("threads", 3))
        assert (first.done, first.failed) == (18, 2)
        errors = [attempt.error for attempt in store.attempts() if attempt.error]
        assert errors == ["environment: it fell over"] * 2
        second = run(Shout(), store, Pool("threads", 3))
        assert (second.skipped, second.done, second.failed) == (18, 2, 0)
        assert set(succeeded(store).values()) == {1}


def test_only_so_many_inputs_are_run(tmp_path: Path) -> None:
    with filled(tmp_path / "run") as store:
        assert run(Shout(), store, Pool("threads", 4), most=3).done == 3
        assert run(Shout(), store, Pool("threads", 4), most=3).done == 3
        rest = run(Shout(), store, Pool("threads", 4))
        assert (rest.total, rest.skipped, rest.done) == (20, 6, 14)


def test_progress_is_told_from_nothing_to_all(tmp_path: Path) -> None:
    told: list[Progress] = []
    with filled(tmp_path / "run", 5) as store:
        run(Shout(seconds=0.02), store, Pool("threads", 2), report=told.append)
    assert [progress.done for progress in told] == [0, 1, 2, 3, 4, 5]
    assert told[0].seconds_left is None
    assert told[3].seconds_left == pytest.approx(told[3].seconds / 3 * 2)
    assert told[5].seconds_left == 0


@pytest.mark.parametrize("kind", ["inline", "threads", "processes"])
def test_a_fatal_error_stops_the_run_after_what_was_under_way(tmp_path: Path, kind: str) -> None:
    with filled(tmp_path / "run") as store:
        pool = Pool(kind, 2)
        with pytest.raises(ModelRefused, match="the key is wrong"):
            run(Shout(refuse=("5",), seconds=0.05), store, pool)
        done = sum(succeeded(store).values())
        assert 5 <= done < 5 + pool.window
        assert not [attempt for attempt in store.attempts() if attempt.error]
        rest = run(Shout(), store, pool)
        pool.close()
        assert (rest.skipped, rest.done) == (done, 20 - done)


def test_a_budget_stops_the_run_which_goes_on_when_it_is_raised(tmp_path: Path) -> None:
    with filled(tmp_path / "run") as store:
        with pytest.raises(BudgetSpent, match=r"budget of 50 tokens is reached \(\d+ used\): raise `tokens`"):
            run(Shout(seconds=0.02), store, Pool("threads", 3), Budget(tokens=50))
        done = sum(succeeded(store).values())
        assert 5 <= done <= 5 + 2, "overshot by more than what was under way"
        with pytest.raises(BudgetSpent):
            run(Shout(), store, Pool("threads", 3), Budget(tokens=50))
        assert sum(succeeded(store).values()) == done, "a spent budget buys nothing"
        with pytest.raises(BudgetSpent, match=r"budget of \$0.15"):
            run(Shout(), store, Pool("inline"), Budget(money=0.15))
        assert sum(succeeded(store).values()) == 15
        run(Shout(), store, Pool("threads", 3), Budget(tokens=1000, money=1))
        assert set(succeeded(store).values()) == {1} and len(succeeded(store)) == 20


def test_an_unknown_price_is_refused_under_a_budget_of_money(tmp_path: Path) -> None:
    with filled(tmp_path / "run") as store:
        store.commit(Attempt(stage="other:1", input="x", usage=Usage(calls=1, cost=None)))
        with pytest.raises(BudgetSpent, match="price is unknown: give `prices`"):
            run(Shout(), store, Pool("inline"), Budget(money=5))
        assert not store.count(Task)
        assert run(Shout(), store, Pool("inline"), Budget(tokens=10_000)).done == 20


def test_a_second_attempt_counts_the_replies_of_the_first_once(tmp_path: Path) -> None:
    with filled(tmp_path / "run", 1) as store:
        first, second = Usage(calls=1, prompt=7), Usage(calls=2, prompt=20, completion=3, cost=0.5)
        store.commit(Attempt(stage="s:1", input="x", error="parse: no", usage=first))
        store.commit(Attempt(stage="s:1", input="x", usage=second))
        store.commit(Attempt(stage="s:1", input="y", usage=first))
        assert store.usage() == first + second


def test_an_interrupted_run_keeps_what_is_finished(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from engine_stages import Shout, filled
from learn_by_interact.engine.pools import Pool
from learn_by_interact.engine.run import run
with filled(Path({str(tmp_path / "run")!r}), 40) as store:
    tell = lambda progress: print(progress.done, flush=True)
    run(Shout(seconds=0.1, ran={str(tmp_path / "ran")!r}), store, Pool("threads", 4), report=tell)
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=tiny.environ(),
        text=True,
    )
    assert process.stdout is not None
    told = 0
    for line in process.stdout:
        told = int(line)
        if told == 10:
            process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert "KeyboardInterrupt" in errors
    with Store(tmp_path / "run") as store:
        done = sum(succeeded(store).values())
        assert told <= done <= len((tmp_path / "ran").read_text().split()) < 40
        assert run(Shout(), store, Pool("threads", 4)).done == 40 - done
        assert set(succeeded(store).values()) == {1}


def test_512_inputs_wait_side_by_side(tmp_path: Path) -> None:
    with filled(tmp_path / "run", 512) as store:
        begin = time.monotonic()
        assert run(Shout(seconds=1.0), store, Pool("threads", 512)).done == 512
        assert time.monotonic() - begin < 4
        assert store.count(Document) == store.count(Task) == 512


@pytest.mark.parametrize(
    ("kind", "workers", "says"), [("cloud", 2, "inline, threads"), ("threads", 0, "1 or")]
)
def test_a_wrong_pool_is_a_sentence(kind: str, workers: int, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Pool(kind, workers)
