"""How a documentation says that commands are written: its synopses, which `grammar` makes grammars of.

Understood are usage lines (`Usage: tool insert [OPTIONS] PATH TABLE`, also over several lines) and lines that
name a tool and have placeholders (`tool <filter> modify <mods>`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from ...commands import page_of
from ...types import Document, digest
from . import indent
from .options import ASIDE, Option, clause, options
from .positional import GROUP, with_placeholders
from .spelt import NAME

CHOICE = re.compile(r"(?<!\S)\(([^()|]+(?:\|[^()|]+)+)\)(?!\S)")
CHOSEN = (r"-[A-Za-z]", r"[a-z][\w-]*", r"--[a-z][\w-]*(?:[ =](?:<[^<>]*>|[A-Z][A-Z\d_-]*|[a-z]+))?")
"""What each of a choice is of which a synopsis is made for each: letters, words, options with long names."""
CHOICES = 3
"""Choices of a synopsis of which each is made one; of further ones the first is taken."""
NESTED = re.compile(r"\[([a-z][\w-]*) \[([a-z][\w-]*)\]\]")
USAGE = re.compile(r"^\s*(?:usage:\s*|or:\s+)", re.IGNORECASE)
"""What a usage begins with, and further ones below it, as GNU's tools have them."""
FULL = 70
"""Characters of a line from which on the next, if it begins with a group, may go on with it."""
CARRIED = re.compile(r"\s+\\$")
"""The end of a line of a synopsis that goes on as a line of a shell does."""
CONTINUED = 8
"""Blanks that the further lines of a usage begin with, at least."""
LITERAL = re.compile(r"[a-z\d][\w:.-]*|[\w:.-]*[a-z][\w:.-]*|-[A-Z]")
"""A part of a synopsis that is written as it stands."""
STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORDS = re.compile(r"[\w-]+( [a-z][\w.-]*)+")
"""A command without placeholders; what it does stands below it, indented further."""
OPTIONS = re.compile(
    r"\[-{0,2}<?(?:[a-z]+[-_])?(?:OPTION|FLAG|SWITCH|OPERATION)(?:S|\(S\))?>?(?:\.\.\.)?\](?:\.\.\.)?"
    r"|<(?:[a-z]+[-_])*(?:OPTION|FLAG|SWITCHE)S>|\[[a-z]+OPTIONS\]|(?-i:OPTIONS?)(?:\.\.\.)?",
    re.IGNORECASE,
)
"""Where options stand in a synopsis."""
WHOLE = "[OPTIONS]"
"""What stands in a synopsis in the place of a list of them."""
ANY_COMMAND = re.compile(
    r"<(?:sub)?command>|<action>|<verb>|\b(?:SUB)?COMMAND\b|\bACTION\b|(?<=\] )action(?= \[|$)"
    r"|(?-i:\bCMD\b)|\{[\w-]+(?:,[\w-]+)+\} \.\.\.",
    re.IGNORECASE,
)
"""What a synopsis has that stands for several: `tool <filter> <command> <mods>`."""
ENTRY = re.compile(
    r"(?P<name>[a-z][a-z\d-]+)(?:, [a-z][a-z\d-]*)*"
    r"(?P<marked>(?: (?:\[(?:[^\[\]]|\[[^\[\]]*\])+\]|<[^<>]+>|[A-Z]{2}[A-Z\d_#-]*|\"[A-Z]{2}[^\"]*\")"
    r"(?:\.\.\.)?)*)"
    r"(?P<plain>(?: [a-z][a-z-]*(?:\.\.\.)?)+)?(?:\s{2,}(?P<told>\S.*))?"
)
"""A command in a list of them, and what it does where that stands behind it."""
COMMANDS = re.compile(r"(?i)(?<!interactive )(?<!meta-)\b(?:sub)?(?:commands|actions)(?: \([^()]*\))*$")
"""The end of the title of a section about a tool's commands, not about what is typed when it runs."""
CAPITALS = re.compile(r"[\w.-]+(?: [a-z][a-z-]*)+(?: (?:[A-Z]{2}[A-Z\d_-]*|\"[A-Z]{2}[A-Z ]*\")(?:\.\.\.)?)+")
"""A synopsis whose placeholders are known by their capitals: `todo.sh append NR "TEXT TO APPEND"`."""
SHARED = 3
"""Synopses of a manual that have an argument, from which on it is explained apart from them."""

MANY = re.compile(r"<[a-z]+s>")
"""An argument of which there may be any number, by its name."""
CALLED = 3
"""First letters by which a command is called like an argument: `tool modify <mods>`."""


def usage_of(lines: Sequence[str], at: int) -> str:
    """A usage line; one that lists every option, over several lines, whole and with `[OPTIONS]` for them."""
    line = lines[at].strip()
    whole = _joined(line, _continued(lines[at + 1 :]))
    short = _without_each_option(whole)
    return line if short == whole else short


