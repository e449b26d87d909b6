"""How far bash reads a script before it runs what it has read."""

from __future__ import annotations

import re

COMPOUND = {
    **dict.fromkeys(("for", "while", "until", "select"), "done"),
    **{"if": "fi", "case": "esac", "{": "}"},
}
"""What begins a compound command -> what ends it."""
NAMED = ("for", "select", "case")
"""Of these, those that a name or a word stands behind, not a command."""
GOES_ON = ("then", "else", "elif", "do", "!", "time")
"""What else a command stands behind."""
SUMS = ("((", "$((")

_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+)
    |(?P<escape>\\.?)
    |(?P<quote>\$?["'])
    |(?P<open>\$?\(\(|[$<>]?\(|\$\{)
    |(?P<close>\))
    |(?P<redirect><<<|[<>]&|>\||&>)
    |(?P<document><<-?[ \t]*(?P<end>(?:\\.|'[^']*'|"[^"]*"|[^\s;&|()<>'"\\])+))
    |(?P<join>&&|\|[|&]?)
    |(?P<part>;;?&?|&)
    |(?P<word>[^\s\\'"$;&|()<>]+)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_DOLLAR = r"(?P<open>\$\(\(|\$\(|\$\{)"
_TEXT = {
    "'": re.compile(r"[^']*(?P<close>'?)(?P<open>)"),
    "$'": re.compile(r"(?:[^'\\]|\\.?)*(?P<close>'?)(?P<open>)"),
    '"': re.compile(rf"(?:[^\"\\$]|\\.?|\$(?![({{]))*(?:(?P<close>\")|{_DOLLAR})?"),
    "${": re.compile(rf"(?:[^}}\"'\\$]|\\.?|\$(?![({{]))*(?:(?P<close>\}})|(?P<quote>[\"'])|{_DOLLAR})?"),
}
"""What is read in quotation marks and in `${ }`, up to what ends it or to what begins in it."""
_NAME = re.compile(r"[ \t]+[^\s()]+")


class Script:
    """What was read of a script so far, line by line.

    Of what bash knows, `[[` over several lines and back-quotes are not followed.
    """

    def __init__(self) -> None:
        self._inside: list[str] = []
        """What has begun and not ended, the innermost last: what it began with, or the word that ends it."""
        self._documents: list[str] = []
        """The last lines of the here-documents that were begun."""
        self.escaped = self._joined = False
        """The last line ended in a backslash, outside quotation marks; in `|`, `&&` or `||`."""
        self._first, self._word = True, False
        """A word here is the first of a command; what comes belongs to a word."""

    @property
    def document(self) -> bool:
        """Whether the next line is one of a here-document."""
        return bool(self._documents) and not self.escaped and self._top not in _TEXT

    @property
    def open(self) -> bool:
        """Whether bash reads on before it runs what it has read."""
        return bool(self._inside or self._documents or self.escaped or self._joined)

    @property
    def _top(self) -> str:
        return self._inside[-1] if self._inside else ""

    def read(self, line: str) -> None:
        """Read one more line, given without its end."""
        if self.document:
            # Models set in what ends a document.
            if line.strip() == self._documents[0]:
                del self._documents[0]
            return
        self.escaped = False
        at = 0
        while at < len(line):
            at = self._text(line, at) if self._top in _TEXT else self._code(line, at)
        if not self.escaped and self._top not in _TEXT:
            self._first, self._word = True, False

    def _text(self, line: str, at: int) -> int:
        """Read what stands in quotation marks or in `${ }` -> where it was left."""
        found = _TEXT[self._top].match(line, at)
        assert found
        if found["close"]:
            self._inside.pop()
        elif found["open"]:
            self._begin(found["open"])
        elif self._top == "${" and found["quote"] and (found["quote"] == '"' or self._inside[-2:-1] != ['"']):
            self._begin(found["quote"])
        return found.end()

    def _code(self, line: str, at: int) -> int:
        """Read one word, sign or blank -> where it ends."""
        found = _TOKEN.match(line, at)
        assert found
        kind, text = found.lastgroup, found[0]
        if kind == "word":
            return self._any_word(line, found)
        if kind == "blank":
            self._word = False
            return found.end()
        self._joined = kind == "join"
        if kind in ("quote", "open"):
            array = text == "(" and self._word and line[at - 1] == "="
            self._begin("=(" if array else text.replace('$"', '"'))
            return found.end()
        if kind == "close":
            return self._close(line, found.end())
        if kind == "document" and self._sums:
            return at + 2
        if kind == "document":
            self._documents.append(re.sub(r"['\"\\]", "", found["end"]))
        elif kind in ("join", "part"):
            self._first = True
        elif text == "\\":
            self.escaped = True
            return found.end()
        elif kind != "redirect" and text not in "<>":
            self._first, self._word = False, True
            return found.end()
        self._word = False
        return found.end()

    @property
    def _sums(self) -> bool:
        """Whether numbers are reckoned with here: `<<` and `#` say something else there."""
        return any(one in SUMS for one in self._inside)

    def _begin(self, what: str) -> None:
        self._inside.append(what)
        self._first, self._word = what not in _TEXT, what in _TEXT

    def _close(self, line: str, end: int) -> int:
        """Read a `)`, which ends before `end` -> where what it ends does."""
        top = self._top
        if top in SUMS and line[end : end + 1] != ")":
            # It was a command in parentheses in others.
            self._inside[-1] = top[:-1]
            return end
        if top in (*SUMS, "(", "$(", "<(", ">(", "=("):
            self._inside.pop()
            end += top in SUMS
        # Behind a pattern of `case`, and behind `f()`, comes a command.
        self._word = top[:1] in ("$", "<", ">")
        self._first = not self._word
        return end

    def _any_word(self, line: str, found: re.Match[str]) -> int:
        """Read a word, a comment, or what begins or ends a compound command -> where it ends."""
        text, end = found[0], found.end()
        if text[0] == "#" and not self._word and not self._sums:
            return len(line)
        self._joined = False
        behind, top = line[end : end + 1], self._top
        known = self._first and not self._word and top != "=(" and not self._sums
        if behind not in ("", " ", "\t", *";&|()<>") or (behind == ")" and top == "esac" != text):
            known = False
        if known and text in COMPOUND:
            self._inside.append(COMPOUND[text])
            self._first = text not in NAMED
        elif known and text == "function":
            name = _NAME.match(line, end)
            return name.end() if name else end
        elif known and text == top:
            self._inside.pop()
        elif not known or text not in GOES_ON:
            self._first = False
        self._word = True
        return end
