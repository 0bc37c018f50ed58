"""An allowed request goes on: what it changes on its way, and whether it is still whose it was."""

from collections.abc import Awaitable
from dataclasses import dataclass

import structlog

from sidecar.core.cookies import names_our_cookie
from sidecar.core.errors import StoreUnavailable
from sidecar.core.model import Identity, Session
from sidecar.core.policy import Effect, Rule
from sidecar.core.protocols import RawHeaders, RequestView
from sidecar.flows.live import Live
from sidecar.flows.sessions import Sessions
from sidecar.proxy.arrival import Arrival
from sidecar.proxy.identify import Identifier
from sidecar.proxy.known import Said
from sidecar.proxy.recall import forget_login
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


class Passage(Forward):
    """One request between its judgement and the end of its answer."""

    __slots__ = ("_arrival", "_over", "_routed", "_said", "_session", "_unsafe", "_wardens")

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
    ) -> None:
        """From here on nothing known of the request's credentials may be stale."""
        guarded = rule.effect is not Effect.BYPASS
        super().__init__(
            routed.upstream,
            arrival.target,
            fields,
            private=guarded and not rule.keep_cache,
            relayed=relayed(said.identity),
        )
        self._wardens = wardens
        self._arrival = arrival
        self._routed = routed
        self._said = said
        # Signing out ends what the session opened, but not its own answer.
        self._session = session if guarded and not routed.logout else None
        self._unsafe = arrival.method not in SAFE_METHODS
        self._over: End | None = None
        if routed.login:
            self._over = wardens.identifier.unsettle(self._view, unsafe=self._unsafe)
        elif self._unsafe:
            self._forget()
            self._over = self._forget

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
        if routed.login and not self._unsafe and 300 <= status < 400:  # noqa: PLR2004 - redirects
            # A login path that leads on, as the return from an outside login does.
            self._wardens.identifier.signed_in(self._view)
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

    def on_end(self) -> None:
        if self._over is not None:
            self._over()

    def on_lost(self) -> Awaitable[End] | None:
        """Return what reckons with an application at work on a request nobody waits for.

        Whether it signed the person out cannot be known, so the proofs end.
        """
        routed = self._routed
        return self._lost() if self._unsafe or routed.login or routed.logout else None

    async def _lost(self) -> End:
        routed = self._routed
        over = self._wardens.identifier.unsettle(self._view, unsafe=self._unsafe and routed.login)
        if routed.logout:
            try:
                await forget_login(self._wardens.sessions, self._arrival)
            except StoreUnavailable:
                log.warning("session.proofs_kept")
        return over

    def watch(self, end: End) -> End | None:
        return self._wardens.live.watch(self._session, end) if self._session is not None else None

    def _forget(self) -> None:
        self._wardens.identifier.forget(self._view, self._said.identity)


def relayed(identity: Identity | None) -> RawHeaders:
    """Return the cookies that the application set when it was asked who this is."""
    if identity is None or not identity.set_cookies:
        return ()
    return tuple(
        (b"Set-Cookie", value) for value in identity.set_cookies if not names_our_cookie(value)
    )
