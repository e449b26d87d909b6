"""Mend: what a proposed command was answered when it failed often says what is wrong with it.

An option that the error names (`use --csv for CSV files`) is added, a word that it objects to is left out or
replaced, and another file that is there is read. What then works is a trajectory that recovers from an
error: agents meet the same error and see what helped. A command whose words were stored as text
(`modify due 2035-01-01`) is tried with an attribute in their place (`due:2035-01-01`). No model is called.
"""

from __future__ import annotations

import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Sequence
from typing import TYPE_CHECKING

from ..commands import above, called, file_names, files_there, kind_of, named_files, page_of, split
from ..engine.stage import Outcome
from ..environments import Environment
from ..types import Action, Document, Observation, Record, Step, Task, Trajectory
from .base import World, in_order
from .chain import LEAD, chained, words
from .demands import NAMED, without_usage
from .explore import proposed
from .ground import columns_of
from .readers.options import Option, options
from .windows import TOKEN, beside, choose, misread, teaches

if TYPE_CHECKING:
    from ..engine.store import Store

Ways = Callable[[str, str], Sequence[str]]
"""A command and what it was answered -> what to try in its place."""
SAID = re.compile(r"'([^'\n]+)'|\"([^\"\n]+)\"|\(([^()\s]+)\)|`([^`\n]+)`")
"""What an error quotes."""

NO_FILE = re.compile(
    r"no such file|(?:n't|not) exist|not found|(?:cannot|could not|can't) (?:open|find)", re.IGNORECASE
)
"""In an error about a file that a command looked for."""
FILES = 2
"""Files that an option of a command above is given."""
OPTIONS = 5
"""Options that are added, one at a time."""
COLUMNS = 3
"""Columns that one of them is given."""


class Mend(World):
    """Task, trajectory that failed, pages, their other tasks -> a trajectory in which a change helped."""

    name = "mend"
    tries: int = 8
    """Changes of a command that are tried, at most."""

    def inputs(self, store: Store) -> Sequence[tuple[str, ...]]:
        """Explored tasks that taught nothing and whose command failed or was misread.

        Each with the pages about its command and the other tasks that were proposed from them.
        """
        tools = self.world().tools
        pages = {page.id: page for page in store.records(Document)}
        about: dict[str, list[str]] = defaultdict(list)
        proposed_of: dict[str, list[str]] = defaultdict(list)
        for page in in_order(list(pages.values())):
            about[page_of(page.title)].append(page.id)
        tasks = {task.id: task for task in store.records(Task)}
        for task in tasks.values():
            proposed_of[task.parent].append(task.id)
        found = []
        for attempt in store.attempts("explore"):
            sessions = [one for one in map(store.get, attempt.outputs) if isinstance(one, Trajectory)]
            if any(choose(one, 1, tools) for one in sessions):
                continue
            failed = next(filter(_wrong, sessions), None)
            if failed is None or failed.task not in tasks:
                continue
            begun = tasks[failed.task]
            if begun.hint and begun.parent in pages:
                command = _called(begun.hint, about) or page_of(pages[begun.parent].title)
                near = [page for name in (command, *above(command)) for page in about[name]]
                others = sorted(other for page in near for other in proposed_of[page] if other != begun.id)
                found.append((begun.id, failed.id, *near, *others))
        return sorted(found)

    def __call__(self, *records: Record) -> Outcome:
        task, session, *rest = records
        assert isinstance(task, Task) and isinstance(session, Trajectory)
        failed = session.steps[0]
        if not failed.observation.failed:
            return self._joined(task, session)
        known, over = _options(task.hint, [one for one in rest if isinstance(one, Document)])
        others = [other.hint for other in rest if isinstance(other, Task)]

        def ways(command: str, said: str) -> list[str]:
            return list(changes(command, said, known, others, session.start.text, over))[: self.tries]

        with self.world().environment() as environment:
            environment.reset(task)
            before = environment.step(failed.action)
            helped = self._helping(environment, before, task.hint, ways)
        if helped is None:
            return Outcome()
        # Once more, without the tries before it.
        with self.world().environment() as environment:
            start = environment.reset(task)
            if environment.step(failed.action).key != failed.observation.key:
                return Outcome()
            last = Step(thought="", action=helped, observation=environment.step(helped))
        if not teaches(last, failed.observation):
            return Outcome()
        return Outcome(records=(chained(task, start, [failed], last, session.model),))

    def _joined(self, task: Task, session: Trajectory) -> Outcome:
        """The first command with attributes that were not stored as text; no step is taken over."""
        for command in joined(task.hint, session.start.text):
            with self.world().environment() as environment:
                start = environment.reset(task)
                begun = proposed(environment.actions, command)
                if begun is None:
                    continue
                last = Step(thought=begun[0], action=begun[1], observation=environment.step(begun[1]))
            if teaches(last, start) and not misread(last, start.text):
                return Outcome(records=(chained(task, start, [], last, session.model),))
        return Outcome()

    def _helping(
        self, environment: Environment, failed: Observation, command: str, ways: Ways, deep: int = 1
    ) -> Action | None:
        """The first changed command that works after this failure; None: none does.

        One that is answered with another error, which names an option that it lacks, is changed once more.
        """
        before = failed
        for changed in ways(command, _said(failed)):
            begun = proposed(environment.actions, changed)
            if begun is None:
                continue
            seen = environment.step(begun[1])
            if teaches(Step(thought="", action=begun[1], observation=seen), before):
                return begun[1]
            lacks = set(NAMED.findall(_said(seen))) - set(NAMED.findall(f"{changed} {_said(failed)}"))
            if deep and seen.failed and lacks:
                helped = self._helping(environment, seen, changed, ways, deep - 1)
                if helped is not None:
                    return helped
            before = seen
        return None


