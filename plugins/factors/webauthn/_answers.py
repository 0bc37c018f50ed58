"""What a browser answers, read: JSON around CBOR around bytes, each from whoever sent it.

Source: WebAuthn L3 §5.1 (RegistrationResponseJSON, AuthenticationResponseJSON), §5.8.1, §6.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Final, Literal, Self

from fido2 import cbor
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from ._base64url import decoded

MAX_CHARACTERS: Final = 32_768
"""An attestation with its certificates takes some thousand."""
MAX_TRANSPORTS: Final = 8
MAX_TRANSPORT_CHARACTERS: Final = 32
MAX_CREDENTIAL_ID: Final = 1023
"""Bytes. Source: WebAuthn L3 §7.1 step 25."""
_HEAD: Final = 37
"""Bytes before the credential: hash, flags and counter."""


def _bytes(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("text is expected here")  # noqa: TRY004 - pydantic collects ValueError
    return decoded(value)


Bytes = Annotated[bytes, BeforeValidator(_bytes)]


class _Read(BaseModel):
    """Members that nobody here knows are no fault: browsers add some (WebAuthn L3 §5.8.1)."""

    model_config = ConfigDict(frozen=True, strict=True, alias_generator=to_camel)


class ClientData(_Read):
    """What the browser says of the page that asked, as it was signed."""

    type: str
    challenge: str
    origin: str
    cross_origin: bool | None = None
    top_origin: str | None = None


class _CredentialProperties(_Read):
    rk: bool | None = None


class _Outputs(_Read):
    """Results of the one extension that is asked for; others are not looked at."""

    cred_props: _CredentialProperties | None = None


class _Credential(_Read):
    id: str
    raw_id: Bytes
    type: Literal["public-key"]
    client_extension_results: _Outputs = _Outputs()

    @model_validator(mode="after")
    def _one_name(self) -> Self:
        if decoded(self.id) != self.raw_id or not 0 < len(self.raw_id) <= MAX_CREDENTIAL_ID:
            raise ValueError("one credential has one name")
        return self


class _Attested(_Read):
    client_data: Bytes = Field(alias="clientDataJSON")
    attestation_object: Bytes
    transports: tuple[str, ...] = ()


class _Created(_Credential):
    response: _Attested


class _Asserted(_Read):
    client_data: Bytes = Field(alias="clientDataJSON")
    authenticator_data: Bytes
    signature: Bytes
    user_handle: Bytes | None = None


class _Got(_Credential):
    response: _Asserted


@dataclass(frozen=True, slots=True)
class Registration:
    """A new credential, as the browser presents it; nothing of it is verified."""

    client: ClientData
    client_hash: bytes
    attestation: AttestationObject
    made: AttestedCredentialData
    transports: tuple[str, ...]
    discoverable: bool | None
    """As the browser believes; None where it does not say."""

    @property
    def data(self) -> AuthenticatorData:
        return self.attestation.auth_data


@dataclass(frozen=True, slots=True)
class Assertion:
    """The use of a credential, as the browser presents it; nothing of it is verified."""

    credential_id: bytes
    client: ClientData
    client_hash: bytes
    data: AuthenticatorData
    signature: bytes
    user_handle: bytes


def registration_of(text: str) -> Registration | None:
    """Return the registration that the text is; None: it is none."""
    if len(text) > MAX_CHARACTERS:
        return None
    try:
        return _registration(_Created.model_validate_json(text))
    except Exception:  # noqa: BLE001 - whatever hostile bytes provoke in the parsers of others
        return None


def assertion_of(text: str) -> Assertion | None:
    """Return the assertion that the text is; None: it is none."""
    if len(text) > MAX_CHARACTERS:
        return None
    try:
        return _assertion(_Got.model_validate_json(text))
    except Exception:  # noqa: BLE001 - the same
        return None


def _registration(told: _Created) -> Registration | None:
    attestation = _attestation(told.response.attestation_object)
    made = _made(attestation.auth_data)
    if made is None or made.credential_id != told.raw_id:
        return None
    properties = told.client_extension_results.cred_props
    return Registration(
        client=_client(told.response.client_data),
        client_hash=sha256(told.response.client_data).digest(),
        attestation=attestation,
        made=made,
        transports=_transports(told.response.transports),
        discoverable=properties.rk if properties else None,
    )


def _assertion(told: _Got) -> Assertion:
    return Assertion(
        credential_id=told.raw_id,
        client=_client(told.response.client_data),
        client_hash=sha256(told.response.client_data).digest(),
        data=AuthenticatorData(told.response.authenticator_data),
        signature=told.response.signature,
        user_handle=told.response.user_handle or b"",
    )


def _client(data: bytes) -> ClientData:
    return ClientData.model_validate_json(data)


def _attestation(data: bytes) -> AttestationObject:
    parts = cbor.decode(data)
    # `bytes(n)` of a number are n zeros: a few bytes would otherwise become gigabytes.
    if not isinstance(parts, Mapping) or not isinstance(parts.get("authData"), bytes):
        raise TypeError("authenticator data are bytes")
    if not isinstance(parts.get("fmt"), str) or not isinstance(parts.get("attStmt"), Mapping):
        raise TypeError("a statement has the name of a format")
    return AttestationObject(data)


def _made(data: AuthenticatorData) -> AttestedCredentialData | None:
    """Return the new credential, if it is written in the one way that CTAP2 allows (§6.5.1)."""
    made = data.credential_data
    return made if made is not None and data[_HEAD:].startswith(made) else None


def _transports(told: tuple[str, ...]) -> tuple[str, ...]:
    """Return what may be handed to browsers again; unknown words are kept (§5.8.4), no others."""
    kept = (word for word in told if len(word) <= MAX_TRANSPORT_CHARACTERS and _is_word(word))
    return tuple(dict.fromkeys(kept))[:MAX_TRANSPORTS]


def _is_word(text: str) -> bool:
    return text.isascii() and text.replace("-", "").isalnum()
