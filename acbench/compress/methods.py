"""The calibrated methods, block by block: what each needs to see, and what it makes of the layers of a block.

A method gets a block with its float weights in place and the statistics of its inputs; it leaves the compressed weights
in place (dequantized, so that the next block sees their effect) and returns what is to be stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from acbench.compress import awq, gptq, smoothquant, sparsegpt
from acbench.compress.eightbit import quantize_rows
from acbench.compress.folding import fold
from acbench.compress.forms import SCALE_BITS, eight_bit_config, integer_config, packed_tensors
from acbench.compress.grids import Grid, Kind, Quantized, model_group
from acbench.compress.hessians import DAMP, factorize
from acbench.compress.masks import n_of_m, smallest_of_rows
from acbench.compress.protocol import Layer
from acbench.compress.statistics import half_width_products

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import torch

    from acbench.compress.families import Family, Fold
    from acbench.compress.statistics import Need

ERROR_ROWS = 256
Statistics = dict["Need", "torch.Tensor"]


@dataclass
class Block:
    """One decoder block under way. ``seen``: statistics by the first linear layer of each shared input.

    ``weights``: the float32 weights of its linear layers as they are now. ``changed`` collects weights that are neither
    compressed nor left alone: norms that took over a scale.
    """

    module: Any
    weights: dict[str, torch.Tensor]
    family: Family
    folds: tuple[Fold, ...]
    seen: dict[str, Statistics]
    changed: dict[str, torch.Tensor]
    dtype: Any

    def weight(self, name: str) -> torch.Tensor:
        return self.weights[name]

    def replace(self, name: str, values: torch.Tensor) -> None:
        self.weights[name] = values

    def inputs(self) -> Iterator[tuple[tuple[str, ...], Statistics]]:
        for names in self.family.inputs:
            yield names, self.seen[names[0]]


class BlockMethod(Protocol):
    """A method that looks at calibration inputs."""

    needs: frozenset[Need]

    def prepare(self, widths: Sequence[int]) -> tuple[str, ...]:
        """Called once, first, with the input widths of all weights to come; returns notes for people."""
        ...

    def compress(self, block: Block) -> dict[str, Layer]:
        """Compresses all linear layers of the block; layers by their name inside of it."""
        ...

    def quantization_config(self) -> dict[str, Any] | None: ...


class _Integer:
    """What GPTQ and AWQ share: a grid, one group size for the whole model, a stored form."""

    needs: frozenset[Need] = frozenset({"gram"})

    def __init__(self, params: Mapping[str, Any], served_as: str, *, symmetric: bool, search: bool) -> None:
        import torch

        self._kind: Kind = "sym-full" if params.get("symmetric", symmetric) else "asym"
        self._group = int(params.get("group_size", 128))
        self._form = served_as
        self._scales = torch.float16 if served_as in ("awq", "gptq") else torch.bfloat16
        self._grid = Grid(
            int(params.get("bits", 4)), self._kind, self._scales, bool(params.get("mse", search))
        )

    def prepare(self, widths: Sequence[int]) -> tuple[str, ...]:
        self._group, notes = model_group(self._group, widths)
        return notes

    def quantization_config(self) -> dict[str, Any] | None:
        if self._form == "dense":
            return None
        return integer_config(bits=self._grid.bits, kind=self._kind, group=self._group, form=self._form)

    def _width(self, weight: torch.Tensor) -> int:
        return weight.shape[1] if self._group == -1 else self._group

    def _store(
        self, block: Block, names: tuple[str, ...], found: Quantized, gram: torch.Tensor
    ) -> dict[str, Layer]:
        """Splits stacked rows into their layers again."""
        layers, first = {}, 0
        for name in names:
            original = block.weight(name)
            rows = slice(first, first + original.shape[0])
            own = Quantized(found.codes[rows], found.scale[rows], found.zero[rows], found.group)
            first += original.shape[0]
            back = own.dequantized()
            tensors = (
                {"weight": back.to(block.dtype)}
                if self._form == "dense"
                else packed_tensors(
                    own, bits=self._grid.bits, kind=self._kind, form=self._form, dtype=self._scales
                )
            )
            zero_bits = self._grid.bits if self._kind == "asym" else 0
            layers[name] = Layer(
                tensors,
                bits=self._grid.bits + (SCALE_BITS + zero_bits) / own.group,
                zeros=int((back == 0).sum()),
                error=relative_error(back, original, gram),
            )
            block.replace(name, back)
        return layers


class Gptq(_Integer):
    """``params``: bits (4), group_size (128), symmetric (true), order (static), damp (0.01), mse (true)."""

    def __init__(self, params: Mapping[str, Any], served_as: str) -> None:
        super().__init__(params, served_as, symmetric=True, search=True)
        self._order: gptq.Order = params.get("order", "static")
        self._damp = float(params.get("damp", DAMP))

    def compress(self, block: Block) -> dict[str, Layer]:
        layers: dict[str, Layer] = {}
        for names, seen in block.inputs():
            gram = seen["gram"]
            permutation = gptq.column_order(gram, self._order)
            factor = factorize(gram[permutation][:, permutation], damp=self._damp)
            factor = type(factor)(factor.upper, _unpermuted(factor.dead, permutation), factor.damp)
            weight = stacked(block, names)
            found = gptq.sweep(
                weight,
                factor,
                permutation,
                grid=self._grid,
                group=self._width(weight),
                refit=self._order == "none",
            )
            layers |= noted(self._store(block, names, found, gram), factor.damp, self._damp)
        return layers


class Awq(_Integer):
    """``params``: bits (4), group_size (128), symmetric (false), clip (true), mse (false)."""

    needs = frozenset({"gram", "mean"})

    def __init__(self, params: Mapping[str, Any], served_as: str) -> None:
        super().__init__(params, served_as, symmetric=False, search=False)
        self._clip = bool(params.get("clip", True))

    def compress(self, block: Block) -> dict[str, Layer]:
        scales: dict[str, torch.Tensor] = {}
        for place in block.folds:
            seen = block.seen[place.consumers[0]]
            weight = stacked(block, place.consumers)
            found = awq.search_scale(
                weight, seen["gram"], seen["mean"], grid=self._grid, group=self._width(weight)
            )
            if found.ratio is not None:
                scales[place.consumers[0]] = fold(block, place, found.scale)
        layers: dict[str, Layer] = {}
        for names, seen in block.inputs():
            gram = seen["gram"]
            if names[0] in scales:
                scale = scales[names[0]]
                gram = gram / scale[:, None] / scale[None, :]
            rows = [self._limited(name, block.weight(name), gram) for name in names]
            weight = _concatenated(rows)
            width = self._width(weight)
            groups = weight.reshape(weight.shape[0], -1, width)
            scale, zero = self._grid.fit(groups)
            codes = self._grid.codes(groups, scale, zero)
            quantized = Quantized(_integers(codes.reshape(weight.shape)), scale, zero, width)
            layers |= self._store(block, names, quantized, gram)
        return layers

    def _limited(self, name: str, weight: torch.Tensor, gram: torch.Tensor) -> torch.Tensor:
        """Clipped, except queries and keys: their product is what attention sees (AutoAWQ does the same)."""
        if not self._clip or name.endswith(("q_proj", "k_proj", "qkv_proj", "wqkv")):
            return weight
        return awq.clip(weight, gram, grid=self._grid, group=self._width(weight))


class SmoothQuant:
    """``params``: alpha (0.8), rounding (rtn | gptq). Stored as int8 weights and rounded activations."""

    def __init__(self, params: Mapping[str, Any], served_as: str) -> None:
        self._alpha = float(params.get("alpha", 0.8))
        self._gptq = params.get("rounding", "rtn") == "gptq"
        self._damp = float(params.get("damp", DAMP))
        self._form = served_as
        self.needs: frozenset[Need] = frozenset({"largest", "gram"} if self._gptq else {"largest"})

    def prepare(self, widths: Sequence[int]) -> tuple[str, ...]:
        del widths
        return ()

    def quantization_config(self) -> dict[str, Any] | None:
        return eight_bit_config("int8")

    def compress(self, block: Block) -> dict[str, Layer]:
        scales: dict[str, torch.Tensor] = {}
        for place in block.folds:
            seen = block.seen[place.consumers[0]]
            scale = smoothquant.smoothing(seen["largest"], stacked(block, place.consumers), alpha=self._alpha)
            scales[place.consumers[0]] = fold(block, place, scale)
        layers: dict[str, Layer] = {}
        for names, seen in block.inputs():
            weight = stacked(block, names)
            codes, row_scale, damp = self._rounded(weight, seen, scales.get(names[0]))
            first = 0
            for name in names:
                original = block.weight(name)
                rows = slice(first, first + original.shape[0])
                first += original.shape[0]
                layer = eight_bit_layer(codes[rows], row_scale[rows], original)
                layers |= noted({name: layer}, damp, self._damp)
                block.replace(name, codes[rows].float() * row_scale[rows])
        return layers

    def _rounded(
        self, weight: torch.Tensor, seen: Statistics, scale: torch.Tensor | None
    ) -> tuple[torch.Tensor, torch.Tensor, float]:
        import torch

        codes, row_scale = quantize_rows(weight, "int8", scale_dtype=torch.bfloat16)
        if not self._gptq:
            return codes, row_scale, self._damp
        gram = seen["gram"] if scale is None else seen["gram"] / scale[:, None] / scale[None, :]
        permutation = gptq.column_order(gram, "static")
        factor = factorize(gram[permutation][:, permutation], damp=self._damp)
        factor = type(factor)(factor.upper, _unpermuted(factor.dead, permutation), factor.damp)
        found = gptq.sweep(
            weight,
            factor,
            permutation,
            grid=Grid(8, "sym-restricted"),
            group=weight.shape[1],
            refit=False,
            fixed=(row_scale, torch.zeros_like(row_scale)),
        )
        return found.codes.to(torch.int8), row_scale, factor.damp


class _Pruning:
    """``params``: sparsity (0.5) or pattern ("2:4")."""

    def __init__(self, params: Mapping[str, Any], served_as: str) -> None:
        del served_as  # pruned weights are stored dense: serving engines removed sparse formats
        pattern = str(params.get("pattern", ""))
        self._pattern = tuple(int(part) for part in pattern.split(":")) if pattern else None
        self._sparsity = float(params.get("sparsity", 0.5))
        self._damp = float(params.get("damp", DAMP))

    def prepare(self, widths: Sequence[int]) -> tuple[str, ...]:
        if self._pattern and any(width % self._pattern[1] for width in widths):
            raise ValueError(
                f"a pattern of {self._pattern[1]} does not divide all widths {sorted({*widths})}"
            )
        return ()

    def quantization_config(self) -> dict[str, Any] | None:
        return None

    def _layers(self, block: Block, names: tuple[str, ...], pruned: torch.Tensor) -> dict[str, Layer]:
        layers, first = {}, 0
        for name in names:
            original = block.weight(name)
            own = pruned[first : first + original.shape[0]].to(block.dtype)
            first += original.shape[0]
            back = own.float()
            zeros = int((back == 0).sum())
            layers[name] = Layer({"weight": own}, 16.0, zeros, relative_error(back, original))
            block.replace(name, back)
        return layers


class Wanda(_Pruning):
    """|W| times the norm of its input channel, compared within each row (Sun et al. 2024, arXiv 2306.11695)."""

    needs: frozenset[Need] = frozenset({"squares"})

    def compress(self, block: Block) -> dict[str, Layer]:
        layers: dict[str, Layer] = {}
        for names, seen in block.inputs():
            weight = stacked(block, names)
            scores = weight.abs() * seen["squares"].sqrt()
            pruned = (
                n_of_m(scores, keep=self._pattern[0], block=self._pattern[1])
                if self._pattern
                else smallest_of_rows(scores, self._sparsity)
            )
            layers |= self._layers(block, names, weight.masked_fill(pruned, 0))
        return layers


class SparseGpt(_Pruning):
    """Prunes and repairs (``acbench.compress.sparsegpt``)."""

    needs: frozenset[Need] = frozenset({"gram"})

    def compress(self, block: Block) -> dict[str, Layer]:
        layers: dict[str, Layer] = {}
        for names, seen in block.inputs():
            factor = factorize(seen["gram"], damp=self._damp)
            for name in names:  # one by one: unstructured scores are compared within a matrix
                pattern = (self._pattern[0], self._pattern[1]) if self._pattern else None
                pruned = sparsegpt.prune(block.weight(name), factor, sparsity=self._sparsity, pattern=pattern)
                layers |= noted(self._layers(block, (name,), pruned), factor.damp, self._damp)
        return layers


def stacked(block: Block, names: tuple[str, ...]) -> torch.Tensor:
    """The rows of all layers that read one input."""
    return _concatenated([block.weight(name) for name in names])


def _concatenated(parts: list[torch.Tensor]) -> torch.Tensor:
    import torch

    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _integers(codes: torch.Tensor) -> torch.Tensor:
    import torch

    return codes.to(torch.int32)


def _unpermuted(values: torch.Tensor, permutation: torch.Tensor) -> torch.Tensor:
    import torch

    found = torch.empty_like(values)
    found[permutation] = values
    return found


def relative_error(back: torch.Tensor, original: torch.Tensor, gram: torch.Tensor | None = None) -> float:
    """Squared error relative to the original: of the layer's output where H is known, else of its weights.

    Output errors are taken over some 256 rows, evenly spread: for reports, not for decisions.
    """
    difference = back - original
    if gram is None:
        return float(difference.square().sum() / original.square().sum().clamp(min=1e-30))
    part = slice(None, None, max(1, original.shape[0] // ERROR_ROWS))
    with half_width_products():
        made = ((difference[part] @ gram) * difference[part]).sum()
        whole = ((original[part] @ gram) * original[part]).sum()
    return float(made / whole.clamp(min=1e-30))


def eight_bit_layer(codes: torch.Tensor, scale: torch.Tensor, original: torch.Tensor) -> Layer:
    """A layer of 8-bit codes [O, I] with one scale [O, 1] a row."""
    import torch

    back = codes.float() * scale
    return Layer(
        {"weight": codes, "weight_scale": scale.to(torch.bfloat16)},
        bits=8 + SCALE_BITS / codes.shape[1],
        zeros=int((back == 0).sum()),
        error=relative_error(back, original),
    )


def noted(layers: dict[str, Layer], damp: float, wanted: float) -> dict[str, Layer]:
    """Says so where Cholesky needed more damping than asked for."""
    if damp == wanted:
        return layers
    return {
        name: Layer(
            layer.tensors,
            layer.bits,
            layer.zeros,
            layer.error,
            (*layer.notes, f"{name}: damping {wanted} -> {damp}"),
        )
        for name, layer in layers.items()
    }


BLOCK_METHODS: Mapping[str, Callable[[Mapping[str, Any], str], BlockMethod]] = {
    "gptq": Gptq,
    "awq": Awq,
    "smoothquant": SmoothQuant,
    "wanda": Wanda,
    "sparsegpt": SparseGpt,
}


def create(method: str, params: Mapping[str, Any], served_as: str) -> BlockMethod:
    return BLOCK_METHODS[method](params, served_as)
