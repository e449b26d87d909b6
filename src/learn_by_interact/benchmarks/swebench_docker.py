"""The harness of SWE-bench with Docker: `run_instances` of its `run_evaluation`, in an instance's own image.

It is the whole package, in a virtual environment of its own, with all that it depends on. Source:
github.com/SWE-bench/SWE-bench, `swebench/harness/run_evaluation.py`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any, NamedTuple

from ..environments import install
from ..environments.folder import EnvironmentFolder, Install
from ..environments.temporary import TemporaryFolder
from ..errors import ConfigError, GraderFault
from .swebench_rows import Row

PACKAGE = "swebench==5.0.2"
MARGIN = 600.0
"""Seconds beside those of the tests: pulling an image, making and removing the container."""
FILES = ("run_instance.log", "test_output.txt", "report.json", "eval.sh")
"""What it leaves of an instance."""
UNRESOLVED = (">>>>> Patch Apply Failed", "Test timed out after")
"""What its log says where it grades nothing, and the patch is why."""
RUNNER = """
import json, sys
from swebench.harness.run_evaluation import run_instances
asked = json.load(sys.stdin)
row, prediction = asked["row"], asked["prediction"]
run_instances({row["instance_id"]: prediction}, [row], 1, asked["run"], asked["seconds"],
              skip_patch=not prediction["model_patch"])
"""
"""As `run_evaluation` does for predictions; without a patch, which that passes over, the base is graded."""


class Graded(NamedTuple):
    """What the harness says of a patch."""

    report: dict[str, Any] | None
    """None: the patch does not apply, or its tests do not end; for the harness that is an error."""
    log: str
    files: dict[str, str]
    """Name -> text of what it wrote."""


def package() -> Path:
    """The Python of the package `swebench`, installed if need be. Raises ConfigError, EnvironmentFault."""
    if not shutil.which("docker"):
        raise ConfigError(
            "grading in images calls the command docker, which is not there; type: apt-get install docker.io"
        )
    wanted = Install(pip=(PACKAGE,))
    folder = EnvironmentFolder(path=Path.cwd(), name="swebench", description="", install=wanted)
    return Path(install.tools(folder).path[0]) / "python"


def run_official(row: Row, patch: str, called: str, seconds: float) -> Graded:
    """Grade a patch ("": the base as it is) in the row's image; two at a time do not meet.

    Raises GraderFault when the tests could not be run.
    """
    folder = TemporaryFolder()
    # The name of its container has the run's: another one of the same name would be removed.
    run = f"lbi-{uuid.uuid4().hex[:12]}"
    asked = {
        "row": row.model_dump(exclude={"patch", "test_patch"}),
        "prediction": {
            "instance_id": row.instance_id,
            "model_name_or_path": called,
            "model_patch": patch,
        },
        "run": run,
        "seconds": int(seconds),
    }
    try:
        done = subprocess.run(
            [str(package()), "-c", RUNNER],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            timeout=seconds + MARGIN,
            cwd=folder.path,
        )
        place = folder.path / "logs" / "run_evaluation" / run / called.replace("/", "__") / row.instance_id
        files = {
            name: (place / name).read_text(encoding="utf-8", errors="replace")
            for name in FILES
            if (place / name).is_file()
        }
    except subprocess.TimeoutExpired:
        raise GraderFault(f"{row.instance_id}: swebench did not end within {seconds + MARGIN:g} s") from None
    finally:
        folder.close()
    told = files.get("run_instance.log", "")
    if "report.json" in files:
        return Graded(json.loads(files["report.json"])[row.instance_id], files["test_output.txt"], files)
    if patch and any(sign in told for sign in UNRESOLVED):
        return Graded(None, files.get("test_output.txt", told), files)
    # After what went wrong the log says only that the container is removed.
    said = told.partition("Attempting to stop container")[0].rpartition("\n")[0] or done.stderr or done.stdout
    last = " ".join(said.split())[-300:]
    raise GraderFault(f"{row.instance_id}: swebench could not grade it in the image {row.image}: {last}")
