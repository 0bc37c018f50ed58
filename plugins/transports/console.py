"""Letters shown to whoever runs the sidecar, instead of sent: for trying it on one's own machine.

Protects nothing: whoever reads standard error reads every code.
"""

import sys
from typing import Annotated, Final, TextIO

from pydantic import BaseModel, ConfigDict, Field

from sidecar.core.delivery import admit
from sidecar.core.errors import AccessDenied
from sidecar.core.messages import Callback, Letter, Receipt, Told
from sidecar.core.protocols import Plugin, Tools
from sidecar.core.transports import Transport, TransportTraits

MARK: Final = "NOT SENT"

Channel = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class Options(BaseModel):
    """What is shown."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    channels: tuple[Channel, ...] = Field(default=("sms", "email"), min_length=1)
    """Which letters are taken; a factor of somebody else's may have a channel of its own."""


class Console:
    """Letters on standard error."""

    def __init__(self, options: Options, tools: Tools, out: TextIO | None = None) -> None:
        self.traits = TransportTraits(
            frozenset(options.channels), idempotent=True, development=True
        )
        self._tools = tools
        self._out = out

    async def send(self, letter: Letter) -> Receipt:
        """Show the letter, every line marked, so that none can pass for a line of the log."""
        admit(letter, self.traits, self._tools.now())
        parts = (f"{letter.channel} to {letter.to}", letter.subject, letter.text)
        lines = [line for part in parts if part for line in part.splitlines()]
        shown = "".join(f"{MARK} | {_plain(line)}\n" for line in lines)
        (self._out or sys.stderr).write(shown)
        return Receipt(self._tools.instance, letter.key)

    async def told(self, call: Callback) -> tuple[Told, ...]:
        """Refuse: nobody carries these letters further."""
        del call
        raise AccessDenied("the console knows no callbacks")


def _plain(line: str) -> str:
    """Return the line without what a terminal would obey."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line
    )


PLUGIN: Plugin[Options, Transport] = Plugin(Options, Console)
