"""Where a task's upstream data lies: a folder of the user's, or a hub data set that is fetched once.

    t-eval = "/data/T-Eval"                      a folder
    t-eval = "hf:lovesnowbest/T-Eval"            the newest revision, recorded in the cache by its commit
    longbench = "hf:THUDM/LongBench@2e00731f"    a revision

Only data files are fetched (JSON, JSON lines, CSV, text, archives), never code: data sets that come as a loading script
are read from their archive. Archives are unpacked once, into the store.
"""

from __future__ import annotations

import logging
import re
import shutil
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from acbench.errors import ConfigError, DataError
from acbench.keys import file_hash

if TYPE_CHECKING:
    from acbench.store import Store

logger = logging.getLogger(__name__)

HUB = "hf:"
FILES = ("*.json", "*.jsonl", "*.csv", "*.txt", "*.zip")
TIMEOUT_S = 10.0
LARGEST_ARCHIVE = 8 * 2**30
"""Bytes that an archive may unpack to; the largest published one here holds less than 1 GiB."""
_HUB_ID = re.compile(r"hf:(?P<id>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")


def data_folder(spec: str, store: Store) -> Path:
    """The folder of a data setting; a hub data set is fetched and its archives are unpacked.

    Raises ConfigError when there is no such folder or the hub does not give the data set, DataError for a
    damaged or unsafe archive.
    """
    if not spec.startswith(HUB):
        folder = Path(spec).expanduser()
        if not folder.is_dir():
            raise ConfigError(f"data folder {spec!r} does not exist")
        return folder
    found = _HUB_ID.fullmatch(spec)
    if found is None:
        raise ConfigError(f"data {spec!r}: a hub data set is written hf:owner/name or hf:owner/name@revision")
    fetched = _fetch(found["id"], found["revision"])
    archives = sorted(fetched.glob("*.zip"))
    return fetched if not archives else _unpacked(archives, fetched, store)


def _fetch(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download

    try:
        found = snapshot_download(
            name, repo_type="dataset", revision=revision, allow_patterns=list(FILES), etag_timeout=TIMEOUT_S
        )
        return Path(found)
    except Exception as error:
        raise ConfigError(
            f"data set {name!r}: the hub does not give it and it is not in the local cache ({error}); download it "
            "elsewhere and name the folder instead"
        ) from error


def _unpacked(archives: list[Path], fetched: Path, store: Store) -> Path:
    """A folder of the store with the archives' files; made once for their content."""
    name = "-".join(file_hash(archive)[:12] for archive in archives)
    target = store.root / "data" / name
    with store.lock(f"data-{name}"):
        if target.is_dir():
            return target
        building = target.with_name(f".{name}.new")
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        for archive in archives:
            logger.info("unpacking %s", archive.name)
            _unpack(archive, building)
        for file in fetched.glob("*.json"):  # prompts and limits that lie beside the archive
            shutil.copy(file, building / file.name)
        building.rename(target)
    return target


def _unpack(archive: Path, target: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            if sum(entry.file_size for entry in entries) > LARGEST_ARCHIVE:
                raise DataError(f"{archive.name}: unpacks to more than {LARGEST_ARCHIVE // 2**30} GiB")
            for entry in entries:
                place = PurePosixPath(entry.filename.replace("\\", "/"))
                if place.is_absolute() or ".." in place.parts:
                    raise DataError(f"{archive.name}: entry {entry.filename!r} would leave its folder")
            opened.extractall(target)
    except zipfile.BadZipFile as error:
        raise DataError(f"{archive.name}: damaged archive ({error}); fetch it again") from error
