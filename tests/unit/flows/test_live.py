import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import cast

import aiohttp
import pytest

from sidecar.core.model import Person, Session, SessionId, SessionStatus
from sidecar.core.stores import Store
from sidecar.flows.live import Live
from sidecar.flows.revocations import Revocations
from tests.clock import START
from tests.world import world

ADA, GRACE = Person("shop", "ada"), Person("shop", "grace")


def a_session(which: str, person: Person = ADA) -> Session:
    later = START + timedelta(hours=1)
    status = SessionStatus.PROVEN
    return Session(SessionId(which), person, status, START, later, START)


def live() -> tuple[Live, Revocations]:
    revocations = Revocations(cast("Store", None), lambda: START)
    return Live(revocations), revocations


def test_only_what_runs_for_the_revoked_session_ends() -> None:
    """One session of three is revoked: shows that the others go on."""
    registry, revocations = live()
    ended: list[str] = []
    for which, person in (("a", ADA), ("b", ADA), ("c", GRACE)):
        registry.watch(a_session(which, person), partial(ended.append, which))
    revocations.tell(ADA, SessionId("a"))
    assert ended == ["a"]
    revocations.tell(ADA, None)
    assert ended == ["a", "b"]


def test_what_came_to_its_own_end_is_forgotten() -> None:
    """An exchange that is over: shows that it is not ended a second time."""
    registry, revocations = live()
    ended: list[str] = []
    done = registry.watch(a_session("a"), lambda: ended.append("a"))
    done()
    revocations.tell(ADA, None)
    assert ended == []


def test_forgetting_everything_revokes_nothing() -> None:
    """A feed that starts anew empties the memory: shows that downloads are not cut by it."""
    registry, revocations = live()
    ended: list[str] = []
    registry.watch(a_session("a"), lambda: ended.append("a"))
    revocations.tell(None, None)
    assert ended == []


def test_the_end_of_the_lifetime_ends_what_runs() -> None:
    """An hour later: shows that nothing outlives its session."""
    registry, _ = live()
    ended: list[str] = []
    registry.watch(a_session("a"), lambda: ended.append("a"))
    registry.expire(START + timedelta(minutes=59))
    assert ended == []
    registry.expire(START + timedelta(minutes=60))
    assert ended == ["a"]


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
