"""Run by ``tox -e wheel`` outside the checkout: does the installed wheel hold what it needs?"""

import subprocess
import sys
from pathlib import Path

import acbench
from acbench.config import load_catalogue
from acbench.matrix import build_matrix

PREDICTION = (
    '{"id": "a", "gold": {"needle": "The best tea is mint.", "keywords": ["mint"]}, "prediction": "mint"}'
)


def main() -> None:
    where = Path(acbench.__file__).parent
    if (where.parent / "pyproject.toml").exists():
        sys.exit(f"the checkout was imported, not the wheel: {where}")
    cases = build_matrix(load_catalogue(), "demo").cases
    command = [sys.executable, "-m", "acbench", "score", "needle"]
    scored = subprocess.run(command, input=PREDICTION, capture_output=True, text=True, check=True)
    if '"keyword_recall": 1.0' not in scored.stdout or not cases:
        sys.exit(f"the wheel does not work: {scored.stdout} {scored.stderr}")
    sys.stdout.write(f"wheel ok: {len(cases)} cases in the demo profile\n")


if __name__ == "__main__":
    main()
