"""The account page: sign-in methods, spare codes, sessions, and what happened lately."""

from dataclasses import replace

from aiohttp import web

from sidecar.core.cookies import SESSION, TRUSTED
from sidecar.core.errors import Conflict, StepUpRequired
from sidecar.core.masking import masked
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Event,
    LookupCodes,
    Session,
    SessionId,
)
from sidecar.flows.admission import adding
from sidecar.flows.manage import removing
from sidecar.flows.visit import Visit
from sidecar.web import lines
from sidecar.web.asking import known
from sidecar.web.browsers import browser, near, remembered
from sidecar.web.choosing import choices, proves_two
from sidecar.web.desk import Desk
from sidecar.web.lines import AddressLine, Codes, EventKind, Method, SessionLine
from sidecar.web.questions import Fault
from sidecar.web.views import AccountView, Done

_DONE: dict[str, Done] = {
    "added": "added",
    "renamed": "renamed",
    "removed": "removed",
    "codes-made": "codes-made",
    "session-ended": "session-ended",
    "browser-forgotten": "browser-forgotten",
    "browsers-forgotten": "browsers-forgotten",
}
_KINDS: dict[str, EventKind] = {
    "challenge.verified": "verified",
    "challenge.rejected": "wrong-code",
    "authenticator.disabled": "disabled",
    "authenticator.added": "added",
    "authenticator.removed": "removed",
    "authenticator.renamed": "renamed",
    "browser.remembered": "browser-remembered",
    "browser.forgotten": "browser-forgotten",
    "browser.stolen": "browser-stolen",
    "authenticator.disowned": "disowned",
    "session.ended": "session-ended",
    "session.ended_everywhere": "sessions-ended",
    "session.signed_out": "signed-out",
}
_SPARE_KINDS: dict[str, EventKind] = {
    "authenticator.added": "codes-made",
    "challenge.verified": "code-used",
}


