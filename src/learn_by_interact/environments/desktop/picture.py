"""Pictures of a screen: from what the server drew to PNG, marks on it, and a sheet of several (Pillow)."""

from __future__ import annotations

import importlib
import io
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, EnvironmentFault

if TYPE_CHECKING:
    from PIL.Image import Image

HEADER = struct.Struct(">25I")
"""The header of an xwd file (X11/XWDFile.h): 25 words, of which [0] is its size, [4] and [5] are width and
height, [11] bits a pixel, [12] bytes a line and [19] the number of colours, 12 bytes each."""
MARK = (208, 32, 32)
SHEET = (4, 320, 34)
"""Pictures a row, pixels of a picture's width, and of the line below it."""


def _pillow(name: str) -> Any:
    try:
        return importlib.import_module(f"PIL.{name}")
    except ImportError:
        raise ConfigError("pictures need Pillow; type: pip install 'learn-by-interact[desktop]'") from None


def png(frame: bytes) -> bytes:
    """An xwd file of 32 bits a pixel -> PNG. Raises EnvironmentFault when it is none."""
    size, width, height, line = 0, 0, 0, 0
    if len(frame) >= HEADER.size:
        words = HEADER.unpack_from(frame)
        size, width, height, line = words[0] + 12 * words[19], words[4], words[5], words[12]
    pixels = frame[size : size + line * height]
    if not width or line < 4 * width or len(pixels) < line * height:
        raise EnvironmentFault("the screen's picture cannot be read")
    return _written(_pillow("Image").frombytes("RGB", (width, height), pixels, "raw", "BGRX", line))


def marked(picture: bytes, boxes: Sequence[tuple[int, Sequence[int]]]) -> bytes:
    """A PNG with a frame and a number on each of these elements: (number, (x, y, width, height))."""
    image = _pillow("Image").open(io.BytesIO(picture)).convert("RGB")
    draw = _pillow("ImageDraw").Draw(image)
    for number, (x, y, width, height) in boxes:
        draw.rectangle((x, y, x + width - 1, y + height - 1), outline=MARK)
        label = str(number)
        draw.rectangle((x, y, x + 7 * len(label) + 1, y + 10), fill=MARK)
        draw.text((x + 1, y), label, fill=(255, 255, 255))
    return _written(image)


def contact_sheet(pictures: Sequence[tuple[bytes, str]]) -> bytes:
    """PNGs with a line of text each, in rows on one PNG."""
    images, drawing = _pillow("Image"), _pillow("ImageDraw")
    columns, width, below = SHEET
    small = []
    for content, said in pictures:
        one = images.open(io.BytesIO(content)).convert("RGB")
        small.append((one.resize((width, round(one.height * width / one.width))), said))
    height = max(one.height for one, _ in small) + below
    rows = -(-len(small) // columns)
    sheet = images.new("RGB", (columns * (width + 8), rows * height), (255, 255, 255))
    draw = drawing.Draw(sheet)
    for number, (one, said) in enumerate(small):
        x, y = number % columns * (width + 8), number // columns * height
        sheet.paste(one, (x, y))
        lines = [said[:52], said[52:104]]
        for at, line in enumerate(lines):
            draw.text(
                (x + 2, y + one.height + 2 + 13 * at), line.encode("latin-1", "replace"), fill=(0, 0, 0)
            )
    return _written(sheet)


def _written(image: Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=3)
    return out.getvalue()
