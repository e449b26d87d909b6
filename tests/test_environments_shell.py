"""The shell environment in its sandbox: what commands may do, and what is seen of them."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.environments.shell import ShellEnvironment, cut
from learn_by_interact.errors import ConfigError, EnvironmentFault
from learn_by_interact.types import STOP, Action, Observation, Task

DECLARED = """
name = "small"
description = "A folder with one file."
start = "start"
[limits]
seconds = 2
memory_mb = 150
processes = 20
disk_mb = 20
output_chars = 400
[env]
COLOUR = "green"
[volatile]
patterns = ['id-\\d+']
"""

TASK = Task(environment="small", instruction="none")

Do = Callable[[str], Observation]


def declare(folder: Path, text: str = DECLARED) -> EnvironmentFolder:
    (folder / "start").mkdir(exist_ok=True)
    (folder / "start" / "a.txt").write_text("one\ntwo\n")
    (folder / "environment.toml").write_text(text)
    return EnvironmentFolder.load(folder)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[ShellEnvironment]:
    with ShellEnvironment(declare(tmp_path)) as environment:
        environment.reset(TASK)
        yield environment


@pytest.fixture
def do(small: ShellEnvironment) -> Do:
    return lambda command: small.step(Action(tool="bash", arguments={"command": command}))


def test_the_start_folder_is_seen_and_left_alone(tmp_path: Path) -> None:
    folder = declare(tmp_path)
    with ShellEnvironment(folder) as environment:
        assert environment.reset(TASK).text == "a.txt (8 bytes)\n  one\n  two"
        environment.step(Action(tool="bash", arguments={"command": "rm a.txt"}))
        home = environment.sandbox.home
        assert not (home / "a.txt").exists()
    assert (tmp_path / "start" / "a.txt").exists()
    assert not home.exists()


def test_a_start_without_a_look_shows_the_first_lines_of_what_is_text(tmp_path: Path) -> None:
    folder = declare(tmp_path)
    start = tmp_path / "start"
    (start / "with blank.csv").write_text("id,name\n" + 9 * "1,ä\n" + "\n")
    (start / "wide").write_text(120 * "w")
    (start / "binary").write_bytes(b"a\0b\nc")
    (start / ".git").mkdir()
    (start / ".git" / "HEAD").write_text("ref")
    with ShellEnvironment(folder) as environment:
        text = environment.reset(TASK).text
    assert text.split("\n") == [
        "a.txt (8 bytes)", "  one", "  two", "binary (5 bytes)", "wide (120 bytes)", f"  {100 * 'w'}",
        "with blank.csv (54 bytes)", "  id,name", *5 * ["  1,ä"],
    ], "of few files some more"  # fmt: skip
    for number in range(18):
        (start / f"z{number:02}").write_text("z\n" if number < 15 else 5 * "z\n")
    with ShellEnvironment(folder) as environment:
        text = environment.reset(TASK).text
    rows = "\n  z\n  z\n  z\n"
    assert text.endswith(f"\nz15 (10 bytes){rows}z16 (10 bytes)\nz17 (10 bytes)"), "three, of the first 20"


def test_setup_runs_before_the_first_observation(tmp_path: Path) -> None:
    with ShellEnvironment(declare(tmp_path)) as environment:
        start = environment.reset(TASK.model_copy(update={"setup": {"run": "echo x > b; cd /"}}))
        assert start.text == "a.txt (8 bytes)\n  one\n  two\nb (2 bytes)\n  x"
    with ShellEnvironment(declare(tmp_path)) as environment, pytest.raises(EnvironmentFault, match="oh"):
        environment.reset(TASK.model_copy(update={"setup": {"run": "echo oh; false"}}))


def test_what_is_shown(do: Do) -> None:
    assert do("cat a.txt").text == "one\ntwo"
    assert do("true").text == "[no output]"
    failed = do("echo hi >&2; exit 3")
    assert failed.text == "hi\n[exit code 3]" and failed.failed
    assert (
        do("printf '\\033[31mred\\033[0m 1%%\\r2%%\\r\\nx\\bX \\xff'").text
        == "2%\nX \N{REPLACEMENT CHARACTER}"
    )
    assert do("echo $COLOUR $HOME $PWD; wc -c").text == "green /home/user /home/user\n0"


def test_folders_links_and_modes_that_a_command_changed_are_told(do: Do) -> None:
    for command, told in {
        "mkdir -p src/lib": "[new: src/lib/]",
        "ln -s a.txt link": "[new: link -> a.txt]",
        "ln -sfn /tmp link": "[changed: link -> /tmp]",
        "chmod 755 a.txt": "[changed: a.txt (mode 755)]",
        "rm -r src; mkdir b": "[new: b/; gone: src/]",
    }.items():
        assert do(command).text == f"[no output]\n{told}", command
    assert do("mkdir -p c/.git && echo ref > c/.git/HEAD").text == "[no output]\n[new: c/.git/HEAD]"


def test_long_output_is_cut_in_the_middle(do: Do) -> None:
    text = do("seq 1 3000").text
    assert len(text) < 500
    assert text.startswith("1\n2\n") and text.endswith("\n2999\n3000")
    assert "characters and 2,8" in text
    assert cut("x" * 100, 100) == "x" * 100


def test_a_line_of_any_length_is_read_in_time(do: Do) -> None:
    begin = time.monotonic()
    assert "characters and 1 lines left out" in do("head -c 900000 /dev/zero | tr '\\0' x").text
    assert time.monotonic() - begin < 3


def test_the_folder_persists_and_variables_do_not(do: Do) -> None:
    do("mkdir sub; cd sub; export X=1")
    assert do("pwd; echo $X").text == "/home/user/sub"
    do("rm -r ~/sub")
    assert do("pwd").text == "/home/user"
    do("cd /tmp; echo kept > file")
    assert do("cat file").text == "kept"


def test_a_hang_is_killed(do: Do) -> None:
    begin = time.monotonic()
    seen = do("echo before; sleep 60")
    assert seen.text == "before\n[killed: it ran longer than 2 s]" and seen.failed
    assert time.monotonic() - begin < 4


def test_a_fork_bomb_is_held(do: Do) -> None:
    """No more processes than allowed, and none left."""
    # What counts must not fork: there is no room for it.
    count = "set -- /proc/[0-9]*; if [ $# -gt $most ]; then most=$#; echo $most >> counts; fi"
    do(f"f() {{ f | f & }}; f; most=0; while :; do {count}; done")
    do("for i in $(seq 60); do sleep 1 & done 2>/dev/null; wait")
    seen = do("cat counts; ls -d /proc/[0-9]* | wc -l")
    counts = [int(line) for line in seen.text.split() if line.isdigit()]
    assert counts and max(counts) <= 23
    assert counts[-1] <= 5


def test_many_processes_are_refused(do: Do) -> None:
    program = (
        "import os, time\nn = 0\ntry:\n  while os.fork(): n += 1\n  time.sleep(1)\nexcept OSError: print(n)"
    )
    seen = do(f"python3 -c '{program}'")
    assert 5 < int(seen.text.split()[0]) < 20


def test_a_disk_filler_is_killed(do: Do, small: ShellEnvironment) -> None:
    seen = do("for i in $(seq 1000); do head -c 5000000 /dev/zero > f$i; done")
    assert seen.text.endswith("[killed: the folder grew over 20 MB]") and seen.failed
    used = sum(file.stat().st_size for file in small.sandbox.home.iterdir())
    assert used < 1_000_000_000
    # How many were written depends on the disk: f10 stands before f2.
    gone = sorted(file.name for file in small.sandbox.home.glob("f*"))
    assert gone[0] == "f1"
    assert do("rm f*; ls").text.startswith(f"a.txt\n[gone: {', '.join(gone[:2])}")
    assert do("head -c 50000000 /dev/zero > big").failed
    assert (small.sandbox.home / "big").stat().st_size <= 20 * 1024 * 1024
    do("rm big")
    assert do("for i in $(seq 9); do head -c 5000000 /dev/zero > /tmp/f$i; done; sleep 1").failed


def test_a_memory_hog_is_stopped(tmp_path: Path) -> None:
    # Four interpreters take longer than two seconds to start on a machine with other work.
    folder = declare(tmp_path, DECLARED.replace("seconds = 2", "seconds = 60"))
    hog = "python3 -c 'x = bytearray(70 * 10**6); import time; time.sleep(90)'"
    hogs = f"for i in 1 2 3 4; do {hog} & done; wait"
    with ShellEnvironment(folder) as environment:
        environment.reset(TASK)

        def seen(command: str) -> str:
            return environment.step(Action(tool="bash", arguments={"command": command})).text

        assert "MemoryError" in seen("python3 -c 'x = bytearray(10**9)'")
        assert seen(hogs).endswith("[killed: it used more than 150 MB of memory]")


def test_a_flood_of_output_is_stopped(do: Do) -> None:
    seen = do("yes")
    assert seen.text.endswith("[killed: it printed without end]") or "longer than" in seen.text
    assert len(seen.text) < 500


def test_nothing_outside_can_be_written_or_read(do: Do, tmp_path: Path) -> None:
    for place in (
        "/usr/x",
        "/etc/x",
        "/x",
        "/dev/x",
        "/home/x",
        "/run/lbi/prologue",
        "/run/x",
        str(tmp_path),
    ):
        assert do(f"echo x > {place}").failed, place
    assert do(f"ls {tmp_path}").failed
    assert do("cat /etc/shadow").failed
    assert do("id -u").text != "0"


def test_there_is_no_network(do: Do) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert do(f"exec 3<>/dev/tcp/127.0.0.1/{port}").failed
        assert do("exec 3<>/dev/tcp/1.1.1.1/53").failed


def test_background_processes_end_with_their_command(do: Do) -> None:
    seen = do("(sleep 0.3; echo late > late) & setsid sleep 7 > /dev/null & echo ok")
    assert seen.text == "ok"
    do("sleep 0.5")
    assert do("ls").text == "a.txt"


def test_fingerprints(do: Do) -> None:
    before = do("cat a.txt")
    again = do("cat a.txt; touch a.txt")
    assert before == again
    other = do("head -n 9 a.txt; chmod 600 a.txt")
    assert other.key != before.key and other.state != before.state
    assert do("echo id-1 | tee b").key == do("echo id-22 | tee b").key
    assert do("echo x-1 | tee b").key != do("echo x-22 | tee b").key
    assert do("touch -d '-1 day' b; ls -l").key == do("touch -d '-3 days' b; ls -l").key
    stopped, asked = do("sleep 3"), do("true")
    assert stopped.state == asked.state and stopped.key != asked.key


def test_stop_shows_nothing(small: ShellEnvironment, do: Do) -> None:
    state = do("true").state
    seen = small.step(Action(tool=STOP, arguments={"answer": "42"}))
    assert (seen.text, seen.state, seen.failed) == ("", state, False)


DATABASE = "import sqlite3; c = sqlite3.connect('d.db'); c.executescript('''{}'''); c.commit()"


def test_databases_count_by_what_they_hold(do: Do) -> None:
    def write(sql: str) -> str:
        return do(f'python3 -c "{DATABASE.format(sql)}"').state

    first = write("create table t(a); insert into t values (1), (2);")
    assert write("insert into t values (3); delete from t where a = 3; vacuum;") == first
    assert write("update t set a = 5 where a = 1;") != first
    assert write("update t set a = 1 where a = 5;") == first
    assert write("pragma journal_mode = wal;") != first
    assert write("pragma user_version = 3;") != first


def test_odd_files_do_no_harm(do: Do, small: ShellEnvironment) -> None:
    do("mkfifo p; ln -s /etc/shadow s; ln -s . loop; printf x > $'n\\xff'")
    do("mkdir z; touch z/x; chmod 0 z a.txt")
    assert do("ls -l").state == do("true").state
    assert do("ln -sf /etc/passwd s").state != do("ln -sf /etc/shadow s").state


def test_prepare_runs_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LBI_CACHE", str(tmp_path / "cache"))
    folder = declare(tmp_path, DECLARED.replace("[limits]", 'prepare = "date +%N > made"\n[limits]', 1))
    texts = []
    for _ in range(2):
        with ShellEnvironment(folder) as environment:
            environment.reset(TASK)
            texts.append(environment.step(Action(tool="bash", arguments={"command": "cat made"})).text)
    assert texts[0] == texts[1]
    (tmp_path / "start" / "b").write_text("x")
    with ShellEnvironment(folder) as environment:
        environment.reset(TASK)
        assert environment.step(Action(tool="bash", arguments={"command": "cat made"})).text != texts[0]


def test_a_failing_prepare_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LBI_CACHE", str(tmp_path / "cache"))
    folder = declare(tmp_path, DECLARED.replace("[limits]", 'prepare = "echo no; exit 4"\n[limits]', 1))
    with pytest.raises(EnvironmentFault, match=r"environment.toml: prepare failed: no"):
        ShellEnvironment(folder).__enter__()


def test_a_missing_package_is_the_line_to_type(tmp_path: Path) -> None:
    folder = declare(tmp_path, DECLARED + '[install]\napt = ["no-such-package-here"]\n')
    with pytest.raises(ConfigError, match="type: apt-get install -y no-such-package-here"):
        ShellEnvironment(folder).__enter__()


OPEN = """
import sys
from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.environments.shell import ShellEnvironment
from learn_by_interact.errors import sentence
from learn_by_interact.types import Action, Task
try:
    with ShellEnvironment(EnvironmentFolder.load(sys.argv[1]), unsafe="unsafe" in sys.argv) as environment:
        environment.reset(Task(environment="small", instruction=""))
        print(environment.step(Action(tool="bash", arguments={"command": "cat a.txt; touch b; id -u"})).text)
