"""Twin of sidecar/proxy/client.py."""

from sidecar.proxy.arrival import Inbound
from sidecar.proxy.client import Shared
from sidecar.proxy.limits import Limits
from sidecar.proxy.verdicts import Reply
from tests.conformance.http.harness import StubJudge, staged


class Nobody:
    def tick(self, now: float) -> None: ...
    def settle(self) -> None: ...
    def break_off(self) -> None: ...


def test_room() -> None:
    """Shows that room is counted per address and in all, and comes back; sockets of the same
    machine without an address share only the whole.
    """
    shared = Shared(StubJudge(), Limits(connections=4, connections_per_address=2))
    guests = [Nobody() for _ in range(5)]
    assert [shared.admit(guest, "a") for guest in guests[:3]] == [True, True, False]
    shared.dismiss(guests[2], "a")
    shared.dismiss(guests[1], "a")
    assert shared.admit(guests[1], "a")
    assert [shared.admit(guest, "") for guest in guests[2:]] == [True, True, False]


async def test_failure_that_cannot_be_told() -> None:
    """Shows that a pipeline that cannot even word a failure does not stop it from being told."""
    async with staged() as stage:

        def failed(_inbound: Inbound) -> Reply:
            raise LookupError

        stage.judge.failure = failed
        visitor = await stage.visitor()
        answer = await visitor.get("/boom")
        assert (answer.status, answer.all("Connection")) == (500, [b"close"])
        assert await visitor.rest() == b""


async def test_head_gets_no_body() -> None:
    """Shows that our own answers to HEAD tell the length and send nothing of it."""
    async with staged() as stage:
        visitor = await stage.visitor()
        visitor.send(b"HEAD /own HTTP/1.1\r\nHost: a\r\n\r\n")
        answer = await visitor.answer(head_only=True)
        assert (answer.status, answer.all("Content-Length")) == (200, [b"3"])
        assert (await visitor.get("/own")).body == b"own"
