"""`lbi import`: logs of agents that ran elsewhere, acted again in the environment, are learned from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tiny
from learn_by_interact.engine.store import Store
from learn_by_interact.types import Example, Task, Trajectory

ATIF = {
    "schema_version": "ATIF-v1.8",
    "steps": [
        {"step_id": 1, "source": "user", "message": "Make a copy of the words."},
        {
            "step_id": 2,
            "source": "agent",
            "message": "I copy it.",
            "tool_calls": [
                {
                    "tool_call_id": "1",
                    "function_name": "bash_command",
                    "arguments": {"keystrokes": "cp words.txt copy.txt\n"},
                }
            ],
        },
        {
            "step_id": 3,
            "source": "agent",
            "message": "",
            "tool_calls": [
                {"tool_call_id": "2", "function_name": "think", "arguments": {"thought": "well"}},
                {"tool_call_id": "3", "function_name": "mark_task_complete", "arguments": {}},
            ],
        },
    ],
}
CALLS = {
    "messages": [
        {"role": "system", "content": "You are an agent."},
        {"role": "user", "content": [{"type": "text", "text": "How many words?"}]},
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "1", "function": {"name": "bash", "arguments": '{"command": "wc -l words.txt"}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "1", "content": "3 words.txt"},
        {"role": "assistant", "content": "ACTION: stop 3"},
    ]
}
TEXT = {
    "messages": [
        {"role": "user", "content": "Look for a word."},
        {"role": "assistant", "content": "Let me look.\n```bash\ngrep -x nothing words.txt\n```"},
        {"role": "user", "content": ""},
        {"role": "assistant", "content": "I give up."},
    ]
}


def write(folder: Path, *values: object) -> Path:
    file = folder / "sessions.jsonl"
    file.write_text("".join(f"{json.dumps(value)}\n" for value in values))
    return file


def run(*arguments: str | Path) -> tuple[int, str]:
    done = tiny.lbi("import", *arguments)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    return tiny.make(tmp_path)


def test_sessions_of_several_forms_become_trajectories_that_are_learned_from(
    recipe: Path, tmp_path: Path
) -> None:
    file = write(tmp_path, ATIF, CALLS, TEXT)
    code, said = run(recipe, file)
    assert code == 0, said
    assert "3 sessions: 3 became trajectories of 5 steps (1 failed), 0 were imported before" in said
    code, said = run(recipe, file, "--json")
    assert json.loads(said.splitlines()[0])["before"] == 3
    folder = recipe.parent / "run"
    with Store(folder, readonly=True) as store:
        tasks = {task.id: task for task in store.records(Task)}
        found = {tasks[one.task].instruction: one for one in store.records(Trajectory)}
    copied = found["Make a copy of the words."]
    assert [step.action.tool for step in copied.steps] == ["bash", "stop"] and copied.stop == "done"
    assert copied.steps[0].thought == "I copy it."
    assert copied.steps[0].observation.state != copied.start.state and copied.start.state
    assert found["How many words?"].steps[-1].observation.text == "3"
    assert (
        found["Look for a word."].stop == "step limit"
        and found["Look for a word."].steps[0].observation.failed
    )
    for verb in ("relabel", "replay"):
        assert tiny.lbi(verb, recipe).returncode == 0
    with Store(folder, readonly=True) as store:
        examples = list(store.records(Example))
        assert {example.trajectory for example in examples} >= {copied.id}
    assert "from log sessions.jsonl:" in tiny.lbi("show", folder, next(iter(tasks))).stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "sessions.jsonl:1: this is no JSON"),
        ("[" * 100_000, "sessions.jsonl:1: this is no JSON"),
        ("\ufeff{", "sessions.jsonl:1: this is no JSON: Expecting property name"),
        ('{"steps": 3}', "sessions.jsonl:1 was skipped: it is neither ATIF nor a chat"),
        ('{"rows": []}', "sessions.jsonl:1 was skipped: it is neither ATIF nor a chat"),
        ('[{"role": "user", "content": "Hello"}]', "sessions.jsonl:1 was skipped: it holds no action"),
    ],
)
def test_what_is_no_session_is_told(recipe: Path, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "sessions.jsonl").write_text(text)
    code, said = run(recipe, tmp_path / "sessions.jsonl")
    assert told in said and (code == 2) == ("no JSON" in told)


def test_a_missing_file_is_told(recipe: Path, tmp_path: Path) -> None:
    code, said = run(recipe, tmp_path / "none.json")
    assert code == 2 and "none.json: it cannot be read" in said
