"""The grid worlds of the package ``minigrid``: levels by name, one world per episode."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from acbench.errors import ConfigError, DataError, EnvironmentDied, did_you_mean
from acbench.tasks.babyai.view import read_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from acbench.tasks.babyai.view import View

T = TypeVar("T")

ALIASES = {"BabyAI-GoToObjS6-v0": "BabyAI-GoToObjS4-v0"}
"""The published level of this name was a room of 4 × 4 cells; the package's level of that name no longer is."""

_SHORT_NAMES = (
    *("GoToRedBallGrey", "GoToRedBall", "GoToRedBallNoDists", "GoToObjS6", "GoToLocalS8N7", "GoToObjMazeS7"),
    *("GoToImpUnlock", "GoToSeqS5R2", "GoToRedBlueBall", "GoToDoor", "GoToObjDoor", "Open", "OpenRedDoor"),
    *(
        "OpenDoorLoc",
        "OpenRedBlueDoorsDebug",
        "OpenDoorsOrderN4Debug",
        "Pickup",
        "UnblockPickup",
        "PickupLoc",
    ),
    *("PickupDistDebug", "PickupAbove", "PutNextLocalS6N4", "PutNextS7N4Carrying", "Unlock"),
    *("UnlockLocalDist", "KeyInBox", "UnlockPickupDist", "BlockedUnlockPickup", "UnlockToUnlock"),
    *("ActionObjDoor", "FindObjS7", "KeyCorridorS6R3", "OneRoomS20", "MoveTwoAcrossS8N9", "SynthS5R2"),
    *("SynthLoc", "SynthSeq", "MiniBossLevel", "BossLevel", "BossLevelNoUnlock"),
)
WORLD_NAMES = {number: f"BabyAI-{name}-v0" for number, name in enumerate(_SHORT_NAMES, start=1)}
"""Number -> published name of the forty levels (specification, section 5.3)."""

PUBLISHED_NUMBERS = (*range(1, 22), 24, 25, 27, 28, 29, 31, 32)
PUBLISHED_SEEDS = (1234, 1235, 1236, 1237)
"""The published rows are these levels with these seeds, in this order: 28 × 4 = 112."""

MISSING = (
    "the task babyai plays in worlds of the package minigrid, which is not installed: "
    "pip install 'acbench[babyai]'"
)


def published_world(row: int) -> tuple[str, int]:
    """(name, seed) of the published row with this number, counted from 0. Raises DataError beyond 111."""
    if not 0 <= row < len(PUBLISHED_NUMBERS) * len(PUBLISHED_SEEDS):
        raise DataError(f"babyai: there is no published row {row}, only 0 to 111")
    number, seed = divmod(row, len(PUBLISHED_SEEDS))
    return WORLD_NAMES[PUBLISHED_NUMBERS[number]], PUBLISHED_SEEDS[seed]


class World:
    """One level with one seed. Raises ConfigError without the package, DataError for an unknown level,
    EnvironmentDied when the package itself fails.

    Moves are the engine's: 0 left, 1 right, 2 forward, 3 pick up, 4 drop, 5 toggle. A copy
    (``copy.deepcopy``) is a world of its own.
    """

    def __init__(self, name: str, seed: int) -> None:
        self.engine = _open(ALIASES.get(name, name))
        _asked(lambda: self.engine.reset(seed=seed))

    @property
    def mission(self) -> str:
        return str(self.engine.mission)

    def move(self, number: int) -> bool:
        """Makes one move; true if the engine then sees its mission at an end, done or failed for good."""
        _, _, over, _, _ = _asked(lambda: self.engine.step(number))
        return bool(over)

    def view(self) -> View:
        engine = self.engine
        image = _asked(engine.gen_obs)["image"].tolist()
        x, y = engine.agent_pos
        held = engine.carrying
        carrying = None if held is None else (str(held.color), str(held.type))
        return read_view(image, (int(x), int(y)), int(engine.agent_dir), carrying)


def _asked(engine: Callable[[], T]) -> T:
    """What the package answers."""
    try:
        return engine()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise EnvironmentDied(f"babyai: the world's engine failed ({reason[:300]})") from error


def require_package() -> Any:
    """The package's registry of worlds (module ``gymnasium``). Raises ConfigError naming the extra.

    Also keeps the package silent: levels report every rejected draft of themselves on stdout.
    """
    try:
        gymnasium: Any = import_module("gymnasium")
        import_module("minigrid")
        drafts = import_module("minigrid.envs.babyai.core.roomgrid_level")
    except ImportError as error:
        raise ConfigError(f"{MISSING} ({error})") from error
    vars(drafts)["print"] = _say_nothing
    return gymnasium


def _open(name: str) -> Any:
    gymnasium = require_package()
    if name not in gymnasium.registry:
        known = [key for key in gymnasium.registry if key.startswith("BabyAI-")]
        raise DataError(f"babyai: unknown level {name!r}; {did_you_mean(name, known)}")
    return _asked(lambda: gymnasium.make(name)).unwrapped


def _say_nothing(*_args: object, **_options: object) -> None:
    """Stands in for ``print`` in one module; unlike a redirected stdout it does not touch other threads."""
