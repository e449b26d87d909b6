"""OSWorld (arXiv 2404.07972): its tasks, set up and graded by its own code.

Tasks, server and the package `desktop_env` are those of a checkout of github.com/xlang-ai/OSWorld, which
`OSWORLD` names; nothing of it is copied. Where a task runs:

- on a screen of this machine, in the sandbox: the tasks whose applications are installed and that need no web
  site, account or download (`OSWORLD_DOWNLOAD=1` allows downloads); `why_not` says what hinders the others;
- on a machine that runs already and has OSWorld's server, which `OSWORLD_URL` names: nothing puts it back;
- on machines that a provider of OSWorld starts and puts back for each episode: `OSWORLD_PROVIDER` (docker,
  vmware, virtualbox, aws ...), with `OSWORLD_VM` where the provider wants the path of a machine.

There are no gold solutions, but for the tasks that cannot be done, of which it is right to say so. The
documents are the applications' own help (`HELP`); what is proposed from one begins as a task of its domain.
"""

from __future__ import annotations

import copy
import os
import shutil
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from ...environments import Environment, install
from ...environments.desktop.config import Desktop
from ...environments.folder import EnvironmentFolder, Install, Limits, Volatile
from ...errors import ConfigError, EnvironmentFault, GraderFault
from ...sources import Docs
from ...types import STOP, Action, Document, Task, Trajectory, digest
from ..desktop_env import judged
from ..desktop_env.episode import FAIL, Here, Judged
from ..desktop_env.served import APT, Form
from ..validate import TaskProof, scored
from .elsewhere import Elsewhere
from .results import summary, write
from .tasks import PROGRAMS, SERVER, Declared, read, why_not

CHECKOUT, URL, PROVIDER, VM, DOWNLOAD = (
    "OSWORLD",
    "OSWORLD_URL",
    "OSWORLD_PROVIDER",
    "OSWORLD_VM",
    "OSWORLD_DOWNLOAD",
)
HELP = {
    "gimp": "/usr/share/gimp/2.0/help/en",
    "libreoffice_calc": "/usr/share/libreoffice/help/en-US/text/scalc/guide",
    "libreoffice_impress": "/usr/share/libreoffice/help/en-US/text/simpress/guide",
    "libreoffice_writer": "/usr/share/libreoffice/help/en-US/text/swriter/guide",
}
"""Domain -> where Debian's gimp-help-en and libreoffice-help-en-us have the help of its application."""
PYTHON = "OSWORLD_PYTHON"
"""Variable of a Python that has what the evaluators import; "": one that is made."""
PACKAGES = (
    "beautifulsoup4",
    "chardet",
    "cssselect",
    "fastdtw",
    "formulas==1.2.8",
    "gymnasium",
    "imagehash",
    "lxml",
    "mutagen",
    "numpy<2",
    "odfpy",
    "opencv-python-headless",
    "openpyxl",
    "pandas<2.3",
    "pdfplumber",
    "pillow<12",
    "playwright",
    "psutil",
    "pymupdf",
    "pypdf",
    "pypdf2",
    "python-docx",
    "python-dotenv",
    "python-pptx",
    "pytz",
    "pyyaml",
    "rapidfuzz",
    "requests",
    "requests-toolbelt",
    "scikit-image",
    "tldextract",
    "xmltodict",
)
"""What the package `desktop_env` imports, without what is heavy: torch, easyocr, librosa, clouds."""
STARTS = frozenset({"launch", "open"})
"""Steps after which a window is waited for."""
TITLES = {
    "chrome": "Chrom",
    "gimp": "GNU Image",
    "libreoffice_calc": "LibreOffice",
    "libreoffice_impress": "LibreOffice|Select a Template",
    "libreoffice_writer": "LibreOffice",
    "thunderbird": "Thunderbird|Account",
    "vlc": "VLC",
    "vs_code": "Visual Studio",
}
"""Application -> pattern of the title of its window."""
SCREEN = (1920, 1080)
"""Pixels of OSWorld's machines."""
PREPARE = """
mkdir -p Desktop Documents Downloads Music Pictures Public Templates Videos
mkdir -p .config/libreoffice/4/user .config/vlc
cat > .config/libreoffice/4/user/registrymodifications.xcu <<'END'
<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Misc"><prop oor:name="ShowTipOfTheDay" oor:op="fuse">\
<value>false</value></prop></item>
<item oor:path="/org.openoffice.Setup/Product"><prop oor:name="ooSetupLastVersion" oor:op="fuse">\
<value>99.0</value></prop></item>
</oor:items>
END
command -v soffice >/dev/null && soffice --headless --terminate_after_init
command -v vlc >/dev/null && timeout 60 vlc -I dummy --reset-config vlc://quit
sed -i 's/^#*qt-privacy-ask=.*/qt-privacy-ask=0/' .config/vlc/vlcrc
command -v gimp >/dev/null && timeout 300 gimp -i -b '(gimp-quit 0)'
rm -rf .cache
true
"""
"""Once, before all episodes: the settings that applications make when they are first started."""


