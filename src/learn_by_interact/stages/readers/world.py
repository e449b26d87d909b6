"""The documentation of a benchmark's environment: where it is, and how it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ...benchmarks import Benchmark
from ...environments.declared import DeclaredEnvironment
from ...environments.repository.environment import RepositoryEnvironment
from ...environments.web.environment import WebEnvironment
from ...errors import ConfigError
from ...sources import Docs
from ...types import Task
from . import Report, Run
from .site import Browse

UNNAMED = (
    "{file} does not say which commands its documentation is about: tasks are proposed without the forms of "
    'commands. Name them in it: [docs] tools = ["..."].'
)


@contextmanager
def reader(world: Benchmark, report: Report) -> Iterator[tuple[Docs, Path, Run, Browse | None]]:
    """Where the documentation is, how its commands are run in the sandbox, and its pages seen.

    `report` is told when it is not known which commands it is about. Raises ConfigError when the environment
    declares none.
    """
    environment = world.environment()
    if not isinstance(environment, DeclaredEnvironment):
        raise ConfigError(f"{world.name} declares no documentation that can be read.")
    folder, browse = environment.folder, None
    unnamed = folder.docs.folder or folder.docs.urls or folder.docs.info
    if folder.kind == "shell" and unnamed and not folder.tools:
        report(UNNAMED.format(file=folder.path / "environment.toml"))
    with ExitStack() as stack:
        if isinstance(environment, WebEnvironment) and folder.docs.pages:
            stack.enter_context(environment)
            environment.reset(Task(environment=folder.name, instruction=""))
            browse = environment.source_of
        sandbox = environment.open(filled=True)
        stack.callback(sandbox.close)
        docs, root = folder.docs, folder.path
        if isinstance(environment, RepositoryEnvironment):
            docs, root = environment.documented()
        yield (
            docs,
            root,
            lambda command: sandbox.run(command, sandbox.inside_home, folder.limits).output,
            browse,
        )
