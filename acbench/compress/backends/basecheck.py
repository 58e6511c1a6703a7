"""Is the base model itself in this environment? Its perplexity is measured before anything is built.

A library's environment may read the same folder as another model and say nothing (specification, section 9,
trap 3), and everything it then compresses is compressed for that other model.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from acbench.errors import CompressionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

TOLERANCE = 0.02
"""Of the perplexity. Other versions of torch move it by a tenth of a per cent, a wrong rope_theta by twelve."""


def check_base(model: Path, reference: Mapping[str, Any] | None, *, trust_remote_code: bool = False) -> str:
    """Compares this environment's perplexity of the base with the main one's; returns a note for the facts.

    Raises CompressionError when they differ by more than two per cent.
    """
    if not reference or not reference.get("samples"):
        return "base not verified in this environment: the request carries no reference"
    here = mean_nll(model, reference["samples"], trust_remote_code=trust_remote_code)
    return verdict(here, float(reference["nll"]))


def verdict(here: float, there: float) -> str:
    """The note for two mean negative log-likelihoods (nats a token); raises CompressionError if they disagree."""
    off = math.exp(here - there) - 1 if math.isfinite(here) else math.inf
    if abs(off) > TOLERANCE:
        raise CompressionError(
            f"the base model's perplexity is {math.exp(min(here, 700)):.3f} in this environment and "
            f"{math.exp(there):.3f} in the main one ({off:+.1%}): it is read as another model here, so nothing was "
            "built; check config.json (rope, dtype) against this environment's transformers"
        )
    return f"base verified in this environment: perplexity {math.exp(here):.3f}, {off:+.2%} from the main one"


def mean_nll(model: Path, samples: Sequence[Sequence[int]], *, trust_remote_code: bool = False) -> float:
    """Mean negative log-likelihood (nats a token) over all but the first token of each sample, weights in bf16."""
    import torch

    loaded = load(model, torch.bfloat16, trust_remote_code=trust_remote_code)
    total, count = 0.0, 0
    with torch.inference_mode():
        for sample in samples:
            ids = torch.tensor([list(sample)])
            logits = loaded(ids[:, :-1]).logits[0].float()
            total += float(torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="sum"))
            count += len(sample) - 1
    return total / count


def load(model: Path, dtype: Any, *, trust_remote_code: bool = False) -> Any:
    """The causal language model of a folder on the CPU, by either version of transformers."""
    import transformers

    named = {"torch_dtype" if major(transformers.__version__) < 5 else "dtype": dtype}
    return transformers.AutoModelForCausalLM.from_pretrained(
        str(model),
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=trust_remote_code,
        **named,
    ).eval()


def major(version: str) -> int:
    """4 of ``4.51.3``."""
    return int(version.partition(".")[0])


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """Job: ``{"model", "samples"}`` -> ``{"nll"}``, for the main environment's side of the comparison."""
    from pathlib import Path

    return {"nll": mean_nll(Path(request["model"]), request["samples"])}
