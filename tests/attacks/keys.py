"""People with keys before the flows, for the attacks on them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from sidecar.conformance.softkey import SoftKey
from sidecar.core.errors import ChallengeGone, ResponseRejected
from sidecar.core.model import Challenge, Person, PublicKey, Response
from sidecar.flows.kit import Entered
from sidecar.flows.visit import Visit
from tests.plugins.factors.keys import webauthn
from tests.unit.flows.scene import ADA, Scene, scene

FACTOR: Final = "webauthn"


@asynccontextmanager
async def place(folder: Path) -> AsyncIterator[Scene]:
    """One process over a fresh store, with keys that must verify their user."""
    factors = {FACTOR: webauthn(user_verification="required")}
    async with scene(folder, factors=factors) as made:
        yield made


async def begun(here: Scene, person: Person) -> tuple[Visit, Challenge]:
    """A newcomer's visit, and their open enrollment of a key."""
    visit, _ = await here.enter(person)
    code = await here.people.invite(person, "desk")
    enrollments = here.flows.enrollments
    return visit, await enrollments.begin(visit, FACTOR, {}, invitation=code)


async def enroll(here: Scene, soft: SoftKey, person: Person = ADA) -> Visit:
    """The proven visit of somebody who set up this key."""
    visit, challenge = await begun(here, person)
    response = soft.create(challenge.prompt)
    entered = await here.flows.enrollments.finish(visit, challenge.id, response)
    assert isinstance(entered, Entered)
    return replace(visit, session=entered.session)


async def ask(here: Scene, person: Person = ADA) -> tuple[Visit, Challenge]:
    """A visit in a new session that has proven nothing, and its open challenge."""
    visit, _ = await here.enter(person)
    return visit, await here.flows.challenges.begin(visit, FACTOR)


async def refused(here: Scene, visit: Visit, challenge: Challenge, response: Response) -> str:
    """Return why it was refused; nobody got in, nothing was replaced, and the challenge is gone."""
    before = await here.held(), await here.events(visit.person)
    with pytest.raises(ResponseRejected) as told:
        await here.flows.challenges.answer(visit, challenge.id, response)
    assert await here.held() == before[0]
    assert "challenge.verified" not in await here.events(visit.person)
    with pytest.raises(ChallengeGone):
        await here.flows.challenges.answer(visit, challenge.id, response)
    return told.value.reason


async def key_of(here: Scene, person: Person = ADA) -> PublicKey:
    [item] = await here.held(person)
    assert isinstance(item.material, PublicKey)
    return item.material
