"""ATIF 1.8, the Agent Trajectory Interchange Format: one document a line.

Source: github.com/harbor-framework/harbor, rfcs/0001-trajectory-format.md. Each document is checked with the
package `atif` before it is written. What is ours (instruction, start, fingerprints, origin) is under `extra`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

from ...errors import ConfigError
from ...types import Action, Step, Usage
from ..choose import Window
from ..rows import Origin, Row, Rows, origin
from ..split import Side
from .lines import InLines, read_lines
from .sessions import PROMPTS, Act, Session, given

VERSION = "ATIF-v1.8"


class Atif(InLines):
    """The window of each example: the start and the instruction from the user, then one step an action."""

    about: ClassVar[str] = f"{VERSION} (whole trajectories, JSONL)"

    def __init__(self, folder: Path, settings: Rows) -> None:
        try:
            from atif import Trajectory
        except ImportError as error:
            raise ConfigError(
                "ATIF is checked with its package: pip install 'learn-by-interact[export]'"
            ) from error
        super().__init__(folder, settings)
        self._check = Trajectory

    def add(self, side: Side, window: Window, rows: Sequence[Row]) -> int:
        document = self._check.model_validate(written(window))
        self._lines.write(side, document.to_json_dict())
        return 1

    def not_carried(self) -> list[str]:
        return [PROMPTS]

    def use(self) -> str:
        return "atif.Trajectory.model_validate_json(line) for each line"

    @staticmethod
    def read(folder: Path, side: Side) -> Iterator[Session]:
        for value in read_lines(folder, side):
            acts = []
            for step in value["steps"]:
                if step["source"] == "agent":
                    (call,), (result,) = step["tool_calls"], step["observation"]["results"]
                    action = Action(tool=call["function_name"], arguments=call["arguments"])
                    thought, failed = step.get("reasoning_content", ""), result["extra"]["failed"]
                    acts.append(Act(thought=thought, action=action, seen=result["content"], failed=failed))
            extra = value["extra"]
            yield Session(
                instruction=extra["instruction"],
                start=extra["start"]["text"],
                acts=tuple(acts),
                origin=Origin.model_validate(extra["origin"]),
            )


def written(window: Window) -> dict[str, Any]:
    """The document of a window, as plain values."""
    example, trajectory = window.example, window.trajectory
    start = trajectory.observation(example.begin)
    asked = f"{start.text}\n\n{example.instruction}"
    program = "learn-by-interact"
    agent = {"name": program, "version": version(program), "model_name": trajectory.model or None}
    total = sum((step.usage for step in window.steps), Usage())
    return {
        "schema_version": VERSION,
        "trajectory_id": example.id,
        "session_id": trajectory.id,
        "agent": given(agent),
        "steps": [
            {"step_id": 1, "source": "user", "message": asked},
            *(_step(number, step) for number, step in enumerate(window.steps, 2)),
        ],
        "final_metrics": {**_metrics(total, "total_"), "total_steps": len(window.steps) + 1},
        "extra": {
            "instruction": example.instruction,
            "start": start.model_dump(mode="json"),
            "origin": origin(window).model_dump(mode="json"),
        },
    }


def _step(number: int, step: Step) -> dict[str, Any]:
    call = f"call_{number - 1}"
    seen = step.observation
    result = {
        "source_call_id": call,
        "content": seen.text,
        "extra": {"key": seen.key, "state": seen.state, "failed": seen.failed},
    }
    shown = {"shown": list(step.shown), "why": list(step.why)} if step.shown else {}
    return given(
        {
            "step_id": number,
            "source": "agent",
            "message": "",
            "reasoning_content": step.thought or None,
            "tool_calls": [
                {
                    "tool_call_id": call,
                    "function_name": step.action.tool,
                    "arguments": step.action.arguments,
                }
            ],
            "observation": {"results": [result]},
            # Steps without a call of their own (taken over, or begun by the proposer) have no measure.
            "metrics": _metrics(step.usage) if step.usage.calls else None,
            "extra": {**shown, **({"malformed": step.malformed} if step.malformed else {})} or None,
        }
    )


def _metrics(usage: Usage, before: str = "") -> dict[str, Any]:
    return given(
        {
            f"{before}prompt_tokens": usage.prompt,
            f"{before}completion_tokens": usage.completion,
            f"{before}cached_tokens": usage.cached,
            f"{before}cost_usd": usage.cost,
        }
    )
