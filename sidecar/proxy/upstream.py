"""An application that is protected: where it listens and how long it may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where an application listens, how long it may take and how much at once."""

    name: str
    url: str | tuple[str, ...]
    """`http://host:port`, `https://host:port` or `unix:/path/to.sock`; or several of them, each
    of which serves every request."""
    connect_timeout_s: float = 5
    """For one request: to wait for its turn, and then to connect, whatever addresses are tried."""
    head_timeout_s: float = 60
    """From the last byte of the request that it took to the head of its answer."""
    answer_idle_s: float | None = 600
    """Between two bytes of an answer; None: it may pause for as long as it likes."""
    total_timeout_s: float | None = None
    """From the request's first byte to the last one of its answer; None: no end."""
    idle_s: float = 15
    """How long a connection is kept for the next request; 0: it is not."""
    max_connections: int | None = None
    """Connections to all addresses together, idle ones included; None: no limit."""
    max_pending: int = 1024
    """Requests that may wait where `max_connections` are open."""
    ca_file: str | None = None
    """The authorities an https application is checked against; the system's if not given."""
    server_name: str | None = None
    """The name its certificate is issued to; the host of its URL if not given."""
    client_cert: str | None = None
    """PEM file with the certificate by which it knows us, and its key unless `client_key`."""
    client_key: str | None = None

    @property
    def urls(self) -> tuple[str, ...]:
        return (self.url,) if isinstance(self.url, str) else self.url
