"""The engine: run a stage over its inputs, whatever it does and wherever it runs."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from dataclasses import dataclass
from queue import SimpleQueue

from pydantic import Field

from ..errors import BudgetSpent, ConfigError, LbiError, ModelRefused, StoreError, sentence
from ..types import Attempt, Record, Usage, Value
from .pools import Pool
from .stage import Outcome, Stage
from .store import Store

FATAL = (BudgetSpent, ConfigError, ModelRefused, StoreError)
"""Errors that every further input would meet as well: the run stops, and can be resumed."""
TRIES = 3
"""How often an input is tried whose worker dies under it."""


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


Report = Callable[[Progress], None]


class Budget(Value):
    """Upper bounds over the whole ledger of the run folder; None is no bound.

    Checked before each input, over what the ledger says: a resumed run counts what it took before,
    and all pools count alike. It is overshot at most by what the inputs under way then still take:
    one a thread, two a process or Ray worker.
    """

    tokens: int | None = Field(default=None, ge=0)
    """Prompt tokens that were not cached, plus completion tokens."""
    money: float | None = Field(default=None, ge=0)
    """US dollars; calls whose price is unknown are refused under such a bound."""

    def check(self, spent: Usage) -> None:
        """Raises BudgetSpent when a bound is reached, or the price is unknown under a bound of money."""
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


@dataclass(frozen=True)
class Done:
    """What a worker sends back: an outcome or an error, never an exception."""

    outcome: Outcome
    error: str = ""
    fatal: LbiError | None = None
    seconds: float = 0.0


def work(stage: Stage, records: tuple[Record, ...]) -> Done:
    """Run a stage on one input, in whatever process this is."""
    begin = time.monotonic()
    try:
        outcome, error, fatal = stage(*records), "", None
    except Exception as failure:
        outcome, error = Outcome(usage=getattr(failure, "usage", Usage())), sentence(failure)
        fatal = failure if isinstance(failure, FATAL) else None
    return Done(outcome, error, fatal, time.monotonic() - begin)


class _Run:
    """One run of one stage: bounded window, commit as results come, back to the end when a worker dies."""

    def __init__(
        self,
        stage: Stage,
        store: Store,
        pool: Pool,
        budget: Budget,
        report: Report,
        most: int | None,
    ) -> None:
        self.stage, self.store, self.pool, self.budget, self.report = stage, store, pool, budget, report
        inputs = stage.inputs(store)
        done = store.done(stage.key)
        todo = [ids for ids in inputs if ids[0] not in done]
        self.progress = Progress(stage=stage.name, total=len(inputs), skipped=len(inputs) - len(todo))
        self.todo = deque(todo[:most])
        self.deaths: Counter[str] = Counter()
        self.spent = store.usage()
        self.fatal: LbiError | None = None
        self.waiting: dict[Future[Done], tuple[str, ...]] = {}
        # wait() would look at every future each time one is finished.
        self.finished: SimpleQueue[Future[Done]] = SimpleQueue()
        self.begin = time.monotonic()

    def drive(self) -> None:
        self.report(self.progress)
        try:
            while self.fill():
                self.settle(self.finished.get())
                self.report(self.progress)
        finally:
            self.leave()
        if self.fatal:
            raise self.fatal

    def fill(self) -> bool:
        """Submit what the window has room for; whether anything is under way then."""
        while self.todo and not self.fatal and len(self.waiting) < self.pool.window:
            # Alone, to see under whose input it is that workers die; those stand at the end of the line.
            if self.waiting and self.pool.one_fate and self.deaths[self.todo[0][0]]:
                break
            try:
                self.budget.check(self.spent)
            except BudgetSpent as error:
                self.fatal = error
                break
            self.submit(self.todo.popleft())
        return bool(self.waiting)

    def submit(self, ids: tuple[str, ...]) -> None:
        records = tuple(self.store.get(identity) for identity in ids)
        try:
            future = self.pool.open().submit(work, self.stage, records)
        except BrokenExecutor:
            future = self.pool.reopen().submit(work, self.stage, records)
        self.waiting[future] = ids
        future.add_done_callback(self.finished.put)

    def settle(self, future: Future[Done]) -> None:
        """Commit what a finished future brought, unless it says that the run must stop."""
        ids = self.waiting[future]
        try:
            done = future.result()
        except BrokenExecutor as broken:
            self.bury(ids, broken)
        else:
            if done.fatal:
                self.fatal = self.fatal or done.fatal
            else:
                self.commit(ids, done)
                self.count(done)
        del self.waiting[future]

    def bury(self, ids: tuple[str, ...], broken: BrokenExecutor) -> None:
        """A worker died: that costs its input an attempt, and the last one fails it."""
        self.deaths[ids[0]] += 1
        done = Done(Outcome(), f"worker: it died under this input ({broken})")
        self.commit(ids, done)
        if self.deaths[ids[0]] < TRIES:
            self.todo.append(ids)
        else:
            self.count(done)

    def commit(self, ids: tuple[str, ...], done: Done) -> None:
        self.store.commit(
            Attempt(
                stage=self.stage.key,
                input=ids[0],
                outputs=tuple(record.id for record in done.outcome.records),
                error=done.error,
                usage=done.outcome.usage,
                seconds=done.seconds,
            ),
            done.outcome.records,
        )

    def count(self, done: Done) -> None:
        self.spent = self.spent + done.outcome.usage
        self.progress = self.progress.model_copy(
            update={
                "done": self.progress.done + (not done.error),
                "failed": self.progress.failed + bool(done.error),
                "usage": self.progress.usage + done.outcome.usage,
                "seconds": time.monotonic() - self.begin,
            }
        )

    def leave(self) -> None:
        """However the run ends, also by Ctrl-C: what has not begun is cancelled, what is finished is kept."""
        for future in self.waiting:
            future.cancel()
        done = self.store.done(self.stage.key) if self.waiting else set()
        for future, ids in list(self.waiting.items()):
            if future.done() and not future.cancelled() and not future.exception() and ids[0] not in done:
                self.settle(future)


def run(
    stage: Stage,
    store: Store,
    pool: Pool,
    budget: Budget | None = None,
    report: Report = lambda progress: None,
    most: int | None = None,
) -> Progress:
    """Run a stage over all inputs that it has not done yet; failed ones are tried again.

    `most`: only so many of them. Raises what is FATAL, after committing what was under way; the
    same call goes on from there.
    """
    task = _Run(stage, store, pool, budget or Budget(), report, most)
    task.drive()
    return task.progress
