"""A factor that sends codes, and what the tests of messages ask of a scene."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from sidecar.core.messages import Contact, Letter
from sidecar.core.model import Challenge, Person
from sidecar.core.outbox import STATED, Posted, PostStatus
from sidecar.core.protocols import Factor
from sidecar.flows.kit import Entered
from sidecar.flows.visit import Visit
from sidecar.loader import Role, build, resolve
from tests.clock import ManualClock
from tests.conformance.lent import lent
from tests.mailbox import Mailbox, written
from tests.unit.flows.scene import ADA, Scene, scene, watched

NUMBER = "+4915112345642"


class Named:
    """Writes letters whose subject is the name of the message, whatever words it has."""

    def language(self, wanted: str) -> str:
        return written().language(wanted)

    def write(self, posted: Posted) -> Letter:
        return replace(written().write(posted), subject=posted.message.template)


def sms() -> Factor:
    """Return the factor that sends codes by text message."""
    plugin = resolve(Role.FACTORS, "sms")
    options = plugin.options.model_validate({"transport": "texts"})
    return cast("Factor", build(plugin, options, lent("sms")))


@dataclass
class Post:
    """One process, and what its messages came to."""

    scene: Scene

    @property
    def texts(self) -> Mailbox:
        return cast("Mailbox", self.scene.kit.transports["texts"])

    @property
    def mail(self) -> Mailbox:
        return cast("Mailbox", self.scene.kit.transports["mail"])

    @property
    def clock(self) -> ManualClock:
        return self.scene.clock

    def code(self) -> str:
        """Return the code that the last text message carried."""
        return self.texts.letters[-1].text.rsplit("#", 1)[1]

    async def newcomer(self, person: Person = ADA) -> tuple[Visit, Challenge]:
        """Return a visit that is asked for the number it wants codes sent to."""
        visit, _ = await self.scene.enter(person)
        invitation = await self.scene.people.invite(person, "desk")
        begun = await self.scene.flows.enrollments.begin(visit, "sms", {}, invitation=invitation)
        return visit, begun

    async def give(self, visit: Visit, begun: Challenge, number: str = NUMBER) -> Challenge:
        """Return the step that asks for the code sent to the number."""
        answer = {"address": number, "accept_risk": "yes"}
        step = await self.scene.flows.enrollments.finish(visit, begun.id, answer)
        assert isinstance(step, Challenge)
        return step

    async def confirmed(self, person: Person = ADA, number: str = NUMBER) -> Visit:
        """Return the proven visit of somebody whose number was confirmed a day ago."""
        visit, begun = await self.newcomer(person)
        step = await self.give(visit, begun, number)
        entered = await self.scene.flows.enrollments.finish(visit, step.id, {"code": self.code()})
        assert isinstance(entered, Entered)
        await self.scene.flows.deliveries.carrier.recover()
        self.texts.letters.clear()
        self.mail.letters.clear()
        self.clock.travel(days=1)
        visit, _ = await self.scene.enter(person)
        return visit

    async def begin(self, visit: Visit) -> Challenge:
        return await self.scene.flows.challenges.begin(visit, "sms")

    async def answer(self, visit: Visit, begun: Challenge, code: str = "") -> Entered:
        response = {"code": code or self.code()}
        return await self.scene.flows.challenges.answer(visit, begun.id, response)

    async def statuses(self, challenge: Challenge) -> list[PostStatus]:
        async with self.scene.store.read() as tx:
            return [one.status for one in await tx.sendings.of(challenge.id)]

    async def reach(self, *contacts: Contact, person: Person = ADA) -> None:
        """Notices to the person go there, too."""
        async with self.scene.store.begin() as tx:
            for contact in contacts:
                await tx.contacts.record(
                    person, contact, origin=STATED, verified=False, now=self.clock()
                )

    async def notices(self) -> list[Letter]:
        """Return the mails that were sent once somebody looked after the outbox."""
        await self.scene.flows.deliveries.carrier.recover()
        return self.mail.letters


@asynccontextmanager
async def posting(folder: Path, at: Post | None = None, **changes: object) -> AsyncIterator[Post]:
    """Run a process that sends codes; with `at` it is another one over the same store."""
    factors = {name: watched(name) for name in ("totp", "backup_codes")} | {"sms": sms()}
    shared = {"transports": at.scene.kit.transports} if at else {}
    clock = at.clock if at else None
    parts = {"factors": factors, "letters": Named(), **shared, **changes}
    async with scene(folder, clock, **parts) as made:
        yield Post(made)


def known(visit: Visit) -> Visit:
    """Return the visit as of a browser that once passed."""
    return replace(visit, known=True)
