"""Providers tell what became of letters; believed once the transport checked who calls."""

from datetime import timedelta
from typing import Final

import structlog

from sidecar.core.errors import AccessDenied, NotFound
from sidecar.core.messages import Callback, Told
from sidecar.core.stores import APART
from sidecar.core.volume import Bucket
from sidecar.flows.kit import Kit, from_plugin
from sidecar.metrics.words import Heard

CALLS: Final = Bucket("receipt.call", 600, timedelta(minutes=1))
"""Calls of one network; a provider's own are as many as the messages that it carries."""

log = structlog.get_logger(__name__)


class Receipts:
    """Takes the calls of providers."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def hear(self, name: str, call: Callback, network: str) -> None:
        """What the call says of letters of this transport is known.

        Raises:
            NotFound: no such transport, or its provider tells nothing.
            TooManyAttempts: the network calls too often; nothing was checked.
            AccessDenied: the call is not the provider's.

        """
        transport = self._kit.transports.get(name)
        if transport is None or not transport.traits.receipts:
            message = "nobody waits for receipts here"
            raise NotFound(message)
        await self._kit.limiter.take(CALLS, network)
        try:
            said = await from_plugin(transport.told(call), self._kit.plugin_timeout)
        except AccessDenied:
            self._kit.counts.heard(name, Heard.REFUSED)
            log.warning("receipt.refused", transport=name)
            raise
        for told in said:
            await self._settle(name, told)

    async def _settle(self, name: str, told: Told) -> None:
        async with self._kit.store.begin(APART) as tx:
            known = await tx.outbox.told(name, told, self._kit.clock())
        if not known:
            self._kit.counts.heard(name, Heard.UNKNOWN)
            return
        self._kit.counts.heard(name, Heard.ARRIVED if told.arrived else Heard.LOST)
        if not told.arrived:
            log.warning("message.lost", transport=name, reason=told.reason[:64])
