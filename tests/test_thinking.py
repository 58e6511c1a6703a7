"""A thought, then the answer: what is asked, what is kept, and what happens when one of the two is missing."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from tiny_bench import TEMPLATE, write_tokenizer
from tokenizers import Tokenizer

from acbench import thinking
from acbench.cases import ModelSpec
from acbench.engines.protocol import Completion, EngineIdentity, Request, Sampling
from acbench.errors import ConfigError, EngineDied
from acbench.journal import Journal
from acbench.keys import GenerationKey
from acbench.records import SampleRecord, Turn
from acbench.rendering import ModelRenderer
from acbench.rollout import Rollout, sampling_hash
from acbench.tasks.protocol import TOO_LONG, Grade, Message, Metric, Prompt, Reply, Sample, TaskInfo
from acbench.thinking import NO_ROOM, Thinker, Thinking, thought_cut

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from acbench.engines.protocol import Engine

TABLE: dict[str, Any] = {"budget": 20, "open": "<think>", "close": "</think>"}
THINKING = Thinking(**TABLE)
OPENS = TEMPLATE.replace("<assistant>{% endif %}", "<assistant><think>\n{% endif %}")
"""The generation prompt opens the thought, as in the newer template of the distilled models."""
SAMPLING = Sampling(max_tokens=6, stop=("\n",), min_tokens=2, temperature=0.5, seed=7, logprobs=True)


@pytest.fixture(scope="module")
def renderers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModelRenderer]:
    """Real tokenizers and templates: one that leaves the thought to the model, one that opens it."""
    made = {}
    for name, template in (("plain", TEMPLATE), ("opens", OPENS)):
        folder = tmp_path_factory.mktemp(name)
        write_tokenizer(folder)
        config = json.loads((folder / "tokenizer_config.json").read_text())
        (folder / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": template}))
        made[name] = ModelRenderer(folder)
    return made


class Chat:
    """Asks ``turns`` times; its history holds what it was told."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.heard: list[Reply] = []

    def ask(self) -> Prompt | None:
        if len(self.heard) >= self.data.get("turns", 1) or self.too_long:
            return None
        messages = [Message("user", "q0" + "x" * self.data.get("pad", 0))]
        for number, reply in enumerate(self.heard, start=1):
            messages += [Message("assistant", reply.text), Message("user", f"q{number}")]
        return Prompt(
            messages=() if self.data.get("raw") else tuple(messages),
            text="once upon" if self.data.get("raw") else "",
            prefill=self.data.get("cue", ""),
            continuation=self.data.get("continuation", ""),
            sampling=SAMPLING,
        )

    @property
    def too_long(self) -> bool:
        return any(reply.finish_reason == TOO_LONG for reply in self.heard)

    def tell(self, reply: Reply) -> None:
        self.heard.append(reply)

    def grade(self) -> Grade:
        if self.too_long:
            return Grade({}, "too_long", state="too_long")
        return Grade({"score": 1.0}, "correct", detail={"heard": [reply.text for reply in self.heard]})


class Chats:
    info = TaskInfo(
        "chats", "Chats", "diagnostic", 1, (Metric("score", "Score"),), ("correct", "too_long"), "rollout"
    )

    def samples(self) -> Sequence[Sample]:
        return ()

    def open(self, sample: Sample) -> Chat:
        return Chat(dict(sample.data))


@dataclass
class Asked:
    text: str
    sampling: Sampling
    request: Request

    @property
    def is_thought(self) -> bool:
        return self.sampling.stop == ("</think>",)


