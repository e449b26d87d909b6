"""What a report says, before it is Markdown or a page: sections of sentences, tables and plots.

Nothing is computed here: every number is one of the result files', only put into words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..stages.ingest import NO_PAGE
from ..types import Value
from .calibration import Calibration, Measured, Share
from .chart import Point, intervals, line, points
from .contamination import Contamination, Near
from .files import ResultFile
from .report import METRICS, ArmResult, Difference, Interval, Result, number, table


class Table(Value):
    """Cells as text; the first column is the rows' names."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    long: bool = False
    """Many rows, folded away on a page."""


class Plot(Value):
    """A drawing of what a table beside it says."""

    svg: str
    caption: str
    half: bool = False
    """Narrow: two stand side by side."""


Block = str | Table | Plot


class Section(Value):
    title: str
    blocks: tuple[Block, ...]
    level: int = 2


def sections(files: Sequence[ResultFile], metrics: Sequence[str] = tuple(METRICS)) -> list[Section]:
    """All sections; more than one file are compared first. Raises ConfigError for an unknown metric."""
    found = [_together(files)] if len(files) > 1 else []
    for file, name in zip(files, names(files), strict=True):
        inner = [section for section in _of_one(file, metrics) if section.blocks]
        if len(files) > 1:
            found.append(Section(title=name, blocks=(_about(file),)))
            found += [section.model_copy(update={"level": 3}) for section in inner]
        else:
            inner[0] = inner[0].model_copy(update={"blocks": (_about(file), *inner[0].blocks)})
            found = inner
    return found


def names(files: Sequence[ResultFile]) -> list[str]:
    """A name for each file: environment and model, and a number where two are alike."""
    plain = [f"{file.environment}, {file.model.name}" for file in files]
    return [
        name if plain.count(name) == 1 else f"{name} ({plain[: at + 1].count(name)})"
        for at, name in enumerate(plain)
    ]


def _of_one(file: ResultFile, metrics: Sequence[str]) -> Iterator[Section]:
    result = file.result
    yield Section(title="Success on held-out tasks", blocks=tuple(_success(result, metrics)))
    yield Section(title="Success against model calls and tokens", blocks=tuple(_effort(result)))
    yield Section(title="Repeats", blocks=tuple(_repeats(result)))
    yield Section(title="How episodes ended", blocks=tuple(_endings(result)))
    yield from _variants(result)
    yield Section(title="What was learned", blocks=tuple(_synthesis(file)))
    if file.contamination:
        yield Section(title="Contamination", blocks=tuple(_contamination(file.contamination)))
    if file.calibration:
        yield Section(title="Calibration of the committee", blocks=tuple(_calibration(file)))
    yield Section(title="Task by task", blocks=(_scores(result),))
    yield Section(title="How this was made", blocks=tuple(_made(file)))


def _headline(result: Result) -> str:
    first = result.arms[0]
    said = [f"{first.arm} solves {_percent(first.success)} of {first.tasks} held-out tasks"]
    for item in result.differences:
        arm = next(arm for arm in result.arms if arm.arm == item.arm)
        if item.against == first.arm and not arm.variant:
            points = (
                f"{_difference(item.difference, 0)} points, 95% interval {_span(item, 0)}, p = {item.p:.2g}"
            )
            said.append(f"{item.arm} {_percent(arm.success)} ({points if item.pairs else '-'})")
    return "; ".join(said) + "."


def _about(file: ResultFile) -> str:
    """What it takes to get the numbers again; the whole of it stands in the last section."""
    seeds = ", ".join(map(str, _seeds(file.result)))
    file_hash = f" (SHA-256 {file.model.sha256[:12]})" if file.model.sha256 else ""
    return f"{file.model.name}{file_hash}, seeds {seeds}, {file.date[:10]}: {file.command}"


def _seeds(result: Result) -> list[int]:
    return list(dict.fromkeys(seed for arm in result.arms for seed in arm.seeds))


def _together(files: Sequence[ResultFile]) -> Section:
    labels = names(files)
    arms = list(dict.fromkeys(arm.arm for file in files for arm in file.result.arms))
    found = [{arm.arm: arm for arm in file.result.arms} for file in files]
    rows = [
        (arm, *(_rate(one[arm].success, one[arm].interval) if arm in one else "-" for one in found))
        for arm in arms
    ]
    head = Table(head=("arm", *labels), rows=tuple(rows))
    return Section(
        title="All results", blocks=("Success, with the 95% interval, by environment and model.", head)
    )


