"""Keys: whatever is not said and signed as it must be proves nothing."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from plugins.factors.webauthn._base64url import decoded, encoded
from sidecar.conformance.softkey import SoftKey
from sidecar.core.errors import ResponseRejected
from sidecar.core.model import Level, Response
from tests.attacks.keys import ask, begun, enroll, key_of, place, refused
from tests.unit.flows.scene import ADA, Scene


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Scene]:
    """One process over a fresh store."""
    async with place(tmp_path) as made:
        yield made


def changed(response: Response, change: Callable[[dict[str, Any]], None]) -> Response:
    document = json.loads(response["credential"])
    change(document)
    return {"credential": json.dumps(document)}


def flip(part: str, position: int) -> Callable[[dict[str, Any]], None]:
    """Change one bit of a part of the answer."""

    def change(document: dict[str, Any]) -> None:
        data = bytearray(decoded(document["response"][part]))
        data[position] ^= 1
        document["response"][part] = encoded(bytes(data))

    return change


async def test_a_key_opens_what_resists_phishing(here: Scene) -> None:
    """An enrolled key shows a proof of the highest level, and its counter in the store."""
    soft = SoftKey()
    await enroll(here, soft)
    visit, challenge = await ask(here)
    entered = await here.flows.challenges.answer(visit, challenge.id, soft.get(challenge.prompt))
    [proof] = entered.session.proofs
    assert (proof.amr, proof.most) == (("hwk", "pop", "user"), Level.PHISHING_RESISTANT)
    assert (await key_of(here)).sign_count == soft.count == 2


# -- one field is enough ------------------------------------------------------------------------

LIES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"type": "webauthn.create"}, "wrong"),
    ({"challenge": encoded(bytes(32))}, "wrong"),
    ({"origin": "https://evil.example.com"}, "wrong"),
    ({"origin": "https://evil.shop.example.com"}, "wrong"),
    ({"origin": "http://shop.example.com"}, "wrong"),
    ({"client": {"crossOrigin": True}}, "wrong"),
    ({"client": {"topOrigin": "https://evil.example.com"}}, "wrong"),
    ({"rp_id": "example.com"}, "wrong"),
    ({"up": False}, "wrong"),
    ({"uv": False}, "unverified"),
    ({"bs": True}, "wrong"),
    ({"be": True}, "wrong"),
    ({"count": 1}, "cloned"),
    ({"count": 0}, "cloned"),
    ({"signature": b""}, "wrong"),
    ({"signature": b"0" * 70}, "wrong"),
    ({"user_handle": b"somebody else"}, "wrong"),
    ({"id": "b3RoZXI"}, "malformed"),
)


@pytest.mark.conforms(
    "WEBAUTHN-7.2-TYPE",
    "WEBAUTHN-7.2-CHALLENGE",
    "WEBAUTHN-7.2-ORIGIN",
    "WEBAUTHN-7.2-TOP-ORIGIN",
    "WEBAUTHN-7.2-RPID",
    "WEBAUTHN-7.2-UP",
    "WEBAUTHN-7.2-UV",
    "WEBAUTHN-7.2-BACKUP",
    "WEBAUTHN-7.2-COUNTER",
    "WEBAUTHN-7.2-SIGNATURE",
    "WEBAUTHN-7.2-USER",
)
@pytest.mark.threat(61, 63)
@pytest.mark.parametrize(("lie", "reason"), LIES, ids=str)
async def test_a_lie_about_anything_is_refused(
    here: Scene, lie: dict[str, Any], reason: str
) -> None:
    """THREATS 61, 63: each field that lies, rightly signed, shows a refusal that costs nothing."""
    soft = SoftKey()
    await enroll(here, soft)
    visit, challenge = await ask(here)
    assert await refused(here, visit, challenge, soft.get(challenge.prompt, **lie)) == reason


@pytest.mark.conforms("WEBAUTHN-7.2-SIGNATURE")
@pytest.mark.threat(61)
@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
async def test_a_changed_bit_is_refused(here: Scene, part: str) -> None:
    """THREATS 61: a bit changed on the way, in what is signed or in the signature, shows it."""
    soft = SoftKey()
    await enroll(here, soft)
    for position in (0, 10, 33, -1):
        visit, challenge = await ask(here)
        response = changed(soft.get(challenge.prompt), flip(part, position))
        assert await refused(here, visit, challenge, response) in {"wrong", "malformed", "cloned"}


OF_USES = {"be", "count", "signature", "user_handle", "type"}
"""What may be anything at first, or is not said yet."""
LIES_AT_FIRST: tuple[tuple[dict[str, Any], str], ...] = (
    *((lie, reason) for lie, reason in LIES if not lie.keys() & OF_USES),
    ({"type": "webauthn.get"}, "wrong"),
    ({"cose": {1: 2, 3: -47, -1: 8, -2: bytes(32), -3: bytes(32)}}, "unsuitable"),
    ({"cose": {1: 2, 3: -7, -1: 1, -2: bytes(32), -3: bytes(32)}}, "unsuitable"),
    ({"attested": False}, "malformed"),
    ({"credential_id": b"x" * 1024}, "malformed"),
)


@pytest.mark.conforms(
    "WEBAUTHN-7.1-TYPE",
    "WEBAUTHN-7.1-CHALLENGE",
    "WEBAUTHN-7.1-ORIGIN",
    "WEBAUTHN-7.1-TOP-ORIGIN",
    "WEBAUTHN-7.1-RPID",
    "WEBAUTHN-7.1-UP",
    "WEBAUTHN-7.1-UV",
    "WEBAUTHN-7.1-BACKUP",
    "WEBAUTHN-7.1-ALG",
)
@pytest.mark.threat(61, 63)
@pytest.mark.parametrize(("lie", "reason"), LIES_AT_FIRST, ids=str)
async def test_a_key_that_lies_is_never_set_up(
    here: Scene, lie: dict[str, Any], reason: str
) -> None:
    """THREATS 61, 63: each field of a registration that lies shows that nobody has the key."""
    visit, challenge = await begun(here, ADA)
    with pytest.raises(ResponseRejected, match=reason):
        await here.flows.enrollments.finish(
            visit, challenge.id, SoftKey().create(challenge.prompt, **lie)
        )
    assert await here.held() == ()


# -- less than a signature ----------------------------------------------------------------------


@pytest.mark.conforms("WEBAUTHN-7.2-SIGNATURE")
@pytest.mark.threat(62)
async def test_knowing_a_credential_id_is_knowing_nothing(here: Scene) -> None:
    """THREATS 62: the id that every browser is told shows that it opens nothing by itself."""
    soft = SoftKey()
    await enroll(here, soft)
    name = encoded(soft.credential_id)
    thief = SoftKey(credential_id=soft.credential_id, user_handle=soft.user_handle)
    bare = {"id": name, "rawId": name, "type": "public-key"}
    visit, challenge = await ask(here)
    whole = json.loads(thief.get(challenge.prompt)["credential"])["response"]
    for response, reason in (
        ({"credential": name}, "malformed"),
        ({"credential": json.dumps(bare)}, "malformed"),
        ({"credential": json.dumps({**bare, "response": {}})}, "malformed"),
        ({"credential": json.dumps({**bare, "response": {**whole, "signature": ""}})}, "wrong"),
        (thief.get(challenge.prompt), "wrong"),
    ):
        assert await refused(here, visit, challenge, response) == reason
        visit, challenge = await ask(here)
