"""A causal language model whose decoder blocks are loaded, run and dropped one after another.

Only the embedding, one block and the hidden states of the samples are in memory, so a model far larger
than the machine can be calibrated and evaluated. Works for every architecture of transformers whose
decoder is a list of blocks: the model's own code makes masks and positions, and is called unchanged.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from acbench.compress.reading import WeightReader
from acbench.errors import CompressionError, ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import torch

BATCH_TOKENS = 2048


@dataclass
class Hidden:
    """Hidden states of all samples [N, L, H] before the next block, and what the blocks are called with."""

    states: torch.Tensor
    ids: torch.Tensor
    arguments: list[tuple[tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)

    @property
    def batches(self) -> list[slice]:
        samples, length = self.ids.shape
        size = max(1, BATCH_TOKENS // length)
        return [slice(i, min(i + size, samples)) for i in range(0, samples, size)]


class BlockModel:
    """``folder``: a checkpoint in any form that ``WeightReader`` knows. Use it as a context manager.

    ``exact``: compute in float32. Else in the checkpoint's own 16 bits where the machine multiplies them
    natively, which is several times as fast and what a serving engine does. ``dtype`` (a name) says it outright.
    """

    def __init__(
        self,
        folder: Path,
        *,
        trust_remote_code: bool = False,
        device: str = "cpu",
        exact: bool = True,
        dtype: str = "",
    ) -> None:
        import torch
        from accelerate import init_empty_weights
        from transformers import AutoConfig, AutoModelForCausalLM

        self.reader = WeightReader(folder)
        self._device = device
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=trust_remote_code)
        if hasattr(config, "quantization_config"):
            del config.quantization_config  # weights arrive dequantized
        config.use_cache = False
        self.dtype = torch.float32 if exact else fast_dtype(config, device)
        if dtype:
            self.dtype = getattr(torch, dtype)
        with init_empty_weights(include_buffers=False):
            self.model: Any = AutoModelForCausalLM.from_config(
                config,
                dtype=self.dtype,
                attn_implementation=attention(config),
                trust_remote_code=trust_remote_code,
            )
        self.model.eval()
        self.config = config
        self.prefix, self.blocks = _decoder(self.model, config.num_hidden_layers)
        self._tuples = False  # whether the model's code expects its blocks to return tuples

    def __enter__(self) -> BlockModel:
        return self

    def __exit__(self, *_: object) -> None:
        self.reader.__exit__(None, None, None)

    # -- weights -----------------------------------------------------------------------------------

    def load(self, index: int) -> Any:
        """Block ``index`` with its weights."""
        block, prefix = self.blocks[index], self.block_prefix(index)
        self._fill(block, prefix)
        return block

    def drop(self, index: int) -> None:
        """Gives a block's memory back, and the mapped pages of the file it was read from."""
        _empty(self.blocks[index])
        self.reader.release()
        trim_memory()

    def block_prefix(self, index: int) -> str:
        """Where the names of a block's tensors begin, for example ``model.layers.3.``"""
        return f"{self.prefix}.{index}."

    def stored(self, name: str) -> torch.Tensor:
        """A tensor as the checkpoint has it, by the name in the model's code."""
        return self.reader.stored(self.stored_name(name))

    def _fill(self, module: Any, prefix: str) -> None:
        for name, _ in list(module.named_parameters()):
            self._place(module, name, self.reader.weight(self.stored_name(prefix + name)))

    def _place(self, module: Any, name: str, values: torch.Tensor) -> None:
        import torch

        path, _, last = name.rpartition(".")
        owner = module.get_submodule(path) if path else module
        wanted = owner._parameters[last].shape
        if values.shape != wanted:
            raise ModelError(
                f"{self.reader.folder}: tensor {name} is {tuple(values.shape)}, expected {tuple(wanted)}"
            )
        owner._parameters[last] = torch.nn.Parameter(
            values.to(device=self._device, dtype=self.dtype), requires_grad=False
        )

    def stored_name(self, name: str) -> str:
        """The checkpoint's name of what the model's code calls ``name``: some folders leave out or add a prefix."""
        if name in self.reader.names:
            return name
        head = self.model.base_model_prefix + "."
        for other in (name.removeprefix(head), head + name):
            if other in self.reader.names:
                return other
        return name

    def is_inside(self, name: str) -> bool:
        """Whether a stored tensor belongs to one of the blocks."""
        head, full = self.model.base_model_prefix + ".", f"{self.prefix}."
        return name.startswith((full, full.removeprefix(head), head + full))

    # -- running -----------------------------------------------------------------------------------

    def embed(self, ids: torch.Tensor) -> Hidden:
        """Hidden states before block 0 of ``ids`` [N, L], all of one length and without padding."""
        import torch

        self._outer(head=False)
        states: list[torch.Tensor] = []

        def first(hidden: torch.Tensor) -> torch.Tensor:
            states.append(hidden)
            return hidden

        arguments: list[Any] = [None] * len(self.blocks)
        found = Hidden(torch.empty(0), ids)
        with torch.no_grad():
            try:
                with self._hollow(first, arguments):
                    self.model.base_model(input_ids=ids[:1])
            except _Unpacked:
                self._tuples = True
                with self._hollow(first, arguments):
                    self.model.base_model(input_ids=ids[:1])
            found.arguments = list(arguments)
            states.clear()
            with self._hollow(first):
                for batch in found.batches:
                    self.model.base_model(input_ids=ids[batch])
        found.states = torch.cat(states)
        _empty(self.model)
        return found

    def run(self, index: int, hidden: Hidden, batch: slice) -> torch.Tensor:
        """The output of a loaded block for one batch of the hidden states."""
        import torch

        positional, named = hidden.arguments[index]
        with torch.no_grad():
            made = self.blocks[index](hidden.states[batch], *positional, **named)
        self._tuples = isinstance(made, tuple)
        output: torch.Tensor = made[0] if isinstance(made, tuple) else made
        return output

    def logits(self, hidden: Hidden) -> Iterator[tuple[int, torch.Tensor]]:
        """(sample, logits [L, V]) from the states after the last block, one sample at a time."""
        import torch

        self._outer(head=True)
        for sample in range(hidden.ids.shape[0]):
            states = hidden.states[sample : sample + 1]
            with torch.no_grad(), self._hollow(lambda _, states=states: states):  # type: ignore[misc]  # a default binds it now
                logits = self.model(input_ids=hidden.ids[sample : sample + 1]).logits[0]
            yield sample, logits.float()
        _empty(self.model)

    def head_inputs(self, hidden: Hidden) -> Iterator[tuple[int, torch.Tensor]]:
        """(sample, what the output head reads [L, H]) from the states after the last block."""
        caught: list[torch.Tensor] = []

        def catch(states: torch.Tensor) -> torch.Tensor:
            caught.append(states)
            return states[..., :1]

        for sample, _ in self._through_head(hidden, catch):
            yield sample, caught.pop()[0]

    def through_head(
        self, hidden: Hidden, head: Callable[[torch.Tensor], torch.Tensor], sample: int = 0
    ) -> torch.Tensor:
        """Logits [L, rows] of one sample with ``head`` in place of the model's own linear map: whatever the
        model's code does to logits behind it is part of the result."""
        one = Hidden(hidden.states[sample : sample + 1], hidden.ids[sample : sample + 1])
        return next(iter(self._through_head(one, head)))[1]

    def _through_head(
        self, hidden: Hidden, head: Callable[[torch.Tensor], torch.Tensor]
    ) -> Iterator[tuple[int, torch.Tensor]]:
        import torch

        self._outer(head=False)
        output = self.model.get_output_embeddings()
        for sample in range(hidden.ids.shape[0]):
            states = hidden.states[sample : sample + 1]
            output.forward = head
            try:
                with torch.no_grad(), self._hollow(lambda _, states=states: states):  # type: ignore[misc]  # a default binds it now
                    logits = self.model(input_ids=hidden.ids[sample : sample + 1]).logits[0]
            finally:
                del output.forward
            yield sample, logits
        _empty(self.model)

    @property
    def head_name(self) -> str:
        """The checkpoint's name of the output head's weight: the embedding's where the two are tied."""
        output, inner = self.model.get_output_embeddings(), self.model.get_input_embeddings()
        names = {id(module): f"{name}.weight" for name, module in self.model.named_modules()}
        of_head = self.stored_name(names.get(id(output), ""))
        tied = bool(getattr(self.config, "tie_word_embeddings", False))
        return self.stored_name(names[id(inner)]) if tied or of_head not in self.reader.names else of_head

    def _outer(self, *, head: bool) -> None:
        """Loads everything outside of the blocks; the head only if it is needed."""
        inside = f"{self.prefix}."
        output = self.model.get_output_embeddings()
        of_head = next((n for n, m in self.model.named_modules() if m is output), "") + ".weight"
        for name, parameter in list(self.model.named_parameters(remove_duplicate=False)):
            if name.startswith(inside) or parameter.device.type != "meta" or name == of_head:
                continue
            self._place(self.model, name, self.reader.weight(self.stored_name(name)))
        if head and output is not None:
            tied = bool(getattr(self.config, "tie_word_embeddings", False))
            if tied or self.stored_name(of_head) not in self.reader.names:
                output._parameters["weight"] = self.model.get_input_embeddings().weight
            else:
                self._place(self.model, of_head, self.reader.weight(self.stored_name(of_head)))

    @contextmanager
    def _hollow(
        self, replacement: Callable[[torch.Tensor], torch.Tensor], record: list[Any] | None = None
    ) -> Iterator[None]:
        """Blocks that compute nothing: the first gives ``replacement`` of its input, the others their input."""

        def make(index: int) -> Callable[..., Any]:
            def forward(hidden_states: torch.Tensor, *positional: Any, **named: Any) -> torch.Tensor:
                if hidden_states.dim() < 3:
                    raise _Unpacked
                if record is not None:
                    record[index] = (positional, named)
                output = replacement(hidden_states) if index == 0 else hidden_states
                return (output,) if self._tuples else output

            return forward

        try:
            for index, block in enumerate(self.blocks):
                block.forward = make(index)
            yield
        finally:
            for block in self.blocks:
                del block.forward


