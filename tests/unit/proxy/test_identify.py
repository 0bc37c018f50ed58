"""Twin of sidecar/proxy/identify.py; the attacks on it are in tests/attacks."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from sidecar.core.errors import (
    AccessDenied,
    CredentialUndeclared,
    IdentityUnavailable,
    MalformedRequest,
)
from sidecar.core.model import Identity, Person
from sidecar.core.protocols import Carriers, RequestView, SourceTraits
from sidecar.proxy.contract import Contract
from sidecar.proxy.identify import CarrierRules, Identifier, query_names
from sidecar.proxy.known import Said
from sidecar.proxy.receive import Receiver
from tests.clock import ManualClock
from tests.conformance.stores import RING
from tests.unit.proxy.requests import SHOP, arrival, inbound, raw

COOKIES = Carriers(any_cookie=True)


class Source:
    """Says who it is by the value of one header."""

    def __init__(self, header: str = "Cookie", realm: str = "app", *, keep_s: int = 30) -> None:
        carriers = COOKIES if header == "Cookie" else Carriers(frozenset({header.lower()}))
        self.traits = SourceTraits(carriers, timedelta(seconds=keep_s))
        self._header = header
        self._realm = realm
        self.asked = 0
        self.people: dict[str, str] = {"a=1": "ada", "g=1": "grace"}
        self.cookies: tuple[bytes, ...] = ()
        self.broken: Exception | None = None
        self.gate: asyncio.Event | None = None

    def credential(self, request: RequestView) -> bytes | None:
        return request.one(self._header)

    async def identify(self, request: RequestView) -> Identity | None:
        self.asked += 1
        name = self.people.get((request.one(self._header) or b"").decode())
        if self.gate is not None:
            await self.gate.wait()
        if self.broken is not None:
            raise self.broken
        if name is None:
            return None
        return Identity(Person(self._realm, name), "source", set_cookies=self.cookies)


def view(*fields: str, query: str = "") -> RequestView:
    return RequestView("GET", "/", query, "app.test", "https", raw(*fields), "", "")


def made(*sources: Source, carriers: CarrierRules | None = None) -> tuple[Identifier, ManualClock]:
    clock = ManualClock()
    named = {f"s{at}": source for at, source in enumerate(sources)}
    return Identifier(named, carriers or CarrierRules(), RING, clock), clock


ADA = view("Cookie: a=1")


async def who(identifier: Identifier, request: RequestView = ADA) -> str | None:
    identity = (await identifier.identify(request)).identity
    return identity.person.subject if identity else None


async def test_people_are_remembered_and_nobody_is_not() -> None:
    """Repeated requests show one question per person and time, and one each from nobody."""
    source = Source()
    identifier, clock = made(source)
    for _ in range(3):
        assert await who(identifier) == "ada"
    assert source.asked == 1
    clock.travel(seconds=30)
    assert await who(identifier) == "ada"
    assert source.asked == 2
    for _ in range(3):
        assert await who(identifier, view("Cookie: x=1")) is None
        assert await who(identifier, view()) is None
    assert source.asked == 5
    identifier.sweep()


async def test_asked_once_at_a_time() -> None:
    """Fifty requests at once show one question, also where one of them is cancelled."""
    source = Source()
    source.gate = asyncio.Event()
    identifier, _ = made(source)
    async with asyncio.TaskGroup() as tasks:
        asking = [tasks.create_task(who(identifier)) for _ in range(50)]
        await asyncio.sleep(0)
        asking[0].cancel()
        source.gate.set()
    assert {task.result() for task in asking[1:]} == {"ada"}
    assert source.asked == 1


async def test_failure_is_not_remembered() -> None:
    """A failing source shows a failure to everybody who waits, and is asked anew after it."""
    source = Source()
    identifier, _ = made(source)
    source.broken = KeyError("secret")
    for _ in range(2):
        with pytest.raises(IdentityUnavailable) as failure:
            await who(identifier)
        assert "secret" not in str(failure.value)
    source.broken = MalformedRequest("x")
    with pytest.raises(MalformedRequest):
        await who(identifier)
    source.broken = None
    assert await who(identifier) == "ada"
    assert source.asked == 4


async def test_cookies_of_an_answer_go_out_once() -> None:
    """An answer's cookies show for who caused the question, and never from memory."""
    source = Source()
    source.cookies = (b"a=2",)
    identifier, _ = made(source)
    first, second = [await identifier.identify(ADA) for _ in range(2)]
    assert first.identity is not None
    assert second.identity is not None
    assert (first.identity.set_cookies, second.identity.set_cookies) == ((b"a=2",), ())


