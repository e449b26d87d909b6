"""The declaration of an environment, and what is said about wrong ones."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.errors import ConfigError

LEAST = 'name = "small"\ndescription = "Little."\n'


def load(folder: Path, text: str) -> EnvironmentFolder:
    (folder / "environment.toml").write_text(text)
    return EnvironmentFolder.load(folder)


def test_the_least_declaration(tmp_path: Path) -> None:
    folder = load(tmp_path, LEAST)
    assert folder.start_folder is None
    assert load(tmp_path, f"\ufeff{LEAST}") == folder  # As some editors write it.
    assert folder.sandbox.kind == "bubblewrap"
    assert folder.limits.seconds == 20
    assert pickle.loads(pickle.dumps(folder)) == folder


def test_a_full_declaration(tmp_path: Path) -> None:
    (tmp_path / "start").mkdir()
    folder = load(
        tmp_path,
        LEAST
        + 'kind = "shell"\nstart = "start"\nprepare = "true"\nlook = "ls"\n'
        + '[install]\npip = ["x==1"]\napt = ["y"]\n[env]\nA = "b"\n'
        + '[docs]\nhelp = ["git stash"]\nman = ["task", "5 taskrc", "pages/x.1"]\ntools = ["pick"]\n'
        + "[limits]\nseconds = 1.5\n[volatile]\npatterns = ['\\d+']\n"
        + '[sandbox]\nkind = "docker"\nimage = "debian:12"\n',
    )
    assert folder.start_folder == tmp_path / "start"
    assert folder.tools == ("git", "task", "taskrc", "pick")
    assert folder.volatile.replace("a1b22") == "a~b~"
    assert folder.env == {"A": "b"}


def test_one_text_may_stand_without_brackets(tmp_path: Path) -> None:
    one = load(tmp_path, LEAST + '[install]\npip = "x==1"\n[docs]\nhelp = "git"\n')
    listed = load(tmp_path, LEAST + '[install]\npip = ["x==1"]\n[docs]\nhelp = ["git"]\n')
    assert one == listed and one.docs.help == ("git",)
    with pytest.raises(ConfigError, match=r"docs\.help: Input should be a valid tuple"):
        load(tmp_path, LEAST + "[docs]\nhelp = 1\n")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LEAST + "colour = 1\n", "environment.toml: unknown key colour; known here: name, description"),
        (LEAST + "[limits]\nsecond = 1\n", "unknown key limits.second; known here: seconds, memory_mb"),
        ('name = "a"\n', "the key description is missing"),
        (
            LEAST.replace('name = "', 'name = "A tool ', 1),
            "is no name: it has letters, digits, - and _ alone",
        ),
        (LEAST + "[limits]\nseconds = 0\n", "limits.seconds: Input should be greater than 0"),
        (LEAST + 'kind = "browser"\n', "kind: Input should be 'shell'"),
        (LEAST + "[volatile]\npatterns = ['(']\n", r"volatile.patterns: '\(' is no regular expression"),
        (LEAST + 'start = "nowhere"\n', "start: there is no folder 'nowhere' beside it"),
        (LEAST + '[sandbox]\nkind = "docker"\n', "sandbox.image: name the image"),
        (LEAST + "x = \n", r"environment.toml:3:5: this is not TOML: Invalid value"),
    ],
)
def test_wrong_declarations_are_told_in_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as error:
        load(tmp_path, text)
    assert str(tmp_path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_folder_without_a_declaration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no environment.toml"):
        EnvironmentFolder.load(tmp_path)


def test_the_manual_page_of_a_part_of_a_command_is_about_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("shelf", "book-end"):
        command = tmp_path / "bin" / name
        command.parent.mkdir(exist_ok=True)
        command.touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    folder = load(tmp_path, LEAST + '[docs]\nman = ["shelf-add", "1 shelf-sort", "book-end", "other-tool"]\n')
    assert folder.tools == ("shelf", "book-end", "other-tool")


def test_the_name_of_an_info_manual_may_be_that_of_no_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "shelf").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    docs = '[docs]\ninfo = ["shelf", "shelfutils", "(shelfutils)Adding"]\n'
    assert load(tmp_path, LEAST + docs).tools == ("shelf",)
    image = '[sandbox]\nkind = "docker"\nimage = "debian:12"\n'
    assert load(tmp_path, LEAST + docs + image).tools == ("shelf", "shelfutils")
