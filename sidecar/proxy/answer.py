"""A decision that is not Allow becomes an answer: a page for people, a problem for programs."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from sidecar.core.assurance import ACR, SCHEME, Requirement
from sidecar.core.cookies import SESSION, CookieJar
from sidecar.core.decision import Allow, Decision, Deny, Enroll, Identify, Recover, StepUp
from sidecar.core.errors import (
    AccessDenied,
    EnrollmentRequired,
    NotIdentified,
    RecoveryNeeded,
    SidecarError,
    StepUpRequired,
)
from sidecar.core.model import Level, Session
from sidecar.core.policy import Rule
from sidecar.core.protocols import RawHeaders
from sidecar.flows.sessions import Sessions
from sidecar.flows.tokens import Tokens
from sidecar.flows.visit import Visit
from sidecar.proxy.arrival import Arrival, new_request_id
from sidecar.proxy.forward import SAFE_METHODS
from sidecar.proxy.verdicts import Reply

Extra = Mapping[str, str | int | list[str]]


@dataclass(frozen=True, slots=True)
class Manner:
    """How an error is to be told, and to whom."""

    page: bool
    language: str
    request_id: str
    sent: bool = False
    """Something was sent, not only asked for."""


class Voice(Protocol):
    """Tells errors: the one place that turns the error tree into HTTP."""

    def __call__(
        self, error: SidecarError, how: Manner, extra: Extra
    ) -> tuple[int, RawHeaders, bytes]: ...


def manner(arrival: Arrival) -> Manner:
    """Return how to speak to whoever sent this request."""
    sent = arrival.method not in SAFE_METHODS
    language = arrival.header("accept-language")
    return Manner(arrival.navigation, language, arrival.request_id, sent)


def unread() -> Manner:
    """Return how to speak to whoever sent what could not be read."""
    return Manner(page=False, language="", request_id=new_request_id())


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where our pages and the application's login are."""

    prefix: str
    """With both slashes, such as `/_sidecar/`."""
    login_page: str


