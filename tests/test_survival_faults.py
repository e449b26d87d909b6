"""What goes wrong around a run: each has one clear sentence, an intact folder, and a way on."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest

import survival_policies
import tiny
from learn_by_interact.config import Recipe
from learn_by_interact.engine.store import Store
from learn_by_interact.errors import ConfigError
from learn_by_interact.models import Message, Request
from learn_by_interact.types import Document, Task, Trajectory
from models_server import Answer, Body, completion, serving
from survival import Left, finish, go, left, same, start


class Whole:
    """The tiny world, its recipe, and what an undisturbed run of it leaves."""

    def __init__(self, folder: Path) -> None:
        self.recipe = tiny.make(folder)
        ended = go(self.recipe, folder / "whole")
        assert ended.code == 0, ended.errors
        self.run = folder / "whole"
        self.left: Left = left(self.run)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return Whole(tmp_path_factory.mktemp("whole"))


def check_whole(whole: Whole, run: Path, **changes: Any) -> None:
    """The same command without the fault goes on to the end, as if nothing had been."""
    ended = go(whole.recipe, run, **changes)
    assert ended.code == 0, ended.errors
    same(left(run), whole.left)


def test_a_second_process_on_a_run_folder_is_turned_away(whole: Whole, tmp_path: Path) -> None:
    first = start(whole.recipe, tmp_path / "run")
    while not (tmp_path / "run" / "run.sqlite").exists():
        assert first.poll() is None
        time.sleep(0.01)
    said = go(whole.recipe, tmp_path / "run").sentence
    assert f"in use by process {first.pid}: wait for it, stop it, or name another run folder" in said
    assert finish(first).code == 0
    same(left(tmp_path / "run"), whole.left)


def test_a_run_of_a_newer_version_is_left_alone(whole: Whole, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole.run, run)
    for version, passes in (("2", False), ("1", True)):
        with apsw.Connection(str(run / "run.sqlite")) as db:
            db.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (version,))
        if passes:
            check_whole(whole, run)
        else:
            said = go(whole.recipe, run).sentence
            assert "newer version of this program (schema 2" in said and "upgrade" in said


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """A file system of this size, mounted on a folder."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    done = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False).returncode == 0
    if not done:
        pytest.skip("needs the right to mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("free_kb", [60, 600])
def test_a_full_disk_stops_the_run_until_there_is_room(whole: Whole, tmp_path: Path, free_kb: int) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, 6):
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(6 * 2**20 - free_kb * 1024))
        said = go(whole.recipe, disk / "run").sentence
        assert re.search("full: free some space|No space left on device", said), said
        ballast.unlink()
        check_whole(whole, disk / "run")


def test_a_file_that_may_not_grow_stops_the_run_cleanly(whole: Whole, tmp_path: Path) -> None:
    run = tmp_path / "run"
    said = go(whole.recipe, run, file_kb=150).sentence
    assert "check the disk, then run the same command again" in said
    check_whole(whole, run)


def test_a_budget_stops_the_run_until_it_is_raised(whole: Whole, tmp_path: Path) -> None:
    run, log = tmp_path / "run", tmp_path / "log"
    for tokens in (1500, 4000):
        said = go(whole.recipe, run, log, budget={"tokens": tokens}).sentence
        assert f"budget of {tokens:,} tokens is reached" in said and "raise `tokens` under [budget]" in said
        spent = left(run).usage
        most = max(attempt_tokens(run))
        assert tokens <= spent.prompt - spent.cached + spent.completion < tokens + 2 * most
    assert go(whole.recipe, run, log).code == 0
    same(left(run), whole.left)
    assert max(Counter(log.read_text().split()).values()) == 1


def attempt_tokens(run: Path) -> list[int]:
    with Store(run, readonly=True) as store:
        taken = [attempt.usage for attempt in store.attempts()]
        return [usage.prompt - usage.cached + usage.completion for usage in taken]


def answering(body: Body) -> str:
    """The tiny policy behind an HTTP endpoint."""
    messages = tuple(Message(role=one["role"], content=one["content"]) for one in body["messages"])
    return tiny.policy(Request(model=body["model"], messages=messages))


def endpoint(url: str, **more: Any) -> dict[str, Any]:
    """Changes of a recipe whose model is at this address."""
    return {"model": {"name": f"{url}#m", **more}, "judge": {"models": []}}


def test_a_wrong_key_stops_the_run_with_one_sentence(whole: Whole, tmp_path: Path) -> None:
    run = tmp_path / "run"
    refused = Answer({"error": {"message": "no such key"}}, status=401)
    with serving(lambda body, number: refused) as seen:
        said = go(whole.recipe, run, **endpoint(seen.url)).sentence
        assert "refused the key (401): check the API key" in said
        assert len(seen.bodies) <= 2, "a wrong key was tried again"
    with Store(run, readonly=True) as store:
        assert store.count(Document) == 6 and not store.count(Task)
        assert [attempt.stage for attempt in store.attempts()] == ["ingest"]
    check_whole(whole, run)


