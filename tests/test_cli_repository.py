"""One's own repository, from its files to examples: what its tests refuse teaches nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from learn_by_interact.config import Recipe
from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.models import Request
from learn_by_interact.pipeline import Pipeline
from learn_by_interact.stages.keep import TESTS, kept
from learn_by_interact.stages.readers.code import code, python
from learn_by_interact.stages.readers.sections import sections
from learn_by_interact.types import Document, Example, Task, Trajectory, Verdict
from project import make

GOOD = "sed -i 's/Small sums./Sums./' calc/__init__.py"
BAD = "sed -i 's/return high/return low/' calc/__init__.py"
LOOK = "search 'def mean'"
TASKS = {"Say Sums in calc.": GOOD, "Let clamp return low.": BAD, "Find out where mean is defined.": LOOK}
RECIPE = """environment = "."
run = {run}
[model]
name = "scripted/test_cli_repository:policy"
[propose]
tasks = 3
[explore]
settle = true
limits = {{ steps = 2 }}
[pool]
kind = "inline"
[retrieval]
query = "instruction"
[evaluate]
limits = {{ steps = 3 }}
"""


def policy(request: Request) -> str:
    """Proposes three tasks of each page; labels a session by its command; of repairs it knows nothing."""
    system, question = request.messages[0].content, request.messages[-1].content
    if "maintainers meet" in system:
        assert ("a small change" in question and "# calc" in question) or "calc/__init__.py" in question
        return json.dumps(
            {"tasks": {str(n): {"task": t, "command": c} for n, (t, c) in enumerate(TASKS.items(), 1)}}
        )
    if "You read a session" in system:
        (task,) = [task for task, command in TASKS.items() if command.split("'")[1] in question][:1]
        return json.dumps({"summary": f"Replicate the following: {task}", "task": task})
    return "ACTION: python -m unittest" if len(request.messages) < 3 else "ACTION: stop"


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setenv("LBI_CACHE", str(tmp_path / "cache"))
    make(tmp_path)
    (tmp_path / "calc.toml").write_text(RECIPE.format(run=json.dumps(str(tmp_path / "run"))))
    return Recipe.load(tmp_path / "calc.toml")


def test_a_repository_is_learned_and_its_tests_decide(recipe: Recipe, tmp_path: Path) -> None:
    from learn_by_interact.benchmarks.repairs import make as make_repairs
    from learn_by_interact.benchmarks.repairs import write

    folder = EnvironmentFolder.load(tmp_path)
    made = make_repairs(folder, 2, practice=2)
    write(folder, made)
    with Pipeline(recipe) as pipeline:
        result = pipeline.run()
        assert result is not None
        store = pipeline.store
        sources = {document.source for document in store.records(Document)}
        assert sources == {"README.md", "calc/__init__.py"}
        verdicts = {one.subject: one for one in store.records(Verdict) if one.judge == TESTS}
        sessions = {one.id: one for one in store.records(Trajectory) if one.id in verdicts}
        tasks = {one.id: one.instruction for one in store.records(Task)}
        told = {tasks[sessions[one].task]: verdict.keep for one, verdict in verdicts.items()}
        known = {one.instruction: True for one in made.practice}
        assert known and told == {"Say Sums in calc.": True, "Let clamp return low.": False} | known
        practised = [one for one in store.records(Example) if one.kind == "practice"]
        assert {one.instruction for one in practised} == known.keys()
        assert {one.id for one in practised} <= {one.id for one in kept(store)}, "held-out ones read alike"
        bad = next(verdict for verdict in verdicts.values() if not verdict.keep)
        assert "1 tests fail, such as tests.test_calc.TestCalc.test_clamp" in bad.reason and bad.measure == 0
        learned = {one.instruction for one in kept(store, recipe.judge.rule)}
        assert (
            "Say Sums in calc. It is about calc/__init__.py." in learned
            and "Find out where mean is defined." in learned
        )
        assert not any("clamp" in one for one in learned)
        assert any("clamp" in one.instruction for one in store.records(Example))
    assert {arm.arm: (arm.solved, arm.graded) for arm in result.arms} == {
        "plain": (0.0, 2),
        "examples": (0.0, 2),
    }


def test_code_is_cut_at_its_definitions(tmp_path: Path) -> None:
    text = '"""A module."""\n\nimport os\n\n\n@cached\ndef one():\n    return 1\n\n\n'
    text += "class Two:\n    def three(self):\n        def four(): ...\n"
    source = python("pkg/a.py", text)
    assert [(one.line, one.level, one.title) for one in source.headings] == [
        (5, 1, "one"),
        (10, 1, "Two"),
        (11, 2, "three"),
    ]
    (whole,) = sections(source, 2400)
    assert whole.title == "pkg/a.py" and whole.text == text.strip()
    cut = list(sections(source, 60))
    assert cut[1].title == "pkg/a.py > one" and cut[1].text.startswith("@cached\ndef one")
    assert python("b.py", "def (").headings == ()


def test_tests_and_repeated_files_are_no_documentation(tmp_path: Path) -> None:
    for name in ("a.py", "b.py", "tests/c.py", "test_d.py", ".venv/e.py", "f.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = 1\n" if name in "a.py b.py" else f"x = {name!r}\n")
    (tmp_path / "g.py").write_text("y = 1\n")
    seen: set[str] = set()
    assert [one.name for one in code(tmp_path, ".", print, seen)] == ["a.py", "g.py"]
    assert list(code(tmp_path, ".", print, seen)) == []
