"""One pass of a checkpoint over the texts, block by block: what later comparisons need of it, and nothing else.

In memory: one block, the hidden states of all texts, and of every layer the token vectors that CKA looks at. No
logits: they are made again from the head's input, block by block of the vocabulary (``acbench.analysis.head``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch

from acbench.analysis.head import Head
from acbench.compress.blocks import BlockModel
from acbench.compress.evaluate import through_blocks
from acbench.errors import DataError
from acbench.metrics.representation import outlier_ratio, top_channel_energy
from acbench.metrics.spectra import token_erank

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

CKA_TOKENS = 1024
"""Tokens, drawn once for all models, whose vectors are compared layer by layer."""


@dataclass
class Forward:
    """``states`` [N, T, H]: what the head reads; ``layers`` [L + 1, n, H]: chosen tokens after every block, and those
    of the head's input last; ``eranks`` [L + 1, N]: effective rank (lambda form) of each text there; ``outliers``
    [L + 1, 2]: largest ratio of a channel's maximum to its median, energy share of the top 1 % channels."""

    states: torch.Tensor
    layers: torch.Tensor
    eranks: torch.Tensor
    outliers: torch.Tensor
    head: Head


def forward(
    folder: Path, samples: Sequence[Sequence[int]], *, dtype: str = "float32", trust_remote_code: bool = False
) -> Forward:
    """Runs the samples (token ids of one length) through a checkpoint of any stored form.

    Raises DataError naming layer and count when hidden states are NaN or infinite.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with BlockModel(folder, trust_remote_code=trust_remote_code, device=device, dtype=dtype) as blocks:
        hidden = blocks.embed(torch.tensor(samples, device=device))
        chosen = _chosen(hidden.ids.numel()).to(device)
        seen = _Seen([], [], [])
        for index in through_blocks(blocks, hidden):
            _look(f"{folder.name}: block {index}", hidden.states, chosen, seen)
        states = torch.stack([found for _, found in blocks.head_inputs(hidden)])
        _look(f"{folder.name}: the head's input", states, chosen, seen)
        head = Head.of(blocks, hidden)
    layers, eranks, outliers = (torch.stack(kept) for kept in seen)
    return Forward(states, layers, eranks, outliers, head)


class _Seen(NamedTuple):
    """One entry a layer, in the order of ``Forward``."""

    layers: list[torch.Tensor]
    eranks: list[torch.Tensor]
    outliers: list[torch.Tensor]


def _chosen(tokens: int) -> torch.Tensor:
    """Places of the tokens that CKA looks at, among all of them."""
    if tokens <= CKA_TOKENS:
        return torch.arange(tokens)
    picks = np.random.default_rng(0).choice(tokens, CKA_TOKENS, replace=False)
    return torch.from_numpy(np.sort(picks))


def _look(where: str, states: torch.Tensor, chosen: torch.Tensor, seen: _Seen) -> None:
    """Appends what is kept of the states [N, T, H] after a block."""
    bad = int((~torch.isfinite(states)).sum())
    if bad:
        raise DataError(f"{where}: {bad} of {states.numel()} hidden values are NaN or infinite")
    flat = states.reshape(-1, states.shape[-1])
    seen.layers.append(flat[chosen].float().cpu())
    seen.eranks.append(
        torch.tensor([token_erank(text.float()).value for text in states], dtype=torch.float64)
    )
    ratio = outlier_ratio(seen.layers[-1])
    finite = ratio[torch.isfinite(ratio)]
    largest = float(finite.max()) if finite.numel() else float("nan")
    seen.outliers.append(torch.tensor([largest, top_channel_energy(seen.layers[-1])], dtype=torch.float64))


def write(found: Forward, out: Path) -> None:
    """Stores a pass; ``head.json`` says where its head is."""
    from safetensors.torch import save_file

    from acbench.store import write_json

    tensors = {
        "states": found.states.cpu().contiguous(),
        "layers": found.layers,
        "eranks": found.eranks,
        "outliers": found.outliers,
    }
    save_file(tensors, str(out / "pass.safetensors"))
    write_json(out / "head.json", found.head.facts())


def read(folder: Path, model: Path) -> Forward:
    """A stored pass of the checkpoint ``model``."""
    import json

    from safetensors.torch import load_file

    tensors = load_file(str(folder / "pass.safetensors"))
    head = Head(model, **json.loads((folder / "head.json").read_text()))
    return Forward(tensors["states"], tensors["layers"], tensors["eranks"], tensors["outliers"], head)


def run(request: Mapping[str, Any]) -> dict[str, Any]:
    """Job: ``model`` (folder), ``samples``, ``dtype``, ``out`` (an empty folder), ``trust_remote_code``."""
    import os
    from pathlib import Path

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    found = forward(
        Path(request["model"]),
        request["samples"],
        dtype=request.get("dtype", "float32"),
        trust_remote_code=bool(request.get("trust_remote_code")),
    )
    write(found, Path(request["out"]))
    return {}
