"""How long ten thousand cases take to collect, as a share of what a thousand take, and in seconds for the docs."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def configuration(models: int, recipes: int) -> str:
    lines = [f'[models.toy-{i}]\nsource = "path:toy"' for i in range(models)]
    lines += [f'[recipes.rtn-t{i}]\nmethod = "rtn"\nparams = {{ bits = 4 }}' for i in range(recipes - 1)]
    names = ", ".join(f'"toy-{i}"' for i in range(models))
    slugs = ", ".join(['"base"', *(f'"rtn-t{i}"' for i in range(recipes - 1))])
    lines.append(f'[profiles.big]\nmodels = [{names}]\ncompressions = [{slugs}]\ntasks = ["needle", "pddl"]')
    return "\n".join(lines)


def collect(folder: Path, models: int, recipes: int) -> float:
    file = folder / f"acbench-{models}.toml"
    file.write_text(configuration(models, recipes))
    call = ["suites/", "--collect-only", "-qq", "--acb-profile=big", f"--acb-config={file}"]
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *call], cwd=ROOT, capture_output=True, text=True, check=True
    )
    seconds = time.perf_counter() - began
    counts = [int(line.rpartition(":")[2]) for line in done.stdout.splitlines() if line.startswith("suites/")]
    assert sum(counts) == models * recipes * 2
    return seconds


def test_ten_thousand_cases(tmp_path: Path, benchmark: Any) -> None:
    small = collect(tmp_path, 10, 50)
    large = benchmark.pedantic(lambda: collect(tmp_path, 100, 50), rounds=1)
    benchmark.extra_info["ratio_to_1000"] = large / small
    print(f"\n10,000 cases: {large:.1f} s; 1,000 cases: {small:.1f} s; ratio {large / small:.1f}")
