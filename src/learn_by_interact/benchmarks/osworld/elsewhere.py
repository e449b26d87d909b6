"""Episodes of OSWorld on another machine: one that runs, or one that a provider of the benchmark starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...environments.desktop.elsewhere import RemoteDesktopEnvironment
from ...environments.desktop.machine import Machine
from ...environments.desktop.remote import RemoteMachine
from ...errors import ConfigError
from ..desktop_env.episode import Judged
from ..desktop_env.served import PORTS

if TYPE_CHECKING:
    from . import OSWorld


class Elsewhere(Judged, RemoteDesktopEnvironment):
    """On the machine that OSWORLD_URL names, or on one that a provider of OSWorld starts for the episode."""

    benchmark: OSWorld

    def _begun(self, command: str) -> Machine:
        benchmark, desktop = self.benchmark, self.desktop
        where: dict[str, Any] = {"screen": [desktop.width, desktop.height]}
        if benchmark.provider:
            where |= {"provider": benchmark.provider, "vm": benchmark.vm}
        else:
            machine = RemoteMachine(benchmark.url)
            where |= {"host": machine.server.host, "ports": {**PORTS, "server": machine.server.port}}
        url = self.judge.begin(benchmark.content(self._task), **where)
        if not url.startswith("http"):
            raise ConfigError(f"osworld: the provider {benchmark.provider!r} gave no address of its machine")
        return RemoteMachine(url)
