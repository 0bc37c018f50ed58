"""What holds for both ceremonies: who was asked, by which page, for which host, and who was there.

Source: WebAuthn L3 §7.1 steps 7 to 18, §7.2 steps 10 to 19.
"""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from fido2.webauthn import AuthenticatorData
from pydantic import TypeAdapter

from sidecar.core.model import Person, Rejected

from ._answers import ClientData

CREATE: Final = "webauthn.create"
GET: Final = "webauthn.get"


def refused(reason: str = "wrong") -> Rejected:
    """Return the rejection; the challenge is used up by any answer, as it signs only one."""
    return Rejected(reason, over=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a ceremony remembers until it is answered."""

    challenge: str
    """As it was written to the browser: base64url."""
    realm: str
    subject: str
    """Another person's answer would otherwise do where states are mixed up."""
    user_id: str
    """The person's id in their keys, which a new one is told."""
    verify: bool
    """The key must have verified its user by PIN or biometric."""

    def to_bytes(self) -> bytes:
        return _ASKED.dump_json(self)


_ASKED: Final = TypeAdapter(Asked)


def recalled(state: bytes) -> Asked:
    return _ASKED.validate_json(state)


@dataclass(frozen=True, slots=True)
class Rules:
    """What every answer must hold to."""

    rp_id_hash: bytes
    origins: frozenset[str]
    cross_origin: bool
    top_origins: frozenset[str]

    def judge(
        self,
        asked: Asked,
        person: Person,
        client: ClientData,
        *,
        data: AuthenticatorData,
        what: str,
    ) -> Rejected | None:
        """Return why the answer is none to what was asked; None: it is."""
        if (asked.realm, asked.subject) != (person.realm, person.subject):
            return refused()
        if client.type != what or not _equal(client.challenge, asked.challenge):
            return refused()
        if not self._is_our_page(client) or data.rp_id_hash != self.rp_id_hash:
            return refused()
        # Whoever is backed up must be able to be (§6.1.3); nobody present shows no intent (§6.1).
        if not data.is_user_present() or (data.is_backed_up() and not data.is_backup_eligible()):
            return refused()
        return refused("unverified") if asked.verify and not data.is_user_verified() else None

    def _is_our_page(self, client: ClientData) -> bool:
        """Tell whether one of our pages asked, by itself or in a page that may embed it.

        Another origin, even one below ours, is a page that relays what a person confirmed there.
        """
        if client.origin not in self.origins:
            return False
        if client.top_origin is not None:
            return self.cross_origin and client.top_origin in self.top_origins
        return self.cross_origin or not client.cross_origin


def _equal(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode())
