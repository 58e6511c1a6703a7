"""Declared pairs: another model as the reference, the same samples through two templates and tokenizers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from bench_cases import write_project
from plugin_project import Project, collected
from test_thinking import OPENS
from tiny_bench import fake_folder, write_tokenizer

from acbench import verdicts
from acbench.cases import Case, ModelSpec, Recipe
from acbench.casework import Caseworker
from acbench.config import load_catalogue
from acbench.engines.pool import EnginePool
from acbench.errors import ConfigError, PromptDrift
from acbench.matrix import Selection, build_matrix
from acbench.pairs import with_pairs
from acbench.records import SampleRecord, Turn
from acbench.runner import Bench
from acbench.store import Store
from acbench.thresholds import read_thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

PAIR = """
[models.thinker]
source = "path:{root}/models/thinker"
pair_with = "tiny"
thinking = {{ budget = 32, open = "<think>", close = "</think>" }}
engine = {{ backend = "fake", window_tokens = {window} }}

[profiles.pairs]
models = ["thinker"]
compressions = ["base", "against-tiny"]
tasks = ["needle", "pddl", "pddl-likelihood"]
noise_samples = 3
engine = {{ backend = "fake", window_tokens = 8192 }}

[profiles.pairs.settings.needle]
lengths = [300]
depths = [0, 50, 100]
repeats = 2
max_tokens = 8

[profiles.pairs.settings.pddl]
levels = [1]
per_level = 1
max_steps = 3

[profiles.pairs.settings.pddl-likelihood]
levels = [1, 2]
per_level = 2
steps = 2
"""


def write_pair(root: Path, *, window: int = 8192) -> Path:
    """The tiny model, and one that thinks: another vocabulary, and a template that opens the thought."""
    write_tokenizer(fake_folder(root / "models" / "thinker", seed=9), vocabulary=400)
    file = root / "models" / "thinker" / "tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "chat_template": OPENS}))
    return write_project(root, {}, extra=PAIR.format(root=root, window=window))


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Durability is tested elsewhere; forcing every answer to disk makes these tests slow."""
    monkeypatch.setattr("acbench.journal.os.fsync", lambda _: None)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pair(tmp_path_factory.mktemp("pair"))


@pytest.fixture
def make_worker(tmp_path: Path) -> Iterator[Callable[..., Caseworker]]:
    pools: list[EnginePool] = []

    def make(file: Path, selected: Sequence[Case] | None = None) -> Caseworker:
        catalogue = load_catalogue(file)
        matrix = build_matrix(catalogue, "pairs")
        pools.append(
            EnginePool(logs=tmp_path / "logs", leases=tmp_path / "leases", events=tmp_path / "events.jsonl")
        )
        bench = Bench(catalogue, matrix.profile, Store(tmp_path / "store"), pools[-1])
        chosen = matrix.cases if selected is None else selected
        return Caseworker(bench, read_thresholds(catalogue), matrix, list(chosen))

    yield make
    for pool in pools:
        pool.close()


def pair_case(task: str = "needle") -> Case:
    return Case("thinker", "against-tiny", task)


# -- the catalogue -------------------------------------------------------------------------------


def test_every_declared_pair_is_a_recipe_of_its_model() -> None:
    recipes = load_catalogue().recipes
    declared = {slug: r for slug, r in recipes.items() if slug.startswith("against-")}
    assert {slug: (r.method, r.models, r.compare_model, r.compare) for slug, r in declared.items()} == {
        f"against-{other}": ("pair", (model,), other, "base")
        for model, other in (
            ("deepseek-r1-distill-qwen-1.5b", "qwen2.5-1.5b"),
            ("deepseek-r1-distill-qwen-7b", "qwen2.5-7b"),
            ("deepseek-r1-distill-llama-8b", "llama-3.1-8b"),
        )
    }
    assert load_catalogue().selections["distilled-pairs"] == tuple(declared)
    thinkers = [model for model in load_catalogue().models.values() if model.thinking]
    assert [model.slug for model in thinkers] == [r.models[0] for r in declared.values()]


