"""ADP 1.5, the Agent Data Protocol: one trajectory a line.

Source: github.com/neulab/agent-data-protocol, schema/. It comes in no package, so the rules of its schema
that concern what is written here (fields, classes, links between calls and results) are the models below.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, Tag, model_validator

from ...environments.actions import SHELL
from ...types import STOP, Action, Value
from ..choose import Window
from ..rows import Origin, Row
from ..split import Side
from .lines import InLines, read_lines
from .sessions import PROMPTS, Act, Session, session

VERSION: Literal["1.5.0"] = "1.5.0"


class ApiAction(Value):
    class_: Literal["api_action"] = "api_action"
    tool_call_id: str
    function: str
    kwargs: dict[str, Any]
    description: str | None = None


class CodeAction(Value):
    class_: Literal["code_action"] = "code_action"
    tool_call_id: str
    language: Literal["bash"] = "bash"
    content: str
    description: str | None = None


class MessageAction(Value):
    class_: Literal["message_action"] = "message_action"
    content: str
    description: str | None = None


class TextObservation(Value):
    class_: Literal["text_observation"] = "text_observation"
    content: str
    source: Literal["user", "agent", "environment"]
    tool_call_id: str | None = None


Item = Annotated[
    Annotated[ApiAction, Tag("api_action")]
    | Annotated[CodeAction, Tag("code_action")]
    | Annotated[MessageAction, Tag("message_action")]
    | Annotated[TextObservation, Tag("text_observation")],
    Field(discriminator="class_"),
]


class Trajectory(Value):
    """An ADP trajectory. Each call has an id of its own, and one observation after it that answers it."""

    schema_version: Literal["1.5.0"] = VERSION
    id: str
    content: tuple[Item, ...]
    available_code_languages: tuple[str, ...] | None = None
    """Exactly the languages of the code actions; None where there are none."""
    details: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _linked(self) -> Trajectory:
        called: set[str] = set()
        answered: set[str] = set()
        for item in self.content:
            if isinstance(item, ApiAction | CodeAction):
                if item.tool_call_id in called:
                    raise ValueError(f"two calls have the id {item.tool_call_id}")
                called.add(item.tool_call_id)
            elif isinstance(item, TextObservation) and item.tool_call_id is not None:
                if item.tool_call_id in answered or item.tool_call_id not in called:
                    raise ValueError(f"{item.tool_call_id} is answered twice, or was not called before")
                answered.add(item.tool_call_id)
        if called != answered:
            raise ValueError(f"these calls have no answer: {', '.join(sorted(called - answered))}")
        used = sorted({item.language for item in self.content if isinstance(item, CodeAction)})
        if used != list(self.available_code_languages or ()):
            raise ValueError(f"available_code_languages has to be {used}")
        return self


class Adp(InLines):
    """The window of each example: what the user says, then actions and what the environment answers."""

    about: ClassVar[str] = f"ADP {VERSION} (whole trajectories, JSONL)"

    def add(self, side: Side, window: Window, rows: Sequence[Row]) -> int:
        self._lines.write(side, written(session(window)).model_dump(mode="json", exclude_none=True))
        return 1

    def not_carried(self) -> list[str]:
        return [
            PROMPTS,
            "fingerprints of states, token usage, and what retrieval showed: --format atif has these",
        ]

    def use(self) -> str:
        return "schema.trajectory.Trajectory of agent-data-protocol, one a line"

    @staticmethod
    def read(folder: Path, side: Side) -> Iterator[Session]:
        """Raises pydantic's ValidationError where a line is no ADP trajectory."""
        for value in read_lines(folder, side):
            yield _session(Trajectory.model_validate(value))


def written(one: Session) -> Trajectory:
    """The trajectory of a session: a shell command is code, another tool an API, the stop a message."""
    content: list[Any] = [TextObservation(content=f"{one.start}\n\n{one.instruction}", source="user")]
    for number, act in enumerate(one.acts, 1):
        call, said = f"call_{number}", act.thought or None
        tool, arguments = act.action.tool, act.action.arguments
        if tool == STOP and set(arguments) <= {"answer"}:
            content.append(MessageAction(content=str(arguments.get("answer", "")), description=said))
            continue
        if tool == SHELL and set(arguments) == {"command"}:
            code = str(arguments["command"])
            content.append(CodeAction(tool_call_id=call, content=code, description=said))
        else:
            content.append(ApiAction(tool_call_id=call, function=tool, kwargs=arguments, description=said))
        content.append(TextObservation(content=act.seen, source="environment", tool_call_id=call))
    code_used = any(isinstance(item, CodeAction) for item in content)
    return Trajectory(
        id=one.origin.example,
        content=tuple(content),
        available_code_languages=("bash",) if code_used else None,
        details={
            "instruction": one.instruction,
            "start": one.start,
            "failed": [number for number, act in enumerate(one.acts, 1) if act.failed],
            "origin": one.origin.model_dump(mode="json"),
        },
    )


def _session(value: Trajectory) -> Session:
    acts: list[Act] = []
    failed = set(value.details["failed"])
    answers = {item.tool_call_id: item.content for item in value.content if isinstance(item, TextObservation)}
    for item in value.content:
        if isinstance(item, TextObservation):
            continue
        if isinstance(item, MessageAction):
            action, seen = Action(tool=STOP, arguments={"answer": item.content}), item.content
        elif isinstance(item, CodeAction):
            action = Action(tool=SHELL, arguments={"command": item.content})
            seen = answers[item.tool_call_id]
        else:
            action = Action(tool=item.function, arguments=item.kwargs)
            seen = answers[item.tool_call_id]
        wrong = len(acts) + 1 in failed
        acts.append(Act(thought=item.description or "", action=action, seen=seen, failed=wrong))
    return Session(
        instruction=value.details["instruction"],
        start=value.details["start"],
        acts=tuple(acts),
        origin=Origin.model_validate(value.details["origin"]),
    )
