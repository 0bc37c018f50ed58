"""The enrollment pages: choose a factor, set it up, show that it works, keep the spare codes."""

from dataclasses import replace

from aiohttp import web

from sidecar.core.errors import (
    ChallengeGone,
    InvitationNeeded,
    ResponseRejected,
    StepUpRequired,
)
from sidecar.core.model import Challenge, ChallengeId, Standing
from sidecar.flows.enroll import adding
from sidecar.flows.kit import Entered
from sidecar.flows.portfolio import portfolio
from sidecar.flows.visit import Visit
from sidecar.web.challenge import fault_of
from sidecar.web.desk import Desk, Form
from sidecar.web.views import (
    BackupCodesView,
    Choice,
    EnrollStartView,
    EnrollView,
    Fault,
    InvitationNeededView,
    View,
)

CODES = "lookup_codes"
"""The kind of prompt that shows codes to keep."""


class EnrollPages:
    """GET shows, POST begins and finishes."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the prefix."""
        url = self._desk.renderer.url
        return [
            web.get(url("enroll"), self.show),
            web.post(url("enroll/begin"), self.begin),
            web.post(url("enroll/finish"), self.finish),
            web.post(url("enroll/kept"), self.finish),
            web.get(url("invitation"), self.invitation),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """Return the choice of factors, or an open enrollment again."""
        visit = await self._desk.enter(request)
        query = request.query
        standing = (await portfolio(self._desk.flows.kit, visit.person)).standing
        which = query.get("enrollment", "")
        if which:
            challenge = await self._desk.flows.enrollments.show(visit, ChallengeId(which))
            return self._desk.show(
                request, visit, await self._ceremony(visit, challenge, query.get("next", ""))
            )
        if standing is Standing.RECOVERY_NEEDED:
            return self._desk.go(request, "recovery")
        if standing is Standing.ENROLLED and not visit.require_session().proofs:
            onward = self._desk.seal(visit, self._desk.renderer.url("enroll"))
            return self._desk.go(request, "challenge", next=onward)
        return self._desk.show(
            request,
            visit,
            self._start(
                visit,
                first=standing is Standing.NEVER_ENROLLED,
                onward=query.get("next", ""),
                stopped=query.get("lost") == "1",
            ),
        )

    async def begin(self, request: web.Request) -> web.Response:
        """The enrollment of the chosen factor is open, or its proof is asked for first."""
        form = await self._desk.form(request)
        factor, onward = form.get("factor"), form.get("next")
        try:
            challenge = await self._desk.flows.enrollments.begin(
                form.visit, factor, {}, invitation=form.get("invitation")
            )
        except StepUpRequired:
            return self._desk.go(request, "challenge", action=adding(factor), next=onward)
        except InvitationNeeded as error:
            if not form.get("invitation"):
                return self._desk.go(request, "invitation", next=onward)
            view = self._start(
                form.visit, first=True, onward=onward, invitation=form.get("invitation")
            )
            return self._desk.show(
                request, form.visit, replace(view, fault=Fault("invitation")), error.status
            )
        return self._desk.go(request, "enroll", enrollment=challenge.id, next=onward)

    async def finish(self, request: web.Request) -> web.Response:
        """The authenticator is active, or the page says what was wrong."""
        form = await self._desk.form(request)
        which = ChallengeId(form.get("enrollment"))
        challenge = await self._desk.flows.enrollments.show(form.visit, which)
        try:
            entered = await self._desk.flows.enrollments.finish(form.visit, which, form.response)
        except ResponseRejected as error:
            fault = (
                Fault("not-kept") if challenge.prompt.kind == CODES else fault_of(error, self._desk)
            )
            view = await self._ceremony(form.visit, challenge, form.get("next"), fault)
            return self._desk.show(request, form.visit, view, error.status)
        return await self._onward(request, form, challenge, entered)

    async def invitation(self, request: web.Request) -> web.Response:
        """Return the page that says whom to ask for a code."""
        visit = await self._desk.enter(request)
        view = InvitationNeededView(next=request.query.get("next", ""))
        return self._desk.show(request, visit, view)

    # -- pages ---------------------------------------------------------------------------------

    def _start(
        self,
        visit: Visit,
        *,
        first: bool,
        onward: str,
        invitation: str = "",
        stopped: bool = False,
    ) -> EnrollStartView:
        factors = self._desk.flows.kit.factors
        return EnrollStartView(
            choices=tuple(
                Choice(name, self._desk.site.kinds[name])
                for name, factor in factors.items()
                if not factor.traits.stands_in
            ),
            first=first,
            invited=first and self._desk.flows.kit.first.mode == "invited",
            invitation=invitation,
            opening=self._desk.opening(visit, onward),
            stopped=stopped,
            next=onward,
        )

    async def _ceremony(
        self, visit: Visit, challenge: Challenge, onward: str, fault: Fault | None = None
    ) -> View:
        found = await portfolio(self._desk.flows.kit, visit.person)
        spares = self._desk.flows.kit.factors[challenge.factor].traits.stands_in
        if challenge.prompt.kind == CODES:
            return BackupCodesView(
                prompt=challenge.prompt,
                made_at=challenge.created_at,
                first=challenge.factor not in found.usable,
                enrollment=challenge.id,
                next=onward,
                fault=fault,
            )
        return EnrollView(
            choice=Choice(challenge.factor, self._desk.site.kinds[challenge.factor]),
            prompt=challenge.prompt,
            enrollment=challenge.id,
            first=found.standing is Standing.NEVER_ENROLLED and not spares,
            next=onward,
            fault=fault,
        )

    async def _onward(
        self, request: web.Request, form: Form, challenge: Challenge, entered: Entered | None
    ) -> web.Response:
        """Lead a newcomer to the spare codes, then back to where they were going."""
        onward = form.get("next")
        if entered is not None:
            self._desk.keep(request, entered)
            visit = replace(form.visit, session=entered.session)
            spare = self._spare()
            if spare:
                try:
                    codes = await self._desk.flows.enrollments.begin(visit, spare, {})
                except (StepUpRequired, ChallengeGone):
                    return self._desk.go(request, "continue", next=onward)
                return self._desk.go(request, "enroll", enrollment=codes.id, next=onward)
        if onward:
            return self._desk.go(request, "continue", next=onward)
        done = "codes-made" if challenge.prompt.kind == CODES else "added"
        return self._desk.go(request, "account", done=done)

    def _spare(self) -> str:
        factors = self._desk.flows.kit.factors.items()
        return next((name for name, factor in factors if factor.traits.stands_in), "")
