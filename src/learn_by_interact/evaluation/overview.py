"""What a run folder holds: counts, the ledger by stage, verdicts, what is kept, coverage."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from ..engine.store import Store
from ..stages.base import EXPLORATION
from ..stages.judge import of_committee
from ..stages.keep import CONTAMINATED, RULES, Rule, committee, constructed, kept, standing, verified
from ..stages.windows import choose, windows, without_duplicates
from ..types import Attempt, Document, Example, Task, Trajectory, Usage, Value, Verdict
from .selection import sections

ENOUGH = 3
"""Kept examples from which on a section of documentation counts as covered."""

MEASURING = ("evaluate", "calibrate")
"""Stages that call a model and make no example."""


class StageTotals(Value):
    """All attempts of a stage in the ledger, whatever its settings were.

    `usage` is what was paid, as `Store.usage` counts it: of an input that was tried again only the last
    attempt, which counts the stored replies of the ones before.
    """

    stage: str
    done: int
    failed: dict[str, int]
    """Failed attempts by boundary; an input that succeeded later has both."""
    inputs: int
    """Different inputs that were tried."""
    outputs: int
    """Records that came out."""
    usage: Usage
    seconds: float
    """Work, summed over the attempts: wall time is less where they ran side by side."""


class Episodes(Value):
    """How the trajectories of a stage ended."""

    count: int
    steps: int
    stops: dict[str, int]
    malformed: int
    """Replies that could not be read, the last ones of an episode included."""


class Windows(Value):
    """What relabelling did with the windows of the trajectories that it has read."""

    teaching: int
    """Windows that are worth an instruction."""
    labelled: int
    over_cap: int
    """Left out because of the cap a trajectory."""
    not_worth: int
    """No tool of the environment worked in them, or a failure was left behind."""
    unreadable: int
    """Chosen, and no reply could be read as a label."""


class Coverage(Value):
    """Kept examples by the section of documentation that they go back to."""

    documents: int
    touched: int
    """Sections with at least one."""
    enough: int
    """Sections with at least 3."""
    mean: float
    share: float | None
    """Sections with at least 3 among all; None without documents."""
    by_document: dict[str, int]


class Yield(Value):
    """What the synthesis gave for what it took: examples that the rule keeps and replay verifies."""

    section: float | None
    """For each section of documentation; None where nothing can be divided by, as below."""
    rollout: float | None
    """For each explored trajectory."""
    thousand_tokens: float | None
    """For each 1,000 tokens of synthesis that came from no cache: prompt tokens and new ones."""
    tokens: int
    """These tokens, as they were paid."""


class Committee(Value):
    """The committee's verdicts beside replay's, over the examples on which both have spoken."""

    examples: int
    kept: int
    """Examples that the committee alone would keep."""
    kept_verified: int
    """Of those: how many replay verifies."""
    agreement: float
    """Share on which the two say the same."""


class Overview(Value):
    """All counts of a run folder."""

    documents: int
    tasks: int
    """Proposed ones; those of the benchmark are not among them."""
    trajectories: int
    """Explored ones."""
    examples: int
    """Of backward construction: what is distilled for comparison is in no count."""
    verdicts: dict[str, dict[str, int]]
    """By judge: how often it said `keep` and `drop`."""
    replay_verified: int
    """Examples whose window held in a replay."""
    contaminated: int
    """Examples that came close to a held-out task."""
    rule: Rule
    """Of the recipe that used the folder last."""
    kept: dict[str, int]
    """By rule."""
    kept_verified: int
    """Of those kept by `rule`: how many replay verifies."""
    committee: Committee | None
    """None: no committee was asked."""
    coverage: Coverage
    yields: Yield
    windows: Windows
    stages: tuple[StageTotals, ...]
    episodes: dict[str, Episodes]
    """By stage: explore and evaluate."""


def overview(store: Store, rule: Rule = "replay", cap: int = 5) -> Overview:
    """Read the whole store; `rule` and `cap` are those of the recipe."""
    tools = tuple(store.meta("tools") or ())
    attempts = list(store.attempts())
    documents, every = {one.id for one in store.documentation()}, set(store.ids(Document))
    proposed = sum(task.parent in every for task in store.records(Task))
    explored = {output for attempt in attempts if _name(attempt) in EXPLORATION for output in attempt.outputs}
    aside = {example.id for example in constructed(store, distilled=True)}
    verdicts = {subject: given for subject, given in standing(store).items() if subject not in aside}
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for verdict in (one for given in verdicts.values() for one in given):
        said[verdict.judge]["keep" if verdict.keep else "drop"] += 1
    examples = constructed(store)
    chosen = kept(store, rule)
    stages = totals(attempts)
    kept_verified = sum(verified(example, verdicts) for example in chosen)
    return Overview(
        documents=len(documents),
        tasks=proposed,
        trajectories=len(explored),
        examples=len(examples),
        verdicts={judge: dict(counts) for judge, counts in sorted(said.items())},
        replay_verified=sum(verified(example, verdicts) for example in examples),
        contaminated=sum(
            any(verdict.judge == CONTAMINATED for verdict in verdicts.get(example.id, []))
            for example in examples
        ),
        rule=rule,
        kept={name: len(kept(store, name)) for name in RULES},
        kept_verified=kept_verified,
        committee=_committee(rule, examples, verdicts),
        coverage=_coverage(store, chosen, documents),
        yields=_yield(kept_verified, len(documents), len(explored), stages),
        windows=_windows(store, examples, cap, tools),
        stages=stages,
        episodes={stage: _episodes(store, attempts, stage) for stage in ("explore", "evaluate")},
    )


def totals(attempts: Iterable[Attempt]) -> tuple[StageTotals, ...]:
    """The ledger's lines summed by stage, in the order in which the stages first ran."""
    grouped: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        grouped[_name(attempt)].append(attempt)
    return tuple(
        StageTotals(
            stage=stage,
            done=sum(not attempt.error for attempt in lines),
            failed=dict(Counter(attempt.error.split(":")[0] for attempt in lines if attempt.error)),
            inputs=len({(attempt.stage, attempt.input) for attempt in lines}),
            outputs=sum(len(attempt.outputs) for attempt in lines),
            usage=sum({(attempt.stage, attempt.input): attempt.usage for attempt in lines}.values(), Usage()),
            seconds=sum(attempt.seconds for attempt in lines),
        )
        for stage, lines in grouped.items()
    )


