"""The content-addressed store: one folder per key, built once, by one process, atomically.

Layout: ``<root>/<kind>/<key>/``; an entry exists exactly when its folder does, because folders only
appear by renaming a finished temporary one. Locks are kernel file locks: a dead holder frees them.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from acbench.errors import LockTimeout, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KINDS = ("models", "checkpoints", "generations", "calibrations", "predictions", "analyses")
LOCK_TIMEOUT_S = 4 * 3600.0
FULL_DISK = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True)
class Entry:
    """One artefact. ``used`` and ``bytes`` are what pruning decides by."""

    kind: str
    key: str
    path: Path
    bytes: int
    used: float
    label: str


class Store:
    """Access to one store folder; cheap to create, safe to share between processes."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    def ensure_writable(self) -> None:
        """Raises StoreError naming the folder when nothing can be written there."""
        probe = self.root / f".probe-{os.getpid()}"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe.write_text("")
            probe.unlink()
        except OSError as error:
            raise storage_error(error, self.root) from error

    def path(self, kind: str, key: str) -> Path:
        return self.root / kind / key

    def get(self, kind: str, key: str) -> Path | None:
        """The folder of a finished entry, or None."""
        path = self.path(kind, key)
        return path if path.is_dir() else None

    @contextmanager
    def lock(self, name: str, *, timeout_s: float = LOCK_TIMEOUT_S, blocking: bool = True) -> Iterator[bool]:
        """Holds the lock ``name``; yields False at once if ``blocking`` is off and another holds it."""
        folder = self.root / "locks"
        lock = FileLock(folder / f"{name}.lock")
        owner = folder / f"{name}.owner"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=timeout_s if blocking else 0)
        except Timeout as error:
            if not blocking:
                yield False
                return
            holder = owner.read_text() if owner.exists() else "an unknown process"
            raise LockTimeout(
                f"waited {timeout_s:.0f} s for {name}, held by {holder}; end that process and run again"
            ) from error
        except OSError as error:
            raise storage_error(error, self.root) from error
        try:
            with suppress(OSError):  # a full disk: the lock holds, only its owner stays unnamed
                owner.write_text(f"process {os.getpid()} since {time.strftime('%Y-%m-%dT%H:%M:%S')}")
            yield True
        finally:
            lock.release()

    def build(self, kind: str, key: str, make: Callable[[Path], None]) -> Path:
        """Returns the entry, building it with ``make(temporary_folder)`` if nobody has.

        A builder that dies leaves only a temporary folder, which the next one removes. A full disk
        becomes a StoreError; other errors pass through. Either way nothing half-built is left.
        """
        found = self.get(kind, key)
        if found:
            return self._touch(found)
        with self.lock(f"{kind}-{key}"):
            found = self.get(kind, key)
            if found:
                return self._touch(found)
            parent = self.root / kind
            temporary = parent / f".{key}.tmp-{os.getpid()}"
            try:
                parent.mkdir(parents=True, exist_ok=True)
                for stale in parent.glob(f".{key}.tmp-*"):
                    shutil.rmtree(stale, ignore_errors=True)
                temporary.mkdir()
            except OSError as error:
                raise storage_error(error, self.root) from error
            try:
                make(temporary)
                temporary.rename(self.path(kind, key))
            except OSError as error:
                if error.errno not in FULL_DISK:
                    raise
                raise storage_error(error, self.root) from error
            finally:
                shutil.rmtree(temporary, ignore_errors=True)
        return self.path(kind, key)

    @staticmethod
    def _touch(path: Path) -> Path:
        try:
            os.utime(path)
        except OSError:
            return path  # a read-only store is fine for reading
        return path

    def entries(self) -> list[Entry]:
        """All finished entries, most recently used first."""
        found = [
            Entry(kind, path.name, path, _size(path), path.stat().st_mtime, _label(path))
            for kind in KINDS
            if (self.root / kind).is_dir()
            for path in (self.root / kind).iterdir()
            if path.is_dir() and not path.name.startswith(".")
        ]
        return sorted(found, key=lambda entry: -entry.used)

    def prune(self, *, keep_bytes: int | None = None, older_than_s: float | None = None) -> list[Entry]:
        """Removes the least recently used entries beyond a size, or all unused for a time."""
        removed: list[Entry] = []
        total = 0
        now = time.time()
        for entry in self.entries():
            total += entry.bytes
            too_big = keep_bytes is not None and total > keep_bytes
            too_old = older_than_s is not None and now - entry.used > older_than_s
            if not (too_big or too_old):
                continue
            with self.lock(f"{entry.kind}-{entry.key}", blocking=False) as free:
                if free:
                    # Renamed first: a removal that is cut short must not leave half an entry behind.
                    doomed = entry.path.with_name(f".{entry.key}.tmp-{os.getpid()}")
                    entry.path.rename(doomed)
                    shutil.rmtree(doomed)
                    removed.append(entry)
        return removed


def write_json(path: Path, value: Any) -> None:
    """Writes JSON whole and atomically, keys sorted."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    temporary.replace(path)


def storage_error(error: OSError, place: Path) -> StoreError:
    """What to tell the user when nothing can be written below ``place``."""
    if error.errno in FULL_DISK:
        advice = "free some space with `acbench store prune` or move the store with --acb-store"
        return StoreError(f"the disk of {place} is full; {advice}")
    return StoreError(
        f"the store {place} cannot be written ({error.strerror}); "
        "choose another folder with --acb-store or ACBENCH_STORE"
    )


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _label(path: Path) -> str:
    for name in ("acbench.json", "key.json"):
        file = path / name
        if file.is_file():
            try:
                return str(json.loads(file.read_text()).get("label", ""))
            except (ValueError, AttributeError):
                return "(unreadable label)"  # listing and pruning must work on a damaged entry too
    return ""
