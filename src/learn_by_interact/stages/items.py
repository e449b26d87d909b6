"""What a task that is asked for is to be about: a thing that is there, and a command with its grammar."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..commands import files_there, kind_of
from ..patterns import literal
from ..types import Value
from .demands import FOLLOWED, Demand
from .readers.arguments import REPEATED
from .readers.grammar import SPOKEN, fed, pattern
from .readers.options import Option, clause
from .readers.synopsis import OPTIONS, stops

OPEN = re.compile(r"[<\[]|\b[A-Z]{2}")
"""What a form has where it leaves something open."""
SEVERAL = re.compile(r"file\w*[\]>]? ?\.\.\.|\bpaths\b", re.IGNORECASE)
"""An argument of a synopsis that names several files."""
KEYED = re.compile(r"[^\W\d][\w ]* (\d+)(?:, |$)|#?(\d+)[.):]? +\S")
"""A thing that is called by a number: `ID 7, Description Call the plumber`, or `3 (B) Write report`."""


class Item(Value):
    """What a task is to be about or to show, and how its command is written."""

    text: str
    free: str = ""
    """Regular expression of its command where no synopsis is known; "" for any."""
    told: str = ""
    """Regular expression of the task, over JSON text; "" for any."""
    synopsis: str = ""
    """As `readers.synopsis.forms` gives it."""
    chosen: tuple[Option, ...] = ()
    """Options that the command has."""
    known: tuple[Option, ...] = ()
    """Those of its page: the command may have them, if any are chosen."""
    rest: str = ""
    """Regular expression of what may stand in the place of options that are not known."""
    inputs: tuple[str, ...] = ()
    """Files that its argument FILE can name."""
    targets: tuple[str, ...] = ()
    """Those that it can go into."""
    most: int = REPEATED[-1]
    """How often an argument that may be repeated is given."""
    further: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Arguments, and what of their kind is there."""
    fed: bool = False
    """It reads one of its inputs from the standard input: `tool sum 1 < scores.tsv`."""
    strict: bool = False
    """Its options stand where its synopsis has them, before what it is applied to; see also `stops`."""
    into: bool = False
    """What it prints goes into a file."""
    common: bool = False
    """Its option is one that most pages have."""
    thing: str = ""
    """The line of the start state that the task is about; "" for any."""
    word: str = ""
    """Regular expression of a word that its repeated argument has."""
    above: tuple[str, str] = ("", "")
    """A command above that of the synopsis, and the regular expression of its option."""

    @property
    def fixed(self) -> bool:
        """There is one such command only."""
        asked = OPTIONS.sub("", self.synopsis) if not self.rest else self.synopsis
        return bool(self.synopsis) and not self.known and not OPEN.search(asked)

    @property
    def form(self) -> str:
        """Regular expression of the command, over JSON text; "" for any."""
        if not self.synopsis:
            return self.free
        known, key = self.known if self.chosen else (), number_of(self.thing)
        files, targets, further = self.inputs, self.targets, dict(self.further)
        if self.word:
            further[SPOKEN] = (self.word,)
        whole = pattern(
            self.synopsis,
            known,
            self.chosen,
            files,
            targets,
            self.rest,
            self.most,
            key,
            further,
            self.into,
            self.strict or stops(self.synopsis, self.known),
        )
        if self.fed:
            whole = fed(whole, files)
        over, option = self.above
        return whole.replace(f"^{literal(over)} ", f"^{literal(over)} {option} ", 1) if over else whole

    @property
    def line(self) -> str:
        """What the question says of this task."""
        return f"{self.thing}; {self.text}" if self.thing else self.text

    def kind(self, thing: str) -> Option | None:
        """The option of the page that is called as the kind of the file of a thing: `--csv`."""
        names = {f"--{kind}" for kind in kinds_of(thing)} if self.inputs else ()
        return next((option for option in self.known if option.name in names and not option.values), None)

    def about(self, thing: str) -> Item:
        """This item about a thing: what it reads is the thing's file, with the option that says its kind.

        What reads several files can read all.
        """
        several = bool(SEVERAL.search(self.synopsis))
        files = self.inputs if several else tuple(name for name in self.inputs if name in files_of(thing))
        kind = self.kind(thing) if files and self.chosen else None
        if kind is None or kind in self.chosen:
            return self.model_copy(update={"thing": thing, "inputs": files or self.inputs})
        return self.model_copy(
            update={
                "thing": thing,
                "inputs": files,
                "text": f"{self.text} and {kind.name}",
                "chosen": (kind, *self.chosen),
            }
        )

    def of(self, files: Sequence[str]) -> Item:
        """This item, whose command reads one of the files from the standard input, if there are any."""
        return self.model_copy(update={"inputs": tuple(files), "fed": True}) if files else self

    def kept(self) -> Item:
        """This item with its output in a new file."""
        return self.model_copy(update={"text": f"{self.text}; its output goes into a new file", "into": True})

    def demanding(self, demands: Sequence[Demand], turn: int) -> Item:
        """This item with an option of each demand that none of its own meets: in turn another one."""
        more: list[Option] = []
        for demand in demands:
            if set(demand).isdisjoint((*self.chosen, *more)):
                more.append(demand[turn % len(demand)])
        if not more or not self.synopsis or any(one.ends for one in self.chosen):
            return self
        told = " and ".join(f"{one.name} ({clause(one.help)})" for one in more)
        text = f"{self.text} and {told}" if self.chosen else f"with {told}"
        first = [one for one in self.chosen if FOLLOWED.search(one.help)]
        rest = [one for one in self.chosen if one not in first]
        return self.model_copy(update={"text": text, "chosen": (*first, *more, *rest)})


def number_of(thing: str) -> str:
    """The number by which a thing of the start state is called, whatever it stands under; or ""."""
    keyed = KEYED.match(thing) or KEYED.match(thing.partition(": ")[2])
    return (keyed[1] or keyed[2]) if keyed else ""


def files_of(thing: str) -> frozenset[str]:
    return frozenset(files_there(thing.partition(":")[0]))


def kinds_of(thing: str) -> frozenset[str]:
    return frozenset(kind_of(name).lower() for name in files_of(thing))
