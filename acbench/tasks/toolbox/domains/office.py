"""Office: contacts, mail, calendar, notes and rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acbench.tasks.toolbox.model import (
    NOT_FOUND,
    NOT_POSSIBLE,
    Handler,
    Refusal,
    State,
    Tool,
    code,
    draw,
    many,
    text,
    whole,
)
from acbench.tasks.toolbox.words import DAYS, PEOPLE, TIMES

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "office"
LARGEST_ROOM = 20
TOOLS = (
    Tool(
        "Contacts.find",
        NAME,
        "Look up a person in the address book.",
        (text("name", "full name"),),
        "email, phone",
    ),
    Tool(
        "Mail.send",
        NAME,
        "Send a mail with a subject and a list of facts.",
        (text("to", "mail address"), text("subject", "subject line"), many("facts", "what the mail says")),
        "message_id",
    ),
    Tool(
        "Calendar.free_slot",
        NAME,
        "Find the first free hour of a weekday.",
        (text("day", "weekday", choices=DAYS),),
        "start",
    ),
    Tool(
        "Calendar.add_event",
        NAME,
        "Put an event into the calendar.",
        (
            text("title", "name of the event"),
            text("day", "weekday", choices=DAYS),
            text("start", "time as hh:mm"),
        ),
        "event_id",
    ),
    Tool(
        "Notes.create",
        NAME,
        "Write a note with a title and a list of entries.",
        (text("title", "title of the note"), many("entries", "what the note says")),
        "note_id",
    ),
    Tool(
        "Rooms.reserve",
        NAME,
        "Reserve a meeting room for a weekday.",
        (text("day", "weekday", choices=DAYS), whole("people", "number of people")),
        "room_id",
    ),
)


def tables(seed: int) -> dict[str, Any]:
    """Addresses by name and free hours by weekday."""
    contacts = {
        name: {
            "email": f"{name.split()[0].lower()}.{draw(90, seed, name) + 10}@example.org",
            "phone": f"555-0{draw(900, seed, 'phone', name) + 100}",
        }
        for name in PEOPLE
    }
    return {"contacts": contacts, "free": {day: TIMES[draw(len(TIMES), seed, "free", day)] for day in DAYS}}


def _find_contact(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    found = state.tables["contacts"].get(args["name"])
    if found is None:
        raise Refusal(NOT_FOUND, f"{args['name']} is not in the address book.")
    state.note("contact known", email=found["email"])
    return dict(found)


def _send_mail(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    if args["to"] not in [contact["email"] for contact in state.tables["contacts"].values()]:
        raise Refusal(NOT_POSSIBLE, f"The address {args['to']} does not exist.")
    state.note("mail sent", to=args["to"], facts=list(args["facts"]))
    return {"message_id": code("ML", args["to"], args["subject"])}


def _free_slot(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    start = state.tables["free"][args["day"]]
    state.note("free hour known", day=args["day"], start=start)
    return {"start": start}


def _add_event(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    if args["start"] != state.tables["free"][args["day"]]:
        raise Refusal(NOT_POSSIBLE, f"The calendar is not free on {args['day']} at {args['start']}.")
    state.note("event added", day=args["day"], title=args["title"])
    return {"event_id": code("EV", args["title"], args["day"])}


def _create_note(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    state.note("note written", title=args["title"], entries=list(args["entries"]))
    return {"note_id": code("NT", args["title"])}


def _reserve_room(state: State, args: Mapping[str, Any]) -> dict[str, Any]:
    if not 1 <= args["people"] <= LARGEST_ROOM:
        raise Refusal(NOT_POSSIBLE, f"No room holds {args['people']} people.")
    state.note("room reserved", day=args["day"], people=args["people"])
    return {"room_id": code("RM", args["day"], args["people"])}


HANDLERS: dict[str, Handler] = {
    "Contacts.find": _find_contact,
    "Mail.send": _send_mail,
    "Calendar.free_slot": _free_slot,
    "Calendar.add_event": _add_event,
    "Notes.create": _create_note,
    "Rooms.reserve": _reserve_room,
}
