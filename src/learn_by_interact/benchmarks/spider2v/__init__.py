"""Spider2-V (arXiv 2407.10956), its tasks of the domain excel: LibreOffice Calc, graded by its own evaluator.

Tasks, documents, right answers and the evaluator are those of a checkout of github.com/xlang-ai/Spider2-V,
which `SPIDER2V` names; nothing of it is copied. Its evaluator (`desktop_env/evaluators/metrics/table.py`)
runs in a virtual environment of its own. The domains jupyter, dbt and dagster are benchmarks of their own
(`served`); `left_out` counts the tasks of the others. There are no gold solutions: `bench/spider2v.py` acts
on some with scripts.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from functools import cached_property
from pathlib import Path
from typing import Any

from ...environments import Environment, install
from ...environments.desktop.config import Desktop
from ...environments.desktop.environment import DesktopEnvironment
from ...environments.folder import EnvironmentFolder, Install, Limits, Volatile
from ...errors import EnvironmentFault, GraderFault
from ...sources import Docs
from ...types import Action, Observation, Task, Trajectory
from .served import Dagster, Dbt, Jupyter
from .tasks import EXAMPLES, checkout_of, read

DOMAIN = "excel"
GUEST = "/home/user/"
APT = ("libreoffice-calc", "libreoffice-gtk3", "libreoffice-help-en-us")
PACKAGES = (
    "openpyxl==3.1.5",
    "pandas==2.2.3",
    "rapidfuzz==3.10.1",
    "formulas==1.2.8",
    "lxml",
    "cssselect",
    "xmltodict",
)
"""What the evaluator of tables imports."""
GRADED = 120.0
"""Seconds that grading may take."""
SAVE_SECONDS = 1.0
PROFILE = """
mkdir -p .config/libreoffice/4/user && cat > .config/libreoffice/4/user/registrymodifications.xcu <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Save/Document"><prop oor:name="WarnAlienFormat" oor:op="fuse">\
<value>false</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Misc"><prop oor:name="ShowTipOfTheDay" oor:op="fuse">\
<value>false</value></prop></item>
</oor:items>
END
soffice --headless --terminate_after_init
cd .config/libreoffice/4/user
sed -i 's/>0,0,800,600;1;0,0,0,0;</>0,0,1280,720;5;0,0,1280,720;</' registrymodifications.xcu
cd && rm -rf .cache
"""
"""Settings of LibreOffice with which a workbook is saved in its own format without a question."""
GRADER = """
import json, sys, types
from pathlib import Path
asked = json.loads(sys.stdin.read())
for name in ("desktop_env", "desktop_env.evaluators", "desktop_env.evaluators.metrics"):
    package = types.ModuleType(name)  # Without what the packages import: the metrics of all applications.
    package.__path__ = [str(Path(asked["checkout"], *name.split(".")))]
    sys.modules[name] = package
from desktop_env.evaluators.metrics import table
metric = getattr(table, asked["func"])
print(json.dumps(float(metric(asked["result"], asked["expected"], **asked["options"]))))
"""
"""Run by the evaluator's own Python: a line of JSON in, a line of JSON out."""


