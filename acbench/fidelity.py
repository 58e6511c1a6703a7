"""Serving fidelity: does the engine serve the weights that are stored?

A few fixed texts are scored by the running engine and, once per checkpoint, by the dequantized weights without an
engine. A checkpoint that loads without an error and is then served as garbage has been seen for real: an AWQ
file at perplexity 91,968 instead of 29.7, a KV cache in int8 at 279,735. That is a broken case, never a degradation.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from acbench.compress.support import scheme_of
from acbench.engines.protocol import Request
from acbench.errors import CompressionError, EngineError, MisServed
from acbench.jobs import run_job
from acbench.keys import fingerprint
from acbench.rendering import ModelRenderer
from acbench.store import write_json
from acbench.texts import texts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from acbench.engines.protocol import Engine
    from acbench.store import Store

PROBES = 6
PROBE_TOKENS = 96
VERSION = 1
"""Raise it when probes or their evaluation change."""

SLACK_NATS = 0.10
SLACK_SHARE = 0.05
"""A served text may differ by the larger of 0.1 nats a token and 5 % of its loss: more than the rounding of any form in
the support matrix, far less than a wrong scale does."""
LOSSY_CACHE_NATS = 0.70
"""A key/value cache of fewer bits changes predictions by design (0.07 nats for e5m2 on SmolLM2, 0.2 on a random model);
the garbage that some types serve is seven nats away."""
LEAST_AGREEMENT = 0.70
AGREEMENT_BELOW_NATS = 6.0
"""Most likely tokens must agree where the model still predicts anything; a model near guessing has ties everywhere."""
GARBAGE_FACTOR = 10.0
"""Four bits and more never multiply perplexity by ten; a library that overwrites its own weights does."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What weights predict on the probes: log-probability (nats) and most likely token at each place but the first."""

    samples: list[list[int]]
    logprobs: list[list[float]]
    top: list[list[int]]

    @property
    def nll(self) -> float:
        """Mean negative log-likelihood, nats per token."""
        values = [value for row in self.logprobs for value in row]
        return -sum(values) / len(values)

    @property
    def perplexity(self) -> float:
        return math.exp(min(self.nll, 700.0))


@dataclass(frozen=True, slots=True)
class Fidelity:
    """Served against stored: mean loss of both in nats per token, share of equal most likely tokens, a verdict."""

    served_nll: float
    reference_nll: float
    agreement: float
    tokens: int
    problem: str = ""


def probes(folder: Path, *, trust_remote_code: bool = False) -> list[list[int]]:
    """Token ids of the fixed texts, all of one length: prose, code, dialogue and JSON in turn."""
    renderer = ModelRenderer(folder, trust_remote_code=trust_remote_code)
    by_kind: dict[str, list[str]] = {}
    for text in texts("evaluation"):
        by_kind.setdefault(text.kind, []).append(text.content)
    found: list[list[int]] = []
    for column in zip(*(by_kind[kind] for kind in sorted(by_kind)), strict=False):
        for content in column:
            ids = renderer.encode(content)[:PROBE_TOKENS]
            if len(ids) == PROBE_TOKENS and len(found) < PROBES:
                found.append(list(ids))
    return found


def predictions(folder: Path, key: str, store: Store, *, trust_remote_code: bool = False) -> Predictions:
    """What the stored weights predict on the probes; computed once per checkpoint ``key``."""
    samples = probes(folder, trust_remote_code=trust_remote_code)
    identity = {"checkpoint": key, "samples": samples, "version": VERSION}

    def make(out: Path) -> None:
        request = {"model": str(folder), "samples": samples, "trust_remote_code": trust_remote_code}
        found = run_job("acbench.compress.evaluate", request, log=store.root / "logs" / f"predict-{key}.log")
        write_json(
            out / "predictions.json",
            {"samples": samples, "logprobs": found["logprobs"], "top": found["top"]},
        )

    path = store.build("predictions", fingerprint(identity), make)
    return Predictions(**json.loads((path / "predictions.json").read_text()))


