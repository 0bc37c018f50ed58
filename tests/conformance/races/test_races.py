"""Three processes, fifty tries at once, both databases: what can be done once is done once."""

import hashlib
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from sidecar.conformance.softkey import SoftKey
from sidecar.core.clients import ApiClient, ClientId
from sidecar.core.guessing import WINDOWS
from sidecar.core.model import TokenHash
from sidecar.flows.recover import Recovery
from tests.clock import ManualClock
from tests.conformance.races.contender import process
from tests.conformance.races.course import (
    TRIES,
    Contender,
    Course,
    Outcome,
    answers,
    contenders,
)
from tests.conformance.stores import sqlite_file, url_of
from tests.postgres import Server
from tests.unit.flows.scene import ADA, Phone, Scene, quick_folder, secret_of
from tests.unit.flows.trusting import later, recognised, remembered

pytestmark = pytest.mark.timeout(120)

REFUSED = {"ChallengeGone", "ResponseRejected", "TooManyAttempts"}
"""What `answer` says that it raises."""


@pytest.fixture(scope="module")
def started() -> Iterator[tuple[Contender, ...]]:
    """The processes, which race for the whole file."""
    with contenders() as made:
        yield made


@pytest.fixture(params=["sqlite", "postgres"])
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Each kind of database in turn, with an empty store in it."""
    if request.param == "sqlite":
        with quick_folder() as folder:
            yield url_of(sqlite_file(folder))
        return
    server: Server = request.getfixturevalue("postgres")
    async with server.store() as lent:
        yield lent


@pytest.fixture
async def course(url: str, started: Sequence[Contender]) -> AsyncIterator[Course]:
    """A database to race on."""
    async with process(url, ManualClock()) as here:
        yield Course(here, url, started)


def won_once(found: Outcome) -> None:
    """One try won, and whatever else was said is documented."""
    assert found.counts["done"] == 1
    assert set(found.counts) - {"done"} <= REFUSED
    assert found.counts.total() == TRIES


async def events(here: Scene, name: str) -> int:
    return (await here.events()).count(name)


async def proven(course: Course, found: Outcome) -> None:
    """One try proved: the trail says so once, and one session answers to one new token with it."""
    won_once(found)
    here = course.here
    assert await events(here, "challenge.verified") == 1
    (token,) = found.tokens
    session = await here.flows.sessions.recall(token)
    assert session is not None
    assert session.proven
    async with here.store.read() as tx:
        live = await tx.sessions.of(ADA, here.clock())
    fresh = [one for one in live if any(given.at == here.clock() for given in one.proofs)]
    assert [one.id for one in fresh] == [session.id]
    assert (await here.store.verify_trail()).broken_at is None


@pytest.mark.threat(52)
@pytest.mark.conforms("ASVS-6.5.1")
@pytest.mark.parametrize("factor", ["totp", "backup_codes"])
async def test_a_code_works_once(course: Course, factor: str) -> None:
    """THREATS 52: one right code at ten challenges of five sessions shows one way in."""
    here = course.here
    visit, phone = await here.enroll()
    await here.spare(visit, phone)
    here.clock.travel(seconds=30)
    right = phone.code(here.clock) if factor == "totp" else {"code": phone.codes[0]}
    ways = []
    for _ in range(5):
        visit, _ = await here.enter()
        for _ in range(2):
            begun = await here.flows.challenges.begin(visit, factor)
            ways.append((visit, begun.id, right))
    await proven(course, await course.run("answer", answers(*ways)))


@pytest.mark.threat(63)
@pytest.mark.conforms("ASVS-6.7.2", "WEBAUTHN-7.2-COUNTER")
async def test_a_counter_counts_once(course: Course) -> None:
    """THREATS 63: two keys of one counter, answering ten challenges at once, show one way in."""
    here, soft = course.here, SoftKey()
    visit, _ = await here.enter()
    code = await here.people.invite(ADA, "desk")
    begun = await here.flows.enrollments.begin(visit, "webauthn", {}, invitation=code)
    await here.flows.enrollments.finish(visit, begun.id, soft.create(begun.prompt))
    here.clock.travel(seconds=30)
    ways = []
    for _ in range(5):
        visit, _ = await here.enter()
        for _ in range(2):
            begun = await here.flows.challenges.begin(visit, "webauthn")
            ways.append((visit, begun.id, soft.get(begun.prompt, count=7)))
    await proven(course, await course.run("answer", answers(*ways)))


@pytest.mark.threat(52)
async def test_a_challenge_is_consumed_once(course: Course) -> None:
    """THREATS 52: one challenge, answered rightly by two apps at once, shows one way in."""
    here = course.here
    visit, phone = await here.enroll()
    _, second = await here.add_second(visit, phone)
    here.clock.travel(seconds=30)
    visit, _ = await here.enter()
    begun = await here.flows.challenges.begin(visit, "totp")
    ways = [(visit, begun.id, one.code(here.clock)) for one in (phone, second)]
    before = await events(here, "challenge.verified")
    found = await course.run("answer", answers(*ways))
    won_once(found)
    assert await events(here, "challenge.verified") == before + 1


@pytest.mark.threat(50)
@pytest.mark.conforms("ASVS-6.3.1")
async def test_guesses_are_counted_together(course: Course) -> None:
    """THREATS 50: wrong codes show as many looked at as the limit says, and each in the trail."""
    here = course.here
    _, phone = await here.enroll()
    visit, _ = await here.enter()
    begun = await here.flows.challenges.begin(visit, "totp")
    found = await course.run("answer", answers((visit, begun.id, phone.wrong(here.clock))))
    limit = min(most for _, most in WINDOWS)
    assert found.counts == {"ResponseRejected": limit, "TooManyAttempts": TRIES - limit}
    assert found.judged == limit
    assert await events(here, "challenge.rejected") == limit


@pytest.mark.threat(41, 52)
async def test_a_first_factor_is_set_up_once(course: Course) -> None:
    """THREATS 41, 52: enrollments begun in ten sessions with one invitation show one confirmed."""
    here, ways = course.here, []
    code = await here.people.invite(ADA, "desk")
    for _ in range(10):
        visit, _ = await here.enter()
        begun = await here.flows.enrollments.begin(visit, "totp", {}, invitation=code)
        ways.append((visit, begun.id, Phone(secret_of(begun.prompt)).code(here.clock)))
    found = await course.run("finish", answers(*ways))
    assert found.counts["done"] == 1
    assert set(found.counts) <= {"done", "ChallengeGone", "Conflict", "TooManyAttempts"}
    assert len(await here.held()) == 1
    assert await events(here, "authenticator.added") == 1


@pytest.mark.threat(41)
async def test_a_recovery_is_decided_once(course: Course) -> None:
    """THREATS 41: fifty clients that approve and deny one request show one decision."""
    here = course.here
    await here.enroll()
    desk = ApiClient(ClientId("desk"), "desk", frozenset())
    request = await Recovery(here.store, here.clock).request(ADA, desk, "lost phone")
    tries = [
        {
            "request": str(request.id),
            "client": f"c{number}",
            "word": ("approve", "deny")[number % 2],
        }
        for number in range(TRIES)
    ]
    found = await course.run("decide", tries)
    assert found.counts == {"done": 1, "NotFound": TRIES - 1}
    approved, denied = [await events(here, f"recovery.{word}") for word in ("approved", "denied")]
    assert approved + denied == 1
    assert (len(found.tokens), len(await here.held())) == (approved, denied)
    assert await events(here, "person.reset") == approved


@pytest.mark.threat(64)
async def test_a_remembered_browser_turns_once(course: Course) -> None:
    """THREATS 64: one token of a remembered browser, in ten sessions at once, shows one that gets
    the next token, nobody taken for a thief, and the next one good.
    """
    here = course.here
    _, _, carried = await remembered(here)
    here.clock.travel(days=3)
    sessions = [(await here.enter())[0].require_session().id for _ in range(10)]
    tries = [
        {"session": str(sessions[number % len(sessions)]), "token": carried.token}
        for number in range(TRIES)
    ]
    found = await course.run("recognise", tries)
    assert found.counts == {"done": 1, "beside": TRIES - 1}
    assert await events(here, "browser.recognised") == TRIES
    assert await events(here, "browser.stolen") == 0
    (token,) = found.tokens
    here.clock.travel(minutes=5)
    again = await recognised(here, later(here, type(carried)(token, carried.lasts)))
    assert again.carried is not None


async def test_a_session_is_raised_one_at_a_time(course: Course) -> None:
    """Fifty proofs of one session at once show all of them in it, and one token that opens it."""
    here = course.here
    visit, first = await here.enter()
    which = visit.require_session().id
    hashes = [hashlib.sha256(f"token {number}".encode()).hexdigest() for number in range(TRIES)]
    tries = [
        {"session": str(which), "proof": f"a{number}", "token": made}
        for number, made in enumerate(hashes)
    ]
    found = await course.run("elevate", tries)
    assert found.counts == {"done": TRIES}
    now = here.clock()
    async with here.store.read() as tx:
        opened = [await tx.sessions.get(TokenHash(made), now) for made in hashes]
    proofs = sorted(len(one.proofs) for one in opened if one is not None)
    assert proofs == [TRIES - 1, TRIES]  # the last token, and the one before it for a moment more
    assert await here.flows.sessions.recall(first) is None
