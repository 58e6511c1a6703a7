"""What a smaller key/value cache costs and saves: policies at equal bytes on one model.

    python -m benchmarks.kv_cache MODEL_FOLDER [--budgets 288 160] [--needles 3] [--texts 1]

For every way of keeping the cache: the likelihood of a continuation and of a needle's sentence after the prompt was
compressed, retrieval of the needle by generation, prefill seconds and decode tokens/s. Prompts come from the needle
task's own pack. Rows are sorted by the share of the whole cache that was stored; compare within a share.
Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from acbench.engines.protocol import Completion, EngineSettings, Request, Sampling
from acbench.engines.transformers import TransformersCore, create_core
from acbench.rendering import ModelRenderer
from acbench.tasks.needle.haystack import haystack_text
from acbench.tasks.needle.scoring import keyword_recall
from acbench.tasks.needle.task import open_task
from acbench.tasks.protocol import Message, Prompt, TaskContext

ROUNDED: dict[str, dict[str, Any]] = {
    "int8": {"bits": 8},
    "int4": {"bits": 4},
    "int2": {"bits": 2},
    "kivi-4": {"bits": 4, "layout": "kivi"},
    "kivi-2": {"bits": 2, "layout": "kivi"},
}
POLICIES = ("random", "streamingllm", "l2norm", "h2o", "h2o_mean", "snapkv", "pyramidkv")
TEXT_PROMPT, TEXT_REST = 768, 128
SECOND_HALF = 100_000
"""Characters of the haystack before the texts: no needle prompt reads there."""


@dataclass(slots=True)
class Row:
    """Measurements of one way of keeping the cache."""

    name: str
    text_nll: list[float] = field(default_factory=list)
    answer_nll: list[float] = field(default_factory=list)
    recall: list[float] = field(default_factory=list)
    stats: list[dict[str, float]] = field(default_factory=list)

    def cells(self, full: Row) -> str:
        def measured(name: str) -> float:
            return mean(s[name] for s in self.stats)

        share = measured("kv_bytes_prompt") / mean(s["kv_bytes_prompt"] for s in full.stats)
        return (
            f"| {self.name} | {measured('kv_tokens_prompt'):.0f} | {100 * share:.1f} % "
            f"| {math.exp(mean(self.text_nll)):.2f} | {mean(self.answer_nll):.2f} | {mean(self.recall):.2f} "
            f"| {measured('prefill_seconds'):.2f} | {measured('decode_tokens_per_second'):.1f} |"
        )


@dataclass(frozen=True, slots=True)
class Needle:
    """A question in its haystack: the prompt, the true sentence, and what a right answer names."""

    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    keywords: tuple[str, ...]


def needles(renderer: ModelRenderer, length: int, count: int) -> list[Needle]:
    """``count`` prompts of ``length`` tokens, depths spread evenly."""
    depths = [round(100 * (i + 0.5) / count) for i in range(count)]
    settings = {"lengths": [length], "depths": depths, "repeats": 1}
    task = open_task(TaskContext(renderer, window_tokens=8192, settings=settings))
    made = []
    for sample in task.samples():
        prompt = Prompt(
            messages=(Message("user", sample.data["message"]),), continuation=sample.data["needle"]
        )
        keywords = tuple(sample.data["keywords"])
        made.append(Needle(renderer.render(prompt), renderer.continuation(prompt), keywords))
    return made


def texts(renderer: ModelRenderer, count: int) -> list[tuple[int, ...]]:
    """Stretches of the haystack's prose."""
    source = haystack_text("synthetic", 1, None)[SECOND_HALF:]
    ids = renderer.continuation(Prompt(continuation=source[: 12 * count * (TEXT_PROMPT + TEXT_REST)]))
    size = TEXT_PROMPT + TEXT_REST
    return [ids[i * size : (i + 1) * size] for i in range(count)]


def answered(core: TransformersCore, request: Request) -> Completion:
    core.add([request])
    return core.step()[0]


def measure(
    folder: Path, name: str, kv: dict[str, Any], found: list[Needle], prose: list[tuple[int, ...]]
) -> Row:
    core = create_core(folder, EngineSettings(backend="transformers", extra={"kv": kv}))
    answered(core, Request("warm", prose[0][:64], Sampling(max_tokens=2)))
    row = Row(name)
    for text in prose:
        scored = answered(core, Request("text", text, score_from=TEXT_PROMPT))
        row.text_nll.append(-mean(scored.logprobs))
    for needle in found:
        whole = needle.prompt + needle.answer
        row.answer_nll.append(
            -mean(answered(core, Request("n", whole, score_from=len(needle.prompt))).logprobs)
        )
        reply = answered(core, Request("g", needle.prompt, Sampling(max_tokens=20, min_tokens=8)))
        row.recall.append(keyword_recall(reply.text, needle.keywords))
        row.stats.append(dict(reply.stats))
    return row


def ways(budgets: list[int], length: int, layers: int) -> dict[str, dict[str, Any]]:
    """Name -> kv table; all policies of one budget store the same number of tokens over all layers."""
    made: dict[str, dict[str, Any]] = {"full": {}, **ROUNDED}
    for budget in budgets:
        for policy in POLICIES:
            tokens = budget
            if policy == "l2norm":  # its first two layers keep everything
                tokens = (layers * budget - 2 * length) // (layers - 2)
                if tokens < 1:
                    continue
            made[f"{policy}-{tokens}"] = {"policy": policy, "budget": tokens}
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description="key/value cache methods at equal bytes")
    parser.add_argument("model", type=Path, help="a model folder")
    parser.add_argument(
        "--budgets", type=int, nargs="*", default=[288, 160], help="tokens; int4 and int2 store as much"
    )
    parser.add_argument("--length", type=int, default=1024, help="tokens of a needle prompt")
    parser.add_argument("--needles", type=int, default=3)
    parser.add_argument("--texts", type=int, default=1)
    chosen = parser.parse_args()

    from transformers import AutoConfig

    layers = AutoConfig.from_pretrained(str(chosen.model)).num_hidden_layers
    renderer = ModelRenderer(chosen.model)
    found, prose = needles(renderer, chosen.length, chosen.needles), texts(renderer, chosen.texts)
    rows = [
        measure(chosen.model, name, kv, found, prose)
        for name, kv in ways(chosen.budgets, chosen.length, layers).items()
    ]
    print("| cache | tokens | of full | perplexity | answer nll | recall | prefill s | decode tok/s |")
    print("|---|---|---|---|---|---|---|---|")
    for row in sorted(rows, key=lambda row: -mean(s["kv_bytes_prompt"] for s in row.stats)):
        print(row.cells(rows[0]))


if __name__ == "__main__":
    main()
