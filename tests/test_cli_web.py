"""The whole pipeline on a web application: documentation in, examples out, an agent that uses them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tiny
from learn_by_interact.engine.store import Store
from learn_by_interact.models import Request
from learn_by_interact.types import Example, Page, Task, Trajectory
from shop import ENVIRONMENT, notes

MODEL = "scripted/test_cli_web:policy"
PLAN = (
    'click [link "New note"]',
    'type "{title}" into [textbox "Title:"]',
    'select "urgent" in [combobox "Kind:"]',
    'click [button "Save"]',
    "stop",
)
"""What makes an urgent note; the agent knows it of no task but those that are proposed, or demonstrated."""


QUESTION = "What is the {0} of the note {1} ({2})?"


def policy(request: Request) -> str:
    """A model that knows what it is shown."""
    system, question = request.messages[0].content, request.messages[-1].content
    if "You use one of its pages" in system:
        return json.dumps({"tasks": dict(proposed(question))})
    if "You read a session on a screen" in system:
        title = re.search(r'type "([^"]+)"', question)
        task = (
            f"Write an urgent note with the title {title[1]}." if title else "Show the form for a new note."
        )
        return json.dumps({"summary": "Replicate the following: " + task, "task": task})
    first = request.messages[1].content
    done = [message.content for message in request.messages if message.role == "assistant"]
    title = re.search(r"title ([\w ]+) and", first.split("Your task: ")[-1])
    if not title or 'select "urgent" in' not in first:
        return "ACTION: stop"
    return f"ACTION: {PLAN[len(done)].format(title=title[1])}"


def proposed(question: str) -> Iterator[tuple[str, Any]]:
    """Tasks on the page that is shown, of the kinds that are asked for."""
    page = question.split("The page of the software that is used, ")[1]
    for number, line in re.findall(r"^(\d)\. (.*)", page, re.MULTILINE):
        if asked := re.match(r'A question for "(\w+)" of "([^"]+)"; the answer is "([^"]+)"', line):
            yield number, {"task": QUESTION.format(*asked.groups())}
        elif "Kind:" in line:
            assert '"Title:" and "Kind:"' in line and '[textbox "Title:"] [combobox "Kind:"]' in page
            values = {"Title:": f"Tea for {number}", "Kind:": "urgent"}
            yield (
                number,
                {"values": values, "press": "Save", "task": f"Write an urgent note about tea {number}."},
            )
        elif "Enter values" in line:
            yield number, {"values": {"Title:": ""}, "press": "Save", "task": "Write a note about nothing."}
        else:
            yield number, {"task": "Delete the note."}


def recipe(folder: Path) -> Path:
    notes(folder / "notes", ENVIRONMENT.replace("[web]", '[web]\noverview = ["/"]'))
    file = folder / "notes.toml"
    file.write_text(
        f'environment = "notes"\nrun = {json.dumps(str(folder / "run"))}\n[model]\nname = "{MODEL}"\n'
        "[propose]\ntasks = 4\n[explore]\nscreenshots = true\nlimits = { steps = 6 }\n[relabel]\ncap = 1\n"
        '[retrieval]\nquery = "instruction"\n[evaluate]\ntasks = 3\n[pool]\nworkers = 2\n'
    )
    return file


def test_an_agent_learns_a_web_application_from_its_help_pages(tmp_path: Path) -> None:
    done = tiny.lbi("run", recipe(tmp_path), timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    with Store(tmp_path / "run", readonly=True) as store:
        tasks = {task.instruction: task.hint for task in store.records(Task) if task.hint}
        written, *_ = (hint for task, hint in tasks.items() if task.startswith("Write an urgent note"))
        assert written.split("\n")[0] == 'click [link "New note"]'
        assert written.split("\n")[-2:] == ['select "urgent" in [combobox "Kind:"]', 'click [button "Save"]']
        asked = {task: hint for task, hint in tasks.items() if task.startswith("What is the ")}
        assert asked and all(hint == f"stop {task[:-2].partition('(')[2]}" for task, hint in asked.items())
        assert "Write a note about nothing." not in tasks, "a field that would stay empty is no plan"
        whole = [one for one in store.records(Trajectory) if len(one.steps) == 5 and one.score is None]
        shown = {blob for one in whole for at in range(6) for blob in one.observation(at).blobs}
        kept = {file.name: file.read_bytes() for file in (tmp_path / "run" / "blobs").iterdir()}
        assert shown and shown <= kept.keys() and all(picture[:4] == b"\x89PNG" for picture in kept.values())
        examples = list(store.records(Example))
        questions = {one.instruction for one in examples if one.instruction.endswith("?")}
        assert questions == set(asked), "what was answered needs no other instruction"
        assert {one.id for one in whole} <= {example.trajectory for example in examples}
        assert any(
            example.instruction.startswith("Write an urgent note with the title ") for example in examples
        )
        (form,) = (page for page in store.records(Page) if page.path == (PLAN[0],))
        assert 'textbox "Title:"' in form.elements
        told = {
            identity for one in store.records(Trajectory) for step in one.steps for identity in step.shown
        }
        assert form.id in told, "an agent that learnt is told how a page is reached"
    shown_page = tiny.lbi("show", tmp_path / "run", form.id[:12])
    assert form.title in shown_page.stdout and PLAN[0] in shown_page.stdout
    result = json.loads((tmp_path / "run" / "result.json").read_text())["result"]
    scores = {arm["arm"]: arm["solved"] for arm in result["arms"]}
    assert scores["examples"] > scores["plain"], done.stdout
