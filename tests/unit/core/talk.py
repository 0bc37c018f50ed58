"""What passes between a person and a factor that sends codes, without a flow."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sidecar.core.keyed import OneKey
from sidecar.core.message_codes import MessageCodes
from sidecar.core.message_factor import MessageFactor
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    AuthenticatorStatus,
    Enrolled,
    Level,
    Person,
    Prompt,
    Rejected,
    Started,
    Verified,
)
from sidecar.core.protocols import Context, FactorTraits

NOW = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
ADA, EVE = Person("shop", "ada"), Person("shop", "eve")
OVER = Rejected("already-used", over=True)


@dataclass(frozen=True)
class Chat:
    """Names in a chat, as a plugin of somebody else's might send to."""

    regions: tuple[str, ...] = ("DE",)

    def read(self, typed: str) -> str | Rejected:
        return typed.lower() if typed.startswith("@") else Rejected("bad-address")

    def mask(self, to: str) -> str:
        return f"{to[:2]}•••"


keyed = OneKey(b"k" * 32)


def factor(*, restricted: bool = False, digits: int = 6, minutes: int = 5) -> MessageFactor:
    return MessageFactor(
        FactorTraits("possession", amr=("chat",), restricted=restricted, channel="chat"),
        Chat(),
        MessageCodes(keyed, digits, timedelta(minutes=minutes)),
        transport="pigeons",
        origins=("https://shop.example.com:8443", "https://other.example.com"),
    )


@dataclass
class Talk:
    """What passes between a person and a factor; the ids of ceremonies are the caller's."""

    person: Person = ADA
    now: datetime = NOW
    by: MessageFactor = field(default_factory=factor)

    def context(self, which: str, *held: Authenticator) -> Context:
        return Context(self.person, "Ada", self.now, which, held)

    async def address(
        self, to: str, *held: Authenticator, which: str = "new", **more: str
    ) -> Started | Rejected:
        """Return what comes of an address in the first step."""
        context = self.context(which, *held)
        first = await self.by.begin_enrollment(context, {})
        outcome = await self.by.finish_enrollment(context, first.state, {"address": to, **more})
        assert not isinstance(outcome, Enrolled)
        return outcome

    async def confirm(
        self, step: Started, code: str, *, which: str = "new"
    ) -> Enrolled | Rejected | Started:
        return await self.by.finish_enrollment(self.context(which), step.state, {"code": code})

    async def enroll(self, to: str = "@ada") -> Authenticator:
        step = await self.address(to, which=f"enrollment of {to}")
        assert isinstance(step, Started)
        enrolled = await self.confirm(step, code_of(step), which=f"enrollment of {to}")
        assert isinstance(enrolled, Enrolled)
        return Authenticator(
            id=AuthenticatorId(f"authenticator of {to[:4]}"),
            person=self.person,
            factor="chat",
            name="Chat",
            status=AuthenticatorStatus.ACTIVE,
            level=Level.TWO_FACTOR,
            version=1,
            created_at=self.now,
            material=enrolled.material,
        )

    async def begin(self, *held: Authenticator, which: str = "first") -> Started:
        return await self.by.begin_challenge(self.context(which), held)

    async def answer(
        self, begun: Started, *held: Authenticator, which: str = "first", code: str = ""
    ) -> Verified | Rejected:
        response = {"code": code or code_of(begun)}
        return await self.by.finish_challenge(self.context(which), held, begun.state, response)


def code_of(started: Started) -> str:
    (message,) = started.messages
    return message.values["code"]


def asking(digits: int) -> Prompt:
    return Prompt(
        "message_code",
        {"channel": "chat", "to": "@a•••", "digits": digits, "host": "shop.example.com"},
    )


def another(code: str) -> str:
    return f"{(int(code) + 1) % 10 ** len(code):0{len(code)}}"


def used(found: Authenticator, outcome: Verified | Rejected, at: datetime = NOW) -> Authenticator:
    """Return the authenticator as a flow stores it after it was verified."""
    assert isinstance(outcome, Verified)
    assert outcome.authenticator_id == found.id
    return replace(found, material=outcome.material, last_used_at=at)
