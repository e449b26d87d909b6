"""A room with notes: an environment in this process, for tests of what stands on environments.

list            the names of the notes
show NAME       what a note says
put NAME TEXT   write a note; prints nothing
roll            another number each time
jam             breaks the environment itself
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from learn_by_interact.agents.rollout import Decision, Limits, rollout
from learn_by_interact.engine.pools import Pool
from learn_by_interact.engine.run import run
from learn_by_interact.engine.stage import Stage
from learn_by_interact.engine.store import Store
from learn_by_interact.environments import ActionSpace, Environment
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.errors import EnvironmentFault, GraderFault
from learn_by_interact.models import Request
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.stages.relabel import Relabel
from learn_by_interact.stages.replay import Replay
from learn_by_interact.types import (
    STOP,
    Action,
    Attempt,
    Document,
    Example,
    Observation,
    Step,
    Task,
    Trajectory,
    Verdict,
    digest,
)

NAME = "room:Room"
"""Its name in a stage's settings."""
START = "Notes: a.txt b.txt"
ROLLS = count()
DOCUMENTS = {
    name: Document(source="manual", title=name, text=text, begin=begin, end=begin + 5)
    for begin, (name, text) in enumerate(
        {
            "show": "# show\n\nUsage: show NAME\n\nPrints what a note says.",
            "put": "# put\n\nUsage: put NAME TEXT\n\n    $ put NAME hello\n\nWrites a note.",
            "list": "# list\n\nUsage: list\n\nPrints the names of all notes.",
        }.items()
    )
}


class RoomEnvironment:
    """One episode in the room. `setup["notes"]` adds notes to those that are there."""

    name = "room"
    description = "A room with notes."

    def __init__(self) -> None:
        self.actions: ActionSpace = ShellActions()
        self.notes = {"a.txt": "apples", "b.txt": "bread"}
        self.done: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.notes = {}

    def reset(self, task: Task) -> Observation:
        self.notes.update(task.setup.get("notes", {}))
        return self._see(f"Notes: {' '.join(sorted(self.notes))}")

    def step(self, action: Action) -> Observation:
        command = str(action.arguments["command"])
        self.done.append(command)
        verb, *rest = command.split(maxsplit=2)
        if verb == "jam":
            raise EnvironmentFault("the door is jammed")
        if verb == "list":
            return self._see("\n".join(sorted(self.notes)))
        if verb == "roll":
            return self._see(f"You rolled {next(ROLLS)}.")
        if verb == "show" and rest and rest[0] in self.notes:
            return self._see(self.notes[rest[0]])
        if verb == "put" and len(rest) == 2:
            self.notes[rest[0]] = rest[1]
            return self._see("[no output]")
        return self._see(f"{command}: there is no such thing\n[exit code 1]", failed=True)

    def _see(self, text: str, failed: bool = False) -> Observation:
        state = digest(self.notes)
        return Observation(text=text, key=digest([state, text]), state=state, failed=failed)


class Room:
    """Tasks: write `yes` into c.txt; tell what a.txt says; and one whose grader is broken."""

    name = "room"
    tools = ("show", "put", "list")

    def tasks(self) -> list[Task]:
        wanted = {
            "write": "Write yes into c.txt.",
            "tell": "What does a.txt say?",
            "broken": "Make the grader happy.",
        }
        return [Task(environment="room", instruction=text, parent=name) for name, text in wanted.items()]

    def environment(self) -> Environment:
        return RoomEnvironment()

    def grade(self, task: Task, environment: Environment, trajectory: Trajectory) -> float:
        assert isinstance(environment, RoomEnvironment)
        if task.parent == "broken":
            raise GraderFault("the grader is broken")
        if task.parent == "write":
            return float(environment.notes.get("c.txt") == "yes")
        return float("apples" in trajectory.steps[-1].observation.text)

    def gold(self, task: Task) -> list[Action]:
        command = {"write": "put c.txt yes", "tell": "show a.txt"}.get(task.parent, "list")
        answer = "apples" if task.parent == "tell" else ""
        return [bash(command), Action(tool=STOP, arguments={"answer": answer})]


class Reciter:
    """An agent that does one command after the other, whatever it sees."""

    name = "reciter"

    def __init__(self, *commands: str) -> None:
        self.commands = commands

    def act(self, task: Task, start: Observation, steps: Sequence[Step]) -> Decision:
        thought, action = ShellActions().parse(f"ACTION: {self.commands[len(steps)]}")
        return Decision(thought=thought, action=action)


def bash(command: str) -> Action:
    return Action(tool="bash", arguments={"command": command})


def asked(document: str = "show", instruction: str = "Read a.txt.", hint: str = "") -> Task:
    """A task that was proposed from one of the documents."""
    return Task(environment="room", instruction=instruction, parent=DOCUMENTS[document].id, hint=hint)


def acted(*commands: str, task: Task | None = None) -> Trajectory:
    """The episode of these commands in a fresh room."""
    with RoomEnvironment() as environment:
        limits = Limits(steps=len(commands), repeats=100)
        return rollout(Reciter(*commands), environment, task or asked(), limits)


def done(stage: Stage, store: Store) -> list[Attempt]:
    """Run a stage here -> its lines in the ledger."""
    run(stage, store, Pool("inline"))
    return list(store.attempts(stage.key))


def learned(store: Store, *episodes: Trajectory) -> None:
    """Write episodes as if they had been explored."""
    for episode in episodes:
        store.commit(Attempt(stage="explore:0", input=episode.task, outputs=(episode.id,)), [episode])


def explored(store: Store, *commands: str, page: str = "put") -> Trajectory:
    """A task of a page, proposed with the last of these commands, and its exploration."""
    task = asked(page, f"Do as {commands}.", hint=commands[-1])
    store.add([task])
    session = acted(*commands, task=task)
    learned(store, session)
    return session


def found(stage: Stage, store: Store) -> list[Trajectory]:
    """Run a stage here -> the trajectories that it made."""
    outputs = [store.get(one) for line in done(stage, store) for one in line.outputs]
    return [one for one in outputs if isinstance(one, Trajectory)]


def commands(session: Trajectory) -> list[str]:
    return [str(step.action.arguments["command"]) for step in session.steps]


def labels(request: Request) -> str:
    return json.dumps({"summary": "Replicate the following: b.txt.", "task": "Read the note b.txt."})


def relabelled(store: Store, session: Trajectory) -> tuple[set[tuple[int, int]], Verdict]:
    """Relabel and replay all -> the windows of a session that got an instruction, and its replay."""
    done(Relabel(environment=NAME, model=ModelSettings(name=f"scripted/{__name__}:labels"), cap=1), store)
    done(Replay(environment=NAME), store)
    (verdict,) = store.records(Verdict, about=session.id)
    windows = {(one.begin, one.end) for one in store.records(Example) if one.trajectory == session.id}
    return windows, verdict


def tool(folder: Path, name: str, source: str, **files: str) -> Callable[[str], Observation]:
    """A tool that is a Python program, beside data files (`sales="..."` is `sales.csv`) -> does a command."""
    (folder / f"{name}.py").write_text(source)
    for file, text in files.items():
        (folder / f"{file}.csv").write_text(text)

    def go(command: str) -> Observation:
        line = command.replace(name, f"{sys.executable} {name}.py", 1)
        done = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True)
        text = done.stdout + done.stderr
        return Observation(text=text, key=digest(text), failed=done.returncode != 0)

    return go
