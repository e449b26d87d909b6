"""The records: what the program knows, in ten nouns and the values they are made of.

Every record is frozen, and its identity is the hash of its canonical content: the JSON of its
fields with sorted keys, no white space, UTF-8, without the fields that say how it was made
(`usage` and the like). Writing a record twice is therefore harmless.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict

STOP = "stop"
"""The tool of the action that ends an episode; its one argument is `answer`, a text or ""."""

Kind = Literal["summary", "abstraction", "rewording", "task", "practice"]
"""How an example's instruction came about. `rewording`: the abstraction in other words; `task`: the
proposed one, as it is (data distill); `practice`: of a task whose way was known, as it is."""


Texts = Annotated[
    tuple[str, ...], BeforeValidator(lambda given: (given,) if isinstance(given, str) else given)
]
"""A setting of several texts, for which one may stand without brackets."""


def digest(value: Any) -> str:
    """Hash of a JSON value's canonical form: 32 hexadecimal digits (128 bits of BLAKE2b)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Value(BaseModel):
    """A frozen, picklable value; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Record(Value):
    """A value with an identity of its own."""

    made_by: ClassVar[Any] = None
    """What is left out of the identity, as pydantic's `exclude`."""

    @cached_property
    def id(self) -> str:
        """Hash of the kind of record and its canonical content."""
        return digest([type(self).__name__, self.model_dump(mode="json", exclude=self.made_by)])

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with `update` in it; its identity is that of what it then holds."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("id", None)
        return copied


class Usage(Value):
    """What model calls took. Tokens as the provider counted them; `cost` in US dollars."""

    calls: int = 0
    prompt: int = 0
    """All prompt tokens, the cached ones included."""
    cached: int = 0
    """Prompt tokens that the provider read from its cache."""
    completion: int = 0
    cost: float | None = 0.0
    """None: nobody knows the price. An unknown price makes every sum with it unknown."""

    def __add__(self, other: Usage) -> Usage:
        known = self.cost is not None and other.cost is not None
        return Usage(
            calls=self.calls + other.calls,
            prompt=self.prompt + other.prompt,
            cached=self.cached + other.cached,
            completion=self.completion + other.completion,
            cost=(self.cost or 0.0) + (other.cost or 0.0) if known else None,
        )


class Document(Record):
    """One section of documentation, and where it stands in its source."""

    source: str
    """A path, a URL, or the command that printed it (`tool insert --help`)."""
    title: str
    text: str
    begin: int
    """First line in the source, counted from 1."""
    end: int
    """Last line in the source, included."""


class Page(Record):
    """A place that was found when an application was looked over without a model."""

    environment: str
    title: str
    path: tuple[str, ...]
    """Actions that lead there from where an episode begins, as a model would write them."""
    elements: tuple[str, ...]
    """Names of its fields and buttons."""
    text: str
    """What it shows."""


class Task(Record):
    """Something to achieve in an environment."""

    environment: str
    instruction: str
    setup: dict[str, Any] = {}
    """All that is needed to reach the start state again, and what tells its grader from another; its
    meaning is the environment's."""
    parent: str = ""
    """The id of the document it was proposed from, or the name of the benchmark's task."""
    hint: str = ""
    """What the proposer would try first; only exploration sees it."""


class Observation(Value):
    """What an agent sees after an action, and the environment's fingerprint of it."""

    text: str
    blobs: tuple[str, ...] = ()
    """Content hashes of pictures and files that belong to it."""
    key: str
    """Fingerprint of what was seen and of the state behind it, without volatile parts: what
    exact retrieval, the removal of duplicate steps and replay compare."""
    state: str = ""
    """Fingerprint of the state alone: a step that only reads leaves it as it was."""
    failed: bool = False
    """The environment refused the action: a non-zero exit code, a bad element reference."""


class Action(Value):
    """One thing an agent does; a shell command, a click and a call of a tool have one shape."""

    tool: str
    arguments: dict[str, Any] = {}


class Step(Value):
    """What was thought and done, and what was seen then."""

    thought: str
    action: Action
    observation: Observation
    usage: Usage = Usage()
    malformed: int = 0
    """Replies that could not be read before the one that gave this action."""
    shown: tuple[str, ...] = ()
    """Ids of the records (examples, documents) that retrieval put into the prompt."""
    why: tuple[str, ...] = ()
    """For each of them: why it was chosen."""


Stop = Literal[
    "done", "step limit", "repeated action", "malformed reply", "context full", "time limit", "error"
]


class Trajectory(Record):
    """One episode: observation o0, then steps 1..n, each an action and the observation after it."""

    made_by: ClassVar[Any] = {
        "steps": {"__all__": {"usage", "malformed", "shown", "why"}},
        "model": True,
        "unread": True,
        "chained": True,
    }

    task: str
    """Id of the task."""
    start: Observation
    steps: tuple[Step, ...]
    stop: Stop
    score: float | None = None
    """None: not graded. Otherwise 0 to 1, 1 being solved."""
    error: str = ""
    """One sentence that begins with the boundary (model, environment, parse, grader), or ""."""
    model: str = ""
    unread: Usage = Usage()
    """Usage of calls that gave no step (malformed replies at the end, failed calls)."""
    chained: int = 0
    """Steps at its beginning that were taken over from another trajectory, which teaches them."""

    def observation(self, index: int) -> Observation:
        """Observation o_index; 0 is the start, n the last."""
        return self.steps[index - 1].observation if index else self.start

    @property
    def answer(self) -> str:
        """What the agent stopped with, without null characters; "" when it did not stop itself."""
        last = self.steps[-1].action if self.steps else None
        return str(last.arguments.get("answer", "")).replace("\0", "") if last and last.tool == STOP else ""

    @property
    def malformed(self) -> int:
        """Replies that could not be read, the last ones of an episode that ended with them included."""
        return sum(step.malformed for step in self.steps) + self.unread.calls

    @property
    def usage(self) -> Usage:
        """Sum over all steps and the unread replies."""
        return sum((step.usage for step in self.steps), self.unread)


class Example(Record):
    """An instruction and the window (o_begin, a_begin+1, ..., a_end, o_end) that achieves it.

    A reference to the trajectory, never a copy: 0 <= begin < end <= n.
    """

    instruction: str
    trajectory: str
    begin: int
    end: int
    kind: Kind


class Verdict(Record):
    """A judge's opinion on a record. Deciding what is kept is a rule over verdicts."""

    subject: str
    judge: str
    keep: bool
    reason: str
    measure: float | None = None
    """The number behind it: steps that a replay held, a similarity."""


class Reasoning(Record):
    """What could have been thought before each action of an example, written afterwards."""

    subject: str
    """The example."""
    lines: tuple[str, ...]
    """One for each action of its window."""


class Attempt(Value):
    """One ledger line: a stage tried one input. Resume, cost and failure reports come from it."""

    stage: str
    """Name of the stage and the digest of its settings: `explore:1f2e...`."""
    input: str
    outputs: tuple[str, ...] = ()
    error: str = ""
    """"" when it succeeded; otherwise one sentence that begins with the boundary."""
    usage: Usage = Usage()
    seconds: float = 0.0


RECORDS: dict[str, type[Record]] = {
    kind.__name__: kind for kind in (Document, Page, Task, Trajectory, Example, Verdict, Reasoning)
}
"""The records that a store keeps under their id, by kind."""
