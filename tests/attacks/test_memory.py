"""Memory allows only what a closer look allows too, and writes nothing that one would (67)."""

import copy
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from sidecar.core.model import AuthenticatorId, Identity, Person, Proof, Session
from sidecar.core.policy import Rule
from sidecar.core.protocols import RawHeaders
from sidecar.flows.visit import Visit
from sidecar.proxy.arrival import Arrival, Inbound, Recent
from sidecar.proxy.forward import Passage
from sidecar.proxy.pipeline import Pipeline
from sidecar.proxy.verdicts import Page, Reply, Verdict
from tests.application import PASSWORDS
from tests.world import ASKING, ORIGIN, REALM, World, world

RULES: list[dict[str, Any]] = [
    {"name": "open", "path": "/open/**", "level": "bypass"},
    {"name": "home", "path": "/home/**", "from": ["10.1.0.0/16"], "level": "one_factor"},
    {"name": "hers", "path": "/hers/**", "subjects": ["ada"], "level": "one_factor"},
    {"name": "never", "path": "/never/**", "level": "deny"},
    {"name": "fresh", "path": "/pay/**", "level": "two_factor", "max_age": "5m"},
    {"name": "easy", "path": "/easy/**", "level": "one_factor", "activity": "any"},
    {"name": "reads", "path": "/api/**", "methods": ["GET"], "level": "one_factor"},
    {"name": "hook", "path": "/hook/**", "level": "two_factor", "preflight": "pass"},
    {"name": "live", "path": "/live/**", "level": "two_factor", "max_age": "5m", "live": "close"},
]
CHANGES: dict[str, Any] = {
    "public": [ORIGIN, "https://two.test"],
    "listen": {"public": "127.0.0.1:0", "trusted_proxies": ["127.0.0.1/32"]},
    "identity": {
        REALM: {**ASKING, "credentials": {"headers": ["X_API_Key"], "query": ["api_key"]}},
        "sso": {
            "plugin": "forwarded_header",
            "from": ["127.0.0.1/32"],
            "header": "X-SSO",
            "realm": REALM,
        },
    },
    "policy": {"default": "two_factor", "rules": RULES},
}
PATHS = [
    *("/", "/x", "/open/1", "/home/1", "/hers/1", "/never/1", "/pay/1", "/easy/1", "/api/1"),
    *("/hook/1", "/live/1", "/Pay/1", "/pay//1", "/open/%2e", "/logout", "/assets/1", "/login"),
    *("/x?api_key=grace", "/x?a=1", "https://two.test/x", "https://app.test/pay/1", "/_sidecar/x"),
]
METHODS = (*("GET",) * 20, "HEAD", "OPTIONS", "POST", "DELETE")
ODD_FIELDS = (
    *("X-API-Key: ada", "X-API-Key: grace", "X_API_Key: grace", "X-SSO: ada", "X-SSO: grace"),
    *("Authorization: Bearer grace", "Connection: X-API-Key", "Connection: Cookie, X-SSO"),
    *("X-Forwarded-For: 10.1.2.3", "X-Forwarded-For: 192.0.2.7", "Sec-Fetch-Mode: navigate"),
    *("Origin: https://app.test", "Origin: https://evil.test", "Sec-Fetch-Site: cross-site"),
    *("Access-Control-Request-Method: PUT", "X-Requested-With: a", "Accept: text/html"),
)


class Quick(Pipeline):
    """Tells whether the last request was allowed by memory alone."""

    by_memory = False

    def _settled(
        self,
        arrival: Arrival,
        rules: tuple[Rule, ...],
        identity: Identity,
        session: Session,
        *,
        now: datetime,
    ) -> bool:
        self.by_memory = super()._settled(arrival, rules, identity, session, now=now)
        return self.by_memory


class Careful(Pipeline):
    """Looks closely at every request, as if it remembered nothing that allows."""

    def _settled(self, *_: object, now: datetime) -> bool:  # noqa: ARG002
        return False


@dataclass
class Stand:
    """One sidecar, its pipeline and a twin that never trusts its memory, and some people."""

    place: World
    quick: Quick
    careful: Careful
    jars: dict[str, dict[str, str]]
    recents: list[Recent] = field(default_factory=list)
    known: list[RawHeaders] = field(default_factory=list)
    """What was sent lately."""

    async def written(self) -> object:
        """Return what the store knows of everybody's sessions."""
        now = self.place.clock()
        async with self.place.sidecar.store.read() as tx:
            return [await tx.sessions.of(Person(REALM, name), now) for name in PASSWORDS]


@pytest_asyncio.fixture
async def stand(tmp_path: Path) -> AsyncIterator[Stand]:
    async with world(tmp_path, changes=CHANGES) as place:
        judge = place.sidecar.listener._shared.judge
        quick, careful = copy.copy(judge), copy.copy(judge)
        quick.__class__, careful.__class__ = Quick, Careful
        assert isinstance(quick, Quick)
        assert isinstance(careful, Careful)
        jars = {}
        for name in PASSWORDS:
            browser = place.visitor()
            await browser.enroll(name)
            jars[name] = browser.cookies
        yield Stand(place, quick, careful, jars, [Recent() for _ in range(2)])


