"""The house rules: which way imports point, how long files and functions are, no machine's paths."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "learn_by_interact"

LEVELS = [
    {"errors"},
    {"types"},
    {"blobs", "commands", "engine", "named", "patterns", "prompts", "sources", "texts"},
    {"models", "environments"},
    {"benchmarks"},
    {"registry"},
    {"agents"},
    {"stages", "retrieval", "training", "evaluation", "small"},
    {"config"},
    {"pipeline"},
    {"forecast"},
    {"cli", "serve"},
]
"""What imports only from levels before its own, and from itself. Below: what else may be."""
SIDEWAYS = {
    ("environments", "sources"),
    ("evaluation", "retrieval"),
    ("evaluation", "stages"),
    ("training", "evaluation"),
    ("training", "stages"),
}
ONLY = {"types": set(), "errors": set(), "engine": {"types", "errors"}}


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def tracked() -> list[Path]:
    """Files under version control, or all when this is no checkout."""
    found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("this is no git checkout")
    return [path for name in found.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def parts(path: Path) -> tuple[str, ...]:
    """Module path below the package: `engine/run.py` -> ("engine", "run")."""
    return path.relative_to(PACKAGE).with_suffix("").parts


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Parts of the package that a file imports, with the line; also inside functions."""
    here = ("learn_by_interact", *parts(path))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = list(here[: -node.level]) if node.level else []
            base = package + (node.module.split(".") if node.module else [])
            names = [base] if len(base) > 1 else [[*base, alias.name] for alias in node.names]
        else:
            continue
        for name in names:
            if name[0] == "learn_by_interact" and len(name) > 1:
                yield name[1], node.lineno


def test_imports_point_one_way() -> None:
    level = {name: number for number, names in enumerate(LEVELS) for name in names}
    wrong = []
    for path in sources():
        mine = parts(path)[0]
        if mine == "__init__":
            continue
        for other, line in imported(path):
            if other == mine:
                continue
            allowed = level[other] < level[mine] or (mine, other) in SIDEWAYS
            if mine in ONLY and other not in ONLY[mine]:
                allowed = False
            if not allowed:
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {mine} imports {other}")
    assert not wrong, "\n".join(wrong)


def test_no_file_is_longer_than_500_lines() -> None:
    files = [path for path in tracked() if path.suffix in (".py", ".prompt", ".md", ".sh")]
    assert len(files) > 50
    long = {
        str(path.relative_to(ROOT)): lines
        for path in files
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 500
    }
    assert not long


def test_no_function_is_longer_than_60_lines() -> None:
    long = []
    for path in tracked():
        if path.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > 60:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.name} has {lines} lines")
    assert not long, "\n".join(long)


def test_no_path_of_a_machine_is_in_a_file() -> None:
    homes = re.compile(rf"{re.escape(str(ROOT))}\b|/home/(?!user\b)\w+/|/Users/\w+/|/{'root'}/")
    wrong = []
    for path in tracked():
        for number, line in enumerate(path.read_bytes().decode("utf-8", "replace").splitlines(), 1):
            if homes.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert not wrong, "\n".join(wrong)


def test_importing_the_package_loads_nothing_heavy() -> None:
    program = "import sys, learn_by_interact.pipeline; print(' '.join(sys.modules))"
    python = [sys.executable, "-c", program]
    loaded = set(subprocess.run(python, capture_output=True, text=True, check=True).stdout.split())
    assert "learn_by_interact.engine.run" in loaded
    assert not loaded & {
        "openai",
        "anthropic",
        "tantivy",
        "ray",
        "trafilatura",
        "rensa",
        "docker",
        "xllamacpp",
    }


def test_no_run_folder_is_kept_beside_the_code() -> None:
    """What a test or a user's run makes stands in `runs/`, which git ignores, or in a temporary folder."""
    assert not [*ROOT.glob("run.sqlite"), *ROOT.glob("*/run.sqlite")]
