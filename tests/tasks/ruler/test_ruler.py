"""Generated probes: scores of the specification, prompts that fill their length, and answers a program can find."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.errors import ConfigError, DataError
from acbench.tasks.protocol import Prediction, Reply, TaskContext
from acbench.tasks.ruler import open_scorer, open_task, task_info
from acbench.tasks.ruler.building import TOP, largest, plant, zipf_counts
from acbench.tasks.ruler.kinds import KINDS
from acbench.tasks.ruler.material import ADJECTIVES, COMMON, NOUNS
from acbench.tasks.ruler.scoring import channel_of, strict_recall, substring_recall

if TYPE_CHECKING:
    from acbench.tasks.protocol import Prompt, Sample, Task


class Pieces:
    """A renderer that counts words, numbers' digits by threes and punctuation, with a template of ten tokens."""

    def count(self, text: str) -> int:
        return len(re.findall(r"[A-Za-z]+|[0-9]{1,3}|[^\sA-Za-z0-9]", text))

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\S+", text)]

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        return tuple(
            range(10 + sum(self.count(m.content) for m in prompt.messages) + self.count(prompt.prefill))
        )


def task(kind: str, *, window: int = 40_000, mode: str = "corrected", **settings: Any) -> Task:
    return open_task(TaskContext(Pieces(), window, settings, None, mode), kind)


UUID = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"


@pytest.mark.parametrize(
    ("references", "reply", "published", "strict"),
    [
        (["1111111", "2222222", "3333333", "4444444"], "1111111 and 4444444", 0.5, 0.5),
        ([UUID], UUID.upper(), 1.0, 1.0),
        ([UUID], UUID.replace("-", ""), 0.0, 0.0),
        (["1234567"], "12345678", 1.0, 0.0),
        (["apple", "pear"], "pineapple", 0.5, 0.0),
    ],
)
def test_scores_of_the_specification(
    references: list[str], reply: str, published: float, strict: float
) -> None:
    assert substring_recall(reply, references) == published
    assert strict_recall(reply, references) == strict


@given(st.text(), st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5))
def test_strict_never_exceeds_the_published_score(reply: str, references: list[str]) -> None:
    assert 0 <= strict_recall(reply, references) <= 1
    if reply.isascii() and all(reference.isascii() for reference in references):
        assert strict_recall(reply, references) <= substring_recall(reply, references)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [1024, 4096, 16_384])
def test_prompts_fill_their_length_and_leave_room_for_the_answer(kind: str, length: int) -> None:
    opened = task(kind, lengths=[length], samples=2)
    samples = opened.samples()
    assert [s.id for s in opened.samples()] == [s.id for s in samples]
    assert list(opened.samples()) == list(samples)
    for sample in samples:
        prompt = opened.open(sample).ask()
        assert prompt is not None
        tokens = len(Pieces().render(prompt))
        assert sample.estimated_prompt_tokens == tokens
        assert 0.9 * length <= tokens + KINDS[kind].max_tokens <= length
        assert prompt.sampling.max_tokens == KINDS[kind].max_tokens


def solve(kind: str, message: str) -> list[str]:
    """Answers from the prompt's text alone."""
    if kind == "vt":
        text, question = message.rsplit("<text>", maxsplit=1)[1].split("</text>")
        value = re.findall(r"[0-9]+", question)[0]
        held = dict(re.findall(r"LET ([A-Z]+) = (\w+)\.", text))
        chains = []
        for variable in held:
            end = variable
            while end in held:
                end = held[end]
            if end == value:
                chains.append(variable)
        return chains
    if kind == "cwe":
        words = re.findall(r"[0-9]+\. ([a-z-]+)", message)
        return [word for word, _ in Counter(words).most_common(10)]
    if kind == "fwe":
        return [
            word
            for word, _ in Counter(
                message.split("<text>")[1].split("</text>", maxsplit=1)[0].split()
            ).most_common(TOP)
        ]
    text, question = message.split("</text>")
    asked = re.findall(r"kept under (.+) according", question)[0].split(", ")
    return [v for key, v in re.findall(r"kept under ([\w-]+) is ([\w-]+)\.", text) if key in asked]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [1024, 8192])
def test_the_answer_follows_from_the_text_and_stands_nowhere_else(kind: str, length: int) -> None:
    for sample in task(kind, lengths=[length], samples=3).samples():
        found = solve(kind, sample.data["message"])
        assert sorted(found) == sorted(sample.data["references"])
        assert strict_recall(sample.data["prefill"], sample.data["references"]) == 0


def test_counts_make_the_question_decidable() -> None:
    for sample in task("cwe", lengths=[1024, 8192], samples=3).samples():
        counts = Counter(re.findall(r"[0-9]+\. ([a-z-]+)", sample.data["message"])).most_common()
        often, seldom = (30, 3) if sample.data["length"] >= 4096 else (10, 1)
        assert [count for _, count in counts[:10]] == [often] * 10
        assert {count for _, count in counts[10:]} == {seldom}
    for total in (20, 100, 1000, 30_000):
        counts_by_rank = zipf_counts(total, 60)
        assert counts_by_rank[0] > counts_by_rank[1] > counts_by_rank[2] > max(counts_by_rank[3:])
    assert zipf_counts(30_000, 60)[0] / zipf_counts(30_000, 60)[1] == pytest.approx(4, rel=0.01)


