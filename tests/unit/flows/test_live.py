import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import cast

import aiohttp
import pytest

from sidecar.core.assurance import Requirement
from sidecar.core.endings import Ending
from sidecar.core.errors import StoreUnavailable
from sidecar.core.model import (
    AuthenticatorId,
    Level,
    Person,
    Proof,
    Session,
    SessionId,
    SessionStatus,
)
from sidecar.core.stores import Store
from sidecar.flows.live import Live
from sidecar.flows.revocations import Revocations
from sidecar.storage.bell import StillBell
from tests.clock import START
from tests.world import world

ADA, GRACE = Person("shop", "ada"), Person("shop", "grace")
FRESH = Requirement(Level.TWO_FACTOR, timedelta(minutes=5))
LEVELS = {"totp": Level.TWO_FACTOR}


def a_session(which: str, person: Person = ADA, *, proven_at: float | None = None) -> Session:
    later = START + timedelta(hours=1)
    at = START + timedelta(minutes=proven_at or 0)
    proofs = (Proof("totp", AuthenticatorId("a1"), ("otp",), at),) if proven_at is not None else ()
    status = SessionStatus.PROVEN
    return Session(SessionId(which), person, status, START, later, START, proofs)


class Scene:
    """What is ended, and why; sessions as the store has them."""

    def __init__(self) -> None:
        self.revocations = Revocations(cast("Store", None), StillBell(), lambda: START)
        self.live = Live(self.revocations, self.reread, LEVELS)
        self.ended: list[tuple[str, Ending]] = []
        self.stored: dict[SessionId, Session] = {}
        self.down = False
        self.reads = 0
        self.meanwhile: Callable[[], object] = lambda: None

    async def reread(self, session: Session) -> Session | None:
        self.reads += 1
        self.meanwhile()
        if self.down:
            raise StoreUnavailable
        return self.stored.get(session.id)

    def watch(self, session: Session, *needs: Requirement, name: str = "") -> Callable[[], None]:
        self.stored[session.id] = session
        called = name or session.id
        return self.live.watch(session, lambda why: self.ended.append((called, why)), needs)

    async def at(self, *, minutes: float) -> list[tuple[str, Ending]]:
        """Return what has ended by then."""
        await self.live.expire(START + timedelta(minutes=minutes))
        return self.ended


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_only_what_runs_for_the_revoked_session_ends(scene: Scene) -> None:
    """One session of three is revoked: shows that the others go on."""
    for which, person in (("a", ADA), ("b", ADA), ("c", GRACE)):
        scene.watch(a_session(which, person))
    scene.revocations.tell(ADA, SessionId("a"))
    assert scene.ended == [("a", Ending.SESSION_ENDED)]
    scene.revocations.tell(GRACE, SessionId("b"))
    scene.revocations.tell(ADA, SessionId("gone"))
    assert len(scene.ended) == 1
    scene.revocations.tell(ADA, None)
    assert scene.ended[1:] == [("b", Ending.SESSION_ENDED)]


def test_what_came_to_its_own_end_is_forgotten(scene: Scene) -> None:
    """An exchange that is over: shows that it is not ended a second time."""
    scene.watch(a_session("a"))()
    scene.revocations.tell(ADA, None)
    assert scene.ended == []


def test_what_ends_for_everybody_ends_for_each(scene: Scene) -> None:
    """Everybody's sessions over: shows that what runs is cut, whoever it is for, and once."""
    scene.watch(a_session("a"))
    scene.watch(a_session("b", GRACE))
    scene.revocations.tell(None, None)
    scene.revocations.tell(None, None)
    assert sorted(scene.ended) == [("a", Ending.SESSION_ENDED), ("b", Ending.SESSION_ENDED)]


async def test_the_end_of_the_lifetime_ends_what_runs(scene: Scene) -> None:
    """An hour later: shows that nothing outlives its session, whatever was swept before."""
    scene.watch(a_session("a"), name="one")
    scene.watch(a_session("a"), name="two")
    scene.live.sweep()
    assert await scene.at(minutes=59) == []
    assert sorted(await scene.at(minutes=60)) == [
        ("one", Ending.SESSION_ENDED),
        ("two", Ending.SESSION_ENDED),
    ]
    assert len(await scene.at(minutes=61)) == 2


def test_what_begins_after_a_revocation_runs(scene: Scene) -> None:
    """A session whose proofs were dropped and given anew: shows that what then runs is its own."""
    done = scene.watch(a_session("a"), name="old")
    scene.revocations.tell(ADA, SessionId("a"))
    scene.watch(a_session("a"), name="new")
    done()
    assert scene.ended == [("old", Ending.SESSION_ENDED)]
    scene.revocations.tell(ADA, SessionId("a"))
    assert scene.ended[1:] == [("new", Ending.SESSION_ENDED)]


