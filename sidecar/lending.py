"""Builds the declared plugins, and lends each of them what it may use of ours."""

import time
from functools import cached_property
from typing import cast

from sidecar.core.protocols import (
    Clock,
    Factor,
    IdentitySource,
    Tools,
)
from sidecar.core.transports import Transport
from sidecar.dear import DearWork
from sidecar.loader import build
from sidecar.outside import Outside
from sidecar.proxy.asking import PatientAsking
from sidecar.proxy.pool import Pool
from sidecar.settings.declared import Declared
from sidecar.settings.load import Loaded
from sidecar.storage.vault import KeyRing, pepper_of

RECEIPTS = "receipts/"
"""Below our prefix: where the providers of transports call back."""


class Lender:
    """The plugins of one sidecar, each built once."""

    def __init__(
        self, loaded: Loaded, ring: KeyRing, pool: Pool, call: Outside, *, clock: Clock
    ) -> None:
        self._loaded = loaded
        self._ring = ring
        self.pool = pool
        self._call = call
        self._clock = clock
        self._dear = DearWork()

    @cached_property
    def factors(self) -> dict[str, Factor]:
        return {item.name: cast("Factor", self._built(item)) for item in self._loaded.factors}

    @cached_property
    def sources(self) -> dict[str, IdentitySource]:
        sources = self._loaded.sources
        return {item.name: cast("IdentitySource", self._built(item)) for item in sources}

    @cached_property
    def transports(self) -> dict[str, Transport]:
        transports = self._loaded.transports
        return {item.name: cast("Transport", self._built(item)) for item in transports}

    def _built(self, item: Declared) -> object:
        settings = self._loaded.settings
        keyed = self._ring.of(pepper_of(item.role.value, item.name))
        tools = Tools(
            item.name,
            item.realm,
            keyed,
            PatientAsking(self.pool, time.monotonic),
            self._dear,
            self._call,
            # Looked up when it is used: a failover may stand before what it chooses among.
            transport=lambda name: self.transports[name],
            now=self._clock,
            origins=tuple(map(str, settings.public)),
            callback=f"{settings.public[0]}{settings.pages.prefix}{RECEIPTS}{item.name}",
        )
        return build(item.plugin, item.options, tools)
