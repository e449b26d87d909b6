"""The calls of pyautogui that OSWorld's and Spider2-V's actions make, over xdotool.

The names and arguments are those of https://pyautogui.readthedocs.io (0.9.54). It differs where the original
drops what it cannot type: text of any script is typed, a newline as Enter.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable, Sequence
from typing import Any

PAUSE = 0.02
FAILSAFE = False
LEFT, MIDDLE, RIGHT = "left", "middle", "right"
_BUTTONS = {"left": 1, "middle": 2, "right": 3, "primary": 1, "secondary": 3}
_KEYS = """
enter=Return return=Return esc=Escape escape=Escape tab=Tab space=space backspace=BackSpace delete=Delete
del=Delete insert=Insert home=Home end=End pageup=Prior pgup=Prior pagedown=Next pgdn=Next up=Up down=Down
left=Left right=Right ctrl=ctrl ctrlleft=ctrl ctrlright=Control_R control=ctrl shift=shift shiftleft=shift
shiftright=Shift_R alt=alt altleft=alt altright=Alt_R win=super winleft=super super=super command=super
capslock=Caps_Lock printscreen=Print menu=Menu apps=Menu add=KP_Add subtract=KP_Subtract
"""
_NAMES = dict(pair.split("=") for pair in _KEYS.split())
"""Keys of pyautogui -> of X."""


class FailSafeException(Exception):
    """As in the original; it is never raised here."""


def _do(*words: object) -> str:
    said = subprocess.run(["xdotool", *map(str, words)], capture_output=True, text=True)
    if said.returncode:
        raise ValueError(said.stderr.strip() or f"xdotool {words[0]} failed")
    time.sleep(PAUSE)
    return said.stdout


def _key(name: str) -> str:
    low = name.lower()
    if low in _NAMES:
        return _NAMES[low]
    if low[:1] == "f" and low[1:].isdigit():
        return low.upper()
    if len(name) == 1:
        return name if name.isalnum() and name.isascii() else f"U{ord(name):04X}"
    raise ValueError(f"there is no key {name!r}")


def _to(x: Any, y: Any = None) -> list[object]:
    """Words that move the mouse; a pair of numbers may stand in the place of two."""
    if x is not None and y is None and not isinstance(x, int | float):
        x, y = x
    if x is None and y is None:
        return []
    now = position()
    return ["mousemove", round(now[0] if x is None else x), round(now[1] if y is None else y)]


def size() -> tuple[int, int]:
    width, height = _do("getdisplaygeometry").split()
    return int(width), int(height)


def position() -> tuple[int, int]:
    found = dict(line.split("=") for line in _do("getmouselocation", "--shell").split())
    return int(found["X"]), int(found["Y"])


def moveTo(x: Any = None, y: Any = None, duration: float = 0.0, *_: Any, **__: Any) -> None:
    if words := _to(x, y):
        _do(*words)


def moveRel(xOffset: float = 0, yOffset: float = 0, *_: Any, **__: Any) -> None:
    _do("mousemove_relative", "--", round(xOffset), round(yOffset))


move = moveRel


def click(
    x: Any = None,
    y: Any = None,
    clicks: int = 1,
    interval: float = 0.0,
    button: Any = "left",
    *_: Any,
    **__: Any,
) -> None:
    number = _BUTTONS.get(str(button), button)
    for turn in range(clicks):
        _do(*(_to(x, y) if not turn else []), "click", number)
        time.sleep(interval)


def leftClick(x: Any = None, y: Any = None, *_: Any, **__: Any) -> None:
    click(x, y)


def rightClick(x: Any = None, y: Any = None, *_: Any, **__: Any) -> None:
    click(x, y, button="right")


def middleClick(x: Any = None, y: Any = None, *_: Any, **__: Any) -> None:
    click(x, y, button="middle")


def doubleClick(
    x: Any = None, y: Any = None, interval: float = 0.0, button: Any = "left", *_: Any, **__: Any
) -> None:
    _do(*_to(x, y), "click", "--repeat", 2, "--delay", 60, _BUTTONS.get(str(button), button))


def tripleClick(
    x: Any = None, y: Any = None, interval: float = 0.0, button: Any = "left", *_: Any, **__: Any
) -> None:
    _do(*_to(x, y), "click", "--repeat", 3, "--delay", 60, _BUTTONS.get(str(button), button))


def mouseDown(x: Any = None, y: Any = None, button: Any = "left", *_: Any, **__: Any) -> None:
    _do(*_to(x, y), "mousedown", _BUTTONS.get(str(button), button))


def mouseUp(x: Any = None, y: Any = None, button: Any = "left", *_: Any, **__: Any) -> None:
    _do(*_to(x, y), "mouseup", _BUTTONS.get(str(button), button))


def dragTo(
    x: Any = None, y: Any = None, duration: float = 0.0, *_: Any, button: Any = "left", **__: Any
) -> None:
    number = _BUTTONS.get(str(button), button)
    (left, top), (_word, right, bottom) = position(), _to(x, y)
    _do("mousedown", number)
    for step in range(1, 6):  # An application takes a jump for no drag.
        _do(
            "mousemove",
            left + (int(str(right)) - left) * step // 5,
            top + (int(str(bottom)) - top) * step // 5,
        )
    _do("mouseup", number)


def dragRel(
    xOffset: float = 0, yOffset: float = 0, duration: float = 0.0, *_: Any, button: Any = "left", **__: Any
) -> None:
    x, y = position()
    dragTo(x + xOffset, y + yOffset, button=button)


drag = dragRel


def scroll(clicks: float, x: Any = None, y: Any = None, *_: Any, **__: Any) -> None:
    if int(clicks):
        _do(*_to(x, y), "click", "--repeat", min(abs(int(clicks)), 100), "--delay", 8, 4 if clicks > 0 else 5)


vscroll = scroll


def hscroll(clicks: float, x: Any = None, y: Any = None, *_: Any, **__: Any) -> None:
    if int(clicks):
        _do(*_to(x, y), "click", "--repeat", min(abs(int(clicks)), 100), "--delay", 8, 7 if clicks > 0 else 6)


def keyDown(key: str, *_: Any, **__: Any) -> None:
    _do("keydown", _key(key))


def keyUp(key: str, *_: Any, **__: Any) -> None:
    _do("keyup", _key(key))


def press(keys: str | Iterable[str], presses: int = 1, interval: float = 0.0, *_: Any, **__: Any) -> None:
    for _turn in range(presses):
        for key in [keys] if isinstance(keys, str) else keys:
            _do("key", _key(key))
            time.sleep(interval)


def hotkey(*keys: str | Sequence[str], interval: float = 0.0, **_: Any) -> None:
    names = [name for key in keys for name in ([key] if isinstance(key, str) else key)]
    _do("key", "+".join(map(_key, names)))


def typewrite(message: str | Sequence[str], interval: float = 0.0, *_: Any, **__: Any) -> None:
    if not isinstance(message, str):
        press(message, interval=interval)
        return
    for number, line in enumerate(message.split("\n")):
        if number:
            _do("key", "Return")
        for at, part in enumerate(line.split("\t")):
            if at:
                _do("key", "Tab")
            if part:
                _do("type", "--delay", max(4, round(1000 * interval)), "--", part)


write = typewrite


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def alert(*_: Any, **__: Any) -> None:
    """As in the original, without a window."""
