"""MiniWoB++ (arXiv 1802.08802): small web pages, each with one task, graded by the page itself.

A task is a page and a seed, which decides what the page asks for and shows. The score is the page's reward
without regard to time, in 0..1; an episode that has not ended scores 0. Time limits are lifted: they are of
some seconds. There are no gold solutions: tests act on some of the pages with scripts.

Actions are on elements, by name: no coordinates, no dragging, no pictures. `OUT_OF_REACH` are the pages that
need one of these; they can be run, and an agent fails on them, except by luck.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ..environments import Environment
from ..environments.install import alone, cache_folder
from ..environments.web import browser
from ..environments.web.miniwob import MiniWobEnvironment, declaration, pages, release, utterances
from ..errors import ConfigError, EnvironmentFault, GraderFault
from ..types import Action, Document, Task, Trajectory

ALL = "all"
_THIRTY = """
click-test-2 click-button click-button-sequence click-link click-checkboxes click-checkboxes-soft
click-option click-dialog-2 click-tab-2 click-collapsible-2 buy-ticket click-menu choose-list enter-text
enter-text-2 enter-password enter-date enter-time login-user focus-text-2 read-table find-word
simple-algebra form-sequence-2 multi-layouts email-inbox search-engine social-media navigate-tree phone-book
"""
_OUT_OF_REACH = """
ascending-numbers bisect-angle chase-circle circle-center click-color click-pie click-pie-nodelay click-shades
click-shape count-shape count-sides daily-calendar drag-box drag-circle drag-cube drag-items drag-items-grid
drag-shapes drag-shapes-2 drag-single-shape drag-sort-numbers draw-circle draw-line find-midpoint
grid-coordinate highlight-text highlight-text-2 hot-cold hover-shape identify-shape moving-items
number-checkboxes resize-textarea right-angle simon-says use-colorwheel-2 visual-addition
"""
THIRTY = tuple(_THIRTY.split())
"""Pages that clicking, typing and selecting solves."""
OUT_OF_REACH = frozenset(_OUT_OF_REACH.split())
"""Pages that need coordinates, dragging, a selection of text, a moving mouse, colours or shapes."""


class MiniWob:
    """Pages and seeds of MiniWoB++. Raises ConfigError when a page is not there."""

    name = "miniwob"
    tools: tuple[str, ...] = ()

    def __init__(
        self,
        tasks: Sequence[str] | str | None = None,
        seeds: Iterable[int] = range(5),
        time_limit: bool = False,
        practised: Iterable[int] = range(100, 102),
    ) -> None:
        """`tasks`: names of pages, or "all"; None: `THIRTY`. `time_limit` keeps the pages' own limits.

        `practised`: seeds to learn from, of which none may be held out.
        """
        self._folder = declaration(self.name)
        there = every_page()
        self.pages = tuple(there if tasks == ALL else THIRTY if tasks is None else tasks)
        if missing := [page for page in self.pages if page not in there]:
            raise ConfigError(f"MiniWoB++ {release()} has no page {missing[0]!r}")
        self.seeds, self.time_limit = tuple(seeds), time_limit
        self.practised = tuple(practised)
        if both := set(self.seeds) & set(self.practised):
            raise ConfigError(f"{self.name}: seed {min(both)} is held out, and cannot be learned from.")

    @classmethod
    def all(cls, seeds: Iterable[int] = range(5)) -> MiniWob:
        """All 130 pages that the package has."""
        return cls(ALL, seeds)

    def tasks(self) -> list[Task]:
        """Each page with the first seed, then each with the next: the first tasks are of different pages.

        What the pages ask for is seen in a browser once, and then kept in the cache. Raises ConfigError,
        EnvironmentFault.
        """
        wanted = [(page, seed) for seed in self.seeds for page in self.pages]
        told = instructions(wanted)
        return [self._task(page, seed, told[page, seed], f"{page}-{seed}") for page, seed in wanted]

    def kinds(self) -> list[Document]:
        """The pages. What they are about is not said anywhere."""
        return [
            Document(source=self.name, title=page, text="A small web page.", begin=at, end=at)
            for at, page in enumerate(self.pages, 1)
        ]

    def practice(self, kind: Document) -> list[Task]:
        """A page with each of the seeds that are not held out. Raises ConfigError, EnvironmentFault."""
        told = instructions([(page, seed) for seed in self.practised for page in self.pages])
        seeds = self.practised if kind.title in self.pages else ()
        return [self._task(kind.title, seed, told[kind.title, seed], kind.id) for seed in seeds]

    def _task(self, page: str, seed: int, instruction: str, parent: str) -> Task:
        setup = {"page": page, "seed": seed, "version": release()}
        setup |= {"time_limit": True} if self.time_limit else {}
        return Task(environment=self.name, instruction=instruction, setup=setup, parent=parent)

    def environment(self) -> Environment:
        """A fresh environment, to be used once."""
        return MiniWobEnvironment(self._folder, self.time_limit)

    def grade(self, task: Task, environment: Environment, trajectory: Trajectory) -> float:
        """The page's reward in 0..1; 0 for an episode that has not ended. Raises GraderFault."""
        if not isinstance(environment, MiniWobEnvironment):
            raise GraderFault(f"{self.name}: {task.parent}: this is no environment of MiniWoB++")
        try:
            done, reward = environment.outcome()
        except EnvironmentFault as error:
            raise GraderFault(f"{self.name}: {task.parent}: {error}") from None
        return min(1.0, max(0.0, reward)) if done else 0.0

    def gold(self, task: Task) -> list[Action]:
        """There are none."""
        return []


class MiniWobAll(MiniWob):
    """Every page, with one seed."""

    name = "miniwob-all"

    def __init__(self) -> None:
        super().__init__(ALL, range(1))


def every_page() -> list[str]:
    """The names of all pages. Raises ConfigError when they are not installed."""
    return sorted(file.stem for file in pages().glob("*.html"))


def instructions(wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """What each page with its seed asks for, from the cache as far as it is known there.

    Raises ConfigError, EnvironmentFault.
    """
    root, key = cache_folder() / "miniwob", f"instructions-{release()}"
    with alone(root, key):
        file = root / f"{key}.json"
        known = _read(file)
        if missing := [one for one in dict.fromkeys(wanted) if _key(*one) not in known]:
            # A thread of its own: the browser of this one may be in an episode.
            with ThreadPoolExecutor(1) as pool:
                known |= pool.submit(_asked, missing).result()
            whole = file.with_suffix(f".{os.getpid()}")
            whole.write_text(json.dumps(known, indent=0, sort_keys=True), encoding="utf-8")
            whole.replace(file)
    return {one: known[_key(*one)] for one in wanted}


def _asked(wanted: Sequence[tuple[str, int]]) -> dict[str, str]:
    try:
        return {_key(page, seed): said for page, seed, said in utterances(wanted)}
    finally:
        browser.close()


def _read(file: Path) -> dict[str, str]:
    """What is in the cache; {} for a file that is not there, or broken."""
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _key(page: str, seed: int) -> str:
    return f"{page}-{seed}"
