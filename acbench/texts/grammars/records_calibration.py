"""The record grammars of the calibration split. Each function makes one document out of a seeded generator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from random import Random

FIRST = (
    "Aylin",
    "Bruno",
    "Chipo",
    "Dorte",
    "Emil",
    "Farida",
    "Goran",
    "Hana",
    "Ivo",
    "Jelena",
    "Karim",
    "Lotte",
)
LAST = (
    "Abrams",
    "Bakker",
    "Costa",
    "Dvorak",
    "Ekholm",
    "Fofana",
    "Greco",
    "Hartl",
    "Imai",
    "Jansen",
    "Kovac",
)
TOWNS = ("Brugg", "Kaunas", "Lugo", "Nantes", "Oulu", "Pécs", "Rieti", "Split", "Tromsø", "Vejle")


def _day(rng: Random, year: int = 2024) -> str:
    return f"{year}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def _name(rng: Random) -> str:
    return f"{rng.choice(FIRST)} {rng.choice(LAST)}"


def order(rng: Random) -> dict[str, Any]:
    """A shop's order with lines and a total that is the sum of them."""
    goods = (
        ("enamel kettle", 3490),
        ("beeswax candle", 420),
        ("linen towel", 1150),
        ("oak chopping board", 2780),
        ("pepper mill", 1990),
        ("cast-iron pan", 4650),
        ("tea strainer", 680),
    )
    lines = [
        {"sku": f"KH-{rng.randint(100, 999)}", "title": title, "cents": cents, "quantity": rng.randint(1, 4)}
        for title, cents in rng.sample(goods, rng.randint(2, 4))
    ]
    return {
        "order": rng.randint(100000, 999999),
        "placed": f"{_day(rng)}T{rng.randint(6, 22):02d}:{rng.randint(0, 59):02d}:00Z",
        "customer": {"name": _name(rng), "town": rng.choice(TOWNS), "newsletter": rng.random() < 0.3},
        "lines": lines,
        "total_cents": sum(int(str(line["cents"])) * int(str(line["quantity"])) for line in lines),
        "paid_by": rng.choice(("card", "transfer", "invoice")),
        "gift_note": rng.choice((None, "Happy birthday!", "From all of us", "To the new kitchen")),
    }


def weather(rng: Random) -> list[dict[str, Any]]:
    """One day of a weather station, every three hours."""
    station, degrees = rng.choice(TOWNS), rng.uniform(-4, 19)
    rows = []
    for hour in range(0, 24, 3):
        degrees += rng.uniform(-1.8, 1.8) + (1.5 if 6 <= hour < 15 else -1.0)
        rows.append(
            {
                "station": station,
                "hour": hour,
                "celsius": round(degrees, 1),
                "hectopascal": round(rng.uniform(994, 1031), 1),
                "wind": {
                    "from": rng.choice(("N", "NE", "E", "SE", "S", "SW", "W", "NW")),
                    "knots": rng.randint(0, 24),
                },
                "rain_mm": round(max(0.0, rng.uniform(-3, 2)), 1),
            }
        )
    return rows


def trace(rng: Random) -> list[dict[str, Any]]:
    """Structured log lines of one request through a few services."""
    trace_id = f"{rng.getrandbits(48):012x}"
    at = rng.randint(1_700_000_000_000, 1_730_000_000_000)
    lines = []
    for service, message in (
        ("gateway", "request received"),
        ("auth", rng.choice(("token valid", "token refreshed"))),
        ("catalogue", rng.choice(("cache hit", "cache miss", "query planned"))),
        ("pricing", rng.choice(("rule applied", "no rule matched"))),
        ("gateway", "response sent"),
    ):
        at += rng.randint(1, 90)
        level = "warn" if message in ("cache miss", "no rule matched") else "info"
        lines.append({"t": at, "level": level, "service": service, "trace": trace_id, "msg": message})
    lines[-1] |= {"status": rng.choice((200, 200, 200, 304, 404)), "bytes": rng.randint(120, 48000)}
    return lines


