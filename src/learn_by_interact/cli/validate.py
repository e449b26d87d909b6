"""`lbi validate FOLDER`: prove the checks of a folder's tasks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..benchmarks import Benchmark
    from ..benchmarks.validate import TaskProof
    from ..types import Task


def validate(
    folder: Annotated[
        str, typer.Argument(help="A folder with environment.toml and tasks.toml, or a nickname.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value.")] = False,
    unsafe: Annotated[bool, typer.Option("--unsafe", help="Without a sandbox: commands can do all.")] = False,
    workers: Annotated[int, typer.Option(help="Tasks at the same time.", min=1)] = 4,
    only: Annotated[
        list[str] | None, typer.Option(help="Only tasks so called, with * and ?; can be given again.")
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="Only say which tasks run here; prove none.")
    ] = False,
) -> None:
    """Prove each check: the gold solution passes, doing nothing fails. No model is used.

    Exits with 1 when a task is not proven.
    """
    from ..benchmarks.kinds import declared
    from ..benchmarks.validate import named as chosen
    from ..benchmarks.validate import validate as prove_all
    from ..registry import benchmark as named
    from ..registry import is_named

    counted = 0
    benchmark = named(folder, unsafe) if is_named(folder) else declared(Path(folder), unsafe)
    tasks = chosen(benchmark, only or ())
    total = len(tasks)
    if listed:
        _list(benchmark, tasks, as_json)
        return

    def progress(_: TaskProof) -> None:
        nonlocal counted
        counted += 1
        if sys.stderr.isatty():
            typer.echo(f"\r{counted}/{total}", nl=counted == total, err=True)

    proofs = prove_all(benchmark, workers, progress, only or ())
    failed = [proof for proof in proofs if not proof.proven]
    if as_json:
        rows = [{**proof.model_dump(), "proven": proof.proven} for proof in proofs]
        typer.echo(json.dumps({"benchmark": benchmark.name, "tasks": rows}, indent=2))
    else:
        _table(proofs)
        typer.echo(f"{len(proofs) - len(failed)} of {len(proofs)} tasks of {benchmark.name} are proven.")
        for missing in getattr(benchmark, "missing", ()):
            typer.echo(missing)
    if failed:
        raise typer.Exit(1)


def _list(benchmark: Benchmark, tasks: Sequence[Task], as_json: bool) -> None:
    """Which tasks run here, and why others do not."""
    missing = list(getattr(benchmark, "missing", ()))
    if as_json:
        names = [task.parent for task in tasks]
        typer.echo(json.dumps({"benchmark": benchmark.name, "run": names, "missing": missing}, indent=2))
        return
    for task in tasks:
        domain = task.setup.get("domain")
        typer.echo(f"Runs here: {f'{domain}/' if domain else ''}{task.parent}")
    for sentence in missing:
        typer.echo(sentence)


def _table(proofs: list[TaskProof]) -> None:
    from rich.console import Console
    from rich.table import Table

    words = {True: "yes", False: "NO", None: "?"}
    table = Table("task", "gold passes", "nothing fails", "what is wrong")
    for proof in proofs:
        table.add_row(proof.name, words[proof.gold_passes], words[proof.nothing_fails], proof.message)
    Console(markup=False).print(table)
