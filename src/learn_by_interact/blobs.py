"""Pictures and files of observations, each kept once under its hash: `blobs/` of a run folder."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

BLOBS = "blobs"
"""Name of the folder in a run folder."""


def keep(folder: Path, content: bytes) -> str:
    """Keep bytes -> their SHA-256, the name of the file in `folder`. Raises OSError."""
    name = hashlib.sha256(content).hexdigest()
    if not (folder / name).exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{name}.{os.getpid()}.{threading.get_ident()}"
        part.write_bytes(content)
        part.replace(folder / name)
    return name
