"""The commands view, search, replace and undo. This file's text is run inside the sandbox.

It takes no import but of the standard library, and no syntax newer than Python 3.7, for it is run by the
project's interpreter. `$LBI_ACTION` is a JSON list: the name of the command and its arguments by name;
`$LBI_CHARS` says how much of a file is shown. Prints what there is to see; exits with 1 and a sentence where
a command cannot be done.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn

WINDOW = 60
"""Lines that are shown of a file."""
LEAST = 20
"""Lines that are shown where fewer are asked for: a line says little by itself."""
MATCHES = 30
"""Lines that a search shows."""
WIDEST = 400
"""Characters that are shown of a line."""
CHARS = int(os.environ.get("LBI_CHARS", "0")) or 4000
"""Characters that are shown of a file: of more the middle would be left out."""
AROUND = 4
"""Lines around a change that are shown."""
UNDO = os.path.join(os.environ.get("TMPDIR", "/tmp"), ".lbi-undo")
"""Where files lie as they were before each replacement."""
PASSED_OVER = (".git", "__pycache__", ".tox", ".venv", "node_modules")


def main() -> None:
    name, arguments = json.loads(os.environ["LBI_ACTION"])
    commands: dict[str, Callable[..., None]] = {
        "view": view,
        "search": search,
        "replace": replace,
        "undo": undo,
    }
    commands[name](**arguments)


def end(sentence: str) -> NoReturn:
    print(sentence)
    sys.exit(1)


def root() -> str:
    return os.environ.get("LBI_ROOT") or os.getcwd()


def found(path: str) -> str:
    """A path as it was written: from where the shell stands, or from the project's top."""
    for place in (path, os.path.join(root(), path.lstrip("/")), os.path.join(root(), path)):
        if os.path.exists(place):
            return place
    base = os.path.basename(path.rstrip("/"))
    near = [name for name in walk(root()) if os.path.basename(name) == base][:5]
    end(
        "there is no {}{}".format(
            path, "; did you mean {}?".format(" or ".join(map(shown, near))) if near else ""
        )
    )


def shown(place: str) -> str:
    """A path from the project's top."""
    name = os.path.relpath(os.path.realpath(place), os.path.realpath(root()))
    return place if name.startswith("..") else name


def walk(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in PASSED_OVER)
        # A link's file stands where it is.
        yield from (
            one for one in (os.path.join(place, name) for name in sorted(files)) if not os.path.islink(one)
        )


def text_of(content: bytes) -> tuple[str, str] | None:
    """A file's text and its encoding: UTF-8, or what a file of Python says of itself; None of no text."""
    if b"\0" in content:
        return None
    said = re.search(rb"coding[:=][ \t]*([-\w.]+)", b"\n".join(content.split(b"\n", 2)[:2]))
    for encoding in ("utf-8", said.group(1).decode() if said else "", "latin-1"):
        try:
            return content.decode(encoding or "utf-8"), encoding or "utf-8"
        except (UnicodeDecodeError, LookupError):
            continue
    return None


def read(place: str) -> str:
    try:
        with open(place, "rb") as file:
            found = text_of(file.read())
    except OSError as error:
        end(f"{shown(place)} cannot be read: {error.strerror}")
    if found is None:
        end(f"{shown(place)} is not a text file")
    return found[0]


def write(place: str, text: str) -> None:
    """Write a file in the encoding that it has."""
    try:
        os.makedirs(os.path.dirname(place) or ".", exist_ok=True)
        known = None
        if os.path.exists(place):
            with open(place, "rb") as file:
                known = text_of(file.read())
        content = text.encode(known[1] if known else "utf-8")
        with open(place, "wb") as file:
            file.write(content)
    except UnicodeEncodeError as error:
        sign = text[error.start]
        end(f"nothing was replaced: {shown(place)} is written in {error.encoding}, which has no {sign!r}")
    except OSError as error:
        end(f"{shown(place)} cannot be written: {error.strerror}")


def numbered(lines: list[str], first: int, last: int) -> None:
    """Lines first..last (from 1, both included) with their numbers."""
    print("\n".join(with_numbers(lines, first, last)))


def with_numbers(lines: list[str], first: int, last: int) -> list[str]:
    width = len(str(last))
    found = []
    for number in range(first, last + 1):
        line = lines[number - 1].rstrip("\r")
        if len(line) > WIDEST:
            line = "%s [... %d more characters]" % (line[:WIDEST], len(line) - WIDEST)
        found.append("%*d  %s" % (width, number, line))
    return found


