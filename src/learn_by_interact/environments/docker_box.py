"""The sandbox of Docker: one container an episode, for environments that need an image.

The container's first process runs the commands, one after the other, for a `docker exec` takes a tenth of a
second; what a command prints and how it ended come back through named pipes in a folder that the container
sees, so the engine must run on this machine. A command that passes a limit takes its container with it, and
the next command gets another one over the same files.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from shlex import quote
from typing import Any, cast

from ..errors import ConfigError, EnvironmentFault
from .docker_image import engine, said
from .folder import Limits
from .process import Kept, drain, follow
from .sandbox import CONTROL, Reason, Result, Room, Tools, prologue

FIRST = f"""while read -r _; do {{
(. {CONTROL}/command) </dev/null >{CONTROL}/output 2>&1 9>{CONTROL}/report 8>&-; code=$?
kill -9 -1; while kill -0 -1; do :; done; killed=
for file in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
while read -r name number; do [ "$name" = oom_kill ] && killed=$number; done <$file; done
echo $code $killed >&8
}} 8>{CONTROL}/end; done 2>/dev/null"""
"""The first process: for each line a command, then it kills all other processes, and tells the exit code and
how many the kernel has killed in this container for want of memory.

It reaps orphans, no other process can kill it, and it ends when this program does, which holds its stdin.
"""
NAME = re.compile(r"[A-Za-z_]\w*")
"""A variable that bash has."""
HEADROOM = 10
"""Processes and threads beside the command's: the first one, and those that start it."""
OOM_SECONDS = 0.3
"""How much later than the death that it explains the engine's word of missing memory may come."""


class DockerBox(Room):
    """Commands run in one container without network, rights or a writable system."""

    def __init__(self, start: Path | None, tools: Tools) -> None:
        """Raises SandboxMissing when docker-py or the engine is not there."""
        self._container: Any = None
        self._stdin: Any = None
        self._killed = 0
        self._client = engine()
        self.inside_home = tools.home
        super().__init__(start, tools)

    def run(self, command: str, cwd: str, limits: Limits, env: Mapping[str, str] = {}) -> Result:
        """See `Sandbox.run`. That memory was missing is known when the command has ended."""
        container = self._container or self._start(limits)
        # Started by root, the user's processes are this sandbox's alone.
        script = prologue(cwd, limits, ">&9", processes=os.geteuid() == 0)
        (self.control / "prologue").write_text(script, encoding="utf-8")
        allowed = self.allowed(limits)
        pipes = [self._pipe(name) for name in ("output", "report", "end")]
        kept, told, code = Kept(), Kept(), Kept()
        output, report, end = pipes
        begin, clock = time.monotonic(), time.time()
        try:
            self._begin(command, env)
            deadline = begin + limits.seconds
            reason = follow(output, end, kept, deadline, lambda: "disk" if self.used() > allowed else "")
            seconds = time.monotonic() - begin
            drain(end, code)
            # Without an exit code the first process has ended, and the container with it.
            if reason or not code.size:
                self._discard()
            drain(output, kept)
            drain(report, told)
        except BaseException:
            self._discard()
            raise
        finally:
            for pipe in pipes:
                os.close(pipe)
        if not told.text().startswith("started\n"):
            raise EnvironmentFault(f"docker: bash could not be started: {kept.text()[:300]}")
        ended = [int(word) for word in code.text().split()]
        number = ended[0] if ended else 137
        reason = reason or ("disk" if self.used() > allowed else "")
        if reason in ("", "time") and self._starved(container, ended[1:], clock):
            reason = "memory"
        where = told.text().split("\n", 1)[1].removesuffix("\n")
        return Result(kept.text(), number, seconds, cast(Reason, reason), where or cwd)

    def _starved(self, container: Any, killed: Sequence[int], since: float) -> bool:
        """Whether the kernel has killed something for want of memory since then.

        `killed`: how many the first process counted; empty where it could not, and the engine is asked.
        """
        if killed:
            before, self._killed = self._killed, killed[0]
            return killed[0] > before
        wanted = {"container": container.id, "event": "oom"}
        until = f"{time.time() + OOM_SECONDS:.6f}"
        try:
            with closing(self._client.events(since=f"{since:.6f}", until=until, filters=wanted)) as events:
                return next(iter(events), None) is not None
        except Exception as error:
            raise EnvironmentFault(f"docker: {said(error)}") from None

    def _pipe(self, name: str) -> int:
        """A fresh named pipe that the container can write to; its end for reading, which does not block."""
        path = self.control / name
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        path.chmod(0o622)
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def _begin(self, command: str, env: Mapping[str, str]) -> None:
        """Let the first process run a command. Raises EnvironmentFault."""
        variables = self.environment({**env, "BASH_ENV": f"{CONTROL}/prologue"})
        lines = [f"export {name}={quote(value)}" for name, value in variables.items() if NAME.fullmatch(name)]
        script = "\n".join([*lines, f"exec bash -c {quote(command)}", ""])
        (self.control / "command").write_text(script, encoding="utf-8", errors="surrogateescape")
        try:
            self._stdin._sock.sendall(b"\n")
        except OSError as error:
            raise EnvironmentFault(f"docker: the container has ended: {said(error)}") from None

    def _start(self, limits: Limits) -> Any:
        """Start the container. Raises EnvironmentFault, ConfigError when the image cannot serve."""
        memory = f"{limits.memory_mb}m"
        try:
            self._container = self._client.containers.create(
                self.tools.image,
                ["bash", "-c", FIRST],
                entrypoint=[],
                user=f"{self.uid}:{self.gid}",
                working_dir="/",
                hostname="sandbox",
                labels={"learn-by-interact": "sandbox"},
                stdin_open=True,
                auto_remove=True,
                network_mode="none",
                read_only=True,
                mounts=self._mounts(),
                mem_limit=memory,
                memswap_limit=memory,
                pids_limit=limits.processes + HEADROOM,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
            )
            self._stdin = self._container.attach_socket(params={"stdin": 1, "stream": 1})
            self._container.start()
        except Exception as error:
            self._discard()
            if "executable file not found" in str(error):
                raise ConfigError(f"the image {self.tools.image} has no bash; choose one that has") from None
            raise EnvironmentFault(f"docker: the container cannot be started: {said(error)}") from None
        return self._container

    def _mounts(self) -> list[Any]:
        """What the container sees of this machine."""
        from docker.types import Mount

        seen = [
            (self.home, self.inside_home, False),
            (self.temporary, "/tmp", False),
            (self.temporary, "/dev/shm", False),
            (self.control, CONTROL, True),
            (self.control / "passwd", "/etc/passwd", True),
            (self.control / "group", "/etc/group", True),
        ]
        return [Mount(inside, str(path), type="bind", read_only=only) for path, inside, only in seen]

    def _discard(self) -> None:
        """Kill the container with all that is in it."""
        container, self._container, self._killed = self._container, None, 0
        if container is None:
            return
        # It may be gone or going already: it removes itself when its first process ends.
        with suppress(Exception):
            container.remove(force=True)
        with suppress(Exception):
            container.wait(condition="removed", timeout=10)
        if self._stdin is not None:
            self._stdin.close()
            self._stdin = None

    def close(self) -> None:
        """Remove the container and the folders."""
        self._discard()
        self._client.close()
        super().close()
