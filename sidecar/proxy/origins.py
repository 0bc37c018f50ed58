"""Whose pages may open a WebSocket: browsers let every page ask, and send its visitor's cookies."""

from sidecar.core.errors import CrossSiteRefused, MalformedRequest
from sidecar.proxy.arrival import Arrival


def refuse_foreign(arrival: Arrival, listed: frozenset[str]) -> None:
    """Return only if the request is no handshake of a page of another origin that is not listed.

    No same-origin policy holds for WebSockets: without this another site's page could speak in its
    visitor's name and read the answers (RFC 6455 §10.2). Clients that are no browsers send no
    Origin, and nobody can make a browser leave it out.

    Raises:
        CrossSiteRefused: the page is of another origin; `null` is every page that hides its own.
        MalformedRequest: there are two Origins, so that the application might read the other one.

    """
    if not arrival.inbound.upgrade:
        return
    said = [value for name, value in arrival.headers if name.lower() == b"origin"]
    if len(said) > 1:
        raise MalformedRequest("more than one Origin")
    for origin in said:
        text = origin.decode("latin-1").lower()
        if text != str(arrival.origin) and text not in listed:
            raise CrossSiteRefused("a page of another origin asks for a WebSocket")
