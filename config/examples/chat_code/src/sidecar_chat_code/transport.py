"""Messages to people in the company's chat, by an incoming webhook (Mattermost and its like).

Whoever knows the URL can write to everybody in the bot's name, so it is a secret. The chat says
that it took a message, never that somebody read it.
Source: https://developers.mattermost.com/integrate/webhooks/incoming/.
"""

import json
from datetime import timedelta
from typing import Annotated, Final, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
    model_validator,
)

from sidecar.core.delivery import admit, endpoint, failure, was_taken
from sidecar.core.durations import parse_duration
from sidecar.core.errors import AccessDenied, Undelivered
from sidecar.core.messages import Callback, Letter, Receipt, Told
from sidecar.core.protocols import Plugin, Tools
from sidecar.core.transports import Transport, TransportTraits

TRAITS: Final = TransportTraits(frozenset({"chat"}))
_NO_SUCH_NAME: Final = 404

Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema({"type": "string"})]


class Options(BaseModel):
    """Where the chat takes messages."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    url: SecretStr
    """The incoming webhook; https. A secret: it lets anybody write in the bot's name."""
    private: bool = False
    """The chat is inside (loopback, private, link-local), or without TLS."""
    timeout: Duration = Field(
        default=timedelta(seconds=5), gt=timedelta(0), le=timedelta(seconds=14)
    )
    """How long to wait for an answer; a person waits with us."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        endpoint(self.url.get_secret_value(), private=self.private)
        return self


class IncomingWebhook:
    """Messages by one call each; the chat promises nothing about a second one."""

    traits = TRAITS

    def __init__(self, options: Options, tools: Tools) -> None:
        self._options = options
        self._tools = tools

    async def send(self, letter: Letter) -> Receipt:
        admit(letter, self.traits, self._tools.now())
        answer = await self._tools.call(
            "POST",
            self._options.url.get_secret_value(),
            ((b"Content-Type", b"application/json"),),
            json.dumps({"channel": letter.to, "text": letter.text}).encode(),
            timeout_s=self._options.timeout.total_seconds(),
            private=self._options.private,
        )
        if not was_taken(answer):
            unknown = "name" if answer.status == _NO_SUCH_NAME else ""
            raise failure(answer, unknown, {"name": Undelivered.RECIPIENT})
        return Receipt(self._tools.instance)

    async def told(self, call: Callback) -> tuple[Told, ...]:
        """Refuse: a chat tells nothing of its messages."""
        del call
        raise AccessDenied("an incoming webhook knows no callbacks")


PLUGIN: Plugin[Options, Transport] = Plugin(Options, IncomingWebhook)
