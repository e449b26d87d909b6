"""No sandbox: commands run as the user, in a temporary folder, with time limits only."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import EnvironmentFault
from .folder import Limits
from .process import start, watch
from .sandbox import Reason, Result, Room, Tools


class Unsafe(Room):
    """Commands can do all that the user can do: read, delete and send anything."""

    def __init__(self, start: Path | None, tools: Tools) -> None:
        """See `Room`."""
        super().__init__(start, tools)
        self.inside_home, self.inside_temporary = str(self.home), str(self.temporary)
        self.inside_control = str(self.control)

    def adopt(self) -> None:
        """Nothing to do: the commands run as the user who copied the files."""

    def run(self, command: str, cwd: str, limits: Limits, env: Mapping[str, str] = {}) -> Result:
        """See `Sandbox.run`; a process that leaves its session survives."""
        report = self.control / "report"
        report.write_text("")
        script = f"unset BASH_ENV\ntrap 'pwd -P >\"{report}\"' EXIT\n"
        (self.control / "prologue").write_text(script, encoding="utf-8")
        variables = self.environment({**env, "BASH_ENV": str(self.control / "prologue")})
        place = cwd if Path(cwd).is_dir() else self.inside_home
        try:
            ended = watch(["bash", "-c", command], variables, limits.seconds, lambda _: "", _kill, cwd=place)
        except OSError as error:
            raise EnvironmentFault(f"bash could not be started: {error}") from None
        reason: Reason = "time" if ended.reason == "time" else "output" if ended.reason else ""
        after = report.read_text(encoding="utf-8", errors="surrogateescape").removesuffix("\n")
        return Result(ended.output, ended.code, ended.seconds, reason, after or place)

    def serve(
        self, command: str, env: Mapping[str, str], limits: Limits, log: BinaryIO, network: bool = True
    ) -> subprocess.Popen[bytes]:
        """See `Sandbox.serve`."""
        return start(["bash", "-c", command], self.environment(env), log, self.home)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