def _said(failed: Observation) -> str:
    return without_usage(failed.text)[-LEAD:]


def _wrong(session: Trajectory) -> bool:
    """Whether the first command of a session failed, or was misread."""
    first = session.steps[0] if session.steps else None
    return first is not None and (first.observation.failed or misread(first, session.start.text))


def _called(line: str, known: Container[str]) -> str:
    """The command that a line begins with."""
    return called(next(split(line)), known)[0]


def _options(line: str, pages: Sequence[Document]) -> tuple[list[Option], list[tuple[str, Option]]]:
    """The options of a command's pages, and those of the commands above it, each with its command."""
    titles = {page.id: page_of(page.title) for page in pages}
    higher = set(above(_called(line, set(titles.values()))))
    known = [one for page in pages if titles[page.id] not in higher for one in options(page.text)]
    over = [(titles[page.id], one) for page in pages for one in options(page.text)]
    return known, [(name, one) for name, one in over if name in higher]


def joined(command: str, start: str) -> Iterator[str]:
    """A command with `due:2035` or `due=2035` where it has `due 2035`; `start`: see `beside`."""
    found = beside(command, start)
    for sign in ":=" if found else "":
        changed = command
        for said, name, value in found:
            changed = changed.replace(said, f"{name.lower()}{sign}{shlex.quote(value)}")
        yield changed


def changes(
    command: str,
    error: str,
    known: Sequence[Option],
    others: Sequence[str],
    start: str,
    over: Sequence[tuple[str, Option]] = (),
) -> Iterator[str]:
    """What to try in the place of a command that failed, likeliest first, each once.

    `known`: the options of its page. `others`: other commands, for the values of options. `start`: what is
    there, for files that it could read instead. `over`: commands above it, and their options.
    """
    tried = {command}
    for changed in (
        *_higher(command, error, over, start),
        *_blamed(command, error, known, start),
        *_added(command, error, known, others, start),
        *_swapped(command, start),
    ):
        if changed not in tried:
            tried.add(changed)
            yield changed


