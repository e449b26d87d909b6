"""Keep: the judges that need the whole set, and the rule over verdicts that decides what is kept.

Deciding is a query: changing the rule costs no model call.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from ..commands import USUAL, file_names, kind_of, kinds_there, named_files, split, without_stops
from ..engine.store import Store
from ..environments import ActionSpace
from ..environments.places import FILLS
from ..errors import ConfigError
from ..types import STOP, Document, Example, Task, Trajectory, Value, Verdict
from .judge import COMMITTEE, Judge, of_committee
from .replay import JUDGE as REPLAY
from .replay import Replay
from .similar import contaminated, near_duplicates
from .windows import as_text

Rule = Literal["unanimous", "majority", "replay", "unanimous+replay", "majority+replay"]
RULES: tuple[Rule, ...] = ("unanimous", "majority", "replay", "unanimous+replay", "majority+replay")
TESTS = "tests"
SAME_TASK = "near-duplicate task"
SAME_EXAMPLE = "near-duplicate example"
CONTAMINATED = "contamination"
SUPERSEDED = "superseded"
MISNAMED = "misnamed"
SENT = re.compile(r"(?i)\b(submit|send|save|click|press|log in|sign in|apply)(s|ing)?\b")
WINDOW = re.compile(r"^(Window|Dialog): (.*)$", re.MULTILINE)
"""What an observation of a desktop begins with, unless it tells only what changed."""
SWEEPS = (SAME_EXAMPLE, CONTAMINATED, SUPERSEDED, MISNAMED)
"""Judges of the whole set: what one drops is out, whatever the rule."""
NOTED = {REPLAY: Replay.name, COMMITTEE: Judge.name}
"""What a judge's name begins with -> the stage that asks it; under its name the store has its last keys."""


class HeldOut(Value):
    """A benchmark's task as decontamination sees it: it never reaches a model."""

    name: str
    instruction: str
    gold: tuple[str, ...]


def judge_tasks(store: Store, threshold: float = 0.85) -> list[Verdict]:
    """Drop proposed tasks that nearly repeat another, first command included; replaces earlier verdicts."""
    documents = set(store.ids(Document))
    texts = {
        task.id: f"{task.instruction}\n{task.hint}".strip()
        for task in store.records(Task)
        if task.parent in documents
    }
    verdicts = _as_verdicts(SAME_TASK, texts, near_duplicates(texts, threshold))
    store.replace_verdicts(SAME_TASK, verdicts)
    return verdicts


def judge_examples(store: Store, actions: ActionSpace, threshold: float = 0.9) -> list[Verdict]:
    """Drop examples that nearly repeat another of their kind: instruction and actions together.

    Of two, one goes that replay did not verify, or after which a project's own tests fail.
    """
    given = standing(store)
    texts: dict[str, dict[str, str]] = defaultdict(dict)
    last = set()
    for example, commands in with_commands(store, actions):
        if not verified(example, given) or tests_pass(example, given) is False:
            last.add(example.id)
        texts[example.kind][example.id] = f"{example.instruction}\n" + "\n".join(commands)
    verdicts = []
    for kind in sorted(texts):
        verdicts += _as_verdicts(SAME_EXAMPLE, texts[kind], near_duplicates(texts[kind], threshold, last))
    store.replace_verdicts(SAME_EXAMPLE, verdicts)
    return verdicts


def judge_superseded(store: Store, relabel: str, reword: str = "") -> list[Verdict]:
    """Drop the examples that another relabel stage (another prompt, model, setting) wrote of trajectories
    that this one has labelled too; what other reword stages made of the same, and of what is dropped.

    `relabel`, `reword`: the stages' keys.
    """
    earlier = _earlier(store, relabel) | (_earlier(store, reword) if reword else set())
    for attempt in store.attempts("reword"):
        if attempt.input in earlier:
            earlier.update(attempt.outputs)
    reason = "written again since, with another prompt, model or setting"
    verdicts = [
        Verdict(subject=identity, judge=SUPERSEDED, keep=False, reason=reason)
        for identity in sorted(earlier)
        if isinstance(store.get(identity), Example)
    ]
    store.replace_verdicts(SUPERSEDED, verdicts)
    return verdicts


def _earlier(store: Store, stage: str) -> set[str]:
    """What earlier stages of this name made of inputs that this one has done too."""
    now = [attempt for attempt in store.attempts(stage) if not attempt.error]
    done = {attempt.input for attempt in now}
    current = {identity for attempt in now for identity in attempt.outputs}
    return {
        identity
        for attempt in store.attempts(stage.partition(":")[0])
        if attempt.stage != stage and attempt.input in done
        for identity in attempt.outputs
        if identity not in current
    }


