"""The tables `[repository]` and `[swebench]` of `environment.toml`."""

from __future__ import annotations

from pydantic import Field, model_validator

from ...types import Texts, Value

TEST = "python -m pytest -q"


class Repository(Value):
    """A project at a commit, and the virtual environment in which it runs."""

    path: str = ""
    """Folder of the project, relative to `environment.toml`; without a commit, as its files are now."""
    url: str = ""
    """Or the address of a git repository; see `source.py` for local mirrors."""
    commit: str = ""
    """A commit (40 digits), tag or branch. Of a `url` without one: the newest."""
    install: Texts = ("pip install -e .",)
    """Bash commands, run once in the project's folder with its virtual environment first on PATH, and with
    network. Install the project itself with `-e`, so that what an agent changes is what runs."""
    test: str = TEST
    """Bash command that runs its tests. What pytest says of each is read; else its exit code counts."""
    python: str = ""
    """Another interpreter than the one that runs this program, such as `python3.12`."""
    env: dict[str, str] = Field(default_factory=dict)
    """Variables while `install` runs, and for the commands of an agent."""

    @model_validator(mode="after")
    def _somewhere(self) -> Repository:
        if bool(self.path) == bool(self.url):
            raise ValueError("name a path (a folder) or a url (a git repository), one of both")
        return self


class Swebench(Value):
    """Which instances of SWE-bench, and how each is prepared where there is no Docker."""

    rows: str = "SWE-bench/SWE-bench_Lite"
    """A .parquet, .json or .jsonl file, relative to `environment.toml`, or a name on the hub."""
    split: str = "test"
    """Of the data set on the hub."""
    instances: str = "instances.toml"
    """File that says how instances are prepared: a table for each, `[instance_id]`. With Docker nothing has
    to be said of them, and "" stands for all rows."""
    url: str = "https://github.com/{repo}.git"
    """Where the repositories are."""


class Preparation(Value):
    """How one instance of SWE-bench is made to run without its image. An entry of `instances.toml`."""

    python: str = ""
    """See `Repository.python`."""
    install: Texts = ("pip install -e .",)
    """See `Repository.install`."""
    env: dict[str, str] = Field(default_factory=dict)
    """See `Repository.env`."""
    unproven: str = ""
    """Why the instance cannot be graded so: it is listed, and no task."""
    shim: dict[str, str] = Field(default_factory=dict)
    """Commands that its eval script calls and that are not there: name -> bash that does the same."""