class OSWorld:
    """The tasks. Raises ConfigError when no checkout is named, or it is not whole."""

    name = "osworld"
    tools: tuple[str, ...] = ()
    form = Form()

    def __init__(self, checkout: Path | None = None) -> None:
        named = os.environ.get(CHECKOUT, "")
        if checkout is None and not named:
            raise ConfigError(f"osworld: set {CHECKOUT} to a checkout of github.com/xlang-ai/OSWorld")
        self.checkout = (checkout or Path(named)).resolve()
        self._tasks = read(self.checkout)
        self.url, self.provider = os.environ.get(URL, ""), os.environ.get(PROVIDER, "")
        self.vm, self._download = os.environ.get(VM, ""), os.environ.get(DOWNLOAD, "") == "1"
        if self.url and self.provider:
            raise ConfigError(f"osworld: {URL} and {PROVIDER} are set both; a task runs on one machine")
        if not (self.checkout / SERVER).is_file() and not self.elsewhere:
            raise ConfigError(f"{self.checkout}: there is no {SERVER}, which tasks need that run here")
        self.through_server = False
        self.output: Path | None = None
        self.called = ""

    @property
    def elsewhere(self) -> bool:
        """Whether tasks run on another machine than this."""
        return bool(self.url or self.provider)

    @cached_property
    def left_out(self) -> dict[str, str]:
        """Id -> why a task does not run."""
        found = {one.id: self._why_not(one) for one in self._tasks.values()}
        return {name: reason for name, reason in found.items() if reason}

    @property
    def missing(self) -> list[str]:
        """A sentence for each task that does not run, and how many run."""
        lines = [
            f"Not run here: {self._tasks[name].domain}/{name}: {reason}."
            for name, reason in self.left_out.items()
        ]
        here = len(self._tasks) - len(lines)
        return [*lines, f"{here} of {len(self._tasks)} tasks of {self.name} run here."]

    def _why_not(self, task: Declared) -> str:
        if self.elsewhere:
            return "it needs an account" if task.account() else ""
        return why_not(task, self._download or self._fetched(task))

    def _fetched(self, task: Declared) -> bool:
        """Whether the files of a task were downloaded before."""
        places = (self._kept / task.id, self.checkout / "cache" / task.id)
        there = {one.name for place in places if place.is_dir() for one in place.iterdir()}
        return bool(task.urls()) and len(there) >= len(task.urls())

    @property
    def _kept(self) -> Path:
        return install.cache_folder() / "osworld" / "files"

    def tasks(self) -> list[Task]:
        """Those that run, in the order of the benchmark's list."""
        return [
            Task(
                environment=self.name,
                instruction=one.content["instruction"],
                setup={"task": one.id, "domain": one.domain},
                parent=one.id,
            )
            for one in self._tasks.values()
            if one.id not in self.left_out
        ]

    @property
    def first(self) -> str:
        """The id of a task that runs. Raises EnvironmentFault where none does."""
        for name, one in self._tasks.items():
            if name not in self.left_out and one.content.get("config"):
                return name
        raise EnvironmentFault("osworld: none of its tasks runs here; lbi validate osworld says why")

    def declared(self, name: str) -> Declared:
        """A task's file. Raises EnvironmentFault."""
        try:
            return self._tasks[name]
        except KeyError:
            raise EnvironmentFault(f"{self.name} has no task {name!r}") from None

    def content(self, name: str) -> dict[str, Any]:
        """See `SetUp.content`."""
        return self.declared(name).content

    def shown(self, name: str) -> tuple[str, ...] | None:
        """See `SetUp.shown`."""
        task = self.declared(name)
        if not any(step.get("type") in STARTS for step in task.content.get("config") or []):
            return None
        titles = "|".join(TITLES[app] for app in task.apps if app in TITLES)
        return (titles,) if titles else ()

    def judge(self) -> judged.Judge:
        """A process of the benchmark's own code, for one episode. Raises EnvironmentFault."""
        program = judged.python(self.name, self.checkout, PACKAGES, PYTHON)
        return judged.Judge(self.name, program, self.checkout, self._kept)

    def environment(self) -> Environment:
        """A fresh environment, to be used once."""
        return Elsewhere(self) if self.elsewhere else Here(self)

    @cached_property
    def folder(self) -> EnvironmentFolder:
        """The declaration of the environment."""
        there = [one for names in PROGRAMS.values() for one in names if shutil.which(one)]
        width, height = SCREEN
        return EnvironmentFolder(
            path=self.checkout,
            name=self.name,
            description="A Linux desktop with applications; your home is /home/user.",
            kind="desktop",
            # An application that is installed later makes its settings in another preparation.
            prepare="" if self.elsewhere else f"{PREPARE}# {' '.join(there)}\n",
            install=Install(apt=APT),
            desktop=Desktop(
                start="" if self.elsewhere else "true",
                url="http://machine" if self.elsewhere else "",
                names={"Formula Tool Bar": "Name Box"},
                places=0,
                width=width,
                height=height,
            ),
            docs=Docs(folder=tuple(self._help.values())),
            limits=Limits(seconds=30, memory_mb=4096, processes=800, disk_mb=1024),
            volatile=Volatile(patterns=("(?<=Status: ).*",)),
        )

    @cached_property
    def _help(self) -> dict[str, str]:
        """`HELP` of the domains that have a task that runs: what is installed; all, where nothing is."""
        domains = {task.setup["domain"] for task in self.tasks()}
        wanted = {domain: folder for domain, folder in HELP.items() if domain in domains}
        there = {domain: folder for domain, folder in wanted.items() if Path(folder).is_dir()}
        return there or wanted

    def setup_of(self, document: Document) -> dict[str, Any]:
        """The setup of a task of the document's domain, always the same; {} where the domain is not known."""
        domains = [one for one, folder in self._help.items() if document.source.startswith(folder)]
        tasks = [task for task in self.tasks() if task.setup["domain"] in domains]
        begun = [task for task in tasks if self.declared(task.parent).content.get("config")]
        return begun[int(digest([document.id]), 16) % len(begun)].setup if begun else {}

    def grade(self, task: Task, environment: Environment, trajectory: Trajectory) -> float:
        """What its own evaluator gives. Raises GraderFault."""
        if not isinstance(environment, Judged):
            raise GraderFault(f"{self.name}: this is not its environment")
        last = FAIL if trajectory.answer.strip() == FAIL else "DONE"
        score = environment.judge.evaluate(last)
        if self.output is not None:
            declared = self.declared(task.parent or str(task.setup.get("task")))
            write(self.output, self.called, declared, trajectory, environment, score)
        return score

    def gold(self, task: Task) -> list[Action]:
        """Of a task that cannot be done, to say so; of others there is none."""
        known = self.declared(task.parent or str(task.setup.get("task")))
        return [Action(tool=STOP, arguments={"answer": FAIL})] if known.infeasible else []

    def prove(self, task: Task) -> TaskProof:
        """Set the task up and do nothing; of one that cannot be done, also say so."""
        problems: list[str] = []
        nothing = scored(self, task, [], problems)
        gold = self.gold(task)
        passed = scored(self, task, gold, problems) if gold else None
        if not gold:
            problems.append("no gold solution comes with the benchmark")
        if nothing:
            problems.append("the evaluator is content when nothing was done")
        return TaskProof(
            name=task.parent,
            gold_passes=passed,
            nothing_fails=None if nothing is None else not nothing,
            message="; ".join(dict.fromkeys(problems)),
        )

    def writing_to(self, folder: Path, called: str) -> Self:
        """This benchmark, which also writes what it grades, as the benchmark's own `run.py` does."""
        other = copy.copy(self)
        other.output, other.called = folder, called
        return other

    def official(self, folder: Path, names: Sequence[str]) -> list[Path]:
        """A summary beside the results that were written: domain -> task -> score."""
        return summary(folder, names)
