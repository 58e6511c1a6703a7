"""A word-counting renderer, scripted visitors, and a small site of known pages."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, Any

from acbench.tasks.protocol import Prompt, Reply, TaskContext
from acbench.tasks.webarena import open_task
from acbench.tasks.webarena.browser import Browser
from acbench.tasks.webarena.environment import Environment
from acbench.tasks.webarena.evaluation import read_evaluation
from acbench.tasks.webarena.tree import (
    Element,
    Page,
    Redirect,
    Request,
    button,
    checkbox,
    form,
    heading,
    link,
    page,
    radios,
    text,
    textbox,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from acbench.tasks.protocol import Episode, Grade, Sample

HOME = "http://site.example/"


class WordRenderer:
    """One token per word of messages and prefill, three per message."""

    def count(self, text: str) -> int:
        return len(text.split())

    def offsets(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"\S+", text)]

    def render(self, prompt: Prompt) -> tuple[int, ...]:
        words = sum(3 + self.count(m.content) for m in prompt.messages)
        return tuple(range(words + self.count(prompt.prefill)))


def context(
    *, window: int = 100_000, mode: str = "corrected", data_dir: Path | None = None, **settings: Any
) -> TaskContext:
    return TaskContext(WordRenderer(), window, settings, data_dir, mode)


def pack_samples(**settings: Any) -> list[Sample]:
    return list(open_task(context(**settings)).samples())


def play(episode: Episode, agent: Callable[[Prompt], str]) -> tuple[Grade, list[Prompt]]:
    """Plays an episode to its end: grade and prompts."""
    prompts: list[Prompt] = []
    while (prompt := episode.ask()) is not None:
        assert len(prompts) < 1000, "the episode does not end"
        prompts.append(prompt)
        episode.tell(Reply(agent(prompt)))
    return episode.grade(), prompts


def gold(sample: Sample) -> Callable[[Prompt], str]:
    plan = iter(sample.data["plan"])
    return lambda _: str(next(plan))


def nothing(_: Prompt) -> str:
    return "I would rather do nothing."


def shown_actions(prompt: Prompt) -> list[str]:
    """The actions below the last page."""
    return re.findall(r"^- (@.+?@)(?: .+)?$", prompt.messages[-1].content, re.MULTILINE)


def filled(action: str, goal: str, rng: Random) -> str:
    """An action with a word of the goal in place of what is to be filled in."""
    word = rng.choice(re.findall(r"[A-Za-z0-9]+", goal))
    return action.replace("[words]", f"[{word}]").replace("[answer]", f"[{word}]")


def wanderer(sample: Sample) -> Callable[[Prompt], str]:
    """Takes any of the actions shown."""
    rng = Random(sample.id)
    return lambda prompt: filled(rng.choice(shown_actions(prompt)), sample.data["goal"], rng)


class Small:
    """Start page with a menu, a form that is sent by ``post`` and remembered, a search, and a long page."""

    host = "site.example"

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []

    def respond(self, request: Request) -> Page | Redirect:
        if request.method == "post":
            self.sent.append(dict(request.form))
            return Redirect("/thanks?to=you")
        if request.path == "/loop":
            return Redirect("/loop")
        pages = {"/": self._home, "/long": self._long}
        return pages.get(request.path, lambda: page(f"At {request.path}", text(str(dict(request.query)))))()

    def _home(self) -> Page:
        menu = Element("link", "Menu", (link("Inside", "/inside"),), popup=True)
        fields = (
            textbox("Name", "name", "nobody"),
            checkbox("News", "news", checked=True),
            *radios("size", "S", "S", "L"),
            button("Send", "how", "slow"),
            button("Send fast", "how", "fast"),
        )
        find = form("/find", textbox("Find", "q"), button("Go"), method="get")
        return page(
            "Home", menu, form("/send", *fields), find, link("Long", "/long"), textbox("Alone", "alone")
        )

    def _long(self) -> Page:
        return page("Long", heading("Top"), *(link(f"Line {n}", f"/line/{n}") for n in range(60)))


MENU, INSIDE, NAME, NEWS, SMALL, LARGE, SEND, FAST, FIND, GO, LONG, ALONE = (
    *(2, 3, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15),
)
"""Ids on the start page: the page is 1, the forms are 4 and 11."""


def browser() -> Browser:
    return Browser({"site.example": Small()}, [HOME])


def site_of(shown: Browser) -> Small:
    found = shown._sites["site.example"]
    assert isinstance(found, Small)
    return found


def reach(address: str) -> dict[str, Any]:
    return {"eval_types": ["url_match"], "reference_url": address}


def environment(evaluation: dict[str, Any] | None = None, **how: bool) -> Environment:
    """A visit to the small site; without an evaluation its goal is a page that is not there."""
    wanted = read_evaluation(evaluation or reach("http://other.example/x"), "test")
    return Environment(browser(), "a goal", wanted, **how)
