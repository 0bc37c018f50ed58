"""What one listener lets a client cost: bytes, seconds and connections."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound that the front keeps; a limit of connections that is 0 is no limit."""

    target_bytes: int = 8190
    field_bytes: int = 16384
    """One header field, name and value."""
    head_bytes: int = 65536
    """All header fields of one request together."""
    fields: int = 128
    pipelined: int = 8
    """Requests that may wait behind the one being answered."""

    head_s: float = 10
    """From the first byte of a request to the end of its head; also for a connection that
    never says anything."""
    keep_alive_s: float = 75
    body_idle_s: float = 30
    """Between two bytes of a request body, while we are willing to read."""
    write_idle_s: float = 60
    """How long a client may leave our answer unread."""
    tunnel_idle_s: float = 3600
    linger_s: float = 2
    """How long input is read and forgotten after a last answer, so that no reset destroys it."""
    sweep_s: float = 0.25
    """How often the deadlines above are looked at."""

    connections: int = 4096
    connections_per_address: int = 1024

    @property
    def line_bytes(self) -> int:
        """The parser's limit for the target, never equal to `field_bytes`.

        Both raise the same exception; only the number in it tells a 414 from a 431.
        """
        return self.target_bytes + (self.target_bytes == self.field_bytes)
