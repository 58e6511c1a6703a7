"""The ``eval`` object of a row: read, checked, and applied to addresses, texts and an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.errors import DataError, did_you_mean
from acbench.tasks.webarena.scoring import (
    answer_match,
    content_match,
    mixed,
    snippets_seen,
    url_match,
    url_progress,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TYPES = ("string_match", "url_match", "program_html")
ANSWERS = ("exact_match", "must_include", "fuzzy_match")
LAST = "last"
"""As the address of a target: the page that is open at the end."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that must stand on a page: where to look (``url``, ``locator``) and what for.

    Exactly one of ``must`` (snippets) and ``exact`` (a text) is given. An empty locator is the whole page.
    """

    url: str
    locator: str
    must: tuple[str, ...] | None
    exact: str | None

    @property
    def snippets(self) -> tuple[str, ...]:
        return self.must if self.must is not None else (self.exact or "",)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What success is. ``answers``: the rules for the answer; ``reference_url``: "" without ``url_match``."""

    types: tuple[str, ...]
    answers: Mapping[str, Any]
    reference_url: str
    targets: tuple[Target, ...]

    @property
    def only_answer(self) -> bool:
        return set(self.types) == {"string_match"}

    def succeeded(self, url: str, answer: str, text_of: Callable[[Target], str]) -> bool:
        """Whether all evaluators are satisfied; ``text_of`` looks up what a target selects."""
        if "string_match" in self.types and not answer_match(self.answers, answer):
            return False
        if "url_match" in self.types and not url_match(self.reference_url, url):
            return False
        return "program_html" not in self.types or all(
            content_match(target.must, target.exact, text_of(target)) for target in self.targets
        )


class Progress:
    """The running progress (0..1) of one episode: best address so far, snippets ever seen."""

    def __init__(self, evaluation: Evaluation, *, upstream: bool = False) -> None:
        self.value = 0.0
        self._evaluation = evaluation
        self._upstream = upstream
        self._url = 0.0
        self._seen = [False for target in evaluation.targets for _ in target.snippets]

    def observe(self, url: str, texts: Sequence[str]) -> float:
        """Counts the page that is open now: its address, and per target the text its locator selects there."""
        parts = self._evaluation
        if "url_match" in parts.types:
            self._url = max(self._url, url_progress(parts.reference_url, url))
        now = [
            seen
            for target, text in zip(parts.targets, texts, strict=True)
            for seen in snippets_seen(target.snippets, text, upstream=self._upstream)
        ]
        self._seen = [before or seen for before, seen in zip(self._seen, now, strict=True)]
        self.value = self._measure()  # of parts that never fall
        return self.value

    def answered(self, *, success: bool) -> float:
        """At the end: where only the answer counts, it is all of the progress."""
        if self._evaluation.only_answer and success:
            self.value = 1.0
        return self.value

    def _measure(self) -> float:
        types = self._evaluation.types
        content = sum(self._seen) / len(self._seen) if self._seen else 0.0
        if "url_match" in types and "program_html" in types:
            return mixed(self._url, content, len(self._seen))
        return self._url if "url_match" in types else content


def read_evaluation(given: Any, where: str) -> Evaluation:
    """A checked ``eval`` object. Raises DataError naming ``where`` and the field."""
    if not isinstance(given, dict):
        raise DataError(f"{where}: eval must be an object")
    types = given.get("eval_types")
    if not isinstance(types, list) or not types:
        raise DataError(f"{where}: eval.eval_types must be a non-empty list")
    for kind in types:
        if kind not in TYPES:
            raise DataError(f"{where}: eval.eval_types: unknown {kind!r}; {did_you_mean(str(kind), TYPES)}")
    has = {kind: kind in types for kind in TYPES}
    return Evaluation(
        tuple(types),
        _answers(given.get("reference_answers"), where) if has["string_match"] else {},
        _reference(given.get("reference_url"), where) if has["url_match"] else "",
        _targets(given.get("program_html"), where) if has["program_html"] else (),
    )


def _answers(given: Any, where: str) -> Mapping[str, Any]:
    where = f"{where}: eval.reference_answers"
    if not isinstance(given, dict) or not given:
        raise DataError(f"{where} must be an object with one of {', '.join(ANSWERS)}")
    for name, value in given.items():
        if name not in ANSWERS:
            raise DataError(f"{where}: unknown {name!r}; {did_you_mean(str(name), ANSWERS)}")
        if name == "exact_match" and not isinstance(value, str):
            raise DataError(f"{where}.exact_match must be a text")
        if name != "exact_match" and not _texts(value):
            raise DataError(f"{where}.{name} must be a list of texts")
    return dict(given)


def _reference(given: Any, where: str) -> str:
    if not isinstance(given, str) or not given.strip():
        raise DataError(f"{where}: eval.reference_url must be an address")
    return given


def _targets(given: Any, where: str) -> tuple[Target, ...]:
    if not isinstance(given, list) or not given:
        raise DataError(f"{where}: eval.program_html must be a non-empty list")
    return tuple(_target(one, f"{where}: eval.program_html[{n}]") for n, one in enumerate(given))


def _target(given: Any, where: str) -> Target:
    if not isinstance(given, dict) or not isinstance(given.get("url"), str):
        raise DataError(f"{where}.url must be a text")
    if not isinstance(given.get("locator"), str):
        raise DataError(f"{where}.locator must be a text")
    required = given.get("required_contents")
    must = required.get("must_include") if isinstance(required, dict) else None
    exact = required.get("exact_match") if isinstance(required, dict) else None
    if isinstance(exact, str):  # looked at first, as published
        return Target(given["url"], given["locator"], None, exact)
    if not must or not _texts(must):
        raise DataError(f"{where}.required_contents must hold must_include (texts) or exact_match (a text)")
    return Target(given["url"], given["locator"], tuple(must), None)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)
