"""A person with keys, as the flows keep them."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from plugins.factors.webauthn import Options, Webauthn
from sidecar.conformance.softkey import SoftKey
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Enrolled,
    Level,
    Person,
    PublicKey,
    Rejected,
    Response,
    Started,
    Verified,
)
from sidecar.core.protocols import Context
from tests.conformance.lent import lent

ADA: Final = Person("shop", "ada")
EVE: Final = Person("shop", "eve")
NOW: Final = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)


def webauthn(
    *,
    at: str = "https://shop.example.com",
    key: bytes = b"k" * 32,
    **options: Any,  # noqa: ANN401 - as they are written
) -> Webauthn:
    written = {"rp_id": "shop.example.com", "rp_name": "Harbour", **options}
    return Webauthn(Options.model_validate(written), lent(origins=(at,), key=key))


def authenticator(key: PublicKey, person: Person = ADA, name: str = "my key") -> Authenticator:
    return Authenticator(
        id=AuthenticatorId(f"{person.subject}-{key.credential_id.hex()[:8]}"),
        person=person,
        factor="webauthn",
        name=name,
        status=AuthenticatorStatus.ACTIVE,
        level=Level.PHISHING_RESISTANT,
        version=1,
        created_at=NOW,
        material=key,
    )


@dataclass
class Owner:
    """Somebody with keys, before a factor that has certain options."""

    factor: Webauthn
    person: Person = ADA
    held: tuple[Authenticator, ...] = ()
    opened: list[Started] = field(default_factory=list)

    @property
    def context(self) -> Context:
        label = f"{self.person.subject}@example.com"
        return Context(self.person, label, NOW, "ceremony-1", self.held)

    @property
    def usable(self) -> tuple[Authenticator, ...]:
        return tuple(item for item in self.held if item.usable)

    async def to_enroll(self) -> Started:
        return await self.factor.begin_enrollment(self.context, {})

    async def offer(self, soft: SoftKey, **lies: Any) -> Enrolled | Rejected:  # noqa: ANN401 - `Manner`
        """Return what becomes of making a key."""
        started = await self.to_enroll()
        return await self.finish(started, soft.create(started.prompt, **lies))

    async def finish(self, started: Started, response: Response) -> Enrolled | Rejected:
        return await self.factor.finish_enrollment(self.context, started.state, response)

    async def enroll(self, soft: SoftKey, **lies: Any) -> PublicKey:  # noqa: ANN401 - `Manner`
        """The person has the key from now on."""
        outcome = await self.offer(soft, **lies)
        assert isinstance(outcome, Enrolled), outcome
        assert isinstance(outcome.material, PublicKey)
        self.held += (authenticator(outcome.material, self.person),)
        return outcome.material

    async def asked(self) -> Started:
        return await self.factor.begin_challenge(self.context, self.usable)

    async def use(self, soft: SoftKey, **lies: Any) -> Verified | Rejected:  # noqa: ANN401 - `Manner`
        """Return what becomes of using a key."""
        started = await self.asked()
        return await self.answer(started, soft.get(started.prompt, **lies))

    async def answer(self, started: Started, response: Response) -> Verified | Rejected:
        return await self.factor.finish_challenge(
            self.context, self.usable, started.state, response
        )

    def keep(self, outcome: Verified | Rejected) -> PublicKey:
        """What the factor returned replaces what it was."""
        assert isinstance(outcome, Verified), outcome
        assert isinstance(outcome.material, PublicKey)
        self.held = tuple(
            replace(item, material=outcome.material)
            if item.id == outcome.authenticator_id
            else item
            for item in self.held
        )
        return outcome.material
