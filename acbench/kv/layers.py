"""Cache layers that forget and round. Keys are stored after rotary embedding with their first positions, so nothing
is rotated again and the order of storage does not matter (specification of KV-cache compression, section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers.cache_utils import DynamicLayer

from acbench.kv import rounding
from acbench.kv.settings import KIVI_GROUP

if TYPE_CHECKING:
    from acbench.kv.settings import KVSettings


class EvictLayer(DynamicLayer):  # type: ignore[misc]  # transformers is not followed
    """Stores [B, Hk, n, D] keys and values of the tokens that were kept; ``seen`` counts all that passed."""

    keys: Any
    values: Any

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.positions: Any = None
        """First positions [B, Hk, n] of the stored tokens."""

    def update(self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Appends; returns everything stored, as attention shall see it."""
        batch, heads, count, _ = key_states.shape
        new = torch.arange(self.seen, self.seen + count, device=key_states.device).expand(batch, heads, -1)
        self.positions = new if self.positions is None else torch.cat([self.positions, new], dim=-1)
        self.seen += count
        keys, values = super().update(key_states, value_states, *args, **kwargs)
        return keys, values

    def keep(self, index: torch.Tensor) -> None:
        """Keeps the stored entries ``index`` [B, Hk, m], each head its own, ascending."""
        wide = index[..., None].expand(-1, -1, -1, self.keys.shape[-1])
        self.keys = self.keys.gather(2, wide)
        self.values = self.values.gather(2, index[..., None].expand(-1, -1, -1, self.values.shape[-1]))
        self.positions = self.positions.gather(2, index)

    def settle(self) -> None:
        """Called after each pass, when attention was computed and tokens were dropped."""

    @property
    def stored(self) -> int:
        """Tokens stored per KV head."""
        return int(self.keys.shape[2]) if self.is_initialized else 0

    def stored_bytes(self) -> int:
        """Bytes of keys and values."""
        return tensor_bytes(self)

    def get_seq_length(self) -> int:
        """Tokens seen, so that the next one gets its right position."""
        return self.seen

    def get_mask_sizes(self, query_length: Any) -> tuple[int, int]:
        """(tokens attended to, offset of the first); older releases of transformers hand the positions over."""
        count = query_length if isinstance(query_length, int) else query_length.shape[0]
        return self.stored + count, self.seen - self.stored

    def reset(self) -> None:
        """Empties the layer."""
        super().reset()
        self.seen, self.positions = 0, None

    def crop(self, tokens_to_remove: int) -> None:
        """Refused: what was dropped cannot come back."""
        raise NotImplementedError("a compressed cache cannot be rolled back")


class QuantLayer(EvictLayer):
    """As EvictLayer, rounded to ``bits``; the last R tokens stay exact.

    ``token`` with R = 0 rounds on arrival: attention sees rounded numbers everywhere, as with a quantized cache of a
    serving engine. ``kivi`` (and R > 0) rounds after the pass: the prompt's own pass is exact, as in KIVI.
    """

    def __init__(self, settings: KVSettings) -> None:
        super().__init__()
        self._bits = settings.bits
        self._kivi = settings.layout == "kivi"
        self._group = settings.group_size
        self._exact = settings.exact_tokens
        self._keys_done = 0
        self._values_done = 0

    def update(self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Appends; without an exact part the new tokens are rounded at once."""
        if self._kivi or self._exact:
            return super().update(key_states, value_states, *args, **kwargs)
        count = key_states.shape[2]
        keys, values = self._per_token(key_states), self._per_token(value_states)
        self._keys_done, self._values_done = self._keys_done + count, self._values_done + count
        return super().update(keys, values, *args, **kwargs)

    def keep(self, index: torch.Tensor) -> None:
        """Keeps entries. Only of rounded tokens, or before any was rounded (settings.parse_kv sees to it)."""
        dropped = self.stored - index.shape[-1]
        super().keep(index)
        self._keys_done = max(0, self._keys_done - dropped)
        self._values_done = max(0, self._values_done - dropped)

    def settle(self) -> None:
        """Rounds what is no longer among the last R tokens; keys of the kivi layout in whole groups."""
        ready = self.stored - self._exact
        if ready > self._values_done:
            part = slice(self._values_done, ready)
            self.values[:, :, part] = self._per_token(self.values[:, :, part])
            self._values_done = ready
        tokens = self._tokens_per_group
        ready = self._keys_done + max(0, ready - self._keys_done) // tokens * tokens
        if ready > self._keys_done:
            part = slice(self._keys_done, ready)
            keys = self.keys[:, :, part]
            self.keys[:, :, part] = (
                rounding.along_tokens(keys, self._bits, tokens) if self._kivi else self._per_token(keys)
            )
            self._keys_done = ready

    def stored_bytes(self) -> int:
        """Bytes as a packed layout would take them: codes, scales and offsets, and the exact rest."""
        key_group = self._tokens_per_group if self._kivi else self._channels(self.keys)
        return self._packed(self.keys, self._keys_done, key_group) + self._packed(
            self.values, self._values_done, self._channels(self.values)
        )

    def _packed(self, states: Any, done: int, group: int) -> int:
        """Bytes of states of which the first ``done`` tokens are rounded."""
        per_token = int(states.shape[0] * states.shape[1] * states.shape[3])
        exact = (self.stored - done) * per_token * int(states.element_size())
        return exact + rounding.packed_bytes(done * per_token, group, self._bits, states.dtype)

    def reset(self) -> None:
        """Empties the layer."""
        super().reset()
        self._keys_done = self._values_done = 0

    @property
    def _tokens_per_group(self) -> int:
        return (self._group or KIVI_GROUP) if self._kivi else 1

    def _channels(self, states: Any) -> int:
        """Channels of a group along the head size."""
        size = int(states.shape[-1])
        return size if self._kivi else self._group or size

    def _per_token(self, states: Any) -> Any:
        return rounding.along_head(states, self._bits, self._channels(states), through_zero=not self._kivi)


def tensor_bytes(layer: Any) -> int:
    """Bytes of a layer's key and value tensors."""
    return sum(int(t.numel() * t.element_size()) for t in (layer.keys, layer.values))
