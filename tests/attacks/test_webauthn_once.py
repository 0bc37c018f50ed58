"""Keys: each signature counts once, and for one person only."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from sidecar.conformance.softkey import SoftKey
from sidecar.core.errors import ChallengeGone, Conflict, ResponseRejected, SidecarError
from tests.attacks.keys import ask, begun, enroll, key_of, place, refused
from tests.unit.flows.scene import GRACE, Scene


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Scene]:
    """One process over a fresh store."""
    async with place(tmp_path) as made:
        yield made


@pytest.mark.threat(63)
@pytest.mark.conforms("NIST-SFCVER-3", "ASVS-6.7.2", "WEBAUTHN-7.2-CHALLENGE")
async def test_a_signature_counts_once(here: Scene) -> None:
    """THREATS 63: an answer that was taken shows that no challenge takes it again."""
    soft = SoftKey()
    await enroll(here, soft)
    visit, challenge = await ask(here)
    response = soft.get(challenge.prompt)
    await here.flows.challenges.answer(visit, challenge.id, response)
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, challenge.id, response)
    visit, challenge = await ask(here)
    with pytest.raises(ResponseRejected, match="wrong"):
        await here.flows.challenges.answer(visit, challenge.id, response)


@pytest.mark.threat(63)
async def test_a_challenge_is_burned_by_a_failure(here: Scene) -> None:
    """THREATS 63: after any wrong answer the right one shows that it comes too late."""
    soft = SoftKey()
    await enroll(here, soft)
    for wrong in ({}, {"credential": "{}"}, {"credential": "["}):
        visit, challenge = await ask(here)
        right = soft.get(challenge.prompt)
        with pytest.raises(ResponseRejected, match="malformed"):
            await here.flows.challenges.answer(visit, challenge.id, wrong)
        with pytest.raises(ChallengeGone):
            await here.flows.challenges.answer(visit, challenge.id, right)


@pytest.mark.conforms("WEBAUTHN-7.2-CHALLENGE")
@pytest.mark.threat(63)
@pytest.mark.parametrize("counting", [True, False])
async def test_fifty_answers_at_once_are_one_success(here: Scene, counting: bool) -> None:
    """THREATS 63: one signature posted 50 times at once shows one proof, counter or none."""
    soft = SoftKey() if counting else SoftKey(count=0)
    await enroll(here, soft)
    visit, challenge = await ask(here)
    response = soft.get(challenge.prompt)

    async def one() -> bool:
        try:
            await here.flows.challenges.answer(visit, challenge.id, response)
        except SidecarError:
            return False
        return True

    assert sum(await asyncio.gather(*(one() for _ in range(50)))) == 1
    assert (await here.events()).count("challenge.verified") == 1


@pytest.mark.threat(63)
async def test_a_key_is_one_persons(here: Scene) -> None:
    """THREATS 63: another person's key, challenge and session show that none answers for mine."""
    ada, grace = SoftKey(), SoftKey()
    await enroll(here, ada)
    await enroll(here, grace, GRACE)
    visit, challenge = await ask(here)
    hers, herself = await ask(here, GRACE)
    right = ada.get(challenge.prompt)
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(hers, challenge.id, right)
    assert await refused(here, hers, herself, right) == "unknown-key"
    assert await refused(here, visit, challenge, grace.get(challenge.prompt)) == "unknown-key"
    visit, challenge = await ask(here)
    posing = grace.get(challenge.prompt, credential_id=ada.credential_id, user_handle=b"")
    assert await refused(here, visit, challenge, posing) == "wrong"
    other, _ = await here.enter()
    _, challenge = await ask(here)
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(other, challenge.id, ada.get(challenge.prompt))


@pytest.mark.conforms("WEBAUTHN-7.1-ID-UNIQUE")
@pytest.mark.threat(63)
async def test_a_key_is_registered_to_one_person(here: Scene) -> None:
    """THREATS 63: a credential that somebody has shows that nobody else can register it."""
    soft = SoftKey()
    await enroll(here, soft)
    visit, challenge = await begun(here, GRACE)
    with pytest.raises((Conflict, ResponseRejected), match="already-registered"):
        await here.flows.enrollments.finish(visit, challenge.id, soft.create(challenge.prompt))
    assert await here.held(GRACE) == ()
    assert (await key_of(here)).credential_id == soft.credential_id


@pytest.mark.threat(63)
async def test_a_registration_is_no_answer(here: Scene) -> None:
    """THREATS 63: what made a key and what uses it show that neither stands for the other."""
    soft = SoftKey()
    await enroll(here, soft)
    visit, challenge = await ask(here)
    options = json.loads(str(challenge.prompt.data["options"]))
    asked = {"rp": {"id": options["rpId"]}, "user": {"id": ""}, "challenge": options["challenge"]}
    prompt = replace(challenge.prompt, data={"options": json.dumps(asked)})
    handle = soft.user_handle
    posted = soft.create(prompt)
    soft.user_handle = handle
    assert await refused(here, visit, challenge, posted) == "malformed"


@pytest.mark.threat(63)
async def test_extensions_that_nobody_asked_for_do_nothing(here: Scene) -> None:
    """THREATS 63: outputs of any extension show that they neither help nor harm."""
    soft = SoftKey()
    await enroll(here, soft)
    visit, challenge = await ask(here)
    odd = {"appid": True, "prf": {"enabled": True}, "devicePubKey": {"signature": "AA"}}
    response = soft.get(challenge.prompt, outputs=odd, extensions={"uvm": [[2, 4, 2]]})
    entered = await here.flows.challenges.answer(visit, challenge.id, response)
    assert entered.session.proofs[0].amr == ("hwk", "pop", "user")
    assert set((await key_of(here)).state) == {
        *("aaguid", "be", "bs", "discoverable", "format", "rp_id", "transports"),
        *("trusted", "user_id", "uv"),
    }


@pytest.mark.conforms("WEBAUTHN-7.2-COUNTER")
@pytest.mark.threat(63)
async def test_a_copy_is_refused_wherever_it_is_used(here: Scene) -> None:
    """THREATS 63: after the true key was used, its copy shows that the store knows better."""
    true = SoftKey()
    await enroll(here, true)
    copy = SoftKey(credential_id=true.credential_id, count=true.count + 1)
    copy.private, copy.user_handle = true.private, true.user_handle
    visit, challenge = await ask(here)
    await here.flows.challenges.answer(visit, challenge.id, true.get(challenge.prompt))
    count = (await key_of(here)).sign_count
    visit, challenge = await ask(here)
    with pytest.raises(ResponseRejected, match="cloned"):
        await here.flows.challenges.answer(visit, challenge.id, copy.get(challenge.prompt))
    assert (await key_of(here)).sign_count == count