def _higher(command: str, error: str, over: Sequence[tuple[str, Option]], start: str) -> Iterator[str]:
    """With an option of a command above it, behind that command's name: one that stands at a wrong place, one
    that the error names, or one that names a file which is there, if the error is about a file."""
    parts, kinds = TOKEN.findall(command), words(error)
    here = [name for name in files_there(start) if name not in command]
    here.sort(key=lambda name: kind_of(name) not in kinds)
    for name, option in over:
        known = len(name.split())
        at = next((at for at, part in enumerate(parts) if part in option.names), 0)
        if at > known:
            end = at + 1 + option.following
            yield " ".join([name, *parts[at:end], *parts[known:at], *parts[end:]])
        elif not at and not option.values and option.name in error:
            yield " ".join([name, option.name, *parts[known:]])
        elif not at and option.reads and NO_FILE.search(error):
            given = f"{option.name}{'=' if option.joined else ' '}"
            yield from (" ".join([name, f"{given}{file}", *parts[known:]]) for file in here[:FILES])


def _blamed(command: str, error: str, known: Sequence[Option], start: str) -> Iterator[str]:
    """Without a word that the error quotes or an option that it names, or with what it names instead.

    Of a word such as `table=books` a part may be meant.
    """
    parts = TOKEN.findall(command)
    quoted = {text.strip() for match in SAID.findall(error) for text in match if text}
    blamed = {word for text in quoted for word in (text, *text.split())} | {*NAMED.findall(error)}
    names = {name: option for option in known for name in option.names}
    for at, part in list(enumerate(parts))[1:]:
        word = part.strip("'\"")
        pieces = [piece for sign in "=:." if sign in word for piece in word.split(sign, 1)[::-1]]
        for piece in pieces if word in error and word not in start else ():
            yield " ".join([*parts[:at], *([piece] if piece else []), *parts[at + 1 :]])
        if word not in blamed:
            continue
        if part.startswith("-"):
            instead = [name for name in NAMED.findall(error) if name in names and name not in parts]
            yield from (" ".join([*parts[:at], name, *parts[at + 1 :]]) for name in dict.fromkeys(instead))
            value = at + 1 < len(parts) and not parts[at + 1].startswith("-")
            if value and (part not in names or names[part].following):
                yield " ".join([*parts[:at], *parts[at + 2 :]])
        yield " ".join([*parts[:at], *parts[at + 1 :]])


def _added(
    command: str, error: str, known: Sequence[Option], others: Sequence[str], start: str
) -> Iterator[str]:
    """With another option of the page: those that the error names, then the likeliest by its words.

    One that tells of a column has a column of the file that the command reads; others with a value have one
    that another command gives them.
    """
    present, named = set(NAMED.findall(command)), NAMED.findall(error)
    kinds = {kind.lower() for kind in file_names(command)}
    about = words(error) | kinds
    body, into = [*re.split(r"(?= > )", command, maxsplit=1), ""][:2]

    def rank(option: Option) -> tuple[int, bool, int]:
        telling = words(f"{option.name} {option.help}") & about
        name = option.name.lstrip("-")
        first = min((named.index(one) for one in option.names if one in named), default=len(named))
        return (first, name not in kinds and name not in about, -len(telling))

    fitting = [
        option
        for option in sorted(known, key=rank)
        if present.isdisjoint(option.names)
        and (set(named) & set(option.names) or words(f"{option.name} {option.help}") & about)
    ]
    for option in fitting[:OPTIONS]:
        if not option.values:
            yield f"{body} {option.name}{into}"
        elif option.values == 1:
            sign = "=" if option.joined else " "
            columns = [one for name in named_files(body) for one in columns_of(start, name)]
            here = [f"{option.name}{sign}{one}" for one in columns[:COLUMNS] if option.of_column]
            written = "|".join(map(re.escape, option.names))
            given = (re.search(rf"(?<!\S)(?:{written})[ =]({TOKEN.pattern})", other) for other in others)
            values = here or [match[0] for match in given if match]
            yield from (f"{body} {value}{into}" for value in values)


def _swapped(command: str, start: str) -> Iterator[str]:
    """With another file that is there in the place of the last one that it names."""
    here = files_there(start)
    last = next((part for part in reversed(TOKEN.findall(command)) if part in here), None)
    if last is None:
        return
    before, _, after = command.rpartition(last)
    kind = kind_of(last)
    for name in sorted(here, key=lambda name: kind_of(name) != kind):
        if name not in command:
            yield f"{before}{name}{after}"
