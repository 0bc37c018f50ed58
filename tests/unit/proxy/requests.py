"""Requests as the front hands them to the pipeline, in a line."""

from sidecar.core.protocols import RawHeaders
from sidecar.proxy.arrival import Arrival, Inbound, Origin
from sidecar.proxy.receive import Receiver

SHOP = Origin("https", "app.test")


def raw(*fields: str) -> RawHeaders:
    parts = (field.partition(":") for field in fields)
    return tuple(
        (name.encode("latin-1"), value.strip().encode("latin-1")) for name, _, value in parts
    )


def inbound(
    *fields: str,
    method: str = "GET",
    target: str = "/",
    host: str | None = "app.test",
    peer: str = "192.0.2.1",
    secure: bool = False,
) -> Inbound:
    hosts = [f"Host: {host}"] if host is not None else []
    return Inbound(
        method, target, (1, 1), raw(*hosts, *fields), peer, secure, upgrade=False, has_body=False
    )


def arrival(*fields: str, method: str = "GET", target: str = "/") -> Arrival:
    return Receiver((SHOP,), ()).receive(inbound(*fields, method=method, target=target))
