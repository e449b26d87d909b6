"""A tuned model for llama.cpp: the base's GGUF file with the LoRA added to the weights that it changes.

W' = W + alpha / rank * B A (Hu and others, arXiv 2106.09685). Metadata, vocabulary and all other tensors are
the base's, byte by byte. Changed tensors are written as Q8_0, or F16 where their rows do not divide by 32.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

PERMUTED = frozenset({"llama"})
"""Architectures whose queries and keys llama.cpp has in another order than transformers (see `permute` in
llama.cpp's `convert_hf_to_gguf.py`)."""
BLOCK = 32
"""Values of a row that Q8_0 writes together."""


def write_merged(base: Path, out: Path, changes: Mapping[str, Any]) -> int:
    """Write `base` with changes into `out` -> how many tensors changed.

    `changes`: name of a weight in transformers (`model.layers.0.mlp.up_proj.weight`) -> its difference,
    float32, (outputs, inputs). Raises ValueError when the base has no such weight.
    """
    import numpy as np
    from gguf import GGMLQuantizationType as Kind
    from gguf import GGUFReader, GGUFWriter
    from gguf.quants import dequantize, quantize

    reader = GGUFReader(str(base))
    architecture = str(_value(reader, "general.architecture"))
    renamed = _renamed(reader, architecture, changes)
    writer = GGUFWriter(str(out), architecture)
    for name, known in reader.fields.items():
        if not name.startswith("GGUF.") and name != "general.architecture":
            kind = known.types[0]
            inner = known.types[-1] if len(known.types) > 1 else None
            writer.add_key_value(name, known.contents(), kind, sub_type=inner)
    for tensor in reader.tensors:
        if tensor.name not in renamed:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
            continue
        changed = dequantize(tensor.data, tensor.tensor_type).astype(np.float32) + renamed[tensor.name]
        if changed.shape[-1] % BLOCK:
            writer.add_tensor(tensor.name, changed.astype(np.float16))
        else:
            writer.add_tensor(tensor.name, quantize(changed, Kind.Q8_0), raw_dtype=Kind.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return len(renamed)


def _renamed(reader: Any, architecture: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Differences by the names of llama.cpp, in its order of rows."""
    from gguf import MODEL_ARCH_NAMES, get_tensor_name_map

    kind = next(one for one, name in MODEL_ARCH_NAMES.items() if name == architecture)
    names = get_tensor_name_map(kind, int(_value(reader, f"{architecture}.block_count")))
    heads = int(_value(reader, f"{architecture}.attention.head_count"))
    pairs = int(_value(reader, f"{architecture}.attention.head_count_kv") or heads)
    there = {tensor.name for tensor in reader.tensors}
    found = {}
    for name, change in changes.items():
        new = names.get_name(name, try_suffixes=(".weight",))
        if new not in there:
            raise ValueError(f"the base has no weight {name}")
        if architecture in PERMUTED and name.endswith(("q_proj.weight", "k_proj.weight")):
            change = permuted(change, heads if "q_proj" in name else pairs)
        found[new] = change
    return found


def permuted(weight: Any, heads: int) -> Any:
    """Rows of (outputs, inputs) as llama.cpp has them: of each head, the two halves in turn."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def _value(reader: Any, name: str) -> Any:
    known = reader.get_field(name)
    return known.contents() if known else None
