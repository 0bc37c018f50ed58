"""People move in and out with what they have set up."""

from typing import Annotated, Final, Literal

from pydantic import Field

from sidecar.api.endpoint import PLUGIN_PROBLEMS, Endpoint
from sidecar.api.words import ApiModel, AskedMoment, Cursor
from sidecar.core.clients import Scope

TAG: Final = "moving"
MAX_ENTRIES: Final = 500
MAX_IMPORT_BYTES: Final = 1024 * 1024
MAX_PEOPLE: Final = 200
"""Of one page of an export: to seal what they have takes about a tenth of a second."""
MAX_USER_ID_CHARS: Final = 512
MAX_TEXT_CHARS: Final = 4096
MAX_NAME_CHARS: Final = 255


class MovedKey(ApiModel):
    """The public key of a security key or passkey, as a sealed export has it."""

    credential_id: Annotated[str, Field(max_length=MAX_TEXT_CHARS)]
    """base64url, without padding."""
    public_key: Annotated[str, Field(max_length=MAX_TEXT_CHARS)]
    """COSE, in base64url without padding."""
    sign_count: Annotated[int, Field(ge=0, le=2**32 - 1)]
    state: Annotated[str, Field(max_length=MAX_TEXT_CHARS)] = "{}"
    """What it said of itself: a JSON object, as a text."""


class MovedEntry(ApiModel):
    """An authenticator of a person: an `otpauth` URI, a `secret`, or a `public_key`."""

    user_id: Annotated[str, Field(min_length=1, max_length=MAX_USER_ID_CHARS)]
    """`realm:subject`, or the subject alone while there is one realm."""
    realm: Annotated[str | None, Field(max_length=MAX_NAME_CHARS)] = None
    """Where it is given, `user_id` is the subject alone, whatever it looks like."""
    otpauth: Annotated[str | None, Field(max_length=MAX_TEXT_CHARS, repr=False)] = None
    """`otpauth://totp/…`, as apps read it out of a QR code."""
    secret: Annotated[str | None, Field(max_length=MAX_TEXT_CHARS, repr=False)] = None
    """base32 (RFC 4648 §6); spaces and padding do no harm."""
    algorithm: Literal["SHA1", "SHA256", "SHA512"] | None = None
    """With a `secret`; SHA1 where nothing is said."""
    digits: Annotated[int | None, Field(ge=6, le=8)] = None
    """With a `secret`; 6 where nothing is said."""
    period: Annotated[int | None, Field(ge=1, le=3600)] = None
    """With a `secret`, in seconds; 30 where nothing is said."""
    public_key: MovedKey | None = None
    factor: Annotated[str | None, Field(max_length=MAX_NAME_CHARS)] = None
    """Which factor it belongs to; left out, the first that takes seeds."""
    name: Annotated[str | None, Field(max_length=MAX_NAME_CHARS)] = None
    """What the person called it."""
    created_at: AskedMoment | None = None
    """When it was set up; left out: now."""


class UsersImport(ApiModel):
    """Authenticators of people who have none here; those of one person belong into one call."""

    entries: Annotated[tuple[MovedEntry, ...], Field(min_length=1, max_length=MAX_ENTRIES)]
    dry_run: bool = False
    """Say what would become of each, and change nothing."""


class Moved(ApiModel):
    """What became of an entry."""

    index: int
    """Its place among the entries, from 0."""
    pointer: str
    """The same as a JSON pointer into the body (RFC 6901)."""
    user_id: str
    """As it was sent."""
    status: Literal["added", "unchanged", "refused"]
    """`unchanged`: the person has exactly this already."""
    reason: str | None
    """Why it was refused, and what to do; null where it was not."""


class UsersImported(ApiModel):
    """What became of all entries, in their order."""

    added: int
    unchanged: int
    refused: int
    results: tuple[Moved, ...]


class Recipient(ApiModel):
    """The public key of whoever takes the file in, as `sidecar keys recipient` makes it."""

    kty: Literal["EC", "OKP"]
    crv: Literal["P-256", "X25519"]
    x: Annotated[str, Field(max_length=64)]
    y: Annotated[str | None, Field(max_length=64)] = None
    """Of P-256."""
    use: Literal["enc"] | None = None
    alg: Literal["ECDH-ES"] | None = None
    kid: Annotated[str | None, Field(max_length=255)] = None


class UsersExport(ApiModel):
    """Whom the next lines are sealed to, and where they begin."""

    recipient: Recipient
    limit: Annotated[int, Field(ge=1, le=MAX_PEOPLE)] = 100
    """How many people at most."""
    cursor: Cursor | None = None
    """`next` of the page before; leave it out for the first."""


class UsersExported(ApiModel):
    """Lines of the file; those of all pages, in their order, are what an import reads."""

    lines: tuple[str, ...]
    left: int
    """Authenticators of these people that do not travel: codes by message, backup codes, what is
    not active, held back or not readable."""
    next: Cursor | None


_SEED: Final = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
_RECIPIENT: Final = {
    "kty": "EC",
    "crv": "P-256",
    "x": "weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
    "y": "e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck",
}

IMPORT: Final = Endpoint(
    "POST",
    "/users/import",
    "importUsers",
    TAG,
    "Take people in with what they have set up elsewhere",
    Scope.USERS_IMPORT,
    {200: UsersImported},
    text=(
        "Each entry is added, or is there already, or is refused with the reason; sent again, "
        "nothing changes. Nothing of anybody is replaced: whoever has, or had, something set up "
        "keeps it. What is added counts at once, and its people are not told."
    ),
    body=UsersImport,
    max_body_bytes=MAX_IMPORT_BYTES,
    problems=PLUGIN_PROBLEMS,
    example={
        "entries": [
            {"user_id": "alice", "otpauth": f"otpauth://totp/alice?secret={_SEED}"},
            {"user_id": "bob", "secret": _SEED, "digits": 8, "period": 60},
        ]
    },
)
EXPORT: Final = Endpoint(
    "POST",
    "/users/export",
    "exportUsers",
    TAG,
    "Give people out with what they have set up, sealed",
    Scope.USERS_EXPORT,
    {200: UsersExported},
    text=(
        "Seeds and public keys of people who are enrolled and not switched off, in the order of "
        "their names, each sealed to the recipient's public key. The audit trail has the key's "
        "thumbprint and a count for every page."
    ),
    body=UsersExport,
    problems=PLUGIN_PROBLEMS,
    example={"recipient": _RECIPIENT, "limit": 100},
)
ENDPOINTS: Final = (IMPORT, EXPORT)
