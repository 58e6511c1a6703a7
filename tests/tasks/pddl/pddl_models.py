"""The bar and the garage as plain records and rules, without facts, actions or any code of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

Facts = set[tuple[str, ...]]


class Shot(NamedTuple):
    content: str
    clean: bool
    used: str


class Bar(NamedTuple):
    """``held`` by left and right ("" for nothing). ``shaker``: clean, dirty (both empty), unshaked or shaked."""

    held: tuple[str, str]
    shots: tuple[tuple[str, Shot], ...]
    shaker: str
    level: int
    mix: frozenset[str]


class BarModel:
    """What does not change is kept beside the states, so a model serves one problem."""

    def read(self, start: Facts) -> Bar:
        held = {fact[1]: fact[2] for fact in start if fact[0] == "holding"}
        clean = {fact[1] for fact in start if fact[0] == "clean"}
        content = {fact[1]: fact[2] for fact in start if fact[0] == "contains" and fact[1] != "shaker1"}
        used = {fact[1]: fact[2] for fact in start if fact[0] == "used"}
        vessels = {fact[1] for fact in start if fact[0] == "ontable"} | set(held.values())
        self.drinks = sorted(fact[2] for fact in start if fact[0] == "dispenses")
        parts = {
            which: {f[1]: f[2] for f in start if f[0] == which} for which in ("first-part", "second-part")
        }
        self.recipes = {name: {i, parts["second-part"][name]} for name, i in parts["first-part"].items()}
        state = next((f[0] for f in start if f[0] in ("unshaked", "shaked")), "")
        return Bar(
            (held.get("left", ""), held.get("right", "")),
            tuple(
                (name, Shot(content.get(name, ""), name in clean, used.get(name, "")))
                for name in sorted(vessels - {"shaker1"})
            ),
            state or ("clean" if "shaker1" in clean else "dirty"),
            next(int(fact[2][-1]) for fact in start if fact[0] == "shaker-level"),
            frozenset(fact[2] for fact in start if fact[0] == "contains" and fact[1] == "shaker1"),
        )

    @staticmethod
    def show(bar: Bar) -> Facts:
        shown: Facts = {("contains", name, shot.content) for name, shot in bar.shots if shot.content}
        shown |= {("contains", "shaker1", drink) for drink in bar.mix}
        return shown | {
            ("holding", hand, vessel)
            for hand, vessel in zip(("left", "right"), bar.held, strict=True)
            if vessel
        }

    def moves(self, bar: Bar) -> Iterator[Bar]:
        shots = dict(bar.shots)
        for hand, other in ((0, 1), (1, 0)):
            mine, free = bar.held[hand], not bar.held[other]

            def hold(vessel: str, hand: int = hand) -> Bar:
                held = (vessel, bar.held[1]) if hand == 0 else (bar.held[0], vessel)
                return bar._replace(held=held)

            if mine:
                yield hold("")
            else:
                yield from (hold(vessel) for vessel in (*shots, "shaker1") if vessel not in bar.held)
            if mine == "shaker1":
                yield from self._with_shaker(bar, free=free)
            elif mine:
                yield from self._with_shot(bar, mine, shots[mine], free=free)

    def _with_shot(self, bar: Bar, name: str, shot: Shot, *, free: bool) -> Iterator[Bar]:
        if free and not shot.content:
            for drink in self.drinks:
                if shot.clean or shot.used == drink:
                    yield _put(bar, name, Shot(drink, False, drink))
            if shot.used:
                yield _put(bar, name, Shot("", True, ""))
        if shot.content:
            emptied = _put(bar, name, shot._replace(content=""))
            yield emptied
            if shot.content in self.drinks and bar.level < 2 and bar.shaker in ("clean", "unshaked"):
                mixed = bar.mix | {shot.content}
                yield emptied._replace(shaker="unshaked", level=bar.level + 1, mix=mixed)

    def _with_shaker(self, bar: Bar, *, free: bool) -> Iterator[Bar]:
        if bar.shaker == "dirty" and free:
            yield bar._replace(shaker="clean")
        if bar.shaker == "unshaked" and free:
            for cocktail, parts in self.recipes.items():
                if parts <= bar.mix:
                    yield bar._replace(shaker="shaked", mix=bar.mix - parts | {cocktail})
        if bar.shaker == "shaked":
            yield bar._replace(shaker="dirty", level=0, mix=frozenset())
            if bar.level:
                for name, shot in bar.shots:
                    if not shot.content and shot.clean:
                        filled = _put(bar, name, Shot(next(iter(bar.mix)), False, ""))
                        yield filled._replace(level=bar.level - 1)


def _put(bar: Bar, name: str, shot: Shot) -> Bar:
    return bar._replace(shots=tuple((other, shot if other == name else old) for other, old in bar.shots))


class Hub(NamedTuple):
    """``nut`` and ``wheel`` on it, "" for none."""

    name: str
    raised: bool
    nut: str
    tight: bool
    wheel: str


class Garage(NamedTuple):
    is_open: bool
    hand: frozenset[str]
    boot: frozenset[str]
    hubs: tuple[Hub, ...]
    flat: frozenset[str]


class GarageModel:
    def read(self, start: Facts) -> Garage:
        def named(predicate: str, place: int = 1) -> frozenset[str]:
            return frozenset(fact[place] for fact in start if fact[0] == predicate)

        self.spares = named("intact")
        nuts = {f[2]: (f[1], f[0] == "tight") for f in start if f[0] in ("tight", "loose")}
        wheels = {fact[2]: fact[1] for fact in start if fact[0] == "on"}
        hubs = sorted(named("on-ground") | named("not-on-ground"))
        return Garage(
            ("isopen", "boot") in start,
            named("have"),
            named("in"),
            tuple(
                Hub(h, h in named("not-on-ground"), *nuts.get(h, ("", False)), wheels.get(h, ""))
                for h in hubs
            ),
            named("not-inflated"),
        )

    def show(self, garage: Garage) -> Facts:
        shown: Facts = {("isopen" if garage.is_open else "closed", "boot")}
        shown |= {("have", thing) for thing in garage.hand} | {("in", thing, "boot") for thing in garage.boot}
        shown |= {("inflated", wheel) for wheel in self.spares - garage.flat}
        for hub in garage.hubs:
            if hub.nut:
                shown.add(("tight" if hub.tight else "loose", hub.nut, hub.name))
            if hub.wheel:
                shown.add(("on", hub.wheel, hub.name))
        return shown

    def moves(self, garage: Garage) -> Iterator[Garage]:
        yield garage._replace(is_open=not garage.is_open)
        if garage.is_open:
            for thing in garage.boot:
                yield garage._replace(hand=garage.hand | {thing}, boot=garage.boot - {thing})
            for thing in garage.hand:
                yield garage._replace(hand=garage.hand - {thing}, boot=garage.boot | {thing})
        if "pump" in garage.hand:
            yield from (garage._replace(flat=garage.flat - {wheel}) for wheel in garage.flat)
        for number, hub in enumerate(garage.hubs):
            for after, taken, given in self._at(hub, garage.hand):
                hubs = (*garage.hubs[:number], after, *garage.hubs[number + 1 :])
                yield garage._replace(hubs=hubs, hand=garage.hand - {taken} | given)

    @staticmethod
    def _at(hub: Hub, hand: frozenset[str]) -> Iterator[tuple[Hub, str, set[str]]]:
        """(the hub after, what leaves the hand, what comes into it)"""
        wrench = "wrench" in hand
        if hub.raised:
            yield hub._replace(raised=False), "", {"jack"}
            if wrench and hub.nut and not hub.tight:
                yield hub._replace(nut=""), "", {hub.nut}
            if not hub.nut:
                if wrench:
                    yield from ((hub._replace(nut=n), n, set()) for n in hand if n.startswith("nuts"))
                if hub.wheel:
                    yield hub._replace(wheel=""), "", {hub.wheel}
                else:
                    wheels = (thing for thing in hand if thing.startswith(("wheel", "spare")))
                    yield from ((hub._replace(wheel=w), w, set()) for w in wheels)
            return
        if "jack" in hand:
            yield hub._replace(raised=True), "jack", set()
        if wrench and hub.nut:
            yield hub._replace(tight=not hub.tight), "", set()


MODELS: dict[str, Any] = {"barman": BarModel, "tyreworld": GarageModel}