class _Unpacked(Exception):
    """The model took an element of what a block returned: its blocks return tuples."""


def attention(config: Any) -> str:
    """The implementation of attention: torch's own ignores a soft limit of attention logits (Gemma 2)."""
    return "eager" if getattr(config, "attn_logit_softcapping", None) else "sdpa"


def fast_dtype(config: Any, device: str) -> Any:
    """The dtype to run forward passes in: the checkpoint's own where it is native, else float32."""
    import torch

    stored = getattr(config, "dtype", None)
    stored = getattr(torch, stored) if isinstance(stored, str) else stored
    native = device != "cpu" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    if stored == torch.bfloat16 and native:
        return torch.bfloat16
    return stored if stored == torch.float16 and device != "cpu" else torch.float32


def trim_memory() -> None:
    """Gives freed memory back to the system; the allocator would keep the pieces of every block."""
    if sys.platform == "linux":
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _decoder(model: Any, layers: int) -> tuple[str, Sequence[Any]]:
    """Name and list of the decoder blocks."""
    import torch

    for name, module in model.named_modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == layers:
            return name, module
    raise CompressionError(f"{type(model).__name__}: no list of {layers} decoder blocks found")


def _empty(module: Any) -> None:
    """Puts all parameters on the meta device: shape without memory."""
    import torch

    for part in module.modules():
        for name, parameter in list(part._parameters.items()):
            if parameter is not None and parameter.device.type != "meta":
                part._parameters[name] = torch.nn.Parameter(parameter.to("meta"), requires_grad=False)
