"""The agent: a language model, an action space, and what retrieval gives it at each step."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Literal, Protocol

from ..commands import named_files, without_stops
from ..environments import ActionSpace
from ..environments.actions import SHELL
from ..environments.places import CHOSEN, ELEMENT, FILLS, QUOTED, TYPED
from ..environments.reply import each
from ..environments.repository import REPLACE
from ..errors import ParseError
from ..models import Message, Model, Request
from ..prompts import cut, prompt
from ..types import STOP, Action, Observation, Step, Task, Usage, Value
from .rollout import Decision

PROMPT = prompt("agents", "act")
SEE = prompt("agents", "see")
SEVERAL = prompt("agents", "several")
ASKS = re.compile(r"\?(\s|$)|\banswer\b", re.IGNORECASE)
"""In a task whose answer is what the episode is for."""
LOOKS = re.compile(
    r"(show|find|list|print|explain|describe|tell|count|run|check|search|look)\b", re.IGNORECASE
)
"""With which a task begins that may be done without a change."""
OPENS = re.compile(r"(open(?! (an?|new) )|view|go to|look|navigate|visit|read)\b", re.IGNORECASE)
"""The same on a screen, where one shows a hidden column by changing it, and opens a ticket by making one."""
ANSWERED = {"type": "string", "pattern": r"^ACTION: stop [^\"\\\n]{1,160}$"}
"""The form of an answer, where replies have one."""
BEGUN = "ACTION:"
"""What a reply with a grammar begins with."""
ANSWER = 200
"""Characters of an answer that was asked for."""
LEFT_OUT = "\n\n(The first {count} steps are left out here.)"
"""What the first message of a prompt ends with that lost its oldest steps."""


class Hit(Value):
    """What retrieval found: a record's id, its text as it goes into the prompt, and why."""

    id: str
    text: str
    why: str = ""


class Found(Value):
    """What a retriever gives at a step: hits, best first, and what finding them took."""

    hits: tuple[Hit, ...] = ()
    usage: Usage = Usage()


class Retriever(Protocol):
    """Finds what may help at this moment; asked once at each step. None is the plain agent."""

    def __call__(self, task: Task, start: Observation, steps: Sequence[Step]) -> Found: ...


Placement = Literal["append", "before", "after"]
"""`append`: hits stand with the step that they were found at and stay there, each once; `before` the task
or `after` the history, just before what was seen last: those of the present step alone."""
Order = Literal["reference", "state"]
"""What a prompt begins with: what was found for the first step, as in the paper, or what is there now, which
all prompts of an environment share and a cache then keeps."""


class Fixed:
    """The same hits at every step: the document of a rollout."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self._found = Found(hits=tuple(hits))

    def __call__(self, task: Task, start: Observation, steps: Sequence[Step]) -> Found:
        return self._found


class Acting(Value):
    """Settings of the agent."""

    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 160
    reasons: bool = False
    """Ask for a line of reasoning before each action: it costs half of a small model's tokens."""
    characters: int = 9000
    """Bound of the prompt without the system message; the oldest steps are left out beyond it."""
    actions: int = 1
    """Actions that one reply may hold: those after the first are done without a call, while none fails."""
    tries: int = 2
    """A reply that cannot be used is shown back to the model until this many were read."""
    resamples: int = 2
    """How often a reply that would repeat an action that failed in the same state is sampled again."""
    placement: Placement = "append"
    order: Order = "reference"
    pictures: int = 0
    """How many of the newest observations are sent with their pictures; older ones as text alone."""
    blobs: str = ""
    """Folder of these pictures."""


