"""What belongs to one person is not there for anybody else, nor for another program.

The whole life of a person is led, and before each step somebody else tries the same.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.core.clients import Scope
from tests.api.calling import Api, Reply, api
from tests.api.lives import Life, life
from tests.api.sound import UNKNOWN_ID, Sound
from tests.api.stored import differences, stored
from tests.api.story import RICH, lived
from tests.unit.flows.scene import quick_folder

THINGS = ("authenticator_id", "session_id", "enrollment_id", "challenge_id")
CEREMONIES = {"enrollment_id", "challenge_id"}
OTHER = "mallory"
"""Somebody who has an app, codes, and things of their own."""


def named_in(call: Sound) -> set[str]:
    """Return which things of somebody the call names."""
    return set(THINGS) & {*call.path, *call.query, *(call.body or {})}


def changed(call: Sound, **words: str) -> Sound:
    """Return the call with these words said otherwise, wherever it says them."""

    def other(part: dict[str, object]) -> dict[str, object]:
        return {name: words.get(name, value) for name, value in part.items()}

    body = None if call.body is None else other(call.body)
    path, query = (
        {name: words.get(name, value) for name, value in part.items()}
        for part in (call.path, call.query)
    )
    return replace(call, path=path, query=query, body=body)


class Thief:
    """Tries every call about a thing in somebody else's name, before it is made."""

    def __init__(self, desk: Api, other: Life, token: str) -> None:
        self._desk = desk
        self._other = other
        self._token = token
        self.tried: set[str] = set()

    async def send(self, call: Sound, token: str) -> Reply:
        things = named_in(call)
        if things:
            await self._try(call, token, things)
        return await call.send(self._desk, token=token)

    async def _try(self, call: Sound, token: str, things: set[str]) -> None:
        before = stored(self._desk.folder)
        self.tried.add(call.endpoint.name)
        theirs = changed(call, user_id=OTHER)
        nothing = changed(theirs, **dict.fromkeys(things, UNKNOWN_ID))
        reply = await theirs.send(self._desk, token=token)
        assert reply.status in {404, 410}, (call.endpoint.name, reply.status, reply.raw)
        unknown = await nothing.send(self._desk, token=token)
        assert same(reply) == same(unknown), call.endpoint.name
        if things & CEREMONIES:
            reply = await call.send(self._desk, token=self._token)
            assert reply.told == (410, "challenge-gone"), (call.endpoint.name, reply.raw)
        assert differences(before, stored(self._desk.folder)) == [], call.endpoint.name


def same(reply: Reply) -> tuple[object, ...]:
    """Return what could tell one answer from another."""
    said = {name: value for name, value in reply.said.items() if name != "request_id"}
    return reply.status, said, sorted(reply.headers)


@pytest.mark.threat(35, 45, 60)
@pytest.mark.conforms("ASVS-8.2.2")
async def test_nobody_reaches_what_is_anothers() -> None:
    """THREATS 35, 45, 60: every id of a person's things shows nothing under another's name, just
    as an id that was never there, and a ceremony nothing to another program; nothing changes, and
    its owner goes on.
    """
    with quick_folder() as folder:
        async with api(folder, RICH) as desk:
            other = await life(desk, OTHER)
            token, _ = await desk.client(name="another program")
            thief = Thief(desk, other, token)
            story = await lived(desk, thief.send)
    about = {"readAuthenticator", "changeAuthenticator", "approveAuthenticator"}
    about |= {"removeAuthenticator", "endSession", "resendChallenge", "verifyChallenge"}
    about |= {"verifyTotp", "finishEnrollment", "resendEnrollment"}
    assert thief.tried == about
    assert len(story.told) > 40


@pytest.mark.conforms("ASVS-8.2.2")
async def test_ids_are_of_one_kind(folder: Path) -> None:
    """An id of one kind in the place of another shows nothing: a challenge is no enrollment."""
    async with api(folder, RICH) as desk:
        one = await life(desk, "ada")
        challenge = await one.challenge()
        for name in ("finishEnrollment", "resendEnrollment"):
            how = {"path": {"enrollment_id": challenge}}
            more = {"code": "123456"} if name == "finishEnrollment" else {}
            await one.call(name, more, status=410, **how)
        more = {"enrollment_id": challenge, "code": one.next_code()}
        await one.call("verifyTotp", more, status=410)
        for which in (challenge, one.authenticator):
            reply = await one.call("decideRecovery", {"recovery_id": which}, status=404)
            assert reply.slug == "not-found"
        await one.call("verifyChallenge", {"challenge_id": challenge, "code": one.code()})


async def test_a_program_does_not_decide_what_it_asked_for(folder: Path) -> None:
    """Who asks for a recovery and who approves it show to be two, whatever one of them may do."""
    async with api(folder) as desk:
        one = await life(desk, "ada")
        asked = (await one.call("requestRecovery", {"reason": "lost"})).said
        more = {"recovery_id": asked["recovery_id"]}
        assert (await one.call("decideRecovery", more, status=403)).slug == "access-denied"
        other, _ = await desk.client([Scope.RECOVERY_APPROVE], name="robot")
        await one.call("decideRecovery", more, token=other)
