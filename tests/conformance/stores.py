"""Stores to run the suites on, a clock that travels, and values to keep."""

import asyncio
import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from sqlalchemy import URL

from sidecar.core.clients import ApiClient, ApiToken, ClientId, Scope
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Challenge,
    ChallengeId,
    Event,
    Level,
    LookupCode,
    LookupCodes,
    Material,
    Person,
    Prompt,
    Proof,
    Purpose,
    Session,
    SessionId,
    SessionStatus,
    SharedSecret,
    TokenHash,
)
from sidecar.core.recoveries import RecoveryId, RecoveryRequest
from sidecar.core.trusted import SeriesId, TrustedBrowser
from sidecar.storage.setup import migrate_up
from sidecar.storage.sql import SqlStore, open_store
from sidecar.storage.vault import KeyRing, RootKey

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
K1 = RootKey("k1", bytes(range(32)))
RING = KeyRing((K1,))
ADA = Person("app", "ada")
TWIN = Person("other", "ada")
"""The same subject in another realm: another person."""

SECRET = SharedSecret(b"twenty secret bytes!", {"step": 5, "name": "x", "burned": (1, 2)})


def files(folder: Path) -> dict[str, bytes]:
    """Return what lies in a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def threads_end() -> None:
    """Wait for the threads of connections that could not be made: the driver stops them later.

    One that ends after its loop was closed would complain in the middle of another test.
    """
    for thread in threading.enumerate():
        if "_connection_worker" in thread.name:
            await asyncio.to_thread(thread.join, 5)


class Travel:
    """A clock that goes where the test says."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **length: float) -> datetime:
        self.now += timedelta(**length)
        return self.now


def url_of(path: Path) -> str:
    address = URL.create("sqlite+aiosqlite", database=str(path))
    return address.render_as_string(hide_password=False)


@cache
def _template() -> Path:
    path = Path(mkdtemp(prefix="sidecar-store-")) / "template.db"
    work = migrate_up(url_of(path), RING, Travel(), create=True)
    with ThreadPoolExecutor(1) as beside_the_loop:
        beside_the_loop.submit(asyncio.run, work).result()
    return path


def sqlite_file(folder: Path) -> Path:
    """Return a fresh database of `RING`, a copy of one that was migrated once."""
    return Path(shutil.copy(_template(), folder / "sidecar.db"))


async def open_sqlite(path: Path, clock: Travel, ring: KeyRing = RING) -> SqlStore:
    return await open_store(url_of(path), ring, clock)


def authenticator(
    which: str = "a1", material: Material | None = SECRET, **changes: object
) -> Authenticator:
    plain = Authenticator(
        id=AuthenticatorId(which),
        person=ADA,
        factor="totp",
        name="Phone",
        status=AuthenticatorStatus.ACTIVE,
        level=Level.TWO_FACTOR,
        version=1,
        created_at=NOW,
        material=material,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test says what it changes


def codes(*selectors: str, used: Mapping[str, datetime] | None = None) -> LookupCodes:
    marks = used or {}
    return LookupCodes(
        tuple(LookupCode(name, f"hash of {name}", marks.get(name)) for name in selectors)
    )


def challenge(which: str = "c1", **changes: object) -> Challenge:
    plain = Challenge(
        id=ChallengeId(which),
        person=ADA,
        session_id=SessionId("s1"),
        purpose=Purpose.ACTION,
        factor="totp",
        action="pay",
        authenticator_id=None,
        prompt=Prompt("code", {"digits": 6, "choices": ("a", "b"), "late": False}),
        state=b"\x00private",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=10),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test says what it changes


def session(which: str = "s1", **changes: object) -> Session:
    plain = Session(
        id=SessionId(which),
        person=ADA,
        status=SessionStatus.PENDING,
        created_at=NOW,
        expires_at=NOW + timedelta(hours=24),
        last_seen_at=NOW,
        login="login-1",
        user_agent="Browser",
        address="192.0.2.0/24",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test says what it changes


def trusted(which: str = "b1", **changes: object) -> TrustedBrowser:
    plain = TrustedBrowser(
        id=SeriesId(which),
        person=ADA,
        factor="totp",
        proven_at=NOW - timedelta(seconds=1),
        created_at=NOW,
        expires_at=NOW + timedelta(days=30),
        last_used_at=NOW,
        user_agent="Browser",
        address="192.0.2.0/24",
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test says what it changes


def proof(which: str = "a1", at: datetime = NOW, factor: str = "totp") -> Proof:
    return Proof(factor, AuthenticatorId(which), ("otp",), at)


def event(name: str = "challenge.verified", person: Person | None = ADA) -> Event:
    return Event(NOW, name, person, "self", "req-1", {"factor": "totp", "tries": 1, "known": True})


def token(name: str) -> TokenHash:
    return TokenHash(name.ljust(64, "0"))


def api_token(which: str = "t1", **changes: object) -> ApiToken:
    plain = ApiToken(
        client=ApiClient(
            ClientId(which), "shop", frozenset({Scope.STATUS_READ, Scope.USERS_WRITE})
        ),
        networks=("10.0.0.0/8", "2001:db8::/32"),
        by="operator:root",
        created_at=NOW,
        expires_at=NOW + timedelta(days=30),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test says what it changes


def recovery(which: str = "r1", **changes: object) -> RecoveryRequest:
    plain = RecoveryRequest(
        id=RecoveryId(which),
        person=ADA,
        reason="lost the phone",
        requested_by="t1",
        created_at=NOW,
        expires_at=NOW + timedelta(days=1),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # the test says what it changes
