"""Shared secrets on their way between installations, and the port of factors that take them."""

from base64 import b32encode
from dataclasses import dataclass, field
from datetime import datetime
from hmac import digest
from typing import Final, Literal, Protocol
from urllib.parse import quote, urlencode

from sidecar.core.model import Enrolled, Material, PublicKey, Rejected

Algorithm = Literal["SHA1", "SHA256", "SHA512"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = ("SHA1", "SHA256", "SHA512")
"""Source: RFC 6238 §1.2."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A shared secret as another system kept it, and how codes are made of it (RFC 6238)."""

    secret: bytes = field(repr=False)
    algorithm: Algorithm = "SHA1"
    digits: int = 6
    period_s: int = 30


@dataclass(frozen=True, slots=True)
class Portable:
    """One authenticator on its way between two installations."""

    user_id: str
    """As the other system wrote it; whoever takes it in says which realm that is."""
    factor: str
    """Instance name of the factor it belongs to; empty: the one that takes seeds."""
    name: str
    """What its person called it; empty where the other system has no such word."""
    material: Seed | PublicKey
    created_at: datetime | None = None
    """When it was enrolled; None where that is not known."""


class Seeded(Protocol):
    """A factor whose authenticators come from elsewhere and go there (`FactorTraits.seeded`)."""

    def adopt(self, seed: Seed) -> Enrolled | Rejected:
        """Return an authenticator with this seed; no code was checked, so nothing is spent.

        `Rejected("unsuitable")` where the factor makes no such codes, or the seed is too weak.
        """
        ...

    def seed(self, material: Material) -> Seed | None:
        """Return what another system needs to judge the same codes; None: not of this kind."""
        ...


def hotp(secret: bytes, counter: int, algorithm: Algorithm, digits: int) -> str:
    """Return the code of a counter, or of a step of time. Source: RFC 4226 §5.3, RFC 6238 §4.2."""
    made = digest(secret, counter.to_bytes(8, "big"), algorithm.lower())
    offset = made[-1] & 0xF
    number = int.from_bytes(made[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**digits:0{digits}d}"


def base32(secret: bytes) -> str:
    """Return the secret as apps read and show it: RFC 4648 §6, without padding."""
    return b32encode(secret).decode().rstrip("=")


def parameters(seed: Seed, issuer: str) -> dict[str, str | int]:
    """Return what an app needs to make the codes, by the names of the Key URI Format."""
    return {
        "secret": base32(seed.secret),
        **({"issuer": issuer} if issuer else {}),
        "algorithm": seed.algorithm,
        "digits": seed.digits,
        "period": seed.period_s,
    }


def uri(seed: Seed, issuer: str, account: str) -> str:
    """Return the `otpauth://` URI that apps read; neither part may have a colon, which parts them.

    Spaces are `%20`, for some apps show a `+`. Source: Google Authenticator, Key URI Format.
    """
    label = ":".join(quote(part, safe="") for part in (issuer, account) if part)
    return f"otpauth://totp/{label}?{urlencode(parameters(seed, issuer), quote_via=quote)}"