def serve_probes(
    engine: Engine, samples: Sequence[Sequence[int]]
) -> tuple[list[list[float]], list[list[int]]]:
    """Log-probabilities and most likely tokens of the probes from a running engine."""
    requests = [
        Request(f"fidelity/{fingerprint(list(ids))}#{i}", tuple(ids), score_from=1, top=1)
        for i, ids in enumerate(samples)
    ]
    waiting = {request.id: i for i, request in enumerate(requests)}
    logprobs: list[list[float]] = [[] for _ in samples]
    top: list[list[int]] = [[] for _ in samples]
    engine.submit(requests)
    while waiting:
        completions = engine.poll()
        if not completions:
            raise EngineError("the engine forgot texts of the fidelity check")
        for completion in completions:
            place = waiting.pop(completion.id, None)
            if place is None:
                continue
            if completion.error:
                raise EngineError(f"the fidelity check was refused: {completion.error}")
            logprobs[place], top[place] = list(completion.logprobs), list(completion.top_ids)
            if not len(logprobs[place]) == len(top[place]) == len(samples[place]) - 1:
                raise EngineError(
                    f"the engine scored {len(logprobs[place])} tokens and named {len(top[place])} of a text of "
                    f"{len(samples[place])}: it cannot be checked"
                )
    return logprobs, top


def compare(
    reference: Predictions, logprobs: list[list[float]], top: list[list[int]], *, lossy_cache: bool = False
) -> Fidelity:
    """Judges what was served against what is stored."""
    served = Predictions(reference.samples, logprobs, top)
    pairs = [(a, b) for x, y in zip(reference.top, top, strict=True) for a, b in zip(x, y, strict=True)]
    agreement = sum(a == b for a, b in pairs) / len(pairs)
    gap = abs(served.nll - reference.nll)
    problem = ""
    if not math.isfinite(reference.nll):
        problem = "the stored weights themselves give NaN or infinite log-probabilities"
    elif not math.isfinite(served.nll):
        problem = "the engine gives NaN or infinite log-probabilities"
    elif gap > max(LOSSY_CACHE_NATS if lossy_cache else SLACK_NATS, SLACK_SHARE * reference.nll):
        problem = (
            f"served perplexity {served.perplexity:,.4g}, the stored weights have {reference.perplexity:,.4g}"
        )
    elif not lossy_cache and agreement < LEAST_AGREEMENT and reference.nll < AGREEMENT_BELOW_NATS:
        problem = f"only {agreement:.0%} of the most likely tokens are those of the stored weights"
    return Fidelity(served.nll, reference.nll, agreement, len(pairs), problem)


def stored_bits(folder: Path) -> int:
    """Bits per weight that a checkpoint's configuration declares; 16 for dense ones (dequantized ones too)."""
    config = json.loads((folder / "config.json").read_text())
    return scheme_of(config.get("quantization_config") or {}).bits


def check_weights(stored: Predictions, base: Predictions, *, bits: int, label: str) -> None:
    """Raises CompressionError when quantized weights of 4 to 8 bits predict nothing any more.

    AutoAWQ on a CPU was seen to write such a file without an error (perplexity 91,968). Fewer bits and
    pruning may legitimately ruin a model: they are judged, not refused.
    """
    if 4 <= bits <= 8 and not stored.nll <= base.nll + math.log(GARBAGE_FACTOR):  # NaN is garbage too
        raise CompressionError(
            f"{label}: the stored weights have perplexity {stored.perplexity:,.4g} on the fixed texts, the base model "
            f"{base.perplexity:,.4g}: {bits} bits do not explain that. The build went wrong without an error; check "
            "the library's version and device, or build the recipe in-house"
        )


def check_serving(
    engine: Engine,
    reference: Predictions,
    store: Store,
    *,
    key: str,
    label: str,
    lossy_cache: bool = False,
) -> Fidelity:
    """Scores the probes unless that was done for this ``key``; raises MisServed when garbage is served."""
    known = recorded(store, key)
    found = known or compare(reference, *serve_probes(engine, reference.samples), lossy_cache=lossy_cache)
    if known is None:
        memo = _memo(store, key)
        memo.parent.mkdir(parents=True, exist_ok=True)
        write_json(memo, asdict(found))
    if found.problem:
        raise MisServed(
            f"{label}: the engine does not serve what the checkpoint holds: {found.problem} "
            f"({found.tokens} tokens of fixed texts). Not a degradation of the model: another format, engine version "
            "or KV-cache type will serve it (docs/compression.md)"
        )
    return found


def recorded(store: Store, key: str) -> Fidelity | None:
    """What was found before for this key."""
    memo = _memo(store, key)
    return Fidelity(**json.loads(memo.read_text())) if memo.is_file() else None


def _memo(store: Store, key: str) -> Path:
    return store.root / "fidelity" / f"{key}.json"


def facts_of(found: Fidelity) -> dict[str, Any]:
    """For reports."""
    return {
        "served_perplexity": round(math.exp(min(found.served_nll, 700.0)), 3),
        "stored_perplexity": round(math.exp(min(found.reference_nll, 700.0)), 3),
        "top1_agreement": round(found.agreement, 4),
        "tokens": found.tokens,
    }
