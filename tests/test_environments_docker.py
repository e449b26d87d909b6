"""The sandbox of Docker against a real engine: what commands may do, and what is left of them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import docker_engine
import project
import tiny
from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.environments.repository.environment import RepositoryEnvironment
from learn_by_interact.environments.shell import ShellEnvironment
from learn_by_interact.errors import ConfigError, EnvironmentFault
from learn_by_interact.types import Action, Observation, Task

DECLARED = """
name = "small"
description = "A folder with one file."
start = "start"
[limits]
seconds = 3
memory_mb = 150
processes = 20
disk_mb = 20
output_chars = 400
[env]
COLOUR = "green"
"""
TASK = Task(environment="small", instruction="none")

Do = Callable[[str], Observation]


@pytest.fixture(autouse=True)
def named(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    monkeypatch.setenv("LBI_CACHE", str(tmp_path / "cache"))


def declare(folder: Path, image: str, more: str = "") -> EnvironmentFolder:
    (folder / "start").mkdir(exist_ok=True)
    (folder / "start" / "a.txt").write_text("one\ntwo\n")
    sandbox = f'[sandbox]\nkind = "docker"\nimage = "{image}"\n' if image else ""
    (folder / "environment.toml").write_text(DECLARED + sandbox + more)
    return EnvironmentFolder.load(folder)


@pytest.fixture
def small(tmp_path: Path, image: str) -> Iterator[ShellEnvironment]:
    with ShellEnvironment(declare(tmp_path, image)) as environment:
        environment.reset(TASK)
        yield environment


@pytest.fixture
def do(small: ShellEnvironment) -> Do:
    return lambda command: act(small, command)


def act(environment: ShellEnvironment, command: str) -> Observation:
    return environment.step(Action(tool="bash", arguments={"command": command}))


def containers(address: str) -> list[Any]:
    import docker

    client = docker.DockerClient(address)
    try:
        found: list[Any] = client.api.containers(all=True, filters={"label": "learn-by-interact"})
        return found
    finally:
        client.close()


def test_an_episode_sees_what_it_would_see_in_bubblewrap(tmp_path: Path, image: str, address: str) -> None:
    commands = ("cat a.txt", "mkdir sub; cd sub; echo x > b; echo no >&2", "pwd", "echo $COLOUR; exit 3")
    seen = []
    for kind in ("", image):
        with ShellEnvironment(declare(tmp_path, kind)) as environment:
            seen.append([environment.reset(TASK), *(act(environment, command) for command in commands)])
            home = environment.sandbox.home
    assert [one.text for one in seen[1]] == [
        "a.txt (8 bytes)\n  one\n  two",
        "one\ntwo",
        "no\n[new: sub/b]\n+ sub/b (2 bytes)\n+   x",
        "/home/user/sub",
        "green\n[exit code 3]",
    ]
    assert seen[0] == seen[1]
    assert not home.exists() and not containers(address)
    assert (tmp_path / "start" / "a.txt").read_text() == "one\ntwo\n"


def test_files_belong_to_the_user_that_commands_run_as(small: ShellEnvironment, do: Do) -> None:
    do("touch made")
    told = do("id -u; id -un; find . -writable | sort").text
    uid, name, *files = told.split()
    assert name == "user" and uid != "0" and files == [".", "./a.txt", "./made"]
    status = (small.sandbox.home / "made").stat()
    assert (status.st_uid, status.st_gid) == (int(uid), int(uid))
    if os.geteuid() != 0:
        assert int(uid) == os.geteuid()


def test_there_is_no_network_no_right_and_no_write_outside(do: Do, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert do(f"exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]}").failed
    assert do("exec 3<>/dev/tcp/1.1.1.1/53").failed
    for place in ("/usr/x", "/etc/x", "/x", "/dev/x", "/home/x", "/run/lbi/prologue", "/run/x", "/wheels/x"):
        assert do(f"echo x > {place}").failed, place
    assert do(f"ls {tmp_path}").failed
    assert "CapEff:\t0000000000000000" in do("grep Cap /proc/self/status").text
    assert do("echo x > /dev/shm/y; echo x > /tmp/x; ls /tmp").text == "x\ny"


def test_a_command_that_hangs_or_forks_is_killed_and_the_next_one_works(do: Do) -> None:
    begin = time.monotonic()
    assert do("echo before; sleep 60").text == "before\n[killed: it ran longer than 3 s]"
    assert do("kill -STOP $PPID; sleep 60").text == "[killed: it ran longer than 3 s]"
    assert time.monotonic() - begin < 12
    # What counts must not fork: there is no room for it.
    count = "set -- /proc/[0-9]*; if [ $# -gt $most ]; then most=$#; echo $most >> counts; fi"
    seen = do(f"most=0; {count}; f() {{ f | f & }}; f; while :; do {count}; done")
    assert seen.failed and "[killed" in seen.text
    counts = [int(line) for line in do("cat counts; rm counts").text.split() if line.isdigit()]
    assert counts and max(counts) <= 30
    number, *names = do("ls -d /proc/[0-9]* | wc -l; ls").text.split()
    # Whether wc has started when ls looks depends on the moment.
    assert number in ("3", "4") and names == ["a.txt"]


def test_nothing_that_a_command_started_outlives_it(do: Do) -> None:
    assert do("(sleep 0.3; echo late > late) & setsid sleep 7 & echo ok").text == "ok"
    assert do("(sleep 0.5; echo late > late) & kill -9 $PPID; echo ok").text == "ok"
    for signal in ("INT", "TERM", "HUP", "QUIT"):
        do(f"kill -{signal} 1; kill -{signal} $$; echo late > late")
        do("rm -f late")
    assert do("kill -9 -1").failed
    assert do("sleep 1; ls").text == "a.txt"


def test_limits_of_memory(do: Do) -> None:
    one = do("head -c 300M /dev/zero | tail | wc -c")
    assert "exhausted" in one.text or "memory" in one.text
    hog = "(head -c 70M /dev/zero; sleep 9) | tail > /dev/null &"
    assert do(f"{hog} {hog} {hog} {hog} wait").text.endswith("[killed: it used more than 150 MB of memory]")
    assert do("echo on").text == "on"


def test_limits_of_disk_and_of_output(do: Do, small: ShellEnvironment) -> None:
    seen = do("for i in $(seq 1000); do head -c 5000000 /dev/zero > f$i; done")
    assert seen.text.endswith("[killed: the folder grew over 20 MB]")
    assert sum(file.stat().st_size for file in small.sandbox.home.iterdir()) < 1_000_000_000
    assert do("rm f*; ls").text.startswith("a.txt\n[gone: f1")
    assert do("head -c 50000000 /dev/zero > big").failed
    assert (small.sandbox.home / "big").stat().st_size <= 20 * 1024 * 1024
    assert do("rm big; for i in $(seq 9); do head -c 5000000 /dev/zero > /dev/shm/f$i; done; sleep 1").failed
    flood = do("rm -f /tmp/f*; while :; do cat /usr/bin/python3; done")
    assert flood.failed and "[killed" in flood.text and len(flood.text) < 600


@pytest.mark.slow
def test_tools_are_installed_into_an_image_once(tmp_path: Path, image: str, address: str) -> None:
    more = '[install]\napt = ["greet"]\npip = ["/wheels/waver-1.0-py3-none-any.whl"]\n'
    for _ in range(2):
        begin = time.monotonic()
        with ShellEnvironment(declare(tmp_path, image, more)) as environment:
            environment.reset(TASK)
            told = act(environment, "greet; waver; command -v waver").text
        seconds = time.monotonic() - begin
        assert told.splitlines()[:2] == ["hello from a package", "hello from a wheel"]
    assert seconds < 4 and not containers(address)
    more = '[install]\napt = ["none-such"]\n'
    with pytest.raises(EnvironmentFault, match=r"installing into the image .* Unable to locate .* none-such"):
        ShellEnvironment(declare(tmp_path, image, more)).__enter__()


def test_prepare_runs_in_the_image(tmp_path: Path, image: str) -> None:
    folder = declare(tmp_path, image)
    text = (tmp_path / "environment.toml").read_text()
    (tmp_path / "environment.toml").write_text(f'prepare = "echo $HOSTNAME > made"\n{text}')
    folder = EnvironmentFolder.load(tmp_path)
    with ShellEnvironment(folder) as environment:
        environment.reset(TASK)
        assert act(environment, "cat made").text == "sandbox"


def test_an_image_that_cannot_serve_is_a_sentence(tmp_path: Path, image: str, address: str) -> None:
    with pytest.raises(
        ConfigError, match=r"sandbox\.image: docker cannot get the image 'localhost:1/none:1'"
    ):
        ShellEnvironment(declare(tmp_path, "localhost:1/none:1")).__enter__()
    with docker_engine.image(address, f"lbi-bare-{os.getpid()}", bare=True) as bare:
        environment = ShellEnvironment(declare(tmp_path, bare))
        with environment, pytest.raises(ConfigError, match="has no bash"):
            environment.reset(TASK)
    assert not containers(address)


KILLED = """
import os, sys
from learn_by_interact.environments.folder import EnvironmentFolder
from learn_by_interact.environments.repository.environment import RepositoryEnvironment
from learn_by_interact.environments.shell import ShellEnvironment
from learn_by_interact.types import Task
with ShellEnvironment(EnvironmentFolder.load(sys.argv[1])) as environment:
    environment.reset(Task(environment="small", instruction=""))
    os.kill(os.getpid(), 9)
