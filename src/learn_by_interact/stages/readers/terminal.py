"""What a terminal prints: a command's output, manual pages, info manuals."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ...errors import ConfigError, EnvironmentFault
from . import Heading, Run, Source, indent, lines_of

SECONDS = 20.0
"""Time that one command may take."""
BYTES = 4_000_000
"""So much of a command's output is read."""
PLAIN = "NO_COLOR=1 COLUMNS=100 TERM=dumb PAGER=cat MANPAGER=cat GIT_PAGER=cat"
"""Put before a command: no colour, no pager, the same width everywhere."""

ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
BOX_TITLE = re.compile(r"^\s*[╭┌┏+][─━-]+(?:\s*([^─━]*?\w[^─━]*?)\s*[─━-]+)?[╮┐┓+]\s*$")
BOX_LINE = re.compile(r"^\s*[│┃]([^│┃]*)[│┃]\s*$")
BOX_END = re.compile(r"^\s*[╰└┗][─━]+[╯┘┛]\s*$")
TYPOGRAPHY = str.maketrans("‐‑−‘’“”", "---''\"\"")
"""groff's hyphens and quotes, which no shell understands."""
BOLD = re.compile(r"(\S)\x08\1")
ITALIC = re.compile(r"(?:_\x08[^\s<>_])(?:_\x08[^\s<>])*")
PAGE = re.compile(r"(?:[0-9]\w* )?[\w.+:@-]+")
FOOTING = re.compile(r"\S+\(\w+\)\s*$")
NODE = re.compile(r"File: .*\bNode: ([^,\n]*)")
UNDERLINE = re.compile(r"([*=.-])\1+$")
ABOUT = re.compile(
    r"SEE ALSO|REPORTING BUGS|BUG REPORTS?"
    r"|(?:.* )?(?:AUTHORS?|COPYRIGHTS?|CREDITS|LICEN[SC]E|COLOPHON|MAINTAINERS?)(?: .*)?"
)
"""The heading of a section of a manual page that says nothing of how its command is used."""
SUITE = re.compile(r"Part of the \S+ suite")
LICENCE = re.compile(r"(?i)\b(?:documentation|public) licen[sc]e\b|^copying")


