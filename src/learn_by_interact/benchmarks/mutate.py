"""Mutants: small mistakes put into Python code, of the kinds that people make.

A mutant is an edit of the text at one place of its syntax tree, so that all else stays as it was written. The
kinds are the classical ones (DeMillo, Lipton, Sayward 1978; the operators of Offutt et al. 1996, "An
Experimental Determination of Sufficient Mutant Operators").
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from difflib import unified_diff

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
    found = []
    for mutant in _Finder(text).all():
        try:
            if ast.dump(ast.parse(mutant.apply(text))) != ast.dump(ast.parse(text)):
                found.append(mutant)
        except SyntaxError:
            continue
    return sorted(found, key=lambda one: (one.begin, one.end, one.new))


def diff(path: str, before: str, after: str) -> str:
    """A change of one file as git writes it, without the line of hashes."""
    lines = unified_diff(before.splitlines(True), after.splitlines(True), f"a/{path}", f"b/{path}")
    body = "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
    return f"diff --git a/{path} b/{path}\n{body}"


class _Finder:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = ast.parse(text)
        self._starts = [0]
        for line in text.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._lines = text.splitlines(keepends=True)

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
