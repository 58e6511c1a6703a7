"""Calibrated builds from a tiny model's folder to a folder that others can load, for every family and method."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import safetensors.torch
import torch
from compress_models import (
    FAMILIES,
    MULTI_HEAD,
    built,
    logprobs_of,
    model_folder,
    model_of,
    request,
    token_ids,
)
from model_folders import read_folder
from safetensors import SafetensorError
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

from acbench.compress import blocks as blocks_module
from acbench.compress import memory, methods, worker
from acbench.compress.blocks import BlockModel
from acbench.compress.evaluate import predict
from acbench.compress.reading import WeightReader
from acbench.errors import CompressionError, ModelError, StoreError
from acbench.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

torch.set_num_threads(1)

# Loading compressed checkpoints imports torch's compiler, which uses a deprecated part of torch itself.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")

RECIPES: dict[str, tuple[str, dict[str, Any], str]] = {
    "gptq": ("gptq", {"bits": 4, "group_size": 32}, "packed"),
    "gptq-dense": ("gptq", {"bits": 3, "group_size": -1, "order": "none", "mse": False}, "dense"),
    "awq": ("awq", {"bits": 4, "group_size": 32}, "packed"),
    "awq-dense": ("awq", {"bits": 3, "group_size": 32, "symmetric": True, "clip": False}, "dense"),
    "smoothquant": ("smoothquant", {}, "int8"),
    "smoothquant-gptq": ("smoothquant", {"alpha": 0.5, "rounding": "gptq"}, "int8"),
    "wanda": ("wanda", {"pattern": "2:4"}, "dense"),
    "wanda-half": ("wanda", {"sparsity": 0.5}, "dense"),
    "sparsegpt": ("sparsegpt", {"pattern": "2:4"}, "dense"),
    "sparsegpt-half": ("sparsegpt", {"sparsity": 0.5}, "dense"),
}


def loaded(folder: Path, family: str) -> Any:
    """As transformers loads it, in float32; Gemma's soft limit of logits needs the plain implementation."""
    kind = "eager" if family == "gemma2" else "sdpa"
    return AutoModelForCausalLM.from_pretrained(
        str(folder), dtype=torch.float32, attn_implementation=kind
    ).eval()


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
    with WeightReader(folder) as reader:
        return {name: reader.weight(name) for name in sorted(reader.names)}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return model_folder(tmp_path_factory.mktemp("model") / "llama")


# -- every method on every family -------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
def test_every_method_builds_on_every_family(tmp_path: Path, family: str) -> None:
    folder = model_folder(tmp_path / "m", family)
    samples = token_ids(3, 24, seed=5)
    base = loaded(folder, family)
    expected = {name for name, p in base.named_parameters() if name in read_folder(folder) or p.dim() == 1}
    plain = torch.tensor(predict(folder, samples)[0])
    assert torch.allclose(plain, logprobs_of(base, samples), atol=1e-4)
    for slug, (method, params, form) in RECIPES.items():
        out = tmp_path / slug
        facts = built(folder, out, method, params, served_as=form)
        linears = [n for n, t in read_folder(folder).items() if "layers" in n and t.dim() == 2]
        assert facts["touched"] == len(facts["per_layer"]) == len(linears)
        assert weights_of(out).keys() == read_folder(folder).keys() >= expected
        mine = torch.tensor(predict(out, samples)[0])
        assert bool(torch.isfinite(mine).all())
        assert not torch.allclose(mine, plain, atol=1e-3)
        if form == "dense":
            theirs = logprobs_of(loaded(out, family), samples)
            assert torch.allclose(mine, theirs, atol=1e-4), slug


def test_packed_and_dense_hold_the_same_weights(tmp_path: Path, model: Path) -> None:
    """The stored form is a matter of storage: what the layers compute does not depend on it."""
    for method in ("gptq", "awq"):
        params = {"bits": 4, "group_size": 64}
        for form in ("packed", "dense"):
            built(model, tmp_path / f"{method}-{form}", method, params, served_as=form)
        packed, dense = (weights_of(tmp_path / f"{method}-{form}") for form in ("packed", "dense"))
        for name, values in dense.items():
            assert torch.equal(packed[name].to(torch.bfloat16), values), name


