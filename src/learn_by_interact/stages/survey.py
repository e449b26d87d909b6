"""Survey: the pages of an application, looked over without a model, that an agent can be told of."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from pydantic import TypeAdapter

from ..benchmarks import Benchmark
from ..engine.store import Store
from ..environments.places import QUOTED, SURVEY, Place, Surveyed
from ..registry import identity
from ..types import Attempt, Document, Page, Task, digest

PLACES = TypeAdapter(tuple[Place, ...])
FOUND = "forms that Enter sends, and what stands behind the first part of a page"
"""What places tell since that last changed: a run with an older survey looks the application over again."""


def survey(store: Store, world: Benchmark, name: str, say: Callable[[str], None]) -> None:
    """Look the application over, once as long as its folder stays the same, and keep its pages and places.

    `name`: of the environment, as a recipe has it. `say` is told before it begins. Nothing is done
    where there is nothing to look over. Raises EnvironmentFault when the application does not come up.
    """
    key = f"{SURVEY}:{digest([FOUND, identity(name)])}"
    environment = world.environment()
    if not isinstance(environment, Surveyed):
        return
    if any(store.attempts(key)):
        with suppress(ValueError):  # Of an older version, which kept none.
            environment.remember(PLACES.validate_python(store.meta(f"{key}:places")))
    else:
        say(f"{environment.name} is looked over, which may take some minutes.")
        begin = time.monotonic()
        with environment:
            environment.reset(Task(environment=environment.name, instruction=""))
            # Where an episode begins is seen anyway.
            about = [document.text for document in store.records(Document)]
            places = environment.survey(about)
            pages = [_page(environment.name, place) for place in places if place.path or place.single]
        seconds = time.monotonic() - begin
        store.set_meta(f"{key}:places", PLACES.dump_python(places, mode="json"))
        outputs = tuple(page.id for page in pages)
        store.commit(Attempt(stage=key, input=name, outputs=outputs, seconds=seconds), pages)
    store.set_meta(SURVEY, key)


def _page(environment: str, place: Place) -> Page:
    """A page whose way begins with what is selected last, which is left open: `click [cell "..."]`."""
    chosen = tuple(QUOTED.sub('"..."', one) for one in place.before[-1:])
    if single := place.single:
        path = (*chosen, f"click [{single.element}]")
        return Page(environment=environment, title=place.title, path=path, elements=(), text="")
    named = (one.element for form in place.forms for one in (*form.fields, *form.buttons))
    return Page(
        environment=environment,
        title=place.title,
        path=(*chosen, *place.path),
        elements=tuple(dict.fromkeys(named)),
        text=place.text,
    )
