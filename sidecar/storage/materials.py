"""What an authenticator holds, as bytes to seal and as the text its row's MAC covers."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from sidecar.core.errors import SealBroken
from sidecar.core.model import (
    Authenticator,
    LookupCode,
    LookupCodes,
    Material,
    PublicKey,
    SharedSecret,
)
from sidecar.storage.vault import canonical

StateValue = int | str | tuple[int, ...]


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
    """Return the material in one canonical spelling, to be sealed."""
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


def decode(kind: str, encoded: bytes) -> SharedSecret | PublicKey:
    """Return the material that `encode` wrote.

    Raises:
        SealBroken: it is of another kind than the row says.

    """
    content = json.loads(encoded)
    if kind == "shared_secret" and "secret" in content:
        return SharedSecret(_bytes(content["secret"]), _state(content["state"]))
    if kind == "public_key" and "public_key" in content:
        return PublicKey(
            credential_id=_bytes(content["credential_id"]),
            public_key=_bytes(content["public_key"]),
            sign_count=content["sign_count"],
            state=content["state"],
        )
    raise SealBroken(f"authenticators.material: not of kind {kind!r}")


def statement(authenticator: Authenticator) -> bytes:
    """Return what a row's MAC vouches for: everything that decides who may prove what with it.

    The version is part of it, so that a row whose MAC did not fit is never vouched for by a
    later change of state.
    """
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


def _state(state: Mapping[str, int | str | list[int]]) -> dict[str, StateValue]:
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in state.items()
    }


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(value: str) -> bytes:
    return base64.b64decode(value, validate=True)