def judge_names(store: Store, actions: ActionSpace) -> list[Verdict]:
    """Drop what backward construction says of files that were not met: named in the instruction, and neither
    in the window's commands nor in what they showed.

    A small model writes that `dotenv set PORT 5000` changes app.env, of which it has seen that it is there.
    Who follows this example changes the wrong file. Commands with a pattern (`*.csv`) may have read any. And
    drop those of which an option became text. On a screen: what says that a form was sent, where it was only
    filled in.
    """
    if not actions.commands:
        return _judge_on_screen(store)
    verdicts = []
    for example in store.records(Example):
        trajectory = store.get(example.trajectory)
        assert isinstance(trajectory, Trajectory)
        steps = trajectory.steps[example.begin : example.end]
        lines = [actions.format(step.action) for step in steps]
        texts = [step.observation.text for step in steps]
        if reason := _unmet(example, lines, texts, trajectory.start.text) or _taken_for_text(lines, texts):
            verdicts.append(Verdict(subject=example.id, judge=MISNAMED, keep=False, reason=reason))
    store.replace_verdicts(MISNAMED, verdicts)
    return verdicts


def _unmet(example: Example, lines: Sequence[str], texts: Sequence[str], start: str = "") -> str:
    """What is said of a file that was not met; "" for nothing.

    `start`: what was there before. A name of an unusual kind (`Node.js`), of which there is no
    file, is none.
    """
    named = named_files(without_stops(example.instruction))
    if example.kind == "task" or not named:
        return ""
    met = "\n".join([*lines, *texts])
    kinds = USUAL.union(kinds_there(start), file_names(met))
    unmet = sorted(name for name in named if name not in met and kind_of(name) in kinds)
    words = (word for line in lines for command in split(line) for word in command if word[0] not in "'\"")
    if not unmet or any(sign in word for word in words for sign in "*?"):
        return ""
    return f"its instruction names {', '.join(unmet)}, which its session did not meet"


def _taken_for_text(lines: Sequence[str], texts: Sequence[str]) -> str:
    """What is said of an option that a lenient tool does not know; "" for nothing."""
    found = next(filter(None, map(as_text, lines, texts)), "")
    return f"{found} was no option to the tool: it stands in what was made" if found else ""


def _judge_on_screen(store: Store) -> list[Verdict]:
    """The same on a screen: what was only typed or chosen, of which it is said that it was sent; and
    what ends in a dialog that asks something."""
    verdicts = []
    for example in store.records(Example):
        trajectory = store.get(example.trajectory)
        assert isinstance(trajectory, Trajectory)
        done = {step.action.tool for step in trajectory.steps[example.begin : example.end]}
        said = SENT.search(example.instruction)
        filled = done & FILLS and done <= FILLS | {"goto", "scroll", STOP}
        reason = ""
        if said and filled:
            reason = f"its instruction says {said[0]!r}, and nothing was clicked or pressed"
        elif asking := _asking(trajectory, example.end):
            reason = f"it ends while the dialog {asking!r} is open"
        if example.kind != "task" and reason:
            verdicts.append(Verdict(subject=example.id, judge=MISNAMED, keep=False, reason=reason))
    store.replace_verdicts(MISNAMED, verdicts)
    return verdicts


def _asking(trajectory: Trajectory, end: int) -> str:
    """The title of the dialog that is in front after so many steps; "" for none."""
    seen = [trajectory.start.text, *(step.observation.text for step in trajectory.steps[:end])]
    if not WINDOW.match(seen[0]):
        return ""  # No desktop.
    found = next(filter(None, map(WINDOW.search, reversed(seen))))
    return found[2] if found[1] == "Dialog" else ""


def judge_contamination(store: Store, actions: ActionSpace, held_out: Iterable[HeldOut]) -> list[Verdict]:
    """Drop examples that come close to a held-out task, by instruction or by solution."""
    examples = {
        example.id: (compared(example), tuple(commands))
        for example, commands in with_commands(store, actions)
    }
    tasks = [(task.name, task.instruction, task.gold) for task in held_out]
    verdicts = [
        Verdict(subject=identity, judge=CONTAMINATED, keep=False, reason=reason)
        for identity, reason in sorted(contaminated(examples, tasks).items())
    ]
    store.replace_verdicts(CONTAMINATED, verdicts)
    return verdicts


def compared(example: Example) -> str:
    """The instruction as it is compared with those of held-out tasks: "" of a practised task, which is in the
    benchmark's own words. Such tasks are told apart by what solves them."""
    return "" if example.kind == "practice" else example.instruction


def kept(store: Store, rule: Rule = "unanimous", distilled: bool = False) -> list[Example]:
    """The examples that the rule keeps, in order of their id: of backward construction, or distilled ones.

    Whatever the rule, an example that a sweep dropped (`SWEEPS`) is out, and one after which a project's own
    tests fail. A committee of nobody keeps all; replay keeps the windows that held.
    """
    if rule not in RULES:
        raise ConfigError(f"There is no rule {rule!r}; there are {', '.join(RULES)}.")
    verdicts = standing(store)
    return [example for example in constructed(store, distilled) if keeps(rule, example, verdicts)]


