"""The composition root: everything starts, works together, and stops."""

import asyncio
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import yaml
from aiohttp import web

from sidecar.app import running
from sidecar.clock import utc_now
from sidecar.core.errors import StoreUnavailable
from sidecar.settings.load import Loaded, load_settings
from sidecar.storage import guard
from sidecar.storage.setup import migrate_up
from sidecar.wiring import key_ring
from tests.application import Application
from tests.clock import ManualClock
from tests.postgres import Server
from tests.unit.flows.scene import quick_folder
from tests.wire import wired
from tests.world import KEY, free_port, settings_for, world


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


async def test_a_crowd_of_readers_hides_no_revocation(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More who read in the store than may wait show some of them refused, and what was revoked
    read after the others: memory stays trusted, or everybody would come as well.
    """
    monkeypatch.setattr(guard, "CROWD", 8)
    async with running(await configured(folder, listen={"public": "127.0.0.1:0"})) as sidecar:
        over, refused = asyncio.Event(), 0

        async def read() -> None:
            nonlocal refused
            try:
                async with sidecar.flows.kit.store.read():
                    await over.wait()
            except StoreUnavailable:
                refused += 1

        async with asyncio.TaskGroup() as crowd:
            for _ in range(2 * guard.CROWD):
                crowd.create_task(read())
            reading = crowd.create_task(sidecar.flows.revocations.read())
            await asyncio.sleep(0)  # each has begun
            over.set()
        assert refused >= guard.CROWD
        assert reading.done()


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


async def test_a_replica_that_is_started_in_vain_leaves_nothing(
    folder: Path, postgres: Server
) -> None:
    """A start that is over at once, as a rehearsal is, shows nobody whom others would wait for."""
    async with postgres.changes() as changes:
        loaded = await configured(folder, storage=changes["storage"], replicas=2)
        async with running(loaded) as sidecar, sidecar.store.read() as tx:
            assert len(await tx.replicas.all()) == 1
        name = loaded.settings.storage.database.rpartition("/")[2].partition("?")[0]
        assert await postgres.execute("SELECT id FROM replicas", name) == "SELECT 0"


@pytest.mark.parametrize(("ahead_s", "status"), [(0, 200), (1.5, 503), (-1.5, 503)])
async def test_a_clock_that_is_off_is_not_ready(
    folder: Path, postgres: Server, ahead_s: float, status: int
) -> None:
    """A machine whose clock is more than a second off the database's shows not ready, and which
    part it is; how the sidecar's own time travels has no say in it.
    """
    port = free_port()
    async with postgres.changes() as changes:
        loaded = await configured(
            folder,
            listen={"public": "127.0.0.1:0", "probes": f"127.0.0.1:{port}"},
            storage=changes["storage"],
        )
        off = timedelta(seconds=ahead_s)
        async with (
            running(loaded, ManualClock(), wall=lambda: utc_now() + off),
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/health/ready") as answer,
        ):
            parts = (await answer.json())["parts"]
            assert (answer.status, parts["store"]) == (status, "ok")
            assert parts["clock"] == ("ok" if status == 200 else "failing")


@pytest.mark.threat(69)
async def test_half_a_probe_holds_no_connection(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """THREATS 69: half a head to the probes shows a connection that is closed."""
    monkeypatch.setattr("sidecar.listening.IDLE_S", 0.05)
    port = free_port()
    loaded = await configured(
        folder, listen={"public": "127.0.0.1:0", "probes": f"127.0.0.1:{port}"}
    )
    async with running(loaded), asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /health/live HTTP/1.1\r\nHos")
        assert await reader.read() == b""
        writer.close()


class Slow(Application):
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.set()
        await self.may_answer.wait()
        return await super().handle(request)


async def test_while_it_drains_it_is_alive_and_not_ready(folder: Path) -> None:
    """A request under way at a stop shows its answer; until its end, and as long as the process
    lasts, the probes show not ready.
    """
    port, slow = free_port(), Slow()
    listen = {"public": "127.0.0.1:0", "probes": f"127.0.0.1:{port}"}
    live, ready = (f"http://127.0.0.1:{port}/health/{name}" for name in ("live", "ready"))
    async with world(folder, application=slow, changes={"listen": listen}) as here:
        async with wired(here) as client:
            client.send(b"GET /open/slow HTTP/1.1\r\nHost: app.test\r\n\r\n")
            await slow.asked.wait()
            assert await status_of(ready) == 200
            draining = asyncio.create_task(here.sidecar.drain(60))
            await asyncio.sleep(0)
            assert (await status_of(live), await status_of(ready)) == (200, 503)
            assert not draining.done()
            slow.may_answer.set()
            assert (await client.answer()).status == 200
        await draining
        assert (await status_of(live), await status_of(ready)) == (200, 503)


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
