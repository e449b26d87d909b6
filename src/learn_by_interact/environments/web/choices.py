"""Which actions a page has, as the form of a reply: left free, a small model names what is not there.

The form is a JSON schema with a pattern, over JSON text, for endpoints that have structured output; an
endpoint without it is asked as before, and what it writes is read by `actions.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from ...patterns import literal, one_of
from ...types import STOP, Action
from ..places import ELEMENT, HELD, Offered, disabled, offered
from ..places import TYPED as FIELDS
from .acting import TYPED

AS_BEFORE = "(All else on this page is as before.)"
"""The line of an observation that tells only what changed."""
TEXT = r"[^\"\\\n]{1,160}"
"""Of an answer, and of an option that is not told."""
WRITTEN = r"([^\"\\\n]|\\\\(\\\"|\\\\)){1,400}"
"""Of what is typed: quotation marks and backslashes have a backslash before them."""
_OF_PIECE = r"[^\"\\ \n;\[\]“”?#=&%`*/]"
PIECE = rf"/{_OF_PIECE}{{0,40}}"
"""Of an address; a small model that may go on behind it writes its next action there, or a query."""
CODED = rf"/({_OF_PIECE}|%[0-9A-F]{{2}}){{0,40}}"
"""Of an address where one is known that has such signs."""
ADDRESS = re.compile(r"(?:ACTION: goto|URL:) (/[^\s\"\\?#]*)(?:\?([^\s\"\\#]+))?")
"""In an observation, and in a demonstration: path, query."""
DEEP = 3
"""Pieces of an address where none is known that has more."""
VALUE = r"([A-Za-z0-9_.!~:+-]|%[0-9A-F]{2}){0,40}"
"""Of a query."""
QUERIES = 20
"""Of addresses; of more, the first."""
KEYS = ("Enter", "Tab", "Escape", "ArrowDown", "ArrowUp", "ArrowLeft", "ArrowRight")
EDITS = ("Control+a", "Backspace")
"""Keys for a page with a field that holds a text: elsewhere they are taken for buttons' names."""
TABS = re.compile(r"^Tabs: (\d+(?: \(this one\))?(?:, \d+(?: \(this one\))?)+)$", re.MULTILINE)
"""In an observation, where there are several."""
TOLD = ("ACTION: ", "There: ")
"""What lines begin with that name elements of other pages: those of demonstrations, and of the survey."""
MOST = 120
"""Elements; of a page with more, the first."""


def schema(
    seen: Sequence[str],
    tried: Sequence[Action],
    known: Sequence[str] = (),
    most: int = 1,
    leaves: bool = True,
) -> dict[str, Any] | None:
    """The form of a reply after these observations; None where the page has nothing that can be acted on.

    `tried`: what is not to be done again here. `known`: texts about other pages, whose elements may be named.
    `most`: actions of one reply; those after the first may be on any of these elements. `leaves`: there are
    other pages.
    """
    every = list(named(seen))
    found, lists = every[:MOST], offered(every)
    if not found:
        return None
    done = {(action.tool, action.arguments.get("element", "")) for action in tried}
    elsewhere = [*_elsewhere(known, {name for name, _, _ in found})]
    rest = []
    if leaves:
        rest += [f"goto ({_addresses((*reversed(seen), *known))})", "back"]
    if any("(Part " in text for text in seen[-1:]):
        rest.append("scroll (down|up)")
    rest += _tabs(seen[-1])
    # Who types and sends with Enter goes on to send so where it does nothing.
    once = {"Enter", "Escape", *EDITS}
    idle = {action.arguments.get("key") for action in tried if action.tool == "press"} & once
    keys = (*KEYS, *(EDITS if _holding(found) else ()))
    # A reply of several begins on this page, and can go on elsewhere, or with what it has enabled.
    first = [
        *_here(enabled(found), lists, done),
        *(elsewhere if most == 1 else ()),
        _press(keys, idle),
        *rest,
    ]
    later = [*_here(found, lists, set()), *elsewhere, _press(keys, set()), *rest]
    return replies(first, later, most, len(seen) == 1, tried)


def replies(
    first: Sequence[str], later: Sequence[str], most: int, begins: bool, tried: Sequence[Action] = ()
) -> dict[str, Any]:
    """JSON schema of a reply: one of the forms `first`, with `most` > 1 up to so many with those of `later`.

    Several end with a stop: a small model that may end after any of them ends after the first. Who `begins`,
    and has done nothing yet, may stop with an answer, and not without one; who `tried` to stop here has to go
    on.
    """
    stop = rf"stop {TEXT}" if begins else rf"stop( {TEXT})?"
    one, other = "|".join(first), "|".join(later)
    if most > 1:
        one = rf"({one})(\\nACTION: ({other})){{0,{most - 1}}}\\nACTION: stop"
    # With the label that the prompt asks for: without it a small model goes on otherwise than it would.
    either = one if any(action.tool == STOP for action in tried) else f"{one}|{stop}"
    return {"type": "string", "pattern": f"^ACTION: ({either})$"}