def test_an_endpoint_that_is_away_for_a_while_is_waited_for(whole: Whole, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    run = tmp_path / "run"
    process = start(whole.recipe, run, **endpoint(f"http://127.0.0.1:{port}/v1"))
    time.sleep(3)
    assert process.poll() is None
    with serving(lambda body, number: Answer(completion(answering(body))), port):
        assert finish(process).code == 0
    found = left(run)
    assert found.records["Example"] == whole.left.records["Example"] and not found.failed


BAD = {
    "count": completion(""),
    "sort": completion(None),
    "reverse": completion("ACTION: echo " + "x" * 3_000_000),
    "number": completion("x" * 3_000_000),
    "upper": completion("ACTION: \x00\x01\ufffd\x7f" + "".join(map(chr, range(128, 160)))),
    "first": completion("\ud800\udfff"),
}
"""What the endpoint says instead, by the operation that is asked for on colors.txt."""


def test_replies_that_cannot_be_used_cost_their_episode_only(whole: Whole, tmp_path: Path) -> None:
    def answer(body: Body, number: int) -> Answer:
        asked = str(body["messages"][1]["content"])
        for name, operation in tiny.OPERATIONS.items():
            if f"Your task: {operation.task.replace('$F', 'colors.txt')}" in asked:
                return Answer(BAD[name])
        return Answer(completion(answering(body)))

    run = tmp_path / "run"
    with serving(answer) as seen:
        ended = go(whole.recipe, run, **endpoint(seen.url))
        assert ended.code == 0, ended.errors
    stops = {True: Counter[str](), False: Counter[str]()}
    with Store(run, readonly=True) as store:
        for trajectory in store.records(Trajectory):
            task = store.get(trajectory.task)
            assert isinstance(task, Task)
            stops["colors.txt" in task.instruction][trajectory.stop] += 1
    # The enormous ones are cut to what the model was allowed to say, and are commands then.
    assert set(stops[True]) == {"malformed reply", "repeated action"} and stops[True].total() >= 6
    assert set(stops[False]) == {"done"}
    assert not left(run).failed


def test_an_endpoint_that_speaks_no_json_fails_its_inputs_only(whole: Whole, tmp_path: Path) -> None:
    def answer(body: Body, number: int) -> Answer:
        if "documentation (sort)" in str(body["messages"][-1]["content"]):
            return Answer(b"\x89PNG\r\n\x1a\n\x00\xff")
        return Answer(completion(answering(body)))

    run = tmp_path / "run"
    with serving(answer) as seen:
        assert go(whole.recipe, run, **endpoint(seen.url, patience=0.5)).code == 0
        assert [error.split(":")[0] for error in left(run).failed] == ["model"]
        assert "gave up after" in left(run).failed[0]


def test_commands_that_hang_fork_or_fill_the_disk_cost_their_step_only(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    declared = tmp_path / "world" / "environment.toml"
    declared.write_text(declared.read_text().replace("seconds = 10", "seconds = 1"))
    run = tmp_path / "run"
    ended = go(recipe, run, model={"name": survival_policies.SCRIPT}, pool={"workers": 6})
    assert ended.code == 0, ended.errors
    assert not left(run).failed
    ends: dict[str, str] = {}
    with Store(run, readonly=True) as store:
        proposed = {task.id for document in store.ids(Document) for task in store.records(Task, document)}
        for trajectory in store.records(Trajectory):
            commands = [step.action.arguments.get("command") for step in trajectory.steps]
            for at, command in enumerate(commands):
                if command in survival_policies.ROUGH.values():
                    assert trajectory.task in proposed and trajectory.steps[at].observation.failed
                    assert at + 1 < len(commands), "the episode ended there"
                    ends[trajectory.task] = trajectory.steps[at].observation.text.split("\n")[-1]
    counted = Counter(ends.values())
    assert counted == {"[killed: it ran longer than 1 s]": 12, "[killed: the folder grew over 4 MB]": 6}
    assert not list((tmp_path / "tmp").glob("lbi-*")), "an episode left its folder behind"


def test_an_unknown_key_is_named_with_its_file(tmp_path: Path) -> None:
    recipe = tiny.make(tmp_path)
    recipe.write_text(recipe.read_text() + "\n[explore.limits]\nstep = 3\n")
    with pytest.raises(ConfigError) as caught:
        Recipe.load(recipe)
    assert str(caught.value).startswith(f"{recipe}: unknown key explore.limits.step; known here: steps")
    recipe.write_text(recipe.read_text().replace("[judge]", "[jugde]").replace("step = 3", ""))
    said = go(recipe, tmp_path / "run").sentence
    assert f"{recipe}: unknown key jugde; known here:" in said
    assert not (tmp_path / "run").exists()
