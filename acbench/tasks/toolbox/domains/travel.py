"""Travel: trains, hotels and taxis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.toolbox.model import (
    NOT_FOUND,
    NOT_POSSIBLE,
    Codes,
    Handler,
    Refusal,
    State,
    Tool,
    code,
    draw,
    text,
    whole,
)
from acbench.tasks.toolbox.words import CITIES, DAYS, TIMES

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "travel"
MAX_NIGHTS = 14
TOOLS = (
    Tool(
        "Trains.search",
        NAME,
        "Find the cheapest train between two cities on a weekday.",
        (
            text("origin", "city of departure"),
            text("destination", "city of arrival"),
            text("day", "weekday", choices=DAYS),
        ),
        "train_id, departure, price, seats",
    ),
    Tool(
        "Trains.book",
        NAME,
        "Buy tickets for one train.",
        (text("train_id", "identifier of the train"), whole("passengers", "number of travellers")),
        "booking_id, total",
    ),
    Tool(
        "Hotels.search",
        NAME,
        "Find the best rated hotel of a city.",
        (text("city", "where to stay"), whole("stars", "least number of stars", required=False)),
        "hotel_id, name, price",
    ),
    Tool(
        "Hotels.reserve",
        NAME,
        "Reserve a hotel room for some nights.",
        (text("hotel_id", "identifier of the hotel"), whole("nights", "number of nights")),
        "reservation_id, total",
    ),
    Tool(
        "Taxi.order",
        NAME,
        "Send a taxi to the station of a city.",
        (text("city", "city of the station"), text("time", "pick-up time as hh:mm")),
        "ride_id, fare",
    ),
)


def tables(seed: int) -> dict[str, Any]:
    """Trains by (origin, destination, day) and hotels by city, both also by identifier."""
    codes = Codes()
    trains = {
        (a, b, day): {
            "train_id": codes("TR", seed, a, b, day),
            "departure": TIMES[draw(len(TIMES), seed, "dep", a, b, day)],
            "price": 15 + draw(60, seed, "price", a, b, day),
            "seats": 2 + draw(9, seed, "seats", a, b, day),
        }
        for a in CITIES
        for b in CITIES
        for day in DAYS
        if a != b
    }
    hotels = {
        city: {
            "hotel_id": codes("HO", seed, city),
            "name": f"{('Anchor', 'Linden', 'Old Mill', 'Harbour')[draw(4, seed, 'hotel', city)]} {city}",
            "price": 60 + draw(90, seed, "night", city),
            "stars": 3 + draw(3, seed, "stars", city),
        }
        for city in CITIES
    }
    return {"trains": trains, "hotels": hotels}


def _search_trains(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    found = state.tables["trains"].get((args["origin"], args["destination"], args["day"]))
    if found is None:
        raise Refusal(NOT_FOUND, f"There is no train from {args['origin']} to {args['destination']}.")
    state.note("train known", train_id=found["train_id"])
    return dict(found)


def _book_train(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    train = _by_id(state.tables["trains"], "train_id", args["train_id"])
    if not 1 <= args["passengers"] <= train["seats"]:
        raise Refusal(NOT_POSSIBLE, f"The train has {train['seats']} free seats, not {args['passengers']}.")
    state.note("train booked", train_id=train["train_id"], passengers=args["passengers"])
    booking = code("BK", train["train_id"], args["passengers"])
    return {"booking_id": booking, "total": train["price"] * args["passengers"]}


def _search_hotels(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    hotel = state.tables["hotels"].get(args["city"])
    if hotel is None or hotel["stars"] < args.get("stars", 0):
        raise Refusal(NOT_FOUND, f"No hotel in {args['city']} matches the request.")
    state.note("hotel known", hotel_id=hotel["hotel_id"])
    return {"hotel_id": hotel["hotel_id"], "name": hotel["name"], "price": hotel["price"]}


def _reserve_hotel(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    hotel = _by_id(state.tables["hotels"], "hotel_id", args["hotel_id"])
    if not 1 <= args["nights"] <= MAX_NIGHTS:
        raise Refusal(NOT_POSSIBLE, f"Rooms are let for 1 to {MAX_NIGHTS} nights, not {args['nights']}.")
    state.note("hotel reserved", hotel_id=hotel["hotel_id"], nights=args["nights"])
    reservation = code("RS", hotel["hotel_id"], args["nights"])
    return {"reservation_id": reservation, "total": hotel["price"] * args["nights"]}


def _order_taxi(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    if args["city"] not in CITIES:
        raise Refusal(NOT_FOUND, f"There are no taxis in {args['city']}.")
    state.note("taxi ordered", city=args["city"], time=args["time"])
    return {
        "ride_id": code("TX", args["city"], args["time"]),
        "fare": 9 + draw(20, args["city"], args["time"]),
    }


def _by_id(rows: Mapping[Any, dict[str, Any]], field: str, wanted: str) -> dict[str, Any]:
    for row in rows.values():
        if row[field] == wanted:
            return row
    raise Refusal(NOT_FOUND, f"{wanted} is not known here.")


HANDLERS: dict[str, Handler] = {
    "Trains.search": _search_trains,
    "Trains.book": _book_train,
    "Hotels.search": _search_hotels,
    "Hotels.reserve": _reserve_hotel,
    "Taxi.order": _order_taxi,
}
