"""One record, readable, with its verdicts and with what it came from, back to the source's lines."""

from __future__ import annotations

import json
import re
from typing import Any

from ..blobs import BLOBS
from ..engine.store import Store
from ..errors import ConfigError, StoreError
from ..prompts import cut
from ..types import (
    Action,
    Document,
    Example,
    Observation,
    Page,
    Reasoning,
    Record,
    Step,
    Task,
    Trajectory,
    Verdict,
)
from .progress import amounts

LISTED = 12
"""Records that are named when an id is not unique."""
SEEN = 1200
"""Characters of an observation that are shown."""


def the_record(store: Store, prefix: str) -> Record:
    """The one record whose id begins so. Raises ConfigError when it is none or several."""
    found = store.find(prefix) if re.fullmatch(r"[0-9a-fA-F]{1,32}", prefix) else []
    if not found:
        raise ConfigError(f"No record of {store.folder} has an id that begins with {prefix!r}.")
    if len(found) > 1:
        names = ", ".join(f"{_short(record)} ({type(record).__name__})" for record in found[:LISTED])
        more = ", ..." if len(found) > LISTED else ""
        raise ConfigError(f"{len(found)} ids begin with {prefix!r}; give more digits: {names}{more}.")
    return found[0]


def ancestry(store: Store, record: Record) -> list[Record]:
    """What a record came from, the nearest first: example, trajectory, task, document."""
    found: list[Record] = []
    while reference := _reference(record):
        try:
            record = store.get(reference)
        except (StoreError, ValueError):
            break  # The parent of a benchmark's task is a name, not a record.
        found.append(record)
    return found


def verdicts(store: Store, record: Record) -> list[Verdict]:
    """What judges said of a record, and of the trajectory an example is a window of."""
    about = [record.id, *([record.trajectory] if isinstance(record, Example) else [])]
    return [verdict for subject in about for verdict in store.records(Verdict, about=subject)]


def record_value(store: Store, record: Record) -> dict[str, Any]:
    """A record, its ancestry, its verdicts and what retrieval showed, for machines."""
    return {
        **_value(record),
        "provenance": [_value(parent) for parent in ancestry(store, record)],
        "verdicts": [_value(verdict) for verdict in verdicts(store, record)],
        "shown": [
            {"step": number, "records": [_value(hit) for hit in _shown(store, step)], "why": list(step.why)}
            for number, step in enumerate(record.steps, 1)
            if step.shown
        ]
        if isinstance(record, Trajectory)
        else [],
    }


def record_text(store: Store, record: Record) -> str:
    """The same for people."""
    parts = [f"{type(record).__name__} {record.id}", *_body(store, record)]
    if judged := verdicts(store, record):
        parts.append("VERDICTS")
        parts += [
            f"  {'keep' if verdict.keep else 'drop'}  {verdict.judge}: {verdict.reason}" for verdict in judged
        ]
    if parents := ancestry(store, record):
        parts.append("FROM")
        parts += [f"  {_line(parent)}" for parent in parents]
    return "\n".join(parts)


def _value(record: Record) -> dict[str, Any]:
    return {"id": record.id, "kind": type(record).__name__, "record": record.model_dump(mode="json")}


def _reference(record: Record) -> str:
    match record:
        case Verdict() | Reasoning():
            return record.subject
        case Example():
            return record.trajectory
        case Trajectory():
            return record.task
        case Task():
            return record.parent
    return ""


def _body(store: Store, record: Record) -> list[str]:
    match record:
        case Document():
            return [_line(record), "", record.text]
        case Page():
            return [_line(record), *record.path, "", record.text]
        case Task():
            rows = [f"in {record.environment}: {record.instruction}"]
            if not ancestry(store, record):
                learned = record.parent.startswith(("log ", "practice "))
                rows.append(f"from {record.parent}" if learned else f"held-out task {record.parent}")
            rows += [f"hint: {record.hint}"] if record.hint else []
            return rows + ([f"setup: {json.dumps(record.setup)}"] if record.setup else [])
        case Trajectory():
            return [_ending(record), *_steps(store, record, 0, len(record.steps))]
        case Example():
            trajectory = store.get(record.trajectory)
            assert isinstance(trajectory, Trajectory)
            steps = _steps(store, trajectory, record.begin, record.end)
            return [
                f"{record.kind}: {record.instruction}",
                f"steps {record.begin + 1} to {record.end}",
                *steps,
            ]
        case Verdict():
            measure = "" if record.measure is None else f" ({record.measure:g})"
            said = "keep" if record.keep else "drop"
            return [f"{record.judge} says {said}: {record.reason}{measure}"]
        case Reasoning():
            return [f"before action {number}: {line}" for number, line in enumerate(record.lines, 1)]
    return []


def _ending(trajectory: Trajectory) -> str:
    score = "not graded" if trajectory.score is None else f"score {trajectory.score:g}"
    error = f"; {trajectory.error}" if trajectory.error else ""
    return (
        f"by {trajectory.model or 'unknown'}; stopped: {trajectory.stop}; {score}{error}; "
        f"{trajectory.usage.calls} calls, {amounts(trajectory.usage)}"
    )


def _steps(store: Store, trajectory: Trajectory, begin: int, end: int) -> list[str]:
    """The window's first observation, then each step: what was shown, thought, done and seen."""
    seen = trajectory.observation(begin)
    lines = ["", "AT THE START", _indented(seen.text), *_pictures(store, seen)]
    for number, step in enumerate(trajectory.steps[begin:end], begin + 1):
        lines.append(f"STEP {number}")
        whys = step.why or [""] * len(step.shown)
        for hit, why in zip(_shown(store, step), whys, strict=True):
            lines += [f"  shown: {_line(hit)}", *([f"    because: {why}"] if why else [])]
        if step.malformed:
            lines.append(f"  {step.malformed} replies before could not be read")
        if step.thought:
            lines.append(f"  thought: {step.thought}")
        lines.append(f"  {_written(step.action)}")
        lines.append(_indented(step.observation.text))
        lines += _pictures(store, step.observation)
    return lines


def _pictures(store: Store, seen: Observation) -> list[str]:
    return [f"    picture: {store.folder / BLOBS / blob}" for blob in seen.blobs]


def _written(action: Action) -> str:
    """`bash: sort words.txt`; several arguments as JSON."""
    if len(action.arguments) == 1:
        (value,) = action.arguments.values()
        return f"{action.tool}: {value}"
    return f"{action.tool} {json.dumps(action.arguments, ensure_ascii=False)}"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in cut(text, SEEN).split("\n"))


def _shown(store: Store, step: Step) -> list[Record]:
    """The records that retrieval put into the prompt of a step."""
    return [store.get(identity) for identity in step.shown]


def _line(record: Record) -> str:
    """A record on one line."""
    name = f"{type(record).__name__} {_short(record)}"
    match record:
        case Document():
            return f"{name}: {record.title} ({record.source}, lines {record.begin} to {record.end})"
        case Page():
            return f"{name}: {record.title} ({' > '.join(record.path)})"
        case Task():
            return f"{name}: {record.instruction}"
        case Trajectory():
            return f"{name}: {len(record.steps)} steps, stopped: {record.stop}"
        case Example():
            return f"{name}: {record.instruction}"
    return name


def _short(record: Record) -> str:
    return record.id[:8]
