"""The commands that a documentation itself shows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from ...commands import QUOTED, prefix, proper, split
from ...environments.script import COMPOUND, Script
from ...types import Document
from . import indent

PROMPT = re.compile(r"(?:\(\S+\) )?(?:(?:~\S* )?[$%❯➜]|\[?[\w.-]+@[\w.-]+(?:[: ]\S*)?\]?[$%#])\s+(?=\S)")
"""What stands before a command: `$`, `user@host:~$`, `root@host:~#`, `[user@host ~]$`."""
FENCE = re.compile(r"\s*(?:`{3,}|~{3,})")
LINES = 30
"""A command that goes on for more lines is not taken."""
PLACEHOLDER = re.compile(r"(?<![<\w])<[A-Za-z][^<>|]*>|(?<!\S)\[|\.\.\.|…|(?<!\S)\{[\w-]+[,|]")
PROSE = re.compile(
    r"\S+(?: \w+)? (?:is|are|was|will|can|cannot|may|has|have|does|provides|supports|uses|allows|comes|"
    r"and|or|also|which|that|command|commands|usually|takes|returns|outputs|prints|expects|must|should|would|"
    r"works|runs? (?:on|in|as|the|a))\b"
)

PLAIN = re.compile(r"[(\"'<]*[A-Za-z][a-z'-]*[>)\"'.,;:]*")
"""A word of a paragraph; `SHARE` of the words of its lines are such, and there are at least `FIVE`."""
SHARE, FIVE = 0.7, 5
SENTENCE = re.compile(r"[a-z)][.;,] [A-Za-z]|(?: [a-z]+){5}")
"""What a line of a paragraph has."""
WRAPPED = 50
"""Characters of a line of a paragraph that is not its last, at least."""
REMARK = re.compile(r"\s+(?:\(\d+\)|#\s[^'\"]*)$")
"""What may follow a command that is shown: the number of a remark, or one."""
TITLE = re.compile(
    r"\S+ (?:- [\w-]+,? [\w-]+|[–—] )|\S+(?: [a-z][\w-]*)* - [A-Za-z][\w-]*,?(?: [\w/&][\w/&-]*,?){2,}$"
)
"""The first line of a manual page, `jq - Command-line JSON processor`, `ip - show / manipulate routing`."""
NO_EXAMPLES = frozenset({"usage", "name", "aliases"})
"""Headings of what is about commands and no example of one."""
SAID = re.compile(r"\b[A-Z]{2,}: |[a-z]{2,}\.\s+[A-Z]")
"""What is hardly in a command that is neither quoted nor behind a prompt."""
RUN = re.compile(rf"(?<= )[a-z][a-z-]*(?:[,;]? [a-z][a-z-]*){{{FIVE - 1},}}")
"""Nor is a run of as many words, if one of them is of a sentence."""
OF_SENTENCE = re.compile(
    r"\b(?:an?|and|are|as|at|be|by|for|from|if|in|into|is|it|its|not|of|on|or|that|the|this|to|will|with)\b"
)
TOLD = re.compile(r"[a-z][\w-]*\s{2,}[A-Z][a-z]+[(\w)]* [a-z]")
"""A name in a list, and what it is: `wheel    Existing wheel to retag`."""


def commands(document: Document, tools: Collection[str]) -> list[str]:
    """Example command lines shown in a document that run one of the tools, in order, each once.

    Looked at are fenced and indented blocks, and lines after a prompt (`$ `); in a block with
    prompts the other lines are output. A line counts when a command of it begins with a tool's
    name (`cat a.csv | tool ...` and `sudo tool ...` do). Lines that end in a backslash, inside quotes
    or before the end of a here-document go on; usage synopses with place holders (`<file>`,
    `[OPTIONS]`, `...`) are no examples.
    """
    found = (
        command
        for fenced, block in _blocks(document.text.split("\n"))
        for prompted, command in _joined(block, tools)
        if _runs(command, tools) and not (not prompted and _is_prose(command, fenced))
    )
    return list(dict.fromkeys(found))


def _of_paragraph(block: Sequence[str], at: int, tools: Collection[str]) -> bool:
    """Whether a line is one of a paragraph in which a tool's name happens to begin it."""

    def plain(text: str) -> bool:
        words = text.split()
        told = [word for word in words if PLAIN.fullmatch(word)]
        options = any(word.startswith("-") for word in words)
        return len(told) >= max(FIVE, SHARE * len(words)) and not options and words[0] not in tools

    line = block[at].strip()
    before, after = ("" if not 0 <= one < len(block) else block[one] for one in (at - 1, at + 1))
    before, after = (one.strip() if indent(one) == indent(block[at]) else "" for one in (before, after))
    if len(before) >= WRAPPED and plain(before) and before[-1] != ":":
        return True
    return len(line) >= WRAPPED and plain(after) and bool(SENTENCE.search(line))