class Answerer:
    """Answers every decision but Allow."""

    def __init__(
        self, voice: Voice, addresses: Addresses, sessions: Sessions, tokens: Tokens
    ) -> None:
        self._voice = voice
        self._at = addresses
        self._sessions = sessions
        self._tokens = tokens

    def tell(self, error: SidecarError, how: Manner, extra: Extra | None = None) -> Reply:
        """Return the error as a reply; a 401 names our scheme (RFC 9110 §15.5.2)."""
        status, headers, body = self._voice(error, how, extra or {})
        if how.request_id:
            headers = (*headers, (b"X-Request-Id", how.request_id.encode("ascii")))
        if status == HTTPStatus.UNAUTHORIZED and not isinstance(error, StepUpRequired):
            asked = f'{SCHEME} error="{error.slug}"'
            headers = (*headers, (b"WWW-Authenticate", asked.encode("ascii")))
        return Reply(status, headers, body)

    async def answer(self, decision: Decision, arrival: Arrival, visit: Visit | None) -> Reply:
        """Return what the client gets instead of the application's answer."""
        match decision:
            case Deny():
                return self.tell(AccessDenied(decision.reason_id), manner(arrival))
            case Identify():
                return self._identify(arrival)
            case Allow():
                message = "an allowed request needs no answer of ours"
                raise RuntimeError(message)
            case StepUp() | Enroll() | Recover():
                if visit is None:
                    return self._identify(arrival)
                if arrival.navigation:
                    return await self._lead(decision, arrival, visit)
                return self._refuse(decision, arrival)

    def _identify(self, arrival: Arrival) -> Reply:
        if arrival.navigation and self._at.login_page:
            return redirect(f"{arrival.origin}{self._at.login_page}")
        return self.tell(NotIdentified(), manner(arrival))

    # -- people --------------------------------------------------------------------------------

    async def _lead(
        self, decision: StepUp | Enroll | Recover, arrival: Arrival, visit: Visit
    ) -> Reply:
        """Redirect to our page; the session that the page needs exists from here on."""
        headers: RawHeaders = ()
        session = visit.session
        if session is None:
            entered = await self._sessions.open(visit)
            session = entered.session
            jar = CookieJar(secure=arrival.origin.scheme == "https")
            headers = ((b"Set-Cookie", jar.put(SESSION, entered.token).encode("ascii")),)
        page = {StepUp: "challenge", Enroll: "enroll", Recover: "recovery"}[type(decision)]
        return redirect(self._url(page, arrival, session, decision.rule), headers)

    def _url(self, page: str, arrival: Arrival, session: Session, rule: Rule) -> str:
        lost = arrival.method not in SAFE_METHODS
        path = _referring_path(arrival) if lost else arrival.target.decode("utf-8", "replace")
        query = {"next": self._tokens.seal_next(session.id, path), **_asking(rule.need)}
        if lost:
            query["lost"] = "1"
        return f"{arrival.origin}{self._at.prefix}{page}?{urlencode(query)}"

    # -- programs ------------------------------------------------------------------------------

    def _refuse(self, decision: StepUp | Enroll | Recover, arrival: Arrival) -> Reply:
        base = f"{arrival.origin}{self._at.prefix}"
        how = manner(arrival)
        match decision:
            case Enroll():
                extra = {"reason": decision.reason_id, "enroll_url": f"{base}enroll"}
                if decision.held_until is not None:
                    extra["held_until"] = decision.held_until.isoformat(timespec="seconds")
                return self.tell(EnrollmentRequired(), how, extra)
            case Recover():
                extra = {"reason": decision.reason_id, "recovery_url": f"{base}recovery"}
                return self.tell(RecoveryNeeded(), how, extra)
            case StepUp():
                return self._step_up(decision, base, how)

    def _step_up(self, decision: StepUp, base: str, how: Manner) -> Reply:
        """Return the challenge that says exactly what is missing (RFC 9470 §3)."""
        need = decision.rule.need
        acr = ACR[max(need.level, Level.TWO_FACTOR)]
        asking = _asking(need)
        question = f"?{urlencode(asking)}" if asking else ""
        extra: dict[str, str | int | list[str]] = {
            "reason": decision.reason_id,
            "challenge_url": f"{base}challenge{question}",
            "acr_values": acr,
        }
        asked = f'{SCHEME} error="insufficient_user_authentication", acr_values="{acr}"'
        if need.factors:
            extra["factors"] = sorted(need.factors)
        if need.max_age is not None:
            extra["max_age"] = int(need.max_age.total_seconds())
            asked += f', max_age="{extra["max_age"]}"'
        reply = self.tell(StepUpRequired(), how, extra)
        headers = (*reply.headers, (b"WWW-Authenticate", asked.encode("ascii")))
        return Reply(reply.status, headers, reply.body)


def redirect(url: str, headers: RawHeaders = ()) -> Reply:
    """Return a 303 to an absolute URL that we made; never one that a client wrote."""
    fixed = (
        (b"Location", url.encode("ascii", "replace")),
        (b"Cache-Control", b"no-store"),
        (b"Vary", b"Cookie, Sec-Fetch-Mode, Accept"),
    )
    return Reply(303, (*fixed, *headers))


def _asking(need: Requirement) -> dict[str, str]:
    """Return what the challenge page must know to ask for the right proof."""
    query = {"factors": ",".join(sorted(need.factors))} if need.factors else {}
    if need.level > Level.TWO_FACTOR:
        query["level"] = need.level.word
    if need.max_age is not None:
        query["max_age"] = str(int(need.max_age.total_seconds()))
    return query


def _referring_path(arrival: Arrival) -> str:
    """Return the path of the page that sent the form, if it is of this origin."""
    referer = arrival.header("referer")
    try:
        parts = urlsplit(referer)
    except ValueError:
        return "/"
    if f"{parts.scheme}://{parts.netloc}".lower() != str(arrival.origin):
        return "/"
    tail = f"?{parts.query}" if parts.query else ""
    return f"{parts.path}{tail}" if parts.path.startswith("/") else "/"
