"""An application that is protected: where it listens and how long it may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where an application listens and how long it may take."""

    name: str
    url: str
    """`http://host:port`, `https://host:port` or `unix:/path/to.sock`."""
    connect_timeout_s: float = 5
    head_timeout_s: float = 60
    """From the last byte of the request that it took to the head of its answer."""
    idle_s: float = 15
    """How long a connection is kept for the next request."""
    ca_file: str | None = None
    """The authorities an https application is checked against; the system's if not given."""
    max_connections: int | None = None