def _press(keys: Sequence[str], idle: Set[object]) -> str:
    """One of these keys, other than those that are idle."""
    return f"press ({'|'.join(_literal(key) for key in keys if key not in idle)})"


def _tabs(text: str) -> list[str]:
    """What can be done with the tabs that an observation tells of."""
    if not (told := TABS.search(text)):
        return []
    others = [one for one in told[1].split(", ") if one.isdigit()]
    return [f"tab ({'|'.join(others)})", "close_tab"]


def _holding(found: Sequence[tuple[str, str, str]]) -> list[str]:
    """The names of those fields that hold a text."""
    return [
        name
        for name, role, said in found
        if role in FIELDS and (held := HELD.match(said)) is not None and held[1]
    ]


def _here(
    found: Sequence[tuple[str, str, str]], lists: Mapping[str, Offered], done: set[tuple[str, str]]
) -> Iterator[str]:
    """What can be done with elements of this page, other than what was `done`: tools and elements."""
    click = [name for name, _, _ in found if ("click", name) not in done]
    fields = [
        name for name, role, _ in found if role in TYPED and name not in lists and ("type", name) not in done
    ]
    if click:
        # Who is told to press Submit writes `press`: read as a click.
        yield rf"(click|press) \[({any_of(click)})\]"
    if fields:
        yield rf"type \\\"{WRITTEN}\\\" into \[({any_of(fields)})\]"
    if emptied := [name for name in _holding(found) if name in fields]:
        yield rf"type \\\"\\\" into \[({any_of(emptied)})\]"
    for name, role, _ in found:
        if role in ("combobox", "listbox") and name in lists:
            # Of a long list not all is told, and what it lacks is answered with what it has.
            given = [any_of(lists[name].options)] if lists[name].options else []
            if given or not lists[name].whole:
                one = "|".join([*given, *([] if lists[name].whole else [TEXT])])
                yield rf"select \\\"({one})\\\" in \[{_literal(name)}\]"


def _elsewhere(known: Sequence[str], here: set[str]) -> Iterator[str]:
    """What can be done with elements that the page lacks, and that an action or a page in these texts has."""
    others = {name: role for name, role, _ in told(known) if '"' in name}
    rest = [(name, role) for name, role in others.items() if name not in here][:MOST]
    if click := [name for name, role in rest if role not in TYPED]:
        yield rf"click \[({any_of(click)})\]"
    if fields := [name for name, role in rest if role in TYPED and role != "combobox"]:
        yield rf"type \\\"{WRITTEN}\\\" into \[({any_of(fields)})\]"
    if lists := [name for name, role in rest if role in ("combobox", "listbox")]:
        yield rf"select \\\"{TEXT}\\\" in \[({any_of(lists)})\]"


def _addresses(texts: Sequence[str]) -> str:
    """Paths as long as those of these texts, and addresses with their queries, whatever the values."""
    told = [match for text in texts for match in ADDRESS.findall(text)]
    deep = max([DEEP, *(path.count("/") for path, _ in told)])
    piece = CODED if any("%" in path for path, _ in told) else PIECE
    found = {rf"({piece}){{1,{deep}}}": None}
    for path, query in told:
        if query:
            names = [_literal(part.partition("=")[0]) for part in query.split("&")]
            found[rf"{_literal(path)}\?{'&'.join(f'{name}={VALUE}' for name in names)}"] = None
    return "|".join(list(found)[: QUERIES + 1])


def told(known: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Name, role and what is told of each element that actions and pages in these texts name."""
    for text in known:
        for line in text.split("\n"):
            if line.startswith(TOLD):
                yield from ELEMENT.findall(line)


def named(seen: Sequence[str], same: str = AS_BEFORE) -> Iterator[tuple[str, str, str]]:
    """Name, role and what is told of each element of the present page, the newest first, each once.

    `same`: the line of an observation that tells only what changed.
    """
    known: set[str] = set()
    for text in reversed(seen):
        brief = same in text
        for line in text.split("\n"):
            if brief and line.startswith("- "):
                continue  # It is gone.
            for name, role, said in ELEMENT.findall(line):
                if name not in known:
                    known.add(name)
                    yield name, role, said
        if not brief:
            return


def enabled(found: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Those of the elements that `named` gives that are not told to be disabled."""
    return [one for one in found if not disabled(one[2])]


def any_of(texts: Iterable[str]) -> str:
    """One of these, in a pattern over JSON text, in which quotation marks are escaped.

    What they begin with alike stands once: an endpoint that follows the pattern has to think of all that may
    come next, and took seconds for each token where two hundred names stood beside each other.
    """
    return one_of(_escaped(text) for text in texts)


def _escaped(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _literal(text: str) -> str:
    return literal(_escaped(text))
