"""Repair tasks: mistakes that a project's tests find, and the proof of each."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny
from learn_by_interact.agents.rollout import Limits, rollout
from learn_by_interact.benchmarks.mutate import mutants
from learn_by_interact.benchmarks.repairs import Repairs, shown
from learn_by_interact.benchmarks.repairs import make as make_repairs
from learn_by_interact.benchmarks.repairs import write as write_repairs
from learn_by_interact.benchmarks.repository import RepositoryBenchmark
from learn_by_interact.benchmarks.validate import validate
from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.errors import ConfigError
from learn_by_interact.registry import benchmark
from learn_by_interact.stages.rehearse import Knowing
from project import CODE, TESTS, make, write
from room import Reciter, bash

ALL = '''def f(a, b, *, wide=True):
    """Not here: 1 < 2."""
    if not a or b is None:
        return g(a, b)[1] == (a) + 2
    return a not in b and "x" + b
'''


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for the cache, which is in use."""
    place = tmp_path_factory.mktemp("repairs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LBI_CACHE", str(place / "cache"))
        yield place


@pytest.fixture(scope="module")
def world(cached: Path) -> RepositoryBenchmark:
    """The project's benchmark, with four repairs."""
    folder = EnvironmentFolder.load(make(cached / "proven"))
    write_repairs(folder, make_repairs(folder, 4))
    return RepositoryBenchmark(folder.path)


@pytest.fixture
def folder(cached: Path, tmp_path: Path) -> EnvironmentFolder:
    return EnvironmentFolder.load(make(tmp_path))


def test_a_mutant_is_one_edit_of_code_that_can_be_read() -> None:
    found = mutants(ALL)
    for one in found:
        assert ast.dump(ast.parse(one.apply(ALL))) != ast.dump(ast.parse(ALL))
    changed = {(one.kind, ALL[one.begin : one.end], one.new) for one in found}
    assert changed == {
        ("not", "not ", ""),
        ("and-or", "or", "and"),
        ("comparison", "is", "is not"),
        ("arguments", "a, b", "b, a"),
        ("off-by-one", "1", "2"),
        ("comparison", "==", "!="),
        ("operator", "+", "-"),
        ("off-by-one", "2", "3"),
        ("comparison", "not in", "in"),
        ("and-or", "and", "or"),
    }
    assert mutants('def f():\n    return "ä" * 3 if é < 1 else 0\n')[-1].kind == "off-by-one"
    with pytest.raises(SyntaxError):
        mutants("def f(:")


def test_repairs_are_found_and_prove_themselves(world: RepositoryBenchmark) -> None:
    assert benchmark(str(world.folder.path)).tasks() == world.tasks() and len(world.tasks()) == 4
    assert world.repairs and len(world.repairs.passed) == 3
    assert (
        max(
            sum(one.function == two.function for two in world.repairs.repairs)
            for one in world.repairs.repairs
        )
        == 2
    )
    assert all(one.proven for one in validate(world, workers=2))
    (task, *_) = world.tasks()
    repair = next(one for one in world.repairs.repairs if one.name == task.parent)
    assert repair.fails[0] in task.instruction
    assert not any(
        line[1:].strip() in task.instruction for line in repair.patch.split("\n") if line[:1] == "-"
    )


@pytest.mark.parametrize(
    "command",
    [
        "true",
        "sed -i 's/self.assert.*/pass/' tests/test_calc.py",
        "rm -r tests",
        "echo 'def clamp(*a): return 1' >> calc/__init__.py",
        "rm calc/__init__.py",
    ],
)
def test_what_repairs_nothing_is_not_solved(world: RepositoryBenchmark, command: str) -> None:
    task = world.tasks()[0]
    with world.environment() as environment:
        done = rollout(
            Reciter(command),
            environment,
            task,
            Limits(steps=1),
            lambda one: world.grade(task, environment, one),
        )
    assert done.score == 0.0


def test_a_small_project_leaves_some_of_its_functions_for_practice(folder: EnvironmentFolder) -> None:
    whole, shared = make_repairs(folder, 40), make_repairs(folder, 40, practice=9)
    held, learned = ({one.function for one in some} for some in (shared.repairs, shared.practice))
    assert (
        held and learned and not held & learned and held | learned <= {one.function for one in whole.repairs}
    )
    assert len(learned) < len(held)