def _without_each_option(form: str) -> str:
    """A synopsis that lists options, with `[OPTIONS]` for them: `tool [-h] [-d CHAR] [FILE]`. If no task is
    about any of them, nothing stands for them: `tool version [-h]`."""
    parts = GROUP.findall(form)
    listed = [part for part in parts if part.startswith(("[-", "[(-")) and not OPTIONS.fullmatch(part)]
    if not listed:
        return form
    told = any(OPTIONS.fullmatch(part) and not re.search("[-_]", part) for part in parts)
    if not told and not all(_names(part) and _names(part) <= ASIDE for part in listed):
        parts[parts.index(listed[0])] = WHOLE
    return " ".join(part for part in parts if part not in listed)


def forms(document: Document, tools: Sequence[str]) -> list[str]:
    """The synopses in a document of commands that begin with one of the tools, in order, each once.

    One that stands for several commands (`tool <command> [ARGS]`) says how none of them is written.
    """
    return list(listed([document], tools))


def listed(pages: Iterable[Document], tools: Sequence[str]) -> dict[str, frozenset[str]]:
    """The synopses in several documents, each with the names of the options that it lists itself."""
    found: dict[str, frozenset[str]] = {}
    for page in pages:
        every = [one for one in _synopses(page, tools) if not ANY_COMMAND.search(one[0])]
        named = with_placeholders([form for form, _ in every], page, tools)
        for form, (_, names) in zip(named, every, strict=True):
            found[form] = found.get(form, frozenset()) | names
        for form, names in _entries(page, tools):
            found[form] = found.get(form, frozenset()) | names
    return found


