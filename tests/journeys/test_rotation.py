"""All keys are replaced while people go on verifying: nobody is refused, and nothing is lost."""

import asyncio
import base64
import json
import os
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from sidecar.core.model import Person
from sidecar.rotating import Rotation
from sidecar.storage.authenticators import SqlAuthenticators
from tests.clock import ManualClock
from tests.conformance.stores import authenticator
from tests.journeys.fleet import ALONE, BEFORE, ENV, KNOWN, TURNED, Fleet, Roamer, fleet_on
from tests.postgres import Server
from tests.unit.flows.scene import quick_folder
from tests.visitor import Visitor
from tests.world import REALM

PEOPLE = ("ann", "ben")
OTHERS = 800
"""Rows that nobody touches meanwhile: so many that a resealing can be killed in the middle."""
ROUND_S = 61
"""After so long everybody has to prove anew."""
CACHED_S = 300
"""An application may keep our public keys so long, as we tell it."""
ROUNDS_CACHED = CACHED_S // ROUND_S + 1


class Verifier:
    """What an application has: our public keys as they were five minutes ago, and cryptography."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._keys: dict[str, EllipticCurvePublicKey] = {}
        self._fetched = 0.0
        self.used: set[str] = set()
        """The keys that something was signed with."""

    async def refresh(self, visitor: Visitor) -> None:
        """The keys are fetched again once they may be no longer kept."""
        now = self._clock().timestamp()
        if now - self._fetched >= CACHED_S:
            page = await visitor.fetch("/_sidecar/.well-known/jwks.json")
            assert page.headers["Cache-Control"] == f"public, max-age={CACHED_S}"
            self._keys = {key["kid"]: _public(key) for key in json.loads(page.text)["keys"]}
            self._fetched = now

    def require(self, token: str) -> None:
        """The assertion is signed by one of the keys, and is not over."""
        said, _, signature = token.rpartition(".")
        header, claims = (json.loads(_bytes(part)) for part in said.split("."))
        raw = _bytes(signature)
        numbers = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        key = self._keys[header["kid"]]
        key.verify(encode_dss_signature(*numbers), said.encode(), ECDSA(SHA256()))
        assert claims["exp"] > self._clock().timestamp()
        self.used.add(header["kid"])


def _public(key: Mapping[str, str]) -> EllipticCurvePublicKey:
    x, y = (int.from_bytes(_bytes(key[name]), "big") for name in "xy")
    return EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def crowd(fleet: Fleet, people: list[Roamer], verifier: Verifier) -> None:
    """Everybody verifies, round after round, until this is cancelled; no one may fail."""
    while True:
        fleet.clock.travel(seconds=ROUND_S)
        await verifier.refresh(people[0])
        fleet.application.seen.clear()
        await asyncio.gather(*(person.verify() for person in people))
        paid = [one for one in fleet.application.seen if one.target == "/pay/bill"]
        assert len(paid) == len(people)
        for seen in paid:
            verifier.require(seen.all("X-Sidecar-Assertion")[0])
        fleet.rounds += 1


async def rotate(fleet: Fleet) -> None:
    """Every step, as an operator is told to take it."""
    await fleet.roll(KNOWN)
    await fleet.pass_rounds(ROUNDS_CACHED)  # or an application would not know the new key yet
    await fleet.roll(TURNED)
    async with fleet.rotation(TURNED) as work:
        assert await work.total() > OTHERS
        await killed_in_the_middle(fleet, work)
        outcome = await work.reseal(lambda _done, _text: None)
        assert (outcome.unreadable, outcome.busy) == ({}, {})
        assert await work.total() == 0
    await fleet.roll(ALONE)


async def killed_in_the_middle(fleet: Fleet, work: Rotation) -> None:
    """A resealing of an operator's has begun, and was killed before its end."""
    command = (sys.executable, "-m", "sidecar", "keys", "reseal")
    reseal = await asyncio.create_subprocess_exec(
        *(*command, "-c", str(fleet.folder / "sidecar.yaml")),
        env={**os.environ, **ENV},
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    total = await work.total()
    begun = total - len(PEOPLE)
    while await work.total() >= begun:  # noqa: ASYNC110 - another process sets no event of ours
        await asyncio.sleep(0.01)
    reseal.kill()
    assert await reseal.wait() < 0
    assert await work.total() > 0


async def fill(fleet: Fleet) -> None:
    """Many others hold something too."""
    others = [
        authenticator(f"other-{n}", person=Person(REALM, f"other-{n}")) for n in range(OTHERS)
    ]
    async with fleet.rotation(BEFORE) as work, work.store.aside() as connection:
        await SqlAuthenticators(connection, work.store.vault).adopt(others)


@pytest.fixture(params=["sqlite", "postgres"])
async def fleet(request: pytest.FixtureRequest) -> AsyncIterator[Fleet]:
    with quick_folder() as folder:
        if request.param == "sqlite":
            async with fleet_on(f"sqlite+aiosqlite:///{folder}/sidecar.db", folder) as made:
                yield made
            return
        server: Server = request.getfixturevalue("postgres")
        async with server.empty() as url, fleet_on(url, folder) as made:
            yield made


@pytest.mark.timeout(180)
@pytest.mark.conforms("ASVS-11.2.2")
async def test_nobody_notices_that_all_keys_are_replaced(fleet: Fleet) -> None:
    """People who verify all the time, on two sidecars in turn, show no failure at any step; every
    assertion fits keys that were fetched up to five minutes before, and old paper codes work.
    """
    people = [Roamer(fleet, user) for user in PEOPLE]
    for person in people:
        await person.set_up(person.user)
    await fill(fleet)
    verifier = Verifier(fleet.clock)
    async with asyncio.timeout(150), asyncio.TaskGroup() as group:
        load = group.create_task(crowd(fleet, people, verifier))
        await fleet.pass_rounds(1)
        await rotate(fleet)
        await fleet.pass_rounds(1)
        load.cancel()
    fleet.clock.travel(seconds=ROUND_S)
    await people[0].verify(people[0].codes[0])
    assert len(verifier.used) == 2
    async with fleet.rotation(ALONE) as work:
        older = next(key for key in (await work.survey()).keys if key.id == "k1")
        assert (older.listed, older.needs) == (False, ())
        assert (await work.store.verify_trail()).broken_at is None
