"""The harness of SWE-bench (the package `swebench`), as far as it is used without Docker.

Its log parsers, its grading and its report run as they are, in a virtual environment of their own. Source:
github.com/SWE-bench/SWE-bench, `swebench/harness/{grading,reporting,run_evaluation}.py`.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..environments import install
from ..environments.folder import EnvironmentFolder, Install
from ..environments.temporary import TemporaryFolder
from ..errors import GraderFault
from .swebench_rows import Row

PACKAGE = ("--no-deps", "swebench==5.0.2", "unidiff==0.7.5", "docker==7.1.0", "requests==2.32.4")
LIBRARIES = ("urllib3==2.5.0", "idna==3.10", "certifi==2025.8.3", "charset-normalizer==3.4.3")
"""What of the package's dependencies its graders and its report use: a small part of all, by size."""
GRADED = 120.0
"""Seconds that reading a log may take."""
RUN = "lbi"
"""The run id in the layout of the official harness."""
TIMED_OUT = ">>>>> Tests Timed Out"
"""What the harness writes into the log of tests that did not end in time."""
PREAMBLE = """
import importlib.util, json, sys, types
place = list(importlib.util.find_spec("swebench").submodule_search_locations)[0]
for part in ("harness", "image_builder"):  # Their own imports are of all that the package can do.
    module = types.ModuleType("swebench." + part)
    module.__path__ = [place + "/" + part]
    sys.modules["swebench." + part] = module
asked = json.load(sys.stdin)
"""
GRADER = f"""{PREAMBLE}
from swebench.harness.grading import get_eval_report
row = asked["row"]
lists = {{name: json.loads(row[name]) if isinstance(row[name], str) else row[name]
         for name in ("FAIL_TO_PASS", "PASS_TO_PASS")}}
spec = types.SimpleNamespace(**{{**row, **lists}})
prediction = {{"instance_id": row["instance_id"], "model_name_or_path": "lbi", "model_patch": asked["patch"]}}
print(json.dumps(get_eval_report(spec, prediction, asked["log"], True)[row["instance_id"]]))
"""
"""Run by the package's own Python: the row, the patch and the log's path in, the official report out."""
REPORTER = f"""{PREAMBLE}
from swebench.harness.reporting import make_run_report
make_run_report(asked["predictions"], asked["rows"], {RUN!r})
"""


def harness() -> Path:
    """The Python of the package `swebench`, installed if need be."""
    wanted = Install(pip=(*PACKAGE, *LIBRARIES))
    folder = EnvironmentFolder(path=Path.cwd(), name="swebench", description="", install=wanted)
    return Path(install.tools(folder).path[0]) / "python"


def adapted(script: str, home: str, shim: dict[str, str]) -> str:
    """An eval script that runs where there is no conda and no /testbed.

    Its own lines stay as they are; around them, activating an environment does nothing, the project is at
    `home`, and installing it again, which was done before, is left out. `shim`: further commands.
    """
    functions = [
        'source() { case "$1" in /opt/miniconda3/*) ;; *) builtin source "$@" ;; esac; }',
        "conda() { :; }",
        'python() { case "$*" in "-m pip install"*) ;; *) command python "$@" ;; esac; }',
        *(f"{name}() {{ {body}\n}}" for name, body in shim.items()),
    ]
    lines = script.split("\n")
    lines = [line.replace("/testbed", home) if re.match(r"cd |git config ", line) else line for line in lines]
    return "\n".join([*lines[:1], *functions, *lines[1:]])


def graded(row: Row, patch: str, log: str) -> dict[str, Any]:
    """The official report on a patch, of the log of its tests. Raises GraderFault when it cannot be made."""
    folder = TemporaryFolder()
    try:
        file = folder.path / "log.txt"
        file.write_text(log, encoding="utf-8")
        asked = {"row": row.model_dump(exclude={"patch", "test_patch"}), "patch": patch, "log": str(file)}
        report: dict[str, Any] = json.loads(_run(GRADER, asked).strip().rpartition("\n")[2])
    except ValueError as error:
        raise GraderFault(f"{row.instance_id}: its report cannot be read: {error}") from None
    finally:
        folder.close()
    return report


def reported(folder: Path, rows: Sequence[Row], predictions: Mapping[str, dict[str, str]]) -> None:
    """Let the harness write its report on the files in a folder. Raises GraderFault when it cannot."""
    asked = {
        "rows": [{"instance_id": row.instance_id, "image": row.image} for row in rows],
        "predictions": dict(predictions),
    }
    _run(REPORTER, asked, folder)


def _run(program: str, asked: dict[str, Any], cwd: Path | None = None) -> str:
    """What a program prints that the package's Python runs."""
    line = [str(harness()), "-c", program]
    try:
        done = subprocess.run(
            line, input=json.dumps(asked), capture_output=True, text=True, timeout=GRADED, cwd=cwd
        )
    except subprocess.TimeoutExpired:
        raise GraderFault(f"swebench took over {GRADED:g} s to grade") from None
    if done.returncode:
        raise GraderFault(f"swebench could not grade: {' '.join(done.stderr.split())[-300:]}")
    return done.stdout
