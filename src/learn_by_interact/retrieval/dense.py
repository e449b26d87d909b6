"""Vectors and the nearest of them: a flat search in two passes, in numpy.

The first pass compares signs of random projections (Charikar, STOC 2002), 96 bytes a vector, of many vectors
at first half of them; the second takes the dot product with the two thousand or more that are left. Up to so
many vectors it is exact.
What the projections are does not depend on the vectors, so no result depends on the order of adding.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

CANDIDATES = 2048
"""Vectors that are left for the second pass, at least; all where there are no more."""
SHARE = 250
"""Of more vectors one in so many is left."""
BITS = 768
HALVED = 200_000
"""Vectors from which on half of the bits are compared first."""
ROUGH = 6
"""How many times more are left then as in the end."""
BLOCK = 1 << 15
"""Vectors that the first pass compares at a time: what fits a processor's cache."""


def numpy_or_error() -> Any:
    """The module numpy. Raises ConfigError with the line to type where it is missing."""
    try:
        import numpy
    except ImportError as error:
        raise ConfigError("Dense retrieval needs numpy: pip install 'learn-by-interact[dense]'") from error
    return numpy


class Vectors:
    """Vectors of length 1 in three files of a folder: numbers, vectors (float16), codes. Safe for threads.

    `rows`: how many count; what stands after them was not finished.
    """

    def __init__(self, folder: Path, rows: int, width: int) -> None:
        np = self._np = numpy_or_error()
        self._numbers = np.fromfile(folder / "numbers", np.int64, rows)
        self._vectors: Any = None
        if rows:
            self._vectors = np.memmap(folder / "vectors", np.float16, "r", shape=(rows, width))
        codes = np.fromfile(folder / "codes", np.uint64, rows * BITS // 64)
        self._codes = np.ascontiguousarray(codes.reshape(rows, BITS // 64).T)
        self._projections = projections(width)

    def __len__(self) -> int:
        return len(self._numbers)

    def search(self, query: Floats, limit: int) -> list[tuple[int, float]]:
        """The numbers nearest to a vector of length 1 and their cosines; best first, ties in order."""
        np = self._np
        if not len(self):
            return []
        near = np.arange(len(self)) if len(self) <= CANDIDATES else self._candidates(query)
        scores = self._vectors[near].astype(np.float32) @ np.asarray(query, np.float32)
        # Rounded: how a processor adds up may depend on where a vector stands.
        scores = np.round(scores, 5)
        order = np.lexsort((self._numbers[near], -scores))[:limit]
        return [(int(self._numbers[near[at]]), float(scores[at])) for at in order]

    def _candidates(self, query: Floats) -> Any:
        """Positions of all vectors whose code is no farther than that of the last that is wanted."""
        np = self._np
        code = _codes(np, query[None], self._projections)[0]
        wanted = max(CANDIDATES, len(self) // SHARE)
        half = len(code) // 2 if len(self) > HALVED else len(code)
        distances = self._distances(code[:half])
        if half == len(code):
            return _nearest(np, distances, wanted)
        left = _nearest(np, distances, ROUGH * wanted)
        near = distances[left]
        for column, word in zip(self._codes[half:], code[half:], strict=True):
            near += np.bitwise_count(column[left] ^ word)
        return left[_nearest(np, near, wanted)]

    def _distances(self, code: Any) -> Any:
        """(rows,) how many of the bits of the first columns differ from those of a code."""
        np = self._np
        distances = np.zeros(len(self), np.uint16)
        differing, count = np.empty(BLOCK, np.uint64), np.empty(BLOCK, np.uint8)
        for begin in range(0, len(self), BLOCK):
            part = distances[begin : begin + BLOCK]
            size = len(part)
            for column, word in zip(self._codes, code, strict=False):
                np.bitwise_xor(column[begin : begin + size], word, out=differing[:size])
                np.bitwise_count(differing[:size], out=count[:size])
                part += count[:size]
        return distances


def _nearest(np: Any, distances: Any, wanted: int) -> Any:
    """Positions of all whose distance is no greater than that of the last that is wanted."""
    last = min(wanted, len(distances)) - 1
    return np.flatnonzero(distances <= np.partition(distances, last)[last])


def append(folder: Path, rows: int, numbers: Sequence[int], vectors: Floats) -> None:
    """Write vectors of length 1 after the first `rows` ones; what stood there is overwritten."""
    np = numpy_or_error()
    width = vectors.shape[1]
    folder.mkdir(parents=True, exist_ok=True)
    for name, values in (
        ("numbers", np.asarray(numbers, np.int64)),
        ("vectors", vectors.astype(np.float16)),
        ("codes", _codes(np, vectors, projections(width))),
    ):
        path = folder / name
        path.touch()
        with path.open("r+b") as file:
            file.seek(rows * values.nbytes // len(values))
            file.write(values.tobytes())
            file.truncate()


def projections(width: int) -> Any:
    """(width, BITS) of normal values; always the same ones."""
    np = numpy_or_error()
    return np.random.RandomState(0).standard_normal((width, BITS)).astype(np.float32)


def _codes(np: Any, vectors: Floats, projections: Any) -> Any:
    """(n, width) -> (n, BITS / 64) of 64 signs each."""
    return np.packbits(vectors @ projections > 0, axis=1).view(np.uint64)
