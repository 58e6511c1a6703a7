"""Set-up and tear-down records that say nothing: four files a case, and two sections on its page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def drop_quiet(results_dir: Path) -> int:
    """Removes the records of fixtures that passed and left nothing behind; returns how many.

    They are nearly half of all files of a run, and the number of files is what makes reports slow. A fixture that
    failed, or that has steps or attachments, stays.
    """
    quiet = [path for path in results_dir.glob("*-container.json") if _is_quiet(path)]
    for path in quiet:
        path.unlink()
    return len(quiet)


def _is_quiet(path: Path) -> bool:
    try:
        record: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False  # the generator says what is wrong with it
    parts = [*record.get("befores", ()), *record.get("afters", ())]
    return not record.get("links") and all(
        part.get("status") in (None, "passed") and not part.get("steps") and not part.get("attachments")
        for part in parts
    )
