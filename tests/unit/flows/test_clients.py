"""Clients of the management API."""

from datetime import timedelta

import pytest

from sidecar.core.api_errors import TokenRefused
from sidecar.core.clients import ClientId, Scope
from sidecar.core.directory import Span
from sidecar.core.errors import Conflict, NotFound
from sidecar.flows.clients import LONGEST_LIFE, Clients, Request
from tests.unit.flows.scene import Scene

WANTED = Request("shop", frozenset({Scope.STATUS_READ}), timedelta(days=1))


@pytest.fixture
def clients(here: Scene) -> Clients:
    return Clients(here.kit.store, here.kit.tokens, here.clock)


async def test_a_token_opens_until_it_expires(here: Scene, clients: Clients) -> None:
    """A new token shows its client, its scopes, and no more after its time."""
    text, token = await clients.create(WANTED, "operator:desk")
    assert text.startswith("sidecar_")
    assert await clients.recognise(text, "192.0.2.7") == token.client
    assert token.client.scopes == {Scope.STATUS_READ}
    assert await clients.any_live()
    here.clock.travel(days=1)
    with pytest.raises(TokenRefused):
        await clients.recognise(text, "192.0.2.7")
    assert not await clients.any_live()


async def test_a_revoked_token_opens_nothing_at_once(clients: Clients) -> None:
    """Revoking shows the token refused by the next call, once, and for good."""
    text, token = await clients.create(WANTED, "operator:desk")
    await clients.revoke(token.client.id, "operator:desk")
    with pytest.raises(TokenRefused):
        await clients.recognise(text, "192.0.2.7")
    for which in (token.client.id, ClientId("nobody")):
        with pytest.raises(NotFound):
            await clients.revoke(which, "operator:desk")
    [kept] = await clients.all()
    assert kept.revoked_at is not None


@pytest.mark.parametrize(
    ("network", "address", "admitted"),
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", "::ffff:10.1.2.3", True),
        ("2001:db8::/32", "2001:db8::1%eth0", True),
        ("10.0.0.0/8", "", False),
    ],
)
async def test_a_token_opens_from_its_networks_only(
    clients: Clients, network: str, address: str, admitted: bool
) -> None:
    """Calls show to come from where the token may be used, or not at all."""
    wanted = Request("shop", WANTED.scopes, WANTED.life, (network,))
    text, _ = await clients.create(wanted, "operator:desk")
    try:
        await clients.recognise(text, address)
    except TokenRefused:
        assert not admitted
    else:
        assert admitted


@pytest.mark.parametrize(
    "text", ["", "sidecar_", "sidecar_AAAA", "x" * 300, "sidecar_é", "sidecar_" + "A" * 86]
)
async def test_made_up_tokens_never_reach_the_store(
    here: Scene, clients: Clients, text: str
) -> None:
    """What was not minted here shows to be refused without a look at the store."""
    await here.store.close()
    with pytest.raises(TokenRefused):
        await clients.recognise(text, "192.0.2.7")


@pytest.mark.parametrize(
    "wanted",
    [
        Request("shop", frozenset(), timedelta(days=1)),
        Request("shop", WANTED.scopes, timedelta(0)),
        Request("shop", WANTED.scopes, LONGEST_LIFE + timedelta(seconds=1)),
        Request("shop", WANTED.scopes, WANTED.life, ("10.0.0.1/8",)),
        Request("shop", WANTED.scopes, WANTED.life, ("everywhere",)),
    ],
)
async def test_senseless_tokens_are_not_made(clients: Clients, wanted: Request) -> None:
    """A token for nothing, for ever or from nowhere shows a refusal, and none is kept."""
    with pytest.raises(Conflict):
        await clients.create(wanted, "operator:desk")
    assert await clients.all() == ()


async def test_use_is_known_to_the_minute(here: Scene, clients: Clients) -> None:
    """The last use shows, and is not written for each call."""
    text, _ = await clients.create(WANTED, "operator:desk")
    first = here.clock()
    await clients.recognise(text, "192.0.2.7")
    here.clock.travel(seconds=59)
    await clients.recognise(text, "192.0.2.7")
    assert [token.last_used_at for token in await clients.all()] == [first]
    here.clock.travel(seconds=1)
    await clients.recognise(text, "192.0.2.7")
    assert [token.last_used_at for token in await clients.all()] == [here.clock()]


async def test_the_trail_knows_who_made_and_ended_it(here: Scene, clients: Clients) -> None:
    """Making and revoking show in the trail with scopes and actor, never with the token."""
    text, token = await clients.create(WANTED, "operator:desk")
    await clients.revoke(token.client.id, "operator:root")
    async with here.kit.store.read() as tx:
        events = [found.event for found in await tx.directory.events(Span(), 10)]
    assert [(one.name, one.actor) for one in events] == [
        ("token.revoked", "operator:root"),
        ("token.created", "operator:desk"),
    ]
    assert text not in repr(events)
    assert events[1].details["scopes"] == "status:read"
