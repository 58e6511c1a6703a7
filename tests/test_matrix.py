"""The matrix: a pure, ordered, cheap function of the catalogue."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from model_folders import child_env

from acbench.cases import Case, ModelSpec, Recipe, TaskEntry
from acbench.config import Catalogue, Profile, load_catalogue
from acbench.errors import ConfigError
from acbench.matrix import Matrix, Selection, build_matrix, engine_settings, groups

if TYPE_CHECKING:
    from pathlib import Path


def catalogue(**changes: object) -> Catalogue:
    made = Catalogue(
        models={name: ModelSpec(name, f"hf:a/{name}") for name in ("m1", "m2")},
        recipes={
            "base": Recipe("base", "base"),
            "half": Recipe("half", "magnitude", {"sparsity": 0.5}),
            "late": Recipe("late", "awq", planned="AWQ"),
            "only-m2": Recipe("only-m2", "rtn", {"bits": 4}, models=("m2",)),
        },
        tasks={
            "t1": TaskEntry("t1", "tool_use"),
            "t2": TaskEntry("t2", "workflow"),
            "soon": TaskEntry("soon", "workflow", planned="WorfBench"),
        },
        profiles={
            "p": Profile("p", ("m2", "m1"), ("half", "late", "base", "only-m2"), ("t2", "soon", "t1")),
        },
        selections={"both": ("t1", "t2"), "everything": ("late", "half")},
        thresholds=(),
        sources=(),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def ids(matrix: Matrix) -> list[str]:
    return [case.id for case in matrix.cases]


def test_model_then_base_first_then_recipe_then_task() -> None:
    matrix = build_matrix(catalogue(), "p")
    assert ids(matrix) == [
        "m2:base:t2",
        "m2:base:t1",
        "m2:half:t2",
        "m2:half:t1",
        "m2:only-m2:t2",
        "m2:only-m2:t1",
        "m1:base:t2",
        "m1:base:t1",
        "m1:half:t2",
        "m1:half:t1",
    ]
    assert matrix.planned == ("late", "soon")
    assert build_matrix(catalogue(), "p") == matrix


def test_a_selection_replaces_the_list_of_the_profile_and_base_stays() -> None:
    chosen = Selection(models=("m1",), compressions=("half",), tasks=("both",))
    assert ids(build_matrix(catalogue(), "p", chosen)) == [
        "m1:base:t1",
        "m1:base:t2",
        "m1:half:t1",
        "m1:half:t2",
    ]


def test_planned_names_behind_a_selection_are_left_out_and_listed() -> None:
    matrix = build_matrix(catalogue(), "p", Selection(("m1",), ("everything",), ("t1",)))
    assert ids(matrix) == ["m1:base:t1", "m1:half:t1"]
    assert matrix.planned == ("late",)


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (
            Selection(compressions=("late",)),
            "compression 'late' is planned .* available: base, half, only-m2",
        ),
        (Selection(tasks=("t1", "soon")), "task 'soon' is planned .* available: t1, t2"),
        (Selection(models=("m3",)), "unknown model 'm3'; did you mean 'm"),
        (Selection(compressions=("hlaf",)), "unknown compression 'hlaf'; did you mean 'half'"),
        (Selection(tasks=("soom",)), "unknown task 'soom'; did you mean 'soon'"),
    ],
)
def test_names_that_were_asked_for_must_exist_and_have_code(selection: Selection, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build_matrix(catalogue(), "p", selection)


def test_an_unknown_profile() -> None:
    with pytest.raises(ConfigError, match="unknown profile 'q'"):
        build_matrix(catalogue(), "q")


def test_engine_settings_come_from_profile_then_model_then_recipe() -> None:
    made = catalogue(
        models={"m": ModelSpec("m", "hf:a/m", engine={"seed": 2, "threads": 2, "window_tokens": 100})},
        recipes={"kv": Recipe("kv", "base", engine={"threads": 3, "kv_cache_dtype": "fp8"})},
    )
    profile = Profile("p", ("m",), ("base",), ("t1",), engine={"seed": 1, "threads": 1, "block_tokens": 16})
    found = engine_settings(made, profile, "m", "kv")
    assert (found.block_tokens, found.seed, found.threads, found.kv_cache_dtype) == (16, 2, 3, "fp8")
    assert found.dtype == "bfloat16"


@pytest.mark.parametrize(("own", "asked", "window"), [(2048, 4096, 2048), (8192, 4096, 4096), (None, 99, 99)])
def test_the_window_never_exceeds_the_model(own: int | None, asked: int, window: int) -> None:
    made = catalogue(models={"m": ModelSpec("m", "hf:a/m", window_tokens=own)})
    profile = Profile("p", ("m",), ("base",), ("t1",), engine={"window_tokens": asked})
    assert engine_settings(made, profile, "m", "base").window_tokens == window


def test_groups_are_engine_groups_in_order_of_appearance() -> None:
    cases = build_matrix(catalogue(), "p").cases
    found = groups(reversed(cases))
    assert list(found) == ["m1:half", "m1:base", "m2:only-m2", "m2:half", "m2:base"]
    assert found["m1:half"] == [Case("m1", "half", "t1"), Case("m1", "half", "t2")]
    assert sum(len(group) for group in found.values()) == len(cases)


def test_case_ids_are_read_back_and_broken_ones_refused() -> None:
    for case in build_matrix(load_catalogue(), "paper").cases:
        assert Case.parse(case.id) == case
    assert Case.parse("m:awq-w4g128+autoawq:t").compression == "awq-w4g128+autoawq"
    for broken in (
        "m:base",
        "m:base:t:x",
        "M:base:t",
        "m::t",
        "m+x:base:t",
        "m:base:t+x",
        "m:a+b+c:t",
        "m_:b:t",
    ):
        with pytest.raises(ConfigError, match="case id"):
            Case.parse(broken)


MANY = """
import json, sys, time
from acbench.cases import ModelSpec, Recipe, TaskEntry
from acbench.config import Catalogue, Profile, load_catalogue
from acbench.matrix import build_matrix, groups
from acbench.thresholds import read_thresholds
read_thresholds(load_catalogue())
models = [f"m{i}" for i in range(20)]
recipes = ["base", *(f"r{i}" for i in range(24))]
tasks = [f"t{i}" for i in range(20)]
catalogue = Catalogue(
    {m: ModelSpec(m, "hf:a/b") for m in models},
    {r: Recipe(r, "rtn") for r in recipes},
    {t: TaskEntry(t, "workflow") for t in tasks},
    {"p": Profile("p", tuple(models), tuple(recipes), tuple(tasks))},
    {}, (), (),
)
began = time.process_time()
cases = build_matrix(catalogue, "p").cases
seconds = time.process_time() - began
heavy = ("torch", "transformers", "vllm", "tokenizers", "safetensors", "numpy", "huggingface_hub")
loaded = [name for name in heavy if name in sys.modules]
print(json.dumps([len(set(cases)), len(groups(cases)), loaded, seconds]))
"""


def test_ten_thousand_cases_are_cheap_and_load_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MANY], capture_output=True, text=True, env=child_env(), check=True
    )
    count, engine_groups, loaded, seconds = json.loads(done.stdout)
    assert (count, engine_groups, loaded) == (10_000, 500, [])
    assert seconds < 2


def test_remote_code_is_trusted_only_where_the_user_said_so(tmp_path: Path) -> None:
    file = tmp_path / "acbench.toml"
    file.write_text("[models.minicpm3-4b]\ntrust_remote_code = true\n")
    for catalogue, trusted in ((load_catalogue(), False), (load_catalogue(file), True)):
        settings = engine_settings(catalogue, catalogue.profile("paper"), "minicpm3-4b", "base")
        assert settings.extra.get("trust_remote_code", False) is trusted


# -- tasks on demand ---------------------------------------------------------------------------------

OFFERED = ("real-world", "far", "t1")


def offering(**changes: object) -> Catalogue:
    """A profile with the task t1 of its own, which offers the others; t1 is offered, too, and soon has no code."""
    made = catalogue(
        tasks={
            "t1": TaskEntry("t1", "tool_use"),
            "webshop": TaskEntry("webshop", "real_world"),
            "tool-query": TaskEntry("tool-query", "real_world"),
            "soon": TaskEntry("soon", "real_world", planned="later"),
            "far": TaskEntry("far", "workflow"),
        },
        selections={"real-world": ("webshop", "tool-query", "soon")},
    )
    profile = Profile("p", ("m1",), ("base", "half"), ("t1",), on_demand=OFFERED)
    return replace(made, profiles={"p": profile}, **changes)  # type: ignore[arg-type]


REAL = ("webshop", "tool-query")


@pytest.mark.parametrize(
    ("marks", "keywords", "brought"),
    [
        ("", "", ()),
        ("real_world", "", REAL),
        ("not real_world", "", ()),
        ("not not real_world", "", REAL),
        ("not (diagnostic or real_world)", "", ()),
        ("not (diagnostic or not real_world)", "", REAL),
        ("not (diagnostic or (workflow or real_world))", "", ()),
        ("not(real_world)", "", ()),
        ("(real_world) and not diagnostic", "", REAL),
        ("not diagnostic and real_world", "", REAL),
        ("workflow or real_world", "", (*REAL, "far")),
        ("tool_use", "", ()),
        ("real", "", ()),  # a mark is a whole word
        ("", "webshop", ("webshop",)),
        ("", "WebShop", ("webshop",)),
        ("", "web", ("webshop",)),
        ("", "not webshop", ()),
        ("", "not (half or webshop)", ()),
        ("", "m1 and not (half or base) and tool", ("tool-query",)),
        ("", "m1:half:webshop", ("webshop",)),
        ("", "m1:half:web", ("webshop",)),
        ("", "half:shop", ()),  # behind a colon a name begins
        ("", "m1:half", ()),
        ("", "m1:half:", ()),
        ("", "[m1:half:webshop]", ("webshop",)),
        ("", "test_case", ()),
        ("", "half or only-m2 or m1", ()),
        ("", "far or webshop", ("webshop", "far")),
        ("", "soon", ()),  # it has no code
        ("not real_world", "webshop", ("webshop",)),
    ],
)
def test_what_brings_a_task_on_demand_in(marks: str, keywords: str, brought: tuple[str, ...]) -> None:
    matrix = build_matrix(offering(), "p", Selection(marks=marks, keywords=keywords))
    tasks = ("t1", *brought)
    assert ids(matrix) == [f"m1:{recipe}:{task}" for recipe in ("base", "half") for task in tasks]
    assert set(matrix.on_demand) == {*REAL, "far"} - set(brought)


def test_tasks_on_demand_leave_a_plain_run_as_it_is() -> None:
    offered = offering()
    without = replace(offered.profiles["p"], on_demand=())
    plain = build_matrix(replace(offered, profiles={"p": without}), "p")
    assert build_matrix(offered, "p").cases == plain.cases
    assert plain.on_demand == ()


def test_tasks_that_are_named_are_all_there_is() -> None:
    chosen = Selection(tasks=("tool-query",), marks="real_world", keywords="webshop")
    matrix = build_matrix(offering(), "p", chosen)
    assert [case.task for case in matrix.cases] == ["tool-query"] * 2
    assert matrix.on_demand == ("webshop", "far", "t1")
    with pytest.raises(ConfigError, match="task 'soon' is planned"):
        build_matrix(offering(), "p", Selection(tasks=("soon",)))


def test_a_hundred_brackets_and_none_that_close() -> None:
    deep = "(" * 100 + "real_world"
    assert Selection(marks=deep).demands("webshop", "real_world")
    assert Selection(marks="real_world" + ")" * 100).demands("webshop", "real_world")
