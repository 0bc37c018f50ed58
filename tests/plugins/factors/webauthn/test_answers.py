"""Twin of plugins/factors/webauthn/_answers.py."""

import json
import tracemalloc
from collections.abc import Mapping
from typing import Any

import pytest
from fido2 import cbor
from hypothesis import given
from hypothesis import strategies as st

from plugins.factors.webauthn._answers import (
    MAX_CHARACTERS,
    MAX_CREDENTIAL_ID,
    MAX_TRANSPORTS,
    assertion_of,
    registration_of,
)
from plugins.factors.webauthn._base64url import encoded
from sidecar.conformance.softkey import SoftKey
from sidecar.core.model import Prompt

CREATE = Prompt(
    "webauthn_enrollment",
    {"options": '{"rp":{"id":"shop.example.com"},"user":{"id":"dXNlcg"},"challenge":"YWJj"}'},
)
GET = Prompt("webauthn", {"options": '{"rpId":"shop.example.com","challenge":"YWJj"}'})
SOFT = SoftKey()
AUTH_DATA = SOFT.registration_data(SOFT.manner, "shop.example.com")
DEEP = 5_000


def created(**lies: Any) -> str:  # noqa: ANN401 - `Manner`
    return SOFT.create(CREATE, **lies)["credential"]


def got(**lies: Any) -> str:  # noqa: ANN401 - `Manner`
    return SOFT.get(GET, **lies)["credential"]


def attested(whole: object) -> str:
    raw = whole if isinstance(whole, bytes) else cbor.encode(whole)  # type: ignore[arg-type]  # any map
    return created(members={"attestationObject": encoded(raw)})


def test_a_registration_is_read() -> None:
    """What a browser posts shows its client data, its credential and what it says of itself."""
    told = registration_of(created(client={"future": [1]}))
    assert told is not None
    assert (told.client.type, told.client.challenge) == ("webauthn.create", "YWJj")
    assert (told.client.cross_origin, told.client.top_origin) == (False, None)
    assert told.made.credential_id == SOFT.credential_id
    assert (told.transports, told.discoverable) == (("usb", "nfc"), True)


def test_an_assertion_is_read() -> None:
    """What a browser posts shows its client data, what is signed, and whose key it is."""
    told = assertion_of(got())
    assert told is not None
    assert (told.client.type, told.credential_id) == ("webauthn.get", SOFT.credential_id)
    assert told.user_handle == b"user"
    assert told.data.is_user_present()


def test_unknown_transports_are_kept_and_odd_ones_are_not() -> None:
    """Shows that what is handed to browsers again are few short words, each once."""
    odd = ("smart-card", "usb", "usb", "x" * 33, "<b>", "ü", "", "-", "quantum")
    told = registration_of(created(transports=odd))
    assert told is not None
    assert told.transports == ("smart-card", "usb", "quantum")
    many = registration_of(created(transports=tuple(f"t{number}" for number in range(99))))
    assert many is not None
    assert len(many.transports) == MAX_TRANSPORTS