def _name(attempt: Attempt) -> str:
    return attempt.stage.split(":")[0]


def _episodes(store: Store, attempts: Sequence[Attempt], stage: str) -> Episodes:
    count = steps = malformed = 0
    stops: Counter[str] = Counter()
    for attempt in attempts:
        for identity in attempt.outputs if _name(attempt) == stage else ():
            episode = store.get(identity)
            assert isinstance(episode, Trajectory)
            count += 1
            steps += len(episode.steps)
            stops[episode.stop] += 1
            malformed += episode.malformed
    return Episodes(count=count, steps=steps, stops=dict(stops.most_common()), malformed=malformed)


def _yield(kept: int, documents: int, rollouts: int, stages: Sequence[StageTotals]) -> Yield:
    spent = sum((line.usage for line in stages if line.stage not in MEASURING), Usage())
    tokens = spent.prompt - spent.cached + spent.completion
    return Yield(
        section=kept / documents if documents else None,
        rollout=kept / rollouts if rollouts else None,
        thousand_tokens=1000 * kept / tokens if tokens else None,
        tokens=tokens,
    )


def _committee(
    rule: Rule, examples: Sequence[Example], verdicts: Mapping[str, list[Verdict]]
) -> Committee | None:
    asked = [one for one in examples if any(map(of_committee, verdicts.get(one.id, [])))]
    said = [(committee(rule, one, verdicts), verified(one, verdicts)) for one in asked]
    if not asked:
        return None
    return Committee(
        examples=len(asked),
        kept=sum(keep for keep, _ in said),
        kept_verified=sum(keep and holds for keep, holds in said),
        agreement=sum(keep == holds for keep, holds in said) / len(said),
    )


def _coverage(store: Store, examples: Sequence[Example], documents: set[str]) -> Coverage:
    counts = dict.fromkeys(sorted(documents), 0)
    for document in sections(store, examples).values():
        if document in counts:
            counts[document] += 1
    enough = sum(count >= ENOUGH for count in counts.values())
    return Coverage(
        documents=len(counts),
        touched=sum(count > 0 for count in counts.values()),
        enough=enough,
        mean=sum(counts.values()) / len(counts) if counts else 0.0,
        share=enough / len(counts) if counts else None,
        by_document=counts,
    )


def _windows(store: Store, examples: Sequence[Example], cap: int, tools: Sequence[str]) -> Windows:
    """Compare the windows of the trajectories that were read with those that got an instruction."""
    labelled: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for example in examples:
        labelled[example.trajectory].add((example.begin, example.end))
    teaching = over_cap = not_worth = unreadable = 0
    for identity in {attempt.input for attempt in store.attempts("relabel") if not attempt.error}:
        raw = store.get(identity)
        assert isinstance(raw, Trajectory)
        trajectory = without_duplicates(raw)
        found = set(windows(trajectory))
        worth = set(choose(trajectory, len(found), tools))
        wanted, labels = set(choose(trajectory, cap, tools)), labelled[trajectory.id]
        teaching += len(found)
        not_worth += len(found - worth - labels)
        over_cap += len(worth - wanted - labels)
        unreadable += len(wanted - labels)
    return Windows(
        teaching=teaching,
        labelled=sum(map(len, labelled.values())),
        over_cap=over_cap,
        not_worth=not_worth,
        unreadable=unreadable,
    )
