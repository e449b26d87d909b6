"""A benchmark that needs no Python: `tasks.toml` beside a folder's `environment.toml`.

Without the file there are no held-out tasks: what is learned is not measured then.

    [[task]]
    name = "count-books"                 # unique
    instruction = "How many books are in library.db?"
    setup = "cp library.db old.db"       # bash, optional: run before the episode
    check = 'grep -qw 42 "$ANSWER_FILE"' # bash: exit 0 = solved, 1 = not solved
    gold = ["sqlite-utils rows library.db books --count"]
    answer = "42"                        # optional: what the gold solution answers

The check runs in a sandbox of its own over a copy of the final folder, with
- $TRANSCRIPT: path of a file with each command as `$ command` and its full output;
- $OUTPUT: path of a file with the outputs of all commands, without the commands;
- $LAST: path of a file with the output of the last command;
- $ANSWER: the text that the agent stopped with, and $ANSWER_FILE: path of a file with it.
Of a web application the folder is that of its state, commands are actions, and a `gold` is a list of actions
(`click [link "Save"]`); `page` is where the episode begins, and a table `[task.expect]` may stand
instead of the check or beside it (see `expect.py`). Of a desktop the folder is its home,
and `file` the document that an episode begins with.
Any other exit code, or running too long, means that the check is broken: the episode stays
ungraded (GraderFault), it does not count as failed. But what a tool says of a file of the folder that is
not there (`grep: counts.csv: No such file or directory`, exit 2) is an answer: not solved.
"""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import Field, model_validator

from ..environments import Environment
from ..environments.folder import EnvironmentFolder, checked, read_toml
from ..environments.kinds import Declared, declared, written
from ..environments.sandbox import copy_tree
from ..environments.shell import clean
from ..environments.web.environment import WebEnvironment
from ..errors import ConfigError, EnvironmentFault, GraderFault, ParseError
from ..types import STOP, Action, Task, Trajectory, Value, digest
from .expect import Expect, failures

CHECK = "its check exits with 1"
"""What an episode lacks whose task has only a command to say so."""
NOT_THERE = re.compile(r"^[\w.-]+: (?:can't read )?[^/:\n]+: No such file or directory$", re.MULTILINE)
"""What grep, diff and others say, with exit code 2, of a file that the agent has not made."""