def test_two_models_with_one_partner_share_a_recipe_and_a_declared_one_wins() -> None:
    models = {name: ModelSpec(name, "hf:a/b", pair_with="p") for name in ("m1", "m2")}
    assert with_pairs({}, models)["against-p"].models == ("m1", "m2")
    own = Recipe("against-p", "pair", models=("m1",), compare_model="p", notes="mine")
    assert with_pairs({"against-p": own}, models) == {"against-p": own}


def test_a_pair_is_in_the_matrix_where_it_is_listed_and_for_its_model_only() -> None:
    catalogue = load_catalogue()
    plain = build_matrix(catalogue, "paper").cases
    assert not [case for case in plain if case.compression.startswith("against-")]
    chosen = Selection(compressions=("distilled-pairs",), tasks=("needle",))
    ids = [case.id for case in build_matrix(catalogue, "paper", chosen).cases if case.compression != "base"]
    assert ids == [
        "deepseek-r1-distill-qwen-1.5b:against-qwen2.5-1.5b:needle",
        "deepseek-r1-distill-qwen-7b:against-qwen2.5-7b:needle",
        "deepseek-r1-distill-llama-8b:against-llama-3.1-8b:needle",
    ]
    assert [Case.parse(one).id for one in ids] == ids


def test_a_recipe_asked_for_without_its_model_is_an_error_and_not_an_empty_run() -> None:
    with pytest.raises(ConfigError, match=r"'against-qwen2\.5-7b' is for deepseek-r1-distill-qwen-7b only"):
        build_matrix(load_catalogue(), "demo", Selection(compressions=("against-qwen2.5-7b",)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[models.m]\nsource = "hf:a/b"\npair_with = "qwen"',
            r"\[models\.m\]: pair_with: unknown name 'qwen'",
        ),
        ('[models.m]\nsource = "hf:a/b"\npair_with = "m"', "pair_with names the model itself"),
        (
            '[models.m]\nsource = "hf:a/b"\nthinking = { budget = 9 }',
            r"\[models\.m\]: thinking: open is missing",
        ),
        (
            '[models."deepseek-r1-distill-qwen-7b"]\nthinking = { budget = 0 }',
            r"thinking\.budget must lie in 1 \.\. 32768, not 0",
        ),
        ('[recipes.r]\nmethod = "pair"', r"\[recipes\.r\]: .*set compare_model"),
        (
            '[recipes.r]\nmethod = "pair"\nmodels = ["mistral-7b"]\ncompare_model = "mistral"',
            "compare_model: unknown name 'mistral'; did you mean 'mistral-7b'",
        ),
        ('[recipes.r]\nmethod = "pair"\ncompare_model = "mistral-7b"', "models is missing"),
        (
            '[recipes.r]\nmethod = "pair"\nmodels = ["mistral-7b"]\ncompare_model = "mistral-7b"',
            "would be its own reference",
        ),
    ],
)
def test_errors_of_the_configuration_name_their_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "acbench.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_catalogue(file)


# -- what is asked -------------------------------------------------------------------------------


def test_both_sides_are_asked_the_same_samples_through_their_own_templates(
    project: Path, make_worker: Callable[..., Caseworker]
) -> None:
    bench = make_worker(project).bench
    case = pair_case()
    reference = bench.reference(case)
    assert reference == Case("tiny", "base", "needle")
    mine, other = bench.plan(case), bench.plan(reference)
    assert mine.samples is other.samples
    assert mine.task is other.task
    assert mine.checkpoint.path.name == "thinker"
    assert (mine.renderer is bench.renderer("thinker"), other.renderer is bench.renderer("tiny")) == (
        True,
        True,
    )
    prompt = mine.task.open(mine.samples[0]).ask()
    assert prompt is not None
    texts = [plan.renderer.text(prompt) for plan in (mine, other)]
    assert texts[0] == texts[1] + "<think>\n"
    counts = [len(plan.renderer.render(prompt)) for plan in (mine, other)]
    assert counts[0] > counts[1]  # fewer words in its vocabulary: lengths hold for the reference's tokens
    assert mine.key != other.key == bench.plan(Case("tiny", "base", "needle")).key
    assert bench.plan(Case("thinker", "base", "needle")).samples is not mine.samples