class LanguageAgent:
    """Algorithm 2's act: system message, reference, objective, history, observation -> action.

    The history is append-only, so that each prompt begins with the one before it. With the placement
    `append` this holds for what retrieval finds too: only what is new is added.
    """

    def __init__(
        self,
        model: Model,
        actions: ActionSpace,
        description: str,
        settings: Acting | None = None,
        retriever: Retriever | None = None,
        notes: str = "",
    ) -> None:
        """`notes`: what stands before the objective in every prompt, beside what is retrieved."""
        self.name = model.name
        self.model, self.actions, self.retriever = model, actions, retriever
        self.settings = settings or Acting()
        self._system = PROMPT.fill("system", description=description, actions=actions.description)
        if self.settings.actions > 1:
            part = "system" if actions.stops else "endless"
            self._system += "\n" + SEVERAL.fill(part, most=self.settings.actions)
        if self.settings.reasons:
            self._system += "\n" + PROMPT.fill("reasons")
        if self.settings.pictures:
            self._system += "\n" + SEE.fill("system")
        self._notes = notes
        self._added: list[list[Hit]] = []
        self._planned: list[Action] = []
        """What the last reply holds after the action that it gave."""
        self._replied = 0
        """The steps that there were when it was written."""

    def act(self, task: Task, start: Observation, steps: Sequence[Step]) -> Decision:
        """Raises ParseError, with the `usage` of the lost replies, when no reply can be used."""
        if planned := self._next(task, start, steps):
            return planned
        usage = self._retrieve(task, start, steps)
        messages = self.messages(task, start, steps)
        failure, malformed, objected = ParseError(""), 0, False
        # What a question asks for is to be seen first.
        most = 1 if ASKS.search(task.instruction) else self.settings.actions
        form = None if self.settings.reasons else self._form(task, start, steps, most)
        never = (STOP,) if self._idle(task, start, steps) else ()
        grammar = self._grammar(task, steps, never)
        while malformed < self.settings.tries:
            text, used = self._ask(messages, self.settings.temperature, self.settings.seed, form, grammar)
            usage = usage + used
            try:
                thought, action = self.actions.parse(text)
            except ParseError as error:
                failure, malformed = error, malformed + 1
                messages = _answered(messages, text, PROMPT.fill("unreadable", error=error))
                continue
            if action.tool == STOP and task.instruction in str(action.arguments.get("answer", "")):
                action = Action(tool=STOP, arguments={"answer": ""})  # It repeats what it was told.
            objection = None if objected else self._objection(action, task, start, steps)
            if objection:
                objected = True
                said = self.actions.reply(thought, action)
                names = " and ".join(_lacking(task, start, steps))
                answer = PROMPT.fill(objection, instruction=task.instruction, lacking=names)
                messages = _answered(messages, said, answer)
                continue
            over = _changed(start, steps) or ASKS.search(task.instruction)
            if objected and over and self.actions.stops and _just_done(action, steps):
                # It was asked, and has nothing else to do; done twice, a task is often undone.
                thought, action = "", Action(tool=STOP, arguments={"answer": ""})
            given = action
            thought, action, used = self._unstuck(messages, thought, action, task, steps, form, never)
            if self.actions.stops and _lacks_answer(action, task.instruction):
                action, more = self._answer(messages, text, task.instruction, form)
                used = used + more
            self._planned = self._later(text, most) if action is given else []
            self._replied = len(steps)
            hits = self._added[len(steps)]
            return Decision(
                thought=thought,
                action=action,
                usage=usage + used,
                malformed=malformed,
                shown=tuple(hit.id for hit in hits),
                why=tuple(hit.why for hit in hits),
            )
        failure.usage = usage  # type: ignore[attr-defined]
        raise failure

    def _later(self, text: str, most: int) -> list[Action]:
        """What a reply holds after its first action, as far as it can be read."""
        found: list[Action] = []
        for said in each(text)[1 : most + 1] if most > 1 else ():
            try:
                found.append(self.actions.parse(said)[1])
            except ParseError:
                break
        return found

    def _next(self, task: Task, start: Observation, steps: Sequence[Step]) -> Decision | None:
        """What was planned for this moment. None: the model is asked, for it did not see what came of it."""
        left, self._planned = self._planned, []
        if not left or not steps or steps[-1].observation.failed or _just_done(left[0], steps):
            return None
        if left[0].tool == STOP and not self.actions.stops:
            return None
        if _unforeseen(left[0], task, [start, *(step.observation for step in steps)][self._replied :]):
            return None
        # Where the last action changed nothing, something else is in the way, such as an open dialog.
        over = _changed(start, steps) or OPENS.match(task.instruction)
        if left[0].tool == STOP and (left[0].arguments.get("answer") or not over):
            return None
        self._planned = left[1:]
        self._added.append([])
        return Decision(thought="", action=left[0])

    def _objection(self, action: Action, task: Task, start: Observation, steps: Sequence[Step]) -> str | None:
        """Part of the prompt that answers a stop without a reason to stop, or what was just done: once."""
        if action.tool != STOP:
            again = "again" if self.actions.stops else "again_onward"
            return again if _just_done(action, steps) else None
        if not self.actions.stops:
            return "unended"
        if action.arguments.get("answer"):
            return None
        if steps and steps[-1].observation.failed:
            return "giving_up"
        # What is there at the start may tell the answer of a question.
        if ASKS.search(task.instruction):
            return None
        if not steps:
            return "early"
        # A command may have shown what was asked for, or the screen.
        shown = LOOKS if self.actions.code else OPENS
        if (self.actions.code or not self.actions.commands) and shown.match(task.instruction):
            return None
        # In a project's code a name is often a module's. There and on a screen one looks before one acts.
        if self.actions.commands and not self.actions.code:
            return "lacking" if _lacking(task, start, steps) else None
        if all(step.observation.state == start.state for step in steps):
            return "unchanged"
        return "without_effect" if not self.actions.code and not _changed(start, steps) else None

    def _idle(self, task: Task, start: Observation, steps: Sequence[Step]) -> bool:
        """In code that is as it was, or of whose change nothing was run yet, a small model stops too soon.

        Not where the task can be done by looking.
        """
        if not self.actions.code or ASKS.search(task.instruction) or LOOKS.match(task.instruction):
            return False
        for step in reversed(steps):
            if step.action.tool == SHELL:
                break
            if step.action.tool == REPLACE and not step.observation.failed:
                return True
        return all(step.observation.state == start.state for step in steps)

    def _form(
        self, task: Task, start: Observation, steps: Sequence[Step], most: int
    ) -> dict[str, Any] | None:
        seen = [start, *(step.observation for step in steps)]
        # What was done in this very state before has led back to it.
        tried = [step.action for step, was in zip(steps, seen, strict=False) if was.key == seen[-1].key]
        # A key may be pressed again where it did something.
        if steps and not steps[-1].observation.failed and steps[-1].action.tool != "press":
            tried.append(steps[-1].action)
        # A small model that fails gives up, asked or not.
        failed = bool(steps) and steps[-1].observation.failed
        if not self.actions.stops or (failed and self._held and not ASKS.search(task.instruction)):
            tried.append(Action(tool=STOP))
        known = [hit.text for hits in self._added for hit in hits]
        return self.actions.form([one.text for one in seen], tried, known, most)

    def _unstuck(
        self,
        messages: tuple[Message, ...],
        thought: str,
        action: Action,
        task: Task,
        steps: Sequence[Step],
        form: dict[str, Any] | None,
        never: tuple[str, ...],
    ) -> tuple[str, Action, Usage]:
        """Another reply, sampled, in the place of an action that would lead nowhere.

        `never`: with what an action cannot begin.
        """
        usage = Usage()
        for attempt in range(self.settings.resamples):
            # On a screen and in code nobody does the same twice; a small model goes on and on.
            stuck = not self.actions.commands and _just_done(action, steps)
            stuck = stuck or (self.actions.code and bool(_before(action, steps)))
            stuck = stuck or (action.tool == STOP and STOP in never)
            if not stuck and not any(one.failed for one in _before(action, steps)):
                break
            grammar = self._grammar(task, steps, (*never, *self.actions.format(action).split()[:1]))
            text, used = self._ask(messages, 1.0, self.settings.seed + 100 + attempt, form, grammar)
            usage = usage + used
            with suppress(ParseError):
                thought, action = self.actions.parse(text)
        return thought, action, usage

    def _answer(
        self, messages: tuple[Message, ...], text: str, instruction: str, form: dict[str, Any] | None
    ) -> tuple[Action, Usage]:
        """The answer that a stop lacks, or what finds it out: a small model that may write `stop` does."""
        part = "unanswered_form" if form else "unanswered"
        question = PROMPT.fill(part, instruction=instruction)
        messages = _answered(messages, text, question)
        form = ANSWERED if form else None
        said, used = self._ask(messages, self.settings.temperature, self.settings.seed, form)
        with suppress(ParseError):
            if "ACTION" in said and not _lacks_answer(action := self.actions.parse(said)[1], instruction):
                return action, used
        if "ACTION" in said and not form:
            again = PROMPT.fill("still_unanswered", instruction=instruction)
            said, more = self._ask(
                _answered(messages, said, again), self.settings.temperature, self.settings.seed, None
            )
            used = used + more
        line = next((line.strip("`*\"' ") for line in said.splitlines() if line.strip()), "")
        answer = "" if "ACTION" in line else line[:ANSWER]
        return Action(tool=STOP, arguments={"answer": answer}), used

    def _grammar(self, task: Task, steps: Sequence[Step], never: tuple[str, ...]) -> str:
        """Of what can be done in code after these steps, where llama.cpp serves the model; "" elsewhere.

        A small model tells at length what one could do, or stops at once.
        """
        return self.actions.gbnf(task, never, steps) if self.actions.code and self._held else ""

    @property
    def _held(self) -> bool:
        """What a reply may be is held by a form or a grammar, as a small model needs it."""
        return not self.settings.reasons and self.model.name.startswith("local/")

    def _ask(
        self,
        messages: tuple[Message, ...],
        temperature: float,
        seed: int,
        form: dict[str, Any] | None,
        grammar: str = "",
    ) -> tuple[str, Usage]:
        """`grammar`: of what stands behind the label with which the reply is then begun for the model."""
        begun = BEGUN if grammar else ""
        if begun:
            messages = (*messages, Message(role="assistant", content=begun))
        reply = self.model.complete(
            Request(
                model=self.model.name,
                messages=messages,
                max_tokens=self.settings.max_tokens,
                temperature=temperature,
                seed=seed,
                stop=self.actions.ends,
                json_schema=form,
                blobs=self.settings.blobs,
                grammar=grammar,
            )
        )
        return reply.text if reply.text.startswith(begun) else begun + reply.text, reply.usage

    def messages(self, task: Task, start: Observation, steps: Sequence[Step]) -> tuple[Message, ...]:
        """The prompt for the action after `steps`: reference, what is there, objective, history."""
        opening = [self._reference("reference", 0), PROMPT.fill("start", observation=start.text)]
        if self.settings.order == "state":
            opening.reverse()
        opening.append(self._notes)
        opening.append(PROMPT.fill("objective", instruction=task.instruction))
        opening.append(PROMPT.fill("hint", hint=task.hint) if task.hint else "")
        turns: list[tuple[str, str]] = []
        for index, step in enumerate(steps, 1):
            part = "failed" if step.observation.failed else "result"
            if part == "result" and (not self.actions.stops or self._idle(task, start, steps[:index])):
                part = "onward"
            if _repeats(steps[:index]):
                part = "repeated"
            result = PROMPT.fill(part, observation=step.observation.text, instruction=task.instruction)
            reference = self._reference("more", index)
            said = "\n\n".join(part for part in (reference, result) if part)
            turns.append((self.actions.reply(step.thought, step.action), said))
        first = "\n\n".join(part for part in opening if part)
        left_out = _left_out(turns, self.settings.characters - len(first))
        del turns[:left_out]
        if left_out:
            first += LEFT_OUT.format(count=left_out)
        seen = [start, *(step.observation for step in steps[left_out:])]
        shown = [one.blobs if len(seen) - at <= self.settings.pictures else () for at, one in enumerate(seen)]
        messages = [Message(role="system", content=self._system)]
        messages.append(Message(role="user", content=first, pictures=shown[0]))
        for (reply, said), pictures in zip(turns, shown[1:], strict=True):
            messages.append(Message(role="assistant", content=reply))
            messages.append(Message(role="user", content=said, pictures=pictures))
        return tuple(messages)

    def _retrieve(self, task: Task, start: Observation, steps: Sequence[Step]) -> Usage:
        """Keep the hits of this step -> what finding them took; an agent serves one episode."""
        usage = Usage()
        while len(self._added) <= len(steps):
            known = {(hit.id, hit.text) for hits in self._added for hit in hits}
            found = self.retriever(task, start, steps[: len(self._added)]) if self.retriever else Found()
            new = [hit for hit in found.hits if (hit.id, hit.text) not in known]
            self._added.append(new if self.settings.placement == "append" else list(found.hits))
            usage = usage + found.usage
        return usage

    def _reference(self, part: str, index: int) -> str:
        """The hits that stand with this step of the history (0: with the task), as a part of the prompt."""
        present = len(self._added) - 1
        if self.settings.placement == "append":
            hits = self._added[index] if index <= present else []
        else:
            here = index == (0 if self.settings.placement == "before" else present)
            hits = self._added[present] if here and present >= 0 else []
        return PROMPT.fill(part, reference="\n\n".join(hit.text for hit in hits)) if hits else ""


