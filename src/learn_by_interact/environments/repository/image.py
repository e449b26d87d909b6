"""The project that lies in an image of SWE-bench: its files as they are there, with its base commit alone.

An image has the project in `/testbed`, installed from there, often with the whole history. An episode has a
copy of these files in that place, build products included, so what is installed runs what an agent changes;
what the image has there is covered, and its history with it: only the tree of the base commit is taken.
"""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import ConfigError, EnvironmentFault
from ..docker_image import engine, said
from .source import fetch, git

PLACE = "/testbed"
"""Where the project lies."""
CONDA = "/opt/miniconda3"
TESTBED = f"{CONDA}/envs/testbed"
"""The Python environment in which it is installed."""


def tree_of(image: str, name: str, commit: str, target: Path) -> None:
    """Make `target`, a folder with the project's files and a git repository of its base commit.

    Files of the commit that differ in the image are a second commit: they are no change of an agent's.
    `name`: what the image is called in messages. Raises ConfigError when the image has no such project or
    commit, EnvironmentFault when the engine fails.
    """
    held = target.with_name("image")
    try:
        held.mkdir()
        _copy_out(image, name, held)
        project = held / Path(PLACE).name
        if not (project / ".git").is_dir():
            raise ConfigError(f"the image {name} has no git repository in {PLACE}: use an image of SWE-bench")
        fetch(str(project), commit, target)
        for entry in [one for one in target.iterdir() if one.name != ".git"]:
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        for entry in [one for one in project.iterdir() if one.name != ".git"]:
            entry.rename(target / entry.name)
    finally:
        shutil.rmtree(held, ignore_errors=True)
    # Those who make such images let everybody write all files.
    git(target, "config", "core.fileMode", "false")
    if git(target, "status", "--porcelain", "--untracked-files=no"):
        git(target, "commit", "-q", "-a", "-m", "start")


def _copy_out(image: str, name: str, target: Path) -> None:
    """Copy the project of an image into a folder. Raises ConfigError, EnvironmentFault."""
    from docker.errors import NotFound

    client, container = engine(), None
    try:
        container = client.containers.create(image, ["true"], entrypoint=[])
        stream, _ = container.get_archive(PLACE)
        with tarfile.open(fileobj=_Stream(stream), mode="r|") as tar:
            tar.extractall(target, filter=_plain)
    except NotFound:
        raise ConfigError(f"the image {name} has no folder {PLACE}: use an image of SWE-bench") from None
    except Exception as error:  # Of docker, of the connection under it, of tarfile.
        raise EnvironmentFault(f"docker: the project cannot be copied out of {name}: {said(error)}") from None
    finally:
        if container is not None:
            container.remove(force=True)
        client.close()


def _plain(member: tarfile.TarInfo, target: str) -> tarfile.TarInfo | None:
    """A file as this program owns it, which nothing leads out of the folder; what is no file stays."""
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        return None
    safe = tarfile.tar_filter(member, target)
    return safe.replace(uid=None, gid=None, uname=None, gname=None, deep=False)  # type: ignore[arg-type]


class _Stream(io.RawIOBase):
    """What comes in pieces, to be read as a file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = iter(pieces), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._rest = self._rest or next(self._pieces, b"")
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)
