"""A project made ready to run: its tree, and a virtual environment into which it is installed, made once.

Both are kept in the cache under the hash of what they were made from. The project is installed where its tree
lies in the cache; what the virtual environment then knows of that place (`pip install -e`) is rewritten to
where an episode's copy of the tree is seen in the sandbox: the files that an agent changes are what runs.
"""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from ...errors import ConfigError
from ...types import digest
from .. import install
from ..folder import EnvironmentFolder
from ..sandbox import HOME, Sandbox, Tools, open_sandbox
from .config import Repository
from .image import CONDA, PLACE, TESTBED, tree_of
from .source import checkout, folder_of, git, version

PATHS = ("*.pth", "*.egg-link", "__editable__*", "*.dist-info/direct_url.json")
"""Files of a virtual environment that say where an editable project lies."""
ELSEWHERE = {
    "HOME": "/tmp",  # Caches and settings that tools write at home are no part of the project.
    "GIT_CONFIG_GLOBAL": "/tmp/.gitconfig",
    "PIP_NO_INDEX": "1",
    "GIT_PAGER": "cat",
}


@dataclass(frozen=True)
class Prepared:
    """What an episode starts from."""

    tree: Path
    """The files, with build products and a git repository of one commit."""
    base: str
    """Name of that commit."""
    tools: Tools
    kind: str
    """Of the sandbox."""
    python: str = "python3"
    """What runs the commands view, search, replace and undo: Python 3.7 or newer."""

    def open(self, filled: bool = True) -> Sandbox:
        """A sandbox with a copy of the tree, or empty."""
        return open_sandbox(self.kind, self.tree if filled else None, self.tools)

    def variables(self, sandbox: Sandbox) -> dict[str, str]:
        """For each command: where its modules are, in a sandbox for which nothing was rewritten."""
        if self.kind == "bubblewrap" or self.tools.home != HOME:
            return {}
        home = sandbox.inside_home
        return {"PYTHONPATH": f"{home}{os.pathsep}{home}/src{os.pathsep}{home}/lib"}


_made: dict[str, Prepared] = {}


def prepare(folder: EnvironmentFolder, repository: Repository, unsafe: bool = False) -> Prepared:
    """The tree and the virtual environment of a repository; made now if need be.

    Raises ConfigError when the repository or its commit cannot be had, EnvironmentFault if installing fails.
    """
    asked = digest([str(folder.path), folder.sandbox.model_dump(), repository.model_dump(), unsafe])
    if asked not in _made:
        _made[asked] = _prepare(folder, repository, unsafe)
    return _made[asked]


def _prepare(folder: EnvironmentFolder, repository: Repository, unsafe: bool) -> Prepared:
    kind = "unsafe" if unsafe else folder.sandbox.kind
    origin = repository.url or str(folder_of(repository, folder.path))
    python = _python(repository.python)
    # An image brings what the project needs; its tree is still the repository's.
    built = kind != "docker"
    key = digest(
        [
            origin,
            version(repository, folder.path),
            *([list(repository.install), repository.env, python, sys.version] if built else []),
        ]
    )

    def make(place: Path) -> None:
        tree = place / "tree"
        tree.mkdir(parents=True)
        checkout(repository, folder.path, tree)
        if built:
            _install(repository, tree, place / "venv", python)
            _built_copies(tree)
            _installed_copies(tree, place / "venv")
        left_out(tree)

    place = install.once("repositories", key, make)
    tree, venv = place / "tree", place / "venv"
    base = install.tools(folder, unsafe)
    variables = {
        **({} if unsafe else ELSEWHERE),
        **({"VIRTUAL_ENV": str(venv)} if built else {}),
        **repository.env,
        **folder.env,
    }
    tools = Tools(
        binds=(*base.binds, str(venv)) if built else base.binds,
        path=(str(venv / "bin"), *base.path) if built else base.path,
        last=base.last,
        env=tuple(sorted(variables.items())),
        image=base.image,
    )
    return Prepared(tree, git(tree, "rev-parse", "HEAD").strip(), tools, kind)


