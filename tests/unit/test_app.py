"""The composition root: everything starts, works together, and stops."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import yaml

from sidecar.app import running
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage.setup import migrate_up
from sidecar.wiring import key_ring
from tests.clock import ManualClock
from tests.unit.flows.scene import quick_folder
from tests.world import KEY, free_port, settings_for


@pytest.fixture
def folder() -> Iterator[Path]:
    with quick_folder() as made:
        yield made


async def configured(folder: Path, **changes: object) -> Loaded:
    file = folder / "sidecar.yaml"
    file.write_text(yaml.safe_dump(settings_for("http://127.0.0.1:9", folder, 0, changes)))
    loaded = load_settings(file, {"TEST_KEY": KEY}, ManualClock()())
    await migrate_up(loaded.settings.storage.database, key_ring(loaded), ManualClock(), create=True)
    return loaded


async def status_of(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status


async def test_it_listens_and_its_probes_tell_the_truth(folder: Path) -> None:
    """A running sidecar shows alive and ready; with its store gone, alive and not ready."""
    port = free_port()
    listen = {"public": "127.0.0.1:0", "probes": f"127.0.0.1:{port}"}
    loaded = await configured(folder, listen=listen)
    async with running(loaded) as sidecar:
        assert sidecar.listener.port
        live, ready = (f"http://127.0.0.1:{port}/health/{name}" for name in ("live", "ready"))
        assert await status_of(live) == await status_of(ready) == 200
        assert await status_of(f"http://127.0.0.1:{port}/metrics") == 200
        database = folder / "sidecar.db"
        database.rename(folder / "away.db")
        assert (await status_of(live), await status_of(ready)) == (200, 503)
        (folder / "away.db").rename(database)
        assert await status_of(ready) == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await status_of(live)


async def test_a_taken_address_is_an_os_error_and_leaves_nothing(folder: Path) -> None:
    """An address that somebody else has shows a plain error, and a start that works later."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = {"public": f"127.0.0.1:{taken.getsockname()[1]}"}
        loaded = await configured(folder, listen=listen)
        with pytest.raises(OSError, match="address already in use"):
            async with running(loaded):
                raise AssertionError("it listens")
    async with running(loaded) as sidecar:
        assert sidecar.listener.port == int(listen["public"].rpartition(":")[2])


async def test_two_share_their_addresses(folder: Path) -> None:
    """Two that reuse ports show one address for visitors and one for probes."""
    public, probes = free_port(), free_port()
    listen = {"public": f"127.0.0.1:{public}", "probes": f"127.0.0.1:{probes}"}
    loaded = await configured(folder, listen=listen)
    async with running(loaded, reuse_port=True), running(loaded, reuse_port=True):
        assert await status_of(f"http://127.0.0.1:{probes}/health/ready") == 200
    async with running(loaded):
        assert await status_of(f"http://127.0.0.1:{probes}/health/ready") == 200


async def test_a_unix_socket_serves_too(folder: Path) -> None:
    """A path as address shows a socket that answers."""
    path = folder / "public.sock"
    loaded = await configured(folder, listen={"public": f"unix:{path}"})
    async with running(loaded):
        reader, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b"GET /secret HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 ")
        writer.close()


async def test_when_following_the_feed_breaks_all_of_it_ends(folder: Path) -> None:
    """A bug in the follower shows the process ending: it must not serve blind to revocations."""
    loaded = await configured(folder)
    broken = asyncio.Event()

    def bug(_person: object, _session: object) -> None:
        broken.set()
        raise LookupError("a bug")

    async def serve() -> None:
        async with running(loaded) as sidecar, asyncio.timeout(5):
            sidecar.flows.revocations.listen(bug)
            sidecar.flows.revocations._sequence = None
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as ended:
        await serve()
    assert broken.is_set()
    assert ended.group_contains(LookupError)
