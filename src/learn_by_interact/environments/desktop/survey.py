"""Looking an application over, without a model: what its menus and tools do, and the dialogs that they open.

An item of a menu whose name ends in dots opens a dialog, by the custom of all desktops: it is opened and
left with Escape. What else a menu or a tool bar has acts at once, and is only noted. Nothing is kept: an
application that is not as before afterwards is started anew.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from ...errors import EnvironmentFault
from ...types import Observation, Task
from ..places import LEADS_NOWHERE, LIST, TICKED, TYPED, Field, Form, Place, elements
from ..web.layout import parts
from .paragraphs import Paragraphs
from .screen import WINDOWS, Item, Screen, disabled
from .sheet import Selection, Sheet, selections

if TYPE_CHECKING:
    from .environment import DesktopEnvironment

WORD = re.compile(r"[a-z]{4,}")
LEAVES = re.compile(
    r"(?i)\b(close|customi[sz]e|digital|e-?mail|exit|extensions?|help|licen[cs]e|log ?out|macros?|open|quit"
    r"|recent|redo|reload|remote|repeat|restart|save|scan|send|templates?|undo|update|wizards?)\b"
)
"""Items of menus that lead out of the application, or to what a task is not about."""
OPENS = ("...", "\u2026")
"""What the name of an item ends with that opens a dialog."""
LEADS_BACK = re.compile(r'button "(Cancel|Close)"')
BACK = 3
"""Times that Escape is pressed to leave a dialog."""
BROKEN = 20
"""Times that the application is started anew before the survey ends with what was found."""
TABS = 6
"""Parts of a dialog that are looked at, each behind a tab."""
ALIKE = 12
"""Items of a menu in another menu: many that are one choice, such as of a language."""
CHOICES = 12
"""Options of a list that are told."""
LONG = 80
"""Characters of a text that is an explanation, and not to be changed."""


class Survey:
    """A walk through an application; used once."""

    def __init__(self, begin: Callable[[], DesktopEnvironment], most: int, about: Sequence[str] = ()) -> None:
        """`begin` makes an environment that was not entered yet; `most`: dialogs that are opened, first those
        of which the texts of `about` speak."""
        self._begin, self._most = begin, most
        self._about = Counter(word for text in about for word in WORD.findall(text.lower()))
        self._stack = ExitStack()
        self._starts = 0
        self._here: DesktopEnvironment
        self._first = Observation(text="", key="")

    def places(self) -> tuple[Place, ...]:
        """What was found, also where the application breaks on the way.

        Raises EnvironmentFault when it does not come up at first.
        """
        with self._stack:
            self._start()
            screen = self._here.screen
            text = "\n".join(parts(screen.lines, self._here.desktop.chars)[0])
            sheets = [_document(screen), *self._others(screen)]
            found = [_window(screen, text), *_acts(screen, text, sheets)]
            names = self._dialogs(screen)
            for name, where in zip(names, selections(sheets, len(names)), strict=True):
                with suppress(EnvironmentFault):
                    found += self._behind(name, where)
                if not self._back() and not self._again():
                    break
            return tuple(found)

    def _start(self) -> None:
        self._starts += 1
        self._here = self._stack.enter_context(self._begin())
        self._first = self._here.reset(Task(environment=self._here.name, instruction=""))

    def _again(self) -> bool:
        """Start the application anew -> whether it is there."""
        self._stack.pop_all().close()
        if self._starts > BROKEN:
            return False
        try:
            self._start()
        except EnvironmentFault:
            return False
        return True

    def _do(self, written: str) -> Observation:
        return self._here.step(self._here.actions.parse(f"ACTION: {written}")[1])

    def _others(self, screen: Screen) -> Iterator[Sheet]:
        """The sheet behind the next tab, which is left again."""
        tabs = [one for one in elements("\n".join(screen.content)) if one.role == "tab"]
        here = [one for one in tabs if "selected" in screen.elements[one.element].node["states"]]
        if not Sheet(screen).selections() or len(here) != 1 or len(tabs) < 2:
            return
        other = tabs[1 - len(tabs) + tabs.index(here[0])].element
        if not self._do(f"click [{other}]").failed:
            yield Sheet(self._here.screen, other)
        if self._do(f"click [{here[0].element}]").failed:
            self._again()

    def _dialogs(self, screen: Screen) -> list[str]:
        """Items that open a dialog: in turn of each menu, but those with words that are spoken of first, rare
        ones among the items above all."""
        menus: dict[str, list[str]] = defaultdict(list)
        for name, item in screen.elements.items():
            if _offered(item) and item.path.endswith(OPENS):
                menus[item.path.partition(" > ")[0]].append(name)
        turns = max(map(len, menus.values()), default=0)
        dealt = [names[turn] for turn in range(turns) for names in menus.values() if turn < len(names)]
        words = {name: set(WORD.findall(screen.elements[name].path.lower())) for name in dealt}
        common = Counter(word for some in words.values() for word in some)

        def spoken_of(name: str) -> float:
            told = (math.sqrt(self._about[word]) / common[word] for word in words[name])
            return sum(told) / math.sqrt(len(words[name]) + 1)

        return sorted(dealt, key=lambda name: -spoken_of(name))[: self._most]

    def _behind(self, name: str, where: Selection) -> list[Place]:
        """The dialog that an item of a menu opens, part by part; [] where it opens none."""
        before = self._here.screen
        path = (f"click [{name}]",)
        for one in (*where.actions, *path):
            seen = self._do(one)
        title = next((one for one in self._here.screen.titles if one not in before.titles), "")
        if seen.failed or not title or title in WINDOWS:
            return []
        found = [self._part(path, title, where, before)]
        tabs = [one for one in elements(found[0].text) if one.role == "tab"]
        for tab in tabs[:TABS] if len(tabs) > 1 else ():
            if not self._do(f"click [{tab.element}]").failed:
                found.append(self._part([*path, f"click [{tab.element}]"], title, where, before))
                found[-1] = found[-1].model_copy(update={"title": f"{title}: {tab.label}"})
        return [one for one in found if one.forms]

    def _part(self, path: Sequence[str], title: str, where: Selection, before: Screen) -> Place:
        screen = self._here.screen
        shown = _lines(screen, title)
        form = _form(screen, shown)
        told = [*where.told, *parts(shown, self._here.desktop.chars)[0]]
        forms = (form,) if form else ()
        return Place(
            path=tuple(path),
            title=title,
            text="\n".join(told),
            forms=forms,
            before=where.actions,
            after=_saved(before),
        )

    def _back(self) -> bool:
        """Leave what is open -> whether all is as it was at first."""
        with suppress(EnvironmentFault):
            leaves = next((one for one in self._here.screen.elements if LEADS_BACK.fullmatch(one)), "")
            if leaves and self._do(f"click [{leaves}]").state == self._first.state:
                return True
            for _ in range(BACK):
                if self._do("press Escape").state == self._first.state:
                    return True
        return False


def _document(screen: Screen) -> Sheet | Paragraphs:
    """What is selected in: a sheet, or else a text."""
    sheet = Sheet(screen)
    return sheet if sheet.selections() else Paragraphs(screen)


def _window(screen: Screen, text: str) -> Place:
    """What the application shows at the start: cells, paragraphs or fields that can be written into."""
    fields = _document(screen).fields()
    if not fields:
        typed = [one for one in elements("\n".join(screen.content)) if one.role in TYPED]
        fields = [one if one.label else one.model_copy(update={"label": "the text"}) for one in typed]
    forms = (Form(fields=tuple(fields), buttons=()),) if fields else ()
    return Place(path=(), title=screen.titles[0], text=text, forms=forms, after=_saved(screen))


def _acts(screen: Screen, text: str, sheets: Sequence[Sheet | Paragraphs]) -> Iterator[Place]:
    """Items of menus, and tools, that act at once, each on something that is selected before.

    `text`: what the window shows. Items that lead to another window are left out: they have its title; and
    tools that a menu has with dots behind the name: they open its dialog.
    """
    known, kinds = [], Counter[str]()
    opening = {one.path.rpartition(" > ")[2].rstrip(".\u2026") for one in _opening(screen)}
    titles = tuple(filter(None, screen.titles))
    for name, item in screen.elements.items():
        if item.path.endswith(titles):
            continue
        acts = _offered(item) and not item.path.endswith(OPENS)
        if acts or (_tool(item) and item.label not in opening):
            menu = item.path.rpartition(" > ")[0]
            kinds[menu] += " > " in menu
            if kinds[menu] <= ALIKE:
                known.append((name, item.path or item.label))
    for (name, title), where in zip(known, selections(sheets, len(known)), strict=True):
        button = Field(element=name, role=name.partition(" ")[0], label=title)
        yield Place(
            path=(),
            title=title,
            text="\n".join([f"Window: {screen.titles[0]}", *where.told]) if where.told else text,
            forms=(Form(fields=(), buttons=(button,)),),
            before=where.actions,
            after=_saved(screen),
        )


def _opening(screen: Screen) -> Iterator[Item]:
    """Items of menus that open a dialog."""
    return (one for one in screen.elements.values() if one.role == "menuitem" and one.path.endswith(OPENS))


def _offered(item: Item) -> bool:
    """An item of a closed menu that can be clicked."""
    closed = item.role == "menuitem" and " > " in item.path and not disabled(item)
    return closed and not LEAVES.search(item.path) and not item.path.endswith("> Save")


def _tool(item: Item) -> bool:
    """A button of a tool bar."""
    bar = item.place not in ("", "menu", "status")
    named = item.label not in ("", "Save")
    return bar and item.role == "button" and named and not disabled(item)


def _saved(screen: Screen) -> tuple[str, ...]:
    """What keeps a change of a document, where the application has documents."""
    saves = any(re.search(r"(?:^|> )_?Save$", item.path or item.label) for item in screen.elements.values())
    return ("press Control+s",) if saves else ()


def _lines(screen: Screen, title: str) -> list[str]:
    """What the window of this title shows, without tools and menus."""
    heads = {f"{kind}: {one}" for kind in ("Window", "Dialog") for one in screen.titles}
    lines = list(screen.lines[: len(screen.content) + len(screen.titles)])
    begin = next((at for at, line in enumerate(lines) if line in heads and line.endswith(f": {title}")), 0)
    end = next((at for at, line in enumerate(lines) if at > begin and line in heads), len(lines))
    return lines[begin:end]


def _form(screen: Screen, lines: Sequence[str]) -> Form | None:
    """What a dialog asks for, and the buttons in its last row, which end it."""
    rows = [list(elements(line)) for line in lines]
    buttons = [[one for one in row if one.role == "button" and one.label] for row in rows]
    last = next((row for row in reversed(buttons) if row), [])
    ends = [one for one in last if not LEADS_NOWHERE.match(one.label)]
    every = [one for row in rows for one in row]
    fields = [one for one in every if one.label and one.role in TYPED | TICKED and len(one.value) <= LONG]
    fields += _lists(screen, {one.element for one in every})
    return Form(fields=tuple(fields), buttons=tuple(ends)) if ends else None


def _lists(screen: Screen, shown: set[str]) -> Iterator[Field]:
    """Lists of which one item is clicked, as the kinds of numbers that a cell may hold."""
    lists: dict[str, list[Item]] = defaultdict(list)
    for name, item in screen.elements.items():
        if item.role in ("cell", "item") and item.box and name in shown and " #" not in name:
            lists[f"{item.role} {item.node.get('within', '')}"].append(item)
    for named, items in lists.items():
        role, _, label = named.partition(" ")
        chosen = [one.label for one in items if "selected" in one.node["states"]]
        options = tuple(one.label for one in items if one.label)[:CHOICES]
        if label and len(options) > 1:
            yield Field(element=role, role=LIST, label=label, options=options, value="".join(chosen[:1]))
