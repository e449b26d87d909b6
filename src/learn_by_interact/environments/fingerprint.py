"""The fingerprint of a folder: equal when its content is, however it came about.

It covers every entry's path, kind and permissions, links' targets, and files' contents:
- text (UTF-8 without NUL): without what the volatile patterns match;
- SQLite databases: their SQL dump without what the volatile patterns match, journal mode and versions,
  so that the order of pages and free space do not matter; the `-wal`, `-shm` and `-journal` files beside
  them are read with them and not counted for themselves;
- archives of zip's format, such as office documents: the names of their files, and the contents of these in
  the same way, so that the times and the packing of an archive do not matter;
- the index of a git repository: which content is staged for which path (see `git_index`);
- everything else, and databases and archives over 32 MiB: bytes.
Times, owners and inode numbers do not count, nor the logs in which git notes when a branch was moved.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import sqlite3
import stat
import zipfile
import zlib
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from fnmatch import translate
from functools import cache
from pathlib import Path

from ..types import digest
from .folder import EnvironmentFolder, Volatile
from .git_index import MAGIC, staged
from .sandbox import entries
from .temporary import TemporaryFolder

SQLITE = b"SQLite format 3\x00"
ZIP = b"PK\x03\x04"
LARGEST_DATABASE = 32 * 1024 * 1024
BESIDE = ("-wal", "-shm", "-journal")

REFLOGS = "*.git/logs"
"""Where git notes when a branch was moved."""

Seen = tuple[int, ...]


class Fingerprint:
    """Fingerprints of one folder; files that did not change are not read again."""

    def __init__(self, folder: Path, volatile: Volatile, aside: Sequence[str] = ()) -> None:
        """`aside`: patterns of paths that do not count, nor what is in them."""
        self._folder = folder
        self._prefix = os.path.join(folder, "")  # noqa: PTH118  A path without the slash at its end.
        self._volatile = volatile
        self._aside = (*aside, REFLOGS)
        self._known: dict[str, tuple[Seen, str]] = {}
        self.files: dict[str, str] = {}
        """Digest of the content of each file, as of the last fingerprint; a new mapping each time."""
        self.others: dict[str, str] = {}
        """What else there is: of each link `-> ` and its target, of all else `mode ` and its permissions. The
        names of folders end in a slash."""

    def take(self) -> str:
        """32 hexadecimal digits. Nothing may write to the folder meanwhile."""
        found = {entry.path[len(self._prefix) :]: entry for entry in entries(self._folder)}
        whole = hashlib.blake2b(digest_size=16)
        files: dict[str, str] = {}
        others: dict[str, str] = {}
        for name in sorted(found):
            if _beside(name, found) or is_aside(name, self._aside):
                continue
            status = found[name].stat(follow_symlinks=False)
            alone = not any(name + suffix in found for suffix in BESIDE)
            content = self._content(name, status, alone)
            line = [name, stat.filemode(status.st_mode), content]
            if stat.S_ISREG(status.st_mode):
                files[name] = content
            known = name + "/" * stat.S_ISDIR(status.st_mode)
            link = stat.S_ISLNK(status.st_mode)
            others[known] = f"-> {content}" if link else f"mode {stat.S_IMODE(status.st_mode):o}"
            whole.update("\0".join(line).encode("utf-8", "surrogateescape") + b"\0\n")
        self.files, self.others = files, others
        return whole.hexdigest()

    def _content(self, name: str, status: os.stat_result, alone: bool) -> str:
        """`alone`: no file beside it is read with it."""
        path = self._prefix + name
        if stat.S_ISLNK(status.st_mode):
            return str(Path(path).readlink())
        if not stat.S_ISREG(status.st_mode):
            return ""
        now = written(status) if alone else seen(Path(path), status)
        known = self._known.get(name)
        if known is None or known[0] != now:
            known = self._known[name] = (now, file_digest(Path(path), self._volatile))
        return known[1]


def identity(folder: EnvironmentFolder) -> str:
    """Name and digest of all that an episode in this environment depends on, wherever its folder lies.

    The declaration, and the start files with their paths and whether they can be executed. Not the
    documentation and the tasks, which reach a stage as its inputs, nor the kind of sandbox, but an
    image; and of permissions no more, because those of a checkout depend on who made it.
    """
    # A setting that is not given says nothing: a new one with a default changes no identity.
    said = folder.model_dump(mode="json", exclude_defaults=True, exclude={"path", "start", "docs", "sandbox"})
    image = folder.sandbox.image if folder.sandbox.kind == "docker" else ""
    files = []
    for entry in entries(folder.start_folder) if folder.start_folder else ():
        path = Path(entry.path)
        if entry.is_symlink():
            content = str(path.readlink())
        else:
            content = file_digest(path, Volatile()) if entry.is_file() else ""
        runs = entry.is_file(follow_symlinks=False) and bool(entry.stat().st_mode & stat.S_IXUSR)
        files.append([os.path.relpath(path, folder.start_folder), content, runs])
    project = []
    if folder.repository:
        from .repository.source import version

        project = [version(folder.repository, folder.path)]
    return f"{folder.name}:{digest([said, image, sorted(files), *project])[:16]}"


def file_digest(path: Path, volatile: Volatile) -> str:
    """Hash of one file's content as described above; "unreadable" when it cannot be read."""
    try:
        with open(path, "rb", opener=_no_links) as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(len(SQLITE))
            if head == SQLITE and size <= LARGEST_DATABASE:
                text = _dump(path)
                if text is not None:
                    text = volatile.replace(text) if volatile.patterns else text
                    dumped = text.encode("utf-8", "surrogateescape")
                    return "sqlite:" + hashlib.blake2b(dumped, digest_size=16).hexdigest()
            content = head + file.read()
    except OSError:
        return "unreadable"
    if (members := _members(content)) is not None:
        parts = [[name, _content_digest(inside, volatile)] for name, inside in members]
        return f"zip:{digest(parts)}"
    if content.startswith(MAGIC) and (lines := staged(content)) is not None:
        return f"index:{digest(lines)}"
    return _content_digest(content, volatile)