class ThinkingEngine:
    """Answers in order; a request that stops at the close marker gets a thought, cut when it is ``too_short``."""

    identity = EngineIdentity("scripted", "cpu", {})

    def __init__(self, renderer: ModelRenderer, *, thought: str = "hmm", die_after: int = 10**9) -> None:
        self._tokenizer = Tokenizer.from_file(str(renderer._folder / "tokenizer.json"))
        self.thought = thought
        self.die_after = die_after
        self.asked: list[Asked] = []
        self.answered = 0

    def submit(self, requests: Sequence[Request]) -> None:
        for request in requests:
            text = self._tokenizer.decode(list(request.token_ids), skip_special_tokens=False)
            self.asked.append(Asked(text, request.sampling, request))

    def poll(self, timeout_s: float | None = None) -> list[Completion]:
        if self.answered >= self.die_after:
            raise EngineDied("killed", log_tail="")
        if self.answered == len(self.asked):
            return []
        asked = self.asked[self.answered]
        self.answered += 1
        count = len(asked.request.token_ids)
        if asked.request.score_from is not None:
            made = count - asked.request.score_from
            return [Completion(asked.request.id, finish_reason="scored", logprobs=(-1.0,) * made)]
        if not asked.is_thought:
            return [Completion(asked.request.id, f"a{count}", (1, 2), prompt_tokens=count)]
        ids = self._tokenizer.encode(self.thought).ids
        limit = asked.sampling.max_tokens
        text = self._tokenizer.decode(ids[:limit])
        reason = "length" if len(ids) >= limit else "stop"
        return [Completion(asked.request.id, text, tuple(ids[:limit]), reason, prompt_tokens=count)]

    def close(self) -> None:
        """Nothing to end."""


def no_engine() -> Engine:
    raise AssertionError("nothing is to be generated")


def _itself(engine: Engine) -> Engine:
    return engine


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., list[SampleRecord]]:
    """Plays samples over one journal; a later call goes on with it, as after a restart."""

    def run(
        renderer: ModelRenderer,
        engine: ThinkingEngine | None,
        *data: dict[str, Any],
        window: int = 1000,
        thinking: Thinking | None = THINKING,
        journal: str = "journal",
    ) -> list[SampleRecord]:
        book = Journal(tmp_path / journal)
        rollout = Rollout(Chats(), renderer, book, window_tokens=window, thinking=thinking)
        samples = [Sample(f"s{i}", one) for i, one in enumerate(data)]
        try:
            return rollout.play(samples, no_engine if engine is None else partial(_itself, engine))
        finally:
            book.close()

    return run


def test_a_thought_is_asked_before_the_answer_and_only_the_answer_is_told(
    renderers: dict[str, ModelRenderer], play: Callable[..., list[SampleRecord]]
) -> None:
    engine = ThinkingEngine(renderers["plain"], thought="two\nlines\n")
    (record,) = play(renderers["plain"], engine, {})
    assert [asked.text for asked in engine.asked] == [
        "<user>q0</user><assistant><think>\n",
        "<user>q0</user><assistant><think>\ntwo\nlines\n</think>\n\n",
    ]
    first, second = (asked.sampling for asked in engine.asked)
    assert first == Sampling(max_tokens=20, stop=("</think>",), temperature=0.5, seed=7)
    assert second == SAMPLING
    (turn,) = record.turns
    assert turn.thought is not None
    assert turn.thought.text == "two\nlines\n"
    assert record.detail["heard"] == [turn.text]
    assert "two" not in record.text
    assert not thought_cut(turn.thought)
    assert turn.thought.output_tokens == len(renderers["plain"].encode("two\nlines\n"))
    assert [request.finish_reason for request in turn.requests] == ["stop", "stop"]
    assert turn.first_hash == turn.thought.prompt_hash != turn.prompt_hash


def test_a_template_that_opens_the_thought_gets_no_second_marker(
    renderers: dict[str, ModelRenderer], play: Callable[..., list[SampleRecord]]
) -> None:
    engine = ThinkingEngine(renderers["opens"])
    play(renderers["opens"], engine, {})
    assert [asked.text for asked in engine.asked] == [
        "<user>q0</user><assistant><think>\n",
        "<user>q0</user><assistant><think>\nhmm\n</think>\n\n",
    ]


