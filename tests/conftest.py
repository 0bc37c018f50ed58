"""What every test may rely on: nothing here reaches beyond this machine."""

import ipaddress
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

from sidecar.bundled import import_plugin, plugin_names
from sidecar.loader import Role
from tests import redis
from tests.postgres import Server, serving

_LONG: Final = frozenset(
    Path(__file__).parent / name
    for name in (
        *("api/test_schemathesis.py", "journeys/test_killed.py", "journeys/test_faults.py"),
        *("journeys/test_chaos.py", "journeys/test_restart.py", "unit/cli/test_demo.py"),
        *("conformance/http/test_memory.py", "unit/cli/test_porting_at_scale.py"),
    )
)
"""Half a minute and more each, mostly of other processes."""


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


def _name_plugins_once() -> None:
    """A plugin file is one module, also for tests that import it by the checkout's folder."""
    for role in Role:
        for name in plugin_names(role.value):
            import_plugin(role.value, name)
    for name, module in tuple(sys.modules.items()):
        if name.startswith("sidecar.plugins."):
            sys.modules.setdefault(name.removeprefix("sidecar."), module)


def pytest_configure(config: pytest.Config) -> None:
    """Sockets reach loopback only, for the whole run; an audit hook cannot be taken back."""
    sys.addaudithook(_refuse_outside)
    _name_plugins_once()
    # How long one example takes says nothing on a machine that others use too.
    settings.register_profile("explore", deadline=None)
    # The same examples each time: a run tells of this change, `explore` looks for new ones.
    settings.register_profile("suite", deadline=None, derandomize=True)
    settings.load_profile(config.getoption("--hypothesis-profile") or "suite")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, so that no process waits at the end for the other one."""
    items.sort(key=lambda item: 0 if item.path in _LONG else 1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """Lend this process's server of PostgreSQL; without one installed the test is skipped."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[redis.Redis]:
    """Lend this process's Redis; whoever stops it needs one of their own."""
    with redis.serving() as server:
        yield server


@pytest.fixture(scope="session")
def redis_watched() -> Iterator[redis.Watched]:
    """Lend this process's Redis that Sentinels watch."""
    with redis.watched() as servers:
        yield servers


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[redis.Cluster]:
    """Lend this process's cluster."""
    with redis.cluster() as servers:
        yield servers
