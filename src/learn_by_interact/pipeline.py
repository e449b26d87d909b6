"""The pipeline: what each verb of the command does with a recipe and a run folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from .benchmarks import NO_TASKS, Benchmark, Practising, Predicting, Rehearsing
from .blobs import BLOBS
from .config import ArmTable, Recipe
from .engine.pools import Pool
from .engine.run import Progress, run
from .engine.stage import Stage
from .engine.store import Store
from .environments import Pictured
from .errors import ConfigError, StoreError
from .evaluation.arms import Examples, arm
from .evaluation.calibration import (
    Calibrate,
    Calibration,
    Gold,
    Graded,
    Mismatched,
    ReplaySessions,
    calibrate,
)
from .evaluation.contamination import Contamination, contamination
from .evaluation.evaluate import Evaluate, choose
from .evaluation.indexes import Indexes
from .evaluation.overview import Overview, overview
from .evaluation.report import Result, summarise
from .evaluation.selection import Variant
from .models.connect import connect
from .models.endpoint import ModelSettings
from .registry import benchmark
from .retrieval.documents import since
from .retrieval.encoders import proved
from .sources import Docs
from .stages.base import lacking
from .stages.chain import Chain
from .stages.distill import Distill
from .stages.explore import Explore
from .stages.imported import Imported, import_logs
from .stages.ingest import ingest, spread, without_page
from .stages.judge import Judge
from .stages.keep import (
    HeldOut,
    judge_contamination,
    judge_examples,
    judge_names,
    judge_superseded,
    judge_tasks,
)
from .stages.mend import Mend
from .stages.practise import Practise
from .stages.propose import Propose
from .stages.readers.logs import logs
from .stages.readers.world import reader
from .stages.reason import Reason
from .stages.rehearse import Rehearse
from .stages.relabel import Relabel
from .stages.replay import Replay
from .stages.reword import Reword
from .stages.survey import survey
from .stages.tested import Tested, has_tests
from .texts import fits
from .training.tune.train import Trained, train, tuned_model
from .types import Attempt, Document, Example, Record, Task, Trajectory

Report = Callable[[Progress], None]
Say = Callable[[str], None]

PREDICTIONS = "predictions"
"""Folder, in the run folder, of what a benchmark's own harness takes."""
TUNED = "tuned/"
"""Begins the name of a model that `lbi train` made in the run folder."""


