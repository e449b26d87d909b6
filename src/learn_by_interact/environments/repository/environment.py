"""The repository environment: a project at a commit, its tests, and a patch at the end."""

from __future__ import annotations

import ast
import json
import os
import shlex
import shutil
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from ...errors import ConfigError, EnvironmentFault
from ...sources import Docs
from ...types import Action, Observation, Task
from ..actions import SHELL
from ..fingerprint import Fingerprint
from ..folder import EnvironmentFolder, Volatile
from ..sandbox import Result, Sandbox, copy_tree, entries
from ..shell import ShellEnvironment, clean
from . import TOOLS
from .actions import RepositoryActions
from .called import FOLDER, NOTES, SITE, lines_called, variables
from .config import TEST
from .prepare import Prepared, prepare
from .results import ADDOPTS, results
from .source import JUNK, is_junk, is_test

Choose = Callable[[Task], Prepared]
"""What an episode of this task starts from."""

COMMANDS = (Path(__file__).parent / "commands.py").read_text(encoding="utf-8")
VOLATILE = Volatile(
    patterns=(
        r"0x[0-9a-fA-F]{6,}",
        r"\b\d+\.\d+ ?(?:s|ms|us|sec|secs|seconds)\b",
        r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?",
        r"/tmp/[\w./+-]*",
        r"\bpytest-\d+\b",
    )
)
"""What changes from run to run in what tools print: addresses, durations, times, temporary paths."""
ASIDE = tuple(pattern for name in JUNK for pattern in (name, f"*/{name}"))
"""Build products and caches: no part of the state."""
APPLY = (
    "{ git apply --whitespace=nowarn $TMPDIR/lbi-patch || "
    "patch --forward --batch --fuzz=3 -p1 -s -i $TMPDIR/lbi-patch; }"
)
"""git first, then patch, which forgives more; `--forward`, for alone it takes back what is there already."""
FRESH = (
    "export GIT_AUTHOR_DATE=2024-01-01T00:00:00Z GIT_COMMITTER_DATE=2024-01-01T00:00:00Z && "
    "git add -A && git ls-files -z > $TMPDIR/lbi-names && mv .git/info/exclude $TMPDIR/lbi-exclude && "
    "rm -rf .git && git init -q && mkdir -p .git/info && mv $TMPDIR/lbi-exclude .git/info/exclude && "
    "git add -f --pathspec-from-file=$TMPDIR/lbi-names --pathspec-file-nul && rm $TMPDIR/lbi-names && "
    "git -c user.name=lbi -c user.email=lbi@localhost commit -q --allow-empty -m start"
)
"""A history of one commit, of what git tracks of what is there now: what was there before cannot be read from
it."""

SAID = "lbi-tests.log"
"""What the test command prints, in the sandbox's folder for temporary files."""
PYTHON = "[That is Python, and this is a shell. Python is run so: python -c 'CODE']"
"""What stands behind the shell's complaint: who reads a project's code goes on in its language."""