def curriculum(rng: Random) -> dict[str, Any]:
    """A course with its sessions and marks."""
    topics = ("vectors", "limits", "primes", "graphs", "probability", "induction", "matrices", "series")
    return {
        "course": {
            "code": f"M{rng.randint(101, 399)}",
            "teacher": _name(rng),
            "room": f"{rng.choice('ABCD')}{rng.randint(1, 40)}",
        },
        "sessions": [
            {"week": week, "topic": topic, "exercises": sorted(rng.sample(range(1, 60), rng.randint(3, 6)))}
            for week, topic in enumerate(rng.sample(topics, 5), start=1)
        ],
        "participants": [
            {
                "name": _name(rng),
                "marks": [rng.choice((None, *range(4, 16))) for _ in range(5)],
                "passed": rng.random() < 0.8,
            }
            for _ in range(rng.randint(3, 5))
        ],
    }


def geography(rng: Random) -> dict[str, Any]:
    """Hiking huts as GeoJSON."""
    huts = ("Larch", "Marmot", "Two Lakes", "Saddle", "Old Customs", "Granite")
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "geometry": {
                    "type": "Point",
                    "coordinates": [
                        round(rng.uniform(6, 13), 5),
                        round(rng.uniform(45.5, 47.5), 5),
                        rng.randint(1400, 2900),
                    ],
                },
                "properties": {
                    "name": f"{hut} Hut",
                    "beds": rng.randint(8, 90),
                    "open": [rng.choice(("May", "June")), rng.choice(("September", "October"))],
                    "water": rng.choice(("spring", "rain tank", "none in autumn")),
                },
            }
            for hut in rng.sample(huts, rng.randint(3, 4))
        ],
    }


def configuration(rng: Random) -> dict[str, Any]:
    """The settings of an invented image server."""
    return {
        "version": rng.choice((2, 3)),
        "listen": {"address": rng.choice(("0.0.0.0", "127.0.0.1", "::1")), "port": rng.randint(3000, 9900)},  # noqa: S104 - a text
        "storage": {
            "driver": rng.choice(("filesystem", "object", "memory")),
            "path": rng.choice(("/srv/images", "/var/lib/thumbs", "./cache")),
            "limit_mib": rng.choice((512, 1024, 4096, 16384)),
            "expire_after": rng.choice(("36h", "7d", "never")),
        },
        "formats": [
            {"name": name, "quality": rng.randint(55, 95), "progressive": rng.random() < 0.5}
            for name in rng.sample(("jpeg", "webp", "avif", "png"), 3)
        ],
        "workers": rng.randint(1, 16),
        "allow_upscaling": rng.random() < 0.2,
        "log": {
            "level": rng.choice(("debug", "info", "warning")),
            "json": rng.random() < 0.5,
            "sample": round(rng.random(), 2),
        },
        "owners": [f"{rng.choice(FIRST).lower()}@example.org" for _ in range(rng.randint(1, 3))],
    }


def playlist(rng: Random) -> dict[str, Any]:
    """A radio programme with invented pieces."""
    first = ("Slow", "Paper", "Northern", "Borrowed", "Copper", "Hidden", "Early")
    second = ("Harbour", "Machines", "Garden", "Weather", "Letters", "Trains", "Light")
    pieces = []
    start = rng.randint(0, 23) * 3600
    for _ in range(rng.randint(5, 7)):
        seconds = rng.randint(95, 420)
        pieces.append(
            {
                "starts": f"{start // 3600 % 24:02d}:{start % 3600 // 60:02d}:{start % 60:02d}",
                "title": f"{rng.choice(first)} {rng.choice(second)}",
                "by": _name(rng),
                "seconds": seconds,
                "year": rng.randint(1961, 2024),
            }
        )
        start += seconds + rng.randint(2, 40)
    return {"programme": "Night Desk", "host": _name(rng), "date": _day(rng), "pieces": pieces}


SHAPES: Mapping[str, Callable[[Random], Any]] = {
    function.__name__: function
    for function in (order, weather, trace, curriculum, geography, configuration, playlist)
}
