"""The `[desktop]` table of an `environment.toml`: applications with windows, and how they are seen."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from ...types import Texts, Value


class Desktop(Value):
    """What is started on the screen, and what of it is shown."""

    start: str = ""
    """Bash command that starts the application in the start folder's copy; $FILE is the task's `file`."""
    url: str = ""
    """Address of the server of a machine that runs already (see `server.py`); "": a screen in the sandbox.

    It may name variables of the environment: `http://$DESKTOP_HOST:5000`.
    """
    files: Texts = ()
    """Of such a machine: files in its user's home that are part of the state, and that checks see."""
    file: str = ""
    """The document of a task that names none."""
    ready: str = ""
    """Pattern of the title of the window that an episode begins with; "": any window."""
    apps: dict[str, str] = Field(default_factory=dict)
    """Name -> bash command of applications that the agent may open besides."""
    names: dict[str, str] = Field(default_factory=dict)
    """What a nameless element is called, by the name of what it is in: `"Formula Tool Bar" = "Name Box"`."""
    width: int = Field(default=1280, ge=320, le=4096)
    height: int = Field(default=720, ge=240, le=4096)
    aside: Texts = (".?*",)
    """Files (patterns of paths) that are no part of the state: by default hidden ones, such as settings."""
    seconds: float = Field(default=60.0, gt=0)
    """Time that the application may take to show its first window."""
    quiet: float = Field(default=0.2, ge=0, le=5)
    """Seconds without a change on the screen after which it is at rest."""
    patience: float = Field(default=5.0, gt=0)
    """Seconds after which a screen that never rests is looked at as it is."""
    cells: int = Field(default=600, ge=0)
    """Cells of a table that are looked at, of those that can be seen."""
    chars: int = Field(default=3000, ge=300)
    """Characters of a screen that an observation shows."""
    places: int = Field(default=24, ge=0)
    """Dialogs that are looked at for tasks, before any model acts: those of which the documentation speaks
    most. 0: none, and nothing of the menus."""
    whole: bool = False
    """Show the whole screen after each action, also after one that changed little on it."""
    marks: bool = False
    """Number the elements, in the text and on the pictures (set of marks)."""

    @field_validator("url")
    @classmethod
    def addresses(cls, url: str) -> str:
        """Raises ValueError for what is no address of a server."""
        if url and "$" not in url:
            address(url)
        return url

    @model_validator(mode="after")
    def begins(self) -> Desktop:
        """Raises ValueError when nothing says what an episode begins with."""
        if not self.start and not self.url:
            raise ValueError(
                "give start, the command that opens the application, or url, a machine's address"
            )
        if self.files and not self.url:
            raise ValueError(
                "files is for a machine that url names; a screen in the sandbox shows all its files"
            )
        if wrong := [one for one in self.files if one.startswith(("/", "~")) or ".." in one.split("/")]:
            raise ValueError(
                f"files: {wrong[0]!r} is no path inside the user's home; write Documents/list.txt"
            )
        return self

    @field_validator("ready")
    @classmethod
    def compiles(cls, ready: str) -> str:
        """Raises ValueError for a pattern that is no regular expression."""
        try:
            re.compile(ready)
        except re.error as error:
            raise ValueError(f"{ready!r} is no regular expression: {error}") from None
        return ready


def address(url: str) -> str:
    """An address without variables, as it is asked. Raises ValueError when it is none."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.path.strip("/") or parts.query or parts.username:
        raise ValueError(f"{url!r} is no address of a server; write http://host:5000")
    return url.rstrip("/")
