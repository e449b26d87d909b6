"""A Docker engine for tests, and an image made from this machine's own files: no registry is asked."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = [
    *("bash", "cat", "chmod", "env", "find", "grep", "head", "id", "ls", "mkdir", "rm", "seq", "setsid"),
    *("sh", "sleep", "sort", "tail", "touch", "wc"),
    *("git", "mv", "sed", "uniq", "xargs"),
]
APT = """#!/bin/sh
# A distribution of one package: `greet`.
for word; do :; done
case "$word" in update) ;; greet) printf '#!/bin/sh\\necho hello from a package\\n' > /usr/bin/greet
chmod 755 /usr/bin/greet ;; *) echo "E: Unable to locate package $word"; exit 100 ;; esac
"""
WHEEL = {
    "waver.py": "def main():\n    print('hello from a wheel')\n",
    "waver-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: waver\nVersion: 1.0\n",
    "waver-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "waver-1.0.dist-info/entry_points.txt": "[console_scripts]\nwaver = waver:main\n",
    "waver-1.0.dist-info/RECORD": "",
}
START = 30
"""Seconds in which an engine that can be started here has started."""


@contextmanager
def engine(folder: Path) -> Iterator[str]:
    """The address of the engine that answers, or of one that is started here; else the test is skipped."""
    pytest.importorskip("docker", reason="docker-py is not installed")
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if _answers(address):
        yield address
        return
    if os.geteuid() != 0 or not shutil.which("dockerd"):
        pytest.skip("no Docker engine answers, and none can be started: that needs root and `dockerd`")
    address = f"unix://{folder}/docker.sock"
    log = folder / "log"
    line = ["setpriv", "--pdeathsig", "TERM", "dockerd", "--host", address, "--pidfile", f"{folder}/pid"]
    line += ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec"]
    line += ["--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"]
    with log.open("wb") as output:
        process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + START
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > deadline:
                last = log.read_text(errors="replace").strip().splitlines()[-1:] or ["nothing"]
                pytest.skip(f"no Docker engine answers, and dockerd does not start here: {last[0][-300:]}")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(30)
        # dockerd leaves the mount of its own network namespace behind.
        subprocess.run(["umount", f"{folder}/exec/netns/default"], capture_output=True, check=False)


def _answers(address: str) -> bool:
    import docker

    try:
        client = docker.DockerClient(address)
        client.info()
        client.close()
    except Exception:
        return False
    return True


@contextmanager
def image(address: str, name: str, bare: bool = False) -> Iterator[str]:
    """An image in the engine, of a shell, its commands and Python; `bare`: one without bash."""
    import docker

    client = docker.DockerClient(address, timeout=120)
    made = client.images.get(client.api.import_image_from_data(_tree(bare), repository=name).split('"')[3])
    try:
        yield f"{name}:latest"
    finally:
        for one in [*client.images.list("learn-by-interact"), made]:
            if one.id == made.id or one.attrs["Parent"] == made.id:
                client.images.remove(one.id, force=True)
        client.close()


@contextmanager
def project(address: str, base: str, name: str, folder: Path, programs: Mapping[str, str]) -> Iterator[str]:
    """An image of SWE-bench's form: a project in /testbed, Python where conda is, and scripts."""
    import docker

    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        tar.add(folder, "testbed")
        link = tarfile.TarInfo("opt/miniconda3/bin/python3")
        link.type, link.linkname = tarfile.SYMTYPE, "/usr/bin/python3"
        tar.addfile(link)
        for program, text in programs.items():
            _add(tar, f"usr/bin/{program}", text.encode())
        _add(tar, "etc/passwd", b"root:x:0:0::/root:/bin/bash\n")
    client = docker.DockerClient(address, timeout=120)
    container = client.containers.create(base, ["true"])
    try:
        container.put_archive("/", held.getvalue())
        container.commit(name)
        yield f"{name}:latest"
    finally:
        container.remove(force=True)
        client.images.remove(name, force=True)
        client.close()


def _tree(bare: bool) -> bytes:
    """The files of the image as a tar archive."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        for name in ("bin", "lib", "lib64", "sbin"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
            tar.addfile(link)
        for name in ("tmp", "run", "usr/sbin"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        found = {f"/usr/bin/{name}": shutil.which(name) or "" for name in PROGRAMS}
        if bare:
            found = {"/usr/bin/sleep": found["/usr/bin/sleep"]}
        else:
            found.update((str(path), str(path)) for path in [*_python(), *_locale()])
            found["/usr/bin/python3"] = str(_interpreter())
            _add(tar, "usr/bin/apt-get", APT.encode())
            _add(tar, "wheels/waver-1.0-py3-none-any.whl", _wheel())
        for path in _libraries(found.values()):
            found.setdefault(path, path)
        for inside, path in found.items():
            tar.add(Path(path).resolve(), f"{_real(inside)}".lstrip("/"), recursive=False)
    return held.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o755
    tar.addfile(member, io.BytesIO(content))


def _real(path: str) -> Path:
    """A path without links among its folders."""
    return Path(path).parent.resolve() / Path(path).name


def _interpreter() -> Path:
    return Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"


def _python() -> Iterator[Path]:
    """The interpreter, its standard library, and the wheels that ensurepip reads on Debian."""
    yield _interpreter()
    for root in (Path(sysconfig.get_path("stdlib")), Path("/usr/share/python-wheels")):
        for path in sorted(root.rglob("*")):
            left_out = {"__pycache__", "site-packages", "dist-packages", "test", "idlelib"} & {*path.parts}
            if path.is_file() and not left_out:
                yield path


def _locale() -> Iterator[Path]:
    """C.UTF-8, and where the loader finds libraries."""
    yield Path("/etc/ld.so.cache")
    yield from (path for path in Path("/usr/lib/locale/C.utf8").rglob("*") if path.is_file())


def _libraries(programs: Iterable[str]) -> set[str]:
    """Shared libraries of programs and extension modules."""
    loaded = [path for path in programs if path.endswith(".so") or Path(path).parent.name == "bin"]
    told = subprocess.run(["ldd", *loaded], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"(?:=> |^\t)(/\S+) \(", told, re.MULTILINE))


def _wheel() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as wheel:
        for name, text in WHEEL.items():
            wheel.writestr(name, text)
    return held.getvalue()