@pytest.mark.parametrize(("window", "sized"), [(2048, 2048), (8192, 8192), (16384, 8192)])
def test_sizes_hold_for_the_smaller_window_of_the_two(
    tmp_path: Path, make_worker: Callable[..., Caseworker], window: int, sized: int
) -> None:
    bench = make_worker(write_pair(tmp_path, window=window)).bench
    case = pair_case()
    reference = bench.plan(bench.reference(case))
    assert reference.settings.window_tokens == sized
    assert bench.plan(case).settings.window_tokens == window
    assert bench.plan(case).samples is reference.samples
    own = bench.plan(Case("tiny", "base", "needle"))
    assert (own.key == reference.key) is (sized == 8192)
    assert bench.reference(case) == bench.reference(case)


def test_thinking_is_in_the_key_of_models_that_think_and_of_no_other(
    project: Path, make_worker: Callable[..., Caseworker]
) -> None:
    bench = make_worker(project).bench
    thinker, tiny = bench.plan(pair_case()), bench.plan(Case("tiny", "base", "needle"))
    assert "thinking" not in tiny.key_fields
    assert thinker.key_fields["thinking"] == {"budget": 32, "open": "<think>", "close": "</think>"}
    models = dict(bench.catalogue.models)
    models["thinker"] = replace(models["thinker"], thinking={**models["thinker"].thinking, "budget": 33})
    bench.catalogue = replace(bench.catalogue, models=models)
    assert bench.plan(pair_case()).key != thinker.key
    assert bench.plan(Case("tiny", "base", "needle")).key == tiny.key


# -- what is judged ------------------------------------------------------------------------------


