"""What an authenticator holds, as bytes to seal and as the text its row's MAC covers."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_never

from sidecar.core.model import (
    Authenticator,
    LookupCode,
    LookupCodes,
    Material,
    PublicKey,
    SharedSecret,
)
from sidecar.storage.vault import canonical


def kind_of(material: Material | None) -> str:
    """Return the word of the material's kind, as the column `kind` keeps it."""
    match material:
        case None:
            return "none"
        case SharedSecret():
            return "shared_secret"
        case PublicKey():
            return "public_key"
        case LookupCodes():
            return "lookup_codes"
        case _:
            assert_never(material)


def encode(material: SharedSecret | PublicKey) -> bytes:
    """Return the material in one canonical spelling, to be sealed or vouched for."""
    if isinstance(material, SharedSecret):
        return canonical({"secret": _text(material.secret), "state": dict(material.state)})
    return canonical(
        {
            "credential_id": _text(material.credential_id),
            "public_key": _text(material.public_key),
            "sign_count": material.sign_count,
            "state": dict(material.state),
        }
    )


def decode(encoded: bytes) -> SharedSecret:
    """Return the secret that `encode` wrote."""
    content = json.loads(encoded)
    return SharedSecret(_bytes(content["secret"]), _state(content["state"]))


def statement(authenticator: Authenticator) -> bytes:
    """Return what a row's MAC vouches for: everything that decides who may prove what with it.

    The version is part of it, so that a row whose MAC did not fit is never vouched for by a
    later change of state. So is a hold: without it, whoever writes to the database ends it.
    """
    hold = [] if authenticator.held_until is None else [_moment(authenticator.held_until)]
    return canonical(
        [
            authenticator.id,
            authenticator.person.realm,
            authenticator.person.subject,
            authenticator.factor,
            authenticator.status,
            authenticator.level,
            authenticator.version,
            kind_of(authenticator.material),
            _covered(authenticator.material),
            *([*hold, authenticator.held_level] if hold else []),
        ]
    )


def _covered(material: Material | None) -> object:
    match material:
        case None:
            return None
        case LookupCodes(codes=codes):
            return [_code(code) for code in codes]
        case SharedSecret() | PublicKey():
            return encode(material).decode()
        case _:
            assert_never(material)


def _code(code: LookupCode) -> list[str | None]:
    return [code.selector, code.hash, _moment(code.used_at)]


def _moment(at: datetime | None) -> str | None:
    return None if at is None else f"{at.timestamp():.6f}"


def _state(state: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in state.items()
    }


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(value: str) -> bytes:
    return base64.b64decode(value, validate=True)
