"""Cuts a source into sections of a bounded size, where a person would cut it.

First at headings, then between paragraphs or the entries of a list, then between lines; a block
of code is cut only when it alone is too long. Every non-blank line of the source is in exactly
one section.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from ...types import Document
from . import Heading, Source, indent
from .synopsis import USAGE, usage_of

TINY = 0.25
"""A section below this share of the bound is joined with its neighbour, if both fit."""
ENTRY = re.compile(r"\s*(?:[-*+•]\s|\d+[.)]\s|--?\w|\[-|<)")
"""The first line of an entry: a bullet, a number, an option, an argument."""
NAMES = 3
"""So many headings are named in the title of joined sections."""


@dataclass(frozen=True)
class _Piece:
    """Lines begin..end-1 (from 0) under a path of headings; `whole`: it may be joined with others."""

    begin: int
    end: int
    path: tuple[str, ...]
    names: tuple[str, ...] = ()
    whole: bool = True


def sections(source: Source, chars: int) -> Iterator[Document]:
    """Sections of at most `chars` characters (a single longer line is not cut), in order.

    A section's text is dedented, without trailing blanks, and with one blank line for three or
    more. When a command's help is split, its usage line begins the text of each part, as context;
    the span does not cover that repetition.
    """
    whole = _Piece(0, len(source.lines), (source.title,) if source.title else ())
    size = len(_text(source, whole.begin, whole.end))
    context = "" if source.context is None else usage_of(source.lines, source.context)[: chars // 4]
    limit = chars if size <= chars else chars - (len(context) + 2 if context else 0)
    for piece in _cut(source, whole, source.headings, limit):
        begin, end = _trim(source.lines, piece.begin, piece.end)
        if begin == end:
            continue
        text = _text(source, begin, end)
        if context and source.context is not None and begin > source.context:
            text = f"{context}\n\n{text}"
        title = " > ".join([*piece.path, *_named(piece.names)])
        yield Document(source=source.name, title=title, text=text, begin=begin + 1, end=end)


def _named(names: tuple[str, ...]) -> list[str]:
    if not names:
        return []
    return [" / ".join(names[:NAMES]) + (" / ..." if len(names) > NAMES else "")]


def _trim(lines: Sequence[str], begin: int, end: int) -> tuple[int, int]:
    while begin < end and not lines[begin].strip():
        begin += 1
    while begin < end and not lines[end - 1].strip():
        end -= 1
    return begin, end


def _text(source: Source, begin: int, end: int) -> str:
    begin, end = _trim(source.lines, begin, end)
    text = textwrap.dedent("\n".join(line.rstrip() for line in source.lines[begin:end]))
    return re.sub(r"\n{4,}", "\n\n", text)


def _cut(source: Source, node: _Piece, headings: Sequence[Heading], limit: int) -> list[_Piece]:
    """Cut a node of the tree of headings; `headings` are those below it."""
    if len(_text(source, node.begin, node.end)) <= limit:
        return [node]
    if not headings:
        return _body(source, node, limit)
    top = min(heading.level for heading in headings)
    path = (*node.path, *_named(node.names))
    bounds = [heading for heading in headings if heading.level == top]
    intro = _Piece(node.begin, bounds[0].line, path)
    parts = [(intro, [heading for heading in headings if heading.line < bounds[0].line])]
    ends = [heading.line for heading in bounds[1:]] + [node.end]
    for heading, end in zip(bounds, ends, strict=True):
        child = _Piece(heading.line, end, path, (heading.title,))
        parts.append((child, [below for below in headings if heading.line < below.line < end]))
    pieces = [piece for part, below in parts for piece in _cut(source, part, below, limit)]
    return _join(source, pieces, path, limit)


def _join(source: Source, pieces: list[_Piece], path: tuple[str, ...], limit: int) -> list[_Piece]:
    """Join tiny neighbours that stand under the same heading, and a bare heading with what follows; not two
    commands, whose options may be called the same."""
    joined: list[_Piece] = []
    for piece in pieces:
        before = joined[-1] if joined else None
        if before is None or len(_text(source, before.begin, piece.end)) > limit:
            joined.append(piece)
            continue
        sizes = [len(_text(source, part.begin, part.end)) for part in (before, piece)]
        introduces = before.path == path and not before.names
        beside = before.whole and piece.whole and before.path == piece.path == path
        # The page of a tool begins with how it is called; below a heading of its own a usage is another's.
        commands = _usage(source, piece) and ((introduces and len(path) > 1) or _usage(source, before))
        if beside and min(sizes) < TINY * limit and not commands:
            names = () if introduces else before.names + piece.names
            joined[-1] = replace(before, end=piece.end, names=names)
        elif introduces and before.whole and sizes[0] < TINY * limit:
            joined[-1] = replace(piece, begin=before.begin)
        else:
            joined.append(piece)
    return joined


def _usage(source: Source, piece: _Piece) -> bool:
    """Whether a piece says how a command is written; what then follows is said of that command."""
    return any(map(USAGE.match, source.lines[piece.begin : piece.end]))


def _body(source: Source, node: _Piece, limit: int) -> list[_Piece]:
    """Cut lines without headings into parts of about the same size."""
    begin, end = _trim(source.lines, node.begin, node.end)
    spans = _Body(source, begin, end, limit).spans()
    if len(spans) == 1:
        return [node]
    *above, last = (*node.path, *_named(node.names)) or ("",)
    return [
        _Piece(a, b, (*above, f"{last} ({number} of {len(spans)})".strip()), whole=False)
        for number, (a, b) in enumerate(spans, 1)
    ]


class _Body:
    """Lines begin..end-1 of a source, without headings, to be cut into parts within `limit`."""

    def __init__(self, source: Source, begin: int, end: int, limit: int) -> None:
        self.lines, self.begin, self.end, self.limit = source.lines, begin, end, limit
        self.inside = {line for block in source.blocks for line in block[1:]}
        span = self.lines[begin:end]
        margin = min((indent(line) for line in span if line.strip()), default=0)
        sizes = (max(0, len(line.rstrip()) - margin) + 1 for line in span)
        self.sums = [0, *accumulate(sizes)]

    def size(self, first: int, last: int) -> int:
        """Characters of the dedented lines first..last-1, or a little more."""
        return self.sums[last - self.begin] - self.sums[first - self.begin] - 1

    def spans(self) -> list[tuple[int, int]]:
        """As few parts as the limit allows, of sizes as equal as the atoms allow."""
        starts = self.glued(self.atoms(self.begin, self.end))
        fewest = len(self.fill(starts, self.limit))
        low, high = 1, self.limit
        while low < high:
            middle = (low + high) // 2
            enough = len(self.fill(starts, middle)) <= fewest
            low, high = (low, middle) if enough else (middle + 1, high)
        return list(pairwise([*self.fill(starts, low), self.end]))

    def fill(self, starts: Sequence[int], bound: int) -> list[int]:
        """Where parts of at most `bound` characters begin, each filled before the next."""
        filled = [self.begin]
        for start, after in pairwise([*starts, self.end]):
            if start > filled[-1] and self.size(filled[-1], after) > bound:
                filled.append(start)
        return filled

    def atoms(self, first: int, last: int) -> list[int]:
        """Where the runs of lines begin that should stay together."""
        bounds = [] if self.size(first, last) <= self.limit else self.bounds(first, last)
        if not bounds:
            return [first]
        cuts = pairwise([first, *bounds, last])
        return [start for begin, end in cuts for start in self.atoms(begin, end)]

    def bounds(self, first: int, last: int) -> list[int]:
        """The best lines between two lines to cut at; none when only one line is filled."""
        filled = [line for line in range(first + 1, last) if self.lines[line].strip()]
        free = [line for line in filled if line not in self.inside] or filled
        paragraphs = [line for line in free if not self.lines[line - 1].strip()]
        entries = [line for line in free if ENTRY.match(self.lines[line])]
        best = paragraphs or entries or free
        least = min((indent(self.lines[line]) for line in best), default=0)
        return [line for line in best if indent(self.lines[line]) == least]

    def glued(self, starts: Sequence[int]) -> list[int]:
        """The starts without those that `For example:` leads to, where both fit in one part."""
        kept = [self.begin]
        for start, after in pairwise([*starts[1:], self.end]):
            before = start - 1
            while before > self.begin and not self.lines[before].strip():
                before -= 1
            leads = self.lines[before].rstrip().endswith(":")
            if not (leads and self.size(kept[-1], after) <= self.limit):
                kept.append(start)
        return kept
