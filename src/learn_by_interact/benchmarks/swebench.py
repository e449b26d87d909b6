"""SWE-bench: issues of real projects, solved by a patch, graded by their hidden tests.

The environment's folder says which instances, and how each is prepared (see `Swebench` and `Preparation`):

    kind = "swebench"                                  # environment.toml
    [swebench]
    rows = "SWE-bench/SWE-bench_Lite"                  # or a .parquet, .json or .jsonl of the same columns

    ["pallets__flask-4992"]                            # instances.toml
    install = ["pip install 'pytest<8'", "pip install -e ."]

`$LBI_SWEBENCH_ROWS` names a file in the place of `rows`, `$LBI_MIRRORS` folders of clones (see `source.py`).
An agent sees the tree of the base commit and the problem statement. The tests, the gold patch and the hints
stay in this process: they are on no disk that a command of an episode sees.

Graded is the patch, in a fresh tree, by the row's own `eval_script`; what its log says is read by the package
`swebench` (5), in a virtual environment of its own. Where the environment's sandbox is bubblewrap, the
script's conda and /testbed are those that `instances.toml` prepares. With `kind = "docker"` under [sandbox]
an agent acts in the row's image, without network, and `run_evaluation` of the package grades; nothing is
prepared then, and `instances = ""` takes all rows. The files of an evaluation are in the official layout,
with predictions that `run_evaluation` takes.
"""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from ..environments import Environment, install
from ..environments.actions import SHELL
from ..environments.folder import EnvironmentFolder, checked, read_toml
from ..environments.repository.config import Preparation, Repository, Swebench
from ..environments.repository.environment import RepositoryEnvironment
from ..environments.repository.prepare import Prepared, prepare, prepared_in
from ..errors import ConfigError, EnvironmentFault, GraderFault, sentence
from ..sources import Docs
from ..types import Action, Document, Task, Trajectory, digest
from .swebench_docker import Graded, package, run_official
from .swebench_harness import RUN, TIMED_OUT, adapted, graded, harness, reported
from .swebench_rows import ROWS, Row, read_rows
from .validate import TaskProof

SECONDS = 1800.0
"""Seconds that an eval script may take, as in the official harness."""
LOG = "lbi-eval.log"
INSTRUCTION = """Resolve this issue of the project by changing its code; its tests need no change.

{statement}"""
LOGS = f"logs/run_evaluation/{RUN}"
END = "END_OF_PATCH"
UNAPPLIED = {
    "patch_is_None": False,
    "patch_successfully_applied": False,
    "resolved": False,
    "infra_failure": False,
    "tests_status": {name: {"success": [], "failure": []} for name in ("FAIL_TO_PASS", "PASS_TO_PASS")},
}


