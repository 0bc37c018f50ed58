"""The enrollment pages: choose a factor, set it up, show that it works, keep the spare codes."""

from dataclasses import replace

from aiohttp import web

from sidecar.core.errors import (
    ChallengeGone,
    Conflict,
    DeliveryFailed,
    InvitationNeeded,
    ResponseRejected,
    StepUpRequired,
    TooManyAttempts,
    Undelivered,
)
from sidecar.core.model import Challenge, ChallengeId, Standing
from sidecar.core.names import is_name, tidy
from sidecar.flows.admission import adding
from sidecar.flows.kit import Entered
from sidecar.flows.portfolio import authenticators, portfolio
from sidecar.flows.visit import Visit
from sidecar.web.asking import carried, requirement
from sidecar.web.choosing import missing
from sidecar.web.desk import Desk, Form
from sidecar.web.questions import Fault
from sidecar.web.sending import SENT_AGAIN, fault_of, later, status_of, unsent
from sidecar.web.setting_up import ADDRESS, CODES, ceremony, onward_of, start, waiting
from sidecar.web.views import (
    EnrolledView,
    EnrollView,
    InvitationNeededView,
)

_PLAIN = ("address", "accept_risk", "name")
"""Fields that are no secret, and are shown again as they were typed."""


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
            web.post(url("enroll/again"), self.again),
            web.get(url("enroll/done"), self.done),
            web.get(url("invitation"), self.invitation),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """Return the choice of factors, or an open enrollment again."""
        visit = await self._desk.enter(request)
        if request.query.get("enrollment"):
            return await self._shown(request, visit)
        onward, asked = onward_of(request.query), carried(request.query)
        found = await portfolio(self._desk.flows.kit, visit.person)
        if found.standing is Standing.RECOVERY_NEEDED:
            return self._desk.go(request, "recovery", next=onward["next"])
        if found.standing is Standing.ENROLLED:
            if not visit.require_session().proven:
                here = self._desk.seal(visit, self._desk.renderer.url("enroll", **onward, **asked))
                return self._desk.go(request, "challenge", next=here)
            held = waiting(self._desk, found, requirement(asked)) if asked else None
            if held is not None:
                opening = self._desk.opening(visit, onward["next"])
                return self._desk.show(request, visit, replace(held, opening=opening))
        elif self._must_confirm(visit) and not {"confirmed", "invited"} & request.query.keys():
            return self._desk.go(request, "confirm", **onward)
        invited = "invited" in request.query
        view = await start(self._desk, visit, onward, asked, invited=invited)
        return self._desk.show(request, visit, view)

    async def _shown(self, request: web.Request, visit: Visit) -> web.Response:
        """Return an open enrollment; one that was finished leads on."""
        onward, which = onward_of(request.query), ChallengeId(request.query["enrollment"])
        try:
            challenge = await self._desk.flows.enrollments.show(visit, which)
        except ChallengeGone:
            if not visit.require_session().proven:
                raise
            return self._desk.go(request, "continue" if onward["next"] else "account", **onward)
        view = await ceremony(self._desk, visit, challenge, onward)
        if isinstance(view, EnrollView):
            view = replace(view, sent_again=request.query.get("sent") == SENT_AGAIN["sent"])
        return self._desk.show(request, visit, view)

    async def begin(self, request: web.Request) -> web.Response:
        """The enrollment of the chosen factor is open, or its proof is asked for first."""
        form = await self._desk.form(request)
        factor, onward = form.get("factor"), onward_of(form.fields)
        try:
            challenge = await self._desk.flows.enrollments.begin(
                form.visit, factor, {}, invitation=form.get("invitation")
            )
        except StepUpRequired:
            return self._desk.go(request, "challenge", action=adding(factor), **onward)
        except DeliveryFailed as error:
            return await self._unsent(request, form, await self._step(form, error), error)
        except InvitationNeeded as error:
            typed = form.get("invitation")
            if not typed and self._must_confirm(form.visit):
                return self._desk.go(request, "confirm", **onward)
            if not typed:
                return self._desk.go(request, "invitation", next=onward["next"])
            self._desk.count(error.slug)
            view = await start(self._desk, form.visit, onward, invited=True)
            view = replace(view, invitation=typed, chosen=factor, fault=Fault("invitation"))
            return self._desk.show(request, form.visit, view, error.status)
        return self._desk.go(request, "enroll", enrollment=challenge.id, **onward)

    async def finish(self, request: web.Request) -> web.Response:
        """The authenticator is active, or the page says what was wrong."""
        form = await self._desk.form(request)
        which = ChallengeId(form.get("enrollment"))
        challenge = await self._desk.flows.enrollments.show(form.visit, which)
        if challenge.prompt.kind == CODES and form.get("kept") != "yes":
            return await self._again(request, form, challenge, Fault("not-kept"))
        name = form.get("name")
        if name and not is_name(name):
            return await self._again(request, form, challenge, Fault("bad-name"))
        try:
            entered = await self._desk.flows.enrollments.finish(
                form.visit, which, form.response, name=tidy(name)
            )
        except (ResponseRejected, TooManyAttempts, DeliveryFailed) as error:
            return await self._refused(request, form, challenge, error)
        if isinstance(entered, Challenge):
            onward = onward_of(form.fields)
            return self._desk.go(request, "enroll", enrollment=entered.id, **onward)
        return await self._finished(request, form, challenge, entered)

    async def again(self, request: web.Request) -> web.Response:
        """The message of this step went out once more, or the page says why not."""
        form = await self._desk.form(request)
        which = ChallengeId(form.get("enrollment"))
        challenge = await self._desk.flows.enrollments.show(form.visit, which)
        try:
            await self._desk.flows.deliveries.again(form.visit, challenge)
        except (DeliveryFailed, TooManyAttempts) as error:
            return await self._unsent(request, form, challenge, error)
        onward = onward_of(form.fields)
        return self._desk.go(request, "enroll", enrollment=which, **onward, **SENT_AGAIN)

    async def done(self, request: web.Request) -> web.Response:
        """Return the page that ends the setting up, where one more method would be wise."""
        visit, onward = await self._desk.enter(request), onward_of(request.query)
        held = await authenticators(self._desk.flows.kit.store, visit.person)
        offered = missing(self._desk, held) if visit.require_session().proven else ()
        if not offered:
            return self._desk.go(request, "continue", **onward)
        view = EnrolledView(offered, stopped=onward["lost"] == "1", next=onward["next"])
        return self._desk.show(request, visit, view)

    async def invitation(self, request: web.Request) -> web.Response:
        """Return the page that says whom to ask for a code."""
        visit = await self._desk.enter(request)
        view = InvitationNeededView(next=request.query.get("next", ""))
        return self._desk.show(request, visit, view)

    # -- pages ---------------------------------------------------------------------------------

    def _must_confirm(self, visit: Visit) -> bool:
        """Tell whether a newcomer is sent a code first; only the flow knows whether they were."""
        return bool(self._desk.flows.confirmations.targets(visit))

    async def _refused(
        self,
        request: web.Request,
        form: Form,
        challenge: Challenge,
        error: ResponseRejected | TooManyAttempts | DeliveryFailed,
    ) -> web.Response:
        """Say what was wrong with an answer, or that the code for the next step did not go out."""
        if isinstance(error, DeliveryFailed) and error.challenge:
            challenge = await self._step(form, error)
        if not isinstance(error, ResponseRejected) and (
            isinstance(error, DeliveryFailed) or challenge.prompt.kind == ADDRESS
        ):
            return await self._unsent(request, form, challenge, error)
        self._desk.count(error.slug)
        if isinstance(error, ResponseRejected) and error.challenge:
            which = ChallengeId(error.challenge)
            challenge = await self._desk.flows.enrollments.show(form.visit, which)
        fault = fault_of(error, self._desk)
        return later(await self._again(request, form, challenge, fault, status=error.status), error)

    async def _step(self, form: Form, error: DeliveryFailed) -> Challenge:
        """Return the step that stays open although its code reached nobody.

        Raises:
            DeliveryFailed: there is none.

        """
        if not error.challenge:
            raise error
        which = ChallengeId(error.challenge)
        return await self._desk.flows.enrollments.show(form.visit, which)

    async def _unsent(
        self,
        request: web.Request,
        form: Form,
        challenge: Challenge,
        error: DeliveryFailed | TooManyAttempts,
    ) -> web.Response:
        """Say that the message did not go out, on the step that it was for."""
        self._desk.count(error.slug)
        fault, status = unsent(error, self._desk), status_of(error)
        if isinstance(error, DeliveryFailed) and error.why is Undelivered.RECIPIENT:
            fault = Fault("bad-address")
        return later(await self._again(request, form, challenge, fault, status=status), error)

    async def _again(
        self,
        request: web.Request,
        form: Form,
        challenge: Challenge,
        fault: Fault,
        *,
        status: int = ResponseRejected.status,
    ) -> web.Response:
        """Show the ceremony once more, with what was wrong and what had been typed."""
        view = await ceremony(
            self._desk, form.visit, challenge, onward_of(form.fields), fault=fault
        )
        if isinstance(view, EnrollView):
            typed = {name: form.get(name) for name in _PLAIN if form.get(name)}
            view = replace(view, typed=typed)
        return self._desk.show(request, form.visit, view, status)

    async def _finished(
        self, request: web.Request, form: Form, challenge: Challenge, entered: Entered | None
    ) -> web.Response:
        """Lead a newcomer to the spare codes, then back to where they were going."""
        onward = onward_of(form.fields)
        if entered is not None:
            self._desk.keep(request, entered)
            visit = replace(form.visit, session=entered.session)
            codes = self._desk.flows.kit.spare
            if codes:
                try:
                    begun = await self._desk.flows.enrollments.begin(visit, codes, {})
                except (StepUpRequired, ChallengeGone, Conflict):
                    return self._desk.go(request, "enroll/done", **onward)
                return self._desk.go(request, "enroll", enrollment=begun.id, **onward)
        if entered is not None or (onward["next"] and challenge.prompt.kind == CODES):
            return self._desk.go(request, "enroll/done", **onward)
        if onward["next"]:
            return self._desk.go(request, "continue", **onward)
        done = "codes-made" if challenge.prompt.kind == CODES else "added"
        return self._desk.go(request, "account", done=done)
