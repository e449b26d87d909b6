"""Patterns of many texts."""

from __future__ import annotations

import random
import re

from learn_by_interact.patterns import one_of


def test_one_of_many_texts_is_matched_and_nothing_else() -> None:
    draw = random.Random(0)
    for _ in range(200):
        texts = {"".join(draw.choices('a#(\\"[', k=draw.randint(0, 5))) for _ in range(draw.randint(1, 12))}
        pattern = re.compile(f"({one_of(texts)})")
        others = {"".join(draw.choices('a#(\\"[', k=draw.randint(0, 5))) for _ in range(30)}
        assert {text for text in texts | others if pattern.fullmatch(text)} == texts


def test_what_texts_begin_with_alike_stands_once() -> None:
    assert one_of(["link Home", "link Hotel", "button Go", "link Home"]) == "button Go|link Ho(me|tel)"
    assert one_of(["a", "a #2"]) == "a( #2)?"
