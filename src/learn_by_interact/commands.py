"""Command lines, the files that a text names, and the pages of a manual that are about commands."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Sequence

QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)
DEEPEST = 5
"""Words of a command's own name at most."""
READ = 12
"""Words in which a name is looked for."""
USUAL = frozenset(
    re.findall(
        r"\w+",
        "7z arrow avro bak bib bz2 cfg conf csv dat db diff doc docx env epub feather geojson gif gz h5"
        " hdf5 htm html ics ini ipynb jpeg jpg json json5 jsonl lock log markdown md mp3 mp4 ndjson npy"
        " npz ods odt orc parquet patch pdf pickle pkl png ppt pptx rst sql sqlite sqlite3 svg tar tbz2"
        " tex tgz toml tsv txt vcf wav webp xls xlsx xml xz yaml yml zip zst",
    )
)
"""Extensions of the names of data and texts."""
SOURCES = frozenset(
    re.findall(r"\w+", "bash cpp css hpp java js jsx kt lua php pl proto py rb rs scss sh ts tsx vue")
)
"""And of programs: `Node.js` may be no file."""
_KNOWN = "|".join(sorted(USUAL | SOURCES))
FILE = re.compile(
    r"(?<![\w./-])(?:(?<![:@])(?:[\w-]+/)+)?[\w-]+"
    rf"(?:(?:\.[\w-]+)+(?=\.(?:{_KNOWN})\b(?![.(/])))?\.([A-Za-z]\w{{0,5}}|{_KNOWN})\b(?![.(/])"
)
"""A name that looks like a file's, with its folders; its extension is the group. Where it has several points
(`archive.tar.gz`, no host) or a long extension, this is a known one."""
LISTED = re.compile(r"^([\w.][^\s'\"$&;|<>()*?\\`]*) \(\d+ bytes\)$", re.MULTILINE)
"""A line about a file, as looking around writes it."""
PREFIXES = ("sudo", "env", "time", "nice", "nohup")
"""What may stand before a command, with options of its own."""
SETTING = re.compile(r"[A-Za-z_]\w*=")
"""How a variable begins that is set for one command: `LANG=C sort a.txt`."""
HERE = re.compile(r"(?<![<\d])<<-?[ \t]*(?P<mark>['\"]?)\\?(?P<end>[A-Za-z_][\w.-]*)(?P=mark)(?=[\s;|&>)]|$)")
"""Where a command says that it reads the next lines, up to that of one word."""
_WORD = re.compile(rf"{QUOTED.pattern}|[^\s'\"|&;]+|[|&;\n]+", re.DOTALL)
_VALUED = re.compile("-[CDghnRTuU]")
"""An option of a prefix with a value: `sudo -u ann`, `nice -n 5`."""
_ASIDE = re.compile(
    rf"(?P<quoted>{QUOTED.pattern})|(?<![^\s;|&(])#[^\n]*|"
    rf"(?P<kept>{HERE.pattern}[^\n]*)\n(?:(?:.*?\n)??[ \t]*(?P=end)[ \t]*(?=\n|$)|.*)",
    re.DOTALL,
)


def proper(line: str) -> str:
    """A line of commands, or several, without comments and without the lines that a command reads (`<<EOF`):
    these are text."""
    return _ASIDE.sub(lambda match: match["quoted"] or match["kept"] or "", line.replace("\\\n", " "))


def split(line: str) -> Iterator[list[str]]:
    """The words of each command of a line, or of several, but for what is text (see `proper`); what is quoted
    is one word, with its marks."""
    part: list[str] = []
    for match in _WORD.finditer(proper(line)):
        if match[0][0] in "|&;\n":
            yield part
            part = []
        else:
            part.append(match[0])
    yield part


def called(words: Sequence[str], known: Container[str]) -> tuple[str, int]:
    """The longest known name of a command that words begin with, and how many of the words hold it.

    Options of a command may stand before the name of one below it: `git -C site remote add`; and a prefix
    before it all (see `prefix`). ("", 0): none.
    """
    for at in dict.fromkeys((0, prefix(words))):
        found = ((name, end) for name, end in _ways(words[: at + READ], at, ()) if " ".join(name) in known)
        name, end = max(found, key=lambda way: len(way[0]), default=((), 0))
        if name:
            return " ".join(name), end
    return "", 0


def prefix(words: Sequence[str]) -> int:
    """How many words stand before a command's own: `sudo -u ann`, `env LANG=C`, `LANG='C'`."""
    at = 0
    while at < len(words):
        setting = SETTING.match(words[at])
        if setting:
            quoted = setting.end() == len(words[at]) and words[at + 1 : at + 2] and words[at + 1][0] in "'\""
            at += 2 if quoted else 1
        elif words[at] in PREFIXES or (at and words[at].startswith("-")):
            at += 2 if at and _VALUED.fullmatch(words[at]) else 1
        else:
            break
    return at


def _ways(words: Sequence[str], at: int, name: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Names that words may hold, the options between their parts with a value each or without."""
    if at >= len(words) or len(name) == DEEPEST:
        return
    if words[at].startswith("-"):
        for taken in (1, 2) if name else ():
            yield from _ways(words, at + taken, name)
        return
    longer = (*name, words[at])
    yield longer, at + 1
    yield from _ways(words, at + 1, longer)


def above(command: str) -> Iterator[str]:
    """The commands that one is below of, nearest first: of `git remote add`, `git remote` and `git`."""
    while " " in command:
        command = command.rpartition(" ")[0]
        yield command


def page_of(title: str) -> str:
    """The page that a section belongs to, by its title: of a help tree, the command that it is about."""
    return title.partition(" > ")[0]


def file_names(text: str) -> dict[str, list[str]]:
    """The names in a text that look like files, by extension, sorted."""
    return _by_kind(match[0] for match in FILE.finditer(text))


def named_files(text: str) -> list[str]:
    """The names in a text that look like files, those of one extension together."""
    return [name for names in file_names(text).values() for name in names]


def kinds_there(start: str) -> dict[str, list[str]]:
    """The files of a start state, or of a line of it, by extension, sorted; "" for none.

    Where it lists files with their sizes, these, whatever they are called; else the names that look like
    files, without those in folders.
    """
    listed = [name for name in LISTED.findall(start) if not hidden(name)]
    return _by_kind(listed or (match[0] for match in FILE.finditer(start) if "/" not in match[0]))


def files_there(start: str) -> list[str]:
    """The same, those of one extension together."""
    return [name for names in kinds_there(start).values() for name in names]


def hidden(name: str) -> bool:
    """Whether a file lies in a hidden folder (`.task/undo.data`): it is a tool's own affair."""
    return any(part.startswith(".") for part in name.split("/")[:-1])


def kind_of(name: str) -> str:
    """The extension of a file's name; "" of `Makefile` and `.env`."""
    first, _, extension = name.rpartition("/")[2].rpartition(".")
    return extension if first else ""


def _by_kind(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for name in names:
        found.setdefault(kind_of(name), set()).add(name)
    return {kind: sorted(same) for kind, same in found.items()}


def without_stops(text: str) -> str:
    """A text without the full stops of its sentences: a file's name may stand before one."""
    return re.sub(r"\.(?=\s|$)", "", text)
