"""Spider2-V's domains jupyter, dbt and dagster: on a screen in the sandbox, with the benchmark's own server.

Set-up steps and evaluators are the checkout's own code (see `benchmarks/desktop_env`). The applications are
in a virtual environment with the versions of the benchmark's machine (`spider2v_snapshot.sh`), which `conda
activate` puts first; Chromium stands in for Google Chrome, a terminal and an editor for Visual Studio Code.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from ...environments import Environment, install
from ...environments.desktop.config import Desktop
from ...environments.folder import EnvironmentFolder, Install, Limits, Volatile
from ...errors import EnvironmentFault, GraderFault
from ...sources import Docs
from ...types import Action, Document, Task, Trajectory, digest
from ..desktop_env import judged
from ..desktop_env.episode import FAIL, Here, Judged
from ..desktop_env.served import APT, NO_CHROME, Form, has_chrome
from .tasks import checkout_of, read

HERE = Path(__file__).parent
PYTHON = "SPIDER2V_PYTHON"
"""Variable of a Python that has what the evaluators import; "": one that is made."""
PACKAGES = (
    "beautifulsoup4",
    "chardet",
    "cssselect",
    "duckdb==0.10.2",
    "formulas==1.2.8",
    "lxml",
    "nbformat==5.10.4",
    "numpy<2",
    "opencv-python-headless<4.11",
    "openpyxl==3.1.5",
    "pandas<2.3",
    "pillow<12",
    "playwright",
    "pyyaml",
    "rapidfuzz",
    "requests",
    "requests-toolbelt",
    "scikit-image<0.25",
    "xmltodict",
)
"""What the evaluators of these domains import."""
WAREHOUSE = "evaluation_examples/documents/docs/doc_md"
"""Where a checkout has its documents, a folder for each site, once they are downloaded."""
PROGRAMS = ("chromium", "curl", "gnome-terminal", "jq", "mousepad", "unzip")
"""Debian packages beside those of the server."""
SCREEN = (1920, 1080)
"""Pixels of the benchmark's machines."""
STEPS = frozenset(
    {
        "activate_window",
        "copyfile_from_guest_to_host",
        "copyfile_from_host_to_guest",
        "dagster_webui_init",
        "execute",
        "google_chrome_browser",
        "launch",
        "open",
        "script_and_execute",
        "sleep",
    }
)
"""Set-up steps that need nothing but what is here."""
ADDRESSES = frozenset({"active_tab_info", "validate_correct_url"})
"""What an evaluator gets by the address of the page that is shown."""
SERVICES = {
    "airbyte": "it needs Airbyte, which runs in docker",
    "bigquery": "it needs an account of Google Cloud",
    "dbt_cloud": "it needs an account of dbt Cloud",
    "dagster_cloud": "it needs an account of Dagster Cloud",
    "mysql": "it needs a MySQL server",
    "snowflake": "it needs an account of Snowflake",
}
"""Application, as the tasks name it -> why such a task cannot run here."""
PREPARE = """
mkdir -p Desktop Documents Downloads anaconda3/etc/profile.d projects .dbt .dagster
touch .dagster/dagster.yaml
cat > anaconda3/etc/profile.d/conda.sh <<END
conda() { [ "\\$1" != activate ] || export PATH=$(dirname "$(command -v python)"):\\$PATH; }
END
cat > .bashrc <<'END'
PS1='\\u@\\h:\\w\\$ '
export DAGSTER_HOME=/home/user/.dagster
END
mkdir -p .jupyter/lab/user-settings/@jupyterlab/apputils-extension
echo 'c.ServerApp.browser = "google-chrome %s"' > .jupyter/jupyter_lab_config.py
cp .jupyter/jupyter_lab_config.py .jupyter/jupyter_notebook_config.py
echo '{"fetchNews": "false", "checkForUpdates": false}' > \
  .jupyter/lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings
"""
"""Once, before all episodes: the home as the benchmark's machine has it."""
VOLATILE = (
    r"(Created|Modified): .*",
    r"\b(\d+|an?|last) (second|minute|hour)s?( ago)?\b",
    r"\d+/\d+/\d+, \d+:\d+ [AP]M",
    r"Memory usage - \S+ MB",
)
"""When a file was changed, and what a page takes."""
QUIET = {
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
"""There is no network: nothing tries to tell what was used."""


class Domain:
    """The tasks of a domain. Raises ConfigError when no checkout is named, or it has none."""

    domain: str
    name: str
    description: str
    packages: tuple[str, ...]
    """The applications, with the versions of the benchmark's machine."""
    docs: Docs
    tools: tuple[str, ...] = ()
    through_server = False
    form = Form(programs=HERE / "bin", fixed=True, sized=False)
    pages: tuple[str, ...] = ()
    """See `SetUp.shown`: of a page of the application."""

    def __init__(self, checkout: Path | None = None) -> None:
        self.checkout = checkout_of(self.name, checkout)
        self._tasks = read(self.checkout, self.domain)

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Id -> why a task does not run."""
        found = {number: self.why_not(task) for number, task in self._tasks.items()}
        return {number: reason for number, reason in found.items() if reason}

    @property
    def missing(self) -> list[str]:
        """A sentence for each task that does not run, and how many run."""
        lines = [f"Not run here: {self.domain}/{one}: {reason}." for one, reason in self.left_out.items()]
        here = len(self._tasks) - len(lines)
        return [*lines, f"{here} of {len(self._tasks)} tasks of {self.name} run here."]

    def why_not(self, task: dict[str, Any]) -> str:
        """Why a task cannot run here; "" of one that can."""
        for app in map(str, task.get("related_apps") or ()):
            if app in SERVICES:
                return SERVICES[app]
        steps = [*task["config"], *(task["evaluator"].get("postconfig") or ())]
        if wanted := {step["type"] for step in steps} - STEPS:
            return f"its set-up wants {', '.join(sorted(wanted))}"
        if absent := sorted(path for path in _named(task) if not (self.checkout / path).exists()):
            return f"the checkout has no {absent[0]}"
        if ADDRESSES & _types(task["evaluator"].get("result")) and not has_chrome():
            return NO_CHROME
        return _needs().get(task["id"], "")

    def tasks(self) -> list[Task]:
        """Those that run here, by id."""
        return [
            Task(
                environment=self.name,
                instruction=one["instruction"],
                setup={"task": number, "domain": self.domain},
                parent=number,
            )
            for number, one in self._tasks.items()
            if number not in self.left_out
        ]

    @property
    def first(self) -> str:
        """See `SetUp.first`."""
        for name in self._tasks:
            if name not in self.left_out:
                return name
        raise EnvironmentFault(f"{self.name}: none of its tasks runs here; lbi validate {self.name} says why")

    def content(self, name: str) -> dict[str, Any]:
        """See `SetUp.content`."""
        try:
            return self._tasks[name]
        except KeyError:
            raise EnvironmentFault(f"{self.name} has no task {name!r}") from None

    def shown(self, name: str) -> tuple[str, ...] | None:
        """See `SetUp.shown`: the application's page where one is opened, else the browser, or any window."""
        steps = self.content(name)["config"]
        if any("jupyter lab" in json.dumps(step) or step["type"] == "dagster_webui_init" for step in steps):
            return self.pages
        return ("Chrom",) if any(step["type"] == "google_chrome_browser" for step in steps) else ()

    def judge(self) -> judged.Judge:
        """See `SetUp.judge`."""
        program = judged.python(self.name, self.checkout, PACKAGES, PYTHON)
        kept = install.cache_folder() / "spider2v" / "files"
        return judged.Judge(self.name, program, self.checkout, kept, self.checkout)

    def environment(self) -> Environment:
        """A fresh environment, to be used once."""
        return Here(self)

    @cached_property
    def folder(self) -> EnvironmentFolder:
        """The declaration of the environment."""
        width, height = SCREEN
        return EnvironmentFolder(
            path=self.checkout,
            name=self.name,
            description=self.description,
            kind="desktop",
            prepare=PREPARE,
            install=Install(pip=self.packages, apt=(*APT, *PROGRAMS)),
            env=QUIET,
            desktop=Desktop(
                start="true",
                apps={"Terminal": "gnome-terminal", "Editor": "mousepad"},
                places=0,
                chars=4000,
                seconds=120,
                width=width,
                height=height,
            ),
            docs=self.docs.model_copy(update={"folder": self._warehouse}),
            limits=Limits(seconds=60, memory_mb=6144, processes=800, disk_mb=1024),
            volatile=Volatile(patterns=VOLATILE),
        )

    @property
    def _warehouse(self) -> tuple[str, ...]:
        """Folders of the benchmark's own documents about the domain, where they were unpacked."""
        folder = self.checkout / WAREHOUSE
        sites = sorted(folder.iterdir()) if folder.is_dir() else []
        return tuple(str(one) for one in sites if one.is_dir() and self.domain in one.name)

    def setup_of(self, document: Document) -> dict[str, Any]:
        """See `SetUp.setup_of`: all documents are of the domain's application."""
        tasks = self.tasks()
        return tasks[int(digest([document.id]), 16) % len(tasks)].setup if tasks else {}

    def grade(self, task: Task, environment: Environment, trajectory: Trajectory) -> float:
        """What its own evaluator gives. Raises GraderFault."""
        if not isinstance(environment, Judged):
            raise GraderFault(f"{self.name}: this is not its environment")
        return environment.judge.evaluate(FAIL if trajectory.answer.strip() == FAIL else "DONE")

    def gold(self, task: Task) -> list[Action]:
        """There are none."""
        return []


class Jupyter(Domain):
    """JupyterLab in a browser."""

    domain, name = "jupyter", "spider2v-jupyter"
    pages = ("JupyterLab", "^Kernel$")
    description = "A Linux desktop with JupyterLab in a browser, and a terminal; your home is /home/user."
    packages = (
        "jupyter==1.0.0",
        "jupyterlab==4.1.6",
        "notebook==7.1.3",
        "ipykernel==6.29.4",
        "numpy==1.26.4",
        "pandas==2.2.2",
        "matplotlib==3.8.4",
        "seaborn==0.13.2",
        "scipy==1.13.0",
        "scikit-learn==1.5.0",
    )
    docs = Docs(
        help=("jupyter lab", "jupyter notebook", "jupyter nbconvert"),
        tools=("jupyter",),
    )


class Dbt(Domain):
    """dbt with DuckDB, in a terminal."""

    domain, name = "dbt", "spider2v-dbt"
    description = (
        "A Linux desktop with a terminal, in which there is dbt with DuckDB, and an editor; your home is "
        "/home/user."
    )
    packages = ("dbt-core==1.7.13", "dbt-duckdb==1.7.4", "duckdb==0.10.2", "protobuf<5")
    docs = Docs(help=("dbt",))


class Dagster(Domain):
    """Dagster's pages in a browser, and a terminal."""

    domain, name = "dagster", "spider2v-dagster"
    pages = ("^Runs$", "^Assets$")
    description = (
        "A Linux desktop with Dagster in a browser (http://localhost:3000, where a task has it), a terminal "
        "and an editor; your home is /home/user."
    )
    packages = (
        "dagster==1.7.2",
        "dagster-graphql==1.7.2",
        "dagster-pipes==1.7.2",
        "dagster-webserver==1.7.2",
        "dagster-dbt==0.23.2",
        "dagster-duckdb==0.23.2",
        "dagster-duckdb-pandas==0.23.2",
        "dagstermill==0.23.2",
        "dbt-core==1.7.13",
        "dbt-duckdb==1.7.4",
        "duckdb==0.10.2",
        "numpy==1.26.4",
        "pandas==2.0.3",
        "pyarrow==16.0.0",
        "pytest==8.2.0",
        "scikit-learn==1.4.2",
        "scipy==1.13.0",
        "matplotlib==3.8.4",
        "seaborn==0.13.2",
        "notebook==7.1.2",
        "protobuf<5",
        "setuptools<81",
    )
    docs = Docs(help=("dagster",))


def _types(results: Any) -> set[str]:
    """How the evaluator gets what it looks at."""
    return {one["type"] for one in (results if isinstance(results, list) else [results]) if one}


def _named(value: Any) -> Iterator[str]:
    """Files of the checkout that a task's file names."""
    if isinstance(value, str) and value.startswith("evaluation_examples/"):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _named(one)


def _needs() -> dict[str, str]:
    """Id -> what a task needs that its file does not say."""
    text = (HERE / "needs.toml").read_text(encoding="utf-8")
    return {name: reason for reason, names in tomllib.loads(text).items() for name in names}
