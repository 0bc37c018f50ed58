"""The two ceremonies of a factor whose codes travel by message, whatever carries them.

A plugin says how its addresses are read and shown and what a proof is worth; this is the rest.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, Protocol
from urllib.parse import urlsplit

from sidecar.core.errors import ResponseRejected
from sidecar.core.message_codes import MessageCodes
from sidecar.core.messages import Contact, Message
from sidecar.core.model import (
    Authenticator,
    Enrolled,
    Prompt,
    PromptValue,
    Rejected,
    Response,
    SharedSecret,
    Started,
    Verified,
)
from sidecar.core.protocols import Context, FactorTraits

_ADDRESS_STEP: Final = b"address/1"
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Addresses(Protocol):
    """The addresses of one channel."""

    @property
    def regions(self) -> tuple[str, ...]:
        """Where codes may go, in names of ISO 3166; empty: anywhere, or it makes no sense."""
        ...

    def read(self, typed: str) -> str | Rejected:
        """Return the address in its one spelling, or why no code can go there."""
        ...

    def mask(self, to: str) -> str:
        """Return what its owner recognises it by and nobody else can write to."""
        ...


class MessageFactor:
    """A factor that sends a code to an address and is proven by it.

    The material is the address, with the challenge that it was last used for: codes on their way
    are bound to it, so that one accepted voids all others that went to the same address.
    """

    def __init__(
        self,
        traits: FactorTraits,
        addresses: Addresses,
        codes: MessageCodes,
        *,
        transport: str = "",
        origins: tuple[str, ...] = (),
    ) -> None:
        self.traits = traits
        self._addresses = addresses
        self._codes = codes
        self._transport = transport
        self._host = (urlsplit(origins[0]).hostname or "") if origins else ""

    async def begin_enrollment(self, context: Context, request: Response) -> Started:
        """Ask for an address; one that comes with the request is sent a code at once.

        Raises:
            ResponseRejected: no code can go to the address in the request.

        """
        if "address" not in request:
            return Started(self._asked_for(), _ADDRESS_STEP)
        step = self._address_step(context, request)
        if isinstance(step, Rejected):
            raise ResponseRejected(step.reason)
        return step

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Enrolled | Rejected | Started:
        """First the address is answered with a code, then the code shows that it arrived there."""
        if state == _ADDRESS_STEP:
            return self._address_step(context, response)
        sent = self._codes.judge(context, state, response.get("code", ""))
        if isinstance(sent, Rejected):
            return sent
        return Enrolled(
            SharedSecret(sent.to.encode(), {"last": ""}),
            detail=self._addresses.mask(sent.to),
            contact=Contact(self.traits.channel, sent.to),
        )

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        """A code goes to the address last used, else to the newest."""
        ready = _ready(context, authenticators)
        if not ready:
            return Started(self._prompt())
        found, held = max(ready, key=lambda each: _lately(each[0]))
        to = held.secret.decode()
        return self._sent(context, to, "sign_in_code", about=_about(found, held))

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        """Only the authenticator that the code went to is verified, and only as it was then."""
        sent = self._codes.judge(context, state, response.get("code", ""))
        if isinstance(sent, Rejected):
            return sent
        for found, held in _ready(context, authenticators):
            if (_about(found, held), held.secret.decode()) == (sent.about, sent.to):
                used = replace(held, state={"last": context.subject_id})
                return Verified(found.id, self.traits.amr, used)
        # Gone, or used for another sign-in since: this code is of no more use.
        return Rejected("already-used", over=True)

    def _address_step(self, context: Context, response: Response) -> Started | Rejected:
        if self.traits.restricted and response.get("accept_risk") != "yes":
            return Rejected("risk-not-accepted")
        to = self._addresses.read(response.get("address", ""))
        if isinstance(to, Rejected):
            return to
        if any(held.secret == to.encode() for _, held in _ready(context, context.held)):
            return Rejected("already-registered")
        return self._sent(context, to, "confirm_address")

    def _sent(self, context: Context, to: str, template: str, *, about: str = "") -> Started:
        state, code = self._codes.begin(context, to, about=about)
        values = {"code": code, "minutes": str(self._codes.minutes), "host": self._host}
        message = Message(self.traits.channel, template, to, values, self._transport)
        prompt = self._prompt(self._addresses.mask(to))
        return Started(prompt, state, (message,), expires_at=context.now + self._codes.life)

    def _asked_for(self) -> Prompt:
        data: dict[str, PromptValue] = {
            "channel": self.traits.channel,
            "suggestion": "",
            "restricted": self.traits.restricted,
            "regions": self._addresses.regions,
        }
        return Prompt("address", data)

    def _prompt(self, masked: str = "") -> Prompt:
        data: dict[str, PromptValue] = {
            "channel": self.traits.channel,
            "to": masked,
            "digits": self._codes.digits,
            "host": self._host,
        }
        return Prompt("message_code", data)


def _ready(
    context: Context, authenticators: Iterable[Authenticator]
) -> tuple[tuple[Authenticator, SharedSecret], ...]:
    return tuple(
        (authenticator, authenticator.material)
        for authenticator in authenticators
        if authenticator.person == context.person
        and authenticator.usable
        and isinstance(authenticator.material, SharedSecret)
        # Another plugin may have had this instance name before.
        and "last" in authenticator.material.state
    )


def _lately(authenticator: Authenticator) -> tuple[datetime, datetime]:
    return authenticator.last_used_at or _NEVER, authenticator.created_at


def _about(authenticator: Authenticator, held: SharedSecret) -> str:
    return f"{authenticator.id} {held.state['last']}"
