"""What can be done now in a story nobody knows: every template with every noun is tried and taken back.

Runs in the child process that holds the stories. A command counts when the answer is no refusal and the
story's memory changed otherwise than it does by commands that do nothing (specification, section 5.4).
"""

from __future__ import annotations

import hashlib
import itertools
import operator
import re
from collections import OrderedDict
from functools import reduce
from typing import TYPE_CHECKING, Any

from acbench.tasks.jericho.text import clean, refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DIRECTIONS = (
    *("north", "south", "east", "west", "northeast", "northwest", "southeast", "southwest"),
    *("up", "down", "in", "out"),
)
TEMPLATES = (
    *DIRECTIONS,
    *("look", "inventory", "take {}", "drop {}", "open {}", "close {}", "examine {}", "read {}"),
    *("turn on {}", "turn off {}", "push {}", "pull {}", "enter {}"),
    *("unlock {} with {}", "put {} in {}", "put {} on {}", "give {} to {}"),
)
"""What is tried in a story of which nothing is known. ``{}`` stands for a noun."""
TELLS = ("look", "inventory", "examine {}", "read {}", "wait")
"""They change nothing but the player's knowledge, so the answer alone decides."""
NOISE = ("wait", "look", "inventory", "qwxz", "qwxz qwxz qwxz qwxz qwxz qwxz")
"""Commands without effect; what they change in memory (clocks, buffers) is no effect of others either."""

SMALL_WORDS = re.compile(
    r"an?|the|and|or|but|of|to|in|on|at|its?|he|him|his|she|hers?|they|them|their|i|me|my|you|your|we|us|our"
    r"|this|that|these|those|all|both|some|any|every|each|except|is|are|was|were|be|here|there|no|not|one|two"
    r"|with|from|into|onto|by|for|as"
)
"""Never part of a noun, whatever the dictionary says of them."""

MAX_TRIES = 400
MAX_NOUNS = 14
MAX_CHOICES = 80
REMEMBERED = 2000
"""Lists that are kept, the one used last at the end."""

_KNOWN: OrderedDict[str, list[str]] = OrderedDict()


def choices(engine: Any, story: str, templates: Sequence[str]) -> list[str]:
    """The commands that work now, in the order of the alphabet. Restores the state.

    At most 400 commands are tried and 80 told. ``engine`` is a jericho environment.
    """
    state = engine.get_state()
    key = _fingerprint(state, story, templates)
    if key in _KNOWN:
        _KNOWN.move_to_end(key)
    else:
        _KNOWN[key] = _found(engine, state, templates)
        while len(_KNOWN) > REMEMBERED:
            _KNOWN.popitem(last=False)
    return _KNOWN[key]


def send(engine: Any, command: str) -> str:
    """One line typed; what the story answers. Texts that are not in the engine's code page do not raise."""
    raw: bytes = engine.frotz_lib.step(command.encode("ascii", "replace") + b"\n")
    return raw.decode("cp1252", "replace")


def _found(engine: Any, state: Any, templates: Sequence[str]) -> list[str]:
    def attempt(command: str) -> tuple[str, Any]:
        engine.set_state(state)
        answer = send(engine, command)
        return answer, engine._get_ram()

    before = state[0]
    try:
        probes = {command: attempt(command) for command in NOISE}
        nouns = _nouns(engine, f"{probes['look'][0]}\n{probes['inventory'][0]}")
        again = [attempt(f"examine {noun} with {noun}") for noun in nouns]
        examined = {noun: attempt(f"examine {noun}") for noun in nouns}
        idle = [*probes.values(), *again, *examined.values()]
        quiet = reduce(operator.and_, [after == before for _, after in idle])
        nouns = _distinct({noun: answer for noun, (answer, _) in examined.items()})
        found = []
        for template, command in _candidates(templates, nouns):
            answer, after = attempt(command)
            told = template in TELLS or bool(((after != before) & quiet).any())
            if told and not refused(answer):
                found.append(command)
                if len(found) == MAX_CHOICES:
                    break
        return sorted(found)
    finally:
        engine.set_state(state)


def _distinct(examined: Mapping[str, str]) -> list[str]:
    """The nouns that name something here; of "lamp" and "brass lamp", if they are one thing, the longer."""
    seen = {noun: answer for noun, answer in examined.items() if not refused_noun(answer)}
    return [
        noun
        for noun, answer in seen.items()
        if not any(
            other != noun and set(noun.split()) < set(other.split()) and clean(seen[other]) == clean(answer)
            for other in seen
        )
    ]


def refused_noun(answer: str) -> bool:
    """Whether a story does not see what a noun names; "nothing special" is an answer about a thing it sees."""
    return refused(answer) and "special" not in answer


def _candidates(templates: Sequence[str], nouns: Sequence[str]) -> Iterator[tuple[str, str]]:
    tries = 0
    for template in templates:
        holes = template.count("{}")
        filled: list[tuple[str, ...]] = [()] if holes == 0 else [(noun,) for noun in nouns]
        if holes == 2:
            filled = [(one, other) for one in nouns for other in nouns if one != other]
        for words in filled:
            tries += 1
            if tries > MAX_TRIES:
                return
            yield template, template.format(*words)


def _nouns(engine: Any, text: str) -> list[str]:
    """Runs of words of the text that the story's dictionary has as nouns, in the order of the text."""
    known = {
        word.word
        for word in engine.get_dictionary()
        if word.is_noun and not word.is_dir and len(word.word) > 1 and not SMALL_WORDS.fullmatch(word.word)
    }
    longest = max((len(word) for word in known), default=9)
    found: dict[str, None] = {}
    for sentence in re.split(r"[.,;:!?()\n]", clean(text).lower()):
        words = re.findall(r"[a-z0-9'-]+", sentence)
        runs = [
            (list(run), noun) for noun, run in itertools.groupby(words, lambda word: word[:longest] in known)
        ]
        for number, (run, noun) in enumerate(runs):
            if noun:
                if number + 2 < len(runs) and runs[number + 1][0] == ["of"]:  # "nest of spiders"
                    found[" ".join([*run, "of", *runs[number + 2][0]])] = None
                found[" ".join(run)] = None
    return list(found)[:MAX_NOUNS]


def _fingerprint(state: Any, story: str, templates: Sequence[str]) -> str:
    digest = hashlib.blake2b(repr((story, list(templates), state[2:8])).encode(), digest_size=20)
    digest.update(state[0].tobytes())
    digest.update(state[1].tobytes())
    return digest.hexdigest()
