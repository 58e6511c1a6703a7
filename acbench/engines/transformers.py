"""Plain transformers: the reference engine. Slow, simple, and independent of vLLM's kernels.

Greedy or seeded sampling, one batch of requests at a time, padding on the left. Runs in the
engine's process like every other core.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from acbench.engines.protocol import Completion, EngineIdentity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from acbench.engines.protocol import EngineSettings, Request


class TransformersCore:
    """One model in this process. ``step`` answers up to ``max_num_seqs`` requests of equal sampling."""

    def __init__(self, checkpoint: Path, settings: EngineSettings) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        trust = bool(settings.extra.get("trust_remote_code", False))
        self._tokenizer = AutoTokenizer.from_pretrained(str(checkpoint), trust_remote_code=trust)
        self._model: Any = AutoModelForCausalLM.from_pretrained(
            str(checkpoint), dtype=getattr(torch, settings.dtype), trust_remote_code=trust
        ).to(self._device)
        self._model.eval()
        self._settings = settings
        self._queue: list[Request] = []

    @property
    def identity(self) -> EngineIdentity:
        versions = {name: version(name) for name in ("torch", "transformers")}
        return EngineIdentity("transformers", self._device, versions, self._torch.get_num_threads())

    def add(self, requests: Sequence[Request]) -> None:
        self._queue.extend(requests)

    def unfinished(self) -> int:
        return len(self._queue)

    def step(self) -> list[Completion]:
        first = self._queue[0]
        if first.score_from is not None:
            return [self._score(self._queue.pop(0))]
        batch = [r for r in self._queue if r.score_from is None and r.sampling == first.sampling]
        batch = batch[: self._settings.max_num_seqs]
        taken = {r.id for r in batch}
        self._queue = [r for r in self._queue if r.id not in taken]
        return self._generate(batch)

    def stop(self) -> None:
        self._model = None

    def _score(self, request: Request) -> Completion:
        torch = self._torch
        start = request.score_from or 0
        ids = torch.tensor([request.token_ids], device=self._device)
        with torch.inference_mode():
            logits = self._model(ids[:, :-1]).logits[0, start - 1 :].float()
        table = torch.log_softmax(logits, dim=-1)
        values = table.gather(1, ids[0, start:, None])[:, 0].tolist()
        return Completion(
            request.id, finish_reason="scored", prompt_tokens=len(request.token_ids), logprobs=tuple(values)
        )

    def _generate(self, batch: list[Request]) -> list[Completion]:
        torch = self._torch
        sampling = batch[0].sampling
        pad = self._tokenizer.pad_token_id or 0
        longest = max(len(r.token_ids) for r in batch)
        ids = torch.full((len(batch), longest), pad, device=self._device)
        mask = torch.zeros_like(ids)
        for row, request in enumerate(batch):
            ids[row, longest - len(request.token_ids) :] = torch.tensor(request.token_ids)
            mask[row, longest - len(request.token_ids) :] = 1
        torch.manual_seed(sampling.seed)
        options: dict[str, Any] = {"max_new_tokens": sampling.max_tokens, "pad_token_id": pad}
        if sampling.temperature > 0:
            options |= {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p}
        else:
            options |= {"do_sample": False}
        if sampling.min_tokens:
            options |= {"min_new_tokens": sampling.min_tokens}
        if sampling.stop:
            options |= {"stop_strings": list(sampling.stop), "tokenizer": self._tokenizer}
        with torch.inference_mode():
            output = self._model.generate(ids, attention_mask=mask, **options)
        return [self._completion(r, output[row, longest:].tolist()) for row, r in enumerate(batch)]

    def _completion(self, request: Request, new_ids: list[int]) -> Completion:
        ends = self._model.generation_config.eos_token_id
        ends = set(ends if isinstance(ends, list) else [ends])
        cut = next((i for i, token in enumerate(new_ids) if token in ends), None)
        kept = new_ids if cut is None else new_ids[:cut]
        text = self._tokenizer.decode(kept, skip_special_tokens=True)
        stopped = cut is not None
        first = self._tokenizer.decode(kept[: request.sampling.min_tokens], skip_special_tokens=True)
        for stop in request.sampling.stop:
            at = text.find(stop, len(first))
            if at >= 0:
                text, stopped = text[:at], True
        return Completion(
            request.id,
            text=text,
            token_ids=tuple(kept),
            finish_reason="stop" if stopped else "length",
            prompt_tokens=len(request.token_ids),
        )


def create_core(checkpoint: Path, settings: EngineSettings) -> TransformersCore:
    return TransformersCore(checkpoint, settings)
