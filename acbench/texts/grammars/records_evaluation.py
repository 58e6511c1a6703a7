"""The record grammars of the evaluation split: other domains, other field names, other vocabulary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

CREW = (
    "M. Oduya",
    "S. Blanchet",
    "R. Thorsen",
    "P. Galvez",
    "L. Whitcombe",
    "A. Szabo",
    "N. Rahimi",
    "T. Quist",
)


def bird_ringing(rng: Random) -> dict[str, Any]:
    """A morning's catch at a ringing station."""
    species = ("reed warbler", "blackcap", "chiffchaff", "robin", "bullfinch", "bearded tit", "wren")
    return {
        "station_code": f"RS{rng.randint(10, 98)}",
        "nets_open": {
            "from": "05:20",
            "until": f"{rng.randint(9, 12)}:{rng.choice(('00', '15', '40'))}",
            "metres": rng.choice((72, 96, 120)),
        },
        "ringers": rng.sample(CREW, 2),
        "birds": [
            {
                "ring": f"{rng.choice('KLTV')}{rng.randint(10000, 99999)}",
                "species": rng.choice(species),
                "retrap": rng.random() < 0.25,
                "wing_mm": round(rng.uniform(52, 79), 1),
                "grams": round(rng.uniform(7.4, 24.0), 1),
                "fat": rng.randint(0, 6),
                "age": rng.choice(("juvenile", "adult", "unknown")),
            }
            for _ in range(rng.randint(4, 6))
        ],
    }


def tournament(rng: Random) -> dict[str, Any]:
    """Pairings and standings of a chess tournament; points are those of the rounds."""
    players = rng.sample(CREW, 6)
    points = dict.fromkeys(players, 0.0)
    rounds = []
    for number in range(1, 4):
        order = rng.sample(players, 6)
        boards = []
        for white, black in zip(order[::2], order[1::2], strict=True):
            white_points = rng.choice((0.0, 0.5, 1.0))
            points[white] += white_points
            points[black] += 1 - white_points
            boards.append(
                {"white": white, "black": black, "moves": rng.randint(19, 81), "white_points": white_points}
            )
        rounds.append({"round": number, "boards": boards})
    ranking = sorted(points.items(), key=lambda item: (-item[1], item[0]))
    return {
        "event": "Riverside Open",
        "rounds": rounds,
        "ranking": [{"player": name, "score": score} for name, score in ranking],
    }


def flight_plan(rng: Random) -> dict[str, Any]:
    """A glider's task with turning points and what the logger recorded."""
    points = ("Ridge Mast", "Old Quarry", "Cement Works", "Twin Chapels", "Reservoir Dam", "Junction 9")
    legs: list[dict[str, Any]] = []
    altitude = rng.randint(700, 1100)
    for name in rng.sample(points, 4):
        altitude += rng.randint(-350, 600)
        legs.append(
            {
                "turnpoint": name,
                "bearing_deg": rng.randint(0, 359),
                "distance_km": round(rng.uniform(18, 94), 1),
                "best_climb_ms": round(rng.uniform(0.8, 4.6), 1),
                "altitude_m": max(420, altitude),
            }
        )
    return {
        "pilot": rng.choice(CREW),
        "glider": {"registration": f"D-{rng.randint(1000, 9999)}", "ballast_l": rng.choice((0, 40, 110))},
        "legs": legs,
        "task_km": round(sum(leg["distance_km"] for leg in legs), 1),
        "outlanding": rng.random() < 0.15,
        "remarks": rng.choice(
            ("cloud base rising", "wave in the lee of the ridge", "sea breeze from noon", "")
        ),
    }


def patch_review(rng: Random) -> list[dict[str, Any]]:
    """Remarks of a code review, one object each."""
    remarks = (
        "name says what it does, not why",
        "this branch is never tested",
        "off by one when the list is empty",
        "please use the helper next door",
        "nice simplification",
        "the lock is released too early",
        "message should mention the file",
    )
    return [
        {
            "change": f"I{rng.getrandbits(40):010x}",
            "file": f"src/{rng.choice(('parser', 'cache', 'planner', 'wire'))}/{rng.choice(('mod', 'table'))}.rs",
            "line": rng.randint(3, 780),
            "reviewer": rng.choice(CREW),
            "severity": rng.choice(("nit", "question", "blocking")),
            "remark": remark,
            "resolved": rng.random() < 0.6,
        }
        for remark in rng.sample(remarks, rng.randint(4, 6))
    ]


def inventory(rng: Random) -> dict[str, Any]:
    """The wardrobe of a theatre."""
    kinds = ("frock coat", "ruff", "crinoline", "doublet", "tricorne", "opera cape", "sailor suit")
    return {
        "wardrobe": rng.choice(("north store", "cellar", "annexe")),
        "counted_by": rng.choice(CREW),
        "items": {
            f"W{rng.randint(1000, 9999)}": {
                "kind": kind,
                "period": rng.choice(("1590s", "1760s", "1840s", "1900s")),
                "size": {"chest_cm": rng.randint(82, 118), "length_cm": rng.randint(60, 140)},
                "condition": rng.choice(("good", "seams worn", "moth", "lining replaced")),
                "last_worn_in": rng.choice(("Tartuffe", "The Seagull", "Twelfth Night", None)),
                "on_loan": rng.choice(
                    (False, False, {"to": "Opera Studio", "back_by": f"2026-0{rng.randint(1, 9)}-15"})
                ),
            }
            for kind in rng.sample(kinds, rng.randint(3, 5))
        },
    }


SHAPES: Mapping[str, Callable[[Random], Any]] = {
    function.__name__.replace("_", "-"): function
    for function in (bird_ringing, tournament, flight_plan, patch_review, inventory)
}