def _left_out(turns: Sequence[tuple[str, str]], room: int) -> int:
    """How many of the first turns are left out, so that the others take no more than so many characters.

    Half of the room is emptied at once: what a prompt begins with stays so for some steps, and in the cache.
    """
    sizes = [len(reply) + len(said) for reply, said in turns]
    first = 0
    for last in range(len(sizes)):
        if sum(sizes[first : last + 1]) > room:
            while first < last and sum(sizes[first : last + 1]) > room // 2:
                first += 1
    return first


def _repeats(steps: Sequence[Step]) -> bool:
    last = steps[-1]
    return any(
        (step.action, step.observation.key) == (last.action, last.observation.key) for step in steps[:-1]
    )


def _answered(messages: tuple[Message, ...], text: str, answer: str) -> tuple[Message, ...]:
    """The prompt after a reply that could not be used, and what is said to it."""
    said = Message(role="assistant", content=cut(text, 400) or "(empty)")
    return (*messages, said, Message(role="user", content=answer))


def _lacks_answer(action: Action, instruction: str) -> bool:
    return action.tool == STOP and not action.arguments.get("answer") and bool(ASKS.search(instruction))


def _just_done(action: Action, steps: Sequence[Step]) -> bool:
    return bool(steps) and steps[-1].action == action and not steps[-1].observation.failed