def test_a_pair_is_judged_from_start_to_verdict(
    project: Path, make_worker: Callable[..., Caseworker], tmp_path: Path
) -> None:
    chosen = [pair_case(task) for task in ("needle", "pddl", "pddl-likelihood")]
    worker = make_worker(project, chosen)
    results = {case.task: worker.judge(case) for case in chosen}
    starts = [json.loads(line)["label"] for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert starts == ["tiny:base", "thinker:against-tiny"]
    needle = results["needle"]
    assert (needle.id, needle.method) == ("thinker:against-tiny:needle", "pair")
    assert needle.primary.n == 6
    assert needle.noise is not None
    assert needle.facts["weights"].startswith("unpaired, thinker and tiny are two models")
    assert needle.facts["sizes in tokens"] == "as counted by the tokenizer of tiny"
    assert needle.facts["thought, mean tokens"] == "none → 1"  # the fake engine thinks one token long
    assert needle.facts["thoughts cut at their budget"] == "none → 0.0%"
    assert needle.tokens["thought"] == needle.tokens["turns"] == 6
    assert needle.sample_prompt.endswith("<assistant><think>\n")
    assert "log-likelihoods" in results["pddl-likelihood"].facts
    assert "thought, mean tokens" not in results["pddl-likelihood"].facts
    assert results["pddl"].tokens["thought"] == results["pddl"].tokens["turns"] > 1
    again = make_worker(project, chosen)  # another process: all from the journal
    assert {task: r.facts for task, r in results.items()} == {c.task: again.judge(c).facts for c in chosen}
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == 2


def test_a_reference_with_a_larger_window_is_served_with_the_smaller_one(
    tmp_path: Path, make_worker: Callable[..., Caseworker]
) -> None:
    case = pair_case("pddl-likelihood")
    result = make_worker(write_pair(tmp_path / "narrow", window=2048), [case]).judge(case)
    assert result.primary.n > 0
    starts = [json.loads(line)["label"] for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert starts == ["tiny:base@2048", "thinker:against-tiny"]


def test_the_base_of_a_thinking_model_is_measured_like_any_other(
    project: Path, make_worker: Callable[..., Caseworker]
) -> None:
    case = Case("thinker", "base", "needle")
    result = make_worker(project, [case]).judge(case)
    assert result.verdict.outcome == "pass"
    assert result.facts["thought, mean tokens"] == "1 → 1"
    assert "weights" not in result.facts


def test_the_facts_stand_in_the_description_of_the_report(
    project: Path, make_worker: Callable[..., Caseworker]
) -> None:
    allure_case = pytest.importorskip("reports.allure_case", reason="reports are not part of this checkout")
    case = pair_case()
    notes = allure_case._notes(make_worker(project, [case]).judge(case))
    assert "Thought, mean tokens: none → 1." in notes
    assert any(note.startswith("Weights: unpaired, thinker and tiny") for note in notes)


def record(prompt: str, data: str, *, stats: dict[str, float] | None = None) -> SampleRecord:
    turn = Turn(prompt, "a", "stop", 1, 1, stats=stats or {})
    return SampleRecord("s", "", "s", (turn,), {"m": 1.0}, "correct", "ok", data_hash=data)


def test_pairs_of_models_are_joined_by_the_data_of_a_sample_and_others_by_the_prompt() -> None:
    base, other = [record("p", "d")], [record("another", "d")]
    assert verdicts.pair(base, other, same_prompts=False) == [(base[0], other[0])]
    with pytest.raises(PromptDrift, match="sample s: base and compressed model got different prompts"):
        verdicts.pair(base, other)
    with pytest.raises(PromptDrift, match="sample s: the two models of the pair got different data"):
        verdicts.pair(base, [record("p", "another")], same_prompts=False)
    with pytest.raises(PromptDrift, match="was not asked"):
        verdicts.pair(base, [], same_prompts=False)


def test_thoughts_do_not_make_prompts_differ() -> None:
    """Two checkpoints of a thinking model think differently; what they were asked first is the same."""
    turns = [
        Turn(f"h{i}", "a", "stop", 1, 1, thought=Turn("q", "", "stop", 1, 1, budget=4)) for i in range(2)
    ]
    sides = [[replace(record("", "d"), turns=(turn,))] for turn in turns]
    assert len(verdicts.pair(*sides)) == 1
    unlike = replace(sides[1][0], turns=(replace(turns[1], thought=Turn("z", "", "stop", 1, 1, budget=4)),))
    with pytest.raises(PromptDrift, match="different prompts"):
        verdicts.pair(sides[0], [unlike])


def test_figures_of_the_engine_are_means_over_requests() -> None:
    base = {"kv_tokens_prompt": 1000.0, "kv_tokens_end": 1100.0, "kv_bytes": 2.0 * 2**20, "kv_ratio": 1.0}
    first = {**base, "kv_tokens_prompt": 400.0, "kv_bytes": 2.0**20, "kv_ratio": 0.5, "prefill_seconds": 1.0}
    second = {**first, "kv_tokens_prompt": 600.0, "prefill_seconds": 2.0, "decode_tokens_per_second": 31.0}
    pairs = [(record("p", "d", stats=base), record("p", "d", stats=each)) for each in (first, second)]
    assert verdicts.engine_rows(pairs) == {
        "KV cache, tokens per layer after the prompt": "1,000 → 500",
        "KV cache, tokens per layer at the end": "1,100 → 1,100",
        "KV cache, MiB": "2.00 → 1.00",
        "KV cache, share of the full one": "100.0 % → 50.0 %",
        "prefill, seconds": "not measured → 1.5",
        "decode, tokens per second": "not measured → 31",
    }
    assert verdicts.engine_rows([(record("p", "d"), record("p", "d"))]) == {}
    assert verdicts.engine_rows([]) == {}


def test_a_pair_is_chosen_by_a_part_of_its_name(tmp_path: Path) -> None:
    root = tmp_path / "chosen"
    chosen: dict[str, Any] = {"extra": ""}
    project = Project(root, {}, **chosen)
    write_tokenizer(fake_folder(root / "models" / "thinker", seed=9), vocabulary=400)
    file = root / "acbench.toml"
    file.write_text(file.read_text() + PAIR.format(root=root, window=8192))
    outcome = project.run("suites", "--acb-profile=pairs", "--collect-only", "-q", "-k", "against")
    assert outcome.status == 0, outcome.output
    assert sorted(collected(outcome)) == sorted(
        pair_case(t).id for t in ("needle", "pddl", "pddl-likelihood")
    )
