"""`python -m learn_by_interact.models.serve`: one llama.cpp server, which dies with its starter.

It listens on 127.0.0.1, writes where it listens into its state file, and ends when the process
that started it ends, however that happens. (PR_SET_PDEATHSIG alone would not do: the kernel sends
that signal when the *thread* that forked ends, and pools end threads; so the parent is watched.)
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CACHE_RAM_MIB = 512
"""Memory for prompts that left their slot. llama.cpp's default of 8 GB would break a small machine."""

WATCH_SECONDS = 0.5
CPU = Path("/proc/cpuinfo")
PR_SET_PDEATHSIG = 1


def born(pid: int) -> str:
    """When a process started, in clock ticks since boot, or "" when there is none; tells reused ids apart.

    One that has ended is none, also while nobody asks for its exit code, as in a container without an init.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] == "Z" else fields[19]
    except (OSError, IndexError):
        return ""


def write_state(path: Path, url: str, file: Path, sha256: str, slots: Path) -> None:
    """Say where this process serves what, in one atomic step."""
    state = {
        "url": url,
        "pid": os.getpid(),
        "born": born(os.getpid()),
        "file": str(file),
        "sha256": sha256,
        "slots": str(slots),
    }
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(state))
    temporary.replace(path)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m learn_by_interact.models.serve")
    parser.add_argument("file", type=Path)
    parser.add_argument("--sha256", default="", help="of the file, where it is known")
    parser.add_argument("--context", type=int, required=True, help="tokens for each parallel call")
    parser.add_argument("--parallel", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--slots", type=Path, required=True, help="folder for what is in a slot")
    parser.add_argument("--state", type=Path, required=True, help="file to write once it listens")
    parser.add_argument("--starter", type=int, required=True, help="process with which to end")
    return parser.parse_args()


def as_in_file(native: bool) -> bool:
    """Whether llama.cpp leaves the weights as they are in the file, or lays them out anew for the processor.

    Laid out anew, x86 reads a prompt of a 4-bit model (Q4_K) more slowly: 50 against 70 tokens a second in
    the wheel, 75 against 120 in a build for the processor (Zen 4, two cores); four calls at once write 33
    against 26, but a run reads ten to a hundred times as many tokens as it writes. AMX, which only a build
    for the processor uses, and ARM want the new layout.
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        return False
    with suppress(OSError):
        return not (native and "amx_int8" in CPU.read_text())
    return True


def _xllamacpp(options: argparse.Namespace) -> tuple[str, Callable[[], bool]]:
    """Serve in this process: the address, and whether it still runs."""
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(options.file)
    parameters.port = options.port
    parameters.n_ctx = options.context * options.parallel
    parameters.n_parallel = options.parallel
    parameters.kv_unified = True
    parameters.cache_ram_mib = CACHE_RAM_MIB
    # What is in a slot stays there, and can be copied to others: see `prefix.py`.
    parameters.cache_idle_slots = False
    parameters.slot_save_path = f"{options.slots}/"
    parameters.cpuparams.n_threads = options.threads
    parameters.cpuparams_batch.n_threads = options.threads
    parameters.no_extra_bufts = as_in_file(native=False)
    try:
        server = xllamacpp.Server(parameters)
    except RuntimeError as error:
        sys.exit(f"llama.cpp cannot serve {options.file}: {error}")
    return str(server.listening_address), lambda: server is not None


def _binary(program: str, options: argparse.Namespace) -> tuple[str, Callable[[], bool]]:
    """Serve in a child, a native `llama-server`; it gets a signal when this process ends."""
    port = options.port or _free_port()
    settings = {
        "--model": options.file,
        "--host": "127.0.0.1",
        "--port": port,
        "--ctx-size": options.context * options.parallel,
        "--parallel": options.parallel,
        "--threads": options.threads,
        "--threads-batch": options.threads,
        "--cache-ram": CACHE_RAM_MIB,
        "--slot-save-path": f"{options.slots}/",
    }
    words = (str(word) for pair in settings.items() for word in pair)
    flags = ["--no-cache-idle-slots"]  # What is in a slot stays there; older ones do not empty it anyway.
    flags += ["--no-repack"] if as_in_file(native=True) else []
    known = subprocess.run([program, "--help"], capture_output=True, text=True, check=False).stdout
    line = [program, "--kv-unified", *words, *(flag for flag in flags if flag in known)]
    libc = ctypes.CDLL(None)
    child = subprocess.Popen(line, preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
    url = f"http://127.0.0.1:{port}"
    while not _healthy(url):
        if child.poll() is not None or os.getppid() != options.starter:
            sys.exit(f"{program} ended with code {child.returncode}")
        time.sleep(0.1)
    return url, lambda: child.poll() is None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def main() -> None:
    """Serve until the starter ends."""
    options = _arguments()
    options.slots.mkdir(parents=True, exist_ok=True)
    program = os.environ.get("LBI_LLAMA_SERVER")
    url, runs = _binary(program, options) if program else _xllamacpp(options)
    write_state(options.state, f"{url}/v1", options.file, options.sha256, options.slots)
    while os.getppid() == options.starter and runs():
        time.sleep(WATCH_SECONDS)
    os._exit(0)  # the server's own threads would otherwise hold the process until they are idle


if __name__ == "__main__":
    main()
