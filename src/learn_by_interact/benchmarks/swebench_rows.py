"""Rows of SWE-bench: from a file, or from the hub."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from ..environments.install import cache_folder
from ..errors import ConfigError
from ..types import Value

ROWS = "LBI_SWEBENCH_ROWS"


class Row(Value):
    """One instance: the columns of the data set that are used here."""

    instance_id: str
    repo: str
    base_commit: str
    patch: str = Field(repr=False)
    test_patch: str = Field(default="", repr=False)
    problem_statement: str
    version: str = ""
    eval_script: str = Field(repr=False)
    log_parser: str
    eval_type: str
    image: str = ""
    FAIL_TO_PASS: str | list[str]
    PASS_TO_PASS: str | list[str]

    @classmethod
    def of(cls, row: dict[str, Any], source: str) -> Row:
        """A row of a data set. Raises ConfigError that names the column that it lacks."""
        known = {key: value for key, value in row.items() if key in cls.model_fields}
        try:
            return cls.model_validate(known)
        except ValidationError as error:
            first = error.errors()[0]
            raise ConfigError(
                f"{source}: {row.get('instance_id')}: {first['loc'][0]}: {first['msg']}; "
                "rows of swebench 5 are needed, which bring their eval_script"
            ) from None


def read_rows(named: str, root: Path, split: str) -> list[dict[str, Any]]:
    """Rows of a file, or of a data set on the hub. Raises ConfigError."""
    file = root / named
    if file.suffix not in (".parquet", ".json", ".jsonl"):
        return _from_hub(named, split)
    if not file.is_file():
        raise ConfigError(f"{named}: there is no such file of rows; give a .parquet, .json or .jsonl file")
    try:
        if file.suffix == ".parquet":
            return list(_parquet(file))
        text = file.read_text(encoding="utf-8")
        rows = (
            json.loads(text)
            if file.suffix == ".json"
            else [json.loads(line) for line in text.splitlines() if line]
        )
    except (ValueError, OSError) as error:
        raise ConfigError(f"{file}: its rows cannot be read: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{file}: this is no list of rows")
    return rows


def _parquet(file: Path) -> list[dict[str, Any]]:
    try:
        import pyarrow.parquet
    except ImportError:
        raise ConfigError("reading a .parquet file needs pyarrow; type: pip install pyarrow") from None
    rows: list[dict[str, Any]] = pyarrow.parquet.read_table(file).to_pylist()
    return rows


def _from_hub(name: str, split: str) -> list[dict[str, Any]]:
    """Rows of a data set on the hub, kept in the cache. Raises ConfigError."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # It is read at the import.
    try:
        from huggingface_hub import snapshot_download
    except ImportError:
        raise ConfigError(
            f"{name} is no file of rows, and the hub needs a package; type: pip install huggingface_hub"
        ) from None
    try:
        folder = snapshot_download(
            name,
            repo_type="dataset",
            allow_patterns=[
                f"{place}{split}{rest}" for place in ("", "*/") for rest in ("-*.parquet", ".parquet")
            ],
            cache_dir=cache_folder() / "hub",
            endpoint=os.environ.get("HF_ENDPOINT") or None,
        )
    except Exception as error:  # Its errors are of many libraries.
        told = " ".join(str(error).split()).partition(". ")[0][:200]
        raise ConfigError(
            f"swebench.rows: the data set {name!r} cannot be had ({told}); name a file of rows in ${ROWS}"
        ) from None
    files = sorted(file for file in Path(folder).rglob("*.parquet") if re.match(rf"{split}[-.]", file.name))
    if not files:
        raise ConfigError(
            f"swebench.split: the data set {name!r} has no split {split!r}; it is called test in most"
        )
    return [row for file in files for row in _parquet(file)]
