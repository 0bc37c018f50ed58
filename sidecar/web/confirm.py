"""The pages before a first enrollment that is confirmed: where to, the code, on to setting up."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from sidecar.core.errors import (
    ChallengeGone,
    DeliveryFailed,
    ResponseRejected,
    SidecarError,
    TooManyAttempts,
)
from sidecar.core.model import Challenge, ChallengeId, Standing
from sidecar.flows.confirm import Stated
from sidecar.flows.portfolio import portfolio
from sidecar.flows.visit import Visit
from sidecar.web.desk import Desk, Form
from sidecar.web.questions import Fault, Target
from sidecar.web.sending import SENT_AGAIN, fault_of, later, status_of, unsent
from sidecar.web.setting_up import onward_of
from sidecar.web.views import ConfirmPersonView

CONFIRMED: Mapping[str, str] = {"confirmed": "1"}
"""What leads on to setting up; it says only which page to show, and opens nothing."""


class ConfirmPages:
    """GET shows, POST sends and takes the code."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the prefix."""
        url = self._desk.renderer.url
        return [
            web.get(url("confirm"), self.show),
            web.post(url("confirm/begin"), self.begin),
            web.post(url("confirm/answer"), self.answer),
            web.post(url("confirm/again"), self.again),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """Return the page that asks where to send a code, or for the one that was sent."""
        visit = await self._desk.enter(request)
        onward, which = onward_of(request.query), request.query.get("challenge", "")
        standing = (await portfolio(self._desk.flows.kit, visit.person)).standing
        if standing is not Standing.NEVER_ENROLLED:
            return self._desk.go(request, "enroll", **onward)
        if not which:
            return self._shown(request, visit, onward)
        try:
            challenge = await self._desk.flows.confirmations.show(visit, ChallengeId(which))
        except ChallengeGone:
            return self._shown(request, visit, onward, fault=Fault("expired"))
        sent_again = request.query.get("sent") == SENT_AGAIN["sent"]
        return await self._asked(request, visit, challenge, onward, sent_again=sent_again)

    async def begin(self, request: web.Request) -> web.Response:
        """A code is on its way, and its page is next."""
        form = await self._desk.form(request)
        onward = onward_of(form.fields)
        try:
            challenge = await self._desk.flows.confirmations.begin(form.visit, form.get("target"))
        except (DeliveryFailed, TooManyAttempts) as error:
            return await self._unsent(request, form, error)
        return self._desk.go(request, "confirm", challenge=challenge.id, **onward)

    async def answer(self, request: web.Request) -> web.Response:
        """The person goes on to set up a factor, or sees what was wrong."""
        form = await self._desk.form(request)
        onward, which = onward_of(form.fields), ChallengeId(form.get("challenge"))
        try:
            await self._desk.flows.confirmations.answer(form.visit, which, form.response)
        except (ResponseRejected, TooManyAttempts, ChallengeGone) as error:
            return await self._again(request, form, error)
        return self._desk.go(request, "enroll", **onward, **CONFIRMED)

    async def again(self, request: web.Request) -> web.Response:
        """The code went out once more, or the page says why not."""
        form = await self._desk.form(request)
        which = ChallengeId(form.get("challenge"))
        try:
            challenge = await self._desk.flows.confirmations.show(form.visit, which)
            await self._desk.flows.deliveries.again(form.visit, challenge)
        except (DeliveryFailed, TooManyAttempts, ChallengeGone) as error:
            return await self._again(request, form, error)
        onward = onward_of(form.fields)
        return self._desk.go(request, "confirm", challenge=which, **onward, **SENT_AGAIN)

    # -- pages ---------------------------------------------------------------------------------

    async def _unsent(
        self, request: web.Request, form: Form, error: DeliveryFailed | TooManyAttempts
    ) -> web.Response:
        """Say that the code did not go out; where it may arrive yet, ask for it all the same."""
        which = error.challenge if isinstance(error, DeliveryFailed) else ""
        if which:
            form = Form(form.visit, {**form.fields, "challenge": which})
        return await self._again(request, form, error)

    async def _again(self, request: web.Request, form: Form, error: SidecarError) -> web.Response:
        """Show the step once more, with what was wrong."""
        self._desk.count(error.slug)
        onward, status = onward_of(form.fields), status_of(error)
        try:
            which = ChallengeId(form.get("challenge"))
            challenge = await self._desk.flows.confirmations.show(form.visit, which)
        except ChallengeGone:
            fault = self._fault(error, sending=True)
            response = self._shown(request, form.visit, onward, fault=fault, status=status)
        else:
            fault = self._fault(error, sending="code" not in form.fields)
            response = await self._asked(
                request, form.visit, challenge, onward, fault=fault, status=status
            )
        return later(response, error)

    def _fault(self, error: SidecarError, *, sending: bool) -> Fault:
        if sending and isinstance(error, DeliveryFailed | TooManyAttempts):
            return unsent(error, self._desk)
        return fault_of(error, self._desk)

    def _shown(
        self,
        request: web.Request,
        visit: Visit,
        onward: Mapping[str, str],
        *,
        fault: Fault | None = None,
        status: int = HTTPStatus.OK,
    ) -> web.Response:
        targets = tuple(map(_target, self._targets(visit)))
        if not targets:
            return self._desk.go(request, "enroll", **onward)
        view = ConfirmPersonView(
            targets=targets,
            opening=self._desk.opening(visit, onward["next"]),
            stopped=onward["lost"] == "1",
            next=onward["next"],
            fault=fault,
        )
        return self._desk.show(request, visit, view, status)

    async def _asked(
        self,
        request: web.Request,
        visit: Visit,
        challenge: Challenge,
        onward: Mapping[str, str],
        *,
        fault: Fault | None = None,
        status: int = HTTPStatus.OK,
        sent_again: bool = False,
    ) -> web.Response:
        view = ConfirmPersonView(
            targets=tuple(map(_target, self._targets(visit))),
            prompt=challenge.prompt,
            challenge=challenge.id,
            until=challenge.expires_at,
            again_at=await self._desk.flows.deliveries.again_at(challenge),
            sent_again=sent_again,
            stopped=onward["lost"] == "1",
            next=onward["next"],
            fault=fault,
        )
        return self._desk.show(request, visit, view, status)

    def _targets(self, visit: Visit) -> tuple[Stated, ...]:
        return self._desk.flows.confirmations.targets(visit)


def _target(stated: Stated) -> Target:
    channel = stated.contact.channel
    return Target(channel, channel, stated.masked)
