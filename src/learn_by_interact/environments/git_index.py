"""The index of a git repository, without what git notes of files to see whether they have changed.

That is different in each copy of a repository (times, inode numbers), and `git status` writes it anew.
"""

from __future__ import annotations

import struct

MAGIC = b"DIRC"
_HEAD = struct.Struct(">4sII")
_FIXED = struct.Struct(">40x20sH")
"""What is noted of a file (its mode at 24), the name of its content, flags."""
_MODE = struct.Struct(">24xI")
_EXTENDED = 0x4000


def staged(content: bytes) -> str | None:
    """A line `mode content stage path` for each file in an index, in order; None where it is no such one.

    Versions 2 and 3 with names of 20 bytes, as git's documentation has them (gitformat-index).
    """
    try:
        magic, version, count = _HEAD.unpack_from(content)
        if magic != MAGIC or version not in (2, 3):
            return None
        lines, at = [], _HEAD.size
        for _ in range(count):
            name, flags = _FIXED.unpack_from(content, at)
            (mode,) = _MODE.unpack_from(content, at)
            begin = at + _FIXED.size + (2 if flags & _EXTENDED else 0)
            end = content.index(b"\0", begin)
            path = content[begin:end].decode("utf-8", "surrogateescape")
            lines.append(f"{mode:o} {name.hex()} {flags >> 12 & 3} {path}")
            at += (end - at) // 8 * 8 + 8
    except (struct.error, ValueError):
        return None
    return "\n".join(lines)
