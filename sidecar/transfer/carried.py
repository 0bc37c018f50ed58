"""What is inside a seal: one authenticator as JSON, of which nothing is lost on the way."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from sidecar.core.model import PublicKey
from sidecar.core.seeds import Portable, Seed
from sidecar.transfer.lines import object_of, only, text_of, whole_of
from sidecar.transfer.rows import Unfit, name_of, seed_of, user_of

MAX_FACTOR_CHARACTERS: Final = 64
MAX_CREDENTIAL_ID_BYTES: Final = 1023
"""Source: WebAuthn Level 3 §5.8.3."""

_PORTABLE: Final = frozenset({"user_id", "factor", "name", "created_at", "seed", "public_key"})
_SEED: Final = frozenset({"secret", "algorithm", "digits", "period"})
_PUBLIC_KEY: Final = frozenset({"credential_id", "public_key", "sign_count", "state"})

StateValue = int | str | bool | tuple[str, ...]


def packed(portable: Portable) -> bytes:
    """Return the authenticator as it is sealed."""
    created = portable.created_at
    said: dict[str, object] = {
        "user_id": portable.user_id,
        "factor": portable.factor,
        "name": portable.name,
        **({} if created is None else {"created_at": created.astimezone(UTC).isoformat()}),
        **_material(portable.material),
    }
    return json.dumps(said).encode()


def unpacked(data: bytes) -> Portable:
    """Return the authenticator that was packed.

    Raises:
        Unfit: it is none, or one of a later version.

    """
    said = object_of(decoded(data))
    only(said, _PORTABLE)
    if ("seed" in said) == ("public_key" in said):
        raise Unfit("it holds neither one seed nor one public key: export it again")
    factor = text_of(said, "factor")
    if len(factor) > MAX_FACTOR_CHARACTERS:
        raise Unfit("its factor has a name that no factor has: export it again")
    user_id, name = user_of(text_of(said, "user_id")), name_of(text_of(said, "name"))
    material = _seed(said) if "seed" in said else _public_key(said)
    return Portable(user_id, factor, name, material, _moment(text_of(said, "created_at")))


def decoded(data: bytes) -> str:
    """Return the text.

    Raises:
        Unfit: it is no UTF-8.

    """
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Unfit("it was changed or cut off on its way: export it again") from error


def from_base64(text: str) -> bytes:
    """Return the bytes of base64url without padding.

    Raises:
        Unfit: it is something else.

    """
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise Unfit("it was changed or cut off on its way: export it again") from error
    if to_base64(data) != text:  # one spelling only: the decoder passes over what is no base64
        raise Unfit("it was changed or cut off on its way: export it again")
    return data


def to_base64(data: bytes) -> str:
    """Return base64url without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def _material(material: Seed | PublicKey) -> Mapping[str, object]:
    if isinstance(material, Seed):
        seed = {
            "secret": to_base64(material.secret),
            "algorithm": material.algorithm,
            "digits": material.digits,
            "period": material.period_s,
        }
        return {"seed": seed}
    key = {
        "credential_id": to_base64(material.credential_id),
        "public_key": to_base64(material.public_key),
        "sign_count": material.sign_count,
        "state": dict(material.state),
    }
    return {"public_key": key}


def _seed(said: Mapping[str, object]) -> Seed:
    seed = _object(said, "seed")
    only(seed, _SEED)
    secret, algorithm = from_base64(text_of(seed, "secret")), text_of(seed, "algorithm")
    return seed_of(secret, algorithm, whole_of(seed, "digits", 0), whole_of(seed, "period", 0))


def _public_key(said: Mapping[str, object]) -> PublicKey:
    key = _object(said, "public_key")
    only(key, _PUBLIC_KEY)
    which = from_base64(text_of(key, "credential_id"))
    public, count = from_base64(text_of(key, "public_key")), whole_of(key, "sign_count", -1)
    if not 0 < len(which) <= MAX_CREDENTIAL_ID_BYTES or not public or count < 0:
        raise Unfit("it holds no public key of a security key: export it again")
    state = _object(key, "state").items()
    return PublicKey(which, public, count, {name: _stated(value) for name, value in state})


def _stated(value: object) -> StateValue:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    if type(value) in {int, str, bool}:
        return value  # type: ignore[return-value]
    raise Unfit("it says something of a security key that no key says: export it again")


def _object(said: Mapping[str, object], key: str) -> dict[str, object]:
    found = said.get(key)
    if not isinstance(found, dict):
        raise Unfit(f"its {key} is no object: export it again")
    return found


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unfit("its created_at is no moment: export it again") from error
    if moment.tzinfo is None:
        raise Unfit("its created_at has no time zone: export it again")
    return moment.astimezone(UTC)
