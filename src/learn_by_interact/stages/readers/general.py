"""What a manual says once for all commands of its tool, and its usage lines leave out.

Of `mlr [flags] {verb} [verb options ...] {zero or more file names}` the usage of a verb, `mlr sort {flags}`,
has neither the flags before the verb nor the files behind.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from ...commands import named_files, prefix, split
from ...types import Document
from .options import FILE
from .positional import GROUP
from .shown import commands
from .synopsis import ANY_COMMAND, USAGE, general, leading, several

MOST = 0.5
"""The share of the commands shown that have options before the command, where all are given some."""


def files_behind(pages: Iterable[Document], tools: Sequence[str]) -> dict[str, str]:
    """The files that all commands of a tool end with, as its general synopsis has them, by tool."""
    found: dict[str, str] = {}
    for form in general(pages, tools):
        last = GROUP.findall(form)[-1]
        if FILE.search(last) and not ANY_COMMAND.search(last):
            found.setdefault(form.partition(" ")[0], last)
    return found


def ends_so(form: str, files: Mapping[str, str]) -> bool:
    """Whether a synopsis ends with the files that all commands of its tool end with; options stand before."""
    tool, _, rest = form.partition(" ")
    return tool in files and rest.endswith(f" {files[tool]}")


def completed(document: Document, files: Mapping[str, str]) -> Document:
    """A section whose usage lines, if they name no file, end as all commands of the tool do (`files`)."""

    def whole(line: str) -> str:
        usage = USAGE.match(line)
        tool, _, rest = line[usage.end() :].partition(" ") if usage else ("", "", "")
        known = tool in files and rest and not several(f"{tool} {rest}", document) and not FILE.search(rest)
        return f"{line.rstrip()} {files[tool]}" if known else line

    text = "\n".join(map(whole, document.text.split("\n"))) if files else document.text
    return document if text == document.text else document.model_copy(update={"text": text})


def before_command(pages: Sequence[Document], tools: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The options before the command that the examples of a manual have, by tool, each as it is shown.

    Only of tools whose general synopsis has options there, and where most examples beside it that name a
    file have some.
    """
    found: dict[str, tuple[str, ...]] = {}
    for page in pages:
        tool = leading([page], tools)
        shown = [one for one in commands(page, [tool]) if named_files(one)] if tool else []
        leads = [lead for one in shown if (lead := _lead(one, tool))]
        if len(leads) > MOST * len(shown):
            found[tool] = tuple(dict.fromkeys(leads))
    return found


def said_of_all(document: Document, tools: Sequence[str]) -> bool:
    """Whether a section says of all commands what they end with, or what stands before them."""
    return bool(files_behind([document], tools) or before_command([document], tools))


def _lead(command: str, tool: str) -> str:
    """The options without values between a tool and its command: `--icsv --opprint`."""
    every = (words[prefix(words) :] for words in split(command))
    words = next((words for words in every if words and words[0] == tool), [])
    told = re.match(r"((?:--?[A-Za-z][\w-]* )+)[a-z][\w-]*(?= |$)", " ".join(words[1:]))
    return told[1].strip() if told else ""
