"""Twin of sidecar/proxy/faults.py."""

from sidecar.core.errors import MalformedRequest
from sidecar.proxy.faults import BodyBroken, BodyTimedOut


def test_what_clients_break_is_theirs() -> None:
    """Shows that broken and stalled bodies are 4xx of one known kind, and never a TimeoutError,
    which aiohttp would turn into a 504.
    """
    assert (BodyBroken.status, BodyTimedOut.status) == (400, 408)
    assert issubclass(BodyBroken, MalformedRequest)
    assert issubclass(BodyTimedOut, MalformedRequest)
    assert not issubclass(BodyTimedOut, TimeoutError)
