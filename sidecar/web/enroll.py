"""The enrollment pages: choose a factor, set it up, show that it works, keep the spare codes."""

from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from sidecar.core.errors import (
    ChallengeGone,
    InvitationNeeded,
    ResponseRejected,
    StepUpRequired,
)
from sidecar.core.model import Challenge, ChallengeId, Standing
from sidecar.flows.admission import adding
from sidecar.flows.kit import Entered
from sidecar.flows.portfolio import portfolio
from sidecar.flows.visit import Visit
from sidecar.web.challenge import fault_of
from sidecar.web.desk import Desk, Form
from sidecar.web.questions import Choice, Fault
from sidecar.web.views import (
    BackupCodesView,
    EnrollStartView,
    EnrollView,
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
        if request.query.get("enrollment"):
            return await self._shown(request, visit)
        onward = _onward(request.query)
        standing = (await portfolio(self._desk.flows.kit, visit.person)).standing
        if standing is Standing.RECOVERY_NEEDED:
            return self._desk.go(request, "recovery", next=onward["next"])
        if standing is Standing.ENROLLED and not visit.require_session().proofs:
            here = self._desk.seal(visit, self._desk.renderer.url("enroll", **onward))
            return self._desk.go(request, "challenge", next=here)
        view = self._start(visit, onward, first=standing is Standing.NEVER_ENROLLED)
        return self._desk.show(request, visit, view)

    async def _shown(self, request: web.Request, visit: Visit) -> web.Response:
        """Return an open enrollment; one that was finished leads on."""
        onward, which = _onward(request.query), ChallengeId(request.query["enrollment"])
        try:
            challenge = await self._desk.flows.enrollments.show(visit, which)
        except ChallengeGone:
            if not visit.require_session().proofs:
                raise
            return self._desk.go(request, "continue" if onward["next"] else "account", **onward)
        return self._desk.show(request, visit, await self._ceremony(visit, challenge, onward))

    async def begin(self, request: web.Request) -> web.Response:
        """The enrollment of the chosen factor is open, or its proof is asked for first."""
        form = await self._desk.form(request)
        factor, onward = form.get("factor"), _onward(form.fields)
        try:
            challenge = await self._desk.flows.enrollments.begin(
                form.visit, factor, {}, invitation=form.get("invitation")
            )
        except StepUpRequired:
            return self._desk.go(request, "challenge", action=adding(factor), **onward)
        except InvitationNeeded as error:
            typed = form.get("invitation")
            if not typed:
                return self._desk.go(request, "invitation", next=onward["next"])
            self._desk.count(error.slug)
            view = self._start(form.visit, onward, first=True)
            view = replace(view, invitation=typed, fault=Fault("invitation"))
            return self._desk.show(request, form.visit, view, error.status)
        return self._desk.go(request, "enroll", enrollment=challenge.id, **onward)

    async def finish(self, request: web.Request) -> web.Response:
        """The authenticator is active, or the page says what was wrong."""
        form = await self._desk.form(request)
        which = ChallengeId(form.get("enrollment"))
        challenge = await self._desk.flows.enrollments.show(form.visit, which)
        if challenge.prompt.kind == CODES and form.get("kept") != "yes":
            return await self._again(request, form, challenge, Fault("not-kept"))
        try:
            entered = await self._desk.flows.enrollments.finish(form.visit, which, form.response)
        except ResponseRejected as error:
            self._desk.count(error.slug)
            return await self._again(request, form, challenge, fault_of(error, self._desk))
        if isinstance(entered, Challenge):
            onward = _onward(form.fields)
            return self._desk.go(request, "enroll", enrollment=entered.id, **onward)
        return await self._finished(request, form, challenge, entered)

    async def invitation(self, request: web.Request) -> web.Response:
        """Return the page that says whom to ask for a code."""
        visit = await self._desk.enter(request)
        view = InvitationNeededView(next=request.query.get("next", ""))
        return self._desk.show(request, visit, view)

    # -- pages ---------------------------------------------------------------------------------

    async def _again(
        self, request: web.Request, form: Form, challenge: Challenge, fault: Fault
    ) -> web.Response:
        """Show the ceremony once more, with what was wrong."""
        view = await self._ceremony(form.visit, challenge, _onward(form.fields), fault)
        return self._desk.show(request, form.visit, view, ResponseRejected.status)

    def _start(self, visit: Visit, onward: Mapping[str, str], *, first: bool) -> EnrollStartView:
        factors = self._desk.flows.kit.factors
        return EnrollStartView(
            choices=tuple(
                Choice(name, self._desk.site.kinds[name])
                for name, factor in factors.items()
                if not factor.traits.stands_in
            ),
            first=first,
            invited=first and self._desk.flows.kit.first.mode == "invited",
            opening=self._desk.opening(visit, onward["next"]),
            stopped=onward["lost"] == "1",
            next=onward["next"],
        )

    async def _ceremony(
        self,
        visit: Visit,
        challenge: Challenge,
        onward: Mapping[str, str],
        fault: Fault | None = None,
    ) -> View:
        found = await portfolio(self._desk.flows.kit, visit.person)
        spares = self._desk.flows.kit.factors[challenge.factor].traits.stands_in
        if challenge.prompt.kind == CODES:
            return BackupCodesView(
                prompt=challenge.prompt,
                made_at=challenge.created_at,
                first=challenge.factor not in found.usable,
                stopped=onward["lost"] == "1",
                enrollment=challenge.id,
                next=onward["next"],
                fault=fault,
            )
        return EnrollView(
            choice=Choice(challenge.factor, self._desk.site.kinds[challenge.factor]),
            prompt=challenge.prompt,
            enrollment=challenge.id,
            first=found.standing is Standing.NEVER_ENROLLED and not spares,
            stopped=onward["lost"] == "1",
            next=onward["next"],
            fault=fault,
        )

    async def _finished(
        self, request: web.Request, form: Form, challenge: Challenge, entered: Entered | None
    ) -> web.Response:
        """Lead a newcomer to the spare codes, then back to where they were going."""
        onward = _onward(form.fields)
        if entered is not None:
            self._desk.keep(request, entered)
            visit = replace(form.visit, session=entered.session)
            spare = self._spare()
            if spare:
                try:
                    codes = await self._desk.flows.enrollments.begin(visit, spare, {})
                except (StepUpRequired, ChallengeGone):
                    return self._desk.go(request, "continue", **onward)
                return self._desk.go(request, "enroll", enrollment=codes.id, **onward)
        if entered is not None or onward["next"]:
            return self._desk.go(request, "continue", **onward)
        done = "codes-made" if challenge.prompt.kind == CODES else "added"
        return self._desk.go(request, "account", done=done)

    def _spare(self) -> str:
        factors = self._desk.flows.kit.factors.items()
        return next((name for name, factor in factors if factor.traits.stands_in), "")


def _onward(asked: Mapping[str, str]) -> dict[str, str]:
    """Return what leads back to where the person was going, from page to page."""
    return {"next": asked.get("next", ""), "lost": asked.get("lost", "")}
