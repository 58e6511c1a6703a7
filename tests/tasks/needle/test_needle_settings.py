"""Settings and grids."""

from __future__ import annotations

from typing import Any

import pytest

from acbench.errors import ConfigError
from acbench.tasks.needle.settings import GRIDS, clip_to_window, read_settings, spaced_depths


def test_paper_grid() -> None:
    grid = GRIDS["paper"]
    assert grid.lengths == tuple(1000 * k for k in range(1, 41))
    assert list(grid.depths) == [0, 11, 22, 33, 44, 56, 67, 78, 89, 100]
    assert [len(grid.lengths), len(grid.depths), grid.repeats] == [40, 10, 1]


def test_standard_and_smoke_grids() -> None:
    standard, smoke = GRIDS["standard"], GRIDS["smoke"]
    assert standard.lengths == (4096, 8192, 16_384, 32_768, 65_536)
    assert standard.depths == tuple(range(0, 101, 10))
    assert len(standard.lengths) * len(standard.depths) * standard.repeats == 165
    assert (smoke.lengths, smoke.depths, smoke.repeats) == ((1024, 2048, 4096), (0, 50, 100), 1)


def test_sigmoid_depths_of_the_specification() -> None:
    depths = spaced_depths(10, "sigmoid")
    assert depths[:4] == (0, 2.006, 5.854, 15.887)
    assert depths[-2:] == (97.994, 100)
    # the curve is symmetric about 50
    assert all(a + b == pytest.approx(100) for a, b in zip(depths, reversed(depths), strict=True))


@pytest.mark.parametrize(("count", "depths"), [(1, (0,)), (2, (0, 100)), (3, (0, 50, 100))])
def test_few_depths(count: int, depths: tuple[float, ...]) -> None:
    assert spaced_depths(count) == depths
    assert spaced_depths(count, "sigmoid") == pytest.approx(depths)


def test_defaults() -> None:
    settings = read_settings({})
    assert settings.grid == GRIDS["standard"]
    assert (settings.seed, settings.haystack, settings.max_tokens) == (0, "synthetic", 64)
    assert read_settings({}, has_data_dir=True).haystack == "dir"
    assert read_settings({"haystack": "noise"}, has_data_dir=True).haystack == "noise"


def test_parts_replace_those_of_the_grid() -> None:
    settings = read_settings({"grid": "smoke", "lengths": [512], "repeats": 2})
    assert (settings.grid.lengths, settings.grid.depths, settings.grid.repeats) == ((512,), (0, 50, 100), 2)
    assert read_settings({"depth_count": 3}).grid.depths == (0, 50, 100)
    assert read_settings({"depths": [5, 95]}).grid.depths == (5, 95)


def test_only_standard_is_clipped() -> None:
    # 32,768 + 64 new tokens do not fit a window of 32,768
    assert clip_to_window(read_settings({}), 32_768) == (4096, 8192, 16_384)
    assert clip_to_window(read_settings({}), 32_768 + 64) == (4096, 8192, 16_384, 32_768)
    assert clip_to_window(read_settings({"grid": "smoke"}), 1024) == (1024, 2048, 4096)
    assert clip_to_window(read_settings({"lengths": [9000]}), 1024) == (9000,)
    with pytest.raises(ConfigError, match="smoke"):
        clip_to_window(read_settings({}), 4096)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lenghts": [512]}, "'lenghts'.*'lengths'"),
        ({"grid": "standart"}, "grid.*'standard'"),
        ({"haystack": "synthetik"}, "haystack.*'synthetic'"),
        ({"haystack": ["dir"]}, "haystack"),
        ({"depth_count": 5, "spacing": "sigmoidal"}, "spacing.*'sigmoid'"),
        ({"spacing": "sigmoid"}, "depth_count"),
        ({"depths": [0], "depth_count": 5}, "not both"),
        ({"depths": [101]}, "depths"),
        ({"depths": [0.5]}, "depths"),
        ({"depths": []}, "depths"),
        ({"lengths": 512}, "lengths"),
        ({"lengths": [512, 512]}, "lengths.*twice"),
        ({"lengths": ["1K"]}, "lengths"),
        ({"repeats": 0}, "repeats"),
        ({"repeats": True}, "repeats"),
        ({"seed": "1"}, "seed"),
        ({"max_tokens": 0}, "max_tokens"),
    ],
)
def test_errors_name_the_key(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_settings(given)