@pytest.mark.parametrize("slug", ["gptq", "awq", "smoothquant"])
def test_transformers_loads_compressed_folders(tmp_path: Path, model: Path, slug: str) -> None:
    """By way of compressed-tensors, as anybody would: the same predictions as from the dequantized weights.

    It rounds activations with absmax / 127.5, serving engines and we with absmax / 127: equal on the whole only.
    """
    method, params, form = RECIPES[slug]
    built(model, tmp_path / "out", method, params, served_as=form)
    samples = token_ids(2, 24, seed=6)
    theirs = logprobs_of(loaded(tmp_path / "out", "llama"), samples)
    mine = torch.tensor(predict(tmp_path / "out", samples)[0])
    assert float((mine - theirs).abs().max()) < (0.3 if form == "int8" else 0.02)
    assert float((mine - theirs).mean()) == pytest.approx(0, abs=0.01)
    assert float((mine - torch.tensor(predict(model, samples)[0])).abs().mean()) > 0.01


@pytest.mark.parametrize(
    ("form", "symmetric"), [("packed", True), ("packed", False), ("gptq", True), ("awq", False)]
)
def test_folders_describe_what_they_hold(tmp_path: Path, model: Path, form: str, symmetric: bool) -> None:
    params = {"bits": 4, "group_size": 64, "symmetric": symmetric}
    facts = built(model, tmp_path / "out", "gptq", params, served_as=form)
    config = json.loads((tmp_path / "out" / "config.json").read_text())["quantization_config"]
    assert config["quant_method"] == {"packed": "compressed-tensors"}.get(form, form)
    assert facts["bits_per_weight"] == (4.25 if symmetric else 4.3125)
    assert facts["served_as"] == form
    assert (tmp_path / "out" / "tokenizer_config.json").is_file()
    stored = read_folder(tmp_path / "out")
    index = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())["weight_map"]
    assert index.keys() == stored.keys()
    for name, values in read_folder(model).items():
        if values.dim() == 1 or "layers" not in name:
            assert torch.equal(stored[name], values)


# -- what calibration is for ------------------------------------------------------------------------


def output_gap(model: Path, out: Path, samples: list[list[int]]) -> float:
    """Mean squared difference of all log-probabilities."""
    before, after = (torch.tensor(predict(folder, samples)[0]) for folder in (model, out))
    return float((before - after).square().mean())


def test_calibrated_methods_stay_nearer_to_the_model_than_blind_ones(tmp_path: Path) -> None:
    """On the calibration tokens themselves, summed over several random models: a matter of statistics, not of proof."""
    pairs: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
        "gptq": ({"bits": 3, "group_size": 64, "mse": False}, "rtn", {"bits": 3, "group_size": 64}),
        "awq": ({"bits": 3, "group_size": 64}, "rtn", {"bits": 3, "group_size": 64, "symmetric": False}),
        "sparsegpt": ({"pattern": "2:4"}, "magnitude", {"pattern": "2:4"}),
    }
    gaps = {name: [0.0, 0.0] for name in pairs}
    for seed in range(3):
        folder = model_folder(tmp_path / f"m{seed}", seed=seed)
        samples = token_ids(16, 32, seed=seed)
        for method, (params, blind, blind_params) in pairs.items():
            for at, (name, given) in enumerate([(method, params), (blind, blind_params)]):
                out = tmp_path / f"{method}-{name}-{seed}"
                built(folder, out, name, given, samples=samples)
                gaps[method][at] += output_gap(folder, out, samples)
    for method, (calibrated, blind_gap) in gaps.items():
        assert calibrated < blind_gap, method


