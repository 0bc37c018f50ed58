"""What a composition root lends a plugin, for tests: real keys, work done in place, no network."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sidecar.clock import utc_now
from sidecar.conformance.lent import Nobody, no_transport, nobody_outside
from sidecar.core.keyed import Keyed, OneKey
from sidecar.core.protocols import (
    Asked,
    AskUpstream,
    CallOutside,
    Clock,
    RawHeaders,
    Tools,
)
from sidecar.core.transports import Transport

T = TypeVar("T")


class InPlace:
    """Dear work, done at once and counted."""

    def __init__(self) -> None:
        self.done = 0

    async def __call__(self, work: Callable[[], T]) -> T:
        self.done += 1
        return work()


def lent(
    instance: str = "tested",
    *,
    realm: str = "shop",
    key: bytes = b"k" * 32,
    keyed: Keyed | None = None,
    ask: AskUpstream | None = None,
    dear: InPlace | None = None,
    call: CallOutside | None = None,
    transport: Callable[[str], Transport] | None = None,
    now: Clock = utc_now,
    origins: tuple[str, ...] = ("https://shop.example.com",),
) -> Tools:
    return Tools(
        *(
            instance,
            realm,
            keyed or OneKey(key),
            ask or Nobody(),
            dear or InPlace(),
            call or nobody_outside,
        ),
        transport=transport or no_transport,
        now=now,
        origins=origins,
        callback="https://shop.example.com/_sidecar/receipts/tested",
    )


@dataclass(slots=True)
class Application:
    """An application that answers who somebody is, and remembers how it was asked."""

    answer: Callable[[bytes, RawHeaders], Asked]
    asked: list[tuple[str, bytes, RawHeaders, float, int]] = field(default_factory=list)

    async def ask(
        self,
        upstream: str,
        target: bytes,
        headers: RawHeaders,
        *,
        timeout_s: float,
        limit_bytes: int,
    ) -> Asked:
        self.asked.append((upstream, target, headers, timeout_s, limit_bytes))
        return self.answer(target, headers)
