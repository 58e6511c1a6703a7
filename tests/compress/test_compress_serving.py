"""The support matrix against the real vLLM on a CPU: one test per row, one engine process for all of them.

What is served must be what is stored (acbench.fidelity, on tokens the model itself made up, so that it predicts them
well and garbage shows). What the matrix refuses is built all the same and given to the engine.
"""

from __future__ import annotations

import json
import shutil
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
import torch
from compress_models import built, model_of
from safetensors.torch import save_file
from tiny_bench import write_tokenizer

from acbench.compress.evaluate import predict
from acbench.compress.support import KV_REFUSED, ONLINE_REFUSED, find, scheme_of
from acbench.engines.host import EngineHost, environment
from acbench.engines.protocol import EngineSettings
from acbench.errors import ConfigError, EngineError, Unsupported
from acbench.fidelity import Fidelity, Predictions, compare, serve_probes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

torch.set_num_threads(1)

pytestmark = [
    pytest.mark.engine,
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("vllm") is None, reason="vLLM is not installed"),
]

SIZES: dict[str, Any] = {
    "vocab_size": 512,
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "initializer_range": 0.08,
}


def settings(**changes: Any) -> EngineSettings:
    fixed = {"window_tokens": 128, "kv_cache_mib": 64, "max_num_seqs": 8, "max_num_batched_tokens": 512}
    return EngineSettings(**fixed | changes)


class Bench:
    """A model, tokens it made up, and an engine process that is started anew when a checkpoint has killed it."""

    def __init__(self, folder: Path, *, layers: int = 2) -> None:
        self.folder = folder
        self.base = folder / "base"
        made = model_of("llama", **SIZES, num_hidden_layers=layers)
        made.lm_head.weight.data *= 3  # sure of what it predicts
        made.save_pretrained(str(self.base))
        write_tokenizer(self.base, vocabulary=512)
        self.samples = made_up(made.float(), samples=6, length=48)
        self._host: EngineHost | None = None
        self._stored: dict[Path, Predictions] = {}

    def stored(self, folder: Path) -> Predictions:
        if folder not in self._stored:
            self._stored[folder] = Predictions(self.samples, *predict(folder, self.samples))
        return self._stored[folder]

    def served(self, folder: Path, against: Path | None = None, **changes: Any) -> Fidelity:
        """What the engine serves, judged against what ``against`` holds (itself unless given)."""
        chosen = settings(**changes)
        if self._host is None:
            self._host = EngineHost(log=self.folder / "log", env=environment(chosen, devices=None))
        try:
            engine = self._host.start(folder, chosen)
            lossy = chosen.kv_cache_dtype != "auto"
            served = serve_probes(engine, self.samples)
            found = compare(self.stored(against or folder), *served, lossy_cache=lossy)
            engine.close()
        except Unsupported:
            raise
        except EngineError:
            self.close()
            raise
        return found

    def make(self, name: str, method: str, params: dict[str, Any], form: str) -> Path:
        out = self.folder / name
        if not out.exists():
            built(self.base, out, method, params, served_as=form, samples=self.samples)
        return out

    def close(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None


def made_up(model: Any, *, samples: int, length: int) -> list[list[int]]:
    generator = torch.Generator().manual_seed(0)
    ids = torch.randint(2, 512, (samples, 1), generator=generator)
    with torch.no_grad():
        while ids.shape[1] < length:
            chances = model(input_ids=ids).logits[:, -1].softmax(-1)
            ids = torch.cat([ids, torch.multinomial(chances, 1, generator=generator)], 1)
    found: list[list[int]] = ids.tolist()
    return found


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("serving"))
    yield made
    made.close()


def quantization(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "config.json").read_text()).get("quantization_config", {})
    return found


def edited(source: Path, name: str, change: Any) -> Path:
    """A copy with another ``quantization_config`` (changed in place)."""
    folder = source.with_name(name)
    if not folder.exists():
        shutil.copytree(source, folder)
        config = json.loads((folder / "config.json").read_text())
        change(config.setdefault("quantization_config", {}))
        (folder / "config.json").write_text(json.dumps(config))
    return folder


INTEGER = {"bits": 4, "symmetric": True}
SERVED: dict[str, tuple[str, dict[str, Any], str]] = {
    "dense": ("rtn", {"bits": 4, "group_size": 64}, "dense"),
    "dense-2:4": ("sparsegpt", {"pattern": "2:4"}, "dense"),
    **{
        f"packed-{'sym' if symmetric else 'asym'}-{group}": (
            "rtn",
            {"bits": 4, "group_size": group, "symmetric": symmetric},
            "packed",
        )
        for symmetric in (True, False)
        for group in (32, 64, 128, -1)
    },
    "packed-gptq": ("gptq", {"bits": 4, "group_size": 128}, "packed"),
    "packed-awq": ("awq", {"bits": 4, "group_size": 64}, "packed"),
    "int8": ("int8", {}, "int8"),
    "int8-smoothquant": ("smoothquant", {}, "int8"),
    "fp8": ("fp8", {}, "fp8"),
    **{f"awq-{group}": ("awq", {"bits": 4, "group_size": group}, "awq") for group in (32, 64, 128)},
    **{f"gptq-{group}": ("gptq", {"bits": 4, "group_size": group}, "gptq") for group in (64, 128)},
}


def test_the_base_model_is_served_and_predicts_its_own_words(bench: Bench) -> None:
    found = bench.served(bench.base)
    assert found.problem == ""
    assert found.agreement > 0.9
    assert found.reference_nll < 4  # far from guessing among 512 tokens (6.2): garbage would show


