"""What an instruction leaves out of a command: what it is for, and its options, as its documentation says it.

A small model writes "load the data from stations.csv" of `insert ... --csv --no-headers`. Who finds this
example would load every file without its header. The documentation says what the option means: "CSV file has
no header row" makes the instruction tell what was done, and costs no call.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Container, Iterator, Mapping, Sequence
from urllib.parse import unquote, urlsplit

from ..commands import above, called, hidden, named_files, page_of, prefix, split
from ..environments.changes import new_files
from ..environments.desktop.sheet import heading
from ..environments.places import FILLS, NUMBERED, QUOTED, TICKED, unquoted
from ..types import Document, Step
from .features import calls
from .readers.options import Option, clause, options
from .readers.synopsis import purpose

LONGEST = 40
"""Characters of a value that is told."""
FEWEST = 3
"""Characters from which a word says something."""
STEM = 5
"""First letters by which two words are the same."""
MADE = 2
"""New files that are told."""
GIVEN = 5
"""Names that are told: more are a list that the instruction means as a whole."""
URL = re.compile(r"^URL: /(\S*)", re.MULTILINE)
"""Of the page that an observation shows."""
_COMMON = frozenset(
    re.findall(r"\w+", "and are but can for from has have not that the this use used using was when with")
)


class Manual:
    """What a documentation says of commands and of their options."""

    def __init__(self, documents: Sequence[Document], tools: Sequence[str]) -> None:
        self._options: dict[str, dict[str, Option]] = {}
        self._purposes: dict[str, str] = {}
        self._pages = {page_of(document.title) for document in documents}
        for document in documents:
            for opening in calls(document.title, tools):
                known = self._options.setdefault(opening, {})
                for option in options(document.text):
                    for name in option.names:
                        known.setdefault(name, option)
                if opening == page_of(document.title) and (does := purpose(document.text)):
                    self._purposes.setdefault(opening, does)

    def told(self, instruction: str, commands: Sequence[str]) -> str:
        """The instruction, with a sentence for each thing that the commands do and that it does not tell."""
        for command in commands:
            for sentence in self._untold(instruction, command):
                if sentence not in instruction:
                    instruction = f"{_closed(instruction)} {sentence}"
        return instruction

    def about(self, instruction: str, steps: Sequence[Step], start: str) -> str:
        """The instruction, with what its commands name of what is there and it does not: "Index the column
        customer of orders" needs the database. `start`: what was there before the steps.

        Names that look like files; behind the name of a command that has a page, also names that were seen.
        """
        new = {name for step in steps for name in new_files(step.observation.text)}
        seen = "\n".join([start, *(step.observation.text for step in steps)])
        lines = (str(step.action.arguments.get("command", "")) for step in steps)
        words = dict.fromkeys(word for line in lines for word in self._given(line, seen))
        untold = [word for word in words if word not in new and not has_word(instruction, word)]
        if not 0 < len(untold) <= GIVEN:
            return instruction
        return f"{_closed(instruction)} It is about {', '.join(untold)}."

    def _given(self, line: str, seen: str) -> Iterator[str]:
        """The names that the commands of a line are given, without the values of options with a page."""
        for words in split(line):
            opening, end = called(words, self._pages)
            known = self._known(opening)
            values = 0
            for word in words[end:]:
                values -= 1
                if word[0] in "-'\"":
                    option = known.get(_apart(word, known)[-1])
                    values = option.following if option else 0
                elif values < 0 and (named_files(word) == [word] or (opening and _seen(word, seen))):
                    yield word

    def _untold(self, instruction: str, line: str) -> Iterator[str]:
        for words in split(line):
            opening, _ = called(words, self._options)
            does = self._purposes.get(opening, "")
            if does and not named(instruction, opening) and not _means(instruction, does):
                yield _sentence(does)
            known = self._known(opening)
            words = [part for word in words[prefix(words) :] for part in _apart(word, known)]
            for at, word in enumerate(words):
                name, _, joined = word.partition("=")
                option = known.get(name)
                if option is not None:
                    values = [joined] if joined else words[at + 1 : at + 1 + option.following]
                    value = " ".join(one.strip("'\"") for one in values)
                    if not _tells(instruction, option, value):
                        value = value if len(value) <= LONGEST else ""
                        yield _sentence(_does(option), value if option.values else "")

    def _known(self, opening: str) -> Mapping[str, Option]:
        """The options of a command, and of those above it."""
        return ChainMap(*(self._options.get(one, {}) for one in (opening, *above(opening))))


def _apart(word: str, known: Container[str]) -> list[str]:
    """The options of one letter that stand together in a word, if all are known: of `-am`, `-a` and `-m`."""
    letters = [f"-{letter}" for letter in word[1:]] if re.fullmatch("-[A-Za-z]{2,}", word) else []
    return letters if letters and word not in known and all(one in known for one in letters) else [word]


def made(instruction: str, steps: Sequence[Step]) -> str:
    """The instruction, with the new files that it does not name, if they are few: a tool may write elsewhere
    than its task means. What lies in a hidden folder (`.task/undo.data`) is the tool's own affair."""
    new = dict.fromkeys(name for step in steps for name in new_files(step.observation.text))
    untold = [name for name in new if not has_word(instruction, name) and not hidden(name)]
    if not 0 < len(untold) <= MADE:
        return instruction
    return f"{_closed(instruction)} This makes a new file: {', '.join(untold)}."


