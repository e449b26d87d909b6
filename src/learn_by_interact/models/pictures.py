"""Pictures in a request, as the endpoints take them."""

from __future__ import annotations

import base64
from pathlib import Path

from ..errors import ModelError
from . import Request

KINDS = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}
"""How a file begins, and its media type."""


def encoded(request: Request, name: str) -> tuple[str, str]:
    """A picture of the request -> its media type, and its content in base64. Raises ModelError."""
    file = Path(request.blobs) / name
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{request.model}: cannot read the picture {file}: {error.strerror}; "
            "explore again, or take `pictures` out of [model]"
        ) from error
    for begin, kind in KINDS.items():
        if content.startswith(begin):
            return kind, base64.b64encode(content).decode("ascii")
    raise ModelError(f"{request.model}: {file} is no PNG or JPEG; delete it and explore again")
