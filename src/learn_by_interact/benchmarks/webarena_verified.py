"""WebArena-Verified (github.com/ServiceNow/webarena-verified): WebArena's tasks, checked anew.

They are graded from the answer and from what the browser asked of the sites. The tasks and the evaluators are
those of the package `webarena-verified`, which is installed into a virtual environment of its own, because it
pins its dependencies. The sites are named as for WebArena (`WA_SHOPPING=...`).

`WA_OUTPUT` names a folder into which each graded episode writes `<task>/agent_response.json` and
`<task>/network.har`: the files from which `webarena-verified eval-tasks` grades, and of which
`webarena-verified create-submission` makes what the leaderboard takes. One arm at a time.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

from ..environments import Environment, install
from ..environments.folder import EnvironmentFolder, Install
from ..environments.web.recorder import Recorder
from ..environments.web.session import Session
from ..errors import GraderFault
from ..types import Task, Trajectory
from .webarena import WebArena, WebArenaEnvironment

PACKAGE = "webarena-verified==1.2.3"
OUTPUT = "WA_OUTPUT"
GRADED = 120.0
"""Seconds that grading may take."""
FORMAT = """{intent}
Stop with an answer in JSON, {{"task_type": T, "status": S, "retrieved_data": D, "error_details": E}}:
T is "RETRIEVE", "MUTATE" or "NAVIGATE"; D is a list of what was asked for, or null; E is null, or the reason;
S is "SUCCESS", "NOT_FOUND_ERROR", "PERMISSION_DENIED_ERROR", "ACTION_NOT_ALLOWED_ERROR",
"DATA_VALIDATION_ERROR" or "UNKNOWN_ERROR"."""
"""An instruction with the form of the answer (the package's `FinalAgentResponse`)."""
GRADER = """
import json, sys
from pathlib import Path
from webarena_verified.api import WebArenaVerified
from webarena_verified.types.config import WebArenaVerifiedConfig
asked = json.loads(sys.stdin.read())
found = WebArenaVerified(config=WebArenaVerifiedConfig.model_validate(asked["config"])).evaluate_task(
    task_id=asked["task"], agent_response=asked["answer"], network_trace=Path(asked["har"]))
print(json.dumps({"status": str(found.status), "score": found.score, "error": found.error_msg}))
"""
"""Run by the package's own Python: a line of JSON in, a line of JSON out."""


class WebArenaVerified(WebArena):
    """Its tasks whose sites are there. Raises ConfigError when no site is named."""

    name = "webarena-verified"

    def __init__(self, file: Path | None = None) -> None:
        """`file`: 812 tasks of the same schema, in the place of its own. Installs the package if need be."""
        tools = install.tools(
            EnvironmentFolder(
                path=Path.cwd(), name=self.name, description="", install=Install(pip=(PACKAGE,))
            )
        )
        self._python = Path(tools.path[0]) / "python"
        super().__init__(file or self.dataset)

    @property
    def dataset(self) -> Path:
        """Its own tasks."""
        found = sorted(
            self._python.parent.parent.glob("lib/python*/site-packages/webarena_verified/assets/dataset")
        )
        return found[0] / "webarena-verified.json"

    @cached_property
    def folder(self) -> EnvironmentFolder:
        """That of WebArena, under this name."""
        return super().folder.model_copy(update={"name": self.name})

    def tasks(self) -> list[Task]:
        """Those whose sites are there. Raises ConfigError when there are none."""
        made = {task.parent: task for task in super().tasks()}
        return [
            made[number].model_copy(update={"instruction": FORMAT.format(intent=one["intent"])})
            for number, one in self._tasks.items()
        ]

    def environment(self) -> Environment:
        """A fresh environment, to be used once."""
        return RecordedEnvironment(self.folder, self.sites)

    def grade(self, task: Task, environment: Environment, trajectory: Trajectory) -> float:
        """What its evaluators give. Raises GraderFault when they cannot be run."""
        if not isinstance(environment, RecordedEnvironment):
            raise GraderFault(f"{self.name}: this is not its environment")
        if task.parent not in self._tasks:
            raise GraderFault(f"{self.name} has no task {task.parent!r} to grade")
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(os.environ.get(OUTPUT) or scratch) / task.parent
            out.mkdir(parents=True, exist_ok=True)
            (out / "agent_response.json").write_text(trajectory.answer, encoding="utf-8")
            (out / "network.har").write_text(json.dumps(environment.recorder.document()), encoding="utf-8")
            return self._graded(int(task.parent), trajectory.answer, out / "network.har")

    def _graded(self, number: int, answer: str, har: Path) -> float:
        sites = {f"__{site.upper()}__": {"urls": [url]} for site, url in self.sites.items()}
        asked: dict[str, Any] = {
            "config": {"test_data_file": str(self._file), "environments": sites},
            "task": number,
            "answer": answer,
            "har": str(har),
        }
        line = [str(self._python), "-c", GRADER]
        try:
            done = subprocess.run(
                line, input=json.dumps(asked), capture_output=True, text=True, timeout=GRADED
            )
        except subprocess.TimeoutExpired:
            raise GraderFault(f"{self.name}: grading task {number} took over {GRADED:g} s") from None
        try:
            found = json.loads(done.stdout.strip().rpartition("\n")[2])
        except ValueError:
            told = " ".join(done.stderr.split())[-300:]
            raise GraderFault(f"{self.name}: task {number} could not be graded: {told}") from None
        if found["status"] == "error":
            raise GraderFault(f"{self.name}: task {number} could not be graded: {found['error']}")
        return float(found["score"])


class RecordedEnvironment(WebArenaEnvironment):
    """A browser on the sites whose requests are recorded from the beginning of an episode."""

    recorder: Recorder

    def _open(self, storage: Any) -> Session:
        made = super()._open(storage)
        self.recorder = Recorder(made.page.context)
        return made
