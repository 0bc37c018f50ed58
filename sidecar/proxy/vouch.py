"""What the sidecar vouches for, as a short-lived signed statement to the application."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from sidecar.core.assurance import assess
from sidecar.core.model import Identity, Level, Person, Proof, Session
from sidecar.core.protocols import Clock, RawHeaders
from sidecar.proxy.headers import block

LIFE = timedelta(minutes=5)
RENEWED_BEFORE = timedelta(minutes=2)
"""An assertion is used again while it has at least this long to live."""

MAX_KEPT = 4096
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the group of P-256 (SEC 2 §2.4.2)."""


def signing_key(seed: bytes) -> ECKey:
    """Return the ES256 key of a 32-byte purpose key, the same in every process that has it."""
    scalar = int.from_bytes(hashlib.sha512(seed).digest(), "big") % (_ORDER - 1) + 1
    private = ec.derive_private_key(scalar, ec.SECP256R1())
    public = private.public_key().public_numbers()
    name = hashlib.sha256(public.x.to_bytes(32, "big") + public.y.to_bytes(32, "big"))
    return ECKey.import_key(
        _to_jwk(private), {"kid": name.hexdigest()[:16], "use": "sig", "alg": "ES256"}
    )


def _to_jwk(private: ec.EllipticCurvePrivateKey) -> dict[str, str | list[str]]:
    numbers = private.private_numbers()
    public = numbers.public_numbers
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": _b64(public.x),
        "y": _b64(public.y),
        "d": _b64(numbers.private_value),
    }


def _b64(value: int) -> str:
    return urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode("ascii")


@dataclass(frozen=True, slots=True)
class _Signed:
    person: Person
    proofs: tuple[Proof, ...]
    fields: bytes = field(repr=False)
    renew_at: datetime

    def says(self, person: Person, proofs: tuple[Proof, ...], now: datetime) -> bool:
        return now < self.renew_at and self.proofs == proofs and self.person == person


class Voucher:
    """Signs assertions, once per session, proof set and upstream within their life."""

    def __init__(self, key: ECKey, levels: Mapping[str, Level], clock: Clock) -> None:
        self._key = key
        self._levels = levels
        self._clock = clock
        self._signed: dict[tuple[str, str, str], _Signed] = {}

    def vouch(
        self, identity: Identity, session: Session | None, *, issuer: str, audience: str
    ) -> bytes:
        """Return the header lines that tell the application who this is and what was proven."""
        proofs = session.proofs if session else ()
        key = (session.id if session else identity.person.user_id, issuer, audience)
        now = self._clock()
        signed = self._signed.get(key)
        if signed is None or not signed.says(identity.person, proofs, now):
            headers = self._sign(identity, proofs, issuer=issuer, audience=audience, now=now)
            signed = _Signed(identity.person, proofs, block(headers), now + LIFE - RENEWED_BEFORE)
            self._remember(key, signed)
        return signed.fields

    def _remember(self, key: tuple[str, str, str], signed: _Signed) -> None:
        if len(self._signed) >= MAX_KEPT:
            self._signed.clear()
        self._signed[key] = signed

    def _sign(
        self,
        identity: Identity,
        proofs: tuple[Proof, ...],
        *,
        issuer: str,
        audience: str,
        now: datetime,
    ) -> RawHeaders:
        assurance = assess(proofs, self._levels, now)
        issued = int(now.timestamp())
        claims: dict[str, object] = {
            "iss": issuer,
            "sub": identity.person.subject,
            "realm": identity.person.realm,
            "aud": audience,
            "iat": issued,
            "exp": issued + int(LIFE.total_seconds()),
            "jti": secrets.token_urlsafe(12),
            "acr": assurance.acr,
            "amr": list(assurance.amr),
        }
        if assurance.at is not None:
            claims["auth_time"] = int(assurance.at.timestamp())
        header = {"alg": "ES256", "typ": "assertion+jwt", "kid": self._key.kid}
        token = jwt.encode(header, claims, self._key)
        return (
            (
                b"X-Sidecar-Subject",
                quote(identity.person.subject, safe="!#$&'*+-.^_`|~:/@=").encode(),
            ),
            (b"X-Sidecar-Assertion", token.encode("ascii")),
        )

    def jwks(self) -> dict[str, object]:
        """Return the public keys that verify our assertions (RFC 7517)."""
        return {"keys": [self._key.as_dict(private=False)]}
