"""Upstream data: folders, hub data sets, archives; the hub is a stub, no test has a network."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import huggingface_hub
import pytest

from acbench.datasets import data_folder
from acbench.errors import ConfigError, DataError
from acbench.store import Store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, list[Any]]:
    """The folder that a download gives, and what was asked for."""
    folder, asked = tmp_path / "snapshot", []
    folder.mkdir()

    def download(name: str, **options: Any) -> str:
        asked.append((name, options["revision"], options["repo_type"], options["allow_patterns"]))
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    return folder, asked


def test_a_folder_is_itself(tmp_path: Path, store: Store) -> None:
    assert data_folder(str(tmp_path), store) == tmp_path
    with pytest.raises(ConfigError, match="data folder '/no/such' does not exist"):
        data_folder("/no/such", store)


def test_a_hub_data_set_is_fetched_without_code(store: Store, hub: tuple[Path, list[Any]]) -> None:
    folder, asked = hub
    assert data_folder("hf:owner/T-Eval", store) == folder
    assert data_folder("hf:owner/T-Eval@2e00731f", store) == folder
    assert [(name, revision, kind) for name, revision, kind, _ in asked] == [
        ("owner/T-Eval", None, "dataset"),
        ("owner/T-Eval", "2e00731f", "dataset"),
    ]
    assert not any(pattern.endswith(".py") for *_, patterns in asked for pattern in patterns)


def test_archives_are_unpacked_once_beside_the_prompt_files(
    store: Store, hub: tuple[Path, list[Any]]
) -> None:
    folder, _ = hub
    with zipfile.ZipFile(folder / "data.zip", "w") as archive:
        archive.writestr("data/hotpotqa.jsonl", "{}\n")
    (folder / "dataset2prompt.json").write_text("{}")
    found = data_folder("hf:THUDM/LongBench", store)
    assert (found / "data" / "hotpotqa.jsonl").read_text() == "{}\n"
    assert (found / "dataset2prompt.json").exists()
    (found / "mark").touch()
    assert (data_folder("hf:THUDM/LongBench", store) / "mark").exists()  # not unpacked again
    with zipfile.ZipFile(folder / "data.zip", "a") as archive:
        archive.writestr("data/other.jsonl", "{}\n")
    assert not (data_folder("hf:THUDM/LongBench", store) / "mark").exists()  # another archive, another folder


@pytest.mark.parametrize("name", ["../evil.jsonl", "/etc/evil", "a/../../evil", "..\\evil"])
def test_an_archive_cannot_leave_its_folder(store: Store, hub: tuple[Path, list[Any]], name: str) -> None:
    with zipfile.ZipFile(hub[0] / "data.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), "x")
    with pytest.raises(DataError, match="would leave its folder"):
        data_folder("hf:owner/name", store)
    assert not list((store.root / "data").glob("[!.]*"))  # nothing half made is ever used


def test_a_damaged_archive_is_named(store: Store, hub: tuple[Path, list[Any]]) -> None:
    (hub[0] / "data.zip").write_bytes(b"PK nothing")
    with pytest.raises(DataError, match=r"data\.zip: damaged archive"):
        data_folder("hf:owner/name", store)


@pytest.mark.parametrize("spec", ["hf:", "hf:name", "hf:a/b/c", "hf:owner/name@"])
def test_a_malformed_hub_name_says_the_form(store: Store, spec: str) -> None:
    with pytest.raises(ConfigError, match="hf:owner/name"):
        data_folder(spec, store)


def test_without_the_hub_the_way_round_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*_: Any, **__: Any) -> str:
        raise OSError("no route to host")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(ConfigError, match=r"no route to host.*name the folder instead"):
        data_folder("hf:owner/name", store)