class FolderTask(Value):
    """One `[[task]]` of a `tasks.toml`."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    instruction: str = Field(min_length=1)
    setup: str = ""
    page: str = ""
    file: str = ""
    check: str = ""
    expect: Expect | None = None
    gold: tuple[str, ...] = ()
    answer: str = ""

    @model_validator(mode="after")
    def checked(self) -> FolderTask:
        if not self.check and self.expect is None:
            raise ValueError("give a check, or of a web application a table expect")
        return self

    @property
    def version(self) -> str:
        """Changes with what the task is checked by."""
        return digest(self.check if self.expect is None else [self.check, self.expect.model_dump()])


class FolderBenchmark:
    """The tasks of an environment's folder. Raises ConfigError when a file is wrong."""

    def __init__(self, path: str | Path, unsafe: bool = False) -> None:
        self.folder = EnvironmentFolder.load(path)
        self.name = self.folder.name
        self.unsafe = unsafe
        self.tools = self.folder.tools
        self._tasks: dict[str, FolderTask] = {}
        self.load(self.folder.path / "tasks.toml")

    def load(self, file: Path) -> None:
        """Read the tasks, if there are any. Raises ConfigError."""
        if not file.exists():
            return
        self._tasks = {task.name: task for task in load_tasks(file)}
        for task in self._tasks.values():
            if self.folder.web is None and (task.expect or task.page):
                raise ConfigError(f"{file}: task {task.name}: expect and page are for web applications")
            if self.folder.desktop is None and task.file:
                raise ConfigError(f"{file}: task {task.name}: file is for desktop applications")
            self._gold(task)

    def tasks(self) -> list[Task]:
        """The tasks in the order of the file; one whose check changed is another task."""
        return [
            Task(
                environment=self.name,
                instruction=task.instruction,
                setup={
                    **({"run": task.setup} if task.setup else {}),
                    **({"page": task.page} if task.page else {}),
                    **({"file": task.file} if task.file else {}),
                    "check": task.version,
                },
                parent=task.name,
            )
            for task in self._tasks.values()
        ]

    def environment(self) -> Environment:
        """A fresh environment, to be used once."""
        return declared(self.folder, self.unsafe)

    def grade(self, task: Task, environment: Environment, trajectory: Trajectory) -> float:
        """1.0 or 0.0, by the task's checks. Raises GraderFault when one cannot be run."""
        return 0.0 if self.failures(task, environment, trajectory) else 1.0

    def failures(self, task: Task, environment: Environment, trajectory: Trajectory) -> list[str]:
        """What an episode lacks, in a sentence each. Raises GraderFault when a check cannot be run."""
        known = self._declared(task)
        if not isinstance(environment, Declared):
            raise GraderFault(f"{self.name}: {known.name}: this is not the environment of its folder")
        answer, found = trajectory.answer, []
        try:
            if known.expect is not None and isinstance(environment, WebEnvironment):
                found = failures(known.expect, environment, known.instruction, answer)
            if known.check and not found and not self._check(known, environment, answer):
                found = [CHECK]
            return found
        except (EnvironmentFault, OSError) as error:
            raise GraderFault(f"{self.name}: the check of {known.name} could not be run: {error}") from None

    def gold(self, task: Task) -> list[Action]:
        """The commands of the gold solution, and the stop with its answer."""
        known = self._declared(task)
        return [*self._gold(known), Action(tool=STOP, arguments={"answer": known.answer})]

    def _gold(self, task: FolderTask) -> list[Action]:
        try:
            return [written(self.folder, action) for action in task.gold]
        except ParseError as error:
            told = str(error).split("\n")[0]
            raise ConfigError(f"{self.folder.path / 'tasks.toml'}: task {task.name}: gold: {told}") from None

    def _declared(self, task: Task) -> FolderTask:
        try:
            return self._tasks[task.parent]
        except KeyError:
            raise GraderFault(f"{self.name} has no task {task.parent!r} to grade") from None

    def _check(self, task: FolderTask, environment: Declared, answer: str) -> bool:
        sandbox = environment.open(filled=False)
        try:
            copy_tree(environment.home, sandbox.home)
            outputs = [output for _, output in environment.transcript]
            texts = {
                "TRANSCRIPT": "".join(f"$ {do}\n{_line(seen)}" for do, seen in environment.transcript),
                "OUTPUT": "".join(map(_line, outputs)),
                "LAST": outputs[-1] if outputs else "",
                "ANSWER_FILE": _line(answer),
            }
            variables = {"ANSWER": answer}
            for name, text in texts.items():
                file = f"lbi-{name.lower()}"
                (sandbox.temporary / file).write_text(text, encoding="utf-8", errors="replace")
                variables[name] = f"{sandbox.inside_temporary}/{file}"
            sandbox.adopt()
            result = sandbox.run(task.check, sandbox.inside_home, self.folder.limits, variables)
        finally:
            sandbox.close()
        missing = result.code == 2 and not result.ended and NOT_THERE.search(clean(result.output))
        if result.ended or (result.code not in (0, 1) and not missing):
            how = f"ended by its limit of {result.ended}" if result.ended else f"exit code {result.code}"
            told = " ".join(clean(result.output).split())[-300:]
            raise GraderFault(f"{self.name}: the check of {task.name} is broken ({how}): {told}")
        return result.code == 0


def load_tasks(file: Path) -> list[FolderTask]:
    """Read a `tasks.toml`. Raises ConfigError that names the file, the task and the key."""
    table = read_toml(file)
    if unknown := [key for key in table if key != "task"]:
        raise ConfigError(f"{file}: unknown key {unknown[0]}; the file is a list of [[task]] tables")
    tables = table.get("task")
    if not isinstance(tables, list) or not tables or not all(isinstance(one, dict) for one in tables):
        raise ConfigError(f"{file}: there are no [[task]] tables in this file")
    tasks: dict[str, FolderTask] = {}
    for index, one in enumerate(tables, 1):
        task = checked(FolderTask, one, file, within=f"task {one.get('name', index)}: ")
        if task.name in tasks:
            raise ConfigError(f"{file}: two tasks are named {task.name}")
        tasks[task.name] = task
    return list(tasks.values())


def _line(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"