async def test_memory_is_bounded(scene: Scene) -> None:
    """Ten thousand requests of one session, then a minute: shows that nothing is left of them."""
    session = a_session("a", proven_at=0)
    for _ in range(10_000):
        scene.watch(session, FRESH)()
    assert len(scene.live._lifetimes) == 1
    scene.live.sweep()
    assert (len(scene.live._lives), len(scene.live._lifetimes), len(scene.live._proofs)) == (0,) * 3
    assert (await scene.at(minutes=61), scene.reads) == ([], 0)


# -- the age of proofs -----------------------------------------------------------------------------


async def test_a_tunnel_ends_with_its_proof(scene: Scene) -> None:
    """Five minutes and a moment: shows that what was opted in ends, once, and downloads go on."""
    session = a_session("a", proven_at=0)
    scene.watch(session, name="download")
    scene.watch(session, FRESH, name="tunnel")
    assert await scene.at(minutes=5) == []
    assert scene.reads == 0
    assert await scene.at(minutes=5.01) == [("tunnel", Ending.PROOF_TOO_OLD)]
    assert len(await scene.at(minutes=30)) == 1


async def test_the_strictest_need_counts(scene: Scene) -> None:
    """Two needs, one without an age: shows that the shortest age ends the tunnel."""
    hour = Requirement(Level.TWO_FACTOR, timedelta(minutes=50))
    scene.watch(a_session("a", proven_at=0), hour, Requirement(Level.TWO_FACTOR), FRESH)
    assert await scene.at(minutes=5.01) == [("a", Ending.PROOF_TOO_OLD)]


async def test_a_need_without_age_waits_for_nothing(scene: Scene) -> None:
    """A rule that knows no age: shows that there is no deadline."""
    scene.watch(a_session("a", proven_at=0), Requirement(Level.TWO_FACTOR))
    assert (await scene.at(minutes=59), scene.reads) == ([], 0)


async def test_a_newer_proof_extends(scene: Scene) -> None:
    """Proven again in the session, in any process: shows that the tunnel lives on from there."""
    scene.watch(a_session("a", proven_at=0), FRESH)
    scene.stored[SessionId("a")] = a_session("a", proven_at=4)
    assert await scene.at(minutes=5.01) == []
    assert await scene.at(minutes=9) == []
    assert scene.reads == 1
    assert await scene.at(minutes=9.01) == [("a", Ending.PROOF_TOO_OLD)]


async def test_what_cannot_be_read_is_not_newer(scene: Scene) -> None:
    """A store that is down, a session that is gone: show that the tunnel ends all the same."""
    scene.watch(a_session("a", proven_at=0), FRESH)
    scene.watch(a_session("b", proven_at=0), FRESH)
    scene.down = True
    assert len(await scene.at(minutes=5.01)) == 2
    scene.down = False
    scene.watch(a_session("c", proven_at=0), FRESH)
    scene.stored.clear()
    assert (await scene.at(minutes=5.02))[2:] == [("c", Ending.PROOF_TOO_OLD)]


async def test_what_ended_before_the_deadline_is_not_read(scene: Scene) -> None:
    """Closed, or revoked, before or while the session is read: shows one ending at most."""
    scene.watch(a_session("a", proven_at=0), FRESH)()
    assert (await scene.at(minutes=5.01), scene.reads) == ([], 0)
    done = scene.watch(a_session("b", proven_at=0), FRESH)
    scene.meanwhile = done
    assert (await scene.at(minutes=5.02), scene.reads) == ([], 1)
    scene.watch(a_session("c", proven_at=0), FRESH)
    scene.meanwhile = lambda: scene.revocations.tell(ADA, SessionId("c"))
    assert await scene.at(minutes=5.03) == [("c", Ending.SESSION_ENDED)]


# -- the whole sidecar -----------------------------------------------------------------------------


async def test_sign_out_everywhere_cuts_a_running_download(tmp_path: Path) -> None:
    """A download under way while its person signs out everywhere: shows that it breaks at once.

    THREATS 46.
    """
    async with world(tmp_path) as made:
        ada = made.visitor()
        await ada.enroll()
        account = await ada.open("/_sidecar/account")
        async with ada.download("/endless") as body:
            assert await body.readany() == b"first"
            await ada.submit(account, "account/sessions/end-all")
            with pytest.raises(aiohttp.ClientPayloadError):
                await asyncio.wait_for(body.readany(), 5)


async def test_adding_a_method_leaves_the_own_download_alone(tmp_path: Path) -> None:
    """New backup codes end other sessions: shows that what runs in this one goes on."""
    async with world(tmp_path) as made:
        ada = made.visitor()
        await ada.enroll()
        account = await ada.open("/_sidecar/account")
        async with ada.download("/endless") as body:
            assert await body.readany() == b"first"
            made.clock.travel(seconds=30)
            asked = await ada.submit(account, "account/codes")
            shown = await ada.submit(asked, "challenge/answer", code=ada.code())
            done = await ada.submit(shown, "enroll/kept", kept="yes")
            assert done.status == 200
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(body.readany(), 0.3)