def test_smoothing_a_model_with_outliers_helps(tmp_path: Path) -> None:
    """Large channels behind the norms are what activations lose when they are rounded, and what smoothing moves."""
    made = model_of("llama")
    for layer in made.model.layers:
        for norm in (layer.input_layernorm, layer.post_attention_layernorm):
            norm.weight.data[::16] *= 50
        for name in ("q_proj", "k_proj", "v_proj"):
            getattr(layer.self_attn, name).weight.data[:, ::16] /= 50
        for name in ("gate_proj", "up_proj"):
            getattr(layer.mlp, name).weight.data[:, ::16] /= 50
    made.save_pretrained(str(tmp_path / "m"))
    samples = token_ids(8, 32)
    built(tmp_path / "m", tmp_path / "smooth", "smoothquant", {}, served_as="int8", samples=samples)
    built(tmp_path / "m", tmp_path / "plain", "int8", {}, served_as="int8")
    smooth, plain = (output_gap(tmp_path / "m", tmp_path / name, samples) for name in ("smooth", "plain"))
    assert smooth < 0.5 * plain


# -- the same twice ---------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["gptq", "awq", "wanda", "sparsegpt", "smoothquant"])
def test_two_builds_give_identical_files(tmp_path: Path, slug: str) -> None:
    """Freed tensors give their addresses to the next: statistics kept by address would go to the wrong layer."""
    method, params, form = RECIPES[slug]
    folder = model_folder(tmp_path / "m", num_hidden_layers=3)
    files = []
    for run in ("first", "second"):
        built(folder, tmp_path / run, method, params, served_as=form)
        files.append({f.name: f.read_bytes() for f in (tmp_path / run).iterdir() if f.name != "acbench.json"})
    assert files[0] == files[1]


@pytest.mark.parametrize("slug", ["gptq", "wanda", "sparsegpt"])
def test_the_batch_size_changes_rounding_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slug: str
) -> None:
    method, params, form = RECIPES[slug]
    folder = model_folder(tmp_path / "m", "mistral")
    found = []
    for tokens in (1, 96, 2048):  # one sample at a time, three, all
        monkeypatch.setattr(blocks_module, "BATCH_TOKENS", tokens)
        built(folder, tmp_path / str(tokens), method, params, served_as=form)
        found.append(weights_of(tmp_path / str(tokens)))
    for other in found[1:]:
        for name, values in found[0].items():
            same = (values == other[name]) if slug != "sparsegpt" else ((values == 0) == (other[name] == 0))
            assert float(same.float().mean()) > 0.98, name


def test_later_blocks_see_what_became_of_earlier_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Block 1's statistics come from the compressed block 0 (specification, section 3.9)."""
    folder = model_folder(tmp_path / "m")
    seen: list[torch.Tensor] = []
    original = methods.Wanda.compress

    def record(self: Any, block: Any) -> Any:
        seen.append(block.seen["self_attn.q_proj"]["squares"].clone())
        return original(self, block)

    monkeypatch.setattr(methods.Wanda, "compress", record)
    samples = token_ids()
    built(folder, tmp_path / "out", "wanda", {"pattern": "2:4"}, samples=samples)
    with BlockModel(tmp_path / "out", exact=False) as blocks:
        hidden = blocks.embed(torch.tensor(samples))
        blocks.load(0)
        states = blocks.run(0, hidden, slice(None))
        inputs = blocks.load(1).input_layernorm(states).float()
    expected = inputs.reshape(-1, 64).square().sum(0)
    assert torch.allclose(seen[1], expected, rtol=0.02)
    assert not torch.allclose(seen[1], seen[0], rtol=0.1)


# -- hard cases -------------------------------------------------------------------------------------


