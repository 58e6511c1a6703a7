"""What can be chosen about the key/value cache, and its check. Imports nothing heavy: configurations are
checked where they are read (specification of KV-cache compression, sections 2, 3 and 5)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from acbench.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

WINDOWED = ("window", "kernel", "pool", "reduce")
POLICIES: Mapping[str, tuple[str, ...]] = {
    "full": (),
    "random": ("budget", "window", "seed"),
    "streamingllm": ("budget", "window", "sinks"),
    "h2o": ("budget", "window", "reduce"),
    "h2o_mean": ("budget", "window", "reduce"),
    "snapkv": ("budget", *WINDOWED),
    "pyramidkv": ("budget", *WINDOWED, "beta", "compat"),
    "l2norm": ("budget", "skip_layers"),
}
"""Prefill policy -> the parameters that have an effect with it."""
GROWING = ("decode_window", "recent", "score_decay", "reduce")
DECODES: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "h2o": ("budget", *GROWING),
    "slide": GROWING,
    "adaptive": (*GROWING, "delta"),
    "discontinuous": (*GROWING, "delta"),
    "streamingllm": ("budget", "decode_window", "recent", "sinks"),
}
"""Decode policy -> the parameters that have an effect with it."""
LAYOUTS = ("token", "kivi")
POOLS = ("max", "avg", "none")
REDUCTIONS = ("mean", "max", "sum")
BITS = (2, 4, 8)
KIVI_RESIDUAL = 128
KIVI_GROUP = 64
_CHOICES = {
    "policy": tuple(POLICIES),
    "decode": tuple(DECODES),
    "pool": POOLS,
    "reduce": REDUCTIONS,
    "layout": LAYOUTS,
}
_LEAST = {
    "window": 1,
    "sinks": 0,
    "kernel": 1,
    "beta": 1,
    "seed": 0,
    "skip_layers": 0,
    "decode_window": 0,
    "recent": 1,
    "delta": 1,
    "group_size": 1,
    "residual": 0,
}


@dataclass(frozen=True, slots=True)
class KVSettings:
    """One way of keeping the cache. ``None`` means: follows from the others (see the property or the policy).

    ``budget``: tokens a layer may store per KV head, window included; a float in (0, 1] is a share of the prompt.
    """

    policy: str = "full"
    budget: int | float | None = None
    window: int | None = None
    """The last tokens of the prompt, always kept (8; StreamingLLM: budget - sinks)."""
    sinks: int = 4
    """StreamingLLM: first tokens kept."""
    kernel: int = 7
    """Window methods: width of the pooling along positions, odd."""
    pool: str = "max"
    reduce: str = "mean"
    """How the query heads of a KV head are put together."""
    beta: int = 20
    """PyramidKV: the steepness; the last layer selects (budget - window) // beta tokens."""
    compat: bool = False
    """PyramidKV: the published floor division, whose sum exceeds the budget."""
    seed: int = 0
    skip_layers: int = 2
    """L2Norm: first layers left alone."""
    decode: str = "none"
    decode_window: int | None = None
    """Tokens above the prompt's part while decoding (512; streamingllm: 0)."""
    recent: int | None = None
    """Last tokens never dropped while decoding (256; streamingllm: all but the sinks)."""
    delta: int | None = None
    """Steps after which the decode window grows by one (from the length of the answer)."""
    score_decay: float = 0.0
    """Weight of the past in the moving average of attention; 0 takes the single step."""
    bits: int = 0
    """Fake quantization of the stored tokens; 0: none."""
    layout: str = "token"
    group_size: int | None = None
    """token: values along the head size (all of it). kivi: tokens per key group (64)."""
    residual: int | None = None
    """Last tokens kept exact (token: 0, kivi: 128)."""

    @property
    def evicts(self) -> bool:
        """Whether tokens may be dropped at all."""
        return self.policy != "full" or self.decode != "none"

    @property
    def exact_tokens(self) -> int:
        """Last tokens that are not rounded."""
        if self.residual is not None:
            return self.residual
        return KIVI_RESIDUAL if self.layout == "kivi" else 0

    @property
    def growing_window(self) -> tuple[int, int]:
        """(W, R) of the decode policies other than streamingllm."""
        window = 512 if self.decode_window is None else self.decode_window
        return window, 256 if self.recent is None else self.recent

    def budget_tokens(self, prompt_tokens: int) -> int:
        """The budget C in tokens for a prompt; without a budget the whole prompt."""
        if self.budget is None:
            return prompt_tokens
        if isinstance(self.budget, float):
            return max(1, round(self.budget * prompt_tokens))
        return self.budget


