"""Whether retrieval finds an example of the right command: no model is called.

    python bench/found.py recipes/demo.toml

Counted are the held-out tasks of the environment, all of them, whose gold solution uses a command that a page
of the run's documentation is about: how many have an example of such a command first, and how many among
those that are shown before the first action; with and without the part of the documentation in the search,
and, where the recipe names an encoder, with its part too.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from result import report

from learn_by_interact.benchmarks.folder import FolderBenchmark
from learn_by_interact.commands import page_of
from learn_by_interact.config import Recipe
from learn_by_interact.environments import Environment
from learn_by_interact.pipeline import Pipeline
from learn_by_interact.retrieval.retrieve import ExampleRetriever, Retrieval
from learn_by_interact.types import Document, Task

ACTION = "ACTION: "


def pages_of(commands: list[str], pages: set[str]) -> set[str]:
    """The pages that are about one of the commands."""
    return {page for page in pages for command in commands if f"{command} ".startswith(f"{page} ")}


def found(
    folder: Path, digest: str, settings: Retrieval, environment: Environment, task: Task, pages: set[str]
) -> list[set[str]]:
    """Of each example that is shown before the first action, the pages that its last command is of."""
    retriever = ExampleRetriever(str(folder), settings, None, environment.actions, digest)
    with environment:
        hits = retriever(task, environment.reset(task), []).hits
    lines = [[line for line in hit.text.split("\n") if line.startswith(ACTION)] for hit in hits]
    return [pages_of([one[-1].removeprefix(ACTION)], pages) for one in lines if one]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    recipe = Recipe.load(asked.recipe)
    with Pipeline(recipe) as run:
        world = run.world
        assert isinstance(world, FolderBenchmark)
        pages = {page_of(one.title) for one in run.store.records(Document)}
        folder, digest, examples = run.index()
        figures: dict[str, int] = {"pages": len(pages), "examples": examples, "tasks": 0}
        for task in world.tasks():
            commands = [str(action.arguments.get("command", "")) for action in world.gold(task)]
            if not (wanted := pages_of(commands, pages)):
                continue
            figures["tasks"] += 1
            ways: list[tuple[str, dict[str, Any]]] = [
                ("by examples alone", {"standing": 0.0, "encoder": ""}),
                ("with the documentation", {"encoder": ""}),
            ]
            ways += [("with its meaning", {})] if recipe.retrieval.encoder else []
            for name, update in ways:
                settings = recipe.retrieval.model_copy(update={**update, "query": "instruction"})
                shown = found(folder, digest, settings, world.environment(), task, pages)
                for key, some in ((f"first, {name}", shown[:1]), (f"shown, {name}", shown)):
                    figures[key] = figures.get(key, 0) + any(wanted & one for one in some)
    report("found", figures, {}, asked.out)


if __name__ == "__main__":
    main()
