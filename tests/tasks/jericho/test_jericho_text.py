"""Lines typed and lines shown: the worked examples of the specification, refusals, commands to the machine."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acbench.errors import DataError
from acbench.tasks.jericho.progress import Progress, ScoreProgress, matches
from acbench.tasks.jericho.text import (
    MAX_OBSERVATION,
    asks_for_list,
    clean,
    cut_action,
    meta_command,
    no_command,
    refused,
)


def test_example_6() -> None:
    assert matches("You see a door, (open).", "door (open)")
    assert not matches("Living-Room", "Living Room")
    assert not matches("A  B", "A B")


def test_case_counts() -> None:
    assert not matches("the hall", "The hall")


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        ("take key, then go", "take key"),
        ("take lamp. go north", "take lamp"),
        (" ".join(["word"] * 25), " ".join(["word"] * 20)),
        ("go. now, quickly", "go"),
        ("  open \t door \n and go", "open door and go"),
        (", go", ""),
        ("", ""),
        ("look\x00\x1b[A\x7f", "look [A"),
        ("öffne “door”", "?ffne ?door?"),
        ("a" * 500, "a" * 190),
    ],
)
def test_example_7_and_other_cuts(line: str, typed: str) -> None:
    assert cut_action(line) == typed


@given(st.text(max_size=400))
def test_what_is_typed_is_one_short_line_of_ascii(line: str) -> None:
    typed = cut_action(line)
    assert typed.isascii()
    assert len(typed) <= 190
    assert typed == " ".join(typed.split())
    assert all(sign.isprintable() for sign in typed)


def test_the_list_command_is_both_words() -> None:
    assert asks_for_list("check valid actions")
    assert asks_for_list("Please CHECK my Actions")
    assert not asks_for_list("check the door")
    assert not asks_for_list("valid actions")


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("save", "save"),
        ("SAVE game", "save"),
        ("restore", "restore"),
        ("restart", "restart"),
        ("quit", "quit"),
        ("q", "q"),
        ("undo", "undo"),
        ("script on", "script"),
        ("transcript", "transcript"),
        ("unscript", "unscript"),
        ("recording on", "recording"),
        ("verify", "verify"),
        ("look then save", "save"),
        ("look; quit", "quit"),
        ("take quill", ""),
        ("read script", ""),
        ("examine save button", ""),
        ("savour cheese", ""),
    ],
)
def test_commands_to_the_machine(line: str, word: str) -> None:
    assert meta_command(line) == word


STATUS = " " * 90 + "KitchenScore: 0Moves: 2"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (f"\n\nHall\nA dark hall.\n\nYou see a  lamp.\n\n>{STATUS}", "Hall A dark hall. You see a lamp."),
        (f"\nAre you sure?{STATUS}", "Are you sure?"),
        ("Taken.\n\n[Your score has just gone up by two points.]\n\n>", "Taken."),
        ("[Your score has gone down.] Ouch.\n>", "Ouch."),
        ("5 > 3, says the sign.\n\n> ", "5 > 3, says the sign."),
        ("The arrow -> points east", "The arrow -> points east"),
        ("\n>", ""),
    ],
)
def test_observations_are_one_line(raw: str, text: str) -> None:
    assert clean(raw) == text


def test_long_observations_are_cut() -> None:
    assert clean("word " * 5000) == ("word " * 5000)[:MAX_OBSERVATION] + " ..."


@pytest.mark.parametrize(
    "answer",
    [
        "\nYou can't go that way.\n\n>",
        "You can't see any such thing.",
        "You already have that.",
        "The old lantern doesn't seem to fit the lock.",
        "The tall cupboard seems to be locked.",
        "It is already open.",
        "That's not something you can open.",
        "There is nothing of interest here.",
        "You aren't holding that.",
        "(first opening the box)\nYou can't, since it is locked.",
        "What do you want to unlock?",
        "Which do you mean, the iron key or the brass key?",
        "You will need to take that first.",
        "You have to unlock the gate with the latchkey first.",
        "But it isn't in anything.",
        "[There was no verb in that sentence!]",
        "Nothing happens.",
        "Violence isn't the answer to this one.",
        "",
    ],
)
def test_refusals_that_are_commands(answer: str) -> None:
    assert refused(answer)
    assert not no_command(answer) or "verb" in answer


@pytest.mark.parametrize(
    "answer",
    [
        "That's not a verb I recognise.",
        "That's not a verb I recognize.",
        "I beg your pardon?",
        "I didn't understand that sentence.",
        "I only understood you as far as wanting to take the lamp.",
        'I don\'t know the word "flurb".',
        'You used the word "key" in a way that I don’t understand.',
    ],
)
def test_lines_that_are_no_commands(answer: str) -> None:
    assert no_command(answer)
    assert refused(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "Taken.",
        "\nHall\nThe oak door is locked. You can't see much.\n\n>",
        "You open the box, revealing nothing.",
        "You put the key on the table.",
        "You're carrying:\n  a lamp",
        "You are carrying nothing.",
        "With the lamp lit you see a way. It is not far.",
        "The machine begins to hum.",
        "Anna gives you the key. You can't thank her enough.",
        "(the brass lamp)\nYou take the brass lamp.",
        "Time passes.",
        "It is pitch dark, and you can't see a thing.",
    ],
)
def test_answers_that_are_no_refusals(answer: str) -> None:
    assert not refused(answer)
    assert not no_command(answer)


def test_one_sub_goal_a_turn_in_the_order_of_the_list() -> None:
    progress = Progress(["lamp", "key", "door", "lamp"])
    seen = "A lamp, a key."
    assert [progress.observe(seen) for _ in range(4)] == [0.25, 0.5, 0.75, 0.75]
    assert progress.observe("nothing") == 0.75
    assert progress.observe("the door") == 1.0


@pytest.mark.parametrize("bad", [[], ["..."], ["lamp", ""]])
def test_sub_goals_that_anything_would_meet_are_refused(bad: list[str]) -> None:
    with pytest.raises(DataError, match="sub-goals must be"):
        Progress(bad)


def test_points_never_fall_and_stay_within_bounds() -> None:
    points = ScoreProgress(40)
    assert [points.reach(score) for score in (0, 10, 5, -20, 60)] == [0, 0.25, 0.25, 0.25, 1.0]
