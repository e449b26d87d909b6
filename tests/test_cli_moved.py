"""What makes a stage another one: not where the environment lies, but what an episode depends on."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import apsw
import pytest

import tiny
from learn_by_interact.engine.store import Store
from learn_by_interact.environments.fingerprint import identity
from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.stages.keep import kept
from learn_by_interact.types import Example


def attempts(run: Path) -> Counter[str]:
    """Ledger lines of each stage, by its name without the digest."""
    with Store(run, readonly=True) as store:
        return Counter(attempt.stage.partition(":")[0] for attempt in store.attempts())


def calls(log: Path) -> int:
    return len(log.read_text().split()) if log.exists() else 0


def run(folder: Path) -> int:
    """Do the recipe of a folder -> how many calls of the model it took."""
    log = folder / "calls"
    before = calls(log)
    done = tiny.lbi("run", folder / "tiny.toml", "--run-folder", folder / "run", LBI_SCRIPTED_LOG=str(log))
    assert done.returncode == 0, done.stderr
    return calls(log) - before


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first") / "here"
    folder.mkdir()
    tiny.make(folder)
    assert run(folder) > 100
    return folder


@pytest.fixture
def moved(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "there"))


def test_elsewhere_nothing_is_done_again(done: Path, moved: Path) -> None:
    before = attempts(done / "run")
    (moved / "world" / "start" / "words.txt").chmod(0o600)
    assert run(moved) == 0
    assert attempts(moved / "run") == before


def test_a_changed_start_file_is_explored_again(moved: Path) -> None:
    before = attempts(moved / "run")
    (moved / "world" / "start" / "colors.txt").write_text("black\nwhite\n")
    assert run(moved) > 0
    after = attempts(moved / "run")
    assert after["propose"] == 2 * before["propose"] and after["explore"] >= 2 * before["explore"]


def about_colors(run: Path) -> set[str]:
    """Ids of the kept examples that showed what colors.txt holds."""
    with Store(run, readonly=True) as store:
        kept_now = kept(store, "replay")
        return {one.id for one in kept_now if "colors" in one.instruction and "red" in shown(store, one)}


def how_many(run: Path) -> int:
    with Store(run, readonly=True) as store:
        return len(kept(store, "replay"))


def shown(store: Store, example: Example) -> str:
    return "\n".join(observation.text for observation in store.span(example)[1:])


def test_what_was_learnt_of_other_start_files_is_not_kept(moved: Path) -> None:
    file = moved / "world" / "start" / "colors.txt"
    before, text = about_colors(moved / "run"), file.read_text()
    many = how_many(moved / "run")
    assert before
    file.write_text("black\nwhite\n")
    run(moved)
    assert not about_colors(moved / "run")
    assert how_many(moved / "run") >= many, "an example gave way to one that does not stand"
    file.write_text(text)
    run(moved)
    assert about_colors(moved / "run") == before


def test_documentation_and_tasks_bring_only_what_is_new(moved: Path) -> None:
    before = attempts(moved / "run")
    tasks = moved / "world" / "tasks.toml"
    kept = tasks.read_text().split("\n\n")
    tasks.write_text("# The last one is gone.\n" + "\n\n".join(kept[:-1]))
    page = moved / "world" / "docs" / "count.md"
    page.write_text(page.read_text() + "\nIt counts every line.\n")
    run(moved)
    after = attempts(moved / "run")
    assert after["propose"] == before["propose"] + 1
    assert before["explore"] < after["explore"] <= before["explore"] + 3


def test_a_task_whose_check_changed_is_graded_again_and_its_replies_cost_nothing(moved: Path) -> None:
    before = attempts(moved / "run")
    tasks = moved / "world" / "tasks.toml"
    text = tasks.read_text()
    changed = text.replace("grep -qx plum", "grep -qix plum", 1)
    assert changed != text
    tasks.write_text(changed)
    assert run(moved) == 0
    after = attempts(moved / "run")
    arms = before["evaluate"] // text.count("[[task]]")
    assert after["evaluate"] == before["evaluate"] + arms
    assert {stage: after[stage] for stage in before if stage != "evaluate"} == {
        stage: before[stage] for stage in before if stage != "evaluate"
    }


def test_a_run_folder_with_other_stages_goes_on_and_pays_for_no_reply_again(moved: Path) -> None:
    database = apsw.Connection(str(moved / "run" / "run.sqlite"))
    database.execute("UPDATE attempt SET stage = replace(stage, substr(stage, -8), '00000000')")
    database.close()
    before = attempts(moved / "run")
    assert run(moved) == 0
    assert attempts(moved / "run")["explore"] == 2 * before["explore"]


@pytest.mark.parametrize(
    ("file", "old", "new", "same"),
    [
        ("environment.toml", "A folder", "A room", False),
        ("environment.toml", "seconds = 10", "seconds = 20", False),
        ("environment.toml", "[docs]", 'prepare = "true"\n[docs]', False),
        ("environment.toml", "[docs]", '[install]\npip = ["x"]\n[docs]', False),
        ("environment.toml", "[docs]", "[install]\n[docs]", True),
        ("environment.toml", '["docs"]', '["docs", "more"]', True),
        ("environment.toml", "[docs]", '[sandbox]\nkind = "unsafe"\n[docs]', True),
        ("environment.toml", "[docs]", '[sandbox]\nkind = "docker"\nimage = "x"\n[docs]', False),
        ("tasks.toml", "fruits", "roots", True),
        ("start/words.txt", "tree", "bush", False),
    ],
)
def test_what_an_environment_is_known_by(tmp_path: Path, file: str, old: str, new: str, same: bool) -> None:
    world = tiny.make(tmp_path).parent / "world"
    before = identity(EnvironmentFolder.load(world))
    assert before.startswith("tiny:")
    text = (world / file).read_text()
    (world / file).write_text(text.replace(old, new))
    assert (world / file).read_text() != text
    assert (identity(EnvironmentFolder.load(world)) == before) is same


def test_names_and_modes_of_start_files_count(tmp_path: Path) -> None:
    world = tiny.make(tmp_path).parent / "world"
    folder = EnvironmentFolder.load(world)
    seen = [identity(folder)]
    (world / "start" / "words.txt").rename(world / "start" / "verbs.txt")
    seen.append(identity(folder))
    (world / "start" / "verbs.txt").chmod(0o755)
    seen.append(identity(folder))
    (world / "start" / "more").mkdir()
    seen.append(identity(folder))
    (world / "start" / "link").symlink_to("verbs.txt")
    seen.append(identity(folder))
    assert len(set(seen)) == 5
