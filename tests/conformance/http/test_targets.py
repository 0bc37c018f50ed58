"""T rows: the target that was judged is the target that goes on, byte for byte."""

import pytest

from tests.conformance.http.corpus import lined
from tests.conformance.http.harness import OK, Stage

EXACT = r"""
    / /a /a/ //a ///a// /a//b /./a /a/. /a/.. /a/../b /../a /a/./b /a/b/../../.. /.. /...
    /%61dmin /%41%42 /a%2Fb /a%2fb /%2F /a%5Cb /a\b /\a /a%00b /a%0a /a%0d%0aX:y /a%7f /a%20b /a+b
    /%2e/a /%2E%2e/a /a/%2e%2e%2fb /a/..%2fb /a/..%5cb /a/..;/b /a;x=1 /a;x=1/b;y /;/a /a;/../b
    /%252e%252e/a /%2561 /%25 /% /a% /a%zz /a%u002f /%c0%af /%C3%A9 /%c3%a9
    /a[1] /a{b} /a|b /a^b /a`b /a"b /a<b> /a'b /a~b /a!b /a$b /a&b /a(b) /a*b /a,b /a:b /a=b /a@b
    /a? /? /a?? /a?b?c /a?x[]=1&x[]=2 /a?x=%5B%5D /a?x=1;y=2 /a?x=a+b%20c /a?x=/../y /a?x=//y
    /a?x=%2e%2e%2f /a?x=\y /a?x=%zz& /a?&&=& /a?x="<>" /a?x=http://evil.test/ /a?x=%23
    /http://evil.test/ /a:80 /@evil.test /ADMIN /aDmIn /.well-known/x /robots.txt
"""


@pytest.mark.http("T1", "3.1D")
@pytest.mark.parametrize("target", EXACT.split())
async def test_t1_exact(stage: Stage, target: str) -> None:
    """Shows that a path and its query reach the judge and the application as they came."""
    raw = lined(b"GET %b HTTP/1.1" % target.encode())
    assert (await stage.exchange(raw)).head == OK[:-2]
    assert stage.app.seen == raw
    assert [seen.target for seen in stage.judge.judged] == [target]


@pytest.mark.http("T1")
async def test_t1_every_byte(stage: Stage) -> None:
    """Shows, for each byte a path or query can have, that it goes on alone, or goes nowhere."""
    for byte in range(256):
        for target in (b"/a%bb" % bytes((byte,)), b"/a?%bb" % bytes((byte,))):
            raw, before = lined(b"GET %b HTTP/1.1" % target), stage.app.seen
            answer = await stage.exchange(raw)
            passes = 0x21 <= byte <= 0x7E and byte != ord("#")
            assert (byte, answer.status) == (byte, 200 if passes else 400)
            assert stage.app.seen == before + raw * passes


@pytest.mark.http("T2")
@pytest.mark.parametrize(
    "target", ["http://app.test/p?q", "HTTPS://APP.test:443/p", "http://app.test", "http://a@b/"]
)
async def test_t2_absolute(stage: Stage, target: str) -> None:
    """Shows that a whole URL comes to the judge as it is, and that only what it says goes on."""
    await stage.exchange(lined(b"GET %b HTTP/1.1" % target.encode()))
    assert [seen.target for seen in stage.judge.judged] == [target]


METHODS = """
    DELETE GET HEAD POST PUT OPTIONS PATCH COPY LOCK UNLOCK MKCOL MOVE PROPFIND PROPPATCH SEARCH
    BIND ACL REPORT CHECKOUT MERGE M-SEARCH NOTIFY SUBSCRIBE PURGE LINK QUERY
"""


@pytest.mark.http("T7")
@pytest.mark.parametrize("method", METHODS.split())
async def test_t7_methods(stage: Stage, method: str) -> None:
    """Shows that a method is judged and sent on under its own name, with a body and without."""
    visitor = await stage.visitor()
    heads = [b"%b /m HTTP/1.1\r\nHost: a\r\n" % method.encode()] * 2
    raws = [heads[0] + b"\r\n", heads[1] + b"Content-Length: 2\r\n\r\nhi"]
    for raw in raws:
        visitor.send(raw)
        assert (await visitor.answer(head_only=method == "HEAD")).status == 200
    if method == "HEAD":
        assert stage.app.seen.startswith(raws[0])
    else:
        assert stage.app.seen == b"".join(raws)
    assert [seen.method for seen in stage.judge.judged] == [method] * 2


@pytest.mark.http("T7")
@pytest.mark.threat(66)
async def test_t7_overriding(stage: Stage) -> None:
    """Shows that a method told elsewhere is not what is judged and sent on."""
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        visitor = await stage.visitor()
        assert (await visitor.get("/x?_method=DELETE", f"{name}: DELETE")).body == b"ok"
    assert {seen.method for seen in stage.judge.judged} == {"GET"}
    assert stage.app.seen.count(b"GET /x?_method=DELETE HTTP/1.1\r\n") == 3
