"""The tasks: embedded pack, episodes, channels, settings, records, files and the table."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from teval_stubs import EqualTexts, gold_of, play, scored, task

from acbench.errors import ConfigError, DataError
from acbench.tasks.protocol import Prediction
from acbench.tasks.registry import T_EVAL, open_scorer, open_task, task_info
from acbench.tasks.teval.columns import COLUMNS
from acbench.tasks.teval.info import CHANNELS
from acbench.tasks.teval.marks import OUTCOMES
from acbench.tasks.teval.messages import prepare
from acbench.tasks.teval.table import table

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [name.replace("-", "_") for name in T_EVAL]
JOINT = ["reason_json", "retrieve_json", "understand_json"]


def test_the_registry_knows_the_eleven_columns() -> None:
    assert list(COLUMNS) == NAMES
    for name in T_EVAL:
        info = task_info(f"t-eval-{name}")
        assert info.slug == f"t-eval-{name}"
        assert info.capability == "tool_use"
        assert info.metrics[-1].name == "gold_loglik"
        assert f"{info.metrics[0].name}_upstream" in [metric.name for metric in info.metrics]
    assert {task_info(f"t-eval-{name}").generation for name in T_EVAL if name.endswith("-json")} == {
        "",
        "t-eval-joint-json",
    }


@pytest.mark.parametrize("column", NAMES)
def test_every_gold_answer_of_the_pack_scores_one(column: str) -> None:
    opened = task(column)
    samples = opened.samples()
    assert len(samples) == 60
    assert Counter(sample.level for sample in samples) == dict.fromkeys(
        ("level1", "level2", "level3", "level4"), 15
    )
    assert len({sample.id for sample in samples}) == 60
    names = {metric.name for metric in opened.info.metrics}
    for sample in samples:
        grade = play(opened, sample, gold_of(opened, sample))
        assert grade.scores[opened.info.metrics[0].name] == 1, (sample.id, grade)
        assert grade.channel == "correct"
        assert set(grade.scores) == names
        assert grade.scores["gold_loglik"] == -1


@pytest.mark.parametrize("column", NAMES)
def test_samples_are_plain_stable_and_hold_all_the_episode_needs(column: str) -> None:
    first, second = task(column).samples(), task(column).samples()
    assert first == second
    for sample in first:
        assert json.loads(json.dumps(sample.data)) == sample.data
        asked = "\n".join(content for _, content in sample.data["messages"])
        assert "ground_truth" not in asked
        assert sample.estimated_prompt_tokens > 0
    fewer = task(column, levels=["level4", "level1"], per_level=5).samples()
    assert [s.id for s in fewer] == [
        s.id for s in first if s.level in ("level1", "level4") and s.id[-3:] < "005"
    ]
    assert task(column, seed=1, per_level=5).samples() != task(column, per_level=5).samples()


def test_the_joint_columns_ask_the_same() -> None:
    made = [task(column).samples() for column in JOINT]
    assert made[0] == made[1] == made[2]
    prompts = [[task(column).open(sample).ask() for sample in made[0][:20]] for column in JOINT]
    assert prompts[0] == prompts[1] == prompts[2]


def test_review_letters_are_balanced() -> None:
    letters = Counter((s.level, s.data["record"]["gold"]["answer"]) for s in task("review").samples())
    assert set(letters.values()) == {3}
    assert len(letters) == 20


def test_review_responses_vary_within_a_letter() -> None:
    foreign = {
        s.data["messages"][-1][1].rpartition("Response: ")[2]
        for s in task("review").samples()
        if s.data["record"]["gold"]["answer"] == "D"
    }
    assert len(foreign) >= 4


@pytest.mark.parametrize("column", ["plan_json", "plan_str", "reason_str", "retrieve_str", "reason_json"])
def test_prompts_with_an_order_say_which(column: str) -> None:
    # the parts of a request are independent: without this word another order would be as right as the gold one
    for sample in task(column, per_level=2).samples():
        assert "order" in sample.data["messages"][0][1].partition("Tools:")[0]


def test_instruct_layouts_vary() -> None:
    for column in ("instruct_str", "instruct_json"):
        templates = {json.dumps(s.data["record"]["template"]) for s in task(column).samples()}
        assert len(templates) == 5


def test_channels_are_a_partition() -> None:
    opened = task("plan_json", per_level=1)
    sample = opened.samples()[-1]
    right = gold_of(opened, sample)
    wrong = '[{"id": 0, "name": "x", "args": {}}]'
    some = json.dumps(json.loads(right)[:1])
    for answer, finish, channel in (
        (right, "stop", "correct"),
        (right, "length", "correct"),
        (some, "stop", "partial"),
        (some, "length", "cut"),
        (wrong, "stop", "wrong"),
        ("no", "stop", "unparsed"),
        ("[", "length", "cut"),
    ):
        grade = play(opened, sample, answer, finish)
        assert grade.channel == channel
        assert grade.channel in CHANNELS
        assert grade.detail["outcome"] in OUTCOMES
    late = play(opened, sample, "", "too_long")
    assert (late.state, late.channel, dict(late.scores)) == ("too_long", "too_long", {})
    assert play(opened, sample, "[", "length").detail["outcome"] == "cut"


def test_the_mode_chooses_the_primary_value() -> None:
    for mode, value in (("corrected", 0), ("upstream", 1)):
        opened = task("plan_json", mode=mode, levels=["level1"], per_level=1, likelihood=False)
        grade = play(opened, opened.samples()[0], '[{"id": 0, "name": "x", "args": {}}]')
        assert (grade.scores["f1"], grade.scores["f1_upstream"]) == (value, 1)
        assert "gold_loglik" not in grade.scores


def test_texts_are_embedded_in_one_batch() -> None:
    stub = EqualTexts()
    opened = task("plan_json", model=stub, per_level=3)
    episodes = []
    for sample in opened.samples():
        episode = opened.open(sample)
        while (prompt := episode.ask()) is not None:
            reply = type(
                "R", (), {"text": gold_of(opened, sample), "finish_reason": "stop", "logprobs": (-1.0,)}
            )
            episode.tell(reply)  # type: ignore[arg-type]
            assert prompt.messages
        episodes.append(episode)
    prepare_grading: Any = opened.prepare_grading  # type: ignore[attr-defined]
    prepare_grading(episodes)
    assert len(stub.batches) == 1
    assert opened.scoring == {"embedder": "stub", "mode": "corrected"}  # type: ignore[attr-defined]
    assert task("review").scoring == {"mode": "corrected"}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"per_levle": 3}, "'per_levle'.*'per_level'"),
        ({"levels": ["level5"]}, "levels.*'level4'"),
        ({"levels": []}, "levels"),
        ({"per_level": 0}, "per_level"),
        ({"seed": "1"}, "seed"),
        ({"max_tokens": True}, "max_tokens"),
        ({"likelihood": 1}, "likelihood"),
        ({"embedder": ""}, "embedder"),
    ],
)
def test_wrong_settings_name_the_key(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        task("plan_json", **given)


def test_wrong_column_and_mode() -> None:
    with pytest.raises(ConfigError, match="plan_json"):
        task("plan_jsn")
    with pytest.raises(ConfigError, match="'upstream'"):
        task("review", mode="upstraem")


RECORD: dict[str, Any] = {
    "meta": {"prompt_type": "json", "API_list": ["A.b"]},
    "ground_truth": [{"id": 0, "prev": [], "name": "A.b", "args": {}}],
    "origin_prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
}


def write(folder: Path, name: str, content: Any) -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def test_a_users_folder(tmp_path: Path) -> None:
    many = {f"query_{a}_{b}": RECORD for a in range(3) for b in range(2)}
    write(tmp_path, "data/plan_json_v2.json", many)
    samples = task("plan_json", data_dir=tmp_path).samples()
    assert [s.id for s in samples] == list(many)
    assert [s.cluster for s in samples] == ["query_0"] * 2 + ["query_1"] * 2 + ["query_2"] * 2
    assert [s.id for s in task("plan_json", data_dir=tmp_path, per_level=2).samples()] == [
        "query_0_0",
        "query_1_1",
    ]
    with pytest.raises(ConfigError, match="levels"):
        task("plan_json", data_dir=tmp_path, levels=["level1"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ground_truth": None}, "'r'.*ground_truth"),
        ({"ground_truth": [{"id": 0, "args": {}}]}, r"ground_truth\[0\].name"),
        ({"ground_truth": [{"id": "0", "name": "A.b", "args": {}}]}, r"ground_truth\[0\].id"),
        ({"meta": {"prompt_type": "xml"}}, "meta.prompt_type"),
        ({"meta": {"prompt_type": "str"}}, "meta.API_list"),
        ({"origin_prompt": []}, "origin_prompt"),
        ({"origin_prompt": [{"role": "boss", "content": "x"}]}, r"origin_prompt\[0\].role"),
    ],
)
def test_malformed_records_name_record_and_field(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    write(tmp_path, "plan_json_v2.json", {"r": {**RECORD, **change}})
    with pytest.raises(DataError, match=message):
        task("plan_json", data_dir=tmp_path).samples()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "plan_json_v2.json is empty"),
        ("{", "line 1"),
        ("[]", "one JSON object"),
        ("{}", "at least one"),
        ('{"a": {}, "a": {}}', "'a' stands twice"),
    ],
)
def test_malformed_files(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, "plan_json_v2.json", text)
    with pytest.raises(DataError, match=message):
        task("plan_json", data_dir=tmp_path).samples()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="reason_retrieve_understand_json_v2"):
        task("retrieve_json", data_dir=tmp_path).samples()
    with pytest.raises(DataError, match="does not exist"):
        task("retrieve_json", data_dir=tmp_path / "no").samples()


def test_messages() -> None:
    given = [
        ("system", "s"),
        ("user", "q"),
        ("assistant", "a"),
        ("function", "f"),
        ("system", "g"),
        ("user", "u"),
    ]
    assert prepare(given) == [("system", "s"), ("user", "q"), ("assistant", "a"), ("user", "f\n\ng\n\nu")]


def test_scorer_errors_name_the_field_and_prepare_never_raises() -> None:
    scorer = open_scorer("t-eval-review", mode="corrected", embedder=EqualTexts)
    line = Prediction("7", {"ground_truth": {"answer": "F"}}, "x")
    scorer.prepare([line])
    with pytest.raises(DataError, match=r"'7'.*ground_truth.answer"):
        scorer.score(line)
    joint = open_scorer("t-eval-reason-json", mode="corrected", embedder=EqualTexts)
    joint.prepare([line, Prediction("8", None, "x")])
    for column, gold, message in (
        ("instruct-json", {"ground_truth": {"action": "A.b", "args": {}}}, "'9'.*'template' is missing"),
        (
            "instruct-json",
            {"template": {}, "ground_truth": {"action": "A.b"}},
            "ground_truth.args' is missing",
        ),
        ("retrieve-str", {"ground_truth": {"name": ""}}, "ground_truth.name' is empty"),
        ("retrieve-str", {"ground_truth": {"name": "A.b"}, "meta_data": [1]}, "meta_data' must be an object"),
        (
            "retrieve-str",
            {"ground_truth": {"name": "A.b"}, "meta_data": {"API_list": [1]}},
            "meta_data.API_list' must be a list",
        ),
        ("plan-json", [], "'9' must be an object with ground_truth"),
    ):
        with pytest.raises(DataError, match=message):
            open_scorer(f"t-eval-{column}", mode="upstream", embedder=EqualTexts).score(
                Prediction("9", gold, "x")
            )
    with pytest.raises(DataError, match="record '8' must be an object"):
        joint.score(Prediction("8", None, "x"))


def _golds() -> dict[str, Any]:
    layout = ("thought_start", "thought_end", "action_start", "action_end", "args_start", "args_end")
    literals = dict(zip(layout, ("g:", "\n", "n(:", "\n", "a:", ""), strict=True))
    call = {"action": "A.b", "args": {"x": 1}}
    step = {"thought": "t", "name": "A.b", "args": {"x": "y"}}
    return {
        "instruct_str": {
            "template": literals,
            "meta_data": {"response_format": "string"},
            "ground_truth": call,
        },
        "instruct_json": {"template": {"thought": "t", "action": "n", "args": "a"}, "ground_truth": call},
        "plan_json": RECORD,
        "plan_str": {**RECORD, "meta": {"prompt_type": "str", "API_list": ["A.b", "A.b.c"]}},
        **{name: {"ground_truth": step} for name in ("reason_str", "retrieve_str", "understand_str", *JOINT)},
        "review": {"ground_truth": {"answer": "B"}},
    }


PIECES = st.sampled_from(
    [
        *(
            '{"t":',
            '"n":',
            "[",
            "]",
            "{",
            "}",
            "'",
            '"',
            "A.b",
            "\n",
            "g:",
            "n(:",
            "a:",
            "\\ud800",
            "\ud800",
            "1e999",
        ),
        *(
            "```json",
            "NaN",
            "0xfffff",
            "Answer",
            ":",
            "true",
            "None",
            "\\",
            ",",
            '"id": 0',
            '"name": "A.b"',
            "\x00",
        ),
        *('{"thought": "t", "name": "A.b", "args": {"x": "y"}}', '[{"id": 0, "name": "A.b", "args": "{}"}]'),
    ]
)
ANSWERS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join))


@settings(max_examples=150)
@given(ANSWERS)
def test_no_text_makes_a_scorer_raise(answer: str) -> None:
    for column, gold in _golds().items():
        for mode in ("upstream", "corrected"):
            found = scored(column, gold, answer, mode)
            assert found.outcome in OUTCOMES
            assert all(0 <= value <= 1 for value in found.scores.values())


@pytest.mark.parametrize(
    "answer", ["[" * 20_000, "{" * 20_000, "a" * 50_000, "Answer " * 5000, "{'a':" * 3000]
)
def test_long_answers_take_no_time(answer: str) -> None:
    for column, gold in _golds().items():
        for mode in ("upstream", "corrected"):
            assert scored(column, gold, answer, mode).outcome in OUTCOMES


def test_the_table_of_the_specification() -> None:
    means = {
        **{"instruct_json": (0.625 + 0.5521) / 2, "instruct_str": (0.5625 + 0.3125) / 2},
        **{f"plan_{form}": 0.631 for form in ("str", "json")},
        **{f"reason_{form}": 0.553 for form in ("str", "json")},
        **{f"retrieve_{form}": 0.449 for form in ("str", "json")},
        **{f"understand_{form}": 0.482 for form in ("str", "json")},
        "review": 0.433,
    }
    made = table(means)
    assert made.columns["instruct_json"] == pytest.approx(0.58855)
    assert made.columns["instruct_str"] == pytest.approx(0.4375)
    assert made.groups["instruct"] == pytest.approx(0.513025)
    assert made.overall == pytest.approx((0.513025 + 0.631 + 0.553 + 0.449 + 0.482 + 0.433) / 6)
    assert round(100 * (made.overall or 0), 1) == 51.0
    assert made.overall_columns == pytest.approx(sum(means.values()) / 11)
    assert not made.partial


def test_a_partial_table_has_no_nan() -> None:
    made = table({"instruct_json": 0.5, "instruct_str": math.nan, "plan_str": None, "review": 1.0})
    assert made.partial
    assert (made.groups["instruct"], made.groups["plan"], made.overall, made.overall_columns) == (
        0.5,
        None,
        0.75,
        0.75,
    )
    assert table({}).overall is None
    with pytest.raises(DataError, match="plan_json"):
        table({"plan_jsn": 1.0})


def test_open_task_through_the_registry() -> None:
    from teval_stubs import Words

    from acbench.tasks.protocol import TaskContext

    assert open_task("t-eval-plan-json", TaskContext(Words(), 4096)).info.slug == "t-eval-plan-json"