def run(command: str, seconds: float = SECONDS) -> str:
    """Run a bash command line in an empty folder; what it printed, errors included.

    It gets no input and a bounded time; all its processes are killed then. Raises EnvironmentFault
    when it does not end in time.
    """
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as output:
        limited = f"ulimit -f {BYTES // 1024}; {command}"
        process = subprocess.Popen(
            ["bash", "-c", limited],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise EnvironmentFault(f"`{command}` did not end within {seconds:g} seconds.") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        output.seek(0)
        return output.read(BYTES).decode("utf-8", "replace")


def clean(text: str) -> str:
    """Printed text without colours, overstrikes, drawn boxes and tabs; the lines stay the same."""
    text = re.sub(r".\x08", "", ESCAPE.sub("", text)).replace("\r\n", "\n")
    return "\n".join(_unboxed(line).expandtabs().rstrip() for line in text.split("\n"))


def _unboxed(line: str) -> str:
    if found := BOX_TITLE.match(line):
        return f"{found[1]}:" if found[1] else ""
    if found := BOX_LINE.match(line):
        return f" {found[1]}"
    return "" if BOX_END.match(line) else line


def man(page: str, run: Run) -> Source:
    """A manual page: `task`, `5 taskrc`, or a path (anything with a slash).

    Raises ConfigError when there is none, and what `run` raises.
    """
    if "/" in page:
        name = f"-l {shlex.quote(str(Path(page)))}"
    elif PAGE.fullmatch(page):
        name = page
    else:
        raise ConfigError(f"[docs] man: {page!r} is no name of a manual page, such as `task`, `5 taskrc`.")
    width = f"{PLAIN} MANWIDTH=100 LC_ALL=C.UTF-8 MAN_KEEP_FORMATTING=1 GROFF_NO_SGR=1 man"
    # Only man-db knows the options that keep words and spaces as they were written.
    printed = run(f"{width} --nh --nj -P cat {name} 2>/dev/null || {width} -P cat {name} 2>&1")
    lines = lines_of(clean(_named(printed)).translate(TYPOGRAPHY))
    filled = [at for at, line in enumerate(lines) if line.strip()]
    headings = []
    for at in filled[1:-1]:
        if indent(lines[at]) in (0, 3) and not FOOTING.search(lines[at]):
            headings.append(Heading(at, 1 if indent(lines[at]) == 0 else 2, lines[at].strip()))
    if not any(heading.level == 1 for heading in headings):
        said = next((line for line in lines if line.strip()), "nothing")
        raise ConfigError(
            f"[docs] man: there is no manual page `{page}` (`man {page}` says: {said.strip()}); "
            "install the package it belongs to, or take it out."
        )
    return Source(f"man {page}", f"man {page}", *_of_use(lines, headings))


def _of_use(lines: Sequence[str], headings: Sequence[Heading]) -> tuple[tuple[str, ...], tuple[Heading, ...]]:
    """The lines with those sections blanked that are about other pages and people, and the other headings."""
    left, kept = list(lines), list(headings)
    tops = [one for one in headings if one.level == 1]
    for one, end in zip(tops, [below.line for below in tops[1:]] + [len(lines)], strict=True):
        body = " ".join("\n".join(lines[one.line + 1 : end]).split())
        if ABOUT.fullmatch(one.title) or SUITE.match(body):
            left[one.line : end] = [""] * (end - one.line)
            kept = [heading for heading in kept if not one.line <= heading.line < end]
    return tuple(left), tuple(kept)


def _named(printed: str) -> str:
    """A manual page in whose synopsis the italic words stand as `<word>`, if the others are bold."""
    lines = printed.split("\n")
    plain = [re.sub(r".\x08", "", line) for line in lines]
    begin = next((at for at, line in enumerate(plain, 1) if line.strip() == "SYNOPSIS"), len(lines))
    end = next((at for at in range(begin, len(lines)) if plain[at][:1].strip()), len(lines))
    if any(map(BOLD.search, lines[begin:end])):
        lines[begin:end] = [ITALIC.sub(_placeholder, line) for line in lines[begin:end]]
    return "\n".join(lines)


def _placeholder(found: re.Match[str]) -> str:
    word = re.sub(r".\x08", "", found[0])
    before, after = found.string[: found.start()], found.string[found.end() :]
    named = before.endswith("<") or after.startswith(">")
    plain = re.fullmatch(r"[a-z][\w-]*", word) and not re.fullmatch(r"options?|flags?|switch(es)?", word)
    return f"<{word}>" if plain and not named else word


def info(manual: str, run: Run) -> Source:
    """An info manual with all its nodes: `recutils`, or a part: `(recutils)Queries`.

    Menus, indexes, node lines and licences are blanked, the lines stay those that info prints.
    Raises ConfigError when there is none, and what `run` raises.
    """
    command = f"LC_ALL=C.UTF-8 info --subnodes -o - {shlex.quote(manual)} 2>&1 </dev/null"
    lines = list(lines_of(clean(run(command)).translate(TYPOGRAPHY)))
    nodes = [(at, found[1]) for at, line in enumerate(lines) if (found := NODE.match(line))]
    if not nodes or manual.startswith("-"):
        said = next((line for line in lines if line.strip()), "nothing")
        raise ConfigError(
            f"[docs] info: there is no manual `{manual}` (info says: {said.strip()}); "
            "install the package it belongs to, or take it out."
        )
    for (begin, title), end in zip(nodes, [at for at, _ in nodes[1:]] + [len(lines)], strict=True):
        _blank(lines, begin, end, title)
    return Source(f"info {manual}", f"info {manual}", tuple(lines), tuple(_underlined(lines)))


def _blank(lines: list[str], begin: int, end: int, title: str) -> None:
    """Blank a node's first line and its menu; a node that is no more than that, or a licence, too."""
    menu = next((at for at in range(begin, end) if lines[at].strip() == "* Menu:"), end)
    said = [at for at in range(begin + 1, menu) if lines[at].strip()]
    drop = range(begin, end) if LICENCE.search(title) or len(said) <= 2 else (begin, *range(menu, end))
    for at in drop:
        lines[at] = ""


def _underlined(lines: list[str]) -> list[Heading]:
    headings = []
    for at, line in enumerate(lines[1:], 1):
        title = lines[at - 1].strip()
        found = UNDERLINE.match(line)
        if found and title and abs(len(title) - len(line)) <= 2:
            headings.append(Heading(at - 1, "*=-.".index(found[1]) + 1, title))
    return headings
