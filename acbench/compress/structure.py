"""What a model is made of, before it is compressed: which layers read what, and where scales may fold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.compress.families import Family, Fold, applicable, family_of
from acbench.compress.tally import is_linear
from acbench.errors import CompressionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch

    from acbench.compress.blocks import BlockModel
    from acbench.compress.tally import Tally

Widths = dict[str, tuple[int, int]]
NEEDS_FOLDS = ("awq", "smoothquant")


def structure(
    blocks: BlockModel, request: Mapping[str, Any], tally: Tally
) -> tuple[Family, tuple[Fold, ...], Widths]:
    """Family, the folds that apply, and (rows, columns) of the linear layers of a block.

    Raises CompressionError when blocks differ or the method does not know the family; fallbacks are noted.
    """
    recipe, method, config = request["recipe"], request["method"], blocks.config
    widths = linear_widths(blocks, 0)
    if not widths:
        raise CompressionError(f"{recipe}: no linear weight found in {blocks.reader.folder}")
    for index in range(1, len(blocks.blocks)):
        if linear_widths(blocks, index) != widths:
            raise CompressionError(
                f"{recipe}: blocks 0 and {index} of {config.model_type} have different linear layers; "
                "calibrated methods need blocks of one shape; rtn and magnitude work"
            )
    family, note = family_of(str(config.model_type), widths)
    if method not in NEEDS_FOLDS:
        tally.notes.extend([note] if note else [])
        return family, (), widths
    post_norm = getattr(config, "do_layer_norm_before", True) is False
    if note or post_norm:
        raise CompressionError(
            f"{recipe}: {config.model_type} is not a known family (or normalizes after its layers): "
            f"{method} must know which norm feeds which layer; gptq, wanda and sparsegpt work"
        )
    relu = getattr(config, "activation_function", "relu") == "relu"
    folds = []
    for place in family.folds:
        if place.kind == "linear" and method == "smoothquant":
            continue  # only what a norm produces is smoothed, as in the paper
        said = f"{place.producer} -> {', '.join(place.consumers)}: not scaled, "
        if not applicable(place, widths):
            tally.notes.append(said + "the widths differ (grouped-query attention)")
        elif place.relu and not relu:
            tally.notes.append(said + f"a scale does not pass through {config.activation_function}")
        else:
            folds.append(place)
    return family, tuple(folds), widths


def linear_widths(blocks: BlockModel, index: int) -> Widths:
    """(rows, columns) of the linear layers of a block, by their names inside of it."""
    import torch

    block, prefix = blocks.blocks[index], blocks.block_prefix(index)
    return {
        name: (int(module.weight.shape[0]), int(module.weight.shape[1]))
        for name, module in block.named_modules()
        if isinstance(module, torch.nn.Linear)
        and is_linear(f"{prefix}{name}.weight", tuple(module.weight.shape))
    }


def check_samples(ids: torch.Tensor, config: Any) -> None:
    """Raises CompressionError when the token ids [N, L] are not of this model."""
    if ids.dim() != 2 or not ids.numel():
        raise CompressionError("the calibration file holds no samples of one length")
    if int(ids.min()) < 0 or int(ids.max()) >= int(config.vocab_size):
        raise CompressionError(
            f"calibration token {int(ids.max())} is none of the model's {config.vocab_size}: "
            "drawn with another tokenizer"
        )
    longest = getattr(config, "max_position_embeddings", None)
    if longest and ids.shape[1] > int(longest):
        raise CompressionError(
            f"calibration samples of {ids.shape[1]} tokens, the model reads {longest} at most; "
            f"set calibration = {{ length = {longest} }} or less"
        )