def _blocks(lines: Sequence[str]) -> Iterator[tuple[bool, list[str]]]:
    """Runs of lines that may hold commands: fenced (which is told), more indented than the line before,
    prompted."""
    fenced, other = False, False
    block: list[str] = []
    margin = 0
    before = ""
    for line in lines:
        if FENCE.match(line):
            yield fenced, block
            block, fenced, before = [], not fenced, ""
            continue
        if not fenced and line.strip():
            inside = block and indent(line) >= margin
            if not inside:
                yield False, block
                block = []
            other = (inside and other) or before.strip().lower().rstrip(":") in NO_EXAMPLES
            if not inside and (indent(line) > indent(before) or PROMPT.match(line.strip())):
                margin = indent(line)
                inside = True
            if inside and not other:
                block.append(line)
            before = before if inside else line
        elif fenced or block:
            block.append(line)
    yield fenced, block


def _joined(block: Sequence[str], tools: Collection[str]) -> Iterator[tuple[bool, str]]:
    """The commands of a block, each with the lines that belong to it, and whether a prompt stands before."""
    prompts = any(PROMPT.match(line.strip()) for line in block)
    at = 0
    while at < len(block):
        line = block[at].strip()
        margin = indent(block[at])
        prompt = PROMPT.match(line)
        at += 1
        if prompts and not prompt:
            continue
        if not prompt and _of_paragraph(block, at - 1, tools):
            continue
        command = line[prompt.end() :] if prompt else line
        end = at
        while (script := _read(command)).open and end < len(block) and end - at < LINES:
            more = block[end][min(margin, indent(block[end])) :].rstrip()
            more = re.sub(r"^\s*> ?", "", more) if prompt else more
            goes_on = f"{command[:-1].rstrip()} {more.strip()}"
            command = goes_on if script.escaped else f"{command}\n{more}"
            end += 1
        if not script.open and not _is_compound(command):  # Of those each line is read by itself.
            at = end
            yield bool(prompt), REMARK.sub("", command)


def _read(command: str) -> Script:
    script = Script()
    for line in command.split("\n"):
        script.read(line)
    return script


def _is_compound(command: str) -> bool:
    return command.startswith("(") or any(part and part[0] in COMPOUND for part in split(command))


def _runs(command: str, tools: Collection[str]) -> bool:
    parts = list(split(command))
    own = [part[prefix(part) :] for part in parts]
    first = (own[0] or parts[0] or [""])[0]
    runs = any(part and part[0] in tools for part in (*parts, *own)) and re.match(r"[a-z./]", first)
    return bool(runs) and not PLACEHOLDER.search(_bare(command))


def _is_prose(command: str, fenced: bool) -> bool:
    """Whether a line without a prompt is of a text that begins with the name of a tool."""
    bare = _bare(command)
    return bool(
        PROSE.match(bare)
        or TITLE.match(bare)
        or TOLD.match(bare)
        or re.search(r"[a-z)][.:]$|\w\)[,.;:]", bare)
        or (not fenced and not QUOTED.search(command) and _says(bare))
    )


def _says(bare: str) -> bool:
    return bool(SAID.search(bare)) or any(OF_SENTENCE.search(run[0]) for run in RUN.finditer(bare))


def _bare(command: str) -> str:
    """A command without what it quotes and what it reads."""
    return QUOTED.sub("''", proper(command))