@pytest.mark.parametrize("row", SERVED)
def test_what_the_matrix_serves_is_served_as_stored(bench: Bench, row: str) -> None:
    folder = bench.make(row, *SERVED[row])
    assert find("vllm", "cpu", scheme_of(quantization(folder))).served
    found = bench.served(folder)
    assert found.problem == ""
    assert found.agreement > 0.8
    assert found.served_nll == pytest.approx(found.reference_nll, abs=0.06)


@pytest.mark.parametrize(
    "row", ["dense", "packed-sym-64", "packed-asym-64", "int8", "fp8", "awq-64", "gptq-64"]
)
def test_the_check_would_see_wrong_scales(bench: Bench, row: str) -> None:
    """Weights read with scales of the neighbouring rows, which nothing else would notice."""
    folder = bench.make(row, *SERVED[row])
    wrong = folder.with_name(f"{row}-wrong")
    if not wrong.exists():
        shutil.copytree(folder, wrong)
        for file in wrong.glob("*.safetensors"):
            tensors = read_file(file)
            for name in tensors:
                if name.endswith(("up_proj.weight_scale", "up_proj.scales", "dense.up_proj.weight")):
                    tensors[name] = tensors[name].roll(1, 1 if name.endswith("scales") else 0) * 3
                elif row == "dense" and name.endswith("up_proj.weight"):
                    tensors[name] = tensors[name].roll(1, 0)
            save_file(tensors, str(file), metadata={"format": "pt"})
    stored = bench.stored(folder)
    found = compare(stored, *predict(wrong, bench.samples))
    assert found.problem


def read_file(file: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    found: dict[str, torch.Tensor] = load_file(file)
    return found


def reorder(config: dict[str, Any]) -> None:
    config["config_groups"]["group_0"]["weights"]["actorder"] = "group"


def keep_activations(config: dict[str, Any]) -> None:
    config["config_groups"]["group_0"]["input_activations"] = None


def declare_sparsity(config: dict[str, Any]) -> None:
    config |= {
        "quant_method": "compressed-tensors",
        "format": "dense",
        "sparsity_config": {
            "format": "dense",
            "global_sparsity": 0.5,
            "sparsity_structure": "2:4",
            "targets": ["Linear"],
        },
    }


def refused_folder(bench: Bench, row: str) -> Path:
    """Checkpoints that the matrix refuses, built all the same."""
    if row == "packed-reordered":
        return edited(bench.make("packed-sym-64", *SERVED["packed-sym-64"]), row, reorder)
    if row == "fp8-weights":
        return edited(bench.make("fp8", *SERVED["fp8"]), row, keep_activations)
    if row == "sparsity-config":
        return edited(bench.make("dense-2:4", *SERVED["dense-2:4"]), row, declare_sparsity)
    if row == "gptq-reordered":
        return edited(
            bench.make("gptq-64", *SERVED["gptq-64"]), row, lambda config: config.update(desc_act=True)
        )
    form, bits, kind = row.split("-")
    params = {"bits": int(bits[1:]), "group_size": 64, "symmetric": kind == "sym"}
    return bench.make(row, "rtn", params, form)


REFUSED = (
    "packed-w8-sym",
    "packed-w8-asym",
    "packed-w3-sym",
    "packed-w2-sym",
    "packed-reordered",
    "fp8-weights",
    "gptq-w4-asym",
    "gptq-w8-sym",
    "gptq-w2-sym",
    "gptq-reordered",
    "sparsity-config",
)


@pytest.mark.parametrize("row", REFUSED)
def test_what_the_matrix_refuses_the_engine_refuses(bench: Bench, row: str) -> None:
    folder = refused_folder(bench, row)
    if row == "sparsity-config":
        with pytest.raises(ConfigError, match="sparse formats"):
            scheme_of(quantization(folder))
    else:
        assert not find("vllm", "cpu", scheme_of(quantization(folder))).served
    with pytest.raises(Unsupported):
        bench.served(folder)


@pytest.mark.parametrize(("dtype", "most"), [("fp8", 0.1), ("fp8_e5m2", 0.4)])
def test_caches_that_work(bench: Bench, dtype: str, most: float) -> None:
    """They lose something (this model is more sure of itself than real ones, and loses more), but are no garbage."""
    assert dtype not in KV_REFUSED
    plain, found = bench.served(bench.base), bench.served(bench.base, kv_cache_dtype=dtype)
    assert 0 < abs(found.served_nll - plain.served_nll) < most
    assert 0.6 < found.agreement < plain.agreement


@pytest.mark.parametrize("dtype", KV_REFUSED)
def test_caches_that_serve_garbage(bench: Bench, tmp_path: Path, dtype: str) -> None:
    """Without an error. TurboQuant leaves the first and last two layers alone: it takes more than four to show."""
    bench.close()  # one engine at a time
    own = Bench(tmp_path, layers=6)
    try:
        found = own.served(own.base, kv_cache_dtype=dtype)
        assert own.served(own.base).problem == ""
    finally:
        own.close()
    assert found.problem.startswith("served perplexity ")
    assert found.served_nll > found.reference_nll + 1


def test_online_quantization_that_is_ignored(bench: Bench) -> None:
    kind = "int8_per_channel_weight_only"
    assert kind in ONLINE_REFUSED
    found = bench.served(bench.base, extra={"quantization": kind})
    assert found == bench.served(bench.base)


def test_online_quantization_without_a_kernel(bench: Bench) -> None:
    assert "fp8" in ONLINE_REFUSED
    with pytest.raises(EngineError):
        bench.served(bench.base, extra={"quantization": "fp8"})