def _success(result: Result, metrics: Sequence[str]) -> Iterator[Block]:
    rows = table(result, metrics)
    yield _headline(result)
    arms = [arm for arm in result.arms if not arm.variant]
    if drawn := _points(arms):
        caption = f"Share of held-out tasks solved, with 95% interval. Dashed: {result.arms[0].arm}."
        yield Plot(svg=intervals(drawn, caption, result.arms[0].success), caption=caption)
    yield Table(head=tuple(rows[0]), rows=tuple(tuple(row.values()) for row in rows))
    if result.differences:
        yield (
            "Paired differences in points, task by task: the interval is a bootstrap over tasks (where all "
            "agree, by Wilson's of the shares won and lost), p is the exact McNemar test. Repeats of a task "
            "are not taken for tasks."
        )
        yield Table(
            head=("arm", "against", "difference", "95% interval", "won", "lost", "tasks", "p"),
            rows=tuple(
                (
                    item.arm,
                    item.against,
                    _difference(item.difference, 1),
                    _span(item, 1),
                    str(item.won),
                    str(item.lost),
                    str(item.pairs),
                    "-" if not item.pairs else "<0.001" if item.p < 0.001 else f"{item.p:.3f}",
                )
                for item in result.differences
            ),
        )


def _effort(result: Result) -> Iterator[Block]:
    arms = [arm for arm in result.arms if arm.success is not None]
    own = [arm for arm in arms if not arm.variant]
    calls = _points(own, [arm.calls_episode for arm in own])
    tokens = _points(own, [arm.tokens_episode for arm in own])
    for drawn, axis in ((calls, "model calls an episode"), (tokens, "tokens an episode, prompt and new")):
        if drawn:
            caption = f"Success against {axis}."
            yield Plot(svg=points(drawn, caption, axis), caption=caption, half=True)
    if arms:
        yield Table(
            head=("arm", "success", "calls/episode", "tokens/episode", "calls/solved"),
            rows=tuple(
                (
                    arm.arm,
                    _percent(arm.success),
                    number(arm.calls_episode),
                    number(arm.tokens_episode, 0),
                    number(arm.calls_solved),
                )
                for arm in arms
            ),
        )


def _repeats(result: Result) -> Iterator[Block]:
    rows = [
        (
            arm.arm,
            str(row.k),
            _rate(row.any, row.any_interval),
            _rate(row.every, row.every_interval),
            str(row.tasks),
        )
        for arm in result.arms
        for row in arm.passes
    ]
    if rows:
        yield (
            "pass@k: at least one of k attempts solves the task (Chen et al. 2021). "
            "pass^k: all of k do (tau-bench)."
        )
        yield Table(head=("arm", "k", "pass@k", "pass^k", "tasks"), rows=tuple(rows))


def _endings(result: Result) -> Iterator[Block]:
    left_out = sum(sum(arm.ungraded.values()) for arm in result.arms)
    yield (
        f"{left_out} of {sum(arm.episodes for arm in result.arms)} episodes crashed, ran out of time, were "
        "not run or could not be graded. They are in no rate above, also not as a zero."
    )
    yield Table(
        head=("arm", "episodes", "graded", "stopped", "in no rate, by boundary", "malformed replies"),
        rows=tuple(
            (
                arm.arm,
                str(arm.episodes),
                str(arm.graded),
                _list(arm.stops),
                _list(arm.ungraded),
                str(arm.malformed),
            )
            for arm in result.arms
        ),
    )


FORMS = {
    "most": ("Number of examples", "Fewer examples are always among more."),
    "lengths": ("Window length", "Only examples whose window has so many actions."),
    "documents": (
        "With and without documentation",
        "Tasks proposed from pages, and without.",
    ),
    "sections": ("Sections of documentation left out", "No example that goes back to these sections."),
    "kinds": ("Kinds of instruction", "Only examples whose instruction came about this way."),
    "repository": (
        "Examples by repository",
        "For each task only examples of the repository that it is of, or only of others.",
    ),
    "several": ("Other choices of examples", ""),
}
"""What variants differ in: title and what it means."""


