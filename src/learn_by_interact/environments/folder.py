"""An environment that needs no Python: the declaration in a folder's `environment.toml`."""

from __future__ import annotations

import re
import shutil
import tomllib
from functools import cached_property
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, get_args

from pydantic import Field, ValidationError, field_validator

from ..errors import ConfigError
from ..sources import Docs
from ..types import Texts, Value
from .desktop.config import Desktop
from .repository.config import Repository, Swebench
from .web.config import Web

SERVED = ("web", "desktop")
"""Kinds of environments whose applications run on between two actions."""
CODE = ("repository", "swebench")
"""Kinds of environments whose state is a project's files."""
LOOK = r"""find . -name .git -prune -o -type f -printf '%P (%s bytes)\n' | LC_ALL=C sort | {
  mapfile -t lines
  files=0 most=$((30 / (${#lines[@]} + 1)))
  for line in "${lines[@]}"; do
    printf '%s\n' "$line"
    name="./${line% (*}"
    if ((files++ >= 20)); then continue; fi
    # A NUL before the end is what ended it.
    if IFS= read -r -d '' -n 1000 text < "$name" && ((${#text} < 1000)); then continue; fi
    rows=0
    while ((rows++ < 3 || rows <= most)) && { IFS= read -r -n 1000 row || [[ -n $row ]]; }; do
      printf '  %.100s\n' "$row"
      if ((${#row} == 1000)); then break; fi
    done < "$name"
  done 2> /dev/null
  true
}"""
"""The first observation when the folder names no `look`: all files with their sizes, and of the first 20 that
are text the first lines, three or, where there are few files, more: what columns and values there are decides
what can be done."""

LOOK_AT_CODE = r"""n=$(git ls-files | wc -l)
if [ "$n" -le 60 ]; then git ls-files | xargs -d '\n' wc -l | sed 's/^ *\([0-9]*\) \(.*\)/\2 (\1 lines)/'
else echo "$n files; the top folder:"; ls -p; echo "Folders with the most Python files:"
git ls-files '*.py' | sed 's|/[^/]*$||' | sort | uniq -c | sort -rn | head -12; fi"""
"""The first observation in a project: its files with their lengths, or where its code is."""
CODE_LIMITS = {"seconds": 300, "memory_mb": 4096, "processes": 256, "disk_mb": 512, "output_chars": 3000}
"""Of such an environment, where it says nothing else: tests take longer than a tool's commands."""


class Install(Value):
    """What the environment's tools need. With docker, all of it is installed into an image, once."""

    pip: Texts = ()
    """Requirements, installed into a private virtual environment in the cache."""
    apt: Texts = ()
    """Debian packages; they are only checked, unless installing was asked for."""


class Limits(Value):
    """What one command may take before it is killed."""

    seconds: float = Field(default=20.0, gt=0)
    memory_mb: int = Field(default=1024, gt=0)
    """Memory of each process (its data segment) and of all together (resident)."""
    processes: int = Field(default=64, gt=0)
    """Processes and threads alive at the same time."""
    disk_mb: int = Field(default=64, gt=0)
    """Size of the episode's folder with its /tmp, and of any one file."""
    output_chars: int = Field(default=2000, ge=100)
    """Length of an observation's text; longer output is cut in the middle."""


