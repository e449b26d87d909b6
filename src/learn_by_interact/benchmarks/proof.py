"""Which mutants of a project make a task: those that its tests find, and that break not all at once."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from ..environments.folder import EnvironmentFolder
from ..environments.repository.environment import RepositoryEnvironment, outcome
from ..environments.repository.results import passed
from ..environments.repository.source import files, is_foreign, is_generated
from ..errors import EnvironmentFault
from ..types import digest
from .mutate import Mutant, called, diff, mutants

SHARE = 0.5
"""Of the tests: a mutant that breaks more is seen at once, and no task."""
OF_ONE = 2
"""Repairs of one function, at most."""
IN_VAIN = 60
"""After so many mutants in a row that make no task, no more are tried: each costs a run of the tests."""
PASSED_OVER = ("setup.py", "conf.py")
"""Files that set up a project, whose mistakes are no mistakes of the code."""


class Candidate(NamedTuple):
    """A mutant of a file, and the file's text without it."""

    path: str
    mutant: Mutant
    text: str

    @property
    def patch(self) -> str:
        """The change that makes the mistake."""
        return diff(self.path, self.text, self.mutant.apply(self.text))

    @property
    def place(self) -> tuple[str, str]:
        """The file, and the function in it."""
        return self.path, self.mutant.function

    @property
    def name(self) -> str:
        """What a repair of it is called."""
        module = Path(self.path).with_suffix("").parts
        stem = module[-1] if module[-1] != "__init__" else module[-2:][0]
        name = f"{stem}-{self.mutant.function}-{self.mutant.kind}-{self.mutant.begin}".lower()
        return name.replace(".", "-").replace("_", "-").strip("-")


def candidates(
    tree: Path, seed: int, is_test: Callable[[str], bool], begun: Mapping[str, Collection[int]]
) -> Iterator[Candidate]:
    """All mutants of a project's code: all kinds in turn, else by a hash; first those of called functions.

    `begun`: file -> lines where functions begin that the tests call; a mutant elsewhere breaks none of them,
    as far as all calls were seen.
    """
    found, reached = [], set()
    for path in sorted(files(tree)):
        if not path.endswith(".py") or is_test(path) or _passed_over(path):
            continue
        try:
            text = (tree / path).read_bytes().decode("utf-8")
            if (tree / path).is_symlink() or is_generated(text):
                continue
            found += [(path, one, text) for one in mutants(text)]
            reached |= {(path, name) for name in called(text, begun.get(path, ()))}
        except (SyntaxError, ValueError, RecursionError):
            continue
    found.sort(key=lambda one: digest([seed, one[0], one[1].model_dump()]))
    ranks: Counter[str] = Counter()
    order = []
    for at, (path, mutant, _) in enumerate(found):
        ranks[mutant.kind] += 1
        order.append(((path, mutant.function) not in reached, ranks[mutant.kind], at))
    for *_, at in sorted(order):
        yield Candidate(*found[at])


def _passed_over(path: str) -> bool:
    *folders, name = path.split("/")
    return name in PASSED_OVER or folders[:1] in (["docs"], ["doc"]) or is_foreign(path)


class Proof:
    """Finds out which tests mutants break, each once."""

    def __init__(
        self, folder: EnvironmentFolder, good: set[str], workers: int, say: Callable[[str], None]
    ) -> None:
        """`good`: tests that pass in the project as it is."""
        self._folder, self._good, self._workers, self._say = folder, good, workers, say
        self._known: dict[str, set[str]] = {}
        self.stopped = False

    def of(
        self, every: Sequence[Candidate], most: int, beside: Collection[tuple[str, ...]] = ()
    ) -> Iterator[tuple[Candidate, set[str]]]:
        """The first so many that prove themselves, with the tests that they break, which are not `beside`.

        Gives up after `IN_VAIN` in a row that do not. Ctrl-C ends it, and is told by `stopped` alone.
        """
        try:
            yield from () if self.stopped else self._of(every, most, beside)
        except KeyboardInterrupt:
            self.stopped = True
            self._say("stopped: what was found until now is kept")

    def _of(
        self, every: Sequence[Candidate], most: int, beside: Collection[tuple[str, ...]]
    ) -> Iterator[tuple[Candidate, set[str]]]:
        counts: Counter[tuple[str, str]] = Counter()
        running: deque[tuple[Candidate, Future[set[str]]]] = deque()
        waiting, vain = iter(every), 0
        with ThreadPoolExecutor(self._workers) as pool:
            while counts.total() < most and vain < IN_VAIN:
                while len(running) < self._workers:
                    following = next((one for one in waiting if counts[one.place] < OF_ONE), None)
                    if following is None:
                        break
                    running.append((following, pool.submit(self._fails, following)))
                if not running:
                    return
                one, tried = running.popleft()
                fails = tried.result()
                fair = 0 < len(fails) <= max(1, SHARE * len(self._good))
                if not fair or counts[one.place] >= OF_ONE or tuple(sorted(fails)) in beside:
                    vain += 1
                    continue
                vain = 0
                counts[one.place] += 1
                told = f"breaks {len(fails)} of {len(self._good)} tests"
                self._say(f"{counts.total()}/{most} {one.name}: {told}")
                yield one, fails
            if vain >= IN_VAIN:
                self._say(f"the last {IN_VAIN} mistakes that were tried make no task: no more are tried")

    def _fails(self, one: Candidate) -> set[str]:
        """Tests that no longer pass with a mutant; none where they do not end, or it cannot be found out."""
        if one.patch not in self._known:
            self._known[one.patch] = set()
            try:
                with RepositoryEnvironment(self._folder) as environment:
                    run = environment.tested(one.patch)
                if not run.ended:
                    self._known[one.patch] = self._good - passed(outcome(run))
            except EnvironmentFault:
                pass
        return self._known[one.patch]