class Pipeline:
    """A recipe, its run folder and a pool; one method a verb. A context manager.

    Every verb may be called again: it does what is not done yet. `pilot`: only so many inputs of
    each stage, those done before included. Raises LbiError.
    """

    def __init__(
        self,
        recipe: Recipe,
        report: Report = lambda _: None,
        say: Say = lambda _: None,
        pilot: int | None = None,
    ) -> None:
        self.recipe = recipe
        self.report, self.say, self.pilot = report, say, pilot
        self.pool = Pool(recipe.pool.kind, recipe.pool.workers)
        self.store = Store(recipe.folder)
        self.store.set_meta("recipe", recipe.model_dump(mode="json"))

    def __enter__(self) -> Pipeline:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.close()
        self.store.close()

    @property
    def world(self) -> Benchmark:
        """Where the agent learns."""
        return benchmark(self.recipe.world, unsafe=self.recipe.unsafe)

    @cached_property
    def arena(self) -> Benchmark:
        """Where it is measured: the same, or another one with the same actions. Raises ConfigError."""
        found = benchmark(self.recipe.arena, unsafe=self.recipe.unsafe)
        here, there = (one.environment().actions for one in (self.world, found))
        if not (isinstance(there, type(here)) or isinstance(here, type(there))):
            raise ConfigError(
                f"{self.recipe.path}: [evaluate] environment: {found.name} is acted on in another way than "
                f"{self.world.name}: what is learned in this is of no use in that; name one of the same kind."
            )
        return found

    @property
    def replies(self) -> str:
        return str(self.recipe.folder.resolve() / "replies")

    def ingest(self) -> int:
        """Read the documentation into documents -> how many; those of an earlier recipe stay aside."""
        every, table = self._read(), self.recipe.ingest
        some = ", ".join(repr(one.title) for one in every[:5])
        told = f"there are {len(every)}, such as {some}"
        known = {name for one in every for name in (one.title, one.source)}
        nothing = "{}: [ingest] {}: no section of the documentation, file or address is called {!r}"
        for pattern in table.only:
            if not any(fits(name, [pattern]) for name in known):
                raise ConfigError(nothing.format(self.recipe.path, "only", pattern) + f"; {told}.")
        for pattern in table.skip:
            # Other versions of a tool may have what this one lacks.
            if not any(fits(name, [pattern]) for name in known):
                self.say(nothing.format(self.recipe.path, "skip", pattern) + "; it leaves nothing out.")
        found = [one for one in every if self._wanted(one)]
        if not found:
            raise ConfigError(f"{self.recipe.path}: [ingest] leaves no section of the documentation; {told}.")
        begin = time.monotonic()
        documents = spread(found, self.recipe.propose.sections)
        documents += [without_page(number) for number in range(self.recipe.ingest.bare)]
        attempt = Attempt(
            stage="ingest",
            input=self.recipe.world,
            outputs=tuple(document.id for document in documents),
            seconds=time.monotonic() - begin,
        )
        earlier = [one.outputs for one in self.store.attempts("ingest")]
        if not earlier or attempt.outputs != earlier[-1]:
            self.store.commit(attempt, documents)
        return len(documents)

    def _read(self) -> list[Document]:
        if isinstance(self.world, Practising):
            return self.world.kinds()
        with reader(self.world, self.say) as (docs, root, command, browse):
            return list(ingest(self._with_mine(docs), root, command, self.say, browse))

    def _with_mine(self, docs: Docs) -> Docs:
        """The environment's sources of documentation, and the recipe's."""
        here, mine = self.recipe.path.resolve().parent, self.recipe.ingest
        more = tuple(str(here / name) for name in mine.folder)
        return docs.model_copy(update={"folder": docs.folder + more, "urls": docs.urls + mine.urls})

    def _wanted(self, document: Document) -> bool:
        table, known = self.recipe.ingest, (document.title, document.source)
        chosen = not table.only or any(fits(one, table.only) for one in known)
        return chosen and not any(fits(one, table.skip) for one in known)

    def propose(self) -> Progress:
        """All rounds that can be begun -> the progress of the last that had anything to do."""
        self._need(Document, "documents", "ingest")
        progress = self._propose(0)
        for later in range(1, self.recipe.propose.rounds):
            step = self._propose(later)
            progress = step if step.done + step.failed else progress
        return progress

    def _propose(self, number: int) -> Progress:
        if isinstance(self.world, Practising):
            return self._run(Practise(**self._world()))
        survey(self.store, self.world, self.recipe.world, self.say)
        progress = self._run(self._proposer(number))
        judge_tasks(self.store)
        return progress

    def _proposer(self, number: int) -> Propose:
        table = self.recipe.propose
        return Propose(
            **self._model(),
            round=number,
            enough=table.enough,
            tasks=table.tasks,
            most=table.most,
            skip=table.skip,
            temperature=table.temperature,
        )

    def synthesise(self) -> None:
        """Propose and explore, round by round; a round that was begun follows a finished one."""
        rounds = self.recipe.propose.rounds
        for number in range(rounds):
            self._propose(number)
            following = self._proposer(number + 1).key
            if number + 1 == rounds or not any(self.store.attempts(following)):
                self.explore()

    def explore(self) -> Progress:
        self._need(Task, "tasks", "propose")
        table = self.recipe.explore
        stage = Explore(
            **self._model(),
            **table.acting("temperatures", "begin", "settle"),
            pictures=self._pictures(table.screenshots),
        )
        progress = self._run(stage)
        if table.mend:
            self._run(Mend(**self._world(), tries=table.mend))
        if isinstance(self.world, Rehearsing):
            self.store.add(self.world.rehearsals())
            self._run(Rehearse(**self._world()))
        if table.chain:
            self._run(Chain(**self._world(), tries=table.chain, enough=self.recipe.propose.enough))
        return progress

    def _pictures(self, wanted: bool = False) -> str:
        """Folder of the pictures, where they are wanted or the model is sent some. Raises ConfigError."""
        seeing = self.recipe.model.pictures > 0
        if seeing and not isinstance(self.world.environment(), Pictured):
            raise ConfigError(
                f"{self.recipe.path}: {self.world.name} has no screen to take pictures of; "
                "take `pictures` out of [model]."
            )
        return str(self.recipe.folder.resolve() / BLOBS) if wanted or seeing else ""

    def import_logs(self, files: Sequence[Path], steps: int) -> Imported:
        """Act again what agents did, as the files say -> what became of it; each session once."""
        actions = self.world.environment().actions
        found = (log for file in files for log in logs(file, actions, self.say))
        return import_logs(self.store, self.world, found, steps, self.say)

    def relabel(self) -> Progress:
        self._need(Trajectory, "trajectories", "explore")
        self.store.set_meta("tools", list(self.world.tools))
        return self._run(self._relabel())

    def _relabel(self) -> Relabel:
        return Relabel(**self._model(), **dict(self.recipe.relabel))

    def replay(self) -> Progress:
        self._need(Example, "examples", "relabel")
        stage = Replay(**self._world())
        progress = self._run(stage)
        # Under which key the verdicts stand: those of an environment that changed since do not.
        self.store.set_meta(Replay.name, stage.key)
        if has_tests(self.world.environment()):
            self._run(Tested(**self._world()))
        return progress

    def judge(self) -> list[Progress]:
        """Near-duplicates and contamination first: they cost nothing; then the committee."""
        self._need(Example, "examples", "relabel")
        self._sweep()
        stages = [Judge(**{**self._model(), "model": model}) for model in self._judges()]
        done = [self._run(stage) for stage in stages]
        # What a model said that has left the committee, or to another prompt, does not count.
        self.store.set_meta(Judge.name, [stage.key for stage in stages])
        return done

    def reason(self) -> Progress:
        """Lines of reasoning in hindsight, for training."""
        self._need(Example, "examples", "relabel")
        return self._run(Reason(**self._model(), rule=self.recipe.judge.rule))

    def reword(self) -> list[Progress]:
        """Kept instructions in other words; they are swept and judged as all are."""
        self._need(Example, "examples", "relabel")
        return [self._run(self._reword()), *self.judge()]

    def _reword(self) -> Reword:
        return Reword(**self._model(), rule=self.recipe.judge.rule)

    def _judges(self) -> list[ModelSettings]:
        """The committee's models; one that the recipe's own model is too has its settings."""
        own = self.recipe.model
        return [own if name == own.name else ModelSettings(name=name) for name in self.recipe.judge.models]

    def _sweep(self) -> None:
        actions = self.world.environment().actions
        judge_superseded(self.store, self._relabel().key, self._reword().key)
        judge_names(self.store, actions)
        judge_examples(self.store, actions)
        judge_contamination(self.store, actions, self.held_out())

    def distill(self) -> None:
        """Make examples of proposed tasks as they are, replay and sweep them."""
        self._need(Trajectory, "trajectories", "explore")
        self._run(Distill(settle=self.recipe.explore.settle))
        self.replay()
        self._sweep()

    def index(self) -> tuple[Path, str, int]:
        """Bring the index of the kept examples up to date -> (folder, digest, how many)."""
        self._need(Example, "examples", "relabel")
        return self._indexes().examples()

    def _indexes(self) -> Indexes:
        actions, rule = self.world.environment().actions, self.recipe.judge.rule
        return Indexes(self.store, actions, self.recipe.retrieval, rule, self.say)

    def evaluate(self) -> Result:
        """All arms over the same held-out tasks; each repeat of an arm is a stage of its own."""
        tasks = self.chosen()
        self._prepare()
        for missing in getattr(self.arena, "missing", ()):
            self.say(missing)
        table, arms = self.recipe.evaluate, self._arms()
        predicts = isinstance(self.arena, Predicting)
        stages = [
            Evaluate(
                **{**self._model(), **self._player(entry), "environment": self.recipe.arena},
                arm=entry.arm,
                settings=entry.settings,
                called=entry.name,
                version=arm(entry.arm, entry.settings).version,
                seed=seed,
                **table.acting("temperature", "only"),
                retrieval=self.recipe.retrieval,
                count=table.tasks,
                variant=variant,
                output=str(self.recipe.folder.resolve() / PREDICTIONS) if predicts else "",
                pictures=self._pictures(),
                **index,
            )
            for seed in range(table.seed, table.seed + table.repeats)
            for entry, variant, index in arms
        ]
        self.store.add(tasks)
        for stage in stages:
            self._run(stage)
        self._predict([task.parent for task in tasks])
        return summarise(self.store, stages, tasks)

    def _prepare(self) -> None:
        """What the arms need and the run folder lacks: documents, or all that is learned from them."""
        needs = {arm(entry.arm, entry.settings).needs for entry in self.recipe.evaluate.arms}
        tried = any(any(self.store.attempts(verb)) for verb in ("explore", "import"))
        begun = tried or self.store.count(Example) or self.pilot is not None
        if not begun and needs & {"examples", "distilled"}:
            self.say(f"Nothing was learned in {self.recipe.folder} yet: that comes first.")
            self.learn()
        elif "documents" in needs and not self.store.count(Document):
            self.ingest()
        if "distilled" in needs:
            self.distill()

    def _predict(self, names: Sequence[str]) -> None:
        """Write what the benchmark's own harness takes and reports, where it has one."""
        if isinstance(self.arena, Predicting):
            for file in self.arena.official(self.recipe.folder / PREDICTIONS, names):
                self.say(f"{file} is written.")

    def _player(self, entry: ArmTable) -> dict[str, Any]:
        """The model of an arm. Raises ConfigError when it was not tuned yet."""
        name, tuned = entry.llm, ""
        if name.startswith(TUNED):
            name, version = tuned_model(self.recipe.folder / "models" / name.removeprefix(TUNED), entry.name)
            tuned = f"{entry.llm}@{version}"
        other: dict[str, Any] = {"name": name, "base_url": None, "prices": None}
        other |= {"pictures": 0} if tuned else {}
        model = self.recipe.model.model_copy(update=other) if name else self.recipe.model
        return {"model": model, "tuned": tuned}

    def _arms(self) -> list[tuple[ArmTable, Variant | None, dict[str, Any]]]:
        """The arms, then their variants, each with its index; a pilot, whose examples are few, has none."""
        table = self.recipe.evaluate
        entries = {entry.name: entry for entry in table.arms}
        found: list[tuple[ArmTable, Variant | None, dict[str, Any]]] = [
            (entry, None, self._index(entry)) for entry in table.arms
        ]
        for variant in table.variant if self.pilot is None else ():
            found.append((entries[variant.arm], variant, self._index(entries[variant.arm], variant)))
        return found

    def _index(self, entry: ArmTable, variant: Variant | None = None) -> dict[str, Any]:
        """The index that an arm needs, as settings of its stage; {} for none."""
        player, base = arm(entry.arm, entry.settings), self.recipe.retrieval
        needs, beside = player.needs, dict[str, Any]()
        if needs in ("examples", "distilled"):
            self._need(Example, "examples", "relabel")
            table = player.settings(base) if isinstance(player, Examples) else base
            beside = {"documentation": since(self.store, table.documented, table.pages > 0)}
        if needs and variant is not None and variant.repository:
            tasks = self.chosen()
            found = self._indexes().by_repository(self.arena, tasks, needs == "distilled", variant)
        else:
            found = self._indexes().needed(needs, entry.name, variant)
        return {**found, **beside}

    def calibrate(self) -> Calibration:
        """Ask the committee, or the recipe's model where it names none, about sessions with a known grade."""
        tasks = self.chosen()
        self.store.add(tasks)
        world = {**self._world(), "environment": self.recipe.arena}
        names = tuple(task.id for task in tasks)
        acted = Gold(**world, tasks=names), Mismatched(**world, tasks=names)
        world["graded"] = Graded(tasks=names, acted=tuple(stage.key for stage in acted))
        replays = ReplaySessions(**world)
        models = self._judges() or [self.recipe.model]
        judges = [Calibrate(**{**self._model(), **world, "model": model}) for model in models]
        for stage in (*acted, replays, *judges):
            self._run(stage)
        return calibrate(self.store, replays, judges)

    def contamination(self) -> Contamination:
        """How near the kept examples come to the held-out tasks, and what was removed."""
        world, rule = self.arena, self.recipe.judge.rule
        return contamination(self.store, world.environment().actions, world.name, self.held_out(), rule)

    def run(self) -> Result | None:
        """All stages of the recipe, then the evaluation; None where there are no held-out tasks."""
        self.learn()
        return self.evaluate() if self.measured else None

    def learn(self) -> None:
        """All stages but the evaluation."""
        if self.measured:
            self.chosen()  # What is wrong with the choice is said before the work.
        if self.recipe.retrieval.encoder:
            proved(self.recipe.retrieval.encoder)
        self.ingest()
        self.synthesise()
        self.relabel()
        self.replay()
        self.judge()

    def summary(self) -> Overview:
        """All counts of the run folder under this recipe's rule."""
        return overview(self.store, self.recipe.judge.rule, self.recipe.relabel.cap)

    @cached_property
    def measured(self) -> bool:
        """Whether there are held-out tasks."""
        return bool(self.arena.tasks())

    def chosen(self) -> list[Task]:
        """The held-out tasks of the evaluation. Raises ConfigError, as `choose` does, and for none."""
        if not self.measured:
            raise ConfigError(NO_TASKS.format(self.arena.name))
        return choose(self.arena.tasks(), self.recipe.evaluate.only, self.recipe.evaluate.tasks)

    def held_out(self) -> Iterator[HeldOut]:
        """The benchmark's tasks as decontamination sees them."""
        world = self.arena
        for task in world.tasks():
            actions = world.environment().actions
            gold = tuple(actions.format(action) for action in world.gold(task))
            yield HeldOut(name=task.parent, instruction=task.instruction, gold=gold)

    def _world(self) -> dict[str, Any]:
        return {"environment": self.recipe.world, "unsafe": self.recipe.unsafe}

    def _model(self) -> dict[str, object]:
        connect(self.recipe.model, Path(self.replies))
        return {
            **self._world(),
            "model": self.recipe.model,
            "replies": self.replies,
        }

    def _run(self, stage: Stage) -> Progress:
        most = None if self.pilot is None else max(0, self.pilot - len(self.store.done(stage.key)))
        return run(stage, self.store, self.pool, self.recipe.budget, self.report, most)

    def train(self) -> Trained:
        """Tune the recipe's base on the run's examples, or go on with that. Raises ConfigError."""
        self._need(Example, "examples", "relabel")
        table = self.recipe.train
        table = table.model_copy(update={"rule": table.rule or self.recipe.judge.rule})
        if "task" in table.kinds:
            self.distill()
        folder = self.recipe.folder / "models" / table.name
        return train(self.store, self.world.environment(), table, folder, self.say)

    def _need(self, kind: type[Record], what: str, verb: str) -> None:
        if not self.store.count(kind):
            raise StoreError(lacking(self.store, what, verb, self.recipe.path))
