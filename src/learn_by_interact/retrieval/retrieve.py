"""Which examples help at this moment (Algorithm 2): by the state that is met, and by a query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from ..agents.agent import ASKS, LOOKS, OPENS, Found, Hit, Order, Placement
from ..environments import ActionSpace
from ..errors import ConfigError
from ..models import Model
from ..types import Observation, Step, Task, Usage
from .asked import kinds, opens
from .asked import query as asked_for
from .build import vectors_name
from .demonstration import Demonstration, Layout
from .documents import near, places, search, section
from .encoders import encoder
from .index import Candidate, fuse, open_index, reciprocal
from .lines import telling_lines, usage
from .manual import commands
from .query import changed, written

BY: dict[str, dict[str, float]] = {
    "instruction": {"instruction": 1.0},
    "instruction+actions": {"instruction": 2.0, "actions": 1.0, "offered": 1.0},
    "instruction+observations": {"instruction": 2.0, "observations": 1.0, "start": 1.0},
}
"""Weights of the fields in which a query is searched."""

MISFITS = 8
"""Demonstrations that may turn out too long for what is left of the budget before a step looks no further."""

SECTIONS, EACH = 8, 4
"""Sections of documentation whose examples are looked at, and how many of each."""
STEEP = 5
"""Constant of the fusion with the rank of a section: the first few count."""

UNSUITED, ELSEWHERE = 0.5, 0.1
"""What is left of the score of an example that only looked where a task asks for a change, or the other way
round, and of one that answers nothing where it asks something; and of one that is about no item of the kind
that the task names."""

WHOLE = 4
"""Steps from which on nearly all demonstrations are shown whole: none of them is read for its order."""

Ranking = list[tuple[Candidate, str]]


class Retrieval(Layout):
    """Settings of retrieval at every step.

    The paper's ablations: `query = "instruction", observation = 0, once = true` (instruction-based),
    `model = 0` (observation-based), `observation = 0` (model-based), and the defaults (both).
    """

    observation: int = 5
    """Examples found by the observation (m1): those that met this state first, then BM25. 0: none."""
    model: int = 5
    """Examples found by the query (m2). 0: none, and no query is written."""
    query: Literal["written", "instruction"] = "written"
    """The model writes the query; or the instruction is the query, which costs no call."""
    change: float = 0.3
    """Share of new words in an observation from which on another query is written; see `changed`."""
    once: bool = False
    """Retrieve before the first action only, and keep what was found."""
    fill: bool = True
    """After m1 and m2, further hits of both kinds while the budget lasts: at most as many again."""
    fused: tuple[int, int] | None = None
    """One ranking of both kinds, of which so many are taken at the first and at each later step, in place of
    m1 and m2."""
    apart: bool = True
    """One example of each section of documentation before a second of any, in what the query finds: five
    ways to do one thing say less than five things that can be done."""
    standing: float = 4.0
    """Weight of the rank of an example's section of documentation, if that has a usage, against the rank of
    the example itself; the query searches both. What a task is about is told by a manual rather than by
    examples that happen to name the same table. 0: none."""
    suited: bool = True
    """On a screen, examples that changed something before those that only looked where the task asks for a
    change, and the other way round: both name the same fields, a list that is filtered by component and a
    ticket whose component is set; and those that end with an answer where it asks something. Of a task about
    ticket 12 those before that opened a ticket by its address, and not those that made one. One that fits far
    better in words stays first."""
    within: float = 0.0
    """On a screen, the least score of an example in what the query finds, as a share of the best: a small
    model takes the way of another example where one says all. 0: any."""
    best: Literal["first", "last"] = "first"
    """Where the best of the examples stands that are found at one moment: a small model follows the one that
    it read last."""
    by: Literal["instruction", "instruction+actions", "instruction+observations"] = "instruction+actions"
    """The texts of an example that a query is compared with."""
    encoder: str = ""
    """`minilm`, `openai/NAME`, `URL#NAME`, `module:Class`: dense retrieval of examples and of documentation,
    fused with BM25. "": none."""
    characters: int = 2400
    """Budget of one step's demonstrations (a token is about four); their documentation comes on top. One is
    always given."""
    documentation: int = 2
    """Lines of documentation that each demonstration brings along, from the section it came from."""
    lines: int = 3
    """Lines of that section that it brings besides: those that say most about the task and the last error."""
    sections: int = 2
    """Sections of the documentation of which such lines are shown before the first action, found by the
    instruction; after a failure one is found by the action that failed, and what the manual says against it
    is told: no such command or option, and where there is one. 0: none."""
    pages: int = 3
    """Pages of an application that was looked over, of which the way there is shown before the first action,
    found by the instruction; after an action on what is not there, one that has it. 0: none."""
    placement: Placement = "append"
    """Where demonstrations stand. `append`: with the step that they were found at, where they stay, and each
    is shown once; `before` the task or `after` the history: those of the present step alone."""
    order: Order = "reference"
    """What a prompt begins with: `reference`, the demonstrations of the first step, so that what is there now
    stands nearer to the task; or `state`, what is there now, which costs fewer tokens that no cache has."""

    @property
    def documented(self) -> bool:
        """Whether the documentation as it is now has a say in what is shown."""
        return bool(self.documentation or self.lines or self.sections or (self.model and self.standing))


class ExampleRetriever:
    """Serves one episode: it remembers its last query and what it has shown.

    `digest`: of the examples that the index should hold. Raises ConfigError when it holds others, when an
    encoder is unknown or has encoded nothing, or when a query is to be written and there is no model.
    """

    def __init__(
        self,
        folder: str,
        settings: Retrieval,
        model: Model | None = None,
        actions: ActionSpace | None = None,
        digest: str = "",
    ) -> None:
        self._index = open_index(folder)
        if digest and self._index.digest != digest:
            raise ConfigError(f"{folder} does not hold the run's examples any more: run `lbi index` again.")
        if settings.model and settings.query == "written" and (model is None or actions is None):
            raise ConfigError("[retrieval] query: `written` needs a model to write it, or set `instruction`.")
        self._settings, self._model, self._actions = settings, model, actions
        self._encoder = encoder(settings.encoder) if settings.encoder and settings.model else None
        self._vectors = (
            self._index.vectors(vectors_name(self._encoder.name, settings.by)) if self._encoder else None
        )
        self._depth = 8 * sum(settings.fused or (settings.observation, settings.model))
        self._asked: tuple[str, Observation] | None = None
        self._by_query: Ranking = []
        self._meaning: tuple[str, Any] = ("", None)
        """The text that was encoded last, and its vector."""
        self._found: Found | None = None
        self._shown: set[str] = set()
        self._learned: set[str] = set()
        """Sections of documentation that what is shown came from."""
        self._told: set[str] = set()
        """Sections of documentation of which lines were shown by themselves."""
        by_commands = self._index.documents and actions is not None and actions.commands
        self._commands = commands(self._index.documents) if by_commands else None
        self._never = self._commands.common if self._commands else frozenset()
        """Lines of documentation that are not worth showing."""
        self._lines: set[str] = set(self._never)

    def __call__(self, task: Task, start: Observation, steps: Sequence[Step]) -> Found:
        """The hits of this moment, and what the query took. Raises ModelError."""
        settings = self._settings
        if settings.once and self._found is not None:
            return self._found.model_copy(update={"usage": Usage()})
        if settings.placement != "append":
            self._shown, self._learned, self._told = set(), set(), set()
            self._lines = set(self._never)
        now = steps[-1].observation if steps else start
        fresh, usage = self._query(task, start, steps, now)
        met = self._met(task, now) if settings.observation and (steps or settings.start) else []
        if settings.fused:
            plan = [(fuse([self._by_query, met]), settings.fused[bool(steps)], settings.apart)]
        else:
            # What an earlier query has found stands in the prompt already where demonstrations stay.
            asked = self._by_query if fresh or settings.placement != "append" else []
            plan = [(met, settings.observation, False), (asked, settings.model, settings.apart)]
            further = fuse([met, asked])[: 2 * (settings.observation + settings.model)]
            plan += [(further, len(further), settings.apart)] if settings.fill else []
        about = task.instruction
        if steps and now.failed and self._actions:
            about = f"{about}\n{self._actions.format(steps[-1].action)}\n{now.text}"
        done = "" if not steps else self._actions.format(steps[-1].action) if self._actions else None
        sections = self._sections(task, steps, about)
        pages = self._pages(task, steps)
        taken = self._take(plan, now, about, done)
        taken = taken[::-1] if settings.best == "last" else taken
        self._found = Found(hits=(*pages, *sections, *taken), usage=usage)
        return self._found

    def _pages(self, task: Task, steps: Sequence[Step]) -> list[Hit]:
        """Pages about the task, with the way there; after an action on what is not there, one that has it."""
        folder, settings = self._index.pages, self._settings
        if not (settings.pages and folder):
            return []
        if not steps:
            found = places(folder, task.instruction, settings.pages)
            return [Hit(id=one, text=text, why=f"page, goal {score:.2f}") for one, text, score in found]
        element = str(steps[-1].action.arguments.get("element", ""))
        if not (element and steps[-1].observation.failed):
            return []
        found = places(folder, f"{task.instruction}\n{element}", 1, element)
        return [
            Hit(id=one, text=f"[{element}] is on another page.\n{text}", why=f"page, element {score:.2f}")
            for one, text, score in found
        ]

    def _sections(self, task: Task, steps: Sequence[Step], about: str) -> list[Hit]:
        """Sections that may help now; after a failure first what the manual has against the action."""
        wanted = self._settings.sections
        if not (wanted and self._index.documents):
            return []
        if not steps:
            return self._documentation(self._about(task.instruction, wanted), wanted, about, "goal")
        if not (steps[-1].observation.failed and self._actions):
            return []
        action = self._actions.format(steps[-1].action)
        likely = [row[0] for row in self._about(task.instruction, SECTIONS)]
        wrong = self._commands.correction(action, likely) if self._commands else None
        if wrong is None:
            return self._documentation(self._about(action, 1), 1, about, "failed action")
        hit = Hit(id=wrong.section, text=wrong.text, why="manual, failed action")
        if not wrong.missing:
            return [hit, *self._documentation(self._about(action, 1), 1, about, "failed action")]
        # Another command is needed: sections about the task that were not shown yet.
        found = self._about(task.instruction, wanted + len(self._told))
        new = [row for row in found if row[0] not in self._told]
        return [hit, *self._documentation(new, wanted, about, "goal")]

    def _documentation(
        self, sections: Sequence[tuple[str, str, str, float]], most: int, about: str, kind: str
    ) -> list[Hit]:
        """The usage, and the lines `about` it, of at most so many of these sections; no line twice."""
        hits: list[Hit] = []
        for identity, title, text, score in sections:
            lines = [usage(text), *telling_lines(text, about, self._settings.lines)]
            lines = [line for line in lines if line and line not in self._lines]
            if lines and len(hits) < most:
                self._lines.update(lines)
                self._told.add(identity)
                told = "\n".join([f"Documentation of {title}:", *lines])
                hits.append(Hit(id=identity, text=told, why=f"section, {kind} {score:.2f}"))
        return hits

    def _query(
        self, task: Task, start: Observation, steps: Sequence[Step], now: Observation
    ) -> tuple[bool, Usage]:
        """Search by a new query if one is needed -> (was it, what it took)."""
        settings = self._settings
        if not settings.model:
            return False, Usage()
        if self._asked and self._asked[0] == task.id:
            needed = settings.query == "written" and changed(self._asked[1], now, settings.change)
            if not needed:
                return False, Usage()
        self._asked = (task.id, now)
        query, usage = "", Usage()
        if settings.query == "written":
            assert self._model is not None and self._actions is not None
            query, usage = written(self._model, self._actions, task, start, steps)
        why = f"query {query!r}" if query else "goal"
        text = query or task.instruction
        words = asked_for(text, self._actions.commands) if self._actions else text
        rankings = [_ranking(self._index.search(words, BY[settings.by], self._depth), why)]
        if self._encoder and self._vectors:
            usage = usage + self._encode(text)
            alike = self._index.near(self._vectors, self._meaning[1], self._depth)
            rankings.append(_ranking(alike, f"meaning of {why}"))
        ranking = self._standing(text, words, fuse(rankings) if len(rankings) > 1 else rankings[0])
        self._by_query = self._suited(task.instruction, ranking)
        return True, usage

    def _suited(self, instruction: str, ranking: Ranking) -> Ranking:
        """The ranking by how well each suits a task on a screen too, without those that fit far less."""
        if self._actions is None or self._actions.commands:
            return ranking
        asks = bool(ASKS.search(instruction))
        looks = asks or bool(OPENS.match(instruction))
        # Something may be shown by a change, such as a hidden column.
        either = not looks and bool(LOOKS.match(instruction))
        items, fits = kinds(instruction), []
        for rank, (one, _) in enumerate(ranking, 1):
            # Scores of words and of meaning are not alike; their ranks are.
            fit = 1 / (STEEP + rank) if self._encoder else one.score
            example = self._index.demonstration(one)
            if self._settings.suited:
                fit *= 1 if either or example.changed != looks else UNSUITED
                # Who is asked something learns from an answer; who is to open something has none to give.
                fit *= 1 if not looks or example.answers == asks else UNSUITED
                fit *= 1 if not items or opens(example.actions, example.instruction, items) else ELSEWHERE
            fits.append(fit)
        least = self._settings.within * max(fits, default=0.0)
        order = sorted(range(len(fits)), key=lambda at: -fits[at])
        return [ranking[at] for at in order if fits[at] >= least]

    def _standing(self, text: str, words: str, ranking: Ranking) -> Ranking:
        """The ranking with the examples of those sections first that a search by this text finds."""
        settings, folder = self._settings, self._index.documents
        if not (settings.standing and folder):
            return ranking
        scores = {one.number: 1 / (STEEP + rank) for rank, (one, _) in enumerate(ranking, 1)}
        found = {one.number: (one, why) for one, why in ranking}
        # A page with a usage is about one command; a chapter says little about which of its examples fits.
        pages = [identity for identity, _, page, _ in self._about(text, SECTIONS) if usage(page)]
        for rank, identity in enumerate(pages, 1):
            here = _ranking(self._index.of(identity, words, BY[settings.by], EACH), "goal")
            for one, why in here:
                known = found.get(one.number, (one, why))
                found[one.number] = (one, f"{known[1]}; section (rank {rank})")
                scores[one.number] = scores.get(one.number, 0.0) + settings.standing / (STEEP + rank)
        return sorted(found.values(), key=lambda pair: (-scores[pair[0].number], pair[0].number))

    def _about(self, text: str, limit: int) -> list[tuple[str, str, str, float]]:
        """Sections about a text, by its words and, if it was encoded, its meaning: as `search` gives them."""
        folder = self._index.documents
        if self._encoder is None or self._meaning[0] != text:
            return search(folder, text, limit)
        found = {row[0]: row for row in search(folder, text, 4 * limit)}
        alike = near(folder, self._encoder.name, self._meaning[1], 4 * limit)
        scores = reciprocal([list(found), alike], STEEP)
        best = sorted(scores, key=lambda identity: (-scores[identity], identity))[:limit]
        read = {one: section(folder, one) for one in best if one not in found}
        found |= {one: (one, *page, 0.0) for one, page in read.items() if page}
        return [found[one] for one in best if one in found]

    def _encode(self, text: str) -> Usage:
        """Keep the vector of a text -> what it took."""
        if self._encoder is None or self._meaning[0] == text:
            return Usage()
        vectors, used = self._encoder.encode([text])
        self._meaning = (text, vectors[0])
        return used

    def _met(self, task: Task, now: Observation) -> Ranking:
        """Examples that were in this very state, best first for the goal; then those that saw the like."""
        settings = self._settings
        fields = {"observations": 1.0, **({"start": 1.0} if settings.start else {})}
        like = _ranking(self._index.search(now.text, fields, self._depth), "observation")
        if not settings.match:
            return like
        same = self._index.met(now.key, task.instruction, BY[settings.by], self._depth)
        first = _ranking(same, "state, goal")
        known = {item.number for item, _ in first}
        return [*first, *(pair for pair in like if pair[0].number not in known)]

    def _take(
        self, plan: Sequence[tuple[Ranking, int, bool]], now: Observation, about: str, done: str | None
    ) -> list[Hit]:
        """The first so many of each ranking that are new and fit the budget; True: of new sections first."""
        taken: list[Hit] = []
        room, misfits = self._settings.characters, 0
        # A fused ranking is short: all of it is tried.
        most = self._depth if self._settings.fused else MISFITS
        for ranking, wanted, apart in plan:
            left = wanted
            ranking = self._going_on(ranking, done)
            turns = [(one, new) for new in ((True, False) if apart else (False,)) for one in ranking]
            for (candidate, why), new in turns:
                if not left or misfits == most:
                    break
                item = self._index.demonstration(candidate)
                stretch = item.actions + (f"\n{item.start}" if self._settings.start else "")
                if stretch in self._shown or (new and item.section in self._learned):
                    continue
                text, place = self._text(item, why, now, done)
                if len(text) > room and taken:
                    misfits += 1
                    continue
                taken.append(Hit(id=item.id, text=self._documented(item, text, about), why=why + place))
                self._shown.add(stretch)
                self._learned.update([item.section] if item.section else [])
                room -= len(text)
                left -= 1
        return taken

    def _going_on(self, ranking: Ranking, done: str | None) -> Ranking:
        """Those that are not shown whole last, if none of their steps follows on what was done here."""
        if not (self._settings.match and done) or self._settings.steps >= WHOLE:
            return ranking

        def later(pair: tuple[Candidate, str]) -> bool:
            item = self._index.demonstration(pair[0])
            return len(item.moments) > self._settings.steps and not item.follows(done)

        return sorted(ranking, key=later)

    def _text(self, item: Demonstration, why: str, now: Observation, done: str | None) -> tuple[str, str]:
        """A demonstration's text, and which of its steps matches the present state.

        Of one that is not shown whole it is the part that goes on from here, however it was found.
        """
        at, same = item.step_at(now, done) if self._settings.match else (-1, False)
        whole = len(item.moments) <= self._settings.steps
        if at < 0 or (whole and not (same or "observation" in why)):
            return item.text(self._settings), ""
        place = f"; {'same state' if same else 'most alike'} at step {at + 1} of {len(item.moments)}"
        return item.text(self._settings, (at, same)), place

    def _documented(self, item: Demonstration, text: str, about: str) -> str:
        """The demonstration after its lines of documentation; a line is shown once."""
        lines = [line for line in item.documentation if line not in self._lines]
        lines = lines[: self._settings.documentation]
        if self._settings.lines and item.section and self._index.documents:
            # What an example came from may be left out of the documentation by now.
            page = section(self._index.documents, item.section)
            lines += telling_lines(page[1], about, self._settings.lines) if page else []
        lines = list(dict.fromkeys(line for line in lines if line not in self._lines))
        self._lines.update(lines)
        return "\n".join([*(f"Documentation: {line}" for line in lines), text])


def _ranking(found: Sequence[Candidate], why: str) -> Ranking:
    """Each end of a trajectory's window once: two instructions for it are not two votes."""
    best: dict[tuple[str, int], tuple[Candidate, str]] = {}
    for item in found:
        best.setdefault((item.trajectory, item.end), (item, f"{why} {item.score:.2f}"))
    return list(best.values())
