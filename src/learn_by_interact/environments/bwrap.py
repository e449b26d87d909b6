"""The sandbox of bubblewrap: each command in namespaces of its own, without network.

The system is visible read-only; only the episode's folder and its /tmp can be written. Started
by root, commands run as a user id without rights; started by a user, in a user namespace.
The limit of processes is exact on Linux 5.14 or newer, where it is counted in the namespace.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from ..errors import EnvironmentFault, LbiError, SandboxMissing
from .folder import Limits
from .process import descendants, resident_bytes, start, watch
from .sandbox import CONTROL, HOME, MEGABYTE, Reason, Result, Room, Tools, prologue

INSTALL = "apt-get install -y bubblewrap"

ETC = (
    "alternatives",
    "groff",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "magic",
    "manpath.config",
    "mime.types",
    "nsswitch.conf",
    "papersize",
    "shells",
    "terminfo",
)
"""What tools need of /etc; nothing in it is private."""


class Bubblewrap(Room):
    """A sandbox that starts in about 20 ms and needs no service."""

    def __init__(self, start: Path | None, tools: Tools) -> None:
        """Raises SandboxMissing, worded as the line to type."""
        program = shutil.which("bwrap")
        if not program:
            raise SandboxMissing(f"bubblewrap is not installed; type: {INSTALL}")
        super().__init__(start, tools)
        self._works = False
        self._arguments = [program, *self._view()]

    def _view(self) -> list[str]:
        """bwrap's options: namespaces, and the file system seen from inside."""
        tools = [("--ro-bind", bind, bind) for bind in self.tools.binds]
        # A cache below /tmp would be hidden by the episode's own.
        late = [bind for bind in tools if bind[1].startswith("/tmp/")]
        binds = [*_system(), *(bind for bind in tools if bind not in late)]
        control = str(self.control)
        others = [("", "", HOME), ("", "", CONTROL)]
        options = ["--die-with-parent", "--new-session", "--hostname", "sandbox"]
        options += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
        options += ["--unshare-cgroup-try"]
        options += [*_folders([*binds, *others], binds), *chain.from_iterable(binds)]
        options += ["--ro-bind", control, CONTROL]
        options += ["--ro-bind", f"{control}/passwd", "/etc/passwd"]
        options += ["--ro-bind", f"{control}/group", "/etc/group"]
        options += ["--ro-bind", f"{control}/hosts", "/etc/hosts"]
        options += ["--proc", "/proc", "--dev", "/dev", "--bind", str(self.temporary), "/tmp"]
        options += ["--bind", str(self.temporary), "/dev/shm", "--bind", str(self.home), HOME]
        options += [*_folders(late, binds), *chain.from_iterable(late)]
        return [*options, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", HOME]

    def run(self, command: str, cwd: str, limits: Limits, env: Mapping[str, str] = {}) -> Result:
        """See `Sandbox.run`."""
        info, info_writer = os.pipe()
        report, report_writer = os.pipe()
        script = prologue(cwd, limits, f">&{report_writer}")
        (self.control / "prologue").write_text(script, encoding="utf-8")
        arguments = [*self._arguments, "--info-fd", str(info_writer), *self._drop(), "bash", "-c", command]
        inner = _Inner(info)
        allowed = self.allowed(limits)
        reason: Reason = ""

        def probe(pid: int) -> str:
            nonlocal reason
            if self.used() > allowed:
                reason = "disk"
            elif resident_bytes(descendants(pid)) > limits.memory_mb * MEGABYTE:
                reason = "memory"
            return reason

        try:
            ended = watch(
                arguments,
                self.environment({**env, "BASH_ENV": f"{CONTROL}/prologue"}),
                limits.seconds,
                probe,
                inner.kill,
                pass_fds=(info_writer, report_writer),
            )
        except OSError as error:
            raise EnvironmentFault(f"bubblewrap could not be started: {error}") from None
        finally:
            os.close(info_writer)
            os.close(report_writer)
            told = _rest(report)
            os.close(report)
            inner.close()
        if not told.startswith("started\n"):
            raise self._broken(" ".join(ended.output.split())[:300])
        self._works = True
        if ended.reason in ("time", "output"):
            reason = "time" if ended.reason == "time" else "output"
        elif self.used() > allowed:
            reason = "disk"
        lines = told.split("\n", 1)[1].removesuffix("\n")
        return Result(ended.output, ended.code, ended.seconds, reason, lines or cwd)

    def serve(
        self, command: str, env: Mapping[str, str], limits: Limits, log: BinaryIO, network: bool = True
    ) -> subprocess.Popen[bytes]:
        """See `Sandbox.serve`: what is to be reached at a port has the machine's network."""
        (self.control / "serve").write_text(prologue(HOME, limits, ">/dev/null"), encoding="utf-8")
        view = [option for option in self._arguments if option != "--unshare-net" or not network]
        arguments = [*view, *self._drop(), "bash", "-c", command]
        return start(arguments, self.environment({**env, "BASH_ENV": f"{CONTROL}/serve"}), log)

    def _broken(self, told: str) -> LbiError:
        """A command could not be started: a passing fault, or nothing ever ran here."""
        if self._works:
            return EnvironmentFault(f"bubblewrap could not start a command: {told}")
        return SandboxMissing(
            f"bubblewrap does not work here ({told}): run as root, or allow user namespaces; "
            "type: sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000"
        )

    def _drop(self) -> list[str]:
        """Started by root: become a user without rights, whose processes the kernel counts."""
        if os.geteuid() != 0:
            return []
        capabilities = ["--cap-drop", "ALL"]
        for name in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            capabilities += ["--cap-add", name]
        user = ["--reuid", str(self.uid), "--regid", str(self.gid), "--clear-groups"]
        return [*capabilities, "setpriv", *user, "--inh-caps=-all", "--bounding-set=-all", "--"]


class _Inner:
    """The first process of the namespace: when it is dead, all in it are."""

    def __init__(self, info: int) -> None:
        self._info = info

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill the namespace and wait until nothing in it runs any more."""
        pidfd = -1
        with suppress(ValueError, KeyError, OSError):
            pidfd = os.pidfd_open(json.loads(_rest(self._info))["child-pid"])
        process.kill()  # The kernel kills the namespace's first process with it.
        if pidfd >= 0:
            ended = select.poll()  # `select` takes no descriptor over 1023.
            ended.register(pidfd, select.POLLIN)
            ended.poll(10_000)
            os.close(pidfd)

    def close(self) -> None:
        os.close(self._info)


def _rest(reader: int) -> str:
    """What stands in a pipe, without waiting for more."""
    os.set_blocking(reader, False)
    with suppress(BlockingIOError):
        return os.read(reader, 65536).decode("utf-8", "surrogateescape")
    return ""


@cache
def _system() -> list[tuple[str, str, str]]:
    """Options for the parts of the system that commands see."""
    options = [("--ro-bind", "/usr", "/usr")]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        path = Path("/") / name
        if path.is_symlink():
            options.append(("--symlink", str(path.readlink()), str(path)))
        elif path.is_dir():
            options.append(("--ro-bind", str(path), str(path)))
    options += [("--ro-bind-try", f"/etc/{name}", f"/etc/{name}") for name in ETC]
    # The index of manual pages, for tools whose documentation is read inside.
    return [*options, ("--ro-bind-try", "/var/cache/man", "/var/cache/man")]


def _folders(targets: list[tuple[str, str, str]], binds: list[tuple[str, str, str]]) -> list[str]:
    """Options for the folders above what is bound, which everybody can enter."""
    folders = dict.fromkeys(
        parent
        for _, _, target in targets
        for parent in reversed(Path(target).parents)
        if len(parent.parts) > 1 and not _covered(parent, binds)
    )
    return [option for folder in folders for option in ("--perms", "0755", "--dir", str(folder))]


def _covered(folder: Path, binds: list[tuple[str, str, str]]) -> bool:
    """Whether a folder comes from a bind already."""
    return any(folder == Path(target) or Path(target) in folder.parents for _, _, target in binds)
