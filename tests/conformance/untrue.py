"""Small factors that say what is not so, or what nobody should hear."""

import logging
import re
from dataclasses import replace

from sidecar.core.messages import Message
from sidecar.core.model import (
    Authenticator,
    AuthenticatorId,
    Enrolled,
    Level,
    Prompt,
    Rejected,
    Response,
    SharedSecret,
    Started,
    Verified,
)
from sidecar.core.protocols import Context, FactorTraits
from tests.conformance.sound import Pad


class Logs(Pad):
    async def read(self, response: Response) -> str:
        typed = await super().read(response)
        logging.getLogger("pad").debug("read %s", typed)
        return typed


class Prints(Pad):
    async def read(self, response: Response) -> str:
        typed = await super().read(response)
        print("read", typed)
        return typed


class Shows(Pad):
    """Keeps the key where it shows: in what is told of the authenticator."""

    def enrolled(self, secret: bytes, typed: str) -> Enrolled | Rejected:
        outcome = super().enrolled(secret, typed)
        return replace(outcome, detail=secret.hex()) if isinstance(outcome, Enrolled) else outcome


class NamesAnother(Pad):
    async def verified(
        self, one: Authenticator, held: SharedSecret, about: str
    ) -> Verified | Rejected:
        outcome = await super().verified(one, held, about)
        assert isinstance(outcome, Verified)
        return replace(outcome, authenticator_id=AuthenticatorId("another"))


class SaysNotHow(Pad):
    traits = FactorTraits(proves="possession", amr=())


class ProvesMagic(Pad):
    traits = FactorTraits(proves="magic")


class AsksWithoutTemplate(Pad):
    kind = "crystal_ball"


class WritesWithoutTemplate(Pad):
    traits = FactorTraits(proves="possession", channel="pigeon")

    def ask(self, **data: str) -> Started:
        message = Message("pigeon", "carrier_note", "the loft")
        return replace(super().ask(**data), messages=(message,))


class WritesElsewhere(Pad):
    def ask(self, **data: str) -> Started:
        message = Message("sms", "sign_in_code", "+4915112345678")
        return replace(super().ask(**data), messages=(message,))


class KeepsObjects(Pad):
    def enrolled(self, secret: bytes, typed: str) -> Enrolled | Rejected:
        outcome = super().enrolled(secret, typed)
        if isinstance(outcome, Enrolled):
            odd = SharedSecret(secret, {"next": self.first, "at": {1, 2}})  # type: ignore[dict-item]
            return Enrolled(odd)
        return outcome


class Explains(Pad):
    """Rejects in words of its own."""

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        outcome = await super().finish_challenge(context, authenticators, state, response)
        odd = isinstance(outcome, Rejected) and not re.fullmatch(
            r"[0-9a-f]*", response.get("code", "")
        )
        return Rejected("no hexadecimal number") if odd else outcome


class LogsFailures(Pad):
    """Logs where it failed, with what failed."""

    async def read(self, response: Response) -> str:
        typed = await super().read(response)
        try:
            int(typed, 36) if typed.isascii() else 0
        except ValueError:
            return typed
        logging.getLogger("pad").log(5, "was read", exc_info=ValueError(typed))
        return typed


class Named(FactorTraits):
    """Traits that could say something else each time."""


class HasTraitsOfItsOwn(Pad):
    traits = Named(proves="possession")


class BoastsInVain(Pad):
    traits = FactorTraits(proves="possession", level=Level.PHISHING_RESISTANT)


class RevealsWithoutTemplate(Pad):
    def enrolled(self, secret: bytes, typed: str) -> Enrolled | Rejected:
        outcome = super().enrolled(secret, typed)
        shown = Prompt("crystal_ball")
        return replace(outcome, reveal=shown) if isinstance(outcome, Enrolled) else outcome
