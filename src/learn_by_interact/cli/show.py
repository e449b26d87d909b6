"""`lbi show`: what a run folder holds, or one record with where it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import StoreError

if TYPE_CHECKING:
    from ..engine.store import Store
    from ..evaluation.overview import Overview
    from ..types import Action

PICTURES = 48
"""Pictures on a contact sheet."""


def show(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.", show_default=False)],
    prefix: Annotated[str, typer.Argument(metavar="[ID]", help="The first digits of a record's id.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on standard output.")] = False,
    contact_sheet: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the pictures of the run's screens on one PNG.")
    ] = None,
) -> None:
    """Show counts, costs, failures and results of a run; or one record, followed back to its source."""
    from ..engine.store import Store
    from .record import record_text, record_value, the_record

    with Store(run, readonly=True) as store:
        if contact_sheet:
            count = _contact_sheet(store, run, prefix, contact_sheet)
            value = {"pictures": count, "file": str(contact_sheet)}
            typer.echo(json.dumps(value) if as_json else f"{count} pictures are on {contact_sheet}.")
            return
        if prefix:
            record = the_record(store, prefix)
            typer.echo(json.dumps(record_value(store, record)) if as_json else record_text(store, record))
            return
        value, text = _run(store, run)
    typer.echo(json.dumps(value) if as_json else text)


def _contact_sheet(store: Store, folder: Path, prefix: str, file: Path) -> int:
    """Write the pictures of a trajectory, or of the first ones that have some -> how many."""
    from ..blobs import BLOBS
    from ..environments.desktop.picture import contact_sheet
    from ..types import Trajectory
    from .record import the_record

    chosen = [the_record(store, prefix)] if prefix else store.records(Trajectory)
    pictures: list[tuple[bytes, str]] = []
    for trajectory in chosen:
        if not isinstance(trajectory, Trajectory) or len(pictures) >= PICTURES:
            continue
        seen = [
            (trajectory.start, "start"),
            *((step.observation, _said(step.action)) for step in trajectory.steps),
        ]
        for observation, said in seen:
            for name in observation.blobs:
                blob = folder / BLOBS / name
                if blob.is_file():
                    pictures.append((blob.read_bytes(), said))
    if not pictures:
        raise StoreError(f"{folder} holds no pictures: [explore] screenshots = true of a recipe keeps them.")
    sheet = contact_sheet(pictures[:PICTURES])
    try:
        file.write_bytes(sheet)
    except OSError as error:
        raise StoreError(f"{file} cannot be written: {error.strerror}; name another file.") from error
    return len(pictures[:PICTURES])


def _said(action: Action) -> str:
    """An action in few words, whatever its environment."""
    return " ".join([action.tool, *(str(value) for value in action.arguments.values())])


def _run(store: Store, folder: Path) -> tuple[dict[str, Any], str]:
    from ..evaluation.files import RESULT, ResultFile, read
    from ..evaluation.overview import overview
    from ..forecast import META, Forecast, compare
    from .result import result_text
    from .tables import comparison_text, forecast_text

    recipe: dict[str, Any] = store.meta("recipe") or {}
    found = overview(store, **_settings(recipe))
    value: dict[str, Any] = {"run": str(folder), "recipe": recipe, **found.model_dump(mode="json")}
    parts = _parts(found)
    if recipe:
        parts.insert(0, f"Recipe {recipe['path']}, model {recipe['model']['name']}")
    if (folder / RESULT).is_file():
        try:
            written = read(ResultFile, folder / RESULT)
        except StoreError as error:
            parts.append(str(error))
        else:
            value["result"] = written.result.model_dump(mode="json")
            parts.append(f"Last evaluation ({written.date})\n{result_text(written.result)}")
    kept = store.meta(META)
    if kept is not None:
        made = Forecast.model_validate(kept)
        rows = compare(made, found.stages)
        value["forecast"] = {**kept, "against": [row.model_dump(mode="json") for row in rows]}
        if made.overtaken(found.stages):
            parts.append(f"Forecast / ledger\n{comparison_text(rows)}")
        else:
            parts.append(f"Forecast\n{forecast_text(made)}")
    return value, "\n\n".join(parts)


def _settings(recipe: dict[str, Any]) -> dict[str, Any]:
    """What the overview needs of a recipe."""
    return {"rule": recipe["judge"]["rule"], "cap": recipe["relabel"]["cap"]} if recipe else {}


def _parts(found: Overview) -> list[str]:
    from .progress import duration
    from .tables import grid, usage_cells

    counted = [
        f"{found.documents} documents, {found.tasks} proposed tasks, {found.trajectories} explored "
        f"trajectories, {found.examples} examples"
    ]
    stages = grid(
        [
            {
                "stage": line.stage,
                "done": str(line.done),
                "failed": _list(line.failed) or "0",
                "records": str(line.outputs),
                **usage_cells(line.usage),
                "work": duration(line.seconds),
            }
            for line in found.stages
        ]
    )
    episodes = [
        f"{name}: {line.count} trajectories, {line.steps} steps; stopped: {_list(line.stops) or '-'}; "
        f"{line.malformed} malformed replies"
        for name, line in found.episodes.items()
    ]
    judges = grid(
        [
            {"judge": judge, "keep": str(said.get("keep", 0)), "drop": str(said.get("drop", 0))}
            for judge, said in found.verdicts.items()
        ]
    )
    blocks = ["\n".join(counted), stages, "\n".join(episodes), judges, "\n".join(_kept(found))]
    return [block for block in blocks if block]


def _kept(found: Overview) -> list[str]:
    coverage, windows = found.coverage, found.windows
    kept = found.kept[found.rule]
    share = "-" if coverage.share is None else f"{coverage.share:.0%}"
    return [
        f"Kept by rule: {_list(found.kept)}",
        f"Kept by {found.rule}, the recipe's rule: {kept} of {found.examples} examples; replay verifies "
        f"{found.kept_verified} of them",
        f"Of all examples replay verifies {found.replay_verified}, {found.contaminated} are contaminated",
        f"Committee: {_committee(found)}",
        f"Coverage: {coverage.mean:.1f} kept examples a section; {coverage.enough} of {coverage.documents} "
        f"sections ({share}) have 3 or more, {coverage.touched} have any",
        f"Windows: {windows.teaching} teach something, {windows.labelled} have an instruction, "
        f"{windows.over_cap} were left out by the cap, {windows.not_worth} were not worth a call, "
        f"{windows.unreadable} got no label that could be read",
        f"Yield, kept and replay-verified: {_number(found.yields.section)} examples a section, "
        f"{_number(found.yields.rollout)} a rollout, {_number(found.yields.thousand_tokens)} for 1,000 "
        f"tokens of synthesis that came from no cache ({found.yields.tokens:,})",
    ]


def _list(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _committee(found: Overview) -> str:
    asked = found.committee
    if asked is None:
        return "nobody was asked"
    return (
        f"alone it would keep {asked.kept} of the {asked.examples} examples that it saw, and replay "
        f"verifies {asked.kept_verified} of these; the two agree about {asked.agreement:.0%} of all"
    )