def _before(action: Action, steps: Sequence[Step]) -> list[Observation]:
    """What this action led to before, where nothing has changed since."""
    here = steps[-1].observation.state if steps else ""
    return [step.observation for step in steps if step.action == action and step.observation.state == here]


def _unforeseen(action: Action, task: Task, seen: Sequence[Observation]) -> bool:
    """What has come since the reply was written asks for another action than the one that it planned.

    Who writes `open the form` and goes on knows only the fields that there are before, such as a search:
    not that one is to be filled in where others have come. And what the task names in quotation marks is
    to be acted on where it comes into sight.
    """
    element = action.arguments.get("element")
    before, now = ({found[0] for found in ELEMENT.findall(one.text)} for one in (seen[0], seen[-1]))
    named = set(QUOTED.findall(task.instruction))
    come = [name for name in now - before if named.intersection(QUOTED.findall(name))]
    if come:
        return element not in come
    fields = [name for name in now - before if name.split()[0] in TYPED | CHOSEN]
    return action.tool in FILLS and bool(fields) and element in before


def _changed(start: Observation, steps: Sequence[Step]) -> bool:
    """The last action changed the state."""
    before = steps[-2].observation if len(steps) > 1 else start
    return bool(steps) and steps[-1].observation.state != before.state


def _lacking(task: Task, start: Observation, steps: Sequence[Step]) -> list[str]:
    """The files that a task names, and neither what was seen nor an action that worked: none was made."""
    seen = [start.text]
    for step in steps:
        done = () if step.observation.failed else map(str, step.action.arguments.values())
        seen += [step.observation.text, *done]
    return [name for name in named_files(without_stops(task.instruction)) if name not in "\n".join(seen)]
