"""Where a calibrated build spends its time, beside the floor that no implementation of the method can go below.

    python -m benchmarks.compression_profile MODEL_FOLDER gptq --calibration FILE [--params '{"group_size": 64}']

The floor: the forward passes (linear layers and attention), and for GPTQ and SparseGPT the sums X'X and the
factorization of H. CPU seconds of one thread, by the function they were spent in.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import tempfile
import time
from pathlib import Path

from acbench.compress import worker

GROUPS: dict[str, tuple[str, ...]] = {
    "forward passes: linear layers": ("_nn.linear",),
    "forward passes: attention": ("scaled_dot_product_attention",),
    "sums X'X": ("addmm_",),
    "Cholesky and inverse": ("cholesky",),
    "AWQ search: output errors": ("(output_error)",),
    "AWQ clipping": ("(clip)",),
    "GPTQ and SparseGPT sweeps": ("(sweep)", "(prune)", "addr_"),
    "grids": ("(codes)", "(back)", "(_scale)", "(fit)"),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("method")
    parser.add_argument("--calibration", type=Path, required=True, help="a calibration.json")
    parser.add_argument("--params", type=json.loads, default={})
    options = parser.parse_args()
    profile = cProfile.Profile(time.process_time)
    with tempfile.TemporaryDirectory() as out:
        request = {
            "model": str(options.model),
            "out": out,
            "recipe": options.method,
            "label": options.method,
            "method": options.method,
            "params": options.params,
            "served_as": "dense",
            "calibration": {"path": str(options.calibration)},
        }
        profile.enable()
        worker.run(request)
        profile.disable()
    spent: dict[str, float] = {}
    for (file, _, name), (_, _, seconds, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        where = f"{file} ({name})"
        group = next(
            (g for g, parts in GROUPS.items() if any(part in where for part in parts)), "everything else"
        )
        spent[group] = spent.get(group, 0.0) + seconds
    total = sum(spent.values())
    for group, seconds in sorted(spent.items(), key=lambda item: -item[1]):
        print(f"| {group} | {seconds:.1f} | {seconds / total:.0%} |")
    print(f"| all | {total:.1f} | |")


if __name__ == "__main__":
    main()
