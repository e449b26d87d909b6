"""The sandbox of Docker: one container an episode, for environments that need an image.

The image must have bash, coreutils (`timeout`) and the environment's tools: nothing is installed.
"""

from __future__ import annotations

import secrets
import shlex
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import EnvironmentFault, SandboxMissing
from .folder import Limits
from .process import Kept
from .sandbox import HOME, MEGABYTE, Reason, Result, Room, Tools, prologue

# The first process reaps what commands leave behind, and survives the kill after each command.
IDLE = "trap '' TERM; while :; do sleep 3600 & wait; done"


class DockerBox(Room):
    """Commands run in one container without network, rights or a writable system."""

    def __init__(self, start: Path | None, tools: Tools, image: str) -> None:
        """Raises SandboxMissing when docker-py or the engine is not there."""
        self._container: Any = None
        self._image = image
        try:
            import docker
        except ImportError:
            raise SandboxMissing(
                "the Docker sandbox needs a package; type: pip install 'learn-by-interact[docker]'"
            ) from None
        try:
            self._client = docker.from_env()
            self._client.ping()
        except Exception as error:
            raise SandboxMissing(
                "no Docker engine answers (set DOCKER_HOST, or type: apt-get install -y docker.io): "
                + " ".join(str(error).split())[:160]
            ) from None
        super().__init__(start, tools)

    def run(self, command: str, cwd: str, limits: Limits, env: Mapping[str, str] = {}) -> Result:
        """See `Sandbox.run`. The disk limit is checked when the command has ended."""
        container = self._container or self._start(limits)
        mark = secrets.token_hex(12)
        # docker gives back one stream: the shell's folder comes last on it, behind a mark.
        report = f"| sed s/^/{mark}/"
        script = prologue(cwd, limits, report, processes=False)
        (self.control / "prologue").write_text(script, encoding="utf-8")
        allowed = max(limits.disk_mb * MEGABYTE, self.used())
        inside = f"timeout -k 1 {limits.seconds:g} bash -c {shlex.quote(command)} 2>&1"
        begin = time.monotonic()
        try:
            code, output = self._execute(container, inside, env)
            container.exec_run(["bash", "-c", "kill -9 -1"], user=f"{self.uid}:{self.gid}")
        except Exception as error:
            raise EnvironmentFault(f"docker: {' '.join(str(error).split())[:300]}") from None
        seconds = time.monotonic() - begin
        lines = output.split(mark)
        if len(lines) < 2:
            raise EnvironmentFault(f"docker: bash could not be started: {output[:300]}")
        where = lines[-1].split("\n")[0] if len(lines) > 2 else cwd
        shown = "".join([lines[0], *(part.partition("\n")[2] for part in lines[1:])])
        reason: Reason = "time" if code in (124, 137) and seconds >= limits.seconds else ""
        reason = reason or ("disk" if self.used() > allowed else "")
        return Result(shown, code, seconds, reason, where)

    def _execute(self, container: Any, inside: str, env: Mapping[str, str]) -> tuple[int, str]:
        """Run a shell line; (exit code, output of bounded size)."""
        api = self._client.api
        variables = {**env, **dict(self.tools.env), "HOME": HOME, "BASH_ENV": "/run/lbi/prologue"}
        made = api.exec_create(
            container.id,
            ["sh", "-c", inside],
            environment=variables,
            user=f"{self.uid}:{self.gid}",
            workdir=HOME,
        )
        kept = Kept()
        for chunk in api.exec_start(made["Id"], stream=True):
            kept.add(chunk)
        return int(api.exec_inspect(made["Id"])["ExitCode"] or 0), kept.text()

    def _start(self, limits: Limits) -> Any:
        """Start the container. Raises EnvironmentFault, for an unknown image for instance."""
        places = {self.home: (HOME, "rw"), self.temporary: ("/tmp", "rw"), self.control: ("/run/lbi", "ro")}
        try:
            self._container = self._client.containers.run(
                self._image,
                ["bash", "-c", IDLE],
                entrypoint=[],
                detach=True,
                network_mode="none",
                mem_limit=f"{limits.memory_mb}m",
                pids_limit=limits.processes + 8,
                cap_drop=["ALL"],
                security_opt=["no-new-privileges"],
                read_only=True,
                user=f"{self.uid}:{self.gid}",
                volumes={str(path): {"bind": to, "mode": mode} for path, (to, mode) in places.items()},
            )
        except Exception as error:
            raise EnvironmentFault(f"docker: {' '.join(str(error).split())[:300]}") from None
        return self._container

    def close(self) -> None:
        """Remove the container and the folders."""
        if self._container is not None:
            self._container.remove(force=True)
            self._container = None
        super().close()