def edited(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> Path:
    """The model with other weights."""
    weights = read_folder(folder)
    change(weights)
    save_file(weights, str(folder / "model.safetensors"), metadata={"format": "pt"})
    return folder


LINEARS = "model.layers.1.mlp.up_proj.weight"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("slug", ["gptq", "awq", "smoothquant", "wanda", "sparsegpt"])
def test_weights_that_are_no_numbers_are_named(tmp_path: Path, slug: str, value: float) -> None:
    def spoil(weights: dict[str, torch.Tensor]) -> None:
        weights[LINEARS][3, 5] = value

    folder = edited(model_folder(tmp_path / "m"), spoil)
    with pytest.raises(CompressionError, match=r"layers\.1\.mlp\.up_proj\.weight holds NaN or infinite"):
        built(folder, tmp_path / "out", *RECIPES[slug][:2], served_as=RECIPES[slug][2])


@pytest.mark.parametrize("slug", ["gptq", "awq", "smoothquant", "wanda", "sparsegpt"])
def test_activations_that_are_no_numbers_name_the_layer(tmp_path: Path, slug: str) -> None:
    def overflow(weights: dict[str, torch.Tensor]) -> None:
        weights["model.layers.0.post_attention_layernorm.weight"][:] = 3e38

    folder = edited(model_folder(tmp_path / "m"), overflow)
    with pytest.raises(
        CompressionError, match=r"layers\.0\.mlp\.\w+: its calibration inputs hold NaN or inf"
    ):
        built(folder, tmp_path / "out", *RECIPES[slug][:2], served_as=RECIPES[slug][2])


@pytest.mark.parametrize("slug", list(RECIPES))
def test_channels_that_are_never_used(tmp_path: Path, slug: str) -> None:
    """A norm that switches a channel off, rows and columns of zeros: no division by zero anywhere."""

    def switch_off(weights: dict[str, torch.Tensor]) -> None:
        for layer in (0, 1):
            stem = f"model.layers.{layer}."
            weights[stem + "input_layernorm.weight"][[3, 40]] = 0
            weights[stem + "mlp.up_proj.weight"][7] = 0
            weights[stem + "mlp.down_proj.weight"][:, 32:64] = 0
            weights[stem + "self_attn.k_proj.weight"][:] = 0

    method, params, form = RECIPES[slug]
    folder = edited(model_folder(tmp_path / "m", **MULTI_HEAD), switch_off)
    built(folder, tmp_path / "out", method, params, served_as=form)
    assert all(bool(torch.isfinite(values).all()) for values in weights_of(tmp_path / "out").values())
    ids = token_ids(2, 16)
    assert bool(torch.isfinite(torch.tensor(predict(tmp_path / "out", ids)[0])).all())


@pytest.mark.parametrize("slug", ["gptq", "sparsegpt", "smoothquant-gptq"])
def test_fewer_calibration_tokens_than_channels(tmp_path: Path, model: Path, slug: str) -> None:
    """Damping makes H invertible; where more of it is needed than asked for, a note says so."""
    method, params, form = RECIPES[slug]
    facts = built(
        model, tmp_path / "out", method, {**params, "damp": 1e-8}, served_as=form, samples=token_ids(1, 8)
    )
    raised = [note for note in facts["notes"] if "damping 1e-08 -> " in note]
    assert all("proj: damping" in note for note in raised)
    built(model, tmp_path / "one", method, params, served_as=form, samples=token_ids(1, 2))


def test_a_width_that_no_group_fits(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "m", intermediate_size=72)
    for method in ("gptq", "awq"):
        with pytest.raises(CompressionError, match=r"r: widths \[64, 72\]: no group size of 64, 64 or 32"):
            built(folder, tmp_path / method, method, {"bits": 4, "group_size": 64})
        assert list((tmp_path / method).iterdir()) == []
    folder = model_folder(tmp_path / "n", intermediate_size=96)
    facts = built(folder, tmp_path / "out", "gptq", {"bits": 4, "group_size": 64}, served_as="packed")
    assert facts["notes"] == ["group size 64 -> 32: 64 does not divide all of [64, 96]"]
    folder = model_folder(tmp_path / "o", intermediate_size=98)
    for method in ("wanda", "sparsegpt"):
        with pytest.raises(
            CompressionError, match=r"r: a pattern of 4 does not divide all widths \[64, 98\]"
        ):
            built(folder, tmp_path / method, method, {"pattern": "2:4"})


@pytest.fixture
def unknown(tmp_path: Path) -> Path:
    from transformers import Starcoder2Config, Starcoder2ForCausalLM

    torch.manual_seed(0)
    config = Starcoder2Config(
        vocab_size=96,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        initializer_range=0.15,
        dtype=torch.bfloat16,
    )
    Starcoder2ForCausalLM(config).to(torch.bfloat16).save_pretrained(str(tmp_path / "unknown"))
    return tmp_path / "unknown"


@pytest.mark.parametrize("slug", ["gptq", "wanda", "sparsegpt"])
def test_an_unknown_family_is_built_layer_by_layer_with_a_note(
    tmp_path: Path, unknown: Path, slug: str
) -> None:
    method, params, form = RECIPES[slug]
    facts = built(unknown, tmp_path / "out", method, params, served_as=form)
    assert facts["notes"] == ["starcoder2: an unknown model type; statistics are kept per linear layer"]
    assert facts["touched"] == 12
    samples = token_ids(2, 16)
    if form == "dense":
        theirs = logprobs_of(loaded(tmp_path / "out", "starcoder2"), samples)
        assert torch.allclose(torch.tensor(predict(tmp_path / "out", samples)[0]), theirs, atol=1e-4)


@pytest.mark.parametrize("slug", ["awq", "smoothquant"])
def test_an_unknown_family_cannot_be_scaled(tmp_path: Path, unknown: Path, slug: str) -> None:
    method, params, form = RECIPES[slug]
    with pytest.raises(CompressionError, match="r: starcoder2 is not a known family"):
        built(unknown, tmp_path / "out", method, params, served_as=form)
    assert list((tmp_path / "out").iterdir()) == []
    opt = model_folder(tmp_path / "opt", "opt", do_layer_norm_before=False)
    with pytest.raises(CompressionError, match="normalizes after its layers"):
        built(opt, tmp_path / "opt-out", method, params, served_as=form)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([], "holds no samples"),
        ([[1, 2, 96]], "calibration token 96 is none of the model's 96: drawn with another tokenizer"),
        ([[-1, 2, 3]], "drawn with another tokenizer"),
        (
            [[5] * 257],
            r"samples of 257 tokens, the model reads 256 at most; set calibration = \{ length = 256 \}",
        ),
    ],
)
def test_calibration_sets_of_another_model(
    tmp_path: Path, model: Path, samples: list[list[int]], message: str
) -> None:
    with pytest.raises(CompressionError, match=f"^r: .*{message}"):
        built(model, tmp_path / "out", "wanda", {}, samples=samples)


