"""How near the examples come to a benchmark: what was removed, and what the nearest kept one is."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from ..engine.store import Store
from ..environments import ActionSpace
from ..stages.keep import CONTAMINATED, HeldOut, Rule, compared, kept, with_commands
from ..stages.similar import Nearest, Thresholds, nearest
from ..types import Example, Value, Verdict


class Near(Value):
    """A held-out task and the kept example that comes nearest to it."""

    task: str
    example: str
    instruction: str
    """The example's."""
    similarity: float
    """Jaccard: of words and neighbouring words, or of the commands' tokens."""


class Contamination(Value):
    """A benchmark's held-out tasks beside the examples of a run."""

    benchmark: str
    tasks: int
    examples: int
    """All that were made."""
    removed: int
    """Those that came too close to a held-out task."""
    by: dict[str, int]
    """By what they came close: instruction or commands."""
    kept: int
    """Those that the rule keeps; the nearest ones are among them."""
    instruction: Near | None
    """The nearest by instruction; None: no kept example shares a word with a task."""
    commands: Near | None
    medians: tuple[float, float] | None
    """Median over the tasks of the similarity of the nearest kept example: instruction, commands."""
    thresholds: Thresholds


def contamination(
    store: Store, actions: ActionSpace, benchmark: str, held_out: Iterable[HeldOut], rule: Rule
) -> Contamination:
    """Count the verdicts of decontamination, and measure how near what is kept comes."""
    tasks = [(task.name, task.instruction, task.gold) for task in held_out]
    reasons = [verdict.reason for verdict in store.records(Verdict) if verdict.judge == CONTAMINATED]
    chosen = {example.id: example for example in kept(store, rule)}
    shown = {
        example.id: (compared(example), commands)
        for example, commands in with_commands(store, actions)
        if example.id in chosen
    }
    near = nearest(shown, tasks)
    sides = [_similarities(near, side) for side in ("instruction", "commands")]
    return Contamination(
        benchmark=benchmark,
        tasks=len(tasks),
        examples=store.count(Example),
        removed=len(reasons),
        by={
            word: count
            for word in ("instruction", "commands")
            if (count := sum(reason.startswith(f"its {word}") for reason in reasons))
        },
        kept=len(chosen),
        instruction=_nearest(near, chosen, "instruction"),
        commands=_nearest(near, chosen, "commands"),
        medians=(median(sides[0]), median(sides[1])) if tasks and chosen else None,
        thresholds=Thresholds(),
    )


def _found(near: Nearest, side: str) -> tuple[str, float] | None:
    return near.instruction if side == "instruction" else near.commands


def _similarities(near: dict[str, Nearest], side: str) -> list[float]:
    return [(_found(one, side) or ("", 0.0))[1] for one in near.values()]


def _nearest(near: dict[str, Nearest], chosen: dict[str, Example], side: str) -> Near | None:
    ranked = [(-found[1], task, found[0]) for task, one in near.items() if (found := _found(one, side))]
    if not ranked:
        return None
    similarity, task, example = min(ranked)
    return Near(task=task, example=example, instruction=chosen[example].instruction, similarity=-similarity)
