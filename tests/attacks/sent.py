"""A process that sends codes, and the network that carries them, for attackers to look at."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from sidecar.core.errors import (
    ResponseRejected,
)
from sidecar.core.model import Challenge, Person
from sidecar.core.protocols import Factor
from sidecar.flows.admission import adding
from sidecar.flows.kit import Entered
from sidecar.flows.visit import Visit
from sidecar.loader import Role, build, resolve
from tests.conformance.lent import lent
from tests.mailbox import Mailbox
from tests.unit.flows.scene import ADA, GRACE, Scene, scene, watched

NUMBERS = {ADA: "+4915112345642", GRACE: "+4915112345643"}
MAILS = {ADA: "ada@x.test", GRACE: "grace@x.test"}
CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


def sender(name: str, transport: str) -> Factor:
    plugin = resolve(Role.FACTORS, name)
    options = plugin.options.model_validate({"transport": transport})
    return cast("Factor", build(plugin, options, lent(name)))


@dataclass
class Place:
    """One process with text messages and mail, and what the network carried for it."""

    scene: Scene
    texts: Mailbox
    mail: Mailbox

    def code(self, of: Mailbox | None = None) -> str:
        """Return the code of the letter that came last."""
        (code,) = set(CODE.findall((of or self.texts).letters[-1].text))
        return str(code)

    async def enroll(self, person: Person = ADA) -> Visit:
        """Return the proven visit of a newcomer whose number was confirmed."""
        visit, _ = await self.scene.enter(person)
        invitation = await self.scene.people.invite(person, "desk")
        begun = await self.scene.flows.enrollments.begin(visit, "sms", {}, invitation=invitation)
        step = await self.address(visit, begun, NUMBERS[person])
        entered = await self.finish(visit, step, self.code())
        assert isinstance(entered, Entered)
        self.scene.clock.travel(minutes=11)
        return replace(visit, session=entered.session)

    async def address(self, visit: Visit, begun: Challenge, to: str) -> Challenge:
        answer = {"address": to, "accept_risk": "yes"}
        step = await self.scene.flows.enrollments.finish(visit, begun.id, answer)
        assert isinstance(step, Challenge)
        return step

    async def finish(self, visit: Visit, step: Challenge, code: str) -> object:
        return await self.scene.flows.enrollments.finish(visit, step.id, {"code": code})

    async def begin(self, visit: Visit, factor: str = "sms") -> Challenge:
        return await self.scene.flows.challenges.begin(visit, factor)

    async def answer(self, visit: Visit, begun: Challenge, code: str) -> Entered:
        return await self.scene.flows.challenges.answer(visit, begun.id, {"code": code})

    async def again(self, visit: Visit, begun: Challenge) -> None:
        """Have the code sent again as soon as that is possible."""
        at = await self.scene.flows.deliveries.again_at(begun)
        assert at is not None
        self.scene.clock.now = max(at, self.scene.clock.now)
        await self.scene.flows.deliveries.again(visit, begun)

    async def wrong(self, visit: Visit, begun: Challenge, times: int = 1) -> None:
        """So many wrong codes were typed, and each was refused as such."""
        for _ in range(times):
            with pytest.raises(ResponseRejected, match="wrong"):
                await self.answer(visit, begun, another(self.code()))


def another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


@asynccontextmanager
async def place_in(
    folder: Path, at: Place | None = None, **changes: object
) -> AsyncIterator[Place]:
    """Run a process; with `at` it is another one over the same store and network.

    `changes` replace parts of its kit.
    """
    texts = at.texts if at else Mailbox("sms", "texts")
    mail = at.mail if at else Mailbox("email", "mail")
    factors = {
        "totp": watched("totp"),
        "sms": sender("sms", "texts"),
        "email": sender("email", "mail"),
    }
    clock = at.scene.clock if at else None
    transports = {"texts": texts, "mail": mail}
    parts = {"factors": factors, "transports": transports, **changes}
    async with scene(folder, clock, **parts) as made:
        yield Place(made, texts, mail)


async def second(here: Place, visit: Visit) -> Visit:
    """Return the visit of a person who added a mailbox to their number."""
    flows = here.scene.flows
    begun = await flows.challenges.begin(visit, "sms", action=adding("email"))
    entered = await here.answer(visit, begun, here.code())
    visit = replace(visit, session=entered.session)
    step = await flows.enrollments.begin(visit, "email", {})
    step = await here.address(visit, step, MAILS[ADA])
    await here.finish(visit, step, here.code(here.mail))
    here.scene.clock.travel(minutes=11)
    return visit
