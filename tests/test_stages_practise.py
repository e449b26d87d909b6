"""A benchmark without documentation: its own tasks beside the held-out ones are acted on."""

from __future__ import annotations

import json
from pathlib import Path

from learn_by_interact.config import Recipe
from learn_by_interact.models import Request
from learn_by_interact.pipeline import Pipeline
from learn_by_interact.types import Document, Example, Task, Trajectory
from room import Room


class Practice(Room):
    """Two kinds of tasks, of which one can be done in the room."""

    name = "practice"

    def kinds(self) -> list[Document]:
        return [
            Document(source="practice", title=title, text="", begin=at, end=at)
            for at, title in enumerate(("read", "write"), 1)
        ]

    def practice(self, kind: Document) -> list[Task]:
        told = {"read": "Read b.txt aloud.", "write": "Write no into d.txt."}[kind.title]
        return [Task(environment="room", instruction=told, parent=kind.id)]


def acting(request: Request) -> str:
    """Acts on what it is told; labels what it sees."""
    said = request.messages[-1].content
    if request.json_schema and "task" in request.json_schema.get("required", ()):
        return json.dumps({"summary": "Replicate the following: show b.txt", "task": "Show what b.txt says."})
    if len(request.messages) > 2:
        return "ACTION: stop"
    return "ACTION: show b.txt" if "b.txt aloud" in said else "ACTION: put d.txt no"


def test_its_own_tasks_take_the_place_of_proposed_ones(tmp_path: Path) -> None:
    recipe = tmp_path / "practice.toml"
    recipe.write_text(f'environment = "{__name__}:Practice"\n[model]\nname = "scripted/{__name__}:acting"\n')
    with Pipeline(Recipe.load(recipe, {"run": str(tmp_path / "run")})) as pipeline:
        pipeline.learn()
        tasks = {task.instruction for task in pipeline.store.records(Task)}
        assert tasks == {"Read b.txt aloud.", "Write no into d.txt."}
        assert pipeline.store.count(Trajectory) == 2 and pipeline.store.count(Example) >= 2
        assert not tasks & {task.instruction for task in pipeline.chosen()}
        pipeline.propose()
        assert pipeline.store.count(Task) == 2
