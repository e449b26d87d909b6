"""WebArena: its 812 tasks, on the sites that `WA_*` variables name, graded by its own evaluators.

The tasks (`test.raw.json`) and the evaluators are those of the package `libwebarena` (extra `webarena`), a
port of github.com/web-arena-x/webarena; nothing of either is written anew here. The sites are large images
that a user runs (see WebArena's `environment_docker`); a variable names each: `WA_SHOPPING=http://host:7770`.
Tasks whose sites are not all named are left out, and that is said. A site is not put back between tasks:
give `WA_RESET` a bash command that does it.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

from ..environments import Environment
from ..environments.folder import EnvironmentFolder
from ..environments.web import browser
from ..environments.web.config import Web
from ..environments.web.environment import WebEnvironment
from ..errors import ConfigError, GraderFault
from ..types import Action, Observation, Task, Trajectory

SITES = ("shopping", "shopping_admin", "reddit", "gitlab", "wikipedia", "map", "homepage")
RESET = "WA_RESET"
AND = " |AND| "
"""Stands between the pages of a task that begins with several tabs."""
PAGES = 10
"""Pages that an evaluator opens: so many times longer than one may the grading take."""
INSTALL = "type: pip install 'learn-by-interact[webarena]'"
LOGIN = {
    "shopping": ("/customer/account/login/", "Email", "Password", "Sign In"),
    "shopping_admin": ("", "Username", "Password", "Sign in"),
    "reddit": ("/login", "Username", "Password", "Log in"),
    "gitlab": ("/users/sign_in", "Username or email", "Password", "Sign in"),
}
"""Site -> its page for logging in, the names of both fields and of the button."""
ACCOUNTS = {
    "shopping": ("emma.lopez@gmail.com", "Password.123"),
    "shopping_admin": ("admin", "admin1234"),
    "reddit": ("MarvelsGrantMan136", "test1234"),
    "gitlab": ("byteblaze", "hello1234"),
}
"""The accounts that the sites' images come with (WebArena, `browser_env/env_config.py`)."""
ABOUT = (
    "A web browser with the sites of a small internet: a shop, its administration, a forum, a place for "
    "code, an encyclopedia and a map, as far as they are named here: {sites}. You are logged in."
)


class WebArena:
    """The tasks of WebArena whose sites are there.

    Raises ConfigError when no site is named, or `libwebarena` is not installed.
    """

    name = "webarena"
    tools: tuple[str, ...] = ()

    def __init__(self, file: Path | None = None) -> None:
        """`file`: tasks of the same schema, in the place of WebArena's own."""
        self.sites = {site: os.environ[_variable(site)].rstrip("/") for site in SITES if _named(site)}
        if not self.sites:
            names = ", ".join(map(_variable, SITES))
            raise ConfigError(f"webarena: no site is named; set those that you run: {names}")
        self._file = file or _package() / "test.raw.json"

    @cached_property
    def _tasks(self) -> dict[str, dict[str, Any]]:
        """Tasks by number whose sites are all there."""
        every = json.loads(self._file.read_text(encoding="utf-8"))
        return {str(one["task_id"]): one for one in every if set(one["sites"]) <= self.sites.keys()}

    @property
    def missing(self) -> list[str]:
        """A sentence for each site that tasks need and that is not named."""
        every = json.loads(self._file.read_text(encoding="utf-8"))
        told = []
        for site in SITES:
            count = sum(site in one["sites"] for one in every)
            if count and site not in self.sites:
                told.append(f"{_variable(site)} is not set: {count} tasks need {site}.")
        return told

    @cached_property
    def folder(self) -> EnvironmentFolder:
        """The environment as a folder would declare it."""
        login = [
            line
            for site in self.sites
            if site in LOGIN
            and any(one.get("require_login", True) and site in one["sites"] for one in self._tasks.values())
            for line in _login(site, self.sites[site])
        ]
        return EnvironmentFolder(
            path=Path.cwd(),
            name=self.name,
            description=ABOUT.format(sites=", ".join(f"{url} ({site})" for site, url in self.sites.items())),
            kind="web",
            web=Web(
                url=next(iter(self.sites.values())),
                origins=tuple(self.sites.values()),
                login=tuple(login),
                reset=os.environ.get(RESET, ""),
            ),
        )

    def tasks(self) -> list[Task]:
        """Those whose sites are there, in WebArena's order. Raises ConfigError when there are none."""
        if not self._tasks:
            raise ConfigError(
                f"webarena: no task has only the sites that are named. {' '.join(self.missing)}"
            )
        return [
            Task(
                environment=self.name,
                instruction=one["intent"],
                setup={"page": one.get("start_url") or AND.join(one["start_urls"]), "check": number},
                parent=number,
            )
            for number, one in self._tasks.items()
        ]

    def environment(self) -> Environment:
        """A fresh environment, to be used once."""
        return WebArenaEnvironment(self.folder, self.sites)

    def grade(self, task: Task, environment: Environment, trajectory: Trajectory) -> float:
        """What WebArena's evaluators give. Raises GraderFault when they cannot be run."""
        if not isinstance(environment, WebArenaEnvironment):
            raise GraderFault("webarena: this is not its environment")
        if task.parent not in self._tasks:
            raise GraderFault(f"webarena has no task {task.parent!r} to grade")
        text = placed(json.dumps(self._tasks[task.parent]), self.sites)
        harness = _harness(self.sites)
        page = environment.session.page
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            try:
                evaluator = harness.evaluator_router(file.name)
                with browser.watched(PAGES):
                    score = evaluator(
                        trajectory=[{"answer": trajectory.answer}],
                        config_file=file.name,
                        page=page,
                        client=page.context.new_cdp_session(page),
                    )
            except Exception as error:  # The harness lets errors of many libraries through.
                told = " ".join(str(error).split())[:300]
                raise GraderFault(f"webarena: task {task.parent} could not be graded: {told}") from error
        return float(score)

    def gold(self, task: Task) -> list[Action]:
        """WebArena has no solutions."""
        return []


