"""Near-duplicates, and examples that give a held-out task away.

Texts are compared by the Jaccard similarity of their words and pairs of neighbouring words, exactly;
MinHash only finds the candidates. Case, punctuation and white space do not count; numbers, options
(`--csv`), file names and quoted strings are words of their own, because tasks differ in them.
"""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from ..types import Value

PERMUTATIONS = 128
"""Length of a MinHash signature."""
WORD = re.compile(
    r"(?P<quoted>\"[^\"\n]*\"|(?<!\w)'[^'\n]*'(?!\w)|`[^`\n]*`)"
    r"|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
    r"|-{0,2}\w+(?:[-./:@']\w+)*"
)
LOOKING = ("ls", "pwd", "cd", "cat", "head", "tail", "file", "wc", "man", "info", "which", "type", "echo")
"""Commands that only look around: they are not counted as part of a solution."""

HeldOut = tuple[str, str, Sequence[str]]
"""A held-out task: its name, its instruction, the commands that solve it."""
Shown = tuple[str, Sequence[str]]
"""What an example shows: its instruction and its commands."""


class Thresholds(Value):
    """From which similarity (0 to 1) on an example is held to give a task away."""

    instruction: float = 0.7
    """Jaccard similarity of the instructions; also the share of the task's that the example's holds."""
    commands: float = 0.9
    """Jaccard similarity of the commands' tokens, if their arguments are the same."""
    distinct: int = 3
    """A solution with so many arguments counts wherever it stands in an example; a plainer one, such as
    `sqlite-utils tables data.db`, only if the example does nothing else but look around."""


class Nearest(Value):
    """The examples nearest to a held-out task, with their similarity; None: none has a word of it."""

    instruction: tuple[str, float] | None
    commands: tuple[str, float] | None


def shingles(text: str) -> frozenset[str]:
    """Words and pairs of neighbouring words of a text. Empty for a text without words."""
    words = []
    for found in WORD.finditer(unicodedata.normalize("NFKC", text).lower()):
        quoted = found["quoted"]
        inner = " ".join(quoted[1:-1].split()) if quoted else ""
        words.append(inner or found[0].strip("'\"`"))
    filled = [word for word in words if word]
    return frozenset([*filled, *(f"{one} {two}" for one, two in pairwise(filled))])


def jaccard(one: frozenset[str], two: frozenset[str]) -> float:
    """|intersection| / |union|; two empty sets are equal (1)."""
    return len(one & two) / len(one | two) if one or two else 1.0


class Index:
    """Sets of shingles, to look up the most similar one exactly."""

    def __init__(self, sets: Mapping[str, frozenset[str]]) -> None:
        self.sets = sets
        self.holders: dict[str, list[str]] = defaultdict(list)
        for key in sorted(sets):
            for shingle in sets[key]:
                self.holders[shingle].append(key)

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Index:
        """An index over texts by id."""
        return cls({key: shingles(text) for key, text in texts.items()})

    def shared(self, wanted: frozenset[str]) -> Counter[str]:
        """For each id with a shingle in common: how many."""
        return Counter(key for shingle in wanted for key in self.holders.get(shingle, ()))

    def nearest(self, wanted: frozenset[str]) -> tuple[str, float] | None:
        """The id of the most similar set (of equals the smallest) and its Jaccard similarity."""
        scored = [
            (-count / (len(self.sets[key]) + len(wanted) - count), key)
            for key, count in self.shared(wanted).items()
        ]
        score, key = min(scored, default=(0.0, ""))
        return (key, -score) if scored else None


def closest(text: str, index: Index) -> tuple[str, float] | None:
    """The id of the text most similar to this one and its similarity; None when none has a word of it."""
    return index.nearest(shingles(text))