def entered(instruction: str, steps: Sequence[Step]) -> str:
    """The instruction of a session on a screen, with what was typed and chosen last in each field, and what
    was ticked, where it does not say so: who is told to "rename the sheet" cannot know how."""
    last: dict[str, str] = {}
    ticked: dict[str, None] = {}
    for step in steps:
        said = step.action.arguments
        value = str(said.get("text", "") or said.get("option", "")).strip()
        element = str(said.get("element", ""))
        label = QUOTED.search(element)
        chooses = step.action.tool == "select" and "text" in said  # Words of a text: see `selected`.
        if step.action.tool in FILLS and not chooses and label and 0 < len(value) <= LONGEST:
            last[unquoted(label[1]).rstrip(": ")] = value
        elif step.action.tool in ("click", "check") and label and element.partition(" ")[0] in TICKED:
            ticked[unquoted(label[1]).rstrip(": ")] = None
    untold = [f"{label}: {value}." for label, value in last.items() if value not in instruction]
    said_of = stems(" ".join([instruction, *untold]))
    # Of a choice that opens a field, such as "resolve as", the field says it.
    chosen = [f"Choose {label}." for label in ticked if len(label) <= LONGEST and not stems(label) & said_of]
    added = [*untold, *chosen]
    return " ".join([_closed(instruction), *added]) if added else instruction


def selected(instruction: str, steps: Sequence[Step], start: str) -> str:
    """The instruction of a session on a sheet or a text, with the cells or words that were selected and the
    tab that was chosen, where it does not say so. `start`: what was there before the steps."""
    seen, sentences = [start], []
    for step in steps:
        role, _, label = str(step.action.arguments.get("element", "")).partition(" ")
        name = label.strip('"')
        if step.action.tool == "click" and role in ("cell", "tab") and not has_word(instruction, name):
            head = heading(seen, re.sub(r"\d.*", "", name)) if role == "cell" else ""
            sentences.append(f"It is about {name}{f' ({head})' if head else ''}.")
        elif role == "paragraph" and (about := _words_of(step)) and about not in instruction:
            sentences.append(f'It is about "{about}".')
        seen.append(step.observation.text)
    return " ".join([_closed(instruction), *sentences]) if sentences else instruction


def _words_of(step: Step) -> str:
    """The words that a step selects in a text, or with which the paragraph begins that it chooses; ""."""
    said = step.action.arguments
    name = QUOTED.search(str(said.get("element", "")))
    if step.action.tool not in ("click", "select") or not name:
        return ""
    return str(said.get("text", "")) or unquoted(name[1]).removesuffix("...")


def opened(instruction: str, steps: Sequence[Step]) -> str:
    """The instruction of a session on a site, with the item whose page was opened by its number, where it
    does not say so: of `goto /ticket/17` a small model says "Set the version to 1.2-beta"."""
    about = item(steps)
    if not about or has_word(instruction, about.rpartition(" ")[2]):
        return instruction
    return f"{_closed(instruction)} It is about {about}."