class RepositoryEnvironment(ShellEnvironment):
    """One episode in a project.

    `setup["patch"]`: a change that is made, and committed, before the episode begins; no trace of what it
    changed is left. Fingerprints are those of the shell environment, with two differences: of the files,
    build products and git's own do not count; of outputs, nothing that changes from run to run does
    (`VOLATILE`, and the folder's own patterns).
    """

    def __init__(self, folder: EnvironmentFolder, unsafe: bool = False, choose: Choose | None = None) -> None:
        """`choose`: where tasks start from different projects; else all start from the folder's."""
        super().__init__(folder, unsafe, RepositoryActions())
        if folder.repository:
            self.description = f"{folder.description} This runs its tests: {folder.repository.test}"
        self._choose = choose or self._own
        self._prepared: Prepared | None = None
        self._begun = ""

    def _own(self, _: Task) -> Prepared:
        if self.folder.repository is None:
            raise ConfigError(f"{self.folder.path}/environment.toml: there is no table [repository]")
        return prepare(self.folder, self.folder.repository, self.unsafe)

    def __enter__(self) -> Self:
        """What an episode starts from is known at its reset."""
        return self

    @property
    def prepared(self) -> Prepared:
        """What the episode started from. Before a reset: what one without a task would."""
        if self._prepared is None:
            self._prepared = self._choose(Task(environment=self.name, instruction=""))
        return self._prepared

    def open(self, filled: bool) -> Sandbox:
        """A sandbox with a fresh copy of the project as it was at first, or an empty one."""
        return self.prepared.open(filled)

    def reset(self, task: Task) -> Observation:
        """Open the project of the task, make the change of its setup, and look around.

        Raises ConfigError and EnvironmentFault as `prepare` does, and when the change does not apply.
        """
        self.leave(True)
        self._prepared = self._choose(task)
        self._sandbox = self.open(filled=True)
        self._begin(self._sandbox, str(task.setup.get("patch", "")))
        self._fingerprint = Fingerprint(self._sandbox.home, Volatile(), ASIDE)
        self._cwd = self._sandbox.inside_home
        return super().reset(task)

    def _begin(self, sandbox: Sandbox, patch: str) -> None:
        """Make the change with which the episode begins, in a fresh copy of the project."""
        self._begun = patch
        if patch:
            self.apply(sandbox, patch)
            self._told(sandbox, FRESH)

    def documented(self) -> tuple[Docs, Path]:
        """Its documentation, and the folder to which its folders and code are relative: the project's."""
        return self.folder.docs, self.prepared.tree

    def apply(self, sandbox: Sandbox, patch: str) -> None:
        """Make a change in a sandbox. Raises EnvironmentFault when it does not apply."""
        _write(sandbox, "lbi-patch", patch)
        self._told(sandbox, f"{APPLY} && rm $TMPDIR/lbi-patch")

    def patch(self, tests: bool = False, is_test: Callable[[str], bool] = is_test) -> str:
        """What was changed since the reset, as `git diff` says it; "" for nothing.

        Made in a sandbox of its own, by a git that no command of the episode could change. Build products
        are left out, and tests, unless they are asked for. `is_test`: whether a path is that of one.
        """
        with self.prepared.open() as sandbox:
            self._begin(sandbox, self._begun)
            git = sandbox.home / ".git"
            aside = sandbox.temporary / "git"
            git.rename(aside)
            self._told(sandbox, "find . -mindepth 1 -delete")
            copy_tree(self.sandbox.home, sandbox.home)
            sandbox.adopt()
            self._unnested(sandbox)
            self._told(sandbox, "rm -rf .git && mv $TMPDIR/git .git && git add -A")
            names = self._written(sandbox, "git diff --cached --name-only --no-renames -z HEAD").split("\0")
            if unwanted := [
                name for name in names if name and (is_junk(name) or (not tests and is_test(name)))
            ]:
                _write(sandbox, "lbi-names", "\0".join(f":(top,literal){name}" for name in unwanted))
                reset = "git reset -q --pathspec-from-file=$TMPDIR/lbi-names --pathspec-file-nul HEAD"
                self._told(sandbox, reset)
            return self._written(sandbox, "git diff --cached --binary --no-color --no-renames HEAD")

    def _unnested(self, sandbox: Sandbox) -> None:
        """Take what makes it a repository from each folder in a copy of the project that was none at first.

        Else git would hold a link to its commit in the place of its files.
        """
        for entry in list(entries(sandbox.home)):
            name = os.path.relpath(entry.path, sandbox.home)
            if entry.name != ".git" or name == ".git" or (self.prepared.tree / name).exists():
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                Path(entry.path).unlink(missing_ok=True)

    def test(self, *patches: str) -> dict[str, bool]:
        """Test -> whether it passed, in a fresh copy of the project after these changes.

        Raises EnvironmentFault when a change does not apply, or the sandbox breaks.
        """
        return outcome(self.tested(*patches))

    def tested(self, *patches: str) -> Result:
        """What the test command said, all of it, and how it ended; as `test`."""
        return self._tests(patches)[0]

    def called(self) -> Mapping[str, set[int]]:
        """File -> the lines where a function begins that the tests call, as far as that can be seen."""
        return lines_called(self._tests((), traced=True)[1])

    def _tests(self, patches: Sequence[str], traced: bool = False) -> tuple[Result, str]:
        """What the test command said in a fresh copy of the project, and which functions it called."""
        command = self.folder.repository.test if self.folder.repository else TEST
        with self.open(filled=True) as sandbox:
            for patch in patches:
                if patch:
                    self.apply(sandbox, patch)
            known = {**dict(self.prepared.tools.env), **self.prepared.variables(sandbox)}
            more = {"PYTEST_ADDOPTS": f"{known.get('PYTEST_ADDOPTS', '')} {ADDOPTS}".strip()}
            notes = sandbox.temporary / FOLDER / NOTES
            if traced:
                notes.parent.mkdir()
                _write(sandbox, f"{FOLDER}/sitecustomize.py", SITE)
                inside = (sandbox.inside_temporary, sandbox.inside_home)
                more |= variables(*inside, known.get("PYTHONPATH", ""))
            # What is printed is kept as a file: of a long output the middle would be left out.
            run = f"{{\n{command}\n}} > $TMPDIR/{SAID} 2>&1"
            given = {**self.prepared.variables(sandbox), **more}
            result = sandbox.run(run, sandbox.inside_home, self.folder.limits, given)
            said = _read(sandbox.temporary / SAID) or result.output
            return replace(result, output=said), _read(notes)

    def _told(self, sandbox: Sandbox, command: str) -> str:
        """What a command of ours prints. Raises EnvironmentFault when it fails."""
        result = self.run_in(sandbox, command)
        if result.code or result.ended:
            told = clean(result.output).strip()[-300:] or f"exit code {result.code}{result.ended}"
            raise EnvironmentFault(f"{self.name}: {command[:60]} failed: {told}")
        return result.output

    def _written(self, sandbox: Sandbox, command: str) -> str:
        """All that a command of ours prints, byte for byte; what is no UTF-8 in surrogates.

        What is told of a command has its middle left out where it is long. Raises EnvironmentFault.
        """
        self._told(sandbox, f"{command} > $TMPDIR/lbi-written")
        return (sandbox.temporary / "lbi-written").read_bytes().decode("utf-8", "surrogateescape")

    def run_in(self, sandbox: Sandbox, command: str) -> Result:
        """Run a command at the top of the project in a sandbox."""
        variables = self.prepared.variables(sandbox)
        return sandbox.run(command, sandbox.inside_home, self.folder.limits, variables)

    def _run(self, command: str) -> Result:
        return self.sandbox.run(command, self._cwd, self.folder.limits, self.prepared.variables(self.sandbox))

    def step(self, action: Action) -> Observation:
        """As in a shell; a line of Python that the shell could not read is told to be one."""
        seen = super().step(action)
        if action.tool == SHELL and seen.failed and _is_python(str(action.arguments["command"])):
            return seen.model_copy(update={"text": f"{seen.text}\n{PYTHON}"})
        return seen

    def _command(self, action: Action) -> str:
        if action.tool not in TOOLS:
            return super()._command(action)
        asked = shlex.quote(json.dumps([action.tool, action.arguments]))
        root = shlex.quote(self.sandbox.inside_home)
        known = f"LBI_ROOT={root} LBI_CHARS={self.folder.limits.output_chars} LBI_ACTION={asked}"
        return f"{known} {self.prepared.python} -I -S -c {shlex.quote(COMMANDS)}"

    def _changed(self) -> str:
        """The names of the files that changed; looking around again would say nothing more."""
        before = self._last
        self._see(before.shown)
        if self._last.state == before.state or not self.folder.changes:
            return ""
        return self._since(before)

    def _lasting(self, output: str) -> str:
        return super()._lasting(VOLATILE.replace(output))


def outcome(result: Result) -> dict[str, bool]:
    """Test -> whether it passed, of what the test command said."""
    return results(clean(result.output), 1 if result.ended else result.code)


def _write(sandbox: Sandbox, name: str, text: str) -> None:
    """Write a file into a sandbox's folder for temporary files, for a command of ours."""
    (sandbox.temporary / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    sandbox.adopt()


def _read(file: Path) -> str:
    """A file that commands wrote; "" where it is none of theirs."""
    if file.is_symlink() or not file.is_file():
        return ""
    return file.read_bytes().decode("utf-8", "replace")


def _is_python(command: str) -> bool:
    """Whether it is a statement of Python that no shell has, or a call."""
    try:
        with warnings.catch_warnings(action="ignore"):
            begun = ast.parse(command).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return any(
        isinstance(one, ast.Import | ast.ImportFrom | ast.For | ast.FunctionDef)
        or (isinstance(one, ast.Assign | ast.Expr) and isinstance(one.value, ast.Call))
        for one in begun
    )
