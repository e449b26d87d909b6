"""SWE-bench in an instance's image: what an agent does and sees there, and the official harness on it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import docker_engine
from learn_by_interact.benchmarks.swebench import SweBench
from learn_by_interact.benchmarks.swebench_docker import PACKAGE
from learn_by_interact.benchmarks.validate import validate
from learn_by_interact.environments.install import cache_folder
from learn_by_interact.environments.repository.environment import RepositoryEnvironment
from learn_by_interact.errors import ConfigError
from learn_by_interact.types import Action, Observation, Trajectory, digest
from project import CODE, FILES, OBJECTS, TESTS, committed, git, row, write
from room import bash

FIXED = CODE.replace("if value > high", "if value >= high + 1")
HIDDEN = TESTS + "\n    def test_bound(self):\n        self.assertEqual(clamp(3.5, 0, 3), 3.5)\n"
SECRETS = ("high + 1", "test_bound", "secret hint")
"""What the gold patch, the hidden tests and the hints say."""
CHECK = """#!/bin/bash
cd /testbed
python3 -m unittest -v tests.test_calc 2>&1 | sed -nE \\
  -e 's/^(\\w+) \\(.*\\) \\.\\.\\. ok$/PASSED tests\\/test_calc.py::TestCalc::\\1/p' \\
  -e 's/^(\\w+) \\(.*\\) \\.\\.\\. (FAIL|ERROR)$/FAILED tests\\/test_calc.py::TestCalc::\\1/p'
"""
"""Stands for pytest in the image: the tests' results as it prints them."""
DECLARED = """name = "calc-bench"
kind = "swebench"
description = "A project."
[sandbox]
kind = "docker"
[swebench]
rows = "rows.jsonl"
instances = ""
"""
EDIT = Action(
    tool="replace",
    arguments={"path": "calc/__init__.py", "old": "    if value > high:", "new": "    if value > 3.9:"},
)
INSTALLED = digest([[PACKAGE], sys.version, sys.base_prefix])


