"""Codes in the company's chat, to a name that was shown to be the person's.

Does not protect against a page that asks for the code (phishing), nor against whoever reads the
person's chat: a stolen laptop, an administrator of the chat, a bot that may see direct messages.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from sidecar.core.message_codes import MessageCodes
from sidecar.core.message_factor import MessageFactor
from sidecar.core.model import (
    Authenticator,
    Enrolled,
    Rejected,
    Response,
    Started,
    Verified,
)
from sidecar.core.protocols import Context, Factor, FactorTraits, Plugin, Tools

CHANNEL: Final = "chat"
TRAITS: Final = FactorTraits(proves="possession", channel=CHANNEL, label="Chat message")
MAX_NAME_CHARACTERS: Final = 64
FILES: Final = Path(__file__).parent / "files"

DEVICE: Final = "sidecar_chat_code.device:Chat"
"""What answers as a person would; `sidecar plugins test` looks for it here."""


class Options(BaseModel):
    """By which way codes go."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    transport: str = Field(min_length=1)
    """Instance name of a transport that carries `chat`."""
    digits: int = Field(default=6, ge=6, le=8)
    """Length of a code."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names in the chat, written `@ada`."""

    regions: tuple[str, ...] = ()

    def read(self, typed: str) -> str | Rejected:
        name = typed.strip().removeprefix("@").lower()
        plain = name.isascii() and name.replace(".", "").replace("-", "").isalnum()
        fits = plain and len(name) <= MAX_NAME_CHARACTERS
        return f"@{name}" if fits else Rejected("bad-address")

    def mask(self, to: str) -> str:
        return f"{to[:2]}•••"


class ChatCodes:
    """The ceremonies of a factor that sends codes, with a prompt and a message of their own."""

    traits = TRAITS

    def __init__(self, options: Options, tools: Tools) -> None:
        codes = MessageCodes(tools.keyed, options.digits)
        self._inner = MessageFactor(
            TRAITS, Names(), codes, transport=options.transport, origins=tools.origins
        )

    async def begin_enrollment(self, context: Context, request: Response) -> Started:
        return _worded(await self._inner.begin_enrollment(context, request))

    async def finish_enrollment(
        self, context: Context, state: bytes, response: Response
    ) -> Enrolled | Rejected | Started:
        outcome = await self._inner.finish_enrollment(context, state, response)
        return _worded(outcome) if isinstance(outcome, Started) else outcome

    async def begin_challenge(
        self, context: Context, authenticators: tuple[Authenticator, ...]
    ) -> Started:
        return _worded(await self._inner.begin_challenge(context, authenticators))

    async def finish_challenge(
        self,
        context: Context,
        authenticators: tuple[Authenticator, ...],
        state: bytes,
        response: Response,
    ) -> Verified | Rejected:
        return await self._inner.finish_challenge(context, authenticators, state, response)


def _worded(started: Started) -> Started:
    """Return the step in the words of a chat: `files/` has the templates."""
    prompt = started.prompt
    if prompt.kind == "address":
        prompt = replace(prompt, kind="chat_name")
    messages = tuple(replace(message, template="chat_code") for message in started.messages)
    return replace(started, prompt=prompt, messages=messages)


PLUGIN: Plugin[Options, Factor] = Plugin(Options, ChatCodes, FILES)
