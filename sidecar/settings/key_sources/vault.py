"""Root keys in HashiCorp Vault or OpenBao: kept by the key-value engine, or wrapped by transit.

Five calls of its HTTP API need no package: hvac would follow redirects with the token, read proxies
and passwords from the environment, and set no limit to the whole of a call.
Source: Vault, "KV secrets engine (API)", "Transit secrets engine (API)".
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final, Literal
from urllib.parse import quote

from pydantic import Field

from sidecar.settings.key_sources.calling import PASSING, Caller, Question, trusting
from sidecar.settings.key_sources.vault_login import VaultAuth, lent
from sidecar.settings.key_sources.written import (
    Address,
    Remote,
    Step,
    Steps,
    Text,
    as_text,
    decoded,
    inside,
    wrapping,
)
from sidecar.settings.references import Missing

_ASLEEP: Final = frozenset({429, 472, 473, 501, 503})
"""Source: Vault, "/sys/health": standby, not initialized, sealed; 503 elsewhere as well."""


class VaultPart(Remote):
    """A server of Vault, and how we show it who we are."""

    address: Address
    """Where it listens; `http:` only on this machine, as an agent does."""
    namespace: Text | None = None
    """Namespace of Vault Enterprise."""
    ca_file: Text | None = None
    """PEM file with the authorities that its certificate must come from; those that the machine
    trusts where left out."""
    auth: VaultAuth
    """How we show who we are."""


class VaultSecret(VaultPart):
    """A field of a secret that the key-value engine keeps."""

    path: Steps
    """Path of the secret, without the mount and without `data/`."""
    field: Text
    """Name of the field."""
    mount: Steps = "secret"
    """Where the engine is mounted."""
    engine: Literal[1, 2] = 2
    """Version of the engine."""


class VaultTransit(VaultPart):
    """A ciphertext that the transit engine opens; the key that opens it never leaves Vault."""

    key: Step
    """Name of the transit key."""
    ciphertext: Annotated[str, Field(pattern=r"^vault:v[0-9]{1,9}:[A-Za-z0-9+/=]+$")]
    """What `vault write -f transit/datakey/wrapped/KEY` printed; no secret."""
    mount: Steps = "transit"
    """Where the engine is mounted."""


def read_secret(part: VaultSecret) -> str:
    """Return the text of the key.

    Raises:
        Missing: Vault does not give it.
        TimeoutError: Vault is late.

    """
    between = "data/" if part.engine == 2 else ""  # noqa: PLR2004 - the engine's own versions
    at = f"{part.mount}/{between}{part.path}"
    said = _ask(part, at, None, _refused_secret(part, at))
    fields = inside(said, "data")
    if part.engine == 2:  # noqa: PLR2004
        fields = inside(fields, "data")
    value = fields.get(part.field)
    if not isinstance(value, str):
        text = f"the secret {at} has no field {part.field!r} that is text"
        raise Missing(text, wrapping("vault"))
    return value


def unwrap(part: VaultTransit) -> str:
    """Return the text of the key.

    Raises:
        Missing: Vault does not open it.
        TimeoutError: Vault is late.

    """
    at = f"{part.mount}/decrypt/{part.key}"
    said = _ask(part, at, {"ciphertext": part.ciphertext}, _refused_transit(part, at))
    plain = inside(said, "data").get("plaintext")
    return as_text(decoded(plain, "Vault"))


def _ask(
    part: VaultPart,
    at: str,
    body: Mapping[str, object] | None,
    refusals: Mapping[int, Missing],
) -> Mapping[str, object]:
    tls = trusting(part.ca_file) if part.address.startswith("https") else None
    caller = Caller(f"Vault at {part.address}", part.timeout, tls)
    named = {"X-Vault-Request": "true"}
    if part.namespace is not None:
        named["X-Vault-Namespace"] = part.namespace
    with lent(part.auth, caller, part.address, named) as headers:
        method, url = "GET" if body is None else "POST", f"{part.address}/v1/{quote(at)}"
        status, said = caller.ask(Question(method, url, headers, body))
    if status == HTTPStatus.OK:
        return said
    if status in _ASLEEP:
        text = f"Vault at {part.address} is sealed, or stands by (status {status})"
        raise Missing(text, passing=True)
    text = f"Vault answered {at} with status {status}"
    raise refusals.get(status) or Missing(text, passing=status in PASSING)


def _refused_secret(part: VaultSecret, at: str) -> Mapping[int, Missing]:
    policy = f'a policy has to allow it: path "{at}" {{ capabilities = ["read"] }}'
    written = f"`path` is without `mount` and without data/; `engine: {part.engine}` is the version"
    return {
        HTTPStatus.FORBIDDEN: Missing(f"Vault does not let us read {at}", policy),
        HTTPStatus.NOT_FOUND: Missing(f"Vault has nothing at {at}", written),
    }


def _refused_transit(part: VaultTransit, at: str) -> Mapping[int, Missing]:
    policy = f'a policy has to allow it: path "{at}" {{ capabilities = ["update"] }}'
    wrapped = f"it was made by another key than {part.key}, or is not whole"
    return {
        HTTPStatus.BAD_REQUEST: Missing("Vault cannot open the ciphertext", wrapped),
        HTTPStatus.FORBIDDEN: Missing(f"Vault does not let us use {at}", policy),
        HTTPStatus.NOT_FOUND: Missing(f"Vault has nothing at {at}", "`mount` and `key` name it"),
    }
