"""A Java process that holds simulators of the package ``scienceworld``, made repeatable.

The simulator draws from one global generator and walks through sets in the order of identity hashes. With
the generator seeded before every call, all identity hashes equal and objects numbered per world, the same
calls always give the same texts, in any process and whatever other simulators of the same process do between
them. Left alone the simulator repeats itself only in a fresh process that is asked the same from the start.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import threading
import time
from contextlib import suppress
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zlib import crc32

from acbench.errors import ConfigError, EnvironmentDied

if TYPE_CHECKING:
    from collections.abc import Callable

JAVA_OPTIONS = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:+UnlockExperimentalVMOptions", "-XX:hashCode=2")
"""A bounded heap, no thread that collects garbage meanwhile, and one identity hash for all objects."""
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


def require_package() -> None:
    """Raises ConfigError without the package ``scienceworld`` or without Java."""
    _jar()
    if shutil.which("java") is None:
        raise ConfigError(NO_JAVA)


def _jar() -> str:
    """The file that holds the simulator."""
    try:
        return str(import_module("scienceworld.constants").JAR_PATH)
    except ImportError as error:
        raise ConfigError(MISSING) from error


def _first_lines(error: Exception) -> str:
    """What happened on the Java side, without its stack; asking for it needs the process."""
    try:
        lines = str(error).splitlines()[:3]
    except Exception:  # noqa: BLE001 - the process that knows is gone
        lines = ["its process ended"]
    return f"{type(error).__name__}: {' '.join(lines)}"[:500]


def _start(folder: str) -> Any:
    """A gateway to a new process, which ends with this one. It answers only who knows its password.

    The simulator writes a table where it stands: into ``folder``.
    """
    py4j = import_module("py4j.java_gateway")
    port, token, process = py4j.launch_gateway(
        classpath=_jar(),
        javaopts=list(JAVA_OPTIONS),
        die_on_exit=True,
        enable_auth=True,
        return_proc=True,
        cwd=folder,
    )
    return py4j.JavaGateway(
        gateway_parameters=py4j.GatewayParameters(port=port, auth_token=token), java_process=process
    )


class JavaProcess:
    """One Java process. Calls are made one after another; ``close`` ends it.

    Raises ConfigError without package or Java, EnvironmentDied when the process ends or answers too late.
    """

    def __init__(self) -> None:
        require_package()
        # py4j reports a connection that its own end closed as an error; what matters is raised here
        logging.getLogger("py4j").setLevel(logging.CRITICAL)
        self._folder = TemporaryDirectory(prefix="acbench-scienceworld-", ignore_cleanup_errors=True)
        try:
            self._gateway = _start(self._folder.name)
        except (OSError, ValueError, import_module("py4j.protocol").Py4JError) as error:
            raise EnvironmentDied(f"scienceworld: its Java process did not start ({error})") from error
        self.process: subprocess.Popen[bytes] = self._gateway.java_process
        self._closed = False
        jvm = self._gateway.jvm
        self._random = self._guarded(lambda: getattr(getattr(jvm.scala.util, "Random$"), "MODULE$"))
        self._numbering = self._guarded(lambda: getattr(getattr(jvm.util, "UniqueIdentifier$"), "MODULE$"))

    @property
    def alive(self) -> bool:
        return not self._closed and self.process.poll() is None

    def simulator(self) -> Any:
        """A new simulator inside the process."""
        return self.call(self._gateway.jvm.scienceworld.runtime.pythonapi.PythonInterface, seed="")

    def load(self, task: str, variation: int, simplifications: str) -> Any:
        """A new simulator that holds a variation of a task as it begins.

        Its maker of tasks, ten of its eleven megabytes, is not needed any more and is dropped.
        """
        seed = f"{task}/{variation}"
        simulator = self.simulator()
        self.call(simulator.load, task, variation, simplifications, False, seed=seed)
        self.call(getattr(simulator, "taskMaker_$eq"), None, seed=seed)
        return simulator

    def kind(self, name: str) -> Any:
        """What belongs to a kind of actions as a whole; to be used inside a call."""
        return getattr(getattr(self._gateway.jvm.scienceworld.actions, f"{name}$"), "MODULE$")

    @property
    def objects(self) -> int:
        """How many objects there are, by the count of the process: loading a world starts it again from 0."""
        return int(self._guarded(self._numbering.count))

    def call(self, function: Any, *arguments: Any, seed: str, objects: int | None = None) -> Any:
        """One call into the process, its random generator seeded by a text.

        ``objects``: how many the world in question has, so that a new one is numbered as if it were alone.
        """

        def seeded() -> Any:
            self._random.setSeed(crc32(seed.encode()))
            if objects is not None:
                getattr(self._numbering, "count_$eq")(objects)
            return function(*arguments)

        return self._guarded(seeded)

    def texts(self, function: Any, *, seed: str, objects: int) -> list[str]:
        """A call that answers with lines of text, handed over in one piece: one by one takes half as long again."""
        join = self._gateway.jvm.java.lang.String.join
        found = str(self.call(lambda: join("\n", function()), seed=seed, objects=objects))
        return found.split("\n") if found else []

    def _guarded(self, call: Callable[[], Any]) -> Any:
        """What a call into the process gives; it must come within the limit."""
        errors = import_module("py4j.protocol")
        watch = threading.Timer(CALL_LIMIT_S, self.process.kill)
        watch.daemon = True
        watch.start()
        started = time.monotonic()
        try:
            return call()
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
        self.process.kill()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(EXIT_LIMIT_S)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        self._folder.cleanup()
