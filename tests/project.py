"""A small project with tests, and a folder that makes an environment of it; nothing is downloaded."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

CODE = '''"""Small sums."""


def clamp(value, low, high):
    """The value, or the bound that it passes."""
    if value < low:
        return low
    if value > high:
        return high
    return value


def mean(values):
    """The arithmetic mean; 0 of nothing."""
    if not values:
        return 0
    return sum(values) / len(values)


class Counter:
    """Counts."""

    def __init__(self):
        self.count = 0

    def add(self, step=1):
        """One more, or more."""
        self.count = self.count + step
        return self.count
'''
TESTS = """import unittest

from calc import Counter, clamp, mean


class TestCalc(unittest.TestCase):
    def test_clamp(self):
        self.assertEqual([clamp(one, 0, 3) for one in (5, -1, 2)], [3, 0, 2])

    def test_mean(self):
        self.assertEqual((mean([1, 2, 3]), mean([])), (2, 0))

    def test_add(self):
        counter = Counter()
        self.assertEqual((counter.add(), counter.add(2)), (1, 3))
"""
FILES = {
    "calc/__init__.py": CODE,
    "tests/__init__.py": "",
    "tests/test_calc.py": TESTS,
    "README.md": "# calc\n\nSmall sums: `clamp`, `mean` and `Counter`.\n",
    ".gitignore": "*.log\n",
}
TEST = "python -m unittest -v"
ENVIRONMENT = """name = "calc"
kind = "repository"
description = "calc, a small Python library; its tests are run with python -m unittest."

[repository]
{source}
install = []
test = "{test}"

[docs]
code = ["."]
folder = ["README.md"]

[limits]
seconds = 20
memory_mb = 1024
processes = 64
"""


OBJECTS = "git cat-file --batch --batch-all-objects --buffer | tr -dc '[:print:][:space:]'"
"""Prints all that git keeps."""


def write(folder: Path, files: dict[str, str] = FILES) -> Path:
    """Write files into a folder -> the folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def make(folder: Path, source: str = 'path = "project"') -> Path:
    """The project, and the environment's folder beside it -> that folder."""
    write(folder / "project")
    (folder / "environment.toml").write_text(ENVIRONMENT.format(source=source, test=TEST))
    return folder


def committed(folder: Path, *versions: dict[str, str]) -> list[str]:
    """A git repository whose commits have these files, one after the other -> their names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    git(folder, "init", "-q")
    for files in versions:
        write(folder, files)
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", "change")
        names.append(git(folder, "rev-parse", "HEAD").strip())
    return names


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "safe.directory=*"]
    dates = {f"GIT_{one}_DATE": "2024-01-01T00:00:00Z" for one in ("AUTHOR", "COMMITTER")}
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, **dates}
    done = subprocess.run(
        ["git", *who, "-C", str(folder), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def row(base: str, gold: str, hidden: str) -> dict[str, str]:
    """A row as SWE-bench 5 has it, of this project: `hidden` is the patch of its tests."""
    tests = "tests/test_calc.py"
    script = f"""#!/bin/bash
set -uxo pipefail
source /opt/miniconda3/bin/activate
conda activate testbed
cd /testbed
git config --global --add safe.directory /testbed
git status
git diff {base}
python -m pip install -e .
git checkout {base} {tests}
git apply -v - <<'EOF_114329324912'
{hidden}
EOF_114329324912
: '>>>>> Start Test Output'
check {tests}
: '>>>>> End Test Output'
git checkout {base} {tests}
"""
    return {
        "repo": "example/calc",
        "instance_id": "example__calc-1",
        "base_commit": base,
        "patch": gold,
        "test_patch": hidden,
        "problem_statement": "clamp is wrong for a bound.",
        "hints_text": "Look at the first comparison, said the secret hint.",
        "FAIL_TO_PASS": json.dumps(["tests/test_calc.py::TestCalc::test_bound"]),
        "PASS_TO_PASS": json.dumps(["tests/test_calc.py::TestCalc::test_mean"]),
        "log_parser": "parse_log_pytest",
        "eval_type": "pass_and_fail",
        "eval_script": script,
        "image": "example/calc:latest",
    }
