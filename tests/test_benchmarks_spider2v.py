"""Spider2-V's tasks from a checkout of the same form: which run here, what they copy, how they are graded."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from learn_by_interact.benchmarks.spider2v import Spider2V
from learn_by_interact.benchmarks.spider2v.tasks import CHECKOUT
from learn_by_interact.errors import ConfigError, GraderFault

EXAMPLES = "evaluation_examples/examples"
METRIC = """
import logging
def compare_table(result, expected, **options):
    if result is None:
        return 0.0
    return float(open(result).read().strip() == open(expected).read().strip() + options["rules"][0])
"""


def checkout(folder: Path, **changes: Any) -> Path:
    """A checkout with one task of tables, and one of another domain."""
    here = folder / EXAMPLES / "excel" / "one"
    here.mkdir(parents=True)
    (here / "in.xlsx").write_text("a")
    (here / "gold.xlsx").write_text("b")
    task = {
        "id": "one",
        "instruction": "Make it b.",
        "config": [
            {
                "type": "copyfile_from_host_to_guest",
                "parameters": {"src": f"{EXAMPLES}/excel/one/in.xlsx", "dest": "/home/user/in.xlsx"},
            },
            {"type": "open", "parameters": {"path": "/home/user/in.xlsx"}},
        ],
        "evaluator": {
            "func": "compare_table",
            "expected": {"type": "local_file", "path": f"{EXAMPLES}/excel/one/gold.xlsx"},
            "result": {"type": "vm_file", "path": "/home/user/in.xlsx"},
            "options": {"rules": ["!"]},
        },
        **changes,
    }
    (here / "one.json").write_text(json.dumps(task))
    other = folder / EXAMPLES / "dbt" / "two"
    other.mkdir(parents=True)
    (other / "two.json").write_text("{}")
    metrics = folder / "desktop_env" / "evaluators" / "metrics"
    metrics.mkdir(parents=True)
    (metrics / "table.py").write_text(METRIC)
    (metrics / "__init__.py").write_text("raise ImportError('the metrics of all applications')")
    return folder


def test_tasks_come_from_the_checkout_and_others_are_counted(tmp_path: Path) -> None:
    benchmark = Spider2V(checkout(tmp_path))
    (task,) = benchmark.tasks()
    assert (task.parent, task.instruction) == ("one", "Make it b.")
    assert benchmark.left_out == {"dbt": 1}
    assert benchmark.missing == ["Not run here: 1 tasks of the domain dbt."]
    assert [(source.name, place) for source, place in benchmark.files(task)] == [("in.xlsx", "in.xlsx")]
    assert benchmark.opened(task) == "in.xlsx" and benchmark.why_not(task) == ""


def test_its_evaluator_decides(tmp_path: Path) -> None:
    benchmark = Spider2V(checkout(tmp_path / "checkout"), Path(sys.executable))
    evaluator = json.loads((tmp_path / "checkout" / EXAMPLES / "excel/one/one.json").read_text())["evaluator"]
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text("b!")
    wrong.write_text("b")
    assert benchmark.graded(evaluator, right) == 1.0
    assert benchmark.graded(evaluator, wrong) == 0.0
    assert benchmark.graded(evaluator, tmp_path / "none") == 0.0
    with pytest.raises(GraderFault, match="no attribute 'compare_charts'"):
        benchmark.graded({**evaluator, "func": "compare_charts"}, right)


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "evaluation_examples/none"])
def test_files_outside_the_checkout_are_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "outside").write_text("x")
    config = [{"type": "copyfile_from_host_to_guest", "parameters": {"src": path, "dest": "/home/user/x"}}]
    benchmark = Spider2V(checkout(tmp_path / "checkout", config=config))
    with pytest.raises(GraderFault, match="no file"):
        benchmark.files(benchmark.tasks()[0])


def test_what_cannot_run_here_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = [{"type": "googledrive", "parameters": {}}]
    benchmark = Spider2V(checkout(tmp_path, config=config))
    assert benchmark.tasks() == []
    monkeypatch.delenv(CHECKOUT, raising=False)
    with pytest.raises(ConfigError, match=f"set {CHECKOUT}"):
        Spider2V()
    with pytest.raises(ConfigError, match="with tasks in this folder"):
        Spider2V(tmp_path / "desktop_env")
    (tmp_path / EXAMPLES / "excel" / "one" / "one.json").write_text("[]")
    with pytest.raises(ConfigError, match="no task of Spider2-V"):
        Spider2V(tmp_path)
