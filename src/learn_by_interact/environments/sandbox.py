"""Sandboxes: where a shell environment's commands run, one protocol and three kinds.

A sandbox is one episode's room: a fresh copy of the start folder, seen inside as `/home/user`,
and a `/tmp` of its own. Both live in a temporary folder that is removed when it is closed.
"""

from __future__ import annotations

import itertools
import os
import random
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, Self

from ..errors import ConfigError, EnvironmentFault
from .folder import Limits
from .temporary import TemporaryFolder

HOME = "/home/user"
"""Where the episode's folder is, seen from inside."""

COMMITTED = "1704196800 +0000"
"""When a commit was made that is made in a sandbox, unless the environment says another time; in the form
that git writes itself, which other programs read too."""
CONTROL = "/run/lbi"
"""Where what this program tells the commands is, seen from inside."""

Reason = Literal["", "time", "memory", "disk", "output"]

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Result:
    """What one command did."""

    output: str
    """stdout and stderr as they came; of more than 1 MiB, the first and the last half MiB."""
    code: int
    seconds: float
    ended: Reason
    """"" when it ended by itself, otherwise the limit for which it was killed."""
    cwd: str
    """Where its shell stood at the end."""


@dataclass(frozen=True)
class Tools:
    """What the commands find beside the system: folders bound read-only, and first on PATH."""

    binds: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    """Last on PATH."""
    env: tuple[tuple[str, str], ...] = ()
    image: str = ""
    """The image that holds them, for docker."""
    home: str = HOME
    """Where the episode's folder is seen, for docker: an image may have a project installed from there."""


class Sandbox(Protocol):
    """A context manager, used once."""

    home: Path
    """The episode's folder, seen from outside."""
    temporary: Path
    """Its /tmp, seen from outside."""
    control: Path
    """A folder that it can read and not write, seen from outside."""
    inside_home: str
    inside_temporary: str
    inside_control: str

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def run(self, command: str, cwd: str, limits: Limits, env: Mapping[str, str] = {}) -> Result:
        """Run a bash command; all that it started is dead when this returns.

        Raises EnvironmentFault when the sandbox itself does not work.
        """
        ...

    def serve(
        self, command: str, env: Mapping[str, str], limits: Limits, log: BinaryIO, network: bool = True
    ) -> subprocess.Popen[bytes]:
        """Start a bash command that goes on until it is killed, in `home`, with the network or without.

        What it prints goes to `log`. Raises EnvironmentFault when it cannot be started.
        """
        ...

    def adopt(self) -> None:
        """Give what was put into `home` and `temporary` from outside to the sandbox's user."""
        ...

    def save(self) -> str:
        """Copy `home` and `temporary` aside -> the copy's name. Raises EnvironmentFault."""
        ...

    def load(self, name: str) -> None:
        """Put a copy in the place of what is there now. Raises EnvironmentFault."""
        ...

    def close(self) -> None: ...


