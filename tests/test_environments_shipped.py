"""The environments that come along: some tasks, with a solution that is right and one that nearly is."""

from __future__ import annotations

from pathlib import Path

import pytest

from learn_by_interact.benchmarks.folder import FolderBenchmark
from learn_by_interact.environments.web import application
from learn_by_interact.types import Action
from shop import graded

ENVIRONMENTS = Path(__file__).parent.parent / "environments"
NEAR = {
    "sqlite-utils": {
        "duplicate-table": (
            "duplicate library.db books books_backup",
            "create-view library.db books_backup 'select * from books'",
        ),
        "unique-index": (" --unique", ""),
    },
    "taskwarrior": {
        "priority-route": ("priority:H", "priority:M"),
        "finish-two": ("task 2 4 done", "task 2 done"),
    },
    "fava": {
        "fuel": ("70.10", "71.10"),
        "split-receipt": ("Expenses:Ingredients:Fruit", "Expenses:Marketing"),
        "note-rent": ("1010", "1100"),
        "correct-flyers": ("#summer-fair", ""),
        "income-2023": ("2023", "2024"),
        "wages-2023": ("28350.00", "28350.01"),
    },
    "trac": {
        "days-late": ("7", "8"),
        "reassign-22": ("ben", "chloe"),
        "accept-27": ("accept", "leave"),
    },
    "roundup": {
        "resolve-6": ("resolved", "testing"),
        "new-colleague": ("emil@", "emilia@"),
        "watch-14": ("ben,dan", "dan"),
        "duplicate-of-2": ("2", "3"),
    },
}
"""Environment -> task -> what makes its gold solution a wrong one."""


@pytest.mark.slow
@pytest.mark.parametrize("name", NEAR)
def test_tasks_tell_the_gold_solution_from_one_that_is_nearly_right(name: str) -> None:
    benchmark = FolderBenchmark(ENVIRONMENTS / name)
    tasks = {task.parent: task for task in benchmark.tasks()}
    assert len(tasks) >= (20 if name == "roundup" else 40)
    for known, change in NEAR[name].items():
        task = tasks[known]
        gold = benchmark.gold(task)
        assert graded(benchmark, task, gold) == 1.0, known
        assert graded(benchmark, task, [nearly(one, *change) for one in gold]) == 0.0, known
    application.close_all()


def nearly(done: Action, right: str, wrong: str) -> Action:
    """An action in which one text stands for another."""
    arguments = {key: str(value).replace(right, wrong) for key, value in done.arguments.items()}
    return Action(tool=done.tool, arguments=arguments)
