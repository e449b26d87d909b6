"""A benchmark's own server, on a screen in the sandbox: this machine in the place of a virtual one."""

from __future__ import annotations

import os
import random
import shlex
import shutil
import socket
import stat
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...environments import install
from ...environments.desktop.machine import PYTHON, LocalMachine
from ...environments.desktop.server import Server
from ...environments.sandbox import Sandbox
from ...errors import EnvironmentFault
from ...types import digest
from . import relay

HERE = Path(__file__).parent
PORTS = {"server": 5000, "chromium": 9222, "vlc": 8080}
"""Those that the package asks at."""
APT = (
    "python3-flask",
    "python3-gi",
    "python3-lxml",
    "python3-numpy",
    "python3-pil",
    "python3-pyatspi",
    "python3-requests",
    "python3-tk",
    "libxfixes3",
    "scrot",
    "socat",
    "wmctrl",
)
"""What the server imports and calls, and what set-up steps do."""
PYAUTOGUI = (
    "pyautogui==0.9.54",
    "pymsgbox==1.0.9",
    "pytweening==1.2.0",
    "pyscreeze==1.0.1",
    "pygetwindow==0.0.9",
    "pyrect==0.2.0",
    "mouseinfo==0.1.3",
    "pyperclip==1.9.0",
    "python3-xlib==0.15",
)
"""Not in Debian; all of it is Python without compiled parts."""
CHROME = "/opt/google/chrome/google-chrome"
NO_CHROME = "its evaluator looks for Google Chrome itself, not Chromium"
"""Why a task cannot run here that reads the address of a page from the accessibility tree."""
CHROMIUM = ("/usr/lib/chromium/chromium", "/usr/lib/chromium-browser/chromium-browser")
BOOT_SECONDS = 120.0
RUN = "import main; main.app.run(host='127.0.0.1', port=5000, threaded=True)"
"""As its last line does, without a debugger, and at the loopback."""
KEY = """
import os, struct
def part(content):
    return struct.pack(">H", len(content)) + content
number = os.environ["DISPLAY"].partition(":")[2].partition(".")[0].encode()
with open(os.path.expanduser("~/.Xauthority"), "wb") as file:
    file.write(struct.pack(">H", 256) + part(os.uname().nodename.encode()) + part(number))
    file.write(part(b"MIT-MAGIC-COOKIE-1") + part(bytes(16)))
"""
"""Writes a key for the screen, which needs none: the server's Xlib (0.15) complains where there is no key."""
TERMINAL = (
    '<keybind key="C-A-t"><action name="Execute"><command>gnome-terminal</command></action></keybind>'
    "</keyboard>"
)
"""The key that opens a terminal on the benchmark's machines."""
SIZED = '<application class="Gnome-terminal"><maximized>no</maximized></application></applications>'
"""A terminal has the size that its settings say."""


