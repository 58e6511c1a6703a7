"""Job for the benchmark: the same prompts through a bare ``LLM.generate`` call, nothing of ours around it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """``request``: model, engine arguments, prompts (token ids), max_tokens. Returns seconds and texts."""
    from vllm import LLM, SamplingParams

    engine = LLM(model=request["model"], **request["engine"])
    sampling = SamplingParams(temperature=0.0, max_tokens=request["max_tokens"])
    engine.generate(
        [{"prompt_token_ids": [1, 2, 3]}], SamplingParams(max_tokens=1), use_tqdm=False
    )  # warm up
    prompts = [{"prompt_token_ids": ids} for ids in request["prompts"]]
    began = time.perf_counter()
    outputs = engine.generate(prompts, sampling, use_tqdm=False)
    seconds = time.perf_counter() - began
    texts = [output.outputs[0].text for output in outputs]
    engine.llm_engine.engine_core.shutdown()
    return {"seconds": seconds, "texts": texts}
