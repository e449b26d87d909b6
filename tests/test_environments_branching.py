"""Snapshots of the shell environment: going back, and what is gone back to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from learn_by_interact.environments import Branching
from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.environments.shell import ShellEnvironment
from learn_by_interact.types import Observation, Task
from room import RoomEnvironment, bash

DECLARED = 'name = "small"\ndescription = "A folder with one file."\nstart = "start"\n'
TASK = Task(environment="small", instruction="none", setup={"run": "mkdir -p deep/er; echo x > deep/er/x"})


@pytest.fixture(params=["bubblewrap", "unsafe"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ShellEnvironment]:
    (tmp_path / "start").mkdir()
    (tmp_path / "start" / "a.txt").write_text("one\ntwo\n")
    (tmp_path / "environment.toml").write_text(DECLARED)
    folder = EnvironmentFolder.load(tmp_path)
    with ShellEnvironment(folder, unsafe=request.param == "unsafe") as environment:
        environment.reset(TASK)
        yield environment


def do(environment: ShellEnvironment, command: str) -> Observation:
    return environment.step(bash(command))


def test_the_shell_can_branch_and_the_room_cannot(small: ShellEnvironment) -> None:
    assert isinstance(small, Branching)
    assert not isinstance(RoomEnvironment(), Branching)


def test_files_folder_and_transcript_are_those_of_the_snapshot(small: ShellEnvironment) -> None:
    do(small, 'cd deep; echo mine > "$TMPDIR/note"; ln -s ../a.txt link; chmod 600 er/x')
    before = do(small, "pwd; ls -lR; cat $TMPDIR/note")
    kept, written = small.snapshot(), list(small.transcript)
    do(
        small,
        "cd ..; rm -r deep a.txt; mkdir deep; echo other > deep/other; rm $TMPDIR/note; touch $TMPDIR/new",
    )
    small.restore(kept)
    assert small.transcript == written
    after = do(small, "pwd; ls -lR; cat $TMPDIR/note")
    assert (after.text, after.state, after.key) == (before.text, before.state, before.key)
    assert do(small, "ls $TMPDIR/new").failed


def test_branches_do_not_see_each_other_and_snapshots_stay(small: ShellEnvironment) -> None:
    root = small.snapshot()
    do(small, "echo left > left; echo three >> a.txt")
    left = small.snapshot()
    small.restore(root)
    do(small, "echo right > right")
    right = small.snapshot()
    for _ in range(2):
        for name, files, lines in ((left, "a.txt deep left", "3"), (right, "a.txt deep right", "2")):
            small.restore(name)
            assert do(small, "echo $(ls); wc -l < a.txt").text.split("\n") == [files, lines]
            do(small, "rm -r *")
    small.restore(root)
    assert do(small, "echo $(ls)").text == "a.txt deep"


def test_folders_that_cannot_be_entered_are_put_away(small: ShellEnvironment) -> None:
    kept = small.snapshot()
    do(small, "mkdir -p shut/in; touch shut/in/x; chmod 0 shut/in; chmod 0 shut; chmod 500 .")
    small.restore(kept)
    assert do(small, "echo $(ls); touch new").text.startswith("a.txt deep\n[new: new]")


def test_what_is_kept_is_hidden_and_ends_with_the_episode(tmp_path: Path) -> None:
    (tmp_path / "environment.toml").write_text(DECLARED.replace('start = "start"\n', ""))
    with ShellEnvironment(EnvironmentFolder.load(tmp_path)) as environment:
        environment.reset(TASK.model_copy(update={"setup": {}}))
        do(environment, "echo secret > found")
        environment.snapshot()
        do(environment, "rm found")
        assert "secret" not in do(environment, "cat $(find / -name found 2>/dev/null) </dev/null").text
        folder = environment.sandbox.home.parent
        assert list(folder.rglob("found"))
    assert not folder.exists()


def test_an_episode_after_a_restore_is_like_one_from_a_reset(small: ShellEnvironment) -> None:
    commands = ("cat a.txt", "cd deep", "echo y > y; ls")
    start = small.snapshot()
    first = [do(small, command) for command in commands]
    small.restore(start)
    assert [do(small, command) for command in commands] == first


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives the sandbox another user")
def test_what_is_put_back_belongs_to_the_sandbox_s_user(small: ShellEnvironment) -> None:
    if small.unsafe:
        pytest.skip("commands run as the user who copied the files")
    small.restore(small.snapshot())
    assert do(small, "echo more >> deep/er/x && rm a.txt && stat -c %U deep").text.startswith("user\n[")
