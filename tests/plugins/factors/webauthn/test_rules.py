"""Twin of plugins/factors/webauthn/_rules.py."""

from dataclasses import replace
from hashlib import sha256

import pytest
from fido2.webauthn import AuthenticatorData
from hypothesis import given
from hypothesis import strategies as st

from plugins.factors.webauthn._answers import ClientData
from plugins.factors.webauthn._rules import CREATE, GET, Asked, Rules, recalled, refused
from sidecar.core.model import Person, Rejected

ADA = Person("shop", "ada")
HASH = sha256(b"shop.example.com").digest()
ASKED = Asked("Y2hhbGxlbmdl", "shop", "ada", "dXNlcg", verify=False)
RULES = Rules(
    HASH,
    frozenset({"https://shop.example.com", "https://shop.example.com:8443"}),
    cross_origin=False,
    top_origins=frozenset(),
)
PORTAL = "https://portal.example.org"
EMBEDDED = replace(RULES, cross_origin=True, top_origins=frozenset({PORTAL}))
UP, UV, BE, BS = (1 << bit for bit in (0, 2, 3, 4))


def client(**changes: object) -> ClientData:
    said = {"type": GET, "challenge": ASKED.challenge, "origin": "https://shop.example.com"}
    return ClientData.model_validate({**said, **changes})


def data(flags: int = UP, rp_id_hash: bytes = HASH) -> AuthenticatorData:
    return AuthenticatorData(rp_id_hash + bytes([flags]) + bytes(4))


def judge(
    said: ClientData | None = None,
    there: AuthenticatorData | None = None,
    *,
    rules: Rules = RULES,
    asked: Asked = ASKED,
    person: Person = ADA,
    what: str = GET,
) -> Rejected | None:
    return rules.judge(asked, person, said or client(), data=there or data(), what=what)


def test_the_right_answer_is_one() -> None:
    """What was asked, by one of our pages, with somebody there, shows no fault."""
    assert judge() is None
    assert judge(client(origin="https://shop.example.com:8443")) is None
    assert judge(client(type=CREATE), what=CREATE) is None


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30), st.booleans())
def test_what_is_remembered_is_recalled(
    challenge: str, realm: str, subject: str, verify: bool
) -> None:
    """Any ceremony shows that its state says the same when it is answered."""
    asked = Asked(challenge, realm, subject, challenge, verify)
    assert recalled(asked.to_bytes()) == asked


@pytest.mark.conforms("WEBAUTHN-7.2-TYPE", "WEBAUTHN-7.2-CHALLENGE")
@pytest.mark.threat(61)
@pytest.mark.parametrize(
    "said",
    [
        {"type": CREATE},
        {"type": "payment.get"},
        {"type": ""},
        {"challenge": ""},
        {"challenge": "Y2hhbGxlbmdm"},
        {"challenge": "Y2hhbGxlbmdl="},
        {"challenge": "é"},
    ],
    ids=str,
)
def test_other_questions_are_not_ours(said: dict[str, object]) -> None:
    """Another type and another challenge, in any spelling, show that they are refused."""
    assert judge(client(**said)) == refused()


@pytest.mark.conforms("NIST-VNB-1", "NIST-PHIRES-1", "WEBAUTHN-7.2-ORIGIN", "NIST-PHIRES-2")
@pytest.mark.threat(63)
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.shop.example.com",
        "https://example.com",
        "https://shop.example.com.evil.org",
        "http://shop.example.com",
        "https://shop.example.com:443",
        "https://shop.example.com/",
        "https://SHOP.example.com",
        "https://shop.example.com:8444",
        "null",
        "",
    ],
)
def test_other_pages_are_not_ours(origin: str) -> None:
    """Origins below, above and like ours show that only exactly ours may ask."""
    assert judge(client(origin=origin)) == refused()


@pytest.mark.conforms("WEBAUTHN-7.2-TOP-ORIGIN")
@pytest.mark.threat(63)
def test_embedded_pages_ask_only_where_they_may() -> None:
    """Shows that an embedding page counts only where the operator names it, or none is told."""
    told, untold = client(crossOrigin=True, topOrigin=PORTAL), client(crossOrigin=True)
    assert judge(told) == judge(untold) == judge(client(topOrigin=PORTAL)) == refused()
    assert judge(told, rules=EMBEDDED) is None
    assert judge(untold, rules=EMBEDDED) is None
    other = client(crossOrigin=True, topOrigin="https://other.example.org")
    assert judge(other, rules=EMBEDDED) == refused()
    assert judge(client(origin=PORTAL, crossOrigin=True), rules=EMBEDDED) == refused()


@pytest.mark.conforms("NIST-VNB-2", "WEBAUTHN-7.2-RPID", "NIST-PHIRES-2")
@pytest.mark.threat(61)
def test_another_host_is_not_ours() -> None:
    """The hash of another rp_id shows that the key was asked for somebody else."""
    for rp_id in (b"example.com", b"evil.example", b""):
        assert judge(there=data(rp_id_hash=sha256(rp_id).digest())) == refused()


@pytest.mark.conforms("NIST-AI-1", "WEBAUTHN-7.2-UP", "WEBAUTHN-7.2-UV")
@pytest.mark.threat(61)
@pytest.mark.parametrize("flags", range(256))
def test_flags_mean_what_they_say(flags: int) -> None:
    """Every combination of flags shows: somebody is there, and only copies can be backed up."""
    if flags & 0xC0:  # more would have to follow
        return
    good = flags & UP and (flags & BE or not flags & BS)
    assert judge(there=data(flags)) == (None if good else refused())
    strict = judge(there=data(flags), asked=replace(ASKED, verify=True))
    verified = None if flags & UV else refused("unverified")
    assert strict == (verified if good else refused())


@pytest.mark.threat(63)
def test_a_ceremony_is_one_persons() -> None:
    """The state of one person's ceremony shows that it is nobody else's, in whatever realm."""
    for person in (Person("shop", "eve"), Person("office", "ada"), Person("sho", "pada")):
        assert judge(person=person) == refused()


@pytest.mark.threat(63)
def test_every_rejection_uses_the_challenge_up() -> None:
    """Shows that no answer leaves its challenge open for another try."""
    assert refused().over
    assert refused("unverified") == Rejected("unverified", over=True)
