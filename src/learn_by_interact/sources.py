"""Where an environment's documentation is: the `[docs]` table of `environment.toml`."""

from __future__ import annotations

from pydantic import Field

from .types import Texts, Value


class Docs(Value):
    """Sources of documentation, and the size of the sections that are cut from them."""

    help: Texts = ()
    """Commands whose `--help` tree is walked: `sqlite-utils`, `git stash`."""
    man: Texts = ()
    """Manual pages: `task`, `5 taskrc`, or the path of a page (anything with a `/` in it)."""
    info: Texts = ()
    """Info manuals: `recutils`, or one node and what is below it: `(recutils)Queries`."""
    tools: Texts = ()
    """Commands that folders and web pages are about, `todo.sh`; those of help, man and info are known."""
    folder: Texts = ()
    """Folders or files (Markdown, rst, HTML, text), relative to where the table stands."""
    code: Texts = ()
    """Folders or files of Python code, cut at definitions. In a repository, parts of it, as `folder` are."""
    urls: Texts = ()
    """Web pages, http or https."""
    pages: Texts = ()
    """Paths of a web application's own pages, seen as its user sees them: `/wiki/Guide`."""
    follow: Texts = ()
    """Patterns of paths: links on these pages that match one are read too, and theirs."""
    most: int = Field(default=200, gt=0)
    """Pages that are read."""
    chars: int = Field(default=2400, ge=200)
    """Upper bound of a section's text, in characters; one longer line is not cut."""
