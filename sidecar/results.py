"""What a challenge at the API proved, as a signed statement to the program that asked for it.

Of another type than assertions and for another audience, so that neither passes for the other.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from joserfc import jwt
from joserfc.jwk import ECKey

from sidecar.core.clients import ApiClient
from sidecar.core.model import Person
from sidecar.core.protocols import Clock
from sidecar.flows.requested import Proven

LIFE: Final = timedelta(minutes=5)
TYPE: Final = "challenge-result+jwt"
"""`typ` of the header: says what kind of statement it is (RFC 8725 §3.11)."""


class Results:
    """Signs results with the key of the assertions."""

    def __init__(self, key: ECKey, issuer: str, clock: Clock) -> None:
        self._key = key
        self._issuer = issuer
        self._clock = clock

    def sign(self, client: ApiClient, person: Person, proven: Proven) -> str:
        """Return a JWT that tells this client alone, for five minutes, what was proven."""
        issued = int(self._clock().timestamp())
        claims: dict[str, object] = {
            "iss": self._issuer,
            "sub": person.subject,
            "realm": person.realm,
            "aud": client.id,
            "iat": issued,
            "exp": issued + int(LIFE.total_seconds()),
            "jti": secrets.token_urlsafe(12),
            "acr": proven.assurance.acr,
            "amr": list(proven.assurance.amr),
            "auth_time": int(proven.proof.at.timestamp()),
            "challenge_id": proven.challenge,
            "factor": proven.proof.factor,
            **_action(proven.action),
        }
        return jwt.encode({"alg": "ES256", "typ": TYPE, "kid": self._key.kid}, claims, self._key)


def _action(action: str) -> Mapping[str, object]:
    return {"action": action} if action else {}