@pytest.mark.parametrize("name", ["plain", "opens"])
def test_the_cue_stands_behind_the_thought(
    renderers: dict[str, ModelRenderer], play: Callable[..., list[SampleRecord]], name: str
) -> None:
    engine = ThinkingEngine(renderers[name])
    play(renderers[name], engine, {"cue": "Action:"})
    question, answer = (asked.text for asked in engine.asked)
    assert question.endswith("<assistant><think>\n")
    assert answer.endswith("<think>\nhmm\n</think>\n\nAction:")


def test_a_thought_that_spends_its_budget_is_closed_for_the_model(
    renderers: dict[str, ModelRenderer], play: Callable[..., list[SampleRecord]]
) -> None:
    engine = ThinkingEngine(renderers["plain"], thought="wait " * 60)
    (record,) = play(renderers["plain"], engine, {})
    thought = record.turns[0].thought
    assert thought is not None
    assert (thought.output_tokens, thought.budget) == (20, 20)
    assert thought_cut(thought)
    assert engine.asked[1].text == f"<user>q0</user><assistant><think>\n{thought.text.rstrip()}\n</think>\n\n"


def test_the_history_of_an_episode_holds_answers_without_thoughts(
    renderers: dict[str, ModelRenderer], play: Callable[..., list[SampleRecord]]
) -> None:
    engine = ThinkingEngine(renderers["opens"])
    (record,) = play(renderers["opens"], engine, {"turns": 3})
    assert [asked.is_thought for asked in engine.asked] == [True, False] * 3
    a0, a1, _ = (turn.text for turn in record.turns)
    history = (
        f"<user>q0</user><assistant>{a0}</assistant><user>q1</user><assistant>{a1}</assistant><user>q2</user>"
    )
    assert engine.asked[4].text == f"{history}<assistant><think>\n"
    assert record.text.count("hmm") == 0
    assert [turn.thought is not None for turn in record.turns] == [True] * 3


@pytest.mark.parametrize("answered", range(1, 12))
def test_after_a_crash_neither_thought_nor_answer_is_generated_twice(
    renderers: dict[str, ModelRenderer],
    play: Callable[..., list[SampleRecord]],
    tmp_path: Path,
    answered: int,
) -> None:
    """Two episodes of three turns: twelve requests. Odd numbers end between a thought and its answer."""
    renderer, data = renderers["plain"], ({"turns": 3}, {"turns": 3, "cue": "Now:", "pad": 1})
    dying = ThinkingEngine(renderer, die_after=answered)
    with pytest.raises(EngineDied):
        play(renderer, dying, *data)
    lines = (tmp_path / "journal" / "turns.jsonl").read_text().splitlines()
    assert len(lines) == answered
    rest = ThinkingEngine(renderer)
    records = play(renderer, rest, *data)
    assert len(rest.asked) == 12 - answered
    assert not {a.text for a in rest.asked} & {a.text for a in dying.asked[:answered]}
    assert play(renderer, None, *data) == records  # replayed: the same, without an engine
    assert play(renderer, ThinkingEngine(renderer), *data, journal="fresh") == records


def test_the_journal_holds_a_thought_as_a_turn_of_its_own(
    renderers: dict[str, ModelRenderer], play: Callable[..., list[SampleRecord]], tmp_path: Path
) -> None:
    play(renderers["plain"], ThinkingEngine(renderers["plain"]), {})
    lines = [json.loads(x) for x in (tmp_path / "journal" / "turns.jsonl").read_text().splitlines()]
    assert [(x["turn"], x["text"], x.get("budget")) for x in lines] == [
        (0, "hmm", 20),
        (1, lines[1]["text"], None),
    ]
    assert all("thought" not in x for x in lines)


@pytest.mark.parametrize(("name", "close"), [("plain", ""), ("opens", "\n</think>\n\n")])
def test_a_text_that_is_scored_has_no_thought(
    renderers: dict[str, ModelRenderer],
    play: Callable[..., list[SampleRecord]],
    name: str,
    close: str,
) -> None:
    """An opened thought is closed, empty: the scored text is an answer, not a thought."""
    engine = ThinkingEngine(renderers[name])
    (record,) = play(renderers[name], engine, {"continuation": "yes", "cue": "Answer: "})
    (asked,) = engine.asked
    opened = "<think>\n" if name == "opens" else ""
    assert asked.text == f"<user>q0</user><assistant>{opened}{close}Answer: yes"
    assert record.turns[0].thought is None


