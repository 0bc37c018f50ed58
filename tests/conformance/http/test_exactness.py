"""Whatever HTTP allows in a head arrives as it was sent, both ways."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conformance.http import heads
from tests.conformance.http.harness import Peer, Stage
from tests.conformance.http.heads import Field, lines
from tests.conformance.http.reader import read

# The stage is the same for all examples: what one leaves behind is part of the next one's test.
ONE_STAGE = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def framed(body: bytes, *, chunked: bool) -> tuple[bytes, bytes]:
    """Return the framing fields of a body, and its bytes on the wire."""
    if not chunked:
        return b"Content-Length: %d\r\n" % len(body), body
    wire = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
    return CHUNKED, wire + b"0\r\n\r\n"


@pytest.mark.http("T1", "H3", "H4", "H5", "H6")
@pytest.mark.both_loops
@ONE_STAGE
@given(
    method=heads.methods,
    target=heads.targets,
    fields=heads.fields,
    body=heads.bodies,
    chunked=st.booleans(),
)
async def test_requests(
    stage: Stage, *, method: bytes, target: bytes, fields: list[Field], body: bytes, chunked: bool
) -> None:
    """Shows that a request arrives byte for byte, its framing last and in its plainest form."""
    framing, wire = framed(body, chunked=chunked)
    line, host = b"%b %b HTTP/1.1\r\n" % (method, target), b"Host: app.test\r\n"
    before = len(stage.app.seen)
    answer = await stage.exchange(line + framing + lines(fields) + host + b"\r\n" + wire)
    assert answer.status == 200
    seen = stage.app.seen[before:]
    head, _, rest = seen.partition(b"\r\n\r\n")
    assert head + b"\r\n\r\n" == line + lines(fields) + host + framing + b"\r\n"
    assert rest == body or ([one.body for one in read(seen)[0]] == [body] and chunked)


@pytest.mark.http("H3", "H4", "H5", "H6")
@pytest.mark.both_loops
@ONE_STAGE
@given(
    status=heads.statuses,
    reason=heads.reasons,
    fields=heads.fields,
    body=heads.bodies,
    chunked=st.booleans(),
)
async def test_answers(
    stage: Stage, *, status: int, reason: bytes, fields: list[Field], body: bytes, chunked: bool
) -> None:
    """Shows that an answer arrives byte for byte, its status, reason and body included."""
    framing, wire = framed(body, chunked=chunked)
    line = b"HTTP/1.1 %d %b\r\n" % (status, reason)

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.send(line + framing + lines(fields) + b"\r\n" + wire)
        await peer.rest()

    stage.app.script = script
    await stage.pool.close()
    answer = await stage.exchange(b"GET /x HTTP/1.1\r\nHost: app.test\r\n\r\n")
    moved = lines(fields) + framing if chunked else framing + lines(fields)
    assert (answer.head, answer.body) == (line + moved + b"\r\n", body)