class SweBench:
    """The instances that a folder prepares. Raises ConfigError when a file or the data set is wrong."""

    tools: tuple[str, ...] = ()

    def __init__(self, path: str | Path, unsafe: bool = False) -> None:
        self.folder = EnvironmentFolder.load(path)
        if self.folder.swebench is None:
            raise ConfigError(f"{path}/environment.toml: there is no table [swebench]")
        self.table: Swebench = self.folder.swebench
        self.name, self.unsafe = self.folder.name, unsafe
        self.docker = self.folder.sandbox.kind == "docker" and not unsafe
        self.output: Path | None = None
        self.called = "lbi"
        every = self._instances()
        self.instances = {name: one for name, one in every.items() if not one.unproven}
        self.missing = [f"{name} is left out: {one.unproven}" for name, one in every.items() if one.unproven]
        """A sentence for each instance that does not prove itself."""
        if not self.instances:
            raise ConfigError(f"{self.folder.path / self.table.instances}: it has no instance to begin with")

    def _instances(self) -> dict[str, Preparation]:
        if not self.table.instances and self.docker:
            return {str(row.get("instance_id")): Preparation() for row in self._every}
        if not self.table.instances:
            raise ConfigError(
                f"{self.folder.path}/environment.toml: swebench.instances: without Docker each instance is "
                'prepared: name the file that says how, or write kind = "docker" under [sandbox]'
            )
        file = self.folder.path / self.table.instances
        return {
            name: checked(Preparation, entry, file, within=f"[{name}] ")
            for name, entry in read_toml(file).items()
        }

    @cached_property
    def _source(self) -> str:
        return os.environ.get(ROWS) or self.table.rows

    @cached_property
    def _every(self) -> list[dict[str, Any]]:
        """All rows of the data set. Raises ConfigError."""
        return read_rows(self._source, self.folder.path, self.table.split)

    @cached_property
    def rows(self) -> dict[str, Row]:
        """The rows of the instances, in the order of the file that names them. Raises ConfigError."""
        found = {str(row.get("instance_id")): row for row in self._every}
        rows = {}
        for name in self.instances:
            if name not in found:
                raise ConfigError(f"{self.table.instances}: there is no instance {name} in {self._source}")
            rows[name] = Row.of(found[name], self._source)
            if self.docker and not rows[name].image:
                raise ConfigError(f"{self._source}: {name}: image: it names none for Docker to run")
        return rows

    def tasks(self) -> list[Task]:
        """An instance each; a row that changed is another task."""
        return [
            Task(
                environment=self.name,
                instruction=INSTRUCTION.format(statement=row.problem_statement.strip()),
                setup={
                    "instance": name,
                    "check": digest([row.eval_script, row.FAIL_TO_PASS, row.PASS_TO_PASS]),
                },
                parent=name,
            )
            for name, row in self.rows.items()
        ]

    def group(self, task: Task) -> str:
        """The repository of a task's instance, such as `sympy/sympy`."""
        row = self.rows.get(str(task.setup.get("instance", "")))
        return row.repo if row else ""

    def environment(self) -> Environment:
        """A fresh environment, to be used once; a task without an instance begins in the first one."""
        return InstanceEnvironment(self)

    def choose(self, task: Task) -> Prepared:
        """The prepared tree of a task's instance. Raises as `prepare` does."""
        name = str(task.setup.get("instance") or next(iter(self.instances)))
        if name not in self.rows:
            raise EnvironmentFault(f"{self.name}: there is no instance {name!r}")
        row, how = self.rows[name], self.instances[name]
        if self.docker:
            return prepared_in(self.folder, row.image, row.base_commit)
        repository = Repository(
            url=self.table.url.format(repo=row.repo),
            commit=row.base_commit,
            install=how.install,
            python=how.python,
            env=how.env,
        )
        return prepare(self.folder, repository, self.unsafe)

    def prepare_all(self, say: Callable[[str], None]) -> None:
        """Make all instances ready; says how long each took, or why it cannot be. Raises ConfigError."""
        _ = package() if self.docker else harness()
        for name in self.rows:
            begin = time.monotonic()
            try:
                self.choose(_at(self.name, name))
                say(f"{name}: {time.monotonic() - begin:.0f} s")
            except (EnvironmentFault, ConfigError) as error:
                say(f"{name}: {sentence(error)}")

    def grade(self, task: Task, environment: Environment, trajectory: Trajectory) -> float:
        """1.0 where the instance is resolved. Raises GraderFault when that cannot be found out."""
        if not isinstance(environment, RepositoryEnvironment):
            raise GraderFault(f"{self.name}: this is not its environment")
        try:
            patch = environment.patch()
            if not patch:
                self._write(task.parent, "", None)
                return 0.0
            report = self.report(task.parent, patch)
        except (EnvironmentFault, OSError) as error:
            raise GraderFault(f"{self.name}: {task.parent} could not be graded: {error}") from None
        return float(report["resolved"])

    def report(self, name: str, patch: str) -> dict[str, Any]:
        """The official report on a patch. Raises GraderFault when the log says nothing, EnvironmentFault."""
        if name not in self.rows:
            raise GraderFault(f"{self.name} has no instance {name!r} to grade")
        if self.docker:
            made = run_official(self.rows[name], patch, self.called, SECONDS)
        else:
            made = self._in_sandbox(name, patch)
        report, log, _ = made
        if report is None:
            self._write(name, patch, made)
            return {**UNAPPLIED, "patch_exists": True}
        if not report["patch_successfully_applied"] and (not patch or report["infra_failure"]):
            # No result can be read. Without a patch nothing ran; with one, it broke what runs the tests.
            told = " ".join(log.split())[-300:]
            raise GraderFault(f"{self.name}: the tests of {name} did not run: {told}")
        self._write(name, patch, made)
        return report

    def _in_sandbox(self, name: str, patch: str) -> Graded:
        """The report on a patch by the row's eval script, where the instance is prepared."""
        with InstanceEnvironment(self) as environment:
            environment.reset(_at(self.name, name))
            if patch:
                try:
                    environment.apply(environment.sandbox, patch)
                except EnvironmentFault as error:
                    unapplied = {name: {**UNAPPLIED, "patch_exists": True}}
                    return Graded(None, str(error), {"report.json": json.dumps(unapplied, indent=2)})
            log = self._evaluate(name, environment)
        report = graded(self.rows[name], patch, log)
        return Graded(
            report, log, {"test_output.txt": log, "report.json": json.dumps({name: report}, indent=2)}
        )

    def _evaluate(self, name: str, environment: RepositoryEnvironment) -> str:
        """Run the row's eval script where the patch is applied -> its log."""
        sandbox = environment.sandbox
        script = adapted(self.rows[name].eval_script, sandbox.inside_home, self.instances[name].shim)
        (sandbox.temporary / "lbi-eval.sh").write_text(script, encoding="utf-8")
        sandbox.adopt()
        limits = environment.folder.limits.model_copy(update={"seconds": SECONDS})
        variables = environment.prepared.variables(sandbox)
        run = f"bash $TMPDIR/lbi-eval.sh > $TMPDIR/{LOG} 2>&1"
        result = sandbox.run(run, sandbox.inside_home, limits, variables)
        log = sandbox.temporary / LOG
        if log.is_symlink() or not log.is_file():
            raise GraderFault(f"{self.name}: the tests of {name} left no log")
        told = log.read_text(encoding="utf-8", errors="replace")
        return f"{told}\n{TIMED_OUT}\n" if result.ended else told

    def gold(self, task: Task) -> list[Action]:
        """A command that applies the gold patch; it never reaches a model."""
        applied = f"git apply - <<'{END}'\n{self.rows[task.parent].patch.rstrip(chr(10))}\n{END}"
        return [Action(tool=SHELL, arguments={"command": applied})]

    def prove(self, task: Task) -> TaskProof:
        """Whether its FAIL_TO_PASS fail on the base, and all tests pass with the gold patch."""
        nothing: bool | None = None
        gold: bool | None = None
        problems = []
        try:
            before = self.report(task.parent, "")["tests_status"]["FAIL_TO_PASS"]["success"]
            nothing = not before
            problems += (
                [f"{len(before)} of FAIL_TO_PASS pass on the base, such as {before[0]}"] if before else []
            )
            with self.environment() as environment:
                assert isinstance(environment, InstanceEnvironment)
                environment.reset(task)
                seen = [environment.step(action) for action in self.gold(task)]
                problems += [
                    f"the gold patch does not apply: {one.text[-200:]}" for one in seen if one.failed
                ]
                report = self.report(task.parent, environment.patch())
            gold = bool(report["resolved"])
            for kind, found in report.get("tests_status", {}).items():
                if failed := found["failure"]:
                    problems.append(f"{len(failed)} of {kind} fail with the gold patch, such as {failed[0]}")
        except (EnvironmentFault, GraderFault, ConfigError) as error:
            problems.append(sentence(error))
        return TaskProof(
            name=task.parent, gold_passes=gold, nothing_fails=nothing, message="; ".join(problems)
        )

    def writing_to(self, folder: Path, called: str) -> Self:
        """This benchmark, which also writes each graded patch where the official harness has it.

        `called`: the model's name in predictions and report; see `official`.
        """
        other = copy.copy(self)
        other.output, other.called = folder, called
        return other

    def _write(self, name: str, patch: str, made: Graded | None) -> None:
        """A prediction, and the files of a graded one as `run_evaluation` lays them out."""
        if self.output is None:
            return
        place = self.output / LOGS / self.called / name
        place.mkdir(parents=True, exist_ok=True)
        prediction = {"instance_id": name, "model_name_or_path": self.called, "model_patch": patch}
        files = {"prediction.json": json.dumps(prediction), "patch.diff": patch}
        for file, text in {**files, **(made.files if made else {})}.items():
            (place / file).write_bytes(text.encode("utf-8", "surrogateescape"))

    def official(self, folder: Path, names: Sequence[str]) -> list[Path]:
        """For each model that wrote: its predictions as JSONL, and the report that the harness makes.

        `names`: the instances that were asked for. Raises GraderFault when the package cannot make it.
        """
        made = []
        for place in sorted((folder / LOGS).iterdir()) if (folder / LOGS).is_dir() else ():
            found = [json.loads(file.read_text()) for file in sorted(place.glob("*/prediction.json"))]
            lines = [one for one in found if one["instance_id"] in names]
            predictions = folder / f"{place.name}.predictions.jsonl"
            predictions.write_text("".join(f"{json.dumps(one)}\n" for one in lines), encoding="utf-8")
            reported(folder, [self.rows[name] for name in names], {one["instance_id"]: one for one in lines})
            made += [predictions, folder / f"{place.name}.{RUN}.json"]
        return made


class InstanceEnvironment(RepositoryEnvironment):
    """An episode in the project of one instance."""

    def __init__(self, benchmark: SweBench) -> None:
        super().__init__(benchmark.folder, benchmark.unsafe, benchmark.choose)
        self.benchmark = benchmark

    def documented(self) -> tuple[Docs, Path]:
        """The projects of all instances, each under its name; a file that several have is read once."""
        root = install.cache_folder() / "instances" / self.name
        root.mkdir(parents=True, exist_ok=True)
        for name in self.benchmark.instances:
            tree = self.benchmark.choose(_at(self.name, name)).tree
            (root / name).unlink(missing_ok=True)
            (root / name).symlink_to(tree)
        return Docs(code=tuple(self.benchmark.instances), chars=self.folder.docs.chars), root

    def setup_of(self, document: Document) -> dict[str, Any]:
        """The instance whose project a document is of."""
        name = document.source.partition("/")[0]
        return {"instance": name} if name in self.benchmark.instances else {}


def _at(environment: str, name: str) -> Task:
    return Task(environment=environment, instruction="", setup={"instance": name})
