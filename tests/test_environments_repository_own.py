"""Repositories as people have them: encodings, line ends, links, submodules, folders within others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import tiny
from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.environments.repository.environment import RepositoryEnvironment
from learn_by_interact.environments.repository.source import files
from learn_by_interact.types import Action, Observation, Task
from project import FILES, committed, git, make, write

TASK = Task(environment="calc", instruction="")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LBI_CACHE", str(tmp_path / "cache"))


def opened(folder: Path) -> RepositoryEnvironment:
    return RepositoryEnvironment(EnvironmentFolder.load(folder))


def do(environment: RepositoryEnvironment, *written: str) -> list[Observation]:
    return [environment.step(environment.actions.parse(f"ACTION: {one}")[1]) for one in written]


def block(path: str, old: str, new: str) -> str:
    return f"replace {path}\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE"


def test_a_project_with_a_submodule_links_and_tracked_products_is_taken(tmp_path: Path) -> None:
    make(tmp_path)
    project, other = tmp_path / "project", tmp_path / "other"
    committed(other, {"data.txt": "1\n"})
    committed(project, {"kept.log": "tracked though ignored\n"})
    write(project, {"kept.log": "tracked though ignored\n", "gone.log": "ignored\n"})
    git(project, "add", "-f", "kept.log")
    git(project, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "parts/other")
    (project / "link.py").symlink_to("calc/__init__.py")
    (project / "broken").symlink_to("nowhere")
    committed(project / "nested", {"inner.txt": "2\n"})
    with opened(tmp_path) as environment:
        environment.reset(TASK)
        found = {str(one.relative_to(environment.home)) for one in environment.home.rglob("*")}
        assert {"parts/other/data.txt", "nested/inner.txt", "kept.log", "link.py", "broken"} <= found
        assert "gone.log" not in found and "parts/other/.git" not in found
        seen = do(environment, "git log --all --oneline | wc -l", "echo 2 >> kept.log", "search 'def mean'")
        assert seen[0].text.strip() == "1" and seen[2].text == "calc/__init__.py:13: def mean(values):"
        assert "+2\n" in environment.patch()


def test_the_files_of_a_folder_within_a_repository_or_in_none(tmp_path: Path) -> None:
    committed(tmp_path / "whole", {"part/a.py": "x = 1\n", ".gitignore": "out/\n"})
    write(tmp_path / "whole", {"part/out/b.py": "", "part/c.py": "x = 2\n"})
    assert set(files(tmp_path / "whole" / "part")) == {"a.py", "c.py"}
    loose = {"a.py": "x = 1\n", "env3/pyvenv.cfg": "", "env3/lib/b.py": "", "node_modules/c/d.py": ""}
    assert list(files(write(tmp_path / "loose", loose))) == ["a.py"]


def test_a_patch_holds_what_git_alone_cannot_tell(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "project" / "latin.py").write_bytes("# coding: latin-1\nNAME = 'é'\n".encode("latin-1"))
    setup = {"patch": "--- a/README.md\n+++ b/README.md\n@@ -1 +1 @@\n-# calc\n+# Calc\n"}
    with opened(tmp_path) as environment:
        environment.reset(TASK.model_copy(update={"setup": setup}))
        do(
            environment,
            "sed -i 's/NAME/NAMES/' latin.py",
            "chmod +x README.md; mv calc/__init__.py calc/moved.py; printf '\\0\\1' > new.bin",
            "git init -q empty; echo x > empty/a.txt; git init -q full; echo x > full/b.txt",
            "cd full; git add -A; git -c user.name=a -c user.email=a@b commit -qm x; cd ..",
            "for at in $(seq 1500); do echo $at > a-file-with-a-name-that-makes-a-long-line-$at.txt; done",
            "head -c 1200000 /dev/urandom > large.bin",
        )
        patch = environment.patch()
    assert patch.count("a-file-with-a-name") >= 1500 and "\udce9" in patch and "new mode 100755" in patch
    assert all(name in patch for name in ("empty/a.txt", "full/b.txt", "calc/moved.py", "new.bin"))
    with opened(tmp_path) as environment, environment.open(filled=True) as sandbox:
        environment.apply(sandbox, setup["patch"])
        environment.apply(sandbox, patch)
        assert (sandbox.home / "latin.py").read_bytes().decode("latin-1").endswith("NAMES = 'é'\n")
        assert (sandbox.home / "large.bin").stat().st_size == 1_200_000


def test_the_tools_keep_encodings_and_line_ends_and_show_what_fits(tmp_path: Path) -> None:
    make(tmp_path)
    project = tmp_path / "project"
    (project / "latin.py").write_bytes("# coding: latin-1\nNAME = 'é'\n".encode("latin-1"))
    (project / "crlf.py").write_bytes(b"def f(a):\r\n    if a:\r\n        return 1\r\n    return 2\r\n")
    wide = "\n".join(
        f"name_{at} = 'a value that takes a good part of a line, number {at}'" for at in range(200)
    )
    write(project, {"long.py": f"DATA = [{'1, ' * 9000}]\n\n\ndef f():\n    pass\n", "empty.py": ""})
    write(project, {"wide.py": f"{wide}\n\n\ndef last():\n    pass\n"})
    with opened(tmp_path) as environment:
        environment.reset(TASK)
        latin, crlf, empty, euro = do(
            environment,
            block("latin.py", "NAME = 'é'\n", "NAME = 'ü'\n"),
            block("crlf.py", "    if a:\n        return 1\n", ""),
            block("empty.py", "", "x = 1\n"),
            block("latin.py", "NAME = 'ü'\n", "NAME = '€'\n"),
        )
        assert not latin.failed and not crlf.failed and not empty.failed
        assert euro.failed and "latin-1, which has no '€'" in euro.text
        assert (environment.home / "latin.py").read_bytes().endswith(b"NAME = '\xfc'\n")
        assert (environment.home / "crlf.py").read_bytes() == b"def f(a):\r\n    return 2\r\n"
        assert (environment.home / "empty.py").read_text() == "x = 1\n"
        long, viewed, found, nothing, far = do(
            environment,
            "view long.py",
            "view wide.py",
            "search ü",
            'search ""',
            block("crlf.py", "zzzzzzzz\n", "a\n"),
        )
        assert "more characters]" in long.text and "5      pass" in long.text and len(long.text) < 1000
        assert "left out" not in viewed.text and viewed.text.lstrip().startswith("1  ")
        assert "def last" in viewed.text and "[wide.py: lines 1 to " in viewed.text
        assert found.text.startswith("latin.py:2: NAME") and nothing.failed and "which text" in nothing.text
        assert "look at it with view crlf.py" in far.text


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('path = "~/nowhere at all"', "there is no folder"),
        ('path = "project"\ncommit = "HEAD"', "is not the top of a git repository"),
    ],
)
def test_a_wrong_place_is_told_by_the_command(tmp_path: Path, source: str, told: str) -> None:
    make(tmp_path, source)
    done = tiny.lbi("install", tmp_path)
    assert done.returncode == 2 and done.stderr.startswith("error: ") and told in done.stderr
    assert "~" not in done.stderr and "Traceback" not in done.stderr


def test_a_commit_may_be_short_or_a_branch_and_is_followed(tmp_path: Path) -> None:
    make(tmp_path)
    shutil.rmtree(tmp_path / "project")
    first, second = committed(tmp_path / "project", FILES, {**FILES, "later.txt": "secret\n"})
    file = tmp_path / "environment.toml"
    for wanted, commit in ((first[:8], first), ("HEAD", second)):
        file.write_text(
            file.read_text().replace('path = "project"', f'path = "project"\ncommit = "{wanted}"')
        )
        with opened(tmp_path) as environment:
            environment.reset(TASK)
            seen = environment.step(Action(tool="bash", arguments={"command": "git rev-parse HEAD"}))
            assert seen.text == commit and (environment.home / "later.txt").exists() == (commit == second)
        file.write_text(file.read_text().replace(f'\ncommit = "{wanted}"', ""))


def test_no_copy_that_building_left_shows_what_was_before(tmp_path: Path) -> None:
    file = make(tmp_path) / "environment.toml"
    build = "mkdir -p build/lib; cp -r calc build/lib; echo x = 1 > build/lib/made.py"
    file.write_text(file.read_text().replace("install = []", f"install = ['{build}']"))
    with opened(tmp_path) as environment:
        environment.reset(TASK)
        assert not (environment.home / "build/lib/calc/__init__.py").exists()
        assert (environment.home / "build/lib/made.py").exists() and environment.patch() == ""


def test_what_installing_copied_is_the_project_itself(tmp_path: Path) -> None:
    file = make(tmp_path) / "environment.toml"
    copied = "cp -r calc $(echo $VIRTUAL_ENV/lib/python*/site-packages)"
    file.write_text(file.read_text().replace("install = []", f"install = ['{copied}']"))
    where = "$(echo $VIRTUAL_ENV/lib/python*/site-packages/calc/__init__.py)"
    with opened(tmp_path) as environment:
        environment.reset(TASK)
        command = f"sed -i 's/Small sums/Changed here/' calc/__init__.py; head -n 1 {where}"
        seen = environment.step(Action(tool="bash", arguments={"command": command}))
        assert "Changed here" in seen.text
        elsewhere = "cd /tmp && python -c 'import calc; print(calc.__doc__, calc.mean([4, 6]))'"
        assert (
            "Changed here. 5.0"
            in environment.step(Action(tool="bash", arguments={"command": elsewhere})).text
        )