def pyautogui() -> Path:
    """The folder with pyautogui, installed if need be. Raises EnvironmentFault."""

    def make(target: Path) -> None:
        target.mkdir(parents=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        install.run([*pip, "--target", str(target), *PYAUTOGUI], "pip")

    return install.once("desktop_env", f"pyautogui-{digest(list(PYAUTOGUI))}", make)


@dataclass(frozen=True)
class Form:
    """What the machines of a benchmark have of their own."""

    programs: Path | None = None
    """A folder with more commands that stand in for others."""
    fixed: bool = False
    """Its ports have here the numbers that they have inside, at an address of the loopback that is the
    episode's own."""
    sized: bool = True
    """A terminal has the size that its settings say; else it takes the screen, as other windows do."""


class Served:
    """The server of one screen, with the ports of this host at which it and its applications are reached."""

    def __init__(
        self,
        sandbox: Sandbox,
        machine: LocalMachine,
        checkout: Path,
        libraries: Path,
        form: Form,
    ) -> None:
        """Start it. Raises EnvironmentFault when it does not answer."""
        self.host = _address() if form.fixed else relay.LOOPBACK
        self._fixed = form.fixed
        self._sockets = sandbox.temporary / ".served"
        self._listeners: list[socket.socket] = []
        self._held: list[int] = []
        control = f"{sandbox.inside_control}/served"
        _copy(checkout, sandbox, self._sockets, form)
        inside = f"{sandbox.inside_temporary}/.served"
        words = [f"PATH={control}/bin:$PATH", f"PYTHONPATH={shlex.quote(str(libraries))}"]
        begin = (
            f"{PYTHON} -c {shlex.quote(KEY)}; export {' '.join(words)}; "
            "dbus-update-activation-environment --all"
        )
        numbers = " ".join(map(str, PORTS.values()))
        machine.launch(f"exec {PYTHON} {control}/relay.py {inside} {numbers}")
        machine.launch(
            f"{begin}; openbox --reconfigure; cd {inside}/server && exec {PYTHON} -c {shlex.quote(RUN)} "
            f"> {inside}/log 2>&1"
        )
        try:
            self.ports = {name: self._port(number) for name, number in PORTS.items()}
            self.url = f"http://{self.host}:{self.ports['server']}"
            self._wait()
        except BaseException:
            self.close()
            raise

    def _port(self, number: int) -> int:
        """A port of this host that leads to one inside."""
        place = self._sockets / str(number)
        until = time.monotonic() + BOOT_SECONDS
        while not place.exists():
            if time.monotonic() > until:
                raise EnvironmentFault("the benchmark's server: the way into the sandbox did not open")
            time.sleep(0.02)
        # The socket as it is before anything of a task runs: what stands at this path later does not count.
        held = os.open(place, os.O_PATH | os.O_NOFOLLOW)
        self._held.append(held)
        if not stat.S_ISSOCK(os.fstat(held).st_mode):
            raise EnvironmentFault("the benchmark's server: the way into the sandbox is no socket")
        try:
            listener = socket.create_server((self.host, number if self._fixed else 0))
        except OSError as error:
            raise EnvironmentFault(
                f"port {number}, which the benchmark's code asks at, is not free at {self.host}: {error}"
            ) from None
        self._listeners.append(listener)

        def dial() -> socket.socket:
            made = socket.socket(socket.AF_UNIX)
            made.connect(f"/proc/self/fd/{held}")
            return made

        threading.Thread(target=relay.serve, args=(listener, dial), daemon=True).start()
        return int(listener.getsockname()[1])

    def _wait(self) -> None:
        server, until = Server(self.url), time.monotonic() + BOOT_SECONDS
        while True:
            try:
                server.platform()
                return
            except EnvironmentFault:
                if time.monotonic() > until:
                    raise EnvironmentFault(f"the benchmark's server did not start: {self._log()}") from None
                time.sleep(0.1)

    def _log(self) -> str:
        log = self._sockets / "log"
        if log.is_symlink() or not log.is_file():
            return "it said nothing"
        return " ".join(log.read_text(encoding="utf-8", errors="replace").split())[-300:]

    def close(self) -> None:
        """Close its ports; the sandbox ends the server."""
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for held in self._held:
            os.close(held)
        self._listeners, self._held = [], []


def has_chrome() -> bool:
    """Whether Google Chrome is installed, for which Chromium else stands in."""
    return Path(CHROME).exists()


def _address() -> str:
    """An address of the loopback that hardly anything else listens at."""
    return f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"


def _copy(checkout: Path, sandbox: Sandbox, sockets: Path, form: Form) -> None:
    """The server and its helpers into the sandbox. Raises EnvironmentFault."""
    control = sandbox.control / "served"
    try:
        for folder in filter(None, (HERE / "bin", form.programs)):
            shutil.copytree(folder, control / "bin", dirs_exist_ok=True)
        for program in (control / "bin").iterdir():
            program.chmod(0o755)
        (control / "bin" / "apt").symlink_to("apt-get")
        browser = next((one for one in CHROMIUM if Path(one).exists()), CHROMIUM[0])
        (control / "bin" / "chrome").symlink_to(browser)
        shutil.copyfile(HERE / "relay.py", control / "relay.py")
        keys = sandbox.control / "desk" / "openbox.xml"
        told = keys.read_text(encoding="utf-8").replace("</keyboard>", TERMINAL)
        told = told.replace("</applications>", SIZED) if form.sized else told
        keys.write_text(told, encoding="utf-8")
        (sockets / "server").mkdir(parents=True)
        for name in ("main.py", "pyxcursor.py"):
            shutil.copyfile(checkout / "desktop_env" / "server" / name, sockets / "server" / name)
    except OSError as error:
        raise EnvironmentFault(
            f"the benchmark's server could not be copied from {checkout}: {error}"
        ) from None
    sandbox.adopt()
