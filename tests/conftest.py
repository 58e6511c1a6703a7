"""Tests reach this machine only: other addresses are refused, whoever asks for them.

Being here also puts ``tests/`` on the import path, so that test modules of all folders share its builders.
"""

import pytest
from pytest_socket import socket_allow_hosts


@pytest.fixture(autouse=True)
def only_this_machine() -> None:
    """pytest-socket lifts the restriction again at teardown."""
    socket_allow_hosts(["127.0.0.1", "localhost", "::1"], allow_unix_socket=True)
