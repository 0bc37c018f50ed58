"""An allowed request goes on: what it changes on its way, and whether it is still whose it was."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import structlog

from sidecar.core.assurance import Requirement
from sidecar.core.cookies import names_our_cookie
from sidecar.core.endings import Ending
from sidecar.core.errors import StoreUnavailable
from sidecar.core.model import Identity, Session
from sidecar.core.policy import Effect, Rule
from sidecar.core.protocols import Clock, RawHeaders, RequestView
from sidecar.flows.live import Live
from sidecar.flows.sessions import Sessions
from sidecar.metrics.counts import Answers
from sidecar.proxy.arrival import Arrival
from sidecar.proxy.elsewhere import Announcer
from sidecar.proxy.identify import Identifier
from sidecar.proxy.known import Said
from sidecar.proxy.recall import forget_login, touch
from sidecar.proxy.route import Routed
from sidecar.proxy.verdicts import End, Forward, Wait

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

NOBODY = Said()

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wardens:
    """Whom a request concerns while it is under way; the same for all requests."""

    identifier: Identifier
    sessions: Sessions
    live: Live
    clock: Clock
    announcer: Announcer | None = None
    """Tells other replicas; None: there is none."""


class Passage(Forward):
    """One request between its judgement and the end of its answer."""

    __slots__ = (
        "_announced",
        "_arrival",
        "_needs",
        "_over",
        "_routed",
        "_said",
        "_session",
        "_unsafe",
        "_wardens",
    )

    def __init__(
        self,
        wardens: Wardens,
        arrival: Arrival,
        routed: Routed,
        fields: bytes,
        *,
        rule: Rule,
        said: Said = NOBODY,
        session: Session | None = None,
        needs: tuple[Requirement, ...] = (),
        answers: Answers | None = None,
    ) -> None:
        """From here on nothing known of the request's credentials may be stale."""
        guarded = rule.effect is not Effect.BYPASS
        super().__init__(routed.upstream, arrival.target, fields, answers=answers)
        self.private = guarded and not rule.keep_cache
        self.relayed = relayed(said.identity)
        self.max_body = rule.max_body
        self._wardens = wardens
        self._arrival = arrival
        self._routed = routed
        self._said = said
        # Signing out ends what the session opened, but not its own answer.
        self._session = session if guarded and not routed.logout else None
        self._needs = needs
        self._unsafe = arrival.method not in SAFE_METHODS
        self._over: End | None = None
        self._announced: End | None = None
        if routed.login:
            self._over = wardens.identifier.unsettle(self._view, unsafe=self._unsafe)
        elif self._unsafe:
            self._forget()
            self._over = self._forget

    def announced(self, over: End | None) -> None:
        """Other replicas know of the request; `over` is called once it is over."""
        self._announced = over

    @property
    def _view(self) -> RequestView:
        return self._arrival.view(self.upstream)

    def before_end(self) -> Wait:
        """Return what finds out whether it is still from whom it was judged by, if it may not be.

        Raises (when awaited):
            AccessDenied: the credentials changed hands since the request was judged.

        """
        if not self._said.doubtful:
            return None
        return self._wardens.identifier.confirm(self._view, self._said)

    def on_head(self, status: int, sets_cookies: bool) -> Wait:  # noqa: FBT001 - a fact, no switch
        """Return what must be done before the client may see the answer, as in `before_end`."""
        routed = self._routed
        leads_on = routed.login and not self._unsafe and 300 <= status < 400  # noqa: PLR2004
        if leads_on:
            # A login path that leads on, as the return from an outside login does.
            self._wardens.identifier.signed_in(self._view)
        if leads_on or routed.logout or (routed.login and sets_cookies):
            self._tell_others()
        if self._said.doubtful or (routed.logout and status < 400):  # noqa: PLR2004 - first error
            return self._settle(status, sets_cookies=sets_cookies)
        if sets_cookies:
            self._forget()
        return None

    async def _settle(self, status: int, *, sets_cookies: bool) -> None:
        await self._wardens.identifier.confirm(self._view, self._said)
        if self._routed.logout and status < 400:  # noqa: PLR2004 - first error status
            await forget_login(self._wardens.sessions, self._arrival)
        if sets_cookies:
            self._forget()

    def active(self) -> Wait:
        """Return what resets the session's idleness, if that is due again."""
        session, wardens = self._session, self._wardens
        now = wardens.clock()
        if session is None or not wardens.sessions.due(session, now):
            return None
        self._session = replace(session, last_seen_at=now)
        return touch(wardens.sessions, session)

    def on_end(self) -> None:
        for over in (self._over, self._announced):
            if over is not None:
                over()

    def on_lost(self) -> Awaitable[End] | None:
        """Return what reckons with an application at work on a request nobody waits for.

        Whether it signed the person out cannot be known, so the proofs end.
        """
        routed = self._routed
        return self._lost() if self._unsafe or routed.login or routed.logout else None

    async def _lost(self) -> End:
        routed = self._routed
        over = self._wardens.identifier.unsettle(self._view, unsafe=self._unsafe and routed.login)
        announced, self._announced = self._announced, None
        if routed.logout:
            try:
                await forget_login(self._wardens.sessions, self._arrival)
            except StoreUnavailable:
                log.warning("session.proofs_kept")
        return _both(over, announced)

    def watch(self, end: Callable[[Ending], None]) -> End | None:
        if self._session is None:
            return None
        return self._wardens.live.watch(self._session, end, self._needs)

    def _tell_others(self) -> None:
        if self._announced is None and self._wardens.announcer is not None:
            self._wardens.announcer.happened(self._view)

    def _forget(self) -> None:
        self._wardens.identifier.forget(self._view, self._said.identity)


def _both(one: End, other: End | None) -> End:
    def over() -> None:
        one()
        if other is not None:
            other()

    return over


def relayed(identity: Identity | None) -> RawHeaders:
    """Return the cookies that the application set when it was asked who this is."""
    if identity is None or not identity.set_cookies:
        return ()
    return tuple(
        (b"Set-Cookie", value) for value in identity.set_cookies if not names_our_cookie(value)
    )
