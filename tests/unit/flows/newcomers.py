"""Newcomers who are sent a code, and what they find in their mailbox."""

import re
from dataclasses import replace
from typing import cast

from sidecar.core.messages import Letter
from sidecar.core.model import Challenge, Claims
from sidecar.flows.kit import Entered, FirstEnrollment
from sidecar.flows.visit import Visit
from tests.mailbox import Mailbox
from tests.unit.flows.scene import Phone, Scene, secret_of

CONFIRMED = FirstEnrollment("confirmed")


def box(here: Scene, name: str = "mail") -> Mailbox:
    return cast("Mailbox", here.kit.transports[name])


def code_in(letter: Letter) -> dict[str, str]:
    found = re.search(r"\b\d{6}\b", letter.text)
    assert found is not None
    return {"code": found[0]}


def stating(visit: Visit, *, email: str = "", phone: str = "") -> Visit:
    claims = Claims(email=email, phone=phone)
    return replace(visit, identity=replace(visit.identity, claims=claims))


async def begun(here: Scene, visit: Visit) -> tuple[Challenge, dict[str, str]]:
    challenge = await here.flows.confirmations.begin(visit)
    return challenge, code_in(box(here).letters[-1])


async def set_up(here: Scene, visit: Visit) -> Visit:
    enrollment = await here.flows.enrollments.begin(visit, "totp", {})
    phone = Phone(secret_of(enrollment.prompt))
    entered = await here.flows.enrollments.finish(visit, enrollment.id, phone.code(here.clock))
    assert isinstance(entered, Entered)
    return replace(visit, session=entered.session)
