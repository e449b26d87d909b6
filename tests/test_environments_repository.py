"""A project as an environment: how it is acted on, what an episode sees of it, and the patch at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.environments.kinds import declared
from learn_by_interact.environments.repository.actions import RepositoryActions
from learn_by_interact.environments.repository.environment import RepositoryEnvironment
from learn_by_interact.environments.repository.results import WHOLE, results
from learn_by_interact.errors import ConfigError, EnvironmentFault, ParseError
from learn_by_interact.types import Action, Observation, Task
from project import CODE, FILES, OBJECTS, committed, git, make

TASK = Task(environment="calc", instruction="")
BLOCK = "<<<<<<< SEARCH\n    if value > high:\n=======\n    if value >= high:\n>>>>>>> REPLACE"
EDIT = Action(
    tool="replace",
    arguments={"path": "calc/__init__.py", "old": "    if value > high:", "new": "    if value >= high:"},
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LBI_CACHE", str(tmp_path / "cache"))


def opened(folder: Path) -> RepositoryEnvironment:
    environment = declared(EnvironmentFolder.load(make(folder)))
    assert isinstance(environment, RepositoryEnvironment)
    return environment


def do(environment: RepositoryEnvironment, *written: str) -> list[Observation]:
    return [environment.step(environment.actions.parse(f"ACTION: {one}")[1]) for one in written]


def view(**given: object) -> Action:
    return Action(tool="view", arguments=given)


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ("ACTION: view a/b.py", view(path="a/b.py")),
        ("ACTION: view a/b.py 3 9", view(path="a/b.py", start=3, end=9)),
        ("ACTION: view a/b.py lines 3-9", view(path="a/b.py", start=3, end=9)),
        ("ACTION: view a/b.py 3 5 7 9", view(path="a/b.py", start=3, end=9)),
        ("```bash\nview a/b.py [3, 9]\n```", view(path="a/b.py", start=3, end=9)),
        ('ACTION: search "def f" src', Action(tool="search", arguments={"text": "def f", "path": "src"})),
        ("ACTION: search def f(x):", Action(tool="search", arguments={"text": "def f(x):"})),
        ("ACTION: undo", Action(tool="undo")),
        ("ACTION: pytest -q", Action(tool="bash", arguments={"command": "pytest -q"})),
        (f"ACTION: replace calc/__init__.py\n{BLOCK}", EDIT),
        (f"I see.\nACTION: replace `calc/__init__.py`\n```python\n{BLOCK}\n```\nOUTPUT: ok", EDIT),
        (f"calc/__init__.py\n```\n{BLOCK.replace('SEARCH', 'OLD')}\n```", EDIT),
        (f"ACTION:\nreplace calc/__init__.py:\n{BLOCK.replace('<<<<<<<', '<<<<<<<<')}", EDIT),
    ],
)
def test_replies_are_read(reply: str, action: Action) -> None:
    assert RepositoryActions().parse(reply)[1] == action


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (BLOCK, "Name the file"),
        ("ACTION: replace a.py\n<<<<<<< SEARCH\nx\n", "not whole"),
        ("ACTION: replace a.py x y", "Write the action like this"),
        ("ACTION: view", "view FILE FIRST LAST"),
        ("nothing", "There is no ACTION"),
    ],
)
def test_replies_that_cannot_be_read_are_told_why(reply: str, told: str) -> None:
    with pytest.raises(ParseError, match=told):
        RepositoryActions().parse(reply)


@pytest.mark.parametrize(
    "action",
    [
        EDIT,
        view(path="a b/c.py", start=1, end=2),
        view(path="."),
        Action(tool="search", arguments={"text": 'it\'s "so" $x'}),
        Action(tool="search", arguments={"text": "two words", "path": "src/x.py"}),
        Action(tool="undo"),
        Action(tool="bash", arguments={"command": "cd src && ls | wc -l"}),
        Action(tool="replace", arguments={"path": "a.rst", "old": "Title\n=======", "new": ">>>>>>> x\n"}),
        Action(tool="replace", arguments={"path": "new.py", "old": "", "new": "x = 1\n\ny = 2"}),
        Action(tool="replace", arguments={"path": "a.py", "old": "    x = 1", "new": ""}),
    ],
)
@pytest.mark.parametrize("thought", ["", "Look first: why?"])
def test_what_is_written_is_read_back(action: Action, thought: str) -> None:
    actions = RepositoryActions()
    assert actions.parse(actions.reply(thought, action)) == (thought, action)


def test_a_project_is_seen_changed_and_handed_in(tmp_path: Path) -> None:
    with opened(tmp_path) as environment:
        start = environment.reset(TASK)
        assert "calc/__init__.py (29 lines)" in start.text
        seen = do(environment, "view calc/__init__.py 4 5", "search mean", "python -m unittest", "undo")
        assert "\n 4  def clamp(value, low, high):\n 5      " in seen[0].text
        assert seen[0].text.startswith(" 1  ") and "lines 1 to 20 of 29" in seen[0].text, (
            "few lines say little"
        )
        assert "calc/__init__.py:13: def mean(values):" in seen[1].text
        assert seen[2].text.strip().endswith("OK") and seen[3].failed and not seen[2].failed
        assert {one.state for one in seen} == {start.state}
        (changed,) = do(environment, f"replace calc/__init__.py\n{BLOCK}")
        assert " 8      if value >= high:" in changed.text and "[changed: calc/__init__.py]" in changed.text
        do(environment, "echo x > new.txt; echo y > a.log; echo z >> tests/test_calc.py; mkdir a.egg-info")
        patch = environment.patch()
        assert "-    if value > high:\n+    if value >= high:\n" in patch and "new.txt" in patch
        assert "test_calc" not in patch and "a.log" not in patch and "egg-info" not in patch
        assert "test_calc" in environment.patch(tests=True)
        do(environment, "git checkout -q tests", "rm -r new.txt a.log a.egg-info", "undo")
        assert environment.patch() == ""


def test_the_patch_does_not_believe_the_episodes_git(tmp_path: Path) -> None:
    with opened(tmp_path) as environment:
        environment.reset(TASK)
        do(environment, "sed -i 's/> high/>= high/' calc/__init__.py")
        honest = environment.patch()
        do(environment, "git add -A && git -c user.name=a -c user.email=a@b commit -qm x", "rm -rf .git")
        assert honest and environment.patch() == honest


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("    if value > low:\n=======\n    pass", "the nearest are:"),
        ("  if value > high:\n    return high\n=======\nx", "other blanks"),
        ("        return\n=======\n        return 1", "times in calc/__init__.py, at lines 7, 9"),
        ("    if value > high:\n=======\n    if value > high", "would no longer be Python"),
        ("    if value > high:\n=======\n    if value > high:", "the same"),
    ],
)
def test_a_replacement_that_cannot_be_made_is_told_why(tmp_path: Path, block: str, told: str) -> None:
    with opened(tmp_path) as environment:
        start = environment.reset(TASK)
        (seen,) = do(environment, f"replace calc/__init__.py\n<<<<<<< SEARCH\n{block}\n>>>>>>> REPLACE")
        assert seen.failed and told in seen.text and seen.state == start.state


def test_numbers_of_view_may_stand_in_a_replacement(tmp_path: Path) -> None:
    with opened(tmp_path) as environment:
        environment.reset(TASK)
        numbered = "<<<<<<< SEARCH\n 8      if value > high:\n 9          return high\n=======\n"
        (seen,) = do(environment, f"replace calc/__init__.py\n{numbered} 8      return high\n>>>>>>> REPLACE")
        assert not seen.failed, seen.text
        assert "+    return high\n" in environment.patch()


def test_the_number_of_a_line_tells_it_from_others_that_are_like_it(tmp_path: Path) -> None:
    with opened(tmp_path) as environment:
        environment.reset(TASK)
        do(environment, "replace more.py\n<<<<<<< SEARCH\n=======\nx = 1\nx = 1\n>>>>>>> REPLACE")
        block = "replace more.py\n<<<<<<< SEARCH\n{}x = 1\n=======\n{}x = 2\n>>>>>>> REPLACE"
        vague, wrong, right = do(environment, *(block.format(at, at) for at in ("", "3  ", "2  ")))
        assert "2 times in more.py" in vague.text and "2 times in more.py" in wrong.text
        assert not right.failed and (environment.home / "more.py").read_text() == "x = 1\nx = 2\n"


def test_a_test_is_found_by_the_name_that_its_runner_gives_it(tmp_path: Path) -> None:
    with opened(tmp_path) as environment:
        environment.reset(TASK)
        whole, one = do(
            environment, "search tests/test_calc.py::CalcTest::test_mean[1-2]", 'search "def test_mean"'
        )
        assert one.text == whole.text and "def test_mean" in one.text
        named = "tests/test_calc.py::CalcTest::test_mean"
        do(environment, f"echo {named} > known.txt")
        (written,) = do(environment, f"search {named}")
        assert written.text == f"known.txt:1: {named}", "where it stands itself, that is what was looked for"


def test_python_that_is_written_in_the_shell_is_told_to_be_python(tmp_path: Path) -> None:
    with opened(tmp_path) as environment:
        environment.reset(TASK)
        python = ("from calc import mean; print(mean([1]))", "import calc", "print(1)", "x = len([1])")
        for seen in do(environment, *python):
            assert seen.failed and "That is Python, and this is a shell." in seen.text
        shell = (
            "ls (",
            "false",
            "nosuch",
            "x=1; false",
            "python -c 'print(mean([1]))'",
            "echo 'import calc'",
        )
        assert all("this is a shell" not in seen.text for seen in do(environment, *shell))


def test_a_new_file_and_lines_taken_out(tmp_path: Path) -> None:
    with opened(tmp_path) as environment:
        environment.reset(TASK)
        do(environment, "replace calc/more.py\n<<<<<<< SEARCH\n=======\nx = 1\n>>>>>>> REPLACE")
        (seen,) = do(environment, "replace README.md\n<<<<<<< SEARCH\n# calc\n=======\n>>>>>>> REPLACE")
        assert (environment.home / "calc/more.py").read_text() == "x = 1\n"
        assert (environment.home / "README.md").read_text().startswith("\nSmall") and not seen.failed


def test_what_changes_from_run_to_run_is_in_no_fingerprint(tmp_path: Path) -> None:
    commands = ("python -m unittest", "python -c 'print(object())'", "mktemp", "touch a.pyc", "date +%F' '%T")
    keys = []
    for _ in range(2):
        with opened(tmp_path) as environment:
            keys.append([environment.reset(TASK).key, *(one.key for one in do(environment, *commands))])
    assert keys[0] == keys[1]
    with opened(tmp_path) as environment:
        environment.reset(TASK)
        assert do(environment, "echo 1 >> README.md")[0].key not in keys[0]


def test_the_change_of_a_setup_leaves_no_trace_of_what_it_changed(tmp_path: Path) -> None:
    broken = FILES | {"calc/__init__.py": CODE.replace("value < low", "value > low")}
    place = tmp_path / "other"
    committed(place, FILES, broken)
    patch = git(place, "diff", "HEAD~1", "HEAD")
    with opened(tmp_path) as environment:
        environment.reset(TASK.model_copy(update={"setup": {"patch": patch}}))
        everything = (
            f"{OBJECTS}; cat .git/logs/HEAD; "
            "find / -xdev -path '*calc*.py' 2>/dev/null | xargs cat; find . /tmp -type f | xargs cat"
        )
        seen = environment.run_in(environment.sandbox, everything).output
        assert "value > low" in seen and "value < low" not in seen and "value > high" in seen
        assert environment.patch() == ""


def test_only_the_tree_of_the_commit_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = FILES | {"calc/__init__.py": CODE + "\nSECRET = 1\n"}
    first, second = committed(tmp_path / "mirrors" / "ann+calc" / "repo", FILES, later)
    monkeypatch.setenv("LBI_MIRRORS", str(tmp_path / "mirrors"))
    folder = make(tmp_path, f'url = "https://example.invalid/ann/calc.git"\ncommit = "{first}"')
    with RepositoryEnvironment(EnvironmentFolder.load(folder)) as environment:
        environment.reset(TASK)
        listed = f"git log --all --format=%H; {OBJECTS}"
        seen = environment.run_in(environment.sandbox, listed).output
        assert seen.split("\n")[0] == first and second not in seen and "SECRET" not in seen
        assert "def clamp" in seen


def test_what_is_installed_runs_the_files_of_the_episode(tmp_path: Path) -> None:
    file = make(tmp_path) / "environment.toml"
    editable = (
        "echo $PWD > $(echo $VIRTUAL_ENV/lib/python*/site-packages)/calc.pth; mkdir build; touch build/x"
    )
    file.write_text(file.read_text().replace("install = []", f"install = ['{editable}']"))
    imported = "cd /tmp && python -c 'import calc; print(calc.__file__, calc.mean([1]))'"
    with declared(EnvironmentFolder.load(tmp_path)) as environment:
        assert isinstance(environment, RepositoryEnvironment)
        environment.reset(TASK)
        (seen,) = do(environment, f"sed -i 's/return sum/return 7 + sum/' calc/__init__.py; {imported}")
        assert seen.text.startswith("/home/user/calc/__init__.py 8.0")
        assert "build" not in environment.patch()
    file.write_text(file.read_text().replace(editable, "echo no such thing; exit 3"))
    with pytest.raises(EnvironmentFault, match="no such thing"):
        declared(EnvironmentFolder.load(tmp_path)).reset(TASK)


def test_an_episode_can_go_back(tmp_path: Path) -> None:
    with opened(tmp_path) as environment:
        environment.reset(TASK)
        kept = environment.snapshot()
        before = do(environment, "cat calc/__init__.py")[0].key
        do(environment, f"replace calc/__init__.py\n{BLOCK}")
        environment.restore(kept)
        assert do(environment, "cat calc/__init__.py")[0].key == before and do(environment, "undo")[0].failed


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ('path = "nowhere"', "there is no folder"),
        ('path = "project"\nurl = "https://example.invalid/a/b.git"', "one of both"),
        ('path = "project"\ncommit = "v9"', "has no commit 'v9'"),
        ('path = "project"\npython = "python9.9"', "python9.9 is not installed"),
    ],
)
def test_a_wrong_repository_is_told_in_a_sentence(tmp_path: Path, source: str, told: str) -> None:
    make(tmp_path, source)
    git(tmp_path / "project", "init", "-q")
    with pytest.raises(ConfigError, match=told), declared(EnvironmentFolder.load(tmp_path)) as environment:
        environment.reset(TASK)


def test_a_patch_that_does_not_apply_is_a_fault(tmp_path: Path) -> None:
    with opened(tmp_path) as environment, pytest.raises(EnvironmentFault, match="failed"):
        environment.reset(
            TASK.model_copy(update={"setup": {"patch": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"}})
        )


def test_results_of_pytest_and_unittest() -> None:
    pytest_said = (
        "PASSED a/test_a.py::test_x[1 - 2]\nFAILED test_a.py::test_y - assert 1\nSKIPPED [1] a.py:3: no\n"
        "XFAIL test_a.py::test_z\nERROR test_b.py - ImportError"
    )
    assert results(pytest_said, 1) == {
        "a/test_a.py::test_x[1 - 2]": True,
        "test_a.py::test_y": False,
        "test_a.py::test_z": True,
        "test_b.py": False,
    }
    unittest_said = (
        "test_a (t.T.test_a) ... ok\ntest_b (t.T.test_b)\nWhat it does. ... FAIL\n"
        "test_c (t.T.test_c) ... skipped 'x'\ntest_d (t.T) ... ERROR"
    )
    assert results(unittest_said, 1) == {"t.T.test_a": True, "t.T.test_b": False, "t.T.test_d": False}
    assert results("All good.", 0) == {WHOLE: True} and results("Killed.", 137) == {WHOLE: False}