@pytest.fixture(scope="module")
def made(address: str, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The row of an instance whose image has a later commit, and a file of the base commit changed."""
    place = tmp_path_factory.mktemp("testbed") / "calc"
    later = FILES | {"calc/__init__.py": FIXED, "tests/test_calc.py": HIDDEN}
    first, fixed = committed(place, FILES, later)
    gold = git(place, "diff", first, fixed, "--", "calc")
    hidden = git(place, "diff", first, fixed, "--", "tests")
    git(place, "checkout", "-q", first)
    write(place, {"README.md": "# calc in an image\n", "calc.egg-info/PKG-INFO": "Name: calc\n"})
    git(place, "commit", "-q", "-a", "-m", "image")
    with docker_engine.project(address, image, f"lbi-calc-{os.getpid()}", place, {"check": CHECK}) as name:
        yield row(first, gold, hidden) | {"image": name, "version": "1.0"}


@pytest.fixture
def world(made: dict[str, str], address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweBench:
    monkeypatch.setenv("DOCKER_HOST", address)
    monkeypatch.setenv("LBI_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("LBI_SWEBENCH_ROWS", raising=False)
    return declare(tmp_path / "bench", made)


def declare(folder: Path, made: dict[str, str]) -> SweBench:
    write(folder, {"environment.toml": DECLARED, "rows.jsonl": json.dumps(made) + "\n"})
    return SweBench(folder)


def opened(world: SweBench) -> RepositoryEnvironment:
    environment = world.environment()
    assert isinstance(environment, RepositoryEnvironment)
    return environment


def test_an_agent_works_in_the_image(world: SweBench) -> None:
    (task,) = world.tasks()
    keys = []
    for _ in range(2):
        with opened(world) as environment:
            start = environment.reset(task)
            assert "calc/__init__.py (29 lines)" in start.text
            kept = environment.snapshot()
            seen = [
                environment.step(action)
                for action in (
                    Action(tool="search", arguments={"text": "def mean"}),
                    Action(tool="view", arguments={"path": "calc/__init__.py", "start": 4, "end": 5}),
                    EDIT,
                    bash("cd tests; python3 -c 'import sys; sys.path.insert(0, \"..\"); import calc'; pwd"),
                )
            ]
            assert seen[0].text == "calc/__init__.py:13: def mean(values):"
            assert "4  def clamp" in seen[1].text and "[changed: calc/__init__.py]" in seen[2].text
            assert seen[3].text == "/testbed/tests"
            patch = environment.patch()
            assert "+    if value > 3.9:" in patch and "README" not in patch and "egg-info" not in patch
            assert environment.step(Action(tool="undo")).state == start.state and not environment.patch()
            environment.step(EDIT)
            environment.restore(kept)
            assert not environment.patch()
            keys.append([start.key, *(one.key for one in seen)])
    assert keys[0] == keys[1]


def test_nothing_of_the_answer_is_in_the_container(world: SweBench) -> None:
    (task,) = world.tasks()
    with opened(world) as environment:
        start = environment.reset(task)
        seen = start.text
        for command in (f"git log --all --stat -p; {OBJECTS}; env; ls -a /", "cat README.md calc/*.py"):
            seen += environment.run_in(environment.sandbox, command).output
        # A pattern that does not find itself.
        patterns = " ".join(f"-e '[{one[0]}]{one[1:]}'" for one in SECRETS)
        found = f"grep -rIsl {patterns} / --exclude-dir=proc --exclude-dir=sys --exclude-dir=dev"
        assert not environment.run_in(environment.sandbox, found).output
        assert environment.step(bash("exec 3<>/dev/tcp/1.1.1.1/53")).failed
        docs, root = environment.documented()
        assert [one.read_text() for one in (root / docs.code[0]).rglob("calc/*.py")] == [CODE]
    assert "def clamp" in seen and "calc in an image" in seen and not any(one in seen for one in SECRETS)


def test_an_image_that_is_none_of_the_benchmark_is_told(
    world: SweBench, image: str, made: dict[str, str], tmp_path: Path
) -> None:
    (task,) = world.tasks()
    for name, (change, told) in {
        "a": ({"image": image}, "has no folder /testbed"),
        "b": ({"base_commit": "a" * 40}, "cannot be had"),
        "c": ({"image": "localhost:1/none:1"}, "docker cannot get the image"),
    }.items():
        other = declare(tmp_path / name, made | change)
        with pytest.raises(ConfigError, match=told), opened(other) as environment:
            environment.reset(task)
    with pytest.raises(ConfigError, match="example__calc-1: image: it names none"):
        declare(tmp_path / "d", made | {"image": ""}).tasks()


def test_without_docker_instances_are_prepared(tmp_path: Path, made: dict[str, str]) -> None:
    write(tmp_path, {"environment.toml": DECLARED.replace('kind = "docker"', 'kind = "bubblewrap"')})
    with pytest.raises(ConfigError, match="without Docker each instance is prepared"):
        SweBench(tmp_path)


@pytest.fixture
def official(world: SweBench, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The whole package, if it is in the cache already: it is large."""
    place = REAL / INSTALLED
    if not REAL.joinpath(f"{INSTALLED}.ready").exists():
        pytest.skip(f"{PACKAGE} is not in the cache; `lbi install` of a folder with Docker puts it there")
    if not shutil.which("docker"):
        pytest.skip("there is no command `docker`, which swebench calls")
    mine = tmp_path / "cache" / "environments"
    mine.mkdir(parents=True)
    (mine / INSTALLED).symlink_to(place)
    (mine / f"{INSTALLED}.ready").touch()


REAL = cache_folder() / "environments"


@pytest.mark.usefixtures("official")
def test_an_instance_proves_itself_by_run_evaluation(world: SweBench) -> None:
    (proof,) = validate(world)
    assert proof.message == "" and proof.proven


@pytest.mark.usefixtures("official")
@pytest.mark.parametrize(("code", "score"), [(FIXED, 1.0), (CODE + "\n", 0.0)])
def test_a_patch_is_graded_by_run_evaluation(
    world: SweBench, tmp_path: Path, code: str, score: float
) -> None:
    world = world.writing_to(tmp_path / "out", "plain-0")
    (task,) = world.tasks()
    with opened(world) as environment:
        environment.reset(task)
        environment.step(bash(f"printf '%s' '{code}' > calc/__init__.py; rm -r tests"))
        done = Trajectory(task=task.id, start=Observation(text="", key=""), steps=(), stop="done")
        assert world.grade(task, environment, done) == score
    _, report = world.official(tmp_path / "out", [task.parent])
    found = json.loads(report.read_text())
    assert (found["resolved_instances"], found["error_instances"]) == (int(score), 0)
    assert list((tmp_path / "out").rglob("run_instance.log"))


@pytest.mark.usefixtures("official")
def test_a_patch_that_does_not_apply_resolves_nothing(world: SweBench, tmp_path: Path) -> None:
    world = world.writing_to(tmp_path / "out", "plain-0")
    patch = "--- a/calc/__init__.py\n+++ b/calc/__init__.py\n@@ -1 +1 @@\n-nothing\n+something\n"
    assert world.report("example__calc-1", patch)["resolved"] is False
    _, report = world.official(tmp_path / "out", ["example__calc-1"])
    assert json.loads(report.read_text())["error_ids"] == ["example__calc-1"]
