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
from .ways import ANY_PROGRAM, WHOLE, first, in_braces, names_in, understood, ways

USAGE = re.compile(r"^\s*(?:usage:\s*|or:\s+)", re.IGNORECASE)
"""What a usage begins with, and further ones below it, as GNU's tools have them."""
FULL = 70
"""Characters of a line from which on the next, if it begins with a group, may go on with it."""
CARRIED = re.compile(r"\s+\\$")
"""The end of a line of a synopsis that goes on as a line of a shell does."""
CONTINUED = 8
"""Blanks that the further lines of a usage begin with, at least."""
SENTENCE = re.compile(r"[A-Z][a-z]+(?: [a-z]+){2}")
SHELL = re.compile(r"\s*\$ ")
"""What a synopsis begins with that stands as in a shell."""
BELOW = re.compile(r"\s*usage:?\s*", re.IGNORECASE)
"""A heading below which synopses stand."""
LITERAL = re.compile(r"--?|(?:[a-z\d][\w:.-]*|[\w:.-]*[a-z][\w:.-]*)(?<!\.\.\.)|-[A-Z]")
"""A part of a synopsis that is written as it stands."""
STRING = re.compile(r"'[^']*'|\"[^\"]*\"")
_WORDS = re.compile(r"[\w-]+( [a-z][\w.-]*)+")
"""A command without placeholders; what it does stands below it, indented further."""
OPTIONS = re.compile(
    r"\[-{0,2}<?(?:[a-z]+[-_])?(?:OPTION|FLAG|SWITCH|OPERATION)(?:S|\(S\))?>?(?:\.\.\.)?\](?:\.\.\.)?"
    r"|<(?:[a-z]+[-_])*(?:OPTION|FLAG|SWITCHE)S>|\[[a-z]+OPTIONS\]|(?-i:OPTIONS?)(?:\.\.\.)?"
    r"|\[(?:<?[a-z][\w-]*>? )+(?:OPTION|FLAG|SWITCHE)S?(?: ?\.\.\.)?\](?:\.\.\.)?",
    re.IGNORECASE,
)
"""Where options stand in a synopsis."""
ANY_COMMAND = re.compile(
    r"<(?:sub)?command>|<action>|<verb>|\b(?:SUB)?COMMAND\b|\bACTION\b|(?<=\] )action(?= \[|$)"
    r"|(?-i:\bCMD\b)|\{[\w-]+(?:,[\w-]+)+\} ?\.\.\.",
    re.IGNORECASE,
)
"""What a synopsis has that stands for several: `tool <filter> <command> <mods>`."""
GIVEN = re.compile(
    r"[\[< ](?:command|cmd|prog|program|utility)\b[\]>]*(?:\.\.\.)?(?:$| [\[<]*(?:[\w-]*-)?arg)",
    re.IGNORECASE,
)
"""The end of a synopsis whose tool runs another program: `[COMMAND [ARG]...]`."""
RUNS = re.compile(
    r"\b(?:run|start|execut|invok)[a-z]* (?:(?:an?|the|given|specified|another|some|its) ){0,2}"
    r"(?:commands?|programs?|utility)\b",
    re.IGNORECASE,
)
"""What a page says of a tool that does nothing but run another program."""
HELPED = re.compile(r"\bsub-?commands?\b|\bhelp <?command\b|\bcommand>? --?help\b", re.IGNORECASE)
"""What a page says of a tool that has commands."""
PART = re.compile(r"^man | > |\(\d+ of \d+\)$")
"""In the title of a section of a page that has others."""
HEADED = 50
"""Characters of a line up to which it may be the heading of a list of commands."""
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

REPEATING = re.compile(
    rf"(?<!\S)({GROUP.pattern.rpartition('|')[0]}|\{{[^{{}}]*\}}|[^\s<>\[\]]+) (?:\.\.\.|\[\.\.\.\])(?!\S)"
)
"""A part of a synopsis of which there may be more, `[target] ...`; else dots are the rest of a command."""
MANY = re.compile(r"<[a-z]+s>")
"""An argument of which there may be any number, by its name."""
CALLED = 3
"""First letters by which a command is called like an argument: `tool modify <mods>`."""


def usage_of(lines: Sequence[str], at: int) -> str:
    """A usage line; one that lists every option, over several lines, whole and with `[OPTIONS]` for them."""
    line = lines[at].strip()
    whole = _joined(line, _continued(lines[at:]))
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
    if not told and not all(names_in(part) and names_in(part) <= ASIDE for part in listed):
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
        every = [one for one in _synopses(page, tools) if not several(one[0], page)]
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
            if understood(form) and not several(form, page):
                yield form, names_in(whole)


def several(form: str, page: Document) -> str:
    """What stands before the command of a synopsis that stands for several, the tool at least; or "".

    An argument that is called so is none: behind other arguments of a command, and on a page that lists no
    commands also behind those of a tool, or where it says that its tool runs what it is given.
    """
    parts = [WHOLE if OPTIONS.fullmatch(part) else part for part in GROUP.findall(form)]
    plain = " ".join(parts)
    if not (found := ANY_COMMAND.search(plain)):
        return ""
    before = [part[0] for part in GROUP.finditer(plain) if part.end() <= found.start()]
    words = [part for part in before[1:] if part != WHOLE and not part.startswith("[-")]
    arguments = [part for part in words if not LITERAL.fullmatch(part)]
    if any(part.startswith("-") for part in words) or 0 < len(arguments) < len(words):
        return ""
    own = any(map(OPTIONS.fullmatch, parts[len(before) :]))  # Options behind it are those of each command.
    if ANY_PROGRAM.fullmatch(found[0]) and not own and not _lists_commands(page):
        whole = not PART.search(page.title) and not re.match(r" *\|", plain[found.end() :])
        if (whole and arguments) or RUNS.search(page.text):
            return ""
    return " ".join(before)