def form(arm: ArmResult) -> str:
    """Which of FORMS a variant is."""
    assert arm.variant
    given = arm.variant.model_dump(exclude={"name", "arm", "seed"}, exclude_defaults=True)
    if any(NO_PAGE in titles for key, titles in given.items() if "sections" in key):
        return "documents"
    keys = {"sections" if "sections" in key else key for key in given}
    return keys.pop() if len(keys) == 1 else "several"


def _variants(result: Result) -> Iterator[Section]:
    varied = {arm.variant.arm for arm in result.arms if arm.variant}
    bases = [arm for arm in result.arms if arm.arm in varied or arm is result.arms[0]]
    for kind, (title, meaning) in FORMS.items():
        arms = [arm for arm in result.arms if arm.variant and form(arm) == kind]
        if not arms:
            continue
        shown = [*bases, *arms]
        caption = f"{title}: success on held-out tasks, with 95% interval."
        drawn = _points(shown, [arm.examples or 0 for arm in shown])
        blocks: list[Block] = [meaning] if meaning else []
        if kind == "most" and drawn:
            svg = line(drawn, caption, "examples that can be retrieved")
            blocks.append(Plot(svg=svg, caption=caption))
        elif drawn:
            blocks.append(Plot(svg=intervals(drawn, caption, result.arms[0].success), caption=caption))
        rows = tuple(
            (
                arm.arm,
                "-" if arm.examples is None else str(arm.examples),
                METRICS["solved"][1](arm),
                _rate(arm.success, arm.interval),
            )
            for arm in shown
        )
        blocks.append(Table(head=("arm", "examples", "solved", "success"), rows=rows))
        yield Section(title=title, blocks=tuple(blocks))


def _synthesis(file: ResultFile) -> Iterator[Block]:
    found = file.pipeline
    kept = found.kept[found.rule]
    yield Table(
        head=(
            "documents",
            "proposed tasks",
            "raw trajectories",
            "examples",
            f"kept by {found.rule}",
            "verified",
        ),
        rows=(
            tuple(
                f"{number:,}"
                for number in (
                    found.documents,
                    found.tasks,
                    found.trajectories,
                    found.examples,
                    kept,
                    found.kept_verified,
                )
            ),
        ),
    )
    coverage, yields = found.coverage, found.yields
    yield (
        f"{coverage.touched} of {coverage.documents} sections of documentation have a kept example, "
        f"{coverage.enough} have 3 or more. Kept and verified by replay: {number(yields.section, 2)} "
        f"examples a section, {number(yields.rollout, 2)} a rollout, "
        f"{number(yields.thousand_tokens, 2)} for 1,000 tokens that came from no cache."
    )
    yield Table(
        head=("stage", "done", "failed", "calls", "prompt tokens", "cached", "new tokens", "cost", "seconds"),
        rows=tuple(
            (
                stage.stage,
                str(stage.done),
                _list(stage.failed) if stage.failed else "0",
                f"{stage.usage.calls:,}",
                f"{stage.usage.prompt:,}",
                f"{stage.usage.cached:,}",
                f"{stage.usage.completion:,}",
                "unknown" if stage.usage.cost is None else f"${stage.usage.cost:.2f}",
                f"{stage.seconds:,.0f}",
            )
            for stage in found.stages
        ),
    )


def _contamination(found: Contamination) -> Iterator[Block]:
    by = f" ({_list(found.by)})" if found.by else ""
    yield (
        f"{found.removed} of {found.examples} examples were removed because they come close to one of the "
        f"{found.tasks} held-out tasks of {found.benchmark}{by}: an instruction with a similarity of "
        f"{found.thresholds.instruction:g} or more, or commands with the same arguments and a similarity of "
        f"{found.thresholds.commands:g} or more. {found.kept} examples are kept."
    )
    rows = [
        _near(name, near)
        for name, near in (("instruction", found.instruction), ("commands", found.commands))
        if near
    ]
    if rows:
        yield "The kept example that comes nearest to any held-out task:"
        yield Table(
            head=("by", "similarity", "held-out task", "example", "its instruction"), rows=tuple(rows)
        )
    if found.medians:
        yield (
            "Median over the tasks of the similarity of the nearest kept example: "
            f"{found.medians[0]:.2f} by instruction, {found.medians[1]:.2f} by commands."
        )


def _near(name: str, near: Near) -> tuple[str, ...]:
    return (name, f"{near.similarity:.2f}", near.task, near.example[:8], near.instruction)


