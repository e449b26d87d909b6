"""Logs of agents that already ran: what they were asked, and what they did.

Read are ATIF documents (github.com/harbor-framework/harbor, rfcs/0001-trajectory-format.md) and chats:
messages with `role` and `content`, and `tool_calls` as OpenAI writes them. A file holds one such value, a
list of them, or one a line.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ...environments import ActionSpace
from ...environments.actions import SHELL, ShellActions
from ...errors import ConfigError, ParseError
from ...types import STOP, Action, Value

COMMAND = ("command", "cmd", "code", "script", "input", "keystrokes", "bash")
"""What other agents call the argument that holds a shell command."""
ENDS = ("stop", "finish", "submit", "done", "exit", "task_complete", "mark_task_complete")
"""What they call the tool that ends an episode."""
ASKED = 2000
"""Characters of what was asked."""


class Log(Value):
    """One session of an agent."""

    source: str
    """File and number of the session in it."""
    asked: str
    actions: tuple[tuple[str, Action], ...]
    """Thought and action of each step."""


def logs(path: Path, actions: ActionSpace, report: Callable[[str], None]) -> Iterator[Log]:
    """The sessions of a file, their actions as an environment's action space has them.

    What is no session, or holds no action of this environment, is reported. Raises ConfigError when the file
    cannot be read or is no JSON.
    """
    for number, value in enumerate(_values(path), 1):
        source = f"{path.name}:{number}"
        try:
            asked, acts = _atif(value, actions) if "steps" in value else _chat(value, actions)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            report(f"{source} was skipped: it is neither ATIF nor a chat ({type(error).__name__}: {error}).")
            continue
        if not any(action.tool != STOP for _, action in acts):
            report(f"{source} was skipped: it holds no action of this environment.")
            continue
        yield Log(source=source, asked=" ".join(asked.split())[:ASKED], actions=tuple(acts))


def _values(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: it cannot be read: {error}") from None
    try:
        whole = [json.loads(text)]
    except (ValueError, RecursionError):
        whole = []
        for number, line in enumerate(text.split("\n"), 1):
            try:
                whole += [json.loads(line)] if line.strip() else []
            except (ValueError, RecursionError) as error:
                raise ConfigError(f"{path}:{number}: this is no JSON: {error}") from None
    for value in whole:
        if (
            isinstance(value, list)
            and value
            and all(isinstance(one, dict) and "role" in one for one in value)
        ):
            yield {"messages": value}
            continue
        for one in value if isinstance(value, list) else [value]:
            yield one if isinstance(one, dict) else {"messages": None}


def _atif(value: dict[str, Any], actions: ActionSpace) -> tuple[str, list[tuple[str, Action]]]:
    asked, acts = "", []
    for step in value["steps"]:
        said = str(step.get("message") or "")
        if step.get("source") == "user" and not asked:
            asked = said
        if step.get("source") != "agent":
            continue
        thought = str(step.get("reasoning_content") or said)
        for call in step.get("tool_calls") or ():
            if (
                action := tool_call(actions, str(call["function_name"]), call.get("arguments") or {})
            ) is not None:
                acts.append((thought, action))
                thought = ""
    extra = value.get("extra") or {}
    return str(extra.get("instruction") or asked), acts


def _chat(value: dict[str, Any], actions: ActionSpace) -> tuple[str, list[tuple[str, Action]]]:
    asked, acts = "", []
    for message in value["messages"]:
        said = _content(message.get("content"))
        if message["role"] == "user" and not asked:
            asked = said
        if message["role"] != "assistant":
            continue
        if calls := message.get("tool_calls"):
            for call in calls:
                function = call["function"]
                given = function.get("arguments") or {}
                given = json.loads(given) if isinstance(given, str) else given
                if (action := tool_call(actions, str(function["name"]), given)) is not None:
                    acts.append((said, action))
                    said = ""
            continue
        try:
            acts.append(actions.parse(said))
        except ParseError:
            continue
    return asked, acts


def _content(content: Any) -> str:
    """The text of a message; of one in parts, of its text parts."""
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return str(content or "")


def tool_call(actions: ActionSpace, name: str, arguments: dict[str, Any]) -> Action | None:
    """An agent's tool call as an action of this space; None: it is none, such as a note to itself."""
    if name.lower() in ENDS:
        values = [str(one) for one in arguments.values() if isinstance(one, str)]
        return Action(tool=STOP, arguments={"answer": values[0] if values else ""})
    if isinstance(actions, ShellActions):
        command = next((arguments[key] for key in COMMAND if isinstance(arguments.get(key), str)), "")
        return Action(tool=SHELL, arguments={"command": command.strip()}) if command.strip() else None
    made = Action(tool=name, arguments=arguments)
    try:
        return actions.parse(actions.reply("", made))[1]
    except (ParseError, KeyError):
        return None
