"""Survey: the pages of an application, looked over without a model, that an agent can be told of."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..benchmarks import Benchmark
from ..engine.store import Store
from ..environments.places import SURVEY, Place, Surveyed
from ..registry import identity
from ..types import Attempt, Page, Task, digest


def survey(store: Store, world: Benchmark, name: str, say: Callable[[str], None] = lambda _: None) -> int:
    """Look the application over, once as long as its folder stays the same -> how many pages are known.

    `name`: of the environment, as a recipe has it. `say` is told before it begins. 0 where there is nothing
    to look over.
    Raises EnvironmentFault when the application does not come up.
    """
    key = f"{SURVEY}:{digest(identity(name))}"
    known = [page for attempt in store.attempts(key) for page in attempt.outputs]
    if not any(store.attempts(key)):
        environment = world.environment()
        if not isinstance(environment, Surveyed):
            return 0
        say(f"{environment.name} is looked over, which may take some minutes.")
        begin = time.monotonic()
        with environment:
            environment.reset(Task(environment=environment.name, instruction=""))
            # Where an episode begins is seen anyway.
            pages = [_page(environment.name, place) for place in environment.survey() if place.path]
        known = [page.id for page in pages]
        seconds = time.monotonic() - begin
        store.commit(Attempt(stage=key, input=name, outputs=tuple(known), seconds=seconds), pages)
    store.set_meta(SURVEY, key)
    return len(known)


def _page(environment: str, place: Place) -> Page:
    named = (one.element for form in place.forms for one in (*form.fields, *form.buttons))
    return Page(
        environment=environment,
        title=place.title,
        path=place.path,
        elements=tuple(dict.fromkeys(named)),
        text=place.text,
    )
