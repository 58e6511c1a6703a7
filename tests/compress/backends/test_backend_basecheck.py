"""The base model must be the base model in a library's environment."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
import torch

from acbench.compress.backends import basecheck
from acbench.compress.backends.basecheck import check_base, major, mean_nll, verdict
from acbench.compress.backends.memory import available_mib, check_memory, needed_mib
from acbench.errors import CompressionError

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = [[5, 9, 3, 70, 41, 8], [1, 2, 3, 4, 5, 6]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama with positions that matter, saved by transformers itself."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = LlamaConfig(
        vocab_size=100,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        initializer_range=0.3,
        dtype="bfloat16",
        rope_parameters={"rope_type": "default", "rope_theta": 100000.0},
    )
    folder = tmp_path_factory.mktemp("model")
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(str(folder))
    return folder


def reference(model: Path) -> dict[str, Any]:
    return {"samples": SAMPLES, "nll": mean_nll(model, SAMPLES)}


def test_the_mean_is_over_all_but_first_tokens(model: Path) -> None:
    loaded = basecheck.load(model, torch.bfloat16)
    total = 0.0
    with torch.inference_mode():
        for sample in SAMPLES:
            for at in range(1, len(sample)):
                logits = loaded(torch.tensor([sample[:at]])).logits[0, -1].float()
                total -= float(torch.log_softmax(logits, -1)[sample[at]])
    assert mean_nll(model, SAMPLES) == pytest.approx(total / 10, rel=0.01)


def test_the_same_model_is_accepted_with_a_note(model: Path) -> None:
    assert "base verified in this environment" in check_base(model, reference(model))


def test_a_lost_rope_theta_is_noticed(model: Path, tmp_path: Path) -> None:
    """What transformers 4 does to a folder of version 5 that nobody translated."""
    wanted = reference(model)
    for file in model.iterdir():
        (tmp_path / file.name).symlink_to(file)
    config = json.loads((model / "config.json").read_text())
    config["rope_parameters"]["rope_theta"] = 10.0
    (tmp_path / "config.json").unlink()
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(CompressionError, match="it is read as another model here, so nothing was built"):
        check_base(tmp_path, wanted)


def test_a_build_without_reference_says_so(model: Path) -> None:
    assert check_base(model, None).startswith("base not verified")


@pytest.mark.parametrize(
    ("ratio", "accepted"), [(1.0, True), (1.019, True), (0.981, True), (1.021, False), (0.979, False)]
)
def test_two_per_cent_of_perplexity_is_the_limit(ratio: float, accepted: bool) -> None:
    there = 3.3
    if accepted:
        assert f"{ratio - 1:+.2%}" in verdict(there + math.log(ratio), there)
    else:
        with pytest.raises(CompressionError, match="another model"):
            verdict(there + math.log(ratio), there)


def test_no_number_at_all_is_refused() -> None:
    with pytest.raises(CompressionError, match="inf"):
        verdict(math.nan, 3.0)


def test_the_job_measures_the_main_environment(model: Path) -> None:
    found = basecheck.run({"model": str(model), "samples": SAMPLES})
    assert found == {"nll": mean_nll(model, SAMPLES)}


def test_major_versions() -> None:
    assert (major("4.51.3"), major("5.19.0")) == (4, 5)


def test_memory_grows_with_tokens_and_is_refused_with_the_estimate(model: Path) -> None:
    small = needed_mib(model, samples=32, length=256)
    large = needed_mib(model, samples=128, length=2048)
    # two copies of the hidden states of a hidden size of 64, four bytes a number
    assert large - small == pytest.approx(2 * (128 * 2048 - 32 * 256) * 64 * 4 / 2**20, abs=5)
    assert needed_mib(model, samples=32, length=256, together=True) > small
    with pytest.raises(
        CompressionError, match=r"needs about 9000 MiB .*128 samples of 2048 tokens.* 8000 MiB"
    ):
        check_memory(9000, 8000, samples=128, length=2048)
    assert check_memory(9000, None, samples=1, length=1) == "memory estimated at 9000 MiB"


def test_available_memory_is_read_from_the_kernels_table() -> None:
    assert available_mib("MemTotal: 9 kB\nMemAvailable:   2097152 kB\n") == 2048
    assert available_mib("nothing") is None