class WebArenaEnvironment(WebEnvironment):
    """A browser on the sites; an episode may begin with several tabs."""

    def __init__(self, folder: EnvironmentFolder, sites: dict[str, str]) -> None:
        super().__init__(folder)
        self._sites = sites

    def reset(self, task: Task) -> Observation:
        """Open the pages of a task, the first one last: it is the tab that is shown."""
        first, *others = placed(str(task.setup.get("page", "")), self._sites).split(AND)
        seen = super().reset(task.model_copy(update={"setup": {**task.setup, "page": first}}))
        if not others:
            return seen
        for other in others:
            self.step(Action(tool="new_tab", arguments={"url": other}))
        seen = self.step(Action(tool="tab", arguments={"number": "1"}))
        self.transcript.clear()
        return seen


def placed(text: str, sites: dict[str, str]) -> str:
    """A text in which the sites' addresses stand for WebArena's places, such as `__SHOPPING__`."""
    for site, url in sites.items():
        text = text.replace(f"__{site.upper()}__", url)
    return text


def _variable(site: str) -> str:
    return f"WA_{site.upper()}"


def _named(site: str) -> bool:
    return bool(os.environ.get(_variable(site)))


def _login(site: str, url: str) -> tuple[str, ...]:
    page, user, password, button = LOGIN[site]
    account = ACCOUNTS[site]
    return (
        f"goto {url}{page}",
        f'type "{account[0]}" into [textbox "{user}"]',
        f'type "{account[1]}" into [textbox "{password}"]',
        f'click [button "{button}"]',
    )


def _package() -> Path:
    """Where `libwebarena` lies; it is not imported, which needs the addresses of all sites."""
    spec = importlib.util.find_spec("webarena")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"webarena: libwebarena is not installed; {INSTALL}")
    return Path(next(iter(spec.submodule_search_locations)))


def _harness(sites: dict[str, str]) -> Any:
    """WebArena's `evaluation_harness`. Raises GraderFault when it cannot be imported."""
    for site in SITES:
        os.environ.setdefault(site.upper(), sites.get(site, f"http://{site}.invalid"))
    try:
        return importlib.import_module("webarena.evaluation_harness")
    except ImportError as error:
        raise GraderFault(f"webarena: its evaluators cannot be imported ({error}); {INSTALL}") from error