def _content_digest(content: bytes, volatile: Volatile) -> str:
    """Hash of bytes; of text without the volatile parts."""
    if volatile.patterns and b"\0" not in content:
        with suppress(UnicodeDecodeError):
            content = volatile.replace(content.decode("utf-8")).encode()
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _members(content: bytes) -> list[tuple[str, bytes]] | None:
    """The files of a zip archive, sorted by name; None where it is none, or too large to look into."""
    if not content.startswith(ZIP):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            known = sorted(archive.infolist(), key=lambda one: one.filename)
            if sum(one.file_size for one in known) > LARGEST_DATABASE:
                return None
            return [(one.filename, archive.read(one)) for one in known]
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, OSError, EOFError):
        return None


def lasting(path: Path, volatile: Volatile) -> str:
    """A file's content as text without the volatile parts, as its hash is made of it; "" of no file."""
    try:
        with open(path, "rb", opener=_no_links) as file:
            content = file.read()
    except OSError:
        return ""
    text = _dump(path) if content.startswith(SQLITE) and len(content) <= LARGEST_DATABASE else None
    if (members := _members(content)) is not None:
        text = "\n".join(f"{name}: {inside.decode('utf-8', 'replace')}" for name, inside in members)
    text = staged(content) if text is None else text
    return volatile.replace(content.decode("utf-8", "replace") if text is None else text)


def _dump(path: Path) -> str | None:
    """A database's SQL and settings; None when SQLite cannot read it. Reads a copy: opening a
    database may write to it."""
    try:
        with closing(TemporaryFolder()) as folder:
            copy = folder.path / "db"
            shutil.copyfile(path, copy, follow_symlinks=False)
            for suffix in ("-wal", "-journal"):
                beside = path.with_name(path.name + suffix)
                if beside.is_file() and not beside.is_symlink():
                    shutil.copyfile(beside, copy.with_name("db" + suffix))
            with closing(sqlite3.connect(copy)) as connection:
                connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
                settings = [
                    str(connection.execute(f"pragma {name}").fetchone())
                    for name in ("journal_mode", "user_version", "application_id", "encoding")
                ]
                lines = [*settings, *connection.iterdump()]
        return "\n".join(lines)
    except (sqlite3.Error, sqlite3.Warning, UnicodeError, ValueError):
        return None


def seen(path: Path, status: os.stat_result) -> Seen:
    """What changes when a file, or the write-ahead log of a database, is written."""
    found = written(status)
    for suffix in ("-wal", "-journal"):
        with suppress(OSError):
            found += written(os.lstat(f"{path}{suffix}"))
    return found


def written(status: os.stat_result) -> Seen:
    """What changes when one file is written."""
    return (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


def is_aside(name: str, patterns: Sequence[str]) -> bool:
    """Whether a path, or one of the folders that it is in, matches a pattern."""
    if not patterns:
        return False
    aside, end = _any_of(tuple(patterns)), len(name)
    while end > 0:
        if aside(name[:end]):
            return True
        end = name.rfind("/", 0, end)
    return False


@cache
def _any_of(patterns: tuple[str, ...]) -> Callable[[str], object]:
    return re.compile("|".join(map(translate, patterns))).match


def _beside(name: str, found: dict[str, os.DirEntry[str]]) -> bool:
    """Whether a file belongs to the database of the same name."""
    for suffix in BESIDE:
        base = name.removesuffix(suffix)
        if base != name and base in found and found[base].is_file(follow_symlinks=False):
            try:
                with open(found[base].path, "rb", opener=_no_links) as file:
                    return file.read(len(SQLITE)) == SQLITE
            except OSError:
                return False
    return False


def _no_links(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
