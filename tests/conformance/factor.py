"""What every factor plugin must hold to; point it at one by describing it as a `Case`."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sidecar.core.model import (
    AuthenticatorStatus,
    LookupCodes,
    Material,
    PublicKey,
    Rejected,
    SharedSecret,
    Verified,
)
from sidecar.core.protocols import Context
from tests.conformance.world import ADA, EVE, NOW, Case, a_world

REASONS: Final = frozenset({"wrong", "malformed", "already-used", "clock-off"})

HOSTILE: Final[Mapping[str, str]] = {
    "empty": "",
    "blank": "   ",
    "dashes": "----",
    "json": "{}",
    "array": "[]",
    "very long": "1" * 1_000_000,
    "very long separators": "- " * 500_000,
    "NUL": "12345\x00",
    "NUL before": "\x00123456",
    "sign": "-12345",
    "plus": "+12345",
    "fraction": "12345.",
    "exponent": "1e5000",
    "underscore": "12_3456",
    "hexadecimal": "0x1234",
    "Arabic-Indic digits": "١٢٣٤٥٦",
    "fullwidth digits": "１２３４５６",
    "mathematical digits": "𝟏𝟐𝟑𝟒𝟓𝟔",
    "superscripts": "¹²³⁴⁵⁶",
    "right-to-left override": "\u202e123456",
    "lone surrogate": "\ud800" * 6,
    "SQL": "' OR '1'='1",
    "format": "%s%s%s%n",
    "lines": "123456\r\nSet-Cookie: a=b",
}
"""Codes that no factor takes; each must be an answer, never an exception."""


# --- the checks -----------------------------------------------------------------------------------


async def right_answer(case: Case) -> None:
    """Shows that the device's answer is verified, names its authenticator and says how (amr)."""
    world = await a_world(case)
    outcome = await world.sign_in(await world.answer())
    assert isinstance(outcome, Verified), outcome
    assert outcome.authenticator_id == world.authenticator.id
    assert outcome.amr
    assert isinstance(await world.sign_in(await world.answer()), Verified)


async def replay(case: Case) -> None:
    """Shows that an answer works once, however soon or late it comes again (THREATS 53)."""
    world = await a_world(case)
    response = await world.answer()
    assert isinstance(await world.sign_in(response), Verified)
    for later in (timedelta(0), case.pace, case.pace, timedelta(hours=1)):
        world.now += later
        assert isinstance(await world.sign_in(response), Rejected)


async def race(case: Case) -> None:
    """Shows that of two requests with one answer, one loses: both replace the same version (52)."""
    world = await a_world(case)
    response, version = await world.answer(), world.authenticator.version
    first, second = await world.offer(response), await world.offer(response)
    assert isinstance(first, Verified)
    assert isinstance(second, Verified)
    assert first.material is not None
    assert first.material != world.authenticator.material
    assert [world.store(first, version), world.store(second, version)] == [True, False]


async def enrollment_answer(case: Case) -> None:
    """Shows that what confirmed the enrollment is no answer to the first challenge (53)."""
    world = await a_world(case)
    assert isinstance(await world.offer(world.enrolled_with), Rejected)


async def wrong_enrollment(case: Case) -> None:
    """Shows that a wrong answer enrolls nobody, and an enrollment another begun is another's."""
    if case.wrong_enrollment is None:
        return
    factor = case.build()
    context = Context(ADA, "ada", NOW, "enrollment-1")
    mine, other = [await factor.begin_enrollment(context, {}) for _ in range(2)]
    for response in (case.wrong_enrollment, case.device().enroll(other.prompt, NOW), {}):
        outcome = await factor.finish_enrollment(context, mine.state, response)
        assert isinstance(outcome, Rejected), outcome


async def another_person(case: Case) -> None:
    """Shows that one person's answer or authenticator proves nothing about another (60)."""
    ada, eve = await a_world(case, ADA), await a_world(case, EVE)
    assert isinstance(await ada.offer(await eve.answer()), Rejected)
    ada.now = eve.now
    assert isinstance(await ada.offer(await ada.answer(), person=EVE), Rejected)
    moved = replace(eve.authenticator, material=ada.authenticator.material)
    assert not isinstance(moved.material, LookupCodes) or isinstance(
        await eve.offer(await ada.answer(), authenticators=(moved,)), Rejected
    )


async def malformed(case: Case) -> None:
    """Shows that hostile input is an answer, proves nothing and changes nothing."""
    world = await a_world(case)
    for response in ({}, {"other": "x"}, *({"code": text} for text in HOSTILE.values())):
        outcome = await world.offer(response)
        assert isinstance(outcome, Rejected), response
        assert outcome.reason in REASONS
        assert outcome.material is None
    assert isinstance(await world.sign_in(await world.answer()), Verified)


async def stored_form(case: Case) -> None:
    """Shows that nothing a database reader finds is taken as an answer."""
    world = await a_world(case)
    for text in _stored(world.authenticator.material):
        assert isinstance(await world.offer({"code": text}), Rejected)


async def unusable(case: Case) -> None:
    """Shows that unreadable, foreign and inactive authenticators prove and break nothing."""
    world = await a_world(case)
    mine, response = world.authenticator, await world.answer()
    others = [
        *(replace(mine, status=status) for status in AuthenticatorStatus if status != mine.status),
        *(replace(mine, material=None) for _ in "1"),
        replace(mine, material=PublicKey(b"id", b"key", 1)),
    ]
    for one in others:
        assert isinstance(await world.offer(response, authenticators=(one,)), Rejected)
    assert isinstance(await world.offer(response, authenticators=()), Rejected)
    assert isinstance(await world.offer(response, authenticators=(*others, mine)), Verified)


async def stateless(case: Case) -> None:
    """Shows that a factor keeps nothing: any process may finish what another began."""
    world = await a_world(case)
    factor, response = case.build(), await world.answer()
    outcomes = [
        await factor.finish_challenge(world.context(), (world.authenticator,), b"", response)
        for _ in range(2)
    ]
    assert outcomes[0] == outcomes[1]
    assert isinstance(outcomes[0], Verified)


async def silent(case: Case) -> None:
    """Shows that neither a repr nor a log line holds what the person knows."""
    world, lines = await a_world(case), _Lines()
    logging.getLogger().addHandler(lines)
    try:
        response = await world.answer()
        await world.sign_in({"code": "000000"})
        await world.sign_in(response)
        await world.sign_in(response)
    finally:
        logging.getLogger().removeHandler(lines)
    told = "\n".join([*world.seen, *lines.told])
    for secret in (*world.device.secrets(), *response.values()):
        assert secret not in told


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage())


def _stored(material: Material | None) -> list[str]:
    match material:
        case LookupCodes(codes=codes):
            return [text for code in codes for text in (code.hash, code.selector + code.hash)]
        case SharedSecret(secret=secret):
            return [secret.hex(), secret.decode("latin-1")]
        case _:
            return []


CHECKS: Final[tuple[Callable[[Case], Awaitable[None]], ...]] = (
    right_answer,
    replay,
    race,
    enrollment_answer,
    wrong_enrollment,
    another_person,
    malformed,
    stored_form,
    unusable,
    stateless,
    silent,
)
