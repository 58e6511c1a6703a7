"""Prompts, the embedded pack, a user's folder, and whole episodes with scripted models."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from acbench.errors import ConfigError, DataError
from acbench.tasks.longgenbench import open_task, task_info
from acbench.tasks.longgenbench.choices import PLACES, SUBJECTS, TOOLS, WEEKDAYS
from acbench.tasks.longgenbench.forms import FORMS
from acbench.tasks.longgenbench.packing import Item, pack
from acbench.tasks.longgenbench.reading import demonstrations
from acbench.tasks.protocol import Reply, TaskContext

if TYPE_CHECKING:
    from acbench.tasks.protocol import Grade, Prompt, Sample, Task

DATA = Path(__file__).parents[4] / "shared" / "data" / "longgenbench"


class Words:
    """A renderer whose tokens are words."""

    def count(self, text: str) -> int:
        return len(text.split())

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\S+", text)]

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        return tuple(range(sum(self.count(message.content) for message in prompt.messages)))


def task(
    form: str = "gsm8k", *, folder: Path | None = None, mode: str = "corrected", **settings: Any
) -> Task:
    return open_task(TaskContext(Words(), 8192, settings, folder, mode), form)


def play(opened: Task, sample: Sample, text: str, *, finish: str = "stop") -> Grade:
    episode = opened.open(sample)
    prompt = episode.ask()
    assert prompt is not None
    episode.tell(Reply(text, finish, 10, len(text.split())))
    scored = episode.ask()
    if scored is not None:
        assert scored.continuation == sample.data["gold"]
        episode.tell(Reply("", "scored", logprobs=(-1.0, -3.0)))
    assert episode.ask() is None
    return episode.grade()


def headers(text: str, kind: str = "Question") -> list[int]:
    return [int(number) for number in re.findall(rf"^{kind}_([0-9]+):$", text, flags=re.MULTILINE)]


# -- packing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("k", "demos"), [(1, 0), (5, 3), (40, 3)])
def test_every_prompt_has_k_consecutive_questions_and_no_gold(form: str, k: int, demos: int) -> None:
    for sample in task(form, k=k, demos=demos, prompts=2).samples():
        user = sample.data["user"]
        assert headers(user) == list(range(1, demos + k + 1))
        assert headers(user, "Answer") == list(range(1, demos + 1))
        assert sample.data["first"] == demos + 1
        assert len(sample.data["answers"]) == k
        assert user.endswith("\n\n")


def test_options_stand_on_the_next_line_and_blank_lines_stay() -> None:
    item = Item("first line\n\nlast line", "B", options=("None", "two", "three", "four"))
    packed = pack([item], [], letters=True, subject="nutrition")
    assert "Question_1:\nfirst line\n\nlast line\n(A) None (B) two (C) three (D) four\n\n" in packed.user
    assert "nutrition" in packed.system


def test_numbers_may_start_where_a_published_layout_starts() -> None:
    demo = Item("d", "", worked="w The answer is (A).")
    packed = pack([Item("q", "A"), Item("r", "B")], [demo] * 4, letters=True, first=6)
    assert headers(packed.user) == [1, 2, 3, 4, 6, 7]
    assert (packed.first, packed.gold) == (6, "")


# -- the embedded pack -------------------------------------------------------------------------------


def test_the_pack_is_reproducible_and_its_seed_changes_it() -> None:
    one, two = task(k=5).samples(), task(k=5).samples()
    assert list(one) == list(two)
    other = task(k=5, seed=1).samples()
    assert one
    assert {s.data["user"] for s in one}.isdisjoint(s.data["user"] for s in other)


@pytest.mark.parametrize("form", FORMS)
def test_no_question_comes_twice_in_a_prompt(form: str) -> None:
    for sample in task(form, prompts=3).samples():
        shown = re.split(r"^Question_[0-9]+:$", sample.data["user"], flags=re.MULTILINE)[1:]
        assert len({text.strip() for text in shown}) == len(shown)


def test_every_worked_answer_is_right_arithmetic() -> None:
    """Second derivation: all equations of all golds are recomputed, and the last one is the answer."""
    checked = 0
    for sample in task(prompts=6).samples():
        for answer in sample.data["answers"]:
            steps, _, value = answer.rpartition("\n#### ")
            equations = re.findall(r"([0-9+*/ -]*[0-9]) = ([0-9]+)", steps)
            assert len(equations) == int(sample.level[1:])  # L2 takes two steps
            for left, right in equations:
                numbers = [int(n) for n in re.findall("[0-9]+", left)]
                signs = set(re.findall(r"[+*/-]", left))
                result = {
                    "+": sum(numbers),
                    "-": numbers[0] - sum(numbers[1:]),
                    "*": numbers[0] * numbers[-1],
                    "/": numbers[0] / numbers[-1],
                }
                assert len(signs) == 1
                assert result[signs.pop()] == int(right)
                checked += 1
            assert equations[-1][1] == value
    assert checked > 1000


def _solve(question: str, options: dict[str, str]) -> str:
    """Answers a multiple-choice question from its text alone, without the generator's knowledge."""
    numbers = [int(n) for n in re.findall(r"[0-9]+", question)]
    value: str | None = None
    if question.startswith("What is ") and "+" in question:
        value = str(sum(numbers))
    elif question.startswith(("What is the area", "What is ")) and ("*" in question or "area" in question):
        value = str(numbers[0] * numbers[1])
    elif "largest" in question:
        value = str(max(int(text) for text in options.values()))
    elif "alphabetical" in question:
        value = min(options.values())
    elif "last letter" in question:
        value = question.split('"')[1][-1]
    elif "day of the week" in question:
        step = numbers[0] if numbers else 1
        value = WEEKDAYS[(WEEKDAYS.index(question.rstrip("?").split()[-1]) + step) % 7]
    elif "right before" in question:
        import calendar

        names = list(calendar.month_name)[1:]
        value = names[names.index(question.rstrip("?").split()[-1]) - 1]
    elif "How many sides" in question:
        value = {"triangle": "3", "square": "4", "pentagon": "5", "hexagon": "6", "octagon": "8"}[
            question.split()[-2]
        ]
    elif "in one" in question:
        table = {"metres": 1000, "minutes": 60, "centimetres": 100, "grams": 1000, "seconds": 60, "hours": 24}
        value = str(table[question.split()[2]])
    elif "legs" in question:
        legs = {
            "spider": 8,
            "ant": 6,
            "beetle": 6,
            "duck": 2,
            "chicken": 2,
            "owl": 2,
            "horse": 4,
            "cow": 4,
            "cat": 4,
        }
        value = str(sum(legs[name] for name in re.findall(r"healthy (\w+)", question)))
    elif "most likely go to" in question:
        deed = question.rstrip("?").partition("go to ")[2]
        value = next(place for place, deeds in PLACES.items() if deed in deeds)
    elif "most useful for" in question:
        use = question.rstrip("?").partition("useful for ")[2]
        value = next(tool for tool, uses in TOOLS.items() if use in uses)
    assert value is not None, question
    fitting = [letter for letter, text in options.items() if text == value]
    assert len(fitting) == 1, (question, options)
    return fitting[0]


