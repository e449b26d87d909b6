"""Regular expressions of what a command's arguments can be, over JSON text, for grammars of commands."""

from __future__ import annotations

from collections.abc import Sequence

from ...patterns import literal

REPEATED = (1, 2, 4)
"""How often an argument that may be repeated is given at most, in turn."""
MIDDLE = r"""[^ \t"'\\|<>;&$`()[]{0,40}"""
"""Bounded, as all that repeats: a small model that may go on goes on without end."""
PLAIN = rf"""[^ \t"'\\|<>;&$`()[{{,-]({MIDDLE}[^ \t"'\\|<>;&$`()[,:=])?"""
QUOTED = "'([^'\"\\\\]|\\\\\"){1,120}'" + r'|\\"[^"\\]{1,120}\\"'
WORD = rf"({PLAIN}|{QUOTED})"
"""Regular expression of an argument, over JSON text: quotation marks are escaped in it."""
NO_FILE = WORD.replace(MIDDLE, MIDDLE.replace("[^ ", "[^. "))
"""The same of an argument that is no file, where others are: without a dot inside."""
ONE_OF_MANY = WORD.replace(MIDDLE, MIDDLE.replace("[^ ", "[^, "))
"""The same of an argument that may be repeated: blanks stand between several, no commas."""
_CELL = WORD.replace(MIDDLE, MIDDLE.replace("[^ ", "[^, ")).replace("[^'", "[^',").replace('[^"', '[^",')
CELL = rf"({_CELL}|',')"
"""The same of a value where what is there are rows of cells: a small model takes a whole row for one."""
CODE = (
    r"'[^'\"\\\n]{0,80}[ (.=*]([^'\"\\\n]|\\\"){0,160}'"
    r'|\\"[^"\\\n]{0,80}[ (.=*][^"\\\n]{0,160}\\"'
)
"""The same of an argument in another language: quoted, and more than a word."""
_INSIDE, _WITHIN = r"([^'\"\\\n]|\\\"|\\\\)", r'([^"\\\n]|\\\\)'
SCRIPT = (
    rf"'[A-Za-z_]{{0,40}}([^A-Za-z_'\"\\\n]|\\\"|\\\\){_INSIDE}{{0,160}}'"
    rf'|\\"[A-Za-z_]{{0,40}}([^A-Za-z_"\\\n]|\\\\){_WITHIN}{{0,160}}\\"'
)
"""The same of one in which backslashes and signs of any kind say something: `'s/a/b/'`."""
FILTER = rf"{SCRIPT}|'[a-z_]{{1,20}}'|\.[A-Za-z0-9_.]{{0,40}}"
"""The same of one that may be as short as a word: `.name`, `'keys'`."""
ESCAPED = rf"({WORD}|'{_INSIDE}{{1,120}}')"
"""The same of a pattern to search for, in which backslashes may stand between quotation marks."""
SIGNED = rf"({WORD}|-[0-9]{{1,6}}(\.[0-9]{{1,4}})?)"
"""The same of a number, which may be negative."""
VERBS = ("select", "insert", "update", "delete", "create")
"""What a statement in SQL begins with; not `with`, by which the question begins what it says of an option."""
STATEMENT = rf"""\\"({"|".join(f"{verb}|{verb.upper()}" for verb in VERBS)})[ (][^"\\\n]{{0,200}}\\\""""
"""The same of one in SQL, whose own strings stand between single quotation marks: within double ones. A small
model writes there what the question says of its command."""
NEW = r"(new|my)_[a-z]{1,12}(_[a-z]{1,12})?"
"""Regular expression of a name that hardly anything has yet; bounded, or a small model finds no end. It is
said at its beginning: who has written `books` and may end only with `books_copy` writes `booksid_1`."""

INTO = r"( > [A-Za-z0-9_-]+\.[a-z]+)?"
"""Regular expression of what may follow a command: a file for its output."""

_SHORT = r"""[^ \t"'\\|<>;&$`()[:]{0,20}"""


def choice(names: Sequence[str], *patterns: str) -> str:
    """One of some names, or what fits one of the patterns."""
    return f"({'|'.join([*map(literal, names), *patterns])})"


def term(attributes: Sequence[str] = ()) -> str:
    """The same of a further word of `<filter>`: a tag, numbers, or a value of an attribute, one of these.

    No bare word, which could be another command; bounded, or a small model goes on with zeros.
    """
    name = choice(attributes) if attributes else r"[a-z]{2,12}(\.[a-z]{2,12})?"
    return rf"([+][a-z]{{2,12}}|{name}:{_SHORT}|[0-9]{{1,3}}([,-][0-9]{{1,3}}){{0,2}})"


def free_word(attributes: Sequence[str]) -> str:
    """The same of a word of `<mods>`: with a colon only behind an attribute. A small model makes others of
    what its task is about, and forgets the quotation marks: `desc:Pay the rent`."""
    return rf"({WORD.replace(MIDDLE, MIDDLE.replace('[^ ', '[^: '))}|{choice(attributes)}:{_SHORT})"
