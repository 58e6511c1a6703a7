"""Run by ``tox -e wheel`` outside the checkout: does the installed wheel hold what it needs?"""

import subprocess
import sys
from pathlib import Path

import acbench
from acbench.claims import published
from acbench.config import load_catalogue
from acbench.matrix import build_matrix

PREDICTION = '{"id": "a", "gold": {"references": ["7421"]}, "prediction": "It is 7421."}'
"""Of a task that needs no extra: the wheel is installed alone."""


def main() -> None:
    where = Path(acbench.__file__).parent
    if (where.parent / "pyproject.toml").exists():
        sys.exit(f"the checkout was imported, not the wheel: {where}")
    cases = build_matrix(load_catalogue(), "demo").cases
    command = [sys.executable, "-m", "acbench", "score", "ruler-niah-single-1"]
    scored = subprocess.run(command, input=PREDICTION, capture_output=True, text=True, check=True)
    figures = published.load()
    if '"a"' not in scored.stdout or "1.0" not in scored.stdout or not cases or not figures:
        sys.exit(f"the wheel does not work: {scored.stdout} {scored.stderr}")
    sys.stdout.write(f"wheel ok: {len(cases)} cases in the demo profile\n")


if __name__ == "__main__":
    main()
