"""Twin of sidecar/proxy/tunnel.py."""

import asyncio

from sidecar.proxy.tunnel import Side, Tunnel


class Wire(asyncio.Transport):
    """Keeps what was written, and whether reading is held."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.held = False
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def pause_reading(self) -> None:
        self.held = True

    def resume_reading(self) -> None:
        self.held = False

    def close(self) -> None:
        self.closed = True


def side() -> tuple[Side, Wire]:
    made, wire = Side(asyncio.get_running_loop()), Wire()
    made.transport = wire
    return made, wire


async def test_tunnel() -> None:
    """Shows that bytes cross both ways, early ones first, slowness crosses too, and one end is
    the end of both.
    """
    (client, to_client), (upstream, to_upstream) = side(), side()
    client.tail, upstream.tail = b"early ", b"hello "
    client.hold()
    tunnel = Tunnel(client, upstream)
    async with asyncio.timeout(1), asyncio.TaskGroup() as group:
        group.create_task(tunnel.run())
        await asyncio.sleep(0)
        assert not to_client.held
        tunnel.carry(client, b"up")
        tunnel.carry(upstream, b"down")
        upstream.pause_writing()
        assert (to_client.held, to_upstream.held) == (True, False)
        upstream.resume_writing()
        assert not to_client.held
        tunnel.end()
    assert (to_upstream.written, to_client.written) == (b"early up", b"hello down")
    assert to_upstream.closed
    assert to_client.closed


async def test_side_that_is_already_gone() -> None:
    """Shows that a tunnel to nobody ends at once."""
    (client, _), (upstream, wire) = side(), side()
    client.transport = None
    async with asyncio.timeout(1):
        await Tunnel(client, upstream).run()
    assert wire.closed
