"""People whose browsers are remembered, before the flows."""

from dataclasses import replace
from datetime import timedelta

from sidecar.core.assurance import Requirement
from sidecar.core.model import Level
from sidecar.core.trusted import TrustedBrowser
from sidecar.flows.trusted import Carried, Recognised
from sidecar.flows.visit import Visit
from tests.unit.flows.scene import ADA, Phone, Scene

MONTH = timedelta(days=30)
ANY = (Requirement(Level.TWO_FACTOR),)


async def remembered(here: Scene) -> tuple[Visit, Phone, Carried]:
    """Return the visit and phone of a newcomer whose browser is remembered, and what it carries."""
    visit, phone = await here.enroll()
    carried = await here.flows.browsers.remember(visit)
    assert carried is not None
    return replace(visit, trusted=carried.token), phone, carried


def later(here: Scene, carried: Carried, **changes: object) -> Visit:
    """Return a visit of the remembered browser in no session."""
    return replace(here.stranger(), trusted=carried.token, **changes)  # type: ignore[arg-type]


async def recognised(here: Scene, visit: Visit) -> Recognised:
    found = await here.flows.browsers.recognise(visit, ANY)
    assert isinstance(found, Recognised)
    return found


async def listed(here: Scene) -> tuple[TrustedBrowser, ...]:
    async with here.store.read() as tx:
        return await tx.trusted.of(ADA, here.clock())
