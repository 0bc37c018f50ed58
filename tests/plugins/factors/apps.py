"""Authenticator apps in the hand of a test, and the person who types their codes."""

from base64 import b32encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast

from pyotp import HOTP

from plugins.factors.totp import Memory, Options, Totp
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Enrolled,
    Level,
    Person,
    Rejected,
    SharedSecret,
    Verified,
)
from sidecar.core.protocols import Context
from tests.conformance.lent import lent

ADA = Person("shop", "ada")
NOW = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
SECRET = b"a secret of 20 bytes"
STEP = int(NOW.timestamp()) // 30


def totp(**options: object) -> Totp:
    return Totp(Options.model_validate({"issuer": "Harbour", **options}), lent())


def context(now: datetime = NOW, label: str = "ada@example.com") -> Context:
    return Context(ADA, label, now, "challenge-1")


def code(step: int, secret: bytes = SECRET, *, digits: int = 6) -> dict[str, str]:
    return {"code": HOTP(b32encode(secret).decode(), digits=digits).at(step)}


def app(
    secret: bytes = SECRET, name: str = "phone", *, digits: int = 6, **state: int
) -> Authenticator:
    memory: dict[str, int | str | tuple[int, ...]] = {
        "algorithm": "SHA1",
        "digits": digits,
        "period": 30,
        **state,
    }
    return Authenticator(
        id=AuthenticatorId(name),
        person=ADA,
        factor="totp",
        name=name,
        status=AuthenticatorStatus.ACTIVE,
        level=Level.TWO_FACTOR,
        version=1,
        created_at=NOW,
        material=SharedSecret(secret, memory),
    )


def after(authenticator: Authenticator, outcome: Verified | Rejected | Enrolled) -> Authenticator:
    return replace(authenticator, material=outcome.material or authenticator.material)


def state(outcome: Verified | Rejected | Enrolled) -> Memory:
    assert isinstance(outcome.material, SharedSecret)
    return Memory(**outcome.material.state)  # type: ignore[arg-type]


async def answer(
    factor: Totp, *apps: Authenticator, step: int = STEP, at: int = STEP, digits: int = 6
) -> Verified | Rejected:
    """Offer the first app's code of `step` when the clock stands in step `at`."""
    held = cast("SharedSecret", apps[0].material)
    now = NOW + timedelta(seconds=30 * (at - STEP))
    typed = code(step, held.secret, digits=digits)
    return await factor.finish_challenge(context(now), apps, b"", typed)
