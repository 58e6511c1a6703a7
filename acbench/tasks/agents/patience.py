"""Calls that may never return: made on a thread of their own, and given up when their time is over."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class TookTooLong(Exception):
    """The call was given up. Its thread still runs and cannot be ended; the program's end does not wait for it."""


def within(limit_s: float, call: Callable[[], T], late: Callable[[], None]) -> T:
    """What ``call`` gives or raises. Raises TookTooLong after ``limit_s`` seconds.

    ``late`` is then called on the abandoned thread if ``call`` comes to an end after all: whatever the call
    was using belongs to it until then.
    """
    return _Call(call, late).wait(limit_s)


class _Call(Generic[T]):
    def __init__(self, call: Callable[[], T], late: Callable[[], None]) -> None:
        self._call = call
        self._late = late
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._given_up = False
        self._found: list[T] = []
        self._error: BaseException | None = None

    def wait(self, limit_s: float) -> T:
        threading.Thread(target=self._run, name="acbench-environment", daemon=True).start()
        if not self._ended.wait(limit_s):
            with self._lock:
                self._given_up = not self._ended.is_set()
            if self._given_up:
                raise TookTooLong
        if self._error is not None:
            raise self._error
        return self._found[0]

    def _run(self) -> None:
        try:
            self._found.append(self._call())
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
            self._error = error
        with self._lock:
            self._ended.set()
        if self._given_up:
            with suppress(Exception):  # nobody is left to be told
                self._late()