def _calibration(file: ResultFile) -> Iterator[Block]:
    assert file.calibration
    found: Calibration = file.calibration.calibration
    origins = "; ".join(f"{name}: {_list(counts)}" for name, counts in found.sessions.items())
    yield (
        f"{found.right.of} sessions on held-out tasks, whose grade is known, were shown to each judge with "
        f"the task's instruction; {found.right.count} of them are right ({origins}). {found.unjudged} more "
        "got no verdict. Gold sessions carry out a task's own solution, mismatched ones that of another task."
    )
    for row in found.judges:
        yield f"{row.name} {row.says}."
    drawn = [
        Point(
            label=row.name,
            rate=row.precision.rate,
            low=row.precision.interval[0],
            high=row.precision.interval[1],
            main=row.name == found.best,
        )
        for row in (*found.judges, *found.rules)
        if row.precision.rate is not None and row.precision.interval
    ]
    if drawn:
        caption = (
            "Precision of each judge and rule, with 95% interval. Dashed: what a yes to everything gives."
        )
        yield Plot(svg=intervals(drawn, caption, found.right.rate), caption=caption)
    yield Table(
        head=(
            "judge or rule",
            "precision",
            "recall",
            "says yes",
            "yes to wrong",
            "yes to mismatched",
            "F0.5",
        ),
        rows=tuple(_judged(row) for row in (*found.judges, *found.rules)),
    )
    if found.best:
        yield (
            f"By this measurement the rule is {found.best}: the highest F-measure with beta 0.5, and of "
            f"equal ones the cheapest. The recipe keeps by {file.pipeline.rule}."
        )
    yield f"Measured {file.calibration.date} with: {file.calibration.command}"


def _judged(row: Measured) -> tuple[str, ...]:
    shares = (row.precision, row.recall, row.yes, row.yes_wrong, row.yes_mismatched)
    return (row.name, *(_share(share) for share in shares), "-" if row.f is None else f"{row.f:.2f}")


def _scores(result: Result) -> Table:
    arms = result.arms
    return Table(
        head=("task", *(arm.arm for arm in arms)),
        rows=tuple((task, *(_marks(arm.scores[task]) for arm in arms)) for task in arms[0].scores),
        long=True,
    )


def _marks(scores: Sequence[float | None]) -> str:
    """One word a repeat."""
    words = {None: "-", 0.0: "no", 1.0: "yes"}
    return " ".join(words.get(score, f"{score}") for score in scores)


def _made(file: ResultFile) -> Iterator[Block]:
    yield Table(
        head=("what", "value"),
        rows=(
            ("command", file.command),
            ("date", file.date),
            ("environment", file.environment),
            ("recipe", str(file.recipe["path"])),
            ("model", file.model.name),
            ("model, as its endpoint says", ", ".join(file.model.reported) or "-"),
            ("SHA-256 of the model's file", file.model.sha256 or "-"),
            ("seeds", ", ".join(map(str, _seeds(file.result)))),
            ("learn-by-interact", file.version),
        ),
    )


def _points(arms: Sequence[ArmResult], places: Sequence[float | None] = ()) -> list[Point]:
    """The arms with a rate (and a place, where places are given); the first is the reference."""
    return [
        Point(
            label=arm.arm,
            rate=arm.success,
            low=arm.interval[0],
            high=arm.interval[1],
            at=at,
            main=number > 0,
        )
        for number, (arm, at) in enumerate(zip(arms, places or [0.0] * len(arms), strict=True))
        if arm.success is not None and arm.interval and at is not None
    ]


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def _difference(value: float | None, digits: int) -> str:
    """In points."""
    return "-" if value is None else f"{100 * value:+.{digits}f}"


def _span(item: Difference, digits: int) -> str:
    return " to ".join(_difference(bound, digits) for bound in item.interval or ()) or "-"


def _rate(value: float | None, interval: Interval | None) -> str:
    if value is None or interval is None:
        return "-"
    return f"{value:.1%} ({interval[0]:.1%} to {interval[1]:.1%})"


def _share(share: Share) -> str:
    if share.rate is None or share.interval is None:
        return "-"
    low, high = share.interval
    return f"{share.count}/{share.of}, {share.rate:.0%} ({low:.0%} to {high:.0%})"


def _list(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "-"
