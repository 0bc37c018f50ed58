"""A program sets up factors for people: by the enrollments of the pages, and under their rules.

The first factor of somebody it may vouch for, the next ones with a proof of theirs; or without, if
it may override that.
"""

from typing import Literal

from sidecar.core.api_errors import InputFault, InputInvalid, ProofNeeded
from sidecar.core.errors import ChallengeGone, Conflict, NotFound, PluginFailed, StepUpRequired
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Challenge,
    ChallengeId,
    LookupCodes,
    Person,
    Response,
)
from sidecar.core.names import is_name, tidy
from sidecar.flows.admission import adding
from sidecar.flows.behalf import Behalf, Errand
from sidecar.flows.deliver import Deliveries
from sidecar.flows.enroll import Enrollments
from sidecar.flows.kit import Kit
from sidecar.flows.requested import Asked, asked
from sidecar.flows.visit import Visit

Spares = Literal["offered", "there", "not-configured"]


class Provisioning:
    """Enrollments on behalf of people."""

    def __init__(
        self, kit: Kit, behalf: Behalf, enrollments: Enrollments, deliveries: Deliveries
    ) -> None:
        self._kit = kit
        self._behalf = behalf
        self._enrollments = enrollments
        self._deliveries = deliveries

    async def begin(self, errand: Errand, factor: str, fields: Response) -> Asked:
        """An enrollment is open that this program alone can finish.

        `fields` are what the factor can begin with.

        Raises:
            NotFound: no such factor is configured.
            ProofNeeded: the person has one already, and did not prove to want another.
            RecoveryNeeded: the person once had a factor and has none usable now.
            Conflict: a spare is not the first, or the person has too many.
            ResponseRejected: the fields say nothing that the factor can begin with.
            TooManyAttempts: too much was begun lately, or too many messages sent.
            DeliveryFailed: a code reached nobody; the step that it names stays open.

        """
        if factor not in self._kit.factors:
            message = f"no factor {factor!r} is configured; there is {', '.join(self._kit.factors)}"
            raise NotFound(message)
        visit = await self._behalf.visit(errand)
        try:
            begun = await self._enrollments.begin(visit, factor, fields)
        except StepUpRequired as missing:
            raise ProofNeeded(adding(factor)) from missing
        return await asked(self._deliveries, self._kit, begun)

    async def again(self, errand: Errand, which: ChallengeId) -> Asked:
        """The message of an open step went out once more.

        Raises:
            ChallengeGone: it is not open, was sent nowhere, or another program began it.
            TooManyAttempts: it is too early, or too often.
            DeliveryFailed: it did not get through.

        """
        visit = await self._behalf.going_on(errand)
        step = await self._step(visit, which)
        await self._deliveries.again(visit, step)
        return await asked(self._deliveries, self._kit, step)

    async def finish(
        self,
        errand: Errand,
        which: ChallengeId,
        response: Response,
        *,
        name: str = "",
        factor: str = "",
    ) -> Authenticator | Asked:
        """Return the new authenticator, or the next step; of this factor only, where one is said.

        Raises:
            InputInvalid: nothing can be called so.
            ChallengeGone: not open, or not begun by this program for this person and factor.
            ResponseRejected: the answer does not show that the person holds it.
            RecoveryNeeded: the person lost every usable factor meanwhile.
            Conflict: somebody else finished a first enrollment of this person meanwhile.
            TooManyAttempts: nothing was checked; or too many messages were sent.
            DeliveryFailed: a code reached nobody; the step that it names stays open.

        """
        if name and not is_name(name):
            raise InputInvalid(InputFault("expected are up to 60 printable characters", "/name"))
        visit = await self._behalf.going_on(errand)
        step = await self._step(visit, which)
        if factor not in {"", step.factor}:
            message = "an enrollment of another factor"
            raise ChallengeGone(message)
        done = await self._enrollments.finish(visit, which, response, name=tidy(name))
        if isinstance(done, Challenge):
            return await asked(self._deliveries, self._kit, done)
        return await self._authenticator(errand.person, step.authenticator_id)

    async def codes(self, errand: Errand) -> tuple[Authenticator, tuple[str, ...]]:
        """Return the person's new spare codes, shown now and never again; earlier ones are gone.

        Raises:
            NotFound: no spare factor is configured.
            ProofNeeded: the person did not prove, with two factors, to want them.
            RecoveryNeeded: the person once had a factor and has none usable now.
            Conflict: the person has no factor that the codes could stand in for.
            TooManyAttempts: too much was begun lately.

        """
        step = (await self.begin(errand, self._kit.spare, {})).challenge
        codes = step.prompt.data.get("codes")
        if not isinstance(codes, tuple):
            message = f"{self._kit.spare} shows no codes"
            raise PluginFailed(message)
        made = await self.finish(errand, step.id, {})
        if isinstance(made, Asked):
            message = f"{self._kit.spare} asks for more than one step"
            raise PluginFailed(message)
        return made, codes

    async def spare(self, person: Person) -> Authenticator | None:
        """Return the set of spare codes that the person could use one of; None: there is none."""
        async with self._kit.store.read() as tx:
            held = await tx.authenticators.of(person)
        mine = (item for item in held if item.factor == self._kit.spare)
        good = (item for item in mine if item.status is AuthenticatorStatus.ACTIVE)
        return next((item for item in good if isinstance(item.material, LookupCodes)), None)

    async def spares(self, person: Person) -> Spares:
        """Return whether the person has spare codes, could have them made, or cannot here."""
        if not self._kit.spare:
            return "not-configured"
        found = await self.spare(person)
        return "there" if found is not None and found.usable else "offered"

    async def _step(self, visit: Visit, which: ChallengeId) -> Challenge:
        try:
            return await self._enrollments.show(visit, which)
        except StepUpRequired as aged:
            message = "what it was begun with was proven too long ago; begin again"
            raise ChallengeGone(message) from aged

    async def _authenticator(self, person: Person, which: AuthenticatorId | None) -> Authenticator:
        async with self._kit.store.read() as tx:
            found = await tx.authenticators.get(person, which) if which else None
        if found is None:
            message = "it was removed again in the same moment"
            raise Conflict(message)
        return found
