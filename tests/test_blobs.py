"""Pictures and files, each kept once, whoever writes them at the same time."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from learn_by_interact.blobs import keep


def test_threads_may_keep_the_same_content_at_once(tmp_path: Path) -> None:
    for _ in range(30):
        content = os.urandom(200_000)
        with ThreadPoolExecutor(8) as pool:
            names = set(pool.map(lambda _, content=content: keep(tmp_path, content), range(8)))
        assert names == {hashlib.sha256(content).hexdigest()}
    assert len(list(tmp_path.iterdir())) == 30
    assert all(hashlib.sha256(file.read_bytes()).hexdigest() == file.name for file in tmp_path.iterdir())
