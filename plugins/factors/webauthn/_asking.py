"""What a browser is asked, in the JSON that it takes.

Source: WebAuthn L3 §5.1.8 and §5.1.9 (their JSON), §5.4, §5.5.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Protocol

from sidecar.core.model import PublicKey

from ._base64url import encoded
from ._keys import ALGORITHMS, Algorithm

ATTACHMENTS: Final[Mapping[str, str]] = MappingProxyType(
    {"security-key": "cross-platform", "hybrid": "cross-platform", "client-device": "platform"}
)
"""What browsers that know no hints are told instead. Source: WebAuthn L3 §5.8.7."""


class Wishes(Protocol):
    """The options of the plugin that browsers are told."""

    @property
    def rp_id(self) -> str: ...
    @property
    def rp_name(self) -> str: ...
    @property
    def user_verification(self) -> str: ...
    @property
    def resident_key(self) -> str: ...
    @property
    def hints(self) -> tuple[str, ...]: ...
    @property
    def attachment(self) -> str | None: ...
    @property
    def algorithms(self) -> tuple[Algorithm, ...]: ...
    @property
    def timeout(self) -> timedelta: ...
    @property
    def attestation(self) -> str: ...


def creation(
    wishes: Wishes, challenge: str, user: tuple[str, str], held: Iterable[PublicKey]
) -> str:
    """Return how to make a credential for a user, by id and name, who holds some already."""
    selection: dict[str, object] = {
        "residentKey": wishes.resident_key,
        "requireResidentKey": wishes.resident_key == "required",
        "userVerification": wishes.user_verification,
    }
    attachment = wishes.attachment or _attachment(wishes.hints)
    if attachment:
        selection["authenticatorAttachment"] = attachment
    user_id, name = user
    return _json(
        rp={"id": wishes.rp_id, "name": wishes.rp_name},
        user={"id": user_id, "name": name, "displayName": name},
        challenge=challenge,
        pubKeyCredParams=[
            {"type": "public-key", "alg": ALGORITHMS[name]} for name in wishes.algorithms
        ],
        timeout=wishes.timeout // timedelta(milliseconds=1),
        excludeCredentials=[_descriptor(key) for key in held],
        authenticatorSelection=selection,
        hints=wishes.hints,
        attestation=wishes.attestation,
        extensions={"credProps": True},
    )


def request(wishes: Wishes, challenge: str, held: Iterable[PublicKey]) -> str:
    """Return how to use one of the credentials that a person holds."""
    return _json(
        challenge=challenge,
        timeout=wishes.timeout // timedelta(milliseconds=1),
        rpId=wishes.rp_id,
        allowCredentials=[_descriptor(key) for key in held],
        userVerification=wishes.user_verification,
        hints=wishes.hints,
    )


def _attachment(hints: tuple[str, ...]) -> str | None:
    """Return the one attachment that all hinted kinds have."""
    kinds = {ATTACHMENTS[hint] for hint in hints}
    return kinds.pop() if len(kinds) == 1 else None


def _descriptor(key: PublicKey) -> dict[str, object]:
    told = {"type": "public-key", "id": encoded(key.credential_id)}
    transports = key.state.get("transports")
    return {**told, "transports": transports} if transports else dict(told)


def _json(**members: object) -> str:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":"))
