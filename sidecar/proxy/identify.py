"""Who a request is from: every source that finds a credential is asked, and they must agree."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote_to_bytes

from sidecar.core.errors import (
    AccessDenied,
    CredentialUndeclared,
    IdentityUnavailable,
    MalformedRequest,
    SidecarError,
)
from sidecar.core.model import Identity
from sidecar.core.protocols import Clock, IdentitySource, RequestView
from sidecar.flows.tokens import Signer

ALWAYS_CREDENTIALS = frozenset({"authorization", "proxy-authorization"})

_Key = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class CarrierRules:
    """Where credentials may travel here, beside cookies; lower case."""

    headers: frozenset[str] = frozenset()
    queries: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Question:
    """One question under way; nobody joins it, and its answer is not kept, once it is stale."""

    answer: "asyncio.Task[Identity | None]"
    stale: bool = False


@dataclass(frozen=True, slots=True)
class _Kept:
    identity: Identity = field(repr=False)
    until: datetime


class Identifier:
    """Asks the identity sources, once at a time per credential; remembers people, never nobody."""

    def __init__(
        self,
        sources: Mapping[str, IdentitySource],
        carriers: CarrierRules,
        signer: Signer,
        clock: Clock,
    ) -> None:
        self._sources = sources
        self._signer = signer
        self._clock = clock
        declared = [source.traits.carriers for source in sources.values()]
        self.declared_headers = frozenset().union(*(carrier.headers for carrier in declared))
        self._declared_queries = frozenset().union(*(carrier.queries for carrier in declared))
        self.owned_headers = frozenset().union(
            *(source.traits.owned_headers for source in sources.values())
        )
        undeclared = (ALWAYS_CREDENTIALS | carriers.headers) - self.declared_headers
        self._undeclared_headers = frozenset(name.encode() for name in undeclared)
        self._undeclared_queries = carriers.queries - self._declared_queries
        self.carrier_headers = (
            ALWAYS_CREDENTIALS | carriers.headers | self.declared_headers | {"cookie"}
        )
        self._kept: dict[_Key, _Kept] = {}
        self._asking: dict[_Key, _Question] = {}

    # -- refusing ------------------------------------------------------------------------------

    def refuse_undeclared(self, view: RequestView, raw_names: frozenset[bytes]) -> None:
        """Return only if every credential in the request is one that a source asks about.

        The application might honour one that we never asked about (own cookie plus the victim's
        bearer token): then we would have judged somebody else.

        Raises:
            CredentialUndeclared: there is such a credential.

        """
        if not self._undeclared_headers.isdisjoint(raw_names):
            message = "credential header that no identity source declares"
            raise CredentialUndeclared(message)
        if self._undeclared_queries and not self._undeclared_queries.isdisjoint(
            query_names(view.query)
        ):
            message = "credential parameter that no identity source declares"
            raise CredentialUndeclared(message)

    def carries_query_credential(self, view: RequestView) -> bool:
        """Tell whether a declared credential travels in the query."""
        return bool(self._declared_queries) and not self._declared_queries.isdisjoint(
            query_names(view.query)
        )

    # -- asking --------------------------------------------------------------------------------

    async def identify(self, view: RequestView) -> Identity | None:
        """Return who the request is from, or nobody.

        Raises:
            AccessDenied: two credentials in it belong to different people.
            IdentityUnavailable: a source could not tell, which is never "nobody".
            MalformedRequest: a declared credential occurs twice.

        """
        found: Identity | None = None
        for name, source in self._sources.items():
            credential = source.credential(view)
            if credential is None:
                continue
            identity = await self._ask(name, source, view, credential)
            if identity is None:
                continue
            if found is not None and found.person != identity.person:
                message = "credentials of different people in one request"
                raise AccessDenied(message)
            found = found or identity
        return found

    async def _ask(
        self, name: str, source: IdentitySource, view: RequestView, credential: bytes
    ) -> Identity | None:
        if not source.traits.keep:
            return await _safely(source, view)
        key = self._key(name, credential)
        kept = self._kept.get(key)
        if kept is not None and self._clock() < kept.until:
            return kept.identity
        question = self._asking.get(key)
        if question is None or question.stale:
            question = _Question(asyncio.get_running_loop().create_task(_safely(source, view)))
            self._asking[key] = question
            question.answer.add_done_callback(lambda _: self._answered(key, question, source))
        # Shielded: one visitor who hangs up must not take the answer from the others.
        return await asyncio.shield(question.answer)

    def _answered(self, key: _Key, question: _Question, source: IdentitySource) -> None:
        if self._asking.get(key) is question:
            del self._asking[key]
        if question.answer.cancelled() or question.answer.exception() is not None:
            return
        identity = question.answer.result()
        if identity is not None and not question.stale:
            self._kept[key] = _Kept(
                # The answer's cookies went to the visitor who caused the question, once.
                _without_cookies(identity),
                self._clock() + source.traits.keep,
            )

    def _key(self, name: str, credential: bytes) -> _Key:
        return name, self._signer.keyed("identity-cache", credential)

    # -- forgetting ----------------------------------------------------------------------------

    def forget(self, view: RequestView) -> None:
        """What these credentials mean is asked anew; answers under way are not kept."""
        for name, source in self._sources.items():
            credential = _readable(source, view) if source.traits.keep else None
            if credential is None:
                continue
            key = self._key(name, credential)
            self._kept.pop(key, None)
            question = self._asking.get(key)
            if question is not None:
                question.stale = True

    def sweep(self) -> None:
        """Answers that are too old to be used are gone, so that memory stays bounded."""
        now = self._clock()
        self._kept = {key: kept for key, kept in self._kept.items() if now < kept.until}


def _readable(source: IdentitySource, view: RequestView) -> bytes | None:
    """Return the credential of a request that may be a malformed one on its way to the login."""
    try:
        return source.credential(view)
    except MalformedRequest:
        return None


def _without_cookies(identity: Identity) -> Identity:
    return Identity(identity.person, identity.source, identity.claims, identity.login)


async def _safely(source: IdentitySource, view: RequestView) -> Identity | None:
    """Return the source's answer; anything it raises that is none of our words is a failure."""
    try:
        return await source.identify(view)
    except SidecarError:
        raise
    except Exception as broken:
        message = f"identity source raised {type(broken).__name__}"
        raise IdentityUnavailable(message) from broken


def query_names(query: str) -> frozenset[str]:
    """Return the parameter names of a query, decoded and lower case, as applications read them."""
    if not query:
        return frozenset()
    names = (pair.partition("=")[0] for pair in query.replace(";", "&").split("&"))
    return frozenset(
        unquote_to_bytes(name.replace("+", " ").encode("utf-8", "surrogateescape"))
        .decode("latin-1")
        .lower()
        for name in names
    )
