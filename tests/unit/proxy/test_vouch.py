"""Twin of sidecar/proxy/vouch.py: what an application can rely on, verified as it would."""

import json
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet

from sidecar.core.model import (
    AuthenticatorId,
    Identity,
    Level,
    Person,
    Proof,
    Session,
    SessionId,
    SessionStatus,
)
from sidecar.proxy.vouch import LIFE, MAX_KEPT, Voucher
from sidecar.signing import signing_key
from tests.clock import START, ManualClock

ADA = Identity(Person("app", "ada"), "app_login")
LEVELS = {"totp": Level.TWO_FACTOR}


def session(*proofs: Proof, name: str = "s1") -> Session:
    end = START + timedelta(days=1)
    status = SessionStatus.PROVEN
    return Session(SessionId(name), ADA.person, status, START, end, START, proofs)


def proof(at: datetime = START) -> Proof:
    return Proof("totp", AuthenticatorId("a1"), ("otp",), at)


def voucher(clock: ManualClock | None = None) -> Voucher:
    return Voucher((signing_key(b"k" * 32),), LEVELS, clock or ManualClock())


def vouched(made: Voucher, identity: Identity = ADA, at: Session | None = None) -> bytes:
    return made.vouch(identity, at, issuer="https://app.test", audience="shop")


def fields(lines: bytes) -> dict[bytes, bytes]:
    """Read whole header lines, each with its end."""
    assert lines.endswith(b"\r\n")
    pairs = (line.partition(b": ") for line in lines.split(b"\r\n")[:-1])
    return {name: value for name, _, value in pairs}


def claims(made: Voucher, lines: bytes) -> dict[str, Any]:
    """Verify as an application does, with nothing but the published keys."""
    published = KeySet.import_key_set(made.jwks())  # type: ignore[arg-type]
    token = jwt.decode(fields(lines)[b"X-Sidecar-Assertion"].decode(), published, ["ES256"])
    assert token.header["typ"] == "assertion+jwt"
    return dict(token.claims)


def test_what_is_said() -> None:
    """An assertion shows who, what was proven and when, to whom and for how long."""
    clock = ManualClock()
    made = voucher(clock)
    clock.travel(seconds=5)
    said = claims(made, vouched(made, at=session(proof())))
    assert said.pop("jti")
    issued = int(clock().timestamp())
    assert said == {
        "iss": "https://app.test",
        "sub": "ada",
        "realm": "app",
        "aud": "shop",
        "iat": issued,
        "exp": issued + 300,
        "acr": "aal2",
        "amr": ["otp", "mfa"],
        "auth_time": int(START.timestamp()),
    }


def test_what_one_factor_is_worth() -> None:
    """Without a proof, an assertion shows the lowest level and no time of one."""
    made = voucher()
    for at in (None, session()):
        said = claims(made, vouched(made, at=at))
        assert (said["acr"], said["amr"], "auth_time" in said) == ("aal1", [], False)


def test_signed_once_and_renewed_in_time() -> None:
    """Repeated requests show one signature, never one with less than two minutes to live."""
    clock = ManualClock()
    made = voucher(clock)
    first = vouched(made)
    clock.travel(seconds=179)
    assert vouched(made) is first
    clock.travel(seconds=1)
    again = vouched(made)
    assert again != first
    assert claims(made, again)["exp"] == int((clock() + LIFE).timestamp())


def test_nobody_gets_anothers() -> None:
    """Another person, session, proof, audience or issuer shows another assertion."""
    made = voucher()
    grace = Identity(Person("app", "grace"), "app_login")
    sso = Identity(Person("sso", "ada"), "sso")
    later = proof(START + timedelta(seconds=1))
    seen = {
        vouched(made),
        vouched(made, grace),
        vouched(made, sso),
        vouched(made, at=session(proof())),
        vouched(made, at=session(proof(), name="s2")),
        vouched(made, at=session(later)),
        made.vouch(ADA, None, issuer="https://app.test", audience="other"),
        made.vouch(ADA, None, issuer="https://b.test", audience="shop"),
    }
    assert len(seen) == 8


def test_memory_is_bounded() -> None:
    """More sessions than are kept show that memory does not grow without end."""
    made = voucher()
    first = vouched(made)
    made._signed.update(
        {(str(number), "", ""): next(iter(made._signed.values())) for number in range(MAX_KEPT)}
    )
    vouched(made, at=session(name="new"))
    assert len(made._signed) == 1
    assert vouched(made) != first


def test_subject_is_one_plain_line() -> None:
    """A subject of any letters shows as ASCII without a comma, and no two as the same."""
    made = voucher()
    names = ("a,b", "a%2Cb", "ä", "a b", 'a"b', "a@b", "a;b")
    shown = [
        fields(vouched(made, Identity(Person("r", name), "s")))[b"X-Sidecar-Subject"]
        for name in names
    ]
    assert len(set(shown)) == len(names)
    assert not [one for one in shown if b"," in one or b" " in one or not one.isascii()]
    assert b"a@b" in shown


def test_only_the_public_half_is_published() -> None:
    """The published set shows the key that signs, and its private half nowhere."""
    made = voucher()
    published = KeySet.import_key_set(made.jwks())  # type: ignore[arg-type]
    assert [key.kid for key in published] == [signing_key(b"k" * 32).kid]
    assert '"d"' not in json.dumps(made.jwks())


def test_the_keys_of_before_and_after_are_published() -> None:
    """A rotation shows that what either key signed is verified by what either publishes."""
    old, new = signing_key(b"1" * 32), signing_key(b"2" * 32)
    before, after = (Voucher(keys, LEVELS, ManualClock()) for keys in ((old, new), (new, old)))
    for signed, published in ((before, after), (after, before)):
        lines = vouched(signed)
        assert claims(published, lines) == claims(signed, lines)
    assert [key["kid"] for key in after.jwks()["keys"]] == [new.kid, old.kid]  # type: ignore[attr-defined]