async def test_two_sources_must_agree() -> None:
    """Two sources show one person, or nobody at all."""
    identifier, _ = made(Source(), Source("X-User"))
    assert await who(identifier, view("Cookie: a=1", "X-User: a=1")) == "ada"
    assert await who(identifier, view("Cookie: x", "X-User: a=1")) == "ada"
    assert await who(identifier, view("X-User: a=1")) == "ada"
    with pytest.raises(AccessDenied):
        await who(identifier, view("Cookie: a=1", "X-User: g=1"))
    other, _ = made(Source(), Source("X-User", realm="sso"))
    with pytest.raises(AccessDenied):
        await who(other, view("Cookie: a=1", "X-User: a=1"))


async def test_unkept_header_is_asked_every_time() -> None:
    """A source whose answers are not kept shows one question per request."""
    source = Source("X-User", keep_s=0)
    identifier, _ = made(source)
    for _ in range(3):
        assert await who(identifier, view("X-User: a=1")) == "ada"
    identifier.forget(view("X-User: a=1"))
    assert source.asked == 3


Change = Callable[[Identifier], None]


@pytest.mark.parametrize("keep_s", [0, 30])
async def test_changed_hands(keep_s: int) -> None:
    """A sign-in under way shows that what was judged before it is confirmed after it."""
    source = Source(keep_s=keep_s)
    identifier, _ = made(source)
    said = await identifier.identify(ADA)
    await identifier.confirm(ADA, said)
    settle = identifier.unsettle(ADA, unsafe=True)
    await identifier.confirm(ADA, said)
    source.people["a=1"] = "grace"
    with pytest.raises(AccessDenied):
        await identifier.confirm(ADA, said)
    del source.people["a=1"]
    with pytest.raises(AccessDenied):
        await identifier.confirm(ADA, said)
    settle()
    assert await who(identifier) is None


async def test_forgetting() -> None:
    """An unsafe request shows that its credential, and its person's others, are asked anew."""
    source = Source()
    source.people["b=1"] = "ada"
    identifier, _ = made(source)
    other = view("Cookie: b=1")
    said = await identifier.identify(ADA)
    assert await who(identifier, other) == "ada"
    identifier.forget(ADA)
    assert (await who(identifier), await who(identifier, other), source.asked) == ("ada", "ada", 3)
    identifier.forget(ADA, said.identity)
    assert (await who(identifier), await who(identifier, other), source.asked) == ("ada", "ada", 5)
    assert not said.doubtful


async def test_malformed_credentials_can_be_forgotten() -> None:
    """A doubled credential on its way to the login shows that it still makes others forget."""
    source = Source()
    source.people["a=abcdefghijkl"] = "ada"
    identifier, _ = made(source)
    long = view("Cookie: a=abcdefghijkl")
    assert await who(identifier, long) == "ada"
    doubled = view("Cookie: a=abcdefghijkl", "Cookie: b=2")
    with pytest.raises(MalformedRequest):
        await who(identifier, doubled)
    identifier.forget(doubled)
    assert await who(identifier, long) == "ada"
    assert source.asked == 2