def test_no_calibration_at_all(tmp_path: Path, model: Path) -> None:
    with pytest.raises(CompressionError, match="needs calibration samples and got none"):
        worker.run({**request(model, tmp_path / "out", "gptq"), "calibration": None})


@pytest.mark.parametrize("method", ["gptq", "rtn", "int8"])
def test_a_compressed_model_is_not_compressed_again(tmp_path: Path, model: Path, method: str) -> None:
    built(model, tmp_path / "first", "int8", {}, served_as="int8")
    with pytest.raises(CompressionError, match="first is compressed already; give the original"):
        built(tmp_path / "first", tmp_path / "second", method, {"bits": 4})


def test_a_missing_or_misshapen_tensor_is_named(tmp_path: Path) -> None:
    def drop(weights: dict[str, torch.Tensor]) -> None:
        del weights[LINEARS]

    folder = edited(model_folder(tmp_path / "m"), drop)
    with pytest.raises(ModelError, match=rf"no tensor '{LINEARS}'"):
        built(folder, tmp_path / "out", "wanda", {})

    def shrink(weights: dict[str, torch.Tensor]) -> None:
        weights[LINEARS] = torch.zeros(64, 64, dtype=torch.bfloat16)

    folder = edited(model_folder(tmp_path / "n"), shrink)
    with pytest.raises(ModelError, match=r"up_proj.weight is \(64, 64\), expected \(128, 64\)"):
        built(folder, tmp_path / "other", "wanda", {})


