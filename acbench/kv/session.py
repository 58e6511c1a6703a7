"""One sequence with a compressed cache: its layers, their states, the attention hook and what was measured.

The hook is an attention function of our own name in transformers' registries: it calls the stock one and then the
policy with the queries and keys it has in hand. No class of a model is changed. Since an attention function is not
told the cache, the session at work stands in a context variable.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from acbench.errors import Unsupported
from acbench.kv.decoding import DecodeState, schedule
from acbench.kv.layers import EvictLayer, QuantLayer, tensor_bytes
from acbench.kv.policies import Place, PrefillPolicy, Seen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from acbench.kv.settings import KVSettings

ATTENTION = "acbench_kv"
"""The name to load a model with: ``attn_implementation=ATTENTION``."""
_at_work: ContextVar[Session | None] = ContextVar("kv_session", default=None)


class Session:
    """The cache of one sequence (batch size 1). A new one for every request: nothing is carried over."""

    def __init__(self, config: Any, settings: KVSettings, *, max_new_tokens: int) -> None:
        self.settings = settings
        self._policy = PrefillPolicy(settings)
        self._course = schedule(settings, max_new_tokens)
        self.cache = Cache(
            layers=[_compressed(layer, settings) for layer in DynamicCache(config=config).layers]
        )
        ours = [i for i, layer in enumerate(self.cache.layers) if isinstance(layer, EvictLayer)]
        self._places = {layer: Place(index, len(ours)) for index, layer in enumerate(ours)}
        self._states: dict[int, DecodeState] = {}
        self._prompt_stored: list[int] = []
        self._prompt_bytes = 0
        self._times: list[float] = []
        self._began = time.perf_counter()

    @property
    def stepwise(self) -> bool:
        """Whether tokens must pass one at a time, since what one leaves behind changes what the next one sees."""
        return self.settings.decode != "none" or bool(
            self.settings.bits and (self.settings.layout == "kivi" or self.settings.exact_tokens)
        )

    @contextmanager
    def bound(self) -> Iterator[None]:
        """While this holds, models loaded with ``ATTENTION`` compress this session's cache."""
        token = _at_work.set(self)
        try:
            yield
        finally:
            _at_work.reset(token)

    def layer(self, index: int) -> Any:
        """The layer if it is one of ours, else None."""
        return self.cache.layers[index] if index in self._places else None

    def after_attention(self, index: int, queries: torch.Tensor, scaling: float) -> None:
        """Drops and rounds in one layer after its attention; the first pass is the prompt's."""
        layer, place = self.cache.layers[index], self._places[index]
        state = self._states.get(index)
        if state is not None and self.stepwise and queries.shape[2] > 1:
            raise ValueError("kv: with these settings tokens behind the prompt must pass one at a time")
        if state is None:
            length = layer.stored
            kept = self._policy.keep(place, Seen(queries, layer.keys, scaling))
        else:
            kept = state.keep(queries, layer.keys, scaling)
        if kept is not None:
            layer.keep(kept)
        layer.settle()
        if state is None:
            budget = self._policy.layer_budget(place, length)
            self._states[index] = DecodeState(self.settings, self._course, layer.stored, budget)

    def mark(self) -> None:
        """Notes that a stage of work ended: first the prompt's pass, later the answer.

        Raises Unsupported when the model's layers never called the hook, so that nothing was compressed.
        """
        self._times.append(time.perf_counter())
        if len(self._times) == 1:
            if len(self._states) != len(self._places):
                raise Unsupported(
                    f"kv: {len(self._places) - len(self._states)} of {len(self._places)} attention layers of this "
                    "model do not use the attention interface of transformers; its cache cannot be compressed"
                )
            self._prompt_stored = self._stored()
            self._prompt_bytes = self._bytes()

    @property
    def marked(self) -> bool:
        """Whether the prompt's pass has ended."""
        return bool(self._times)

    def stats(self, passed: int) -> dict[str, float]:
        """Measured sizes and times. ``passed``: tokens that passed one by one after the prompt.

        ``kv_tokens_prompt``, ``kv_tokens_end``: mean stored tokens per compressed layer after the prompt and at the
        end; ``kv_bytes_prompt``, ``kv_bytes``: of all layers (with bits: as they would be packed);
        ``kv_ratio``: ``kv_bytes`` to the bytes of the whole cache; ``prefill_seconds``, ``decode_tokens_per_second``.
        """
        size = self._bytes()
        found = {
            "kv_tokens_prompt": sum(self._prompt_stored) / len(self._places),
            "kv_tokens_end": sum(self._stored()) / len(self._places),
            "kv_bytes_prompt": float(self._prompt_bytes),
            "kv_bytes": float(size),
            "kv_ratio": size / self._full_bytes(),
            "prefill_seconds": self._times[0] - self._began,
        }
        if passed and len(self._times) > 1:
            found["decode_tokens_per_second"] = passed / max(self._times[-1] - self._times[0], 1e-9)
        return found

    def _stored(self) -> list[int]:
        return [self.cache.layers[i].stored for i in self._places]

    def _bytes(self) -> int:
        return sum(
            layer.stored_bytes() if isinstance(layer, EvictLayer) else tensor_bytes(layer)
            for layer in self.cache.layers
        )

    def _full_bytes(self) -> int:
        """Bytes of the same tokens in a cache that keeps everything, in the model's type."""
        return sum(
            tensor_bytes(layer) // layer.stored * layer.seen
            if isinstance(layer, EvictLayer)
            else tensor_bytes(layer)
            for layer in self.cache.layers
        )


