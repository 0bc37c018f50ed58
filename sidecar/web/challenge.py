"""The challenge pages: ask for a factor, take the answer, and do what the answer was for."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from aiohttp import web

from sidecar.core.errors import (
    ChallengeGone,
    DeliveryFailed,
    NotFound,
    RecoveryNeeded,
    ResponseRejected,
    SidecarError,
    TooManyAttempts,
)
from sidecar.core.model import AuthenticatorId, Challenge, ChallengeId, Prompt, Standing
from sidecar.flows.admission import adding
from sidecar.flows.kit import Entered
from sidecar.flows.manage import removing
from sidecar.flows.portfolio import authenticators, portfolio
from sidecar.flows.visit import Visit
from sidecar.web.asking import carried, met, offers, question, reason, requirement
from sidecar.web.browsers import remember, rememberable
from sidecar.web.desk import Desk, Form
from sidecar.web.guard import caller_of
from sidecar.web.questions import Fault, Question
from sidecar.web.sending import SENT_AGAIN, fault_of, later, status_of, unsent
from sidecar.web.views import ActionKind, ChallengeView, ConfirmView

_ADD, _REMOVE = adding(""), removing("")


class ChallengePages:
    """GET shows, POST begins and answers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, below the prefix."""
        url = self._desk.renderer.url
        return [
            web.get(url("challenge"), self.show),
            web.post(url("challenge/begin"), self.begin),
            web.post(url("challenge/again"), self.again),
            web.post(url("challenge/answer"), self.answer),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """Return the page that asks; nothing begins by it."""
        visit = await self._desk.enter(request)
        query = dict(request.query)
        onward = {name: query.get(name, "") for name in ("next", "lost")}
        standing = (await portfolio(self._desk.flows.kit, visit.person)).standing
        if standing is Standing.NEVER_ENROLLED:
            return self._desk.go(request, "enroll", **onward)
        if standing is Standing.RECOVERY_NEEDED:
            return self._desk.go(request, "recovery", next=onward["next"])
        if not query.get("action") and met(self._desk, visit, requirement(query)):
            # The back button, or another tab that was faster.
            return self._desk.go(request, "continue", **onward)
        try:
            return await self._page(request, visit, query)
        except ChallengeGone:
            asked = {**query, "challenge": ""}
            return await self._page(request, visit, asked, fault=Fault("expired"))

    async def begin(self, request: web.Request) -> web.Response:
        """A challenge of the chosen factor is open, its message sent, and its page is next."""
        form = await self._desk.form(request)
        factor, chosen = form.get("factor"), AuthenticatorId(form.get("authenticator")) or None
        action, challenges = await self._action(form), self._desk.flows.challenges
        try:
            challenge = await challenges.begin(form.visit, factor, action=action, chosen=chosen)
        except (DeliveryFailed, TooManyAttempts) as error:
            if not self._sends(factor):
                raise
            before = None
            if isinstance(error, TooManyAttempts):
                before = await challenges.underway(form.visit, factor, action=action, chosen=chosen)
            return await self._unsent(request, form, error, challenge=before.id if before else "")
        return self._on(request, form, challenge)

    async def again(self, request: web.Request) -> web.Response:
        """The message of an open challenge went out once more, or the page says why not."""
        form = await self._desk.form(request)
        challenges, which = self._desk.flows.challenges, ChallengeId(form.get("challenge"))
        try:
            challenge = await challenges.show(form.visit, which)
            await self._desk.flows.deliveries.again(form.visit, challenge)
        except ChallengeGone as error:
            self._desk.count(error.slug)
            return await self._again(request, form, error)
        except (DeliveryFailed, TooManyAttempts) as error:
            return await self._unsent(request, form, error, challenge=which)
        return self._on(request, form, challenge, **SENT_AGAIN)

    def _on(
        self, request: web.Request, form: Form, challenge: Challenge, **query: str
    ) -> web.Response:
        """Return a 303 to the page of an open challenge."""
        return self._desk.go(
            request,
            "challenge",
            challenge=challenge.id,
            action=challenge.action,
            next=form.get("next"),
            lost=form.get("lost"),
            **carried(form.fields),
            **query,
        )

    def _sends(self, factor: str) -> bool:
        plugin = self._desk.flows.kit.factors.get(factor)
        return plugin is not None and bool(plugin.traits.channel)

    async def _unsent(
        self,
        request: web.Request,
        form: Form,
        error: DeliveryFailed | TooManyAttempts,
        *,
        challenge: str = "",
    ) -> web.Response:
        """Say that the message did not go out, and show the other ways."""
        self._desk.count(error.slug)
        asked = {**form.fields, "challenge": challenge, "action": await self._action(form)}
        fault = unsent(error, self._desk)
        status = status_of(error)
        return later(
            await self._page(request, form.visit, asked, fault=fault, status=status), error
        )

    async def answer(self, request: web.Request) -> web.Response:
        """The answer counts; the person goes on, or sees what was wrong with it."""
        form = await self._desk.form(request)
        try:
            entered = await self._entered(form)
        except (ResponseRejected, TooManyAttempts, ChallengeGone) as error:
            self._desk.count(error.slug)
            return await self._again(request, form, error)
        self._desk.keep(request, entered)
        visit = replace(form.visit, session=entered.session)
        if entered.action:
            return await self._perform(request, visit, entered.action, form.get("next"))
        if form.get("remember") == "yes":
            await remember(self._desk, request, visit)
        return self._desk.go(request, "continue", next=form.get("next"), lost=form.get("lost"))

    async def _entered(self, form: Form) -> Entered:
        """Take the answer to a challenge that the page carried, or to one that was begun.

        Raises:
            ChallengeGone: also where its factor has gone meanwhile, in another tab.

        """
        challenges, token = self._desk.flows.challenges, form.get("carried")
        try:
            if token:
                return await challenges.answer_carried(form.visit, token, form.response)
            which = ChallengeId(form.get("challenge"))
            return await challenges.answer(form.visit, which, form.response)
        except NotFound as gone:
            raise ChallengeGone(str(gone)) from gone

    # -- pages ---------------------------------------------------------------------------------

    async def _page(
        self,
        request: web.Request,
        visit: Visit,
        asked: Mapping[str, str],
        *,
        fault: Fault | None = None,
        tell: Prompt | None = None,
        status: int = HTTPStatus.OK,
    ) -> web.Response:
        ways = await offers(self._desk, visit, requirement(asked))
        if not ways:
            message = "no usable factor"
            raise RecoveryNeeded(message)
        number = caller_of(request).request_id
        what = replace(
            await question(self._desk, visit, ways, asked, fault=fault, number=number), tell=tell
        )
        action = asked.get("action", "")
        view = (
            await self._confirm(visit, action, what, asked)
            if action
            else self._sign_in(visit, what, asked)
        )
        return self._desk.show(request, visit, view, status)

    def _sign_in(self, visit: Visit, what: Question, asked: Mapping[str, str]) -> ChallengeView:
        need = requirement(asked)
        why = reason(self._desk, visit, need)
        return ChallengeView(
            question=what,
            opening=self._desk.opening(visit, asked.get("next", "")),
            reason=why,
            lasts=need.max_age,
            fields=tuple(carried(asked).items()),
            stopped=asked.get("lost") == "1",
            next=asked.get("next", ""),
            remember=None
            if why == "remembered"
            else rememberable(self._desk, what.current.factor, need),
        )

    async def _confirm(
        self, visit: Visit, action: str, what: Question, asked: Mapping[str, str]
    ) -> ConfirmView:
        what_for, name, kind = await self._described(visit, action)
        return ConfirmView(
            action=what_for,
            name=name,
            kind=kind,
            question=what,
            fields=(("action", action),),
            next=asked.get("next", ""),
        )

    async def _again(self, request: web.Request, form: Form, error: SidecarError) -> web.Response:
        """Show the question once more, with what was wrong; afresh where its challenge is over."""
        rejected = error if isinstance(error, ResponseRejected) else ResponseRejected()
        over = rejected.over or isinstance(error, ChallengeGone)
        asked = {**form.fields, "action": await self._action(form)}
        response = await self._page(
            request,
            form.visit,
            {**asked, "challenge": ""} if over else asked,
            fault=fault_of(error, self._desk),
            tell=rejected.tell,
            status=error.status,
        )
        return later(response, error)

    # -- actions -------------------------------------------------------------------------------

    async def _action(self, form: Form) -> str:
        """Return the action that the form is for, if it is one that this person may ask for."""
        action = form.get("action")
        if action:
            await self._described(form.visit, action)
        return action

    async def _described(self, visit: Visit, action: str) -> tuple[ActionKind, str, str]:
        """Return what an action is called on the page: what it does, to what, of which kind.

        Raises:
            NotFound: no such action, or its object is not this person's.

        """
        kit, kinds = self._desk.flows.kit, self._desk.site.kinds
        if action.startswith(_ADD) and (factor := action.removeprefix(_ADD)) in kit.factors:
            spare = kit.factors[factor].traits.stands_in
            return ("codes" if spare else "add"), "", kinds[factor]
        if action.startswith(_REMOVE):
            which = action.removeprefix(_REMOVE)
            for item in await authenticators(kit.store, visit.person):
                if item.id == which:
                    name = "" if item.name == item.factor else item.name
                    return "remove", name, kinds.get(item.factor, item.factor)
        message = "no such action"
        raise NotFound(message)

    async def _perform(
        self, request: web.Request, visit: Visit, action: str, onward: str
    ) -> web.Response:
        """Do what the proof was given for."""
        if action.startswith(_REMOVE):
            which = AuthenticatorId(action.removeprefix(_REMOVE))
            await self._desk.flows.management.remove(visit, which)
            return self._desk.go(request, "account", done="removed")
        factor = action.removeprefix(_ADD)
        enrollment = await self._desk.flows.enrollments.begin(visit, factor, {})
        return self._desk.go(request, "enroll", enrollment=enrollment.id, next=onward)
