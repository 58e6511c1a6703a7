"""Streamed comparisons against a naive one: both models whole, all logits at once, numpy and loops."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from compress_models import FAMILIES, model_folder, model_of, token_ids
from transformers import AutoModelForCausalLM

from acbench.analysis import contrast as contrasts
from acbench.analysis import forward as passes
from acbench.analysis import head as heads
from acbench.analysis.contrast import contrast
from acbench.analysis.forward import forward
from acbench.compress.blocks import BlockModel
from acbench.errors import DataError, ModelError

if TYPE_CHECKING:
    from pathlib import Path

torch.set_num_threads(1)
SAMPLES = token_ids(3, 20, seed=5)


def whole(folder: Path, family: str) -> Any:
    kind = "eager" if family == "gemma2" else "sdpa"
    return AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=torch.float32, attn_implementation=kind
    ).eval()


def logits_of(folder: Path, family: str) -> np.ndarray[Any, Any]:
    with torch.no_grad():
        found: np.ndarray[Any, Any] = whole(folder, family)(input_ids=torch.tensor(SAMPLES)).logits.numpy()
    return found.astype(np.float64)


def pair(tmp_path: Path, family: str = "llama", **options: Any) -> tuple[Path, Path]:
    """A model and the same one with noise on its weights."""
    base = model_folder(tmp_path / "base", family, **options)
    noisy = model_of(family, **options)
    torch.manual_seed(1)
    for parameter in noisy.parameters():
        parameter.data += (0.05 * torch.randn_like(parameter.float())).to(parameter.dtype)
    noisy.save_pretrained(str(tmp_path / "noisy"))
    return base, tmp_path / "noisy"


def log_softmax(z: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    shifted = z - z.max(-1, keepdims=True)
    found: np.ndarray[Any, Any] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return found


def tau_by_counting(x: np.ndarray[Any, Any], y: np.ndarray[Any, Any]) -> float:
    agree = tied_x = tied_y = pairs = 0
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            pairs += 1
            dx, dy = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
            agree += int(dx * dy)
            tied_x += dx == 0
            tied_y += dy == 0
    scale = math.sqrt((pairs - tied_x) * (pairs - tied_y))
    return agree / scale if scale else math.nan


@pytest.mark.parametrize("family", FAMILIES)
def test_everything_equals_the_naive_comparison(tmp_path: Path, family: str) -> None:
    base, noisy = pair(tmp_path, family)
    z, w = logits_of(base, family), logits_of(noisy, family)
    found = contrast(forward(base, SAMPLES), forward(noisy, SAMPLES), SAMPLES)
    lp, lq = log_softmax(z), log_softmax(w)
    ids = np.array(SAMPLES)
    energies = [-(np.log(np.exp(s - s.max(-1, keepdims=True)).sum(-1)) + s.max(-1)) for s in (z, w)]
    np.testing.assert_allclose(found["energy_b"], energies[0], rtol=1e-5)
    np.testing.assert_allclose(found["energy_v"], energies[1], rtol=1e-5)
    np.testing.assert_allclose(found["top_b"], lp.max(-1), atol=1e-5)
    np.testing.assert_allclose(found["centred_v"], energies[1] + w.mean(-1), atol=1e-5)
    np.testing.assert_allclose(found["kl"], (np.exp(lp) * (lp - lq)).sum(-1), atol=2e-6)
    np.testing.assert_allclose(found["tv"], 0.5 * np.abs(np.exp(lp) - np.exp(lq)).sum(-1), atol=1e-5)
    following = np.take_along_axis(lq[:, :-1], ids[:, 1:, None], -1)[..., 0]
    np.testing.assert_allclose(found["nll_v"][:, :-1], -following, atol=1e-5)
    assert np.isnan(found["nll_v"][:, -1]).all()
    for text in range(3):
        for position in range(0, 20, 7):
            a, b = z[text, position], w[text, position]
            for k in (3, 10):
                top = np.argsort(-a, kind="stable")[:k]
                other = np.argsort(-b, kind="stable")[:k]
                shared = len(set(top) & set(other))
                union = np.array(sorted(set(top) | set(other)))
                assert found[f"jaccard_{k}"][text, position] == pytest.approx(shared / (2 * k - shared))
                assert found[f"tau_base_set_{k}"][text, position] == pytest.approx(
                    tau_by_counting(a[top], b[top]), nan_ok=True
                )
                assert found[f"tau_union_{k}"][text, position] == pytest.approx(
                    tau_by_counting(a[union], b[union]), nan_ok=True
                )
    for name, logits in (("logit_b", z), ("logit_v", w)):
        for text in range(3):
            centred = logits[text] - logits[text].mean(0)
            rows = centred / np.linalg.norm(centred, axis=1, keepdims=True)
            values = np.linalg.svd(rows, compute_uv=False) ** 2 / len(rows)
            values = values[values > 1e-12]
            assert found[name][text] == pytest.approx(np.exp(-(values * np.log(values)).sum()), rel=1e-4)


def test_hidden_states_and_layers_are_the_models_own(tmp_path: Path) -> None:
    base, _ = pair(tmp_path)
    with torch.no_grad():
        states = whole(base, "llama")(
            input_ids=torch.tensor(SAMPLES), output_hidden_states=True
        ).hidden_states
    found = forward(base, SAMPLES)
    assert torch.allclose(found.states, states[-1], atol=1e-5)  # transformers' last entry is behind the norm
    assert torch.allclose(found.layers[0], states[1].reshape(-1, 64), atol=1e-5)
    assert found.layers.shape == (3, 60, 64)


def test_blocks_of_the_vocabulary_and_repeated_rounds_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, noisy = pair(tmp_path)
    once = contrast(forward(base, SAMPLES), forward(noisy, SAMPLES), SAMPLES)
    monkeypatch.setattr(heads, "BLOCK_BYTES", 4 * 20 * 17)  # 17 ids at a time, none of 96's divisors
    monkeypatch.setattr(contrasts, "KEEP_BYTES", 0)
    again = contrast(forward(base, SAMPLES), forward(noisy, SAMPLES), SAMPLES)
    assert once.keys() == again.keys()
    for name, values in once.items():
        np.testing.assert_allclose(again[name], values, atol=1e-5, err_msg=name)


def test_a_model_against_itself_is_exactly_itself(tmp_path: Path) -> None:
    base, _ = pair(tmp_path)
    found = contrast(forward(base, SAMPLES), forward(base, SAMPLES), SAMPLES)
    assert found["kl"].max() == 0
    assert (found["jaccard_50"] == 1).all()
    np.testing.assert_array_equal(found["energy_b"], found["energy_v"])
    np.testing.assert_allclose(found["cka"], 1, atol=1e-12)


def test_a_stored_pass_is_the_pass(tmp_path: Path) -> None:
    base, noisy = pair(tmp_path)
    found = forward(base, SAMPLES)
    (tmp_path / "stored").mkdir()
    passes.write(found, tmp_path / "stored")
    read = passes.read(tmp_path / "stored", base)
    assert torch.equal(read.states, found.states)
    assert read.head == found.head
    direct, stored = (contrast(side, forward(noisy, SAMPLES), SAMPLES) for side in (found, read))
    np.testing.assert_array_equal(direct["kl"], stored["kl"])


def test_the_soft_limit_of_logits_is_part_of_the_head(tmp_path: Path) -> None:
    base = model_folder(tmp_path / "base", "gemma2", final_logit_softcapping=2.0)
    found = forward(base, SAMPLES)
    assert found.head.limit == 2.0
    _, logits = next(iter(found.head.logits(found.states[0], 96)))
    assert float(logits.abs().max()) < 2.0
    np.testing.assert_allclose(logits.numpy(), logits_of(base, "gemma2")[0], atol=1e-5)


def test_a_head_that_does_something_unknown_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, _ = pair(tmp_path)
    own = BlockModel.through_head
    monkeypatch.setattr(BlockModel, "through_head", lambda *arguments: own(*arguments) * 1.5)
    with pytest.raises(ModelError, match="behind its head"):
        forward(base, SAMPLES)


def test_nan_in_hidden_states_names_the_layer(tmp_path: Path) -> None:
    model = model_of("llama")
    model.model.layers[1].mlp.down_proj.weight.data[0, 0] = math.nan
    model.save_pretrained(str(tmp_path / "m"))
    with pytest.raises(DataError, match=r"m: block 1: \d+ of 3840 hidden values are NaN or infinite"):
        forward(tmp_path / "m", SAMPLES)


def test_other_arithmetic_is_close_and_not_equal(tmp_path: Path) -> None:
    base, _ = pair(tmp_path)
    found = contrast(forward(base, SAMPLES), forward(base, SAMPLES, dtype="bfloat16"), SAMPLES)
    assert 0 < np.abs(found["energy_v"] - found["energy_b"]).mean() < 0.1


def test_ids_beyond_the_shared_vocabulary_are_refused(tmp_path: Path) -> None:
    base = model_folder(tmp_path / "base")
    small = model_folder(tmp_path / "small", vocab_size=60)
    short = [[min(i, 59) for i in row] for row in SAMPLES]
    a, b = forward(base, short), forward(small, short)
    assert contrast(a, b, short)["vocabulary"].tolist() == [60, 96, 60]
    with pytest.raises(DataError, match="beyond the 60"):
        contrast(a, b, [[95] * 20] * 3)
