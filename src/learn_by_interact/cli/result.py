"""The result file of an evaluation and that of a calibration: written, and said in a few lines."""

from __future__ import annotations

import shlex
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import StoreError
from .tables import grid

if TYPE_CHECKING:
    from ..evaluation.calibration import Calibration, Measured, Share
    from ..evaluation.files import CalibrationFile, File, ModelFacts, ResultFile
    from ..evaluation.report import Result
    from ..models.endpoint import ModelSettings
    from ..pipeline import Pipeline
    from ..training.tune.train import Trained


def write_result(pipeline: Pipeline, result: Result) -> tuple[Path, ResultFile]:
    """Write `result.json` into the run folder -> the file and its content. Raises StoreError."""
    from ..evaluation.files import CALIBRATION, RESULT, CalibrationFile, ResultFile, write

    folder = pipeline.recipe.folder
    content = ResultFile(
        **_written(pipeline),
        result=result,
        pipeline=pipeline.summary(),
        contamination=pipeline.contamination(),
        calibration=_readable(CalibrationFile, folder / CALIBRATION, pipeline),
    )
    write(folder / RESULT, content)
    return folder / RESULT, content


def write_calibration(pipeline: Pipeline, calibration: Calibration) -> tuple[Path, CalibrationFile]:
    """Write `calibration.json` into the run folder, and put it into the result if there is one."""
    from ..evaluation.files import CALIBRATION, RESULT, CalibrationFile, ResultFile, write

    folder = pipeline.recipe.folder
    content = CalibrationFile(**_written(pipeline), calibration=calibration)
    write(folder / CALIBRATION, content)
    if result := _readable(ResultFile, folder / RESULT, pipeline):
        write(folder / RESULT, result.model_copy(update={"calibration": content}))
    return folder / CALIBRATION, content


def _readable(kind: type[File], file: Path, pipeline: Pipeline) -> File | None:
    """The file of another verb; None: there is none, or, which is told, none that can be read."""
    from ..evaluation.files import read

    try:
        return read(kind, file) if file.is_file() else None
    except StoreError as error:
        pipeline.say(f"Left out: {error}")
        return None


def trained_text(done: Trained, recipe: Path) -> str:
    """What a training took, and how the tuned model is used."""
    from .progress import duration

    losses = [point.loss for point in done.curve if point.loss is not None]
    checks = [point.validation for point in done.curve if point.validation is not None]
    fell = [f"loss {line[0]:.2f} -> {line[-1]:.2f}" for line in (losses,) if line]
    fell += [f"on {done.validation_rows} rows for validation {line[-1]:.2f}" for line in (checks,) if line]
    lines = [
        f"{done.base} was tuned on {done.rows:,} rows ({done.tokens:,} tokens) in {done.updates} updates, "
        f"{duration(done.seconds)}: {done.tokens_a_second:,.0f} of them a second, "
        f"{done.peak_gb:.1f} GB of memory.",
        *(["; ".join(fell)] if fell else []),
        *(
            [f"{done.too_long:,} rows were left out: their task and reply are longer than train.length."]
            if done.too_long
            else []
        ),
        *([f"{done.cut:,} rows lost their oldest steps."] if done.cut else []),
        f"Everything is in {done.folder}.",
    ]
    arms = "--set 'evaluate.arms=[\"plain\"]'"
    if done.model:
        lines.append(f"Use it: lbi evaluate {recipe} --model {done.model} {arms}")
    else:
        lines.append(
            f"Serve {done.folder}/merged with any OpenAI-compatible server, then: lbi evaluate {recipe} "
            f"--model URL#NAME {arms}"
        )
    return "\n".join(lines)


