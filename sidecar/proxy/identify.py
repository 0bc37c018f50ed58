"""Who a request is from: every source that finds a credential is asked, and they must agree."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from re import split

from sidecar.core.carried import header_key, query_key
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
from sidecar.metrics.words import Question
from sidecar.proxy.arrival import Arrival
from sidecar.proxy.board import Board
from sidecar.proxy.headers import UNDECLARED
from sidecar.proxy.known import SHORT, Answer, Known, Marker, Marks, Said

ALWAYS_CREDENTIALS = frozenset({"authorization", "proxy-authorization"})

_Key = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class CarrierRules:
    """Where credentials may travel here, beside cookies; lower case."""

    headers: frozenset[str] = frozenset()
    queries: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Question:
    """One question under way; nobody joins it once its answer is not to be kept."""

    task: "asyncio.Task[Identity | None]"
    answer: Answer


class Identifier:
    """Asks the identity sources, once at a time per credential; remembers people, never nobody."""

    def __init__(
        self,
        sources: Mapping[str, IdentitySource],
        carriers: CarrierRules,
        signer: Signer,
        clock: Clock,
        *,
        board: Board | None = None,
        count: Callable[[str, Question], None] = lambda _source, _answer: None,
    ) -> None:
        shared = board or Board()
        self._sources = sources
        self._signer = signer
        self._clock = clock
        self._count = count
        self._known = Known(clock, shared)
        self._marker = Marker(shared.key)
        declared = [source.traits.carriers for source in sources.values()]
        self.declared_headers = _names(*(carrier.headers for carrier in declared))
        self._declared_queries = _keys(*(carrier.queries for carrier in declared))
        self.owned_headers = _names(*(source.traits.owned_headers for source in sources.values()))
        carrying = ALWAYS_CREDENTIALS | _names(carriers.headers)
        self.undeclared_headers = carrying - self.declared_headers
        self._undeclared_queries = _keys(carriers.queries) - self._declared_queries
        self.carrier_headers = carrying | self.declared_headers | {"cookie"}
        self._asking: dict[_Key, _Question] = {}

    # -- refusing ------------------------------------------------------------------------------

    def refuse_undeclared(self, arrival: Arrival) -> None:
        """Return only if every credential in the request is one that a source asks about.

        The application might honour one that we never asked about (own cookie plus the victim's
        bearer token): then we would have judged somebody else.

        Raises:
            CredentialUndeclared: there is such a credential.

        """
        if arrival.head.signs & UNDECLARED:
            raise CredentialUndeclared("credential header that no identity source declares")
        if (
            arrival.query
            and self._undeclared_queries
            and not self._undeclared_queries.isdisjoint(query_names(arrival.query))
        ):
            raise CredentialUndeclared("credential parameter that no identity source declares")

    def carries_query_credential(self, view: RequestView) -> bool:
        """Tell whether a declared credential travels in the query."""
        return bool(self._declared_queries) and not self._declared_queries.isdisjoint(
            query_names(view.query)
        )

    # -- asking --------------------------------------------------------------------------------

    def remembered(self, arrival: Arrival, now: datetime) -> Said | None:
        """Return what was said of the same fields before, if it still counts.

        Sources read fields and the parameters they declare, so that requests which differ in
        nothing else are from the same person.
        """
        said = arrival.head.credentials.said
        if said is None or (arrival.query and self._declared_queries):
            return None
        for answer in said.answers:
            if not answer.counts(now):
                arrival.head.credentials.said = None
                return None
        return said

    def remember(self, arrival: Arrival, said: Said) -> None:
        """The next request with the same fields need not be asked about."""
        identity = said.identity
        if identity is None or not said.lasting or (arrival.query and self._declared_queries):
            return
        # Cookies of an answer go to the visitor who caused the question, once.
        arrival.head.credentials.said = said if not identity.set_cookies else None

    async def identify(self, view: RequestView) -> Said:
        """Return who the request is from, or nobody.

        Raises:
            AccessDenied: two credentials in it belong to different people.
            IdentityUnavailable: a source could not tell, which is never "nobody".
            MalformedRequest: a declared credential occurs twice.

        """
        found, lasting = Said(), True
        for name, source in self._sources.items():
            credential = source.credential(view)
            if credential is None:
                continue
            said = await self._ask(name, source, view, credential)
            lasting = lasting and bool(said.answers) and said.identity is not None
            if said.identity is None:
                continue
            if found.identity is not None and found.identity.person != said.identity.person:
                raise AccessDenied("credentials of different people in one request")
            found = Said(found.identity or said.identity, (*found.answers, *said.answers))
        return replace(found, lasting=lasting and found.identity is not None)

    async def confirm(self, view: RequestView, said: Said) -> None:
        """Return only if the request is still from whom it was judged by.

        A session of the application can change hands while a request that uses it is under way
        (a sign-in that keeps its cookie); what was judged for one person must not be answered to,
        or done by, another.

        Raises:
            AccessDenied: it is from somebody else now.
            IdentityUnavailable: a source could not tell.

        """
        if not said.doubtful or said.identity is None:
            return
        if said.hands > 1:
            # To somebody else and back again: who it was in between cannot be asked any more.
            message = "the credentials may have changed hands twice under way"
            raise AccessDenied(message)
        now = (await self.identify(view)).identity
        if now is None or (now.person, now.login) != (said.identity.person, said.identity.login):
            message = "the credentials changed hands under way"
            raise AccessDenied(message)

    async def _ask(
        self, name: str, source: IdentitySource, view: RequestView, credential: bytes
    ) -> Said:
        if not _remembered(source):
            return Said(await self._safely(name, source, view))
        key = self._key(name, credential)
        known = self._known.get(key)
        if known is not None:
            return Said(known.identity, (known,))
        question = self._asking.get(key)
        if question is None or not question.answer.keepable:
            question = self._question(key, source, view)
        else:
            self._count(name, Question.JOINED)
        # Shielded: one visitor who hangs up must not take the answer from the others.
        return Said(await asyncio.shield(question.task), (question.answer,))

    def _question(self, key: _Key, source: IdentitySource, view: RequestView) -> _Question:
        marks = self._marker.marks(view, source.traits.carriers) | {key[1]}
        task = asyncio.get_running_loop().create_task(self._safely(key[0], source, view))
        question = _Question(task, self._known.expect(marks))
        self._asking[key] = question
        task.add_done_callback(lambda _: self._answered(key, question, source))
        return question

    def _answered(self, key: _Key, question: _Question, source: IdentitySource) -> None:
        if self._asking.get(key) is question:
            del self._asking[key]
        answer = question.answer
        failed = question.task.cancelled() or question.task.exception() is not None
        identity = None if failed else question.task.result()
        if identity is None:
            return
        # The answer's cookies went to the visitor who caused the question, once.
        answer.identity = replace(identity, set_cookies=())
        answer.until = self._clock() + source.traits.keep
        self._known.keep(key, answer, self._marker.person(identity.person))

    async def _safely(
        self, name: str, source: IdentitySource, view: RequestView
    ) -> Identity | None:
        """Return the source's answer; whatever it raises that is none of our words is a failure."""
        self._count(name, Question.ASKED)
        try:
            return await source.identify(view)
        except SidecarError:
            self._count(name, Question.FAILED)
            raise
        except Exception as broken:
            self._count(name, Question.FAILED)
            message = f"identity source raised {type(broken).__name__}"
            raise IdentityUnavailable(message) from broken

    def _key(self, name: str, credential: bytes) -> _Key:
        return name, self._signer.keyed("identity-cache", credential)

    # -- forgetting ----------------------------------------------------------------------------

    def forget(self, view: RequestView, identity: Identity | None = None) -> None:
        """What these credentials mean, and what is known of their person, is asked anew."""
        marks = self.marks(view, least=SHORT)
        if identity is not None:
            marks |= {self._marker.person(identity.person)}
        self._known.forget(marks)

    def unsettle(self, view: RequestView, *, unsafe: bool) -> Callable[[], None]:
        """Nothing known of these credentials counts until the returned function is called.

        Safe requests are mostly the login page's pictures and scripts: values so short that many
        people share them are left out there.
        """
        marks = self.marks(view, least=1 if unsafe else SHORT)
        if unsafe:
            self._known.signed_in(marks)
        return self._known.unsettle(marks)

    def signed_in(self, view: RequestView) -> None:
        """A login path answered a safe request as one does that ends a sign-in."""
        self._known.signed_in(self.marks(view, least=SHORT))

    def marks(self, view: RequestView, *, least: int) -> Marks:
        """Return the marks of all credentials of which anything may be known anywhere."""
        marks: Marks = frozenset()
        for name, source in self._sources.items():
            if _remembered(source):
                marks |= self._marker.marks(view, source.traits.carriers, least=least)
                credential = _readable(source, view)
                if credential is not None:
                    marks |= {self._key(name, credential)[1]}
        return marks

    def sweep(self) -> None:
        """Answers that are too old to be used are gone, so that memory stays bounded."""
        self._known.sweep()


def _remembered(source: IdentitySource) -> bool:
    """Tell whether the source's answers can change under one credential, or are kept at all."""
    return bool(source.traits.keep) or source.traits.carriers.any_cookie


def _readable(source: IdentitySource, view: RequestView) -> bytes | None:
    """Return the credential of a request that may be a malformed one on its way to the login."""
    try:
        return source.credential(view)
    except MalformedRequest:
        return None


def query_names(query: str) -> frozenset[str]:
    """Return the parameter names of a query, as the most lenient application reads them."""
    return _keys(split("[&;]", query)) if query else frozenset()


def _names(*names: Collection[str]) -> frozenset[str]:
    """Return header names as they may reach the application; with `_` none of them does."""
    return frozenset(header_key(name.encode()).decode() for some in names for name in some)


def _keys(*names: Collection[str]) -> frozenset[str]:
    return frozenset(query_key(name) for some in names for name in some)
