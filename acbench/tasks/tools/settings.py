"""Settings of the tool tasks: those that all multi-turn tasks share, and which tools."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from acbench.tasks.agents.settings import UPSTREAM, AgentSettings, choice, flag, some, whole
from acbench.tasks.agents.settings import read_settings as read_agent_settings
from acbench.tasks.tools.aims import SHEET_MATCHES
from acbench.tasks.tools.data.drafts import LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Settings(AgentSettings):
    """``None`` for ``tools`` means all.

    ``per_level``: episodes per simulator and level; with upstream data per simulator and difficulty, where
    None takes all. ``seed`` concerns the embedded pack only, and so do ``slack`` at levels 1 and 2, and
    ``show_choices``: at level 1 the first call of the plan is shown until a call was carried out.
    ``sheet_match`` says how a table is scored: ``normalized``, how much of what was missing at the start is
    there now, or ``upstream``, the share of equal cells in the rectangle that both tables have.
    Only with upstream data: ``check_state`` compares the final to-do list where the row asks for it
    (``row``) or in every row that has one (``always``); ``unrecorded`` says what becomes of rows whose
    service answers were not recorded: an error, left out, or played with tools that fail.
    """

    max_tokens: int = whole(128, 1)
    tools: tuple[str, ...] | None = some(None)
    seed: int = whole(0, 0)
    show_choices: bool = flag(default=True)
    sheet_match: str = choice(SHEET_MATCHES[0], SHEET_MATCHES)
    check_state: str = choice("row", ("row", "always"))
    unrecorded: str = choice("refuse", ("refuse", "leave_out", "play"))


PER_LEVEL = 10
UPSTREAM_DEFAULTS: Mapping[str, Any] = {
    **{key: value for key, value in UPSTREAM.items() if key != "show_actions"},
    "show_choices": False,
    "sheet_match": "upstream",
}


def read_settings(slug: str, given: Mapping[str, Any], *, mode: str, tools: Sequence[str]) -> Settings:
    """Checked settings of the task ``slug``, which has these ``tools``.

    Raises ConfigError naming the setting, for an unknown one with the nearest valid name.
    """
    return read_agent_settings(
        Settings,
        slug,
        given,
        mode=mode,
        upstream=UPSTREAM_DEFAULTS,
        without=("show_actions",) if "sheet" in tools else ("show_actions", "sheet_match"),
        names={"tools": tools, "levels": tuple(LEVELS)},
    )