def test_raw_text_is_continued_without_a_thought(
    renderers: dict[str, ModelRenderer], play: Callable[..., list[SampleRecord]]
) -> None:
    engine = ThinkingEngine(renderers["opens"])
    play(renderers["opens"], engine, {"raw": True})
    assert [asked.text for asked in engine.asked] == ["once upon"]
    assert engine.asked[0].sampling == SAMPLING


def test_the_window_shortens_the_thought_then_forbids_it_then_the_answer(
    renderers: dict[str, ModelRenderer], play: Callable[..., list[SampleRecord]]
) -> None:
    """Prompt, both markers and the answer's six tokens come first; the thought gets what is left, at most 20."""
    renderer = renderers["plain"]
    needed = len(renderer.encode("<user>q0</user><assistant><think>\n\n</think>\n\n")) + SAMPLING.max_tokens
    granted = {}
    for left in (-1, 0, 1, 19, 20, 21):
        engine = ThinkingEngine(renderer, thought="wait " * 60)
        (record,) = play(renderer, engine, {}, window=needed + left, journal=f"window{left}")
        thought = record.turns[0].thought
        assert thought is not None
        granted[left] = (thought.budget, len(engine.asked), record.state)
    assert granted == {
        -1: (0, 0, "too_long"),
        0: (0, 1, "ok"),
        1: (1, 2, "ok"),
        19: (19, 2, "ok"),
        20: (20, 2, "ok"),
        21: (20, 2, "ok"),
    }


@pytest.mark.parametrize("thought", ["wait " * 60, "日本語の考え" * 20, "\ufffd" * 60, "<think></think>" * 9])
def test_no_request_ever_exceeds_the_window(
    renderers: dict[str, ModelRenderer], play: Callable[..., list[SampleRecord]], thought: str
) -> None:
    renderer = renderers["opens"]
    for window in range(30, 75, 3):
        engine = ThinkingEngine(renderer, thought=thought)
        play(renderer, engine, {"turns": 2}, window=window, journal=f"w{window}")
        assert all(len(a.request.token_ids) + a.sampling.max_tokens <= window for a in engine.asked)


def test_a_thought_whose_text_needs_more_tokens_than_it_took_loses_its_end(
    renderers: dict[str, ModelRenderer],
) -> None:
    """Half a character is decoded to a mark of three bytes: three tokens where there was one."""
    renderer = renderers["plain"]
    prompt = Prompt(messages=(Message("user", "q"),), sampling=SAMPLING)
    thinker = Thinker(THINKING, renderer, 60)
    room = thinker.room(prompt)
    asked, shortened = thinker.answer(prompt, "\ufffd" * room)
    assert shortened
    assert len(renderer.render(asked)) + SAMPLING.max_tokens <= 60
    assert 0 < asked.prefill.count("\ufffd") < room
    assert asked.prefill.endswith("\n</think>\n\n")
    assert thinker.answer(prompt, "x") == (replace(prompt, prefill="<think>\nx\n</think>\n\n"), False)


def test_a_model_that_does_not_think_is_asked_what_it_always_was(
    renderers: dict[str, ModelRenderer], play: Callable[..., list[SampleRecord]], tmp_path: Path
) -> None:
    engine = ThinkingEngine(renderers["plain"])
    (record,) = play(renderers["plain"], engine, {"cue": "Action:"}, thinking=None)
    assert [asked.text for asked in engine.asked] == ["<user>q0</user><assistant>Action:"]
    assert record.turns[0].thought is None
    (line,) = (tmp_path / "journal" / "turns.jsonl").read_text().splitlines()
    assert not {"budget", "stats", "thought"} & json.loads(line).keys()


