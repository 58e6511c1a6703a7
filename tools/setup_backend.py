"""Fills the tox environment of one compression library, with exactly the versions that were verified.

    python tools/setup_backend.py autoawq|auto-gptq|gptqmodel|llm-compressor

Runs in that environment's interpreter and installs into it. Standard library only. Does nothing when the
environment is up to date. Packages come from pip alone; libraries without a wheel are built with the torch
that was installed before them.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from pathlib import Path

from setup_env import ROOT, device, pip, say, torch_options

BUILD = ("setuptools", "wheel", "numpy")
"""What a source distribution needs before it can be built without isolation."""
STEPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "llm-compressor": (("torch", "llmcompressor"),),
    "gptqmodel": ((*BUILD, "torch"), ("--no-build-isolation", "torch", "transformers", "gptqmodel")),
    # torch and transformers are named again: its dependency datasets would lift them without a word.
    "autoawq": ((*BUILD, "torch"), ("--no-build-isolation", "torch", "transformers", "autoawq")),
    "auto-gptq": (("torch", "transformers", "peft", "auto-gptq"),),
}
STAMP = "acbench-backend.txt"


def fingerprint(slug: str) -> str:
    digest = hashlib.sha256(f"{slug} {platform.python_version()} {STEPS[slug]}".encode())
    digest.update(constraints(slug).read_bytes())
    return digest.hexdigest()


def constraints(slug: str) -> Path:
    return ROOT / "constraints" / f"backend-{slug}.txt"


def main() -> None:
    slug = sys.argv[1] if len(sys.argv) == 2 else ""
    if slug not in STEPS:
        sys.exit(f"[setup] give one of {', '.join(STEPS)}")
    stamp = Path(sys.prefix) / STAMP
    wanted = fingerprint(slug)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    python = Path(sys.executable)
    options = ["--constraint", str(constraints(slug)), "--progress-bar", "off"]
    if device() == "cpu":
        options += torch_options(python)
    say(f"installing {slug} (1.5 to 2.5 GB)")
    for step in STEPS[slug]:
        if pip(python, "install", *options, *step) != 0:
            sys.exit(f"[setup] pip install {' '.join(step)} failed; its messages stand above")
    stamp.write_text(wanted)
    say("environment ready")


if __name__ == "__main__":
    main()
