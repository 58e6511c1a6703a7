"""The output head as a function on blocks of the vocabulary: logits without ever holding all of them.

The rows of the head are read from the checkpoint as they are needed. What a model's code does behind the linear map
is known for two cases (a soft limit and a factor) and checked against the code itself before it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from acbench.compress.reading import WeightReader
from acbench.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from acbench.compress.blocks import BlockModel, Hidden

PROBED_ROWS = 64
TOLERANCE = 1e-3
HALF_TOLERANCE = 0.05
"""Largest difference from the model's own code, as a share of the largest logit; in 16 bits rounding is coarser."""
BLOCK_BYTES = 48 * 2**20
"""Size of one block of logits [T, b] in float32; a dozen of them are alive while two models are compared."""


@dataclass(frozen=True)
class Head:
    """``name``, ``bias``: stored tensors; ``factor``: logits are multiplied by it; ``limit``: soft limit (0 = none)."""

    folder: Path
    name: str
    bias: str
    factor: float
    limit: float
    dtype: str

    def facts(self) -> dict[str, Any]:
        """What, with the folder, makes the same head again."""
        return {
            "name": self.name,
            "bias": self.bias,
            "factor": self.factor,
            "limit": self.limit,
            "dtype": self.dtype,
        }

    @classmethod
    def of(cls, blocks: BlockModel, hidden: Hidden) -> Head:
        """The head of a model, checked on its first rows. Raises ModelError for a head that works in another way."""
        config = blocks.config
        name = blocks.head_name
        bias = name.removesuffix("weight") + "bias"
        factor = float(getattr(config, "logit_scale", None) or 1.0) / float(
            getattr(config, "logits_scaling", None) or 1.0
        )
        limit = float(getattr(config, "final_logit_softcapping", None) or 0.0)
        dtype = str(blocks.dtype).removeprefix("torch.")
        head = cls(
            blocks.reader.folder, name, bias if bias in blocks.reader.names else "", factor, limit, dtype
        )
        inputs: list[torch.Tensor] = []
        rows = blocks.reader.rows(name, 0, PROBED_ROWS).to(hidden.states)
        offset = head._bias(blocks.reader, 0, PROBED_ROWS)

        def first_rows(states: torch.Tensor) -> torch.Tensor:
            inputs.append(states)
            return states @ rows.T + offset.to(states)

        own = blocks.through_head(hidden, first_rows).float()
        ours = head._finish(first_rows(inputs[0][0]).float())
        allowed = TOLERANCE if blocks.dtype == torch.float32 else HALF_TOLERANCE
        if float((own - ours).abs().max()) > allowed * float(own.abs().max()):
            raise ModelError(
                f"{blocks.reader.folder}: this model's code changes logits behind its head in a way that analyses do "
                "not know; a factor (logit_scale, logits_scaling) and a soft limit (final_logit_softcapping) are known"
            )
        return head

    def _bias(self, reader: WeightReader, start: int, stop: int) -> torch.Tensor:
        return reader.stored(self.bias)[start:stop].float() if self.bias else torch.zeros(())

    def _finish(self, logits: torch.Tensor) -> torch.Tensor:
        logits = logits * self.factor
        return self.limit * torch.tanh(logits / self.limit) if self.limit else logits

    def size(self) -> int:
        """The vocabulary's size V: rows of the head."""
        with WeightReader(self.folder) as reader:
            return reader.shape(self.name)[0]

    def logits(self, states: torch.Tensor, size: int) -> Iterator[tuple[int, torch.Tensor]]:
        """(first id, logits [T, b] in float32) of states [T, H], block by block over the first ``size`` ids."""
        dtype = getattr(torch, self.dtype)
        step = max(1, BLOCK_BYTES // (4 * states.shape[0]))
        states = states.to(dtype)
        with WeightReader(self.folder) as reader:
            for start in range(0, size, step):
                stop = min(start + step, size)
                rows = reader.rows(self.name, start, stop).to(device=states.device, dtype=dtype)
                offset = self._bias(reader, start, stop).to(states)
                yield start, self._finish((states @ rows.T + offset).float())
