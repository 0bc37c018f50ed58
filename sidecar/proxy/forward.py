"""An allowed request goes on: what it changes on its way, and whether it is still whose it was."""

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from sidecar.core.cookies import names_our_cookie
from sidecar.core.errors import StoreUnavailable
from sidecar.core.model import Identity
from sidecar.core.policy import Effect, Rule
from sidecar.core.protocols import RawHeaders, RequestView
from sidecar.flows.sessions import Sessions
from sidecar.proxy.arrival import Arrival
from sidecar.proxy.identify import Identifier
from sidecar.proxy.known import Said
from sidecar.proxy.recall import forget_login
from sidecar.proxy.verdicts import Forward, Wait

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Passage:
    """One request between its judgement and the end of its answer."""

    identifier: Identifier
    sessions: Sessions
    arrival: Arrival
    view: RequestView
    said: Said
    login: bool
    """The application may take it for a part of its own login."""
    leaves: bool
    """The application may take it for signing out."""
    unsafe: bool
    _over: Callable[[], None] | None = field(default=None, init=False)

    def forward(self, rule: Rule, fields: bytes) -> Forward:
        """Return how it goes on; from here on nothing known of its credentials may be stale."""
        if self.login:
            self._over = self.identifier.unsettle(self.view, unsafe=self.unsafe)
        elif self.unsafe:
            self._forget()
            self._over = self._forget
        telling = self.login or self.unsafe or self.leaves
        return Forward(
            upstream=self.view.upstream,
            target=self.arrival.target,
            fields=fields,
            private=rule.effect is not Effect.BYPASS and not rule.keep_cache,
            relayed=relayed(self.said.identity),
            before_end=self.before_end if self.said.answers else None,
            on_head=self.on_head,
            on_end=self._over,
            on_lost=self.on_lost if telling else None,
        )

    def before_end(self) -> Wait:
        """Return what finds out whether it is still from whom it was judged by, if it may not be.

        Raises (when awaited):
            AccessDenied: the credentials changed hands since the request was judged.

        """
        if not self.said.doubtful:
            return None
        return self.identifier.confirm(self.view, self.said)

    def on_head(self, status: int, sets_cookies: bool) -> Wait:  # noqa: FBT001 - a fact, no switch
        """Return what must be done before the client may see the answer, as in `before_end`."""
        if self.login and not self.unsafe and 300 <= status < 400:  # noqa: PLR2004 - redirects
            # A login path that leads on, as the return from an outside login does.
            self.identifier.signed_in(self.view)
        if self.said.doubtful or (self.leaves and status < 400):  # noqa: PLR2004 - first error
            return self._settle(status, sets_cookies=sets_cookies)
        if sets_cookies:
            self._forget()
        return None

    async def _settle(self, status: int, *, sets_cookies: bool) -> None:
        await self.identifier.confirm(self.view, self.said)
        if self.leaves and status < 400:  # noqa: PLR2004 - first error status
            await forget_login(self.sessions, self.arrival)
        if sets_cookies:
            self._forget()

    async def on_lost(self) -> Callable[[], None]:
        """Return what to call once the application can no longer be at work on the request.

        Whether it signed the person out cannot be known, so the proofs end.
        """
        over = self.identifier.unsettle(self.view, unsafe=self.unsafe and self.login)
        if self.leaves:
            try:
                await forget_login(self.sessions, self.arrival)
            except StoreUnavailable:
                log.warning("session.proofs_kept")
        return over

    def _forget(self) -> None:
        self.identifier.forget(self.view, self.said.identity)


def relayed(identity: Identity | None) -> RawHeaders:
    """Return the cookies that the application set when it was asked who this is."""
    if identity is None or not identity.set_cookies:
        return ()
    return tuple(
        (b"Set-Cookie", value) for value in identity.set_cookies if not names_our_cookie(value)
    )
