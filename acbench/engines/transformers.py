"""Plain transformers: the reference engine. Slow, simple, and independent of vLLM's kernels.

Greedy or seeded sampling, one batch of requests at a time, padding on the left. Runs in the engine's process like
every other core. With ``extra = { kv = { policy = "snapkv", budget = 512 } }`` the key/value cache is compressed
(``acbench.kv``) and requests are answered one at a time.
"""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from acbench.engines.protocol import Completion, EngineIdentity
from acbench.kv.settings import parse_kv

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from acbench.engines.protocol import EngineSettings, Request, Sampling


class TransformersCore:
    """One model in this process. ``step`` answers up to ``max_num_seqs`` requests of equal sampling, or scores up to
    ``max_num_batched_tokens`` tokens of several requests."""

    def __init__(self, checkpoint: Path, settings: EngineSettings) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
        self._torch = torch
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        trust = bool(settings.extra.get("trust_remote_code", False))
        kv = parse_kv(settings.extra["kv"]) if "kv" in settings.extra else None
        self._tokenizer = AutoTokenizer.from_pretrained(str(checkpoint), trust_remote_code=trust)
        self._model: Any = AutoModelForCausalLM.from_pretrained(
            str(checkpoint), dtype=getattr(torch, settings.dtype), trust_remote_code=trust, **_attention(kv)
        ).to(self._device)
        self._model.eval()
        self._settings = settings
        self._ends = _only_ends(self._model)
        self._compressed: Any = None
        if kv is not None:
            from acbench.kv.serving import CompressedCache

            self._compressed = CompressedCache(self._model, kv)
        self._queue: list[Request] = []

    @property
    def identity(self) -> EngineIdentity:
        versions = {name: version(name) for name in ("torch", "transformers")}
        return EngineIdentity("transformers", self._device, versions, self._torch.get_num_threads())

    def add(self, requests: Sequence[Request]) -> None:
        """Queues requests. Raises ValueError for one that cannot be scored."""
        for request in requests:
            if request.score_from is not None and not 0 < request.score_from < len(request.token_ids):
                raise ValueError(
                    f"score_from must lie in 1 .. {len(request.token_ids) - 1} for {len(request.token_ids)} tokens, "
                    f"not {request.score_from}"
                )
        self._queue.extend(requests)

    def unfinished(self) -> int:
        return len(self._queue)

    def step(self) -> list[Completion]:
        batch = self._next_batch()
        taken = {r.id for r in batch}
        self._queue = [r for r in self._queue if r.id not in taken]
        with self._torch.inference_mode():
            return self._score(batch) if batch[0].score_from is not None else self._generate(batch)

    def stop(self) -> None:
        self._model = self._compressed = None

    def _next_batch(self) -> list[Request]:
        """The first request and those behind it that fit into one pass with it."""
        first = self._queue[0]
        if self._compressed is not None:
            return [first]
        if first.score_from is None:
            alike = [r for r in self._queue if r.score_from is None and r.sampling == first.sampling]
            return alike[: self._settings.max_num_seqs]
        batch, longest = [first], len(first.token_ids)
        for request in (r for r in self._queue[1:] if r.score_from is not None):
            longest = max(longest, len(request.token_ids))
            if longest * (len(batch) + 1) > self._settings.max_num_batched_tokens:
                break
            batch.append(request)
        return batch[: self._settings.max_num_seqs]

    # -- scoring -------------------------------------------------------------------------------------

    def _score(self, batch: list[Request]) -> list[Completion]:
        torch = self._torch
        if self._compressed is not None:
            ids = torch.tensor([batch[0].token_ids], device=self._device)
            logits, stats = self._compressed.logits(ids, batch[0].score_from)
            return [self._scored(batch[0], logits, stats)]
        # Padding on the right lies behind every scored position and is never seen by one.
        longest = max(len(r.token_ids) for r in batch)
        first = min(r.score_from or 0 for r in batch) - 1
        ids = torch.zeros((len(batch), longest), dtype=torch.long, device=self._device)
        for row, request in enumerate(batch):
            ids[row, : len(request.token_ids)] = torch.tensor(request.token_ids)
        logits = self._model(ids[:, :-1], use_cache=False, logits_to_keep=longest - 1 - first).logits
        rows = [slice((r.score_from or 0) - 1 - first, len(r.token_ids) - 1 - first) for r in batch]
        return [
            self._scored(r, logits[i, part], {}) for i, (r, part) in enumerate(zip(batch, rows, strict=True))
        ]

    def _scored(self, request: Request, logits: Any, stats: dict[str, float]) -> Completion:
        """``logits`` [n, V]: one row for each scored token."""
        torch = self._torch
        scored = torch.tensor(request.token_ids[request.score_from :], device=logits.device)
        values = torch.log_softmax(logits.float(), dim=-1).gather(1, scored[:, None])[:, 0]
        return Completion(
            request.id,
            finish_reason="scored",
            prompt_tokens=len(request.token_ids),
            logprobs=tuple(values.tolist()),
            top_ids=tuple(logits.argmax(-1).tolist()) if request.top else (),
            stats=stats,
        )

    # -- generation ----------------------------------------------------------------------------------

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
        stop = StopStrings(self._tokenizer, sampling, longest)
        options = {**_decoding(sampling), "pad_token_id": pad}
        stats: dict[str, float] = {}
        if self._compressed is not None:
            output, stats = self._compressed.generate(ids, stop, sampling.max_tokens, **options)
        else:
            output = self._model.generate(
                ids,
                attention_mask=mask,
                max_new_tokens=sampling.max_tokens,
                stopping_criteria=[stop],
                **options,
            )
        made = output.sequences[:, longest:].tolist()
        return [
            self._completion(
                request,
                made[row][: stop.ends.get(row)],
                ended=row in stop.ends,
                logits=[step[row] for step in output.logits or ()],
                stats=stats,
            )
            for row, request in enumerate(batch)
        ]

    def _completion(
        self, request: Request, new_ids: list[int], *, ended: bool, logits: list[Any], stats: dict[str, float]
    ) -> Completion:
        """``new_ids``: what was generated, up to a stop string where one ``ended`` it. Behind an end token there is
        only padding."""
        sampling = request.sampling
        cut = next((i for i, token in enumerate(new_ids) if token in self._ends), None)
        kept = new_ids[:cut]
        text = self._tokenizer.decode(kept, skip_special_tokens=True)
        first = self._tokenizer.decode(kept[: sampling.min_tokens], skip_special_tokens=True)
        stopped = ended or cut is not None
        for stop in sampling.stop:
            at = text.find(stop, len(first))
            if at >= 0:
                text, stopped = text[:at], True
        logprobs: tuple[float, ...] = ()
        if sampling.logprobs:
            steps = zip(logits, kept, strict=False)  # an end token has logits, too
            logprobs = tuple(float(step.float().log_softmax(-1)[token]) for step, token in steps)
        return Completion(
            request.id,
            text=text,
            token_ids=tuple(kept),
            finish_reason="stop" if stopped else "length",
            prompt_tokens=len(request.token_ids),
            logprobs=logprobs,
            stats=stats,
        )