def test_statements_stand_behind_sentences_near_their_depth() -> None:
    text = " ".join(f"Sentence number {i} is here." for i in range(100))
    planted = plant(text, ["FIRST.", "MIDDLE.", "LAST."], [0, 50, 100])
    assert planted.startswith("FIRST. Sentence")
    assert planted.endswith("is here. LAST.")
    assert abs(planted.index("MIDDLE") / len(planted) - 0.5) < 0.02
    assert re.search(r"here\. MIDDLE\. Sentence", planted)


def test_statements_at_one_place_keep_their_order() -> None:
    links = ["LET ZZZ = 5.", "LET MMM = ZZZ.", "LET AAA = MMM."]
    assert plant("", links, [0, 50, 100]) == " ".join(links)
    assert plant("One sentence.", links, [90, 95, 100]) == " ".join(["One sentence.", *links])


def test_variables_get_their_value_before_they_are_used() -> None:
    for sample in task("vt", lengths=[320, 1024], samples=20).samples():
        text = sample.data["message"].rsplit("<text>", maxsplit=1)[1].split("</text>")[0]
        links = re.findall(r"LET ([A-Z]+) = (\w+)\.", text)
        assert [name for name, _ in links] == sample.data["references"]
        example = sample.data["message"].rsplit("<text>", maxsplit=1)[0]
        assert not any(name in example for name in sample.data["references"])


def test_a_common_word_is_not_part_of_a_pair() -> None:
    assert set(COMMON).isdisjoint(NOUNS)
    assert set(COMMON).isdisjoint(ADJECTIVES)
    assert len(set(COMMON)) == len(COMMON)


def test_samples_differ_and_the_seed_matters() -> None:
    one = [s.data["message"] for s in task("niah_single_2", lengths=[1024], samples=5).samples()]
    assert len(set(one)) == 5
    other = [s.data["message"] for s in task("niah_single_2", lengths=[1024], samples=5, seed=1).samples()]
    assert set(one).isdisjoint(other)


@pytest.mark.parametrize(("low", "room"), [(1, 0), (5, 4), (1, 100), (3, 3)])
def test_the_largest_size_that_fits(low: int, room: int) -> None:
    expected = max([size for size in range(1, 21) if size + low - 1 <= room], default=0)
    assert largest(lambda size: size + low - 1, room, 20) == expected


def play(opened: Task, sample: Sample, text: str, finish: str = "stop") -> Any:
    episode = opened.open(sample)
    assert episode.ask() is not None
    episode.tell(Reply(text, finish))
    assert episode.ask() is None
    return episode.grade()


def test_grades_and_channels() -> None:
    opened = task("niah_multiquery", lengths=[1024], samples=1)
    sample = opened.samples()[0]
    references = sample.data["references"]
    assert len(references) == 4
    full = play(opened, sample, " ".join(references), "length")
    assert (full.channel, full.scores["recall"], full.scores["all_found"]) == ("correct", 1, 1)
    half = play(opened, sample, " and ".join(references[:2]))
    assert (half.channel, half.scores["recall"], half.scores["all_found"]) == ("partial", 0.5, 0)
    longer = play(opened, sample, references[0] + "9")
    assert (longer.channel, longer.scores["recall"], longer.scores["recall_upstream"]) == ("wrong", 0, 0.25)
    assert channel_of("", 0) == "empty"
    assert channel_of("x", 0, cut=True) == "cut"
    assert set(full.scores) == {metric.name for metric in task_info("vt").metrics}


def test_a_length_beyond_the_window_is_never_asked() -> None:
    opened = task("vt", window=2000, lengths=[1024, 4096], samples=1)
    long, short = opened.samples()
    assert opened.open(short).ask() is not None
    episode = opened.open(long)
    assert episode.ask() is None
    assert (episode.grade().state, dict(episode.grade().scores)) == ("too_long", {})


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("vt", {"length": [4096]}, "unknown setting 'length'; did you mean 'lengths'"),
        ("vt", {"lengths": []}, "lengths must be a list"),
        ("vt", {"lengths": [1024, 1024]}, "different whole numbers"),
        ("vt", {"lengths": [32]}, "at least 64"),
        ("vt", {"samples": 0}, "samples: expected"),
        ("vtt", {}, "unknown kind 'vtt'; did you mean 'vt'"),
    ],
)
def test_wrong_settings(kind: str, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        task(kind, **settings)


def test_lengths_that_a_kind_cannot_have_are_refused() -> None:
    with pytest.raises(ConfigError, match="too short"):
        task("cwe", lengths=[256]).samples()
    with pytest.raises(ConfigError, match="its material fills"):
        task("cwe", window=200_000, lengths=[131_072]).samples()


def test_scoring_of_replies_made_elsewhere() -> None:
    gold = {"references": ["1234567"]}
    line = Prediction("a", gold, "It is 12345678.")
    assert open_scorer("vt", mode="upstream", embedder=None).score(line).scores["recall"] == 1
    corrected = open_scorer("vt", mode="corrected", embedder=None).score(line)
    assert (corrected.scores["recall"], corrected.outcome) == (0, "wrong")
    with pytest.raises(ConfigError, match="unknown mode 'upstraem'; did you mean 'upstream'"):
        open_scorer("vt", mode="upstraem", embedder=None)
    malformed: list[Any] = [{}, {"references": []}, {"references": [1]}, "x"]
    for bad in malformed:
        with pytest.raises(DataError, match="'references' must be a list of texts"):
            open_scorer("vt", mode="corrected", embedder=None).score(Prediction("a", bad, ""))
