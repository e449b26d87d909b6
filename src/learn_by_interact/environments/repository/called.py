"""Which functions of a project its tests call: where each begins, noted while they run.

A `sitecustomize.py` first on the path of every Python that the tests start writes down each file and line of
a function that is called for the first time. It takes no import but of the standard library, and no syntax
newer than Python 3.7.
"""

from __future__ import annotations

from collections.abc import Mapping

FOLDER, NOTES = "lbi-called", "notes"
"""In the sandbox's folder for temporary files."""
SITE = """
import os, sys, threading

def _begin():
    root, notes = os.environ["LBI_CALLED_ROOT"] + os.sep, os.environ["LBI_CALLED"]
    seen = set()

    def note(code):
        place = (code.co_filename, code.co_firstlineno)
        if place not in seen:
            seen.add(place)
            name = os.path.abspath(place[0])
            if name.startswith(root):
                line = "%d %s\\n" % (place[1], name[len(root):])
                file = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
                os.write(file, line.encode("utf-8", "surrogateescape"))
                os.close(file)

    monitoring = getattr(sys, "monitoring", None)
    if monitoring:
        def started(code, offset):
            note(code)
            return monitoring.DISABLE
        monitoring.use_tool_id(4, "lbi")
        monitoring.register_callback(4, monitoring.events.PY_START, started)
        monitoring.set_events(4, monitoring.events.PY_START)
    else:
        def called(frame, event, argument):
            if event == "call":
                note(frame.f_code)
        threading.setprofile(called)
        sys.setprofile(called)

try:
    _begin()
except Exception:
    pass
"""


def variables(temporary: str, home: str, path: str) -> dict[str, str]:
    """For the test command: what makes each Python take notes. `path`: its PYTHONPATH else."""
    return {
        "PYTHONPATH": f"{temporary}/{FOLDER}{':' if path else ''}{path}",
        "LBI_CALLED": f"{temporary}/{FOLDER}/{NOTES}",
        "LBI_CALLED_ROOT": home,
    }


def lines_called(notes: str) -> Mapping[str, set[int]]:
    """File, from the project's top -> the lines where a called function begins."""
    found: dict[str, set[int]] = {}
    for line in notes.splitlines():
        number, _, name = line.partition(" ")
        if number.isdigit():
            found.setdefault(name, set()).add(int(number))
    return found
