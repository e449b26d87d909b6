"""Lines of reasoning in hindsight: written by `lbi reason`, and what is trained on with and without them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import taught
from learn_by_interact.engine.store import Store
from learn_by_interact.environments.actions import ShellActions
from learn_by_interact.errors import ConfigError
from learn_by_interact.models import Request
from learn_by_interact.models.endpoint import ModelSettings
from learn_by_interact.stages.reason import Reason
from learn_by_interact.training.choose import Window
from learn_by_interact.training.export import export
from learn_by_interact.training.rows import DONE, Maker, Row, Rows
from learn_by_interact.types import Example, Reasoning
from room import NAME, RoomEnvironment, done

THOUGHTS = ["First what notes there are.", "Then the one  that\nis asked for.", "Then a third time."]
asked_for: list[Request] = []


def thinking(request: Request) -> str:
    """A line for each action that the schema names."""
    asked_for.append(request)
    names = (request.json_schema or {})["required"]
    return json.dumps(dict(zip(names, THOUGHTS, strict=False)))


def short(request: Request) -> str:
    return json.dumps({"action 1": THOUGHTS[0]})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    asked_for.clear()
    with Store(tmp_path / "run") as made:
        yield made


def stage(script: str = "thinking") -> Reason:
    model = ModelSettings(name=f"scripted/{__name__}:{script}")
    return Reason(environment=NAME, model=model, rule="unanimous")


def rows(window: Window, reasons: str) -> list[Row]:
    how = Rows.model_validate({"reasons": reasons})
    return Maker(ShellActions(), RoomEnvironment.description, how).rows(window)


def test_each_action_of_a_kept_example_gets_a_line(store: Store) -> None:
    kept, *_ = taught.teach(store, taught.page(1), windows=[(2, 4)])
    dropped = taught.teach(store, taught.page(2), windows=[(0, 1)])
    for example in dropped:
        taught.drop(store, example, "near-duplicate example")
    assert {attempt.input for attempt in done(stage(), store)} == {
        example.id for example in store.records(Example) if example not in dropped
    }
    (record,) = store.records(Reasoning, kept.id)
    assert record.lines == ("First what notes there are.", "Then the one that is asked for.")
    told = asked_for[0].messages[-1].content
    assert kept.instruction in told and "Action 2:\nACTION: put c.txt yes" in told and "Action 3" not in told


def test_a_reply_that_lacks_a_line_is_no_reasoning(store: Store) -> None:
    taught.teach(store, taught.page(1), windows=[(0, 3)])
    attempts = done(stage("short"), store)
    assert attempts and all(one.error.startswith("parse: ") for one in attempts)
    assert store.count(Reasoning) == 0


def test_what_is_learned_has_the_lines_only_where_they_are_wanted(store: Store) -> None:
    taught.teach(store, taught.page(1), windows=[(2, 4)])
    done(stage(), store)
    window, *_ = taught.windows(store)
    with_lines = rows(window, "hindsight")
    assert [row.messages[-1].content for row in with_lines] == [
        f"REASON: {THOUGHTS[0]}\nACTION: show a.txt",
        "REASON: Then the one that is asked for.\nACTION: put c.txt yes",
        f"REASON: {DONE}\nACTION: stop",
    ]
    assert all("REASON" in row.messages[0].content for row in with_lines)
    assert "REASON: First" in with_lines[1].messages[2].content
    for reasons in ("kept", "none"):
        plain = rows(window, reasons)
        assert len(plain) == 3 and not any("REASON" in one.content for row in plain for one in row.messages)


def test_thoughts_of_the_rollout_are_kept_unless_they_are_not_wanted(store: Store) -> None:
    taught.teach(store, taught.page(1), windows=[(0, 1)])
    window, *_ = taught.windows(store)
    trajectory = window.trajectory
    steps = tuple(step.model_copy(update={"thought": "I look."}) for step in trajectory.steps)
    window = window._replace(trajectory=trajectory.model_copy(update={"steps": steps}))
    kept, none = rows(window, "kept"), rows(window, "none")
    assert kept[0].messages[-1].content == "REASON: I look.\nACTION: list"
    assert "REASON" in kept[0].messages[0].content
    assert none[0].messages[-1].content == "ACTION: list" and "REASON" not in none[0].messages[0].content


def test_lines_that_nobody_wrote_are_said(store: Store, tmp_path: Path) -> None:
    taught.teach(store, taught.page(1))
    with pytest.raises(ConfigError, match=r"no reasoning in hindsight: `lbi reason RECIPE` writes it"):
        export(store, RoomEnvironment(), "trl", tmp_path / "out", taught.ALL, Rows(reasons="hindsight"))
    done(stage(), store)
    made = export(store, RoomEnvironment(), "trl", tmp_path / "out", taught.ALL, Rows(reasons="hindsight"))
    assert made.rows_made.reasons == "hindsight" and "REASON: " in (tmp_path / "out/train.jsonl").read_text()
