"""Workflow generation: one test per (model, compression, task) of this capability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.acbench_cases(capability="workflow")
def test_case(judge: Callable[[str, str, str], None], model: str, compression: str, task: str) -> None:
    judge(model, compression, task)
