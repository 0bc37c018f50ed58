"""A factor that takes seeds judges their codes, and gives them out as they came in."""

import hashlib
import hmac
import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeVar, cast

from sidecar.conformance.case import Broken, Case
from sidecar.conformance.kept import faults
from sidecar.conformance.world import World, a_world
from sidecar.core.model import (
    Enrolled,
    LookupCodes,
    Material,
    PublicKey,
    Rejected,
    Response,
    Verified,
)
from sidecar.core.protocols import REASONS
from sidecar.core.seeds import Seed, Seeded

T = TypeVar("T")

USUAL: Final = Seed(b"what an app has used")
"""Every authenticator app makes these codes: SHA1, six digits, thirty seconds."""
OTHERS: Final = (
    Seed(b"what an app has used", "SHA256", 8, 60),
    Seed(b"what an app has used, and longer than most", "SHA512"),
)
"""A factor may find these unsuitable."""
GUESSABLE: Final = Seed(b"four")
"""Two codes tell it to whoever tries all."""


async def seeds(case: Case) -> None:
    """A seed of another system verifies its codes, each once, and comes out again unchanged."""
    if not case.build().traits.seeded:
        return
    for seed in (USUAL, *OTHERS):
        taken = _adopt(case, seed)
        if isinstance(taken, Enrolled):
            await _works(case, seed, taken)
        elif seed is USUAL:
            raise Broken(f"a seed as every app has it was rejected: {taken.reason}")
    if isinstance(_adopt(case, GUESSABLE), Enrolled):
        raise Broken("a seed of four bytes was taken, which can be found by trying")
    for other in (PublicKey(b"id", b"key", 1), LookupCodes(())):
        if _given(case, other) is not None:
            raise Broken("a seed was given out of material that is no shared secret")


async def _works(case: Case, seed: Seed, taken: Enrolled) -> None:
    for fault in faults(taken.material):
        raise Broken(fault)
    world = await a_world(case)
    world.authenticator = replace(world.authenticator, material=taken.material)
    for _ in "fresh", "used":
        if _given(case, world.authenticator.material) != seed:
            raise Broken("a seed that was taken did not come out again as it went in")
        await _signs_in(world, seed)


async def _signs_in(world: World, seed: Seed) -> None:
    world.now += timedelta(seconds=seed.period_s)
    opened = await world.begin()
    response = code(seed, world.now)
    outcome = await world.finish(opened, response)
    if not isinstance(outcome, Verified):
        raise Broken(f"a code of a seed that was taken was rejected: {outcome.reason}")
    world.store(outcome)
    await world.must_reject(response, "a code of a seed that was taken was verified twice")


def _adopt(case: Case, seed: Seed) -> Enrolled | Rejected:
    taken: object = _answered(lambda: _port(case).adopt(seed), "adopt")
    if not isinstance(taken, Enrolled | Rejected):
        raise Broken("adopt returned neither Enrolled nor Rejected")
    if isinstance(taken, Rejected) and taken.reason not in REASONS:
        raise Broken(f"a seed was rejected for a reason of its own: {taken.reason!r}")
    if isinstance(taken, Enrolled) and (taken.reveal or taken.contact):
        raise Broken("adopt returned something to show, or an address, and nobody is there")
    return taken


def _given(case: Case, material: Material | None) -> Seed | None:
    return _answered(lambda: _port(case).seed(cast("Material", material)), "seed")


def _port(case: Case) -> Seeded:
    return cast("Seeded", case.build())


def _answered(call: Callable[[], T], name: str) -> T:
    try:
        return call()
    except Exception as error:
        raise Broken(f"{name} raised {type(error).__name__}: {error}") from error


def code(seed: Seed, at: datetime) -> Response:
    """Return what an app shows that has the seed (RFC 6238 §4, RFC 4226 §5.3)."""
    step = struct.pack(">Q", int(at.timestamp()) // seed.period_s)
    mac = hmac.digest(seed.secret, step, getattr(hashlib, seed.algorithm.lower()))
    (number,) = struct.unpack_from(">I", mac, mac[-1] & 0xF)
    return {"code": f"{(number & 0x7FFFFFFF) % 10**seed.digits:0{seed.digits}}"}
