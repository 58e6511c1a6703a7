"""The store: one build per key, nothing half-built, and errors that say what to do."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from model_folders import child_env

from acbench.errors import LockTimeout, StoreError
from acbench.store import Store, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

BUILDER = """
import os, sys, time
from pathlib import Path
from acbench.store import Store
root, go, log = map(Path, sys.argv[1:])
while not go.exists():
    time.sleep(0.005)
def make(folder):
    with log.open("a") as stream:
        stream.write(f"{os.getpid()}\\n")
    (folder / "part").write_text("1")
    time.sleep(0.3)
    (folder / "whole").write_text("2")
path = Store(root).build("checkpoints", "key", make)
print((path / "whole").read_text())
"""
STUCK_BUILDER = """
import sys, time
from pathlib import Path
from acbench.store import Store
def make(folder):
    (folder / "part").write_text("1")
    print("building", flush=True)
    time.sleep(60)
Store(Path(sys.argv[1])).build("checkpoints", "key", make)
"""
HOLDER = """
import sys, time
from pathlib import Path
from acbench.store import Store
with Store(Path(sys.argv[1])).lock(sys.argv[2]):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@contextmanager
def process(script: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that is gone afterwards; entered when it has printed its first line."""
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_env()) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline()
            yield child
        finally:
            child.kill()


def add(store: Store, key: str, *, size: int = 10, age_s: float = 0, kind: str = "checkpoints") -> Path:
    def make(folder: Path) -> None:
        (folder / "f").write_bytes(bytes(size))

    path = store.build(kind, key, make)
    when = time.time() - age_s
    os.utime(path, (when, when))
    return path


def test_processes_that_want_one_key_build_it_once(store: Store, tmp_path: Path) -> None:
    go, log = tmp_path / "go", tmp_path / "log"
    command = [sys.executable, "-c", BUILDER, str(store.root), str(go), str(log)]
    children = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=child_env()) for _ in range(4)
    ]
    go.touch()
    outputs = [child.communicate(timeout=30)[0] for child in children]
    assert outputs == ["2\n"] * 4
    assert [child.returncode for child in children] == [0] * 4
    assert len(log.read_text().splitlines()) == 1


def test_a_killed_builder_leaves_nothing_usable_and_no_litter(store: Store) -> None:
    with process(STUCK_BUILDER, str(store.root)) as child:
        assert store.get("checkpoints", "key") is None
        child.send_signal(signal.SIGKILL)
        child.wait(10)
    parent = store.root / "checkpoints"
    leftovers = list(parent.iterdir())
    assert len(leftovers) == 1
    assert (leftovers[0] / "part").exists()
    assert store.get("checkpoints", "key") is None
    assert store.entries() == []
    path = add(store, "key")
    assert list(parent.iterdir()) == [path]
    assert [file.name for file in path.iterdir()] == ["f"]


def test_a_finished_entry_is_not_built_again_and_counts_as_used(store: Store) -> None:
    path = add(store, "key", age_s=1000)
    before = path.stat().st_mtime
    assert store.build("checkpoints", "key", lambda _: pytest.fail("built twice")) == path
    assert path.stat().st_mtime > before + 900


def test_a_full_disk_is_a_store_error_that_names_the_remedy(store: Store) -> None:
    def make(folder: Path) -> None:
        (folder / "part").write_text("1")
        Path("/dev/full").write_text("x")  # the kernel's own "no space left on device"

    with pytest.raises(StoreError, match="is full; free some space with `acbench store prune`"):
        store.build("checkpoints", "key", make)
    assert list((store.root / "checkpoints").iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_room_for_the_folder_itself_is_a_store_error(
    store: Store, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def mkdir(self: Path, *_args: object, **_kwargs: object) -> None:
        raise OSError(number, os.strerror(number), str(self))

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with pytest.raises(StoreError, match="acbench store prune"):
        store.build("checkpoints", "key", lambda _: None)


@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), ValueError("wrong")])
def test_other_errors_of_a_builder_pass_through_and_leave_nothing(store: Store, error: Exception) -> None:
    def make(folder: Path) -> None:
        (folder / "part").write_text("1")
        raise error

    with pytest.raises(type(error)) as caught:
        store.build("checkpoints", "key", make)
    assert caught.value is error
    assert list((store.root / "checkpoints").iterdir()) == []


def test_a_store_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a-file"
    file.write_text("")
    store = Store(file)
    with pytest.raises(StoreError, match=r"a-file cannot be written .*ACBENCH_STORE"):
        store.ensure_writable()
    with pytest.raises(StoreError, match="cannot be written"):
        store.build("checkpoints", "key", lambda _: None)
    with pytest.raises(StoreError, match="cannot be written"), store.lock("x"):
        pytest.fail("locked")
    below = Store(file / "store")
    with pytest.raises(StoreError, match="cannot be written"):
        below.ensure_writable()


def test_a_writable_store_leaves_no_probe(store: Store) -> None:
    store.ensure_writable()
    assert list(store.root.iterdir()) == []


def test_a_lock_that_is_held_too_long_names_its_holder(store: Store) -> None:
    with process(HOLDER, str(store.root), "base-x") as holder:
        named = f"base-x, held by process {holder.pid} since 20"
        with pytest.raises(LockTimeout, match=named), store.lock("base-x", timeout_s=0.1):
            pytest.fail("locked")
        with store.lock("base-x", blocking=False) as mine:
            assert not mine
        with store.lock("base-y", blocking=False) as mine:
            assert mine
        holder.kill()
        holder.wait(10)
    with store.lock("base-x", timeout_s=5) as mine:  # a dead holder holds nothing
        assert mine


def test_a_lock_is_free_after_an_error_inside(store: Store) -> None:
    with pytest.raises(ValueError, match="inside"), store.lock("x"):
        raise ValueError("inside")
    with store.lock("x", blocking=False) as mine:
        assert mine


def test_pruning_by_size_removes_the_least_recently_used(store: Store) -> None:
    for key, age in (("new", 10), ("middle", 20), ("old", 30)):
        add(store, key, size=100, age_s=age)
    assert [(entry.key, entry.bytes) for entry in store.entries()] == [
        ("new", 100),
        ("middle", 100),
        ("old", 100),
    ]
    assert [entry.key for entry in store.prune(keep_bytes=200)] == ["old"]
    assert [entry.key for entry in store.prune(keep_bytes=199)] == ["middle"]
    assert [path.name for path in (store.root / "checkpoints").iterdir()] == ["new"]


def test_pruning_by_age_covers_every_kind(store: Store) -> None:
    add(store, "old", age_s=100, kind="generations")
    add(store, "old", age_s=100, kind="models")
    add(store, "new", age_s=10)
    assert {(e.kind, e.key) for e in store.prune(older_than_s=50)} == {
        ("generations", "old"),
        ("models", "old"),
    }
    assert [entry.key for entry in store.entries()] == ["new"]
    assert store.prune() == []


def test_pruning_keeps_what_is_locked(store: Store) -> None:
    add(store, "busy", age_s=100)
    add(store, "idle", age_s=100)
    with process(HOLDER, str(store.root), "checkpoints-busy"):
        assert [entry.key for entry in store.prune(older_than_s=50)] == ["idle"]
    assert [entry.key for entry in store.entries()] == ["busy"]


def test_a_removal_that_is_cut_short_leaves_no_half_entry(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, "key", age_s=100)

    def cut(path: Path, **_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", cut)
        with pytest.raises(KeyboardInterrupt):
            store.prune(older_than_s=50)
    assert store.get("checkpoints", "key") is None
    again = add(store, "key")
    assert list((store.root / "checkpoints").iterdir()) == [again]


def test_labels_come_from_the_artefact_and_damage_does_not_stop_a_listing(store: Store) -> None:
    (add(store, "a", age_s=1) / "key.json").write_text('{"label": "tiny:rtn"}')
    (add(store, "b", age_s=2) / "acbench.json").write_text("{cut")
    add(store, "c", age_s=3)
    labels = {entry.key: entry.label for entry in store.entries()}
    assert labels == {"a": "tiny:rtn", "b": "(unreadable label)", "c": ""}


def test_json_is_written_whole_sorted_and_replaces_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "new" / "x.json"
    write_json(file, {"b": 1, "a": "é"})
    assert file.read_text(encoding="utf-8") == '{\n  "a": "é",\n  "b": 1\n}\n'
    with pytest.raises(TypeError):
        write_json(file, {"a": object()})
    old = json.loads(file.read_text(encoding="utf-8"))
    seen: list[object] = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        seen.append(json.loads(target.read_text(encoding="utf-8")))  # whole until the very last step
        seen.append(json.loads(self.read_text(encoding="utf-8")))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    write_json(file, {"a": 2})
    assert seen == [old, {"a": 2}]
    assert json.loads(file.read_text(encoding="utf-8")) == {"a": 2}
    assert [f.name for f in file.parent.iterdir()] == ["x.json"]
