"""The whole pipeline on a web application: documentation in, examples out, an agent that uses them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import tiny
from learn_by_interact.engine.store import Store
from learn_by_interact.models import Request
from learn_by_interact.types import Example, Task, Trajectory
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


def policy(request: Request) -> str:
    """A model that knows what it is shown."""
    system, question = request.messages[0].content, request.messages[-1].content
    if "you write tasks" in system:
        assert "2 | Call Ann | plain" in system and 'link "' not in system
        numbers = re.findall(r"^(\d)\. (.*); something", question, re.MULTILINE)
        return json.dumps(
            {"tasks": {n: {"task": f"Write an urgent note about {about}."} for n, about in numbers}}
        )
    if "You read a session on a screen" in system:
        title = re.search(r'type "([^"]+)"', question)
        task = (
            f"Write an urgent note with the title {title[1]}." if title else "Show the form for a new note."
        )
        return json.dumps({"summary": "Replicate the following: " + task, "task": task})
    first = request.messages[1].content
    done = [message.content for message in request.messages if message.role == "assistant"]
    title = re.search(r"title ([\w ]+) and|about (.*)\.", first.split("Your task: ")[-1])
    known = "about" in first.split("Your task: ")[-1] or 'select "urgent" in' in first
    if not title or not known:
        return "ACTION: stop"
    name = (title[1] or title[2]).replace('"', "")
    return f"ACTION: {PLAN[len(done)].format(title=name)}"


def recipe(folder: Path) -> Path:
    notes(folder / "notes", ENVIRONMENT.replace("[web]", '[web]\noverview = ["/"]'))
    file = folder / "notes.toml"
    file.write_text(
        f'environment = "notes"\nrun = {json.dumps(str(folder / "run"))}\n[model]\nname = "{MODEL}"\n'
        "[propose]\ntasks = 2\n[explore]\nscreenshots = true\nlimits = { steps = 6 }\n[relabel]\ncap = 1\n"
        '[retrieval]\nquery = "instruction"\n[evaluate]\ntasks = 3\n[pool]\nworkers = 2\n'
    )
    return file


def test_an_agent_learns_a_web_application_from_its_help_pages(tmp_path: Path) -> None:
    done = tiny.lbi("run", recipe(tmp_path), timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    with Store(tmp_path / "run", readonly=True) as store:
        tasks = [task.instruction for task in store.records(Task) if not task.setup]
        assert len(tasks) == 4 and all(task.startswith("Write an urgent note about ") for task in tasks)
        whole = [one for one in store.records(Trajectory) if len(one.steps) == 5]
        shown = {blob for one in whole for at in range(6) for blob in one.observation(at).blobs}
        kept = {file.name: file.read_bytes() for file in (tmp_path / "run" / "blobs").iterdir()}
        assert shown and shown <= kept.keys() and all(picture[:4] == b"\x89PNG" for picture in kept.values())
        examples = list(store.records(Example))
        assert {example.trajectory for example in examples} <= {one.id for one in whole}
        assert any(
            example.instruction.startswith("Write an urgent note with the title ") for example in examples
        )
    result = json.loads((tmp_path / "run" / "result.json").read_text())["result"]
    scores = {arm["arm"]: arm["solved"] for arm in result["arms"]}
    assert scores["examples"] > scores["plain"], done.stdout