def result_text(result: Result) -> str:
    """One row an arm, and the differences."""
    from ..evaluation.report import table

    lines = [grid(table(result))]
    for item in result.differences:
        if item.difference is None or item.interval is None:
            lines.append(f"{item.arm} against {item.against}: - (they have no graded task in common)")
            continue
        low, high = item.interval
        lines.append(
            f"{item.arm} against {item.against}: {100 * item.difference:+.0f} points "
            f"(95% interval {100 * low:+.0f} to {100 * high:+.0f}), {item.won} tasks won, {item.lost} lost, "
            f"over {item.pairs} tasks that both have graded; exact McNemar p = {item.p:.2g}"
        )
    for arm in result.arms:
        for row in arm.passes[-1:]:
            rates = f"pass@{row.k} {row.any:.0%}, pass^{row.k} {row.every:.0%}"
            lines.append(f"{arm.arm}, {row.k} attempts a task: {rates}")
    return "\n".join(lines)


def calibration_text(calibration: Calibration, rule: str) -> str:
    """Judges and rules beside the grader, what that means, and which rule it chooses."""
    rows = [_row(kind, row) for kind in ("judge", "rule") for row in getattr(calibration, f"{kind}s")]
    told = [f"{row.name} {row.says}." for row in calibration.judges]
    right = calibration.right
    lines = [
        f"{right.of} sessions on held-out tasks, {right.count} of them right; "
        f"{calibration.unjudged} more got no verdict",
        grid(rows),
        *told,
    ]
    best = calibration.best
    if best is None:
        lines.append("No rule can be chosen: nothing that is right was kept.")
    else:
        advice = "the recipe's own" if best == rule else f'write rule = "{best}" under [judge]'
        lines.append(f"By this measurement the rule is {best}: {advice}.")
    return "\n".join(lines)


def _row(kind: str, row: Measured) -> dict[str, str]:
    return {
        "": kind,
        "name": row.name,
        "precision": _share(row.precision),
        "recall": _share(row.recall),
        "says yes": _share(row.yes),
        "yes to wrong": _share(row.yes_wrong),
        "F0.5": "-" if row.f is None else f"{row.f:.2f}",
    }


def _share(share: Share) -> str:
    if share.rate is None or share.interval is None:
        return "-"
    low, high = share.interval
    return f"{share.rate:.0%} ({low:.0%}-{high:.0%})"


def _written(pipeline: Pipeline) -> dict[str, Any]:
    recipe = pipeline.recipe
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["lbi", *sys.argv[1:]]),
        "version": _version(),
        "recipe": {**recipe.model_dump(mode="json"), "path": recipe.path.name},
        "model": _model(recipe.model, Path(pipeline.replies)),
        "seed": recipe.evaluate.seed,
    }


def _version() -> str:
    """The program's version; of a checkout with its commit (PEP 440, local versions): `0.1.0+1f2e3d4`."""
    root = Path(__file__).parents[3]
    said = version("learn-by-interact")
    if not (root / ".git").exists():
        return said
    with suppress(OSError, subprocess.SubprocessError):
        arguments = ["git", "-C", str(root), "describe", "--always", "--dirty=.changed", "--exclude=*"]
        found = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=20)
        return f"{said}+{found.stdout.strip()}"
    return said


def _model(settings: ModelSettings, replies: Path) -> ModelFacts:
    """The model as the recipe names it, as its endpoint names itself, and the hash of a local file."""
    from ..evaluation.files import ModelFacts
    from ..models.catalogue import model_file
    from ..models.local import file_hash

    kind, _, name = settings.name.partition("/")
    reported = {_reported(file, settings.name) for file in replies.glob("??/*.json")}
    return ModelFacts(
        name=settings.name,
        reported=tuple(sorted(reported - {""})),
        sha256=file_hash(model_file(name)) if kind == "local" else None,
    )


def _reported(file: Path, name: str) -> str:
    """The model that a stored reply names; "": another model was asked, or a loss of power cut it short."""
    from ..models import Reply

    try:
        reply = Reply.model_validate_json(file.read_bytes())
    except ValueError:
        return ""
    return reply.model if reply.asked in ("", name) else ""
