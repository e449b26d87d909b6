"""What an environment needs before its first episode: its tools and its prepared start folder.

Both are made once and kept in a cache (`$LBI_CACHE`, or `~/.cache/learn-by-interact`), under the
hash of what they were made from; a lock makes other processes wait meanwhile.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..errors import ConfigError, EnvironmentFault
from ..types import digest
from .desktop.machine import SEEN, missing_programs
from .fingerprint import Fingerprint
from .folder import EnvironmentFolder, Volatile
from .sandbox import Sandbox, Tools, copy_tree, open_sandbox

PREPARE_SECONDS = 600.0

_lock = threading.RLock()
_made: dict[tuple[str, str], Path] = {}
_there: set[str] = set()
"""Debian packages that were found: asking dpkg for each episode would cost as much as a command."""


def cache_folder() -> Path:
    """Where downloaded and prepared things are kept."""
    named = os.environ.get("LBI_CACHE")
    return Path(named).absolute() if named else Path.home() / ".cache" / "learn-by-interact"


def tools(folder: EnvironmentFolder, unsafe: bool = False) -> Tools:
    """The tools of an environment, installed if need be (pip), or checked (apt).

    With docker both are installed into an image, whatever this machine has. Raises ConfigError with
    the line to type when a Debian package is missing, EnvironmentFault when installing fails.
    """
    if folder.sandbox.kind == "docker" and not unsafe:
        from .docker_image import image_tools

        return image_tools(folder)
    _check_apt(folder)
    binds = [place for place in SEEN if Path(place).exists()] if folder.desktop else []
    path, last = [], []
    base = sys.base_prefix
    if not base.startswith("/usr"):
        binds.append(base)
    last.append(f"{base}/bin")
    if folder.install.pip:
        venv = _virtual_environment(folder.install.pip)
        binds.append(str(venv))
        path.append(str(venv / "bin"))
    return Tools(tuple(binds), tuple(path), tuple(last), tuple(sorted(folder.env.items())))


def start(folder: EnvironmentFolder, unsafe: bool = False) -> Path | None:
    """The folder that episodes copy: the start folder after `prepare`; None for an empty one.

    Raises EnvironmentFault with the end of its output when `prepare` fails.
    """
    if not folder.prepare:
        return folder.start_folder
    content = Fingerprint(folder.start_folder, Volatile()).take() if folder.start_folder else ""
    made_of = [content, folder.prepare, folder.install.model_dump(), folder.env, folder.sandbox.image]
    key = digest(made_of)

    def make(target: Path) -> None:
        _prepare(folder, unsafe, target)

    return once("starts", key, make)


def opened(folder: EnvironmentFolder, start: Path | None, unsafe: bool = False) -> Sandbox:
    """A sandbox of an environment's kind with its tools and a copy of `start`. Raises as `tools` does."""
    kind = "unsafe" if unsafe else folder.sandbox.kind
    return open_sandbox(kind, start, tools(folder, unsafe))


def install(folder: EnvironmentFolder) -> None:
    """Install everything, Debian packages as well. Raises ConfigError, EnvironmentFault."""
    missing = [] if folder.sandbox.kind == "docker" else _missing_apt(folder)
    if missing:
        if os.geteuid() != 0:
            raise ConfigError(_apt_line(folder, missing))
        run(["apt-get", "install", "-y", "--no-install-recommends", *missing], "apt-get")
    if not folder.swebench or folder.sandbox.kind != "docker":  # There each instance has an image.
        tools(folder)
    if folder.repository:
        from .repository.prepare import prepare

        prepare(folder, folder.repository)
    start(folder)


def _check_apt(folder: EnvironmentFolder) -> None:
    missing = _missing_apt(folder)
    if missing and os.geteuid() == 0 and os.environ.get("LBI_INSTALL") == "1":
        run(["apt-get", "install", "-y", "--no-install-recommends", *missing], "apt-get")
    elif missing:
        raise ConfigError(_apt_line(folder, missing))


def _missing_apt(folder: EnvironmentFolder) -> list[str]:
    """Debian packages that are not installed; where there is no dpkg, commands not found."""
    if folder.desktop and folder.desktop.url:
        return []  # Its applications are on another machine.
    missing = [name for name in folder.install.apt if name not in _there and not _installed(name)]
    if folder.desktop:
        missing += missing_programs()
    _there.update(name for name in folder.install.apt if name not in missing)
    return missing


def _installed(package: str) -> bool:
    name = package.split("=")[0]
    if not shutil.which("dpkg-query"):
        return shutil.which(name) is not None
    query = ["dpkg-query", "-W", "-f", "${db:Status-Status}", name]
    return subprocess.run(query, capture_output=True, text=True).stdout == "installed"


def _apt_line(folder: EnvironmentFolder, missing: list[str]) -> str:
    return f"{folder.name} needs {', '.join(missing)}; type: apt-get install -y {' '.join(missing)}"


def _virtual_environment(requirements: tuple[str, ...]) -> Path:
    key = digest([list(requirements), sys.version, sys.base_prefix])

    def make(target: Path) -> None:
        run([sys.executable, "-m", "venv", str(target)], "venv")
        pip = [str(target / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        run([*pip, "--disable-pip-version-check", *requirements], "pip")

    return once("environments", key, make)


def run(
    arguments: list[str], name: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> None:
    """Run a command that installs something. Raises EnvironmentFault with the end of its output."""
    done = subprocess.run(
        arguments,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", **(env or {})},
        cwd=cwd,
        umask=0o022,  # A sandbox started by root reads it as another user.
    )
    if done.returncode:
        told = " ".join((done.stdout + done.stderr).split())[-400:]
        raise EnvironmentFault(f"{name} failed ({' '.join(arguments[-3:])}): {told}")


def _prepare(folder: EnvironmentFolder, unsafe: bool, target: Path) -> None:
    limits = folder.limits.model_copy(update={"seconds": PREPARE_SECONDS})
    sandbox = opened(folder, folder.start_folder, unsafe)
    try:
        result = sandbox.run(folder.prepare, sandbox.inside_home, limits)
        if result.code or result.ended:
            told = " ".join(result.output.split())[-400:] or f"exit code {result.code}"
            raise EnvironmentFault(f"{folder.path}/environment.toml: prepare failed: {told}")
        target.mkdir()
        copy_tree(sandbox.home, target)
    finally:
        sandbox.close()


def once(kind: str, key: str, make: Callable[[Path], None]) -> Path:
    """The folder `kind/key` of the cache, made now if it is not there whole."""
    root = cache_folder() / kind
    if (found := _made.get((str(root), key))) and found.is_dir():
        return found
    target, ready = root / key, root / f"{key}.ready"
    with alone(root, key):
        if not (ready.exists() and target.is_dir()):
            shutil.rmtree(target, ignore_errors=True)
            make(target)
            ready.touch()
    _made[str(root), key] = target
    return target


@contextmanager
def alone(root: Path, key: str) -> Iterator[None]:
    """One thread of one process at a time, for a folder of the cache and a key.

    Raises ConfigError when the cache cannot be written.
    """
    with _lock:
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"{root}: the cache cannot be written ({error.strerror}); set LBI_CACHE to a folder that can"
            ) from None
        with (root / f"{key}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
