"""Job: what a checkpoint's weights predict on fixed token sequences, computed without a serving engine.

Any stored form is dequantized layer by layer and run in float32, block after block, with activations rounded per
token where the checkpoint says so. This is what serving is checked against, and the perplexity of reports.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.compress.blocks import BlockModel
from acbench.compress.eightbit import rounded_rows
from acbench.compress.reading import activation_rounding
from acbench.compress.tally import is_linear

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import torch

    from acbench.compress.blocks import Hidden


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """``request``: model (folder), samples (lists of token ids, one length), trust_remote_code.

    Gives ``logprobs`` (natural log of every token but the first), ``top`` (the most likely token at the same places),
    ``nll`` (mean negative log-probability, nats a token) and ``perplexity`` (its exponential).
    """
    import torch

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    found = predict(
        Path(request["model"]),
        request["samples"],
        trust_remote_code=bool(request.get("trust_remote_code")),
    )
    values = [value for row in found[0] for value in row]
    nll = -sum(values) / len(values)
    return {"logprobs": found[0], "top": found[1], "nll": nll, "perplexity": math.exp(min(nll, 700.0))}


def predict(
    folder: Path, samples: Sequence[Sequence[int]], *, trust_remote_code: bool = False
) -> tuple[list[list[float]], list[list[int]]]:
    """Log-probabilities and most likely tokens of all samples, which must have one length."""
    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    with BlockModel(folder, trust_remote_code=trust_remote_code, device=device) as blocks:
        hidden = blocks.embed(torch.tensor(samples, device=device))
        for _ in through_blocks(blocks, hidden):
            pass
        logprobs, top = [], []
        for sample, logits in blocks.logits(hidden):
            table = torch.log_softmax(logits[:-1], dim=-1)
            expected = hidden.ids[sample, 1:, None]
            logprobs.append(table.gather(1, expected)[:, 0].tolist())
            top.append(logits[:-1].argmax(-1).tolist())
    return logprobs, top


def through_blocks(blocks: BlockModel, hidden: Hidden) -> Iterator[int]:
    """Takes the hidden states through every block in turn, as served: activations rounded where the checkpoint says
    so. Gives each block's index when the states are those behind it."""
    number = activation_rounding(blocks.reader.quantization)
    for index in range(len(blocks.blocks)):
        module = blocks.load(index)
        handles = _round_inputs(module, blocks.block_prefix(index), number) if number else []
        for batch in hidden.batches:
            hidden.states[batch] = blocks.run(index, hidden, batch)
        for handle in handles:
            handle.remove()
        blocks.drop(index)
        yield index


def _round_inputs(module: torch.nn.Module, prefix: str, number: Any) -> list[Any]:
    """Hooks that round the inputs of the block's linear layers to eight bits, per token."""

    def hook(_: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        return (rounded_rows(inputs[0], number), *inputs[1:])

    return [
        module.get_submodule(name.removesuffix(".weight")).register_forward_pre_hook(hook)
        for name, parameter in module.named_parameters()
        if is_linear(prefix + name, tuple(parameter.shape))
    ]
