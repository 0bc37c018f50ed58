"""A transport for whole sidecars under test: what it carries can be read afterwards."""

from pydantic import BaseModel, ConfigDict

from sidecar.core.protocols import Plugin, Tools
from sidecar.core.transports import Transport
from tests.mailbox import Mailbox


class Options(BaseModel):
    """What it carries."""

    model_config = ConfigDict(extra="forbid")

    channel: str


def _build(options: Options, tools: Tools) -> Transport:
    return Mailbox(options.channel, tools.instance)


PLUGIN: Plugin[Options, Transport] = Plugin(Options, _build)
