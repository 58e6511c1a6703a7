"""The environments of the libraries: what the registry pins is what tox installs."""

from __future__ import annotations

import ast
import configparser
import re

import pytest
from model_folders import REPOSITORY

from acbench.compress.backends.registry import LIBRARIES


def pins(slug: str) -> dict[str, str]:
    lines = (REPOSITORY / "constraints" / f"backend-{slug}.txt").read_text().splitlines()
    exact = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {re.sub("[-_.]+", "-", name).lower(): version for name, version in exact}


@pytest.mark.parametrize("slug", LIBRARIES)
def test_every_library_has_an_environment_with_its_version(slug: str) -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(REPOSITORY / "tox.ini")
    assert f"setup_backend.py {slug}" in tox[f"testenv:backend-{slug}"]["commands_pre"]
    found = pins(slug)
    assert found[LIBRARIES[slug].package] == LIBRARIES[slug].version
    assert {"torch", "transformers", "safetensors", "numpy", "setuptools"} <= found.keys()


@pytest.mark.parametrize("slug", LIBRARIES)
def test_the_setup_installs_the_library_last(slug: str) -> None:
    source = (REPOSITORY / "tools" / "setup_backend.py").read_text()
    steps = next(
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "STEPS" and node.value
    )
    assert isinstance(steps, ast.Dict)
    last = dict(zip([getattr(k, "value", "") for k in steps.keys], steps.values, strict=True))[slug]
    words = [node.value for node in ast.walk(last) if isinstance(node, ast.Constant)]
    assert LIBRARIES[slug].package in words
