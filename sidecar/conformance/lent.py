"""What a factor is lent while it is tested: real keys, real threads, nobody outside."""

from datetime import datetime

from sidecar.conformance.world import NOW, ORIGIN
from sidecar.core.errors import DeliveryFailed, UpstreamUnreachable
from sidecar.core.keyed import OneKey
from sidecar.core.protocols import Asked, RawHeaders, Tools
from sidecar.core.transports import Transport
from sidecar.dear import DearWork

KEY = b"a key that is good for tests"


class Nobody:
    """An application that nobody can reach."""

    async def ask(
        self,
        upstream: str,
        target: bytes,
        headers: RawHeaders,
        *,
        timeout_s: float,
        limit_bytes: int,
    ) -> Asked:
        del target, headers, timeout_s, limit_bytes
        raise UpstreamUnreachable(f"there is no upstream {upstream!r} in a test")


async def nobody_outside(
    method: str,
    url: str,
    headers: RawHeaders = (),
    body: bytes = b"",
    *,
    timeout_s: float,
    private: bool = False,
) -> Asked:
    """Reach nobody: a test has no network."""
    del url, headers, body, timeout_s, private
    raise DeliveryFailed(f"a test has no network for {method}")


def no_transport(name: str) -> Transport:
    raise LookupError(f"there is no transport {name!r} in a test")


def lent(instance: str) -> Tools:
    """Return the tools of one process; those of another have the same keys."""
    return Tools(
        *(
            instance,
            "",
            OneKey(KEY + instance.encode()),
            Nobody(),
            DearWork(),
            nobody_outside,
            no_transport,
            _now,
        ),
        origins=(ORIGIN,),
    )


def _now() -> datetime:
    """Return a moment that stands still: the time of a ceremony comes with its context."""
    return NOW