def test_hashes_keys_and_journal_lines_of_older_runs_are_unchanged() -> None:
    """Values written down before models could think; an old store must stay valid."""
    assert sampling_hash((1, 2, 3), None, Sampling(max_tokens=5, stop=("x",))) == "c66b6651adc35e2e"
    assert sampling_hash((1, 2, 3), 2, Sampling()) == "3de4026ec23c1965"
    key = GenerationKey("c", "r", "t", 1, "corrected", "d", {"backend": "fake"}, {"fake": "1"}, "cpu", 1)
    assert key.digest() == "80703405f9289a884e223d965a6720cb"
    assert Turn("hash", "text", "stop", 7, 3, 2, (-0.5,)).to_line() == {
        "prompt_hash": "hash",
        "text": "text",
        "finish_reason": "stop",
        "prompt_tokens": 7,
        "output_tokens": 3,
        "cached_tokens": 2,
        "logprobs": (-0.5,),
    }


def side(*thoughts: tuple[int, int, str]) -> list[SampleRecord]:
    turns = [
        Turn("h", "a", "stop", 1, 1, thought=Turn("h", "", reason, 1, tokens, budget=budget))
        for tokens, budget, reason in thoughts
    ]
    return [SampleRecord(f"s{i}", "", "", (turn,), {}, "correct", "ok") for i, turn in enumerate(turns)]


def test_facts_are_means_over_thoughts_of_both_sides() -> None:
    """Tokens 10, 20, 30, 8 of 32, 32, 32, 8: mean 17; two of four cut; one of four had a smaller budget."""
    other = side((10, 32, "stop"), (20, 32, "stop"), (30, 32, "length"), (8, 8, "length"))
    assert thinking.facts(side(), other, (0, 32)) == {
        "thought, mean tokens": "none → 17",
        "thoughts cut at their budget": "none → 50.0%",
        "thoughts whose budget the window made smaller": "none → 25.0%",
    }
    whole = thinking.facts(other[:1], other[:2], (32, 32))
    assert whole == {"thought, mean tokens": "10 → 15", "thoughts cut at their budget": "0.0% → 0.0%"}
    assert thinking.facts(side(), side(), (0, 32)) == {}


def test_a_thought_without_room_counts_as_cut_and_an_unasked_turn_not_at_all() -> None:
    without = Turn("h", "a", "stop", 1, 1, thought=NO_ROOM)
    unasked = Turn("h", "", TOO_LONG, 9, 0, thought=NO_ROOM)
    assert without.requests == (without,)
    assert without.first_hash == "h"
    records = [SampleRecord("s", "", "", (without, unasked), {}, "correct", "ok"), *side((6, 8, "stop"))]
    assert thinking.facts(records, records, (8, 8)) == {
        "thought, mean tokens": "3 → 3",
        "thoughts cut at their budget": "50.0% → 50.0%",
        "thoughts whose budget the window made smaller": "50.0% → 50.0%",
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"budget": 0}, r"thinking\.budget must lie in 1 \.\. 32768, not 0"),
        ({"budget": 32769}, "not 32769"),
        ({"budget": True}, "not True"),
        ({"budget": 1.5}, r"not 1\.5"),
        ({"open": ""}, r"thinking\.open must be a text"),
        ({"close": " \n"}, r"thinking\.close must be a text"),
        ({"close": 3}, r"thinking\.close must be a text such as <think>, not 3"),
        ({"close": "<think>"}, "must differ, both are '<think>'"),
        ({"budgte": 3}, "unknown key 'budgte'; did you mean 'budget'"),
    ],
)
def test_a_broken_thinking_table_names_place_and_key(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=r"mine\.toml: .*" + message):
        Thinking.from_table({**TABLE, **change}, "mine.toml")


def test_a_thinking_table_is_complete_or_empty() -> None:
    assert Thinking.from_table(ModelSpec("m", "hf:a/m").thinking, "here") is None
    for key in TABLE:
        with pytest.raises(ConfigError, match=f"here: thinking: {key} is missing"):
            Thinking.from_table({k: v for k, v in TABLE.items() if k != key}, "here")
    assert asdict(THINKING) == TABLE
