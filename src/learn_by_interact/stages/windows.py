"""Which windows of a trajectory are worth an instruction."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise, takewhile

from ..commands import QUOTED, prefix, proper, split
from ..types import STOP, Observation, Step, Trajectory
from .ground import column_names

NOTHING = frozenset({"", "[no output]"})
"""What environments write for an observation that shows nothing."""

IDLE = re.compile(r"(?i)(\w+ed 0|0|no) \w+( were| was)?( \w+ed| found)?\.?")
"""What a command prints that found nothing to do: `Modified 0 tasks.`, `0 rows affected`."""
OPTION = re.compile(r"--[A-Za-z][\w-]*")
ANY_OPTION = re.compile(r"--?[A-Za-z]")
WRITERS = ("echo", "printf")
"""What means its words to be seen."""
INTO = re.compile(r"\d?[<>]")
PRINTED = re.compile(r"1?>")
"""Before the file that what a command prints goes into: it has not stored it."""
ATTRIBUTE = re.compile(r"[A-Za-z][\w.]*[:=][^\s/]")
TOKEN = re.compile(rf"{QUOTED.pattern}|[^\s'\"]+")
"""A word of a command, or what it quotes."""

MENDED = 0.6
"""Likeness (difflib's ratio) from which an action counts as another try of one that failed."""


def without_duplicates(trajectory: Trajectory) -> Trajectory:
    """Drop each step whose action and observation equal those of the one before (the paper's filter 1)."""
    steps: list[Step] = []
    for step in trajectory.steps:
        if steps and (step.action, step.observation.key) == (steps[-1].action, steps[-1].observation.key):
            continue
        steps.append(step)
    if len(steps) == len(trajectory.steps):
        return trajectory
    left = {id(step) for step in steps}
    kept = sum(id(step) in left for step in trajectory.steps[: trajectory.chained])
    return trajectory.model_copy(update={"steps": tuple(steps), "chained": kept})


def windows(trajectory: Trajectory) -> list[tuple[int, int]]:
    """All (begin, end) with 0 <= begin < end <= n that teach something, ordered by begin, then end.

    A window ends on a step that worked and that changed the state, showed something or gave an
    answer; none of its steps stops the episode without an answer. Steps that failed before may be
    part of it: a window that recovers from an error teaches most.
    """
    found = []
    for begin in range(len(trajectory.steps)):
        signatures = set()
        for end in range(begin + 1, len(trajectory.steps) + 1):
            step = trajectory.steps[end - 1]
            if step.action.tool == STOP and not step.observation.text:
                break
            # A stop leaves the key as it was: what tells an answer apart is its text.
            signature = (step.observation.key, step.observation.text if step.action.tool == STOP else "")
            if teaches(step, trajectory.observation(end - 1)) and signature not in signatures:
                found.append((begin, end))
            signatures.add(signature)
    return found


def choose(trajectory: Trajectory, cap: int, tools: Sequence[str] = ()) -> list[tuple[int, int]]:
    """At most `cap` windows that are worth a call: short ones first, then those that recover from an error.

    Short windows help most (the paper's Table 5); the whole trajectory is among them if it is worth
    it. Not worth it is a window in which nothing that worked names a tool of the environment, and
    one whose failure was left behind rather than mended; windows of steps that were taken over from
    another trajectory are that one's. A chained trajectory has one window more: the whole, and its
    own step alone.
    """
    found = [
        window
        for window in windows(trajectory)
        if window[1] > trajectory.chained
        and _worth(trajectory.steps[window[0] : window[1]], tools, trajectory.start.text)
    ]
    cap += bool(trajectory.chained)
    if len(found) <= cap:
        return found

    def rank(window: tuple[int, int]) -> tuple[bool, int, bool, int]:
        begin, end = window
        whole = window == max(found, key=lambda item: item[1] - item[0])
        recovers = any(step.observation.failed for step in trajectory.steps[begin:end])
        return (not whole, end - begin, not recovers, begin)

    return sorted(sorted(found, key=rank)[:cap])


def misread(step: Step, start: str = "") -> bool:
    """Whether a command stored its options or attributes as text: the tool did not take them as such.

    `task add --project Home Pay rent` makes a task that is called `--project Home Pay rent`. A model that
    reads the command would say that it sets the project, and act so ever after. Seen in the lines that a
    change added: an option of the command (see `as_text`), two attributes (`a:b`, `a=b`) side by side, one
    that is called like a column of a table in the `start` state, or the name of such a column before what it
    should hold.
    """
    if step.observation.failed:
        return False
    line = proper(_written(step))
    if as_text(line, step.observation.text):
        return True
    words = re.sub("['\"]", "", line).split()
    pairs = pairwise(words)
    telling = [f"{one} {two}" for one, two in pairs if ATTRIBUTE.match(one) and ATTRIBUTE.match(two)]
    columns = column_names(start)
    telling += [
        word for word in words if ATTRIBUTE.match(word) and re.split("[:=]", word)[0].lower() in columns
    ]
    telling += [f"{name} {value}" for _, name, value in beside(line, start)]
    added = [f" {' '.join(one)} " for one in _added(step.observation.text) if not _shows(one, words)]
    return any(f" {text} " in one for text in telling for one in added)


def as_text(line: str, seen: str) -> str:
    """An option of the commands of a line that stands as a word in what is then `seen` to be new; or "".

    A lenient tool that does not know it takes it for text: `task add --due 2024-02-01 Pay`. What is quoted or
    stands in a here-document is text anyway; a line with the whole command tells of it.
    """
    for words in split(line):
        own = list(takewhile(lambda word: not INTO.match(word), words[prefix(words) :]))
        if not own or own[0] in WRITERS or any(map(PRINTED.match, words)):
            continue
        given = [word.partition("=")[0] for word in own if ANY_OPTION.match(word)]
        new = {word.partition("=")[0] for one in _added(seen) if not _shows(one, own) for word in one}
        if found := next((option for option in given if option in new), ""):
            return found
    return ""


def _added(seen: str) -> Iterator[list[str]]:
    """The words of each line that a change added."""
    return (line[1:].split() for line in seen.split("\n") if line[:1] == "+")


def _shows(added: Sequence[str], command: Sequence[str]) -> bool:
    """Whether a line has all words of a command, its tool's name and what it quotes among them."""
    one, other = (Counter(re.sub("['\"=]", " ", " ".join(words)).split()) for words in (command, added))
    return one <= other


def beside(command: str, start: str) -> list[tuple[str, str, str]]:
    """Where a command has the name of a column before a value: (as it stands there, name, value).

    `modify description 'Pay rent'`, `modify due 2035-01-01`, `add Tags finance`; in a sentence such a name
    has neither a capital letter nor a number or something quoted behind it.
    """
    columns, parts = column_names(start), list(TOKEN.finditer(command))
    return [
        (command[one.start() : other.end()], one[0], other[0].strip("'\""))
        for one, other in pairwise(parts)
        if one[0].lower() in columns and (one[0][:1].isupper() or other[0][0] in "'\"0123456789")
    ]


def _worth(steps: Sequence[Step], tools: Sequence[str], start: str) -> bool:
    if steps[-1].action.tool == STOP:
        return True
    if any(misread(step, start) for step in steps):
        return False
    worked = [_written(step) for step in steps if not step.observation.failed]
    failed = [_written(step) for step in steps if step.observation.failed]
    if tools and not any(re.search(rf"\b{re.escape(tool)}\b", text) for text in worked for tool in tools):
        return False
    return not failed or any(
        SequenceMatcher(None, one, other).ratio() >= MENDED for one in worked for other in failed
    )


def _written(step: Step) -> str:
    return " ".join(str(value) for value in step.action.arguments.values())


def teaches(step: Step, before: Observation) -> bool:
    """Whether a step, after what was seen `before`, worked and changed or showed something, or answered."""
    if step.action.tool == STOP:
        return bool(step.observation.text)
    seen = step.observation
    # What is seen may not tell all: a type that an option changed.
    if seen.failed or (_as_before(seen.text) and not OPTION.search(_written(step))):
        return False
    shown = seen.text.strip()
    return seen.state != before.state or (shown not in NOTHING and not IDLE.fullmatch(shown))


def _as_before(text: str) -> bool:
    """Whether what an observation tells to have gone is what it tells to have come: it is the same."""
    gone, come = (sorted(line[1:] for line in text.split("\n") if line[:1] == sign) for sign in "-+")
    return bool(gone) and gone == come
