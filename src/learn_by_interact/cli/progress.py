"""How far a stage is, on standard error: a live bar on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from ..engine.run import Progress
    from ..types import Usage

EVERY = 10.0
"""Seconds between two lines where standard error is no terminal."""


class Reporter(Protocol):
    def report(self, progress: Progress) -> None:
        """Told by the engine when a stage begins and after each of its inputs."""
        ...

    def say(self, sentence: str) -> None:
        """Told what a user should know meanwhile."""
        ...


@contextmanager
def reporting() -> Iterator[Reporter]:
    """A live display where standard error is a terminal, else plain lines."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description:>9}"),
        BarColumn(24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield Live(bars)


class Live:
    """One bar a stage; those of finished stages stay."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def report(self, progress: Progress) -> None:
        if _begins(progress) or self._task is None:
            self._task = self._bars.add_task(progress.stage, total=progress.total, note="")
        through = progress.skipped + progress.done + progress.failed
        self._bars.update(self._task, completed=through, note=_note(progress))

    def say(self, sentence: str) -> None:
        self._bars.console.print(sentence, markup=False, highlight=False)


class Lines:
    """A line when a stage begins and ends, and at most one in ten seconds between."""

    def __init__(self) -> None:
        self._last = 0.0

    def report(self, progress: Progress) -> None:
        through = progress.skipped + progress.done + progress.failed
        now = time.monotonic()
        if _begins(progress) or through == progress.total or now - self._last >= EVERY:
            self._last = now
            self.say(f"{progress.stage}: {through}/{progress.total}, {_note(progress)}")

    def say(self, sentence: str) -> None:
        print(sentence, file=sys.stderr, flush=True)


def amounts(usage: Usage) -> str:
    """Tokens that were computed, the share of prompt tokens that was not, and the cost."""
    if not usage.calls:
        return "no calls"
    fresh = usage.prompt - usage.cached + usage.completion
    share = usage.cached / max(1, usage.prompt)
    return f"{fresh:,} tokens, {share:.0%} cached, {dollars(usage.cost)}"


def dollars(cost: float | None) -> str:
    return "cost unknown" if cost is None else f"${cost:.2f}" if cost >= 0.01 or not cost else f"${cost:.5f}"


def duration(seconds: float) -> str:
    """Seconds as a person would say them: `45 s`, `12 min`, `3.5 h`."""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _begins(progress: Progress) -> bool:
    return not progress.done and not progress.failed


def _note(progress: Progress) -> str:
    left = progress.seconds_left
    parts = [f"{progress.failed} failed", amounts(progress.usage)]
    if left is not None and left > 0:
        parts.append(f"{duration(left)} left")
    return ", ".join(parts)
