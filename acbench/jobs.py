"""One-shot child processes for heavy work: a request file in, files out, errors with the log's tail.

The interpreter is configurable, because compression libraries and the serving engine cannot always
share an environment.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acbench.children import Child
from acbench.errors import CompressionError

if TYPE_CHECKING:
    from collections.abc import Mapping


def run_job(
    module: str,
    request: Mapping[str, Any],
    *,
    log: Path,
    python: str = sys.executable,
    threads: int = 1,
) -> dict[str, Any]:
    """Runs ``python -m module`` with the request; returns its result. The child dies with us.

    Raises CompressionError with the job's own message, or with the tail of its log if it was killed.
    """
    env = {
        "OMP_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH", "")]),
    }
    try:
        child = Child("acbench.job_child", log=log, env=env, python=python)
    except (FileNotFoundError, PermissionError) as error:
        raise CompressionError(f"{module} cannot be started with {python}: {error}") from error
    try:
        with suppress(OSError):  # a child that is gone already is reported below, with its log
            child.channel.send({"module": module, "request": dict(request)})
        message = child.inbox.get(None)
        child.wait(10.0)
    finally:
        child.kill()
    if message is None:
        status = child.exit_status
        how = "was killed" if status is not None and status < 0 else f"ended with status {status}"
        raise CompressionError(f"{module} {how} before it finished\n--- log ---\n{child.log_tail()}")
    if "error" in message:
        if message.get("errno") is not None:
            raise OSError(message["errno"], message["error"])
        raise CompressionError(str(message["error"]))
    return dict(message["result"])
