"""Where a project's files come from: a folder as it is now, or one commit of a git repository.

Of a commit nothing but its own tree is taken (`git fetch --depth 1`): no earlier and no later history lies
beside it. git computes a commit's name from its content, so what it calls by that name is that tree.

`$LBI_MIRRORS` names folders (with a `:` between) of local clones: `https://host/owner/name.git` is looked for
there as `owner+name/repo`, `owner/name`, `owner__name` and `name`, each also with `.git` at the end.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ...errors import ConfigError, EnvironmentFault
from ...types import digest
from ..fingerprint import file_digest
from ..folder import Volatile
from ..sandbox import entries
from .config import Repository

MIRRORS = "LBI_MIRRORS"
JUNK = (
    "*.egg-info",
    "*.py[co]",
    ".cache",
    ".coverage",
    ".eggs",
    ".git",
    ".hypothesis",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    ".venv",
    "__pycache__",
)
"""Names of build products and caches: no part of a project."""
TESTS = (
    r"(^|/)tests/",
    r"^(test|testing)/",
    r"(^|/)(test_[^/]*|[^/]*_test|conftest)\.py$",
)
"""Paths of tests, which are no part of a patch."""
AUTHOR = ("lbi", "lbi@localhost", "2024-01-01T00:00:00Z")
WHOLE = re.compile(r"[0-9a-f]{40}")


def version(repository: Repository, root: Path) -> str:
    """What tells one state of the files from another: the commit's name, or a digest of the content.

    `root`: the folder that a path is relative to. Raises ConfigError when there is no such folder.
    """
    if repository.url or repository.commit:
        return repository.commit or "newest"
    place = _folder(repository, root)
    found = sorted(files(place))
    return digest([[name, file_digest(place / name, Volatile())] for name in found])


def checkout(repository: Repository, root: Path, target: Path) -> None:
    """Make `target`, a folder with the files and a git repository of one commit.

    Raises ConfigError when there is no such folder, repository or commit.
    """
    if repository.url or repository.commit:
        origin = mirror(repository.url) if repository.url else str(_folder(repository, root))
        fetch(origin, repository.commit or "HEAD", target)
        return
    place = _folder(repository, root)
    for name in files(place):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(place / name, target / name, follow_symlinks=False)
    commit(target)


def commit(tree: Path) -> None:
    """Make a git repository of one commit from all files that its own rules do not leave out."""
    shutil.rmtree(tree / ".git", ignore_errors=True)
    git(tree, "init", "-q")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "--allow-empty", "-m", "start")


def files(folder: Path) -> Iterator[str]:
    """Paths of a project's files: in a git repository those that it does not ignore, else all but junk."""
    if (folder / ".git").exists():
        listed = git(folder, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        names = [name for name in listed.split("\0") if name]
        yield from (name for name in names if os.path.lexists(folder / name) and not is_junk(name))
        return
    for entry in entries(folder):
        name = os.path.relpath(entry.path, folder)
        if not entry.is_dir(follow_symlinks=False) and not is_junk(name):
            yield name


def is_junk(name: str) -> bool:
    """Whether a path is, or lies in, a build product or a cache."""
    return any(Path(part).match(pattern) for part in Path(name).parts for pattern in JUNK)


def is_test(name: str) -> bool:
    """Whether a path is that of a test, or of what belongs to one."""
    return any(re.search(pattern, name) for pattern in TESTS)


def mirror(url: str) -> str:
    """The local clone that stands for an address, or the address."""
    found = re.search(r"[/:]([^/:]+)/([^/]+?)(?:\.git)?/?$", url)
    for folder in os.environ.get(MIRRORS, "").split(":") if found else ():
        owner, name = found[1], found[2]  # type: ignore[index]
        for shape in (f"{owner}+{name}/repo", f"{owner}/{name}", f"{owner}__{name}", name):
            for place in (Path(folder, shape), Path(folder, f"{shape}.git")):
                if folder and ((place / "objects").is_dir() or (place / ".git").exists()):
                    return str(place)
    return url


def git(place: Path, *arguments: str) -> str:
    """What a git command prints; the user's own configuration plays no part. Raises ConfigError."""
    name, mail, when = AUTHOR
    env = {
        **{key: value for key, value in os.environ.items() if not key.startswith("GIT_DIR")},
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        **{f"GIT_{who}_NAME": name for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": mail for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_DATE": when for who in ("AUTHOR", "COMMITTER")},
    }
    command = ["git", "-c", "safe.directory=*", "-C", str(place), *arguments]
    try:
        done = subprocess.run(command, env=env, capture_output=True, stdin=subprocess.DEVNULL, umask=0o022)
    except FileNotFoundError:
        raise ConfigError("git is not installed; type: apt-get install -y git") from None
    if done.returncode:
        told = " ".join(done.stderr.decode("utf-8", "replace").split())[-300:]
        raise ConfigError(f"git {arguments[0]} failed in {place}: {told}")
    return done.stdout.decode("utf-8", "surrogateescape")


def _folder(repository: Repository, root: Path) -> Path:
    place = (root / repository.path).resolve()
    if not place.is_dir():
        raise ConfigError(f"{root}/environment.toml: repository.path: there is no folder {place}")
    return place


def fetch(origin: str, wanted: str, target: Path) -> None:
    """One commit of a repository into a folder, checked out. Raises ConfigError."""
    target.mkdir(parents=True, exist_ok=True)
    git(target, "init", "-q")
    serve = "git -c safe.directory=* -c uploadpack.allowAnySHA1InWant=true upload-pack"
    local = [f"--upload-pack={serve}"] if Path(origin).exists() else []
    source = Path(origin).as_uri() if local else origin
    try:
        git(target, "fetch", "-q", "--no-tags", "--depth", "1", *local, source, wanted)
    except ConfigError as error:
        raise ConfigError(
            f"the commit {wanted} of {origin} cannot be had ({error}): write all 40 digits of a commit, a "
            f"tag or a branch; see that it can be reached, or name a folder of clones in ${MIRRORS}"
        ) from None
    git(target, "checkout", "-q", "--detach", "FETCH_HEAD")
    here = git(target, "rev-parse", "HEAD").strip()
    if WHOLE.fullmatch(wanted) and here != wanted:
        raise EnvironmentFault(f"git gave the commit {here} of {origin} where {wanted} was asked for")
    (target / ".git" / "FETCH_HEAD").unlink(missing_ok=True)
    # The one commit has no parent here: shown, it would be all of the files.
    git(target, "config", "log.showRoot", "false")
