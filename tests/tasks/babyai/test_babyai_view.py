"""Observation text, ways and commands on drawn views: no package needed."""

from __future__ import annotations

import pytest
from babyai_stubs import drawn

from acbench.tasks.babyai.commands import (
    BARRIER_AHEAD,
    LIST_COMMAND,
    NO_ROOM,
    NOT_CARRYING,
    commands_for,
)
from acbench.tasks.babyai.routes import route
from acbench.tasks.babyai.view import LEAD

LEFT, RIGHT, FORWARD, PICK_UP, DROP, TOGGLE = range(6)


def test_an_empty_view_says_so() -> None:
    assert drawn().describe() == (
        "You cannot see any objects within sight.The room has walls around you. You are not carrying anything."
    )


def test_walls_alone_make_the_lead_without_objects() -> None:
    view = drawn(("grey wall", 2, 1), ("grey wall", 3, 0))
    assert view.describe() == (
        f"{LEAD}The room has walls around you. You are facing a wall 3 steps away. You are not carrying anything."
    )


def test_objects_come_nearest_first_numbered_by_name() -> None:
    view = drawn(("red ball", 3, 0), ("red ball", 1, -1), ("blue locked door", 0, 2), ("red ball", 0, 3))
    assert view.describe() == (
        f"{LEAD}There is a red ball 1 1 steps in front of you and 1 steps to your left.  "
        "There is a blue locked door 1 0 steps in front of you and 2 steps to your right.  "
        "There is a red ball 2 right in front of you 3 steps away.  "
        "There is a red ball 3 0 steps in front of you and 3 steps to your right.  "
        "The room has walls around you. You are not carrying anything."
    )


def test_ties_go_row_by_row_from_the_farthest_then_left_to_right() -> None:
    """Distance 3 four times over, drawn in another order."""
    spots = [(1, -2), (3, 0), (2, 1), (2, -1)]
    view = drawn(
        *(
            (f"{colour} key", *spot)
            for colour, spot in zip(("red", "blue", "green", "grey"), spots, strict=True)
        )
    )
    assert [thing.name for thing in view.things] == ["blue key", "grey key", "green key", "red key"]


@pytest.mark.parametrize("direction", range(4))
def test_the_text_does_not_depend_on_where_the_agent_looks(direction: int) -> None:
    things = (("red box", 2, 0), ("green closed door", 4, 3), ("grey wall", 5, 0))
    turned = drawn(*things, direction=direction)
    assert turned.describe() == drawn(*things).describe()
    assert "facing a box 2 steps away" in turned.describe()
    assert [turned.offset(thing.cell) for thing in turned.things] == [(2, 0), (5, 0), (4, 3)]


def test_what_is_carried_is_not_also_seen() -> None:
    view = drawn(("red key", 0, 0), carrying=("red", "key"))
    assert view.things == ()
    assert view.describe().endswith("You are carrying a red key.")


def test_cells_above_and_left_of_the_grid_are_no_walls() -> None:
    view = drawn(("grey wall", 2, 0), ("grey wall", 1, -2), position=(1, 1))
    assert view.things == ()


def test_a_way_is_shortest_and_ends_facing_the_goal() -> None:
    ball = drawn(("red ball", 2, 2))
    assert route(ball, ball.things[0].cell, onto=False) == [FORWARD, FORWARD, RIGHT, FORWARD]
    assert route(ball, (11, 10), onto=False) == [RIGHT]
    assert route(ball, (10, 9), onto=False) == []


def test_turning_around_goes_over_the_right() -> None:
    """Both turns take two moves; as published the one found last is taken. Behind lies inside the view's area here."""
    assert route(drawn(("grey wall", 6, 3), direction=0), (9, 10), onto=True) == [RIGHT, RIGHT, FORWARD]
    assert route(drawn(("grey wall", 6, 3), direction=3), (10, 11), onto=True) is None


def test_a_way_goes_around_things_but_leads_through_doors() -> None:
    row = [("grey wall", 1, right) for right in range(-3, 4) if right]
    assert route(drawn(*row, ("red closed door", 1, 0)), (10, 8), onto=True) == [FORWARD, FORWARD]
    assert route(drawn(*row, ("red key", 1, 0)), (10, 8), onto=True) is None
    around = route(drawn(("red ball", 1, 0)), (10, 8), onto=True)
    assert around is not None
    assert len(around) == 7


