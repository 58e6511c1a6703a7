"""Calibrated compression, block by block: look at the inputs of a block, compress it, run it again.

Two forward passes a block. In memory: one block, its statistics, and the hidden states of the samples
(specification of compression, section 3.9); the number of blocks does not matter.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.compress.blocks import BlockModel
from acbench.compress.memory import check_memory
from acbench.compress.methods import Block, create
from acbench.compress.statistics import InputStatistics, half_width_products
from acbench.compress.structure import check_samples, structure
from acbench.compress.writing import copy_small_files, save_tensors, write_config, write_index
from acbench.errors import CompressionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    from acbench.compress.blocks import Hidden
    from acbench.compress.families import Family, Fold
    from acbench.compress.methods import BlockMethod, Statistics
    from acbench.compress.statistics import Need
    from acbench.compress.tally import Tally

logger = logging.getLogger(__name__)


MIXED = ("sparsegpt",)
"""Forward passes with bf16 products and float32 everything else: its repairs lean on H, and 16-bit hidden states
add noise to that. SmolLM2 at 2:4 has perplexity 127.3 so, 128.7 in bf16, 126.5 in float32 at 1.5 times the cost."""


class _Seen(Exception):
    """Ends a forward pass when all inputs were seen: the last layer's output is of no use."""


def build(request: Mapping[str, Any], tally: Tally) -> None:
    """Writes the folder of a calibrated method; the caller writes ``acbench.json``."""
    import torch

    model, out = Path(request["model"]), Path(request["out"])
    ids = read_samples(request["calibration"])
    method = create(request["method"], request["params"], request["served_as"])
    device = "cuda" if torch.cuda.is_available() else "cpu"
    mixed = request["method"] in MIXED
    trust = bool(request.get("trust_remote_code"))
    with (
        half_width_products(mixed),
        BlockModel(model, trust_remote_code=trust, device=device, exact=mixed) as blocks,
    ):
        family, folds, widths = structure(blocks, request, tally)
        try:
            tally.notes.extend(method.prepare(sorted(width for _, width in widths.values())))
            check_samples(ids, blocks.config)
        except (ValueError, CompressionError) as error:
            raise CompressionError(f"{request['recipe']}: {error}") from error
        grams = [widths[names[0]][1] for names in family.inputs] if "gram" in method.needs else []
        check_memory(ids.shape[0], ids.shape[1], widths.values(), grams, blocks.config)
        copy_small_files(model, out)
        work = _Work(blocks, blocks.embed(ids.to(device)), method, family, folds, tally)
        weight_map: dict[str, str] = {}
        for index in range(len(blocks.blocks)):
            tensors = _one_block(work, index)
            _write(tensors, f"model-block-{index:04d}.safetensors", out, weight_map)
            logger.info("%s: block %d of %d", request["label"], index + 1, len(blocks.blocks))
        rest = {
            name: blocks.reader.stored(name)
            for name in sorted(blocks.reader.names)
            if not blocks.is_inside(name)
        }
        _write(rest, "model-rest.safetensors", out, weight_map)
    write_index(out, weight_map)
    write_config(out, method.quantization_config())


def read_samples(calibration: Mapping[str, Any] | None) -> torch.Tensor:
    """The token ids [N, L] of a calibration file."""
    import torch

    if not calibration:
        raise CompressionError("this method needs calibration samples and got none")
    return torch.tensor(json.loads(Path(calibration["path"]).read_text())["samples"], dtype=torch.int64)


@dataclass(frozen=True, slots=True)
class _Work:
    """What all blocks of a build share. ``hidden`` moves on from block to block."""

    blocks: BlockModel
    hidden: Hidden
    method: BlockMethod
    family: Family
    folds: tuple[Fold, ...]
    tally: Tally


def _one_block(work: _Work, index: int) -> dict[str, torch.Tensor]:
    """Compresses one block in place, moves the hidden states past it, and returns what is stored of it."""
    import torch

    blocks, hidden, family = work.blocks, work.hidden, work.family
    prefix = blocks.block_prefix(index)
    module = blocks.load(index)
    for name, parameter in module.named_parameters():
        if not bool(torch.isfinite(parameter).all()):
            raise CompressionError(f"{prefix}{name} holds NaN or infinite values")
    seen = _watch(blocks, index, hidden, family, work.method.needs)
    linears = [name for names in family.inputs for name in names]
    weights = {name: module.get_submodule(name).weight.data.float() for name in linears}
    dtype = blocks.stored(f"{prefix}{linears[0]}.weight").dtype
    block = Block(module, weights, family, work.folds, seen, {}, dtype)
    with torch.no_grad():
        try:
            layers = work.method.compress(block)
        except (ValueError, CompressionError) as error:
            raise CompressionError(f"{prefix}: {error}") from error
        for name, values in block.weights.items():
            module.get_submodule(name).weight.data = values.to(blocks.dtype)
    tensors: dict[str, torch.Tensor] = {}
    for name, parameter in module.named_parameters():
        layer, stored = layers.get(name.removesuffix(".weight")), blocks.stored_name(prefix + name)
        if layer is not None:
            work.tally.add(prefix + name, parameter.numel(), layer)
            stem = stored.removesuffix("weight")
            tensors |= {stem + part: values.cpu() for part, values in layer.tensors.items()}
        else:
            original = blocks.reader.stored(stored)
            tensors[stored] = block.changed.get(name, original).to(original.dtype).cpu()
    for batch in hidden.batches:
        output = blocks.run(index, hidden, batch)
        if not bool(torch.isfinite(output).all()):
            raise CompressionError(f"{prefix}: the compressed block gives NaN or infinite values")
        hidden.states[batch] = output
    blocks.drop(index)
    return tensors


def _watch(
    blocks: BlockModel, index: int, hidden: Hidden, family: Family, needs: frozenset[Need]
) -> dict[str, Statistics]:
    """Statistics of every input of the block's linear layers, by the first layer that reads it."""
    import torch

    gathered = {names[0]: InputStatistics(needs) for names in family.inputs}
    handles = []
    for name, statistics in gathered.items():

        def hook(
            _: Any,
            inputs: tuple[Any, ...],
            statistics: InputStatistics = statistics,
            last: bool = name == family.inputs[-1][0] and family.known,
        ) -> None:
            statistics.add(inputs[0])
            if last:
                raise _Seen

        handles.append(blocks.blocks[index].get_submodule(name).register_forward_pre_hook(hook))
    try:
        for batch in hidden.batches:
            with suppress(_Seen):
                blocks.run(index, hidden, batch)
    finally:
        for handle in handles:
            handle.remove()
    for name, statistics in gathered.items():
        where = f"{blocks.block_prefix(index)}{name}"
        if not statistics.tokens:
            raise CompressionError(f"{where}: no calibration token reaches it; take more samples")
        if not all(bool(torch.isfinite(values).all()) for values in statistics.sums.values()):
            raise CompressionError(f"{where}: its calibration inputs hold NaN or infinite values")
    return {name: statistics.finish() for name, statistics in gathered.items()}


def _write(tensors: Mapping[str, torch.Tensor], file: str, out: Path, weight_map: dict[str, str]) -> None:
    if tensors:
        save_tensors(tensors, out / file)
        weight_map |= dict.fromkeys(tensors, file)
