"""The task files of OSWorld: what they say, and which of them run on this machine.

The files are those of a checkout of github.com/xlang-ai/OSWorld (`evaluation_examples`, whose README has the
form); nothing of them is copied.
"""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from ..desktop_env.served import NO_CHROME, has_chrome

EXAMPLES = "evaluation_examples"
LIST = f"{EXAMPLES}/test_all.json"
SERVER = "desktop_env/server/main.py"
INFEASIBLE = "infeasible"
"""The evaluator of tasks that cannot be done: to say so is right."""
PROGRAMS = {
    "chrome": ("chromium", "google-chrome"),
    "gimp": ("gimp",),
    "libreoffice_calc": ("localc",),
    "libreoffice_impress": ("loimpress",),
    "libreoffice_writer": ("lowriter",),
    "os": ("gnome-terminal",),
    "thunderbird": ("thunderbird",),
    "vlc": ("vlc",),
    "vs_code": ("code",),
}
"""Application, as the benchmark names it -> commands, one of which is it."""
OTHER_NAMES = {
    "calc": "libreoffice_calc",
    "writer": "libreoffice_writer",
    "impress": "libreoffice_impress",
    "google-chrome": "chrome",
    "gnome-terminal": "os",
    "vscode": "vs_code",
    "code": "vs_code",
}
ACCOUNTS = {"googledrive", "login"}
"""Steps that want an account."""
FETCHING = {"cloud_file", "pdf_from_url", "info_from_website", "update_browse_history"}
"""Steps and results that load something from the network."""
URL = re.compile(r"https?://(?!localhost|127\.0\.0\.1)([\w.-]+)")


@dataclass(frozen=True)
class Declared:
    """One task's file."""

    domain: str
    content: dict[str, Any]

    @property
    def id(self) -> str:
        """As the benchmark names it."""
        return str(self.content["id"])

    @property
    def infeasible(self) -> bool:
        """Whether it cannot be done."""
        return bool(self.content["evaluator"]["func"] == INFEASIBLE)

    @property
    def apps(self) -> list[str]:
        """The applications that it is about, as far as they are known."""
        named = [self.domain, *map(str, self.content.get("related_apps") or [])]
        named += [str(word) for step in self.steps() for word in _command(step)[:1]]
        known = (OTHER_NAMES.get(one, one) for one in named)
        return [one for one in dict.fromkeys(known) if one in PROGRAMS]

    def steps(self) -> list[dict[str, Any]]:
        """The steps before the episode and before the evaluation."""
        return [*_dicts(self.content.get("config")), *_dicts(self.content["evaluator"].get("postconfig"))]

    def results(self) -> list[dict[str, Any]]:
        """What the evaluator looks at."""
        found = self.content["evaluator"]
        return [*_dicts(found.get("result")), *_dicts(found.get("expected"))]

    def urls(self) -> list[str]:
        """Addresses of what is fetched before the episode, and for the evaluator."""
        files = [one for step in self.steps() for one in _dicts(_parameters(step).get("files"))]
        paths = [one.get("path") for one in self.results() if one.get("type") == "cloud_file"]
        named = [one.get("url") for one in files] + [
            path for one in paths for path in (one if isinstance(one, list) else [one])
        ]
        return [str(one) for one in named if one]

    def fetches(self) -> bool:
        """Whether something must be downloaded."""
        return bool(self.urls()) or any(
            one.get("type") in FETCHING for one in [*self.steps(), *self.results()]
        )

    def account(self) -> bool:
        """Whether it wants an account."""
        return any(step.get("type") in ACCOUNTS for step in self.steps())

    def website(self) -> str:
        """A site that it opens, or looks at for the evaluation; "" where there is none."""
        opened = [step for step in self.steps() if step.get("type") == "chrome_open_tabs"]
        looked = [one for one in self.results() if one.get("type") != "cloud_file"]
        text = json.dumps([opened, looked, self.content["instruction"]])
        found = URL.search(text)
        return found[1] if found else ""


def why_not(task: Declared, fetched: bool) -> str:
    """Why a task cannot run on a screen of this machine; "" of one that can.

    `fetched`: its files are here already, or may be downloaded.
    """
    if task.account():
        return "it needs an account"
    if task.infeasible and not task.content.get("config"):
        return ""
    for app in task.apps:
        if not _installed(app):
            return f"it needs {app}: {' or '.join(PROGRAMS[app])} is not installed"
    if site := task.website():
        return f"it needs the web site {site}"
    if task.fetches() and not fetched:
        return "it needs a download"
    if any(one.get("type") == "active_url_from_accessTree" for one in task.results()) and not has_chrome():
        return NO_CHROME
    return _needs().get(task.id, "")


@cache
def _needs() -> dict[str, str]:
    """Id -> what a task needs that its file does not say."""
    text = (Path(__file__).parent / "needs.toml").read_text(encoding="utf-8")
    return {name: reason for reason, names in tomllib.loads(text).items() for name in names}


def read(checkout: Path) -> dict[str, Declared]:
    """All tasks by id, in the order of the list. Raises ConfigError that names the file."""
    place = checkout / LIST
    listed = _json(place)
    if not isinstance(listed, dict) or not all(isinstance(ids, list) for ids in listed.values()):
        raise ConfigError(f"{place}: this is no list of OSWorld's tasks: it must be domain -> [ids]")
    found = {one.id: one for domain, ids in listed.items() for one in _tasks(checkout, domain, ids)}
    if not found:
        raise ConfigError(f"{place}: there are no tasks in this file")
    return found


def _tasks(checkout: Path, domain: str, ids: list[Any]) -> Iterator[Declared]:
    for name in ids:
        if not re.fullmatch(r"[\w-]+", f"{domain}{name}"):
            raise ConfigError(f"{checkout / LIST}: {domain}/{name} is no name of a task")
        file = checkout / EXAMPLES / "examples" / domain / f"{name}.json"
        content = _json(file)
        try:
            whole = content["id"] == name and content["instruction"] and content["evaluator"]["func"]
        except (KeyError, TypeError):
            whole = False
        if not whole:
            raise ConfigError(
                f"{file}: this is no task of OSWorld: it needs id, instruction and evaluator.func"
            )
        yield Declared(domain, content)


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{file}: this file of OSWorld cannot be read ({error}); name a whole checkout"
        ) from None


def _dicts(value: Any) -> list[dict[str, Any]]:
    """The tables in a value that is one, or a list of them."""
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _parameters(step: dict[str, Any]) -> dict[str, Any]:
    found = step.get("parameters")
    return found if isinstance(found, dict) else {}


def _command(step: dict[str, Any]) -> list[str]:
    """The words of the command of a step."""
    said = _parameters(step).get("command", [])
    return [str(word) for word in said] if isinstance(said, list) else str(said).split()


def _installed(app: str) -> bool:
    return any(shutil.which(program) for program in PROGRAMS[app])