@pytest.mark.threat(63)
@pytest.mark.parametrize(
    ("outputs", "discoverable"),
    [
        ({}, None),
        ({"credProps": {}}, None),
        ({"credProps": {"rk": False}}, False),
        ({"appid": True, "largeBlob": {"blob": "x"}, "prf": [[]], "uvm": None}, None),
    ],
    ids=str,
)
def test_only_the_extension_that_was_asked_for_is_looked_at(
    outputs: Mapping[str, object], discoverable: bool | None
) -> None:
    """Outputs of other extensions, from browser or key, show that nothing comes of them."""
    told = registration_of(created(outputs=outputs, extensions={"credProtect": 3, "future": "x"}))
    assert told is not None
    assert told.discoverable is discoverable
    assert assertion_of(got(outputs=outputs, extensions={"hmac-secret": b"x"})) is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "[" * 100_000,
        '{"id":' * DEEP,
        " " * (MAX_CHARACTERS + 1) + "{}",
        created(id="b3RoZXI"),
        created(id=encoded(SOFT.credential_id) + "="),
        created(credential_id=b""),
        created(credential_id=b"x" * (MAX_CREDENTIAL_ID + 1)),
        created(attested=False),
        created(outputs={"credProps": {"rk": "yes"}}),
        created(outputs=[]),
        created(transports=(1,)),
        created(members={"clientDataJSON": "!"}),
        created(members={"clientDataJSON": encoded(b"\xff{}")}),
        created(members={"clientDataJSON": encoded(b"{}")}),
        created(members={"clientDataJSON": encoded(b"[" * DEEP)}),
        created(members={"attestationObject": None}),
        created(client={"crossOrigin": "no"}),
        created(client={"origin": 1}),
        created(client={"challenge": None}),
        created().replace('"public-key"', '"password"'),
        attested({"fmt": "none", "attStmt": {}}),
        attested({"fmt": 1, "attStmt": {}, "authData": AUTH_DATA}),
        attested({"fmt": "none", "attStmt": [], "authData": AUTH_DATA}),
        attested({"fmt": "none", "attStmt": {}, "authData": AUTH_DATA + b"x"}),
        attested({"fmt": "none", "attStmt": {}, "authData": AUTH_DATA[:-1]}),
        attested({"fmt": "none", "attStmt": {}, "authData": b""}),
        attested([AUTH_DATA]),
        attested(b"\x81" * DEEP),
        attested(b"\x9b" + b"\xff" * 8),
        attested(b""),
        attested(b"\xf9\x00\x00"),
    ],
)
def test_other_registrations_are_none(text: str) -> None:
    """Shows that whatever is no registration is told as that, and nothing raises."""
    assert registration_of(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[" * 100_000,
        "1" * (MAX_CHARACTERS + 1),
        created(),
        got(id="b3RoZXI"),
        got(members={"authenticatorData": "AA"}),
        got(members={"authenticatorData": ""}),
        got(members={"signature": None}),
        got(members={"userHandle": 5}),
        got(members={"clientDataJSON": encoded(b"\xef\xbb\xbf{}")}),
        got(client={"topOrigin": ["https://example.com"]}),
    ],
)
def test_other_assertions_are_none(text: str) -> None:
    """Shows that whatever is no assertion is told as that."""
    assert assertion_of(text) is None


@pytest.mark.conforms("WEBAUTHN-7.1-ID-LENGTH")
def test_ids_have_a_longest() -> None:
    """An id of 1023 bytes shows that it is read, and one of 1024 that it is not."""
    longest = registration_of(created(credential_id=b"x" * 1023))
    assert longest is not None
    assert len(longest.made.credential_id) == MAX_CREDENTIAL_ID == 1023
    assert registration_of(created(credential_id=b"x" * 1024)) is None


def test_a_number_never_becomes_as_many_bytes() -> None:
    """A number where bytes belong shows that no memory is taken for it."""
    huge = attested({"fmt": "none", "attStmt": {}, "authData": 500_000_000})
    tracemalloc.start()
    assert registration_of(huge) is None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("AAAA"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
PLACES = st.sampled_from(
    [
        *(("id",), ("rawId",), ("type",), ("clientExtensionResults",), ("response",)),
        *(("response", name) for name in json.loads(created())["response"]),
    ]
)


@given(PLACES, JSON)
def test_anything_anywhere_is_read_or_refused(place: tuple[str, ...], value: object) -> None:
    """Any JSON in any place of a registration shows that nothing is raised."""
    document = json.loads(created())
    part = document
    for name in place[:-1]:
        part = part[name]
    part[place[-1]] = value
    registration_of(json.dumps(document))
    assertion_of(json.dumps(document))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(noise: bytes) -> None:
    """Any bytes as attestation, client or authenticator data show that nothing is raised."""
    text = encoded(noise)
    assert registration_of(created(members={"attestationObject": text})) is None
    assert assertion_of(got(members={"clientDataJSON": text})) is None
    assertion_of(got(members={"authenticatorData": text}))
