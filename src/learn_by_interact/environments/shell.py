"""The shell environment: bash commands in a sandboxed copy of a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import NamedTuple, Self

from ..errors import EnvironmentFault
from ..types import STOP, Action, Observation, Task, digest
from . import ActionSpace
from .actions import SHELL, ShellActions
from .changes import changes
from .declared import SandboxedEnvironment
from .fingerprint import Fingerprint
from .folder import EnvironmentFolder
from .sandbox import HOME, Result

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\-_]|\x1b[()][0-9A-B]"
)
_OVERSTRIKE = re.compile(r"[^\n]\x08")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
KILLED = "[killed: "
"""What stands before the limit by which a command was stopped, in its observation."""
_TIMES = re.compile(
    r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d\b"
    r"|\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{9}\b"
)
"""Recent files' times as `ls -l`, and `stat` and `ls --full-time`, print them."""
_REWRITTEN = re.compile(r"^[^\n]*\r(?=[^\n])", re.MULTILINE)
"""What a progress line has overwritten. Without its anchor it would take quadratic time on a long line."""


class _Seen(NamedTuple):
    """The folder after a step: its state, its files with their digests, what else it has (see `Fingerprint`),
    what looking around shows."""

    state: str = ""
    files: Mapping[str, str] = MappingProxyType({})
    others: Mapping[str, str] = MappingProxyType({})
    shown: str = ""


