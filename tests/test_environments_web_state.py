"""The state of an application that goes on running while it is copied and put back."""

from __future__ import annotations

import subprocess
from pathlib import Path

from learn_by_interact.environments.fingerprint import Fingerprint
from learn_by_interact.environments.folder import Volatile
from learn_by_interact.environments.sandbox import entries
from learn_by_interact.environments.web.state import KeptState


def test_what_is_gone_before_it_is_looked_at_is_passed_over(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a", "b", "c")]
    for file in files:
        file.write_text("")
    found = []
    for entry in entries(tmp_path):
        for file in files:
            if file != Path(entry.path):
                file.unlink(missing_ok=True)
        found.append((entry.name, entry.stat(follow_symlinks=False).st_size))
    assert len(found) == 1


def test_an_application_may_make_and_remove_files_meanwhile(tmp_path: Path) -> None:
    live = tmp_path / "live"
    live.mkdir()
    (live / "notes").write_text("first")
    state = KeptState(live, tmp_path / "copy", (), lambda: None)
    script = "for n in $(seq 5000); do for name in a b c; do : > $name; done; rm -f a b c; done"
    with subprocess.Popen(["bash", "-c", script], cwd=live) as busy:
        rounds = 0
        while busy.poll() is None and rounds < 300:
            state.keep()
            (live / "notes").write_text("second")
            state.put_back()
            Fingerprint(live, Volatile()).take()
            assert (live / "notes").read_text() == "first"
            rounds += 1
        busy.kill()
    assert rounds > 10
