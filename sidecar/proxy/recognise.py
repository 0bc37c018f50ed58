"""A remembered browser that opens a page goes on to it, instead of to a challenge."""

from dataclasses import dataclass

from sidecar.core.cookies import SESSION, TRUSTED, CookieJar
from sidecar.core.policy import Rule
from sidecar.core.protocols import RawHeaders
from sidecar.flows.trusted import Browsers, Forgotten, Recognised
from sidecar.flows.visit import Visit
from sidecar.proxy.answer import redirect
from sidecar.proxy.arrival import Arrival
from sidecar.proxy.verdicts import Reply

OPENING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Seen:
    """What comes of the cookie of a remembered browser."""

    reply: Reply | None = None
    """Back to where it was going, in a session that satisfies; None: ask for a factor."""
    headers: RawHeaders = ()
    """What the answer has in addition."""


async def recognise(
    browsers: Browsers, arrival: Arrival, visit: Visit, rules: tuple[Rule, ...]
) -> Seen:
    """Return where the request leads if its browser is remembered and that is enough here.

    Only somebody who opens a page is recognised, once: programs are told what is missing, and a
    session with proofs that do not suffice is asked for better ones.
    """
    proofs = visit.session.proofs if visit.session is not None else ()
    if not visit.trusted or proofs or not arrival.navigation or arrival.method not in OPENING:
        return Seen()
    found = await browsers.recognise(visit, tuple(rule.need for rule in rules))
    jar = CookieJar(secure=arrival.origin.scheme == "https")
    match found:
        case None:
            return Seen()
        case Forgotten():
            return Seen(headers=_set(jar.drop(TRUSTED)))
        case Recognised(entered, carried):
            cookies = _set(jar.put(SESSION, entered.token))
            if carried is not None:
                age = int(carried.lasts.total_seconds())
                cookies += _set(jar.put(TRUSTED, carried.token, max_age_s=age))
            here = f"{arrival.origin}{arrival.target.decode('utf-8', 'replace')}"
            return Seen(redirect(here), cookies)


def _set(cookie: str) -> RawHeaders:
    return ((b"Set-Cookie", cookie.encode("ascii")),)