def near_duplicates(
    texts: Mapping[str, str], threshold: float = 0.8, last: Collection[str] = ()
) -> dict[str, tuple[str, float]]:
    """Texts to drop: id -> (id of the kept text, similarity), whatever the order of the mapping.

    In the order of ids a text is dropped when it is as similar as `threshold` (above 0, at most 1) to one
    that was kept; those in `last` come after all others. A text without words duplicates only another
    such text.
    """
    from rensa import RMinHash, RMinHashLSH

    # Of the pairs with similarity t, 1 - (1 - t^rows)^bands are found: over 0.999 at the threshold.
    rows = 4 if threshold >= 0.7 else 2 if threshold >= 0.33 else 1
    lsh = RMinHashLSH(threshold, PERMUTATIONS, PERMUTATIONS // rows)
    sets = {key: shingles(texts[key]) for key in sorted(texts, key=lambda key: (key in last, key))}
    kept: list[str] = []
    equal: dict[frozenset[str], str] = {}
    dropped: dict[str, tuple[str, float]] = {}
    for key, own in sets.items():
        if own in equal:
            dropped[key] = (equal[own], 1.0)
            continue
        signature = RMinHash(PERMUTATIONS, 1)
        signature.update(sorted(own))
        near = ((-jaccard(own, sets[kept[at]]), kept[at]) for at in lsh.query(signature))
        score, other = min(near, default=(0.0, ""))
        if other and -score >= threshold:
            dropped[key] = (other, -score)
        else:
            equal[own] = key
            lsh.insert(len(kept), signature)
            kept.append(key)
    return dropped


def contaminated(
    examples: Mapping[str, Shown], held_out: Sequence[HeldOut], thresholds: Thresholds | None = None
) -> dict[str, str]:
    """Examples that give a held-out task away: id -> reason, which names the task and the similarity.

    Either the instruction is near the task's, or the commands are the task's solution: in each the same
    arguments (everything but the tool's name and options), and nearly the same tokens. Sharing a
    tool and its common options is no contamination.
    """
    limits = thresholds or Thresholds()
    tasks = Index.of({name: instruction for name, instruction, _ in held_out})
    golds = _by_arguments(held_out)
    reasons = {}
    for key, (instruction, commands) in examples.items():
        reason = _same_instruction(shingles(instruction), tasks, limits)
        reason = reason or _same_commands(_solution(commands), golds, limits)
        if reason:
            reasons[key] = reason
    return reasons


def nearest(examples: Mapping[str, Shown], held_out: Sequence[HeldOut]) -> dict[str, Nearest]:
    """For each held-out task the examples nearest to it, by instruction and by commands (tokens)."""
    instructions = Index.of({key: instruction for key, (instruction, _) in examples.items()})
    commands = Index({key: _tokens(_solution(shown)) for key, (_, shown) in examples.items()})
    return {
        name: Nearest(
            instruction=instructions.nearest(shingles(instruction)),
            commands=commands.nearest(_tokens(_solution(gold))),
        )
        for name, instruction, gold in held_out
    }


def _same_instruction(own: frozenset[str], tasks: Index, limits: Thresholds) -> str:
    near = tasks.nearest(own)
    if near and near[1] >= limits.instruction:
        return f"its instruction is near that of the held-out task {near[0]} (similarity {near[1]:.2f})"
    shared = ((-count / len(tasks.sets[key]), key) for key, count in tasks.shared(own).items())
    score, name = min(shared, default=(0.0, ""))
    if name and -score >= max(limits.instruction, 0.9) and len(tasks.sets[name]) > 8:
        return f"its instruction holds that of the held-out task {name} ({-score:.2f} of it)"
    return ""


Solution = list[tuple[str, ...]]
"""The tokens of each command, in order."""
Arguments = tuple[tuple[str, ...], ...]
"""The arguments of each command, sorted."""


def _by_arguments(held_out: Sequence[HeldOut]) -> dict[Arguments, list[tuple[str, Solution]]]:
    """Solutions that have arguments, under these; each with the name of its task."""
    golds: dict[Arguments, list[tuple[str, Solution]]] = defaultdict(list)
    for name, _, commands in held_out:
        solution = _solution(commands)
        wanted = tuple(_arguments(command) for command in solution)
        if any(wanted):
            golds[wanted].append((name, solution))
    return golds


def _same_commands(
    own: Solution, golds: Mapping[Arguments, Sequence[tuple[str, Solution]]], limits: Thresholds
) -> str:
    arguments = [_arguments(command) for command in own]
    best = (0.0, "")
    for length in {len(wanted) for wanted in golds}:
        for at in range(len(own) - length + 1):
            wanted = tuple(arguments[at : at + length])
            if length == len(own) or sum(map(len, wanted)) >= limits.distinct:
                for name, gold in golds.get(wanted, ()):
                    best = min(best, (-_overlap(own[at : at + length], gold), name))
    if best[1] and -best[0] >= limits.commands:
        return f"its commands are the solution of the held-out task {best[1]} (similarity {-best[0]:.2f})"
    return ""


def _overlap(one: Solution, two: Solution) -> float:
    """Jaccard similarity of the tokens, each counted as often as it occurs."""
    left, right = (Counter(token for command in side for token in command) for side in (one, two))
    return (left & right).total() / (left | right).total()


def _tokens(solution: Solution) -> frozenset[str]:
    return frozenset(token for command in solution for token in command)


def _arguments(command: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(token for token in command[1:] if not token.startswith("-") or token == "-"))


def _solution(commands: Iterable[str]) -> Solution:
    """Commands as tokens: `a && b` are two, quotes do not count, and looking around is left out."""
    split = [tokens for command in commands for tokens in _split(command)]
    return [tokens for tokens in split if not _looks(tokens)]


def _looks(tokens: Sequence[str]) -> bool:
    asks = any(token in ("--help", "-h", "help") for token in tokens[1:])
    return asks or (tokens[0] in LOOKING and not {">", ">>", "|"} & set(tokens))


def _split(command: str) -> Iterator[tuple[str, ...]]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        tokens = list(lexer)
    except ValueError:
        tokens = command.split()
    part: list[str] = []
    for token in [*tokens, ";"]:
        if token in (";", "&&", "||"):
            if part:
                yield tuple(part)
            part = []
        elif token.startswith("--") and "=" in token:
            part.extend(_even(piece) for piece in token.split("=", 1))
        elif said := _even(token):
            part.append(said)


def _even(token: str) -> str:
    """A token without case, and without the white space that SQL or Python in it is laid out with."""
    said = token.lower().strip().rstrip(";")
    return said if not re.search(r"\s|[^\w\s][=<>(]", said) else " ".join(re.findall(r"\w+|[^\w\s]", said))