def prepared_in(folder: EnvironmentFolder, image: str, commit: str) -> Prepared:
    """The project that lies in an image of SWE-bench, at the commit that it shall have; see `image.py`.

    Raises as `install.tools` does, and ConfigError where the image has no such commit.
    """
    asked = digest([str(folder.path), image, commit])
    if asked not in _made:
        base = install.tools(
            folder.model_copy(update={"sandbox": folder.sandbox.model_copy(update={"image": image})})
        )

        def make(place: Path) -> None:
            place.mkdir(parents=True)
            tree_of(base.image, image, commit, place / "tree")
            left_out(place / "tree")

        tree = install.once("repositories", digest([base.image, commit]), make) / "tree"
        tools = replace(
            base,
            path=(f"{TESTBED}/bin", f"{CONDA}/bin", *base.path),
            env=tuple(sorted({**ELSEWHERE, **folder.env}.items())),
            home=PLACE,
        )
        head = git(tree, "rev-parse", "HEAD").strip()
        _made[asked] = Prepared(tree, head, tools, "docker", f"{CONDA}/bin/python3")
    return _made[asked]


def left_out(tree: Path) -> None:
    """Let git pass over what is there beside the commit: build products are no change of an agent's."""
    found = git(tree, "ls-files", "--others", "--exclude-standard", "--directory", "-z").split("\0")
    if names := [name for name in found if name]:
        with (tree / ".git" / "info" / "exclude").open("a") as file:
            file.writelines(f"/{name}\n" for name in names)


def _built_copies(tree: Path) -> None:
    """Take away the copies of the project's files that building it has left.

    Beside a file in which there is a mistake they would show what it was before.
    """
    known, others = (
        [tree / name for name in git(tree, "ls-files", "-z", *which).split("\0") if name]
        for which in (("*.py",), ("--others", "build/*.py"))
    )
    copies = [file for file in others if file.is_file()]
    texts = {file.read_bytes() for file in known if file.is_file()} if copies else set()
    for file in copies:
        if file.read_bytes() in texts:
            file.unlink()


def _installed_copies(tree: Path, venv: Path) -> None:
    """Let what `pip install .` has copied be the project's own files, as with `-e`.

    An agent could read there what a file was before a mistake, and tests would run what nobody can change.
    """
    known: dict[bytes, list[str]] = {}
    for name in git(tree, "ls-files", "-z", "*.py").split("\0"):
        if name and (tree / name).is_file():
            known.setdefault((tree / name).read_bytes(), []).append(name)
    sizes = {len(content) for content in known} - {0}
    for place in venv.glob("lib/python*/site-packages"):
        for file in [one for one in place.rglob("*.py") if one.is_file() and one.stat().st_size in sizes]:
            copied = f"/{file.relative_to(place).as_posix()}"
            own = [name for name in known.get(file.read_bytes(), ()) if f"/{name}".endswith(copied)]
            if own:
                file.unlink()
                file.symlink_to(f"{HOME}/{min(own, key=len)}")
                for compiled in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
                    compiled.unlink()


def _python(wanted: str) -> str:
    """The interpreter that a virtual environment is made with. Raises ConfigError when it is not here."""
    if not wanted:
        return sys.executable
    if found := shutil.which(wanted):
        return found
    raise ConfigError(f"python: {wanted} is not installed here; install it, or name another Python")


def _install(repository: Repository, tree: Path, venv: Path, python: str) -> None:
    """Make the virtual environment and run the install commands. Raises EnvironmentFault."""
    bare = [] if any("pip" in command for command in repository.install) else ["--without-pip"]
    install.run([python, "-m", "venv", *bare, str(venv)], "venv")
    env = {
        "VIRTUAL_ENV": str(venv),
        "PATH": f"{venv / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        **repository.env,
    }
    for command in repository.install:
        install.run(["bash", "-c", command], f"install ({command})", env, tree)
    relocate(venv, tree)


def relocate(venv: Path, tree: Path) -> None:
    """Let a virtual environment look for an editable project where episodes have it."""
    found = [file for pattern in PATHS for file in venv.glob(f"lib/python*/site-packages/{pattern}")]
    for file in [*found, *(venv / "bin").iterdir()]:
        if not file.is_file() or file.is_symlink():
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if str(tree) in text:
            file.write_text(text.replace(str(tree), HOME), encoding="utf-8")
