"""Thousands of requests that are almost right: both sides read the same, or nothing goes on."""

import asyncio

import pytest

from sidecar.proxy.limits import Limits
from tests.conformance.http.harness import OK, Peer, Stage, staged
from tests.conformance.http.mutations import SEEDS, mutants
from tests.conformance.http.reader import Request, read

EACH = 250
TURNS = 6
"""Of the loop, in which the first packet arrives by itself."""
OK_STATUS = 200
HOP_BY_HOP = frozenset((b"connection", b"keep-alive", b"te", b"trailer", b"upgrade"))


class Understanding:
    """An application that reads strictly, and remembers what it understood."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.malformed: list[bytes] = []

    async def script(self, peer: Peer) -> None:
        answered = 0
        while await peer.some():
            requests, state = read(bytes(peer.seen))
            for request in requests[answered:]:
                self.requests.append(request)
                peer.send(OK)
            answered = len(requests)
            if state == "malformed":
                self.malformed.append(bytes(peer.seen))
                return


def passed_on(request: Request) -> Request:
    """Return what of a request may reach the application."""
    kept = tuple(field for field in request.fields if field[0].lower() not in HOP_BY_HOP)
    if not any(name.lower() == b"host" for name, _ in kept):
        kept = ((b"Host", b"stub.test"), *kept)
    return Request(request.method, request.target, kept, request.body)


async def heard(stage: Stage, raw: bytes, cut: int) -> list[int]:
    """Return the statuses of the answers to these bytes, sent in two packets."""
    expected, state = read(raw)
    visitor = await stage.visitor()
    visitor.send(raw[:cut])
    for _ in range(TURNS if cut else 0):
        await asyncio.sleep(0)
    visitor.send(raw[cut:])
    statuses: list[int] = []
    while not statuses or statuses[-1] == OK_STATUS:
        if len(statuses) == len(expected) and state != "malformed":
            break
        statuses.append((await visitor.answer()).status)
    visitor.abort()
    while stage.listener.connections:  # noqa: ASYNC110 - what is waited for is on a wire
        await asyncio.sleep(0)
    return statuses


@pytest.mark.http("F1", "F2", "F4", "F6", "F7", "F8", "F9", "F17")
@pytest.mark.threat(27)
@pytest.mark.both_loops
@pytest.mark.parametrize("seed", SEEDS)
async def test_both_sides_read_the_same(seed: str) -> None:
    """Shows, for each mutant, that the application understands exactly the requests that a strict
    reader finds in it, or those before the first that is refused.
    """
    quick = Limits(sweep_s=0.02, linger_s=0.1)
    async with staged(quick, head_timeout_s=1.0) as stage:
        behind = Understanding()
        stage.app.script = behind.script
        wrong = []
        for raw, cut in mutants(seed, EACH):
            expected = [passed_on(request) for request in read(raw)[0]]
            statuses = await heard(stage, raw, cut)
            understood, behind.requests = behind.requests, []
            if statuses and statuses[-1] != OK_STATUS:
                expected = expected[: len(understood)]
            if understood != expected or behind.malformed:
                wrong.append((raw, cut, statuses, understood, behind.malformed))
                behind.malformed = []
        assert wrong == []
