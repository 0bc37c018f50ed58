"""The test vectors of Web Authentication Level 3, section 16, through both ceremonies.

`tests/data/webauthn-l3-vectors.json` is taken from the specification; it says from which version.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fido2 import cbor
from fido2.webauthn import AttestationObject

from plugins.factors.webauthn import Webauthn
from plugins.factors.webauthn._base64url import encoded
from plugins.factors.webauthn._rules import Asked, recalled
from sidecar.core.model import Enrolled, PublicKey, Rejected, Response, Verified
from tests.plugins.factors.keys import ADA, Owner, authenticator, webauthn

SUITE = json.loads((Path(__file__).parents[3] / "data" / "webauthn-l3-vectors.json").read_text())
VECTORS: list[dict[str, Any]] = SUITE["vectors"]
EMBEDDED = ("crossOrigin", "topOrigin")
ALGORITHMS = ("ES256", "ES384", "ES512", "RS256", "EdDSA", "Ed448")

Vector = dict[str, Any]


def factor(**options: object) -> Webauthn:
    named = {"rp_id": SUITE["rp_id"], "algorithms": ALGORITHMS, **options}
    return webauthn(at=SUITE["origin"], **named)


def is_embedded(vector: Vector) -> bool:
    return any(word in vector["title"] for word in EMBEDDED)


def suiting(vector: Vector, **options: object) -> Webauthn:
    if is_embedded(vector):
        return factor(cross_origin=True, top_origins=[SUITE["top_origin"]], **options)
    return factor(**options)


def state(challenge: str) -> bytes:
    written = encoded(bytes.fromhex(challenge))
    return Asked(written, ADA.realm, ADA.subject, "dXNlcg", verify=False).to_bytes()


def text(value: str) -> str:
    return encoded(bytes.fromhex(value))


def credential_id(vector: Vector) -> str:
    attested = AttestationObject(bytes.fromhex(vector["registration"]["attestationObject"]))
    made = attested.auth_data.credential_data
    assert made is not None
    return encoded(made.credential_id)


def posted(name: str, **inner: str) -> Response:
    document = {"id": name, "rawId": name, "type": "public-key", "response": inner}
    return {"credential": json.dumps({**document, "clientExtensionResults": {}})}


def created(vector: Vector) -> Response:
    parts = vector["registration"]
    inner = {name: text(parts[name]) for name in ("clientDataJSON", "attestationObject")}
    return posted(credential_id(vector), **inner)


def got(vector: Vector) -> Response:
    parts = vector["authentication"]
    inner = {name: text(value) for name, value in parts.items() if name != "challenge"}
    return posted(credential_id(vector), **inner)


async def register(owner: Owner, vector: Vector) -> Enrolled | Rejected:
    begun = replace(await owner.to_enroll(), state=state(vector["registration"]["challenge"]))
    return await owner.finish(begun, created(vector))


async def registered(vector: Vector) -> Owner:
    owner = Owner(suiting(vector))
    outcome = await register(owner, vector)
    assert isinstance(outcome, Enrolled), outcome
    assert isinstance(outcome.material, PublicKey)
    owner.held = (authenticator(outcome.material),)
    return owner


async def authenticate(owner: Owner, vector: Vector) -> Verified | Rejected:
    begun = replace(await owner.asked(), state=state(vector["authentication"]["challenge"]))
    return await owner.answer(begun, got(vector))


@pytest.mark.conforms("ASVS-6.3.3", "WEBAUTHN-16")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["anchor"])
async def test_every_vector_registers_and_authenticates(vector: Vector) -> None:
    """Each of the 15 credentials shows that it is taken, and that its assertion is verified."""
    owner = await registered(vector)
    outcome = await authenticate(owner, vector)
    assert isinstance(outcome, Verified), outcome
    assert outcome.amr[1:] == ("pop", "user")
    assert len(VECTORS) == 15


@pytest.mark.conforms("WEBAUTHN-7.1-TOP-ORIGIN", "WEBAUTHN-7.2-TOP-ORIGIN")
@pytest.mark.threat(63)
@pytest.mark.parametrize(
    "vector", [vector for vector in VECTORS if is_embedded(vector)], ids=lambda item: item["anchor"]
)
async def test_embedding_pages_are_refused_unless_configured(vector: Vector) -> None:
    """Answers out of an embedded page show that they count only where the operator says so."""
    strict = Owner(factor())
    assert await register(strict, vector) == Rejected("wrong", over=True)
    strict.held = (await registered(vector)).held
    assert await authenticate(strict, vector) == Rejected("wrong", over=True)
    if "topOrigin" in vector["title"]:
        other = Owner(factor(cross_origin=True, top_origins=["https://other.example"]))
        assert await register(other, vector) == Rejected("wrong", over=True)
        nobodys = Owner(factor(cross_origin=True))
        assert await register(nobodys, vector) == Rejected("wrong", over=True)


@pytest.mark.conforms("WEBAUTHN-7.1-ALG")
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["anchor"])
async def test_only_algorithms_that_were_asked_for_are_taken(vector: Vector) -> None:
    """Each vector shows that its key is refused where its algorithm was not requested."""
    other = "RS256" if "RS256" not in vector["title"] else "ES256"
    narrow = Owner(suiting(vector, algorithms=[other]))
    assert await register(narrow, vector) == Rejected("unsuitable", over=True)


# -- one bit is enough --------------------------------------------------------------------------

NONE_ES256 = VECTORS[0]


def flips(data: bytes, first: int = 0, last: int | None = None) -> Iterator[bytes]:
    """Yield the bytes with one bit changed: in every position, each time another bit."""
    for position in range(first, len(data) if last is None else last):
        changed = bytearray(data)
        changed[position] ^= 1 << (position * 5 % 8)
        yield bytes(changed)


def span(client: bytes, member: str) -> tuple[int, int]:
    """Where the value of a member stands in the client data."""
    value = json.loads(client)[member]
    start = client.index(f'"{member}":"'.encode()) + len(member) + 4
    return start, start + len(value)


def with_part(response: Response, name: str, value: bytes) -> Response:
    document = json.loads(response["credential"])
    document["response"][name] = encoded(value)
    return {"credential": json.dumps(document)}


@pytest.mark.conforms("WEBAUTHN-7.2-SIGNATURE")
@pytest.mark.threat(61)
@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
async def test_a_flipped_bit_of_an_assertion_is_refused(part: str) -> None:
    """Shows that a bit changed anywhere in what is signed, or in the signature, is refused."""
    owner = await registered(NONE_ES256)
    begun = replace(await owner.asked(), state=state(NONE_ES256["authentication"]["challenge"]))
    right = got(NONE_ES256)
    assert isinstance(await owner.answer(begun, right), Verified)
    for changed in flips(bytes.fromhex(NONE_ES256["authentication"][part])):
        outcome = await owner.answer(begun, with_part(right, part, changed))
        assert isinstance(outcome, Rejected), changed
        assert outcome.over
        assert outcome.reason in {"wrong", "malformed"}


@pytest.mark.conforms("WEBAUTHN-7.1-TYPE", "WEBAUTHN-7.1-CHALLENGE", "WEBAUTHN-7.1-ORIGIN")
@pytest.mark.threat(61)
@pytest.mark.parametrize("member", ["type", "challenge", "origin"])
async def test_a_flipped_bit_of_the_client_data_of_a_registration_is_refused(member: str) -> None:
    """Shows that what no signature covers is compared whole: type, challenge and origin."""
    owner = Owner(factor())
    begun = replace(await owner.to_enroll(), state=state(NONE_ES256["registration"]["challenge"]))
    right, client = created(NONE_ES256), NONE_ES256["registration"]["clientDataJSON"]
    start, end = span(bytes.fromhex(client), member)
    for changed in flips(bytes.fromhex(client), start, end):
        outcome = await owner.finish(begun, with_part(right, "clientDataJSON", changed))
        assert isinstance(outcome, Rejected), changed
        assert outcome.over


@pytest.mark.conforms("WEBAUTHN-7.1-RPID", "WEBAUTHN-7.1-UP")
@pytest.mark.threat(61)
async def test_a_flipped_bit_of_the_authenticator_data_of_a_registration_is_refused() -> None:
    """Shows that host, presence, credential id and key are compared or checked, bit by bit."""
    owner = Owner(factor())
    begun = replace(await owner.to_enroll(), state=state(NONE_ES256["registration"]["challenge"]))
    attested = AttestationObject(bytes.fromhex(NONE_ES256["registration"]["attestationObject"]))
    data, right = bytes(attested.auth_data), created(NONE_ES256)
    counter, model = range(33, 37), range(37, 53)
    for position, changed in enumerate(flips(data)):
        whole = cbor.encode({"fmt": "none", "authData": changed, "attStmt": {}})
        outcome = await owner.finish(begun, with_part(right, "attestationObject", whole))
        what_a_key_says_of_itself = position in {*counter, *model}
        assert isinstance(outcome, Enrolled) is what_a_key_says_of_itself, position


@pytest.mark.conforms("WEBAUTHN-7.2-ALLOWED")
@pytest.mark.threat(61)
async def test_a_flipped_bit_of_the_credential_id_names_nobodys_key() -> None:
    """Shows that an id with any bit changed is another credential, which nobody holds."""
    owner = await registered(NONE_ES256)
    begun = replace(await owner.asked(), state=state(NONE_ES256["authentication"]["challenge"]))
    key = owner.held[0].material
    assert isinstance(key, PublicKey)
    for changed in flips(key.credential_id):
        document = json.loads(got(NONE_ES256)["credential"])
        document["id"] = document["rawId"] = encoded(changed)
        outcome = await owner.answer(begun, {"credential": json.dumps(document)})
        assert outcome == Rejected("unknown-key", over=True)
    assert recalled(begun.state).verify is False
