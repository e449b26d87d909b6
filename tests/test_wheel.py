"""The wheel that pip builds holds all that the package reads at run time."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "learn_by_interact"


def pip(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "pip", *map(str, arguments), "--no-deps", "--quiet"]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def test_the_wheel_is_whole(tmp_path: Path) -> None:
    had = pip("download", "hatchling", "--dest", tmp_path)
    if had.returncode:
        pytest.skip(f"hatchling, which builds the wheel, cannot be had here: {had.stderr.strip()[-200:]}")
    built = pip("wheel", ROOT, "--wheel-dir", tmp_path / "wheel")
    assert built.returncode == 0, built.stderr
    (wheel,) = (tmp_path / "wheel").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        (entry_points,) = (name for name in held if name.endswith("entry_points.txt"))
        assert "lbi = learn_by_interact.cli:main" in archive.read(entry_points).decode()
    files = [path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    expected = {str(path.relative_to(PACKAGE.parent)) for path in files}
    assert {"learn_by_interact/py.typed"} < {name for name in expected if not name.endswith(".py")}
    assert any(name.endswith(".prompt") for name in expected)
    assert expected <= held
    assert any(name.endswith("licenses/LICENSE") for name in held)