def fields(stand: Stand, chance: random.Random) -> RawHeaders:
    """Return the fields of somebody's request, now and then with another's session."""
    apps, ours = [chance.choice(tuple(stand.jars.values()))] * 2
    if chance.random() < 0.1:
        ours = chance.choice(tuple(stand.jars.values()))
    token = "old" if "old" in ours and chance.random() < 0.1 else "__Host-sidecar"
    pieces = [f"app={apps['app']}"] * (chance.random() < 0.97)
    pieces += [f"__Host-sidecar={ours[token]}"] * chance.choice((0, *(1,) * 20, 2))
    pieces += ["theme=dark"] * (chance.random() < 0.2)
    chance.shuffle(pieces)
    cut = chance.choice((0, 0, 0, 1))
    cookies = ["; ".join(part) for part in (pieces[:cut], pieces[cut:]) if part]
    lines = [f"Host: {chance.choice(('app.test', 'app.test', 'APP.test:443', 'two.test'))}"]
    lines += [f"Cookie: {value}" for value in cookies]
    lines += chance.sample(ODD_FIELDS, chance.choice((0, 0, 0, 0, 0, 1, 2)))
    parts = (line.partition(": ") for line in lines)
    return tuple((name.encode(), value.encode()) for name, _, value in parts)


def asked(stand: Stand, chance: random.Random) -> Inbound:
    """Return a request that looks like an earlier one of its connection, more often than not."""
    known = stand.known
    if not known or chance.random() < 0.15:
        known.append(fields(stand, chance))
    return Inbound(
        chance.choice(METHODS),
        chance.choice(PATHS),
        (1, 1),
        chance.choice(known[-2:]),
        "127.0.0.1",
        secure=False,
        upgrade=chance.random() < 0.2,
        has_body=False,
        recent=chance.choice(stand.recents),
    )


def told(verdict: Verdict) -> object:
    """Return everything that a verdict says, but for what is new each time."""
    match verdict:
        case Passage():
            said, session = verdict._said, verdict._session
            return (
                *(verdict.upstream, verdict.target, verdict.fields, verdict.private),
                *(verdict.relayed, verdict.max_body, verdict.answers, verdict._needs),
                *(said.identity, session and session.id, session and session.proofs),
            )
        case Reply():
            # Too many sessions may be opened the second time.
            return "lead" if verdict.status in (303, 429) else (verdict.status, verdict.answers)
        case Page():
            return "page"
        case _:
            raise AssertionError(verdict)


async def happen(stand: Stand, chance: random.Random) -> None:
    """Something changes that a memory must not outlive, or time goes by."""
    place, name = stand.place, chance.choice(tuple(PASSWORDS))
    jar, sessions = stand.jars[name], place.sidecar.flows.sessions
    what = chance.random()
    if what < 0.25:
        place.clock.travel(seconds=chance.choice((1, 2, 29, 31, 61, 301)))
        if chance.random() < 0.9:
            await place.sidecar.flows.revocations.read()
    elif what < 0.8:
        place.application.people[jar["app"]] = name
        await _prove(stand, name)
        stand.known.clear()
    elif what < 0.87:
        await _sign_in_again(stand, jar, chance.choice(tuple(PASSWORDS)))
    elif what < 0.93:
        session = await sessions.recall(jar["__Host-sidecar"])
        if session is not None:
            await sessions.drop_proofs(session)
    elif what < 0.98:
        place.application.people.pop(jar["app"], None)
    else:
        place.clock.travel(hours=chance.choice((1, 25)))


async def _prove(stand: Stand, name: str) -> None:
    """The person proves a second factor: the session has a new token, and the old one a while."""
    jar, flows = stand.jars[name], stand.place.sidecar.flows
    session, now = await flows.sessions.recall(jar["__Host-sidecar"]), flows.kit.clock()
    visit = Visit(Identity(Person(REALM, name), REALM), session, "request")
    if session is None or session.person != visit.person:
        visit = replace(visit, session=(await flows.sessions.open(visit)).session)
    proof = Proof("totp", AuthenticatorId("a1"), ("otp",), now)
    async with flows.kit.store.begin() as tx:
        entered = await flows.sessions.elevate(tx, visit, proof, now)
    flows.sessions.forget(entered.session.id)
    jar["old"], jar["__Host-sidecar"] = jar["__Host-sidecar"], entered.token


async def _sign_in_again(stand: Stand, jar: dict[str, str], user: str) -> None:
    """The application keeps the cookie for whoever signs in: it now means somebody else."""
    cookie = (b"Cookie", f"app={jar['app']}".encode())
    host = (b"Host", b"app.test")
    inbound = Inbound("POST", "/login", (1, 1), (host, cookie), "127.0.0.1", False, False, True)  # noqa: FBT003
    passage = await stand.quick.judge(inbound)
    assert isinstance(passage, Passage)
    stand.place.application.people[jar["app"]] = user
    wait = passage.on_head(303, sets_cookies=False)
    assert wait is None
    passage.on_end()


@pytest.mark.threat(67)
@pytest.mark.parametrize("seed", range(12))
async def test_memory_allows_nothing_more(stand: Stand, seed: int) -> None:
    """Whoever asks for whatever in whatever order shows one verdict, remembered or looked up."""
    chance, by_memory = random.Random(seed), 0  # noqa: S311 - no secret comes of it
    for _ in range(150):
        if chance.random() < 0.2:
            await happen(stand, chance)
        inbound = asked(stand, chance)
        stand.quick.by_memory = False
        quick = await stand.quick.judge(inbound)
        before = await stand.written()
        inbound.recent = Recent()
        careful = await stand.careful.judge(inbound)
        assert told(quick) == told(careful), inbound
        if stand.quick.by_memory:
            by_memory += 1
            assert await stand.written() == before, inbound
        for verdict in (quick, careful):
            if isinstance(verdict, Passage):
                verdict.on_end()
    assert by_memory
