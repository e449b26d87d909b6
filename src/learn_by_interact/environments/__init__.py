"""Environments: where an agent acts. One protocol, whatever is behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

from ..types import Action, Document, Observation, Step, Task


class ActionSpace(Protocol):
    """How the actions of an environment are described to a model, read and written down."""

    description: str
    """For the system prompt: the actions that exist and the form of a reply."""

    ends: tuple[str, ...]
    """Texts with which an observation begins, at most four: where a reply goes on with one, it is cut."""

    commands: bool
    """One action can do a whole task: a task is proposed together with the command that does it."""

    code: bool
    """What is acted on is a project's code: its tasks are those of a maintainer."""

    stops: bool
    """An agent says itself that it has finished; else the environment does (`Ending`): a stop gives up."""

    def parse(self, reply: str) -> tuple[str, Action]:
        """A model's reply -> (thought, action). Raises ParseError, worded for the model."""
        ...

    def gbnf(self, task: Task, never: Sequence[str], steps: Sequence[Step]) -> str:
        """What may stand behind the label of the next action, as llama.cpp's GBNF; "": anything.

        `never`: words with which it does not begin.
        """
        ...

    def form(
        self, seen: Sequence[str], tried: Sequence[Action], known: Sequence[str] = (), most: int = 1
    ) -> dict[str, Any] | None:
        """JSON schema of the next reply, after these observations; None: it may be anything.

        `tried`: what was done in this very state before, and the last action where it worked and is no key:
        neither leads on. `known`: what retrieval told; where it also tells how to get somewhere else, what
        is there may be named too. `most`: actions of one reply, each on a line with its label. `parse`
        reads the first of what the schema allows.
        """
        ...

    def format(self, action: Action) -> str:
        """An action as it is written in prompts, without a thought: `sqlite-utils tables a.db`."""
        ...

    def reply(self, thought: str, action: Action) -> str:
        """Thought and action in the form of a reply: `parse(reply(t, a)) == (t, a)`."""
        ...


class Environment(Protocol):
    """A context manager, used once: enter, reset, steps, leave.

    `reset` and `step` raise EnvironmentFault when the environment itself broke; an action that
    fails in it is an observation with `failed=True`.
    """

    name: str
    description: str
    """What the environment is, told to the agent."""
    actions: ActionSpace

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def reset(self, task: Task) -> Observation: ...

    def step(self, action: Action) -> Observation: ...


@runtime_checkable
class Listing(Environment, Protocol):
    """An environment whose first observation does not say what there is."""

    def overview(self) -> str:
        """What there is, for whoever proposes tasks; after a reset. Raises EnvironmentFault."""
        ...


@runtime_checkable
class Ending(Environment, Protocol):
    """An environment that may end an episode itself, such as a page that counts as done when it is sent."""

    @property
    def over(self) -> bool:
        """Nothing more can be done."""
        ...


@runtime_checkable
class Pictured(Environment, Protocol):
    """An environment that can take a picture with each observation."""

    pictures: Path | None
    """The folder in which they are kept (see `blobs.py`), set before the reset; None: none are taken."""


@runtime_checkable
class Placed(Environment, Protocol):
    """An environment in which episodes begin at different places, which documents are of."""

    def setup_of(self, document: Document) -> dict[str, Any]:
        """The `setup` of a task that is proposed from a document."""
        ...


@runtime_checkable
class Branching(Environment, Protocol):
    """An environment that can go back to where it was: what a search over actions needs.

    Both raise EnvironmentFault when the environment itself broke. Snapshots end with the episode.
    """

    def snapshot(self) -> str:
        """Keep the present state -> its name."""
        ...

    def restore(self, snapshot: str) -> None:
        """Go back to a state that was kept; it stays kept."""
        ...
