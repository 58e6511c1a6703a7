"""A Java process that holds simulators of the package ``scienceworld``, made repeatable.

The simulator draws from one global generator and walks through sets in the order of identity hashes. With
the generator seeded before every call and all identity hashes equal, the same calls always give the same
texts, in any process and whatever other simulators of the same process do between them.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any
from zlib import crc32

from acbench.errors import ConfigError, EnvironmentDied

if TYPE_CHECKING:
    from collections.abc import Iterator

JAVA_OPTIONS = (
    "-Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:+UnlockExperimentalVMOptions -XX:hashCode=2"
)
CALL_LIMIT_S = 120.0
"""A process that takes longer for one call is ended."""
EXIT_LIMIT_S = 10.0

MISSING = (
    "the task scienceworld plays in worlds of the package scienceworld, which is not installed: "
    "pip install 'acbench[scienceworld]'"
)
NO_JAVA = (
    "the task scienceworld (extra acbench[scienceworld]) needs Java 8 or newer, and there is no program "
    "'java' on the PATH: install a Java runtime, such as Debian's default-jre-headless"
)

_STARTING = threading.Lock()


def require_package() -> None:
    """Raises ConfigError without the package ``scienceworld`` or without Java."""
    _package()
    if shutil.which("java") is None:
        raise ConfigError(NO_JAVA)


def _package() -> Any:
    try:
        return import_module("scienceworld")
    except ImportError as error:
        raise ConfigError(MISSING) from error


def _first_lines(error: Exception) -> str:
    """What happened on the Java side, without its stack; asking for it needs the process."""
    try:
        lines = str(error).splitlines()[:3]
    except Exception:  # noqa: BLE001 - the process that knows is gone
        lines = ["its process ended"]
    return f"{type(error).__name__}: {' '.join(lines)}"[:500]


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """The variable is set while a child starts; one child at a time."""
    with _STARTING:
        before = os.environ.get(name)
        os.environ[name] = value
        try:
            yield
        finally:
            if before is None:
                del os.environ[name]
            else:
                os.environ[name] = before


class JavaProcess:
    """One Java process. Calls are made one after another; ``close`` ends it.

    Raises ConfigError without package or Java, EnvironmentDied when the process ends or answers too late.
    """

    def __init__(self) -> None:
        require_package()
        # py4j reports a connection that its own end closed as an error; what matters is raised here
        logging.getLogger("py4j").setLevel(logging.CRITICAL)
        with _environment("JAVA_TOOL_OPTIONS", JAVA_OPTIONS):
            try:
                self._package_env = _package().ScienceWorldEnv("")
            except Exception as error:
                raise EnvironmentDied(f"scienceworld: its Java process did not start ({error})") from error
        self._gateway = self._package_env._gateway
        self._random = getattr(getattr(self._gateway.jvm.scala.util, "Random$"), "MODULE$")
        self.process: subprocess.Popen[bytes] = self._gateway.java_process
        self._closed = False

    @property
    def alive(self) -> bool:
        return not self._closed and self.process.poll() is None

    def simulator(self) -> Any:
        """A new simulator inside the process."""
        return self.call(self._gateway.jvm.scienceworld.runtime.pythonapi.PythonInterface, seed="")

    def call(self, function: Any, *arguments: Any, seed: str) -> Any:
        """One call into the process, its random generator seeded by a text."""
        errors = import_module("py4j.protocol")
        watch = threading.Timer(CALL_LIMIT_S, self.process.kill)
        watch.daemon = True
        watch.start()
        started = time.monotonic()
        try:
            self._random.setSeed(crc32(seed.encode()))
            return function(*arguments)
        except (errors.Py4JError, OSError) as error:
            late = time.monotonic() - started >= CALL_LIMIT_S
            reason = f"no answer within {CALL_LIMIT_S:g} s" if late else _first_lines(error)
            self.close()
            raise EnvironmentDied(f"scienceworld: a simulator failed ({reason})") from error
        finally:
            watch.cancel()

    def close(self) -> None:
        """Ends the process and closes its pipes. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        with suppress(Exception):
            self._gateway.shutdown()
        self._package_env._obj_tree_tempdir.cleanup()
        self.process.kill()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(EXIT_LIMIT_S)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
