"""Run folders with examples to export, made in the room without a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from learn_by_interact.engine.store import Store
from learn_by_interact.stages.keep import CONTAMINATED, SAME_EXAMPLE
from learn_by_interact.stages.replay import JUDGE as REPLAY
from learn_by_interact.training.choose import Choice, Chooser, Window
from learn_by_interact.types import Document, Example, Kind, Observation, Task, Trajectory, Verdict
from room import acted

ALL = Choice(rule="unanimous")
KINDS: tuple[Kind, ...] = ("abstraction", "summary")
COMMANDS = ("list", "shw a.txt", "show a.txt", "put c.txt yes", "show c.txt")
WINDOWS = ((0, 1), (0, 3), (2, 4), (0, 5))


def page(number: int, text: str = "Prints what a note says.") -> Document:
    """A section of a manual; `begin` and `end` follow from the number."""
    return Document(
        source="manual.md", title=f"page {number}", text=text, begin=10 * number + 1, end=10 * number + 9
    )


def teach(
    store: Store,
    document: Document,
    commands: Sequence[str] = COMMANDS,
    windows: Sequence[tuple[int, int]] = WINDOWS,
    held: int | None = None,
    about: str = "",
) -> list[Example]:
    """One trajectory about a page, with examples of both kinds for its windows; replay held so many steps."""
    told = about or f"Do what {document.title} says"
    task = Task(environment="room", instruction=told, parent=document.id, hint=commands[0])
    episode = acted(*commands, task=task)
    examples = [
        Example(
            instruction=f"{told}, {kind} of {begin} to {end}.",
            trajectory=episode.id,
            begin=begin,
            end=end,
            kind=kind,
        )
        for begin, end in windows
        for kind in KINDS
    ]
    records: list[Document | Task | Trajectory | Example | Verdict] = [document, task, episode, *examples]
    if held is not None:
        records.append(
            Verdict(subject=episode.id, judge=REPLAY, keep=held == len(commands), reason="", measure=held)
        )
    store.add(records)
    return examples


def drop(store: Store, example: Example, judge: str) -> None:
    """A verdict against an example."""
    store.add([Verdict(subject=example.id, judge=judge, keep=False, reason="for the test")])


def run(folder: Path, sections: int = 6) -> Store:
    """A run folder with so many sections: 8 examples each, one near-duplicate, one contaminated in all."""
    store = Store(folder)
    made: list[Example] = []
    for number in range(sections):
        made += teach(store, page(number), held=3 if number % 2 else 5)
    drop(store, made[0], SAME_EXAMPLE)
    drop(store, made[8], CONTAMINATED)
    return store


def windows(store: Store, choice: Choice = ALL) -> list[Window]:
    return list(Chooser(store, choice))


def seen(text: str) -> Observation:
    return Observation(text=text, key=text, state=text)