def parse_kv(table: Mapping[str, Any], where: str = "engine.extra.kv") -> KVSettings:
    """Reads and checks a ``kv`` table. Raises ConfigError naming ``where``, the key and what would be valid."""
    known = {f.name: str(f.type) for f in fields(KVSettings)}
    for key, value in table.items():
        if key not in known:
            raise ConfigError(f"{where}: unknown key {key!r}; {did_you_mean(key, known)}")
        _check_type(key, value, known[key], where)
        if key in _CHOICES and value not in _CHOICES[key]:
            raise ConfigError(f"{where}: unknown {key} {value!r}; {did_you_mean(value, _CHOICES[key])}")
        if key in _LEAST and value < _LEAST[key]:
            raise ConfigError(f"{where}: {key} must be at least {_LEAST[key]}, not {value}")
    settings = KVSettings(**table)
    _check_effects(table, settings, where)
    _check_budget(table, settings, where)
    if settings.policy == "streamingllm" != settings.decode and {"sinks", "window"} <= set(table):
        raise ConfigError(f"{where}: give sinks or window, not both: the budget is their sum")
    _check_values(settings, where)
    _check_decode(settings, where)
    return settings


def _check_type(key: str, value: Any, annotation: str, where: str) -> None:
    wanted: tuple[type, ...] = tuple(
        t for t in (int, float, str, bool) if t.__name__ in annotation.split(" | ")
    )
    if key == "score_decay":
        wanted = (int, float)
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        names = " or ".join(t.__name__ for t in wanted)
        raise ConfigError(f"{where}: {key} must be {names}, not {value!r}")


def _check_effects(table: Mapping[str, Any], settings: KVSettings, where: str) -> None:
    """A parameter that would change nothing is a misunderstanding, not a default."""
    active = {"policy", "decode", "bits", *POLICIES[settings.policy], *DECODES[settings.decode]}
    if settings.bits:
        active |= {"layout", "group_size", "residual"}
    for key in table:
        if key not in active:
            raise ConfigError(
                f"{where}: {key} has no effect with policy {settings.policy!r}, decode {settings.decode!r} and "
                f"bits {settings.bits}; leave it out (what has one: {', '.join(sorted(active))})"
            )


def _check_budget(table: Mapping[str, Any], settings: KVSettings, where: str) -> None:
    budget = settings.budget
    if settings.policy != "full" and budget is None:
        raise ConfigError(
            f"{where}: policy {settings.policy!r} needs a budget: tokens per layer and head, or a share of the "
            "prompt such as 0.2"
        )
    if budget is None:
        return
    if isinstance(budget, float):
        if not 0 < budget <= 1:
            raise ConfigError(f"{where}: budget as a share must lie in (0, 1], not {budget}")
        return
    if budget < 1:
        raise ConfigError(f"{where}: budget must be at least 1 token, not {budget}")
    kept = prompt_window(settings, budget)
    if settings.policy not in ("full", "l2norm") and budget < kept:
        raise ConfigError(f"{where}: budget {budget} must not be smaller than the window of {kept} tokens")
    uses_sinks = "streamingllm" in (settings.policy, settings.decode) and "window" not in table
    if uses_sinks and budget <= settings.sinks:
        raise ConfigError(f"{where}: budget {budget} must be larger than the {settings.sinks} sinks")


def _check_values(settings: KVSettings, where: str) -> None:
    if settings.kernel % 2 == 0:
        raise ConfigError(
            f"{where}: kernel must be odd, so that pooling keeps the length, not {settings.kernel}"
        )
    if settings.bits and settings.bits not in BITS:
        raise ConfigError(f"{where}: bits must be 2, 4 or 8 (or 0 for none), not {settings.bits}")
    if not 0 <= settings.score_decay < 1:
        raise ConfigError(f"{where}: score_decay must lie in [0, 1), not {settings.score_decay}")


def _check_decode(settings: KVSettings, where: str) -> None:
    if settings.decode == "none":
        return
    window, recent = settings.growing_window
    if settings.decode in ("slide", "adaptive", "discontinuous") and recent >= window:
        raise ConfigError(f"{where}: recent ({recent}) must be smaller than decode_window ({window})")
    if settings.decode == "streamingllm" and isinstance(settings.budget, int):
        limit = settings.budget + (settings.decode_window or 0)
        if settings.recent is not None and settings.recent >= limit:
            raise ConfigError(
                f"{where}: recent ({settings.recent}) must be smaller than the {limit} tokens kept"
            )
    if settings.decode == "h2o" and isinstance(settings.budget, int) and recent >= settings.budget + window:
        raise ConfigError(
            f"{where}: recent ({recent}) must be smaller than budget + decode_window ({settings.budget + window})"
        )
    if settings.bits and (settings.layout == "kivi" or settings.exact_tokens):
        raise ConfigError(
            f"{where}: decode = {settings.decode!r} moves tokens between the groups of rounded keys; with bits use "
            "layout = 'token' and residual = 0"
        )


def prompt_window(settings: KVSettings, budget: int) -> int:
    """The window w of a prompt's budget of C tokens: never more than C."""
    if settings.policy == "l2norm":
        return 0
    if settings.policy == "streamingllm" and settings.window is None:
        return max(budget - settings.sinks, 1)
    return 8 if settings.window is None else settings.window
