"""The engine: run a stage over its inputs, whatever it does and wherever it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from typing import Any

from ..errors import BudgetSpent, ConfigError, LbiError, ModelRefused, StoreError, sentence
from ..types import Attempt, Record, Usage, Value
from .pools import Pool
from .stage import Outcome, Stage
from .store import Store

FATAL = (BudgetSpent, ConfigError, ModelRefused, StoreError)
"""Errors that every further input would meet as well: the run stops, and can be resumed."""
TRIES = 3
"""How often an input is submitted whose worker died under it."""


class Progress(Value):
    """How far a stage is; `usage` and `seconds` are of this run of it."""

    stage: str
    total: int
    skipped: int = 0
    """Done by an earlier run."""
    done: int = 0
    failed: int = 0
    usage: Usage = Usage()
    seconds: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """Forecast from the pace so far; None before the first input is through."""
        through = self.done + self.failed
        left = self.total - self.skipped - through
        return self.seconds / through * left if through else None


class Budget(Value):
    """Upper bounds over the whole ledger of the run folder; None is no bound."""

    tokens: int | None = None
    """Prompt tokens that were not cached, plus completion tokens."""
    money: float | None = None
    """US dollars; calls whose price is unknown are refused under such a bound."""

    def check(self, spent: Usage) -> None:
        """Raises BudgetSpent when a bound is reached."""
        tokens = spent.prompt - spent.cached + spent.completion
        if self.tokens is not None and tokens >= self.tokens:
            raise BudgetSpent(
                f"The budget of {self.tokens:,} tokens is reached ({tokens:,} used): raise `tokens` under "
                "[budget] and run the same command again; it goes on where it stopped."
            )
        if self.money is None:
            return
        if spent.cost is None:
            raise BudgetSpent(
                "The budget is in dollars and the model's price is unknown: give `prices` under [model], or "
                "a budget in `tokens`."
            )
        if spent.cost >= self.money:
            raise BudgetSpent(
                f"The budget of ${self.money:.2f} is reached (${spent.cost:.2f} used): raise `money` under "
                "[budget] and run the same command again; it goes on where it stopped."
            )


class Done(Value):
    """What a worker sends back: an outcome or an error, never an exception."""

    outcome: Outcome = Outcome()
    error: str = ""
    fatal: bool = False
    seconds: float = 0.0


def work(stage: Stage, records: tuple[Record, ...]) -> tuple[Done, LbiError | None]:
    """Run a stage on one input, in whatever process this is."""
    begin = time.monotonic()
    try:
        outcome = stage(*records)
    except LbiError as error:
        fatal = isinstance(error, FATAL)
        usage = getattr(error, "usage", Usage())
        done = Done(
            error=sentence(error),
            fatal=fatal,
            outcome=Outcome(usage=usage),
            seconds=time.monotonic() - begin,
        )
        return done, error if fatal else None
    except Exception as error:
        return Done(error=sentence(error), seconds=time.monotonic() - begin), None
    return Done(outcome=outcome, seconds=time.monotonic() - begin), None


class _Run:
    """One run of one stage: bounded window, requeue when a worker dies, commit as results come."""

    def __init__(self, stage: Stage, store: Store, pool: Pool, budget: Budget) -> None:
        self.stage, self.store, self.pool, self.budget = stage, store, pool, budget
        inputs = stage.inputs(store)
        done = store.done(stage.key)
        self.todo = [ids for ids in inputs if ids[0] not in done]
        self.spent = store.usage()
        self.progress = Progress(stage=stage.name, total=len(inputs), skipped=len(inputs) - len(self.todo))
        self.tries: dict[str, int] = {}
        self.fatal: LbiError | None = None
        self.begin = time.monotonic()

    def submit(self, executor: Executor, ids: tuple[str, ...]) -> Future[Any]:
        self.budget.check(self.spent)
        self.tries[ids[0]] = self.tries.get(ids[0], 0) + 1
        records = tuple(self.store.get(identity) for identity in ids)
        return executor.submit(work, self.stage, records)

    def take(self, ids: tuple[str, ...], done: Done) -> None:
        """Commit one result and count it."""
        outcome = done.outcome
        self.spent = self.spent + outcome.usage
        self.store.commit(
            Attempt(
                stage=self.stage.key,
                input=ids[0],
                outputs=tuple(record.id for record in outcome.records),
                error=done.error,
                usage=outcome.usage,
                seconds=done.seconds,
            ),
            outcome.records,
        )
        self.progress = self.progress.model_copy(
            update={
                "done": self.progress.done + (not done.error),
                "failed": self.progress.failed + bool(done.error),
                "usage": self.progress.usage + outcome.usage,
                "seconds": time.monotonic() - self.begin,
            }
        )

    def settle(self, ids: tuple[str, ...], future: Future[Any]) -> bool:
        """Take a finished future; True when its worker died and it was put back."""
        try:
            done, error = future.result()
        except BrokenExecutor as broken:
            if self.tries[ids[0]] < TRIES:
                self.todo.append(ids)
            else:
                self.take(ids, Done(error=f"worker: it died {TRIES} times under this input ({broken})"))
            return True
        if done.fatal:
            self.fatal = self.fatal or error
        else:
            self.take(ids, done)
        return False

    def drive(self) -> Iterator[Progress]:
        waiting: dict[Future[Any], tuple[str, ...]] = {}
        self.todo.reverse()
        executor = self.pool.open()
        try:
            while self.todo or waiting:
                while self.todo and len(waiting) < self.pool.window and not self.fatal:
                    try:
                        ids = self.todo.pop()
                        waiting[self.submit(executor, ids)] = ids
                    except BudgetSpent as error:
                        self.fatal = error
                    except BrokenExecutor:
                        self.todo.append(ids)
                        executor = self.pool.reopen()
                if not waiting:
                    break
                finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
                died = [self.settle(waiting.pop(future), future) for future in finished]
                if any(died):
                    executor = self.pool.reopen()
                yield self.progress
        finally:
            for future in waiting:
                future.cancel()
        if self.fatal:
            raise self.fatal


def run(
    stage: Stage,
    store: Store,
    pool: Pool,
    budget: Budget | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Run a stage over all inputs that it has not done yet; failed ones are tried again.

    Raises what is FATAL, after committing what was under way; the same call goes on from there.
    """
    task = _Run(stage, store, pool, budget or Budget())
    report(task.progress)
    for progress in task.drive():
        report(progress)
    return task.progress