def item(steps: Sequence[Step]) -> str:
    """The item of many that a session on a site opened, by its address or a link, and stayed at: `ticket 17`.

    "" where there is none."""
    for at, step in enumerate(steps):
        address = _opened(step)
        pieces = address.split("/")
        own = NUMBERED.fullmatch(pieces[-1])
        if own or (len(pieces) > 1 and any(map(str.isdigit, pieces[-1]))):
            # What was done last may lead on; who left before did something elsewhere.
            seen = "\n".join(one.observation.text for one in steps[at:-1])
            left = any(not path.startswith(address) for path in URL.findall(seen))
            if not left:
                return " ".join(map(unquote, own.groups() if own else pieces[-2:]))
    return ""


def _opened(step: Step) -> str:
    """The path of the page that a step goes to, or that its click on a link opened; or ""."""
    url = str(step.action.arguments.get("url", ""))
    if step.action.tool == "click" and str(step.action.arguments.get("element", "")).startswith("link "):
        url = f"/{next(iter(URL.findall(step.observation.text)), '')}"
    return urlsplit(url).path.strip("/")


def makes(instruction: str, about: str) -> bool:
    """The instruction is to make a new thing of the kind of an item that was there: of a comment on ticket 17
    a small model says "Create a new ticket"."""
    kind = re.escape(about.partition(" ")[0].removesuffix("s"))
    wanted = rf"\b(create|add|make|open|submit|write) (a|another|one) (new )?{kind}\b"
    return bool(about) and bool(re.search(wanted, instruction, re.IGNORECASE))


def done_with(instruction: str, steps: Sequence[Step]) -> str:
    """The instruction of a session on a desktop, with the item of a menu that was clicked first, where no
    word of it is told: of "View > Zoom > Page Width" a small model says that the file was saved."""
    for step in steps:
        role, _, label = str(step.action.arguments.get("element", "")).partition(" ")
        path = QUOTED.fullmatch(label)
        if step.action.tool == "click" and role == "menuitem" and path:
            item = unquoted(path[1]).rstrip(".\u2026")
            does = stems(item.rpartition(" > ")[2])
            told = not does or does & stems(instruction)
            return instruction if told else f"{_closed(instruction)} It is done with {item}."
    return instruction


def has_word(text: str, name: str) -> bool:
    """A text has this name, and not only within another."""
    return bool(re.search(rf"(?<![\w/-]){re.escape(name)}(?![\w-])", text))


def _seen(word: str, seen: str) -> bool:
    return len(word) >= FEWEST and not word.isdigit() and has_word(seen, word)


def named(instruction: str, opening: str) -> bool:
    """Every word of a command's own name is in the instruction: of `git remote add`, `add`."""
    return stems(opening.rpartition(" ")[2]) <= stems(instruction)


def _means(instruction: str, text: str) -> bool:
    """Half of what a text says is in the instruction."""
    meant = stems(text)
    return bool(meant) and 2 * len(meant & stems(instruction)) >= len(meant)


def _tells(instruction: str, option: Option, value: str) -> bool:
    """By its name, a word of it, its value, or half of what its help says."""
    words, values = stems(instruction), stems(value)
    return (
        bool(re.search(rf"(?<![\w-]){re.escape(option.name)}(?![\w-])", instruction))
        or bool(stems(option.name) & words)
        or bool(values and values <= words)
        or not stems(_does(option))
        or _means(instruction, _does(option))
    )


def _does(option: Option) -> str:
    """What the help of an option says that it does; `object(s)` is no place to end."""
    return clause(re.sub(r"(?<=\w)\((e?s)\)", r"\1", option.help))


def _closed(instruction: str) -> str:
    """An instruction as a sentence that others can follow."""
    text = instruction.rstrip(". ")
    return text if text.endswith(("?", "!")) else f"{text}."


def _sentence(text: str, value: str = "") -> str:
    return f"{text[0].upper()}{text[1:]}{f': {value}' if value else ''}."


def stems(text: str) -> set[str]:
    """How the words of a text begin that say something."""
    words = re.findall(r"[^\W_]+", text.lower())
    return {word[:STEM] for word in words if (len(word) >= FEWEST or word.isdigit()) and word not in _COMMON}