class Spider2V:
    """The tasks of the domain excel. Raises ConfigError when no checkout is named, or it has none."""

    name = "spider2v"
    tools: tuple[str, ...] = ()

    def __init__(self, checkout: Path | None = None, python: Path | None = None) -> None:
        """`python` runs the evaluator; None: one that is made for it."""
        self._python = python
        self.checkout = checkout_of(self.name, checkout)
        self._tasks = read(self.checkout, DOMAIN)

    @cached_property
    def left_out(self) -> dict[str, int]:
        """How many tasks the checkout has of domains that are no benchmark here."""
        here = {DOMAIN, *(one.domain for one in (Jupyter, Dbt, Dagster))}
        folders = (
            one for one in (self.checkout / EXAMPLES).iterdir() if one.is_dir() and one.name not in here
        )
        counts = {one.name: len(list(one.glob("*/*.json"))) for one in folders}
        return {name: count for name, count in sorted(counts.items()) if count}

    @property
    def missing(self) -> list[str]:
        """A sentence for each domain that does not run here."""
        return [f"Not run here: {count} tasks of the domain {one}." for one, count in self.left_out.items()]

    def why_not(self, task: Task) -> str:
        """Why a task cannot run here; "" of one that can."""
        declared = self._declared(task)
        kinds = {step["type"] for step in declared["config"]} - {
            "copyfile_from_host_to_guest",
            "open",
            "sleep",
        }
        if kinds:
            return f"its set-up wants {', '.join(sorted(kinds))}"
        return (
            "" if declared["evaluator"]["func"] == "compare_table" else "its evaluator is not that of tables"
        )

    def tasks(self) -> list[Task]:
        """Those that run here, by id."""
        made = [
            Task(environment=self.name, instruction=one["instruction"], setup={"task": number}, parent=number)
            for number, one in self._tasks.items()
        ]
        return [task for task in made if not self.why_not(task)]

    def environment(self) -> Environment:
        """A fresh environment, to be used once."""
        return Spider2VEnvironment(self)

    @cached_property
    def folder(self) -> EnvironmentFolder:
        """The declaration of the environment."""
        return EnvironmentFolder(
            path=self.checkout,
            name=self.name,
            description="LibreOffice Calc on a desktop, with a workbook that is open.",
            kind="desktop",
            prepare=PROFILE,
            install=Install(apt=APT),
            desktop=Desktop(
                start="soffice --calc --norestore --nologo ~/$FILE",
                ready="LibreOffice Calc",
                names={"Formula Tool Bar": "Name Box"},
                places=0,
            ),
            docs=Docs(folder=("/usr/share/libreoffice/help/en-US/text/scalc/guide",)),
            limits=Limits(seconds=30, memory_mb=3072, processes=400, disk_mb=256),
            volatile=Volatile(patterns=("(?<=Status: ).*",)),
        )

    def files(self, task: Task) -> list[tuple[Path, str]]:
        """What is copied into the home: the file of the checkout, and its path there."""
        copied = [one["parameters"] for one in self._declared(task)["config"] if "src" in one["parameters"]]
        return [(self._inside(one["src"]), one["dest"].removeprefix(GUEST)) for one in copied]

    def opened(self, task: Task) -> str:
        """The document that an episode begins with, in the home."""
        opened = [
            one["parameters"]["path"] for one in self._declared(task)["config"] if one["type"] == "open"
        ]
        return opened[0].removeprefix(GUEST) if opened else ""

    def grade(self, task: Task, environment: Environment, trajectory: Trajectory) -> float:
        """What its evaluator gives, after the save that the benchmark makes. Raises GraderFault."""
        if not isinstance(environment, Spider2VEnvironment):
            raise GraderFault(f"{self.name}: this is not its environment")
        evaluator = self._declared(task)["evaluator"]
        result = evaluator["result"]["path"].removeprefix(GUEST)
        try:
            environment.save()
            with tempfile.TemporaryDirectory() as scratch:
                copy = Path(scratch) / Path(result).name
                if (found := environment.home / result).is_file() and not found.is_symlink():
                    shutil.copyfile(found, copy)
                return self.graded(evaluator, copy)
        except (EnvironmentFault, OSError) as error:
            raise GraderFault(f"{self.name}: task {task.parent} could not be graded: {error}") from None

    def gold(self, task: Task) -> list[Action]:
        """There are none."""
        return []

    def graded(self, evaluator: dict[str, Any], result: Path) -> float:
        """What the evaluator gives a file; 0 for one that is not there. Raises GraderFault."""
        asked = {
            "checkout": str(self.checkout),
            "func": evaluator["func"],
            "result": str(result) if result.exists() else None,
            "expected": str(self._inside(evaluator["expected"]["path"])),
            "options": evaluator.get("options") or {},
        }
        python = self._python or Path(install.tools(self._evaluator).path[0]) / "python"
        try:
            done = subprocess.run(
                [str(python), "-c", GRADER],
                input=json.dumps(asked),
                capture_output=True,
                text=True,
                timeout=GRADED,
            )
        except subprocess.TimeoutExpired:
            raise GraderFault(f"{self.name}: grading took over {GRADED:g} s") from None
        try:
            return float(done.stdout.strip().rpartition("\n")[2])
        except ValueError:
            raise GraderFault(
                f"{self.name}: the evaluator failed: {' '.join(done.stderr.split())[-300:]}"
            ) from None

    @cached_property
    def _evaluator(self) -> EnvironmentFolder:
        needs = Install(pip=PACKAGES)
        return EnvironmentFolder(
            path=self.checkout, name=f"{self.name}-evaluator", description="", install=needs
        )

    def _inside(self, path: str) -> Path:
        """A file of the checkout. Raises GraderFault for a path that leads out of it, or nowhere."""
        found = (self.checkout / path).resolve()
        if self.checkout not in found.parents or not found.is_file():
            raise GraderFault(f"{self.name}: the checkout has no file {path}")
        return found

    def _declared(self, task: Task) -> dict[str, Any]:
        try:
            return self._tasks[task.parent or str(task.setup.get("task"))]
        except KeyError:
            raise GraderFault(f"{self.name} has no task {task.parent!r}") from None


class Spider2VEnvironment(DesktopEnvironment):
    """A desktop whose home gets the files of a task, and whose document is saved before it is graded."""

    def __init__(self, benchmark: Spider2V) -> None:
        super().__init__(benchmark.folder)
        self._benchmark = benchmark

    def reset(self, task: Task) -> Observation:
        """Copy the task's files, and open its document. Raises EnvironmentFault."""
        known = task if task.setup.get("task") else self._benchmark.tasks()[0]
        try:
            for source, place in self._benchmark.files(known):
                shutil.copyfile(source, self.home / place)
        except (GraderFault, OSError) as error:
            raise EnvironmentFault(
                f"{self.name}: the files of {known.parent} could not be copied: {error}"
            ) from None
        self.sandbox.adopt()
        setup = {**task.setup, "file": self._benchmark.opened(known)}
        return super().reset(task.model_copy(update={"setup": setup}))

    def save(self) -> None:
        """What the benchmark does before it grades: Control+s. Raises EnvironmentFault."""
        self.machine.python("pyautogui.hotkey('ctrl', 's')", self.folder.limits.seconds)
        time.sleep(SAVE_SECONDS)
        self.machine.rest(self.desktop.quiet, self.desktop.patience)
