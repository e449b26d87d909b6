"""WebArena-Verified's own evaluators on tasks of its schema, over a small application as their shop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from learn_by_interact.benchmarks.webarena import SITES
from learn_by_interact.benchmarks.webarena_verified import WebArenaVerified
from learn_by_interact.environments.web.actions import action
from learn_by_interact.types import STOP, Action
from shop import as_webarena_shop, graded

LOGIN = [
    'type "ann" into [textbox "User"]',
    'type "secret" into [textbox "Password"]',
    'click [button "Log in"]',
]
SAVE = ['click [link "New note"]', 'type "Fix roof" into [textbox "Title:"]', 'click [button "Save"]']


def task(
    number: int, kind: str, data: Any, schema: dict[str, Any], *events: dict[str, Any]
) -> dict[str, Any]:
    said = {"task_type": kind, "status": "SUCCESS", "retrieved_data": data}
    answer = {"evaluator": "AgentResponseEvaluator", "results_schema": schema, "expected": said}
    asked = [
        {"evaluator": "NetworkEventEvaluator", "last_event_only": False, "expected": one} for one in events
    ]
    return {
        "sites": ["shopping"],
        "task_id": number,
        "intent_template_id": number,
        "start_urls": ["__SHOPPING__/login"],
        "intent": f"Task {number}",
        "intent_template": f"Task {number}",
        "instantiation_dict": {},
        "eval": [answer, *asked],
        "revision": 1,
    }


def told(kind: str, data: Any = None) -> str:
    return json.dumps({"task_type": kind, "status": "SUCCESS", "retrieved_data": data, "error_details": None})


SAVED = {
    "url": "__SHOPPING__/save",
    "http_method": "POST",
    "post_data": {"title": "Fix roof", "kind": "plain"},
    "response_status": 303,
}
TASKS = [
    task(1, "retrieve", ["Buy paint"], {"type": "array", "items": {"type": "string"}}),
    task(2, "mutate", None, {"type": "null"}, SAVED),
]


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebArenaVerified]:
    folder = tmp_path_factory.mktemp("verified")
    with as_webarena_shop(folder / "notes") as patch:
        patch.setattr("learn_by_interact.benchmarks.webarena.LOGIN", {})
        # It grades only with all 812 tasks there.
        mine = {one["task_id"]: one for one in TASKS}
        every = json.loads(WebArenaVerified().dataset.read_text())
        (folder / "tasks.json").write_text(json.dumps([mine.get(one["task_id"], one) for one in every]))
        yield WebArenaVerified(folder / "tasks.json")


@pytest.mark.parametrize(
    ("number", "written", "answer", "score"),
    [
        (1, [], told("RETRIEVE", ["Buy paint"]), 1.0),
        (1, [], told("RETRIEVE", ["Call Ann"]), 0.0),
        (1, [], "Buy paint", 0.0),
        (2, [*LOGIN, *SAVE], told("MUTATE"), 1.0),
        (2, [*LOGIN, SAVE[0], SAVE[2]], told("MUTATE"), 0.0),
        (2, [*LOGIN, *SAVE], told("NAVIGATE"), 0.0),
    ],
)
def test_right_and_wrong_are_told_apart_by_what_the_browser_asked(
    arena: WebArenaVerified,
    number: int,
    written: list[str],
    answer: str,
    score: float,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WA_OUTPUT", str(tmp_path))
    todo = next(one for one in arena.tasks() if one.parent == str(number))
    assert todo.instruction.startswith(f"Task {number}\n")
    done = [*map(action, written), Action(tool=STOP, arguments={"answer": answer})]
    assert graded(arena, todo, done) == score
    assert (tmp_path / str(number) / "agent_response.json").read_text() == answer
    assert json.loads((tmp_path / str(number) / "network.har").read_text())["log"]["entries"]


def test_its_own_tasks_are_812(arena: WebArenaVerified, monkeypatch: pytest.MonkeyPatch) -> None:
    for site in SITES:
        monkeypatch.setenv(f"WA_{site.upper()}", f"http://{site}.test")
    assert len(WebArenaVerified().tasks()) == 812