def test_names_without_the_models_prefix_and_other_types_are_kept(tmp_path: Path) -> None:
    """Folders saved from the inner model name their tensors without ``model.``; norms may be float32."""

    def rename(weights: dict[str, torch.Tensor]) -> None:
        for name in list(weights):
            weights[name.removeprefix("model.")] = weights.pop(name)
        for name, values in weights.items():
            if values.dim() == 1:
                weights[name] = values.float() + 1e-4

    folder = edited(model_folder(tmp_path / "m"), rename)
    before = read_folder(folder)
    for slug, (method, params, _) in RECIPES.items():
        built(folder, tmp_path / slug, method, params, served_as=RECIPES[slug][2])
        after = weights_of(tmp_path / slug)
        assert after.keys() == before.keys()
        assert after["norm.weight"].dtype == torch.float32
        if method in ("gptq", "wanda", "sparsegpt"):
            assert all(torch.equal(after[n], before[n]) for n in before if before[n].dim() == 1)
        ids = token_ids(2, 16)
        assert bool(torch.isfinite(torch.tensor(predict(tmp_path / slug, ids)[0])).all())


def test_heads_of_their_own_and_tied_ones(tmp_path: Path) -> None:
    for tied in (True, False):
        folder = model_folder(tmp_path / f"m{tied}", tie_word_embeddings=tied)
        built(folder, tmp_path / f"out{tied}", "gptq", {"bits": 4, "group_size": 32}, served_as="packed")
        before, after = read_folder(folder), read_folder(tmp_path / f"out{tied}")
        assert ("lm_head.weight" in after) is (not tied)
        for name in ("lm_head.weight", "model.embed_tokens.weight"):
            assert name not in before or torch.equal(before[name], after[name])
        ids = token_ids(2, 16)
        expected = logprobs_of(loaded(folder, "llama"), ids)
        assert torch.allclose(torch.tensor(predict(folder, ids)[0]), expected, atol=1e-5)


def test_too_little_memory_is_refused_with_the_estimate(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_meminfo", lambda: "MemTotal: 99 kB\nMemAvailable:       300 kB\n")
    monkeypatch.setattr(memory, "estimate_bytes", lambda **_: 5 << 20)
    with pytest.raises(
        CompressionError, match="8 x 32 tokens needs about 5 MiB, 0 MiB are available; take fewer"
    ):
        built(model, tmp_path / "out", "wanda", {})
    assert list((tmp_path / "out").iterdir()) == []


def test_the_estimate_counts_every_input_with_a_gram_matrix() -> None:
    grams = [64, 64, 64, 128]
    found = memory.estimate_bytes(samples=8, length=32, hidden=64, widths=grams, block=1000, outer=500)
    squares = 3 * 64**2 + 128**2
    assert found == 4 * 8 * 32 * 64 + 4 * squares + 3 * 4 * 128**2 + 8 * 1000 + 4 * 500
    assert memory.estimate_bytes(samples=1, length=1, hidden=1, widths=[], block=0, outer=0) == 4


def test_a_full_disk_in_the_middle_leaves_nothing(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    real = safetensors.torch.save_file

    def full(tensors: Any, file: str, **options: Any) -> None:
        written.append(file)
        if len(written) == 2:
            raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")
        real(tensors, file, **options)

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    store = Store(tmp_path / "store")

    def make(out: Path) -> None:
        built(model, out, "wanda")

    with pytest.raises(StoreError, match="is full"):
        store.build("checkpoints", "k", make)
    assert len(written) == 2
    assert store.entries() == []
    assert not [path for path in (store.root / "checkpoints").iterdir() if path.is_dir()]
