"""What every test may rely on: nothing here reaches beyond this machine."""

import ipaddress
import sys

import pytest


class OutsideAddressError(OSError):
    """A test tried to reach a machine other than this one."""


def _refuse_outside(event: str, arguments: tuple[object, ...]) -> None:
    if event != "socket.connect":
        return
    address = arguments[1]
    if not isinstance(address, tuple) or not address[0]:
        return
    host = str(address[0])
    if host != "localhost" and not _is_loopback(host):
        raise OutsideAddressError(f"a test may only connect to this machine, not to {host}")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def pytest_configure(config: pytest.Config) -> None:
    """Sockets reach loopback only, for the whole run; an audit hook cannot be taken back."""
    del config
    sys.addaudithook(_refuse_outside)
