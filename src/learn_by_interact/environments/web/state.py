"""The state of an application that goes on running: files, and SQLite databases through the backup API."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

from ..fingerprint import BESIDE, SQLITE, Seen, is_aside, seen
from ..sandbox import entries


class KeptState:
    """A copy of a folder that can be put back while an application has its files open.

    Only what has changed since is written. A database is copied page by page by SQLite itself, under its
    locks, so that a server that has it open goes on with the old content (https://sqlite.org/backup.html).
    """

    def __init__(self, live: Path, copy: Path, aside: Sequence[str], adopt: Callable[[], None]) -> None:
        """`aside`: patterns of paths that are left as they are; `adopt` gives new files to their user."""
        self._live, self._copy, self._aside, self._adopt = live, copy, tuple(aside), adopt
        self._known: dict[str, Seen] = {}

    def keep(self) -> None:
        """Make the copy anew. Raises OSError."""
        shutil.rmtree(self._copy, ignore_errors=True)
        self._copy.mkdir(mode=0o700)
        self._known = {}
        for name, entry in self._entries(self._live):
            if entry.is_dir(follow_symlinks=False):
                (self._copy / name).mkdir()
            else:
                # The application may remove a file meanwhile.
                with suppress(FileNotFoundError):
                    self._write(Path(entry.path), self._copy / name)
                    self._known[name] = seen(Path(entry.path), entry.stat(follow_symlinks=False))

    def put_back(self) -> int:
        """Make the folder what the copy is -> how many files had to be written or removed. Raises OSError."""
        wanted = dict(self._entries(self._copy))
        found = dict(self._entries(self._live))
        written = 0
        for name in sorted(found.keys() - wanted.keys(), reverse=True):
            path = self._live / name
            if found[name].is_dir(follow_symlinks=False):
                # What stands aside may still be in it.
                if not any(path.iterdir()):
                    path.rmdir()
            else:
                path.unlink(missing_ok=True)
            written += 1
        for name, entry in wanted.items():
            path = self._live / name
            if entry.is_dir(follow_symlinks=False):
                path.mkdir(exist_ok=True)
            elif name not in found or self._now(path) != self._known.get(name):
                # It may be one that comes and goes.
                with suppress(FileNotFoundError):
                    self._write(Path(entry.path), path)
                written += 1
        if written:
            self._adopt()
            for name, entry in self._entries(self._live):
                if not entry.is_dir(follow_symlinks=False):
                    self._known[name] = seen(Path(entry.path), entry.stat(follow_symlinks=False))
        return written

    def _now(self, path: Path) -> Seen | None:
        """None of what the application has removed meanwhile."""
        with suppress(FileNotFoundError):
            return seen(path, path.lstat())
        return None

    def _entries(self, folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Files and folders of the state, a folder before what is in it."""
        every = {os.path.relpath(entry.path, folder): entry for entry in entries(folder)}
        for name, entry in every.items():
            beside = any(name.endswith(end) and name.removesuffix(end) in every for end in BESIDE)
            kind = entry.stat(follow_symlinks=False).st_mode
            known = stat.S_ISREG(kind) or stat.S_ISDIR(kind) or stat.S_ISLNK(kind)
            if known and not beside and not is_aside(name, self._aside):
                yield name, entry

    def _write(self, source: Path, target: Path) -> None:
        if source.is_symlink():
            target.unlink(missing_ok=True)
            target.symlink_to(source.readlink())
        elif is_database(source) and (not target.exists() or is_database(target)):
            with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
                one.backup(other)
            shutil.copymode(source, target)
        else:
            if target.is_symlink():
                target.unlink()
            # In place: an application may have the file open.
            shutil.copyfile(source, target)
            shutil.copymode(source, target)


def is_database(path: Path) -> bool:
    """Whether a file is a SQLite database."""
    with path.open("rb") as file:
        return file.read(len(SQLITE)) == SQLITE