def test_a_search_that_is_stopped_keeps_what_it_found(folder: EnvironmentFolder) -> None:
    told: list[str] = []

    def say(line: str) -> None:
        told.append(line)
        if line.startswith("2/"):
            raise KeyboardInterrupt

    found = make_repairs(folder, 40, workers=1, say=say, practice=9)
    assert len(found.repairs) == 1 and not found.practice
    assert "what was found until now is kept" in told[-1]
    whole = make_repairs(folder, 40, workers=1)
    assert found.repairs[0] in whole.repairs

    def at_once(line: str) -> None:
        if line.startswith("1/"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_repairs(folder, 40, say=at_once)


def test_what_is_practised_is_in_other_functions_and_its_way_mends_it(folder: EnvironmentFolder) -> None:
    repairs = make_repairs(folder, 2, practice=9)
    write_repairs(folder, repairs)
    held = {one.function for one in repairs.repairs}
    assert repairs.practice and not held & {one.function for one in repairs.practice}
    assert not {one.fails for one in repairs.repairs} & {one.fails for one in repairs.practice}
    practising = RepositoryBenchmark(folder.path)
    ways = []
    for task, one in zip(practising.rehearsals(), repairs.practice, strict=True):
        assert task not in practising.tasks() and one.fails[0] in task.instruction
        with practising.environment() as environment:
            done = rollout(Knowing(practising), environment, task, Limits(steps=9))
        ways.append([step.action.tool for step in done.steps])
        if done.stop == "malformed reply":
            assert "leads to" in done.error and "replace" not in ways[-1]
            continue
        looked = done.steps[-4].observation.text
        assert all(line in looked for line in one.old.split("\n")), "what is replaced was seen"
        assert "OK" in done.steps[-2].observation.text, "the tests pass"
    assert any(len(way) > 4 for way in ways), ways


def test_what_is_replaced_stands_once() -> None:
    text = "def f(a):\n    if a:\n        return 1\n    return 2\n\ndef g():\n    b = 0\n    return 2\n"
    for mutant in mutants(text):
        about, after = shown(text, mutant), mutant.apply(text)
        assert after.count(about["old"]) == 1 and after.replace(about["old"], about["new"]) == text
        lines = after.split("\n")[about["line"] - 1 :]
        assert "\n".join(lines).startswith(about["old"])


def test_another_way_to_repair_counts(world: RepositoryBenchmark) -> None:
    task = world.tasks()[0]
    code = CODE.replace("return low", "return (low)").replace("'", "'\\''")
    with world.environment() as environment:
        environment.reset(task)
        environment.step(bash(f"printf '%s' '{code}' > calc/__init__.py; rm -r tests"))
        done = rollout(Reciter("ls"), world.environment(), task, Limits(steps=1))
        assert world.grade(task, environment, done) == 1.0


def test_repairs_of_other_files_are_refused(world: RepositoryBenchmark, folder: EnvironmentFolder) -> None:
    assert world.repairs and Repairs.load(folder) is None
    write_repairs(folder, world.repairs)
    assert Repairs.load(folder) == world.repairs
    write(folder.path / "project", {"calc/more.py": "x = 1\n"})
    with pytest.raises(ConfigError, match="has changed since; make it anew: lbi repairs"):
        Repairs.load(folder)
    (folder.path / "repairs.json").write_text("{}")
    with pytest.raises(ConfigError, match="no file of repairs"):
        RepositoryBenchmark(folder.path)


def test_a_project_without_tests_or_tasks_is_told(folder: EnvironmentFolder) -> None:
    assert RepositoryBenchmark(folder.path).tasks() == []
    with pytest.raises(ConfigError, match=r"no held-out tasks, .* lbi repairs"):
        validate(RepositoryBenchmark(folder.path))
    write(
        folder.path / "project",
        {"tests/test_calc.py": TESTS.replace("(2, 0)", "(9, 9)").split("    def test_c")[0]},
    )
    write(folder.path / "project", {"calc/__init__.py": "raise SystemExit(1)\n"})
    with pytest.raises(ConfigError, match="no test passes in the project as it is"):
        make_repairs(EnvironmentFolder.load(folder.path), 3)


def test_the_command_writes_repairs_and_tells_what_is_wrong(folder: EnvironmentFolder) -> None:
    done = tiny.lbi("repairs", folder.path, "--most", "2", "--json")
    told = json.loads(done.stdout)
    assert told.pop("practice") > 0
    assert told == {"file": str(folder.path / "repairs.json"), "repairs": 2, "tests": 3}
    assert tiny.lbi("validate", folder.path).returncode == 0
    write(folder.path / "project", {"calc/__init__.py": "raise SystemExit(1)\n"})
    failed = tiny.lbi("repairs", folder.path)
    assert failed.returncode == 2 and "error: " in failed.stderr and "no test passes" in failed.stderr
