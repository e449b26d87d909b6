"""`lbi doctor` and `lbi install`: what is here, what is missing, and the line to type."""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

DEMO_MODEL = "qwen2.5-coder-1.5b"
DISK_GB = 3.0
MEMORY_GB = 3.5
SQLITE = (3, 51, 3)
"""The first version without the bug that can lose committed writes of a WAL store."""
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON value on standard output.")]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    needed: bool
    """For the demo."""
    found: str
    remedy: str = ""
    """The line to type, or what to do, when it is not ok."""


def doctor(as_json: AsJson = False) -> None:
    """Look at what is installed, what is missing and what to type.

    Exits with 1 when something is missing that the demo needs.
    """
    checks = list(_checks())
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks]))
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            mark = "ok" if check.ok else "MISSING" if check.needed else "-"
            remedy = f"; {check.remedy}" if not check.ok and check.remedy else ""
            typer.echo(f"{mark:8}{check.name:{width}}  {check.found}{remedy}")
    if any(check.needed and not check.ok for check in checks):
        raise typer.Exit(1)


def install(
    folder: Annotated[Path, typer.Argument(help="A folder with environment.toml.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Install what an environment needs: its tools, Debian packages (as root), its start folder."""
    from ..environments.folder import EnvironmentFolder
    from ..environments.install import install as install_all

    found = EnvironmentFolder.load(folder)
    install_all(found)
    if found.swebench:
        from ..benchmarks.swebench import SweBench

        SweBench(folder).prepare_all(lambda line: typer.echo(line, err=True))
    value = {"name": found.name, "pip": list(found.install.pip), "apt": list(found.install.apt)}
    wanted = ", ".join([*found.install.pip, *found.install.apt])
    if found.repository:
        wanted = (
            f"its files, and a virtual environment with {'; '.join(found.repository.install) or 'Python'}"
        )
    told = f"{found.name} is ready; it needs {wanted or 'nothing'}."
    typer.echo(json.dumps(value) if as_json else told)


def _checks() -> Iterator[Check]:
    found = platform.python_version()
    yield Check("python", sys.version_info >= (3, 11), True, found, "install Python 3.11 or newer")
    yield _sqlite()
    yield _bubblewrap()
    yield _llama()
    yield from _models()
    for name in KEYS:
        there = bool(os.environ.get(name))
        yield Check(name, there, False, "set" if there else "not set", f"export {name}=... to use its models")
    yield _package("anthropic")
    yield _docker()
    yield _package("ray")
    yield _browser()
    yield _desktop()
    yield from _machine()


def _sqlite() -> Check:
    import apsw

    version = apsw.sqlite_lib_version()
    ok = tuple(map(int, version.split("."))) >= SQLITE
    return Check("sqlite", ok, True, f"{version} (apsw)", "pip install --upgrade apsw")


def _bubblewrap() -> Check:
    from ..environments.bwrap import INSTALL
    from ..environments.folder import Limits
    from ..environments.sandbox import Tools, open_sandbox
    from ..errors import LbiError, SandboxMissing

    try:
        with open_sandbox("bubblewrap", None, Tools()) as sandbox:
            code = sandbox.run("true", sandbox.inside_home, Limits()).code
    except SandboxMissing:
        return Check("bubblewrap", False, True, "not installed", INSTALL)
    except LbiError as error:
        return Check(
            "bubblewrap", False, True, f"does not work: {error}", "allow user namespaces, or be root"
        )
    return Check("bubblewrap", code == 0, True, "works" if code == 0 else f"`true` in it ended with {code}")


def _llama() -> Check:
    remedy = "pip install 'learn-by-interact[local]'"
    program = os.environ.get("LBI_LLAMA_SERVER")
    if program:
        return Check("llama.cpp", os.access(program, os.X_OK), True, program, "unset LBI_LLAMA_SERVER")
    from ..models.serve import CPU

    try:
        import xllamacpp
    except ImportError as error:
        return Check("llama.cpp", False, True, f"xllamacpp: {error}", remedy)
    found = f"xllamacpp {getattr(xllamacpp, '__version__', '')}".strip()
    with suppress(OSError):
        if {"avx512_vnni", "amx_int8"} & set(CPU.read_text().split()):
            found += "; it uses AVX2, one built for this processor reads faster (LBI_LLAMA_SERVER, README)"
    return Check("llama.cpp", True, True, found)


def _models() -> Iterator[Check]:
    from ..models.catalogue import CATALOGUE, present

    for entry in CATALOGUE:
        here = present(entry.name)
        found = f"{'present' if here else 'absent'} ({entry.bytes / 1e6:,.0f} MB)"
        needed = entry.name == DEMO_MODEL
        yield Check(f"local/{entry.name}", here, needed, found, f"lbi models pull {entry.name}")


def _package(name: str) -> Check:
    there = importlib.util.find_spec(name) is not None
    remedy = f"pip install 'learn-by-interact[{name}]'"
    return Check(name, there, False, "installed" if there else "not installed", remedy)


def _docker() -> Check:
    package = _package("docker")
    if not package.ok:
        return package
    import docker

    try:
        client = docker.from_env(timeout=5)
        client.ping()
    except Exception as error:  # docker-py lets errors of several libraries through.
        said = " ".join(str(error).split())[:80]
        remedy = "set DOCKER_HOST, or type: apt-get install -y docker.io"
        return Check("docker", False, False, f"no engine answers ({said})", remedy)
    return Check("docker", True, False, f"engine {client.version()['Version']}")


def _browser() -> Check:
    from ..environments.web.browser import CHROMIUM, program
    from ..errors import ConfigError

    if importlib.util.find_spec("playwright") is None:
        return Check(
            "web", False, False, "Playwright is not installed", "pip install 'learn-by-interact[web]'"
        )
    try:
        return Check("web", True, False, f"Playwright, {program()}")
    except ConfigError:
        remedy = f"apt-get install -y --no-install-recommends chromium, or set {CHROMIUM}"
        return Check("web", False, False, "Playwright, no Chromium", remedy)


def _desktop() -> Check:
    from ..environments.desktop.machine import missing_programs

    missing = missing_programs()
    found = f"missing: {', '.join(missing)}" if missing else "Xvfb, window manager, accessibility bus"
    remedy = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    if not missing and importlib.util.find_spec("PIL") is None:
        found, remedy = f"{found}; no Pillow for pictures", "pip install 'learn-by-interact[desktop]'"
        return Check("desktop", False, False, found, remedy)
    return Check("desktop", not missing, False, found, remedy)


def _machine() -> Iterator[Check]:
    from ..models.catalogue import cache_folder

    folder = cache_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    remedy = "make room, or set LBI_CACHE to a folder on another disk"
    yield Check("disk", free >= DISK_GB, True, f"{free:.1f} GB free at {folder}", remedy)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    yield Check("memory", memory >= MEMORY_GB, True, f"{memory:.1f} GB", "use a model behind an API: --model")
