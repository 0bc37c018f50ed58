"""Clients of the management API: given tokens, recognised by them, and cut off."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network

from sidecar.core.api_errors import TokenRefused
from sidecar.core.clients import ApiClient, ApiToken, ClientId, Scope
from sidecar.core.errors import Conflict, NotFound
from sidecar.core.model import Event
from sidecar.core.protocols import Clock
from sidecar.core.stores import APART, Store
from sidecar.flows.tokens import Tokens

LONGEST_LIFE = timedelta(days=366)
TOUCHED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a token was last used; more would be a write for each call."""
ID_CHARS = 16
_REFUSED = "no token of ours, expired, revoked, or not good from here; have a new one made"


@dataclass(frozen=True, slots=True)
class Request:
    """What a new token is to be."""

    name: str
    scopes: frozenset[Scope]
    life: timedelta
    networks: tuple[str, ...] = ()


class Clients:
    """Needs neither HTTP nor plugins."""

    def __init__(self, store: Store, tokens: Tokens, clock: Clock) -> None:
        self._store = store
        self._tokens = tokens
        self._clock = clock

    async def create(self, wanted: Request, by: str) -> tuple[str, ApiToken]:
        """Return a new token and what is kept of it; the token itself is shown only now.

        Raises:
            Conflict: it would live for more than a year or not at all, may do nothing, or a
                network is none.

        """
        _require_sound(wanted)
        now, text = self._clock(), self._tokens.mint_api()
        hashed = self._tokens.api_hash(text)
        if hashed is None:
            message = "a token that was minted here is not recognised here"
            raise RuntimeError(message)
        token = ApiToken(
            ApiClient(ClientId(hashed[:ID_CHARS]), wanted.name, wanted.scopes),
            wanted.networks,
            by,
            created_at=now,
            expires_at=now + wanted.life,
        )
        async with self._store.begin(APART) as tx:
            await tx.tokens.add(token, hashed)
            await tx.trail.append(_event("token.created", now, by, token))
        return text, token

    async def all(self) -> tuple[ApiToken, ...]:
        """Return every token, newest first."""
        async with self._store.read() as tx:
            return await tx.tokens.all()

    async def revoke(self, which: ClientId, by: str) -> ApiToken:
        """The token opens nothing any more.

        Raises:
            NotFound: there is no such token, or it is revoked already.

        """
        now = self._clock()
        async with self._store.begin(APART) as tx:
            found = next((one for one in await tx.tokens.all() if one.client.id == which), None)
            if found is None or not await tx.tokens.revoke(which, now):
                message = (
                    "no such token that still opens anything; `sidecar tokens list` shows their ids"
                )
                raise NotFound(message)
            await tx.trail.append(_event("token.revoked", now, by, found))
        return found

    async def recognise(self, text: str, address: str) -> ApiClient:
        """Return the client that calls with this token from this address.

        Raises:
            TokenRefused: not ours, expired, revoked, or not good from there.

        """
        hashed = self._tokens.api_hash(text)
        if hashed is None:
            raise TokenRefused(_REFUSED)
        now = self._clock()
        async with self._store.glance() as tx:
            token = await tx.tokens.find(hashed)
        if token is None or not token.live(now) or not token.admits(address):
            raise TokenRefused(_REFUSED)
        if token.last_used_at is None or now - token.last_used_at >= TOUCHED_EVERY:
            async with self._store.begin(APART) as tx:
                await tx.tokens.touch(token.client.id, now)
        return token.client

    async def any_live(self) -> bool:
        """Tell whether anybody could call now."""
        async with self._store.read() as tx:
            return await tx.tokens.any_live(self._clock())


def _require_sound(wanted: Request) -> None:
    if not wanted.scopes:
        message = "a token without a scope opens nothing"
        raise Conflict(message)
    if not timedelta(0) < wanted.life <= LONGEST_LIFE:
        message = f"a token lives for up to {LONGEST_LIFE.days} days"
        raise Conflict(message)
    for network in wanted.networks:
        try:
            ip_network(network)
        except ValueError as error:
            raise Conflict(f"{network!r} is no network: {error}") from error


def _event(name: str, now: datetime, by: str, token: ApiToken) -> Event:
    scopes = " ".join(sorted(token.client.scopes))
    told = {"client": token.client.id, "name": token.client.name, "scopes": scopes}
    return Event(now, name, None, by, details=told)
