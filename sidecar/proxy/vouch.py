"""What the sidecar vouches for, as a short-lived signed statement to the application."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote

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

    def __init__(self, keys: Sequence[ECKey], levels: Mapping[str, Level], clock: Clock) -> None:
        """The first key signs; the others signed before, or will once everybody knows them."""
        self._key = keys[0]
        self._keys = keys
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
        return {"keys": [key.as_dict(private=False) for key in self._keys]}
