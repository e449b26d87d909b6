"""Documents of paragraphs, as word processors have them: how a paragraph is called, and what is told of it.

    Document (click a paragraph: the cursor is then at its end; ...):
    [paragraph "Fees"] heading 1
    [paragraph "The fees for a year are due on the first..."] continues "of March. Members who pay later ..."
    Footer: [paragraph "Page 1"]
    Selected: "of March"

A paragraph is called as it begins, so that its name means the same wherever it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..web.nodes import quoted

DOCUMENTS = frozenset({"document-text", "document-presentation"})
"""Roles of what holds paragraphs that can be written into."""
PARTS = {
    "header": "Header",
    "footer": "Footer",
    "footnote": "Footnote",
    "comment": "Comment",
    "text-frame": "Frame",
}
"""Roles of parts of a document that stand beside its text -> what their lines begin with."""
HEAD = (
    "Document (click a paragraph: the cursor is then at its end; select one, select one to another, or "
    'select "some words" in one):'
)
"""The line before a document."""
CALLED = 48
"""Characters of a paragraph that are its name."""
LONG = 600
"""Characters that are told of a paragraph besides."""
NEAR = 30
"""Characters that are told before the cursor and behind it, and of what is selected at each end."""


def written_in(node: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The paragraphs that a cell of a table holds."""
    return [one for one in node["children"] if one["role"] in ("paragraph", "heading")]


def text_of(node: Mapping[str, Any]) -> str:
    """What is written in a paragraph, or in a cell of a table that holds some."""
    return str(node.get("text", "")) or "\n".join(str(one.get("text", "")) for one in written_in(node))


def beginning(text: str) -> str:
    """What a paragraph is called: all of it, or words at its beginning."""
    text = " ".join(text.split())
    if len(text) <= CALLED:
        return text
    head = text[: CALLED - 3].rpartition(" ")[0] or text[: CALLED - 3]
    return f"{head.rstrip()}..."


def rest(node: Mapping[str, Any]) -> str:
    """What is told of a paragraph behind its name: the level of a heading, and what its name leaves out."""
    text = " ".join(str(node.get("text", "")).split())
    head = beginning(text)
    told = f" heading {node['level']}" if node.get("level") else ""
    if head != text:
        more = text[len(head) - 3 :].strip()
        told += f" continues {quoted(more if len(more) <= LONG else f'{more[:LONG]}...')}"
    return told


def cursor(texts: Sequence[Mapping[str, Any]]) -> list[str]:
    """The line that tells what is selected in texts, or else where the cursor stands; [] where nothing is."""
    chosen = [
        str(one.get("text", ""))[one["selection"][0] : one["selection"][1]]
        for one in texts
        if one.get("selection")
    ]
    if len(chosen) > 1:
        ends = f"{_short(chosen[0])} to {_short(chosen[-1])}"
        return [f"Selected: {len(chosen)} paragraphs, {ends}"]
    if chosen:
        return [f"Selected: {_short(chosen[0])}"]
    for one in texts:
        if "caret" in one:
            text, at = str(one.get("text", "")), int(one["caret"])
            before, after = text[max(0, at - NEAR) : at], text[at : at + NEAR]
            return [f"Cursor between {quoted(before)} and {quoted(after)}"]
    return []


def _short(text: str) -> str:
    return quoted(text if len(text) <= 2 * NEAR else f"{text[:NEAR]}...{text[-NEAR:]}")


def parts_of(lines: Sequence[tuple[str, str]]) -> list[str]:
    """Lines of a document, each with the part that it is in, which is said where it begins."""
    told, last = [], ""
    for part, line in lines:
        told.append(f"{part}: {line}" if part and part != last else line)
        last = part
    return told