def _lists_commands(page: Document) -> bool:
    """Whether a section is about the commands of a tool, or has a list of them."""
    lines = (line.strip().rstrip(":") for line in page.text.split("\n"))
    headings = (re.sub(r" \([^()]*\)$| are$", "", line) for line in lines if len(line) <= HEADED)
    listing = any(COMMANDS.search(one) for one in (*page.title.split(" > "), *headings))
    return listing or bool(HELPED.search(page.text))


def _synopses(page: Document, tools: Sequence[str]) -> Iterator[tuple[str, frozenset[str]]]:
    lines, begin = page.text.split("\n"), 0
    for number, line in enumerate(lines):
        if number < begin:
            continue  # It goes on with a usage.
        if number and BELOW.fullmatch(lines[number - 1]):
            line = SHELL.sub("", line)
        usage = USAGE.match(line)
        text = _by_its_name(line[usage.end() :], page_of(page.title), tools) if usage else line.strip()
        tool, _, rest = text.partition(" ")
        if tool not in tools or rest.startswith("- ") or rest == "OPTION":  # What it prints; help alone.
            continue
        more = [*(_continued(lines[number:]) if usage else _deeper(lines, number))]
        begin = number + 1 + len(more) if usage else begin
        whole = in_braces(REPEATING.sub(r"\1...", _joined(text, more)))
        below = lines[number + 1] if number + 1 < len(lines) else ""
        for way in ways(whole):
            text = _without_each_option(first(way))
            if (understood(text) or several(text, page)) and (
                usage
                or CAPITALS.fullmatch(text)
                or _placeholders(STRING.sub("''", text))
                or (_WORDS.fullmatch(text) and indent(below) > indent(line) and not CARRIED.search(line))
            ):
                yield _without_blanks(text), names_in(way)


def _without_blanks(form: str) -> str:
    """A synopsis whose arguments between quotation marks are one word each: `NR "TEXT TO APPEND"`."""
    return re.sub(r'"([A-Z]+(?: [A-Z]+)*)[^"]*"', lambda quoted: quoted[1].replace(" ", "_"), form)


def _by_its_name(usage: str, page: str, tools: Sequence[str]) -> str:
    """A usage of a page of a help tree with its tool's name, where it has another: `Usage: tool.py FILE`."""
    tool, _, rest = page.partition(" ")
    if tool in tools and rest:  # `Usage: insert FILE` on the page of `tool insert`.
        words = page.split(" ")
        for at in range(1, len(words)):
            if f"{usage} ".startswith(f"{' '.join(words[at:])} "):
                return " ".join([*words[:at], usage])
    called, _, more = usage.partition(" ")
    other = tool in tools and called not in tools and re.fullmatch(r"[\w./-]+", called)
    begins = f"{more} ".startswith(f"{rest} ") if rest else re.match(r"[\[<{(]|[A-Z]{2}", more)
    return f"{tool} {more}" if other and begins else usage


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


def stops(form: str, known: Sequence[Option]) -> bool:
    """Whether a tool may read no options behind the first of its arguments: where options have long names
    behind one dash, or short ones alone, and where what it is given is a command with options of its own."""
    names = [name for option in known for name in option.names]
    posix = bool(names) and not any(name.startswith("--") for name in names)
    return posix or any(re.match(r"-(\w)(?!\1+$)[\w-]", name) for name in names) or bool(GIVEN.search(form))


def general(pages: Iterable[Document], tools: Sequence[str]) -> Iterator[str]:
    """The synopses that stand for several commands: `tool [OPTIONS] ACTION [ARGS]`."""
    for page in pages:
        yield from (form for form, _ in _synopses(page, tools) if several(form, page))


def leading(pages: Iterable[Document], tools: Sequence[str]) -> str:
    """The tool whose options stand before its commands, `tool [OPTIONS] ACTION [ARGS]`; "" for none."""
    for page in pages:
        for form in general([page], tools):
            if takes_options(several(form, page)):
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
    prose = re.search(r"\s{3,}|<-|(?<!\.\.)[.:]$|[>\]](?: [A-Z]?[a-z]+){4}", text)
    return bool(re.search(r"<\w[^<>]*>|\s\[[A-Za-z<(-]", text)) and not prose


def _deeper(lines: Sequence[str], number: int) -> Iterator[str]:
    """The lines that go on with a synopsis: the rest of a group, or more groups; these stand further inside,
    or below a line that was full."""
    whole, margin = lines[number], indent(lines[number])
    for before, line in pairwise(lines[number:]):
        inside = line.strip() and any(whole.count(one) > whole.count(end) for one, end in ("[]", "{}"))
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


def _continued(lines: Sequence[str]) -> Iterator[str]:
    """The lines of a usage after its first, which are indented far, up to another usage or a sentence."""
    usage = USAGE.match(lines[0])
    begun = usage[0].expandtabs() if usage else ""
    called = lines[0][len(usage[0]) :].split()[:1] if usage else []
    for line in lines[1:]:
        again = line.split()[:1] == called and indent(line.expandtabs()) <= len(begun)
        if not line.strip() or indent(line.expandtabs()) < CONTINUED or again or SENTENCE.match(line.strip()):
            return
        yield line.strip()
