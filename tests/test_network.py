"""The guard in conftest.py works: nothing outside of this machine can be reached from a test."""

from __future__ import annotations

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_other_addresses_are_refused() -> None:
    with socket.socket() as client, pytest.raises((SocketConnectBlockedError, UserWarning)):
        client.connect(("192.0.2.1", 80))  # TEST-NET-1, RFC 5737: nobody's address


def test_this_machine_is_allowed() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0))
        server.listen()
        client.connect(server.getsockname())