except Exception as error:
    print(type(error).__name__, sentence(error))
"""


def opened(folder: Path, *options: str, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(folder), *options],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_without_bubblewrap_the_line_to_install_is_told(tmp_path: Path) -> None:
    declare(tmp_path)
    told = opened(tmp_path, PATH=str(tmp_path))
    assert told.startswith("SandboxMissing config:") and "apt-get install -y bubblewrap" in told


def test_without_docker_it_is_told(tmp_path: Path) -> None:
    declare(tmp_path, DECLARED + '[sandbox]\nkind = "docker"\nimage = "debian:12"\n')
    told = opened(tmp_path, DOCKER_HOST="unix:///nowhere.sock")
    assert told.startswith("SandboxMissing config:") and "ocker" in told and "Traceback" not in told


def test_unsafe_must_be_asked_for_and_works(tmp_path: Path) -> None:
    declare(tmp_path)
    bash = tmp_path / "bin"
    bash.mkdir()
    (bash / "bash").symlink_to("/bin/bash")
    assert opened(tmp_path, "unsafe", PATH=str(bash)).startswith("one\ntwo")


def test_unsafe_has_the_same_keys_and_a_time_limit(tmp_path: Path) -> None:
    folder = declare(tmp_path)
    seen = []
    for unsafe in (False, True):
        with ShellEnvironment(folder, unsafe) as environment:
            environment.reset(TASK)
            seen.append(environment.step(Action(tool="bash", arguments={"command": "cat a.txt; pwd"})))
            slow = environment.step(Action(tool="bash", arguments={"command": "sleep 30"}))
            assert slow.text == "[killed: it ran longer than 2 s]"
    assert seen[0].key == seen[1].key


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_an_ordinary_user_can_use_it(tmp_path: Path) -> None:
    """The same limits in a user namespace: files, network, processes."""
    from learn_by_interact.environments.bwrap import Bubblewrap
    from learn_by_interact.environments.folder import Limits
    from learn_by_interact.environments.sandbox import Tools

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setresgid(54321, 54321, 54321)
        os.setresuid(54321, 54321, 54321)
        os.environ["TMPDIR"] = "/tmp"
        with Bubblewrap(None, Tools()) as sandbox:
            command = (
                "id -u; touch here; touch /usr/x; echo x > /dev/x; for i in $(seq 30); do sleep 1 & done"
            )
            result = sandbox.run(command, "/home/user", Limits(seconds=1, processes=15))
            os.write(
                writer, json.dumps([result.output, result.ended, (sandbox.home / "here").exists()]).encode()
            )
        os._exit(0)
    os.waitpid(child, 0)
    output, ended, here = json.loads(os.read(reader, 65536))
    assert output.startswith("54321\n") and here
    assert output.count("Read-only file system") == 2
    assert "Resource temporarily unavailable" in output and ended in ("", "time")


def test_sqlite_files_that_are_broken_count_by_their_bytes(do: Do, small: ShellEnvironment) -> None:
    path = small.sandbox.home / "broken.db"
    path.write_bytes(b"SQLite format 3\0" + b"x" * 500)
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(path).execute("select * from sqlite_master")
    first = do("true").state
    path.write_bytes(b"SQLite format 3\0" + b"y" * 500)
    assert do("true").state != first


def test_commands_leave_no_open_files_behind(small: ShellEnvironment, do: Do) -> None:
    do("true")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for command in ("echo a", "sleep 9", "exit 3"):
        do(command)
    # What earlier tests left may be closed meanwhile.
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