def _entries(page: Document, tools: Sequence[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """Synopses in a section about the commands of a manual page's tool that lists them without its name:
    `balance [query]`, with what it does behind or below it. Of other names, `add, a`, the first is taken."""
    tool, headings = page_of(page.title).rpartition(" ")[2], page.title.split(" > ")
    if tool not in tools or not any(map(COMMANDS.search, headings)):
        return
    every = COMMANDS.search(headings[-1])
    lines = ["", *("" if COMMANDS.search(line) else line for line in page.text.split("\n")), ""]
    margin = min((indent(line) for line in lines if line), default=0)
    for above, line, below in zip(lines, lines[1:], lines[2:], strict=False):
        entry = ENTRY.fullmatch(line.strip())
        if not entry or above.strip() or indent(line) > margin or entry["name"] in tools:
            continue
        if entry["plain"] and (entry["told"] or not every):
            continue  # Words, or the heading of a part.
        about = every or re.search(rf"\b{re.escape(entry['name'])}\b", headings[-1])
        if about and (entry["told"] or indent(below) > indent(line)):
            given = re.sub(r"[a-z][\w-]*", r"<\g<0>>", entry["plain"] or "")
            whole = _joined(f"{tool} {entry['name']}{entry['marked']}{given}", ())
            form = _without_blanks(_without_each_option(whole))
            if not ANY_COMMAND.search(form):
                yield form, _names(whole)


def _synopses(page: Document, tools: Sequence[str]) -> Iterator[tuple[str, frozenset[str]]]:
    lines = page.text.split("\n")
    for number, line in enumerate(lines):
        usage = USAGE.match(line)
        text = _by_its_name(line[usage.end() :], page_of(page.title), tools) if usage else line.strip()
        tool, _, rest = text.partition(" ")
        if tool not in tools or rest.startswith("- ") or rest == "OPTION":  # What it prints; help alone.
            continue
        whole = _in_braces(
            _joined(text, _continued(lines[number + 1 :]) if usage else _deeper(lines, number))
        )
        below = lines[number + 1] if number + 1 < len(lines) else ""
        for way in _ways(whole):
            text = _without_each_option(_first(way))
            if (
                usage
                or CAPITALS.fullmatch(text)
                or _placeholders(STRING.sub("''", text))
                or (_WORDS.fullmatch(text) and indent(below) > indent(line) and not CARRIED.search(line))
            ):
                yield _without_blanks(text), _names(way)


def _without_blanks(form: str) -> str:
    """A synopsis whose arguments between quotation marks are one word each: `NR "TEXT TO APPEND"`."""
    return re.sub(r'"([A-Z]+(?: [A-Z]+)*)[^"]*"', lambda quoted: quoted[1].replace(" ", "_"), form)


def _by_its_name(usage: str, page: str, tools: Sequence[str]) -> str:
    """A usage of a page of a help tree with its tool's name, where it has another: `Usage: tool.py FILE`."""
    tool, _, rest = page.partition(" ")
    called, _, more = usage.partition(" ")
    other = tool in tools and called not in tools and re.fullmatch(r"[\w./-]+", called)
    begins = f"{more} ".startswith(f"{rest} ") if rest else re.match(r"[\[<{(]|[A-Z]{2}", more)
    return f"{tool} {more}" if other and begins else usage


def _ways(form: str, choices: int = CHOICES) -> list[str]:
    """A synopsis with each of a choice in turn, `tool (-d | -D) NAME`, and with a command that may be left
    out: `tool [push [-q] NAME]`; an argument after which another may stand is none: `[infile [outfile]]`."""
    for part in GROUP.findall(form):
        if re.match(r"\[[a-z][\w-]* (?:[(<]|\[[^a-z])", part) and part.endswith("]"):
            form = form.replace(part, part[1:-1])
        elif nested := NESTED.fullmatch(part):
            form = form.replace(part, f"[{nested[1]}] [{nested[2]}]")
    for choice in CHOICE.finditer(form) if choices else ():
        each = re.split(r" ?\| ?", choice[1])
        if any(all(re.fullmatch(kind, one) for one in each) for kind in CHOSEN):
            return [way for one in each for way in _ways(form.replace(choice[0], one, 1), choices - 1)]
    return [form]


def _in_braces(form: str) -> str:
    """A synopsis whose arguments stand in braces, as the others have them: `{zero or more file names}` is
    `[file_names...]`, `{flags}` is `[OPTIONS]`; not choices, `{add,remove}`."""

    def named(found: re.Match[str]) -> str:
        name = "_".join(found[1].split())
        if re.fullmatch(r"(\w+-)?(flags|options)", name, re.IGNORECASE):
            return WHOLE
        many = re.fullmatch(r"(zero|one)_or_more_(.*)", name)
        return f"<{name}>" if not many else f"[{many[2]}...]" if many[1] == "zero" else f"<{many[2]}>..."

    form = re.sub(r"(?<!\S)\{(<[^<>]*>)\}(?!\S)", r"\1", form)
    form = re.sub(r"(?<!\S)\{(-[^{}]*)\}(?!\S)", _of_options, form)
    return re.sub(r"(?<!\S)\{([A-Za-z](?:[^{}|,]|,(?= )|,(?=[^{}]*\.\.\.\}))*)\}(?!\S)", named, form)


def _of_options(found: re.Match[str]) -> str:
    """A choice of options in braces: each in turn, or, where one has more than a value, a list of them."""
    each = re.split(r" ?\| ?", found[1])
    simple = any(all(re.fullmatch(kind, one) for one in each) for kind in CHOSEN)
    return f"({found[1]})" if simple and len(each) > 1 else f"[{found[1]}]"


def _names(form: str) -> frozenset[str]:
    """The options that a synopsis names: `[--[no-]all | -n]`, and of `[-abc]` each letter."""
    either = f"{form.replace('[no-]', '')} {form.replace('[no-]', 'no-')}"
    found = re.findall(rf"(?<![\w<{{-]){NAME}", either)
    letters = [f"-{letter}" for name in found if re.fullmatch(r"-[A-Za-z]{2,}", name) for letter in name[1:]]
    return frozenset([*found, *letters])


def fitting(form: str, known: Sequence[Option], listing: Mapping[str, frozenset[str]]) -> list[Option]:
    """The options that may stand in a synopsis, of several that `listed` gives.

    What one of them lists itself stands in no other. What none lists stands in those that say `[OPTIONS]`, or
    else in the first with a list, or in all where none has any.
    """
    claimed = frozenset().union(*listing.values())
    having = [one for one in listing if takes_options(one)]
    silent = [one for one in having if not listing[one] or WHOLE not in GROUP.findall(one)]
    rest = silent or having[:1] or list(listing)
    return [
        option
        for option in known
        if listing[form].intersection(option.names) or (form in rest and claimed.isdisjoint(option.names))
    ]


def takes_options(form: str) -> bool:
    """Whether a synopsis says where options stand."""
    return any(map(OPTIONS.fullmatch, GROUP.findall(form)))


def general(pages: Iterable[Document], tools: Sequence[str]) -> Iterator[str]:
    """The synopses that stand for several commands: `tool [OPTIONS] ACTION [ARGS]`."""
    for page in pages:
        yield from (form for form, _ in _synopses(page, tools) if ANY_COMMAND.search(form))


def leading(pages: Iterable[Document], tools: Sequence[str]) -> str:
    """The tool whose options stand before its commands, `tool [OPTIONS] ACTION [ARGS]`; "" for none."""
    for form in general(pages, tools):
        if takes_options(ANY_COMMAND.split(form, maxsplit=1)[0].strip()):
            return form.partition(" ")[0]
    return ""


def name_in(form: str, option: Option) -> str:
    """The name by which an option stands in a synopsis itself (`git tag -d <tagname>`); or ""."""
    return next((part for part in GROUP.findall(form) if part.partition("=")[0] in option.names), "")


def purpose(page: str) -> str:
    """What a page says first of its command, in one clause; "" where it begins with something else."""
    for paragraph in re.split(r"\n\s*\n", page):
        text = " ".join(paragraph.split())
        if not USAGE.match(text):
            return clause(text) if re.match(r"[A-Z][\w-]+ [\w-]+ ", text) else ""
    return ""


def synopses(pages: Iterable[Document], tools: Sequence[str]) -> list[str]:
    """The synopses in several documents, each once."""
    return list(listed(pages, tools))


def borrowed(document: Document, pages: Sequence[Document], tools: Sequence[str]) -> list[str]:
    """Synopses of other sections that a section without one is about, likeliest first.

    If it lists options, those synopses that have options, or one of these; else those that end in an argument
    which many share (`<mods>`): what such arguments are is said in sections of their own. The likeliest are
    called like that argument (`modify`) or have the words that the section uses most; the rest of the order
    follows from a hash, so that the sections of a manual do not all get the same ones.
    """
    every = synopses(pages, tools)
    if known := options(document.text):
        every = [form for form in every if takes_options(form) or any(name_in(form, one) for one in known)]
    else:
        ends = {form: GROUP.findall(form)[-1] for form in every}
        used = Counter(ends.values())
        every = [form for form in every if used[ends[form]] >= SHARED and not LITERAL.fullmatch(ends[form])]
    said = Counter(re.findall(r"[\w.-]+", document.text.lower()))

    def rank(form: str) -> tuple[bool, int, str]:
        _, *own = parts = GROUP.findall(form)
        own = [part for part in own if LITERAL.fullmatch(part)]
        called = parts[-1].strip("[]<>.").lower()[:CALLED]
        alike = len(called) == CALLED and any(part.startswith(called) for part in own)
        return not alike, -sum(said[part] for part in own), digest([document.title, form])

    return sorted(every, key=rank)


def filled(command: str, forms: Sequence[str], start: str = "") -> str:
    """A command without the words that its synopses have in the place of something: `task 3 done <mods>`.

    A small model copies them, without their brackets: `task 3 done mods`, or as names of what it gives:
    `task filter=3 done`. What a synopsis has as it stands stays, and what is there in the start state.
    """
    parts = [part for form in forms for part in GROUP.findall(form)]
    literals = {part for part in parts if LITERAL.fullmatch(part)}
    names = {part.strip("[]<>.") for part in parts} - literals
    names = {name for name in names if re.fullmatch(r"[\w-]+", name) and not name.startswith("-")}
    there = set(re.findall(r"[\w-]+", start))
    named = "|".join(map(re.escape, sorted(names - there)))
    words = command.split(" ")
    kept = [word for at, word in enumerate(words) if not at or word.strip("[]<>.") not in names - there]
    return " ".join(re.sub(rf"^(?:{named})[=:](?=.)", "", word) for word in kept) if named else command


def _placeholders(text: str) -> bool:
    prose = re.search(r"\s{3,}|<-|(?<!\.\.)[.:]$|[>\]](?: [a-z]+){4}", text)
    return bool(re.search(r"<\w[^<>]*>|\s\[[A-Za-z<(-]", text)) and not prose


def _first(form: str) -> str:
    """A synopsis with the first of each choice: `tool (-m | -M) NAME`."""
    return re.sub(r"(?<=\s)\(([^()|]*?)\s*\|[^()]*\)", r"\1", form)


def _deeper(lines: Sequence[str], number: int) -> Iterator[str]:
    """The lines that go on with a synopsis: the rest of a group, or more groups; these stand further inside,
    or below a line that was full."""
    whole, margin = lines[number], indent(lines[number])
    for before, line in pairwise(lines[number:]):
        inside = whole.count("[") > whole.count("]") and line.strip()
        begins = line.lstrip()[:1]
        deeper = begins in tuple("[<(-.") and indent(line) >= margin + 4
        if indent(line) < margin or not (inside or deeper or (begins == "[" and len(before) > FULL)):
            return
        whole += line
        yield line


def _joined(usage: str, lines: Iterable[str]) -> str:
    """A synopsis with the lines that go on with it."""
    usage = CARRIED.sub("", usage)
    for more in (CARRIED.sub("", line.strip()) for line in lines):
        # A choice may have been wrapped inside a word.
        usage += more if re.search(r"\[[^\[\] ]*$", usage) else f" {more}"
    return re.sub(r"(?<=[\[(]) +| +(?=[\])])", "", re.sub(r" {1,2}(?! )", " ", usage.strip()))


def _continued(lines: Iterable[str]) -> Iterator[str]:
    """The lines of a usage after its first, which are indented far."""
    for line in lines:
        if not line.strip() or indent(line) < CONTINUED:
            return
        yield line.strip()