class AccountPages:
    """GET shows, POST changes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the prefix."""
        url = self._desk.renderer.url
        return [
            web.get(url("account"), self.show),
            web.post(url("account/rename"), self.rename),
            web.post(url("account/remove"), self.remove),
            web.post(url("account/codes"), self.codes),
            web.post(url("account/sessions/end"), self.end_session),
            web.post(url("account/sessions/end-all"), self.end_all),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """Return the page, or ask for a proof first: names and dates are for the owner only."""
        visit = await self._desk.enter(request)
        if not visit.require_session().proven:
            onward = self._desk.seal(visit, self._desk.renderer.url("account"))
            return self._desk.go(request, "challenge", next=onward)
        done = _DONE.get(request.query.get("done", ""), "")
        view = replace(await self._view(visit), done=done, passkeys=await known(self._desk, visit))
        return self._desk.show(request, visit, view)

    async def rename(self, request: web.Request) -> web.Response:
        """The authenticator has the new name, or the page says why not."""
        form = await self._desk.form(request)
        which = AuthenticatorId(form.get("authenticator"))
        try:
            await self._desk.flows.management.rename(form.visit, which, form.get("name"))
        except Conflict as error:
            self._desk.count(error.slug)
            view = replace(
                await self._view(form.visit),
                fault=Fault("bad-name"),
                renaming=which,
                typed=form.get("name"),
            )
            return self._desk.show(request, form.visit, view, error.status)
        return self._desk.go(request, "account", done="renamed")

    async def remove(self, request: web.Request) -> web.Response:
        """The authenticator is gone, or a proof for exactly that is asked for."""
        form = await self._desk.form(request)
        which = AuthenticatorId(form.get("authenticator"))
        try:
            await self._desk.flows.management.remove(form.visit, which)
        except StepUpRequired:
            return self._desk.go(request, "challenge", action=removing(which))
        return self._desk.go(request, "account", done="removed")

    async def codes(self, request: web.Request) -> web.Response:
        """New spare codes are shown, after a proof for exactly that."""
        form = await self._desk.form(request)
        factor = self._desk.flows.kit.spare
        try:
            challenge = await self._desk.flows.enrollments.begin(form.visit, factor, {})
        except StepUpRequired:
            return self._desk.go(request, "challenge", action=adding(factor))
        return self._desk.go(request, "enroll", enrollment=challenge.id)

    async def end_session(self, request: web.Request) -> web.Response:
        """One of the person's sessions is over; for one's own, this browser is signed out."""
        form = await self._desk.form(request)
        which = SessionId(form.get("session"))
        await self._desk.flows.sessions.end(form.visit, which)
        if which == form.visit.require_session().id:
            self._desk.put(request, self._desk.jar(request).drop(SESSION))
            return self._desk.go(request, "signed-out")
        return self._desk.go(request, "account", done="session-ended")

    async def end_all(self, request: web.Request) -> web.Response:
        """Every session of the person is over, this one too."""
        form = await self._desk.form(request)
        await self._desk.flows.sessions.end_all(form.visit)
        for name in (SESSION, TRUSTED):
            self._desk.put(request, self._desk.jar(request).drop(name))
        return self._desk.go(request, "signed-out", everywhere="1")

    # -- the page ------------------------------------------------------------------------------

    async def _view(self, visit: Visit) -> AccountView:
        held = await self._desk.flows.management.held(visit)
        account = await self._desk.flows.management.account(visit)
        session = visit.require_session()
        return AccountView(
            methods=tuple(
                self._method(item, last=self._desk.flows.management.is_last(account, held, item))
                for item in held
                if not self._is_spare(item.factor)
            ),
            codes=next((_codes(item) for item in held if self._is_spare(item.factor)), None),
            codes_offered=bool(self._desk.flows.kit.spare),
            codes_able=proves_two(self._desk.flows.kit, held),
            choices=choices(self._desk, held),
            sessions=tuple(
                _line(item, session.id)
                for item in await self._desk.flows.sessions.of(visit)
                if item.proofs
            ),
            events=tuple(
                self._event(event)
                for event in await self._desk.flows.management.history(visit)
                if event.name in _KINDS
            ),
            browsers=await remembered(self._desk, visit),
            remembering=bool(self._desk.flows.kit.remembering.lifetime),
            addresses=tuple(
                AddressLine(channel, masked(channel, address.contact.to), address.verified)
                for address in await self._desk.flows.management.addresses(visit)
                for channel in [address.contact.channel]
            ),
        )

    def _method(self, item: Authenticator, *, last: bool) -> Method:
        plugin = self._desk.flows.kit.factors.get(item.factor)
        return Method(
            id=item.id,
            kind=self._desk.site.kinds.get(item.factor, item.factor),
            detail=item.detail,
            label=plugin.traits.label if plugin else "",
            restricted=plugin is not None and plugin.traits.restricted,
            name="" if item.name == item.factor else item.name,
            added=item.created_at,
            last_used=item.last_used_at,
            held_until=item.held(self._desk.flows.kit.clock()),
            removable=not last,
            suspended=item.status is not AuthenticatorStatus.ACTIVE or item.material is None,
        )

    def _event(self, event: Event) -> lines.Event:
        factor = str(event.details.get("factor", ""))
        kinds = {**_KINDS, **_SPARE_KINDS} if self._is_spare(factor) else _KINDS
        return lines.Event(
            event.at,
            kinds[event.name],
            about="" if not factor else self._desk.site.kinds.get(factor, factor),
            browser=browser(str(event.details.get("user_agent", ""))),
            place=near(str(event.details.get("network", ""))),
        )

    def _is_spare(self, name: str) -> bool:
        factor = self._desk.flows.kit.factors.get(name)
        return factor is not None and factor.traits.stands_in


def _codes(item: Authenticator) -> Codes:
    material = item.material
    left, total = (
        (material.left, len(material.codes)) if isinstance(material, LookupCodes) else (0, 0)
    )
    return Codes(item.id, left, total, item.created_at)


def _line(session: Session, current: str) -> SessionLine:
    return SessionLine(
        id=session.id,
        browser=browser(session.user_agent),
        place=near(session.address),
        started=session.created_at,
        last_seen=session.last_seen_at,
        current=session.id == current,
    )
