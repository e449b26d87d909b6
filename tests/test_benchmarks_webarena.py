"""WebArena's own evaluators on tasks of its schema, over a small application in the place of its shop."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from learn_by_interact.benchmarks.webarena import SITES, WebArena, WebArenaEnvironment
from learn_by_interact.environments.web.actions import action
from learn_by_interact.errors import ConfigError
from learn_by_interact.types import STOP, Action, Task, Trajectory
from shop import as_webarena_shop, graded

pytest.importorskip("webarena", reason="libwebarena is not installed")


def task(number: int, kinds: list[str], **more: Any) -> dict[str, Any]:
    checks = {"eval_types": kinds, "reference_answers": None, "reference_url": "", "program_html": [], **more}
    return {
        "sites": ["shopping"],
        "task_id": number,
        "require_login": False,
        "storage_state": None,
        "start_url": "__SHOPPING__/help",
        "intent": f"Task {number}",
        "eval": checks,
    }


TASKS = [
    task(1, ["string_match"], reference_answers={"exact_match": "A title and a kind"}),
    task(2, ["string_match"], reference_answers={"must_include": ["title", "kind"]}),
    task(3, ["url_match"], reference_url="__SHOPPING__/help/more", url_note="GOLD in PRED"),
    task(
        4,
        ["program_html"],
        program_html=[
            {
                "url": "last",
                "locator": "document.querySelector('h1').outerText",
                "required_contents": {"exact_match": "More help"},
            }
        ],
    ),
    {**task(5, ["string_match"], reference_answers={"exact_match": "x"}), "sites": ["shopping", "gitlab"]},
    {
        **task(6, ["url_match"], reference_url="__SHOPPING__/help"),
        "start_url": "__SHOPPING__/help |AND| __SHOPPING__/help/more",
    },
]


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebArena]:
    folder = tmp_path_factory.mktemp("webarena")
    (folder / "tasks.json").write_text(json.dumps(TASKS))
    with as_webarena_shop(folder / "notes"):
        yield WebArena(folder / "tasks.json")


@pytest.mark.parametrize(
    ("number", "written", "answer", "score"),
    [
        (1, [], "a title and a kind", 1.0),
        (1, [], "a title", 0.0),
        (2, [], "It has a title and some kind.", 1.0),
        (2, [], "It has a title.", 0.0),
        (3, ['click [link "more"]'], "", 1.0),
        (3, [], "", 0.0),
        (4, ["goto /help/more"], "", 1.0),
        (4, [], "", 0.0),
    ],
)
def test_right_and_wrong_are_told_apart(
    arena: WebArena, number: int, written: list[str], answer: str, score: float
) -> None:
    todo = next(one for one in arena.tasks() if one.parent == str(number))
    done = [*map(action, written), Action(tool=STOP, arguments={"answer": answer})]
    assert graded(arena, todo, done) == score


def test_a_task_may_begin_with_several_tabs(arena: WebArena) -> None:
    todo = next(one for one in arena.tasks() if one.parent == "6")
    with arena.environment() as environment:
        assert isinstance(environment, WebArenaEnvironment)
        seen = environment.reset(todo)
        assert seen.text.startswith("URL: /help\n") and "Tabs: 1 (this one), 2" in seen.text
        assert environment.transcript == []


def test_tasks_of_sites_that_are_not_there_are_left_out_and_told(arena: WebArena) -> None:
    assert [one.parent for one in arena.tasks()] == ["1", "2", "3", "4", "6"]
    assert arena.missing == ["WA_GITLAB is not set: 1 tasks need gitlab."]


def test_its_own_tasks_are_812(arena: WebArena, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(WebArena().tasks()) == 187
    for site in SITES:
        monkeypatch.setenv(f"WA_{site.upper()}", f"http://{site}.test")
    whole = WebArena()
    assert len(whole.tasks()) == 812 and whole.missing == []
    assert whole.folder.web is not None and len(whole.folder.web.login) == 16
    for site in SITES:
        monkeypatch.delenv(f"WA_{site.upper()}")
    with pytest.raises(ConfigError, match="no site is named; set those that you run: WA_SHOPPING, "):
        WebArena()


def test_a_task_that_it_does_not_have_is_not_graded(arena: WebArena) -> None:
    from learn_by_interact.errors import GraderFault

    other = Task(environment="webarena", instruction="", parent="99")
    with arena.environment() as environment, pytest.raises(GraderFault, match="no task '99'"):
        start = environment.reset(other)
        arena.grade(other, environment, Trajectory(task=other.id, start=start, steps=(), stop="done"))