@pytest.mark.parametrize("form", ["mmlu", "csqa"])
def test_every_letter_follows_from_the_question(form: str) -> None:
    letters: set[str] = set()
    for sample in task(form, prompts=4).samples():
        shown = re.split(r"^Question_[0-9]+:\n", sample.data["user"], flags=re.MULTILINE)
        for text, answer in zip(shown[-len(sample.data["answers"]) :], sample.data["answers"], strict=True):
            question, _, line = text.strip().partition("\n(A) ")
            parts = re.split(r" \(([B-E])\) ", line)
            options = {"A": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}
            assert _solve(question, options) == answer
            letters.add(answer)
    assert letters == set("ABCDE" if form == "csqa" else "ABCD")


def test_mmlu_prompts_keep_to_one_subject() -> None:
    samples = task("mmlu", prompts=1, k=3).samples()
    assert {sample.level for sample in samples} == set(SUBJECTS)
    assert all(sample.level.replace("_", " ") in sample.data["system"] for sample in samples)


# -- episodes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_the_gold_reply_scores_one_in_both_modes(form: str) -> None:
    for mode, cue in (("corrected", True), ("corrected", False), ("upstream", True)):
        opened = task(form, k=6, prompts=2, mode=mode, cue=cue)
        for sample in opened.samples():
            assert sample.data["gold"].startswith("Answer_") == (not sample.data["cue"])
            grade = play(opened, sample, sample.data["gold"])
            assert grade.scores["accuracy"] == grade.scores["accuracy_upstream"] == 1
            assert grade.scores["gold_loglik"] == -2.0
            assert grade.channel == "correct"


def test_the_cue_begins_the_reply_and_is_off_for_a_users_data(tmp_path: Path) -> None:
    opened = task(k=2, prompts=1)
    prompt = opened.open(opened.samples()[0]).ask()
    assert prompt is not None
    assert prompt.prefill == "Answer_4:\n"
    write_lines(tmp_path / "gsm8k_test.jsonl", numbers(2))
    other = task(folder=tmp_path, k=2)
    plain = other.open(other.samples()[0]).ask()
    assert plain is not None
    assert plain.prefill == ""


