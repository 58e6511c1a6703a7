"""Settings of the jericho task: those that all multi-turn tasks share, and where its stories come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from acbench.errors import ConfigError
from acbench.tasks.agents.settings import AgentSettings, choice, whole
from acbench.tasks.agents.settings import read_settings as read_agent_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

Games = Literal["inform", "textworld"]
GAMES: tuple[Games, ...] = ("inform", "textworld")


@dataclass(frozen=True, slots=True)
class Settings(AgentSettings):
    """``games``: the embedded stories, or TextWorld games made with ``seed`` when first asked for.

    ``cache_dir``: where those games are kept. ``game_dir``: folder of the user's story files, when they are
    not in the data folder.
    """

    games: Games = choice("inform", GAMES)
    seed: int = whole(1, 1)
    cache_dir: str | None = None
    game_dir: str | None = None


FOLDERS = ("cache_dir", "game_dir")


def read_settings(given: Mapping[str, Any], *, mode: str) -> Settings:
    """Checked settings. Raises ConfigError naming the setting, for an unknown one with the nearest valid name."""
    folders = {key: value for key, value in given.items() if key in FOLDERS}
    for key, value in folders.items():
        if value is not None and (not isinstance(value, str) or not value):
            raise ConfigError(f"jericho: {key} must be the path of a folder, not {value!r}")
    others = {key: value for key, value in given.items() if key not in FOLDERS}
    settings = read_agent_settings(Settings, "jericho", others, mode=mode, without=FOLDERS)
    settings = replace(settings, **folders)
    if settings.games == "textworld" and settings.cache_dir is None:
        raise ConfigError("jericho: games = 'textworld' needs cache_dir, a folder where the games are kept")
    return settings
