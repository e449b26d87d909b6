"""Mutants: small mistakes put into Python code, of the kinds that people make.

A mutant is an edit of the text at one place of its syntax tree, so that all else stays as it was written. The
kinds are the classical ones (DeMillo, Lipton, Sayward 1978; the operators of Offutt et al. 1996, "An
Experimental Determination of Sufficient Mutant Operators").
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Collection, Iterator
from difflib import unified_diff
from itertools import accumulate

from ..types import Value

COMPARISONS = {
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "==": "!=",
    "!=": "==",
    "in": "not in",
    "not in": "in",
    "is": "is not",
    "is not": "is",
}
OPERATORS = {"+": "-", "-": "+", "*": "+", "//": "/", "/": "*", "%": "//", "<<": ">>", "|": "&", "&": "|"}
_GAP = re.compile(r"^([\s)]*)(not\s+in|is\s+not|[^\s()]+)([\s(]*)$")


class Mutant(Value):
    """One edit: characters begin..end-1 of a text become `new`."""

    kind: str
    function: str
    """Dotted name of the function that it is in."""
    begin: int
    end: int
    new: str

    def apply(self, text: str) -> str:
        return text[: self.begin] + self.new + text[self.end :]


def mutants(text: str) -> list[Mutant]:
    """All mutants of a Python file whose functions still can be read, in the order of places.

    Raises SyntaxError where the text is no Python.
    """
    finder = _Finder(text)
    found = [mutant for mutant in finder.all() if finder.readable(mutant)]
    return sorted(found, key=lambda one: (one.begin, one.end, one.new))


def called(text: str, lines: Collection[int]) -> set[str]:
    """Names of the functions of a Python file in which a line is where one that was called begins."""
    found = set()
    for name, function in _functions(ast.parse(text), ()):
        first = min([function.lineno, *(one.lineno for one in function.decorator_list)])
        if any(first <= line <= (function.end_lineno or first) for line in lines):
            found.add(name)
    return found


def lines_of(text: str) -> list[str]:
    """The lines of a text with their ends, as Python and git count them: a form feed ends none."""
    return list(io.StringIO(text, newline=""))


def diff(path: str, before: str, after: str) -> str:
    """A change of one file as git writes it, without the line of hashes."""
    lines = unified_diff(lines_of(before), lines_of(after), f"a/{path}", f"b/{path}")
    body = "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
    return f"diff --git a/{path} b/{path}\n{body}"


class _Finder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self._lines = lines_of(text)
        self._starts = [0, *accumulate(map(len, self._lines))]
        self._wholes = [self._whole(statement) for statement in self.tree.body]
        """Where each statement of the file begins and ends, with its decorators."""

    def _whole(self, statement: ast.stmt) -> tuple[int, int]:
        first = min([statement.lineno, *(one.lineno for one in getattr(statement, "decorator_list", ()))])
        assert statement.end_lineno
        return self._starts[first - 1], self._starts[statement.end_lineno]

    def readable(self, mutant: Mutant) -> bool:
        """Whether a mutant is Python; the statement of the file in which it is decides."""
        begin, end = next(place for place in self._wholes if place[0] <= mutant.begin < place[1])
        inner = mutant.model_copy(update={"begin": mutant.begin - begin, "end": mutant.end - begin})
        try:
            ast.parse(inner.apply(self.text[begin:end]))
        except SyntaxError:
            return False
        return True

    def all(self) -> Iterator[Mutant]:
        """What can be done in the bodies of functions; decorators, defaults and annotations stay."""
        for name, function in _functions(self.tree, ()):
            for statement in function.body:
                for node in ast.walk(statement):
                    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                        yield from self._at(node, name)

    def _at(self, node: ast.AST, name: str) -> Iterator[Mutant]:
        match node:
            case ast.Compare(left=left, comparators=[right, *_]):
                yield from self._between(left, right, COMPARISONS, "comparison", name)
            case ast.BinOp(left=left, right=right):
                if not _is_text(left) and not _is_text(right):
                    yield from self._between(left, right, OPERATORS, "operator", name)
            case ast.BoolOp(values=[first, second, *_]):
                yield from self._between(first, second, {"and": "or", "or": "and"}, "and-or", name)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield self._edit("not", name, self._place(node)[0], self._place(operand)[0], "")
            case ast.Constant(value=bool(value)):
                yield self._edit("constant", name, *self._place(node), str(not value))
            case ast.Constant(value=int(value)) if abs(value) < 100:
                yield self._edit("off-by-one", name, *self._place(node), str(value + 1))
            case ast.Call(args=[first, second, *_]) if not isinstance(second, ast.Starred):
                if ast.dump(first) == ast.dump(second):
                    return
                one, two = self._place(first), self._place(second)
                swapped = self.text[two[0] : two[1]] + self.text[one[1] : two[0]] + self.text[one[0] : one[1]]
                yield self._edit("arguments", name, one[0], two[1], swapped)
            case _:
                return

    def _between(
        self, left: ast.expr, right: ast.expr, other: dict[str, str], kind: str, name: str
    ) -> Iterator[Mutant]:
        """Another operator between two operands."""
        begin, end = self._place(left)[1], self._place(right)[0]
        gap = _GAP.match(self.text[begin:end])
        if gap and (new := other.get(" ".join(gap[2].split()))):
            yield self._edit(kind, name, begin + gap.start(2), begin + gap.end(2), new)

    def _edit(self, kind: str, function: str, begin: int, end: int, new: str) -> Mutant:
        return Mutant(kind=kind, function=function, begin=begin, end=end, new=new)

    def _place(self, node: ast.AST) -> tuple[int, int]:
        """Where a node begins and ends in the text; the tree counts bytes of lines."""
        assert isinstance(node, ast.expr | ast.stmt) and node.end_lineno and node.end_col_offset is not None
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)

    def _offset(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())


def _functions(
    node: ast.AST, above: tuple[str, ...]
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Functions and methods, with their names; what is defined in a function belongs to it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield ".".join((*above, child.name)), child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, (*above, child.name))
        elif not isinstance(child, ast.expr):
            yield from _functions(child, above)


def _is_text(node: ast.expr) -> bool:
    """A text that is formatted or joined: a wrong operator there is an error at once."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))
