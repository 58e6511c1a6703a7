"""Job: dequantizes a GGUF file to a bf16 safetensors folder with tokenizer and chat template."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.store import write_json

if TYPE_CHECKING:
    from collections.abc import Mapping


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """``request``: file (GGUF), out (folder), label."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    file, out = Path(request["file"]), Path(request["out"])
    model = AutoModelForCausalLM.from_pretrained(
        str(file.parent),
        gguf_file=file.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
    )
    model.save_pretrained(str(out))
    AutoTokenizer.from_pretrained(str(file.parent), gguf_file=file.name).save_pretrained(str(out))
    write_json(out / "acbench.json", {"label": request["label"], "source": file.name, "schema": 1})
    return {}
