"""Twin of sidecar/proxy/forward.py; tests/attacks/test_headers.py goes further."""

import asyncio

import pytest

from sidecar.core.assurance import Requirement
from sidecar.core.errors import AccessDenied
from sidecar.core.model import Identity, Level, Person
from sidecar.core.policy import Effect, Rule
from sidecar.core.protocols import RawHeaders
from sidecar.proxy.forward import Contract, Return, loops, privately, relayed, request_headers
from tests.unit.proxy.requests import arrival, raw

CONTRACT = Contract(
    frozenset({"x-auth-token"}), frozenset({"x-sso"}), frozenset({"cookie", "x-key"}), b"sidecar-1"
)
GUARDED = Rule("all", Effect.REQUIRE, Requirement(Level.TWO_FACTOR))
ADA = Identity(Person("app", "ada"), "app", set_cookies=(b"a=1", b"sidecar=evil"))


def back(rule: Rule = GUARDED, identity: Identity | None = None) -> tuple[Return, list[str]]:
    """Return a way back, and what it did."""
    done: list[str] = []

    async def confirm() -> None:
        done.append("confirmed")

    async def signed_out() -> None:
        done.append("signed out")

    return Return(rule, identity, confirm, lambda: done.append("forgot"), signed_out), done


def names(headers: RawHeaders) -> list[str]:
    return [name.decode().lower() for name, _ in headers]


def test_request_headers() -> None:
    """A request shows its host as judged, its fields in order, then ours, each once."""
    made = arrival("B: 1", "Host2: x", "X-Auth-Token: t", "X-SSO: ada", "Remote-User: eve", "a: 2")
    headers = request_headers(CONTRACT, made, raw("X-Sidecar-Subject: ada"))
    assert headers[0] == (b"Host", b"app.test")
    assert names(headers) == [
        *("host", "b", "host2", "x-auth-token", "a", "x-sidecar-subject"),
        *("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "via"),
    ]


def test_nobodys_headers() -> None:
    """A request passed on as nobody's shows no header that could carry a credential."""
    made = arrival("Cookie: a=1", "X-Key: k", "Accept: */*")
    headers = request_headers(CONTRACT, made, (), anonymous=True)
    assert not {"cookie", "x-key"} & set(names(headers))
    assert names(headers).count("host") == 1


def test_loops() -> None:
    """Our own pseudonym in `Via` shows a loop; another sidecar's does not."""
    assert loops(CONTRACT, arrival("Via: 1.1 a, 1.1 sidecar-1"))
    assert not loops(CONTRACT, arrival("Via: 1.1 sidecar-2"))


async def test_what_comes_back() -> None:
    """An answer shows the application's fields, without ours and with the question's cookies."""
    way, done = back(identity=ADA)
    headers = await way.on_head(200, raw("X-Sidecar-Subject: eve", "Set-Cookie: sidecar=1", "E: 1"))
    assert headers == raw("E: 1", "Set-Cookie: a=1", "Cache-Control: private")
    assert done == ["confirmed", "signed out", "forgot"]
    assert relayed(None) == ()


@pytest.mark.parametrize(
    ("status", "out"), [(200, True), (303, True), (399, True), (400, False), (500, False)]
)
async def test_signing_out(status: int, out: bool) -> None:
    """A logout that failed shows that nothing proven is dropped."""
    way, done = back()
    await way.on_head(status, ())
    assert ("signed out" in done) is out


async def test_nothing_before_the_confirmation() -> None:
    """An answer for somebody else shows that it changes nothing and is not passed on."""
    _, done = back()

    async def confirm() -> None:
        await asyncio.sleep(0)
        raise AccessDenied

    way = Return(GUARDED, ADA, confirm, lambda: done.append("forgot"), None)
    with pytest.raises(AccessDenied):
        await way.on_head(200, raw("Set-Cookie: a=1"))
    assert done == []


async def test_caching() -> None:
    """Rules show which answers become private: all above bypass that do not say otherwise."""
    shared = raw("Cache-Control: public")
    for rule, kept in (
        (GUARDED, False),
        (Rule("open", Effect.BYPASS, GUARDED.need), True),
        (Rule("kept", Effect.REQUIRE, GUARDED.need, keep_cache=True), True),
    ):
        way, _ = back(rule)
        assert (await way.on_head(200, shared) == shared) is kept


@pytest.mark.parametrize(
    ("sent", "left"),
    [
        ([], "private"),
        (["public"], "private"),
        (["no-store"], "private, no-store"),
        (["Public, max-age=1", "s-maxage=9, no-transform"], "private, max-age=1, no-transform"),
        (['private="a", no-cache="b, c"'], 'private, no-cache="b, c"'),
        ([" , ,"], "private"),
    ],
)
def test_private(sent: list[str], left: str) -> None:
    """Directives for shared caches show as gone, all others as they were."""
    headers = privately(raw("A: 1", *(f"Cache-Control: {value}" for value in sent)))
    assert headers == raw("A: 1", f"Cache-Control: {left}")
