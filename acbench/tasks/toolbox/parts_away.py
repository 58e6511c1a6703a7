"""Parts of scenarios: travel, library and money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.toolbox.parts import Part, fact
from acbench.tasks.toolbox.plan import Ref, Step
from acbench.tasks.toolbox.words import ACCOUNTS, BOOKS, CITIES, DAYS, PEOPLE, PRODUCTS, TIMES

if TYPE_CHECKING:
    from random import Random

    from acbench.tasks.toolbox.world import World


def _route(world: World, rng: Random) -> tuple[str, str, str, dict[str, Any]]:
    origin, destination = rng.sample(CITIES, 2)
    day = rng.choice(DAYS)
    return origin, destination, day, world.tables("travel")["trains"][origin, destination, day]


def _search_train(origin: str, destination: str, day: str) -> Step:
    args = {"origin": origin, "destination": destination, "day": day}
    return Step(0, "Trains.search", args, f"Find a train from {origin} to {destination} on {day}.")


def train_search(world: World, rng: Random) -> Part:
    origin, destination, day, train = _route(world, rng)
    return Part(
        f"find a train from {origin} to {destination} on {day}",
        (_search_train(origin, destination, day),),
        (fact("train known", train_id=train["train_id"]),),
    )


def train_booking(world: World, rng: Random) -> Part:
    origin, destination, day, train = _route(world, rng)
    people = rng.randint(1, 2)
    who = "one traveller" if people == 1 else "two travellers"
    book = Step(
        1, "Trains.book", {"train_id": Ref(0, "train_id"), "passengers": people}, f"Book the train for {who}."
    )
    return Part(
        f"book a train from {origin} to {destination} on {day} for {who}",
        (_search_train(origin, destination, day), book),
        (fact("train booked", train_id=train["train_id"], passengers=people),),
        {
            "cost": ("the total of the tickets", Ref(1, "total"), train["price"] * people),
            "word": ("the departure time", Ref(0, "departure"), train["departure"]),
        },
    )


def train_and_taxi(world: World, rng: Random) -> Part:
    origin, destination, day, train = _route(world, rng)
    book = Step(
        1,
        "Trains.book",
        {"train_id": Ref(0, "train_id"), "passengers": 1},
        "Book the train for one traveller.",
    )
    taxi = Step(
        2,
        "Taxi.order",
        {"city": origin, "time": Ref(0, "departure")},
        f"Order a taxi in {origin} at the departure time.",
    )
    return Part(
        f"book a train from {origin} to {destination} on {day} for one traveller, and order a taxi in {origin} at "
        "the departure time of the train",
        (_search_train(origin, destination, day), book, taxi),
        (
            fact("train booked", train_id=train["train_id"], passengers=1),
            fact("taxi ordered", city=origin, time=train["departure"]),
        ),
    )


def hotel_reservation(world: World, rng: Random) -> Part:
    city, nights = rng.choice(CITIES), rng.randint(2, 5)
    hotel = world.tables("travel")["hotels"][city]
    search = Step(0, "Hotels.search", {"city": city}, f"Find a hotel in {city}.")
    reserve = Step(
        1,
        "Hotels.reserve",
        {"hotel_id": Ref(0, "hotel_id"), "nights": nights},
        f"Reserve the hotel for {nights} nights.",
    )
    return Part(
        f"reserve a hotel in {city} for {nights} nights",
        (search, reserve),
        (fact("hotel reserved", hotel_id=hotel["hotel_id"], nights=nights),),
        {
            "cost": ("the total of the room", Ref(1, "total"), hotel["price"] * nights),
            "word": ("the name of the hotel", Ref(0, "name"), hotel["name"]),
        },
    )


def taxi(_world: World, rng: Random) -> Part:
    city, time = rng.choice(CITIES), rng.choice(TIMES)
    step = Step(0, "Taxi.order", {"city": city, "time": time}, f"Order a taxi in {city} at {time}.")
    return Part(f"order a taxi in {city} at {time}", (step,), (fact("taxi ordered", city=city, time=time),))


def _book(world: World, rng: Random) -> tuple[str, dict[str, Any], Step]:
    title = rng.choice(BOOKS)[0]
    step = Step(0, "Library.search", {"title": title}, f"Find the book {title}.")
    return title, world.tables("library")["books"][title], step


def book_branch(world: World, rng: Random) -> Part:
    title, book, find = _book(world, rng)
    branch = Step(1, "Library.branch", {"book_id": Ref(0, "book_id")}, "Ask which branch holds the book.")
    return Part(
        f"find out which branch holds the book '{title}'",
        (find, branch),
        (fact("branch known", book_id=book["book_id"]),),
        {"word": ("the shelf of the book", Ref(1, "shelf"), book["shelf"])},
    )


def borrow(world: World, rng: Random) -> Part:
    title, book, find = _book(world, rng)
    name, weeks = rng.choice(PEOPLE), rng.randint(2, 6)
    member = world.tables("library")["members"][name]["member_id"]
    who = Step(1, "Members.lookup", {"name": name}, f"Look up the member {name}.")
    args = {"book_id": Ref(0, "book_id"), "member_id": Ref(1, "member_id"), "weeks": weeks}
    lend = Step(2, "Library.borrow", args, f"Lend the book to the member for {weeks} weeks.")
    return Part(
        f"lend the book '{title}' to {name} for {weeks} weeks",
        (find, who, lend),
        (fact("book lent", book_id=book["book_id"], member_id=member, weeks=weeks),),
    )


def opening(_world: World, rng: Random) -> Part:
    city = rng.choice(CITIES)
    step = Step(0, "Library.opening", {"city": city}, f"Ask when the library of {city} opens.")
    return Part(f"find out when the library of {city} opens", (step,), (fact("opening known", city=city),))


def order(world: World, rng: Random) -> Part:
    product, quantity = rng.choice(PRODUCTS), rng.randint(2, 4)
    row = world.tables("money")["products"][product]
    find = Step(0, "Shop.find", {"product": product}, f"Find the product {product}.")
    args = {"product_id": Ref(0, "product_id"), "quantity": quantity}
    buy = Step(1, "Shop.order", args, f"Order {quantity} pieces of the product.")
    return Part(
        f"order {quantity} pieces of the product '{product}'",
        (find, buy),
        (fact("ordered", product_id=row["product_id"], quantity=quantity),),
        {"cost": (f"the total of the {product} order", Ref(1, "total"), row["price"] * quantity)},
    )


def balance(_world: World, rng: Random) -> Part:
    account = rng.choice(ACCOUNTS)
    step = Step(0, "Bank.balance", {"account": account}, f"Ask for the balance of the account {account}.")
    return Part(
        f"tell me the balance of the account '{account}'", (step,), (fact("balance known", account=account),)
    )


def payment(_world: World, rng: Random) -> Part:
    account, amount = rng.choice(ACCOUNTS), rng.randrange(20, 400, 5)
    args = {"account": account, "amount": amount}
    step = Step(0, "Bank.pay", args, f"Pay {amount} euros from the account {account}.")
    return Part(f"pay {amount} euros from the account '{account}'", (step,), (fact("paid", **args),))


def price_abroad(world: World, rng: Random) -> Part:
    product, currency = rng.choice(PRODUCTS), rng.choice(("CHF", "GBP", "SEK"))
    row = world.tables("money")["products"][product]
    find = Step(0, "Shop.find", {"product": product}, f"Find the product {product}.")
    args = {"amount": Ref(0, "price"), "currency": currency}
    convert = Step(1, "Exchange.convert", args, f"Convert the price into {currency}.")
    return Part(
        f"tell me the price of the product '{product}' in {currency}",
        (find, convert),
        (fact("converted", amount=row["price"], currency=currency),),
    )