def view(path: str = ".", start: int = 0, end: int = 0) -> None:
    place = found(path)
    if os.path.isdir(place):
        for name in sorted(os.listdir(place)):
            if name not in PASSED_OVER:
                print(name + ("/" if os.path.isdir(os.path.join(place, name)) else ""))
        return
    lines = read(place).split("\n")
    if lines[-1] == "":
        lines.pop()
    if not lines:
        print(f"{shown(place)} is empty")
        return
    first = min(max(start, 1), len(lines))
    last = min(max(end, first) if end else first + WINDOW - 1, len(lines))
    if end and (fewer := LEAST - (last - first + 1)) > 0:
        first = max(1, first - fewer // 2)
        last = min(first + LEAST - 1, len(lines))
    # What would be left out of the middle is left out at the end, where it is seen that more follows.
    text = pages(place, lines, first, last, not start)
    while len(text) > CHARS and last > max(first, start):
        last -= 1
        text = pages(place, lines, first, last, not start)
    print(text)


def pages(place: str, lines: list[str], first: int, last: int, whole: bool) -> str:
    """Lines of a file, where they stand in it, and, of a `whole` one, what else it defines."""
    text = with_numbers(lines, first, last)
    if first > 1 or last < len(lines):
        text.append("[%s: lines %d to %d of %d]" % (shown(place), first, last, len(lines)))
    if whole and last < len(lines) and place.endswith(".py"):
        text += outline(lines, last)
    return "\n".join(text)


def outline(lines: list[str], after: int) -> list[str]:
    """Where the definitions stand that are not shown."""
    marks = [
        "%d: %s" % (number, line.split("(")[0].rstrip(":"))
        for number, line in enumerate(lines, 1)
        if number > after and re.match(r"(    |\t)?(async def|def|class) \w", line)
    ]
    return marks[:MATCHES] + (["[%d more]" % (len(marks) - MATCHES)] if len(marks) > MATCHES else [])


def search(text: str, path: str = ".") -> None:
    if not text.strip():
        end("say which text shall be searched for")
    place = found(path) if path != "." else root()
    names = [place] if os.path.isfile(place) else list(walk(place))
    hits = [hit for name in names for hit in matching(name, lambda line: text in line)]
    if not hits:
        try:
            pattern = re.compile(text)
        except re.error:
            pattern = None
        hits = [hit for name in names for hit in matching(name, pattern.search)] if pattern else []
    # A test as its runner names it: tests/test_a.py::TestB::test_c[1].
    test = re.match(r"\S+\.py::(?:\w+::)*(\w+)", text)
    if not hits and test:
        hits = [
            hit for name in names for hit in matching(name, lambda line: "def %s(" % test.group(1) in line)
        ]
    if not hits:
        end(f"{text!r} is nowhere in {shown(place)}")
    for name, number, line in hits[:MATCHES]:
        print("%s:%d: %s" % (shown(name), number, line.strip()[:160]))
    if len(hits) > MATCHES:
        others = sorted({shown(name) for name, _, _ in hits[MATCHES:]})
        print("[%d more lines, in %s]" % (len(hits) - MATCHES, ", ".join(others[:8])))


def matching(name: str, holds: Callable[[str], object]) -> Iterator[tuple[str, int, str]]:
    try:
        with open(name, "rb") as file:
            text = text_of(file.read())
    except OSError:
        return
    for number, line in enumerate(text[0].split("\n") if text else (), 1):
        if line and holds(line):
            yield name, number, line


def replace(path: str, old: str, new: str) -> None:
    if not old and not any(os.path.exists(place) for place in (path, os.path.join(root(), path))):
        place = path if os.path.isabs(path) else os.path.join(root(), path)
        write(place, ended(new))
        keep(place, None)
        print(f"[{shown(place)} is new]")
        return
    place = found(path)
    if os.path.isdir(place):
        end(f"{shown(place)} is a folder; name a file")
    text = read(place)
    if not old and not text.strip():
        write(place, ended(new))
        keep(place, text)
        print(f"[{shown(place)} was empty and is changed, which undo takes back]")
        return
    if not old:
        end(f"{shown(place)} is there already: say which lines of it shall be replaced")
    if "\r\n" in text and ("\n" not in old or old not in text):
        old, new = (part.replace("\r\n", "\n").replace("\n", "\r\n") for part in (old, new))
    bare, instead = unnumbered(old), unnumbered(new)
    begin = None
    if text.count(old) != 1 and bare is not None:
        begin = numbered_place(text, old, bare)
        old, new = bare, new if instead is None else instead
    if text.count(old) == 0:
        missing(place, text, old)
    if text.count(old) > 1 and begin is None:
        ends = [text[: match.start()].count("\n") + 1 for match in re.finditer(re.escape(old), text)]
        end("these lines are %d times in %s, at lines %s: give more lines around, so that they are there once"
            % (len(ends), shown(place), ", ".join(map(str, ends[:8]))))  # fmt: skip
    at = text.index(old) if begin is None else begin
    following = re.compile("\r?\n").match(text, at + len(old))
    whole = not new and (at == 0 or text[at - 1] == "\n") and following
    changed = text[:at] + new + text[following.end() if following and whole else at + len(old) :]
    if changed == text:
        end("old and new are the same: nothing was replaced")
    if place.endswith(".py"):
        check(place, text, changed)
    write(place, changed)
    keep(place, text)
    lines, first = changed.rstrip("\n").split("\n"), changed[:at].count("\n") + 1
    last = first + new.count("\n")
    print("[%s is changed, which undo takes back; lines %d to %d are now:]" % (shown(place), first, last))
    numbered(lines, max(1, min(first, len(lines)) - AROUND), min(len(lines), last + AROUND))


def ended(text: str) -> str:
    """A file's text, whose last line has an end."""
    return text if text.endswith("\n") or not text else text + "\n"


def unnumbered(text: str) -> str | None:
    """Lines as `view` shows them, without their numbers; None where they have none."""
    lines = text.split("\n")
    if all(re.match(r"\s*\d+  ?", line) for line in lines if line.strip()) and text.strip():
        return "\n".join(re.sub(r"^\s*\d+(  |$)", "", line) for line in lines)
    return None


def numbered_place(text: str, old: str, bare: str) -> int | None:
    """Where lines stand in a text that have their numbers; None where others stand there."""
    number = re.match(r"\s*(\d+)", old)
    before = text.split("\n")[: int(number.group(1)) - 1 if number else 0]
    at = sum(len(line) + 1 for line in before)
    return at if text.startswith(bare, at) else None


def missing(place: str, text: str, old: str) -> NoReturn:
    """Say what of a file is nearest to lines that it does not have."""
    lines, wanted = text.split("\n"), old.strip("\n").split("\n")
    stripped = [line.strip() for line in lines]
    near = [
        at for at in range(len(lines)) if stripped[at : at + len(wanted)] == [one.strip() for one in wanted]
    ]
    if near:
        print(f"{shown(place)} has these lines with other blanks before or after them; they are:")
        numbered(lines, near[0] + 1, near[0] + len(wanted))
        sys.exit(1)
    first = max(wanted, key=lambda line: len(line.strip()))
    best = difflib.get_close_matches(first.strip(), stripped, 1, 0.5)
    rest = "; the nearest are:" if best else f": look at it with view {shown(place)}"
    print(f"{shown(place)} does not have these lines{rest}")
    if best:
        at = stripped.index(best[0]) + 1
        numbered(lines, max(1, at - AROUND), min(len(lines), at + AROUND))
    sys.exit(1)


def check(place: str, before: str, after: str) -> None:
    """Refuse a change after which a file that could be read as Python no longer can."""
    try:
        compile(before.lstrip("\ufeff"), place, "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return
    try:
        compile(after.lstrip("\ufeff"), place, "exec", dont_inherit=True)
    except SyntaxError as error:
        lines, at = after.split("\n"), min(error.lineno or 1, after.count("\n") + 1)
        print(f"nothing was replaced: {shown(place)} would no longer be Python ({error.msg}):")
        numbered(lines, max(1, at - AROUND), min(len(lines), at + 1))
        sys.exit(1)
    except ValueError:
        return


def keep(place: str, text: str | None) -> None:
    """Remember a file as it is; None: it is not there."""
    os.makedirs(UNDO, exist_ok=True)
    with open(os.path.join(UNDO, "%06d" % len(os.listdir(UNDO))), "w", encoding="utf-8") as file:
        json.dump([os.path.abspath(place), text], file)


def undo() -> None:
    kept = sorted(os.listdir(UNDO)) if os.path.isdir(UNDO) else []
    if not kept:
        end("there is no replacement to undo")
    last = os.path.join(UNDO, kept[-1])
    with open(last, encoding="utf-8") as file:
        place, text = json.load(file)
    if text is None:
        os.remove(place)
    else:
        write(place, text)
    os.remove(last)
    print(f"[{shown(place)} is as it was before the last replacement]")


if __name__ == "__main__":
    main()
