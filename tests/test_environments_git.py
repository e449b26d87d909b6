"""A folder that is a git repository: two that came about in the same way have the same fingerprint."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.environments.git_index import staged
from learn_by_interact.environments.shell import ShellEnvironment
from learn_by_interact.types import Action, Task

DECLARED = '''
name = "repository"
description = "A git repository."
prepare = """
git init -q -b main . && git config user.name A && git config user.email a@b && echo x > a
git add a && git commit -qm a
"""
look = "git status --short"
'''


def states(folder: EnvironmentFolder, *commands: str) -> list[str]:
    with ShellEnvironment(folder) as environment:
        found = [environment.reset(Task(environment="repository", instruction="none")).state]
        for command in commands:
            seen = environment.step(Action(tool="bash", arguments={"command": command}))
            assert not seen.failed, seen.text
            found.append(seen.state)
    return found


def test_what_git_notes_of_files_is_no_part_of_the_state_and_what_is_staged_is(tmp_path: Path) -> None:
    (tmp_path / "environment.toml").write_text(DECLARED)
    folder = EnvironmentFolder.load(tmp_path)
    later = "GIT_COMMITTER_DATE='1800000000 +0000' git update-ref refs/heads/main HEAD -m x --create-reflog"
    commands = (
        "echo y > a; touch b",
        "git add b",
        "git add a",
        "git commit -qm b",
        "touch a; git status",
        later,
    )
    first, second = states(folder, *commands), states(folder, *commands)
    assert first == second, "times, inode numbers and the clock do not count"
    assert len(set(first[:5])) == 5 and first[4] == first[5] == first[6]


def test_an_index_is_read_as_git_reads_it(tmp_path: Path) -> None:
    def git(*words: str) -> str:
        names = {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        done = subprocess.run(
            ["git", *words], cwd=tmp_path, capture_output=True, text=True, env={**os.environ, **names}
        )
        return done.stdout

    git("init", "-q", "-b", "main", ".")
    for number in range(1, 12):
        (tmp_path / ("n" * number)).write_text(f"{number}")
    (tmp_path / "run").write_text("x")
    (tmp_path / "run").chmod(0o755)
    git("add", ".")
    git("commit", "-qm", "a")
    git("switch", "-qc", "side")
    (tmp_path / "n").write_text("side")
    git("commit", "-qam", "b")
    git("switch", "-q", "main")
    (tmp_path / "n").write_text("main")
    git("commit", "-qam", "c")
    git("merge", "side")
    (tmp_path / "later").write_text("")
    git("add", "--intent-to-add", "later")
    content = (tmp_path / ".git" / "index").read_bytes()
    assert content[7] == 3, "with what only that version has"
    told = git("ls-files", "--stage").replace("\t", " ").splitlines()
    assert len({line.split()[2] for line in told}) == 4, "a conflict has three more stages"
    assert (staged(content) or "").splitlines() == told
    assert staged(content[:100]) is None and staged(b"DIRC") is None and staged(b"x" * 99) is None