class Volatile(Value):
    """What changes from run to run: replaced by `~` in fingerprints, and only there."""

    patterns: Texts = ()

    @field_validator("patterns")
    @classmethod
    def compiles(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        """Raises ValueError for a pattern that is no regular expression."""
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
        return patterns

    def replace(self, text: str) -> str:
        """The text without what changes from run to run."""
        for pattern in self.patterns:
            text = re.sub(pattern, "~", text, flags=re.MULTILINE)
        return text


class SandboxKind(Value):
    """Where commands run."""

    kind: Literal["bubblewrap", "docker", "unsafe"] = "bubblewrap"
    image: str = ""
    """The image, for docker: it has bash; Python with venv too, where `[install]` names pip packages. Of kind
    swebench each instance has its own."""


class EnvironmentFolder(Value):
    """A folder with an `environment.toml`, read and checked."""

    path: Path
    name: str = Field(pattern=r"^[A-Za-z0-9][\w.-]*$")
    description: str
    """One or two sentences that the agent is told."""
    kind: Literal["shell", "web", "desktop", "repository", "swebench"] = "shell"
    web: Web | None = None
    """Of kind web: the application."""
    desktop: Desktop | None = None
    """Of kind desktop: the applications and their screen."""
    repository: Repository | None = None
    """Of kind repository: the project."""
    swebench: Swebench | None = None
    """Of kind swebench: the instances."""
    start: str = ""
    """Sub-folder that is copied for each episode; "": an empty folder."""
    prepare: str = ""
    """Run once in a copy of the start folder; episodes copy what it left."""
    look: str = LOOK
    """Its output is the first observation."""
    changes: bool = True
    """After a command that changed the folder, the observation names the files and what `look` shows anew."""
    install: Install = Install()
    env: dict[str, str] = Field(default_factory=dict)
    docs: Docs = Docs()
    limits: Limits = Limits()
    volatile: Volatile = Volatile()
    sandbox: SandboxKind = SandboxKind()

    @classmethod
    def load(cls, path: str | Path) -> EnvironmentFolder:
        """Read `path/environment.toml`. Raises ConfigError that names the file and the key."""
        folder = Path(path).resolve()
        file = folder / "environment.toml"
        if not file.is_file():
            raise ConfigError(f"{path}: there is no environment.toml in this folder")
        declared = read_toml(file)
        if declared.get("kind") in CODE:
            limits = {**CODE_LIMITS, **declared.get("limits", {})}
            declared = {"look": LOOK_AT_CODE, "docs": {"code": ["."]}, **declared, "limits": limits}
        made = checked(cls, {**declared, "path": folder}, file)
        if made.start and not (folder / made.start).is_dir():
            raise ConfigError(f"{file}: start: there is no folder {made.start!r} beside it")
        for kind in (*SERVED, *CODE):
            if (made.kind == kind) != (getattr(made, kind) is not None):
                raise ConfigError(
                    f"{file}: an environment of kind {kind} has a table [{kind}], and no other has one"
                )
        if made.kind in SERVED and made.sandbox.kind == "docker":
            raise ConfigError(
                f"{file}: sandbox.kind: a {made.kind} application runs without docker; leave it out"
            )
        if made.sandbox.kind == "docker" and not made.sandbox.image and made.kind != "swebench":
            raise ConfigError(f"{file}: sandbox.image: name the image that docker shall run")
        return made

    @cached_property
    def tools(self) -> tuple[str, ...]:
        """Names of the commands that the environment is about: those its documentation is of, or names.

        The page `git-stash` is of a command of `git`, unless there is one of that name. The name of an info
        manual may be that of no command, `recutils`; in an image of docker it is not looked for.
        """
        kinds = (self.docs.help, self.docs.man, self.docs.info)
        first, manual, last = ([name.split() for name in names if name.strip()] for names in kinds)
        pages = [_whole(words[-1] if words[0].isdigit() else words[0]) for words in manual]
        there = [words[0] for words in last if self.sandbox.kind == "docker" or shutil.which(words[0])]
        names = [*(words[0] for words in first), *pages, *there, *self.docs.tools]
        return tuple(dict.fromkeys(name for name in names if re.fullmatch(r"[\w.+-]+", name)))

    @cached_property
    def start_folder(self) -> Path | None:
        """The start folder as it stands beside `environment.toml`."""
        return self.path / self.start if self.start else None


def _whole(page: str) -> str:
    """The command that a page is about: `git` of `git-stash`."""
    first = page.partition("-")[0]
    return first if not shutil.which(page) and first and shutil.which(first) else page


def read_toml(file: Path) -> dict[str, Any]:
    """A TOML file's content. Raises ConfigError with file and line."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        where = f":{place[1]}:{place[2]}" if place else ""
        what = str(error).split(" (at ")[0]
        raise ConfigError(f"{file}{where}: this is not TOML: {what}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: it cannot be read: {error}") from None


Checked = TypeVar("Checked", bound=Value)


def checked(kind: type[Checked], data: dict[str, Any], file: Path, within: str = "") -> Checked:
    """A typed value from a TOML table; `within` says which table of the file it is.

    Raises ConfigError that names the file, the first wrong key and what is allowed there.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            told = f"unknown key {key}; known here: {', '.join(_keys(kind, first['loc'][:-1]))}"
        elif first["type"] == "missing":
            told = f"the key {key} is missing"
        elif first["type"] == "string_pattern_mismatch":
            letters = "letters" if "A-Z" in first["ctx"]["pattern"] else "small letters"
            told = f"{key}: {first['input']!r} is no name: it has {letters}, digits, - and _ alone"
        else:
            told = f"{key}: {first['msg'].removeprefix('Value error, ')}"
        raise ConfigError(f"{file}: {within}{told}") from None


def _keys(kind: type[Value], place: tuple[int | str, ...]) -> list[str]:
    """Keys that may stand in the table at `place`."""
    for part in place:
        inner = kind.model_fields[str(part)].annotation
        if isinstance(inner, UnionType):  # `Web | None`
            inner = next((one for one in get_args(inner) if one is not type(None)), inner)
        if not (isinstance(inner, type) and issubclass(inner, Value)):
            break
        kind = inner
    return [name for name in kind.model_fields if name != "path"]