def _compressed(layer: Any, settings: KVSettings) -> Any:
    """Ours in place of a layer with full attention; sliding ones stay as they are."""
    if type(layer) is not DynamicLayer:
        return layer
    return QuantLayer(settings) if settings.bits else EvictLayer()


def check_model(config: Any, settings: KVSettings) -> None:
    """Raises Unsupported for models whose cache cannot be compressed this way, saying why."""
    text = config.get_text_config(decoder=True)
    layers = DynamicCache(config=config).layers
    kinds = {type(layer).__name__ for layer in layers if type(layer) is not DynamicLayer}
    others = kinds - {"DynamicSlidingWindowLayer"}
    missing = ", ".join(sorted(others)) or "shared"
    name = getattr(text, "model_type", "this model")
    shared = bool(getattr(text, "num_kv_shared_layers", 0))
    if others or shared:
        raise Unsupported(
            f"kv: {name} has layers without a key/value cache of their own ({missing}); choose a model whose layers "
            "are all attention layers"
        )
    if not any(type(layer) is DynamicLayer for layer in layers):
        raise Unsupported(f"kv: every layer of {name} has a sliding window; there is nothing to compress")
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    group = settings.group_size
    if settings.bits and settings.layout == "token" and group and size % group:
        raise Unsupported(f"kv: group_size {group} does not divide the head size {size} of {name}")


def attend(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **options: Any
) -> tuple[Any, Any]:
    """The registered attention function: stock attention, then the session's policy."""
    session = _at_work.get()
    layer = None if session is None else session.layer(module.layer_idx)
    if session is None or layer is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **options)  # type: ignore[no-any-return]
    if query.shape[0] != 1:
        raise Unsupported("kv: one sequence at a time")
    if options.get("softcap") is not None or options.get("s_aux") is not None:
        raise Unsupported("kv: attention with capped logits or learned sinks is not supported")
    # Layers may store different numbers of tokens, so the model's one mask cannot serve: what is stored is visible.
    mask = _joint_mask(query.shape[2], key.shape[2], query.device)
    output = sdpa_attention_forward(module, query, key, value, mask, **options)
    scaling = options.get("scaling") or query.shape[-1] ** -0.5
    session.after_attention(module.layer_idx, query, scaling)
    return output  # type: ignore[no-any-return]


def _joint_mask(asking: int, visible: int, device: Any) -> Any:
    """[1, 1, asking, visible], True: visible; None where stock attention needs none (a whole prompt, one token)."""
    if asking in (1, visible):
        return None
    return torch.ones(asking, visible, dtype=torch.bool, device=device).tril(visible - asking)[None, None]


AttentionInterface.register(ATTENTION, attend)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
