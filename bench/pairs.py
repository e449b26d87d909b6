"""Two arms of one or several evaluations against each other, task by task, over all of their tasks together.

    python bench/pairs.py examples rag bench/results/taskwarrior.json [RESULT.json ...]

An evaluation itself only compares each arm with its first.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from learn_by_interact.errors import ConfigError
from learn_by_interact.evaluation.report import ArmResult, difference


def together(files: list[Path], name: str) -> ArmResult:
    """An arm of several result files; its tasks are called by file and name.

    Raises SystemExit where a file has no such arm.
    """
    scores: dict[str, tuple[float | None, ...]] = {}
    for file in files:
        arms = [ArmResult.model_validate(one) for one in json.loads(file.read_text())["result"]["arms"]]
        found = [arm for arm in arms if arm.arm == name]
        if not found:
            raise SystemExit(f"{file} has no arm {name!r}; it has {', '.join(arm.arm for arm in arms)}")
        scores.update({f"{file}: {task}": some for task, some in found[0].scores.items()})
    return found[0].model_copy(update={"scores": scores})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("arm")
    parser.add_argument("against")
    parser.add_argument("files", nargs="+", type=Path)
    said = parser.parse_args()
    try:
        found = difference(together(said.files, said.arm), together(said.files, said.against))
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    low, high = found.interval
    print(
        f"{found.arm} against {found.against}: {100 * found.difference:+.0f} points ({100 * low:+.0f} to "
        f"{100 * high:+.0f}), {found.won} tasks won, {found.lost} lost, of {found.pairs}; "
        f"exact McNemar p = {found.p:.2g}"
    )


if __name__ == "__main__":
    main()
