"""A benchmark's own set-up and evaluators, for one episode. Run by a Python that has what they import, as

    python judge.py CHECKOUT CACHE

It imports the package `desktop_env` of the checkout (OSWorld, or one that grew from it), and answers on
stdout: a line of JSON in, one out.

    {"ask": "begin", "task": {...}, "host": "127.0.0.1", "ports": {"server": 5000, ...}, "screen": [w, h]}
    {"ask": "begin", "task": {...}, "provider": "docker", "vm": "", "screen": [w, h]}     -> {"url": ...}
    {"ask": "evaluate", "last": "DONE" or "FAIL"}                                         -> {"score": 1.0}

Modules that are not installed are stood in for: the error comes when one is used.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import json
import os
import re
import sys
from abc import ABCMeta
from pathlib import Path
from types import ModuleType
from typing import Any

IMPORTS = re.compile(r"^\s*(?:import|from)\s+(\w+)", re.MULTILINE)
USED = (
    "desktop_env.py",
    "configs",
    "controllers",
    "envs",
    "evaluators",
    "providers/__init__.py",
    "providers/aws",
)
KINDS = ("desktop_env.py", "envs/desktop_env.py")
"""Where the package's environment is: OSWorld, Spider2-V."""


class _StandIn(ABCMeta):
    """A class in the place of something that is not here: it can be named, and not used.

    Of ABCMeta: a class may be made of it and of an abstract one.
    """

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _stand_in(f"{cls.__name__}.{name}")

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        if "stands_in" not in cls.__dict__:  # A class of the package, made of one that is not here.
            return super().__call__(*arguments, **named)
        raise ImportError(f"the Python package {cls.__name__.partition('.')[0]} is not installed")


def _stand_in(name: str) -> Any:
    return _StandIn(name, (), {"stands_in": True})


class _Absent(ModuleType):
    """A module that is not installed."""

    __path__: list[str] = []  # noqa: RUF012  As of a package: it may have others in it.

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _stand_in(f"{self.__name__}.{name}")


class _Finder:
    """Finds the modules that are stood in for, and what is in them."""

    def __init__(self, names: set[str]) -> None:
        self._names = names

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name.partition(".")[0] in self._names:
            return importlib.util.spec_from_loader(name, self)  # type: ignore[arg-type]
        return None

    def create_module(self, spec: Any) -> ModuleType:
        return _Absent(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it."""


def stand_in(package: Path) -> list[str]:
    """Stand in for what the package imports and what is not here -> the names."""
    places = [package / one for one in USED]
    files = [one for place in places for one in (place.rglob("*.py") if place.is_dir() else [place])]
    named = {name for one in files if one.is_file() for name in IMPORTS.findall(one.read_text("utf-8"))}
    absent = {name for name in named if not _there(name)}
    sys.meta_path.append(_Finder(absent))
    return sorted(absent)


def _there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


class Judge:
    """The package's environment, with a machine that runs already or one that a provider starts."""

    def __init__(self, package: Path, cache: str) -> None:
        self._package, self._cache = package, cache
        self._env: Any = None

    def begin(self, asked: dict[str, Any]) -> dict[str, Any]:
        place = next((one for one in KINDS if (self._package / one).is_file()), KINDS[0])
        name = place.removesuffix(".py").replace("/", ".")
        kind = importlib.import_module(f"desktop_env.{name}").DesktopEnv
        if asked.get("provider"):
            env = self._env = kind(
                provider_name=asked["provider"],
                path_to_vm=asked.get("vm") or None,
                action_space="pyautogui",
                cache_dir=self._cache,
                screen_size=tuple(asked["screen"]),
                headless=True,
                require_a11y_tree=False,
            )
            env.reset(task_config=asked["task"])
        else:
            env = self._env = self._met(kind, asked)
            setup = env.setup_controller.setup
            proxy = {"use_proxy": False} if "use_proxy" in inspect.signature(setup).parameters else {}
            if setup(env.config, **proxy) is False:
                raise ValueError("the machine's server did not answer to the set-up")
        return {"url": f"http://{env.vm_ip}:{env.server_port}"}

    def _met(self, kind: Any, asked: dict[str, Any]) -> Any:
        """The package's environment around a machine that it did not start."""
        controllers = importlib.import_module("desktop_env.controllers.python")
        setups = importlib.import_module("desktop_env.controllers.setup")
        env, ports = kind.__new__(kind), asked["ports"]
        width, height = asked["screen"]
        known = {
            "vm_ip": asked["host"],
            "server_port": ports["server"],
            "chromium_port": ports["chromium"],
            "vlc_port": ports["vlc"],
            "vnc_port": 0,
            "cache_dir": self._cache,
            "client_password": "password",
            "screen_width": width,
            "screen_height": height,
        }
        for name, value in known.items():
            setattr(env, name, value)
        env.cache_dir_base, env.provider_name, env.os_type = self._cache, "", "Ubuntu"
        env.enable_proxy = env.current_use_proxy = env.is_environment_used = False
        env.action_history, env._step_no, env._traj_no = [], 0, 0
        env.controller = _made(controllers.PythonController, known)
        env.setup_controller = _made(setups.SetupController, known)
        env._set_task_info(asked["task"])
        env.setup_controller.reset_cache_dir(env.cache_dir)
        return env

    def evaluate(self, asked: dict[str, Any]) -> dict[str, Any]:
        self._env.action_history.append(asked["last"])
        return {"score": float(self._env.evaluate())}

    def end(self) -> None:
        """End a machine that a provider started."""
        if self._env is not None and self._env.provider_name:
            self._env.close()


def _made(kind: Any, known: dict[str, Any]) -> Any:
    """An object of the package, with those arguments that its version takes."""
    wanted = inspect.signature(kind.__init__).parameters
    return kind(**{name: value for name, value in known.items() if name in wanted})


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # What the package prints is no answer.
    checkout, cache = Path(sys.argv[1]), sys.argv[2]
    sys.path[0] = str(checkout)
    absent = stand_in(checkout / "desktop_env")
    judge = Judge(checkout / "desktop_env", cache)
    try:
        for line in sys.stdin:
            asked = json.loads(line)
            try:
                told = judge.begin(asked) if asked["ask"] == "begin" else judge.evaluate(asked)
            except BaseException as error:
                said = " ".join(str(error).split())[-300:]
                told = {"error": f"{type(error).__name__}: {said}", "absent": absent}
                if isinstance(error, KeyboardInterrupt):
                    raise
            answers.write(json.dumps(told) + "\n")
            answers.flush()
    finally:
        judge.end()


if __name__ == "__main__":
    main()
