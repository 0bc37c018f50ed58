"""Twin of sidecar/proxy/front.py; the battery in tests/conformance/http plays it on real wires."""

import pytest

from sidecar.logs import place
from tests.conformance.http.harness import staged


async def test_what_the_judge_sees() -> None:
    """Shows that a request is handed over as it came: bytes, peer, no TLS, no certificate."""
    async with staged() as stage:
        visitor = await stage.visitor()
        visitor.send(
            b"POST /a%2Fb?c HTTP/1.1\r\nHOST: A.test\r\nX: \xff\r\nContent-Length: 1\r\n\r\nx"
        )
        await visitor.answer()
        seen = stage.judge.judged[0]
        assert (seen.method, seen.target, seen.version) == ("POST", "/a%2Fb?c", (1, 1))
        assert seen.headers == ((b"HOST", b"A.test"), (b"X", b"\xff"), (b"Content-Length", b"1"))
        assert (seen.peer, seen.secure, seen.peer_verified) == ("127.0.0.1", False, False)
        assert (seen.has_body, seen.upgrade) == (True, False)


async def test_absolute_form_is_not_interpreted() -> None:
    """Shows that the judge gets the whole target of a request in absolute form."""
    async with staged() as stage:
        await stage.exchange(b"GET http://a.test/p HTTP/1.1\r\nHost: a.test\r\n\r\n")
        assert stage.judge.judged[0].target == "http://a.test/p"


def test_place_tells_no_value() -> None:
    """Shows that the log says where it broke, and nothing of what the request held."""
    with pytest.raises(ValueError, match="s3cret") as caught:
        int("s3cret")
    assert place(caught.value).startswith("test_front.py:")