def test_commands_of_an_empty_view() -> None:
    made = commands_for(drawn())
    assert made.moves == {
        "turn left": [LEFT],
        "turn right": [RIGHT],
        "move forward": [FORWARD],
        LIST_COMMAND: [],
    }
    assert made.reasons == {"drop": NOT_CARRYING}


def test_commands_in_their_order() -> None:
    made = commands_for(drawn(("red ball", 2, 0), ("blue open door", 3, 0), ("red closed door", 0, 1)))
    assert list(made.moves) == [
        "turn left",
        "turn right",
        "move forward",
        "pickup red ball 1",
        "toggle and go through red closed door 1",
        "go through blue open door 1",
        "go to red closed door 1",
        "go to red ball 1",
        "go to blue open door 1",
        LIST_COMMAND,
    ]
    assert made.moves["pickup red ball 1"] == [FORWARD, PICK_UP]
    assert made.moves["toggle and go through red closed door 1"] == [RIGHT, TOGGLE, FORWARD]
    assert made.reasons["go through red closed door 1"] == (
        "You cannot go through red closed door 1, as it is closed. You should toggle it first."
    )


def test_a_barrier_ahead_stops_moving_but_a_ball_does_not() -> None:
    assert commands_for(drawn(("grey box", 1, 0))).reasons["move forward"] == BARRIER_AHEAD
    assert "move forward" in commands_for(drawn(("grey ball", 1, 0))).moves


@pytest.mark.parametrize("thing", ["grey wall", "red box", "red ball", "red key"])
def test_dropping_needs_a_free_cell(thing: str) -> None:
    held = ("blue", "key")
    assert commands_for(drawn((thing, 1, 0), carrying=held)).reasons["drop"] == NO_ROOM
    assert commands_for(drawn((thing, 2, 0), carrying=held)).moves["drop"] == [DROP]
    assert commands_for(drawn(("red open door", 1, 0), carrying=held)).moves["drop"] == [DROP]


def test_full_hands_pick_nothing_up() -> None:
    made = commands_for(drawn(("red ball", 2, 0), carrying=("blue", "key")))
    assert not [command for command in (*made.moves, *made.reasons) if command.startswith("pickup")]


@pytest.mark.parametrize(
    ("carrying", "reason"),
    [
        (None, "as you are not carrying a key."),
        (("red", "ball"), "as you are not carrying a key."),
        (("blue", "key"), "as the color of the key you are carrying does not match the color of door."),
    ],
)
def test_a_locked_door_needs_the_key_of_its_colour(carrying: tuple[str, str] | None, reason: str) -> None:
    command = "toggle and go through red locked door 1"
    made = commands_for(drawn(("red locked door", 1, 0), carrying=carrying))
    assert made.reasons[command] == f"You cannot {command}, {reason}"
    assert "toggle" not in made.moves
    fitting = commands_for(drawn(("red locked door", 1, 0), carrying=("red", "key")))
    assert fitting.moves[command] == [TOGGLE, FORWARD]
    assert fitting.moves["toggle"] == [TOGGLE]


def test_walled_in_things_have_no_way_and_no_number() -> None:
    """The near ball is out of reach: as published the far one becomes ball 1."""
    cage = [
        ("grey wall", 1, -2),
        ("grey wall", 0, -1),
        ("grey wall", 2, -1),
        ("grey wall", 1, 0),
        ("grey wall", 0, -2),
    ]
    made = commands_for(drawn(*cage, ("red ball", 1, -1), ("red ball", 3, 3)))
    assert "pickup red ball 2" not in made.moves
    assert made.moves["go to red ball 1"][-1] == FORWARD
    alone = commands_for(drawn(*cage, ("red ball", 1, -1)))
    assert alone.reasons["pickup red ball 1"] == (
        "You cannot pickup red ball 1, as there is no path leading to it."
    )
    assert "go to red ball 1" in alone.reasons
