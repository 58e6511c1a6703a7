"""Goals and plans of the stories that are written by hand (``pack/handmade.inf``)."""

from __future__ import annotations

from acbench.tasks.jericho.stories import LEVEL_VERBS, Story


def _story(level: int, goal: str, plan: list[str], subgoals: list[str], verbs: list[str]) -> Story:
    wanted = [*LEVEL_VERBS[level], *verbs]
    return Story(level, goal, plan=plan, subgoals=subgoals, verbs=list(dict.fromkeys(wanted)))


HANDMADE = [
    _story(
        2,
        "Light the beacon at the top of the lighthouse. It needs oil and a flame",
        [
            *("take dry matches", "up", "take oil can", "up", "fill great beacon"),
            "light great beacon with dry matches",
        ],
        [
            "You take the oil can",
            "You are in the lantern room",
            "Oil runs into the tank",
            "The beacon flares up",
        ],
        ["up", "down", "examine {}", "fill {}", "light {} with {}"],
    ),
    _story(
        2,
        "Get the white feather that the duck at the pond sits on. The duck would like bread",
        [
            *("take copper coin", "east", "buy fresh loaf", "west", "north"),
            *("give fresh loaf to angry duck", "take white feather"),
        ],
        [
            *("You take the copper coin", "The baker hands you the loaf"),
            *("The duck snatches the bread", "You take the white feather"),
        ],
        ["examine {}", "buy {}", "give {} to {}"],
    ),
    _story(
        3,
        "Find the silver chalice that is hidden below the church. The bells open the way, in the right order",
        [
            *("take yellow note", "read yellow note", "up", "pull small bell", "pull great bell"),
            *("pull cracked bell", "down", "down", "take silver chalice"),
        ],
        [
            *("first the small one", "One clear note hangs in the air", "A second note joins the first"),
            *("The third note makes the tower shake", "You are in the crypt", "You take the silver chalice"),
        ],
        ["read {}", "pull {}"],
    ),
    _story(
        3,
        "Make the machine in the laboratory give you a blue crystal, and take it",
        [
            *("read brass plaque", "east", "open metal drawer", "take new fuse", "west", "north"),
            *("put new fuse in open panel", "turn on power switch", "push green button", "take blue crystal"),
        ],
        [
            *("fuse into the panel", "You take the new fuse", "The fuse clicks into place"),
            *("The machine begins to hum", "a crystal rolls out", "You take the blue crystal"),
        ],
        ["read {}", "put {} in {}", "turn on {}", "push {}"],
    ),
]
"""In the order of their numbers in the story file."""
