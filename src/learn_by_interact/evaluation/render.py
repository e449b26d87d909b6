"""A report as Markdown, and as one page that needs nothing else: no script, no network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template

from ..errors import StoreError
from .sections import Block, Plot, Section, Table

FIGURE = re.compile(r"[-+$<]?[\d,.]+%?( (to|\().*)?|[\d.]+/[\d.]+(, .*)?|-|unknown|[\d.]+%-[\d.]+%")
"""A cell that stands on the right."""


def write(folder: Path, title: str, sections: Sequence[Section]) -> tuple[Path, Path]:
    """Write `report.md` and `report.html` into a folder -> both. Raises StoreError when that fails."""
    pages = (folder / "report.md", folder / "report.html")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        pages[0].write_text(markdown(title, sections), encoding="utf-8")
        pages[1].write_text(html(title, sections), encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error.strerror}; name another --out.") from error
    return pages


def markdown(title: str, sections: Sequence[Section]) -> str:
    """The sections without their plots."""
    parts = [f"# {_plain(title)}"]
    for section in sections:
        parts.append(f"{'#' * section.level} {_plain(section.title)}")
        parts += [_markdown(block) for block in section.blocks if not isinstance(block, Plot)]
    return "\n\n".join(parts) + "\n"


def html(title: str, sections: Sequence[Section]) -> str:
    """One page; all text that comes from a file is escaped."""
    template = Template((files(__package__) / "report.html").read_text(encoding="utf-8"))
    body, links = [], []
    for number, section in enumerate(sections):
        name = f"s{number}"
        if section.level == 2:
            links.append(f'<a href="#{name}">{escape(section.title)}</a>')
        level = section.level
        blocks = "\n".join(_html(block) for block in section.blocks)
        body.append(f'<section id="{name}"><h{level}>{escape(section.title)}</h{level}>\n{blocks}</section>')
    return template.substitute(title=escape(title), contents="\n".join(links), body="\n".join(body))


def _markdown(block: str | Table | Plot) -> str:
    if isinstance(block, str):
        return _plain(block)
    assert isinstance(block, Table)
    lines = [block.head, tuple("---:" if number else "---" for number in _figures(block)), *block.rows]
    cells = [lines[0], *lines[2:]]
    written = [[_plain(cell) for cell in row] for row in cells]
    written.insert(1, list(lines[1]))
    return "\n".join(f"| {' | '.join(row)} |" for row in written)


def _html(block: Block) -> str:
    if isinstance(block, str):
        return f"<p>{escape(block)}</p>"
    if isinstance(block, Plot):
        kind = ' class="half"' if block.half else ""
        return f"<figure{kind}>{block.svg}<figcaption>{escape(block.caption)}</figcaption></figure>"
    kinds = ["figure" if number else "words" for number in _figures(block)]
    head = "".join(
        f'<th class="{kind}">{escape(cell)}</th>' for kind, cell in zip(kinds, block.head, strict=True)
    )
    rows = "\n".join(
        "<tr>"
        + "".join(f'<td class="{kind}">{escape(cell)}</td>' for kind, cell in zip(kinds, row, strict=True))
        + "</tr>"
        for row in block.rows
    )
    made = f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    return f"<details><summary>{len(block.rows)} rows</summary>{made}</details>" if block.long else made


def _figures(table: Table) -> list[bool]:
    """Which columns hold figures only."""
    return [
        bool(table.rows) and all(FIGURE.fullmatch(row[at]) for row in table.rows)
        for at in range(len(table.head))
    ]


def _plain(text: str) -> str:
    """A text on one line in which nothing is Markdown or HTML."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", " ".join(text.split()))
