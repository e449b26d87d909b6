"""Rows that fit into so many tokens: a prompt loses its oldest steps, a reply nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ...agents.agent import LEFT_OUT
from ...types import digest
from ..rows import Row

SAID = re.compile(re.escape(LEFT_OUT).replace(re.escape("{count}"), r"(\d+)") + "$")
"""That a prompt has lost steps already, as the agent says it."""


class Fitted(NamedTuple):
    """A row as messages, and its size."""

    prompt: list[dict[str, str]]
    completion: list[dict[str, str]]
    tokens: int
    cut: int
    """Steps that were left out, besides those that the agent leaves out itself."""


def fitted(row: Row, tokenizer: Any, length: int) -> Fitted | None:
    """The row in at most `length` tokens; None: even the task and the reply alone are longer."""
    messages = [{"role": one.role, "content": one.content} for one in row.messages]
    head, turns, reply = messages[:2], messages[2:-1], messages[-1:]
    opening, before = head[-1]["content"], 0
    if said := SAID.search(opening):
        opening, before = opening[: said.start()], int(said[1])
    for cut in range(len(turns) // 2 + 1):
        gone = before + cut
        first = opening + (LEFT_OUT.format(count=gone) if gone else "")
        prompt = [*head[:-1], {"role": "user", "content": first}, *turns[2 * cut :]]
        tokens = count(tokenizer, [*prompt, *reply])
        if tokens <= length:
            return Fitted(prompt, reply, tokens, cut)
    return None


def count(tokenizer: Any, messages: Sequence[dict[str, str]]) -> int:
    """Tokens of a chat in the model's template."""
    text = tokenizer.apply_chat_template(list(messages), tokenize=False)
    return len(tokenizer(text, add_special_tokens=False)["input_ids"])


def drawn(rows: Iterable[Row], seed: int) -> list[Row]:
    """Rows in an order that follows from a hash, an example's together: fewer are always among more."""
    return sorted(rows, key=lambda row: (digest([seed, row.origin.example]), row.origin.step or 0))


def rows_digest(sides: Iterable[Iterable[Row]]) -> str:
    """Hash of the chats of each side, in their order."""
    return digest(
        [[digest([one.model_dump(mode="json") for one in row.messages]) for row in side] for side in sides]
    )


def within(rows: Iterable[Fitted], tokens: int | None) -> Iterator[Fitted]:
    """The first rows whose sizes add up to at most `tokens`."""
    used = 0
    for row in rows:
        used += row.tokens
        if tokens is not None and used > tokens:
            return
        yield row
