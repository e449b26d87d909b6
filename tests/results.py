"""A result file made by hand, with every kind of number that a report can show."""

from __future__ import annotations

import random
from typing import Any

from learn_by_interact.evaluation.calibration import ORIGINS, Calibration, Case, compare
from learn_by_interact.evaluation.contamination import Contamination, Near
from learn_by_interact.evaluation.files import CalibrationFile, ModelFacts, ResultFile
from learn_by_interact.evaluation.overview import Coverage, Overview, StageTotals, Windows, Yield
from learn_by_interact.evaluation.report import ArmResult, Result, difference, passes
from learn_by_interact.evaluation.selection import Variant
from learn_by_interact.evaluation.statistics import rate_interval
from learn_by_interact.stages.ingest import NO_PAGE
from learn_by_interact.stages.similar import Thresholds
from learn_by_interact.types import Usage

HOSTILE = "<script>alert(1)</script> | `x` **y** [z](http://nowhere)"
"""A text as a model or a web page might give it."""
TASKS = tuple(f"task-{number}" for number in range(40))


def arm(
    name: str, chance: float, calls: int, tokens: int, variant: Variant | None = None, **more: Any
) -> ArmResult:
    """An arm with two repeats; the scores are drawn with the chance of success."""
    draw = random.Random(name)
    scores: dict[str, tuple[float | None, ...]] = {
        task: tuple(None if draw.random() < 0.02 else float(draw.random() < chance) for _ in range(2))
        for task in TASKS
    }
    graded = [score for row in scores.values() for score in row if score is not None]
    usage = Usage(calls=calls, prompt=tokens, cached=tokens // 2, completion=tokens // 40, cost=tokens / 1e6)
    made = ArmResult(
        arm=name,
        variant=variant,
        seeds=(0, 1),
        tasks=40,
        episodes=80,
        graded=len(graded),
        solved=sum(graded),
        success=0.0,
        interval=(0.0, 1.0),
        passes=passes(scores, 2),
        ungraded={"time limit": 80 - len(graded)} if len(graded) < 80 else {},
        stops={"done": 60, "step limit": 20},
        steps=3.25,
        malformed=3,
        usage=usage,
        cached_share=0.5,
        calls_episode=calls / 80,
        tokens_episode=(usage.prompt + usage.completion) / 80,
        calls_solved=calls / sum(graded),
        seconds=1234.0,
        scores=scores,
        **more,
    )
    means = list(made.means().values())
    return made.model_copy(update={"success": sum(means) / len(means), "interval": rate_interval(means)})


def result() -> Result:
    arms = [
        arm("plain", 0.3, 320, 400_000),
        arm("rag", 0.36, 318, 900_000),
        arm("examples", 0.52, 290, 700_000, examples=420),
        arm("lats", 0.4, 1200, 1_600_000),
    ]
    for most, chance in ((25, 0.35), (100, 0.4), (200, 0.47)):
        variant = Variant(name=f"{most} examples", most=most)
        arms.append(arm(variant.name, chance, 300, 650_000, variant, examples=most))
    for lengths in ((1, 1), (2, 4), (5, 9)):
        variant = Variant(name=f"windows {lengths[0]}-{lengths[1]}", lengths=lengths)
        arms.append(arm(variant.name, 0.45 - lengths[0] / 60, 300, 650_000, variant, examples=140))
    paged = Variant(name="from pages", without_sections=(NO_PAGE,))
    unpaged = Variant(name="without pages", sections=(NO_PAGE,))
    held_out = Variant(name=HOSTILE, without_sections=("insert*",))
    for variant, chance in ((paged, 0.5), (unpaged, 0.38), (held_out, 0.44)):
        arms.append(arm(variant.name, chance, 300, 650_000, variant, examples=200))
    return Result(arms=tuple(arms), differences=tuple(difference(one, arms[0]) for one in arms[1:]))


def calibration() -> Calibration:
    """Two judges: one says yes to all, one is right in nine of ten."""
    draw = random.Random(0)
    cases = []
    for task in TASKS:
        for origin in ORIGINS:
            right = origin == "gold" or (origin == "evaluate" and draw.random() < 0.4)
            votes = {"local/small": True, "openai/large": right if draw.random() < 0.9 else not right}
            cases.append(
                Case(
                    task=task,
                    session=f"{task} {origin}",
                    origin=origin,
                    right=right,
                    votes=votes,
                    replayed=True,
                )
            )
    return compare(cases, ("local/small", "openai/large"), unjudged=2)


def overview() -> Overview:
    usage = Usage(calls=1200, prompt=2_345_678, cached=1_900_000, completion=65_432, cost=1.25)
    return Overview(
        documents=64,
        tasks=321,
        trajectories=300,
        examples=987,
        verdicts={},
        replay_verified=900,
        contaminated=12,
        rule="replay",
        kept={"replay": 420},
        kept_verified=420,
        committee=None,
        coverage=Coverage(documents=64, touched=50, enough=41, mean=6.5, share=0.64, by_document={}),
        yields=Yield(section=6.56, rollout=1.4, thousand_tokens=0.82, tokens=512_000),
        windows=Windows(teaching=2000, labelled=500, over_cap=1000, not_worth=400, unreadable=100),
        stages=(
            StageTotals(
                stage="explore",
                done=300,
                failed={"model": 2},
                inputs=302,
                outputs=300,
                usage=usage,
                seconds=4321.0,
            ),
        ),
        episodes={},
    )


def result_file(**more: Any) -> ResultFile:
    facts = {
        "date": "2026-03-04T05:06:07+00:00",
        "command": "lbi run recipes/all.toml",
        "version": "0.1.0",
        "recipe": {"environment": "../environments/sqlite-utils", "path": "all.toml"},
        "model": ModelFacts(name="local/small", reported=("small@1f2e",), sha256="ab" * 32),
        "seed": 0,
    }
    facts.update(more)
    near = Near(task="task-7", example="0123456789abcdef", instruction=HOSTILE, similarity=0.61)
    return ResultFile(
        **facts,
        result=result(),
        pipeline=overview(),
        contamination=Contamination(
            benchmark="sqlite-utils",
            tasks=40,
            examples=987,
            removed=12,
            by={"instruction": 5, "commands": 7},
            kept=420,
            instruction=near,
            commands=None,
            medians=(0.2134, 0.3456),
            thresholds=Thresholds(),
        ),
        calibration=CalibrationFile(**facts, calibration=calibration()),
    )