@pytest.mark.parametrize("again", ["Answer_4:\n", "\n**Answer 4:** ", "Answer_4: "])
def test_a_label_that_is_written_once_more_is_no_empty_answer(again: str) -> None:
    opened = task(k=2, prompts=1, levels=["L1"])
    sample = opened.samples()[0]
    assert play(opened, sample, again + sample.data["gold"]).scores["accuracy"] == 1
    assert play(opened, sample, "</think>" + again + sample.data["gold"]).scores["accuracy"] == 1


def test_an_unknown_source_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="source must be"):
        task(folder=tmp_path, source="web")


def test_half_an_answer_and_the_wrong_order() -> None:
    opened = task(k=4, prompts=1, levels=["L1"], cue=False)
    sample = opened.samples()[0]
    parts = sample.data["gold"].split("\n\n")
    half = play(opened, sample, "\n\n".join(parts[:2]), finish="length")
    assert (half.scores["accuracy"], half.scores["completion"], half.channel) == (0.5, 0.5, "cut")
    assert (half.scores["position_1"], half.scores["position_4"], half.scores["hit_limit"]) == (1, 0, 1)
    back = play(opened, sample, "\n\n".join(reversed(parts)))
    assert back.scores["accuracy"] == 1  # found by number
    assert back.scores["accuracy_upstream"] < 1  # paired by position


def test_in_mode_upstream_the_published_score_is_judged() -> None:
    opened = task(k=4, prompts=1, levels=["L1"], mode="upstream", cue=False)
    sample = opened.samples()[0]
    grade = play(opened, sample, "\n\n".join(reversed(sample.data["gold"].split("\n\n"))))
    assert grade.scores["accuracy"] == grade.scores["accuracy_upstream"] < 1


def test_a_loop_is_its_own_channel() -> None:
    opened = task(k=4, prompts=1)
    grade = play(opened, opened.samples()[0], "again and again " * 60, finish="length")
    assert (grade.channel, grade.scores["loop"]) == ("loop", 1)


def test_too_long_has_no_score() -> None:
    opened = task(k=4, prompts=1)
    episode = opened.open(opened.samples()[0])
    episode.ask()
    episode.tell(Reply("", "too_long"))
    assert (episode.grade().state, dict(episode.grade().scores)) == ("too_long", {})


def test_info_lists_every_score_and_channel() -> None:
    opened = task(k=10, prompts=1)
    sample = opened.samples()[0]
    grade = play(opened, sample, sample.data["gold"])
    assert set(grade.scores) == {metric.name for metric in task_info("gsm8k").metrics}


# -- a user's folder ---------------------------------------------------------------------------------