def test_undeclared() -> None:
    """Credentials that no source declares show a refusal; declared ones do not."""
    rules = CarrierRules(frozenset({"x-key"}), frozenset({"key", "my.token"}))
    identifier, _ = made(Source("X-Key"), carriers=rules)
    contract = Contract(undeclared=identifier.undeclared_headers)

    def refuse(*fields: str, target: str = "/") -> None:
        receiver = Receiver((SHOP,), (), contract)
        identifier.refuse_undeclared(receiver.receive(inbound(*fields, target=target)))

    refuse("X-Key: 1", "Accept: */*")
    for carrier in ("Authorization: Basic x", "authorization: x", "Proxy-Authorization: x"):
        with pytest.raises(CredentialUndeclared):
            refuse(carrier)
        with pytest.raises(CredentialUndeclared):
            refuse(carrier, f"Connection: {carrier.partition(':')[0]}")
    for query in ("key=1", "KEY", "a;key=", "my_token=1", "my%2etoken", "my+token"):
        with pytest.raises(CredentialUndeclared):
            refuse(target=f"/?{query}")
    refuse(target="/?monkey=1&a=key")
    assert not identifier.carries_query_credential(view(query="key=1"))


def test_query_names() -> None:
    """Parameter names show as the most lenient application reads them."""
    assert query_names("") == frozenset()
    assert query_names("a=1&B;c.d=2&%65[]=3") == {"a", "b", "c_d", "e"}


async def test_the_same_fields_are_not_asked_about_again() -> None:
    """Requests with the same fields show one question, until the answer counts no more."""
    source = Source()
    identifier, clock = made(source)
    one = arrival("Cookie: a=1")

    async def said() -> Said:
        found = await identifier.identify(one.view("shop"))
        identifier.remember(one, found)
        return found

    assert identifier.remembered(one, clock()) is None
    first = await said()
    assert identifier.remembered(one, clock()) is first
    clock.travel(seconds=30)
    assert identifier.remembered(one, clock()) is None
    assert await said() is identifier.remembered(one, clock())
    identifier.forget(one.view("shop"))
    assert identifier.remembered(one, clock()) is None
    assert source.asked == 2


async def test_cookies_of_an_answer_are_relayed_once() -> None:
    """An answer that sets cookies shows them to whoever caused the question, and nobody after."""
    source = Source()
    source.cookies = (b"a=2",)
    identifier, clock = made(source)
    one = arrival("Cookie: a=1")
    for cookies, kept in (((b"a=2",), False), ((), True)):
        found = await identifier.identify(one.view("shop"))
        identifier.remember(one, found)
        assert found.identity is not None
        assert found.identity.set_cookies == cookies
        assert (identifier.remembered(one, clock()) is not None) is kept


async def test_a_credential_in_the_query_is_looked_at() -> None:
    """The same fields with a declared parameter show that what was said before is not enough."""
    source = Source()
    source.traits = replace(source.traits, carriers=Carriers(queries=frozenset({"key"})))
    identifier, clock = made(source)
    one = arrival("Cookie: a=1", target="/")
    identifier.remember(one, await identifier.identify(one.view("shop")))
    assert identifier.remembered(one, clock()) is not None
    one.query = "key=2"
    assert identifier.remembered(one, clock()) is None


async def test_nobody_is_never_remembered() -> None:
    """Nobody, and a source that keeps nothing, show that each request is asked about."""
    nobody, fickle = Source(), Source("X-Fickle", keep_s=0)
    identifier, clock = made(nobody, fickle)
    for fields, kept in (
        (("Cookie: x=1",), False),
        (("X-Fickle: a=1",), False),
        (("Cookie: a=1", "X-Fickle: a=1"), False),
        (("Cookie: a=1",), True),
    ):
        one = arrival(*fields)
        identifier.remember(one, await identifier.identify(one.view("shop")))
        assert (fields, identifier.remembered(one, clock()) is not None) == (fields, kept)