class Standing:
    """Which verdicts stand: of replays those of the environment as it was replayed last, of the committee
    those of its models as they were asked last. Where that was never noted, all do."""

    def __init__(self, store: Store) -> None:
        self._given = {
            family: frozenset(
                output for key in keys for attempt in store.attempts(key) for output in attempt.outputs
            )
            for family, stage in NOTED.items()
            if (keys := _noted(store, stage)) is not None
        }

    def __contains__(self, verdict: Verdict) -> bool:
        given = self._given.get(verdict.judge.partition(":")[0])
        return given is None or verdict.id in given


def _noted(store: Store, stage: str) -> list[str] | None:
    """The keys under which a stage of this name ran last; None: that was not noted."""
    keys = store.meta(stage)
    return [keys] if isinstance(keys, str) else keys


def standing(store: Store) -> dict[str, list[Verdict]]:
    """The verdicts on each subject that stand."""
    stands = Standing(store)
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in store.records(Verdict):
        if verdict in stands:
            verdicts[verdict.subject].append(verdict)
    return verdicts


def standing_on(store: Store, subjects: Iterable[str], stands: Standing) -> dict[str, list[Verdict]]:
    """`standing`, of these subjects alone: for reading a store of any size."""
    return {
        subject: [verdict for verdict in store.records(Verdict, subject) if verdict in stands]
        for subject in subjects
    }


def constructed(store: Store, distilled: bool = False) -> list[Example]:
    """All examples of backward construction, or all distilled ones: proposed tasks as they were."""
    return [example for example in store.records(Example) if (example.kind == "task") == distilled]


def verified(example: Example, verdicts: Mapping[str, list[Verdict]]) -> bool:
    """Replay held at least to the end of the window."""
    return any(
        verdict.judge == REPLAY and verdict.measure is not None and verdict.measure >= example.end
        for verdict in verdicts.get(example.trajectory, [])
    )


def tests_pass(example: Example, verdicts: Mapping[str, list[Verdict]]) -> bool | None:
    """Whether a project's own tests pass after what the example shows; None: they were not asked."""
    for verdict in verdicts.get(example.trajectory, []):
        if verdict.judge == TESTS and verdict.measure is not None and example.end > verdict.measure:
            return verdict.keep
    return None


def tested_ids(store: Store, examples: Iterable[Example]) -> set[str]:
    """Ids of the examples after which a project's own tests pass."""
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in store.records(Verdict):
        if verdict.judge == TESTS:
            verdicts[verdict.subject].append(verdict)
    return {example.id for example in examples if tests_pass(example, verdicts)}


def committee(rule: str, example: Example, verdicts: Mapping[str, list[Verdict]]) -> bool:
    """What the committee alone says."""
    return _agree(rule, _votes(example, verdicts))


def holds(rule: Rule, votes: Sequence[bool], replayed: bool) -> bool:
    """Whether a rule keeps what got these votes of the committee, and held in a replay or not."""
    if "replay" in rule and not replayed:
        return False
    return rule == "replay" or _agree(rule, votes)


def _votes(example: Example, verdicts: Mapping[str, list[Verdict]]) -> list[bool]:
    return [v.keep for v in verdicts.get(example.id, []) if of_committee(v)]


def _agree(rule: str, votes: Sequence[bool]) -> bool:
    if rule.startswith("majority"):
        return not votes or 2 * sum(votes) > len(votes)
    return all(votes)


def keeps(rule: Rule, example: Example, verdicts: Mapping[str, list[Verdict]]) -> bool:
    """Whether the rule keeps an example, by the verdicts on it and on its trajectory."""
    if any(v.judge in SWEEPS and not v.keep for v in verdicts.get(example.id, [])):
        return False
    if tests_pass(example, verdicts) is False:
        return False
    return holds(rule, _votes(example, verdicts), verified(example, verdicts))


def with_commands(store: Store, actions: ActionSpace) -> Iterable[tuple[Example, list[str]]]:
    """Each example that is neither superseded nor misnamed with the actions of its window, as a model writes
    them."""
    trajectories: dict[str, Trajectory] = {}
    out = {one.subject for one in store.records(Verdict) if one.judge in (SUPERSEDED, MISNAMED)}
    for example in store.records(Example):
        if example.id in out:
            continue
        if example.trajectory not in trajectories:
            record = store.get(example.trajectory)
            assert isinstance(record, Trajectory)
            trajectories[example.trajectory] = record
        steps = trajectories[example.trajectory].steps[example.begin : example.end]
        yield example, [actions.format(step.action) for step in steps]


def _as_verdicts(
    judge: str, texts: Mapping[str, str], found: Mapping[str, tuple[str, float]]
) -> list[Verdict]:
    return [
        Verdict(
            subject=identity,
            judge=judge,
            keep=False,
            reason=f"near {other}: {texts[other].splitlines()[0][:120]}",
            measure=round(similarity, 4),
        )
        for identity, (other, similarity) in sorted(found.items())
    ]
