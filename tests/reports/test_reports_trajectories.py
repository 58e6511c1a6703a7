"""Episodes side by side: which are chosen, where they part, and a page that is safe to open."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from acbench.records import SampleRecord
from acbench.trajectories import TEXT_LIMIT, changed_episodes, first_difference
from reports.pages import hosts_in_page
from reports.trajectories import PAGE_BYTES, TURNS_SHOWN, page


def record(sample: str, score: float, channel: str, actions: list[str], seen: str = "") -> SampleRecord:
    detail = {
        "actions": actions,
        "outcomes": ["valid"] * len(actions),
        "progress_by_turn": [score] * len(actions),
        "goal": "all is well",
    }
    if seen:
        detail["observations"] = [seen] * len(actions)
        detail["first_observation"] = f"At first: {seen}"
    return SampleRecord(sample, "L1", sample, (), {"progress": score}, channel, "ok", detail)


class Reader(HTMLParser):
    """Tags, and whether each that needs it is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_changed_outcomes_are_chosen_the_largest_losses_first() -> None:
    pairs = [
        (record("same", 0.5, "budget", ["a"]), record("same", 0.2, "budget", ["b"])),
        (record("gain", 0.0, "loop", ["a"]), record("gain", 1.0, "correct", ["b"])),
        (record("little", 1.0, "correct", ["a"]), record("little", 0.9, "budget", ["b"])),
        (record("much", 1.0, "correct", ["a"]), record("much", 0.0, "loop", ["b"])),
        (record("more", 1.0, "correct", ["a"]), record("more", 0.5, "loop", ["b"])),
        (record("mute", 1.0, "correct", []), record("mute", 0.0, "loop", ["b"])),
        (record("long", 1.0, "correct", ["a"]), SampleRecord("long", "", "", (), {}, "too_long", "too_long")),
    ]
    assert [found["sample"] for found in changed_episodes(pairs, "progress")] == ["much", "more", "little"]
    assert [found["sample"] for found in changed_episodes(pairs, "progress", 9)][-1] == "gain"
    assert changed_episodes(pairs, "speed") == ()


@pytest.mark.parametrize(
    ("one", "other", "turn"),
    [("abc", "abd", 2), ("abc", "ab", 2), ("ab", "ab", 2), ("x", "y", 0), ("", "y", 0)],
)
def test_where_two_episodes_part(one: str, other: str, turn: int) -> None:
    assert first_difference([{"action": c} for c in one], [{"action": c} for c in other]) == turn


def test_the_page_starts_where_they_part() -> None:
    base = record("s", 1.0, "correct", ["look", "open box", "take key"], "You see <it>.")
    other = record("s", 0.0, "loop", ["look", *["dance"] * 20])
    html = page(changed_episodes([(base, other)], "progress"), "pddl: w4 against base", "base")
    read = Reader(html)
    assert read.open == []
    assert "look" not in read.text
    assert "The first turn is the same. 8 further turns are not shown." in read.text
    assert read.text.count("dance") == TURNS_SHOWN
    assert html.count(f"<td rowspan='{TURNS_SHOWN - 2}'><small>over</small></td>") == 1
    assert read.text.count("You see <it>.") == 3  # what both saw before, and in base's two turns
    assert read.text.index("What both saw before:") < read.text.index("open box")
    for text in (
        "base: correct, score 1.00, 3 turns",
        "compressed: loop, score 0.00, 21 turns",
        "Goal: all is well",
    ):
        assert text in read.text


def test_hostile_texts_stay_texts() -> None:
    evil = (
        "</td><script src='//evil.example/x.js'>alert(1)</script><img src=//evil.example/x onerror=alert(1)>"
    )
    pair = (record(evil, 1.0, evil, [evil], evil), record(evil, 0.0, "loop", ["go"], evil))
    html = page(changed_episodes([pair], "progress"), evil, evil)
    read = Reader(html)
    assert read.open == []
    assert not {"script", "img", "iframe", "link"} & set(read.tags)
    assert hosts_in_page(html) == set()


def test_nothing_to_show_and_too_much_to_show() -> None:
    assert page((), "title") == ""
    text = "ä" * 5000
    pairs = [
        (record(str(n), 1.0, "correct", [text] * 30, text), record(str(n), 0.0, "loop", ["b"] * 30, text))
        for n in range(5)
    ]
    episodes = changed_episodes(pairs, "progress")
    assert all(len(turn["action"]) <= TEXT_LIMIT + 4 for turn in episodes[0]["base"]["turns"])
    html = page(episodes, "title")
    assert len(html.encode()) < PAGE_BYTES + 3000
    assert 1 <= Reader(html).tags.count("table") <= 3


def cells(html: str) -> list[int]:
    """Cells of every row of the body, one that goes over several rows counted in each of them."""
    found: list[int] = []
    over: list[int] = []
    for row in re.findall(r"<tr>(.*?)</tr>", html.partition("<tbody>")[2], re.DOTALL):
        spans = [int(span or 1) for span in re.findall(r"<td(?: rowspan='(\d+)'| class=refused)?>", row)]
        found.append(len(spans) + len(over))
        over = [left - 1 for left in (*over, *spans) if left > 1]
    return found


@pytest.mark.parametrize(
    ("base", "other"), [("ab", "abcd"), ("abcd", "ab"), ("", "abc"), ("xyz", "abcdefg"), ("a" * 20, "b")]
)
def test_every_row_is_full_when_one_side_ends_before(base: str, other: str) -> None:
    sides = [
        {
            "score": 0.0,
            "channel": "c",
            "turns": [
                {"action": a, "outcome": "valid", "progress": 0.0, "observation": f"saw {a}"} for a in actions
            ],
        }
        for actions in (base, other)
    ]
    episode = {
        "sample": "s",
        "level": "",
        "goal": "",
        "first": "start",
        "base": sides[0],
        "compressed": sides[1],
    }
    html = page([episode], "t")
    assert Reader(html).open == []
    assert set(cells(html)) == {3}
    assert ("saw b" if base.startswith("ab") else "start") in Reader(html).text


def test_the_first_turn_with_another_outcome_is_where_they_part() -> None:
    """A reply that was cut may hold the same action."""
    turns = [{"action": "a", "outcome": "valid"}, {"action": "b", "outcome": "valid"}]
    cut = [turns[0], {"action": "b", "outcome": "cut"}]
    assert first_difference(turns, cut) == 1


def test_the_first_observation_is_shown_where_they_part_at_once() -> None:
    pair = (record("s", 1.0, "correct", ["go"], "you <are> there"), record("s", 0.0, "loop", ["dance"], "no"))
    text = Reader(page(changed_episodes([pair], "progress"), "t")).text
    assert "What both saw before:At first: you <are> there" in text