def write_lines(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def numbers(count: int) -> list[dict[str, Any]]:
    return [
        {"question": f"What is {i} + 1?", "answer": f"{i} + 1 = {i + 1}\n#### {i + 1}"} for i in range(count)
    ]


def test_raw_gsm8k_is_packed_and_a_short_last_batch_dropped(tmp_path: Path) -> None:
    write_lines(tmp_path / "gsm8k_test.jsonl", numbers(7))
    samples = task(folder=tmp_path, k=3).samples()
    assert sorted(sample.id for sample in samples) == ["gsm8k-01", "gsm8k-02"]
    assert {sample.data["first"] for sample in samples} == {4}
    published = task(folder=tmp_path, k=3, mode="upstream").samples()
    assert {sample.data["first"] for sample in published} == {9}


def test_mmlu_cells_stay_text_and_subjects_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "mmlu" / "test"
    folder.mkdir(parents=True)
    (folder / "sports_test.csv").write_text('"a, or\n\nb?",None,"x",nan,,B\nc?,1,2,3,4,D\n', encoding="utf-8")
    (sample,) = task("mmlu", folder=tmp_path, k=2).samples()
    assert "a, or\n\nb?\n(A) None (B) x (C) nan (D) \n" in sample.data["user"]
    assert sample.data["answers"] == ["B", "D"]
    assert "sports" in sample.data["system"]


def test_packed_prompts_are_used_as_they_are(tmp_path: Path) -> None:
    prompt = "Question_1:\nd\n\nAnswer_1:\n\nQuestion_2:\nseparator \u2028 inside\n\n"
    write_lines(tmp_path / "packed" / "mmlu_1.jsonl", [{"prompt": prompt, "answers": ["C"], "task": "x_y"}])
    (sample,) = task("mmlu", folder=tmp_path, k=1).samples()
    assert sample.data["user"] == prompt
    assert (sample.data["first"], sample.level) == (2, "x_y")
    assert "x y" in sample.data["system"]


@pytest.mark.parametrize(
    ("file", "text", "form", "message"),
    [
        ("gsm8k_test.jsonl", "{\n", "gsm8k", "gsm8k_test.jsonl, line 1: not valid JSON"),
        ("gsm8k_test.jsonl", "[1]\n", "gsm8k", "line 1: expected a JSON object"),
        ("gsm8k_test.jsonl", '\n{"question": "q"}\n', "gsm8k", "line 2: field 'answer' must be text"),
        (
            "gsm8k_test.jsonl",
            '{"question": "q", "answer": "five"}\n',
            "gsm8k",
            r"line 1: field 'answers'\[0\]",
        ),
        (
            "gsm8k_test.jsonl",
            '{"question": "q", "answer": "#### 5"}\n',
            "gsm8k",
            "1 questions are fewer than k = 2",
        ),
        ("mmlu/test/a_test.csv", "q,1,2,3,A\n", "mmlu", "a_test.csv, record 1: expected .* got 5 cells"),
        (
            "validation.jsonl",
            '{"question": "q", "choices": {"text": ["a"]}}\n',
            "csqa",
            "must hold five texts",
        ),
        ("packed/csqa_2.jsonl", '{"prompt": "", "answers": ["A"]}\n', "csqa", "field 'prompt' must be text"),
        ("packed/csqa_2.jsonl", '{"prompt": "p", "answers": ["Z"]}\n', "csqa", "not a letter A to E"),
    ],
)
def test_malformed_files_are_named(tmp_path: Path, file: str, text: str, form: str, message: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        task(form, folder=tmp_path, k=2).samples()


def test_an_empty_folder_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither raw csqa data .*validation.jsonl.* nor csqa_40.jsonl"):
        task("csqa", folder=tmp_path).samples()
    with pytest.raises(DataError, match="no raw mmlu data"):
        task("mmlu", folder=tmp_path, source="raw").samples()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"promts": 3}, "unknown setting 'promts'; did you mean 'prompts'"),
        ({"k": 0}, "k must be a whole number of at least 1"),
        ({"k": 41}, "at most 40"),
        ({"demos": 4}, "3 built-in demonstrations"),
        ({"max_tokens": True}, "max_tokens must be"),
        ({"levels": ["L9"]}, "levels must be"),
        ({"levels": [["L1"]]}, "levels must be"),
        ({"levels": ["L1", "L1"]}, "stands there twice"),
        ({"source": "raw"}, "there is none"),
        ({"likelihood": 1}, "likelihood must be"),
        ({"cue": "yes"}, "cue must be"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        task(**settings)


# -- upstream data -----------------------------------------------------------------------------------


@pytest.mark.upstream
@pytest.mark.parametrize(
    ("form", "settings", "prompts", "questions"),
    [
        ("gsm8k", {}, 43, 1290),
        ("mmlu", {}, 57, 1140),
        ("gsm8k", {"k": 60, "source": "packed"}, 21, 1260),
        ("mmlu", {"k": 30, "source": "packed"}, 57, 1710),
        ("csqa", {}, 30, 1200),
        ("csqa", {"k": 80}, 15, 1200),
    ],
)
def test_upstream_forms_have_the_published_sizes(
    form: str, settings: dict[str, Any], prompts: int, questions: int
) -> None:
    if not DATA.is_dir():
        pytest.skip("needs the upstream data folder beside the checkout")
    samples = task(form, folder=DATA, mode="upstream", **settings).samples()
    assert len(samples) == prompts
    assert sum(len(sample.data["answers"]) for sample in samples) == questions
    first = FORMS[form].first
    for sample in samples:
        k = len(sample.data["answers"])
        found = [int(n) for n in re.findall(r"^Question_([0-9]+):", sample.data["user"], flags=re.MULTILINE)]
        assert found[-k:] == list(range(first, first + k))
        assert sample.data["first"] == first


@pytest.mark.upstream
def test_upstream_demonstrations_are_whole() -> None:
    if not DATA.is_dir():
        pytest.skip("needs the upstream data folder beside the checkout")
    assert len(demonstrations(DATA, FORMS["gsm8k"], "")) == 8
    assert len(demonstrations(DATA, FORMS["csqa"], "")) == 5
    algebra = demonstrations(DATA, FORMS["mmlu"], "abstract_algebra")
    assert len(algebra) == 5
    assert all(len(item.options) == 4 and item.options[3] for item in algebra)  # option D is not lost
    assert len(demonstrations(DATA, FORMS["mmlu"], "human_aging")) == 4
    four = replace(algebra[0], worked="")
    assert four.question.startswith("Statement 1")