class ShellEnvironment(SandboxedEnvironment):
    """One episode in the environment that a folder declares.

    Fingerprints. `Observation.state` is the folder's (see `fingerprint.py`: paths, permissions,
    contents; databases by what they hold), without what the folder's volatile patterns match.
    `Observation.key` is the hash of that state, the exit code, and the full output: cleaned, without
    the volatile parts, the times that `ls` and `stat` print, and the workspace's real path. Of a
    command that was killed the limit counts instead of its output. So two observations have the
    same key when the same was seen over the same files. What a command changed (see `changes.py`)
    stands in the text and not in the key: it follows from the two states.
    """

    def __init__(
        self, folder: EnvironmentFolder, unsafe: bool = False, actions: ActionSpace | None = None
    ) -> None:
        """See `SandboxedEnvironment`; the transcript has outputs cleaned, but not cut for a model."""
        super().__init__(folder, actions or ShellActions(), unsafe)
        self._fingerprint: Fingerprint | None = None
        self._cwd = HOME
        self._last = _Seen()
        self._kept: dict[str, tuple[str, list[tuple[str, str]], _Seen]] = {}

    def __enter__(self) -> Self:
        """Install the tools if need be, and copy the start folder.

        Raises ConfigError or SandboxMissing (something must be installed), EnvironmentFault.
        """
        self._sandbox = self.open(filled=True)
        self._fingerprint = Fingerprint(self._sandbox.home, self.folder.volatile)
        self._cwd = self._sandbox.inside_home
        return self

    @property
    def files(self) -> Mapping[str, str]:
        """Digest of each file's content after the last step."""
        return self._last.files

    def reset(self, task: Task) -> Observation:
        """Run the task's `setup["run"]`, if any, and look around.

        Raises EnvironmentFault when the setup or the folder's `look` fails.
        """
        setup = str(task.setup.get("run", ""))
        for command, name in ((setup, "setup"), (self.folder.look, "look")):
            if not command:
                continue
            result = self._run(command)
            if result.code or result.ended:
                told = clean(result.output).strip()[-300:] or f"exit code {result.code}"
                raise EnvironmentFault(f"{self.name}: the {name} failed: {told}")
        self._cwd = self.sandbox.inside_home
        self._see(clean(result.output) if self.folder.look else "")
        return self._observe(result)

    def step(self, action: Action) -> Observation:
        """Run the command of a `bash` action. `stop` does nothing and shows nothing.

        Raises EnvironmentFault for an action of another tool, or when the sandbox breaks.
        """
        if action.tool == STOP:
            self._see(self._last.shown)
            return self._observe(Result("", 0, 0.0, "", self._cwd), stopped=True)
        result = self._run(self._command(action))
        self._cwd = result.cwd
        self.transcript.append((self.actions.format(action), clean(result.output)))
        return self._observe(result, self._changed())

    def _command(self, action: Action) -> str:
        """The bash command that does an action. Raises EnvironmentFault for one of another tool."""
        command = action.arguments.get("command")
        if action.tool != SHELL or not isinstance(command, str) or "\0" in command:
            raise EnvironmentFault(f"{self.name}: this is no action of a shell: {action.tool}")
        return command

    def snapshot(self) -> str:
        """Keep the folder, its /tmp, where the shell stands and the transcript; see `Branching`."""
        name = self.sandbox.save()
        self._kept[name] = (self._cwd, list(self.transcript), self._last)
        return name

    def restore(self, snapshot: str) -> None:
        """Go back to a snapshot of this episode; see `Branching`."""
        self.sandbox.load(snapshot)
        self._cwd, transcript, self._last = self._kept[snapshot]
        self.transcript = list(transcript)

    def _run(self, command: str) -> Result:
        return self.sandbox.run(command, self._cwd, self.folder.limits)

    def _changed(self) -> str:
        """What the folder has, and looking around shows, that was not so after the step before.

        "" where nothing changed, and where `environment.toml` wants it left out.
        """
        before = self._last
        self._see(before.shown)
        if self._last.state == before.state or not self.folder.changes:
            return ""
        if self.folder.look:
            # A look that fails now says nothing: what the command broke is seen by the next ones.
            with suppress(EnvironmentFault):
                result = self.sandbox.run(self.folder.look, self.sandbox.inside_home, self.folder.limits)
                failed = bool(result.code or result.ended)
                # It may have changed the folder too.
                self._see(before.shown if failed else clean(result.output))
        return self._since(before, before.shown, self._last.shown)

    def _since(self, before: _Seen, looked: str = "", looks: str = "") -> str:
        """What is different from how the folder was before."""
        now = self._last
        return changes(before.files, now.files, looked, looks, before.others, now.others)

    def _see(self, shown: str) -> None:
        """Remember the folder as it is now."""
        assert self._fingerprint is not None
        state = self._fingerprint.take()
        self._last = _Seen(state, self._fingerprint.files, self._fingerprint.others, shown)

    def _lasting(self, output: str) -> str:
        """An output without what changes from run to run."""
        return self.folder.volatile.replace(output)

    def _observe(self, result: Result, changed: str = "", stopped: bool = False) -> Observation:
        sandbox, limits, state = self.sandbox, self.folder.limits, self._last.state
        output = clean(result.output)
        lasting = output.replace(str(sandbox.home), HOME).replace(str(sandbox.temporary), "/tmp")
        lasting = self._lasting(_TIMES.sub("~", lasting))
        ends = {
            "time": f"{KILLED}it ran longer than {limits.seconds:g} s]",
            "memory": f"{KILLED}it used more than {limits.memory_mb} MB of memory]",
            "disk": f"{KILLED}the folder grew over {limits.disk_mb} MB]",
            "output": f"{KILLED}it printed without end]",
        }
        last = ends.get(result.ended) or (f"[exit code {result.code}]" if result.code else "")
        text = cut(output.rstrip(), limits.output_chars)
        # What a failure says stays last, where it is looked for.
        parts = [changed, text, last] if last else [text or "[no output]", changed]
        return Observation(
            text="" if stopped else "\n".join(part for part in parts if part),
            # How much a command printed before it was killed depends on the moment.
            key=digest([state, result.ended] if result.ended else [state, lasting, result.code]),
            state=state,
            failed=bool(result.code or result.ended),
        )


def clean(output: str) -> str:
    """Output as a person would see it: no colours, no overstrikes, no rewritten progress lines."""
    output = _ESCAPES.sub("", output.replace("\r\n", "\n"))
    output = _REWRITTEN.sub("", output)
    output = _OVERSTRIKE.sub("", output)
    return _CONTROL.sub("", output)


def cut(text: str, chars: int) -> str:
    """A text of at most about `chars` characters: the middle is left out, and that is said."""
    if len(text) <= chars:
        return text
    head, tail = text[: chars // 2], text[len(text) - chars // 2 :]
    # Whole lines, where that costs little.
    if (end := head.rfind("\n")) > chars // 4:
        head = head[:end]
    if 0 <= (begin := tail.find("\n")) < chars // 4:
        tail = tail[begin + 1 :]
    middle = text[len(head) : len(text) - len(tail)]
    lines = middle.strip("\n").count("\n") + 1
    return f"{head}\n[... {len(middle):,} characters and {lines:,} lines left out ...]\n{tail}"
