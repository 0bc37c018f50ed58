"""Programs that act for people, over the flows of a scene."""

from collections.abc import Mapping
from dataclasses import dataclass

from sidecar.core.clients import ApiClient, ClientId, Scope
from sidecar.core.model import Authenticator, Person
from sidecar.flows.behalf import Behalf, Errand
from sidecar.flows.provisioning import Provisioning
from sidecar.flows.requested import Asked, Proven, Requested, Wish
from tests.unit.flows.scene import ADA, Phone, Scene, secret_of

DESK = ApiClient(
    ClientId("desk-1"), "desk", frozenset({Scope.ENROLLMENTS_WRITE, Scope.CHALLENGES_WRITE})
)
SHOP = ApiClient(ClientId("shop-1"), "shop", DESK.scopes)
NO_WISH = Wish()
CHIEF = ApiClient(ClientId("chief-1"), "chief", DESK.scopes | {Scope.ENROLLMENTS_OVERRIDE})


def errand(client: ApiClient = DESK, person: Person = ADA) -> Errand:
    return Errand(client, person, "req-9")


@dataclass
class Agency:
    """Does errands."""

    here: Scene

    @property
    def behalf(self) -> Behalf:
        return Behalf(self.here.flows.kit)

    @property
    def requested(self) -> Requested:
        flows = self.here.flows
        return Requested(flows.kit, self.behalf, flows.challenges, flows.deliveries)

    @property
    def provisioning(self) -> Provisioning:
        flows = self.here.flows
        return Provisioning(flows.kit, self.behalf, flows.enrollments, flows.deliveries)

    async def enroll(self, who: Errand | None = None, factor: str = "totp") -> Phone:
        """Return the phone that a program set up."""
        who = who or errand()
        begun = await self.provisioning.begin(who, factor, {})
        phone = Phone(secret_of(begun.challenge.prompt))
        done = await self.provisioning.finish(who, begun.challenge.id, phone.code(self.here.clock))
        assert isinstance(done, Authenticator)
        return phone

    async def ask(self, who: Errand | None = None, wish: Wish = NO_WISH) -> Asked:
        return await self.requested.begin(who or errand(), wish)

    async def prove(self, phone: Phone, who: Errand | None = None, *, action: str = "") -> Proven:
        """Return what the app's next code proves to a program."""
        self.here.clock.travel(seconds=30)
        asked = await self.ask(who, Wish(action=action))
        answer = phone.code(self.here.clock)
        return await self.requested.answer(who or errand(), asked.challenge.id, answer)

    async def details(self, name: str, person: Person = ADA) -> Mapping[str, object]:
        """Return the details of the latest event of this name, and its actor."""
        async with self.here.store.read() as tx:
            found = await tx.trail.of(person, 500)
        event = next(one for one in found if one.name == name)
        return {**event.details, "actor": event.actor, "request_id": event.request_id}