class StopStrings:
    """Ends a row once one of the strings stands in its text, behind the first ``min_tokens`` tokens.

    ``ends``: row -> tokens up to and with the stop string. Only the last tokens are read at each step: a character
    takes at most four tokens.
    """

    def __init__(self, tokenizer: Any, sampling: Sampling, prompt_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._strings = sampling.stop
        self._first = prompt_tokens + sampling.min_tokens
        self._prompt_tokens = prompt_tokens
        self._tail = 4 * max((len(s) for s in sampling.stop), default=0) + 8
        self.ends: dict[int, int] = {}

    def __call__(self, input_ids: Any, _scores: Any, **_: Any) -> Any:
        length = input_ids.shape[1]
        for row in range(len(input_ids)) if self._strings and length > self._first else ():
            if row not in self.ends:
                tail = input_ids[row, max(self._first, length - self._tail) :]
                text = self._tokenizer.decode(tail, skip_special_tokens=True)
                if any(string in text for string in self._strings):
                    self.ends[row] = length - self._prompt_tokens
        return input_ids.new_tensor([row in self.ends for row in range(len(input_ids))]).bool()


def create_core(checkpoint: Path, settings: EngineSettings) -> TransformersCore:
    return TransformersCore(checkpoint, settings)


def _attention(kv: Any) -> dict[str, str]:
    """The attention function that lets a cache be compressed; without ``kv`` whatever the library chooses."""
    if kv is None:
        return {}
    from acbench.kv.session import ATTENTION

    return {"attn_implementation": ATTENTION}


def _only_ends(model: Any) -> set[int]:
    """The model's end tokens. Its other generation defaults (a repetition penalty, a temperature) are dropped: what
    is asked for is in the request, as with the other engines."""
    from transformers import GenerationConfig

    given = model.generation_config.eos_token_id
    ends = {end for end in (given if isinstance(given, list) else [given]) if end is not None}
    model.generation_config = GenerationConfig(eos_token_id=sorted(ends) or None)
    return ends


def _decoding(sampling: Sampling) -> dict[str, Any]:
    options: dict[str, Any] = {"return_dict_in_generate": True, "output_logits": sampling.logprobs}
    if sampling.temperature > 0:
        options |= {
            "do_sample": True,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": 0,
        }
    else:
        options |= {"do_sample": False}
    if sampling.min_tokens:
        options |= {"min_new_tokens": sampling.min_tokens}
    return options