"""


def test_a_killed_program_leaves_no_container(tmp_path: Path, image: str, address: str) -> None:
    declare(tmp_path, image)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert done.returncode == -9
    deadline = time.monotonic() + 10
    while containers(address) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not containers(address)


def test_a_benchmark_is_graded_in_docker(tmp_path: Path, image: str) -> None:
    world = tiny.make(tmp_path).parent / "world"
    file = world / "environment.toml"
    file.write_text(f'{file.read_text()}\n[sandbox]\nkind = "docker"\nimage = "{image}"\n')
    tasks = (world / "tasks.toml").read_text().split("\n\n")
    (world / "tasks.toml").write_text("\n\n".join(task for task in tasks if '"count"' in task))
    done = tiny.lbi("validate", world)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_project_is_acted_on_in_its_image(tmp_path: Path, image: str) -> None:
    folder = project.make(tmp_path)
    file = folder / "environment.toml"
    declared = file.read_text().replace("python -m", "python3 -m")
    file.write_text(f'{declared}\n[sandbox]\nkind = "docker"\nimage = "{image}"\n')
    block = "<<<<<<< SEARCH\n    if value > high:\n=======\n    if value >= high:\n>>>>>>> REPLACE"
    with RepositoryEnvironment(EnvironmentFolder.load(folder)) as environment:
        start = environment.reset(Task(environment="calc", instruction=""))
        assert "calc/__init__.py (29 lines)" in start.text
        edit = environment.actions.parse(f"ACTION: replace calc/__init__.py\n{block}")[1]
        assert "[changed: calc/__init__.py]" in environment.step(edit).text
        imported = environment.actions.parse("ACTION: cd tests; python3 -c 'import calc'")[1]
        assert not environment.step(imported).failed
        patch = environment.patch()
        assert "+    if value >= high:" in patch
        assert set(environment.test(patch).values()) == {True} and len(environment.test(patch)) == 3
        broken = patch.replace("value >= high", "value >= low")
        assert environment.test(broken)["tests.test_calc.TestCalc.test_clamp"] is False