class Room:
    """The folders of one episode on the host. Base of the sandboxes."""

    inside_home = HOME
    inside_temporary = "/tmp"
    inside_control = CONTROL

    def __init__(self, start: Path | None, tools: Tools) -> None:
        """Copy `start`. Raises EnvironmentFault when there is no space for it."""
        self.tools = tools
        self._used: int | None = None
        """As it was measured last; None: something was put there from outside since."""
        self.uid = _free_uid() if os.geteuid() == 0 else os.geteuid()
        self.gid = self.uid if os.geteuid() == 0 else os.getegid()
        try:
            self._folder = TemporaryFolder()
        except OSError as error:
            raise _no_folder(error) from None
        root = self._folder.path
        self.home, self.temporary, self.control = root / "home", root / "tmp", root / "control"
        self._kept = root / "kept"
        try:
            for folder in (self.home, self.temporary, self.control, self._kept):
                folder.mkdir(mode=0o755)
            (self.control / "passwd").write_text(f"user:x:{self.uid}:{self.gid}::{HOME}:/bin/bash\n")
            (self.control / "group").write_text(f"user:x:{self.gid}:\n")
            (self.control / "hosts").write_text("127.0.0.1 localhost\n")
            if start:
                copy_tree(start, self.home)
            self.adopt()
        except OSError as error:
            self.close()
            raise _no_folder(error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def adopt(self) -> None:
        """Give what was put into `home` and `temporary` from outside to the sandbox's user."""
        self._used = None
        if os.geteuid() != 0:
            return
        for folder in (self.home, self.temporary):
            os.chown(folder, self.uid, self.gid)
            for entry in entries(folder):
                os.lchown(entry.path, self.uid, self.gid)

    def serve(
        self, command: str, env: Mapping[str, str], limits: Limits, log: BinaryIO, network: bool = True
    ) -> subprocess.Popen[bytes]:
        """See `Sandbox.serve`; not every kind of sandbox does."""
        raise EnvironmentFault("this kind of sandbox serves no application; use bubblewrap")

    def save(self) -> str:
        """See `Sandbox.save`; the copies lie where no command sees them."""
        kept = self._kept / str(len(list(self._kept.iterdir())))
        try:
            for folder in (self.home, self.temporary):
                (kept / folder.name).mkdir(parents=True)
                _copy_folder(folder, kept / folder.name)
        except OSError as error:
            raise EnvironmentFault(f"the episode's folder could not be saved: {error}") from None
        return kept.name

    def load(self, name: str) -> None:
        """See `Sandbox.load`; the folders themselves stay, for a container that has them mounted."""
        try:
            for folder in (self.home, self.temporary):
                _clear(folder)
                _copy_folder(self._kept / name / folder.name, folder)
            self.adopt()
        except OSError as error:
            raise EnvironmentFault(f"the episode's folder could not be put back: {error}") from None

    def close(self) -> None:
        """Remove the folders, whatever the modes of what is in them."""
        self._folder.close()

    def environment(self, env: Mapping[str, str]) -> dict[str, str]:
        """The environment variables of a command."""
        system = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"]
        return {
            "PATH": ":".join([*self.tools.path, *system, *self.tools.last]),
            "HOME": self.inside_home,
            "TMPDIR": self.inside_temporary,
            "USER": "user",
            "LOGNAME": "user",
            "SHELL": "/bin/bash",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "TERM": "dumb",
            "COLUMNS": "100",
            "NO_COLOR": "1",
            "PAGER": "cat",
            "MANPAGER": "cat",
            "PYTHONDONTWRITEBYTECODE": "1",
            # Or each commit had another name whenever it is made.
            "GIT_AUTHOR_DATE": COMMITTED,
            "GIT_COMMITTER_DATE": COMMITTED,
            **dict(self.tools.env),
            **env,
        }

    def used(self) -> int:
        """Bytes on disk of the episode's folder and its /tmp, as far as they stand still."""
        used = 0
        for folder in (self.home, self.temporary):
            for entry in entries(folder):
                with suppress(OSError):
                    used += entry.stat(follow_symlinks=False).st_blocks * 512
        self._used = used
        return used

    def allowed(self, limits: Limits) -> int:
        """Bytes that may be used during a command: the limit, or what is used already."""
        return max(limits.disk_mb * MEGABYTE, self.used() if self._used is None else self._used)


def _no_folder(error: OSError) -> EnvironmentFault:
    where = tempfile.gettempdir()
    return EnvironmentFault(
        f"an episode's folder could not be made in {where} ({error.strerror or error}): make room there, "
        "or set TMPDIR to another place"
    )


def prologue(cwd: str, limits: Limits, report: str, processes: bool = True) -> str:
    """What bash reads (as BASH_ENV) before a command: limits, the folder, and the way back.

    `report` is a redirection; the shell writes there a line when it starts and where it stands
    when it ends. `processes`: whether those of the sandbox's user are the sandbox's alone.
    """
    return "\n".join(
        [
            "unset BASH_ENV",
            *([f"ulimit -u {limits.processes}"] if processes else []),
            f"ulimit -d {limits.memory_mb * 1024}",
            f"ulimit -f {limits.disk_mb * 1024}",
            "ulimit -c 0",
            f"cd -- {shlex.quote(cwd)} 2>/dev/null || cd",
            f"echo started {report}",
            f"trap 'pwd -P 2>/dev/null {report}' EXIT",
            "",
        ]
    )


def open_sandbox(kind: str, start: Path | None, tools: Tools) -> Sandbox:
    """A sandbox with a fresh copy of `start`.

    Raises SandboxMissing when what it needs is not installed: the message is the line to type.
    """
    if kind == "bubblewrap":
        from .bwrap import Bubblewrap

        return Bubblewrap(start, tools)
    if kind == "docker":
        from .docker_box import DockerBox

        return DockerBox(start, tools)
    if kind == "unsafe":
        from .unsafe import Unsafe

        return Unsafe(start, tools)
    raise ConfigError(f"there is no sandbox {kind!r}; choose bubblewrap, docker or unsafe")


def entries(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """All entries below a folder; links are not followed, unreadable folders are passed over.

    What is gone before it is looked at, as of an application that is running, is passed over too: the status
    (`entry.stat(follow_symlinks=False)`) of what is given is known.
    """
    waiting = [str(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as found:
                inside = list(found)
        except OSError:
            continue
        for entry in inside:
            try:
                entry.stat(follow_symlinks=False)
            except OSError:
                continue
            yield entry
            if entry.is_dir(follow_symlinks=False):
                waiting.append(entry.path)


def copy_tree(source: Path, target: Path) -> None:
    """Copy files, folders and links (as links) into an existing folder; sockets and pipes stay.

    Modes and times are kept. Raises OSError.
    """
    with os.scandir(source) as found:
        for entry in found:
            here = target / entry.name
            if entry.is_symlink():
                here.symlink_to(Path(entry.path).readlink())
            elif entry.is_dir():
                here.mkdir()
                copy_tree(Path(entry.path), here)
                shutil.copystat(entry.path, here)
            elif entry.is_file():
                shutil.copy2(entry.path, here, follow_symlinks=False)


def _copy_folder(source: Path, target: Path) -> None:
    """`copy_tree`, and the mode of the folder itself. Raises OSError."""
    copy_tree(source, target)
    shutil.copystat(source, target)


def _clear(folder: Path) -> None:
    """Remove all that is in a folder, whatever its modes. Raises OSError."""
    folder.chmod(0o755)
    for entry in entries(folder):
        if entry.is_dir(follow_symlinks=False):
            Path(entry.path).chmod(0o700)
    for inside in folder.iterdir():
        if inside.is_dir() and not inside.is_symlink():
            shutil.rmtree(inside)
        else:
            inside.unlink()


_first = random.SystemRandom().randrange(20_000, 60_000)
_counter = itertools.count()


def _free_uid() -> int:
    """A user id without rights for a sandbox started by root.

    Its own one, because the kernel counts the processes of a user. Two sandboxes that happen to
    share one share the limit of processes, nothing else.
    """
    return 20_000 + (_first + next(_counter)) % 40_000
