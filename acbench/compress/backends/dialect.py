"""Model folders in the dialects of transformers 4 and 5 (specification of compression, section 9, trap 3).

Version 5 writes ``rope_parameters`` and ``dtype``, version 4 reads ``rope_theta``, ``rope_scaling`` and
``torch_dtype``; without them it falls back to a rope_theta of 10 000 without a word, and perplexity rises by
an eighth. A library on transformers 4 gets a translated copy; what it writes is given both dialects.
Standard library only.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from acbench.errors import CompressionError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

AT_TOP = ("rope_theta", "partial_rotary_factor")
"""Fields of ``rope_parameters`` that stand beside ``rope_scaling`` in version 4."""
NEW_TOKENIZERS = {"TokenizersBackend": "PreTrainedTokenizerFast", "PythonBackend": "PreTrainedTokenizer"}
"""Class names that version 4 does not know."""


def for_four(config: Mapping[str, Any]) -> dict[str, Any]:
    """``config.json`` with the fields that transformers 4 reads, and without the new ones.

    Raises CompressionError where the old dialect has no words (other rotary settings per kind of layer).
    """
    found = {key: for_four(value) if _is_part(key, value) else value for key, value in config.items()}
    if "dtype" in found:
        found.setdefault("torch_dtype", found.pop("dtype"))
        found.pop("dtype", None)
    rope = found.pop("rope_parameters", None)
    if rope is None:
        return found
    if any(isinstance(value, dict) for value in rope.values()):
        raise CompressionError(
            "rope_parameters of config.json differ between kinds of layers, which transformers 4 cannot be told; "
            "use a library on transformers 5 (gptqmodel, llm-compressor)"
        )
    rest = {key: value for key, value in rope.items() if key not in AT_TOP}
    found |= {key: rope[key] for key in AT_TOP if key in rope}
    found["rope_scaling"] = None if set(rest) <= {"rope_type"} and _is_plain(rest) else rest
    return found


def for_five(config: Mapping[str, Any]) -> dict[str, Any]:
    """``config.json`` with the fields that transformers 5 writes, and without the old ones."""
    found = {key: for_five(value) if _is_part(key, value) else value for key, value in config.items()}
    if "torch_dtype" in found:
        found.setdefault("dtype", found.pop("torch_dtype"))
        found.pop("torch_dtype", None)
    if "rope_parameters" in found or not {"rope_theta", "rope_scaling"} & set(found):
        return found
    scaling = dict(found.pop("rope_scaling", None) or {})
    kind = scaling.pop("type", None)
    rope = {"rope_type": scaling.pop("rope_type", kind or "default"), **scaling}
    rope |= {key: found.pop(key) for key in AT_TOP if key in found}
    return found | {"rope_parameters": rope}


def for_all(config: Mapping[str, Any]) -> dict[str, Any]:
    """Both dialects side by side, for readers of either version."""
    try:
        return _merged(for_four(config), for_five(config))
    except CompressionError:  # nothing that version 4 could read exists for this model
        return dict(config)


def tokenizer_for_four(config: Mapping[str, Any]) -> dict[str, Any]:
    """``tokenizer_config.json`` for transformers 4: known class names, a list of extra tokens by its old name."""
    found = {
        key: value for key, value in config.items() if key not in ("backend", "is_local", "local_files_only")
    }
    name = str(found.get("tokenizer_class", ""))
    if name in NEW_TOKENIZERS:
        found["tokenizer_class"] = NEW_TOKENIZERS[name]
    if isinstance(found.get("extra_special_tokens"), list):
        found["additional_special_tokens"] = found.pop("extra_special_tokens")
    return found


def translated(model: Path, out: Path) -> Path:
    """A copy of a model folder that transformers 4 reads: two files rewritten, all others linked. Returns ``out``."""
    out.mkdir(parents=True)
    rewritten = {"config.json": for_four, "tokenizer_config.json": tokenizer_for_four}
    for file in sorted(model.iterdir()):
        if not file.is_file() or file.name.startswith("."):
            continue
        if file.name in rewritten:
            content = rewritten[file.name](json.loads(file.read_text(encoding="utf-8")))
            (out / file.name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        else:
            (out / file.name).symlink_to(file.resolve())
    return out


def _is_part(key: str, value: Any) -> bool:
    """Whether a value is the configuration of a part of the model (``text_config``)."""
    return isinstance(value, dict) and key.endswith("_config") and key != "quantization_config"


def _is_plain(rope: Mapping[str, Any]) -> bool:
    return str(rope.get("rope_type", "default")) == "default"


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    parts = {key: _merged(value, new[key]) for key, value in old.items() if _is_part(key, value)}
    return {**old, **new, **parts}
