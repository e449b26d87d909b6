"""Temporary folders, and the removal of those whose process was killed.

All of a process are in one folder `lbi-*` of the temporary directory, in which the process holds a
lock. The kernel lets go of the lock when the process ends, however that happens, so that the next
process sees which folders are nobody's. Ids of processes, which are used again, play no part.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import secrets
import shutil
import signal
import stat
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from ..engine.ending import at_end
from .process import kill_running

PREFIX = "lbi-"
LOCK = "owner"
"""The locked file. A folder without it is being made, or is nothing of ours."""

_guard = threading.Lock()
_swept: set[str] = set()
"""Temporary directories that this process has swept."""


class _Owner:
    """A process's folder and the lock in it. Its name stands before it is made: an end may come between."""

    def __init__(self) -> None:
        self.process, self.users = os.getpid(), 0
        self.folder = Path(tempfile.gettempdir(), f"{PREFIX}{secrets.token_hex(8)}")

    def make(self) -> None:
        self.folder.mkdir(0o700)
        new = self.folder / "new"
        self._lock = os.open(new, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Under this name it was never without its lock.
        new.rename(self.folder / LOCK)

    def end(self) -> None:
        remove(self.folder)
        os.close(self._lock)


_owner: _Owner | None = None


class TemporaryFolder:
    """A new folder, which `close` removes. Raises OSError when it cannot be made."""

    def __init__(self) -> None:
        global _owner
        self._closed = False
        with _guard:
            sweep(tempfile.gettempdir())
            if _owner is None or _owner.process != os.getpid():  # A fork's are its own.
                _owner = _Owner()
                try:
                    _owner.make()
                except OSError:
                    _owner = None
                    raise
            self._owner = _owner
            self.path = Path(tempfile.mkdtemp(dir=_owner.folder))
            _owner.users += 1

    def close(self) -> None:
        """Remove it, whatever the modes of what is in it. May be called again."""
        global _owner
        remove(self.path)
        with _guard:
            if self._closed:
                return
            self._closed = True
            self._owner.users -= 1
            if not self._owner.users and _owner is self._owner:
                _owner.end()
                _owner = None


@atexit.register
def _remove_own() -> None:
    """Remove all temporary folders of this process, which ends."""
    if _owner is not None and _owner.process == os.getpid():
        with suppress(OSError):
            # Threads that still write find nothing at the old name.
            remove(_owner.folder.rename(f"{_owner.folder}-ended"))


@at_end
def _leave() -> None:
    """Kill the commands that use the folders, and remove these for good."""
    kill_running()
    _guard.acquire(timeout=1)  # For ever: no thread makes another folder.
    _remove_own()


def sweep(directory: str) -> None:
    """Remove what killed processes of this user left in a temporary directory, once a process."""
    if directory in _swept:
        return
    _swept.add(directory)
    with suppress(OSError):
        for folder in Path(directory).glob(f"{PREFIX}*"):
            _remove_if_orphaned(folder)


def _remove_if_orphaned(folder: Path) -> None:
    try:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            return
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Another process may have swept it, and the name be taken anew, between the two lines above.
        if os.path.samestat(os.fstat(lock), (folder / LOCK).lstat()):
            _end_sandboxes(folder)
            remove(folder)
    except OSError:
        return
    finally:
        os.close(lock)


def _end_sandboxes(folder: Path) -> None:
    """Kill what still waits for a killed process: a bubblewrap that was not yet set to die with it."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = file.read_bytes().split(b"\0")
            inside = any(word.startswith(f"{folder}/".encode()) for word in words)
            if inside and Path(os.fsdecode(words[0])).name == "bwrap":
                os.kill(int(file.parent.name), signal.SIGKILL)


def remove(folder: Path) -> None:
    """Remove a folder with all that is in it, whatever its modes, as far as that is allowed."""
    if os.geteuid() != 0:
        for place, folders, _ in os.walk(folder):
            for name in folders:
                if not Path(place, name).is_symlink():
                    with suppress(OSError):
                        Path(place, name).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
