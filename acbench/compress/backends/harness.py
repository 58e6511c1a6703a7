"""What every library's job does around the library: check the base, hand over tokens, finish, report.

A library module gives a ``Library`` of the registry and one function ``build(Job) -> Made`` that leaves a
model folder in ``job.raw`` in the library's own form; ``run_library`` does the rest.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import resource
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.compress.backends import dialect, finishing, memory
from acbench.compress.backends.basecheck import check_base, major
from acbench.compress.backends.linears import linear_shapes
from acbench.compress.backends.registry import installed, resolved
from acbench.compress.backends.samples import read_samples
from acbench.compress.grids import fitting_group
from acbench.compress.memory import peak_memory_mib
from acbench.errors import AcbenchError, CompressionError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from acbench.compress.backends.offers import Library, Offer
    from acbench.compress.backends.samples import Samples

SCRATCH = ".work"
"""Inside the output folder, so that a job that is killed leaves nothing outside of it."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a library gets. ``model`` is readable by this environment's transformers, ``raw`` does not exist yet."""

    method: str
    params: Mapping[str, Any]
    model: Path
    raw: Path
    samples: Samples
    trust_remote_code: bool = False

    @property
    def length(self) -> int:
        """Tokens of a sample; 0 without calibration."""
        return len(self.samples[0]) if self.samples else 0


@dataclass(frozen=True, slots=True)
class Made:
    """What a library says of its work. ``fallbacks``: reason -> count, also of zero, which was looked for too."""

    compute_dtype: str
    fallbacks: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def run_library(request: Mapping[str, Any], library: Library, build: Callable[[Job], Made]) -> dict[str, Any]:
    """Builds ``request["out"]`` with a library; returns ``{"touched": n}``. The request is that of every build job."""
    import torch
    import transformers

    torch.set_num_threads(int(request.get("threads") or os.environ.get("OMP_NUM_THREADS", "1")))
    began = time.monotonic()
    base, out = Path(request["model"]), Path(request["out"])
    offer = library.methods[request["method"]]
    check_version(library)
    params = resolved(library.slug, request["method"], request["params"], where=request["recipe"])
    notes: list[str] = []
    params = fit_group(params, base, notes)
    samples = _samples(request, offer)
    if samples:
        notes.append(_check_memory(base, samples, library))
    scratch = out / SCRATCH
    scratch.mkdir()
    old = major(transformers.__version__) < 5
    model = dialect.translated(base, scratch / "base") if old else base
    trust = bool(request.get("trust_remote_code", False))
    notes.append(check_base(model, request.get("reference"), trust_remote_code=trust))
    job = Job(request["method"], params, model, scratch / "raw", samples, trust)
    used = _cpu_seconds()
    made = _built(job, library, build)
    used = _cpu_seconds() - used
    report = finishing.finish(
        base,
        job.raw,
        out,
        dense=request["served_as"] == "dense",
        smoothed=offer.smooths,
    )
    shutil.rmtree(scratch)
    notes += [*made.notes, *report.notes, *fallback_notes(made.fallbacks)]
    facts = {
        "schema": 1,
        "label": request["label"],
        "recipe": request["recipe"],
        "method": request["method"],
        "params": params,
        "served_as": report.served_as,
        "calibration": {k: v for k, v in request["calibration"].items() if k != "path"} if samples else None,
        "library": library.slug,
        "library_status": library.note,
        "format": report.form,
        "compute_dtype": made.compute_dtype,
        "fallbacks": dict(made.fallbacks),
        "versions": versions(library),
        "notes": notes,
        **report.facts,
        "seconds": round(time.monotonic() - began, 3),
        "cpu_seconds": round(_cpu_seconds(), 3),
        "library_cpu_seconds": round(used, 3),
        "peak_memory_mib": peak_memory_mib(),
    }
    finishing.write_json(out / "acbench.json", facts)
    return {"touched": facts["touched"]}


def check_version(library: Library) -> None:
    """Raises CompressionError when this environment holds another version than the one that was verified."""
    found = installed(library.package)
    if found != library.version:
        raise CompressionError(
            f"this environment holds {library.package} {found or '(none)'}, verified is {library.version}; "
            f"create it again with: tox -e backend-{library.slug}"
        )


def fit_group(params: Mapping[str, Any], base: Path, notes: list[str]) -> dict[str, Any]:
    """The group size that divides every linear width of the model, as the in-house methods choose it."""
    wanted = params.get("group_size")
    if wanted is None or wanted == -1:
        return dict(params)
    widths = [columns for _, columns in linear_shapes(base).values()]
    if not widths:
        raise CompressionError(f"no linear weight found in {base}; nothing can be compressed")
    try:
        size = fitting_group(int(wanted), math.gcd(*widths))
    except ValueError as error:
        raise CompressionError(f"widths {sorted({*widths})}: {error}") from error
    if size != wanted:
        notes.append(f"group size {wanted} -> {size}: {wanted} does not divide all of {sorted({*widths})}")
    return {**params, "group_size": size}


def _samples(request: Mapping[str, Any], offer: Offer) -> Samples:
    calibration = request.get("calibration")
    if offer.calibrated and calibration is None:
        raise CompressionError(
            f"{request['recipe']}: {request['method']} needs calibration samples; the request has none"
        )
    return read_samples(calibration) if offer.calibrated and calibration is not None else []


def _check_memory(base: Path, samples: Samples, library: Library) -> str:
    count, length = len(samples), len(samples[0])
    together = library.slug == "autoawq"
    needed = memory.needed_mib(base, samples=count, length=length, together=together)
    meminfo = Path("/proc/meminfo")
    available = memory.available_mib(meminfo.read_text()) if meminfo.is_file() else None
    return memory.check_memory(needed, available, samples=count, length=length)


def _built(job: Job, library: Library, build: Callable[[Job], Made]) -> Made:
    try:
        with contextlib.chdir(job.raw.parent):  # some leave logs in the folder they are started in
            made = build(job)
    except (AcbenchError, OSError, MemoryError):
        raise
    except Exception as error:
        raise CompressionError(
            f"{library.slug} {library.version} failed: {type(error).__name__}: {error}"
        ) from error
    if not (job.raw / "config.json").is_file():
        raise CompressionError(f"{library.slug} {library.version} ended without an error and wrote no model")
    return made


def fallback_notes(fallbacks: Mapping[str, int]) -> list[str]:
    """One note for each kind of fallback that happened; a count of zero is in the facts alone."""
    return [f"{reason}: {count} times" for reason, count in fallbacks.items() if count]


def counted(messages: Iterable[str], patterns: Mapping[str, str]) -> dict[str, int]:
    """How often each reason occurs in a library's messages.

    ``patterns``: reason -> regular expression; a group of it, if it has one, is the number to add.
    """
    counts: Counter[str] = Counter(dict.fromkeys(patterns, 0))
    for message in messages:
        for reason, pattern in patterns.items():
            found = re.search(pattern, message)
            if found:
                counts[reason] += int(found[1]) if found.groups() else 1
    return dict(counts)


def versions(library: Library) -> dict[str, str]:
    """Versions in this environment that decide the result."""
    names = ("torch", "transformers", "safetensors", library.package, *library.companions)
    return {name: installed(name) for name in names}


def _cpu_seconds() -> float:
    """Of this process with all its threads, and of the children it waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
