"""Job: hidden effective rank of a randomly initialised model of the same configuration.

Diff-ERank as its authors define it (Wei et al., NeurIPS 2024) is the untrained model's minus the trained one's. It is
no quantity of compression and depends on the initialiser, which is why several seeds are run.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from acbench.analysis.forward import forward

if TYPE_CHECKING:
    from collections.abc import Mapping


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """``model`` (folder, for its configuration), ``samples``, ``seed``. Gives ``eranks``: one value a text."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    trust = bool(request.get("trust_remote_code"))
    config = AutoConfig.from_pretrained(request["model"], trust_remote_code=trust)
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    torch.manual_seed(int(request["seed"]))
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, trust_remote_code=trust)
    with tempfile.TemporaryDirectory() as scratch:
        model.save_pretrained(scratch, safe_serialization=True)
        del model
        found = forward(Path(scratch), request["samples"], trust_remote_code=trust)
    return {"eranks": found.eranks[-1].tolist()}
