"""What is kept of a person's keys, and which of them count."""

import json
from collections.abc import Callable, Iterable, Iterator

from sidecar.core.model import Authenticator, AuthenticatorStatus, PublicKey
from sidecar.core.protocols import Context

from ._answers import Assertion, Registration
from ._base64url import encoded
from ._keys import stored
from ._trust import Make

Held = tuple[Authenticator, PublicKey]

_KEPT = frozenset({AuthenticatorStatus.ACTIVE, AuthenticatorStatus.SUSPENDED})


def keys_of(authenticators: Iterable[Authenticator]) -> Iterator[Held]:
    """Yield the authenticators whose key can be read, with it."""
    for item in authenticators:
        if isinstance(item.material, PublicKey):
            yield item, item.material


def ready_of(context: Context, authenticators: Iterable[Authenticator]) -> tuple[Held, ...]:
    """Return those that the person may use now."""
    found = keys_of(authenticators)
    return tuple(pair for pair in found if pair[0].usable and pair[0].person == context.person)


def accepted_of(context: Context) -> tuple[str, ...] | None:
    """Return the credentials that browsers must not forget: suspended ones may count again.

    None where one cannot be read: browsers would forget it for good, although it may be mended.
    """
    kept = [item for item in context.held if item.status in _KEPT]
    if any(item.material is None for item in kept):
        return None
    return tuple(encoded(key.credential_id) for _, key in keys_of(kept))


def is_held(context: Context, credential_id: bytes) -> bool:
    return any(key.credential_id == credential_id for _, key in keys_of(context.held))


def user_id_of(context: Context, keyed: Callable[[bytes], bytes]) -> str:
    """Return the person's id in their keys, which says nothing about them (WebAuthn L3 §14.6.1).

    It stays what it was when the secret that made it is replaced, for it is in their keys.
    """
    for _, key in keys_of(context.held):
        return str(key.state["user_id"])
    person = context.person
    return encoded(keyed(json.dumps([person.realm, person.subject]).encode()))


def recorded(told: Registration, make: Make, rp_id: str, user_id: str) -> PublicKey:
    """Return what is kept of a new key. Source: WebAuthn L3 §4 (credential record)."""
    made, data = told.made, told.data
    state: dict[str, int | str | bool | tuple[str, ...]] = {
        "aaguid": str(made.aaguid),
        "transports": told.transports,
        "be": data.is_backup_eligible(),
        "bs": data.is_backed_up(),
        "uv": data.is_user_verified(),
        "format": make.format,
        "trusted": make.trusted,
        "rp_id": rp_id,
        "user_id": user_id,
    }
    if told.discoverable is not None:
        state["discoverable"] = told.discoverable
    return PublicKey(made.credential_id, stored(made.public_key), data.counter, state)


def used(key: PublicKey, told: Assertion) -> PublicKey:
    """Return what is kept after a use; the counter never goes back."""
    verified = bool(key.state["uv"]) or told.data.is_user_verified()
    state = {**key.state, "bs": told.data.is_backed_up(), "uv": verified}
    count = max(told.data.counter, key.sign_count)
    return PublicKey(key.credential_id, key.public_key, count, state)
